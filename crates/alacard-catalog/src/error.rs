//! A name that is not in the catalogue, with the names that are close to it.

/// A card name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a known {kind}")]
pub struct UnknownCard {
    /// Which kind of card was meant (`difficulty`, `ui`, …).
    pub kind: String,
    /// What was given.
    pub given: String,
    /// The nearest names, best first, at most three; all names when none is near.
    pub nearest: Vec<String>,
}

impl UnknownCard {
    /// Finds the names nearest to `given` among `known`.
    pub fn new<'a>(kind: &str, given: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let mut scored: Vec<(f64, &str)> = known
            .into_iter()
            .map(|name| (strsim::jaro_winkler(given, name), name))
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let near: Vec<String> = scored
            .iter()
            .filter(|(score, _)| *score > 0.7)
            .take(3)
            .map(|(_, n)| (*n).to_owned())
            .collect();
        let nearest = if near.is_empty() {
            scored.iter().map(|(_, n)| (*n).to_owned()).collect()
        } else {
            near
        };
        Self {
            kind: match kind {
                "Prompts" => "prompt pack".to_owned(),
                "Ui" => "UI component".to_owned(),
                other => other.to_lowercase(),
            },
            given: given.to_owned(),
            nearest,
        }
    }

    /// What to do: the nearest names in one sentence.
    pub fn hint(&self) -> String {
        format!(
            "did you mean {}?",
            self.nearest
                .iter()
                .map(|n| format!("`{n}`"))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }
}

impl UnknownCard {
    /// What a topic of nothing but unusable characters is about.
    pub(crate) const FALLBACK_TOPIC: &str = "your own work";
}

/// A file of the catalogue that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The file is neither in the binary nor in the user's folder.
    #[error("the catalogue has no file `{0}`")]
    Missing(String),
    /// The file is not what it should be.
    #[error("catalogue file `{name}`: {message}")]
    Unreadable {
        /// Name relative to the catalogue.
        name: String,
        /// What is wrong with it.
        message: String,
    },
}
