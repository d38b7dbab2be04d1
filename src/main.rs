//! The program: parses, dispatches, and turns what comes back into an exit code.

mod cli;
mod commands;
mod config;
mod exit;
mod names;
mod options;
mod output;
mod parse;
mod setup;
mod store;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anstream::ColorChoice;
use anyhow::{Context, Result};

use cli::Command;
use commands::config::ConfigAction;
use commands::{ask, cache, calibrate, chat, check, completions, convert, eval, man, models};
use config::Settings;
use exit::{ANSWERED, FAILED, is_broken_pipe};
use options::Color;
use output::messages::{self, Verbosity, detail, set_verbosity};
use output::timings;
use parse::Parsed;

fn main() -> ExitCode {
    let begin = Instant::now();
    let parsed = parse::parse();
    let timings = parsed.options.general.timings;
    // What is still to be written may fail too.
    let done = run(parsed).and_then(|code| {
        std::io::stdout().flush().context("standard output")?;
        Ok(code)
    });
    if timings {
        timings::print(begin);
    }
    match done {
        Ok(code) => ExitCode::from(code),
        // Whoever read the output has gone: there is nobody to tell, but not all of it was read.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(FAILED),
        Err(error) => {
            messages::error(&format!("{error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn run(Parsed { command, options, given }: Parsed) -> Result<u8> {
    // These need no settings, and work where those are broken.
    match &command {
        Command::Completions { shell } => return completions::completions(*shell).map(|()| ANSWERED),
        Command::Man { folder } => return man::man(folder.as_deref()).map(|()| ANSWERED),
        Command::Health { address } => return commands::health::health(address).map(|()| ANSWERED),
        _ => {}
    }
    set_verbosity(match (options.general.quiet, options.general.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    });
    let settings = Settings::resolve(options)?;
    match settings.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
    for name in parse::unknown_variables() {
        messages::warn(&format!("the variable {name} is none that faqbot knows"));
    }
    if let Some((path, _)) = &settings.file {
        detail(&format!("settings: {}", path.display()));
    }
    match command {
        Command::Chat { .. } => chat::chat(&settings)?,
        Command::Ask { args, .. } => return ask::ask(&settings, &args),
        Command::Check { args, .. } => return check::check(&settings, &args),
        Command::Convert { args, .. } => convert::convert(&settings, &args)?,
        Command::Eval { args, .. } => return eval::eval(&settings, &args),
        Command::Calibrate { args, .. } => return calibrate::calibrate(&settings, &args),
        Command::Serve { .. } => commands::serve::serve(&settings)?,
        Command::Mcp { .. } => commands::serve::mcp(&settings)?,
        Command::Publish { args, .. } => return commands::publish::publish(&settings, &args),
        Command::Versions { args, .. } => return commands::publish::versions(&settings, &args),
        Command::Rollback { args, .. } => return commands::publish::rollback(&settings, &args),
        Command::Review { args, .. } => return commands::review::review(&settings, &args),
        Command::Log { action, args } => return commands::log::log(&settings, action.as_ref(), &args),
        Command::Models { args, .. } => return models::models(&settings, &args),
        Command::Cache { action } => cache::cache(&settings, &action)?,
        Command::Config { action: ConfigAction::Show { .. } } => commands::config::show(&settings, &given)?,
        // Dealt with above, and by `parse`.
        Command::Health { .. } => {}
        Command::Completions { .. } | Command::Man { .. } | Command::Other(_) => {}
    }
    Ok(ANSWERED)
}
