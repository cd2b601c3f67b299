//! The page's own examples: chosen, cleaned, and only used when they call this model.

mod adapt;
mod usage;

use std::collections::BTreeSet;

use alacard_catalog::Catalog;
use alacard_catalog::route::usable_examples;
use alacard_check::{Context, Packages, Severity};
use alacard_hub::dossier::{CodeExample, Dossier};
use alacard_notebook::{Cell, Notebook};
use serde_json::{Value as Json, json};

use crate::{Brief, TeachError};

/// Most examples that a lesson shows.
const MOST: usize = 5;
/// Most examples of a page that are tried.
const TRIED: usize = 24;
/// Longest example that is shown, in lines.
const LONGEST: usize = 120;

/// What the notebook defines before the first example.
const PRELUDE: &str = "import os\nimport sys\nfrom importlib import metadata\nMODEL_ID = \"\"\nREVISION = \"\"\nSEED = 0\nDEVICE = \"cpu\"\nTRUST = False\nSAMPLE_IMAGE = \"\"\nSAMPLE_AUDIO = \"\"\n";

/// Examples that parse, resolve and call the model.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnExamples {
    /// Code of the examples up to and with the first call of the model.
    pub(crate) hello: Vec<Shown>,
    /// The examples after it.
    pub(crate) more: Vec<Shown>,
    /// Packages that their imports come from.
    pub(crate) packages: BTreeSet<String>,
    /// The call of the model in `hello`.
    pub(crate) call: usage::Call,
    /// Whether a picture, a sound or a device is needed.
    needs: adapt::Needs,
}

/// One example as it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    code: String,
    heading: String,
    line: usize,
    changes: Vec<String>,
}

impl OwnExamples {
    /// What templates see.
    pub(crate) fn view(&self) -> Json {
        let shown = |s: &Shown| json!({"code": s.code, "heading": s.heading, "line": s.line, "changes": s.changes});
        let changes: BTreeSet<&String> = self
            .hello
            .iter()
            .chain(&self.more)
            .flat_map(|s| &s.changes)
            .collect();
        json!({
            "hello": self.hello.iter().map(shown).collect::<Vec<_>>(),
            "more": self.more.iter().map(shown).collect::<Vec<_>>(),
            "changes": changes,
            "result": self.call.result, "call": self.call.source,
            "image": self.needs.image, "audio": self.needs.audio,
            "device": self.needs.device, "trust": self.needs.trust,
        })
    }
}

/// Chooses the examples of a page.
///
/// # Errors
///
/// [`TeachError::Unsuitable`] when no example of the page calls its model.
pub(crate) fn select(brief: &Brief<'_>) -> Result<OwnExamples, TeachError> {
    let mut chosen = OwnExamples::default();
    let mut accepted: Vec<Shown> = Vec::new();
    for example in usable_examples(brief.dossier).take(TRIED) {
        if accepted.len() == MOST || example.code.lines().count() > LONGEST {
            continue;
        }
        let Some(adapted) = adapt::adapt(&example.code, brief.dossier) else {
            continue;
        };
        let Some(packages) = packages(brief.catalog, &adapted.imports) else {
            continue;
        };
        let known = accepted.iter().any(|shown| shown.code == adapted.code);
        if known || !fits(&accepted, &adapted.code, &packages, brief.catalog) {
            continue;
        }
        chosen.needs.join(&adapted.needs);
        chosen.packages.extend(packages);
        accepted.push(shown(example, adapted));
    }
    // These libraries name no array library among their requirements, and need one to run.
    if ["transformers", "diffusers", "peft"]
        .iter()
        .any(|name| chosen.packages.contains(*name))
    {
        chosen.packages.insert("torch".to_owned());
    }
    if chosen.needs.image {
        chosen.packages.insert("pillow".to_owned());
    }
    split(chosen, accepted, brief.dossier)
}

fn shown(example: &CodeExample, adapted: adapt::Adapted) -> Shown {
    Shown {
        code: adapted.code,
        heading: example.headings.last().cloned().unwrap_or_default(),
        line: example.line,
        changes: adapted.changes,
    }
}

/// The accepted examples, cut after the first that calls the model.
fn split(
    mut chosen: OwnExamples,
    accepted: Vec<Shown>,
    dossier: &Dossier,
) -> Result<OwnExamples, TeachError> {
    let mut so_far = String::new();
    for (index, shown) in accepted.iter().enumerate() {
        so_far.push_str(&shown.code);
        so_far.push('\n');
        if let Some(call) = usage::call_of(&so_far, dossier) {
            chosen.call = call;
            chosen.hello = accepted.get(..=index).unwrap_or_default().to_vec();
            chosen.more = accepted.get(index + 1..).unwrap_or_default().to_vec();
            return Ok(chosen);
        }
    }
    Err(TeachError::Unsuitable(
        "no example of the page calls its model".to_owned(),
    ))
}

/// The packages of imports; nothing when one of them cannot be installed by name.
fn packages(catalog: &Catalog, imports: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let mut packages = BTreeSet::new();
    for import in imports
        .iter()
        .filter(|import| !alacard_check::is_stdlib(import))
    {
        packages.insert(catalog.package_of(import)?.to_owned());
    }
    let versions = catalog.versions().ok()?;
    packages
        .iter()
        .all(|package| versions.knows(package))
        .then_some(packages)
}

/// Whether an example can stand after those accepted before: no error in it, no unknown name.
fn fits(accepted: &[Shown], code: &str, packages: &BTreeSet<String>, catalog: &Catalog) -> bool {
    let mut trial = Notebook::new();
    trial.push(Cell::code(PRELUDE));
    for shown in accepted {
        trial.push(Cell::code(shown.code.clone()));
    }
    let own = trial.cells.len();
    trial.push(Cell::code(code));
    let pin = |package: &str| {
        let pinned = catalog
            .versions()
            .map(|versions| versions.requirements([package]).join(""));
        pinned.unwrap_or_else(|_| package.to_owned())
    };
    let brought = catalog
        .imports()
        .filter(|(_, package)| packages.contains(*package));
    let context = Context {
        packages: Packages::new(brought.map(|(root, package)| (root, pin(package)))),
        ..Context::strict()
    };
    !alacard_check::check(&trial, &context)
        .iter()
        .any(|finding| finding.cell == Some(own) && finding.severity == Severity::Error)
}
