//! The library table's own code: how a model of a library without a lesson is loaded and called.

use alacard_catalog::Library;
use alacard_hub::dossier::Dossier;
use minijinja::context;
use minijinja::value::Value;
use serde_json::{Value as Json, json};

use super::render;
use crate::{Brief, TeachError};

/// Code and words for one library, for templates.
#[derive(Debug, Clone)]
pub(crate) struct Shelved {
    pub(crate) packages: Vec<String>,
    view: Json,
}

impl Shelved {
    /// What templates see as `lib`.
    pub(crate) fn view(&self) -> Json {
        self.view.clone()
    }
}

/// Fills the library's templates for a model.
///
/// # Errors
///
/// [`TeachError::Unsuitable`] when the library needs a file that the repository is not known to
/// have.
pub(crate) fn fill(brief: &Brief<'_>) -> Result<Shelved, TeachError> {
    let library = library(brief)?;
    let id = brief.dossier.id.as_ref().unwrap_or(&brief.dossier.name);
    let (file, choose) = match brief.dossier.files.is_some() || library.files.is_empty() {
        true => (known_file(library, brief.dossier)?, None),
        false => (
            Value::from_safe_string("FILE".to_owned()),
            Some(choice(&library.files)),
        ),
    };
    let context = context! { model => context! { id => id }, file => file.clone() };
    let code = |template: &str| render::python(template, &context);
    let load = code(&library.code_load)?;
    Ok(Shelved {
        packages: library.packages.clone(),
        view: json!({
            "title": library.title, "sentence": library.sentence, "hardware": library.hardware,
            "load": choose.map_or(load.clone(), |choose| format!("{choose}\n\n{load}")),
            "run": code(&library.code_run)?, "file": file.as_str().filter(|_| !file.is_safe()),
        }),
    })
}

/// The file that the library's code needs, by the list of files; none where it needs none.
fn known_file(library: &Library, dossier: &Dossier) -> Result<Value, TeachError> {
    if library.files.is_empty() {
        return Ok(Value::from(()));
    }
    file(library, dossier)
        .map(Value::from)
        .ok_or_else(|| unsuitable(library))
}

/// Code that chooses the file when the notebook runs, for a repository whose files are not known.
fn choice(patterns: &[String]) -> String {
    let patterns: Vec<String> = patterns
        .iter()
        .map(|pattern| alacard_python::literal(pattern))
        .collect();
    format!(
        "from fnmatch import fnmatch\n\nfrom huggingface_hub import list_repo_files\n\n\
         PATTERNS = [{}]\n\
         FILE = next(\n    name for pattern in PATTERNS for name in list_repo_files(MODEL_ID, revision=REVISION)\n    \
         if fnmatch(name, pattern)\n)\nprint(\"File:\", FILE)",
        patterns.join(", ")
    )
}

fn library<'a>(brief: &Brief<'a>) -> Result<&'a Library, TeachError> {
    let id = brief
        .dossier
        .library
        .as_ref()
        .map_or("", |fact| fact.value.as_str());
    let found = brief
        .catalog
        .library(id)
        .map_err(|error| TeachError::Unsuitable(error.to_string()))?;
    found.ok_or_else(|| TeachError::Unsuitable(format!("the library table has no `{id}`")))
}

fn unsuitable(library: &Library) -> TeachError {
    TeachError::Unsuitable(format!(
        "{} needs a file that the repository does not list",
        library.title
    ))
}

/// The first file that fits the first pattern that any file fits.
fn file(library: &Library, dossier: &Dossier) -> Option<String> {
    let files = dossier.files.as_ref()?;
    library.files.iter().find_map(|pattern| {
        files
            .iter()
            .find(|file| fits(pattern, &file.path))
            .map(|file| file.path.clone())
    })
}

/// Whether a name fits a pattern with at most one `*`, which stands for anything.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => {
            path.len() >= head.len() + tail.len() && path.starts_with(head) && path.ends_with(tail)
        }
        None => path == pattern || path.rsplit('/').next() == Some(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_have_one_star() {
        assert!(fits("*.zip", "ppo-LunarLander-v2.zip"));
        assert!(fits("model.bin", "weights/model.bin"));
        assert!(!fits("*.skops", "model.pkl"));
    }
}
