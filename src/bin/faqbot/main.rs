//! The program: parses, dispatches, and turns what comes back into an exit code.

mod args;
mod commands;
mod config;
mod content;
mod markdown;
mod measure;
mod plot;
mod render;
mod repl;
mod setup;
mod timings;
mod wire;

use std::env;
use std::ffi::OsStr;
use std::io;
use std::process::ExitCode;
use std::time::Instant;

use anstream::ColorChoice;
use anyhow::Result;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use args::{Cli, Color, Command};
use config::Settings;

/// Exit codes: the question was answered (or the command did what it was to do), it was not
/// answered, something failed.
const ANSWERED: u8 = 0;
const NOT_ANSWERED: u8 = 1;
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let begin = Instant::now();
    let cli = parse();
    let timings = cli.options.timings;
    let done = run(cli);
    if timings {
        timings::print(begin);
    }
    match done {
        Ok(code) => ExitCode::from(code),
        // Whoever read the output has enough of it: nothing went wrong.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(ANSWERED),
        Err(error) => {
            let message = render::plain(&format!("{error:#}"));
            anstream::eprintln!("{} {message}", render::styled(render::ERROR_LABEL, "error:"));
            ExitCode::from(FAILED)
        }
    }
}

/// Parses the command line. Where one of --model and --model-dir is a flag and the other a variable,
/// the flag stands.
fn parse() -> Cli {
    // A variable that is set to nothing is not set.
    let empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    let mut command = Cli::command().mut_args(|arg| match arg.get_env() {
        Some(name) if empty(name) => arg.env(None::<&str>),
        _ => arg,
    });
    let matches = command.clone().get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
    let flag =
        |matches: &ArgMatches, name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let given =
        |name: &str| flag(&matches, name) || matches.subcommand().is_some_and(|(_, below)| flag(below, name));
    match (given("model"), given("model_dir")) {
        (true, false) => cli.options.model_dir = None,
        (false, true) => cli.options.model = None,
        _ => {}
    }
    cli
}

fn run(cli: Cli) -> Result<u8> {
    if let Some(Command::Completions { shell }) = cli.command {
        commands::completions(shell)?;
        return Ok(ANSWERED);
    }
    let settings = Settings::resolve(cli.options)?;
    match settings.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
    match cli.command.unwrap_or(Command::Chat) {
        Command::Chat => repl::chat(&settings)?,
        Command::Ask(args) => return commands::ask(&settings, &args),
        Command::Convert(args) => content::convert(&settings, &args)?,
        Command::Check(args) => return content::check(&settings, &args),
        Command::Eval(args) => return measure::eval(&settings, &args),
        Command::Calibrate(args) => measure::calibrate(&settings, &args)?,
        Command::Models => commands::models(&settings)?,
        Command::Cache { action } => commands::cache(&settings, action)?,
        Command::Completions { shell } => commands::completions(shell)?,
    }
    Ok(ANSWERED)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}
