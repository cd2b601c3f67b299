//! One lesson, loaded: its sections in order of precedence and the environment that fills them.

use std::sync::Arc;

use alacard_catalog::Catalog;
use alacard_notebook::CellKind;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use super::escape;
use super::lesson::{self, CellTemplate, LessonFile, SectionTemplate};
use crate::{SectionCell, TeachError};

/// A lesson for one level and one UI component.
pub(crate) struct Loaded {
    files: Vec<LessonFile>,
    env: Environment<'static>,
}

impl Loaded {
    /// Loads the files of a lesson; an earlier one hides what a later one defines again.
    pub(crate) fn load(catalog: &Catalog, names: &[String]) -> Result<Arc<Self>, TeachError> {
        let mut files = Vec::new();
        for name in names {
            if let Some(text) = catalog.lesson(name) {
                files.push(lesson::parse(name, &text)?);
            }
        }
        let mut env = environment();
        for file in files.iter().rev() {
            for (block, source) in &file.blocks {
                // The ending decides how values are written: a block of Markdown says that it is.
                let python = !block.ends_with(".md");
                let name = format!("{block}{}", if python { ".py" } else { "" });
                add(&mut env, name, source)?;
            }
        }
        Ok(Arc::new(Self { files, env }))
    }

    /// The section with this id in the file of highest precedence.
    pub(crate) fn section(&self, id: &str) -> Option<&SectionTemplate> {
        self.files
            .iter()
            .flat_map(|file| &file.sections)
            .find(|section| section.id == id)
    }

    /// The steps in the order in which the files define them, each id once.
    pub(crate) fn steps(&self) -> Vec<&SectionTemplate> {
        let mut steps: Vec<&SectionTemplate> = Vec::new();
        for section in self.files.iter().flat_map(|file| &file.sections) {
            if section.id.starts_with("step.") && !steps.iter().any(|s| s.id == section.id) {
                steps.push(section);
            }
        }
        steps
    }

    /// Words of an attribute over all files, first mention first.
    pub(crate) fn words(&self, attribute: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for value in self
            .files
            .iter()
            .filter_map(|file| file.attributes.get(attribute))
        {
            for word in value.split_whitespace() {
                if !words.iter().any(|w| w == word) {
                    words.push(word.to_owned());
                }
            }
        }
        words
    }

    /// An attribute's value in the file of highest precedence.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.files
            .iter()
            .find_map(|file| file.attributes.get(name))
            .map(String::as_str)
    }

    /// Whether a condition holds; no condition always holds.
    pub(crate) fn holds(&self, when: Option<&str>, context: &Value) -> Result<bool, TeachError> {
        let Some(expression) = when else {
            return Ok(true);
        };
        let failed = |error: Error| template_error(expression, &error);
        let compiled = self.env.compile_expression(expression).map_err(failed)?;
        Ok(compiled.eval(context).map_err(failed)?.is_true())
    }

    /// Fills a short text (a title, a purpose) as plain words.
    pub(crate) fn words_of(&self, text: &str, context: &Value) -> Result<String, TeachError> {
        self.env
            .render_named_str("heading.txt", text, context)
            .map_err(|error| template_error(text, &error))
    }

    /// Fills the cells of a section whose conditions hold.
    pub(crate) fn cells(
        &self,
        section: &SectionTemplate,
        context: &Value,
    ) -> Result<Vec<SectionCell>, TeachError> {
        let mut cells = Vec::new();
        for template in &section.cells {
            if self.holds(template.when.as_deref(), context)? {
                cells.extend(self.cell(&section.id, template, context)?);
            }
        }
        Ok(cells)
    }

    fn cell(
        &self,
        section: &str,
        template: &CellTemplate,
        context: &Value,
    ) -> Result<Option<SectionCell>, TeachError> {
        let ending = if template.kind == CellKind::Code {
            "py"
        } else {
            "md"
        };
        let name = format!("{section}:{}.{ending}", template.line);
        let source = self
            .env
            .render_named_str(&name, &template.source, context)
            .map_err(|error| template_error(&name, &error))?;
        let source = tidy(&source);
        Ok((!source.is_empty()).then(|| SectionCell {
            kind: template.kind,
            source,
            tags: template.tags.clone(),
        }))
    }
}

/// Fills a short Python template outside a lesson.
pub(crate) fn python(template: &str, context: &Value) -> Result<String, TeachError> {
    let text = environment().render_named_str("library.py", template, context);
    text.map(|text| tidy(&text))
        .map_err(|error| template_error("library.py", &error))
}

/// Cells have no blank lines at the ends, no trailing blanks, and at most two empty lines in a row.
pub(crate) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim_matches('\n').lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_end().to_owned()
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        env.set_syntax(syntax);
    }
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|name| match name.rsplit('.').next() {
        Some("py") => AutoEscape::Custom("py".into()),
        Some("md") => AutoEscape::Custom("md".into()),
        _ => AutoEscape::None,
    });
    env.set_formatter(format_value);
    env.add_filter("code", |text: &str| {
        Value::from_safe_string(escape::code_span(text))
    });
    env.add_filter("py", |value: Value| {
        Value::from_safe_string(escape::python(&value))
    });
    env.add_filter("md", |text: &str| {
        Value::from_safe_string(escape::markdown(text))
    });
    env.add_filter("ident", identifier);
    env.add_filter("url", |text: &str| {
        Value::from_safe_string(escape::url(text))
    });
    env.add_filter("safe_id", |text: &str| {
        Value::from_safe_string(escape::shell_word(text))
    });
    env.add_filter("words", words);
    env.add_filter("linecount", |text: &str| text.lines().count());
    env
}

/// Prints a value in the way of the cell's language; safe strings go through as they are.
fn format_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::new(
            ErrorKind::UndefinedError,
            "an undefined value was printed",
        ));
    }
    let text = match (value.is_safe(), state.auto_escape()) {
        (false, AutoEscape::Custom(kind)) if kind == "py" => escape::python(value),
        (false, AutoEscape::Custom(_)) => escape::markdown(&value.to_string()),
        _ => value.to_string(),
    };
    out.write_str(&text)
        .map_err(|_| Error::new(ErrorKind::WriteFailure, "out of memory"))
}

/// A name that may stand in code as an identifier; anything else is refused.
fn identifier(name: &str) -> Result<Value, Error> {
    if alacard_python::is_identifier(name) {
        return Ok(Value::from_safe_string(name.to_owned()));
    }
    Err(Error::new(
        ErrorKind::InvalidOperation,
        "a value is not a Python identifier",
    ))
}

/// `a, b and c`.
fn words(items: Vec<String>) -> String {
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

fn add(env: &mut Environment<'static>, name: String, source: &str) -> Result<(), TeachError> {
    env.add_template_owned(name.clone(), source.to_owned())
        .map_err(|error| template_error(&name, &error))
}

fn template_error(name: &str, error: &Error) -> TeachError {
    TeachError::Template {
        name: name.chars().take(120).collect(),
        message: format!("{error:#}"),
    }
}
