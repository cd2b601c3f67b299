//! `alacard hub serve`: a folder on the Hub's protocol.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use alacard_hub::serve::{Asked, OnAsked, Repos, Server};
use serde_json::json;

use super::Shell;
use crate::cli::HubServeArgs;
use crate::exit::{Problem, UNEXPECTED};
use crate::printer::Printer;

/// How often Ctrl-C is looked for.
const TICK: Duration = Duration::from_millis(50);

/// Serves until Ctrl-C, which is how a server is ended and no error.
pub(crate) fn serve(shell: &Shell, args: &HubServeArgs) -> Result<ExitCode, Problem> {
    let address = address(args)?;
    let repos = Repos::from_dir(&args.dir).map_err(|error| {
        Problem::usage(format!(
            "`{}` cannot be served: {error}",
            args.dir.display()
        ))
        .with_hint("give a folder with models: `org/name`, or a cache of the Hub")
    })?;
    let server = start(address, repos, on_asked(shell.printer, args.verbose))?;
    announce(shell.printer, args, &server, address);
    while !shell.cancelled.load(Ordering::SeqCst) {
        std::thread::sleep(TICK);
    }
    drop(server);
    shell.printer.say("Stopped.");
    Ok(ExitCode::SUCCESS)
}

/// The address to listen on.
fn address(args: &HubServeArgs) -> Result<SocketAddr, Problem> {
    let found = (args.host.as_str(), args.port).to_socket_addrs();
    found
        .ok()
        .and_then(|mut found| found.next())
        .ok_or_else(|| {
            Problem::usage(format!("`{}` is no address of this machine", args.host))
                .with_hint("use 127.0.0.1, or 0.0.0.0 for all addresses of this machine")
        })
}

fn start(address: SocketAddr, repos: Repos, tell: Option<OnAsked>) -> Result<Server, Problem> {
    let started = match tell {
        Some(tell) => Server::start_with(address, repos, tell),
        None => Server::start(address, repos),
    };
    started.map_err(|error| {
        Problem::new(
            UNEXPECTED,
            format!("`{address}` cannot be listened on: {error}"),
        )
        .with_hint("choose another --port; 0 is any free one")
    })
}

/// The address on stdout, and how to use it.
fn announce(printer: Printer, args: &HubServeArgs, server: &Server, address: SocketAddr) {
    let url = server.url();
    if args.json {
        let dir = args.dir.display().to_string();
        printer.data(&json!({"url": url, "dir": dir}).to_string());
    } else {
        printer.data(&url);
    }
    if !address.ip().is_loopback() {
        printer.warn(
            "Everybody who reaches this machine can read the folder.",
            Some("leave --host out to serve this machine alone"),
        );
    }
    printer.say(&format!(
        "Start Python with HF_ENDPOINT={url}; Ctrl-C stops."
    ));
}

/// One line for every request, where somebody wants them.
fn on_asked(printer: Printer, verbose: bool) -> Option<OnAsked> {
    let tell: OnAsked = Arc::new(move |asked: &Asked| {
        if printer.is_json() {
            printer.record(&json!({"event": "request", "request": asked}));
        } else {
            printer.say(&format!("{} {} {}", asked.status, asked.method, asked.path));
        }
    });
    verbose.then_some(tell)
}
