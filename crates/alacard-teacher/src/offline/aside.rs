//! The last repair: what of a section cannot be done with a model is left out, and said.

use alacard_notebook::CellKind;

use super::escape;
use crate::{Evidence, Outline, Section, SectionCell, SectionKind, SectionPlan};

/// The variant of a section that is left out in part; no lesson has so many of its own.
const ASIDE: usize = 9;

/// What an error says, in at most so many characters.
const LONGEST: usize = 160;

/// The section without its failed cell and what follows it there; `None` where a lesson is none
/// without it, or when nothing was executed that failed.
///
/// Whether later sections can do without its code is for the checks to find.
pub(super) fn set_aside(
    outline: &Outline,
    plan: &SectionPlan,
    section: &Section,
    evidence: &[Evidence],
) -> Option<Section> {
    let (place, message) = evidence
        .iter()
        .find_map(|one| Some((one.place?, &one.message)))?;
    // Only code can fail: so each repair leaves less of it, and they come to an end.
    section
        .cells
        .get(place)
        .filter(|cell| cell.kind == CellKind::Code)?;
    if !matches!(
        plan.kind,
        SectionKind::Step | SectionKind::Measure | SectionKind::Exercises
    ) {
        return None;
    }
    let mut cells = section.cells[..place].to_vec();
    cells.push(SectionCell {
        kind: CellKind::Markdown,
        source: words(message),
        tags: Vec::new(),
    });
    super::point_on(outline, plan, &mut cells);
    Some(Section {
        variant: section.variant.max(ASIDE - 1) + 1,
        cells,
        ..section.clone()
    })
}

fn words(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    let short: String = line.chars().take(LONGEST).collect();
    format!(
        "> **Not with this model.** When this notebook was executed, the next cell stopped with {}. \
         It is left out here; nothing below needs it.",
        escape::code_span(&short)
    )
}
