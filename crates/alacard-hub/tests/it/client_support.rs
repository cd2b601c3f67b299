//! A clock that never waits, and options for a fake Hub.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alacard_hub::fake::{FakeHub, FakeModel};
use alacard_hub::{Clock, Hub, Material, Options, Refusal, Source, Timeouts, Token, Wait};
use serde_json::json;

/// A clock that starts at a fixed day and moves only when somebody sleeps.
#[derive(Debug)]
pub(crate) struct StillClock(AtomicU64);

impl StillClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_700_000_000_000)))
    }
}

impl Clock for StillClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

/// A fake Hub, a reader of it, and what the reader said about waits.
pub(crate) struct Bench {
    pub(crate) fake: FakeHub,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) waits: Arc<Mutex<Vec<Wait>>>,
    pub(crate) cache: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            fake: FakeHub::start().unwrap(),
            clock: StillClock::new(),
            waits: Arc::default(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    /// A bench with one model, `org/name`.
    pub(crate) fn with_model() -> Self {
        let bench = Self::new();
        bench.fake.add(model("org/name"));
        bench
    }

    pub(crate) fn options(&self) -> Options {
        let waits = Arc::clone(&self.waits);
        Options {
            endpoint: self.fake.url(),
            cache_dir: self.cache.path().to_owned(),
            clock: self.clock.clone(),
            jitter_seed: Some(1),
            timeouts: Timeouts {
                read: Duration::from_secs(5),
                ..Timeouts::default()
            },
            on_wait: Some(Arc::new(move |wait: &Wait| {
                waits.lock().unwrap().push(wait.clone())
            })),
            ..Options::default()
        }
    }

    pub(crate) fn hub(&self) -> Hub {
        Hub::new(self.options())
    }

    pub(crate) fn hub_with_token(&self, token: &str) -> Hub {
        Hub::new(Options {
            token: Token::new(token),
            ..self.options()
        })
    }

    /// Lets time pass.
    pub(crate) fn later(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds));
    }

    /// Paths of the requests since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        let seen = self.fake.take_seen();
        seen.into_iter()
            .map(|seen| seen.target.split('?').next().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn model(id: &str) -> FakeModel {
    FakeModel::new(id)
        .field("pipeline_tag", json!("fill-mask"))
        .file("README.md", "# A model\n")
        .file("config.json", r#"{"model_type": "bert"}"#)
        .file("model.safetensors", "weights")
}

pub(crate) fn read(hub: &Hub, id: &str) -> Result<Material, Refusal> {
    hub.read(
        &Source::Hub {
            id: id.to_owned(),
            revision: None,
        },
        None,
    )
}

/// The ids of the notices.
pub(crate) fn notices(material: &Material) -> Vec<&str> {
    material
        .notices
        .iter()
        .map(|notice| notice.id.as_str())
        .collect()
}

/// A folder that stands in for the Hub, with files.
pub(crate) fn put(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
