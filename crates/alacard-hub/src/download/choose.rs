//! Which files of a repository are needed: one copy of the weights, and everything else.

/// Ends of the names of files with weights.
const WEIGHTS: [&str; 15] = [
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".gguf",
    ".h5",
    ".msgpack",
    ".onnx",
    ".onnx_data",
    ".ot",
    ".tflite",
    ".nemo",
    ".keras",
    ".npz",
];
/// Formats that PyTorch reads itself.
const NATIVE: [&str; 5] = [".safetensors", ".bin", ".pt", ".pth", ".ckpt"];
/// Formats of other libraries: copies, where PyTorch has its own.
const FOREIGN: [&str; 7] = [
    ".h5",
    ".msgpack",
    ".onnx",
    ".onnx_data",
    ".ot",
    ".tflite",
    ".keras",
];
/// Folders that hold such copies.
const FOREIGN_FOLDERS: [&str; 4] = ["onnx", "openvino", "coreml", "original"];
/// What training leaves behind.
const TRAINING: [&str; 6] = [
    "training_args.bin",
    "optimizer.pt",
    "optimizer.bin",
    "scheduler.pt",
    "rng_state.pth",
    "scaler.pt",
];
/// The quantised copy that is usually recommended.
const USUAL_GGUF: &str = "q4_k_m";

/// Whether a file holds weights, by its name.
pub(super) fn is_weight(path: &str) -> bool {
    has_end(path, &WEIGHTS) && !TRAINING.contains(&name(path))
}

/// The files that are needed, given all of them with their sizes.
pub(super) fn chosen<'a>(all: &[(&'a str, u64)], file: Option<&str>) -> Vec<&'a str> {
    let view = View::of(all, file);
    all.iter()
        .map(|(path, _)| *path)
        .filter(|path| view.needs(path))
        .collect()
}

/// What decides about each file.
struct View<'a> {
    /// Folders with safetensors.
    safe: Vec<&'a str>,
    /// Whether there is anything that PyTorch reads.
    native: bool,
    /// Whether it is a pipeline of components in folders.
    pipeline: bool,
    /// Whether the Hub's usual names stand at the top.
    usual: bool,
    /// The GGUF file that is read, without the number of its part.
    gguf: Option<&'a str>,
    /// The file that somebody asks for.
    file: Option<&'a str>,
}

impl<'a> View<'a> {
    fn of(all: &[(&'a str, u64)], file: Option<&str>) -> Self {
        let paths = || all.iter().map(|(path, _)| *path);
        let native = paths().any(|path| has_end(path, &NATIVE) && is_weight(path));
        Self {
            safe: paths()
                .filter(|path| path.ends_with(".safetensors"))
                .map(folder)
                .collect(),
            native,
            pipeline: paths().any(|path| path == "model_index.json"),
            usual: paths()
                .any(|path| path == "model.safetensors.index.json" || path == "model.safetensors"),
            gguf: gguf(all, native, file),
            file: file.and_then(|file| paths().find(|path| matches(path, file))),
        }
    }

    fn needs(&self, path: &str) -> bool {
        if self.file == Some(path) {
            return true;
        }
        let top = path.split('/').next().unwrap_or_default();
        if top.starts_with("checkpoint-") || TRAINING.contains(&name(path)) {
            return false;
        }
        if path.ends_with(".gguf") {
            return self.gguf.is_some_and(|chosen| stem(path) == chosen);
        }
        let at_top = folder(path).is_empty();
        let foreign = has_end(path, &FOREIGN)
            || FOREIGN_FOLDERS.contains(&top)
            || path.contains(".mlpackage/");
        let copy = (self.native && foreign)
            || (has_end(path, &NATIVE[1..]) && self.safe.contains(&folder(path)))
            || (self.pipeline && at_top && is_weight(path))
            || (self.usual && at_top && name(path).starts_with("consolidated"));
        !copy
    }
}

/// The one GGUF file that is read: the one asked for; without other weights the usual one, else
/// the smallest.
fn gguf<'a>(all: &[(&'a str, u64)], native: bool, file: Option<&str>) -> Option<&'a str> {
    let files = || all.iter().filter(|(path, _)| path.ends_with(".gguf"));
    let asked = file.and_then(|file| files().find(|(path, _)| matches(path, file)));
    let usual = || files().find(|(path, _)| path.to_ascii_lowercase().contains(USUAL_GGUF));
    let smallest = || {
        files()
            .filter(|(path, _)| !name(path).to_ascii_lowercase().starts_with("mmproj"))
            .min_by_key(|(_, size)| *size)
    };
    let fallback = || (!native).then(|| usual().or_else(smallest)).flatten();
    asked.or_else(fallback).map(|(path, _)| stem(path))
}

