//! The step between for this crate's tests, and a small supervisor for the inside.
//!
//! `confined step` carries out the orders of a `Launcher`; `confined watch MEMORY_MB PROCESSES
//! -- COMMAND …` runs a command under a watch and prints what it passed as JSON.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use alacard_sandbox::{
    Excess, Kind, Limits, Scope, Watch, confine, harden, kill_others, standing_back,
};

const MB: u64 = 1024 * 1024;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let answer = match args.first().map(String::as_str) {
        Some("step") => confine::run().map_err(|error| error.to_string()),
        Some("watch") => watch(args.get(1..).unwrap_or_default()),
        _ => Ok(0),
    };
    match answer {
        Ok(code) => ExitCode::from(code),
        Err(error) => complain(&error),
    }
}

#[allow(clippy::print_stderr)]
fn complain(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(70)
}

fn watch(args: &[String]) -> Result<u8, String> {
    let [memory, processes, _, command @ ..] = args else {
        return Err("arguments".to_owned());
    };
    harden().map_err(|error| error.to_string())?;
    let scope = Scope::here(kind()?);
    let limits = Limits {
        memory: memory.parse::<u64>().ok().map(|mb| mb * MB),
        processes: processes.parse().ok(),
        disk: std::env::var("WATCH_DISK_MB").ok().and_then(|mb| {
            Some((
                std::env::var_os("ALACARD_WORK")?.into(),
                mb.parse::<u64>().ok()? * MB,
            ))
        }),
        ..Limits::default()
    };
    let (tell, told) = channel();
    let watch = Watch::start(scope, limits, Duration::from_millis(25), move |excess| {
        let killed = kill_others(scope, &[], Duration::from_secs(5));
        let _ = tell.send((excess, format!("{killed:?}")));
    })
    .map_err(|error| error.to_string())?;
    let code = follow(command, &told, scope)?;
    say(&format!(
        "{{\"peak_mb\":{}}}",
        watch.usage().peak_memory / MB
    ));
    Ok(code)
}

fn kind() -> Result<Kind, String> {
    let name = std::env::var("ALACARD_SANDBOX").map_err(|error| error.to_string())?;
    Kind::from_name(&name).ok_or(name)
}

fn follow(
    command: &[String],
    told: &Receiver<(Excess, String)>,
    scope: Scope,
) -> Result<u8, String> {
    let (program, args) = command.split_first().ok_or("no command")?;
    let child = standing_back(program).args(args).spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    loop {
        match told.recv_timeout(Duration::from_millis(20)) {
            Ok((excess, killed)) => {
                say(&serde_json::to_string(&excess).map_err(|error| error.to_string())?);
                say(&excess.to_string());
                say(&killed);
                return Ok(9);
            }
            Err(RecvTimeoutError::Disconnected) => return Err("no watch".to_owned()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            if status.code().is_none() {
                // The watch was faster.
                continue;
            }
            let killed = kill_others(scope, &[], Duration::from_secs(5));
            say(&format!("{killed:?}"));
            return Ok(status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .unwrap_or(8));
        }
    }
}

#[allow(clippy::print_stdout)]
fn say(line: &str) {
    println!("{line}");
}
