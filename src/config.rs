//! Settings: flag over environment over configuration file over default, resolved once.
//!
//! `parse` joins flags and environment; this joins the rest and turns it into values that need no further
//! checks.

use std::env;
use std::fs;
use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use faqbot::embed::fastembed::{BUNDLED, Hub};
use faqbot::faq::{ColumnMap, Format, ReadOptions};
use faqbot::learn::redact::Redactor;
use faqbot_store::Keep;
use faqbot_store::address::{sqlite_path, without_password};
use serde::{Deserialize, Deserializer};

use crate::options::{Color, Limit, Options, ServeOptions, StoreOptions, time};
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

/// The configuration file. Paths in it are relative to its folder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, deserialize_with = "one_or_more")]
    faq: Vec<PathBuf>,
    format: Option<String>,
    map: Option<String>,
    #[serde(default)]
    limit: Vec<String>,
    model: Option<String>,
    model_dir: Option<PathBuf>,
    min_confidence: Option<f32>,
    min_cosine: Option<f32>,
    margin: Option<f32>,
    no_answers: Option<bool>,
    offline: Option<bool>,
    no_cache: Option<bool>,
    cache_dir: Option<PathBuf>,
    color: Option<Color>,
    store: Option<String>,
    #[serde(default, deserialize_with = "one_or_more")]
    redact: Vec<String>,
    keep: Option<String>,
    #[serde(default)]
    serve: ServeFile,
    /// The names of what it sets.
    #[serde(skip)]
    names: Vec<String>,
}

/// The table `[serve]` of the configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ServeFile {
    listen: Option<String>,
    token_file: Option<PathBuf>,
    public: Option<bool>,
    allow_origin: Vec<String>,
    mcp: Option<bool>,
    rate: Option<NonZeroU32>,
    trusted_proxy: Option<String>,
    log_questions: Option<bool>,
    max_connections: Option<NonZeroU32>,
    queue: Option<NonZeroU32>,
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
        let Options { faq, model, answers, decision, cache, general, serve, store } = options;
        let config = find_file(general.config.as_deref())?;
        let file = match &config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let read = read_options(faq.format, faq.map, &faq.limit, &file)?;
        let offline = model.offline.or(file.offline).unwrap_or(false);
        let no_cache = cache.no_cache.or(file.no_cache).unwrap_or(false);
        if general.config.is_none() {
            let chosen = model.model.is_some() || model.model_dir.is_some();
            let moot = Moot {
                cache_dir: no_cache || cache.folder.cache_dir.is_some(),
                model: chosen || offline,
                model_dir: chosen,
                serve: !serve.serves,
                store: store.address.store.is_some(),
            };
            config.iter().try_for_each(|path| file.confirm(path, &moot))?;
        }
        let keep = keep(&store, &file)?;
        // A model from a stronger place replaces a folder from a weaker one, and the reverse.
        let (name, folder) = match (model.model, model.model_dir) {
            (None, None) => (file.model, file.model_dir),
            chosen => chosen,
        };
        let model = match (folder, name) {
            (Some(_), Some(_)) => bail!("both model and model_dir are set; choose one"),
            (Some(folder), None) => Model::Folder(folder),
            (None, None) => Model::Bundled,
            (None, Some(name)) if is_bundled(&name) => Model::Bundled,
            (None, Some(name)) if name == Self::HASH => Model::Hash,
            (None, Some(name)) => Model::Catalogue(name),
        };
        let store = store.address.store.or(file.store);
        let own_cache = default_cache();
        let state = dirs::state_dir().or_else(dirs::data_local_dir).map(|folder| folder.join("faqbot"));
        Ok(Settings {
            faq: if faq.faq.is_empty() { file.faq } else { faq.faq },
            read,
            model,
            min_confidence: decision.min_confidence.or(file.min_confidence),
            min_cosine: decision.min_cosine.or(file.min_cosine),
            margin: decision.margin.or(file.margin),
            answers: !answers.no_answers.or(file.no_answers).unwrap_or(false),
            hub: Hub {
                cache: hub_cache(),
                endpoint: variable("HF_ENDPOINT").unwrap_or_else(|| Hub::ENDPOINT.to_owned()),
                offline,
                progress: progress::download,
            },
            cache: !no_cache,
            cache_dir: cache.folder.cache_dir.or(file.cache_dir).or(own_cache),
            history: state.map(|folder| folder.join("history.txt")),
            color: general.color.or(file.color).unwrap_or(Color::Auto),
            file: config.map(|path| (path, file.names)),
            serve: self::serve(serve, file.serve),
            store,
            keep,
        })
    }
}

/// What of a file is without effect: a stronger place says it, or what it is for is switched off.
struct Moot {
    cache_dir: bool,
    /// A model that would be fetched.
    model: bool,
    model_dir: bool,
    serve: bool,
    store: bool,
}

