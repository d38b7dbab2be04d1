//! From settings to a bot: the FAQ, the model and the cache brought together, with what there is to
//! say about it on standard error.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use faqbot::embed::HashEmbedder;
use faqbot::embed::cached::CachedEmbedder;
use faqbot::embed::deferred::Deferred;
use faqbot::embed::fastembed::{BUNDLED, BUNDLED_DIMENSION, BUNDLED_ID, FastEmbedder};
use faqbot::faq::{Answers, Loaded, ReadOptions, load};
use faqbot::quality::calibration_file::CalibrationFile;
use faqbot::{Bot, Embedder, Faq, ModelId, RowError, Setup};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::config::{Model, Settings};
use crate::render::{DIM, FAIR_LABEL, plain, styled};
use crate::timings;

/// The FAQ in the program, and the name it has in messages.
const BUILT_IN: &str = include_str!("../../../data/therapy.yaml");
const BUILT_IN_NAME: &str = "the built-in therapist FAQ";

/// The bot of every command.
pub type AnyBot = Bot<Box<dyn Embedder>>;

/// Work that takes longer than this shows a progress bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// Says something on standard error that is no answer.
pub fn warn(message: &str) {
    anstream::eprintln!("{} {}", styled(FAIR_LABEL, "warning:"), plain(message));
}

