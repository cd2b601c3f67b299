//! `alacard twin`: the twin alone.

use std::process::ExitCode;

use alacard_hub::Source;

use super::{Shell, prove};
use crate::cli::{ExecuteArgs, TwinArgs};
use crate::exit::{PROOF, Problem};

pub(crate) fn run(shell: &Shell, args: TwinArgs) -> Result<ExitCode, Problem> {
    let execute = ExecuteArgs {
        no_sandbox: args.no_sandbox,
        ..ExecuteArgs::default()
    };
    let hub = shell.hub(args.hub.clone())?;
    let Source::Hub { id, revision } = hub.parse(&args.source)? else {
        return Err(Problem::usage("a twin is made of a model on the Hub")
            .with_hint("give its id, and its files with `--hub-dir`"));
    };
    let prover = prove::prover(shell, args.hub, &execute, args.trust_remote_code, false)?;
    let revision = args.revision.or(revision);
    let made = prover.twin(&id, revision.as_deref(), &args.out, &|step| {
        shell.printer.say(&step.message)
    })?;
    match made {
        Ok(about) => {
            if args.json {
                shell.printer.document(&about);
            } else {
                shell.printer.data(&args.out.display().to_string());
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(cause) => {
            let problem = Problem::new(PROOF, cause.message);
            Err(match cause.hint {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            })
        }
    }
}
