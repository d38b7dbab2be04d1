//! The options that commands share, in groups: a command has those that it uses.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{BoolishValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};
use faqbot::faq::format::FORMATS;
use faqbot::faq::{ColumnMap, Format};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

/// All options that commands share. Each is also a FAQBOT_ variable and a line in faqbot.toml, but for
/// those that only make sense once.
#[derive(Debug, Default, Args)]
pub struct Options {
    #[command(flatten)]
    pub faq: FaqOptions,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub answers: AnswerOptions,
    #[command(flatten)]
    pub decision: DecisionOptions,
    #[command(flatten)]
    pub cache: CacheOptions,
    #[command(flatten)]
    pub general: GeneralOptions,
    /// Of `faqbot serve` only.
    #[arg(skip)]
    pub serve: ServeOptions,
    /// Of the commands that keep questions, or read what was kept.
    #[arg(skip)]
    pub store: StoreOptions,
}

impl Over for Options {
    fn over(self, weaker: Self) -> Self {
        Options {
            faq: self.faq.over(weaker.faq),
            model: self.model.over(weaker.model),
            answers: self.answers.over(weaker.answers),
            decision: self.decision.over(weaker.decision),
            cache: self.cache.over(weaker.cache),
            general: self.general.over(weaker.general),
            serve: self.serve.over(weaker.serve),
            store: self.store.over(weaker.store),
        }
    }
}

/// What can be said in several places, of which the strongest counts.
pub trait Over {
    /// This, and where it says nothing, what a weaker place says.
    fn over(self, weaker: Self) -> Self;
}

impl<T> Over for Option<T> {
    fn over(self, weaker: Self) -> Self {
        self.or(weaker)
    }
}

impl Over for bool {
    fn over(self, weaker: Self) -> Self {
        self || weaker
    }
}

impl Over for Vec<PathBuf> {
    fn over(self, weaker: Self) -> Self {
        if self.is_empty() { weaker } else { self }
    }
}

impl Over for Vec<String> {
    fn over(self, weaker: Self) -> Self {
        if self.is_empty() { weaker } else { self }
    }
}

impl Over for Vec<Limit> {
    /// Each has a name: of two of one name the later counts.
    fn over(self, weaker: Self) -> Self {
        weaker.into_iter().chain(self).collect()
    }
}

