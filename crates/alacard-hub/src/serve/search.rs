//! Lists of repositories.

use serde_json::Value;

use crate::serve::api::record_of;
use crate::serve::body::Request;
use crate::serve::reply::Reply;
use crate::serve::repos::Repos;
use crate::serve::route::Route;

/// Most entries of an answer.
const MAX_ANSWERS: usize = 1_000;

/// `GET /api/{kind}?search=…&author=…&filter=…&limit=…`.
pub(super) fn reply(repos: &Repos, route: &Route, request: &Request) -> Reply {
    let kind = route.kind.unwrap_or_default();
    let limit = request
        .values("limit")
        .first()
        .and_then(|limit| limit.parse().ok())
        .map_or(MAX_ANSWERS, |limit: usize| limit.min(MAX_ANSWERS));
    let words = lower(request.values("search"));
    let authors = lower(request.values("author"));
    let mut wanted = lower(request.values("filter"));
    wanted.extend(lower(request.values("pipeline_tag")));
    wanted.extend(lower(request.values("library")));
    let ids = repos.ids(kind).into_iter().filter(|id| {
        let id = id.to_ascii_lowercase();
        let author = id.split_once('/').map_or("", |(author, _)| author);
        words.iter().all(|word| id.contains(word)) && authors.iter().all(|name| name == author)
    });
    let found = ids
        .filter_map(|id| repos.find(kind, &id, None).ok())
        .map(|found| record_of(&found, Vec::new()))
        .filter(|record| wanted.iter().all(|word| has(record, word)))
        .take(limit)
        .map(without_files);
    Reply::json(&Value::Array(found.collect()))
}

/// Words in small letters; one value may hold several, divided by commas.
fn lower(values: Vec<String>) -> Vec<String> {
    let words = values.iter().flat_map(|value| value.split(','));
    words
        .map(|word| word.trim().to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether a record has a tag, a task or a library of this name.
fn has(record: &Value, word: &str) -> bool {
    let is = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.to_lowercase() == word)
    };
    let tags = record.get("tags").and_then(Value::as_array);
    ["pipeline_tag", "library_name"]
        .iter()
        .filter_map(|name| record.get(*name))
        .any(is)
        || tags.is_some_and(|tags| tags.iter().any(is))
}

/// A list does not name files.
fn without_files(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.remove("siblings");
    }
    record
}
