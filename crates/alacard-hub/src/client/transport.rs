//! The one door to the network.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use url::Url;

use crate::clock::Clock;
use crate::options::{Options, Timeouts};
use crate::token::Token;

/// One GET request. Redirects are not followed here.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The address.
    pub(crate) url: &'a Url,
    /// The token, when this host may see it.
    pub(crate) token: Option<&'a Token>,
    /// The `ETag` of what is at hand.
    pub(crate) etag: Option<&'a str>,
    /// Largest body that is read.
    pub(crate) limit: usize,
    /// The first byte that is wanted, of a file that is partly at hand.
    pub(crate) from: Option<u64>,
}

/// An answer whose body is still to be read; the body here is empty.
pub(crate) struct Opened {
    /// Status and headers.
    pub(crate) answer: Answer,
    /// The body.
    pub(crate) body: Box<dyn Read>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Headers by lower-case name; bytes that are not ASCII are left out.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Whether the answer is a success with a body.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer. The texts hold neither addresses nor headers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// There is no way to the host.
    #[error("there is no connection to the Hub")]
    NoConnection,
    /// It took too long.
    #[error("the Hub did not answer in time")]
    TooSlow,
    /// The answer ended before its end.
    #[error("the Hub's answer was cut off")]
    CutOff,
    /// The answer is larger than anything that belongs here.
    #[error("the Hub's answer has more than {} MB", .0 >> 20)]
    TooLarge(usize),
    /// It redirects in circles, or to where we do not follow.
    #[error("the Hub redirects to nowhere")]
    Redirects,
    /// No encrypted connection: a certificate that nobody vouches for, or no certificates here.
    #[error(
        "there is no secure connection to the Hub: its certificate cannot be checked or is not trusted"
    )]
    Setup,
    /// Somebody asked to stop.
    #[error("the run was stopped")]
    Cancelled,
}

/// Sends one request and reads the answer.
pub(crate) trait Transport: Send + Sync {
    /// Sends one request and reads the answer, whatever its status.
    fn get(&self, request: &Request<'_>) -> Result<Answer, Trouble>;

    /// Sends one request for a body of any size, which is not read here.
    fn open(&self, request: &Request<'_>) -> Result<Opened, Trouble>;
}

/// The transport over HTTP.
pub(crate) struct Http {
    client: reqwest::blocking::Client,
    timeouts: Timeouts,
    cancel: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
}

impl Http {
    /// A transport. This loads certificates, so it is made when the first request is sent.
    pub(crate) fn new(options: &Options, home: &Url) -> Result<Self, Trouble> {
        // An error only says that somebody else in the process has chosen a provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = builder(options, home).build().or_else(|error| {
            tracing::debug!(%error, "no certificates");
            // A mirror without TLS needs none.
            if home.scheme() == "http" {
                without_certificates(options, home)
            } else {
                Err(Trouble::Setup)
            }
        })?;
        Ok(Self {
            client,
            timeouts: options.timeouts,
            cancel: Arc::clone(&options.cancel),
            clock: Arc::clone(&options.clock),
        })
    }

    fn body(
        &self,
        response: reqwest::blocking::Response,
        limit: usize,
        end: Duration,
    ) -> Result<Vec<u8>, Trouble> {
        if response
            .content_length()
            .is_some_and(|length| usize::try_from(length).unwrap_or(usize::MAX) > limit)
        {
            return Err(Trouble::TooLarge(limit));
        }
        let mut response = response;
        let mut body = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Trouble::Cancelled);
            }
            if self.clock.now() > end {
                return Err(Trouble::TooSlow);
            }
            let count = response.read(&mut chunk).map_err(|error| reading(&error))?;
            if count == 0 {
                return Ok(body);
            }
            body.extend_from_slice(chunk.get(..count).unwrap_or_default());
            if body.len() > limit {
                return Err(Trouble::TooLarge(limit));
            }
        }
    }
}

impl Http {
    fn send(&self, request: &Request<'_>) -> Result<reqwest::blocking::Response, Trouble> {
        let mut call = self.client.get(request.url.clone());
        if let Some(token) = request.token {
            let mut value = reqwest::header::HeaderValue::from_str(&token.bearer())
                .map_err(|_| Trouble::Setup)?;
            value.set_sensitive(true);
            call = call.header(reqwest::header::AUTHORIZATION, value);
        }
        if let Some(etag) = request.etag {
            call = call.header(reqwest::header::IF_NONE_MATCH, etag);
        }
        if let Some(from) = request.from {
            // Bytes are counted as they are stored.
            call = call.header(reqwest::header::ACCEPT_ENCODING, "identity");
            if from > 0 {
                call = call.header(reqwest::header::RANGE, format!("bytes={from}-"));
            }
        }
        call.send().map_err(|error| sending(&error))
    }
}

impl Transport for Http {
    fn get(&self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let end = self.clock.now() + self.timeouts.total;
        let response = self.send(request)?;
        let status = response.status().as_u16();
        let headers = headers(response.headers());
        let body = self.body(response, request.limit, end)?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    fn open(&self, request: &Request<'_>) -> Result<Opened, Trouble> {
        let response = self.send(request)?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: headers(response.headers()),
            body: Vec::new(),
        };
        Ok(Opened {
            answer,
            body: Box::new(response),
        })
    }
}

/// What every client has in common.
fn builder(options: &Options, home: &Url) -> reqwest::blocking::ClientBuilder {
    let builder = reqwest::blocking::Client::builder()
        .user_agent(&options.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(options.timeouts.connect)
        .timeout(options.timeouts.read);
    // A proxy cannot reach this machine's own loopback.
    if is_loopback(home) {
        builder.no_proxy()
    } else {
        builder
    }
}

/// A client that can only speak plain HTTP.
fn without_certificates(
    options: &Options,
    home: &Url,
) -> Result<reqwest::blocking::Client, Trouble> {
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    builder(options, home)
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|_| Trouble::Setup)
}

/// Whether an address is on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn headers(map: &reqwest::header::HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().ok().map(str::to_owned);
    map.iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
        .collect()
}

fn sending(error: &reqwest::Error) -> Trouble {
    if is_tls(error) {
        return Trouble::Setup;
    }
    if error.is_timeout() {
        return if error.is_connect() {
            Trouble::NoConnection
        } else {
            Trouble::TooSlow
        };
    }
    if error.is_connect() {
        Trouble::NoConnection
    } else {
        Trouble::CutOff
    }
}

/// Whether encryption failed, somewhere in the chain of causes.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        cause = inner
            .map(|inner| inner as &dyn std::error::Error)
            .or_else(|| error.source());
    }
    false
}

/// What an error while a body is read means.
pub(crate) fn reading(error: &io::Error) -> Trouble {
    let slow = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
        .is_some_and(reqwest::Error::is_timeout);
    if slow || error.kind() == io::ErrorKind::TimedOut {
        Trouble::TooSlow
    } else {
        Trouble::CutOff
    }
}
