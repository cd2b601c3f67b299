//! Redirects: renamed repositories and the host that serves large files.

use url::Url;

use crate::client::transport::{Answer, Request, Transport, Trouble};
use crate::token::Token;

/// Most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 5;

/// What is asked for, before redirects.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// The address.
    pub(crate) url: Url,
    /// The Hub's own address: the token and the `ETag` are for it alone.
    pub(crate) home: &'a Url,
    /// The user's token.
    pub(crate) token: Option<&'a Token>,
    /// The `ETag` of what is at hand.
    pub(crate) etag: Option<&'a str>,
    /// Largest body that is read.
    pub(crate) limit: usize,
    /// Whether a success must be JSON.
    pub(crate) json: bool,
}

/// Sends a request and follows redirects. A token never leaves the Hub's own scheme, host and
/// port, and an encrypted connection is never given up for an open one.
pub(crate) fn get(transport: &dyn Transport, ask: &Ask<'_>) -> Result<Answer, Trouble> {
    let mut url = ask.url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let own = url.origin() == ask.home.origin();
        let token = ask.token.filter(|_| own);
        let etag = ask.etag.filter(|_| own);
        let answer = transport.get(&Request {
            url: &url,
            token,
            etag,
            limit: ask.limit,
        })?;
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(answer);
        }
        url = target(&url, &answer)?;
    }
    Err(Trouble::Redirects)
}

/// Where a redirect leads.
fn target(from: &Url, answer: &Answer) -> Result<Url, Trouble> {
    let location = answer.header("location").ok_or(Trouble::Redirects)?;
    let to = from.join(location).map_err(|_| Trouble::Redirects)?;
    let safe = to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http");
    if safe {
        Ok(to)
    } else {
        Err(Trouble::Redirects)
    }
}
