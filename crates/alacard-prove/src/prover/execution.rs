//! One notebook in a sandbox: its twins, its runs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use alacard_notebook::{CellKind, Notebook};

use super::endpoint::{self, STANDIN_TOKEN};
use super::{Prover, Step, step};
use crate::ProveError;
use crate::causes::{self, Lack};
use crate::environment::Prepared;
use crate::needs::{ModelRef, Needed, Needs, RefKind};
use crate::plan;
use crate::proof::{Cause, CellState, Ended};
use crate::real::Reals;
use crate::slot::{Frame, Place, Slot};
use crate::twins::{Made, Twin};
use crate::wire::{CellOrder, CellReport, Order, RanReport, Report, RunOrder};

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

/// What one notebook's proof works with.
pub(super) struct Job<'a> {
    pub(super) notebook: &'a Notebook,
    pub(super) needs: Needs,
    pub(super) prepared: Prepared,
    pub(super) place: Place,
    /// Whether outputs are wanted.
    pub(super) outputs: bool,
    pub(super) tell: &'a dyn Fn(Step),
}

/// What came of the runs of one notebook.
#[derive(Default)]
pub(super) struct Execution {
    pub(super) cells: Vec<CellReport>,
    pub(super) ran: Option<RanReport>,
    pub(super) twins: Vec<Twin>,
    pub(super) lacking: Vec<Lack>,
}

impl Execution {
    fn lack(&mut self, one: &ModelRef, cause: Cause) {
        let address = plan::address(one);
        self.lacking.push(Lack { address, cause });
    }
}

impl Prover {
    pub(super) fn execute(&self, job: &Job<'_>) -> Result<Execution, ProveError> {
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

    pub(super) fn add_twin(
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
        let endpoint = endpoint::endpoint(job.notebook, &models);
        let mut env = endpoint
            .as_ref()
            .map(|_| endpoint::endpoint_variables(&models))
            .unwrap_or_default();
        if job.needs.token {
            env.insert("HF_TOKEN".to_owned(), STANDIN_TOKEN.to_owned());
        }
        RunOrder {
            cells: cells.collect(),
            env,
            limits: self.settings.limits,
            endpoint,
            outputs: job.outputs,
            cached: twins
                .iter()
                .filter(|twin| twin.shown.is_some())
                .map(Twin::served)
                .collect(),
        }
    }
}

impl Job<'_> {
    /// Position and source of each code cell that has any.
    pub(super) fn code_cells(&self) -> impl Iterator<Item = (usize, String)> {
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
        spent: true,
        ..RanReport::of(ended)
    };
    (cells, ran)
}
