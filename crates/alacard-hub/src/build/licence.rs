//! The licence, and in plain words what it restricts.
//!
//! The sentences were written from the licences' own texts. They are a help for reading, not legal
//! advice, and say only what the licence clearly asks for.

use super::sources::Sources;
use super::value::{self, NAME};
use crate::dossier::{Fact, Licence, Provenance};

/// The licence of the front matter, else of the tags.
pub(super) fn licence(sources: &Sources<'_>) -> Option<Fact<Licence>> {
    let (id, from) = stated(sources).or_else(|| tagged(sources))?;
    let page = |key: &str| {
        sources
            .page(key)
            .and_then(|(value, _)| value::name(Some(value)))
    };
    let name = page("license_name");
    let restriction = restriction(&id, name.as_deref());
    Some(sources.fact(
        Licence {
            id,
            name,
            link: page("license_link"),
            restriction,
        },
        from,
    ))
}

fn stated(sources: &Sources<'_>) -> Option<(String, Provenance)> {
    let (value, from) = ["license", "licence", "licenses"]
        .iter()
        .find_map(|key| sources.page(key))?;
    let ids = value::names(Some(value), 4).join(", ");
    let id: String = ids.to_lowercase().chars().take(NAME).collect();
    (!id.is_empty()).then_some((id, from))
}

fn tagged(sources: &Sources<'_>) -> Option<(String, Provenance)> {
    let id = sources
        .tags
        .iter()
        .find_map(|tag| tag.strip_prefix("license:"))?;
    Some((id.to_lowercase(), sources.tags_from))
}

const NON_COMMERCIAL: &str = "It may not be used for commercial purposes.";
const RESEARCH: &str =
    "It may be used for research only, not in products or for commercial purposes.";
const OWN: &str =
    "The author set a licence of its own: read it before you use the model for more than learning.";
const USES: &str = "It forbids a list of harmful uses, and whoever passes the model or a changed version on must pass these rules on too.";
const SHARE_ALIKE: &str = "Changed versions that you share must carry the same licence.";
const LLAMA: &str = "Meta's community licence binds every use to an acceptable-use policy, and companies with more than 700 million monthly users need a permission of their own.";
const LLAMA_EU: &str = "Meta's community licence binds every use to an acceptable-use policy, companies with more than 700 million monthly users need a permission of their own, and for models that read images it grants no rights to people and companies based in the European Union.";
const GEMMA: &str = "Google's Gemma terms forbid a list of uses, and whoever passes the model or a changed version on must pass these terms on too.";

/// Beginnings of licence ids and what they restrict; the first that fits counts.
const BY_ID: [(&str, &str); 33] = [
    (
        "cc-by-nc-nd",
        "It may not be used for commercial purposes, and changed versions may not be shared.",
    ),
    (
        "cc-by-nc-sa",
        "It may not be used for commercial purposes, and changed versions that you share must carry the same licence.",
    ),
    ("cc-by-nc", NON_COMMERCIAL),
    ("cc-by-nd", "Changed versions may not be shared."),
    ("cc-by-sa", SHARE_ALIKE),
    ("cdla-sharing", SHARE_ALIKE),
    ("odbl", SHARE_ALIKE),
    ("gfdl", SHARE_ALIKE),
    (
        "agpl",
        "Software built on it that you share, or a changed version that you offer over a network, must come with its source code under the same licence.",
    ),
    (
        "gpl",
        "Software built on it that you share must come with its source code under the same licence.",
    ),
    (
        "lgpl",
        "Changes to it that you share must come with their source code under the same licence.",
    ),
    (
        "mpl",
        "Changed files of it that you share must stay under the same licence.",
    ),
    (
        "epl",
        "Changes to it that you share must come with their source code under the same licence.",
    ),
    (
        "eupl",
        "Changed versions that you share, also as a service over a network, must come with their source code under the same licence or a compatible one.",
    ),
    (
        "osl",
        "Changed versions that you share, also as a service over a network, must come with their source code under the same licence.",
    ),
    ("llama2", LLAMA),
    ("llama3.2", LLAMA_EU),
    ("llama3", LLAMA),
    ("llama4", LLAMA_EU),
    ("gemma", GEMMA),
    ("openrail", USES),
    ("creativeml-openrail", USES),
    ("bigscience-openrail", USES),
    ("bigscience-bloom-rail", USES),
    ("bigcode-openrail", USES),
    ("apple-amlr", RESEARCH),
    ("intel-research", RESEARCH),
    ("h-research", RESEARCH),
    (
        "fair-noncommercial-research",
        "It may be used for research only, and not for commercial purposes.",
    ),
    ("deepfloyd-if", OWN),
    ("grok2-community", OWN),
    (
        "c-uda",
        "The data may be used for computing only, not for showing or passing on its content.",
    ),
    (
        "unknown",
        "The page does not say what its licence allows: ask the author before you use the model for more than learning.",
    ),
];

