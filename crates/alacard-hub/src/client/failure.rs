//! What went wrong, decided in the order in which the Hub means it.

use std::time::Duration;

use crate::client::transport::{Answer, Trouble};
use crate::refusal::{Reason, Refusal};
use crate::text::shown;

/// What the Hub writes into `X-Error-Message` of a repository that it took down.
const DISABLED: &str = "Access to this resource is disabled.";
/// What it writes when it does not know the token.
const BAD_TOKEN: &str = "Invalid credentials in Authorization header";

/// Why a request gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No such repository, or one that this run may not see.
    NotFound,
    /// A bare 401: missing, private or gated; the Hub does not tell strangers which.
    Hidden,
    /// The repository has no such revision.
    NoRevision,
    /// The revision has no such file.
    NoEntry,
    /// The conditions have to be accepted first.
    Gated,
    /// The Hub does not accept the token.
    BadToken,
    /// Anything else that is forbidden.
    Forbidden(String),
    /// Taken down.
    Disabled,
    /// The Hub calls the request wrong.
    BadRequest(String),
    /// Too many requests, and the wait asked for is longer than we wait.
    Limited(Duration),
    /// There is no usable answer.
    Down(Trouble),
    /// The Hub answers with an error of its own.
    ServerError(u16),
    /// A success that is not JSON.
    NotJson,
    /// `HF_ENDPOINT` is no address.
    BadEndpoint,
}

/// What an answer means; `None` for a success and for 304.
///
/// The order follows the official client: the error code first, then the message of a disabled
/// repository, then 401 as "not found" (missing, private and gated repositories all answer 401 to
/// strangers), then the bare status.
pub(crate) fn failure_of(answer: &Answer) -> Option<Failure> {
    if answer.is_success() || answer.status == 304 {
        return None;
    }
    let message = answer.header("x-error-message").unwrap_or_default();
    Some(
        match (
            answer.header("x-error-code").unwrap_or_default(),
            answer.status,
        ) {
            ("RevisionNotFound", _) => Failure::NoRevision,
            ("EntryNotFound", _) => Failure::NoEntry,
            ("GatedRepo", _) => Failure::Gated,
            ("RepoNotFound", _) => Failure::NotFound,
            _ if message == DISABLED => Failure::Disabled,
            (_, 401) if message.starts_with(BAD_TOKEN) => Failure::BadToken,
            (_, 401) => Failure::Hidden,
            (_, 404 | 410) => Failure::NotFound,
            (_, 403 | 451) => Failure::Forbidden(message.to_owned()),
            (_, status @ (408 | 429 | 500..)) => Failure::ServerError(status),
            _ => Failure::BadRequest(message.to_owned()),
        },
    )
}

impl Failure {
    /// Whether the same question may be answered later, so that what is at hand may stand in.
    pub(crate) fn is_temporary(&self) -> bool {
        let down = !matches!(self, Self::Down(Trouble::Cancelled));
        down && matches!(
            self,
            Self::Limited(_) | Self::Down(_) | Self::ServerError(_) | Self::NotJson
        )
    }

    /// Whether reading is refused while the repository exists.
    pub(crate) fn is_no_access(&self) -> bool {
        matches!(self, Self::Gated | Self::Forbidden(_))
    }

