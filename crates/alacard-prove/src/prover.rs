//! From a notebook to its proof.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alacard_catalog::Catalog;
use alacard_hub::{Clock, Hub, SystemClock};
use alacard_notebook::{CellKind, Notebook};
use alacard_sandbox as sandbox;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ProveError;
use crate::causes::{self, Ground, Lack};
use crate::environment::{Environments, Prepared, Wish, warm_requirements};
use crate::error::file;
use crate::judge;
use crate::needs::{ModelRef, Needed, Needs, RefKind};
use crate::plan::{self, Unknown};
use crate::pool::Pool;
use crate::proof::{Cause, CellState, Ended, Level, Limits, Proof, ProvenCell};
use crate::real::Reals;
use crate::slot::{Frame, Place, Slot};
use crate::twins::{Made, Twin, Twins};
use crate::wire::{CellOrder, CellReport, Order, RanReport, Report, RunOrder};

/// A token of nobody, for notebooks that log in to the Hub: the twin hub asks for none.
const STANDIN_TOKEN: &str = "hf_standin";
/// How often a run starts again because it asked for a model that had no twin.
const ROUNDS: usize = 4;
/// How long the host may take to import what a notebook needs.
const WARM_LIMIT: Duration = Duration::from_secs(180);
/// Seconds on top of a notebook's own limit after which its sandbox counts as stuck.
const GRACE: u64 = 60;
/// Modules that are worth having in the host before a notebook asks for them.
const HEAVY: [&str; 16] = [
    "torch",
    "transformers",
    "sentence_transformers",
    "diffusers",
    "timm",
    "peft",
    "datasets",
    "accelerate",
    "torchvision",
    "numpy",
    "pandas",
    "matplotlib",
    "PIL",
    "scipy",
    "sklearn",
    "soundfile",
];

/// What a proof on real weights says of the device.
const ON_CPU: &str =
    "The models' own weights were executed on the CPU; a GPU is not shown to the sandbox.";

/// Packages whose users want those modules.
const HEAVY_PACKAGES: [&str; 7] = [
    "torch",
    "transformers",
    "sentence-transformers",
    "diffusers",
    "timm",
    "peft",
    "accelerate",
];

/// How proofs are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where twins and unpacked Python are kept.
    pub cache: PathBuf,
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

/// What one notebook's proof works with.
struct Job<'a> {
    notebook: &'a Notebook,
    needs: Needs,
    prepared: Prepared,
    place: Place,
    tell: &'a dyn Fn(Step),
}

/// What came of the runs of one notebook.
#[derive(Default)]
struct Execution {
    cells: Vec<CellReport>,
    ran: Option<RanReport>,
    twins: Vec<Twin>,
    lacking: Vec<Lack>,
}

