//! Addresses of the Hub and of other sites.

use url::Url;

use crate::refusal::{Reason, Refusal};
use crate::source::{FORMS, Source, id};
use crate::text::shown;

/// Hosts that are the Hub.
const HUB_HOSTS: [&str; 3] = ["huggingface.co", "www.huggingface.co", "hf.co"];
/// Hosts of code repositories, which people paste instead of a model.
const CODE_HOSTS: [&str; 4] = [
    "github.com",
    "www.github.com",
    "gitlab.com",
    "bitbucket.org",
];
/// First parts of the Hub's addresses that are no user or organisation.
const RESERVED: [&str; 18] = [
    "docs",
    "blog",
    "models",
    "papers",
    "tasks",
    "pricing",
    "join",
    "login",
    "settings",
    "collections",
    "posts",
    "chat",
    "learn",
    "organizations",
    "new",
    "search",
    "enterprise",
    "api",
];

/// The text as an address, where it is one: with a scheme, or beginning with a known host.
pub(crate) fn recognise(text: &str, endpoint: &str) -> Option<String> {
    if text.contains("://") {
        return Some(text.to_owned());
    }
    if let Some(rest) = text.strip_prefix("git@") {
        return Some(format!("https://{}", rest.replacen(':', "/", 1)));
    }
    let own = host(endpoint);
    let known = HUB_HOSTS
        .iter()
        .chain(&CODE_HOSTS)
        .copied()
        .chain(own.as_deref());
    let first = text
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let found = known.into_iter().any(|host| host == first) || first.ends_with(".hf.space");
    found.then(|| format!("https://{text}"))
}

/// The host of an address, with its port.
fn host(endpoint: &str) -> Option<String> {
    let url = Url::parse(endpoint).ok()?;
    let host = url.host_str()?;
    Some(
        url.port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
    )
}

/// The model at an address.
pub(crate) fn parse(address: &str, endpoint: &str) -> Result<Source, Refusal> {
    if let Some(rest) = address.strip_prefix("hf://") {
        return hf_scheme(rest);
    }
    let Ok(url) = Url::parse(address) else {
        let message = format!("`{}` is not an address.", shown(address));
        return Err(Refusal::new(Reason::UnsupportedSource, message).with_hint(FORMS));
    };
    let name = host(url.as_str()).unwrap_or_default();
    let web = matches!(url.scheme(), "http" | "https");
    if web && (HUB_HOSTS.contains(&name.as_str()) || Some(&name) == host(endpoint).as_ref()) {
        let base = Url::parse(endpoint)
            .map(|url| url.path().trim_end_matches('/').to_owned())
            .unwrap_or_default();
        let path = url
            .path()
            .strip_prefix(base.as_str())
            .unwrap_or_else(|| url.path());
        return on_the_hub(address, path);
    }
    if name.ends_with(".hf.space") {
        return Err(not_a_model(address));
    }
    Err(other_site(address, &name))
}

/// `hf://[models/]org/name[@REV][/path]`, the form of huggingface_hub's file system.
fn hf_scheme(rest: &str) -> Result<Source, Refusal> {
    let rest = rest.strip_prefix("models/").unwrap_or(rest);
    let (place, revision) = rest
        .split_once('@')
        .map_or((rest, None), |(a, b)| (a, Some(b)));
    let parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty()).collect();
    let id = match parts.as_slice() {
        ["datasets" | "spaces", ..] => return Err(not_a_model(rest)),
        [org, name, ..] => format!("{org}/{name}"),
        _ => place.trim_end_matches('/').to_owned(),
    };
    let revision = revision.map(|text| {
        let parts: Vec<&str> = text.split('/').collect();
        revision_of(&parts)
    });
    id::checked(&id, revision.flatten())
}

/// The model that a path of the Hub's site shows.
fn on_the_hub(address: &str, path: &str) -> Result<Source, Refusal> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["datasets" | "spaces", ..] | ["api", "datasets" | "spaces", ..] => {
            Err(not_a_model(address))
        }
        ["api", "models", org, "revision", rest @ ..] => {
            id::checked(&decoded(org), revision_of(rest))
        }
        ["api", "models", org, name, rest @ ..] => {
            in_repository(&format!("{}/{}", decoded(org), decoded(name)), rest)
        }
        ["api", "models", name] => id::checked(&decoded(name), None),
        [first, ..] if RESERVED.contains(first) => Err(no_model_page(address)),
        [name, verb, rest @ ..] if is_verb(verb) && !rest.is_empty() => {
            in_repository(&decoded(name), parts.get(1..).unwrap_or_default())
        }
        [name] => id::checked(without_notebook(&decoded(name)), None),
        [org, name, rest @ ..] => in_repository(
            &format!("{}/{}", decoded(org), without_notebook(&decoded(name))),
            rest,
        ),
        [] => Err(no_model_page(address)),
    }
}

/// Words that follow an id and stand before a revision.
fn is_verb(part: &str) -> bool {
    matches!(
        part,
        "tree" | "blob" | "resolve" | "raw" | "commit" | "commits" | "blame" | "edit" | "revision"
    )
}

/// The revision that stands behind the id, if any.
fn in_repository(id: &str, rest: &[&str]) -> Result<Source, Refusal> {
    match rest {
        [verb, revision @ ..] if is_verb(verb) => id::checked(id, revision_of(revision)),
        _ => id::checked(id, None),
    }
}

/// A revision at the beginning of path parts; `refs/pr/1` has three of them.
fn revision_of(parts: &[&str]) -> Option<String> {
    match parts {
        ["refs", kind, name, ..] => Some(format!("refs/{}/{}", decoded(kind), decoded(name))),
        [revision, ..] => Some(decoded(revision)),
        [] => None,
    }
}

/// The id in the address of the Hub's own notebook of a model.
fn without_notebook(name: &str) -> &str {
    name.strip_suffix(".ipynb").unwrap_or(name)
}

/// Percent-encoding taken away; anything that is not UTF-8 becomes a character no id may hold.
pub(crate) fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(nibble(*high) << 4 | nibble(*low));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of a hexadecimal digit.
fn nibble(digit: u8) -> u8 {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .unwrap_or_default()
}

/// The refusal for a dataset or a space.
pub(crate) fn not_a_model(text: &str) -> Refusal {
    Refusal::new(
        Reason::NotAModel,
        format!("`{}` is a dataset or a space, not a model.", shown(text)),
    )
    .with_hint("Give the model that it uses or that was trained on it.")
}

/// The refusal for a page of the Hub that is no model's.
fn no_model_page(address: &str) -> Refusal {
    Refusal::new(
        Reason::UnsupportedSource,
        format!("`{}` is not the page of a model.", shown(address)),
    )
    .with_hint("Open the model's page and copy its address, or give its id, `org/name`.")
}

/// The refusal for another site.
fn other_site(address: &str, host: &str) -> Refusal {
    if CODE_HOSTS.contains(&host) {
        return Refusal::new(
            Reason::UnsupportedSource,
            "Code repositories cannot be a source yet.",
        )
        .with_hint("Give the model's id on the Hub, or clone the repository and give its folder.");
    }
    let message = format!("`{}` is not an address of the Hub.", shown(address));
    Refusal::new(Reason::UnsupportedSource, message).with_hint(FORMS)
}
