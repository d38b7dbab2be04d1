//! From the words of the command line to a command and the options in force.
//!
//! Options may stand before a command or behind it; those behind it are stronger. A variable is weaker than
//! either. What a command does not use is refused, rather than ignored.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io::Write;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command};
use crate::exit::FAILED;
use crate::options::{Options, Over, ServeOptions, StoreOptions, meant};

/// What is to be done, and with what.
pub struct Parsed {
    pub command: Command,
    pub options: Options,
    /// For each shared option that was given, by name, where: a flag or a variable.
    pub given: BTreeMap<String, String>,
}

/// Parses the command line; where it makes no sense, or asks for help, says so and ends the program.
pub fn parse() -> Parsed {
    let words: Vec<OsString> = env::args_os().collect();
    parse_words(&words).unwrap_or_else(|error| {
        let written = error.print().and_then(|()| std::io::stdout().flush());
        std::process::exit(if written.is_err() { i32::from(FAILED) } else { error.exit_code() })
    })
}

/// The command line as clap knows it.
pub fn command() -> clap::Command {
    // A variable that is set to nothing is not set.
    let empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    let command = Cli::command().mut_args(|arg| match arg.get_env() {
        Some(name) if empty(name) => arg.env(None::<&str>),
        _ => arg,
    });
    let command = command.mut_args(|arg| {
        let of_server = arg.get_help_heading() == Some(ServeOptions::HEADING);
        if of_server { arg.hide(true) } else { arg }
    });
    command.mut_subcommands(without_variables)
}

/// The variables that are named like one of the program's and are none.
pub fn unknown_variables() -> Vec<String> {
    let command = Cli::command();
    let known: Vec<OsString> =
        command.get_arguments().filter_map(|arg| arg.get_env().map(OsStr::to_owned)).collect();
    let own = |name: &OsString| name.to_string_lossy().starts_with("FAQBOT_") && !known.contains(name);
    let mut unknown: Vec<String> = env::vars_os()
        .map(|(name, _)| name)
        .filter(own)
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    unknown.sort();
    unknown
}

/// A command whose options are read from flags only, with the variable named in the help: variables are
/// read once, at the top.
fn without_variables(command: clap::Command) -> clap::Command {
    let command =
        command.mut_args(|arg| match arg.get_env().map(|name| name.to_string_lossy().into_owned()) {
            Some(name) => {
                let help = arg.get_help().map_or(String::new(), |help| help.to_string());
                arg.env(None::<&str>).help(format!("{help} [env: {name}]"))
            }
            None => arg,
        });
    command.mut_subcommands(without_variables)
}

fn parse_words(words: &[OsString]) -> Result<Parsed, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(words)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    if let Some(Command::Other(rest)) = &cli.command {
        // A question: as if `ask` stood before it.
        refuse_typos(&command, rest)?;
        let (before, question) = words.split_at(words.len() - rest.len());
        // What stands behind `--` is no option, of `ask` either.
        let ask: &[OsString] = match before.last() {
            Some(last) if last == "--" => &["ask".into(), "--".into()],
            _ => &["ask".into()],
        };
        let before = &before[..before.len() + 1 - ask.len()];
        return parse_words(&[before, ask, question].concat());
    }
    refuse_ignored(&command, &matches)?;
    let mut given = BTreeMap::new();
    sources(&matches, &mut given);
    // Of a flag and a variable that exclude each other, the flag stands.
    let flag = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    match (flag("model"), flag("model_dir")) {
        (true, false) => cli.options.model.model_dir = None,
        (false, true) => cli.options.model.model = None,
        _ => {}
    }
    let mut command = cli
        .command
        .unwrap_or_else(|| Command::Chat { store: StoreOptions::default(), options: Options::default() });
    let weaker = Options { serve: cli.serve, store: cli.store, ..cli.options };
    let options = command.take_options().over(weaker);
    Ok(Parsed { command, options, given })
}

/// Whether words that are no command were meant as one: a typo of the pen, alone or with only flags and
/// files behind it.
fn refuse_typos(command: &clap::Command, words: &[OsString]) -> Result<(), clap::Error> {
    let Some((first, rest)) = words.split_first() else { return Ok(()) };
    let first = first.to_string_lossy().into_owned();
    let line = rest
        .iter()
        .all(|word| word.to_string_lossy().starts_with('-') || std::path::Path::new(word).exists());
    if first.contains(char::is_whitespace) || first.ends_with('?') || !line {
        return Ok(());
    }
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let near = meant(&first, &names);
    let hint = near.map_or(String::new(), |name| format!("; did you mean `faqbot {name}`?"));
    let message = format!(
        "there is no command `{first}`{hint}\n\nTo ask it as a question: faqbot ask {first}\nFor the commands: faqbot --help\n"
    );
    Err(clap::Error::raw(ErrorKind::InvalidSubcommand, message))
}