/// The name of the FAQ in messages.
pub fn faq_name(settings: &Settings) -> String {
    match &settings.faq[..] {
        [] => BUILT_IN_NAME.to_owned(),
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
    if loaded.files.len() > 1 || !plain {
        say_files(&loaded);
    }
    Ok(loaded.faq)
}

/// Reads files and folders, or the FAQ in the program where there are none.
pub fn read(settings: &Settings, paths: &[PathBuf], answers: Answers) -> Result<Loaded> {
    let options = ReadOptions { answers, ..settings.read.clone() };
    let mut bar = Patient::new();
    let read = match paths {
        [] => load::read(
            BUILT_IN.as_bytes(),
            Path::new(BUILT_IN_NAME),
            &ReadOptions { answers, ..ReadOptions::default() },
        ),
        paths => load::load(paths, &options, &mut |reading| {
            let template = format!(
                "reading {} {{wide_bar}} {{bytes}}/{{total_bytes}}",
                plain(&reading.path.display().to_string()).replace(['{', '}'], "")
            );
            bar.at(reading.done, reading.total, &template);
        }),
    };
    match read {
        Err(error @ faqbot::Error::Limit { .. }) => Err(anyhow::anyhow!("{error}; --limit sets another")),
        Err(faqbot::Error::NoFaq { path, tried }) => {
            let columns = tried.iter().any(|(_, row)| row.reason.starts_with("no column"));
            let error = faqbot::Error::NoFaq { path, tried };
            let hint = "; --map question=COLUMN,answer=COLUMN names them";
            Err(anyhow::anyhow!("{error}{}", if columns { hint } else { "" }))
        }
        read => Ok(read?),
    }
}

/// Lines of a kind that can be read at once.
const SHOWN: usize = 20;

/// Says what was left out and what else there is to know.
pub fn say_skipped(loaded: &Loaded) {
    for (rows, what) in [(&loaded.skipped, "skipped"), (&loaded.notes, "noted")] {
        rows.iter().take(SHOWN).for_each(|row| warn(&row.to_string()));
        if rows.len() > SHOWN {
            warn(&format!("{} more {what}; `faqbot check --json` lists all", rows.len() - SHOWN));
        }
    }
}

/// Says what was joined with something further up: of interest to who works on the file.
pub fn say_merged(loaded: &Loaded) {
    let line = |text: &str| anstream::eprintln!("{}", styled(DIM, &plain(text)));
    loaded.merged.iter().take(SHOWN).for_each(|row| line(&row.to_string()));
    if loaded.merged.len() > SHOWN {
        line(&format!("{} more joined; `faqbot check --json` lists all", loaded.merged.len() - SHOWN));
    }
}

/// Says what came of each file.
pub fn say_files(loaded: &Loaded) {
    for file in &loaded.files {
        let of_file = |rows: &[RowError]| rows.iter().filter(|row| row.path == file.path).count();
        let mut line = format!("{}: ", file.path.display());
        match file.format {
            Some(format) => {
                let _ = write!(
                    line,
                    "{}, {}, {}",
                    format.title,
                    count(file.entries, "entry", "entries"),
                    count(file.phrasings, "phrasing", "phrasings")
                );
            }
            None => line.push_str("no FAQ"),
        }
        for (rows, what) in [(&loaded.merged, "joined"), (&loaded.skipped, "skipped")] {
            if of_file(rows) > 0 && file.format.is_some() {
                let _ = write!(line, ", {} {what}", of_file(rows));
            }
        }
        anstream::eprintln!("{}", styled(DIM, &plain(&line)));
    }
}

/// A number of things.
pub fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
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
    fn timed(load: Result<FastEmbedder, faqbot::Error>) -> Result<FastEmbedder, faqbot::Error> {
        let embedder = load?;
        let times = embedder.load_times();
        timings::add("model", times.model);
        timings::add("tokenizer", times.tokenizer);
        timings::add("first run", times.first_run);
        Ok(embedder)
    }
    Ok(match &settings.model {
        Model::Hash => Box::new(HashEmbedder::new()),
        #[cfg(feature = "bundled-model")]
        Model::Bundled => {
            let id = ModelId::new(BUNDLED_ID.unwrap_or(BUNDLED));
            cached(settings, Deferred::new(id, BUNDLED_DIMENSION, || timed(FastEmbedder::bundled())))
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
    let mut setup = Setup { answers: settings.answers, ..Setup::for_model(model) };
    if let Some(path) = settings.faq.first().filter(|_| calibrated) {
        let path = CalibrationFile::path(path);
        if let Some(file) = CalibrationFile::load(&path)? {
            match file.for_faq(model, faq) {
                Ok((calibration, policy)) => {
                    setup.calibration = Some(calibration);
                    setup.policy = policy;
                }
                Err(reason) => warn(&format!(
                    "the calibration {} is not used: {reason}; make it anew with `faqbot calibrate`",
                    path.display()
                )),
            }
        }
    }
    let policy = &mut setup.policy;
    if let Some(min_confidence) = settings.min_confidence {
        policy.min_confidence = min_confidence;
        policy.ask_confidence = policy.ask_confidence.min(min_confidence);
    }
    policy.min_cosine = settings.min_cosine.unwrap_or(policy.min_cosine);
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
    let setup = setup(settings, &faq, embedder.model(), calibrated)?;
    let mut progress = Embedding::new(AnyBot::texts(&faq, &setup));
    Bot::new(faq, embedder, setup, &mut |done| progress.at(done))
        .with_context(|| format!("embedding {}", faq_name(settings)))
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

    fn languages(&self) -> Option<&str> {
        self.0.languages()
    }

    fn embed(
        &self,
        role: faqbot::embed::Role,
        texts: &[&str],
        progress: faqbot::embed::Progress,
    ) -> faqbot::Result<ndarray::Array2<f32>> {
        let step = if role == faqbot::embed::Role::Query { "query" } else { "cache" };
        let rows = timings::measure(step, || self.0.embed(role, texts, progress));
        self.0.take_warnings().iter().for_each(|warning| warn(warning));
        rows
    }

    fn passages(
        &self,
        texts: &[&str],
        progress: faqbot::embed::Progress,
    ) -> faqbot::Result<faqbot::embed::Passages> {
        let passages = timings::measure("cache", || self.0.passages(texts, progress));
        self.0.take_warnings().iter().for_each(|warning| warn(warning));
        passages
    }
}

/// A progress bar on standard error that appears when embedding takes long.
pub struct Embedding {
    total: u64,
    bar: Patient,
}

impl Embedding {
    /// For `total` texts.
    pub fn new(total: usize) -> Self {
        Embedding { total: total as u64, bar: Patient::new() }
    }

    /// `done` texts are done.
    pub fn at(&mut self, done: usize) {
        self.bar.at(done as u64, self.total, "embedding {wide_bar} {pos}/{len} ({rate}, {eta} left)");
    }
}

/// A progress bar on standard error that appears when the work takes long, and goes with it.
struct Patient {
    begin: Instant,
    bar: Option<ProgressBar>,
}

impl Patient {
    fn new() -> Self {
        Patient { begin: Instant::now(), bar: None }
    }

    fn at(&mut self, done: u64, total: u64, template: &str) {
        if done < total && self.bar.is_none() && self.begin.elapsed() > PATIENCE {
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            // Rate and time left are counted from here: what the cache gave is no measure of them.
            let bar = ProgressBar::new(total).with_style(style.with_key("rate", rate));
            self.bar = Some(bar.with_position(done));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
