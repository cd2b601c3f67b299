//! Models that are known by their name only: a family stands in for a configuration that is out
//! of reach.
//!
//! The table `data/families.txt` tells which names belong to which family. A twin of a family has
//! the right architecture with dimensions of another member, or the library's own defaults, and
//! the proof says so. A name that fits no family stays unknown.

use std::collections::BTreeMap;

use alacard_hub::dossier::Origin;
use alacard_hub::{Material, shelf};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../data/families.txt");

/// Words in names of files that are quantised in another format than the family's.
const OTHER_FORMATS: [&str; 5] = ["gguf", "gptq", "awq", "-onnx", "-mlx"];

/// What a name tells.
#[derive(Debug)]
pub(crate) struct Family {
    /// What is known about the family, as if it were this model's.
    pub(crate) material: Material,
    /// A sentence for the proof.
    pub(crate) note: String,
}

/// The family of a model, by its id.
pub(crate) fn of(id: &str) -> Option<Family> {
    let lower = id.to_ascii_lowercase().replace('_', "-");
    if OTHER_FORMATS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    lines().find_map(|(pattern, how)| fits(pattern, &lower).then(|| family(id, how))?)
}

/// Pattern and meaning of each line.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(char::is_whitespace))
        .map(|(pattern, how)| (pattern, how.trim()))
}

/// A pattern with a slash is compared with the whole id, any other with its last part. `*` stands
/// for any text.
fn fits(pattern: &str, id: &str) -> bool {
    let text = if pattern.contains('/') {
        id
    } else {
        id.rsplit('/').next().unwrap_or(id)
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// `like ID`: a model of the shelf. Else library, model type, class, task.
fn family(id: &str, how: &'static str) -> Option<Family> {
    let words: Vec<&str> = how.split_whitespace().collect();
    match words.as_slice() {
        ["like", known] => like(id, known),
        [library, kind, class, task] => Some(by_class(id, library, kind, class, task)),
        _ => None,
    }
}

fn like(id: &str, known: &str) -> Option<Family> {
    let mut material = shelf::material(known)?;
    if let Some(api) = material.api.as_mut() {
        api["id"] = json!(id);
    }
    material.id = Some(id.to_owned());
    let note = format!(
        "The configuration of `{id}` is out of reach; by its name it is built like `{known}`, and its twin is made from that."
    );
    Some(Family { material, note })
}

fn by_class(id: &str, library: &str, kind: &str, class: &str, task: &str) -> Family {
    let mut material = Material::empty(Origin::Shelf, id);
    material.id = Some(id.to_owned());
    let mut api = json!({"id": id, "library_name": library, "tags": []});
    if task != "-" {
        api["pipeline_tag"] = json!(task);
    }
    material.api = Some(api);
    material.configs =
        BTreeMap::from([("config.json".to_owned(), config(id, library, kind, class))]);
    let note = format!(
        "The configuration of `{id}` is out of reach; by its name it is a `{kind}`, and its twin has the library's own dimensions of that."
    );
    Family { material, note }
}

fn config(id: &str, library: &str, kind: &str, class: &str) -> Vec<u8> {
    let name = id.rsplit('/').next().unwrap_or(id);
    let config: Value = match library {
        // timm puts training after the dot of a name.
        "timm" => json!({"architecture": name.split('.').next().unwrap_or(name)}),
        _ => json!({"model_type": kind, "architectures": [class]}),
    };
    config.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_can_be_used() {
        for (pattern, how) in lines() {
            assert!(family("org/name", how).is_some(), "{pattern} {how}");
        }
    }

    #[test]
    fn a_pattern_is_a_name_with_gaps() {
        for (pattern, id, fit) in [
            ("bert-*", "bert-large-cased", true),
            ("bert-*", "org/bert-x", true),
            ("bert-*", "org/xbert-x", false),
            ("*-reranker-*", "org/bge-reranker-base", true),
            ("timm/*", "timm/resnet18.a1_in1k", true),
            ("timm/*", "org/timm", false),
            ("gpt2", "org/gpt2", true),
            ("gpt2", "org/gpt2-xl", false),
            ("a*b*c", "axbyc", true),
            ("a*b*c", "axcyb", false),
        ] {
            assert_eq!(fits(pattern, id), fit, "{pattern} {id}");
        }
    }

    #[test]
    fn a_name_of_a_family_tells_the_architecture_and_any_other_nothing() {
        for (id, word) in [
            ("microsoft/swin-tiny-patch4-window7-224", "swin"),
            ("bert-large-uncased", "google-bert/bert-base-uncased"),
            ("openai/clip-vit-base-patch16", "clip"),
            ("CompVis/stable-diffusion-v1-4", "stable-diffusion-v1-5"),
            ("HuggingFaceH4/zephyr-7b-beta", "mistral"),
            ("bigscience/bloomz-560m", "bloom"),
        ] {
            let family = of(id).unwrap();
            assert!(
                family.note.contains(word) && family.note.contains(id),
                "{}",
                family.note
            );
            assert_eq!(family.material.id.as_deref(), Some(id));
        }
        for unknown in [
            "somebody/my_awesome_model",
            "org/Mistral-7B-v0.1-GPTQ",
            "org/experiment-7",
            "x",
        ] {
            assert!(of(unknown).is_none(), "{unknown}");
        }
    }
}
