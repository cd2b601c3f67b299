//! From what was read to what is known.
//!
//! Each file here answers one question. Every field of a record, a front matter or a configuration
//! may be missing, null, or of another type; what cannot be read is unknown, never guessed.

mod base;
mod chat;
mod diffusion;
mod families;
mod gguf;
mod identity;
mod library;
mod licence;
mod model;
mod notices;
mod page;
mod refuse;
mod sentence;
mod shape;
mod size;
mod sources;
mod task;
mod usage;
mod value;
mod words;

use std::collections::BTreeMap;

pub use refuse::refusal;

use crate::dossier::{Dossier, SCHEMA_VERSION};
use crate::material::Material;
use sources::Sources;

/// Understands what was read: record, card, configuration and list of files become facts, each
/// with where it stands. It never fails; what nobody says is `None`.
///
/// ```
/// use alacard_hub::{Material, build, dossier::Origin, refusal};
///
/// let mut material = Material::empty(Origin::Folder, "my-model");
/// material.configs.insert("config.json".into(), br#"{"architectures": ["BertForMaskedLM"]}"#.to_vec());
/// let dossier = build(&material);
/// assert_eq!(dossier.task.as_ref().map(|task| task.value.as_str()), Some("fill-mask"));
/// assert!(refusal(&dossier).is_none());
/// ```
pub fn build(material: &Material) -> Dossier {
    let mut sources = Sources::open(material);
    let mut dossier = blank(material);
    // What comes later in this list needs what comes before it.
    identity::fill(&sources, &mut dossier);
    model::fill(&sources, &mut dossier);
    page::fill(&sources, &mut dossier);
    dossier.licence = licence::licence(&sources);
    dossier.library = library::library(&sources, &dossier);
    dossier.sentence_transformer = sentence::sentence_transformer(&sources, &dossier);
    dossier.diffusers = diffusion::diffusers(&sources, &dossier);
    dossier.gguf = gguf::gguf(&sources);
    base::fill(&sources, &mut dossier);
    chat::fill(&sources, &mut dossier);
    shape::fill(&sources, &mut dossier);
    size::fill(&sources, &mut dossier);
    task::fill(&sources, &mut dossier);
    model::fill_classes(&sources, &mut dossier);
    dossier.notices = notices::notices(&sources, &dossier);
    dossier.card = sources.card.take();
    dossier
}

/// A dossier that knows nothing.
fn blank(material: &Material) -> Dossier {
    Dossier {
        schema_version: SCHEMA_VERSION,
        origin: material.origin,
        as_of: material.as_of.clone(),
        id: None,
        name: String::new(),
        sha: None,
        requested_revision: None,
        author: None,
        created_at: None,
        last_modified: None,
        downloads: None,
        likes: None,
        tags: Vec::new(),
        gating: None,
        access: material.access,
        disabled: false,
        licence: None,
        library: None,
        task: None,
        task_reason: None,
        auto_model: None,
        processor: None,
        architecture: None,
        model_type: None,
        custom_code: Vec::new(),
        parameters: None,
        dtypes: BTreeMap::new(),
        files: None,
        weight_bytes: None,
        memory: None,
        context_length: None,
        hidden_size: None,
        layers: None,
        vocabulary: None,
        image_size: None,
        sampling_rate: None,
        languages: Vec::new(),
        base: None,
        quantization: None,
        chat_template: None,
        mask_token: None,
        labels: None,
        sentence_transformer: None,
        diffusers: None,
        gguf: None,
        peft: None,
        generation: BTreeMap::new(),
        widget: Vec::new(),
        evaluations: Vec::new(),
        datasets: Vec::new(),
        card: None,
        security: None,
        spaces: Vec::new(),
        notices: Vec::new(),
    }
}
