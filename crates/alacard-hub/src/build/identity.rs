//! Which model this is, whose, from when, and who may read it.

use serde_json::Value;

use super::sources::Sources;
use super::value::{self, LIST, NAME};
use crate::dossier::{Dossier, Fact, Gating, Provenance, Security};

/// Fills in identity, dates, figures, access and what the security scan says.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.id = id(sources);
    dossier.name = name(sources, dossier);
    dossier.requested_revision = sources
        .material
        .requested_revision
        .as_deref()
        .and_then(|text| value::line(text, NAME));
    dossier.sha = sha(sources);
    dossier.author = author(sources);
    dossier.created_at = api_name(sources, "createdAt");
    dossier.last_modified = api_name(sources, "lastModified");
    dossier.downloads = api_number(sources, "downloads");
    dossier.likes = api_number(sources, "likes");
    dossier.tags.clone_from(&sources.tags);
    dossier.gating = gating(sources);
    dossier.disabled = sources.api(&["disabled"]).and_then(Value::as_bool) == Some(true);
    dossier.security = security(sources);
    dossier.spaces = value::names(sources.api(&["spaces"]), LIST)
        .into_iter()
        .filter(|id| value::is_repo_id(id))
        .collect();
    dossier.files.clone_from(&sources.files);
}

/// The record's own id wins: it is canonical, what the user wrote may be an old name.
fn id(sources: &Sources<'_>) -> Option<String> {
    let record = ["id", "modelId"]
        .iter()
        .filter_map(|key| value::name(sources.api(&[key])));
    let given = sources
        .material
        .id
        .iter()
        .filter_map(|id| value::line(id, NAME));
    record.chain(given).find(|id| value::is_repo_id(id))
}

/// What people call it.
fn name(sources: &Sources<'_>, dossier: &Dossier) -> String {
    let last = dossier
        .id
        .as_deref()
        .and_then(|id| id.rsplit('/').next())
        .map(str::to_owned);
    let title = || value::line(sources.card.as_ref()?.title.as_deref()?, 120);
    let fallback = || value::line(&sources.material.fallback_name, 120);
    last.or_else(title)
        .or_else(fallback)
        .unwrap_or_else(|| "model".to_owned())
}

/// 40 hexadecimal digits, or nothing.
fn sha(sources: &Sources<'_>) -> Option<Fact<String>> {
    let sha = value::name(sources.api(&["sha"]))?;
    let whole = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| sources.fact(sha.to_ascii_lowercase(), Provenance::Api))
}

/// The owner: stated, or the first half of the record's id.
fn author(sources: &Sources<'_>) -> Option<Fact<String>> {
    let stated = value::name(sources.api(&["author"]));
    let owner = || {
        let id = value::name(sources.api(&["id"]).or_else(|| sources.api(&["modelId"])))
            .filter(|id| value::is_repo_id(id))?;
        Some(id.split_once('/')?.0.to_owned())
    };
    Some(sources.fact(stated.or_else(owner)?, Provenance::Api))
}

fn api_name(sources: &Sources<'_>, key: &str) -> Option<Fact<String>> {
    Some(sources.fact(value::name(sources.api(&[key]))?, Provenance::Api))
}

fn api_number(sources: &Sources<'_>, key: &str) -> Option<Fact<u64>> {
    Some(sources.fact(value::number(sources.api(&[key]))?, Provenance::Api))
}

/// `false`, `"auto"` or `"manual"`; records of other clients also have `true`, which asks at
/// least for accepting the conditions.
fn gating(sources: &Sources<'_>) -> Option<Fact<Gating>> {
    let gating = match sources.api(&["gated"])? {
        Value::Bool(false) => Gating::Open,
        Value::Bool(true) => Gating::Auto,
        Value::String(text) if text == "manual" => Gating::Manual,
        Value::String(text) if text == "auto" => Gating::Auto,
        _ => return None,
    };
    Some(sources.fact(gating, Provenance::Api))
}

/// The scan of the repository; files that are safe or not yet scanned are left out.
fn security(sources: &Sources<'_>) -> Option<Security> {
    let status = value::object(sources.api(&["securityRepoStatus"]))?;
    let issue = |file: &Value| {
        Some((
            value::name(file.get("path"))?,
            value::name(file.get("level"))?,
        ))
    };
    let files = status.get("filesWithIssues").and_then(Value::as_array);
    let told =
        |(_, level): &(String, String)| !matches!(level.as_str(), "safe" | "unscanned" | "queued");
    Some(Security {
        done: status
            .get("scansDone")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        issues: files
            .into_iter()
            .flatten()
            .filter_map(issue)
            .filter(told)
            .take(LIST)
            .collect(),
    })
}
