//! The twin cache: made once for each model, commit and set of library versions.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alacard_hub::Clock;
use alacard_hub::serve::Kind;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::ProveError;
use crate::error::file;
use crate::plan::Blueprint;
use crate::proof::Limits;
use crate::shelf::{Held, Shelf};
use crate::slot::{Frame, Slot};
use crate::wire::{Order, Report, Served, TwinOrder};

/// Seconds that making one twin may take.
const MAKER_SECONDS: u64 = 180;
/// Parameters of a twin at most.
const PARAMETER_CAP: u64 = 300_000_000;
/// Size of a twin's weights at most, in MB.
const SIZE_CAP_MB: u64 = 400;

/// A twin on disk.
#[derive(Debug, Clone)]
pub(crate) struct Twin {
    /// What it was made from.
    pub(crate) blueprint: Blueprint,
    /// The folder of its files.
    pub(crate) files: PathBuf,
    /// `twin.json`.
    pub(crate) about: Value,
    /// A folder that the sandbox has to see beside the twin cache: that of real weights.
    pub(crate) shown: Option<PathBuf>,
    /// Keeps it from being removed while it is used.
    pub(crate) _held: Held,
}

/// What became of an attempt.
pub(crate) enum Made {
    Twin(Box<Twin>),
    /// It cannot be made: stage, error, hint.
    Failed(Value),
}

impl Twin {
    /// How the twin hub is to serve it.
    pub(crate) fn served(&self) -> Served {
        Served {
            id: self.blueprint.id.clone(),
            aliases: self.blueprint.aliases.clone(),
            sha: self.blueprint.sha.clone(),
            kind: self.blueprint.kind,
            dir: self.files.clone(),
            record: self.blueprint.record.clone(),
        }
    }

    /// Whether it is the twin of a model, not a stand-in for something else.
    pub(crate) fn is_model(&self) -> bool {
        self.blueprint.kind == Kind::Model
    }

    /// Whether a file of it was given to a run.
    pub(crate) fn is_used(&self, served: &[(String, String)]) -> bool {
        let names = || std::iter::once(&self.blueprint.id).chain(&self.blueprint.aliases);
        served
            .iter()
            .any(|(asked, _)| names().any(|name| name.eq_ignore_ascii_case(asked)))
    }

    /// Whether its maker could not load it.
    pub(crate) fn is_broken(&self) -> bool {
        let notes = self.about["notes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        self.is_model() && notes.into_iter().any(|note| note.contains("did not load"))
    }

    /// Whether it is a dataset whose rows are made up.
    pub(crate) fn is_made_up(&self) -> bool {
        self.blueprint.kind == Kind::Dataset && self.blueprint.config.is_some()
    }

    /// Copies the files to `out` as the Hub's clients keep them.
    pub(crate) fn copy_as_cache(&self, out: &Path) -> Result<(), ProveError> {
        let folder = out.join(format!("models--{}", self.blueprint.id.replace('/', "--")));
        let snapshot = folder.join("snapshots").join(&self.blueprint.sha);
        copy_all(&self.files, &snapshot)?;
        let refs = folder.join("refs");
        std::fs::create_dir_all(&refs).map_err(file("create", &refs))?;
        let main = refs.join("main");
        std::fs::write(&main, &self.blueprint.sha).map_err(file("write", &main))
    }
}

fn copy_all(from: &Path, to: &Path) -> Result<(), ProveError> {
    std::fs::create_dir_all(to).map_err(file("create", to))?;
    let entries = std::fs::read_dir(from).map_err(file("read", from))?;
    for entry in entries {
        let entry = entry.map_err(file("read", from))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(file("write", &target))?;
        }
    }
    Ok(())
}

/// The cache.
#[derive(Debug, Clone)]
pub(crate) struct Twins {
    shelf: Shelf,
}

impl Twins {
    pub(crate) fn new(shelf: Shelf) -> Self {
        Self { shelf }
    }