/// Words in the name of an `other` licence, and what they say.
const BY_NAME: [(&str, &str); 12] = [
    ("non-commercial", NON_COMMERCIAL),
    ("noncommercial", NON_COMMERCIAL),
    ("cc-by-nc", NON_COMMERCIAL),
    (
        "non-production",
        "It may be used for research and tests, not in production.",
    ),
    (
        "mnpl",
        "It may be used for research and tests, not in production.",
    ),
    ("qwen-research", RESEARCH),
    ("research-only", RESEARCH),
    (
        "stabilityai-ai-community",
        "It is free for research, for private use and for businesses with less than a million US dollars of yearly revenue; larger ones need a licence from Stability AI.",
    ),
    ("llama3.2", LLAMA_EU),
    ("llama4", LLAMA_EU),
    ("llama3", LLAMA),
    ("llama2", LLAMA),
];

/// In one sentence what a licence restricts; `None` for permissive and unknown ids.
fn restriction(id: &str, name: Option<&str>) -> Option<String> {
    let each = |id: &str| {
        BY_ID
            .iter()
            .find(|(start, _)| id.starts_with(start))
            .map(|(_, sentence)| *sentence)
    };
    let own = || {
        id.split(", ")
            .any(|id| id == "other" || id == "cc")
            .then(|| name.and_then(by_name).unwrap_or(OWN))
    };
    let sentence = id.split(", ").find_map(each).or_else(own)?;
    let several = id.contains(", ");
    Some(if several {
        format!("The page names several licences ({id}); of one of them: {sentence}")
    } else {
        sentence.to_owned()
    })
}

fn by_name(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    BY_NAME
        .iter()
        .find(|(word, _)| name.contains(word))
        .map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissive_licences_restrict_nothing() {
        for id in [
            "apache-2.0",
            "mit",
            "bsd-3-clause",
            "cc-by-4.0",
            "cc0-1.0",
            "something-new",
            "cdla-permissive-2.0",
        ] {
            assert_eq!(restriction(id, None), None, "{id}");
        }
    }

    #[test]
    fn the_most_special_sentence_counts() {
        assert!(
            restriction("cc-by-nc-nd-4.0", None)
                .unwrap()
                .contains("changed versions may not")
        );
        assert_eq!(
            restriction("cc-by-nc-4.0", None).as_deref(),
            Some(NON_COMMERCIAL)
        );
        assert!(restriction("agpl-3.0", None).unwrap().contains("network"));
        assert_eq!(restriction("llama3.2", None).as_deref(), Some(LLAMA_EU));
        assert_eq!(restriction("llama3.1", None).as_deref(), Some(LLAMA));
        assert_eq!(
            restriction("other", Some("flux-1-dev-non-commercial-license")).as_deref(),
            Some(NON_COMMERCIAL)
        );
        assert_eq!(restriction("other", None).as_deref(), Some(OWN));
        assert!(
            restriction("mit, cc-by-nc-4.0", None)
                .unwrap()
                .ends_with(NON_COMMERCIAL)
        );
    }
}
