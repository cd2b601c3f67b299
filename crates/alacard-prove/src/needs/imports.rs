//! Packages that imports come from.

use std::collections::{BTreeMap, BTreeSet};

use alacard_catalog::Catalog;
use alacard_check::is_stdlib;
use alacard_python::import_lines;

use super::{Needed, Needs, Origin, Read};
use crate::environment::normalised;

/// Modules of the place where a notebook runs.
const PROVIDED: &[&str] = &[
    "google.colab",
    "kaggle_secrets",
    "kaggle_web_client",
    "kaggle_datasets",
    "dbutils",
];

/// Families of distributions that bring the same module: any of them will do.
const FAMILIES: &[(&str, &str)] = &[
    ("cv2", "opencv-"),
    ("faiss", "faiss-"),
    ("tensorflow", "tensorflow"),
    ("onnxruntime", "onnxruntime"),
    ("PIL", "pillow"),
    ("cupy", "cupy"),
    ("triton", "triton"),
    ("jax", "jax"),
];

/// Adds the packages of imports that nothing installs.
pub(crate) fn add(
    needs: &mut Needs,
    cells: &[Read<'_>],
    catalog: &Catalog,
    written: &BTreeMap<String, String>,
) {
    let installed = needs.packages();
    let mut seen = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for (cell, module) in imported(cells) {
        let root = module.split('.').next().unwrap_or_default().to_owned();
        needs.imports.insert(root.clone());
        if is_stdlib(&root) || is_provided(&module) || is_written(&root, written) {
            continue;
        }
        match package_of(catalog, &module) {
            Some(package) => {
                if seen.insert(normalised(&package)) && !is_installed(&root, &package, &installed) {
                    needs.requirements.push(Needed {
                        text: package,
                        origin: Origin::Import { cell, module },
                    });
                }
            }
            None if installed.contains(&normalised(&root)) => {}
            None => {
                unknown.insert(root);
            }
        }
    }
    for root in unknown {
        needs.notes.push(format!("no package is known for `import {root}`; it works if something that is installed brings it"));
    }
}

fn imported(cells: &[Read<'_>]) -> Vec<(usize, String)> {
    let of = |read: &Read<'_>| {
        let found = read.module().map(import_lines).unwrap_or_default();
        let index = read.index;
        found
            .into_iter()
            .map(move |import| (index, import.module))
            .collect::<Vec<_>>()
    };
    cells.iter().flat_map(of).collect()
}

fn is_provided(module: &str) -> bool {
    PROVIDED.iter().any(|name| {
        module == *name
            || module
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Whether a `%%writefile` cell writes the module.
fn is_written(root: &str, written: &BTreeMap<String, String>) -> bool {
    let file = format!("{root}.py");
    let folder = format!("{root}/");
    written
        .keys()
        .any(|name| *name == file || name.starts_with(&folder))
}

/// The package of the longest part of a module's name that the catalogue knows.
fn package_of(catalog: &Catalog, module: &str) -> Option<String> {
    let mut name = module;
    loop {
        if let Some(package) = catalog.package_of(name) {
            return (!package.contains("://")).then(|| package.to_owned());
        }
        name = name.rsplit_once('.')?.0;
    }
}

fn is_installed(root: &str, package: &str, installed: &BTreeSet<String>) -> bool {
    let key = normalised(package.split('[').next().unwrap_or(package));
    let family = FAMILIES
        .iter()
        .find(|(module, _)| *module == root)
        .map(|(_, prefix)| *prefix);
    installed.contains(&key)
        || installed.contains(&normalised(root))
        || family.is_some_and(|prefix| installed.iter().any(|name| name.starts_with(prefix)))
}