/// Groups of options. A field is a flag and a variable by its `arg`, and a line of faqbot.toml by its name, unless serde
/// skips it.
macro_rules! groups {
    ($($(#[$attribute:meta])* pub struct $name:ident { $($(#[$own:meta])* pub $field:ident: $kind:ty,)* })*) => {$(
        #[derive(Debug, Default, Args, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        $(#[$attribute])*
        pub struct $name {
            $($(#[$own])* pub $field: $kind,)*
        }

        impl Over for $name {
            fn over(self, weaker: Self) -> Self {
                $name { $($field: self.$field.over(weaker.$field),)* }
            }
        }

        impl $name {
            /// The names of its fields.
            const NAMES: &[&str] = &[$(stringify!($field)),*];
        }
    )*};
}

groups! {
    /// Which FAQ, and how its files are read.
    #[command(next_help_heading = "FAQ")]
    pub struct FaqOptions {
        /// A FAQ file or a folder of them, in any format that --format names; may be given several times;
        /// `-` is standard input (default: the therapist FAQ in the program)
        #[arg(long, env = "FAQBOT_FAQ", value_name = "PATH")]
        #[serde(deserialize_with = "one_or_more")]
        pub faq: Vec<PathBuf>,
        /// The format of the FAQ files (default: found by name and content)
        #[arg(long, env = "FAQBOT_FORMAT", value_name = "NAME", value_parser = format_named(|_| true), hide_possible_values = true)]
        #[serde(deserialize_with = "format_from_text")]
        pub format: Option<&'static Format>,
        /// What columns of a table hold, by heading or number: question, answer, also, id, source, tags,
        /// min_confidence
        #[arg(long, env = "FAQBOT_MAP", value_name = "FIELD=COLUMN,…")]
        #[serde(deserialize_with = "from_text")]
        pub map: Option<ColumnMap>,
        /// The language to read where a file has texts in several, such as de (default: the file's first)
        #[arg(long, env = "FAQBOT_LANGUAGE", value_name = "CODE")]
        pub language: Option<String>,
        /// What a FAQ may not exceed: file-bytes (512M), entries (1M), text-bytes (100k)
        #[arg(long, env = "FAQBOT_LIMIT", value_name = "NAME=N,…", value_delimiter = ',')]
        #[serde(deserialize_with = "limits_from_text")]
        pub limit: Vec<Limit>,
    }

    /// What is embedded.
    #[command(next_help_heading = "Model")]
    pub struct AnswerOptions {
        /// Leave the answers out of the matching: one vector an entry less
        #[arg(long, env = "FAQBOT_NO_ANSWERS", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL", value_parser = BoolishValueParser::new())]
        pub no_answers: Option<bool>,
    }

    /// When to answer.
    #[command(next_help_heading = "Decision")]
    pub struct DecisionOptions {
        /// Below this confidence (0 to 1) the bot asks back or has no answer
        #[arg(long, env = "FAQBOT_MIN_CONFIDENCE", value_name = "X")]
        pub min_confidence: Option<f32>,
        /// Below this cosine (-1 to 1) there is no answer, whatever the confidence
        #[arg(long, env = "FAQBOT_MIN_COSINE", value_name = "X", allow_negative_numbers = true)]
        pub min_cosine: Option<f32>,
        /// Without confidence: entries this close to the best are asked back about
        #[arg(long, env = "FAQBOT_MARGIN", value_name = "X", allow_negative_numbers = true)]
        pub margin: Option<f32>,
    }

    /// Vectors on disk.
    #[command(next_help_heading = "Cache")]
    pub struct CacheOptions {
        #[command(flatten)]
        #[serde(skip)]
        pub folder: CacheFolder,
        /// Neither read nor write the embedding cache
        #[arg(long, env = "FAQBOT_NO_CACHE", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL", value_parser = BoolishValueParser::new())]
        pub no_cache: Option<bool>,
    }

    /// Where they are.
    #[command(next_help_heading = "Cache")]
    pub struct CacheFolder {
        /// The folder of the embedding cache (default: in the user's cache folder)
        #[arg(long, env = "FAQBOT_CACHE_DIR", value_name = "DIR")]
        pub cache_dir: Option<PathBuf>,
    }

    /// How `faqbot serve` answers.
    #[command(next_help_heading = Self::HEADING)]
    pub struct ServeOptions {
        /// Whether the command serves at all.
        #[arg(skip)]
        #[serde(skip)]
        pub serves: bool,
        /// The address to listen on; port 0 takes a free one (default: 127.0.0.1:8080)
        #[arg(long, env = "FAQBOT_LISTEN", value_name = "ADDRESS:PORT")]
        pub listen: Option<String>,
        /// A file with tokens, one a line: requests need one of them
        #[arg(long, env = "FAQBOT_TOKEN_FILE", value_name = "FILE")]
        pub token_file: Option<PathBuf>,
        /// Everybody may ask, through page, widget and /v1/ask; with --token-file the rest needs a token
        #[arg(long, env = "FAQBOT_PUBLIC", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL", value_parser = BoolishValueParser::new())]
        pub public: Option<bool>,
        /// A site whose pages may ask, such as https://shop.example; may be given several times
        #[arg(long, env = "FAQBOT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
        pub allow_origin: Vec<String>,
        /// Answer agents at /mcp too
        #[arg(long, env = "FAQBOT_MCP", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL", value_parser = BoolishValueParser::new())]
        pub mcp: Option<bool>,
        /// Questions that one address may ask a minute (default: any number)
        #[arg(long, env = "FAQBOT_RATE", value_name = "N")]
        pub rate: Option<NonZeroU32>,
        /// The header in which the proxy before the server names the client, such as X-Forwarded-For
        #[arg(long, env = "FAQBOT_TRUSTED_PROXY", value_name = "HEADER")]
        pub trusted_proxy: Option<String>,
        /// The path that the server is reached under, where a proxy gives it one of many, such as /faq (default: /)
        #[arg(long, env = "FAQBOT_BASE_PATH", value_name = "PATH")]
        pub base_path: Option<String>,
        /// A site that may show the chat page in a frame, such as https://shop.example, or self, or * for any; may be
        /// given several times (default: none)
        #[arg(long, env = "FAQBOT_FRAME_ANCESTORS", value_name = "ORIGIN", value_delimiter = ',')]
        pub frame_ancestors: Vec<String>,
        /// Write questions to the log, which is on standard error
        #[arg(long, env = "FAQBOT_LOG_QUESTIONS", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL", value_parser = BoolishValueParser::new())]
        pub log_questions: Option<bool>,
        /// Connections at once, at most; others wait (default: 1024)
        #[arg(long, env = "FAQBOT_MAX_CONNECTIONS", value_name = "N")]
        pub max_connections: Option<NonZeroU32>,
        /// Requests that wait to be answered, at most; others are told to come back (default: 256)
        #[arg(long, env = "FAQBOT_QUEUE", value_name = "N")]
        pub queue: Option<NonZeroU32>,
    }

    /// What is kept of questions.
    #[command(next_help_heading = Self::HEADING)]
    pub struct StoreOptions {
        #[command(flatten)]
        #[serde(skip)]
        pub address: StoreAddress,
        /// Further texts that are replaced before anything is kept, as a regular expression, such as
        /// "ORD-\d+"; may be given several times
        #[arg(long, env = "FAQBOT_REDACT", value_name = "REGEX")]
        #[serde(deserialize_with = "one_or_more")]
        pub redact: Vec<String>,
        /// How long questions are kept, such as 30d (default: until they are removed)
        #[arg(long, env = "FAQBOT_KEEP", value_name = "TIME", value_parser = time)]
        #[serde(deserialize_with = "time_from_text")]
        pub keep: Option<Duration>,
    }

    /// Where it is kept.
    #[command(next_help_heading = StoreOptions::HEADING)]
    pub struct StoreAddress {
        /// Where questions and what became of them are kept: sqlite:PATH or postgres://USER:PASSWORD@HOST/DB
        /// (default: nothing is kept)
        #[arg(long, env = "FAQBOT_STORE", value_name = "URL", hide_env_values = true)]
        pub store: Option<String>,
    }

    /// What holds for every command.
    #[command(next_help_heading = "General")]
    pub struct GeneralOptions {
        /// Say nothing on standard error but errors
        #[arg(short, long, conflicts_with = "verbose")]
        #[serde(skip)]
        pub quiet: bool,
        /// Say on standard error what is read and used
        #[arg(short, long, action = ArgAction::SetTrue)]
        #[serde(skip)]
        pub verbose: bool,
        /// Say on standard error where the time went
        #[arg(long)]
        #[serde(skip)]
        pub timings: bool,
        /// Colours in the output
        #[arg(long, env = "FAQBOT_COLOR", value_name = "WHEN")]
        pub color: Option<Color>,
        /// The configuration file (default: ./faqbot.toml, then faqbot/faqbot.toml in the user's
        /// configuration folder)
        #[arg(long, env = "FAQBOT_CONFIG", value_name = "FILE")]
        #[serde(skip)]
        pub config: Option<PathBuf>,
    }
}

/// What embeds.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Model")]
pub struct ModelOptions {
    /// An embedding model (default: all-MiniLM-L6-v2, in the program); see `faqbot models`
    #[arg(long, env = "FAQBOT_MODEL", value_name = "NAME")]
    pub model: Option<String>,
    /// A folder with model.onnx and its tokenizer's files
    #[arg(long, env = "FAQBOT_MODEL_DIR", value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Never open a network connection
    #[arg(long, env = "FAQBOT_OFFLINE", num_args = 0..=1, require_equals = true, default_missing_value = "true", hide_possible_values = true, value_name = "BOOL", value_parser = BoolishValueParser::new())]
    pub offline: Option<bool>,
}

impl ModelOptions {
    const NAMES: &[&str] = &["model", "model_dir", "offline"];
}

impl Over for ModelOptions {
    /// A model and a folder with one exclude each other: the stronger of them stands alone.
    fn over(self, weaker: Self) -> Self {
        let (model, model_dir) = match (self.model, self.model_dir) {
            (None, None) => (weaker.model, weaker.model_dir),
            chosen => chosen,
        };
        ModelOptions { model, model_dir, offline: self.offline.over(weaker.offline) }
    }
}

impl From<StoreAddress> for StoreOptions {
    /// For commands that keep nothing themselves.
    fn from(address: StoreAddress) -> Self {
        StoreOptions { address, ..StoreOptions::default() }
    }
}

impl ServeOptions {
    /// What stands above them in a help.
    pub const HEADING: &str = "Server";
}

impl StoreOptions {
    /// What stands above them in a help.
    pub const HEADING: &str = "Store";
}

/// A time, such as 30d: a number of seconds, minutes, hours, days or weeks.
pub fn time(text: &str) -> Result<Duration, String> {
    let wanted = "a time is a number with a unit: 45s, 30m, 12h, 7d or 4w";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: u64 = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return Err(wanted.into()),
    };
    // Times of more than a hundred years are typing errors.
    let most = 100 * 366 * 24 * 3600;
    let time = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds));
    time.filter(|&time| time > 0 && time < most).map(Duration::from_secs).ok_or_else(|| wanted.into())
}

