//! `alacard models search`.

use std::process::ExitCode;

use alacard_hub::{ModelSummary, Query, Sort};

use super::Shell;
use crate::cli::SearchArgs;
use crate::exit::Problem;
use crate::printer::plain;

pub(crate) fn run(shell: &Shell, args: SearchArgs) -> Result<ExitCode, Problem> {
    let query = Query {
        words: args.words.join(" "),
        task: args.task,
        library: args.library,
        license: args.license,
        min_params: count(args.min_params.as_deref())?,
        max_params: count(args.max_params.as_deref())?,
        sort: sort(&args.sort),
        limit: args.limit.clamp(1, 1000),
    };
    let found = shell.hub(args.hub)?.search(&query)?;
    if args.json {
        shell.printer.document(&found);
        return Ok(ExitCode::SUCCESS);
    }
    for model in &found {
        shell.printer.data(&line(model));
    }
    if found.is_empty() {
        shell.printer.say("nothing found");
    }
    Ok(ExitCode::SUCCESS)
}

fn line(model: &ModelSummary) -> String {
    let text = |value: &Option<String>| plain(value.as_deref().unwrap_or("-"));
    let downloads = model
        .downloads
        .map_or_else(|| "-".to_owned(), |count| count.to_string());
    format!(
        "{:<56} {:<30} {:<22} {downloads:>12}",
        plain(&model.id),
        text(&model.task),
        text(&model.library)
    )
}

fn sort(name: &str) -> Sort {
    match name {
        "likes" => Sort::Likes,
        "trending" => Sort::Trending,
        "created" => Sort::Created,
        "modified" => Sort::Modified,
        "parameters" => Sort::Parameters,
        _ => Sort::Downloads,
    }
}

/// `500M`, `7B`, `1.5b`, `1000`.
fn count(text: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || {
        Problem::usage(format!("`{text}` is not a number of parameters"))
            .with_hint("write `500M`, `7B` or a plain number")
    };
    alacard_hub::search::parse_count(text)
        .map(Some)
        .ok_or_else(wrong)
}
