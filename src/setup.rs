//! From settings to a bot: the FAQ, the model and the cache brought together, with what there is to
//! say about it on standard error.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use faqbot::bot::AnyBot;
use faqbot::embed::cached::CachedEmbedder;
use faqbot::embed::deferred::Deferred;
use faqbot::embed::fastembed::{BUNDLED, BUNDLED_DIMENSION, BUNDLED_ID, FastEmbedder};
use faqbot::embed::{self, HashEmbedder, Passages, Progress, Reader, Role};
use faqbot::faq::{Answers, Loaded, ReadOptions, load};
use faqbot::quality::calibration_file::CalibrationFile;
use faqbot::{Bot, Embedder, Faq, ModelId, Setup};
use faqbot_store::Source;
use faqbot_store::source::Calibrated;

use crate::config::{Model, Settings, without_name};
use crate::output::messages::{Verbosity, detail, say_files, say_skipped, says, warn};
use crate::output::progress::{DelayedBar, EmbeddingBar};
use crate::output::style::plain;
use crate::output::timings;

/// The FAQ in the program, and the name it has in messages.
const BUILT_IN: &str = include_str!("../data/therapy.yaml");
const BUILT_IN_NAME: &str = "the built-in therapist FAQ";

/// The name of a FAQ that comes from standard input.
const STDIN_NAME: &str = "standard input";

/// The FAQ of the settings, for what needs no more of them.
pub struct SettingsSource {
    settings: Settings,
    embedder: Arc<dyn Embedder>,
}

impl SettingsSource {
    /// With a model that is loaded already: several FAQs share one.
    pub fn new(settings: Settings, embedder: Arc<dyn Embedder>) -> Self {
        SettingsSource { settings, embedder }
    }
}

impl Source for SettingsSource {
    fn files(&self) -> &[PathBuf] {
        if self.settings.faq_is_stdin() { &[] } else { &self.settings.faq }
    }

    fn read_options(&self) -> &ReadOptions {
        &self.settings.read
    }

    fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    fn load(&self) -> faqbot_store::Result<Loaded> {
        read(&self.settings, &self.settings.faq, Answers::Required).map_err(of_source)
    }

    fn setup(&self, faq: &Faq, calibration: Calibrated) -> faqbot_store::Result<Setup> {
        match calibration {
            Calibrated::Beside => setup(&self.settings, faq, self.embedder.model(), true),
            Calibrated::By(calibration) => {
                setup_with(&self.settings, faq, self.embedder.model(), calibration)
            }
        }
        .map_err(of_source)
    }

    fn bot(&self, faq: Faq) -> faqbot_store::Result<AnyBot> {
        bot(&self.settings, faq, Box::new(Arc::clone(&self.embedder)), true).map_err(of_source)
    }

    fn read(&self) -> faqbot_store::Result<AnyBot> {
        self.bot(load_faq(&self.settings, Answers::Required).map_err(of_source)?)
    }
}

/// An error of the program as one of a source.
pub fn of_source(error: anyhow::Error) -> faqbot_store::Error {
    faqbot_store::Error::Source(error.into())
}

/// The name of the FAQ in messages.
pub fn faq_name(settings: &Settings) -> String {
    match &settings.faq[..] {
        [] => BUILT_IN_NAME.to_owned(),
        _ if settings.faq_is_stdin() => STDIN_NAME.to_owned(),
        [path] => path.display().to_string(),
        [first, others @ ..] => format!("{} and {} more", first.display(), others.len()),
    }
}

/// Reads the FAQ, and says what in it cannot be used.
pub fn load_faq(settings: &Settings, answers: Answers) -> Result<Faq> {
    let loaded = read(settings, &settings.faq, answers)?;
    say_skipped(&loaded);
    // Who named one file that is all right knows what was read.
    let plain = loaded.skipped.is_empty() && loaded.merged.is_empty() && loaded.notes.is_empty();
    if loaded.files.len() > 1 || !plain || says(Verbosity::Verbose) {
        say_files(&loaded);
    }
    Ok(loaded.faq)
}

/// Whether a path stands for standard input.
fn is_stdin(path: &Path) -> bool {
    path == Path::new(Settings::STDIN)
}

