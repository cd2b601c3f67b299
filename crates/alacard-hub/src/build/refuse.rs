//! When a dossier cannot become a notebook.

use super::notices::NOT_A_MODEL;
use crate::dossier::{Access, Dossier, ExampleLanguage};
use crate::refusal::{Reason, Refusal};
use crate::text::shown;

/// Why a dossier cannot become a notebook, by its facts: disabled, unsafe, not a model, nothing
/// known. `None` when it can.
pub fn refusal(dossier: &Dossier) -> Option<Refusal> {
    let name = shown(dossier.id.as_deref().unwrap_or(&dossier.name));
    disabled(dossier, &name)
        .or_else(|| unsafe_files(dossier, &name))
        .or_else(|| not_a_model(dossier, &name))
        .or_else(|| nothing_known(dossier, &name))
}

fn disabled(dossier: &Dossier, name: &str) -> Option<Refusal> {
    let refusal = || {
        Refusal::new(Reason::Disabled, format!("The Hub has disabled `{name}`."))
            .with_hint("Choose another model; its page may say why it was disabled.")
    };
    dossier.disabled.then(refusal)
}

fn unsafe_files(dossier: &Dossier, name: &str) -> Option<Refusal> {
    let (path, _) = dossier
        .security
        .as_ref()?
        .issues
        .iter()
        .find(|(_, level)| level == "unsafe")?;
    let message = format!(
        "The Hub's security scan flags `{}` of `{name}` as unsafe.",
        shown(path)
    );
    Some(
        Refusal::new(Reason::Unsafe, message)
            .with_hint("Choose another model, or one whose weights are safetensors files."),
    )
}

fn not_a_model(dossier: &Dossier, name: &str) -> Option<Refusal> {
    let notice = dossier
        .notices
        .iter()
        .find(|notice| NOT_A_MODEL.contains(&notice.id.as_str()))?;
    let kind = if notice.id == "is-space" {
        "a space"
    } else {
        "a data set"
    };
    let refusal = Refusal::new(
        Reason::NotAModel,
        format!("`{name}` is {kind}, not a model."),
    );
    Some(match &notice.hint {
        Some(hint) => refusal.with_hint(hint.clone()),
        None => refusal,
    })
}

fn nothing_known(dossier: &Dossier, name: &str) -> Option<Refusal> {
    let example = dossier
        .card
        .iter()
        .flat_map(|card| &card.examples)
        .any(|example| example.language == ExampleLanguage::Python && example.parses);
    if dossier.task.is_some() || dossier.library.is_some() || is_configured(dossier) || example {
        return None;
    }
    if dossier.access == Access::Denied {
        let message =
            format!("`{name}` is gated, and what can be read of it does not tell what it does.");
        return Some(Refusal::new(Reason::NoAccess, message).with_hint(format!(
            "Accept its conditions at https://huggingface.co/{name}, then set HF_TOKEN."
        )));
    }
    let message = format!(
        "Nothing tells what `{name}` does: no task, no library, no configuration, no Python example that can be read."
    );
    Some(Refusal::new(Reason::NothingKnown, message).with_hint(
        "Give a model whose page says more, or add `pipeline_tag` and `library_name` to the card.",
    ))
}

/// Whether any configuration file told something.
fn is_configured(dossier: &Dossier) -> bool {
    let words =
        dossier.architecture.is_some() || dossier.model_type.is_some() || dossier.labels.is_some();
    let sizes = dossier.context_length.is_some()
        || dossier.hidden_size.is_some()
        || dossier.layers.is_some()
        || dossier.vocabulary.is_some();
    let parts = dossier.diffusers.is_some()
        || dossier.peft.is_some()
        || dossier.gguf.is_some()
        || dossier.sentence_transformer.is_some();
    let media = dossier.image_size.is_some() || dossier.sampling_rate.is_some();
    words
        || sizes
        || parts
        || media
        || dossier.chat_template.is_some()
        || !dossier.generation.is_empty()
}
