//! Names that stand for one string.

use std::collections::BTreeMap;

use alacard_python::{calls, parse_module, top_level};

use super::Read;

/// String constants of the top level. The value that a name has in a cell is the last one that was
/// given to it there or before.
#[derive(Default)]
pub(crate) struct Constants {
    /// By name: cell and value, in the order of the notebook.
    values: BTreeMap<String, Vec<(usize, String)>>,
}

impl Constants {
    pub(crate) fn read(cells: &[Read<'_>]) -> Self {
        let mut found = Self::default();
        for read in cells {
            let Some(module) = read.module() else {
                continue;
            };
            for statement in top_level(module) {
                let Some(source) = &statement.value else {
                    continue;
                };
                if let Some(value) = found.string(source, read.index) {
                    for target in statement.targets {
                        found
                            .values
                            .entry(target)
                            .or_default()
                            .push((read.index, value.clone()));
                    }
                }
            }
        }
        found
    }

    /// The string that an expression stands for in a cell: a literal, a name, or a variable of the
    /// environment with a default.
    pub(crate) fn string(&self, source: &str, cell: usize) -> Option<String> {
        if source.len() > 4000 {
            return None;
        }
        if alacard_python::is_identifier(source) {
            return self.of_name(source, cell).map(str::to_owned);
        }
        if !source.contains(['"', '\'']) {
            return None;
        }
        // A literal is read as the argument of a call, which the parser gives back as text.
        let module = parse_module(&format!("x({source})")).ok()?;
        let found = calls(&module);
        let call = found.first()?;
        if let [only] = call.arguments.as_slice()
            && let Some(text) = &only.text
        {
            return Some(text.clone());
        }
        let inner = found.get(1)?;
        let reads = matches!(
            inner.function.as_str(),
            "os.environ.get" | "os.getenv" | "environ.get" | "getenv"
        );
        let alone =
            call.arguments.len() == 1 && call.arguments.first()?.value.start == inner.callee.start;
        (reads && alone).then(|| inner.arguments.get(1)?.text.clone())?
    }

    fn of_name(&self, name: &str, cell: usize) -> Option<&str> {
        let values = self.values.get(name)?;
        let before = values.iter().rev().find(|(at, _)| *at <= cell);
        before
            .or_else(|| values.first())
            .map(|(_, value)| value.as_str())
    }
}
