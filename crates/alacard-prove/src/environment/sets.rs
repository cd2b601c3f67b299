//! The environment that serves the built-in lessons.

use std::collections::BTreeSet;

use alacard_catalog::{Catalog, CatalogError};

/// What the sets have in common.
const COMMON: &[&str] = &[
    "huggingface_hub",
    "ipywidgets",
    "matplotlib",
    "numpy",
    "pandas",
    "pillow",
];

/// Packages of the built-in lessons by library. Left out are those that stand apart from the
/// version table, and those that need a compiler (`llama-cpp-python`).
pub const SETS: &[(&str, &[&str])] = &[
    (
        "transformers",
        &[
            "accelerate",
            "num2words",
            "protobuf",
            "sacremoses",
            "scikit-learn",
            "sentencepiece",
            "soundfile",
            "torch",
            "torchvision",
            "transformers",
            "datasets",
        ],
    ),
    (
        "sentence-transformers",
        &[
            "scikit-learn",
            "sentence-transformers",
            "torch",
            "transformers",
        ],
    ),
    (
        "diffusers",
        &[
            "accelerate",
            "diffusers",
            "peft",
            "protobuf",
            "sentencepiece",
            "torch",
            "transformers",
        ],
    ),
    ("timm", &["timm", "torch", "torchvision"]),
    ("peft", &["accelerate", "peft", "torch", "transformers"]),
    ("endpoint", &["httpx", "openai", "soundfile"]),
    (
        "ui",
        &[
            "fastapi",
            "gradio",
            "httpx",
            "python-multipart",
            "streamlit",
            "uvicorn",
        ],
    ),
];

/// The pinned requirements of the named sets, or of all sets when none is named. Unknown names
/// come back as the error.
///
/// # Errors
///
/// [`CatalogError`] when the version table cannot be read.
pub fn warm_requirements(
    catalog: &Catalog,
    names: &[String],
) -> Result<Result<Vec<String>, String>, CatalogError> {
    let known = |name: &String| SETS.iter().any(|(id, _)| id == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Ok(Err(unknown.clone()));
    }
    let wanted = SETS
        .iter()
        .filter(|(id, _)| names.is_empty() || names.iter().any(|name| name == id));
    let packages: BTreeSet<&str> = wanted
        .flat_map(|(_, packages)| packages.iter())
        .chain(COMMON)
        .copied()
        .chain(["ipykernel"])
        .collect();
    Ok(Ok(catalog.versions()?.requirements(packages)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_pinned_by_the_catalogue() {
        let catalog = Catalog::builtin();
        let all = warm_requirements(&catalog, &[]).unwrap().unwrap();
        assert!(
            all.iter().all(|requirement| requirement.contains("==")),
            "{all:?}"
        );
        let table = &catalog.versions().unwrap().packages;
        for (id, packages) in SETS {
            for package in *packages {
                assert!(table.contains_key(*package), "{id}: {package}");
            }
        }
        assert_eq!(
            warm_requirements(&catalog, &["nothing".to_owned()]).unwrap(),
            Err("nothing".to_owned())
        );
    }
}
