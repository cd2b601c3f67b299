//! What a lesson's `predict` takes and gives, in the words of its `io` attribute.
//!
//! `io="question:text, context:text -> labels"` means `predict(question, context)` with two
//! texts, answering with scores by label. UI components are built from this.

use serde_json::{Value as Json, json};

/// The inputs (name, kind, label) and the output kind, for templates.
pub(crate) fn describe(io: &str) -> Json {
    let (inputs, output) = io.split_once("->").unwrap_or((io, "text"));
    let inputs: Vec<Json> = inputs.split(',').filter_map(input).collect();
    json!({"inputs": inputs, "output": output.trim()})
}

fn input(text: &str) -> Option<Json> {
    let (name, kind) = text.trim().split_once(':')?;
    let label = name.replace('_', " ");
    Some(json!({"name": name, "kind": kind, "label": alacard_catalog::capitalised(&label)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_kinds() {
        let io = describe("question:text, the_image:image -> labels");
        assert_eq!(io["output"], "labels");
        assert_eq!(io["inputs"][1]["label"], "The image");
        assert_eq!(io["inputs"][0]["kind"], "text");
    }
}
