//! From what was executed to the record of it.

use std::collections::BTreeMap;

use alacard_notebook::{CellKind, Notebook};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::endpoint::is_endpoint;
use super::execution::{Execution, Job};
use super::{Proven, Prover};
use crate::causes::{self, Ground, Lack};
use crate::judge;
use crate::proof::{Cause, CellState, Ended, Level, Proof, ProvenCell};
use crate::twins::Twin;
use crate::wire::{CellReport, RanReport};

/// What a proof on real weights says of the device.
const ON_CPU: &str =
    "The models' own weights were executed on the CPU; a GPU is not shown to the sandbox.";

impl Prover {
    pub(super) fn not_executed(&self, notebook: &Notebook, cause: Cause) -> Proven {
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

    /// What the execution shows.
    pub(super) fn judged(&self, job: &Job<'_>, execution: Execution, starts: bool) -> Proven {
        let mut proof = self.described(job, &execution);
        let outputs = execution
            .cells
            .iter()
            .map(|cell| (cell.index, (cell.execution_count, cell.outputs.clone())));
        let outputs = outputs.collect();
        proof.cells = cells(job, execution.cells);
        match execution.ran {
            Some(ran) => explain(&mut proof, job, &execution.twins, execution.lacking, ran),
            None => proof
                .causes
                .extend(execution.lacking.into_iter().map(|lack| lack.cause)),
        }
        decide(&mut proof, starts);
        Proven {
            proof,
            lock: Some(job.prepared.environment.lock.text()),
            outputs,
        }
    }

    /// The proof before anything is judged: in what, on what, and what was done differently.
    fn described(&self, job: &Job<'_>, execution: &Execution) -> Proof {
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
        let notes = used.filter_map(|twin| twin.blueprint.note.clone());
        proof.not_exercised.extend(notes);
        let notes = job.needs.notes.iter().chain(&job.prepared.notes);
        proof.not_exercised.extend(notes.cloned());
        proof
    }
}

/// Why the run ended as it did, and what of it does not count.
fn explain(
    proof: &mut Proof,
    job: &Job<'_>,
    twins: &[Twin],
    mut lacking: Vec<Lack>,
    ran: RanReport,
) {
    let is_answer = |request: &Value| {
        request["status"]
            .as_u64()
            .is_some_and(|status| status < 400)
    };
    let served = ran.endpoint.iter().any(is_answer);
    if !is_endpoint(job.notebook) {
        // What is named and never asked for explains nothing.
        let asked = |lack: &Lack| {
            ran.missing
                .iter()
                .any(|id| id.eq_ignore_ascii_case(&lack.address))
        };
        lacking.retain(asked);
    }
    let (caught, unreached) = judge::judge(job.notebook, &mut proof.cells, served);
    proof.not_exercised.extend(unreached);
    let used = |wanted: fn(&Twin) -> bool| {
        let twins = twins
            .iter()
            .filter(|twin| wanted(twin) && twin.is_used(&ran.served));
        twins.map(|twin| twin.blueprint.id.as_str()).collect()
    };
    let ground = Ground {
        lacking: &lacking,
        datasets: used(Twin::is_made_up),
        broken: used(Twin::is_broken),
        shell: &job.needs.shell,
    };
    proof
        .causes
        .extend(causes::of_run(&proof.cells, &ran, &ground));
    proof.causes.extend(caught);
    note_run(proof, ran);
}

/// The three verdicts.
fn decide(proof: &mut Proof, starts: bool) {
    let finished = proof.ended == Some(Ended::Finished);
    proof.starts = starts;
    proof.runs = finished
        && proof.causes.is_empty()
        && proof.cells.iter().all(|cell| cell.state == CellState::Ok);
    if proof.runs {
        proof.causes.extend(causes::nothing_proven(&proof.cells));
        proof.proves = proof.causes.is_empty();
    }
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
