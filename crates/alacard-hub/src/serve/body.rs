//! A request as it came in, and the answer to it.

use crate::protocol::Fault;
use crate::serve::log::{Asked, short};
use crate::serve::reply::Reply;
use crate::serve::repos::Repos;
use crate::serve::route::{self, Route, What};
use crate::serve::{api, files, search};

/// A request with its whole body.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query as sent.
    pub(super) path: String,
    pub(super) query: String,
    /// The header `Range`.
    pub(super) range: Option<String>,
    /// The header `If-Range`.
    pub(super) if_range: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The values of a name in the query.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        form(self.query.as_bytes(), name)
    }

    /// Whether the query says yes; clients write `true` and `True`.
    pub(super) fn says(&self, name: &str) -> bool {
        self.values(name)
            .iter()
            .any(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

/// The values of a name in a form.
pub(super) fn form(text: &[u8], name: &str) -> Vec<String> {
    url::form_urlencoded::parse(text)
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// The answer, and the line for the log.
pub(super) fn answer(repos: &Repos, request: &Request) -> (Reply, Asked) {
    let route = route::parse(&request.path);
    let (reply, known_repo) = replied(repos, request, &route);
    let reply = if request.method == "HEAD" {
        reply.head_only()
    } else {
        reply
    };
    let asked = Asked {
        method: short(&request.method),
        path: short(&request.path),
        kind: route.kind,
        repo: route.id.as_deref().map(short),
        file: Some(short(&route.path)).filter(|path| !path.is_empty()),
        revision: route.revision.as_deref().map(short),
        status: reply.status,
        known_repo,
    };
    (reply, asked)
}

/// The answer, and whether the repository is there.
fn replied(repos: &Repos, request: &Request, route: &Route) -> (Reply, bool) {
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    let asks = request.method == "POST" && route.what == What::Paths;
    let (Some(kind), Some(id)) = (route.kind, &route.id) else {
        return match route.what {
            _ if !reads => (read_only(), false),
            What::WhoAmI => (
                Reply::error(401, "Invalid credentials in Authorization header"),
                false,
            ),
            What::Search => (search::reply(repos, route, request), false),
            _ => (nothing(), false),
        };
    };
    let found = match repos.find(kind, id, route.revision.as_deref()) {
        Ok(found) => found,
        Err(fault) => return (Reply::fault(fault), fault != Fault::NoRepo),
    };
    let reply = match route.what {
        _ if !(reads || asks) => read_only(),
        What::File => files::reply(repos, &found, &route.path, request),
        What::Record => api::record(repos, &found, request.says("blobs")),
        What::Tree => api::tree(repos, &found, &route.path, request.says("recursive")),
        What::Paths if asks => api::paths(repos, &found, &request.body),
        What::Refs => api::refs(&found),
        What::Commits => api::commits(&found),
        _ => nothing(),
    };
    (reply, true)
}

fn nothing() -> Reply {
    Reply::error(404, "Sorry, we can't find the page you are looking for.")
}

fn read_only() -> Reply {
    Reply::error(405, "This server is read-only.").with("allow", "GET, HEAD")
}
