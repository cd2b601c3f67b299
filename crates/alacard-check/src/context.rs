//! What the checks are told about the world around a notebook.

use std::collections::{BTreeMap, BTreeSet};

/// How a notebook is to be judged. The default suits any notebook of anybody.
///
/// ```
/// use alacard_check::{Context, Packages};
///
/// let context = Context {
///     packages: Packages::new([("transformers", "transformers==5.23.0"), ("PIL", "pillow==12.0.0")]),
///     ..Context::default()
/// };
/// assert_eq!(context.packages.requirement("PIL"), Some("pillow==12.0.0"));
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    /// Which imports the notebook's environment offers. Empty: unknown.
    pub packages: Packages,
    /// Whether the rules for Alacard's own lessons apply even without `metadata.alacard`.
    pub strict: bool,
    /// Code cells with more lines than this are noted.
    pub longest_cell: usize,
    /// Code lines with more characters than this are noted.
    pub longest_line: usize,
    /// Outputs of one cell larger than this many bytes are warned about.
    pub largest_output: usize,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            packages: Packages::default(),
            strict: false,
            longest_cell: 80,
            longest_line: 120,
            largest_output: 1_000_000,
        }
    }
}

impl Context {
    /// The default with the rules for Alacard's own lessons switched on.
    pub fn strict() -> Self {
        Self {
            strict: true,
            ..Self::default()
        }
    }
}

/// Import roots and the requirements that bring them.
#[derive(Debug, Clone, Default)]
pub struct Packages {
    by_root: BTreeMap<String, String>,
    pins: BTreeMap<String, String>,
}

impl Packages {
    /// From pairs of import root (`PIL`) and requirement (`pillow==12.0.0`).
    pub fn new<R: Into<String>, Q: Into<String>>(pairs: impl IntoIterator<Item = (R, Q)>) -> Self {
        let mut packages = Self::default();
        for (root, requirement) in pairs {
            packages.insert(root, requirement);
        }
        packages
    }

    /// Adds one import root.
    pub fn insert(&mut self, root: impl Into<String>, requirement: impl Into<String>) {
        let requirement = requirement.into();
        if let Some((name, version)) = requirement.split_once("==") {
            self.pins
                .insert(distribution(name), version.trim().to_owned());
        }
        self.by_root.insert(root.into(), requirement);
    }

    /// The requirement that brings an import root.
    pub fn requirement(&self, root: &str) -> Option<&str> {
        self.by_root.get(root).map(String::as_str)
    }

    /// The pinned version of a distribution, by its name in any spelling.
    pub fn pin(&self, name: &str) -> Option<&str> {
        self.pins.get(&distribution(name)).map(String::as_str)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.by_root.is_empty()
    }
}

/// A distribution's name as [`normalised`], extras dropped.
pub(crate) fn distribution(name: &str) -> String {
    normalised(name.split('[').next().unwrap_or_default().trim())
}

/// A distribution's name as the packaging standards compare it: lower case, runs of `-`, `_` and
/// `.` as one hyphen.
pub fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '_' | '.') {
            '-'
        } else {
            c.to_ascii_lowercase()
        };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}

