//! A published version of a FAQ: made of what `faqbot publish` reads, and a bot again where it is served.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faqbot_core::Setup;
use faqbot_core::bot::AnyBot;
use faqbot_core::quality::calibration_file::CalibrationFile;
use faqbot_embed::Embedder;
use faqbot_embed::cached::CachedEmbedder;
use faqbot_faq::Faq;
use faqbot_faq::{Format, ReadOptions, load};
use tempfile::TempDir;

use crate::recorder::Warn;
use crate::source::{Calibrated, Source};
use crate::versions::Content;
use crate::{Error, Result};

/// What a FAQ is published as, and its bot, whose vectors are in the folder, which is empty before.
///
/// # Errors
///
/// The files cannot be read, or the embedder fails.
pub fn pack(source: &dyn Source, faq: Faq, folder: &Folder) -> Result<(Content, AnyBot)> {
    let mut content = Content::default();
    let json = Format::named("json").expect("every build has it");
    json.write(&faq, &mut content.faq).expect("a list takes what is written");
    if let Some(path) = source.files().first() {
        let path = CalibrationFile::path(path);
        if CalibrationFile::load(&path)?.is_some() {
            content.calibration = Some(fs::read(&path).map_err(Error::file(&path))?);
        }
    }
    // The cache keeps a FAQ's vectors in one file: that is what is published.
    let cached = CachedEmbedder::new(Arc::clone(source.embedder()), &folder.path);
    let setup = setup_of(source, &faq, content.calibration.as_deref())?;
    let bot = AnyBot::new(faq, Box::new(cached), setup, &mut |_| ())?;
    content.vectors = vectors_in(&folder.path)?;
    Ok((content, bot))
}

fn vectors_in(folder: &Path) -> Result<Option<Vec<u8>>> {
    for file in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = file.map_err(Error::file(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "vectors") {
            return Ok(Some(fs::read(&path).map_err(Error::file(&path))?));
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
    /// This one, or one of its own where there is none.
    ///
    /// # Errors
    ///
    /// None can be made.
    pub fn new(cache: Option<&Path>) -> Result<Self> {
        match cache {
            Some(path) => Ok(Folder { path: path.to_owned(), _own: None }),
            None => Folder::own(),
        }
    }

    /// One of its own.
    ///
    /// # Errors
    ///
    /// None can be made.
    pub fn own() -> Result<Self> {
        let own = TempDir::new().map_err(Error::file(&std::env::temp_dir()))?;
        Ok(Folder { path: own.path().to_owned(), _own: Some(own) })
    }
}

/// The bot of what was published.
///
/// # Errors
///
/// It was published for another model, or is no FAQ.
pub fn unpack(
    source: &dyn Source,
    content: &Content,
    model: &str,
    folder: &Folder,
    warn: Warn,
) -> Result<AnyBot> {
    let embedder = source.embedder();
    if embedder.model().as_str() != model {
        return Err(Error::Refused(format!(
            "it was published for the model {model}, and this server has {}: publish it anew, or start this with that model",
            embedder.model()
        )));
    }
    let options = ReadOptions {
        format: Format::named("json"),
        limits: source.read_options().limits,
        ..ReadOptions::default()
    };
    let faq = load::read(&content.faq, Path::new("the published FAQ"), &options)?.faq;
    let cached = CachedEmbedder::new(Arc::clone(source.embedder()), &folder.path);
    if let Some(vectors) = &content.vectors
        && let Err(reason) = cached.take_in(vectors)
    {
        warn(&format!("the published vectors are not used ({reason}); the FAQ is embedded here"));
    }
    let setup = setup_of(source, &faq, content.calibration.as_deref())?;
    Ok(AnyBot::new(faq, Box::new(cached), setup, &mut |_| ())?)
}

fn setup_of(source: &dyn Source, faq: &Faq, calibration: Option<&[u8]>) -> Result<Setup> {
    let name = Path::new("the published calibration");
    let calibration = calibration.map(|bytes| CalibrationFile::read(bytes, name)).transpose()?;
    source.setup(faq, Calibrated::By(calibration.as_ref().map(|file| (file, name))))
}
