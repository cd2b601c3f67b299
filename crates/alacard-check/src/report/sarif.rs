//! SARIF 2.1.0, the format that code hosts and editors read.

use serde_json::{Value, json};

use crate::finding::{Finding, Severity};
use crate::rule::rules;

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The findings of several files as one SARIF log. The place of a finding is its cell, as a
/// logical location; lines are those of the cell and stand in its name, because a line of a cell
/// is no line of the file.
pub fn sarif(files: &[(String, Vec<Finding>)]) -> Value {
    let rules_of_tool: Vec<Value> = rules()
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.sentence},
                "help": {"text": if rule.hint.is_empty() { rule.sentence } else { rule.hint }},
                "defaultConfiguration": {"level": level(rule.severity)},
            })
        })
        .collect();
    let results: Vec<Value> = files
        .iter()
        .flat_map(|(path, findings)| findings.iter().map(move |f| result(path, f)))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "alacard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules_of_tool,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(path: &str, finding: &Finding) -> Value {
    let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": uri(path)}}});
    if let Some(cell) = finding.cell {
        let line = finding
            .line
            .map(|l| format!(" line {l}"))
            .unwrap_or_default();
        let name = finding.cell_id.clone().unwrap_or_default();
        location["logicalLocations"] = json!([{
            "name": name,
            "fullyQualifiedName": format!("cell {}{line}", cell + 1),
            "kind": "member",
        }]);
    }
    let mut message = finding.message.clone();
    if let Some(hint) = &finding.hint {
        message = format!("{message}. Hint: {hint}");
    }
    let index = rules().iter().position(|r| r.id == finding.rule);
    json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": message},
        "locations": [location],
        "properties": {"cell": finding.cell, "line": finding.line, "section": finding.section, "fixable": finding.fixable},
    })
}

/// A path as a URI reference: separators forward, everything unusual percent-encoded.
fn uri(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'~');
    path.replace('\\', "/")
        .bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
