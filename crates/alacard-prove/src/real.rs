//! The models' own weights in the place of twins: fetched outside of the sandbox, served inside
//! it by the same server under the same id, read-only.

use std::path::{Path, PathBuf};

use alacard_hub::dossier::Dossier;
use alacard_hub::{Downloaded, Hub, Refusal, Source, Wanted, build};
use serde_json::{Value, json};

use crate::needs::ModelRef;
use crate::plan;
use crate::proof::{Blame, Cause};
use crate::twins::Twin;

/// Memory of a run beside its weights, in MB: the kernel, what it computes.
const BESIDE_MB: u64 = 300;
/// Bytes in a MB.
const MB: u64 = 1 << 20;
/// Deepest row of adapters on adapters that is followed.
const MAX_BASES: usize = 3;

/// Where models' own weights come from.
pub(crate) struct Reals<'a> {
    hub: &'a Hub,
    root: PathBuf,
    memory_mb: u64,
    tell: &'a dyn Fn(&str),
}

impl<'a> Reals<'a> {
    /// Weights below a cache folder, for runs with this much memory.
    pub(crate) fn new(hub: &'a Hub, cache: &Path, memory_mb: u64, tell: &'a dyn Fn(&str)) -> Self {
        Self {
            hub,
            root: cache.join("real"),
            memory_mb,
            tell,
        }
    }

    /// A model with its weights, after the model that it sits on; what is in `have` already is
    /// not fetched again. The weights of all must fit into the memory of the run.
    pub(crate) fn get(&self, model: &ModelRef, have: &[Twin]) -> Result<Vec<Twin>, Cause> {
        let mut chain = Vec::new();
        let mut next = Some(model.clone());
        while let Some(model) = next.take() {
            let known = |twin: &Twin| twin.blueprint.id.eq_ignore_ascii_case(&model.id);
            if have.iter().chain(&chain).any(known) || chain.len() > MAX_BASES {
                break;
            }
            let together: Vec<&Twin> = have.iter().chain(&chain).collect();
            let real = self.one(&model, &together)?;
            next = real.blueprint.base.as_deref().map(plan::asked);
            chain.push(real);
        }
        chain.reverse();
        Ok(chain)
    }

    fn one(&self, model: &ModelRef, have: &[&Twin]) -> Result<Twin, Cause> {
        let others: u64 = have.iter().map(|twin| weight_bytes(&twin.about)).sum();
        let source = Source::Hub {
            id: model.id.clone(),
            revision: model.revision.clone(),
        };
        let dossier = self.hub.dossier(&source, None).ok();
        let estimate = dossier.as_ref().and_then(estimate).unwrap_or(0);
        self.check_memory(model, others, estimate)?;
        let found = self.fetch(model).map_err(|refusal| no_weights(&refusal))?;
        let actual: u64 = found.weights().filter_map(|file| file.size).sum();
        self.check_memory(model, others, actual)?;
        let dossier = dossier.or_else(|| Some(build(&local(self.hub, &found)?)));
        Ok(real(model, &found, dossier.as_ref()))
    }

    fn fetch(&self, model: &ModelRef) -> Result<Downloaded, Refusal> {
        let wanted = Wanted {
            id: &model.id,
            revision: model.revision.as_deref(),
            file: model.file.as_deref(),
            into: &self.root,
        };
        self.hub.download(&wanted, &|done, of| {
            let id = &model.id;
            (self.tell)(&format!(
                "downloading {id}: {} of {} MB",
                done / MB,
                of / MB
            ));
        })
    }

    /// Refuses what would only end in an out-of-memory kill.
    fn check_memory(&self, model: &ModelRef, others: u64, bytes: u64) -> Result<(), Cause> {
        let needed = needed_mb(others.saturating_add(bytes));
        if needed <= self.memory_mb {
            return Ok(());
        }
        Err(Cause {
            reason: "out-of-memory".to_owned(),
            blame: Blame::Environment,
            cell: None,
            message: format!(
                "The weights of `{}` need about {needed} MB, the limit is {} MB.",
                model.id, self.memory_mb
            ),
            hint: Some(format!(
                "Raise `--memory` to {needed} or more on a machine that has it, or leave out `--real`."
            )),
        })
    }
}

/// Memory for weights of so many bytes, in MB: a fifth more while they are loaded.
fn needed_mb(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 5).div_ceil(MB) + BESIDE_MB
}

/// Bytes of the weights, as far as they are known before the weights are here.
fn estimate(dossier: &Dossier) -> Option<u64> {
    let on_disk = dossier.weight_bytes.as_ref().map(|fact| fact.value);
    on_disk.or(dossier.memory.as_ref().map(|memory| memory.bf16))
}

fn weight_bytes(about: &Value) -> u64 {
    about["weight_bytes"].as_u64().unwrap_or(0)
}

/// What the files themselves tell, when nobody else does.
fn local(hub: &Hub, found: &Downloaded) -> Option<alacard_hub::Material> {
    hub.read(&Source::Folder(found.folder.clone()), None).ok()
}

/// The model as the sandbox gets it.
fn real(model: &ModelRef, found: &Downloaded, dossier: Option<&Dossier>) -> Twin {
    let blueprint = plan::of_real(model, found.sha.as_deref(), dossier);
    let weights: Vec<&str> = found.weights().map(|file| file.path.as_str()).collect();
    let bytes: u64 = found.weights().filter_map(|file| file.size).sum();
    let about = json!({
        "repo": model.id,
        "sha": blueprint.sha,
        "library": blueprint.library,
        "level": "real",
        "class": dossier.and_then(|d| d.architecture.as_ref()).map(|fact| &fact.value),
        "parameters": dossier.and_then(|d| d.parameters.as_ref()).map(|fact| fact.value),
        "bytes": found.bytes,
        "weight_bytes": bytes,
        "weights": weights,
    });
    Twin {
        blueprint,
        files: found.folder.clone(),
        about,
        shown: Some(found.root.clone()),
        _held: None,
    }
}

fn no_weights(refusal: &Refusal) -> Cause {
    Cause {
        reason: "no-weights".to_owned(),
        blame: Blame::Environment,
        cell: None,
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_the_weights_and_some_more() {
        assert_eq!(needed_mb(0), BESIDE_MB);
        assert_eq!(needed_mb(10 * 1000 * MB), 12_000 + BESIDE_MB);
        assert!(needed_mb(u64::MAX) > 1 << 40);
    }
}