/// A name without the number of its part: `x-00001-of-00003.gguf` is one of `x`.
fn stem(path: &str) -> &str {
    let whole = path.strip_suffix(".gguf").unwrap_or(path);
    let part = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    match whole.rsplit_once("-of-") {
        Some((rest, count)) if part(count) => match rest.rsplit_once('-') {
            Some((stem, number)) if part(number) => stem,
            _ => whole,
        },
        _ => whole,
    }
}

/// Whether a path, or its last name, is what a pattern says; `*` stands for any text.
fn matches(path: &str, pattern: &str) -> bool {
    fits(path, pattern) || fits(name(path), pattern)
}

fn fits(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return text == pattern;
    };
    let Some(mut left) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

fn has_end(path: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| path.ends_with(end))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen_of<'a>(paths: &[&'a str], file: Option<&str>) -> Vec<&'a str> {
        let all: Vec<(&str, u64)> = paths
            .iter()
            .map(|path| (*path, path.len() as u64))
            .collect();
        chosen(&all, file)
    }

    #[test]
    fn one_format_of_the_weights() {
        let paths = [
            "README.md",
            "config.json",
            "flax_model.msgpack",
            "model.safetensors",
            "onnx/config.json",
            "onnx/model.onnx",
            "openvino/openvino_model.bin",
            "pytorch_model.bin",
            "tf_model.h5",
            "training_args.bin",
            "vocab.txt",
        ];
        let needed = ["README.md", "config.json", "model.safetensors", "vocab.txt"];
        assert_eq!(chosen_of(&paths, None), needed);
        assert!(chosen_of(&paths, Some("onnx/model.onnx")).contains(&"onnx/model.onnx"));
    }

    #[test]
    fn a_folder_without_safetensors_keeps_its_own() {
        let paths = [
            "2_Dense/pytorch_model.bin",
            "model.safetensors",
            "pytorch_model.bin",
        ];
        assert_eq!(
            chosen_of(&paths, None),
            ["2_Dense/pytorch_model.bin", "model.safetensors"]
        );
        assert_eq!(
            chosen_of(&["a.onnx", "config.json"], None),
            ["a.onnx", "config.json"]
        );
    }

    #[test]
    fn a_pipeline_has_its_weights_in_folders() {
        let paths = [
            "big.safetensors",
            "model_index.json",
            "unet/x.bin",
            "unet/x.safetensors",
        ];
        assert_eq!(
            chosen_of(&paths, None),
            ["model_index.json", "unet/x.safetensors"]
        );
        assert!(chosen_of(&paths, Some("big.safetensors")).contains(&"big.safetensors"));
    }

    #[test]
    fn one_of_many_quantised_copies() {
        let paths = [
            "README.md",
            "a-Q2_K.gguf",
            "a-Q4_K_M.gguf",
            "a-Q8_0-00001-of-00002.gguf",
            "a-Q8_0-00002-of-00002.gguf",
        ];
        assert_eq!(chosen_of(&paths, None), ["README.md", "a-Q4_K_M.gguf"]);
        assert_eq!(
            chosen_of(&paths, Some("*Q2_K.gguf")),
            ["README.md", "a-Q2_K.gguf"]
        );
        assert_eq!(chosen_of(&paths, Some("*Q8_0*.gguf")).len(), 3);
    }

    #[test]
    fn patterns() {
        for (text, pattern) in [
            ("abc", "abc"),
            ("abc", "a*"),
            ("abc", "*c"),
            ("abc", "a*b*c"),
        ] {
            assert!(fits(text, pattern), "{pattern}");
        }
        for (text, pattern) in [("abc", "ab"), ("abc", "*b"), ("aXa", "a*Xa*Xa")] {
            assert!(!fits(text, pattern), "{pattern}");
        }
    }
}
