//! What is known about one model at one commit, and where each fact came from.
//!
//! Nothing in a [`Dossier`] is guessed: an unknown fact is `None` (`null` in the file), and a
//! sentence that would need it is not written. Text from the page stays untrusted data for ever.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the dossier's JSON shape.
pub const SCHEMA_VERSION: u32 = 1;

/// Where a fact was read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// The Hub's API record of the model.
    Api,
    /// A configuration file of the repository (`config.json`, `tokenizer_config.json`, …).
    Config,
    /// The model card: its front matter or its text.
    Card,
    /// The list of files.
    Files,
    /// Source code of a repository (later).
    Repo,
    /// The facts about popular models that are built in.
    Shelf,
}

/// A value and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact<T> {
    /// The value itself.
    pub value: T,
    /// Where it was read.
    pub from: Provenance,
}

impl<T> Fact<T> {
    /// A fact with its provenance.
    pub fn new(value: T, from: Provenance) -> Self {
        Self { value, from }
    }
}

/// Where the facts of this dossier were read, as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A folder that stands in for the Hub (`--hub-dir`).
    HubDir,
    /// The cache on disk, fresh.
    Cache,
    /// The cache on disk, because the Hub did not answer.
    Stale,
    /// The Hub itself.
    Hub,
    /// The built-in shelf.
    Shelf,
    /// A folder with a card or a configuration.
    Folder,
    /// A Markdown file.
    File,
    /// Text on standard input.
    Text,
}

/// Who may read the files of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gating {
    /// Anybody.
    Open,
    /// Whoever accepts the conditions.
    Auto,
    /// Whoever the author approves.
    Manual,
}

/// Whether the token of this run may read the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Reading is allowed.
    Granted,
    /// Reading was refused.
    Denied,
    /// It was not asked (no network, or no need).
    Unknown,
}

/// The licence, as the page states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Licence {
    /// Identifier as the Hub writes it: `apache-2.0`, `llama3.1`, `other`.
    pub id: String,
    /// A name given for `other` licences.
    pub name: Option<String>,
    /// Where its text stands.
    pub link: Option<String>,
    /// In one plain sentence, what it restricts; `None` when it is a permissive licence or unknown.
    pub restriction: Option<String>,
}

/// How this model came from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// A small addition that needs the base model's weights.
    Adapter,
    /// The base model with weights of lower precision.
    Quantized,
    /// Trained further from the base model.
    Finetune,
    /// A mixture of several models.
    Merge,
}

/// The base model of an adapter, a quantisation or a fine-tune.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Base {
    /// Repository ids; more than one for a merge.
    pub models: Vec<String>,
    /// What this model is to them, where that is known.
    pub relation: Option<Relation>,
}

/// How the weights were quantised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quantization {
    /// `gptq`, `awq`, `bitsandbytes`, `fp8`, `gguf`, …
    pub method: String,
    /// Bits of a weight.
    pub bits: Option<u32>,
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Path inside the repository.
    pub path: String,
    /// Size in bytes.
    pub size: Option<u64>,
}

/// Estimated memory for the weights, in bytes: parameters times bytes of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// 4 bytes a parameter.
    pub fp32: u64,
    /// 2 bytes a parameter.
    pub bf16: u64,
    /// Half a byte a parameter.
    pub int4: u64,
}

/// A chat template and whether it renders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatTemplate {
    /// Length of the template in characters; its text stays in the repository. 0 when it is only
    /// known that there is one (built-in facts).
    pub chars: usize,
    /// Whether the template has a branch for tools.
    pub tools: bool,
    /// Whether it takes a system message (`None`: not known).
    pub system: Option<bool>,
}

/// A GGUF file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GgufFile {
    /// Path inside the repository.
    pub path: String,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Quantisation by the file's name: `Q4_K_M`, `F16`.
    pub quant: Option<String>,
}

/// What is known about the GGUF files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gguf {
    /// Files with weights of the language model, without projectors, matrices and later parts.
    pub files: Vec<GgufFile>,
    /// The file that a lesson should use: the 4-bit one a laptop can hold, else the smallest.
    pub chosen: Option<String>,
    /// Architecture as GGUF names it.
    pub architecture: Option<String>,
    /// Context length in tokens.
    pub context_length: Option<u64>,
}

/// What is known about a PEFT adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peft {
    /// `LORA`, `IA3`, …
    pub peft_type: Option<String>,
    /// `CAUSAL_LM`, `SEQ_CLS`, …
    pub task_type: Option<String>,
    /// Rank of a LoRA.
    pub rank: Option<u64>,
    /// Names of the modules it changes.
    pub target_modules: Vec<String>,
}

