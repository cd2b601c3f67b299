//! Addresses of the Hub's protocol, understood.

use crate::serve::repos::Kind;
use crate::source::decoded;

/// Parts of an API address that follow an id, and that need another part after them.
const LONG: [&str; 4] = ["revision", "tree", "paths-info", "commits"];
/// Those that need none.
const SHORT: [&str; 4] = ["refs", "discussions", "xet-read-token", "treesize"];

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum What {
    /// A file.
    File,
    /// The record of a repository.
    Record,
    /// The files of a folder.
    Tree,
    /// What is known about some paths.
    Paths,
    /// Branches and tags.
    Refs,
    /// The history.
    Commits,
    /// Repositories.
    Search,
    /// Who is asking.
    WhoAmI,
    /// Nothing that is known here.
    #[default]
    Other,
}

/// An address. Every text is decoded and otherwise as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Route {
    pub(super) what: What,
    pub(super) kind: Option<Kind>,
    pub(super) id: Option<String>,
    pub(super) revision: Option<String>,
    /// A file or folder in the repository; empty for its top.
    pub(super) path: String,
}

/// Reads the path of an address. Parts are split first and decoded then, so that a revision may
/// hold slashes.
pub(super) fn parse(path: &str) -> Route {
    let path = path.strip_prefix('/').unwrap_or(path);
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["api", "whoami-v2"] => Route {
            what: What::WhoAmI,
            ..Route::default()
        },
        ["api", folder, rest @ ..] => match Kind::of_plural(folder) {
            Some(kind) => api(kind, rest),
            None => Route::default(),
        },
        [folder, rest @ ..] => match Kind::of_plural(folder).filter(|kind| *kind != Kind::Model) {
            Some(kind) => file(kind, rest),
            None => file(Kind::Model, &parts),
        },
        [] => Route::default(),
    }
}

/// `{id}/resolve/{revision}/{path}`.
fn file(kind: Kind, parts: &[&str]) -> Route {
    let at = [1, 2]
        .into_iter()
        .find(|at| parts.get(*at) == Some(&"resolve"));
    let Some((at, revision)) = at.and_then(|at| Some((at, parts.get(at + 1)?))) else {
        return Route::default();
    };
    Route {
        what: What::File,
        kind: Some(kind),
        id: id(parts.get(..at)),
        revision: Some((*revision).to_owned()),
        path: joined(parts.get(at + 2..)),
    }
    .with_id()
}

/// What follows `api/models`.
fn api(kind: Kind, parts: &[&str]) -> Route {
    let parts = match parts {
        [before @ .., ""] => before,
        all => all,
    };
    let about = |what: What, end: usize| Route {
        what,
        kind: Some(kind),
        id: id(parts.get(..end)),
        ..Route::default()
    };
    if parts.is_empty() {
        return Route {
            id: None,
            ..about(What::Search, 0)
        };
    }
    let Some(at) = [1, 2].into_iter().find(|at| is_verb(parts, *at)) else {
        let what = if parts.len() < 3 {
            What::Record
        } else {
            What::Other
        };
        return about(what, parts.len().min(2)).with_id();
    };
    let what = match parts.get(at).copied().unwrap_or_default() {
        "revision" => What::Record,
        "tree" => What::Tree,
        "paths-info" => What::Paths,
        "refs" => What::Refs,
        "commits" => What::Commits,
        _ => What::Other,
    };
    Route {
        revision: parts.get(at + 1).map(|revision| (*revision).to_owned()),
        path: joined(parts.get(at + 2..)),
        ..about(what, at)
    }
    .with_id()
}

/// Whether the word at a place is one of the protocol and not the second half of an id.
fn is_verb(parts: &[&str], at: usize) -> bool {
    let last = at + 1 == parts.len();
    parts
        .get(at)
        .is_some_and(|word| SHORT.contains(word) || (LONG.contains(word) && !last))
}

/// An id; `None` when a part of it is empty.
fn id(parts: Option<&[&str]>) -> Option<String> {
    let parts = parts.filter(|parts| !parts.iter().any(|part| part.is_empty()))?;
    Some(parts.join("/"))
}

fn joined(parts: Option<&[&str]>) -> String {
    parts.unwrap_or_default().join("/")
}

