//! The commands with their arguments and the options they use.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use faqbot::OutcomeKind;
use faqbot::embed::fastembed::BUNDLED_ID;
use faqbot::faq::Format;

use crate::options::{
    AnswerOptions, CacheFolder, CacheOptions, FaqOptions, GeneralOptions, ModelOptions, Options,
    ServeOptions, StoreOptions, format_named,
};
use crate::options::{StoreAddress, time};

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

#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Only those with this in their name or languages, such as multilingual
    pub filter: Option<String>,
}

#[derive(Debug, Args)]
pub struct AskArgs {
    /// The question; without one, questions are read from standard input, one a line
    pub query: Vec<String>,
    /// Show the N best entries as well
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// One JSON object a question, on a line of its own
    #[arg(long)]
    pub json: bool,
    /// Show how the answer came about: signals, weights, confidence, rule
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
}

#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// FAQ files or folders, read as one FAQ (default: as --faq)
    pub input: Vec<PathBuf>,
    /// The file to write; its ending says the format. `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// The format to write, where the ending does not say it
    #[arg(long, value_name = "NAME", value_parser = format_named(Format::is_written))]
    pub to: Option<&'static Format>,
    /// Replace OUT if it is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// FAQ files or folders, read as one FAQ (default: as --faq)
    pub input: Vec<PathBuf>,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 for hints and skipped rows as well
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Labelled queries, one JSON object a line: {"query", "expected": id or null}; or a CSV with these columns
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 where anything is worse than in this report (made with --json)
    #[arg(long, value_name = "OLD.json")]
    pub compare: Option<PathBuf>,
    /// How much worse is still the same, for --compare
    #[arg(long, value_name = "X", default_value = "0.005", value_parser = share)]
    pub tolerance: f64,
    /// Exit with 1 where the in-scope accuracy is below this, such as 90% or 0.9
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_accuracy: Option<f64>,
    /// Exit with 1 where the top-1 accuracy is below this
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_top1: Option<f64>,
    /// Exit with 1 where more of the queries get a wrong answer
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_wrong: Option<f64>,
    /// Exit with 1 where the out-of-scope recall is below this
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_recall: Option<f64>,
    /// Draw the reliability and risk-coverage curves into a file
    #[arg(long, value_name = "FILE.svg|png")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Labelled queries, one JSON object a line: {"query", "expected": id or null}; or a CSV with these columns
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// Questions that were asked, without labels, one a line: estimates how many of them the FAQ answers
    #[arg(long, value_name = "FILE", conflicts_with_all = ["queries", "out_of_scope"], required_unless_present = "queries")]
    pub unlabelled: Option<PathBuf>,
    /// The share of all queries that may get a wrong answer, such as 5% or 0.05
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share_not_one)]
    pub max_wrong: f64,
    /// The share of questions without an answer in the FAQ that you expect, such as 20%, where the
    /// file has another
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub out_of_scope: Option<f64>,
    /// Print what it would give, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// A share, but not a bare 1, which may be meant as one in a hundred.
fn share_not_one(text: &str) -> Result<f64, String> {
    match text.trim() {
        "1" | "1." | "1.0" => Err("is one in a hundred meant, or all? write 1% or 100%".into()),
        text => share(text),
    }
}

/// A share as a fraction or in percent.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim(), 100.0),
        None => (text, 1.0),
    };
    let share = number.parse::<f64>().map_err(|_| "not a share, such as 5% or 0.05".to_owned())? / unit;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share lies from 0 to 1, or 0% to 100%".into())
    }
}

#[derive(Debug, Subcommand)]
pub enum LogAction {
    /// Counts by day and entry: answered, asked back, unanswered, thumbs, confidence
    Stats(StatsArgs),
    /// Remove a conversation, or every question in which a text stands
    Forget(ForgetArgs),
}

#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Print the groups as JSON, and decide nothing
    #[arg(long)]
    pub json: bool,
    /// First take in the suggestions of an export of QnA Maker's
    #[arg(long, value_name = "FILE.tsv")]
    pub import: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct PublishArgs {
    /// FAQ files or folders, published as one FAQ (default: as --faq)
    pub input: Vec<PathBuf>,
    /// The name it is served under (default: that of the file)
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Who publishes it (default: the user)
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// What is new in it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Also where it is worse than the version before
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct VersionsArgs {
    /// Only those of the FAQ with this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The version to serve (default: the one before that is served now)
    pub number: Option<i64>,
    /// The FAQ, where several are published
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    pub which: WhichQuestions,
    /// Only questions that became this: answer, ambiguous (asked back) or no_match
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    pub outcome: Option<OutcomeKind>,
    /// At most the newest N; 0 for all
    #[arg(long, value_name = "N", default_value = "100")]
    pub newest: u32,
    /// One JSON object a question, on a line of its own
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub store: StoreAddress,
    #[command(flatten)]
    pub general: GeneralOptions,
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    #[command(flatten)]
    pub which: WhichQuestions,
    /// Print the counts as JSON
    #[arg(long)]
    pub json: bool,
    /// Draw questions and confidence by day into a file
    #[arg(long, value_name = "FILE.svg|png")]
    pub plot: Option<PathBuf>,
    /// For the entries that were never answered.
    #[command(flatten)]
    pub faq: FaqOptions,
    #[command(flatten)]
    pub store: StoreAddress,
    #[command(flatten)]
    pub general: GeneralOptions,
}

#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The conversation, by its name in the log
    #[arg(long, value_name = "NAME", required_unless_present = "text")]
    pub session: Option<String>,
    /// A text that stands in the questions
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    #[command(flatten)]
    pub store: StoreAddress,
    #[command(flatten)]
    pub general: GeneralOptions,
}

/// Which of the questions that were kept.
#[derive(Debug, Args)]
pub struct WhichQuestions {
    /// Only those of the last time, such as 7d
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Only those to the FAQ with this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

fn outcome(text: &str) -> Result<OutcomeKind, String> {
    OutcomeKind::named(text).ok_or_else(|| "an outcome is answer, ambiguous or no_match".to_owned())
}

#[derive(Debug, Subcommand)]
pub enum CacheAction {
    /// Print the cache's folder
    Path {
        #[command(flatten)]
        folder: CacheFolder,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Print how many files it holds, and how many bytes
    Size {
        #[command(flatten)]
        folder: CacheFolder,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Remove all cached vectors
    Clear {
        #[command(flatten)]
        folder: CacheFolder,
        #[command(flatten)]
        general: GeneralOptions,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print all settings in the form of faqbot.toml, each with where it comes from
    #[command(after_help = "Example:
  faqbot config show --faq shop.yaml > new.toml")]
    Show {
        #[command(flatten)]
        serve: ServeOptions,
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        options: Options,
    },
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
