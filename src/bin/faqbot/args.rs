//! The command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::LazyLock;

use clap::builder::{FalseyValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use faqbot::embed::fastembed::BUNDLED_ID;
use faqbot::faq::format::FORMATS;
use faqbot::faq::{ColumnMap, Format};

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let model = BUNDLED_ID.unwrap_or("none in the binary");
    format!("{} (model: {model})", env!("CARGO_PKG_VERSION"))
});

/// A chatbot that answers from a FAQ, on your own machine.
///
/// Without a command it opens a chat. Settings come from flags, then FAQBOT_* variables, then
/// faqbot.toml, then defaults.
#[derive(Debug, Parser)]
#[command(name = "faqbot", version = VERSION.as_str(), max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Chat in the terminal (the default)
    Chat,
    /// Answer one question, or one a line from standard input
    Ask(AskArgs),
    /// Write a FAQ in another format
    Convert(ConvertArgs),
    /// Look for what will make the bot answer wrongly
    Check(CheckArgs),
    /// Measure how well labelled queries are answered
    Eval(EvalArgs),
    /// Fit confidence and thresholds to labelled queries of your FAQ
    Calibrate(CalibrateArgs),
    /// List the embedding models that --model takes
    Models,
    /// The embedding cache
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
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
    #[arg(long, value_name = "NAME", value_parser = format(Format::is_written))]
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

/// The formats for which `which` holds, by name.
fn format(which: fn(&Format) -> bool) -> impl TypedValueParser<Value = &'static Format> {
    let names = FORMATS
        .iter()
        .filter(|format| which(format))
        .map(|format| PossibleValue::new(format.name).help(format.title));
    PossibleValuesParser::new(names)
        .try_map(|name| Format::named(&name).ok_or_else(|| format!("there is no format {name}")))
}

/// One limit: a name and a number, which may end in k, M or G.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    FileBytes(u64),
    Entries(usize),
    TextBytes(usize),
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "a limit is file-bytes=N, entries=N or text-bytes=N, where N may end in k, M or G";
        let (name, number) = text.split_once('=').ok_or(wanted)?;
        let digits = number.trim_end_matches(['k', 'M', 'G']);
        let unit: u64 = match &number[digits.len()..] {
            "" => 1,
            "k" => 1_000,
            "M" => 1_000_000,
            "G" => 1_000_000_000,
            _ => return Err(wanted.into()),
        };
        let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or(wanted)?;
        let count = usize::try_from(number).unwrap_or(usize::MAX);
        match name.trim() {
            "file-bytes" => Ok(Limit::FileBytes(number)),
            "entries" => Ok(Limit::Entries(count)),
            "text-bytes" => Ok(Limit::TextBytes(count)),
            _ => Err(wanted.into()),
        }
    }
}

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Labelled queries, one JSON object a line: {"query", "expected": id or null}
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 where anything is worse than in this report (made with --json)
    #[arg(long, value_name = "OLD.json")]
    pub compare: Option<PathBuf>,
    /// How much worse is still the same, for --compare
    #[arg(long, value_name = "X", default_value_t = 0.005)]
    pub tolerance: f64,
    /// Exit with 1 where the in-scope accuracy is below this (0 to 1)
    #[arg(long, value_name = "X", value_parser = share)]
    pub min_accuracy: Option<f64>,
    /// Exit with 1 where the top-1 accuracy is below this (0 to 1)
    #[arg(long, value_name = "X", value_parser = share)]
    pub min_top1: Option<f64>,
    /// Exit with 1 where more of the queries get a wrong answer (0 to 1)
    #[arg(long, value_name = "X", value_parser = share)]
    pub max_wrong: Option<f64>,
    /// Exit with 1 where the out-of-scope recall is below this (0 to 1)
    #[arg(long, value_name = "X", value_parser = share)]
    pub min_recall: Option<f64>,
    /// Draw the reliability and risk-coverage curves into a file
    #[arg(long, value_name = "FILE.svg|png")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Labelled queries, one JSON object a line: {"query", "expected": id or null}
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// The share of all queries that may get a wrong answer, such as 5% or 0.05
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    pub max_wrong: f64,
    /// The share of questions without an answer in the FAQ that you expect, such as 20%, where the
    /// file has another
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub out_of_scope: Option<f64>,
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

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum CacheAction {
    /// Print the cache's folder
    Path,
    /// Remove all cached vectors
    Clear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Where standard output is a terminal and NO_COLOR is not set
    Auto,
    Always,
    Never,
}

