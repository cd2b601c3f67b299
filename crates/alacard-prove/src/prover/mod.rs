//! From a notebook to its proof.

mod endpoint;
mod execution;
mod verdict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alacard_catalog::Catalog;
use alacard_hub::{Clock, Hub, SystemClock};
use alacard_notebook::Notebook;
use alacard_sandbox as sandbox;
use serde_json::Value;

use crate::ProveError;
use crate::causes;
use crate::environment::{EnvErrorKind, Environments, Prepared, Wish, warm_requirements};
use crate::error::file;
use crate::needs::{ModelRef, Needs};
use crate::plan;
use crate::pool::Pool;
use crate::proof::{Cause, Limits, Proof};
use crate::shelf::Shelf;
use crate::slot::Place;
use crate::twins::Twins;
use endpoint::is_endpoint;
use execution::{Execution, Job};

/// How proofs are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where unpacked Python is kept.
    pub cache: PathBuf,
    /// Where twins are kept.
    pub twins: Shelf,
    /// The program that is started inside the sandbox: this one, or a test's.
    pub program: PathBuf,
    /// Whether a notebook may be executed without any wall.
    pub no_sandbox: bool,
    /// Whether the code that a repository brings may be executed (in the sandbox).
    pub remote_code: bool,
    /// Whether the models' own weights are used instead of twins.
    pub real: bool,
    /// What a run may use.
    pub limits: Limits,
    /// The Python version that environments are made for: `3.12`.
    pub python: String,
}

/// What a proof tells while it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// How far it is, from 0 to 1.
    pub fraction: f64,
    /// A sentence.
    pub message: String,
}

/// A finished proof and what belongs to it.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The record.
    pub proof: Proof,
    /// The environment's lock, as text; none when there was no environment.
    pub lock: Option<String>,
    /// Outputs of the cells by position, when they were asked for.
    pub outputs: BTreeMap<usize, (Option<u64>, Vec<Value>)>,
}

/// Makes proofs. Keeps sandboxes warm as long as it lives.
pub struct Prover {
    hub: Arc<Hub>,
    catalog: Arc<Catalog>,
    environments: Arc<Environments>,
    settings: Settings,
    twins: Twins,
    pool: Pool,
    clock: Arc<dyn Clock>,
    cancelled: Arc<AtomicBool>,
}

impl Prover {
    /// A prover over a Hub, a catalogue and a place for environments.
    pub fn new(
        hub: Arc<Hub>,
        catalog: Arc<Catalog>,
        environments: Arc<Environments>,
        settings: Settings,
    ) -> Self {
        Self {
            twins: Twins::new(settings.twins.clone()),
            hub,
            catalog,
            environments,
            settings,
            pool: Pool::default(),
            clock: Arc::new(SystemClock),
            cancelled: Arc::default(),
        }
    }

    /// The same prover with a flag that ends proofs soon after it is set.
    #[must_use]
    pub fn with_cancel(mut self, cancelled: Arc<AtomicBool>) -> Self {
        self.cancelled = cancelled;
        self
    }

    /// The same prover with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.twins = self.twins.with_clock(Arc::clone(&clock));
        self.clock = clock;
        self
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Executes a notebook on twins of its models and judges what was seen.
    ///
    /// A fault of the notebook, of its environment or of a twin is a cause in the proof.
    ///
    /// # Errors
    ///
    /// [`ProveError`]: no sandbox, a broken one, files that cannot be written, an interruption.
    pub fn prove(
        &self,
        notebook: &Notebook,
        starts: bool,
        tell: &dyn Fn(Step),
    ) -> Result<Proven, ProveError> {
        self.executed(notebook, starts, self.settings.real, tell)
    }

    /// Executes a notebook to learn from what its cells write: as [`Self::prove`], with outputs.
    ///
    /// # Errors
    ///
    /// As [`Self::prove`].
    pub fn explore(&self, notebook: &Notebook, tell: &dyn Fn(Step)) -> Result<Proven, ProveError> {
        self.executed(notebook, true, true, tell)
    }

