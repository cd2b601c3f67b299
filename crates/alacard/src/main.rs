//! `alacard`: turns any model into a Jupyter notebook that teaches it.

mod cli;
mod commands;
mod config;
mod exit;
mod printer;
mod progress;
mod settings;
mod whole;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    commands::run(cli)
}