impl Execution {
    fn lack(&mut self, one: &ModelRef, cause: Cause) {
        let address = plan::address(one);
        self.lacking.push(Lack { address, cause });
    }
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
            twins: Twins::new(settings.cache.join("twins")),
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
            Err(error) if error.kind == crate::environment::EnvErrorKind::Cancelled => {
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
        let twins = self.settings.cache.join("twins");
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

    fn execute(&self, job: &Job<'_>) -> Result<Execution, ProveError> {
        let key = job.prepared.environment.lock.hash.clone();
        if self.settings.real {
            return self.execute_real(job);
        }
        let mut slot = self.pool.take(&key, &job.place)?;
        (job.tell)(step(0.05, "warming up"));
        slot.warm(&job.warm_modules(), WARM_LIMIT, &|| self.is_cancelled())?;
        let execution = self.rounds(job, &mut slot, Execution::default())?;
        let broken = execution.ran.as_ref().is_some_and(|ran| ran.spent);
        if !broken {
            self.pool.give_back(&key, slot);
        }
        Ok(execution)
    }

    /// Fetches the models' own weights before the sandbox is opened, which is to show them. It
    /// serves this notebook only.
    fn execute_real(&self, job: &Job<'_>) -> Result<Execution, ProveError> {
        let mut execution = Execution::default();
        for one in plan::repositories(&job.needs.models) {
            if one.kind == RefKind::Model {
                self.add_real(job, one, &mut execution)?;
            }
        }
        if execution
            .lacking
            .iter()
            .any(|lack| lack.cause.reason == "out-of-memory")
        {
            return Ok(execution);
        }
        let mut slot = self.slot_with(job, &execution.twins)?;
        self.rounds(job, &mut slot, execution)
    }

    /// A sandbox that shows the folders of real weights.
    fn slot_with(&self, job: &Job<'_>, twins: &[Twin]) -> Result<Slot, ProveError> {
        let shown: BTreeSet<PathBuf> = twins.iter().filter_map(|twin| twin.shown.clone()).collect();
        let place = Place {
            shown: shown.into_iter().collect(),
            ..job.place.clone()
        };
        let mut slot = Slot::open(&place)?;
        (job.tell)(step(0.15, "warming up"));
        slot.warm(&job.warm_modules(), WARM_LIMIT, &|| self.is_cancelled())?;
        Ok(slot)
    }

    fn add_real(
        &self,
        job: &Job<'_>,
        model: &ModelRef,
        execution: &mut Execution,
    ) -> Result<(), ProveError> {
        let say = |message: &str| (job.tell)(step(0.1, message));
        let reals = Reals::new(
            &self.hub,
            &self.settings.cache,
            self.settings.limits.memory_mb,
            &say,
        );
        match reals.get(model, &execution.twins) {
            Ok(twins) => execution.twins.extend(twins),
            Err(_) if self.is_cancelled() => return Err(ProveError::Interrupted),
            Err(cause) => execution.lack(model, cause),
        }
        Ok(())
    }

    /// Runs the notebook; when it asked for a model without a twin, makes that and runs again.
    fn rounds(
        &self,
        job: &Job<'_>,
        slot: &mut Slot,
        begun: Execution,
    ) -> Result<Execution, ProveError> {
        let mut wanted: Vec<ModelRef> = plan::repositories(&job.needs.models)
            .into_iter()
            .cloned()
            .collect();
        let mut execution = begun;
        let here = execution
            .twins
            .iter()
            .filter(|twin| twin.is_model())
            .map(|twin| twin.blueprint.id.clone());
        let lacking = execution.lacking.iter().map(|lack| lack.address.clone());
        let mut known: BTreeSet<String> = here.chain(lacking).collect();
        for round in 0..ROUNDS {
            let before = execution.twins.len();
            for model in std::mem::take(&mut wanted) {
                if known.insert(plan::address(&model)) {
                    (job.tell)(step(0.1, &format!("making a twin of {}", model.id)));
                    self.add_twin(job, slot, &model, &mut execution)?;
                }
            }
            if round > 0 && execution.twins.len() == before {
                // Nothing came of what was missing: the same would happen again.
                break;
            }
            if round > 0 && self.settings.real {
                *slot = self.slot_with(job, &execution.twins)?;
            }
            let (cells, ran) = self.run(job, slot, &execution.twins)?;
            let missing: Vec<String> = ran
                .missing
                .iter()
                .filter(|id| !known.contains(*id))
                .cloned()
                .collect();
            execution.cells = cells;
            execution.ran = Some(ran);
            if missing.is_empty() || round + 1 == ROUNDS {
                break;
            }
            wanted = missing.into_iter().map(|id| plan::asked(&id)).collect();
        }
        Ok(execution)
    }

    fn add_twin(
        &self,
        job: &Job<'_>,
        slot: &mut Slot,
        model: &ModelRef,
        execution: &mut Execution,
    ) -> Result<(), ProveError> {
        if self.settings.real && model.kind == RefKind::Model {
            return self.add_real(job, model, execution);
        }
        let blueprint = match plan::blueprint(&self.hub, model, &job.needs.models) {
            Ok(blueprint) => blueprint,
            Err(unknown) => {
                execution.lack(model, causes::unknown_model(&unknown));
                return Ok(());
            }
        };
        let base = match &blueprint.base {
            Some(id) => {
                let base = plan::asked(id);
                if !execution.twins.iter().any(|twin| &twin.blueprint.id == id) {
                    self.add_twin(job, slot, &base, execution)?;
                }
                execution
                    .twins
                    .iter()
                    .find(|twin| &twin.blueprint.id == id)
                    .cloned()
            }
            None => None,
        };
        let stamp = format!(
            "{}-{}",
            job.prepared.environment.lock.hash,
            crate::payload::fingerprint()
        );
        let cancelled = || self.is_cancelled();
        let made = self.twins.get(
            slot,
            &blueprint,
            base.as_ref(),
            &stamp,
            self.settings.remote_code,
            &cancelled,
        )?;
        match made {
            Made::Twin(twin) => execution.twins.push(*twin),
            Made::Failed(about) => {
                execution.lack(model, causes::no_twin(&blueprint, &about));
            }
        }
        Ok(())
    }

    fn run(
        &self,
        job: &Job<'_>,
        slot: &mut Slot,
        twins: &[Twin],
    ) -> Result<(Vec<CellReport>, RanReport), ProveError> {
        let cancelled = || self.is_cancelled();
        let repos = twins.iter().map(Twin::served).collect();
        slot.ask(&Order::Serve { repos })?;
        slot.next(Instant::now() + WARM_LIMIT, &cancelled)?;
        slot.ask(&Order::Run(self.order(job, twins)))?;
        let deadline = Instant::now() + Duration::from_secs(self.settings.limits.seconds + GRACE);
        let count = job.code_cells().count().max(1);
        let mut cells = Vec::new();
        let mut begun = None;
        loop {
            match slot.next(deadline, &cancelled) {
                Ok(Frame::Report(Report::Begun { index })) => {
                    begun = Some(index);
                    let done = cells.len() as f64 / count as f64;
                    (job.tell)(step(
                        0.2 + 0.8 * done,
                        &format!("running cell {} of {count}", cells.len() + 1),
                    ));
                }
                Ok(Frame::Report(Report::Cell(cell))) => {
                    begun = None;
                    cells.push(*cell);
                }
                Ok(Frame::Report(Report::Ran(ran))) => return Ok((cells, *ran)),
                Ok(_) => {}
                Err(ProveError::Sandbox { message }) => {
                    let ended = slot.last_word().unwrap_or(Ended::Lost { message });
                    return Ok(lost(cells, begun, ended));
                }
                Err(other) => return Err(other),
            }
        }
    }

    fn order(&self, job: &Job<'_>, twins: &[Twin]) -> RunOrder {
        let cells = job
            .code_cells()
            .map(|(index, code)| CellOrder { index, code });
        let models: Vec<Twin> = twins
            .iter()
            .filter(|twin| twin.is_model())
            .cloned()
            .collect();
        let endpoint = endpoint(job.notebook, &models);
        let mut env = endpoint
            .as_ref()
            .map(|_| endpoint_variables(&models))
            .unwrap_or_default();
        if job.needs.token {
            env.insert("HF_TOKEN".to_owned(), STANDIN_TOKEN.to_owned());
        }
        RunOrder {
            cells: cells.collect(),
            env,
            limits: self.settings.limits,
            endpoint,
            outputs: self.settings.real,
            cached: twins
                .iter()
                .filter(|twin| twin.shown.is_some())
                .map(Twin::served)
                .collect(),
        }
    }

    fn not_executed(&self, notebook: &Notebook, cause: Cause) -> Proven {
        let mut proof = self.empty(notebook);
        proof.causes.push(cause);
        Proven {
            proof,
            lock: None,
            outputs: BTreeMap::new(),
        }
    }

    fn empty(&self, notebook: &Notebook) -> Proof {
        Proof {
            schema_version: 1,
            code_sha256: code_hash(notebook),
            level: if self.settings.real {
                Level::Real
            } else {
                Level::Twin
            },
            starts: false,
            runs: false,
            proves: false,
            first_variant: true,
            lock: None,
            python: None,
            sandbox: String::new(),
            limits: self.settings.limits,
            twins: Vec::new(),
            cells: Vec::new(),
            ended: None,
            causes: Vec::new(),
            not_exercised: Vec::new(),
            installs: Vec::new(),
            endpoint: BTreeMap::new(),
            seconds: 0.0,
            ready_seconds: 0.0,
            peak_memory_mb: 0,
            date: self.date(),
        }
    }

    fn date(&self) -> String {
        let seconds = i64::try_from(self.clock.now().as_secs()).unwrap_or_default();
        jiff::Timestamp::from_second(seconds)
            .unwrap_or_default()
            .to_string()
    }

    fn judged(&self, job: &Job<'_>, execution: Execution, starts: bool) -> Proven {
        let mut proof = self.empty(job.notebook);
        let environment = &job.prepared.environment;
        proof.lock = Some(environment.lock.hash.clone());
        proof.python = Some(environment.record.python.version.clone());
        proof.sandbox = job.place.kind.name().to_owned();
        let models = execution.twins.iter().filter(|twin| twin.is_model());
        proof.twins = models.map(|twin| twin.about.clone()).collect();
        if self.settings.real {
            proof.not_exercised.push(ON_CPU.to_owned());
        }
        let ran = execution.ran.as_ref();
        let is_used = |twin: &&Twin| {
            is_endpoint(job.notebook) || ran.is_none_or(|ran| twin.is_used(&ran.served))
        };
        let used = execution.twins.iter().filter(is_used);
        proof
            .not_exercised
            .extend(used.filter_map(|twin| twin.blueprint.note.clone()));
        proof
            .not_exercised
            .extend(job.needs.notes.iter().chain(&job.prepared.notes).cloned());
        let outputs = execution
            .cells
            .iter()
            .map(|cell| (cell.index, (cell.execution_count, cell.outputs.clone())))
            .collect();
        proof.cells = cells(job, execution.cells);
        let mut lacking = execution.lacking;
        if let Some(ran) = execution.ran {
            let served = ran
                .endpoint
                .iter()
                .any(|request| request["status"].as_u64().is_some_and(|s| s < 400));
            if !is_endpoint(job.notebook) {
                // What is named and never asked for explains nothing.
                lacking.retain(|lack| {
                    ran.missing
                        .iter()
                        .any(|asked| asked.eq_ignore_ascii_case(&lack.address))
                });
            }
            let (caught, unreached) = judge::judge(job.notebook, &mut proof.cells, served);
            proof.not_exercised.extend(unreached);
            let ground = Ground {
                lacking: &lacking,
                datasets: execution
                    .twins
                    .iter()
                    .filter(|twin| twin.is_made_up() && twin.is_used(&ran.served))
                    .map(|twin| twin.blueprint.id.as_str())
                    .collect(),
                broken: execution
                    .twins
                    .iter()
                    .filter(|twin| twin.is_broken() && twin.is_used(&ran.served))
                    .map(|twin| twin.blueprint.id.as_str())
                    .collect(),
                shell: &job.needs.shell,
            };
            proof
                .causes
                .extend(causes::of_run(&proof.cells, &ran, &ground));
            proof.causes.extend(caught);
            note_run(&mut proof, ran);
        } else {
            proof
                .causes
                .extend(lacking.into_iter().map(|lack| lack.cause));
        }
        let finished = proof.ended == Some(Ended::Finished);
        proof.starts = starts;
        proof.runs = finished
            && proof.causes.is_empty()
            && proof.cells.iter().all(|cell| cell.state == CellState::Ok);
        if proof.runs {
            proof.causes.extend(causes::nothing_proven(&proof.cells));
            proof.proves = proof.causes.is_empty();
        }
        Proven {
            proof,
            lock: Some(environment.lock.text()),
            outputs,
        }
    }
}

impl Job<'_> {
    /// Position and source of each code cell that has any.
    fn code_cells(&self) -> impl Iterator<Item = (usize, String)> {
        let cells = self.notebook.cells.iter().enumerate();
        cells
            .filter(|(_, cell)| cell.kind == CellKind::Code && !cell.source.trim().is_empty())
            .map(|(index, cell)| (index, cell.source.clone()))
    }

