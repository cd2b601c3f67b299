//! What the syntax tree says, as far as the rules ask.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::IpyEscapeKind;
use ruff_text_size::TextRange;

use crate::rule::Place;

/// The value of an argument or of the right side of an assignment, as far as it can be seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Arg {
    Str(String),
    Bool(bool),
    None,
    /// A name or a dotted name.
    Name(String),
    /// A string with values in it: an f-string, a concatenation, `.format(…)`.
    Built,
    /// A call of this dotted name.
    Call(String),
    Other,
}

impl Arg {
    pub(crate) fn str(&self) -> Option<&str> {
        if let Self::Str(text) = self {
            Some(text)
        } else {
            None
        }
    }
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) place: Place,
    pub(crate) range: TextRange,
    /// Dotted name; parts that are not names are `?`.
    pub(crate) name: String,
    pub(crate) args: Vec<Arg>,
    pub(crate) keywords: Vec<(String, Arg)>,
    /// The strings of a list given as the first argument: a command and its arguments.
    pub(crate) words: Vec<String>,
    /// Whether `*args` or `**kwargs` hide arguments from view.
    pub(crate) starred: bool,
    /// Whether it stands in a function, a class, a branch or a `try`.
    pub(crate) guarded: bool,
    /// Names that the result, or the end of a chain that begins with it, is bound to.
    pub(crate) targets: Vec<String>,
    /// What is called on the result at once: a method's name, or `()` for the result itself.
    pub(crate) next: Option<String>,
    /// Whether the result is thrown away or shown: the call is a whole statement.
    pub(crate) statement: bool,
}

impl Call {
    /// The last part of the name.
    pub(crate) fn method(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    pub(crate) fn keyword(&self, name: &str) -> Option<&Arg> {
        self.keywords
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn first(&self) -> Option<&Arg> {
        self.args.first()
    }
}

/// An import of a top-level package.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) place: Place,
    /// The module as written.
    pub(crate) module: String,
    /// Whether it stands in a function, a branch or a `try`.
    pub(crate) guarded: bool,
}

impl Import {
    pub(crate) fn root(&self) -> &str {
        self.module.split('.').next().unwrap_or_default()
    }
}

/// A handler that swallows every error.
#[derive(Debug, Clone)]
pub(crate) struct Swallow {
    pub(crate) place: Place,
    /// The code whose errors are lost.
    pub(crate) body: TextRange,
}

/// A line that IPython, not Python, understands.
#[derive(Debug, Clone)]
pub(crate) struct Escape {
    pub(crate) place: Place,
    pub(crate) kind: IpyEscapeKind,
    /// The line without its mark, continued lines joined.
    pub(crate) text: String,
    /// Whether it stands in a function, a branch or a `try`.
    pub(crate) guarded: bool,
}

/// How a name is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Use {
    /// `name(…)`
    Called,
    /// `name.method(…)`
    Method(String),
    /// `name.attribute`
    Attribute(String),
    /// `function(name)`
    Argument(String),
    /// The name is a whole statement.
    Shown,
    Other,
}

/// Everything gathered.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) calls: Vec<Call>,
    pub(crate) imports: Vec<Import>,
    /// Names bound by `from module import name`, with the module's first part.
    pub(crate) bound: BTreeMap<String, String>,
    /// `assert` statements.
    pub(crate) asserts: Vec<Place>,
    /// `...` where a statement is wanted.
    pub(crate) ellipses: Vec<Place>,
    /// String literals.
    pub(crate) strings: Vec<(Place, String)>,
    /// Names bound to a value that can be seen: variables, keyword arguments, dictionary keys,
    /// environment variables.
    pub(crate) pairs: Vec<(Place, String, Arg)>,
    pub(crate) swallows: Vec<Swallow>,
    pub(crate) uses: BTreeMap<String, Vec<Use>>,
    /// Lines for IPython: `!command`, `%magic`, `name?`.
    pub(crate) escapes: Vec<Escape>,
    /// Modules made at run time: `sys.modules["name"] = …`.
    pub(crate) modules: BTreeSet<String>,
    /// Names shown as the value of a whole statement.
    pub(crate) shown: Vec<(Place, String)>,
}

impl Facts {
    /// Files named by calls that write, save or download.
    pub(crate) fn written_files(&self) -> impl Iterator<Item = String> + '_ {
        self.calls.iter().filter(|c| writes(c)).flat_map(|call| {
            let positional = call.args.iter().filter_map(Arg::str);
            let named = call.keywords.iter().filter_map(|(_, value)| value.str());
            positional.chain(named).map(str::to_owned)
        })
    }
}

fn writes(call: &Call) -> bool {
    let method = call.method();
    if matches!(method, "open" | "Path") {
        let mode = call
            .args
            .get(1)
            .or_else(|| call.keyword("mode"))
            .and_then(Arg::str);
        return method == "Path" || mode.is_some_and(|m| m.contains(['w', 'a', 'x', '+']));
    }
    let parts = [
        "write",
        "save",
        "to_",
        "dump",
        "download",
        "urlretrieve",
        "export",
        "imsave",
        "copy",
        "touch",
    ];
    parts.iter().any(|part| method.contains(part))
}
