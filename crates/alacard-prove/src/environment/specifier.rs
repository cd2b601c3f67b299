//! Version specifiers, as far as they can be decided without the package index.

/// Whether a version satisfies specifiers such as `>=4.40,<5`. `None`: not to be decided here
/// (pre-releases, local versions, wildcards in the middle).
pub(crate) fn satisfies(version: &str, specifiers: &str) -> Option<bool> {
    let mut all = true;
    for specifier in specifiers
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
    {
        all &= one(version, specifier)?;
    }
    Some(all)
}

fn one(version: &str, specifier: &str) -> Option<bool> {
    let end = specifier.find(|c: char| !"<>=!~".contains(c))?;
    let (operator, wanted) = specifier.split_at(end);
    let wanted = wanted.trim();
    if let Some(prefix) = wanted.strip_suffix(".*") {
        let inside = starts_with(&release(version)?, &release(prefix)?);
        return match operator {
            "==" => Some(inside),
            "!=" => Some(!inside),
            _ => None,
        };
    }
    if matches!(operator, "==" | "===") && same_text(version, wanted) {
        return Some(true);
    }
    let (have, want) = (release(version)?, release(wanted)?);
    let order = compare(&have, &want);
    Some(match operator {
        "==" | "===" => order.is_eq(),
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        "~=" => order.is_ge() && starts_with(&have, want.get(..want.len().checked_sub(1)?)?),
        _ => return None,
    })
}

/// Equal but for the local part, which a CPU build of the same release has (`2.15.0+cpu`).
fn same_text(version: &str, wanted: &str) -> bool {
    version == wanted
        || version
            .split_once('+')
            .is_some_and(|(public, _)| public == wanted)
}

/// The numbers of a final release; `None` for anything else.
fn release(version: &str) -> Option<Vec<u64>> {
    let public = version.split('+').next().unwrap_or(version);
    public.split('.').map(|part| part.parse().ok()).collect()
}

fn compare(a: &[u64], b: &[u64]) -> std::cmp::Ordering {
    let at = |v: &[u64], i: usize| v.get(i).copied().unwrap_or(0);
    (0..a.len().max(b.len()))
        .map(|i| at(a, i).cmp(&at(b, i)))
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

fn starts_with(version: &[u64], prefix: &[u64]) -> bool {
    prefix
        .iter()
        .enumerate()
        .all(|(i, part)| version.get(i).copied().unwrap_or(0) == *part)
}

#[cfg(test)]
mod tests {
    use super::satisfies;

    #[test]
    fn plain_versions_are_compared_by_number() {
        for (version, specifier, wanted) in [
            ("4.9.0", ">=4.40", Some(false)),
            ("4.40.1", ">=4.40,<5", Some(true)),
            ("5", "==5.0.0", Some(true)),
            ("5.1", "==5.*", Some(true)),
            ("1.4.9", "~=1.4.2", Some(true)),
            ("1.5.0", "~=1.4.2", Some(false)),
            ("2.15.0+cpu", "==2.15.0", Some(true)),
            ("1.0rc1", ">=1.0", None),
            ("1.0rc1", "==1.0rc1", Some(true)),
            ("1.0", "!=1.0", Some(false)),
            ("1.0", "", Some(true)),
        ] {
            assert_eq!(
                satisfies(version, specifier),
                wanted,
                "{version} {specifier}"
            );
        }
    }
}