/// Refuses options before a command that the command does not use.
fn refuse_ignored(command: &clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let mut names = vec!["faqbot".to_owned()];
    let (mut innermost, mut known) = (matches, command);
    while let Some((name, below)) = innermost.subcommand() {
        names.push(name.to_owned());
        let Some(next) = known.find_subcommand(name) else { return Ok(()) };
        (innermost, known) = (below, next);
    }
    if names.len() == 1 {
        let Some(chat) = command.find_subcommand("chat") else { return Ok(()) };
        known = chat;
    }
    let ignored = command.get_arguments().find(|arg| {
        let id = arg.get_id().as_str();
        matches.value_source(id) == Some(ValueSource::CommandLine)
            && known.get_arguments().all(|own| own.get_id() != arg.get_id())
    });
    match ignored.and_then(|arg| arg.get_long()).map(str::to_owned) {
        Some(flag) => {
            let message = format!("`{}` takes no --{flag}\n", names.join(" "));
            Err(clap::Error::raw(ErrorKind::UnknownArgument, message))
        }
        None => Ok(()),
    }
}

/// Where each option was given; what stands behind a command is stronger.
fn sources(matches: &ArgMatches, given: &mut BTreeMap<String, String>) {
    for id in matches.ids() {
        let id = id.as_str();
        match matches.value_source(id) {
            Some(ValueSource::CommandLine) => {
                given.insert(id.to_owned(), format!("--{}", id.replace('_', "-")));
            }
            Some(ValueSource::EnvVariable) => {
                given.entry(id.to_owned()).or_insert(format!("FAQBOT_{}", id.to_uppercase()));
            }
            _ => {}
        }
    }
    if let Some((_, below)) = matches.subcommand() {
        sources(below, given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Parsed, String> {
        let words: Vec<OsString> = ["faqbot"].iter().chain(words).map(OsString::from).collect();
        parse_words(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn options_stand_before_a_command_or_behind_it() {
        let faq = |words: &[&str]| parsed(words).unwrap().options.faq.faq;
        assert_eq!(faq(&["--faq", "a", "ask", "q"]), faq(&["ask", "--faq", "a", "q"]));
        assert_eq!(faq(&["--faq", "a", "ask", "--faq", "b", "q"]), [std::path::PathBuf::from("b")]);
        let listen = |words: &[&str]| parsed(words).unwrap().options.serve.listen;
        assert!(listen(&["--listen", "127.0.0.1:1", "serve"]).is_some() && listen(&["serve"]).is_none());
        assert!(parsed(&["--public"]).err().unwrap().contains("takes no --public"));
        let error = parsed(&["--faq", "a", "models"]).err().unwrap();
        assert!(error.contains("`faqbot models` takes no --faq"), "{error}");
        assert!(parsed(&["models", "--faq", "a"]).is_err());
    }

    #[test]
    fn docs_settings_has_a_row_for_every_setting() {
        let docs = include_str!("../docs/settings.md");
        for arg in Cli::command().get_arguments() {
            let (Some(variable), Some(flag)) = (arg.get_env(), arg.get_long()) else { continue };
            let row = docs.lines().find(|line| line.contains(&format!("`{}`", variable.to_string_lossy())));
            let row = row.unwrap_or_else(|| panic!("docs/settings.md has no {}", variable.display()));
            assert!(row.contains(&format!("`--{flag}")), "{row}");
            // Which file is read is in none.
            let name = arg.get_id().as_str();
            assert!(name == "config" || row.contains(&format!("`{name}`")), "{row}");
        }
    }

    #[test]
    fn a_question_needs_no_command() {
        let query = |words: &[&str]| match parsed(words) {
            Ok(Parsed { command: Command::Ask { args, .. }, .. }) => args.query.join(" "),
            Ok(_) => "another command".into(),
            Err(error) => error,
        };
        assert_eq!(query(&["can i hug my therapist"]), "can i hug my therapist");
        assert_eq!(query(&["--quiet", "what", "does", "it", "cost", "--json"]), "what does it cost");
        assert!(query(&["chekc"]).contains("did you mean `faqbot check`?"));
        assert!(query(&["hug"]).contains("faqbot ask hug"));
        assert_eq!(query(&["models"]), "another command");
        assert_eq!(query(&["--quiet", "--", "what", "does --json cost?"]), "what does --json cost?");
    }
}
