//! Settings: flag over environment over configuration file over default, resolved once.
//!
//! `parse` joins flags and environment; this joins the rest and turns it into values that need no further
//! checks.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use faqbot::embed::fastembed::{BUNDLED, Hub};
use faqbot::faq::{ColumnMap, Format, ReadOptions};
use faqbot::learn::redact::Redactor;
use faqbot_server::names::plain_name;
use faqbot_store::Keep;
use faqbot_store::address::{sqlite_path, without_password};
use toml::{Spanned, Value};

use crate::options::{Color, Limit, Options, Over, ServeOptions};
use crate::output::messages::question;
use crate::output::progress;

/// The name of the configuration file.
const FILE: &str = "faqbot.toml";

/// What to embed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    Bundled,
    Catalogue(String),
    Folder(PathBuf),
    Hash,
}

/// Everything the commands need to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The FAQ's files and folders; none for the one in the program.
    pub faq: Vec<PathBuf>,
    pub read: ReadOptions,
    pub model: Model,
    pub min_confidence: Option<f32>,
    pub min_cosine: Option<f32>,
    pub margin: Option<f32>,
    /// Whether answers are evidence.
    pub answers: bool,
    pub hub: Hub,
    /// Whether vectors are kept on disk.
    pub cache: bool,
    /// The folder of the embedding cache; `None` where the user has no cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Where the chat keeps what was typed; `None` where the user has no such folder.
    pub history: Option<PathBuf>,
    pub color: Color,
    /// The configuration file that was read, and what it sets.
    pub file: Option<(PathBuf, Vec<String>)>,
    /// How `faqbot serve` answers.
    pub serve: faqbot_server::Options,
    /// Where questions are kept.
    pub store: Option<String>,
    pub keep: Keep,
}

/// The configuration file.
#[derive(Default)]
struct File {
    /// What it says; its paths are relative to its folder, and no longer here.
    options: Options,
    /// The names of what it sets.
    names: Vec<String>,
}

impl Settings {
    /// The name of the model that is none, for tests of everything around the matching.
    pub const HASH: &str = "hash";

    /// The path that stands for standard input.
    pub const STDIN: &str = "-";

    /// Whether the FAQ comes from standard input.
    pub fn faq_is_stdin(&self) -> bool {
        self.faq == [Path::new(Self::STDIN)]
    }