/// A share, but not a bare 1, which may be meant as one in a hundred.
pub fn share_not_one(text: &str) -> Result<f64, String> {
    match text.trim() {
        "1" | "1." | "1.0" => Err("is one in a hundred meant, or all? write 1% or 100%".into()),
        text => share(text),
    }
}

/// A share as a fraction or in percent.
pub fn share(text: &str) -> Result<f64, String> {
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

impl Options {
    /// One line of faqbot.toml, or of its table `[serve]`.
    ///
    /// # Errors
    ///
    /// There is no such setting, or it has another kind of value.
    pub fn from_file(name: &str, of_serve: bool, value: Value) -> Result<Self, String> {
        fn group<G: DeserializeOwned>(name: &str, value: Value) -> Result<G, String> {
            let line = Table::from_iter([(name.to_owned(), value)]);
            line.try_into().map_err(|error: toml::de::Error| format!("{name}: {}", error.message()))
        }
        let mut options = Options::default();
        let is = |names: &[&str]| !of_serve && names.contains(&name);
        match name {
            _ if of_serve && ServeOptions::NAMES.contains(&name) => options.serve = group(name, value)?,
            _ if is(FaqOptions::NAMES) => options.faq = group(name, value)?,
            _ if is(ModelOptions::NAMES) => options.model = group(name, value)?,
            _ if is(AnswerOptions::NAMES) => options.answers = group(name, value)?,
            _ if is(DecisionOptions::NAMES) => options.decision = group(name, value)?,
            _ if is(CacheFolder::NAMES) => options.cache.folder = group(name, value)?,
            _ if is(CacheOptions::NAMES) => options.cache = group(name, value)?,
            _ if is(GeneralOptions::NAMES) => options.general = group(name, value)?,
            _ if is(StoreAddress::NAMES) => options.store.address = group(name, value)?,
            _ if is(StoreOptions::NAMES) => options.store = group(name, value)?,
            _ => return Err(unknown(name, of_serve)),
        }
        Ok(options)
    }
}

/// Says that there is no such setting, and which may have been meant.
fn unknown(name: &str, of_serve: bool) -> String {
    let of_file = [
        FaqOptions::NAMES,
        ModelOptions::NAMES,
        AnswerOptions::NAMES,
        DecisionOptions::NAMES,
        CacheFolder::NAMES,
        &["no_cache", "color", "serve"],
        StoreAddress::NAMES,
        &["redact", "keep"],
    ];
    let known = if of_serve { ServeOptions::NAMES.to_vec() } else { of_file.concat() };
    let hint = meant(name, &known).map_or(String::new(), |known| format!("; did you mean `{known}`?"));
    format!("unknown setting `{name}`{}{hint}", if of_serve { " in [serve]" } else { "" })
}

/// The known name that a word was meant as, typing errors aside.
pub fn meant<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(word, known), *known));
    near.filter(|(typos, known)| *typos <= 2 && 2 * typos < known.len()).min().map(|(_, known)| known)
}

