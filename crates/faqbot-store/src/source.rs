//! Where a FAQ comes from, as the program that uses the store knows it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use faqbot_core::Setup;
use faqbot_core::bot::AnyBot;
use faqbot_core::quality::calibration_file::CalibrationFile;
use faqbot_embed::Embedder;
use faqbot_faq::{Faq, Loaded, ReadOptions};

use crate::error::Result;

/// A FAQ in its files: how they are read, and how a bot is made of what they hold. One [`Error::Source`](crate::Error) for
/// whatever goes wrong there.
pub trait Source: Send + Sync {
    /// The files and folders; none where the FAQ is built in or came from a pipe.
    fn files(&self) -> &[PathBuf];

    /// How they are read.
    fn read_options(&self) -> &ReadOptions;

    /// The model of its bots.
    fn embedder(&self) -> &Arc<dyn Embedder>;

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// They cannot be read, or hold no FAQ.
    fn load(&self) -> Result<Loaded>;

    /// What a bot of a FAQ decides by: with a calibration and the name of its file, or with what lies beside the files.
    ///
    /// # Errors
    ///
    /// The calibration cannot be read, or a threshold that was set does not fit the others.
    fn setup(&self, faq: &Faq, calibration: Calibrated) -> Result<Setup>;

    /// The bot of a FAQ that was read from the files.
    ///
    /// # Errors
    ///
    /// As for [`Source::setup`]; or the embedder failed.
    fn bot(&self, faq: Faq) -> Result<AnyBot> {
        let setup = self.setup(&faq, Calibrated::Beside)?;
        Ok(AnyBot::new(faq, Box::new(Arc::clone(self.embedder())), setup, &mut |_| ())?)
    }

    /// Reads the files and brings their bot up, for whoever serves them.
    ///
    /// # Errors
    ///
    /// As for [`Source::load`] and [`Source::bot`].
    fn read(&self) -> Result<AnyBot> {
        self.bot(self.load()?.faq)
    }
}

/// Which calibration is meant.
#[derive(Debug, Clone, Copy)]
pub enum Calibrated<'c> {
    /// The one in a file beside the FAQ, if there is one.
    Beside,
    /// This one, and what to name it in messages; or none.
    By(Option<(&'c CalibrationFile, &'c Path)>),
}
