//! GGUF files: which of them hold the model, and which one a lesson should use.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;

use super::sources::Sources;
use super::value;
use crate::dossier::{Fact, FileEntry, Gguf, GgufFile, Provenance};

/// Most files that are listed.
const MAX_FILES: usize = 200;
/// What a laptop with 16 GB can hold beside everything else, in bytes.
const LAPTOP: u64 = 12_000_000_000;
/// Quantisations in the order in which a lesson takes them: the usual 4-bit one first, then other
/// 4-bit ones, then 5 and 8 bits.
const ORDER: [&str; 17] = [
    "Q4_K_M", "Q4_K_S", "Q4_K_L", "Q4_0", "Q4_1", "IQ4_XS", "IQ4_NL", "Q4_K", "Q4", "MXFP4",
    "Q5_K_M", "Q5_K_S", "Q5_0", "Q5_1", "Q8_0", "Q6_K", "Q3_K_M",
];

/// A quantisation in a file name. `None` when the expression does not compile, which a test excludes.
static QUANT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    ascii_regex(r"(?i)(?:^|[-._/])((?:I?Q[1-8](?:_[0-9A-Z]+)*)|BF16|F16|F32|FP16|FP32|MXFP4|TQ[12]_0)(?:$|[-._/])").ok()
});
/// The number of a part of a split file.
static PART: LazyLock<Option<Regex>> =
    LazyLock::new(|| ascii_regex(r"-(\d{5})-of-\d{5}\.gguf$").ok());

/// The GGUF facts; `None` when there is no such file and the record knows of none.
pub(super) fn gguf(sources: &Sources<'_>) -> Option<Fact<Gguf>> {
    let mut files: Vec<GgufFile> = sources
        .files
        .iter()
        .flatten()
        .filter(|file| is_model(&file.path))
        .take(MAX_FILES)
        .map(described)
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let record = value::object(sources.api(&["gguf"]));
    if files.is_empty() && record.is_none() {
        return None;
    }
    let from = if files.is_empty() {
        Provenance::Api
    } else {
        Provenance::Files
    };
    let facts = Gguf {
        chosen: chosen(&files),
        files,
        architecture: record.and_then(|record| value::name(record.get("architecture"))),
        context_length: record.and_then(|record| value::count(record.get("context_length"))),
    };
    Some(sources.fact(facts, from))
}

/// A file with weights of the language model: no projector, no importance matrix, no later part.
fn is_model(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let other = ["mmproj", "imatrix", "mtp-", "-vocab"]
        .iter()
        .any(|word| lower.contains(word));
    lower.ends_with(".gguf") && !other && part(&lower).is_none_or(|number| number == 1)
}

/// Number of the part, for a split file.
fn part(lower: &str) -> Option<u32> {
    PART.as_ref()?
        .captures(lower)?
        .get(1)?
        .as_str()
        .parse()
        .ok()
}

fn described(file: &FileEntry) -> GgufFile {
    GgufFile {
        path: file.path.clone(),
        size: file.size,
        quant: quant(&file.path),
    }
}

/// The quantisation that the file's name tells; the last one, because names of models come first.
fn quant(path: &str) -> Option<String> {
    let path = path
        .strip_suffix(".gguf")
        .or_else(|| path.strip_suffix(".GGUF"))
        .unwrap_or(path);
    let mut from = 0;
    let mut found = None;
    // Neighbours share a separator, so each search begins at the end of the word before it.
    while let Some(word) = QUANT
        .as_ref()?
        .captures_at(path, from)
        .and_then(|captures| captures.get(1))
    {
        found = Some(word.as_str().to_ascii_uppercase());
        from = word.end();
    }
    found
}

/// The file for a lesson: by [`ORDER`], whole before split, if a laptop can hold it; else the
/// smallest whose size is known; else any that is known to be quantised.
fn chosen(files: &[GgufFile]) -> Option<String> {
    let place = |file: &GgufFile| {
        ORDER
            .iter()
            .position(|quant| Some(*quant) == file.quant.as_deref())
    };
    let fits = |file: &&GgufFile| file.size.is_none_or(|size| size <= LAPTOP);
    let ranked = files
        .iter()
        .filter(fits)
        .filter_map(|file| Some((place(file)?, part(&file.path).is_some(), file)));
    let best = ranked
        .min_by(|a, b| (a.0, a.1, &a.2.path).cmp(&(b.0, b.1, &b.2.path)))
        .map(|(_, _, file)| file);
    let smallest = || {
        files
            .iter()
            .filter(|file| file.size.is_some())
            .min_by_key(|file| file.size)
    };
    best.or_else(smallest)
        .or_else(|| {
            files
                .iter()
                .min_by_key(|file| place(file).unwrap_or(usize::MAX))
        })
        .map(|file| file.path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[(&str, Option<u64>)]) -> Vec<GgufFile> {
        let entry = |(path, size): &(&str, Option<u64>)| FileEntry {
            path: (*path).to_owned(),
            size: *size,
        };
        paths
            .iter()
            .map(entry)
            .filter(|file| is_model(&file.path))
            .map(|file| described(&file))
            .collect()
    }

    #[test]
    fn names_tell_quantisations() {
        assert_eq!(quant("a/model-7b.Q4_K_M.gguf").as_deref(), Some("Q4_K_M"));
        assert_eq!(
            quant("qwen2.5-0.5b-instruct-q5_k_m.gguf").as_deref(),
            Some("Q5_K_M")
        );
        assert_eq!(quant("ggml-model-f16.gguf").as_deref(), Some("F16"));
        assert_eq!(quant("model-IQ3_XXS.gguf").as_deref(), Some("IQ3_XXS"));
        assert_eq!(quant("model-f16-q4_0.gguf").as_deref(), Some("Q4_0"));
        assert_eq!(quant("Qwen.gguf"), None);
    }

    #[test]
    fn helpers_and_later_parts_are_no_models() {
        let found = files(&[
            ("mmproj-f16.gguf", None),
            ("x-00001-of-00002.gguf", None),
            ("x-00002-of-00002.gguf", None),
            ("imatrix.gguf", None),
        ]);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn the_four_bit_file_that_fits() {
        let small = files(&[
            ("a-Q8_0.gguf", Some(5)),
            ("a-Q4_K_M.gguf", Some(3)),
            ("a-Q2_K.gguf", Some(2)),
        ]);
        assert_eq!(chosen(&small).as_deref(), Some("a-Q4_K_M.gguf"));
        let large = files(&[
            ("a-Q4_K_M.gguf", Some(40_000_000_000)),
            ("a-Q2_K.gguf", Some(25_000_000_000)),
        ]);
        assert_eq!(chosen(&large).as_deref(), Some("a-Q2_K.gguf"));
        assert_eq!(
            chosen(&files(&[("a.gguf", None)])).as_deref(),
            Some("a.gguf")
        );
        assert_eq!(chosen(&[]), None);
    }
}