    /// Resolves the settings.
    ///
    /// # Errors
    ///
    /// The configuration file cannot be read or holds something it should not.
    pub fn resolve(options: Options) -> Result<Self> {
        let path = find_file(options.general.config.as_deref())?;
        let file = match &path {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        if options.general.config.is_none()
            && let Some(path) = &path
        {
            file.confirm(path, &options)?;
        }
        let Options { faq, model, answers, decision, cache, general, serve, store } =
            options.over(file.options);
        let model_is = match (model.model_dir, model.model) {
            (Some(_), Some(_)) => bail!("both model and model_dir are set; choose one"),
            (Some(folder), None) => Model::Folder(folder),
            (None, None) => Model::Bundled,
            (None, Some(name)) if is_bundled(&name) => Model::Bundled,
            (None, Some(name)) if name == Self::HASH => Model::Hash,
            (None, Some(name)) => Model::Catalogue(name),
        };
        let own_cache = default_cache();
        let state = dirs::state_dir().or_else(dirs::data_local_dir).map(|folder| folder.join("faqbot"));
        Ok(Settings {
            read: read_options(faq.format, faq.map, faq.language, &faq.limit),
            faq: faq.faq,
            model: model_is,
            min_confidence: decision.min_confidence,
            min_cosine: decision.min_cosine,
            margin: decision.margin,
            answers: !answers.no_answers.unwrap_or(false),
            hub: Hub {
                cache: hub_cache(),
                endpoint: variable("HF_ENDPOINT").unwrap_or_else(|| Hub::ENDPOINT.to_owned()),
                offline: model.offline.unwrap_or(false),
                progress: progress::download,
            },
            cache: !cache.no_cache.unwrap_or(false),
            cache_dir: cache.folder.cache_dir.or(own_cache),
            history: state.map(|folder| folder.join("history.txt")),
            color: general.color.unwrap_or(Color::Auto),
            file: path.map(|path| (path, file.names)),
            serve: self::serve(serve),
            store: store.address.store,
            keep: Keep {
                time: store.keep,
                redact: Redactor::new(&store.redact).map_err(|error| anyhow::anyhow!("--redact: {error}"))?,
            },
        })
    }
}

/// How FAQ files are read.
fn read_options(
    format: Option<&'static Format>,
    columns: Option<ColumnMap>,
    language: Option<String>,
    limits: &[Limit],
) -> ReadOptions {
    let columns = columns.unwrap_or_default();
    let mut options = ReadOptions { format, columns, language, ..ReadOptions::default() };
    // The stronger come later.
    for limit in limits {
        match *limit {
            Limit::FileBytes(bytes) => options.limits.file_bytes = bytes,
            Limit::Entries(entries) => options.limits.entries = entries,
            Limit::TextBytes(bytes) => options.limits.text_bytes = bytes,
        }
    }
    options
}

impl File {
    /// Asks whether to follow a file that lies in the working directory where it says where to write, what to run
    /// or fetch, and who may ask: whoever wrote that folder may be someone else. What `stronger` options say instead
    /// is no matter.
    fn confirm(&self, path: &Path, stronger: &Options) -> Result<()> {
        if path != Path::new(FILE) {
            return Ok(());
        }
        let Options { model, cache, store, .. } = &self.options;
        let chosen = stronger.model.model.is_some() || stronger.model.model_dir.is_some();
        let is_on = |stronger: Option<bool>, own: Option<bool>| stronger.or(own).unwrap_or(false);
        let offline = is_on(stronger.model.offline, model.offline);
        let no_cache = is_on(stronger.cache.no_cache, cache.no_cache);
        let folder =
            cache.folder.cache_dir.as_ref().filter(|folder| Some(*folder) != default_cache().as_ref());
        let fetched = model.model.as_deref().filter(|name| !is_bundled(name) && *name != Settings::HASH);
        let risky: Vec<String> = [
            folder
                .filter(|_| !no_cache && stronger.cache.folder.cache_dir.is_none())
                .map(|path| format!("cache_dir = {}", path.display())),
            model
                .model_dir
                .as_ref()
                .filter(|_| !chosen)
                .map(|path| format!("model_dir = {}", path.display())),
            fetched.filter(|_| !chosen && !offline).map(|name| format!("model = {name}")),
            store
                .address
                .store
                .as_ref()
                .filter(|_| stronger.store.address.store.is_none())
                .map(|url| format!("store = {}", without_password(url))),
        ]
        .into_iter()
        .flatten()
        .chain(self.names.iter().filter(|name| stronger.serve.serves && says_who_may_ask(name)).cloned())
        .collect();
        if risky.is_empty() {
            return Ok(());
        }
        let says = format!("{FILE} in this folder sets {}", risky.join(" and "));
        let why = "that decides where files are written, what is run or fetched, or who may ask";
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            question(&format!("{says}: {why}. Follow it? [y/N] "));
            let mut answer = String::new();
            std::io::stdin().read_line(&mut answer)?;
            if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
                return Ok(());
            }
        }
        bail!("{says}: {why}; to follow it, name the file with --config {FILE}")
    }

    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        let place = |line: usize| format!("{}:{line}", path.display());
        let line_at = |span: Range<usize>| 1 + text[..span.start].matches('\n').count();
        let table: BTreeMap<String, Spanned<Value>> = toml::from_str(&text).map_err(|error| {
            anyhow::anyhow!("{}: {}", place(line_at(error.span().unwrap_or(0..0))), error.message())
        })?;
        let mut file = File::default();
        for (name, value) in table {
            let line = line_at(value.span());
            let lines = match value.into_inner() {
                Value::Table(lines) if name == "serve" => {
                    lines.into_iter().map(|(name, value)| (format!("serve.{name}"), value)).collect()
                }
                value => vec![(name, value)],
            };
            for (name, value) in lines {
                let (of_serve, own) = name.strip_prefix("serve.").map_or((false, &*name), |own| (true, own));
                let said = Options::from_file(own, of_serve, value).map_err(|error| {
                    // The value of a table has the table's place: the line of a setting begins with its name.
                    let below =
                        text.lines().skip(line - 1).position(|text| text.trim_start().starts_with(own));
                    anyhow::anyhow!("{}: {error}", place(line + below.unwrap_or(0)))
                })?;
                file.options = said.over(file.options);
                file.names.push(name);
            }
        }
        file.options.beside(path.parent().unwrap_or(Path::new("")));
        Ok(file)
    }
}

