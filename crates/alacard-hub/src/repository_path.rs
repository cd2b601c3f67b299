//! Paths inside a repository, as strangers write them.

/// Longest path in bytes.
const MAX_PATH: usize = 1024;
/// Longest name of a file or folder in bytes; file systems take no more.
const MAX_NAME: usize = 255;

/// Whether a path stays inside the folder it is joined to, on every system: relative, without
/// `.`, `..`, empty parts, backslashes and control characters.
pub(crate) fn is_safe(path: &str) -> bool {
    path.len() <= MAX_PATH && path.split('/').all(is_name)
}

/// Whether this can be the name of a file.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= MAX_NAME
        && !name.chars().any(|c| c.is_control() || c == '\\')
}

/// Whether this is a commit: 40 hexadecimal digits.
pub(crate) fn is_sha(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_not_safe() {
        for good in ["a", "a/b.json", ".gitattributes", "ä/ö x.txt", "a..b"] {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\0", "a\nb",
        ] {
            assert!(!is_safe(bad), "{bad:?}");
        }
        assert!(!is_safe(&"x".repeat(256)) && !is_safe(&"x/".repeat(600)));
    }
}
