//! Pages that are generated from the code, and compared with what is committed.

use anyhow::{Context as _, Result, bail};

use crate::{gate, shell};

/// The page of which a part is generated, and the lines around that part.
const CONFIGURATION: &str = "docs/configuration.md";
const BEGIN: &str = "<!-- generated: alacard __settings -->\n";
const END: &str = "<!-- end of generated -->\n";

/// Writes the pages, or only compares them.
pub(crate) fn run(check: bool) -> Result<()> {
    let pages = [
        ("docs/rules.md", alacard_check::rules_markdown()),
        (CONFIGURATION, configuration()?),
    ];
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

/// The page about flags, variables and keys: its frame as it is, with the tables of today.
fn configuration() -> Result<String> {
    // The tables are printed by the program, which must therefore be that of the sources.
    gate::build()?;
    let tables = shell::output("target/debug/alacard", &["__settings"])?;
    let page = std::fs::read_to_string(shell::root().join(CONFIGURATION))?;
    let (before, rest) = page.split_once(BEGIN).with_context(|| lacks(BEGIN))?;
    let (_, after) = rest.split_once(END).with_context(|| lacks(END))?;
    Ok(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

fn lacks(line: &str) -> String {
    format!("{CONFIGURATION} lacks the line `{}`", line.trim_end())
}