/// How FAQ files are read. `file` is for what the flags and variables leave open.
fn read_options(
    format: Option<&'static Format>,
    map: Option<ColumnMap>,
    limits: &[Limit],
    file: &File,
) -> Result<ReadOptions> {
    let own = |name: &str| format!("{name} in {FILE}");
    let format = match (format, &file.format) {
        (None, Some(name)) => {
            let found = Format::named(name);
            Some(found.with_context(|| format!("{}: there is no format \"{name}\"", own("format")))?)
        }
        (format, _) => format,
    };
    let columns = match (map, &file.map) {
        (None, Some(map)) => map.parse().map_err(anyhow::Error::msg).with_context(|| own("map"))?,
        (map, _) => map.unwrap_or_default(),
    };
    let mut options = ReadOptions { format, columns, ..ReadOptions::default() };
    let from_file: Vec<Limit> = file
        .limit
        .iter()
        .map(|limit| limit.parse().map_err(anyhow::Error::msg).with_context(|| own("limit")))
        .collect::<Result<_>>()?;
    // The stronger come later.
    for limit in from_file.iter().chain(limits) {
        match *limit {
            Limit::FileBytes(bytes) => options.limits.file_bytes = bytes,
            Limit::Entries(entries) => options.limits.entries = entries,
            Limit::TextBytes(bytes) => options.limits.text_bytes = bytes,
        }
    }
    Ok(options)
}

/// One, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMore<T> {
        One(T),
        More(Vec<T>),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(path) => vec![path],
        OneOrMore::More(paths) => paths,
    })
}

impl File {
    /// Asks whether to follow a file that lies in the working directory where it says where to write, what to run
    /// or fetch, and who may ask: whoever wrote that folder may be someone else.
    fn confirm(&self, path: &Path, moot: &Moot) -> Result<()> {
        if path != Path::new(FILE) {
            return Ok(());
        }
        let named = self.model.as_deref().filter(|name| !is_bundled(name) && *name != Settings::HASH);
        let risky: Vec<String> = [
            self.cache_dir
                .as_ref()
                .filter(|path| !moot.cache_dir && Some(*path) != default_cache().as_ref())
                .map(|path| format!("cache_dir = {}", path.display())),
            self.model_dir
                .as_ref()
                .filter(|_| !moot.model_dir)
                .map(|path| format!("model_dir = {}", path.display())),
            named.filter(|_| !moot.model).map(|name| format!("model = {name}")),
            self.store
                .as_ref()
                .filter(|_| !moot.store)
                .map(|url| format!("store = {}", without_password(url))),
        ]
        .into_iter()
        .flatten()
        // How much may be asked is no question of who.
        .chain(
            self.names
                .iter()
                .filter(|name| {
                    let harmless =
                        ["serve.rate", "serve.max_connections", "serve.queue"].contains(&name.as_str());
                    !moot.serve && name.starts_with("serve.") && !harmless
                })
                .cloned(),
        )
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
        let mut file: File = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            anyhow::anyhow!("{}:{line}: {}", path.display(), error.message())
        })?;
        let table: toml::Table = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
        let of_serve =
            table.get("serve").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::keys);
        file.names = table.keys().cloned().chain(of_serve.map(|name| format!("serve.{name}"))).collect();
        let folder = path.parent().unwrap_or(Path::new(""));
        let own =
            [&mut file.model_dir, &mut file.cache_dir, &mut file.serve.token_file].into_iter().flatten();
        for path in own {
            *path = folder.join(&*path);
        }
        if let Some(path) = file.store.as_deref().and_then(sqlite_path) {
            file.store = Some(format!("sqlite:{}", folder.join(path).display()));
        }
        for path in &mut file.faq {
            *path = match with_name(path) {
                Some((name, own)) => format!("{name}={}", folder.join(own).display()).into(),
                None => folder.join(&*path),
            };
        }
        Ok(file)
    }
}

/// How `faqbot serve` answers, by the options and the file.
fn serve(own: ServeOptions, file: ServeFile) -> faqbot_server::Options {
    const MAX_CONNECTIONS: usize = 1_024;
    const QUEUE: usize = 256;
    let number = |own: Option<NonZeroU32>, file: Option<NonZeroU32>, default: usize| {
        own.or(file).map_or(default, |number| number.get() as usize)
    };
    faqbot_server::Options {
        listen: own.listen.or(file.listen).unwrap_or_else(|| faqbot_server::Options::LISTEN.to_owned()),
        token_file: own.token_file.or(file.token_file),
        public: own.public.or(file.public).unwrap_or(false),
        allow_origin: if own.allow_origin.is_empty() { file.allow_origin } else { own.allow_origin },
        mcp: own.mcp.or(file.mcp).unwrap_or(false),
        rate: own.rate.or(file.rate),
        trusted_proxy: own.trusted_proxy.or(file.trusted_proxy),
        log_questions: own.log_questions.or(file.log_questions).unwrap_or(false),
        max_connections: number(own.max_connections, file.max_connections, MAX_CONNECTIONS),
        queue: number(own.queue, file.queue, QUEUE),
    }
}

/// How questions are kept, by the options and the file.
fn keep(own: &StoreOptions, file: &File) -> Result<Keep> {
    let from_file = file.keep.as_deref().map(|text| time(text).map_err(anyhow::Error::msg));
    let from_file = from_file.transpose().with_context(|| format!("keep in {FILE}"))?;
    let patterns = if own.redact.is_empty() { &file.redact } else { &own.redact };
    let redact = Redactor::new(patterns).map_err(|error| anyhow::anyhow!("--redact: {error}"))?;
    Ok(Keep { time: own.keep.or(from_file), redact })
}

/// The two halves of `NAME=PATH`, where the whole is not itself a file.
pub fn with_name(path: &Path) -> Option<(String, PathBuf)> {
    let (name, file) = path.to_str()?.split_once('=')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = !name.is_empty() && name.chars().all(plain);
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
