//! Runs: events in order, interruption, clocks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use alacard_hub::{Clock, Reason};
use alacard_pipeline::{Event, Failure, Quiet, Request, Sink, Stage};

use crate::bed::pipeline;

const MODEL: &str = "openai/whisper-tiny";

/// Keeps all events.
#[derive(Default)]
struct Kept(Mutex<Vec<Event>>);

impl Sink for Kept {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[test]
fn every_stage_begins_and_ends_in_order() {
    let out = tempfile::tempdir().unwrap();
    let kept = Kept::default();
    pipeline()
        .generate(&Request::new(MODEL, out.path()), &kept)
        .unwrap();
    let mut open = None;
    let mut done = Vec::new();
    for event in kept.0.into_inner().unwrap() {
        match event {
            Event::Started { stage } => assert_eq!(open.replace(stage), None),
            Event::Finished { stage, .. } => {
                assert_eq!(open.take(), Some(stage));
                done.push(stage);
            }
            Event::Progress {
                stage, fraction, ..
            } => {
                assert_eq!(open, Some(stage));
                assert!((0.0..=1.0).contains(&fraction));
            }
            Event::Warning { .. } => {}
        }
    }
    let mut sorted = done.clone();
    sorted.sort();
    assert_eq!(done, sorted);
    assert_eq!(done.last(), Some(&Stage::Publish));
}

/// Stops the run at the nth event.
struct StopAt {
    left: AtomicUsize,
    flag: Arc<AtomicBool>,
}

impl Sink for StopAt {
    fn event(&self, _: &Event) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.flag.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_run_that_is_stopped_anywhere_leaves_whole_files_and_goes_on() {
    let whole = tempfile::tempdir().unwrap();
    let expected = pipeline()
        .generate(&Request::new(MODEL, whole.path()), &Quiet)
        .unwrap();
    let expected = std::fs::read(expected.notebook).unwrap();
    let mut reused = BTreeSet::new();
    for moment in 1..24 {
        let out = tempfile::tempdir().unwrap();
        let flag = Arc::new(AtomicBool::new(false));
        let stop = StopAt {
            left: AtomicUsize::new(moment),
            flag: Arc::clone(&flag),
        };
        let stopped = pipeline().with_cancel(flag);
        let request = Request::new(MODEL, out.path());
        let result = stopped.generate(&request, &stop);
        assert!(
            matches!(result, Err(Failure::Interrupted)),
            "moment {moment}"
        );
        let run = pipeline().generate(&request, &Quiet).unwrap();
        assert!(
            std::fs::read(&run.notebook).unwrap() == expected,
            "moment {moment}"
        );
        reused.extend(run.metrics.reused);
    }
    assert!(
        reused.contains(&Stage::Outline) && reused.contains(&Stage::Sections),
        "{reused:?}"
    );
}

/// A clock that stands still.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Duration {
        Duration::from_secs(1_700_000_000)
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn times_come_from_the_clock_and_from_nowhere_else() {
    let out = tempfile::tempdir().unwrap();
    let run = pipeline()
        .with_clock(Arc::new(Still))
        .generate(&Request::new(MODEL, out.path()), &Quiet)
        .unwrap();
    assert_eq!(run.manifest.started_at, "2023-11-14T22:13:20Z");
    assert_eq!(run.manifest.finished_at, run.manifest.started_at);
    assert!(run.metrics.seconds.values().all(|seconds| *seconds == 0.0));
}

#[test]
fn a_refusal_has_reason_message_and_hint_and_leaves_nothing() {
    let out = tempfile::tempdir().unwrap();
    let request = Request::new("https://github.com/a/b", out.path());
    let failure = pipeline().generate(&request, &Quiet).unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    assert!(failure.hint().is_some());
    let Failure::Refused(refusal) = failure else {
        panic!("{failure}")
    };
    assert_eq!(refusal.reason, Reason::UnsupportedSource);
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn artifacts_of_an_older_lesson_are_not_listed() {
    let out = tempfile::tempdir().unwrap();
    let request = Request::new(MODEL, out.path());
    let first = pipeline().generate(&request, &Quiet).unwrap();
    // As if another version of the program had left a section that the lesson no longer has.
    let state = first.folder.join(".state.json");
    let mut left: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
    left["sections/99-gone.json"] = serde_json::json!({"inputs": "old", "sha256": "old"});
    std::fs::write(&state, left.to_string()).unwrap();
    let second = pipeline().generate(&request, &Quiet).unwrap();
    assert_eq!(first.manifest.artifacts, second.manifest.artifacts);
}