    /// Heavy modules that the environment has, when the notebook uses any of them.
    fn warm_modules(&self) -> Vec<String> {
        let heavy = |needed: &Needed| {
            let name = needed
                .text
                .split(['=', '<', '>', '[', '~', '!', ' '])
                .next()
                .unwrap_or_default();
            HEAVY_PACKAGES.contains(&name.to_ascii_lowercase().as_str())
        };
        let uses = self.needs.requirements.iter().any(heavy)
            || self.needs.models.iter().any(|m| m.kind == RefKind::Model);
        if !uses {
            return Vec::new();
        }
        HEAVY.iter().map(|name| (*name).to_owned()).collect()
    }
}

fn step(fraction: f64, message: &str) -> Step {
    Step {
        fraction,
        message: message.to_owned(),
    }
}

/// What there is of a run whose sandbox broke.
fn lost(
    mut cells: Vec<CellReport>,
    begun: Option<usize>,
    ended: Ended,
) -> (Vec<CellReport>, RanReport) {
    if let Some(index) = begun {
        cells.push(CellReport {
            index,
            state: CellState::Dead,
            seconds: 0.0,
            execution_count: None,
            error: None,
            outputs: Vec::new(),
            printed: 0,
            seen: None,
        });
    }
    let ran = RanReport {
        ended,
        seconds: 0.0,
        ready: 0.0,
        peak_mb: 0,
        served: Vec::new(),
        missing: Vec::new(),
        endpoint: Vec::new(),
        installs: Vec::new(),
        log: String::new(),
        spent: true,
    };
    (cells, ran)
}

