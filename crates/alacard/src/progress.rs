//! Progress of a run: bars on a terminal, JSON lines for machines, nothing else.

use std::time::Duration;

use alacard_pipeline::{Event, Sink, Stage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::printer::Printer;

/// Shows the events of one run.
pub(crate) struct Progress {
    printer: Printer,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(printer: Printer) -> Self {
        let bar = printer.has_bars().then(|| bar(Stage::ALL.len() as u64));
        Self { printer, bar }
    }

    /// Ends the bar and leaves no trace of it.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Sink for Progress {
    fn event(&self, event: &Event) {
        if self.printer.is_json() {
            self.printer
                .record(&serde_json::to_value(event).unwrap_or_default());
            return;
        }
        match (event, &self.bar) {
            (Event::Warning { message, hint, .. }, bar) => {
                let warn = || self.printer.warn(message, hint.as_deref());
                bar.as_ref().map_or_else(warn, |bar| bar.suspend(warn));
            }
            (Event::Started { stage }, Some(bar)) => bar.set_message(sentence(*stage)),
            (Event::Progress { message, .. }, Some(bar)) => bar.set_message(message.clone()),
            (Event::Finished { .. }, Some(bar)) => bar.inc(1),
            _ => {}
        }
    }
}

/// A bar of so many parts.
pub(crate) fn bar(parts: u64) -> ProgressBar {
    let bar = ProgressBar::new(parts);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn sentence(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "Understanding the source",
        Stage::Research => "Reading what is known about the model",
        Stage::Outline => "Planning the lesson",
        Stage::Sections => "Writing the sections",
        Stage::Assemble => "Putting the notebook together",
        Stage::Check => "Checking every cell",
        Stage::Prove => "Running the notebook",
        Stage::Publish => "Writing the files",
    }
}
