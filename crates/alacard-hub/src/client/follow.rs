//! Redirects: renamed repositories and the host that serves large files.

use url::Url;

use crate::client::transport::{Answer, Opened, Request, Transport, Trouble};
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
    /// The first byte that is wanted, of a file of any size.
    pub(crate) from: Option<u64>,
}

/// Sends a request and follows redirects. A token never leaves the Hub's own scheme, host and
/// port, and an encrypted connection is never given up for an open one.
pub(crate) fn get(transport: &dyn Transport, ask: &Ask<'_>) -> Result<Answer, Trouble> {
    follow(ask, &|request| transport.get(request), |answer| answer)
}

/// The same for a body of any size, which is not read here.
pub(crate) fn open(transport: &dyn Transport, ask: &Ask<'_>) -> Result<Opened, Trouble> {
    follow(ask, &|request| transport.open(request), |opened| {
        &opened.answer
    })
}

fn follow<T>(
    ask: &Ask<'_>,
    send: &dyn Fn(&Request<'_>) -> Result<T, Trouble>,
    answer: fn(&T) -> &Answer,
) -> Result<T, Trouble> {
    let mut url = ask.url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let own = url.origin() == ask.home.origin();
        let got = send(&Request {
            url: &url,
            token: ask.token.filter(|_| own),
            etag: ask.etag.filter(|_| own),
            limit: ask.limit,
            from: ask.from,
        })?;
        if !matches!(answer(&got).status, 301 | 302 | 303 | 307 | 308) {
            return Ok(got);
        }
        url = target(&url, answer(&got))?;
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