    /// The same with another clock.
    pub(crate) fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self::new(self.shelf.with_clock(clock))
    }

    /// The folder, which the sandbox sees.
    pub(crate) fn root(&self) -> &Path {
        self.shelf.root()
    }

    /// The twin of a model: from the cache, or made now in the slot.
    ///
    /// `stamp` names the versions that made it: the environment's lock and the maker itself.
    pub(crate) fn get(
        &self,
        slot: &mut Slot,
        blueprint: &Blueprint,
        base: Option<&Twin>,
        stamp: &str,
        consent: bool,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Made, ProveError> {
        let key = key(blueprint, base, stamp, consent);
        let folder = self.root().join(&key);
        let held = self.shelf.hold(&key);
        let twin = |about| Twin {
            blueprint: blueprint.clone(),
            files: folder.join("files"),
            about,
            shown: None,
            _held: held.clone(),
        };
        if let Some(about) = read(&folder.join("twin.json")) {
            return Ok(Made::Twin(Box::new(twin(about))));
        }
        // Both folders are this attempt's own: another process may be making the same twin now.
        let given = self.fresh()?;
        write_all(given.path(), &blueprint.files)?;
        let new = self.fresh()?;
        let spec = spec(blueprint, given.path(), base, consent);
        let about = match make(slot, spec, new.path(), cancelled)? {
            Ok(about) => about,
            Err(about) => return Ok(Made::Failed(about)),
        };
        let place = new.path().join("twin.json");
        std::fs::write(&place, about.to_string()).map_err(file("write", &place))?;
        keep(new, &folder)?;
        self.shelf.added(&key);
        Ok(Made::Twin(Box::new(twin(about))))
    }

    /// A new folder in the cache, where the sandbox sees it; it goes when it is not kept.
    fn fresh(&self) -> Result<tempfile::TempDir, ProveError> {
        tempfile::tempdir_in(self.root()).map_err(file("create a folder in", self.root()))
    }
}

/// Gives the finished folder its name. Another process may have been quicker: then both are equal
/// and the first stays.
fn keep(new: tempfile::TempDir, folder: &Path) -> Result<(), ProveError> {
    let path = new.keep();
    if let Err(error) = std::fs::rename(&path, folder) {
        let _ = std::fs::remove_dir_all(&path);
        if !folder.join("twin.json").exists() {
            return Err(file("write", folder)(error));
        }
    }
    Ok(())
}

/// Asks for a twin and stores what comes; the inner error is the maker's.
fn make(
    slot: &mut Slot,
    spec: Map<String, Value>,
    folder: &Path,
    cancelled: &dyn Fn() -> bool,
) -> Result<Result<Value, Value>, ProveError> {
    let limits = Limits {
        seconds: MAKER_SECONDS,
        ..Limits::default()
    };
    slot.ask(&Order::Twin(TwinOrder { spec, limits }))?;
    let deadline = Instant::now() + Duration::from_secs(MAKER_SECONDS + 30);
    loop {
        match slot.next(deadline, cancelled)? {
            Frame::File { path, bytes } => store(&folder.join("files"), &path, &bytes)?,
            Frame::Report(Report::Twin { about, made: true }) => return Ok(Ok(about)),
            Frame::Report(Report::Twin { about, made: false }) => return Ok(Err(about)),
            Frame::Report(_) => {}
        }
    }
}

/// Writes a file that came out of the sandbox: only below the folder, whatever its name says.
fn store(root: &Path, name: &str, bytes: &[u8]) -> Result<(), ProveError> {
    let relative = Path::new(name);
    let plain = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain || name.is_empty() {
        return Ok(());
    }
    let path = root.join(relative);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(file("create", parent))?;
    }
    std::fs::write(&path, bytes).map_err(file("write", &path))
}

fn write_all(root: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), ProveError> {
    std::fs::create_dir_all(root).map_err(file("create", root))?;
    files
        .iter()
        .try_for_each(|(name, bytes)| store(root, name, bytes))
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn spec(
    blueprint: &Blueprint,
    given: &Path,
    base: Option<&Twin>,
    consent: bool,
) -> Map<String, Value> {
    let base = base.map(|twin| json!({"repo": twin.blueprint.id, "files": twin.files}));
    let value = json!({
        "repo": blueprint.id,
        "sha": blueprint.sha,
        "library": blueprint.library,
        "task": blueprint.task,
        "files": given,
        "siblings": blueprint.siblings,
        "base": base,
        "remote_code": consent && blueprint.remote_code,
        "parameter_cap": PARAMETER_CAP,
        "size_cap_mb": SIZE_CAP_MB,
        "seed": 0,
        "config": blueprint.config,
    });
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Everything that a twin depends on, as 32 hexadecimal digits.
fn key(blueprint: &Blueprint, base: Option<&Twin>, stamp: &str, consent: bool) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for text in [&blueprint.id, &blueprint.sha, &blueprint.library, stamp] {
        part(text.as_bytes());
    }
    part(blueprint.task.as_deref().unwrap_or_default().as_bytes());
    part(&[u8::from(consent)]);
    part(
        blueprint
            .config
            .as_ref()
            .map(Value::to_string)
            .unwrap_or_default()
            .as_bytes(),
    );
    part(
        base.map(|twin| twin.files.display().to_string())
            .unwrap_or_default()
            .as_bytes(),
    );
    for (name, bytes) in &blueprint.files {
        part(name.as_bytes());
        part(bytes);
    }
    for name in &blueprint.siblings {
        part(name.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
