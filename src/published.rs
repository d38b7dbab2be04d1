//! A published version of a FAQ: made of what `faqbot publish` reads, and a bot again where it is served.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use faqbot::embed::cached::CachedEmbedder;
use faqbot::faq::{Format, ReadOptions, load};
use faqbot::quality::calibration_file::CalibrationFile;
use faqbot::{Embedder, Faq};
use faqbot_store::versions::Content;
use tempfile::TempDir;

use crate::config::Settings;
use crate::output::messages::warn;
use crate::setup::{self, AnyBot};

/// What a FAQ is published as, and its bot, whose vectors are in the folder, which is empty before.
pub fn pack(
    settings: &Settings,
    faq: Faq,
    embedder: &Arc<dyn Embedder>,
    folder: &Folder,
) -> Result<(Content, AnyBot)> {
    let mut content = Content::default();
    let json = Format::named("json").context("the format of published FAQs is missing")?;
    json.write(&faq, &mut content.faq)?;
    if let Some(path) = settings.faq.first().filter(|_| !settings.faq_is_stdin()) {
        let path = CalibrationFile::path(path);
        if CalibrationFile::load(&path)?.is_some() {
            content.calibration = Some(fs::read(&path).with_context(|| path.display().to_string())?);
        }
    }
    // The cache keeps a FAQ's vectors in one file: that is what is published.
    let cached = CachedEmbedder::new(Arc::clone(embedder), &folder.path);
    let setup = setup_of(settings, &faq, embedder, content.calibration.as_deref())?;
    let bot = AnyBot::new(faq, Box::new(cached), setup, &mut |_| ())?;
    content.vectors = vectors_in(&folder.path)?;
    Ok((content, bot))
}

fn vectors_in(folder: &Path) -> Result<Option<Vec<u8>>> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "vectors") {
            return Ok(Some(fs::read(path)?));
        }
    }
    Ok(None)
}

/// Where replicas keep the vectors of what is published: the cache's folder, or one of their own until they end.
pub struct Folder {
    path: PathBuf,
    _own: Option<TempDir>,
}

impl Folder {
    pub fn new(settings: &Settings) -> Result<Self> {
        match settings.cache_dir.as_ref().filter(|_| settings.cache) {
            Some(path) => Ok(Folder { path: path.clone(), _own: None }),
            None => Folder::own(),
        }
    }

    /// One of its own.
    pub fn own() -> Result<Self> {
        let own = TempDir::new().context("a folder for the vectors")?;
        Ok(Folder { path: own.path().to_owned(), _own: Some(own) })
    }
}

/// The bot of what was published.
///
/// # Errors
///
/// It was published for another model, or is no FAQ.
pub fn unpack(
    settings: &Settings,
    content: &Content,
    model: &str,
    embedder: &Arc<dyn Embedder>,
    folder: &Folder,
) -> Result<AnyBot> {
    ensure!(
        embedder.model().as_str() == model,
        "it was published for the model {model}, and this server has {}: publish it anew, or start this with that model",
        embedder.model()
    );
    let options =
        ReadOptions { format: Format::named("json"), limits: settings.read.limits, ..ReadOptions::default() };
    let faq = load::read(&content.faq, Path::new("the published FAQ"), &options)?.faq;
    let cached = CachedEmbedder::new(Arc::clone(embedder), &folder.path);
    if let Some(vectors) = &content.vectors
        && let Err(reason) = cached.take_in(vectors)
    {
        warn(&format!("the published vectors are not used ({reason}); the FAQ is embedded here"));
    }
    let setup = setup_of(settings, &faq, embedder, content.calibration.as_deref())?;
    Ok(AnyBot::new(faq, Box::new(cached), setup, &mut |_| ())?)
}

fn setup_of(
    settings: &Settings,
    faq: &Faq,
    embedder: &Arc<dyn Embedder>,
    calibration: Option<&[u8]>,
) -> Result<faqbot::Setup> {
    let name = Path::new("the published calibration");
    let calibration = calibration.map(|bytes| CalibrationFile::read(bytes, name)).transpose()?;
    setup::setup_with(settings, faq, embedder.model(), calibration.as_ref().map(|file| (file, name)))
}