    /// Whether the answer was larger than its limit.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self, Self::Down(Trouble::TooLarge(_)))
    }

    /// Whether a file of a visible repository is refused. There a bare 401 means that the file is
    /// closed, not that the repository is gone.
    pub(crate) fn is_denied_file(&self) -> bool {
        self.is_no_access() || matches!(self, Self::Hidden | Self::BadToken)
    }

    /// Whether the whole model is out of question, whichever file it came up with.
    pub(crate) fn ends_all(&self) -> bool {
        matches!(self, Self::Disabled | Self::Down(Trouble::Cancelled))
    }

    /// What happened, without a full stop, for notices: "the Hub did not answer in time".
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Limited(time) => {
                format!("the Hub limits requests for another {} s", time.as_secs())
            }
            Self::Down(trouble) => trouble.to_string(),
            Self::ServerError(429) => "the Hub limits requests".to_owned(),
            Self::ServerError(status) => format!("the Hub answers with error {status}"),
            Self::NotJson => {
                "the Hub's answer is not JSON (a proxy or a sign-in page may stand between)"
                    .to_owned()
            }
            other => format!(
                "the Hub refuses it ({})",
                other
                    .refusal("this model", None)
                    .message
                    .trim_end_matches('.')
            ),
        }
    }

    /// The refusal for a model that cannot be read.
    pub(crate) fn refusal(&self, id: &str, revision: Option<&str>) -> Refusal {
        let page = format!("https://huggingface.co/{id}");
        match self {
            Self::NotFound | Self::Hidden | Self::NoEntry => Refusal::new(Reason::NotFound, format!("The Hub has no model `{id}` that this run may see."))
                .with_hint("Check the spelling (a folder is written `./name`). For a private or gated model set HF_TOKEN."),
            Self::NoRevision => {
                let revision = shown(revision.unwrap_or("main"));
                Refusal::new(Reason::NotFound, format!("`{id}` has no revision `{revision}`."))
                    .with_hint(format!("Its branches and commits are listed at {page}/commits."))
            }
            Self::Gated => Refusal::new(Reason::NoAccess, format!("`{id}` is gated, and nothing of it can be read."))
                .with_hint(format!("Accept its conditions at {page}, then set HF_TOKEN.")),
            Self::BadToken => Refusal::new(Reason::NoAccess, "The Hub does not accept the token.")
                .with_hint("Make a new one in the settings of your account and set HF_TOKEN, or unset it for public models."),
            Self::Forbidden(message) => Refusal::new(Reason::NoAccess, format!("The Hub forbids reading `{id}`{}.", quoted(message)))
                .with_hint("A fine-grained token needs the permission to read this repository."),
            Self::Disabled => Refusal::new(Reason::Disabled, format!("The Hub has disabled `{id}`.")).with_hint("Choose another model."),
            Self::BadRequest(message) => Refusal::new(Reason::Network, format!("The Hub did not understand the request{}.", quoted(message))),
            Self::BadEndpoint => Refusal::new(Reason::Network, "HF_ENDPOINT is not an address.")
                .with_hint("Unset it, or set it to an address such as https://huggingface.co."),
            Self::Down(Trouble::Cancelled) => Refusal::new(Reason::Network, "The run was stopped before the Hub answered."),
            Self::Down(Trouble::TooLarge(_)) => Refusal::new(Reason::TooLarge, format!("`{id}` cannot be read: {}.", self.sentence())),
            _ => Refusal::new(Reason::Network, format!("Nothing about `{id}` is at hand, and {}.", self.sentence()))
                .with_hint("Try again later, or give a folder that stands in for the Hub with --hub-dir."),
        }
    }
}

/// The Hub's own words, in brackets.
fn quoted(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(" (\"{}\")", shown(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(status: u16, code: &str, message: &str) -> Option<Failure> {
        let pairs = [("x-error-code", code), ("x-error-message", message)];
        let headers = pairs
            .iter()
            .filter(|(_, v)| !v.is_empty())
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        failure_of(&Answer {
            status,
            headers: headers.collect(),
            body: Vec::new(),
        })
    }

    #[test]
    fn the_code_wins_over_the_status() {
        assert_eq!(
            decide(404, "RevisionNotFound", ""),
            Some(Failure::NoRevision)
        );
        assert_eq!(decide(404, "EntryNotFound", ""), Some(Failure::NoEntry));
        assert_eq!(decide(401, "GatedRepo", ""), Some(Failure::Gated));
        assert_eq!(decide(403, "GatedRepo", ""), Some(Failure::Gated));
        assert_eq!(
            decide(401, "RepoNotFound", BAD_TOKEN),
            Some(Failure::NotFound)
        );
    }

    #[test]
    fn without_a_code() {
        assert_eq!(decide(401, "", ""), Some(Failure::Hidden));
        assert_eq!(decide(401, "", BAD_TOKEN), Some(Failure::BadToken));
        assert_eq!(decide(403, "", DISABLED), Some(Failure::Disabled));
        assert_eq!(
            decide(403, "", "no"),
            Some(Failure::Forbidden("no".to_owned()))
        );
        assert_eq!(decide(404, "", ""), Some(Failure::NotFound));
        assert_eq!(decide(502, "", ""), Some(Failure::ServerError(502)));
        assert_eq!(
            decide(400, "", "x"),
            Some(Failure::BadRequest("x".to_owned()))
        );
        assert_eq!(decide(200, "", ""), None);
        assert_eq!(decide(304, "", ""), None);
    }
}
