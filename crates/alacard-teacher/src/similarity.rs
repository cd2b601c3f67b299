//! How much code two lessons share: the measure behind "levels are different lessons".

use std::collections::BTreeSet;

use alacard_notebook::{CellKind, Notebook};

/// The share of normalised code statements that two notebooks have in common, from 0 to 1: common
/// distinct statements over the distinct statements of the smaller one.
pub fn shared_statements(one: &Notebook, other: &Notebook) -> f64 {
    let (one, other) = (statements(one), statements(other));
    let smaller = one.len().min(other.len());
    if smaller == 0 {
        return 0.0;
    }
    one.intersection(&other).count() as f64 / smaller as f64
}

fn statements(notebook: &Notebook) -> BTreeSet<String> {
    notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Code)
        .flat_map(|cell| alacard_python::statements(&cell.source))
        .collect()
}
