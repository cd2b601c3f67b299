//! The header `Range`.

/// The part of a file that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// So many bytes from here; at least one.
    Some {
        /// The first byte.
        start: u64,
        /// How many.
        length: u64,
    },
    /// Nothing that the file has.
    Outside,
}

/// Reads the header for a file of a size. More than one range, and what is no range, count as
/// not asked for, which the protocol allows.
pub(super) fn part(header: Option<&str>, size: u64) -> Part {
    let spec = header
        .and_then(|header| header.trim().strip_prefix("bytes="))
        .filter(|spec| !spec.contains(','))
        .and_then(|spec| spec.split_once('-'));
    let Some((first, last)) = spec.map(|(first, last)| (first.trim(), last.trim())) else {
        return Part::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => between(first, last, size),
        (Some(first), None) if last.is_empty() => between(first, u64::MAX, size),
        (None, Some(0)) if first.is_empty() => Part::Outside,
        (None, Some(count)) if first.is_empty() => {
            between(size.saturating_sub(count), u64::MAX, size)
        }
        _ => Part::Whole,
    }
}

/// Digits; too many of them are a very large number.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn between(first: u64, last: u64, size: u64) -> Part {
    if first >= size {
        return Part::Outside;
    }
    let last = last.min(size - 1);
    Part::Some {
        start: first,
        length: last - first + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let at = |text| part(Some(text), 10);
        let some = |start, length| Part::Some { start, length };
        assert_eq!(part(None, 10), Part::Whole);
        assert_eq!(at("bytes=0-3"), some(0, 4));
        assert_eq!(at("bytes=5-"), some(5, 5));
        assert_eq!(at("bytes=-3"), some(7, 3));
        assert_eq!(at("bytes=-30"), some(0, 10));
        assert_eq!(at("bytes=0-99999999999999999999999"), some(0, 10));
        for outside in ["bytes=10-", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(at(outside), Part::Outside, "{outside}");
        }
        for whole in [
            "bytes=3-1",
            "bytes=a-",
            "bytes=-",
            "items=0-1",
            "bytes=0-1,3-4",
            "",
        ] {
            assert_eq!(at(whole), Part::Whole, "{whole}");
        }
        assert_eq!(part(Some("bytes=0-0"), 0), Part::Outside);
    }
}
