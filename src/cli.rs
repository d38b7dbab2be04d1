//! The commands, each with its arguments and the options it uses.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use faqbot::embed::fastembed::BUNDLED_ID;

use crate::commands::ask::AskArgs;
use crate::commands::cache::CacheAction;
use crate::commands::calibrate::CalibrateArgs;
use crate::commands::check::CheckArgs;
use crate::commands::config::ConfigAction;
use crate::commands::convert::ConvertArgs;
use crate::commands::eval::EvalArgs;
use crate::commands::log::{LogAction, LogArgs};
use crate::commands::models::ModelsArgs;
use crate::commands::publish::{PublishArgs, RollbackArgs, VersionsArgs};
use crate::commands::review::ReviewArgs;
use crate::options::{
    AnswerOptions, CacheOptions, FaqOptions, GeneralOptions, ModelOptions, Options, ServeOptions,
    StoreAddress, StoreOptions,
};

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let model = BUNDLED_ID.unwrap_or("none in the binary");
    format!("{} (model: {model})", env!("CARGO_PKG_VERSION"))
});

/// A chatbot that answers from a FAQ, on your own machine.
///
/// Without a command it opens a chat; with a question it answers that. Settings come from flags, then
/// FAQBOT_* variables, then faqbot.toml, then defaults.
#[derive(Debug, Parser)]
#[command(name = "faqbot", version = VERSION.as_str(), max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  faqbot                                      chat on the FAQ in the program
  faqbot --faq shop.yaml                      chat on your own
  faqbot \"can i hug my therapist\"             answer one question, as `faqbot ask` does
  faqbot ask --json < questions.txt           answer many
  faqbot check shop.yaml                      see what will make the bot answer wrongly

`faqbot COMMAND -h` has the options and examples of a command.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub options: Options,
    /// For their variables: the flags belong to `serve`.
    #[command(flatten)]
    pub serve: ServeOptions,
    #[command(flatten)]
    pub store: StoreOptions,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Chat in the terminal (the default)
    #[command(after_help = "Examples:
  faqbot chat --faq shop.yaml
  echo \"where is my order\" | faqbot chat --faq shop.yaml")]
    Chat {
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        options: Options,
    },
    /// Answer one question, or one a line from standard input
    #[command(after_help = "Exit codes: 0 answered, 1 asked back or no answer, 2 something failed.

Examples:
  faqbot ask do shrinks google their patients
  faqbot ask --json --top 2 \"can i hug my therapist\"
  faqbot ask --json < questions.txt > answers.jsonl")]
    Ask {
        #[command(flatten)]
        args: AskArgs,
        #[command(flatten)]
        options: Options,
    },
    /// Look for what will make the bot answer wrongly
    #[command(after_help = "Exit codes: 0 nothing to fix, 1 something, 2 something failed.

Examples:
  faqbot check shop.yaml
  faqbot check --strict --json faqs/")]
    Check {
        #[command(flatten)]
        args: CheckArgs,
        #[command(flatten)]
        faq: FaqOptions,
        #[command(flatten)]
        model: ModelOptions,
        #[command(flatten)]
        cache: CacheOptions,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Write a FAQ in another format
    #[command(after_help = "Examples:
  faqbot convert faq.html -o faq.yaml
  faqbot convert export.csv --map question=Frage,answer=Antwort -o faq.jsonl
  faqbot convert -o mine.yaml                 the FAQ in the program, to begin with")]
    Convert {
        #[command(flatten)]
        args: ConvertArgs,
        #[command(flatten)]
        faq: FaqOptions,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Measure how well labelled queries are answered
    #[command(after_help = "Examples:
  faqbot eval --faq shop.yaml --queries questions.jsonl
  faqbot eval --faq shop.yaml --queries questions.jsonl --json > before.json
  faqbot eval --faq shop.yaml --queries questions.jsonl --compare before.json --max-wrong 5%")]
    Eval {
        #[command(flatten)]
        args: EvalArgs,
        #[command(flatten)]
        options: Options,
    },
    /// Fit confidence and thresholds to labelled queries of your FAQ
    #[command(after_help = "Examples:
  faqbot calibrate --faq shop.yaml --queries questions.jsonl
  faqbot calibrate --faq shop.yaml --queries questions.jsonl --max-wrong 2% --out-of-scope 20%
  faqbot calibrate --faq shop.yaml --unlabelled asked.txt --dry-run")]
    Calibrate {
        #[command(flatten)]
        args: CalibrateArgs,
        #[command(flatten)]
        faq: FaqOptions,
        #[command(flatten)]
        model: ModelOptions,
        #[command(flatten)]
        answers: AnswerOptions,
        #[command(flatten)]
        cache: CacheOptions,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Answer over HTTP: a chat page, a widget for other sites, an API, and those of other services
    #[command(after_help = "Examples:
  faqbot serve --faq shop.yaml                then open http://127.0.0.1:8080
  faqbot serve --faq shop=shop.yaml --faq clinic=clinic.yaml --mcp
  faqbot serve --listen 0.0.0.0:8080 --public --allow-origin https://shop.example --rate 60")]
    Serve {
        #[command(flatten)]
        serve: ServeOptions,
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        options: Options,
    },
    /// Answer agents on standard input and output, by the Model Context Protocol
    #[command(after_help = "Example, in an agent's configuration:
  {\"mcpServers\": {\"faq\": {\"command\": \"faqbot\", \"args\": [\"mcp\", \"--faq\", \"/path/to/shop.yaml\"]}}}")]
    Mcp {
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        options: Options,
    },
    /// Decide what becomes of questions that were not answered, group by group
    #[command(after_help = "Exit codes: 0 something was open, 1 nothing, 2 something failed.

Examples:
  faqbot review --store sqlite:asked.db --faq shop.yaml
  faqbot review --store sqlite:asked.db --faq shop.yaml --json
  faqbot review --store sqlite:asked.db --faq kb.tsv --import kb.tsv")]
    Review {
        #[command(flatten)]
        args: ReviewArgs,
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        options: Options,
    },
    /// Put a FAQ into a store, for all servers over it
    #[command(
        after_help = "Refused where `faqbot check` finds something to fix that the version before has not, or where more
of the labelled questions beside the FAQ (shop.queries.jsonl) lose their answer or get a wrong one than gain.

Exit codes: 0 published, 1 refused, 2 something failed.

Example:
  faqbot publish --store postgres://host/faqbot --name shop shop.yaml"
    )]
    Publish {
        #[command(flatten)]
        args: PublishArgs,
        #[command(flatten)]
        store: StoreAddress,
        #[command(flatten)]
        options: Options,
    },
    /// The versions that were published, and which is served
    Versions {
        #[command(flatten)]
        args: VersionsArgs,
        #[command(flatten)]
        store: StoreAddress,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Serve an earlier version
    #[command(after_help = "Example:
  faqbot rollback --store postgres://host/faqbot --name shop")]
    Rollback {
        #[command(flatten)]
        args: RollbackArgs,
        #[command(flatten)]
        store: StoreAddress,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// What was asked, and what became of it
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:
  faqbot log --store sqlite:asked.db --since 7d --outcome no_match
  faqbot log stats --store sqlite:asked.db --faq shop.yaml --plot asked.svg
  faqbot log forget --store sqlite:asked.db --text \"my secret\""
    )]
    Log {
        #[command(subcommand)]
        action: Option<LogAction>,
        #[command(flatten)]
        args: LogArgs,
    },
    /// Ask a server whether it is ready, as containers do
    #[command(after_help = "Exit codes: 0 ready, 2 not ready or not there.

