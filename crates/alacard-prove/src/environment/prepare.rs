//! From what a notebook needs to an environment, with second thoughts.

use std::collections::BTreeSet;

use super::Progress;
use super::error::{EnvError, EnvErrorKind};
use super::requirement::{Requirement, normalised};
use super::store::{Environment, Environments};

/// What is wanted of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// What the notebook asks for itself: never changed, with the exceptions below.
    pub own: Vec<String>,
    /// What was added: pins for names that the notebook left open, and packages of its imports.
    /// The pins are dropped when they clash with `own`.
    pub added: Vec<String>,
    /// Names (normalised) that may be left out when they cannot be had: accelerators for hardware
    /// that a proof does not use, and packages known from an import only.
    pub optional: BTreeSet<String>,
    /// What took the place of an address, by that requirement's text: a release in the place of a
    /// repository that cannot be reached.
    pub instead: Vec<(String, String)>,
}

/// An environment, and how it came about.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The environment.
    pub environment: Environment,
    /// What it was asked to satisfy.
    pub requirements: Vec<String>,
    /// Whether it was there already and holds more than was asked for.
    pub covered: bool,
    /// What was done differently from what the notebook asks, in sentences.
    pub notes: Vec<String>,
}

/// How often a wish is changed before its fault is reported.
const MAX_CHANGES: usize = 8;

impl Environments {
    /// The environment for a wish: one that is there and covers it, else one of its own.
    ///
    /// When the requirements cannot be met together, first the added pins are dropped, then
    /// optional packages that are at fault, then repositories are replaced by releases. Each
    /// change is a note. What the notebook pins itself is never changed.
    ///
    /// # Errors
    ///
    /// The fault that is left when nothing more can be changed: about the notebook's own words,
    /// because everything that was added has been left open by then.
    pub fn prepare(
        &self,
        wish: &Wish,
        python: &str,
        progress: Progress<'_>,
    ) -> Result<Prepared, EnvError> {
        let mut notes = Vec::new();
        let wanted = wish.all();
        if let Some(environment) = self.covering(&with_kernel(&wanted)) {
            let covered = environment.record.requirements != sorted(&with_kernel(&wanted));
            return Ok(Prepared {
                environment,
                requirements: wanted,
                covered,
                notes,
            });
        }
        let found = self.interpreter(python)?;
        if found.minor() != python {
            notes.push(format!(
                "Python {python} is not on this machine; {} was used",
                found.version
            ));
        }
        progress("resolving the requirements");
        let (environment, requirements) = self.settled(wish, python, progress, &mut notes)?;
        Ok(Prepared {
            environment,
            requirements,
            covered: false,
            notes,
        })
    }

    fn settled(
        &self,
        wish: &Wish,
        python: &str,
        progress: Progress<'_>,
        notes: &mut Vec<String>,
    ) -> Result<(Environment, Vec<String>), EnvError> {
        let mut wish = wish.clone();
        let mut last = EnvError::new(
            EnvErrorKind::Conflict,
            "the requirements exclude each other",
        );
        for _ in 0..MAX_CHANGES {
            let requirements = wish.all();
            let made = self
                .lock(&requirements, python)
                .and_then(|lock| self.ensure(&lock, &with_kernel(&requirements), progress));
            let error = match made {
                Ok(environment) => return Ok((environment, requirements)),
                Err(error) => error,
            };
            match wish.changed(&error) {
                Some(note) => notes.push(note),
                None => return Err(error),
            }
            last = error;
        }
        Err(last)
    }
}

impl Wish {
    /// All requirements, each package once: the notebook's own words win.
    pub fn all(&self) -> Vec<String> {
        let own: BTreeSet<String> = self
            .own
            .iter()
            .filter_map(|r| Requirement::parse(r))
            .map(|r| r.key())
            .collect();
        let added = self
            .added
            .iter()
            .filter(|text| Requirement::parse(text).is_some_and(|r| !own.contains(&r.key())));
        sorted(&self.own.iter().chain(added).cloned().collect::<Vec<_>>())
    }

