//! The HTTP client: one question, one answer, with everything that can go wrong between.

mod failure;
mod follow;
mod retry;
mod stream;
mod transport;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::client::follow::Ask;
use crate::client::retry::{asked_wait, is_passing};
use crate::client::transport::{Answer, Http, Transport, Trouble};
use crate::options::{Options, Wait, WaitReason};
use crate::small_files::API_LIMIT;

pub(crate) use failure::Failure;
pub(crate) use retry::Patience;
pub(crate) use stream::{Broken, Sink};

/// How long a host that was out of reach is asked only once, so that a batch does not wait again
/// for every model.
const DOWN_FOR: u64 = 60;
/// Waits are slept in slices so that a stop is noticed soon.
const SLICE: Duration = Duration::from_millis(100);

/// The client of one endpoint.
pub(crate) struct Client {
    options: Options,
    home: Option<Url>,
    transport: OnceLock<Result<Box<dyn Transport>, Trouble>>,
    seed: AtomicU64,
    down_until: AtomicU64,
}

/// A try that gave nothing.
struct Miss {
    failure: Failure,
    /// How long the Hub asks to wait.
    asked: Option<Duration>,
    /// Whether another try may give something.
    again: bool,
}

impl Miss {
    /// No answer.
    fn trouble(trouble: Trouble, patience: Patience, tries: usize) -> Self {
        Self {
            again: patience.retries(&trouble, tries),
            failure: Failure::Down(trouble),
            asked: None,
        }
    }

    /// An answer that is no success.
    fn status(answer: &Answer) -> Option<Self> {
        let again = is_passing(answer.status);
        failure::failure_of(answer).map(|failure| Self {
            failure,
            asked: asked_wait(answer).filter(|_| again),
            again,
        })
    }
}

/// The record of a model, or that the one at hand is current.
#[derive(Debug)]
pub(crate) enum Fresh {
    /// The record and its `ETag`.
    Record(Value, Option<String>),
    /// What is at hand is current.
    Unchanged,
}

