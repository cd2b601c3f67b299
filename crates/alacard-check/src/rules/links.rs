//! Links, pictures and HTML in the Markdown cells.

use super::{Pattern, matches, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::Lesson;
use crate::rule::{Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[MALFORMED, INSECURE, DANGEROUS, RAW_HTML, ALT_TEXT];

fn is_scheme(target: &str, scheme: &str) -> bool {
    // Browsers skip blank space and control characters inside a scheme.
    let bare = target
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .take(scheme.len());
    bare.map(|c| c.to_ascii_lowercase()).eq(scheme.chars())
}

fn is_dangerous(target: &str) -> bool {
    [
        "javascript:",
        "vbscript:",
        "data:text/html",
        "data:image/svg+xml",
    ]
    .iter()
    .any(|s| is_scheme(target, s))
}

const MALFORMED: Rule = Rule {
    id: "malformed-link",
    sentence: "A link has a text and a well-formed target.",
    strict: Strict::Raise(Severity::Error),
    hint: "write [text](https://host/path), blank space as %20",
    failing: "%% markdown\nSee [the page](https://exa mple.org/page).",
    passing: "%% markdown\nSee [the page](https://example.org/page).",
    run: |lesson, sink| {
        for link in lesson.prose.links.iter().filter(|l| !l.image) {
            if let Some(fault) = link_fault(&link.target, &link.text) {
                sink.add(
                    link.place,
                    format!("the link `{}` {fault}", shortened(&link.target)),
                );
            }
        }
    },
    ..Rule::BASE
};

fn link_fault(target: &str, text: &str) -> Option<&'static str> {
    let target = target.trim();
    if target.is_empty() {
        return Some("has no target");
    }
    if text.is_empty() {
        return Some("has no text");
    }
    if target.contains(char::is_whitespace) {
        return Some("has blank space in its target");
    }
    let web = is_scheme(target, "http:") || is_scheme(target, "https:");
    if web {
        let parsed = url::Url::parse(target).ok();
        let slashes = target
            .split_once(':')
            .is_some_and(|(_, rest)| rest.starts_with("//"));
        let host = parsed
            .as_ref()
            .and_then(url::Url::host_str)
            .unwrap_or_default();
        return (!slashes || host.is_empty()).then_some("is not a well-formed address");
    }
    (target.starts_with("www.") || target.starts_with("//")).then_some("lacks https://")
}

const INSECURE: Rule = Rule {
    id: "insecure-link",
    sentence: "Links use https.",
    severity: Severity::Note,
    hint: "use https:// if the site has it",
    failing: "%% markdown\nSee [the page](http://example.org/).",
    passing: "%% markdown\nSee [the page](https://example.org/) or [here](http://localhost:7860).",
    run: |lesson, sink| {
        for link in lesson
            .prose
            .links
            .iter()
            .filter(|l| is_scheme(&l.target, "http://"))
        {
            let host = link.target.get(7..).unwrap_or_default();
            if !["localhost", "127.0.0.1", "0.0.0.0", "[::1]"]
                .iter()
                .any(|h| host.starts_with(h))
            {
                sink.add(
                    link.place,
                    format!("`{}` is not encrypted", shortened(&link.target)),
                );
            }
        }
    },
    ..Rule::BASE
};

const DANGEROUS: Rule = Rule {
    id: "dangerous-link",
    sentence: "No link runs code.",
    severity: Severity::Error,
    hint: "remove the link",
    failing: "%% markdown\n[Click here](javascript:alert(1))",
    passing: "%% markdown\n[Click here](https://example.org/)",
    run: |lesson, sink| {
        for link in lesson
            .prose
            .links
            .iter()
            .filter(|l| is_dangerous(&l.target))
        {
            sink.add(
                link.place,
                format!("the link `{}` runs code", shortened(&link.target)),
            );
        }
    },
    ..Rule::BASE
};

/// Elements that run or load something, and attributes that run something.
static ACTIVE: Pattern = Pattern::new(|| {
    pattern(concat!(
        r"(?i)<\s*(?:script|iframe|object|embed|applet|form|base|link|meta|style|frame|svg|math)\b",
        r#"|<[a-z][^<>]*[\s"'/]on[a-z]{3,}\s*="#,
        r#"|<[a-z][^<>]*\b(?:src|href|action)\s*=\s*["']?\s*(?:javascript|vbscript|data:text/html)"#,
    ))
});

const RAW_HTML: Rule = Rule {
    id: "active-html",
    sentence: "Markdown holds no HTML that runs or loads something: no script, no iframe, no event handler.",
    severity: Severity::Error,
    hint: "say it in Markdown",
    failing: "%% markdown\n<img src=\"x.png\" alt=\"x\" onerror=\"alert(1)\">",
    passing: "%% markdown\n<details><summary>Answer</summary>Yes, and `<script>` in backticks is only text.</details>",
    run: active_html,
    ..Rule::BASE
};

fn active_html(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    // An element may go over several lines: join the lines of a cell, keep the way back.
    let mut start = 0;
    let lines = &lesson.prose.lines;
    while let Some((place, _)) = lines.get(start) {
        let count = lines
            .iter()
            .skip(start)
            .take_while(|(p, _)| p.cell == place.cell)
            .count()
            .max(1);
        let of_cell = lines.get(start..start + count).unwrap_or_default();
        let joined: String = of_cell
            .iter()
            .flat_map(|(_, l)| [l.as_str(), "\n"])
            .collect();
        for found in matches(&ACTIVE, &joined) {
            let line = joined
                .get(..found.start())
                .unwrap_or_default()
                .matches('\n')
                .count();
            let place = of_cell.get(line).map_or(*place, |(p, _)| *p);
            sink.add(
                place,
                format!("`{}` is active HTML", shortened(found.as_str())),
            );
        }
        start += count;
    }
}

const ALT_TEXT: Rule = Rule {
    id: "picture-without-text",
    sentence: "A picture has a text for people who cannot see it.",
    severity: Severity::Note,
    hint: "write ![what the picture shows](address)",
    failing: "%% markdown\n![](https://example.org/cat.png)",
    passing: "%% markdown\n![A cat asleep on a keyboard](https://example.org/cat.png)",
    run: |lesson, sink| {
        for link in lesson
            .prose
            .links
            .iter()
            .filter(|l| l.image && l.text.is_empty())
        {
            sink.add(link.place, "the picture has no text");
        }
    },
    ..Rule::BASE
};