    /// Changes the wish in answer to a fault; the note says what was changed. `None`: nothing is
    /// left to change.
    fn changed(&mut self, error: &EnvError) -> Option<String> {
        if let Some(note) = self.without_optional(error) {
            return Some(note);
        }
        let mends = error.kind.is_of_notebook() || error.kind == EnvErrorKind::NoNetwork;
        if mends && let Some((address, release)) = self.instead.pop() {
            self.own.retain(|text| *text != address);
            self.own.push(release.clone());
            return Some(format!(
                "`{address}` cannot be had; the release `{release}` took its place"
            ));
        }
        if !error.kind.is_of_notebook() {
            return None;
        }
        self.loosened().map(|names| {
            format!("the versions that Alacard knows for {names} do not go with what the notebook asks for, so they were left open")
        })
    }

    fn without_optional(&mut self, error: &EnvError) -> Option<String> {
        if !error.kind.is_of_notebook() {
            return None;
        }
        let package = error.package.as_deref()?;
        let name = package.split(['=', '<', '>', '~', '!', '[', ' ']).next()?;
        let key = normalised(name);
        let is_it = |text: &String| Requirement::parse(text).is_some_and(|r| r.key() == key);
        if !self.optional.contains(&key) || !self.own.iter().chain(&self.added).any(is_it) {
            return None;
        }
        self.own.retain(|text| !is_it(text));
        self.added.retain(|text| !is_it(text));
        Some(format!("`{name}` was left out: {error}"))
    }

    /// Drops the pins of what was added; the names, or nothing when none was pinned.
    fn loosened(&mut self) -> Option<String> {
        let mut names = Vec::new();
        for text in &mut self.added {
            let Some(mut requirement) = Requirement::parse(text) else {
                continue;
            };
            if !requirement.specifiers.is_empty() {
                names.push(format!("`{}`", requirement.name));
                requirement.specifiers.clear();
                *text = requirement.text();
            }
        }
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// The kernel is what every environment needs to be executed in.
pub(crate) fn with_kernel(requirements: &[String]) -> Vec<String> {
    let has = requirements
        .iter()
        .filter_map(|text| Requirement::parse(text))
        .any(|requirement| requirement.key() == "ipykernel");
    let mut all = requirements.to_vec();
    if !has {
        all.push("ipykernel".to_owned());
    }
    all
}

fn sorted(requirements: &[String]) -> Vec<String> {
    let mut all: Vec<String> = requirements
        .iter()
        .map(|text| Requirement::parse(text).map_or_else(|| text.clone(), |r| r.text()))
        .collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(own: &[&str], added: &[&str]) -> Wish {
        Wish {
            own: own.iter().map(|r| (*r).to_owned()).collect(),
            added: added.iter().map(|r| (*r).to_owned()).collect(),
            ..Wish::default()
        }
    }

    fn fault(kind: EnvErrorKind, package: Option<&str>) -> EnvError {
        let error = EnvError::new(kind, "no");
        match package {
            Some(package) => error.about(package),
            None => error,
        }
    }

    #[test]
    fn the_notebooks_own_pins_win() {
        let wish = wish(
            &["transformers==4.30.0"],
            &["Transformers==5.23.0", "torch==2.15.0"],
        );
        assert_eq!(wish.all(), ["torch==2.15.0", "transformers==4.30.0"]);
    }

    #[test]
    fn a_clash_loosens_what_was_added_and_nothing_else() {
        let mut wish = wish(&["transformers==4.30.0"], &["torch==2.15.0"]);
        let note = wish.changed(&fault(EnvErrorKind::Conflict, None)).unwrap();
        assert!(note.contains("`torch`"), "{note}");
        assert_eq!(wish.all(), ["torch", "transformers==4.30.0"]);
        assert_eq!(wish.changed(&fault(EnvErrorKind::Conflict, None)), None);
    }

    #[test]
    fn optional_packages_and_repositories_give_way() {
        let mut wish = wish(&["flash-attn", "t @ git+https://example.org/t"], &[]);
        wish.optional.insert("flash-attn".to_owned());
        wish.instead.push((
            "t @ git+https://example.org/t".to_owned(),
            "t==5".to_owned(),
        ));
        wish.changed(&fault(EnvErrorKind::NeedsCompiler, Some("flash-attn==2.8")))
            .unwrap();
        assert_eq!(wish.own, ["t @ git+https://example.org/t"]);
        wish.changed(&fault(EnvErrorKind::NoNetwork, None)).unwrap();
        assert_eq!(wish.own, ["t==5"]);
        assert_eq!(wish.changed(&fault(EnvErrorKind::NoNetwork, None)), None);
    }
}
