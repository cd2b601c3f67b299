//! The small files that tell how a model is built and used.

/// Largest card that is read, in bytes. The largest seen on real pages has 700 KB.
pub(crate) const CARD_LIMIT: usize = 8 << 20;
/// Largest configuration file that is read, in bytes.
pub(crate) const CONFIG_LIMIT: usize = 4 << 20;
/// Largest API record that is read, in bytes.
pub(crate) const API_LIMIT: usize = 8 << 20;

/// Names under which a card is stored, the usual one first.
pub(crate) const CARD_NAMES: [&str; 4] = ["README.md", "readme.md", "README.MD", "Readme.md"];

/// The configuration files that are read, the most telling first: those from which a dossier
/// takes facts. Each costs one request, so a file that says nothing a lesson needs is not here.
pub(crate) const CONFIGS: [&str; 17] = [
    "config.json",
    "model_index.json",
    "adapter_config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "config_setfit.json",
    "quantize_config.json",
    "open_clip_config.json",
    "gliner_config.json",
];
