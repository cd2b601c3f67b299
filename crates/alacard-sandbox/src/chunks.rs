//! A long text in several environment variables, because one holds 128 KB at most.

use std::collections::BTreeMap;

const NAME: &str = "ALACARD_CONFINE_";
const LONGEST: usize = 96 * 1024;

/// The variables that hold the text.
pub(crate) fn split(text: &str) -> BTreeMap<String, String> {
    let mut rest = text;
    let mut parts = BTreeMap::new();
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(LONGEST));
        parts.insert(format!("{NAME}{}", parts.len()), head.to_owned());
        rest = tail;
    }
    parts
}

/// The text, if there is any.
pub(crate) fn join(look_up: impl Fn(&str) -> Option<String>) -> Option<String> {
    let parts = (0..).map_while(|number: u32| look_up(&format!("{NAME}{number}")));
    let text: String = parts.collect();
    (!text.is_empty()).then_some(text)
}
