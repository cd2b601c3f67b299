//! One requirement, taken apart.

pub use alacard_check::normalised;

/// A requirement as the packaging standards write it: `name[extra]>=1; marker` or `name @ address`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The name as it is written.
    pub name: String,
    /// Extras in brackets, normalised and sorted.
    pub extras: Vec<String>,
    /// Version specifiers without spaces; empty: any version.
    pub specifiers: String,
    /// The environment marker after `;`, where there is one.
    pub marker: Option<String>,
    /// The address of a direct reference.
    pub address: Option<String>,
}

impl Requirement {
    /// Takes a requirement apart; `None` when it cannot be one.
    ///
    /// ```
    /// use alacard_prove::environment::Requirement;
    ///
    /// let r = Requirement::parse("Transformers[torch] >= 4.40, < 5 ; python_version < '3.13'").unwrap();
    /// assert_eq!((r.name.as_str(), r.specifiers.as_str()), ("Transformers", ">=4.40,<5"));
    /// assert!(Requirement::parse("--index-url=x").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return None;
        }
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !edge(name.chars().next()) || !edge(name.chars().next_back()) || name.len() > 200 {
            return None;
        }
        let (extras, rest) = extras(rest.trim_start())?;
        if let Some(address) = rest.trim_start().strip_prefix('@') {
            return Self::direct(name, extras, address.trim());
        }
        let (specifiers, marker) = match rest.split_once(';') {
            Some((specifiers, marker)) => (specifiers, Some(marker.trim().to_owned())),
            None => (rest, None),
        };
        let inside = specifiers
            .trim()
            .trim_start_matches('(')
            .trim_end_matches(')');
        let specifiers = inside.split(',').map(joined).collect::<Vec<_>>().join(",");
        let good = specifiers.split(',').all(is_specifier) || specifiers.is_empty();
        good.then(|| Self {
            name: name.to_owned(),
            extras,
            specifiers,
            marker,
            address: None,
        })
    }

    fn direct(name: &str, extras: Vec<String>, address: &str) -> Option<Self> {
        // Nothing of this machine is ever taken for a package.
        let remote = ["https://", "http://", "git+https://", "git+http://"];
        let good = remote.iter().any(|scheme| address.starts_with(scheme))
            && !address.chars().any(|c| c.is_whitespace() || c.is_control());
        good.then(|| Self {
            name: name.to_owned(),
            extras,
            specifiers: String::new(),
            marker: None,
            address: Some(address.to_owned()),
        })
    }

    /// The name as the index compares it.
    pub fn key(&self) -> String {
        normalised(&self.name)
    }

    /// The exact version, when the requirement names one.
    pub fn pin(&self) -> Option<&str> {
        let version = self.specifiers.strip_prefix("==")?;
        (!version.starts_with('=') && !version.contains(['*', ','])).then_some(version)
    }

    /// Whether any version will do.
    pub fn is_open(&self) -> bool {
        self.specifiers.is_empty() && self.address.is_none()
    }

    /// The requirement in one canonical form.
    pub fn text(&self) -> String {
        let mut text = self.name.clone();
        if !self.extras.is_empty() {
            text.push_str(&format!("[{}]", self.extras.join(",")));
        }
        text.push_str(&self.specifiers);
        if let Some(address) = &self.address {
            text.push_str(&format!(" @ {address}"));
        }
        if let Some(marker) = &self.marker {
            text.push_str(&format!(" ; {marker}"));
        }
        text
    }
}

fn extras(text: &str) -> Option<(Vec<String>, &str)> {
    let Some(inside) = text.strip_prefix('[') else {
        return Some((Vec::new(), text));
    };
    let (list, rest) = inside.split_once(']')?;
    let mut extras: Vec<String> = list.split(',').map(|e| normalised(e.trim())).collect();
    extras.retain(|e| !e.is_empty());
    extras.sort();
    let legal = |e: &String| e.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    extras.iter().all(legal).then_some((extras, rest))
}

/// An operator and its version without the space between them.
fn joined(specifier: &str) -> String {
    let specifier = specifier.trim();
    let version = specifier.trim_start_matches(['<', '>', '=', '!', '~']);
    let operator = specifier.strip_suffix(version).unwrap_or_default();
    format!("{operator}{}", version.trim_start())
}

fn is_specifier(text: &str) -> bool {
    let version = text.trim_start_matches(['<', '>', '=', '!', '~']);
    let operator = text.strip_suffix(version).unwrap_or_default();
    matches!(
        operator,
        "==" | "===" | ">=" | "<=" | ">" | "<" | "~=" | "!="
    ) && !version.is_empty()
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".*+!-_".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_have_one_canonical_form() {
        for (text, canonical) in [
            ("numpy", "numpy"),
            (" torch == 2.15.0 ", "torch==2.15.0"),
            ("uvicorn[Standard, a]>=1,<2", "uvicorn[a,standard]>=1,<2"),
            ("x (>=1)", "x>=1"),
            (
                "y @ git+https://example.org/y@main",
                "y @ git+https://example.org/y@main",
            ),
            ("z; python_version<'3.12'", "z ; python_version<'3.12'"),
        ] {
            assert_eq!(
                Requirement::parse(text).map(|r| r.text()).as_deref(),
                Some(canonical),
                "{text}"
            );
        }
        for bad in [
            "",
            "-e .",
            "./folder",
            "a b",
            "a==",
            "a=1",
            "a==1 --hash",
            "{x}",
            "a\nb",
            "a;\nb",
            "a @ file:///etc/x",
            "a @ ../b",
        ] {
            assert_eq!(Requirement::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_pin_is_one_exact_version() {
        let pin = |text| Requirement::parse(text).unwrap().pin().map(str::to_owned);
        assert_eq!(pin("a==1.0"), Some("1.0".to_owned()));
        assert_eq!(pin("a==1.*"), None);
        assert_eq!(pin("a>=1"), None);
    }
}