/// Whether a setting says who may ask; how much may be asked is another question.
fn says_who_may_ask(name: &str) -> bool {
    name.strip_prefix("serve.").is_some_and(|own| !["rate", "max_connections", "queue"].contains(&own))
}

impl Options {
    /// Paths relative to a folder.
    fn beside(&mut self, folder: &Path) {
        let own = [&mut self.model.model_dir, &mut self.cache.folder.cache_dir, &mut self.serve.token_file];
        for path in own.into_iter().flatten() {
            *path = folder.join(&*path);
        }
        let store = &mut self.store.address.store;
        if let Some(path) = store.as_deref().and_then(sqlite_path) {
            *store = Some(format!("sqlite:{}", folder.join(path).display()));
        }
        for path in &mut self.faq.faq {
            *path = match with_name(path) {
                Some((name, own)) => format!("{name}={}", folder.join(own).display()).into(),
                None => folder.join(&*path),
            };
        }
    }
}

/// How `faqbot serve` answers.
fn serve(own: ServeOptions) -> faqbot_server::Options {
    const MAX_CONNECTIONS: usize = 1_024;
    const QUEUE: usize = 256;
    let number =
        |own: Option<NonZeroU32>, default: usize| own.map_or(default, |number| number.get() as usize);
    faqbot_server::Options {
        listen: own.listen.unwrap_or_else(|| faqbot_server::Options::LISTEN.to_owned()),
        token_file: own.token_file,
        public: own.public.unwrap_or(false),
        allow_origin: own.allow_origin,
        mcp: own.mcp.unwrap_or(false),
        rate: own.rate,
        trusted_proxy: own.trusted_proxy,
        base_path: own.base_path,
        frame_ancestors: own.frame_ancestors,
        log_questions: own.log_questions.unwrap_or(false),
        max_connections: number(own.max_connections, MAX_CONNECTIONS),
        queue: number(own.queue, QUEUE),
    }
}

/// The two halves of `NAME=PATH`, where the whole is not itself a file.
pub fn with_name(path: &Path) -> Option<(String, PathBuf)> {
    let (name, file) = path.to_str()?.split_once('=')?;
    let is_name = !name.is_empty() && plain_name(name) == name;
    (is_name && !path.exists()).then(|| (name.to_owned(), PathBuf::from(file)))
}

/// A path without the name before it, where it has one.
pub fn without_name(path: &Path) -> PathBuf {
    with_name(path).map_or_else(|| path.to_owned(), |(_, path)| path)
}

/// The configuration file to read. One that is named must be there; the usual ones may be absent.
fn find_file(named: Option<&Path>) -> Result<Option<PathBuf>> {
    if let Some(path) = named {
        if !path.exists() {
            bail!("{}: no such configuration file", path.display());
        }
        return Ok(Some(path.to_owned()));
    }
    let usual =
        [Some(PathBuf::from(FILE)), dirs::config_dir().map(|folder| folder.join("faqbot").join(FILE))];
    Ok(usual.into_iter().flatten().find(|path| path.is_file()))
}

/// Whether a name is that of the model in the program, with whoever published it before it or not.
fn is_bundled(name: &str) -> bool {
    name.strip_prefix("sentence-transformers/").unwrap_or(name).eq_ignore_ascii_case(BUNDLED)
}

fn default_cache() -> Option<PathBuf> {
    dirs::cache_dir().map(|folder| folder.join("faqbot").join("embeddings"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The folder that all Hugging Face tools share: `HF_HUB_CACHE`, `HF_HOME/hub`, or the usual one.
/// Always absolute, so that it does not depend on where the program is started.
fn hub_cache() -> PathBuf {
    let folder = variable("HF_HUB_CACHE")
        .map(PathBuf::from)
        .or_else(|| variable("HF_HOME").map(|home| PathBuf::from(home).join("hub")))
        .or_else(|| dirs::home_dir().map(|home| home.join(".cache/huggingface/hub")))
        .unwrap_or_else(|| env::temp_dir().join("huggingface/hub"));
    std::path::absolute(&folder).unwrap_or(folder)
}
