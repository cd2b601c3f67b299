//! One run: the stages in order, each leaving its artifact before the next begins.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alacard_catalog::recipe::Recipe;
use alacard_catalog::route::Chosen;
use alacard_hub::Source;
use alacard_hub::dossier::Dossier;
use alacard_hub::{Clock, Hub, SystemClock};
use alacard_prove::proof::{Blame, Proof};
use alacard_prove::{Prover, Step};
use alacard_teacher::{Evidence, Lesson, Outline, Section, Takes};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::folder::{self, Folder};
use crate::manifest::Manifest;
use crate::{Event, Failure, Made, Maker, Metrics, Request, Sink, Stage, make, publish};

/// A published run.
#[derive(Debug, Clone)]
pub struct Run {
    /// The run folder.
    pub folder: PathBuf,
    /// The published notebook.
    pub notebook: PathBuf,
    /// What is known about the model.
    pub dossier: Dossier,
    /// What was made.
    pub made: Made,
    /// What was written.
    pub manifest: Manifest,
    /// Figures.
    pub metrics: Metrics,
}

/// The pipeline: a way to the Hub and a maker of notebooks.
#[derive(Clone)]
pub struct Pipeline {
    hub: Arc<Hub>,
    maker: Maker,
    clock: Arc<dyn Clock>,
    cancelled: Arc<AtomicBool>,
    prover: Option<Arc<Prover>>,
}

impl Pipeline {
    /// A pipeline over a Hub.
    pub fn new(hub: Hub, maker: Maker) -> Self {
        Self {
            hub: Arc::new(hub),
            maker,
            clock: Arc::new(SystemClock),
            cancelled: Arc::default(),
            prover: None,
        }
    }

    /// The same pipeline with a prover: notebooks are executed before they are published.
    #[must_use]
    pub fn with_prover(mut self, prover: Arc<Prover>) -> Self {
        self.prover = Some(prover);
        self
    }

