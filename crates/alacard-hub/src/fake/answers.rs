//! What the Hub answers to what.

use serde_json::Value;

use crate::fake::{Answer, FakeModel, Gate, Seen, State};
use crate::protocol::Fault;

/// The answer to a request: a scripted one, else the protocol's.
pub(super) fn answer(state: &mut State, request: &Seen) -> Answer {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    if let Some(script) = state.scripts.get_mut(path) {
        let next = if script.len() > 1 {
            script.pop_front()
        } else {
            script.front().cloned()
        };
        return next.unwrap_or_else(|| Answer::error(404, "", "empty script"));
    }
    let token = request
        .headers
        .get("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "models"] => list(state, query),
        ["api", "models", rest @ ..] => record(
            state,
            rest,
            query,
            token,
            request.headers.get("if-none-match"),
        ),
        _ => match parts.iter().position(|part| *part == "resolve") {
            Some(at) => resolve(state, &parts, at, token),
            None => Answer::error(404, "", "no such page"),
        },
    }
}

/// `GET /api/models/{id}[/revision/{rev}]`.
fn record(
    state: &State,
    rest: &[&str],
    query: &str,
    token: Option<&str>,
    etag: Option<&String>,
) -> Answer {
    let at = rest
        .iter()
        .position(|part| *part == "revision")
        .unwrap_or(rest.len());
    let (id, revision) = rest.split_at_checked(at).unwrap_or((rest, &[]));
    let id = id.join("/");
    if let Some(new) = state.renamed.get(&id) {
        let tail = revision
            .iter()
            .map(|part| format!("/{part}"))
            .collect::<String>();
        let location = format!("/api/models/{new}{tail}?{query}");
        return Answer::new(
            307,
            format!("Temporary Redirect. Redirecting to {location}"),
        )
        .with("Location", &location);
    }
    let Some(model) = state.models.get(&id) else {
        return Answer::fault(Fault::NoRepo);
    };
    if matches!(&model.gate, Gate::Closed(secret) if token != Some(secret)) {
        return Answer::fault(Fault::Gated);
    }
    if revision
        .get(1)
        .is_some_and(|revision| *revision != "main" && *revision != model.sha)
    {
        return Answer::fault(Fault::NoRevision);
    }
    let body = model.json().to_string();
    let tag = format!("W/\"{:x}-{}\"", body.len(), model.sha);
    let answer = if etag == Some(&tag) {
        Answer::new(304, "")
    } else {
        Answer::new(200, body)
    };
    answer
        .with("ETag", &tag)
        .with("Content-Type", "application/json")
        .with("RateLimit", "\"api\";r=499;t=300")
}

/// `GET /{id}/resolve/{rev}/{path}`.
fn resolve(state: &State, parts: &[&str], at: usize, token: Option<&str>) -> Answer {
    let id = parts.get(..at).unwrap_or_default().join("/");
    let path = parts.get(at + 2..).unwrap_or_default().join("/");
    let revision = parts.get(at + 1).copied().unwrap_or_default();
    if let Some(new) = state.renamed.get(&id) {
        return Answer::new(307, "").with("Location", &format!("/{new}/resolve/{revision}/{path}"));
    }
    let Some(model) = state.models.get(&id) else {
        return Answer::fault(Fault::NoRepo);
    };
    if revision != "main" && revision != model.sha {
        return Answer::fault(Fault::NoRevision);
    }
    let closed =
        matches!(&model.gate, Gate::Token(secret) | Gate::Closed(secret) if token != Some(secret));
    if closed && path != "README.md" {
        return Answer::fault(Fault::Gated);
    }
    let Some(bytes) = model.files.get(&path) else {
        return Answer::fault(Fault::NoEntry).with("X-Repo-Commit", &model.sha);
    };
    if let Some(host) = &model.content_host {
        return Answer::new(302, "")
            .with("X-Repo-Commit", &model.sha)
            .with("Location", &format!("{host}/{id}/resolve/main/{path}"));
    }
    Answer::new(200, bytes.clone())
        .with("X-Repo-Commit", &model.sha)
        .with("ETag", &format!("\"{:040x}\"", bytes.len()))
}

/// `GET /api/models?search=…&limit=…&cursor=…`.
fn list(state: &State, query: &str) -> Answer {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let get = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let words: Vec<&str> = pairs
        .iter()
        .filter(|(key, _)| key == "search")
        .map(|(_, value)| value.as_str())
        .collect();
    let found: Vec<&FakeModel> = state
        .models
        .values()
        .filter(|model| words.iter().all(|word| model.id.contains(word)))
        .collect();
    let limit: usize = get("limit")
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(1000);
    let start: usize = get("cursor")
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0);
    let page: Vec<Value> = found
        .iter()
        .skip(start)
        .take(limit)
        .map(|model| model.json())
        .collect();
    let end = start + page.len();
    let answer = Answer::new(200, Value::Array(page).to_string());
    if end >= found.len() {
        return answer;
    }
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    next.extend_pairs(pairs.iter().filter(|(key, _)| key != "cursor"));
    next.append_pair("cursor", &end.to_string());
    answer.with(
        "Link",
        &format!("</api/models?{}>; rel=\"next\"", next.finish()),
    )
}