/// Prompts and scoring of a sentence-transformers model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SentenceTransformer {
    /// Prompts by name (`query`, `document`, …).
    pub prompts: BTreeMap<String, String>,
    /// The prompt used when none is named.
    pub default_prompt: Option<String>,
    /// `cosine`, `dot`, …
    pub similarity: Option<String>,
    /// Classes of the modules in order (`Transformer`, `Pooling`, `Normalize`).
    pub modules: Vec<String>,
    /// Whether it scores pairs (a cross-encoder) instead of embedding texts.
    pub cross_encoder: bool,
    /// Longest input in tokens.
    pub max_tokens: Option<u64>,
}

/// A diffusers pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diffusers {
    /// Class of the pipeline, from `model_index.json` or the API.
    pub pipeline: Option<String>,
    /// Component name to (library, class).
    pub components: BTreeMap<String, (String, String)>,
    /// Words that trigger a LoRA's style.
    pub instance_prompt: Option<String>,
    /// File with the weights of a LoRA.
    pub lora_file: Option<String>,
}

/// An example of the page's widget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WidgetExample {
    /// Its title, where it has one.
    pub title: Option<String>,
    /// The fields as the page has them.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// A result that the page reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// Task of the evaluation.
    pub task: Option<String>,
    /// Data set of the evaluation.
    pub dataset: Option<String>,
    /// Name of the metric.
    pub metric: String,
    /// Value as the page states it.
    pub value: String,
}

/// A section of the card's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardSection {
    /// 1 to 6; 0 for text before the first heading.
    pub level: u8,
    /// The heading as plain text.
    pub title: String,
    /// The text below it as Markdown, until the next heading.
    pub text: String,
}

/// The language of a code example, by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExampleLanguage {
    /// Python.
    Python,
    /// Shell commands.
    Shell,
    /// Anything else that is code (JSON, YAML, JavaScript, C#, …).
    Other,
    /// Not code: prose, output, a table.
    Text,
}

/// A code example of the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeExample {
    /// What it is by content, not by label.
    pub language: ExampleLanguage,
    /// The label of the fence, if any.
    pub label: Option<String>,
    /// The code, prompts and common indentation stripped, `\n` line ends, nothing else changed.
    pub code: String,
    /// Whether it parses (Python only).
    pub parses: bool,
    /// Top-level modules that it imports, sorted.
    pub imports: Vec<String>,
    /// Titles of the headings above it, outermost first.
    pub headings: Vec<String>,
    /// Line of the card on which it starts, from 1.
    pub line: usize,
}

/// The model card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// First heading of level 1, else nothing.
    pub title: Option<String>,
    /// First paragraph of prose, as plain text, at most 400 characters.
    pub summary: Option<String>,
    /// The text by headings.
    pub sections: Vec<CardSection>,
    /// The code examples in order.
    pub examples: Vec<CodeExample>,
    /// Size in bytes.
    pub bytes: usize,
    /// What was odd about the card and how it was read, one sentence each.
    pub oddities: Vec<String>,
}

/// What the Hub's security scan says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Security {
    /// Whether all scans are done.
    pub done: bool,
    /// Files with issues: path and level (`caution`, `suspicious`, `unsafe`).
    pub issues: Vec<(String, String)>,
}

