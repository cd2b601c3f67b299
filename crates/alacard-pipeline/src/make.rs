//! The stages from a dossier to a checked notebook, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use alacard_catalog::Catalog;
use alacard_catalog::recipe::Recipe;
use alacard_catalog::route::Chosen;
use alacard_check::{Finding, Severity};
use alacard_hub::dossier::Dossier;
use alacard_notebook::Notebook;
use alacard_prove::{Proof, Proven};
use alacard_teacher::{Brief, Evidence, Lesson, OfflineTeacher, Outline, Section, Teacher};

use crate::{Failure, Options, assemble, decide};

/// How often a section is written again after evidence against it.
const REPAIRS: usize = 3;

/// Makes notebooks from dossiers. Cheap to share between threads.
#[derive(Clone)]
pub struct Maker {
    catalog: Arc<Catalog>,
    teacher: Arc<dyn Teacher>,
}

/// Everything that the stages after `research` made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The recipe with its defaults filled in.
    pub recipe: Recipe,
    /// The route.
    pub chosen: Chosen,
    /// The outline.
    pub outline: Outline,
    /// The sections.
    pub sections: Vec<Section>,
    /// The notebook as assembled.
    pub notebook: Notebook,
    /// What the checks say about it.
    pub findings: Vec<Finding>,
    /// Sections that were written again.
    pub repairs: usize,
    /// The proof, once the notebook was executed.
    pub proven: Option<Proven>,
}

impl Made {
    /// Whether the checks found an error.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Whether the notebook starts: valid, parses, every name and import known.
    pub fn starts(&self) -> bool {
        alacard_check::starts(&self.findings)
    }

    /// How far the notebook was executed, in a few words.
    pub fn proof(&self) -> &'static str {
        match self.proven.as_ref().map(|proven| &proven.proof) {
            None => "not proven yet",
            Some(proof) if proof.proves => "runs and proves",
            Some(proof) if proof.runs => "runs, proves nothing",
            Some(_) => "does not run",
        }
    }

    /// The verdict on one question; nothing before there was an execution.
    pub(crate) fn verdict(&self, of: impl Fn(&Proof) -> bool) -> Option<bool> {
        self.proven.as_ref().map(|proven| of(&proven.proof))
    }
}

impl Maker {
    /// A maker with the offline teacher.
    pub fn offline(catalog: Arc<Catalog>) -> Self {
        Self::new(catalog, Arc::new(OfflineTeacher::new()))
    }

    /// A maker with any teacher.
    pub fn new(catalog: Arc<Catalog>, teacher: Arc<dyn Teacher>) -> Self {
        Self { catalog, teacher }
    }

    /// The catalogue in use.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The teacher in use.
    pub fn teacher(&self) -> &dyn Teacher {
        self.teacher.as_ref()
    }

    /// Decides the recipe and makes the notebook.
    ///
    /// # Errors
    ///
    /// As [`decide`] and the teacher.
    pub fn make(
        &self,
        dossier: &Dossier,
        source: &str,
        options: &Options,
    ) -> Result<Made, Failure> {
        let (recipe, chosen) = self.decide(dossier, source, options)?;
        let lesson = self.teacher.begin(self.brief(dossier, &recipe, &chosen))?;
        let outline = lesson.outline()?;
        self.written(dossier, &recipe, &chosen, lesson.as_ref(), outline)
    }

    pub(crate) fn decide(
        &self,
        dossier: &Dossier,
        source: &str,
        options: &Options,
    ) -> Result<(Recipe, Chosen), Failure> {
        decide::decide(&self.catalog, self.teacher(), dossier, source, options)
    }

    /// Assembles and checks; sections with errors go back to the teacher, a bounded number of times.
    pub(crate) fn finish(
        &self,
        dossier: &Dossier,
        recipe: &Recipe,
        chosen: &Chosen,
        lesson: &dyn Lesson,
        outline: Outline,
        mut sections: Vec<Section>,
    ) -> Result<Made, Failure> {
        let mut repairs = 0;
        loop {
            let notebook = assemble::assemble(dossier, recipe, chosen, &outline, &sections);
            let findings = self.check(&notebook, &outline);
            if repairs == REPAIRS || !repair(lesson, &outline, &mut sections, &findings)? {
                let (recipe, chosen) = (recipe.clone(), chosen.clone());
                return Ok(Made {
                    recipe,
                    chosen,
                    outline,
                    sections,
                    notebook,
                    findings,
                    repairs,
                    proven: None,
                });
            }
            repairs += 1;
        }
    }

    fn check(&self, notebook: &Notebook, outline: &Outline) -> Vec<Finding> {
        let packages = packages(&self.catalog, &outline.requirements);
        let context = alacard_check::Context {
            packages,
            ..alacard_check::Context::strict()
        };
        alacard_check::check(notebook, &context)
    }

    /// All sections of an outline, written and finished.
    pub(crate) fn written(
        &self,
        dossier: &Dossier,
        recipe: &Recipe,
        chosen: &Chosen,
        lesson: &dyn Lesson,
        outline: Outline,
    ) -> Result<Made, Failure> {
        let write = |plan| lesson.section(&outline, plan);
        let sections = outline
            .sections
            .iter()
            .map(write)
            .collect::<Result<_, _>>()?;
        self.finish(dossier, recipe, chosen, lesson, outline, sections)
    }

    pub(crate) fn brief<'a>(
        &'a self,
        dossier: &'a Dossier,
        recipe: &'a Recipe,
        chosen: &'a Chosen,
    ) -> Brief<'a> {
        Brief {
            dossier,
            recipe,
            chosen,
            catalog: &self.catalog,
            takes: None,
        }
    }
}

/// Import roots that the requirements of a notebook bring, by the catalogue's table.
fn packages(catalog: &Catalog, requirements: &[String]) -> alacard_check::Packages {
    let name = |requirement: &str| {
        requirement
            .split("==")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let brought: BTreeMap<String, &String> = requirements.iter().map(|r| (name(r), r)).collect();
    alacard_check::Packages::new(
        catalog.imports().filter_map(|(root, package)| {
            Some((root.to_owned(), (*brought.get(package)?).clone()))
        }),
    )
}

/// Asks for simpler variants of the sections with errors; whether any was written.
fn repair(
    lesson: &dyn Lesson,
    outline: &Outline,
    sections: &mut [Section],
    findings: &[Finding],
) -> Result<bool, Failure> {
    let mut changed = false;
    for section in sections {
        let evidence = evidence(section, findings);
        if evidence.is_empty() {
            continue;
        }
        if let Some(simpler) = lesson.repair(outline, section, &evidence)? {
            *section = simpler;
            changed = true;
        }
    }
    Ok(changed)
}

/// A simpler variant of the section whose cell failed; whether there is one.
pub(crate) fn simpler(
    lesson: &dyn Lesson,
    outline: &Outline,
    sections: &mut [Section],
    section: &str,
    evidence: &[Evidence],
) -> Result<bool, Failure> {
    let Some(place) = sections.iter_mut().find(|s| s.id == section) else {
        return Ok(false);
    };
    match lesson.repair(outline, place, evidence)? {
        Some(simpler) => {
            *place = simpler;
            Ok(true)
        }
        None => Ok(false),
    }
}

fn evidence(section: &Section, findings: &[Finding]) -> Vec<Evidence> {
    findings
        .iter()
        .filter(|f| {
            f.severity == Severity::Error && f.section.as_deref() == Some(section.id.as_str())
        })
        .map(|f| Evidence {
            cell: f.cell.unwrap_or(0),
            message: f.message.clone(),
            place: None,
        })
        .collect()
}
