//! Rules: one small unit each, with the examples that are its tests and its documentation.

use std::sync::LazyLock;

use alacard_notebook::Cell;

use crate::finding::{Finding, Severity};
use crate::lesson::Lesson;
use crate::rules::{
    contract, imports, install, lesson, links, magics, models, outputs, platform, python, safety,
    schema, secrets, structure, style, text, using,
};

/// What strictness does to a rule. Strict means that the notebook is, or is to become, one of
/// Alacard's own: it has `metadata.alacard`, or the caller says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strict {
    /// Nothing.
    Same,
    /// The rule's findings get this severity.
    Raise(Severity),
    /// The rule looks at strict notebooks only.
    Only,
}

/// One rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Short name in words with hyphens.
    pub id: &'static str,
    /// What the rule asks for, as one sentence.
    pub sentence: &'static str,
    /// The usual severity of its findings.
    pub severity: Severity,
    /// What strictness changes.
    pub strict: Strict,
    /// What a person does about a finding.
    pub hint: &'static str,
    /// Whether [`crate::fix`] can mend it.
    pub fixable: bool,
    /// An example that the rule finds fault with; see [`crate::example`].
    pub failing: &'static str,
    /// An example that it accepts.
    pub passing: &'static str,
    pub(crate) run: fn(&Lesson<'_>, &mut Sink<'_>),
}

impl Rule {
    /// What most rules have in common; each fills in the rest.
    pub(crate) const BASE: Self = Self {
        id: "",
        sentence: "",
        severity: Severity::Warning,
        strict: Strict::Same,
        hint: "",
        fixable: false,
        failing: "",
        passing: "",
        run: |_, _| {},
    };
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// All rules, in the order of the documentation.
pub fn rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let families = [
            schema::RULES,
            python::RULES,
            imports::RULES,
            magics::RULES,
            install::RULES,
            models::RULES,
            using::RULES,
            secrets::RULES,
            text::RULES,
            links::RULES,
            structure::RULES,
            contract::RULES,
            lesson::RULES,
            platform::RULES,
            safety::RULES,
            outputs::RULES,
            style::RULES,
        ];
        families.concat()
    });
    &RULES
}

/// Where in a notebook something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    /// Position of the cell, from 0.
    pub(crate) cell: Option<usize>,
    /// Line in the cell, from 1.
    pub(crate) line: Option<usize>,
}

impl Place {
    pub(crate) const NOTEBOOK: Self = Self {
        cell: None,
        line: None,
    };

    pub(crate) fn cell(cell: usize) -> Self {
        Self {
            cell: Some(cell),
            line: None,
        }
    }

    pub(crate) fn line(cell: usize, line: usize) -> Self {
        Self {
            cell: Some(cell),
            line: Some(line),
        }
    }
}

/// At most this many findings of one rule; one more says how many were left out.
const MOST_PER_RULE: usize = 100;

/// Takes the findings of one rule.
pub(crate) struct Sink<'a> {
    rule: &'a Rule,
    cells: &'a [Cell],
    pub(crate) severity: Severity,
    taken: usize,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(rule: &'a Rule, lesson: &Lesson<'a>, findings: &'a mut Vec<Finding>) -> Self {
        let severity = match rule.strict {
            Strict::Raise(severity) if lesson.strict => severity,
            _ => rule.severity,
        };
        Self {
            rule,
            cells: &lesson.notebook.cells,
            severity,
            taken: 0,
            findings,
        }
    }

    /// Records a finding with the rule's own severity and hint.
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>) {
        self.add_as(self.severity, place, message);
    }

    /// Records a finding with another severity.
    pub(crate) fn add_as(&mut self, severity: Severity, place: Place, message: impl Into<String>) {
        self.push(severity, place, message.into());
    }

    fn push(&mut self, severity: Severity, place: Place, message: String) {
        self.taken += 1;
        if self.taken > MOST_PER_RULE {
            return;
        }
        let cell = place.cell.and_then(|i| self.cells.get(i));
        let hint = (!self.rule.hint.is_empty()).then(|| self.rule.hint.to_owned());
        self.findings.push(Finding {
            cell: place.cell,
            line: place.line,
            severity,
            rule: self.rule.id.to_owned(),
            cell_id: cell.map(|c| c.id.clone()),
            message,
            hint,
            fixable: self.rule.fixable,
            section: cell.and_then(section_of).map(str::to_owned),
        });
    }

    pub(crate) fn finish(self) {
        if self.taken > MOST_PER_RULE {
            let message = format!(
                "{} more findings of this rule are not shown",
                self.taken - MOST_PER_RULE
            );
            self.findings.push(Finding {
                cell: None,
                line: None,
                severity: self.severity,
                rule: self.rule.id.to_owned(),
                cell_id: None,
                message,
                hint: None,
                fixable: false,
                section: None,
            });
        }
    }
}

/// The section that a cell says it belongs to: `metadata.alacard.section`.
pub(crate) fn section_of(cell: &Cell) -> Option<&str> {
    cell.metadata.get("alacard")?.get("section")?.as_str()
}