/// Reads files and folders, or the FAQ in the program where there are none.
pub fn read(settings: &Settings, paths: &[PathBuf], answers: Answers) -> Result<Loaded> {
    let options = ReadOptions { answers, ..settings.read.clone() };
    // Names are for the server; the others ask all files as one FAQ.
    let paths: Vec<PathBuf> = paths.iter().map(|path| without_name(path)).collect();
    let mut bar = DelayedBar::new();
    let read = match &paths[..] {
        [] => load::read(
            BUILT_IN.as_bytes(),
            Path::new(BUILT_IN_NAME),
            &ReadOptions { answers, ..ReadOptions::default() },
        ),
        [path] if is_stdin(path) => {
            let limit = options.limits.file_bytes;
            let mut bytes = Vec::new();
            io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes).context(STDIN_NAME)?;
            if bytes.len() as u64 > limit {
                bail!(
                    "{STDIN_NAME}: more than {limit} bytes, which is the limit (file-bytes); --limit sets another"
                );
            }
            load::read(&bytes, Path::new(STDIN_NAME), &options)
        }
        paths if paths.iter().any(|path| is_stdin(path)) => {
            bail!("`-` (standard input) is a whole FAQ: it cannot stand beside other files")
        }
        paths => load::load(paths, &options, &mut |reading| {
            let template = format!(
                "reading {} {{wide_bar}} {{bytes}}/{{total_bytes}}",
                plain(&reading.path.display().to_string()).replace(['{', '}'], "")
            );
            bar.at(reading.done, reading.total, &template);
        }),
    };
    match read {
        Err(error @ faqbot::faq::Error::Limit { .. }) => {
            Err(anyhow::anyhow!("{error}; --limit sets another"))
        }
        Err(faqbot::faq::Error::NoFaq { path, tried }) => {
            let columns = tried.iter().any(|(_, row)| row.reason.starts_with("no column"));
            let error = faqbot::faq::Error::NoFaq { path, tried };
            let hint = "; --map question=COLUMN,answer=COLUMN names them";
            Err(anyhow::anyhow!("{error}{}", if columns { hint } else { "" }))
        }
        read => Ok(read?),
    }
}

/// Loads the model; that in the program in the background, while the FAQ is read and its cached vectors
/// are put in order.
pub fn load_embedder(settings: &Settings) -> Result<Box<dyn Embedder>> {
    fn cached<E: Embedder + 'static>(settings: &Settings, embedder: E) -> Box<dyn Embedder> {
        match &settings.cache_dir {
            Some(folder) if settings.cache => Box::new(Warning(CachedEmbedder::new(embedder, folder))),
            _ => Box::new(embedder),
        }
    }
    fn timed(load: embed::Result<FastEmbedder>) -> embed::Result<FastEmbedder> {
        let embedder = load?;
        let times = embedder.load_times();
        timings::add("model", times.model);
        timings::add("tokenizer", times.tokenizer);
        timings::add("reader", times.reader);
        timings::add("first run", times.first_run);
        Ok(embedder)
    }
    Ok(match &settings.model {
        Model::Hash => Box::new(HashEmbedder::new()),
        #[cfg(feature = "bundled-model")]
        Model::Bundled => {
            let id = ModelId::new(BUNDLED_ID.unwrap_or(BUNDLED));
            let folder = settings.cache_dir.clone().filter(|_| settings.cache);
            let load = move || Ok(timed(FastEmbedder::bundled())?.keeping_read_entries_in(folder.as_deref()));
            cached(settings, Deferred::new(id, BUNDLED_DIMENSION, load))
        }
        #[cfg(not(feature = "bundled-model"))]
        Model::Bundled => {
            anyhow::bail!("this program was built without a model; name one with --model or --model-dir")
        }
        Model::Catalogue(name) => cached(settings, timed(FastEmbedder::from_catalogue(name, &settings.hub))?),
        Model::Folder(folder) => cached(settings, timed(FastEmbedder::from_folder(folder))?),
    })
}