Example:
  faqbot health 127.0.0.1:8080")]
    Health {
        /// Where the server listens
        #[arg(value_name = "ADDRESS:PORT", default_value = faqbot_server::Options::LISTEN)]
        address: String,
    },
    /// List the embedding models that --model takes
    #[command(after_help = "Examples:
  faqbot models multilingual
  faqbot ask --model multilingual-e5-small \"wo ist mein Paket\"")]
    Models {
        #[command(flatten)]
        args: ModelsArgs,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// The embedding cache: its folder, its size, or remove it
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// The settings in force, and where each comes from
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  faqbot completions bash > ~/.local/share/bash-completion/completions/faqbot")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write man pages for all commands
    #[command(after_help = "Examples:
  faqbot man ~/.local/share/man/man1          faqbot.1, faqbot-ask.1 and so on
  faqbot man | man -l -                       read the first of them")]
    Man {
        /// The folder to write them to; without one, faqbot(1) goes to standard output
        folder: Option<PathBuf>,
    },
    /// Anything else: a question.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

impl Command {
    /// Takes the shared options that were given behind the command.
    pub fn take_options(&mut self) -> Options {
        use std::mem::take;
        match self {
            Command::Ask { options, .. } | Command::Eval { options, .. } => take(options),
            Command::Chat { store, options } => Options { store: take(store), ..take(options) },
            Command::Publish { store, options, .. } => Options { store: take(store).into(), ..take(options) },
            Command::Versions { store, general, .. } | Command::Rollback { store, general, .. } => {
                Options { store: take(store).into(), general: take(general), ..Options::default() }
            }
            Command::Review { store, options, .. } => Options { store: take(store), ..take(options) },
            Command::Log { action, args } => {
                let (faq, store, general) = match action {
                    None => (FaqOptions::default(), &mut args.store, &mut args.general),
                    Some(LogAction::Stats(own)) => (take(&mut own.faq), &mut own.store, &mut own.general),
                    Some(LogAction::Forget(own)) => (FaqOptions::default(), &mut own.store, &mut own.general),
                };
                Options { faq, store: take(store).into(), general: take(general), ..Options::default() }
            }
            Command::Mcp { store, options } => Options { store: take(store), ..take(options) },
            Command::Config { action: ConfigAction::Show { serve, store, options } } => {
                Options { serve: take(serve), store: take(store), ..take(options) }
            }
            Command::Serve { serve, store, options } => Options {
                serve: ServeOptions { serves: true, ..take(serve) },
                store: take(store),
                ..take(options)
            },
            Command::Check { faq, model, cache, general, .. } => Options {
                faq: take(faq),
                model: take(model),
                cache: take(cache),
                general: take(general),
                ..Options::default()
            },
            Command::Convert { faq, general, .. } => {
                Options { faq: take(faq), general: take(general), ..Options::default() }
            }
            Command::Calibrate { faq, model, answers, cache, general, .. } => Options {
                faq: take(faq),
                model: take(model),
                answers: take(answers),
                cache: take(cache),
                general: take(general),
                ..Options::default()
            },
            Command::Models { general, .. } => Options { general: take(general), ..Options::default() },
            Command::Cache {
                action:
                    CacheAction::Path { folder, general }
                    | CacheAction::Size { folder, general }
                    | CacheAction::Clear { folder, general },
            } => Options {
                cache: CacheOptions { folder: take(folder), no_cache: None },
                general: take(general),
                ..Options::default()
            },
            Command::Health { .. } => Options::default(),
            Command::Completions { .. } | Command::Man { .. } | Command::Other(_) => Options::default(),
        }
    }
}
