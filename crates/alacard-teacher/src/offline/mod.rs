//! The offline teacher: typed templates of the catalogue, filled with facts. No key, no network.

mod aside;
mod escape;
mod io;
mod lesson;
mod outline;
mod own;
mod quiz;
mod render;
mod shelved;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use alacard_catalog::recipe::{Difficulty, Format, Ui};
use alacard_catalog::route::Route;
use alacard_notebook::CellKind;
use minijinja::context;
use minijinja::value::Value;
use render::Loaded;
use serde_json::{Map, Value as Json, json};

use crate::{
    Brief, Evidence, Lesson, Outline, Section, SectionCell, SectionKind, SectionPlan, TeachError,
    Teacher,
};

type Key = (String, Difficulty, Ui);

/// The teacher that is always there. Lessons are kept once they were read, so that one teacher
/// writes many notebooks quickly; it can be shared between threads.
#[derive(Default)]
pub struct OfflineTeacher {
    loaded: Mutex<HashMap<Key, Arc<Loaded>>>,
}

impl OfflineTeacher {
    /// A teacher that has not read a lesson yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lesson of a brief: level file, lesson file, UI component, what all lessons share.
    fn load(&self, brief: &Brief<'_>) -> Result<Arc<Loaded>, TeachError> {
        let lesson = &brief.chosen.lesson;
        let (level, ui) = (brief.recipe.difficulty, brief.recipe.ui);
        let key = (lesson.clone(), level, ui);
        if let Some(found) = self.lock().get(&key) {
            return Ok(Arc::clone(found));
        }
        if brief.catalog.lesson(&format!("{lesson}/common")).is_none() {
            return Err(TeachError::NoLesson(lesson.clone()));
        }
        let names = [
            format!("{lesson}/{level}"),
            format!("{lesson}/common"),
            format!("_ui/{ui}"),
            "_ui/common".to_owned(),
            "_common".to_owned(),
        ];
        let loaded = Loaded::load(brief.catalog, &names)?;
        self.lock().insert(key, Arc::clone(&loaded));
        Ok(loaded)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Loaded>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Teacher for OfflineTeacher {
    fn name(&self) -> &str {
        "offline"
    }

    fn begin<'a>(&'a self, brief: Brief<'a>) -> Result<Box<dyn Lesson + 'a>, TeachError> {
        let loaded = self.load(&brief)?;
        let extra = match (brief.chosen.route, brief.chosen.lesson.as_str()) {
            (Route::Card, _) => Extra::of_page(own::select(&brief)?),
            (Route::Library, "library") => Extra::of_library(shelved::fill(&brief)?),
            _ => Extra::default(),
        };
        let facts = view::value(&outline::base_context(&brief, &loaded, &extra)?);
        Ok(Box::new(OfflineLesson {
            brief,
            loaded,
            extra,
            facts,
        }))
    }
}

/// What only some routes bring: the page's examples, or the library table's code.
#[derive(Default)]
pub(crate) struct Extra {
    packages: Vec<String>,
    views: Map<String, Json>,
}

impl Extra {
    fn of_page(own: own::OwnExamples) -> Self {
        let views = Map::from_iter([("own".to_owned(), own.view())]);
        Self {
            packages: own.packages.into_iter().collect(),
            views,
        }
    }

    fn of_library(shelved: shelved::Shelved) -> Self {
        let views = Map::from_iter([("lib".to_owned(), shelved.view())]);
        Self {
            packages: shelved.packages,
            views,
        }
    }
}

/// A lesson of the offline teacher: the templates, and the facts as templates see them.
struct OfflineLesson<'a> {
    brief: Brief<'a>,
    loaded: Arc<Loaded>,
    extra: Extra,
    /// Converted once: every template of the lesson reads the same values.
    facts: Value,
}

impl Lesson for OfflineLesson<'_> {
    fn outline(&self) -> Result<Outline, TeachError> {
        outline::plan(&self.brief, &self.loaded, &self.extra, &self.facts)
    }

    fn section(&self, outline: &Outline, plan: &SectionPlan) -> Result<Section, TeachError> {
        self.write(outline, plan, &plan.id, 0)?
            .ok_or_else(|| TeachError::UnknownSection(plan.id.clone()))
    }

    fn repair(
        &self,
        outline: &Outline,
        section: &Section,
        evidence: &[Evidence],
    ) -> Result<Option<Section>, TeachError> {
        let Some(plan) = outline.sections.iter().find(|plan| plan.id == section.id) else {
            return Ok(None);
        };
        let variant = section.variant + 1;
        let simpler = format!("{}~{variant}", section.id);
        let written = self.write(outline, plan, &simpler, variant)?;
        Ok(written.or_else(|| aside::set_aside(outline, plan, section, evidence)))
    }
}

