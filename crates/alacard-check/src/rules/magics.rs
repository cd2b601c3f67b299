//! IPython's magics: known ones, in places where IPython sees them.

use ruff_python_ast::IpyEscapeKind;

use super::{Pattern, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::{Code, Lesson};
use crate::rule::{Place, Rule, Sink};

pub(crate) const RULES: &[Rule] = &[POSITION, UNKNOWN, CD];

static CELL_MAGIC: Pattern = Pattern::new(|| pattern(r"(?m)^%%[A-Za-z!]"));

const POSITION: Rule = Rule {
    id: "magic-position",
    sentence: "A cell magic stands on the first line of its cell, and a comment is not before it.",
    severity: Severity::Error,
    hint: "move the `%%` line to the top of the cell",
    failing: "%% code\n# measure it\n%%time\nprint(sum(range(10)))",
    passing: "%% code\n%%time\nprint(sum(range(10)))",
    run: position,
    ..Rule::BASE
};

fn position(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    for view in lesson.code() {
        // The body of a file or of another language may well hold such a line.
        if matches!(&view.code, Some(Code::Magic(m)) if !m.runs_python()) {
            continue;
        }
        let first = view
            .lines()
            .find(|(_, l)| !l.trim().is_empty())
            .map_or(0, |(n, _)| n);
        for found in super::matches(&CELL_MAGIC, view.source()) {
            let line = view
                .source()
                .get(..found.start())
                .unwrap_or_default()
                .matches('\n')
                .count()
                + 1;
            if line != first && !in_string(lesson, view.index, line) {
                let text = view.source().lines().nth(line - 1).unwrap_or_default();
                sink.add(
                    Place::line(view.index, line),
                    format!("`{}` is not on the first line of the cell", shortened(text)),
                );
            }
        }
    }
}

/// Whether a line lies inside a string: then no command of IPython begins there.
fn in_string(lesson: &Lesson<'_>, cell: usize, line: usize) -> bool {
    let parsed = matches!(
        lesson.cells.get(cell).and_then(|v| v.code.as_ref()),
        Some(Code::Python | Code::Magic(_))
    );
    parsed
        && !lesson
            .facts
            .escapes
            .iter()
            .any(|e| e.place == Place::line(cell, line))
}

/// Line and cell magics of IPython and of the tools that notebooks are opened with.
const KNOWN: &[&str] = &[
    "alias",
    "alias_magic",
    "autoawait",
    "autocall",
    "automagic",
    "autosave",
    "bash",
    "bookmark",
    "capture",
    "cat",
    "cd",
    "clear",
    "code_wrap",
    "colors",
    "conda",
    "config",
    "connect_info",
    "cp",
    "cython",
    "debug",
    "dhist",
    "dirs",
    "doctest_mode",
    "ed",
    "edit",
    "env",
    "file",
    "gui",
    "hist",
    "history",
    "html",
    "HTML",
    "javascript",
    "js",
    "killbgscripts",
    "latex",
    "ldir",
    "less",
    "lf",
    "lk",
    "ll",
    "load",
    "load_ext",
    "loadpy",
    "logoff",
    "logon",
    "logstart",
    "logstate",
    "logstop",
    "ls",
    "lsmagic",
    "lx",
    "macro",
    "magic",
    "mamba",
    "man",
    "markdown",
    "matplotlib",
    "micromamba",
    "mkdir",
    "more",
    "mv",
    "notebook",
    "page",
    "pastebin",
    "pdb",
    "pdef",
    "pdoc",
    "perl",
    "pfile",
    "pinfo",
    "pinfo2",
    "pip",
    "popd",
    "pprint",
    "precision",
    "prun",
    "psearch",
    "psource",
    "pushd",
    "pwd",
    "pycat",
    "pylab",
    "pypy",
    "python",
    "python2",
    "python3",
    "qtconsole",
    "quickref",
    "recall",
    "rehashx",
    "reload_ext",
    "rep",
    "reset",
    "reset_selective",
    "rm",
    "rmdir",
    "ruby",
    "run",
    "save",
    "sc",
    "script",
    "set_env",
    "sh",
    "shell",
    "store",
    "subshells",
    "svg",
    "SVG",
    "sx",
    "system",
    "tb",
    "time",
    "timeit",
    "unalias",
    "unload_ext",
    "uv",
    "who",
    "who_ls",
    "whos",
    "writefile",
    "xdel",
    "xmode",
    "bigquery",
    "tensorflow_version",
    "shell_line",
    "notify",
    "!",
];

const UNKNOWN: Rule = Rule {
    id: "unknown-magic",
    sentence: "A magic is one of IPython's own, or the extension that brings it was loaded.",
    hint: "load the extension first with `%load_ext`",
    failing: "%% code\n%autoreload 2",
    passing: "%% code\n%load_ext autoreload\n%autoreload 2",
    run: unknown,
    ..Rule::BASE
};

fn unknown(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    use IpyEscapeKind::{Magic, Magic2};
    let lines = lesson
        .facts
        .escapes
        .iter()
        .filter(|e| matches!(e.kind, Magic | Magic2));
    let lines = lines.map(|e| {
        (
            e.place,
            e.text
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned(),
        )
    });
    let cells = lesson.code().filter_map(|view| match &view.code {
        Some(Code::Magic(magic)) => Some((Place::line(view.index, magic.line), magic.name.clone())),
        _ => None,
    });
    let mut magics: Vec<(Place, String)> = lines.chain(cells).collect();
    magics.sort();
    let registers = |c: &crate::lesson::Call| c.method().starts_with("register_");
    let registered = lesson.facts.calls.iter().any(registers);
    let mut loaded = None;
    for (place, name) in magics {
        // An extension may bring magics of any name.
        if matches!(name.as_str(), "load_ext" | "run" | "reload_ext") {
            loaded = Some(place);
        }
        if !KNOWN.contains(&name.as_str()) && loaded.is_none() && !registered {
            sink.add(
                place,
                format!("`%{}` is not a magic that IPython knows", shortened(&name)),
            );
        }
    }
}

const CD: Rule = Rule {
    id: "change-directory",
    sentence: "Cells do not change the working directory.",
    hint: "use a path that begins with a variable such as `work = pathlib.Path(\"work\")`",
    failing: "%% code\n!cd data\n%% code\n%cd data",
    passing: "%% code\nimport pathlib\nwork = pathlib.Path('data')\nwork.mkdir(exist_ok=True)",
    run: |lesson, sink| {
        for escape in &lesson.facts.escapes {
            let mut words = escape.text.split_whitespace();
            if words.next() != Some("cd") {
                continue;
            }
            if escape.kind == IpyEscapeKind::Shell
                && !escape.text.contains("&&")
                && !escape.text.contains(';')
            {
                sink.add(
                    escape.place,
                    "`!cd` changes the directory of a shell that ends at once: it has no effect",
                );
            } else if escape.kind == IpyEscapeKind::Magic {
                sink.add_as(
                    Severity::Note,
                    escape.place,
                    "`%cd` makes the cell depend on how often it was run",
                );
            }
        }
    },
    ..Rule::BASE
};
