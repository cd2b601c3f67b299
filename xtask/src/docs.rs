//! Pages that are generated from the code, and compared with what is committed.

use anyhow::{Result, bail};

use crate::shell;

/// Writes the pages, or only compares them.
pub(crate) fn run(check: bool) -> Result<()> {
    let pages = [("docs/rules.md", alacard_check::rules_markdown())];
    for (name, text) in pages {
        let path = shell::root().join(name);
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        if there == text {
            continue;
        }
        if check {
            bail!("{name} is not what the code says: run `cargo xtask docs`");
        }
        std::fs::create_dir_all(shell::root().join("docs"))?;
        std::fs::write(&path, text)?;
        println!("wrote {name}");
    }
    Ok(())
}
