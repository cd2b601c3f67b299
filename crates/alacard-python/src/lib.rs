//! Python source as notebooks hold it: syntax, imports, IPython's own lines, literals.
//!
//! [`parse_cell`] reads a cell as IPython would, [`parse_module`] plain Python. Source that nests
//! too deep or is too long is refused before it is parsed, so hostile text costs little.
//!
//! ```
//! let cell = alacard_python::parse_cell("%pip install -q timm\nimport timm.data as data\n")?;
//! let module = cell.module().ok_or("not a Python cell")?;
//! assert!(alacard_python::imports(module).contains("timm"));
//! assert_eq!(alacard_python::shell_lines(&cell)[0].text, "pip install -q timm");
//! assert_eq!(alacard_python::literal("say \"hi\"\n"), r#""say \"hi\"\n""#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ascii;
mod calls;
mod cell;
mod escapes;
mod flow;
mod guard;
mod identifier;
mod imports;
mod literal;
mod module;
mod problem;
mod prompts;
mod shell;
mod statements;
mod substance;

pub use ascii::ascii_regex;
pub use calls::{Argument, CallSite, Statement, StringSite, bindings, calls, strings, top_level};
pub use cell::{Cell, parse_cell};
pub use escapes::{Escape, EscapeKind};
pub use flow::{Lines, TryBlock, asserts, tries};
pub use identifier::is_identifier;
pub use imports::{Import, import_lines, imports};
pub use literal::literal;
pub use module::{Module, parse_module};
pub use problem::SyntaxProblem;
pub use prompts::strip_prompts;
pub use shell::{ShellLine, shell_lines};
pub use statements::statements;
pub use substance::{Substance, substance};
