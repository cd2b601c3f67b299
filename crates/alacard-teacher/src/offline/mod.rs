//! The offline teacher: typed templates of the catalogue, filled with facts. No key, no network.

mod escape;
mod io;
mod lesson;
mod outline;
mod quiz;
mod render;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use alacard_catalog::recipe::{Difficulty, Ui};
use alacard_notebook::CellKind;
use render::Loaded;
use serde_json::{Map, Value as Json, json};

use crate::{
    Brief, Evidence, Outline, Section, SectionCell, SectionKind, SectionPlan, TeachError, Teacher,
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

    fn outline(&self, brief: &Brief<'_>) -> Result<Outline, TeachError> {
        let loaded = self.load(brief)?;
        outline::plan(brief, &loaded)
    }

    fn section(
        &self,
        brief: &Brief<'_>,
        outline: &Outline,
        plan: &SectionPlan,
    ) -> Result<Section, TeachError> {
        let loaded = self.load(brief)?;
        let template = loaded
            .section(&plan.id)
            .ok_or_else(|| TeachError::UnknownSection(plan.id.clone()))?;
        let context = view::value(&context(brief, &loaded, outline, plan)?);
        let mut cells = loaded.cells(template, &context)?;
        if brief.recipe.format == alacard_catalog::recipe::Format::Manual {
            head(plan, &mut cells);
            point_on(outline, plan, &mut cells);
        }
        Ok(Section { schema_version: 1, id: plan.id.clone(), variant: 0, cells })
    }

    fn repair(
        &self,
        brief: &Brief<'_>,
        outline: &Outline,
        section: &Section,
        _evidence: &[Evidence],
    ) -> Result<Option<Section>, TeachError> {
        let loaded = self.load(brief)?;
        let simpler = format!("{}~{}", section.id, section.variant + 1);
        let (Some(template), Some(plan)) =
            (loaded.section(&simpler), outline.sections.iter().find(|p| p.id == section.id))
        else {
            return Ok(None);
        };
        let context = view::value(&context(brief, &loaded, outline, plan)?);
        let mut cells = loaded.cells(template, &context)?;
        head(plan, &mut cells);
        Ok(Some(Section { cells, variant: section.variant + 1, ..section.clone() }))
    }
}

/// The view of the brief with what only the outline knows.
fn context(
    brief: &Brief<'_>,
    loaded: &Loaded,
    outline: &Outline,
    plan: &SectionPlan,
) -> Result<Map<String, Json>, TeachError> {
    let mut context = outline::base_context(brief, loaded)?;
    context.insert("lesson".into(), json!({
        "title": outline.title, "objectives": outline.objectives,
        "requirements": outline.requirements, "variables": outline.variables,
        "minutes": outline.minutes(), "name": outline.lesson,
        "sections": outline.sections.iter().map(|s| json!({"title": s.heading(), "minutes": s.minutes, "kind": s.kind})).collect::<Vec<_>>(),
    }));
    context.insert("section".into(), json!({"title": plan.title, "step": plan.step, "purpose": plan.purpose}));
    if plan.kind == SectionKind::Quiz {
        let quiz = quiz::pick(brief)?;
        context.insert("quiz_data".into(), quiz::data(&quiz));
        context.insert("quiz".into(), quiz);
    }
    Ok(context)
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
        _ => cells.insert(0, SectionCell { kind: CellKind::Markdown, source: text, tags: Vec::new() }),
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
        last.source.push_str(&format!("\n\n*Next: {}.*", escape::markdown(&next.heading())));
    }
}
