//! From what a notebook needs to what is wanted of an environment.

use std::collections::{BTreeMap, BTreeSet};

use alacard_catalog::Versions;

use super::{Needed, Origin};
use crate::environment::{Requirement, Wish, normalised};

/// Packages for hardware that a proof does not use. They are tried, and left out when they cannot
/// be had.
const ACCELERATORS: &[&str] = &[
    "apex",
    "auto-gptq",
    "autoawq",
    "bitsandbytes",
    "causal-conv1d",
    "cupy-cuda12x",
    "deepspeed",
    "exllamav2",
    "flash-attn",
    "gptqmodel",
    "hqq",
    "liger-kernel",
    "mamba-ssm",
    "nvidia-ml-py",
    "optimum-intel",
    "pynvml",
    "tensorrt",
    "triton",
    "unsloth",
    "vllm",
    "xformers",
];

/// Packages that notebooks of anybody take for granted beside another one, because the places where
/// they are written bring them: without, `Trainer` or a tokenizer ends in an ImportError. They are
/// optional.
const COMPANIONS: &[(&str, &[&str])] = &[
    (
        "transformers",
        &["torch", "accelerate", "sentencepiece", "protobuf"],
    ),
    ("diffusers", &["torch", "transformers", "accelerate"]),
    ("datasets", &["pillow"]),
    ("evaluate", &["scikit-learn"]),
];

/// What is wanted for these requirements.
pub(crate) fn of(requirements: &[Needed], table: &Versions) -> Wish {
    let mut maker = Maker {
        spelling: table
            .packages
            .keys()
            .map(|name| (normalised(name), name.clone()))
            .collect(),
        table,
        open: BTreeSet::from(["ipykernel".to_owned()]),
        wish: Wish::default(),
    };
    for needed in requirements {
        maker.add(needed);
    }
    maker.add_companions(requirements);
    maker.wish.added = maker
        .table
        .requirements(maker.open.iter().map(String::as_str));
    maker.wish
}

struct Maker<'a> {
    table: &'a Versions,
    /// The table's spelling by normalised name.
    spelling: BTreeMap<String, String>,
    /// Names without a version that the table knows.
    open: BTreeSet<String>,
    wish: Wish,
}

impl Maker<'_> {
    /// Not for notebooks that say themselves what they need, as ours do in their metadata.
    fn add_companions(&mut self, requirements: &[Needed]) {
        if requirements
            .iter()
            .any(|needed| needed.origin == Origin::Metadata)
        {
            return;
        }
        let parsed = requirements
            .iter()
            .filter_map(|needed| Requirement::parse(&needed.text));
        let present: BTreeSet<String> = parsed.map(|requirement| requirement.key()).collect();
        let wanted = COMPANIONS
            .iter()
            .filter(|(package, _)| present.contains(*package));
        for companion in wanted.flat_map(|(_, companions)| companions.iter()) {
            let known = self
                .spelling
                .get(*companion)
                .filter(|_| !present.contains(*companion));
            if let Some(name) = known {
                self.open.insert(name.clone());
                self.wish.optional.insert((*companion).to_owned());
            }
        }
    }

    fn add(&mut self, needed: &Needed) {
        let Some(requirement) = Requirement::parse(&needed.text) else {
            return;
        };
        let key = requirement.key();
        if matches!(needed.origin, Origin::Import { .. }) || ACCELERATORS.contains(&key.as_str()) {
            self.wish.optional.insert(key.clone());
        }
        let known = self.known(&key, &requirement.name);
        if requirement.is_open()
            && requirement.marker.is_none()
            && let Some(name) = known
        {
            self.open
                .insert(requirement.text().replacen(&requirement.name, &name, 1));
            return;
        }
        if let (Some(name), Some(_)) = (known, &requirement.address) {
            let releases = self.table.requirements([name.as_str()]);
            let release = releases.into_iter().find(|text| text.starts_with(&name));
            self.wish
                .instead
                .extend(release.map(|release| (needed.text.clone(), release)));
        }
        self.wish.own.push(needed.text.clone());
    }

    /// The name as the table spells it.
    fn known(&self, key: &str, written: &str) -> Option<String> {
        let spelled = self.spelling.get(key).cloned();
        spelled.or_else(|| self.table.knows(written).then(|| written.to_owned()))
    }
}