/// The cells of the proof: those that were executed, then those that were not reached.
fn cells(job: &Job<'_>, reports: Vec<CellReport>) -> Vec<ProvenCell> {
    let mut reports: BTreeMap<usize, CellReport> =
        reports.into_iter().map(|r| (r.index, r)).collect();
    let cell = |(index, _): (usize, String)| {
        let report = reports.remove(&index);
        ProvenCell {
            index,
            id: job
                .notebook
                .cells
                .get(index)
                .map(|cell| cell.id.clone())
                .unwrap_or_default(),
            state: report.as_ref().map_or(CellState::NotReached, |r| r.state),
            seconds: report.as_ref().map_or(0.0, |r| r.seconds),
            error: report.as_ref().and_then(|r| r.error.clone()),
            seen: report.and_then(|r| r.seen),
            inference: false,
            asserted: false,
        }
    };
    job.code_cells().map(cell).collect()
}

fn note_run(proof: &mut Proof, ran: RanReport) {
    proof.seconds = ran.seconds;
    proof.ready_seconds = ran.ready;
    proof.peak_memory_mb = ran.peak_mb;
    proof.installs = ran.installs;
    for request in &ran.endpoint {
        let path = request["path"].as_str().unwrap_or("?").to_owned();
        *proof.endpoint.entry(path).or_insert(0) += 1;
    }
    proof.ended = Some(ran.ended);
}