/// What is written as a text in a file.
fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(file: D) -> Result<Option<T>, D::Error> {
    String::deserialize(file)?.parse().map(Some).map_err(D::Error::custom)
}

fn format_from_text<'de, D: Deserializer<'de>>(file: D) -> Result<Option<&'static Format>, D::Error> {
    let name = String::deserialize(file)?;
    Format::named(&name).map(Some).ok_or_else(|| D::Error::custom(format!("there is no format \"{name}\"")))
}

fn time_from_text<'de, D: Deserializer<'de>>(file: D) -> Result<Option<Duration>, D::Error> {
    time(&String::deserialize(file)?).map(Some).map_err(D::Error::custom)
}

fn limits_from_text<'de, D: Deserializer<'de>>(file: D) -> Result<Vec<Limit>, D::Error> {
    Vec::<String>::deserialize(file)?.iter().map(|limit| limit.parse().map_err(D::Error::custom)).collect()
}

/// One, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>, T: Deserialize<'de>>(file: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore<T> {
        One(T),
        More(Vec<T>),
    }
    Ok(match OneOrMore::deserialize(file)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Where standard output is a terminal and NO_COLOR is not set
    Auto,
    Always,
    Never,
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
        let count = usize::try_from(number).map_err(|_| wanted)?;
        match name.trim() {
            "file-bytes" => Ok(Limit::FileBytes(number)),
            "entries" => Ok(Limit::Entries(count)),
            "text-bytes" => Ok(Limit::TextBytes(count)),
            _ => Err(wanted.into()),
        }
    }
}

/// The formats for which `which` holds, by name.
pub fn format_named(which: fn(&Format) -> bool) -> impl TypedValueParser<Value = &'static Format> {
    let names = FORMATS
        .iter()
        .filter(|format| which(format))
        .map(|format| PossibleValue::new(format.name).help(format.title));
    PossibleValuesParser::new(names)
        .try_map(|name| Format::named(&name).ok_or_else(|| format!("there is no format {name}")))
}
