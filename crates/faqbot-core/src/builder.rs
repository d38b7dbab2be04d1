//! The front door: from a FAQ's file to a bot, and to a conversation with it.

use std::path::{Path, PathBuf};

use faqbot_embed::Embedder;
use faqbot_embed::cached::CachedEmbedder;

use crate::bot::{Bot, Conversation, Message, Setup};
use crate::error::Result;
use crate::quality::calibration_file::CalibrationFile;
use crate::reply::Reply;
#[cfg(feature = "bundled-model")]
use faqbot_embed::fastembed::FastEmbedder;
use faqbot_faq::{Faq, ReadOptions, load};

/// Makes a [`Bot`]: see [`Bot::builder`].
#[must_use]
pub struct Builder<'p> {
    faq: Faq,
    embedder: Option<Box<dyn Embedder>>,
    cache: Option<PathBuf>,
    calibration: Option<CalibrationFile>,
    answers: bool,
    progress: Box<dyn FnMut(usize) + 'p>,
}

impl Bot<Box<dyn Embedder>> {
    /// Reads a FAQ's file, or a folder of such, and makes a bot of it: with the bundled model, and with the calibration
    /// that lies beside the FAQ if it still holds, else the one that ships. What of the file could not be used is left
    /// out; [`load::load`] tells it.
    ///
    /// # Errors
    ///
    /// The file cannot be read or has no entries, the calibration beside it is broken, or this build has no bundled model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let loaded = load::load(&[path.to_owned()], &ReadOptions::default(), &mut |_| ())?;
        let builder = Self::builder(loaded.faq);
        match CalibrationFile::load(&CalibrationFile::path(path))? {
            Some(calibration) => builder.calibration(calibration).build(),
            None => builder.build(),
        }
    }

    /// Makes a bot step by step.
    ///
    /// ```
    /// use faqbot_core::Bot;
    /// use faqbot_embed::HashEmbedder;
    /// use faqbot_faq::Faq;
    ///
    /// let faq = Faq::read(b"# Where is my order?\nOpen your orders.", "shop.md".as_ref())?.faq;
    /// let bot = Bot::builder(faq).embedder(HashEmbedder::new()).build()?;
    /// assert_eq!(bot.faq().entries.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder<'p>(faq: Faq) -> Builder<'p> {
        Builder {
            faq,
            embedder: None,
            cache: None,
            calibration: None,
            answers: true,
            progress: Box::new(|_| ()),
        }
    }
}

impl<'p> Builder<'p> {
    /// Embeds with this model; without, with the bundled one.
    pub fn embedder(mut self, embedder: impl Embedder + 'static) -> Self {
        self.embedder = Some(Box::new(embedder));
        self
    }

    /// Keeps the FAQ's vectors in files in this folder, so that a later start embeds only what has changed, and what the
    /// bundled reader has read of entries. Questions are not kept.
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Decides by this calibration, where it is of the FAQ and the model; else by the one that ships.
    pub fn calibration(mut self, calibration: CalibrationFile) -> Self {
        self.calibration = Some(calibration);
        self
    }

    /// Whether answers are embedded and read too, which is so if nothing is said.
    pub fn answers(mut self, answers: bool) -> Self {
        self.answers = answers;
        self
    }

    /// Tells how many texts are embedded, of [`Bot::texts`].
    pub fn on_progress(mut self, progress: impl FnMut(usize) + 'p) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Loads the model and embeds the FAQ.
    ///
    /// # Errors
    ///
    /// The model does not load or fails, or no embedder was given to a build without the bundled model.
    pub fn build(mut self) -> Result<Bot<Box<dyn Embedder>>> {
        let embedder = match self.embedder {
            Some(embedder) => embedder,
            None => bundled(self.cache.as_deref())?,
        };
        let embedder: Box<dyn Embedder> = match &self.cache {
            Some(folder) => Box::new(CachedEmbedder::new(embedder, folder)),
            None => embedder,
        };
        let mut setup = Setup { answers: self.answers, ..Setup::for_model(embedder.model()) };
        if let Some(file) = self.calibration
            && let Ok((calibration, policy)) = file.for_faq(embedder.model(), &self.faq)
        {
            setup.calibration = Some(calibration);
            setup.policy = policy;
        }
        Bot::new(self.faq, embedder, setup, &mut self.progress)
    }
}

#[cfg(feature = "bundled-model")]
fn bundled(cache: Option<&Path>) -> Result<Box<dyn Embedder>> {
    Ok(Box::new(FastEmbedder::bundled()?.keeping_read_entries_in(cache)))
}

#[cfg(not(feature = "bundled-model"))]
fn bundled(_: Option<&Path>) -> Result<Box<dyn Embedder>> {
    Err(faqbot_embed::Error::Model("this build has no bundled model; give the builder an embedder".into())
        .into())
}

/// A conversation with a bot: see [`Bot::chat`].
pub struct Chat<'b, E> {
    bot: &'b Bot<E>,
    conversation: Conversation,
}

impl<E: Embedder> Bot<E> {
    /// Begins a conversation, in which a message may lean on those before it, pick what was offered, or be small talk.
    pub fn chat(&self) -> Chat<'_, E> {
        Chat { bot: self, conversation: Conversation::default() }
    }
}

impl<E: Embedder> Chat<'_, E> {
    /// Replies to a message, and keeps what the next may lean on.
    ///
    /// # Errors
    ///
    /// The embedder failed. The conversation is then as it was.
    pub fn say(&mut self, text: &str) -> Result<Reply> {
        let message = Message { text, conversation: &self.conversation };
        let mut verdicts = self.bot.talk(&[message], Bot::<E>::MATCHES, None, &mut |_| ())?;
        let verdict = verdicts.remove(0);
        self.conversation.note(self.bot, &verdict);
        Ok(self.bot.reply(&verdict))
    }

    /// What is kept of the conversation.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }
}
