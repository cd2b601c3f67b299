//! Lesson files: sections made of cell templates.
//!
//! A lesson file is text with marker lines that begin with `@@`:
//!
//! ```text
//! @@ section step.scores title="Read the scores" purpose="…" minutes=4 when="model.labels"
//! @@ md
//! Markdown template
//! @@ py tags=visual
//! Python template
//! @@ block predict
//! Python template that other cells take in with {% include "predict.py" %}
//! ```
//!
//! Cells are split here, before anything is filled in, so that no value can end a cell.

use std::collections::BTreeMap;

use alacard_notebook::CellKind;

use crate::TeachError;

/// A cell of a lesson, still a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellTemplate {
    pub kind: CellKind,
    pub source: String,
    pub tags: Vec<String>,
    /// Condition under which the cell is there, as a template expression.
    pub when: Option<String>,
    /// Line of the marker in the file, for error messages.
    pub line: usize,
}

/// A section of a lesson file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SectionTemplate {
    pub id: String,
    pub title: String,
    pub purpose: String,
    pub minutes: u32,
    pub when: Option<String>,
    pub cells: Vec<CellTemplate>,
}

/// A whole lesson file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LessonFile {
    pub attributes: BTreeMap<String, String>,
    pub sections: Vec<SectionTemplate>,
    pub blocks: BTreeMap<String, String>,
}

enum Place {
    Top,
    Cell,
    Block(String),
}

/// Reads a lesson file.
pub(crate) fn parse(name: &str, text: &str) -> Result<LessonFile, TeachError> {
    let mut lesson = LessonFile::default();
    let mut place = Place::Top;
    for (index, line) in text.lines().enumerate() {
        if let Some(marker) = line.strip_prefix("@@ ") {
            place = open(&mut lesson, marker, index + 1).map_err(|message| TeachError::Lesson {
                lesson: name.to_owned(),
                line: index + 1,
                message,
            })?;
        } else {
            append(&mut lesson, &place, line);
        }
    }
    Ok(lesson)
}

/// Opens what a marker line announces.
fn open(lesson: &mut LessonFile, marker: &str, line: usize) -> Result<Place, String> {
    let (kind, rest) = marker.split_once(' ').unwrap_or((marker, ""));
    match kind {
        "lesson" => {
            lesson.attributes = attributes(rest)?;
            Ok(Place::Top)
        }
        "section" => {
            let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            lesson.sections.push(section(id, attributes(rest)?)?);
            Ok(Place::Top)
        }
        "block" => {
            let block = rest.trim().to_owned();
            lesson.blocks.insert(block.clone(), String::new());
            Ok(Place::Block(block))
        }
        "md" | "py" => {
            let section = lesson
                .sections
                .last_mut()
                .ok_or("a cell before the first section")?;
            section.cells.push(cell(kind, attributes(rest)?, line));
            Ok(Place::Cell)
        }
        other => Err(format!("unknown marker `{other}`")),
    }
}

fn section(id: &str, mut given: BTreeMap<String, String>) -> Result<SectionTemplate, String> {
    let minutes = given.remove("minutes").unwrap_or_else(|| "3".to_owned());
    Ok(SectionTemplate {
        id: id.to_owned(),
        title: given.remove("title").unwrap_or_default(),
        purpose: given.remove("purpose").unwrap_or_default(),
        minutes: minutes
            .parse()
            .map_err(|_| format!("minutes is `{minutes}`"))?,
        when: given.remove("when"),
        cells: Vec::new(),
    })
}

fn cell(kind: &str, mut given: BTreeMap<String, String>, line: usize) -> CellTemplate {
    let tags = given.remove("tags").unwrap_or_default();
    CellTemplate {
        kind: if kind == "md" {
            CellKind::Markdown
        } else {
            CellKind::Code
        },
        source: String::new(),
        tags: tags
            .split(',')
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
            .collect(),
        when: given.remove("when"),
        line,
    }
}

fn append(lesson: &mut LessonFile, place: &Place, line: &str) {
    let target = match place {
        Place::Top => return,
        Place::Block(name) => lesson.blocks.get_mut(name),
        Place::Cell => lesson
            .sections
            .last_mut()
            .and_then(|s| s.cells.last_mut())
            .map(|c| &mut c.source),
    };
    if let Some(text) = target {
        text.push_str(line);
        text.push('\n');
    }
}

/// `key=word` and `key="text with spaces"`, in any order.
fn attributes(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once('=')
            .ok_or_else(|| format!("`{rest}` is not key=value"))?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("a quote is not closed")?,
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        found.insert(key.trim().to_owned(), value.to_owned());
        rest = after.trim();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_sections_cells_and_blocks() {
        let text = "@@ lesson packages=\"a b\"\n@@ section hello title=\"Hi there\" minutes=5\n@@ md\n# x\n@@ py tags=visual when=\"a > 1\"\ny = 1\n@@ block load\nz = 2\n";
        let lesson = parse("t", text).unwrap();
        assert_eq!(lesson.attributes["packages"], "a b");
        assert_eq!(lesson.sections[0].title, "Hi there");
        assert_eq!(lesson.sections[0].cells[1].when.as_deref(), Some("a > 1"));
        assert_eq!(lesson.blocks["load"], "z = 2\n");
    }

    #[test]
    fn names_the_line_of_a_mistake() {
        let error = parse("t", "@@ lesson\n@@ nonsense\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "lesson `t`, line 2: unknown marker `nonsense`"
        );
    }
}
