//! Which questions the reader is asked.

use alacard_catalog::QuizQuestion;
use serde_json::{Value as Json, json};

use super::view;
use crate::{Brief, TeachError};

/// Questions of one lesson.
const COUNT: usize = 5;

/// Five questions: the level's own first, then the task's others, then general ones.
pub(crate) fn pick(brief: &Brief<'_>) -> Result<Json, TeachError> {
    let unreadable = |error: alacard_catalog::CatalogError| TeachError::Template {
        name: "quiz".to_owned(),
        message: error.to_string(),
    };
    let level = Some(brief.recipe.difficulty);
    let task = view::task_of(brief).map_err(unreadable)?;
    let own: Vec<&QuizQuestion> = task
        .map(|task| task.quiz.iter().collect())
        .unwrap_or_default();
    let general = brief.catalog.general_quiz().map_err(unreadable)?;
    let mut picked: Vec<&QuizQuestion> = own
        .iter()
        .filter(|q| q.level == level)
        .copied()
        .take(3)
        .collect();
    let turn = brief.recipe.seed as usize + brief.recipe.difficulty as usize * 2;
    picked.extend(rotated(general, turn).take(2));
    let rest = own
        .iter()
        .filter(|q| q.level != level)
        .copied()
        .chain(rotated(general, turn).skip(2));
    for question in rest {
        if picked.len() < COUNT && !picked.iter().any(|p| p.question == question.question) {
            picked.push(question);
        }
    }
    Ok(picked.into_iter().map(shown).collect())
}

fn rotated(all: &[QuizQuestion], turn: usize) -> impl Iterator<Item = &QuizQuestion> {
    all.iter()
        .cycle()
        .skip(turn % all.len().max(1))
        .take(all.len())
}

fn shown(question: &QuizQuestion) -> Json {
    let letters = ["A", "B", "C", "D", "E", "F"];
    json!({
        "question": question.question, "options": question.options, "answer": question.answer,
        "letter": letters.get(question.answer).unwrap_or(&"A"), "explanation": question.explanation,
    })
}

/// The questions as the widget's code takes them.
pub(crate) fn data(quiz: &Json) -> Json {
    let plain = |q: &Json| {
        json!({
            "question": q["question"], "options": q["options"], "answer": q["answer"],
            "explanation": q["explanation"],
        })
    };
    quiz.as_array().into_iter().flatten().map(plain).collect()
}