    /// The same pipeline with another clock: times are read there and nowhere else.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same pipeline with a flag that ends runs soon after it is set. Nothing half-written
    /// is left, and the same request goes on from the last artifact.
    #[must_use]
    pub fn with_cancel(mut self, cancelled: Arc<AtomicBool>) -> Self {
        self.cancelled = cancelled;
        self
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The maker.
    pub fn maker(&self) -> &Maker {
        &self.maker
    }

    /// The Hub.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Makes one notebook and its companions in a run folder.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the source cannot be used, cards do not fit, a file cannot be written, the
    /// run was interrupted.
    pub fn generate(&self, request: &Request, sink: &dyn Sink) -> Result<Run, Failure> {
        let mut run = Stages::new(self, sink);
        let source = run.stage(Stage::Resolve, |_| Ok(self.hub.parse(&request.source)?))?;
        let dossier = run.stage(Stage::Research, |_| self.research(&source, request))?;
        self.generate_from(request, dossier, &mut run)
    }

    /// The same from a dossier that is already known (`batch` reads them itself).
    pub(crate) fn generate_known(
        &self,
        request: &Request,
        dossier: Dossier,
        sink: &dyn Sink,
    ) -> Result<Run, Failure> {
        self.generate_from(request, dossier, &mut Stages::new(self, sink))
    }

    fn research(&self, source: &Source, request: &Request) -> Result<Dossier, Failure> {
        let revision = request.options.revision.as_deref();
        let dossier = self.hub.dossier(source, revision).map_err(|refusal| {
            // A question that was given up is no fault of the Hub.
            if self.is_cancelled() {
                Failure::Interrupted
            } else {
                refusal.into()
            }
        })?;
        match alacard_hub::refusal(&dossier) {
            Some(refusal) => Err(refusal.into()),
            None => Ok(dossier),
        }
    }

    fn generate_from(
        &self,
        request: &Request,
        dossier: Dossier,
        run: &mut Stages<'_>,
    ) -> Result<Run, Failure> {
        for notice in &dossier.notices {
            run.sink.event(&Event::Warning {
                id: notice.id.clone(),
                message: notice.message.clone(),
                hint: notice.hint.clone(),
            });
        }
        let (recipe, chosen) = self
            .maker
            .decide(&dossier, &request.source, &request.options)?;
        let hashes = Hashes::of(&dossier, &recipe);
        let path = request
            .out
            .join(folder::name_of(&dossier, &hashes.dossier, &hashes.recipe));
        let mut folder = Folder::open(path, request.fresh, Arc::clone(&self.cancelled))?;
        write_json(&mut folder, "request.json", &hashes.all, &recipe)?;
        write_json(&mut folder, "dossier.json", &hashes.dossier, &dossier)?;
        let made = self.write_lesson(&dossier, (&recipe, &chosen), &hashes, &mut folder, run)?;
        publish::publish(&mut folder, dossier, made, &hashes, run)
    }

    /// Outline, sections, notebook, checks; each is kept in the folder before the next begins.
    fn write_lesson(
        &self,
        dossier: &Dossier,
        (recipe, chosen): (&Recipe, &Chosen),
        hashes: &Hashes,
        folder: &mut Folder,
        run: &mut Stages<'_>,
    ) -> Result<Made, Failure> {
        let lesson = self
            .maker
            .teacher()
            .begin(self.maker.brief(dossier, recipe, chosen))?;
        let outline: Outline = run.stage(Stage::Outline, |run| {
            run.keep(folder, Stage::Outline, "outline.json", &hashes.all, || {
                Ok(lesson.outline()?)
            })
        })?;
        let sections = run.stage(Stage::Sections, |run| {
            sections(lesson.as_ref(), &outline, hashes, folder, run)
        })?;
        // A run may be killed at any moment; what is finished must be known as finished.
        folder.remember()?;
        let made = run.stage(Stage::Assemble, |_| {
            let made =
                self.maker
                    .finish(dossier, recipe, chosen, lesson.as_ref(), outline, sections)?;
            folder.write(
                "draft.ipynb",
                &hashes.all,
                made.notebook.to_json().as_bytes(),
            )?;
            Ok(made)
        })?;
        run.stage(Stage::Check, |_| {
            write_json(folder, "findings.json", &hashes.all, &made.findings)
        })?;
        let Some(prover) = &self.prover else {
            return Ok(made);
        };
        run.stage(Stage::Prove, |run| {
            let Some(takes) = explored(prover, &made, run)? else {
                return self.proven(prover, dossier, lesson.as_ref(), made, run);
            };
            let (recipe, chosen) = (made.recipe.clone(), made.chosen.clone());
            let mut brief = self.maker.brief(dossier, &recipe, &chosen);
            brief.takes = Some(&takes);
            let lesson = self.maker.teacher().begin(brief)?;
            let made =
                self.maker
                    .written(dossier, &recipe, &chosen, lesson.as_ref(), made.outline)?;
            write_json(folder, "findings.json", &hashes.all, &made.findings)?;
            folder.write(
                "draft.ipynb",
                &hashes.all,
                made.notebook.to_json().as_bytes(),
            )?;
            self.proven(prover, dossier, lesson.as_ref(), made, run)
        })
    }

    /// Executes the notebook. A cell that failed goes back to the teacher, a bounded number of
    /// times; faults that are not the notebook's do not.
    fn proven(
        &self,
        prover: &Prover,
        dossier: &Dossier,
        lesson: &dyn Lesson,
        mut made: Made,
        run: &Stages<'_>,
    ) -> Result<Made, Failure> {
        let tell = |step: Step| run.fraction(Stage::Prove, step.fraction, &step.message);
        let mut repairs = 0;
        loop {
            let mut proven = prover.prove(&made.notebook, made.starts(), &tell)?;
            proven.proof.first_variant = made.repairs + repairs == 0;
            let failed = failed_section(&made, &proven.proof);
            let mut sections = made.sections.clone();
            let again = match failed {
                Some((section, evidence)) if repairs < PROOFS => {
                    make::simpler(lesson, &made.outline, &mut sections, &section, &[evidence])?
                }
                _ => false,
            };
            if !again {
                made.proven = Some(proven);
                made.repairs += repairs;
                return Ok(made);
            }
            repairs += 1;
            let (recipe, chosen, outline) = (
                made.recipe.clone(),
                made.chosen.clone(),
                made.outline.clone(),
            );
            let simpler = self
                .maker
                .finish(dossier, &recipe, &chosen, lesson, outline, sections)?;
            if !simpler.starts() {
                // What was left out is needed elsewhere: the notebook with its fault says more.
                made.proven = Some(proven);
                made.repairs += repairs - 1;
                return Ok(made);
            }
            made = simpler;
        }
    }
}

/// The lesson that finds out by itself what a model takes.
const EXPLORING: &str = "transformers";
/// What its error begins with when nothing fitted.
const IN_VAIN: &str = "No kind of input fits";

/// What the model takes, where the lesson has to find out: its cells up to the first call are
/// executed once, before the lesson is written as it will be read.
fn explored(prover: &Prover, made: &Made, run: &Stages<'_>) -> Result<Option<Takes>, Failure> {
    let hello = made.notebook.cells.iter().position(|cell| {
        let tags = cell.metadata.get("tags").and_then(|tags| tags.as_array());
        tags.is_some_and(|tags| tags.iter().any(|tag| tag == "hello"))
    });
    let (EXPLORING, Some(hello)) = (made.chosen.lesson.as_str(), hello) else {
        return Ok(None);
    };
    let mut notebook = made.notebook.clone();
    notebook.cells.truncate(hello + 1);
    let tell = |step: Step| run.fraction(Stage::Prove, step.fraction / 4.0, &step.message);
    let proven = prover.explore(&notebook, &tell)?;
    let texts = proven.outputs.values().flat_map(|(_, outputs)| outputs);
    let found = texts.map(written).find_map(|text| Takes::read(&text));
    let in_vain = proven.proof.cells.iter().any(|cell| {
        let error = cell.error.as_ref();
        error.is_some_and(|error| error.message.starts_with(IN_VAIN))
    });
    let of_twin = || proven.proof.twins.iter().find_map(Takes::of_twin);
    Ok(found.or_else(|| in_vain.then(of_twin).flatten()))
}

/// What an output says as plain text; Jupyter writes it as one string or as a list of lines.
fn written(output: &serde_json::Value) -> String {
    match &output["text"] {
        serde_json::Value::Array(lines) => lines.iter().filter_map(|line| line.as_str()).collect(),
        text => text.as_str().unwrap_or_default().to_owned(),
    }
}

/// How often a notebook is executed again after a repair.
const PROOFS: usize = 3;

/// The section of the cell that failed, with the evidence against it, when the fault is the
/// notebook's own.
fn failed_section(made: &Made, proof: &Proof) -> Option<(String, Evidence)> {
    let cause = proof
        .causes
        .iter()
        .find(|cause| cause.blame == Blame::Notebook && cause.cell.is_some())?;
    let cell = made.notebook.cells.get(cause.cell?)?;
    let section = cell.metadata.get("alacard")?["section"]
        .as_str()?
        .to_owned();
    let written = made.sections.iter().find(|one| one.id == section)?;
    let evidence = Evidence {
        cell: cause.cell?,
        message: cause.message.clone(),
        place: written
            .cells
            .iter()
            .position(|one| one.source == cell.source),
    };
    Some((section, evidence))
}

fn sections(
    lesson: &dyn Lesson,
    outline: &Outline,
    hashes: &Hashes,
    folder: &mut Folder,
    run: &mut Stages<'_>,
) -> Result<Vec<Section>, Failure> {
    let mut sections = Vec::with_capacity(outline.sections.len());
    for (index, plan) in outline.sections.iter().enumerate() {
        let name = format!(
            "sections/{:02}-{}.json",
            index + 1,
            plan.id.replace(['.', '~'], "-")
        );
        run.progress(
            Stage::Sections,
            index,
            outline.sections.len(),
            &plan.heading(),
        );
        sections.push(run.keep(folder, Stage::Sections, &name, &hashes.all, || {
            Ok(lesson.section(outline, plan)?)
        })?);
    }
    Ok(sections)
}

/// Hashes that name a run and tell whether an artifact is still good.
#[derive(Debug, Clone)]
pub(crate) struct Hashes {
    /// Of the recipe, the model's id and its sha: the run's name.
    pub(crate) recipe: String,
    /// Of the whole dossier.
    pub(crate) dossier: String,
    /// Of everything that goes into a lesson, this program's version included.
    pub(crate) all: String,
}

impl Hashes {
    fn of(dossier: &Dossier, recipe: &Recipe) -> Self {
        let sha = dossier.sha.as_ref().map(|fact| &fact.value);
        let json = |value: &serde_json::Value| folder::sha256(value.to_string().as_bytes());
        let recipe_hash =
            json(&serde_json::json!({"recipe": recipe, "id": dossier.id, "sha": sha}));
        let dossier = folder::sha256(&serde_json::to_vec(dossier).unwrap_or_default());
        let version = env!("CARGO_PKG_VERSION");
        let all = json(&serde_json::json!([
            recipe_hash,
            dossier,
            version,
            alacard_catalog::FINGERPRINT
        ]));
        Self {
            recipe: recipe_hash,
            dossier,
            all,
        }
    }
}

/// Runs stages: events, times, interruption.
pub(crate) struct Stages<'a> {
    pub(crate) sink: &'a dyn Sink,
    clock: Arc<dyn Clock>,
    cancelled: Arc<AtomicBool>,
    pub(crate) started_at: Duration,
    pub(crate) seconds: BTreeMap<Stage, f64>,
    pub(crate) reused: Vec<Stage>,
}