impl OfflineLesson<'_> {
    /// Fills the template with this id; `None` when there is no such template.
    fn write(
        &self,
        outline: &Outline,
        plan: &SectionPlan,
        template: &str,
        variant: usize,
    ) -> Result<Option<Section>, TeachError> {
        let Some(template) = self.loaded.section(template) else {
            return Ok(None);
        };
        let context = self.context(outline, plan)?;
        let mut cells = self.loaded.cells(template, &context)?;
        if self.brief.recipe.format == Format::Manual {
            if plan.kind == SectionKind::Topic {
                cells.splice(0..0, self.left_out(outline, &context)?);
            }
            head(plan, &mut cells);
            point_on(outline, plan, &mut cells);
        }
        Ok(Some(Section {
            schema_version: 1,
            id: plan.id.clone(),
            variant,
            cells,
        }))
    }

    /// The code of the steps that a short lesson leaves out: what follows builds on it.
    fn left_out(&self, outline: &Outline, context: &Value) -> Result<Vec<SectionCell>, TeachError> {
        let mut cells = Vec::new();
        for step in self.loaded.steps() {
            let planned = outline.sections.iter().any(|plan| plan.id == step.id);
            if !planned && self.loaded.holds(step.when.as_deref(), context)? {
                cells.extend(self.loaded.cells(step, context)?);
            }
        }
        cells.retain(|cell| cell.kind == CellKind::Code);
        if !cells.is_empty() {
            let text = "This short version leaves some steps out. What follows builds on their code, so it stands here without words.";
            let note = SectionCell {
                kind: CellKind::Markdown,
                source: text.to_owned(),
                tags: Vec::new(),
            };
            cells.insert(0, note);
        }
        Ok(cells)
    }

    /// The facts with what only the outline knows.
    fn context(&self, outline: &Outline, plan: &SectionPlan) -> Result<Value, TeachError> {
        let part =
            |s: &SectionPlan| json!({"title": s.heading(), "minutes": s.minutes, "kind": s.kind});
        let mut own = Map::new();
        own.insert(
            "lesson".into(),
            json!({
                "title": outline.title, "objectives": outline.objectives,
                "requirements": outline.requirements, "variables": outline.variables,
                "minutes": outline.minutes(), "name": outline.lesson,
                "sections": outline.sections.iter().map(part).collect::<Vec<_>>(),
            }),
        );
        let section = json!({"title": plan.title, "step": plan.step, "purpose": plan.purpose});
        own.insert("section".into(), section);
        if plan.kind == SectionKind::Quiz {
            let quiz = quiz::pick(&self.brief)?;
            own.insert("quiz_data".into(), quiz::data(&quiz));
            own.insert("quiz".into(), quiz);
        }
        Ok(context! { ..view::value(&own), ..self.facts.clone() })
    }
}

/// Puts the heading (and a step's purpose) above the first cell.
fn head(plan: &SectionPlan, cells: &mut Vec<SectionCell>) {
    if plan.kind == SectionKind::Title {
        return;
    }
    let mut text = format!("## {}", escape::markdown(&plan.heading()));
    if !plan.purpose.is_empty() && plan.kind == SectionKind::Step {
        text.push_str(&format!("\n\n*{}*", escape::markdown(&plan.purpose)));
    }
    match cells.first_mut() {
        Some(first) if first.kind == CellKind::Markdown => {
            first.source = format!("{text}\n\n{}", first.source);
        }
        _ => cells.insert(
            0,
            SectionCell {
                kind: CellKind::Markdown,
                source: text,
                tags: Vec::new(),
            },
        ),
    }
}

/// A step that ends in Markdown says what comes next.
fn point_on(outline: &Outline, plan: &SectionPlan, cells: &mut [SectionCell]) {
    if !matches!(plan.kind, SectionKind::Step | SectionKind::Hello) {
        return;
    }
    let position = outline.sections.iter().position(|s| s.id == plan.id);
    let next = position.and_then(|position| outline.sections.get(position + 1));
    if let (Some(next), Some(last)) = (next, cells.last_mut())
        && last.kind == CellKind::Markdown
    {
        let heading = next.heading();
        let stop = if heading.ends_with(['?', '!', '.']) {
            ""
        } else {
            "."
        };
        last.source
            .push_str(&format!("\n\n*Next: {}{stop}*", escape::markdown(&heading)));
    }
}