/// What the bot decides by: what ships for the model, or (if `calibrated`) the calibration beside the
/// FAQ, with what the user set instead.
pub fn setup(settings: &Settings, faq: &Faq, model: &ModelId, calibrated: bool) -> Result<Setup> {
    let path = settings.faq.first().filter(|_| calibrated && !settings.faq_is_stdin());
    let path = path.map(|path| CalibrationFile::path(&without_name(path)));
    let file = path.as_deref().map(CalibrationFile::load).transpose()?.flatten();
    setup_with(settings, faq, model, file.as_ref().zip(path.as_deref()))
}

/// As [`setup`], with a calibration and the name of its file.
pub fn setup_with(
    settings: &Settings,
    faq: &Faq,
    model: &ModelId,
    calibration: Option<(&CalibrationFile, &Path)>,
) -> Result<Setup> {
    let mut setup = Setup { answers: settings.answers, ..Setup::for_model(model) };
    if let Some((file, path)) = calibration {
        match file.for_faq(model, faq) {
            Ok((calibration, policy)) => {
                detail(&format!("calibration: {}", path.display()));
                setup.calibration = Some(calibration);
                setup.policy = policy;
            }
            Err(reason) => warn(&format!(
                "the calibration {} is not used: {reason}; make it anew with `faqbot calibrate`",
                path.display()
            )),
        }
    }
    let policy = &mut setup.policy;
    if let Some(min_confidence) = settings.min_confidence {
        policy.min_confidence = min_confidence;
        policy.ask_confidence = policy.ask_confidence.min(min_confidence);
    }
    if let Some(min_cosine) = settings.min_cosine {
        *policy = policy.with_min_cosine(min_cosine);
    }
    policy.margin = settings.margin.unwrap_or(policy.margin);
    setup.policy = policy.checked()?;
    Ok(setup)
}

/// Brings a bot up.
pub fn load_bot(settings: &Settings) -> Result<AnyBot> {
    let embedder = load_embedder(settings)?;
    let faq = timings::measure("FAQ", || load_faq(settings, Answers::Required))?;
    timings::measure("index", || bot(settings, faq, embedder, true))
}

/// Brings a bot up on a FAQ; see [`setup`].
pub fn bot(settings: &Settings, faq: Faq, embedder: Box<dyn Embedder>, calibrated: bool) -> Result<AnyBot> {
    detail(&format!("model: {}", embedder.model()));
    let setup = setup(settings, &faq, embedder.model(), calibrated)?;
    let mut progress = EmbeddingBar::new(AnyBot::texts(&faq, &setup));
    let bot = Bot::new(faq, embedder, setup, &mut |done| progress.at(done))
        .with_context(|| format!("embedding {}", faq_name(settings)))?;
    if let Some(language) = bot.unknown_language() {
        warn(&format!(
            "most of {} is in {language}, which the model does not know: only what has a phrasing's words is answered; \
             --model names a model that knows it, such as multilingual-e5-small",
            faq_name(settings)
        ));
    }
    Ok(bot)
}

/// Passes a cache's warnings on as they come.
struct Warning<E>(CachedEmbedder<E>);

impl<E: Embedder> Embedder for Warning<E> {
    fn model(&self) -> &ModelId {
        self.0.model()
    }

    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn cuts(&self, text: &str) -> bool {
        self.0.cuts(text)
    }

    fn is_in_vocabulary(&self, word: &str) -> bool {
        self.0.is_in_vocabulary(word)
    }

    fn languages(&self) -> Option<&str> {
        self.0.languages()
    }

    fn reader(&self) -> Option<&dyn Reader> {
        self.0.reader()
    }

    fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> embed::Result<ndarray::Array2<f32>> {
        let step = if role == Role::Query { "query" } else { "cache" };
        let rows = timings::measure(step, || self.0.embed(role, texts, progress));
        self.0.take_warnings().iter().for_each(|warning| warn(warning));
        rows
    }

    fn passages(&self, texts: &[&str], progress: Progress) -> embed::Result<Passages> {
        let passages = timings::measure("cache", || self.0.passages(texts, progress));
        self.0.take_warnings().iter().for_each(|warning| warn(warning));
        passages
    }
}
