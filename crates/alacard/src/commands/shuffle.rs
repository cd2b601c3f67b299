//! `alacard shuffle`: a hand of cards that go together.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use alacard_catalog::shuffle::{self, DealError, Hand, ModelCard};
use alacard_pipeline::{Options, Request};

use super::{Shell, generate};
use crate::cli::ShuffleArgs;
use crate::exit::Problem;
use crate::progress::Progress;

pub(crate) fn run(shell: &Shell, args: ShuffleArgs) -> Result<ExitCode, Problem> {
    let locks = locks(&args.lock)?;
    let seed = args.seed.unwrap_or_else(from_clock);
    let models = models(shell, locks.get("model").map(String::as_str), &args)?;
    let hand =
        shuffle::deal(&shell.catalog, &models, &locks, seed).map_err(|error| match error {
            DealError::Unknown(unknown) => Problem::from(unknown),
            other => Problem::usage(other.to_string()).with_hint("lock fewer cards, or other ones"),
        })?;
    if args.generate {
        return make(shell, &hand, args);
    }
    if args.json {
        shell.printer.document(&hand);
    } else {
        print(shell, &hand);
    }
    Ok(ExitCode::SUCCESS)
}

/// The clock is only the default: a seed makes the deal repeatable.
fn from_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs() ^ u64::from(time.subsec_nanos()))
}

fn locks(given: &[String]) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |lock: &String| {
        let (card, value) = lock.split_once('=').ok_or_else(|| {
            Problem::usage(format!("`{lock}` is not a lock"))
                .with_hint("write `--lock topic=sourdough`")
        })?;
        Ok((card.to_owned(), value.to_owned()))
    };
    given.iter().map(pair).collect()
}

/// The models to deal from: the built-in shelf, and a locked model of the user's own.
fn models(
    shell: &Shell,
    locked: Option<&str>,
    args: &ShuffleArgs,
) -> Result<Vec<ModelCard>, Problem> {
    let mut models = shuffle::shelf();
    if let Some(id) = locked.filter(|id| !models.iter().any(|model| model.id == **id)) {
        let hub = shell.hub(args.hub.clone())?;
        let dossier = hub.dossier(&hub.parse(id)?, None)?;
        models.push(ModelCard::of(id, &dossier));
    }
    Ok(models)
}

fn print(shell: &Shell, hand: &Hand) {
    let rows = [
        ("model", hand.model.as_str()),
        ("topic", hand.topic.as_str()),
        ("prompts", hand.prompts.as_str()),
        ("difficulty", hand.difficulty.as_str()),
        ("ui", hand.ui.as_str()),
        ("seed", &hand.seed.to_string()),
    ];
    for (name, value) in rows {
        shell.printer.data(&format!("{name:<11} {value}"));
    }
    shell.printer.say(&format!(
        "make it: alacard generate {} --topic {} --prompts {} --difficulty {} --ui {}",
        hand.model, hand.topic, hand.prompts, hand.difficulty, hand.ui
    ));
}

fn make(shell: &Shell, hand: &Hand, args: ShuffleArgs) -> Result<ExitCode, Problem> {
    let request = Request {
        source: hand.model.clone(),
        options: Options {
            topic: Some(hand.topic.clone()),
            prompts: Some(hand.prompts),
            difficulty: Some(hand.difficulty),
            ui: Some(hand.ui),
            ..Options::default()
        },
        out: generate::out_folder(shell, args.out),
        fresh: false,
    };
    let pipeline = shell.pipeline(args.hub)?;
    let progress = Progress::new(shell.printer);
    let result = pipeline.generate(&request, &progress);
    progress.clear();
    generate::finish(shell, &result?, args.json)
}