/// Something about the facts that the reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Stable id: `unpinned-revision`, `stale`, `renamed`, `gated`, `restrictive-licence`, …
    pub id: String,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything that is known about one model at one commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dossier {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where the facts were read, as a whole.
    pub origin: Origin,
    /// Day (`YYYY-MM-DD`) from which the facts are, when they come from the shelf.
    pub as_of: Option<String>,
    /// Canonical repository id on the Hub; `None` for a folder or text that does not tell it.
    pub id: Option<String>,
    /// What people call it: the id's last part, the card's title, or the folder's name.
    pub name: String,
    /// 40 hexadecimal digits of the commit.
    pub sha: Option<Fact<String>>,
    /// The revision that the user asked for.
    pub requested_revision: Option<String>,
    /// Owner of the repository.
    pub author: Option<Fact<String>>,
    /// RFC 3339.
    pub created_at: Option<Fact<String>>,
    /// RFC 3339.
    pub last_modified: Option<Fact<String>>,
    /// Downloads of the last 30 days.
    pub downloads: Option<Fact<u64>>,
    /// Likes.
    pub likes: Option<Fact<u64>>,
    /// Tags, as the Hub or the card has them.
    pub tags: Vec<String>,
    /// Whether the repository is gated.
    pub gating: Option<Fact<Gating>>,
    /// Whether this run may read it.
    pub access: Access,
    /// Taken down by the Hub.
    pub disabled: bool,
    /// The licence.
    pub licence: Option<Fact<Licence>>,
    /// Library id as in the Hub's list.
    pub library: Option<Fact<String>>,
    /// Pipeline tag.
    pub task: Option<Fact<String>>,
    /// How the task was decided, in one sentence.
    pub task_reason: Option<String>,
    /// `AutoModelForCausalLM` and the like.
    pub auto_model: Option<Fact<String>>,
    /// `AutoTokenizer`, `AutoProcessor`, `AutoImageProcessor`, `AutoFeatureExtractor`.
    pub processor: Option<Fact<String>>,
    /// First entry of `architectures`.
    pub architecture: Option<Fact<String>>,
    /// `model_type` of the configuration.
    pub model_type: Option<Fact<String>>,
    /// Python files that the repository brings (`trust_remote_code`).
    pub custom_code: Vec<String>,
    /// Number of parameters.
    pub parameters: Option<Fact<u64>>,
    /// Parameters by dtype as safetensors names them.
    pub dtypes: BTreeMap<String, u64>,
    /// Files of the repository; `None` when the list is not known.
    pub files: Option<Vec<FileEntry>>,
    /// Bytes of the weights on disk.
    pub weight_bytes: Option<Fact<u64>>,
    /// Estimated memory.
    pub memory: Option<Memory>,
    /// Longest input in tokens.
    pub context_length: Option<Fact<u64>>,
    /// Width of the hidden states or embeddings.
    pub hidden_size: Option<Fact<u64>>,
    /// Number of layers.
    pub layers: Option<Fact<u64>>,
    /// Size of the vocabulary.
    pub vocabulary: Option<Fact<u64>>,
    /// Side of the (square) input image in pixels.
    pub image_size: Option<Fact<u64>>,
    /// Samples a second that an audio model expects.
    pub sampling_rate: Option<Fact<u64>>,
    /// ISO codes of the languages.
    pub languages: Vec<String>,
    /// Base model and relation.
    pub base: Option<Fact<Base>>,
    /// Quantisation.
    pub quantization: Option<Fact<Quantization>>,
    /// Chat template.
    pub chat_template: Option<Fact<ChatTemplate>>,
    /// Mask token of a fill-mask model.
    pub mask_token: Option<Fact<String>>,
    /// Label names by class number.
    pub labels: Option<Fact<Vec<String>>>,
    /// Sentence-transformers facts.
    pub sentence_transformer: Option<Fact<SentenceTransformer>>,
    /// Diffusers facts.
    pub diffusers: Option<Fact<Diffusers>>,
    /// GGUF facts.
    pub gguf: Option<Fact<Gguf>>,
    /// PEFT facts.
    pub peft: Option<Fact<Peft>>,
    /// Generation settings of the repository (`generation_config.json`), scalars only.
    pub generation: BTreeMap<String, serde_json::Value>,
    /// Examples of the page's widget.
    pub widget: Vec<WidgetExample>,
    /// Reported results.
    pub evaluations: Vec<Evaluation>,
    /// Data sets named by the page.
    pub datasets: Vec<String>,
    /// The card.
    pub card: Option<Card>,
    /// Security scan.
    pub security: Option<Security>,
    /// Spaces that use the model.
    pub spaces: Vec<String>,
    /// What the reader should know about these facts.
    pub notices: Vec<Notice>,
}

impl Dossier {
    /// Whether people talk to the model in turns: it has a chat template or is tagged so. A model
    /// that answers to pictures does so too, unless its type is one that is published without a
    /// template: often its configuration is all that is known.
    pub fn talks(&self) -> bool {
        let is = |fact: &Option<Fact<String>>, name: &str| {
            fact.as_ref().is_some_and(|fact| fact.value == name)
        };
        let prompted = || {
            WITHOUT_TEMPLATE
                .iter()
                .any(|name| is(&self.model_type, name))
        };
        self.chat_template.is_some()
            || self.tags.iter().any(|tag| tag == "conversational")
            || is(&self.task, "image-text-to-text") && self.model_type.is_some() && !prompted()
    }
}

/// Model types of image-text-to-text whose published models have no chat template: captioners,
/// and models that take commands or a text to go on with.
const WITHOUT_TEMPLATE: [&str; 22] = [
    "aria_text",
    "blip",
    "blip-2",
    "bridgetower",
    "chameleon",
    "colpali",
    "florence2",
    "fuyu",
    "git",
    "got_ocr2",
    "idefics",
    "instructblip",
    "instructblipvideo",
    "kosmos-2",
    "kosmos-2.5",
    "nougat",
    "paligemma",
    "pix2struct",
    "pp_chart2table",
    "pp_formulanet",
    "udop",
    "vision-encoder-decoder",
];
