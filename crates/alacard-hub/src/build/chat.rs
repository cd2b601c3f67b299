//! Chat template and mask token.

use serde_json::Value;

use super::sources::Sources;
use super::value;
use crate::dossier::{ChatTemplate, Dossier, Fact, Origin, Provenance};

/// Files that may hold a tokenizer's or processor's template in a field of this name.
const FIELD_FILES: [&str; 3] = [
    "chat_template.json",
    "tokenizer_config.json",
    "processor_config.json",
];

/// Fills in what the tokenizer says.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.chat_template = chat_template(sources);
    dossier.mask_token = mask_token(sources);
}

/// The template: its own file wins over fields, files over the record.
fn chat_template(sources: &Sources<'_>) -> Option<Fact<ChatTemplate>> {
    if let Some(text) = sources.raw("chat_template.jinja") {
        return Some(sources.fact(described(&[&text])?, Provenance::Config));
    }
    let field = FIELD_FILES
        .iter()
        .find_map(|file| templates(sources.field(file, &["chat_template"])?));
    if let Some(template) = field {
        return Some(sources.fact(template, Provenance::Config));
    }
    const RECORD: [&[&str]; 5] = [
        &["config", "chat_template_jinja"],
        &["config", "tokenizer_config", "chat_template"],
        &["config", "processor_config", "chat_template"],
        &["config", "chat_template"],
        &["gguf", "chat_template"],
    ];
    let record = RECORD.iter().find_map(|path| templates(sources.api(path)?));
    record
        .map(|template| sources.fact(template, Provenance::Api))
        .or_else(|| on_shelf(sources))
}

/// The shelf knows that there is a template and what it can do, not its text.
fn on_shelf(sources: &Sources<'_>) -> Option<Fact<ChatTemplate>> {
    if sources.material.origin != Origin::Shelf {
        return None;
    }
    let known = sources.api(&["config", "chat_template_facts"])?;
    let flag = |key: &str| known.get(key).and_then(Value::as_bool);
    Some(sources.fact(
        ChatTemplate {
            chars: 0,
            tools: flag("tools") == Some(true),
            system: flag("system"),
        },
        Provenance::Shelf,
    ))
}

/// A template, or a list of templates with names; the first or the one called `default` counts,
/// but any of them may be the one for tools.
fn templates(value: &Value) -> Option<ChatTemplate> {
    match value {
        Value::String(text) => described(&[text]),
        Value::Array(list) => {
            let mut named: Vec<(&str, &str)> = list
                .iter()
                .take(20)
                .filter_map(|entry| {
                    Some((
                        entry.get("name")?.as_str()?,
                        entry.get("template")?.as_str()?,
                    ))
                })
                .collect();
            named.sort_by_key(|(name, _)| *name != "default");
            described(&named.into_iter().map(|(_, text)| text).collect::<Vec<_>>())
        }
        _ => None,
    }
}

/// What the words of the templates tell; the first is the one that is used.
fn described(texts: &[&str]) -> Option<ChatTemplate> {
    let first = texts.first().filter(|text| !text.trim().is_empty())?;
    Some(ChatTemplate {
        chars: first.chars().count(),
        tools: texts.iter().any(|text| has_word(text, "tools")),
        system: takes_system(first),
    })
}

/// Whether the template takes a system message: it says so, or it raises an error at one.
fn takes_system(text: &str) -> Option<bool> {
    let refuses = text.split("raise_exception").skip(1).any(|rest| {
        let message = rest.split(')').next().unwrap_or_default().to_lowercase();
        message.contains("system")
            && (message.contains("not supported") || message.contains("not support"))
    });
    if refuses {
        return Some(false);
    }
    (text.contains("'system'") || text.contains("\"system\"") || text.contains("system_message"))
        .then_some(true)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|part| part == word)
}

/// The mask token: of the record, else of the tokenizer's files; a string or a described token.
fn mask_token(sources: &Sources<'_>) -> Option<Fact<String>> {
    let token = |value: &Value| {
        value::line(
            value.as_str().or_else(|| value.get("content")?.as_str())?,
            40,
        )
    };
    if let Some(mask) = sources.api(&["mask_token"]).and_then(token) {
        return Some(sources.fact(mask, Provenance::Api));
    }
    let files = ["tokenizer_config.json", "special_tokens_map.json"]
        .iter()
        .find_map(|file| token(sources.field(file, &["mask_token"])?));
    if let Some(mask) = files {
        return Some(sources.fact(mask, Provenance::Config));
    }
    let copied = sources
        .api(&["config", "tokenizer_config", "mask_token"])
        .and_then(token)?;
    Some(sources.fact(copied, Provenance::Api))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_in_every_dress() {
        let one = templates(&json!(
            "{% if tools %}{% endif %}{{ raise_exception('System role not supported') }}"
        ))
        .unwrap();
        assert_eq!((one.tools, one.system), (true, Some(false)));
        let list = json!([{"name": "tool_use", "template": "{{ tools }}"}, {"name": "default", "template": "{{ x['role'] == 'system' }}"}]);
        let many = templates(&list).unwrap();
        assert_eq!(
            (many.chars, many.tools, many.system),
            (27, true, Some(true))
        );
        assert_eq!(templates(&json!(" ")), None);
        assert_eq!(templates(&json!({"a": 1})), None);
    }
}
