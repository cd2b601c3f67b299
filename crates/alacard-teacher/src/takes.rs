//! What a model was found to take.
//!
//! The lesson for models without one of their own tries inputs until the model accepts one. That is
//! done once, on the twin, before the lesson is written for the reader: what was found goes into
//! the templates, and the notebook asks no more questions. The finding comes out of the sandbox as
//! one line of output, from code that may be anybody's, so everything in it is checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the line begins with; JSON follows.
const MARK: &str = "Found: ";

/// Kinds of input, as `offers` of the lesson calls them.
const KINDS: [&str; 13] = [
    "text and image",
    "text and video",
    "text and audio",
    "words in boxes",
    "image",
    "image and box",
    "image and rough mask",
    "image and example",
    "two images",
    "video",
    "audio",
    "text",
    MADE_UP,
];

/// The kind that needs no processor.
const MADE_UP: &str = "made-up tensors";

/// Classes of transformers that prepare inputs, by what they prepare.
const HELPERS: [&str; 5] = ["all", "text", "images", "videos", "audio"];

/// Types of number of made-up tensors.
const TYPES: [&str; 3] = ["bool", "float32", "int64"];

/// Sizes beyond this are no tensors of a lesson.
const LARGEST: u64 = 1 << 24;

/// One tensor that was made up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeUp {
    /// Its size in each direction.
    pub shape: Vec<u64>,
    /// The type of its numbers, as torch names it.
    pub dtype: String,
    /// Its largest number, rounded down.
    pub high: i64,
    /// What a row of tokens consists of: a token and how often it follows itself. Empty where any
    /// numbers will do.
    #[serde(default)]
    pub runs: Vec<(i64, u64)>,
    /// The row as a Python list.
    #[serde(default, skip_deserializing)]
    pub row: String,
}

impl MadeUp {
    fn is_sound(&self) -> bool {
        let row: Option<u64> = self
            .runs
            .iter()
            .try_fold(0u64, |sum, (_, count)| sum.checked_add(*count));
        TYPES.contains(&self.dtype.as_str())
            && size_of(&self.shape).is_some_and(|size| size <= LARGEST)
            && (self.runs.is_empty()
                || (self.shape.first() == Some(&1) && row == size_of(&self.shape)))
    }

    /// Single tokens side by side, repeated ones as a product: `[7] * 256 + [11, 12]`.
    fn written(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for singles in self.runs.chunk_by(|a, b| a.1 == 1 && b.1 == 1) {
            let tokens: Vec<String> = singles.iter().map(|(token, _)| token.to_string()).collect();
            let list = format!("[{}]", tokens.join(", "));
            parts.push(match singles {
                [(_, count)] if *count > 1 => format!("{list} * {count}"),
                _ => list,
            });
        }
        parts.join(" + ")
    }
}

/// What a model was found to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Takes {
    /// The kind of input.
    pub kind: String,
    /// Whether `generate` is called instead of the model itself.
    pub generate: bool,
    /// Whether the model goes on with text that can be read.
    pub writes: bool,
    /// What prepares the inputs: one for all, or parts.
    pub helpers: Vec<String>,
    /// Whether one helper prepares everything.
    pub whole: bool,
    /// Whether a conversation is prepared by a chat template.
    pub chat: bool,
    /// Whether the image processor would look for words by itself.
    pub ocr: bool,
    /// The word that says in the text where a picture or a sound belongs; empty without one.
    pub place: String,
    /// Samples a second of a sound.
    pub rate: u32,
    /// Pictures of a film.
    pub frames: u32,
    /// Made-up tensors by argument.
    pub tensors: BTreeMap<String, MadeUp>,
    /// Kinds that were refused, with the reason.
    pub refused: BTreeMap<String, String>,
}

impl Takes {
    /// Reads the finding from what a cell wrote; none without a line of it, or when anything in
    /// it is not what the lesson writes.
    pub fn read(output: &str) -> Option<Self> {
        let line = output.lines().find_map(|line| line.strip_prefix(MARK))?;
        let takes: Self = serde_json::from_str(line).ok()?;
        takes.is_sound().then_some(takes)
    }

