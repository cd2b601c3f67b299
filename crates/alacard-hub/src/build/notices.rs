//! What the reader should know about the facts.

use serde_json::Value;

use super::sources::Sources;
use super::value;
use crate::dossier::{Dossier, Gating, Notice, Origin};

/// Ids of the notices that mean that this is not a model.
pub(super) const NOT_A_MODEL: [&str; 2] = ["is-dataset", "is-space"];

/// The notices: first what happened while reading, then what the facts themselves tell.
pub(super) fn notices(sources: &Sources<'_>, dossier: &Dossier) -> Vec<Notice> {
    let mut list = sources.material.notices.clone();
    let found = [
        other_kind(sources, dossier),
        unpinned(dossier),
        gated(dossier),
        licence(dossier),
        custom_code(dossier),
        no_weights(dossier),
        newer(sources),
        unreadable(sources),
        issues(dossier),
    ];
    for notice in found.into_iter().flatten() {
        if list.iter().all(|known| known.id != notice.id) {
            list.push(notice);
        }
    }
    list
}

fn notice(id: &str, message: impl Into<String>, hint: impl Into<String>) -> Option<Notice> {
    Some(Notice {
        id: id.to_owned(),
        message: message.into(),
        hint: Some(hint.into()),
    })
}

/// A data set's or a space's page: fields that only they have, and nothing of a model.
fn other_kind(sources: &Sources<'_>, dossier: &Dossier) -> Option<Notice> {
    let model = dossier.library.is_some()
        || dossier.architecture.is_some()
        || sources.page("pipeline_tag").is_some()
        || sources.api(&["pipeline_tag"]).is_some();
    if model {
        return None;
    }
    let has = |key: &str| sources.page(key).is_some() || sources.api(&[key]).is_some();
    let tagged = |start: &str| sources.tags.iter().any(|tag| tag.starts_with(start));
    let data = [
        "task_categories",
        "dataset_info",
        "size_categories",
        "annotations_creators",
    ]
    .iter()
    .any(|key| has(key));
    if data || tagged("task_categories:") || tagged("size_categories:") {
        return notice(
            "is-dataset",
            "This is the page of a data set.",
            "Give the id of a model that was trained on it.",
        );
    }
    let kit = sources
        .page("sdk")
        .map(|(value, _)| value)
        .or_else(|| sources.api(&["sdk"]))
        .and_then(Value::as_str);
    let space = kit.is_some_and(|kit| ["gradio", "streamlit", "docker", "static"].contains(&kit));
    if space {
        notice(
            "is-space",
            "This is the page of a space, an app.",
            "Give the id of the model that the app uses.",
        )
    } else {
        None
    }
}

fn unpinned(dossier: &Dossier) -> Option<Notice> {
    if dossier.sha.is_some() || dossier.id.is_none() {
        return None;
    }
    let revision = dossier.requested_revision.as_deref().unwrap_or("main");
    let message = format!(
        "The commit of these facts is not known, so the code asks for the revision `{revision}`, which may change."
    );
    notice(
        "unpinned-revision",
        message,
        "Run it again when the Hub answers, or give a commit with --revision.",
    )
}

fn gated(dossier: &Dossier) -> Option<Notice> {
    let message = match dossier.gating.as_ref()?.value {
        Gating::Open => return None,
        Gating::Auto => {
            "The files are open to whoever accepts the author's conditions on the model's page."
        }
        Gating::Manual => {
            "The files are open to whoever the author approves; ask for access on the model's page."
        }
    };
    notice(
        "gated",
        message,
        "Accept the conditions on the page, then set HF_TOKEN to a token that may read.",
    )
}

fn licence(dossier: &Dossier) -> Option<Notice> {
    let restriction = dossier.licence.as_ref()?.value.restriction.as_deref()?;
    notice(
        "restrictive-licence",
        restriction,
        "Read the licence before you use the model for more than learning.",
    )
}

fn custom_code(dossier: &Dossier) -> Option<Notice> {
    let (first, rest) = dossier.custom_code.split_first()?;
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!(" and {} more", rest.len())
    };
    let message =
        format!("Loading this model runs Python code of its repository (`{first}`{more}).");
    notice(
        "custom-code",
        message,
        "Read that code first; it runs only with --trust-remote-code.",
    )
}

/// A repository whose list of files is known and has no weights in it.
fn no_weights(dossier: &Dossier) -> Option<Notice> {
    const ENDS: [&str; 24] = [
        "safetensors",
        "bin",
        "pt",
        "pth",
        "ckpt",
        "h5",
        "keras",
        "gguf",
        "ggml",
        "onnx",
        "msgpack",
        "nemo",
        "pkl",
        "pickle",
        "joblib",
        "skops",
        "zip",
        "tflite",
        "model",
        "npz",
        "pb",
        "whl",
        "ftz",
        "mlmodel",
    ];
    let files = dossier.files.as_deref().filter(|files| !files.is_empty())?;
    let listed = matches!(
        dossier.origin,
        Origin::Hub | Origin::Cache | Origin::Stale | Origin::HubDir
    ) && files.len() > 1;
    let end = |path: &str| {
        path.rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase())
    };
    let weights = files.iter().any(|file| {
        end(&file.path).is_some_and(|end| ENDS.contains(&end.as_str()) || end.starts_with("tar"))
    });
    let folders = files.iter().any(|file| {
        file.path.ends_with(".data-00000-of-00001") || file.path.ends_with(".pdparams")
    });
    if !listed || weights || folders {
        return None;
    }
    notice(
        "no-weights",
        "The repository lists no file with weights.",
        "Look on the page for where the weights are, or use the base model.",
    )
}

fn newer(sources: &Sources<'_>) -> Option<Notice> {
    let (value, _) = sources.page("new_version")?;
    let id = value::name(Some(value)).filter(|id| value::is_repo_id(id))?;
    notice(
        "newer-version",
        format!("The author names a newer version: `{id}`."),
        "Use the newer one unless you need this one.",
    )
}

fn unreadable(sources: &Sources<'_>) -> Option<Notice> {
    let first = sources.unreadable.first()?;
    notice(
        "config-unreadable",
        format!("`{first}` is not JSON that can be read, so its facts are missing."),
        "Tell the author of the model.",
    )
}

/// Warnings of the security scan below `unsafe`, which is refused.
fn issues(dossier: &Dossier) -> Option<Notice> {
    let security = dossier.security.as_ref()?;
    let (path, level) = security.issues.first()?;
    notice(
        "security-scan",
        format!("The Hub's security scan says `{level}` of `{path}`."),
        "Read the scan's findings on the model's page first.",
    )
}
