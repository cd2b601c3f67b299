//! `validation.md`: what the checks and the proof say, for people.

use std::fmt::Write as _;

use alacard_check::Severity;
use alacard_hub::dossier::Dossier;

use crate::Made;
use crate::proven::proof_report;

/// The report as Markdown.
pub(crate) fn markdown(dossier: &Dossier, made: &Made) -> String {
    let mut text = format!(
        "# Validation of “{}”\n\n",
        made.outline.title.replace(['\n', '<', '>'], " ")
    );
    verdicts(&mut text, made);
    facts(&mut text, dossier, made);
    if let Some(proven) = &made.proven {
        text.push('\n');
        text.push_str(&proof_report(&proven.proof));
    }
    findings(&mut text, made);
    text
}

fn verdicts(text: &mut String, made: &Made) {
    let starts = if made.starts() { "yes" } else { "no" };
    let _ = writeln!(text, "| Question | Answer |\n| --- | --- |");
    let _ = writeln!(
        text,
        "| Starts (valid, parses, names and imports known) | {starts} |"
    );
    let _ = writeln!(
        text,
        "| Runs (every cell executed without error) | {} |",
        verdict(made.verdict(|proof| proof.runs))
    );
    let _ = writeln!(
        text,
        "| Proves (real inference, its assertion held) | {} |",
        verdict(made.verdict(|proof| proof.proves))
    );
}

fn verdict(answer: Option<bool>) -> &'static str {
    match answer {
        None => "not proven yet",
        Some(true) => "yes",
        Some(false) => "no",
    }
}

fn facts(text: &mut String, dossier: &Dossier, made: &Made) {
    let sha = dossier
        .sha
        .as_ref()
        .map_or("not known", |fact| fact.value.as_str());
    let _ = writeln!(
        text,
        "\nModel `{}`, commit {sha}.",
        dossier.id.as_ref().unwrap_or(&dossier.name)
    );
    let _ = writeln!(
        text,
        "Route `{}`: {}.",
        made.chosen.route.as_str(),
        made.chosen.reason
    );
    for notice in &dossier.notices {
        let _ = writeln!(text, "- {}: {}", notice.id, notice.message);
    }
}

fn findings(text: &mut String, made: &Made) {
    let _ = writeln!(text, "\n## Findings\n");
    if made.findings.is_empty() {
        let _ = writeln!(text, "None.");
    }
    for finding in &made.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let cell = finding.cell.map_or_else(
            || "notebook".to_owned(),
            |cell| format!("cell {}", cell + 1),
        );
        let _ = writeln!(
            text,
            "- **{severity}** `{}`, {cell}: {}",
            finding.rule, finding.message
        );
        if let Some(hint) = &finding.hint {
            let _ = writeln!(text, "  - {hint}");
        }
    }
}
