//! How large the model is: parameters, bytes on disk, memory.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources::Sources;
use super::value;
use crate::dossier::{Dossier, Fact, FileEntry, Memory, Provenance};

/// Fills in parameters, their types, bytes and memory. Needs the GGUF facts.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.dtypes = dtypes(sources);
    dossier.parameters = parameters(sources, dossier);
    dossier.weight_bytes = weight_bytes(sources, dossier);
    dossier.memory = dossier.parameters.as_ref().map(|fact| memory(fact.value));
}

/// Parameters by type, as the record counts them.
fn dtypes(sources: &Sources<'_>) -> BTreeMap<String, u64> {
    let counts = value::object(sources.api(&["safetensors", "parameters"]));
    let entry = |(name, count): (&String, &Value)| {
        Some((
            value::line(name, 20).filter(|name| value::is_slug(name))?,
            value::number(Some(count))?,
        ))
    };
    counts
        .into_iter()
        .flatten()
        .filter_map(entry)
        .take(32)
        .collect()
}

/// The record's own count; it is never computed from a name.
fn parameters(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<u64>> {
    let total = value::count(sources.api(&["safetensors", "total"]));
    let sum = || {
        dossier
            .dtypes
            .values()
            .try_fold(0u64, |sum, count| sum.checked_add(*count))
            .filter(|&sum| sum > 0)
    };
    let gguf = || value::count(sources.api(&["gguf", "total"]));
    Some(sources.fact(total.or_else(sum).or_else(gguf)?, Provenance::Api))
}

fn memory(parameters: u64) -> Memory {
    Memory {
        fp32: parameters.saturating_mul(4),
        bf16: parameters.saturating_mul(2),
        int4: parameters / 2,
    }
}

/// Bytes of the weights that a lesson loads: of one format, without copies in others.
fn weight_bytes(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<u64>> {
    if let Some(gguf) = &dossier.gguf {
        let chosen = gguf.value.chosen.as_deref();
        let size = gguf
            .value
            .files
            .iter()
            .find(|file| Some(file.path.as_str()) == chosen)?
            .size?;
        return Some(sources.fact(size, Provenance::Files));
    }
    if let Some(bytes) = sources.files.as_deref().and_then(one_format) {
        return Some(sources.fact(bytes, Provenance::Files));
    }
    let counted = dossier
        .dtypes
        .iter()
        .map(|(name, count)| Some(bits(name)?.checked_mul(*count)?.div_ceil(8)));
    let bytes = counted
        .collect::<Option<Vec<u64>>>()
        .filter(|parts| !parts.is_empty())?;
    Some(sources.fact(
        bytes.into_iter().fold(0, u64::saturating_add),
        Provenance::Api,
    ))
}

/// Bits of a value, by the names that safetensors gives its types.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F64" | "I64" | "U64" | "C64" => 64,
        "F32" | "I32" | "U32" => 32,
        "F16" | "BF16" | "I16" | "U16" => 16,
        "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "I8" | "U8" | "BOOL" => 8,
        "F4" => 4,
        _ => return None,
    })
}

/// The sizes of the first format that is there, when all of its files have one.
fn one_format(files: &[FileEntry]) -> Option<u64> {
    let pipeline = files.iter().any(|file| file.path == "model_index.json");
    [
        "safetensors",
        "bin",
        "pt",
        "pth",
        "h5",
        "onnx",
        "nemo",
        "keras",
        "ckpt",
    ]
    .iter()
    .find_map(|extension| {
        let loaded = |file: &&FileEntry| {
            file.path
                .rsplit_once('.')
                .is_some_and(|(_, end)| end == *extension)
                && is_loaded(&file.path, pipeline)
        };
        let sizes: Option<Vec<u64>> = files.iter().filter(loaded).map(|file| file.size).collect();
        sizes
            .filter(|sizes| !sizes.is_empty())
            .map(|sizes| sizes.into_iter().fold(0, u64::saturating_add))
    })
}

/// Whether a weight file is one of those that loading reads: of a pipeline those in its folders,
/// else those at the top; no second copies in another precision or format, no state of training.
fn is_loaded(path: &str, pipeline: bool) -> bool {
    let copies = [
        ".fp16.",
        ".bf16.",
        ".non_ema.",
        "consolidated",
        "training_args",
        "optimizer",
        "scheduler.",
        "rng_state",
    ];
    path.contains('/') == pipeline && !copies.iter().any(|word| path.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: Option<u64>) -> FileEntry {
        FileEntry {
            path: path.to_owned(),
            size,
        }
    }

    #[test]
    fn one_copy_of_the_weights_is_counted() {
        let files = [
            file("model.safetensors", Some(10)),
            file("pytorch_model.bin", Some(11)),
            file("consolidated.safetensors", Some(10)),
            file("onnx/model.onnx", Some(9)),
        ];
        assert_eq!(one_format(&files), Some(10));
        assert_eq!(one_format(&[file("model.safetensors", None)]), None);
        let pipeline = [
            file("model_index.json", Some(1)),
            file("unet/x.safetensors", Some(5)),
            file("unet/x.fp16.safetensors", Some(3)),
            file("all.safetensors", Some(9)),
        ];
        assert_eq!(one_format(&pipeline), Some(5));
    }

    #[test]
    fn memory_cannot_overflow() {
        assert_eq!(memory(u64::MAX).fp32, u64::MAX);
        assert_eq!(
            memory(10),
            Memory {
                fp32: 40,
                bf16: 20,
                int4: 5
            }
        );
    }
}