    /// Takes the tensors that a twin was run with when it was made, where the lesson itself found
    /// nothing that fits; `about` is what its maker tells.
    pub fn of_twin(about: &Value) -> Option<Self> {
        let mut tensors: BTreeMap<String, MadeUp> =
            serde_json::from_value(about["inputs"].clone()).ok()?;
        for made in tensors.values_mut() {
            made.row = made.written();
        }
        let method = about["ran"].as_str()?;
        let takes = Self {
            kind: MADE_UP.to_owned(),
            generate: method == "generate",
            writes: false,
            helpers: Vec::new(),
            whole: false,
            chat: false,
            ocr: false,
            place: String::new(),
            rate: 16_000,
            frames: 8,
            tensors,
            refused: BTreeMap::new(),
        };
        (takes.is_sound() && !takes.tensors.is_empty()).then_some(takes)
    }

    fn is_sound(&self) -> bool {
        let known = |list: &[&str], word: &String| list.contains(&word.as_str());
        let tensor = |(name, made): (&String, &MadeUp)| is_name(name) && made.is_sound();
        let prepared = self.kind == MADE_UP || !self.helpers.is_empty();
        known(&KINDS, &self.kind)
            && prepared
            && self.helpers.iter().all(|helper| known(&HELPERS, helper))
            && self.refused.keys().all(|kind| known(&KINDS, kind))
            && self.tensors.iter().all(tensor)
            && (1..=1_000_000).contains(&self.rate)
            && (1..=256).contains(&self.frames)
            && self.place.len() <= 64
    }
}

/// How many numbers a tensor has; none when the product is beyond all bounds.
fn size_of(shape: &[u64]) -> Option<u64> {
    shape
        .iter()
        .try_fold(1u64, |all, size| all.checked_mul(*size))
}

fn is_name(word: &str) -> bool {
    !word.starts_with(|first: char| first.is_ascii_digit())
        && !word.is_empty()
        && word
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"kind": "image", "generate": false, "writes": false, "helpers": ["all"],
        "whole": true, "chat": false, "ocr": false, "place": "", "rate": 16000, "frames": 8,
        "tensors": {"pixel_values": {"shape": [1, 3, 8, 8], "dtype": "float32", "high": 3}},
        "refused": {"text and image": "ValueError: no"}}"#;

    fn read(line: &str) -> Option<Takes> {
        Takes::read(&format!(
            "Device: cpu\nFound: {}\nmore",
            line.replace('\n', " ")
        ))
    }

    #[test]
    fn a_finding_is_read_from_among_other_lines() {
        let takes = read(LINE).unwrap();
        assert_eq!((takes.kind.as_str(), takes.whole), ("image", true));
        assert_eq!(takes.tensors["pixel_values"].shape, [1, 3, 8, 8]);
        assert_eq!(Takes::read("Device: cpu"), None);
    }

    #[test]
    fn what_a_twin_was_run_with_is_a_last_resort() {
        let mut about = serde_json::json!({"ran": "forward", "inputs": {
            "input_ids": {"shape": [1, 259], "dtype": "int64", "high": 9, "runs": [[9, 256], [4, 1], [5, 1], [6, 1]]},
            "state": {"shape": [1, 32], "dtype": "float32", "high": 2},
        }});
        let takes = Takes::of_twin(&about).unwrap();
        assert_eq!(takes.tensors["input_ids"].row, "[9] * 256 + [4, 5, 6]");
        assert_eq!((takes.kind.as_str(), takes.generate), (MADE_UP, false));
        about["inputs"]["input_ids"]["runs"] = serde_json::json!([[9, 300]]);
        assert_eq!(
            Takes::of_twin(&about),
            None,
            "more tokens than the shape has"
        );
        about["inputs"] = serde_json::json!({});
        assert_eq!(Takes::of_twin(&about), None);
    }

    #[test]
    fn what_the_lesson_would_not_write_is_not_believed() {
        for (there, instead) in [
            ("\"kind\": \"image\"", "\"kind\": \"image\\nimport os\""),
            ("[\"all\"]", "[\"all\", \"os.system\"]"),
            ("[\"all\"]", "[]"),
            ("pixel_values", "pixel_values=print(1)"),
            ("float32", "float32, device=exit()"),
            ("[1, 3, 8, 8]", "[4096, 4096, 4096]"),
            ("[1, 3, 8, 8]", "[18446744073709551615, 2]"),
            ("\"rate\": 16000", "\"rate\": 0"),
            ("\"ocr\"", "\"unknown\""),
        ] {
            let line = LINE.replace(there, instead);
            assert_ne!(line, LINE);
            assert_eq!(read(&line), None, "{instead}");
        }
    }
}