impl<'a> Stages<'a> {
    fn new(pipeline: &Pipeline, sink: &'a dyn Sink) -> Self {
        Self {
            sink,
            clock: Arc::clone(&pipeline.clock),
            cancelled: Arc::clone(&pipeline.cancelled),
            started_at: pipeline.clock.now(),
            seconds: BTreeMap::new(),
            reused: Vec::new(),
        }
    }

    /// Runs one stage between its two events.
    pub(crate) fn stage<T>(
        &mut self,
        stage: Stage,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        self.sink.event(&Event::Started { stage });
        let began = self.clock.now();
        let result = work(self)?;
        let seconds = self.clock.now().saturating_sub(began).as_secs_f64();
        self.seconds.insert(stage, seconds);
        let reused = self.reused.contains(&stage);
        self.sink.event(&Event::Finished {
            stage,
            seconds,
            reused,
        });
        Ok(result)
    }

    fn progress(&self, stage: Stage, done: usize, of: usize, message: &str) {
        self.fraction(stage, done as f64 / of.max(1) as f64, message);
    }

    fn fraction(&self, stage: Stage, fraction: f64, message: &str) {
        self.sink.event(&Event::Progress {
            stage,
            fraction,
            message: message.to_owned(),
        });
    }

    /// An artifact of an earlier run with equal inputs, else a new one, written.
    fn keep<T: Serialize + DeserializeOwned>(
        &mut self,
        folder: &mut Folder,
        stage: Stage,
        name: &str,
        inputs: &str,
        make: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let left = folder.reusable(name, inputs);
        if let Some(kept) = left.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            if !self.reused.contains(&stage) {
                self.reused.push(stage);
            }
            return Ok(kept);
        }
        let made = make()?;
        write_json(folder, name, inputs, &made)?;
        Ok(made)
    }

    /// The time now as RFC 3339 in UTC, to the second.
    pub(crate) fn now(&self) -> String {
        rfc3339(self.clock.now())
    }
}

/// A time since 1970 as RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339(time: Duration) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or_default();
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}

/// Writes a value as readable JSON with a newline at the end.
pub(crate) fn write_json<T: Serialize>(
    folder: &mut Folder,
    name: &str,
    inputs: &str,
    value: &T,
) -> Result<(), Failure> {
    folder.write(name, inputs, pretty(value).as_bytes())
}

/// Readable JSON with a newline at the end.
pub(crate) fn pretty<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
