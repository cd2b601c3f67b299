//! Whether a lesson is a lesson: it runs something and checks what came out.

use super::{Pattern, pattern};
use crate::finding::Severity;
use crate::lesson::Lesson;
use crate::rule::{Place, Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[NO_ASSERTION, NO_INFERENCE, SWALLOWED, MAY_FAIL];

const NO_ASSERTION: Rule = Rule {
    id: "no-assertion",
    sentence: "At least one cell asserts something about what the model gave.",
    severity: Severity::Error,
    strict: Strict::Only,
    hint: "assert the type, the shape and that it is not empty",
    failing: "%% metadata {\"alacard\": {}}\n%% code\nprint(len('hello'))",
    passing: "%% metadata {\"alacard\": {}}\n%% code\nanswer = 'hello'\nassert answer, 'no answer'",
    run: |lesson, sink| {
        let by_call = lesson
            .facts
            .calls
            .iter()
            .any(|c| c.method().starts_with("assert_"));
        if lesson.facts.asserts.is_empty() && !by_call {
            sink.add(Place::NOTEBOOK, "no cell asserts anything");
        }
    },
    ..Rule::BASE
};

/// What runs a model: loaders, clients, and the method names of inference.
static INFERENCE: Pattern = Pattern::new(|| {
    pattern(concat!(
        r"(?:^|\.)(?:from_pretrained|pipeline|generate|encode|encode_query|encode_document|predict|predict_proba|transcribe|forward|embed|embed_query",
        r"|create_model|create_completion|create_chat_completion|chat_completion|text_generation|feature_extraction|text_to_image",
        r"|automatic_speech_recognition|from_file|load_model|InferenceClient|OpenAI|Llama|SentenceTransformer|CrossEncoder|SparseEncoder",
        r"|InferenceSession|from_single_file|hf_hub_download|snapshot_download|from_hparams|load_state_dict|from_hub|load_from_hub|decision_function|transform",
        r"|create_model_and_transforms|create_model_from_pretrained|Pipeline|Speech2Text|Text2Speech|load|load_learner|from_pretrained_keras|from_pretrained_fastai|post)$",
    ))
});

const NO_INFERENCE: Rule = Rule {
    id: "no-model-call",
    sentence: "The lesson calls its model.",
    severity: Severity::Error,
    strict: Strict::Only,
    hint: "load the model and call it, or ask an endpoint",
    failing: "%% metadata {\"alacard\": {}}\n%% code\ncard = 'This model is great'\nassert card",
    passing: "%% metadata {\"alacard\": {}}\n%% code\nfrom transformers import pipeline\nfill = pipeline('fill-mask', model='bert-base-uncased', revision='86b5e0934494bd15c9632b12f734a8a67f723594')\nassert fill('[MASK]')",
    run: |lesson, sink| {
        if !lesson
            .facts
            .calls
            .iter()
            .any(|c| super::occurs(&INFERENCE, &c.name))
        {
            sink.add(Place::NOTEBOOK, "no cell loads or calls a model");
        }
    },
    ..Rule::BASE
};

const SWALLOWED: Rule = Rule {
    id: "swallowed-error",
    sentence: "An error of the code that matters stops the cell.",
    strict: Strict::Raise(Severity::Error),
    hint: "catch the one error that you expect and say what to do, or let it stop the notebook",
    failing: "%% code\ntry:\n    answer = model.generate('hello')\nexcept Exception:\n    pass",
    passing: "%% code\nanswer = model.generate('hello')\nprint(answer)",
    run: |lesson, sink| {
        for swallow in &lesson.facts.swallows {
            let inside = |c: &&crate::lesson::Call| swallow.body.contains_range(c.range);
            if lesson
                .facts
                .calls
                .iter()
                .filter(inside)
                .any(|c| super::occurs(&INFERENCE, &c.name))
            {
                sink.add(
                    swallow.place,
                    "an error of the model's call is swallowed here",
                );
            } else {
                sink.add_as(
                    Severity::Note,
                    swallow.place,
                    "every error is swallowed here",
                );
            }
        }
    },
    ..Rule::BASE
};

const MAY_FAIL: Rule = Rule {
    id: "allowed-to-fail",
    sentence: "No cell is tagged to be skipped or allowed to fail.",
    strict: Strict::Raise(Severity::Error),
    hint: "remove the tag `raises-exception` or `skip-execution`",
    failing: r#"{"cells": [{"cell_type": "code", "id": "a", "metadata": {"tags": ["raises-exception"]}, "source": "print(1)", "outputs": [], "execution_count": null}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: "%% code\nprint(1)",
    run: may_fail,
    ..Rule::BASE
};

fn may_fail(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    for view in lesson.code() {
        if let Some(tag) = view
            .cell
            .tags()
            .find(|t| matches!(*t, "raises-exception" | "skip-execution"))
        {
            sink.add(
                Place::cell(view.index),
                format!("the tag `{tag}` hides whether the cell works"),
            );
        }
    }
}