impl Route {
    /// Nothing at all when there is no id where one belongs.
    fn with_id(self) -> Self {
        if self.id.is_some() {
            self
        } else {
            Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(path: &str) -> (What, Option<Kind>, String, String, String) {
        let route = parse(path);
        let text = |text: Option<String>| text.unwrap_or_default();
        (
            route.what,
            route.kind,
            text(route.id),
            text(route.revision),
            route.path,
        )
    }

    fn as_text(
        what: What,
        kind: Kind,
        id: &str,
        revision: &str,
        path: &str,
    ) -> (What, Option<Kind>, String, String, String) {
        (
            what,
            Some(kind),
            id.to_owned(),
            revision.to_owned(),
            path.to_owned(),
        )
    }

    #[test]
    fn addresses_of_the_protocol() {
        use Kind::{Dataset, Model, Space};
        for (path, what, kind, id, revision, file) in [
            (
                "/a/b/resolve/main/x/y.json",
                What::File,
                Model,
                "a/b",
                "main",
                "x/y.json",
            ),
            (
                "/gpt2/resolve/main/x",
                What::File,
                Model,
                "gpt2",
                "main",
                "x",
            ),
            (
                "/a/b/resolve/refs%2Fpr%2F1/x%20y",
                What::File,
                Model,
                "a/b",
                "refs/pr/1",
                "x y",
            ),
            (
                "/datasets/a/b/resolve/main/x",
                What::File,
                Dataset,
                "a/b",
                "main",
                "x",
            ),
            (
                "/datasets/squad/resolve/main/x",
                What::File,
                Dataset,
                "squad",
                "main",
                "x",
            ),
            (
                "/spaces/a/b/resolve/main/x",
                What::File,
                Space,
                "a/b",
                "main",
                "x",
            ),
            ("/api/models/a/b", What::Record, Model, "a/b", "", ""),
            ("/api/models/a%2Fb", What::Record, Model, "a/b", "", ""),
            ("/api/models/gpt2", What::Record, Model, "gpt2", "", ""),
            (
                "/api/models/gpt2/revision/main",
                What::Record,
                Model,
                "gpt2",
                "main",
                "",
            ),
            ("/api/models/a/tree", What::Record, Model, "a/tree", "", ""),
            (
                "/api/models/a/b/tree/main",
                What::Tree,
                Model,
                "a/b",
                "main",
                "",
            ),
            (
                "/api/models/a/b/tree/main/",
                What::Tree,
                Model,
                "a/b",
                "main",
                "",
            ),
            (
                "/api/models/a/b/tree/main/x/y",
                What::Tree,
                Model,
                "a/b",
                "main",
                "x/y",
            ),
            (
                "/api/datasets/a/b/paths-info/main",
                What::Paths,
                Dataset,
                "a/b",
                "main",
                "",
            ),
            ("/api/spaces/a/b/refs", What::Refs, Space, "a/b", "", ""),
            (
                "/api/models/a/b/commits/main",
                What::Commits,
                Model,
                "a/b",
                "main",
                "",
            ),
            (
                "/api/models/a/b/discussions",
                What::Other,
                Model,
                "a/b",
                "",
                "",
            ),
            ("/api/models/a/b/c", What::Other, Model, "a/b", "", ""),
            ("/api/models", What::Search, Model, "", "", ""),
        ] {
            assert_eq!(of(path), as_text(what, kind, id, revision, file), "{path}");
        }
        assert_eq!(parse("/api/whoami-v2").what, What::WhoAmI);
        for other in [
            "",
            "/",
            "/x",
            "/api",
            "/api/x",
            "//resolve/main/x",
            "/a/b/resolve",
        ] {
            assert_eq!(parse(other), Route::default(), "{other}");
        }
    }

    /// Percent-encodes every byte.
    fn encoded(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(name in ".{1,20}", revision in ".{1,20}", file in ".{1,20}") {
            let path = format!("/a/{}/resolve/{}/{}", encoded(&name), encoded(&revision), encoded(&file));
            prop_assume!(name != "resolve");
            let route = parse(&path);
            prop_assert_eq!(route.what, What::File);
            prop_assert_eq!(route.id, Some(format!("a/{name}")));
            prop_assert_eq!(route.revision, Some(revision));
            prop_assert_eq!(route.path, file);
        }

        #[test]
        fn any_path_is_understood_or_not(path in "(/|%|api|models|resolve|tree|[a-z%/.]{0,4}|\\PC){0,12}") {
            let route = parse(&path);
            prop_assert!(route.what != What::File || route.id.is_some_and(|id| !id.is_empty()));
        }
    }
}