    fn executed(
        &self,
        notebook: &Notebook,
        starts: bool,
        outputs: bool,
        tell: &dyn Fn(Step),
    ) -> Result<Proven, ProveError> {
        if let Some(cause) = causes::other_kernel(notebook) {
            return Ok(self.not_executed(notebook, cause));
        }
        let needs = self.needs(notebook);
        tell(step(0.0, "preparing the environment"));
        let say = |message: &str| tell(step(0.02, message));
        let prepared = match self.environments.prepare(
            &self.wish(notebook, &needs)?,
            &self.settings.python,
            &say,
        ) {
            Ok(prepared) => prepared,
            Err(error) if error.kind == EnvErrorKind::Cancelled => {
                return Err(ProveError::Interrupted);
            }
            Err(error) => return Ok(self.not_executed(notebook, causes::environment(&error))),
        };
        let place = self.place(&prepared)?;
        let job = Job {
            notebook,
            needs,
            prepared,
            place,
            outputs,
            tell,
        };
        let permit = self.pool.admit(&|| self.is_cancelled())?;
        let execution = self.execute(&job)?;
        drop(permit);
        Ok(self.judged(&job, execution, starts))
    }

    /// What a notebook needs; a lesson of ours names its model in its metadata too.
    fn needs(&self, notebook: &Notebook) -> Needs {
        let mut needs = Needs::of(notebook, &self.catalog);
        let own = notebook.metadata.get("alacard").and_then(|about| {
            let model = &about["model"];
            let mut named = plan::asked(model["id"].as_str()?);
            named.revision = model["sha"].as_str().map(str::to_owned);
            Some(named)
        });
        let known = |own: &ModelRef| needs.models.iter().any(|model| model.id == own.id);
        if let Some(own) = own.filter(|own| !known(own)) {
            needs.models.push(own);
        }
        needs
    }

    /// The environment: what the notebook needs and, when its model answers through an endpoint,
    /// what the endpoint needs.
    fn wish(&self, notebook: &Notebook, needs: &Needs) -> Result<Wish, ProveError> {
        let mut wish = needs.wish().clone();
        if is_endpoint(notebook) {
            let served = warm_requirements(&self.catalog, &[])?;
            wish.added.extend(served.unwrap_or_default());
        }
        Ok(wish)
    }

    /// The twin of one model, copied to `out` in the layout of the Hub's cache.
    ///
    /// The inner error says why it cannot be made.
    ///
    /// # Errors
    ///
    /// As [`Prover::prove`].
    pub fn twin(
        &self,
        id: &str,
        revision: Option<&str>,
        out: &Path,
        tell: &dyn Fn(Step),
    ) -> Result<Result<Value, Cause>, ProveError> {
        let notebook = Notebook::new();
        let mut model = plan::asked(id);
        model.revision = revision.map(str::to_owned);
        let say = |message: &str| tell(step(0.0, message));
        let wish = Wish {
            added: warm_requirements(&self.catalog, &[])?.unwrap_or_default(),
            ..Wish::default()
        };
        let prepared = self
            .environments
            .prepare(&wish, &self.settings.python, &say)?;
        let place = self.place(&prepared)?;
        let job = Job {
            notebook: &notebook,
            needs: Needs::default(),
            prepared,
            place,
            outputs: false,
            tell,
        };
        let _permit = self.pool.admit(&|| self.is_cancelled())?;
        let mut slot = self
            .pool
            .take(&job.prepared.environment.lock.hash, &job.place)?;
        let mut execution = Execution::default();
        say(&format!("making a twin of {id}"));
        self.add_twin(&job, &mut slot, &model, &mut execution)?;
        if let Some(cause) = execution.lacking.into_iter().next() {
            return Ok(Err(cause.cause));
        }
        for twin in &execution.twins {
            twin.copy_as_cache(out)?;
        }
        let about = execution.twins.last().map(|twin| twin.about.clone());
        Ok(Ok(about.unwrap_or_default()))
    }

    /// What the sandbox is made of.
    fn place(&self, prepared: &Prepared) -> Result<Place, ProveError> {
        let twins = self.twins.root().to_owned();
        std::fs::create_dir_all(&twins).map_err(file("create", &twins))?;
        let environment = &prepared.environment;
        Ok(Place {
            program: self.settings.program.clone(),
            environment: environment.folder.clone(),
            python: environment.python(),
            interpreter: vec![environment.base_prefix().to_owned()],
            payload: crate::payload::unpack(&self.settings.cache)?,
            twins,
            shown: Vec::new(),
            kind: self.kind()?,
            limits: self.settings.limits,
        })
    }

    fn kind(&self) -> Result<sandbox::Kind, ProveError> {
        if self.settings.no_sandbox {
            return Ok(sandbox::Kind::None);
        }
        let launcher = sandbox::Launcher::new(&self.settings.program, ["__confine"]);
        launcher
            .available()
            .require()
            .map_err(|error| ProveError::NoSandbox {
                reason: error.to_string(),
            })
    }
}

fn step(fraction: f64, message: &str) -> Step {
    Step {
        fraction,
        message: message.to_owned(),
    }
}