/// What is to be served in the OpenAI wire format: when the notebook's lesson is one about an
/// endpoint.
fn endpoint(notebook: &Notebook, twins: &[Twin]) -> Option<Value> {
    is_endpoint(notebook).then(|| {
        let models: Vec<Value> = twins
            .iter()
            .map(|twin| json!({"repo": twin.blueprint.id, "dir": twin.files, "task": twin.blueprint.task}))
            .collect();
        json!({"models": models})
    })
}

fn is_endpoint(notebook: &Notebook) -> bool {
    let about = notebook.metadata.get("alacard");
    about.is_some_and(|about| about["recipe"]["runtime"] == "endpoint")
}

/// Variables that point a notebook's clients to the endpoint of the sandbox. `{endpoint}` stands
/// for its address.
fn endpoint_variables(twins: &[Twin]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::from([
        ("OPENAI_BASE_URL", "{endpoint}/v1".to_owned()),
        ("OPENAI_API_KEY", "sandbox".to_owned()),
        ("HF_TOKEN", "hf_sandbox".to_owned()),
        ("ALACARD_INFERENCE_ROUTER", "{endpoint}".to_owned()),
    ]);
    if let Some(twin) = twins.first() {
        let address = format!("{{endpoint}}/hf-inference/models/{}", twin.blueprint.id);
        variables.insert("INFERENCE_URL", address);
    }
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// SHA-256 of the code cells, in order.
fn code_hash(notebook: &Notebook) -> String {
    let mut hash = Sha256::new();
    for cell in notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Code)
    {
        hash.update((cell.source.len() as u64).to_le_bytes());
        hash.update(cell.source.as_bytes());
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl From<&Unknown> for String {
    fn from(unknown: &Unknown) -> Self {
        unknown.message.clone()
    }
}