/// Distributions whose import root is not their own name. Only the ones that notebooks use most;
/// a caller's [`Packages`] know more.
const ROOTS: &[(&str, &str)] = &[
    ("accelerate", "accelerate"),
    ("beautifulsoup4", "bs4"),
    ("attrs", "attr"),
    ("faiss-cpu", "faiss"),
    ("faiss-gpu", "faiss"),
    ("flagembedding", "FlagEmbedding"),
    ("gitpython", "git"),
    ("google-genai", "google"),
    ("google-generativeai", "google"),
    ("ipython", "IPython"),
    ("kokoro-onnx", "kokoro_onnx"),
    ("llama-cpp-python", "llama_cpp"),
    ("nemo-toolkit", "nemo"),
    ("open-clip-torch", "open_clip"),
    ("opencv-contrib-python", "cv2"),
    ("opencv-python", "cv2"),
    ("opencv-python-headless", "cv2"),
    ("pillow", "PIL"),
    ("protobuf", "google"),
    ("py-cpuinfo", "cpuinfo"),
    ("pyannote-audio", "pyannote"),
    ("pycryptodome", "Crypto"),
    ("pyjwt", "jwt"),
    ("pymupdf", "fitz"),
    ("python-dateutil", "dateutil"),
    ("python-docx", "docx"),
    ("python-dotenv", "dotenv"),
    ("python-multipart", "multipart"),
    ("pyyaml", "yaml"),
    ("pyserial", "serial"),
    ("pyzmq", "zmq"),
    ("scikit-image", "skimage"),
    ("scikit-learn", "sklearn"),
    ("segmentation-models-pytorch", "segmentation_models_pytorch"),
    ("setfit", "setfit"),
    ("speechbrain", "speechbrain"),
    ("stable-baselines3", "stable_baselines3"),
    ("tensorflow-cpu", "tensorflow"),
    ("umap-learn", "umap"),
    ("websocket-client", "websocket"),
];

/// The import roots that a distribution may bring, by name alone.
pub(crate) fn roots_of(name: &str) -> BTreeSet<String> {
    let name = distribution(name);
    let mut roots = BTreeSet::from([name.replace('-', "_")]);
    roots.extend(
        ROOTS
            .iter()
            .filter(|(d, _)| *d == name)
            .map(|(_, root)| (*root).to_owned()),
    );
    // Many projects are published as `python-x`, `pyx` or `x-python` and imported as `x`.
    for affix in ["python-", "py"] {
        if let Some(rest) = name.strip_prefix(affix) {
            roots.insert(rest.replace('-', "_"));
        }
    }
    if let Some(rest) = name.strip_suffix("-python") {
        roots.insert(rest.replace('-', "_"));
    }
    roots
}

/// Distributions that bring other import roots along, as these libraries have for years. Used
/// only where the notebook's lock is unknown.
pub(crate) const BRINGS: &[(&str, &[&str])] = &[
    (
        "accelerate",
        &["torch", "numpy", "huggingface_hub", "safetensors"],
    ),
    (
        "datasets",
        &[
            "numpy",
            "pandas",
            "pyarrow",
            "huggingface_hub",
            "fsspec",
            "tqdm",
            "requests",
        ],
    ),
    (
        "diffusers",
        &["numpy", "PIL", "huggingface_hub", "safetensors", "requests"],
    ),
    ("fastapi", &["pydantic", "starlette", "typing_extensions"]),
    (
        "gradio",
        &[
            "numpy",
            "pandas",
            "PIL",
            "fastapi",
            "uvicorn",
            "httpx",
            "huggingface_hub",
            "gradio_client",
            "pydantic",
        ],
    ),
    ("jupyter", &["IPython", "ipywidgets", "nbformat"]),
    ("matplotlib", &["numpy", "PIL"]),
    ("notebook", &["IPython"]),
    ("openai", &["httpx", "pydantic", "typing_extensions"]),
    ("pandas", &["numpy"]),
    (
        "peft",
        &[
            "torch",
            "transformers",
            "accelerate",
            "numpy",
            "huggingface_hub",
            "safetensors",
        ],
    ),
    ("scikit-learn", &["numpy", "scipy", "joblib"]),
    (
        "sentence-transformers",
        &[
            "torch",
            "transformers",
            "numpy",
            "scipy",
            "sklearn",
            "huggingface_hub",
            "PIL",
        ],
    ),
    ("streamlit", &["numpy", "pandas", "PIL", "requests"]),
    (
        "timm",
        &["torch", "torchvision", "huggingface_hub", "safetensors"],
    ),
    ("torchvision", &["torch", "numpy", "PIL"]),
    (
        "transformers",
        &[
            "numpy",
            "huggingface_hub",
            "tokenizers",
            "safetensors",
            "yaml",
            "requests",
            "tqdm",
        ],
    ),
];

/// Whether an import root belongs to Python's own library (of the notebook's target, 3.12).
pub fn is_stdlib(root: &str) -> bool {
    ruff_python_stdlib::sys::is_known_standard_library(12, root)
}
