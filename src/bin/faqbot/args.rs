//! The command line.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use faqbot::embed::fastembed::BUNDLED_ID;

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
    /// The FAQ file: YAML, JSON, JSONL, CSV, TSV, Markdown, .qna or .txt (default: the therapist FAQ
    /// in the program)
    #[arg(long, global = true, env = "FAQBOT_FAQ", value_name = "PATH")]
    pub faq: Option<PathBuf>,
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
    /// Colours in the output
    #[arg(long, global = true, env = "FAQBOT_COLOR", value_name = "WHEN")]
    pub color: Option<Color>,
    /// The configuration file (default: ./faqbot.toml, then faqbot/faqbot.toml in the user's
    /// configuration folder)
    #[arg(long, global = true, env = "FAQBOT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}
