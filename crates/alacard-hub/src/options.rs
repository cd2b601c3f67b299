//! How the Hub is read: where, with whose token, how long to wait.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::token::Token;

/// The Hub's own address.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Why the client waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The Hub limits how many requests it answers in five minutes.
    RateLimit,
    /// The Hub did not answer, or not as it should; it is asked again.
    Retry,
}

/// A wait that begins now, for progress bars and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// Why.
    pub reason: WaitReason,
    /// How long.
    pub time: Duration,
    /// One sentence for people, without the token and without the address.
    pub message: String,
}

/// Called when a wait begins.
pub type OnWait = Arc<dyn Fn(&Wait) + Send + Sync>;

/// Limits of time for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the answer begins, and between two pieces of it.
    pub read: Duration,
    /// For the whole answer, so that one that drips cannot hold a run for ever.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(20),
            total: Duration::from_secs(60),
        }
    }
}

/// How the Hub is read. [`Options::from_env`] is the only place that looks at the environment.
#[derive(Clone)]
pub struct Options {
    /// A folder that stands in for the Hub: it is looked at first.
    pub hub_dir: Option<PathBuf>,
    /// No request leaves this machine.
    pub offline: bool,
    /// Address of the Hub or of a mirror, without a slash at the end.
    pub endpoint: String,
    /// The user's token.
    pub token: Option<Token>,
    /// Where answers are kept; an empty path: nowhere.
    pub cache_dir: PathBuf,
    /// The cache of huggingface_hub: a model that lies there is used and never changed.
    pub hf_cache: Option<PathBuf>,
    /// How long a kept answer counts as fresh without asking the Hub. Default: 10 minutes.
    pub max_age: Duration,
    /// Limits of time for one request.
    pub timeouts: Timeouts,
    /// The longest the client waits in all for one answer before it gives up. Default: 330
    /// seconds, a little more than the Hub's window of five minutes.
    pub max_wait: Duration,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Where the jitter of the waits begins; `None`: from the clock and the process.
    pub jitter_seed: Option<u64>,
    /// Set to true from anywhere to end waits and reads soon.
    pub cancel: Arc<AtomicBool>,
    /// Called when a wait begins.
    pub on_wait: Option<OnWait>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    /// The public Hub without a token and without a cache.
    fn default() -> Self {
        Self {
            hub_dir: None,
            offline: false,
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            token: None,
            cache_dir: PathBuf::new(),
            hf_cache: None,
            max_age: Duration::from_secs(600),
            timeouts: Timeouts::default(),
            max_wait: Duration::from_secs(330),
            user_agent: concat!("alacard/", env!("CARGO_PKG_VERSION")).to_owned(),
            jitter_seed: None,
            cancel: Arc::default(),
            on_wait: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl Options {
    /// Options from environment variables, looked up through `get` (usually
    /// `&|name| std::env::var(name).ok()`).
    ///
    /// `HF_ENDPOINT`, `HF_TOKEN` (else the token file of `HF_TOKEN_PATH`, `HF_HOME/token`,
    /// `~/.cache/huggingface/token`), `HF_HUB_DISABLE_IMPLICIT_TOKEN` and `HF_HUB_OFFLINE` mean
    /// what they mean to huggingface_hub, and so do `HF_HUB_CACHE` and `HF_HOME` for the place of
    /// its cache. Our own cache is `ALACARD_CACHE`, else `alacard/hub` in
    /// `XDG_CACHE_HOME` or `~/.cache`.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let endpoint = get("HF_ENDPOINT").unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned());
        Self {
            offline: is_true(get("HF_HUB_OFFLINE")),
            endpoint: endpoint.trim().trim_end_matches('/').to_owned(),
            token: token(&get),
            cache_dir: cache_dir(&get),
            hf_cache: hf_cache(&get),
            ..Self::default()
        }
    }

    /// Whether somebody asked to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("hub_dir", &self.hub_dir)
            .field("offline", &self.offline)
            .field("endpoint", &self.endpoint)
            .field("token", &self.token)
            .field("cache_dir", &self.cache_dir)
            .finish_non_exhaustive()
    }
}

/// The values that huggingface_hub counts as true.
fn is_true(value: Option<String>) -> bool {
    value.is_some_and(|value| {
        matches!(
            value.trim().to_ascii_uppercase().as_str(),
            "1" | "ON" | "YES" | "TRUE"
        )
    })
}

/// The user's cache folder, as the XDG rules have it.
fn user_cache(get: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = get("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    named.or_else(|| get("HOME").map(|home| Path::new(&home).join(".cache")))
}

/// Where our own answers are kept.
fn cache_dir(get: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    let named = get("ALACARD_CACHE").map(PathBuf::from);
    named
        .or_else(|| user_cache(get).map(|cache| cache.join("alacard").join("hub")))
        .unwrap_or_default()
}

/// Where huggingface_hub keeps models.
fn hf_cache(get: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = get("HF_HUB_CACHE").or_else(|| get("HUGGINGFACE_HUB_CACHE"));
    let home = || Some(hf_home(get)?.join("hub"));
    named.map(PathBuf::from).or_else(home)
}

/// The folder of huggingface_hub.
fn hf_home(get: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let named = get("HF_HOME").map(PathBuf::from);
    named.or_else(|| user_cache(get).map(|cache| cache.join("huggingface")))
}

/// The token from a variable or from the file in which `hf auth login` leaves it.
fn token(get: &dyn Fn(&str) -> Option<String>) -> Option<Token> {
    if let Some(value) = get("HF_TOKEN").or_else(|| get("HUGGING_FACE_HUB_TOKEN")) {
        return Token::new(&value);
    }
    if is_true(get("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
        return None;
    }
    let file = get("HF_TOKEN_PATH")
        .map(PathBuf::from)
        .or_else(|| hf_home(get).map(|home| home.join("token")))?;
    let mut text = String::new();
    std::fs::File::open(file)
        .ok()?
        .take(4096)
        .read_to_string(&mut text)
        .ok()?;
    Token::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Options {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Options::from_env(&move |name| {
            pairs
                .iter()
                .find(|(k, _)| k == name)
                .map(|(_, v)| v.clone())
        })
    }

    #[test]
    fn nothing_set_is_the_public_hub() {
        let options = from(&[]);
        assert_eq!(options.endpoint, DEFAULT_ENDPOINT);
        assert!(options.token.is_none() && !options.offline);
        assert_eq!(options.cache_dir, PathBuf::new());
    }

    #[test]
    fn variables_mean_what_they_mean_elsewhere() {
        let options = from(&[
            ("HF_ENDPOINT", "http://127.0.0.1:9/"),
            ("HF_TOKEN", "abc"),
            ("HF_HUB_OFFLINE", "yes"),
            ("HOME", "/home/someone"),
        ]);
        assert_eq!(options.endpoint, "http://127.0.0.1:9");
        assert_eq!(options.token, Token::new("abc"));
        assert!(options.offline);
        let hub = Path::new("/home/someone/.cache/huggingface/hub");
        assert_eq!(options.hf_cache.as_deref(), Some(hub));
        assert_eq!(
            options.cache_dir,
            Path::new("/home/someone/.cache/alacard/hub")
        );
        assert!(!format!("{options:?}").contains("abc"));
    }

    #[test]
    fn token_file_of_hf_home() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("token"), "from-file\n").unwrap();
        let path = home.path().to_str().unwrap();
        assert_eq!(from(&[("HF_HOME", path)]).token, Token::new("from-file"));
        assert_eq!(
            from(&[("HF_HOME", path), ("HF_TOKEN", "direct")]).token,
            Token::new("direct")
        );
        assert_eq!(
            from(&[("HF_HOME", path), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]).token,
            None
        );
    }
}