/// What applies to every command. Each is also a FAQBOT_ variable and a line in faqbot.toml.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// A FAQ file or a folder of them, in any format that --format names; may be given several times
    /// (default: the therapist FAQ in the program)
    #[arg(long, global = true, env = "FAQBOT_FAQ", value_name = "PATH")]
    pub faq: Vec<PathBuf>,
    /// The format of the FAQ files (default: found by name and content)
    #[arg(long, global = true, env = "FAQBOT_FORMAT", value_name = "NAME", value_parser = format(|_| true))]
    pub format: Option<&'static Format>,
    /// What columns of a table hold, by heading or number: question, answer, also, id, source, tags,
    /// min_confidence
    #[arg(long, global = true, env = "FAQBOT_MAP", value_name = "FIELD=COLUMN,…")]
    pub map: Option<ColumnMap>,
    /// What a FAQ may not exceed: file-bytes (512M), entries (1M), text-bytes (100k)
    #[arg(long, global = true, env = "FAQBOT_LIMIT", value_name = "NAME=N,…", value_delimiter = ',')]
    pub limit: Vec<Limit>,
    /// An embedding model (default: all-MiniLM-L6-v2, in the program); see `faqbot models`
    #[arg(long, global = true, env = "FAQBOT_MODEL", value_name = "NAME")]
    pub model: Option<String>,
    /// A folder with model.onnx and its tokenizer's files
    #[arg(long, global = true, env = "FAQBOT_MODEL_DIR", value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Below this confidence (0 to 1) the bot asks back or has no answer
    #[arg(long, global = true, env = "FAQBOT_MIN_CONFIDENCE", value_name = "X")]
    pub min_confidence: Option<f32>,
    /// Below this cosine (-1 to 1) there is no answer, whatever the confidence
    #[arg(long, global = true, env = "FAQBOT_MIN_COSINE", value_name = "X", allow_negative_numbers = true)]
    pub min_cosine: Option<f32>,
    /// Without confidence: entries this close to the best are asked back about
    #[arg(long, global = true, env = "FAQBOT_MARGIN", value_name = "X", allow_negative_numbers = true)]
    pub margin: Option<f32>,
    /// Never open a network connection
    #[arg(long, global = true, env = "FAQBOT_OFFLINE", value_parser = FalseyValueParser::new())]
    pub offline: bool,
    /// Leave the answers out of the evidence: one vector an entry less
    #[arg(long, global = true, env = "FAQBOT_NO_ANSWERS", value_parser = FalseyValueParser::new())]
    pub no_answers: bool,
    /// Neither read nor write the embedding cache
    #[arg(long, global = true, env = "FAQBOT_NO_CACHE", value_parser = FalseyValueParser::new())]
    pub no_cache: bool,
    /// The folder of the embedding cache (default: in the user's cache folder)
    #[arg(long, global = true, env = "FAQBOT_CACHE_DIR", value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// Say on standard error where the time went
    #[arg(long, global = true)]
    pub timings: bool,
    /// Colours in the output
    #[arg(long, global = true, env = "FAQBOT_COLOR", value_name = "WHEN")]
    pub color: Option<Color>,
    /// The configuration file (default: ./faqbot.toml, then faqbot/faqbot.toml in the user's
    /// configuration folder)
    #[arg(long, global = true, env = "FAQBOT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}
