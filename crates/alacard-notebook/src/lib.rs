//! The notebook document: nbformat 4.5, read and written the way Python's `nbformat` does.
//!
//! A [`Notebook`] is a list of [`Cell`]s and metadata. [`Notebook::read`] accepts anything that
//! is a version 4 notebook; [`Notebook::to_json`] writes the canonical bytes: keys sorted, one
//! space of indentation, sources as lists of lines, a newline at the end. The same document
//! gives the same bytes, and they are the bytes that `nbformat.write` would produce.
//!
//! ```
//! use alacard_notebook::{Cell, Notebook};
//!
//! let mut notebook = Notebook::new();
//! notebook.push(Cell::markdown("# Hello"));
//! notebook.push(Cell::code("print('hello')"));
//! let bytes = notebook.to_json();
//! assert_eq!(Notebook::read(bytes.as_bytes()).unwrap(), notebook);
//! ```

mod cell;
mod lines;
mod number;
mod read;
mod write;

pub use cell::{Cell, CellKind};
pub use read::ReadError;

use serde_json::{Map, Value};

/// The `nbformat` and `nbformat_minor` that this crate writes.
pub const FORMAT: (u64, u64) = (4, 5);

/// A Jupyter notebook, version 4.
#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    /// The cells, in the order in which they are read and run.
    pub cells: Vec<Cell>,
    /// Everything under the top-level `metadata` key.
    pub metadata: Map<String, Value>,
    /// The minor version found when reading (5 for a new notebook).
    pub minor: u64,
}

impl Default for Notebook {
    fn default() -> Self {
        Self::new()
    }
}

impl Notebook {
    /// An empty notebook for the `python3` kernel.
    pub fn new() -> Self {
        let metadata = serde_json::json!({
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {
                "file_extension": ".py", "mimetype": "text/x-python", "name": "python",
                "pygments_lexer": "ipython3",
            },
        });
        let Value::Object(metadata) = metadata else {
            unreachable!("the literal above is an object")
        };
        Self {
            cells: Vec::new(),
            metadata,
            minor: FORMAT.1,
        }
    }

    /// Appends a cell. A cell without an id gets one made from its position and content, so that
    /// equal notebooks have equal ids.
    pub fn push(&mut self, mut cell: Cell) {
        if cell.id.is_empty() {
            cell.id = cell.derived_id(self.cells.len());
        }
        self.cells.push(cell);
    }

    /// Reads a version 4 notebook. Cells without ids (before 4.5) get derived ones.
    ///
    /// # Errors
    ///
    /// [`ReadError`] says what is wrong with the bytes: not JSON, not a notebook, another version.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        read::read(bytes)
    }

    /// The canonical text of the notebook, with a newline at the end.
    pub fn to_json(&self) -> String {
        write::write(self)
    }

    /// The share of Markdown cells among all cells, from 0 to 1; 0 for a notebook without cells.
    pub fn markdown_share(&self) -> f64 {
        if self.cells.is_empty() {
            return 0.0;
        }
        let markdown = self
            .cells
            .iter()
            .filter(|c| c.kind == CellKind::Markdown)
            .count();
        markdown as f64 / self.cells.len() as f64
    }
}