impl Client {
    /// A client. Nothing is loaded or opened before the first request.
    pub(crate) fn new(options: &Options) -> Self {
        let home = Url::parse(&options.endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let chance =
            || u64::from(options.clock.now().subsec_nanos()) ^ u64::from(std::process::id()) << 32;
        Self {
            seed: AtomicU64::new(options.jitter_seed.unwrap_or_else(chance)),
            options: options.clone(),
            home,
            transport: OnceLock::new(),
            down_until: AtomicU64::new(0),
        }
    }

    /// `GET /api/models/{id}[/revision/{rev}]` with sizes and security status.
    pub(crate) fn record(
        &self,
        id: &str,
        revision: Option<&str>,
        etag: Option<&str>,
        patience: Patience,
    ) -> Result<Fresh, Failure> {
        let mut parts = vec!["api", "models"];
        parts.extend(id.split('/'));
        parts.extend(
            revision
                .into_iter()
                .flat_map(|revision| ["revision", revision]),
        );
        let mut url = self.address(&parts)?;
        url.query_pairs_mut()
            .append_pair("blobs", "true")
            .append_pair("securityStatus", "true");
        let answer = self.get(url, etag, API_LIMIT, true, patience)?;
        if answer.status == 304 {
            return Ok(Fresh::Unchanged);
        }
        let etag = answer.header("etag").map(str::to_owned);
        Ok(Fresh::Record(json(&answer)?, etag))
    }

    /// `GET /{id}/resolve/{rev}/{path}`; `None` when the repository has no such file.
    pub(crate) fn file(
        &self,
        id: &str,
        revision: &str,
        path: &str,
        limit: usize,
        patience: Patience,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut parts: Vec<&str> = id.split('/').collect();
        parts.extend(["resolve", revision]);
        parts.extend(path.split('/'));
        match self.get(self.address(&parts)?, None, limit, false, patience) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(Failure::NoEntry | Failure::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Whether requests carry a token.
    pub(crate) fn has_token(&self) -> bool {
        self.options.token.is_some()
    }

    /// One page of a list: its entries and the address of the next page.
    pub(crate) fn page(
        &self,
        url: Url,
        patience: Patience,
    ) -> Result<(Vec<Value>, Option<Url>), Failure> {
        let answer = self.get(url.clone(), None, API_LIMIT, true, patience)?;
        let next = answer
            .header("link")
            .and_then(next_link)
            .and_then(|link| url.join(link).ok());
        let next = next.filter(|next| Some(next.origin()) == self.home.as_ref().map(Url::origin));
        match json(&answer)? {
            Value::Array(entries) => Ok((entries, next)),
            _ => Err(Failure::NotJson),
        }
    }

    /// An address at the endpoint from path parts, each percent-encoded.
    pub(crate) fn address(&self, parts: &[&str]) -> Result<Url, Failure> {
        let mut url = self.home.clone().ok_or(Failure::BadEndpoint)?;
        url.path_segments_mut()
            .map_err(|()| Failure::BadEndpoint)?
            .pop_if_empty()
            .extend(parts);
        Ok(url)
    }

    fn get(
        &self,
        url: Url,
        etag: Option<&str>,
        limit: usize,
        json: bool,
        patience: Patience,
    ) -> Result<Answer, Failure> {
        let home = self.home.as_ref().ok_or(Failure::BadEndpoint)?;
        let ask = Ask {
            url,
            home,
            token: self.options.token.as_ref(),
            etag,
            limit,
            json,
            from: None,
        };
        let patience = if self.now() < self.down_until.load(Ordering::Relaxed) {
            Patience::Once
        } else {
            patience
        };
        let answer = self.persist(patience, &mut |tries| {
            let answer = self
                .once(&ask)
                .map_err(|trouble| Miss::trouble(trouble, patience, tries))?;
            match Miss::status(&answer) {
                None => Ok(answer),
                Some(miss) => Err(miss),
            }
        });
        let out_of_reach = matches!(
            answer,
            Err(Failure::Down(Trouble::NoConnection | Trouble::TooSlow))
        );
        self.down_until.store(
            if out_of_reach {
                self.now() + DOWN_FOR
            } else {
                0
            },
            Ordering::Relaxed,
        );
        answer
    }

    /// Tries until there is something or patience ends.
    fn persist<T>(
        &self,
        patience: Patience,
        try_once: &mut dyn FnMut(usize) -> Result<T, Miss>,
    ) -> Result<T, Failure> {
        let mut pauses = patience.pauses(self.seed.fetch_add(1, Ordering::Relaxed));
        let mut waited = Duration::ZERO;
        let mut tries = 0;
        loop {
            tries += 1;
            let miss = match try_once(tries) {
                Ok(got) => return Ok(got),
                Err(miss) => miss,
            };
            let Some(pause) = pauses.next().filter(|_| miss.again) else {
                return Err(miss.failure);
            };
            // Jitter also on a wait that the Hub asks for: everybody it stopped was told the same.
            let pause = miss
                .asked
                .map_or(pause, |asked| asked.saturating_add(pause.min(SLICE * 10)));
            if waited.saturating_add(pause) > patience.bound(self.options.max_wait) {
                return Err(miss.asked.map_or(miss.failure, Failure::Limited));
            }
            self.wait(pause, &miss.failure)?;
            waited += pause;
        }
    }

    /// Asks once. JSON that ends in its middle counts as cut off, whatever its length said.
    fn once(&self, ask: &Ask<'_>) -> Result<Answer, Trouble> {
        let answer = follow::get(self.transport(ask.home)?, ask)?;
        if ask.json && answer.is_success() && ends_early(&answer.body) {
            return Err(Trouble::CutOff);
        }
        Ok(answer)
    }

    /// The way to the network, unless somebody asked to stop.
    fn transport(&self, home: &Url) -> Result<&dyn Transport, Trouble> {
        if self.options.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        let transport = self
            .transport
            .get_or_init(|| Ok(Box::new(Http::new(&self.options, home)?)));
        Ok(transport.as_ref().map_err(Clone::clone)?.as_ref())
    }

    /// Waits, having said so, until the time is over or somebody asks to stop.
    fn wait(&self, time: Duration, failure: &Failure) -> Result<(), Failure> {
        let reason = if *failure == Failure::ServerError(429) {
            WaitReason::RateLimit
        } else {
            WaitReason::Retry
        };
        if let Some(tell) = &self.options.on_wait {
            let seconds = time.as_secs_f64().ceil();
            let what = failure.sentence();
            tell(&Wait {
                reason,
                time,
                message: format!("Waiting {seconds} s: {what}."),
            });
        }
        let mut left = time;
        while !left.is_zero() {
            if self.options.is_cancelled() {
                return Err(Failure::Down(Trouble::Cancelled));
            }
            let slice = left.min(SLICE);
            self.options.clock.sleep(slice);
            left -= slice;
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.options.clock.now().as_secs()
    }
}

fn json(answer: &Answer) -> Result<Value, Failure> {
    serde_json::from_slice(&answer.body).map_err(|_| Failure::NotJson)
}

/// Whether a body is the beginning of JSON and not the whole of it.
fn ends_early(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err_and(|error| error.is_eof())
}

/// The address in a `Link` header whose relation is `next`. Addresses may hold commas, so the
/// angle brackets decide where one ends.
fn next_link(header: &str) -> Option<&str> {
    header.split('<').skip(1).find_map(|part| {
        let (address, parameters) = part.split_once('>')?;
        let next = |word: &str| word.trim().trim_end_matches(',').replace('"', "") == "rel=next";
        parameters.split(';').any(next).then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_page_of_a_link_header() {
        assert_eq!(
            next_link("<https://h/api?cursor=a>; rel=\"next\""),
            Some("https://h/api?cursor=a")
        );
        assert_eq!(
            next_link("<https://h/a,b>; rel=next"),
            Some("https://h/a,b")
        );
        assert_eq!(
            next_link("<https://h/1>; rel=\"prev\", </api?c=2>; rel=\"next\""),
            Some("/api?c=2")
        );
        assert_eq!(next_link("<https://h/1>; rel=\"prev\""), None);
        assert_eq!(next_link("rel=\"next\""), None);
    }

    #[test]
    fn parts_of_an_address_are_encoded() {
        let client = Client::new(&Options {
            endpoint: "https://mirror.example/hub".to_owned(),
            ..Options::default()
        });
        let url = client
            .address(&["a", "b", "resolve", "refs/pr/1", "x y.md"])
            .unwrap();
        assert_eq!(
            url.as_str(),
            "https://mirror.example/hub/a/b/resolve/refs%2Fpr%2F1/x%20y.md"
        );
        let broken = Client::new(&Options {
            endpoint: "not an address".to_owned(),
            ..Options::default()
        });
        assert_eq!(broken.address(&[]), Err(Failure::BadEndpoint));
    }
}
