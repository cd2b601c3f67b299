//! Static checks for notebooks.
//!
//! [`check`] looks at a notebook with every rule of [`rules`] and returns [`Finding`]s; nothing is
//! run. Most rules suit any notebook of anybody. Some are the contract of Alacard's own lessons
//! and apply when the notebook has `metadata.alacard`, or when [`Context::strict`] is set.
//! [`fix`] mends what can be mended safely; [`render`] and [`sarif`] print.
//!
//! ```
//! use alacard_check::{Context, check, fix, starts};
//!
//! let mut notebook = alacard_check::example("%% code\n%pip install numpy>=2.0")?;
//! let findings = check(&notebook, &Context::default());
//! assert!(findings.iter().any(|f| f.rule == "pip-redirect"));
//! assert!(starts(&findings));
//!
//! fix(&mut notebook, &Context::default());
//! assert_eq!(notebook.cells[0].source, "%pip install \"numpy>=2.0\"");
//! # Ok::<(), alacard_notebook::ReadError>(())
//! ```

mod check;
mod context;
mod example;
mod finding;
mod fix;
mod lesson;
mod report;
mod rule;
mod rules;
mod schema;

pub use check::{check, check_file};
pub use context::{Context, Packages, is_stdlib, normalised};
pub use example::example;
pub use finding::{Finding, Severity, has_errors, starts};
pub use fix::{Fixed, fix};
pub use report::docs::rules_markdown;
pub use report::sarif::sarif;
pub use report::text::{Style, render, summary};
pub use rule::{Rule, Strict, rules};
