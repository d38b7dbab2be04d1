//! Questions of a chat that are kept, where the user asks for that.

use anyhow::Result;
use faqbot::Verdict;
use faqbot::bot::AnyBot;
use faqbot_store::Rating;
use faqbot_store::recorder::{Asked, Recorder};
use faqbot_store::{Missing, Store};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::config::Settings;
use crate::names::one_faq;
use crate::output::messages::warn;
use crate::store::runtime;

/// What keeps the questions of this chat.
pub struct Recording {
    recorder: Recorder,
    runtime: Runtime,
    faq: String,
    version: String,
    session: String,
    last: Option<Uuid>,
}

impl Recording {
    /// Opens the store, where one is named.
    pub fn open(settings: &Settings, bot: &AnyBot) -> Result<Option<Self>> {
        let Some(url) = &settings.store else { return Ok(None) };
        let runtime = runtime()?;
        let store = runtime.block_on(Store::open(url, Missing::Create))?;
        Ok(Some(Recording {
            recorder: Recorder::new(runtime.handle(), store, &settings.keep, warn),
            runtime,
            faq: one_faq(settings)?.0,
            version: bot.version_id(),
            session: Uuid::new_v4().to_string(),
            last: None,
        }))
    }

    /// Keeps a question and what became of it.
    pub fn asked(&mut self, bot: &AnyBot, verdict: &Verdict) {
        let id = Uuid::now_v7();
        self.recorder.asked(&Asked {
            id,
            faq: &self.faq,
            version: &self.version,
            channel: faqbot_store::Channel::Chat,
            session: Some(&self.session),
            bot,
            verdict,
        });
        self.last = Some(id);
    }

    /// Keeps what was thought of the last reply; whether there was one.
    pub fn rated(&self, rating: Rating, entry: Option<&str>) -> bool {
        self.last.inspect(|&id| self.recorder.rated(id, rating, entry)).is_some()
    }

    /// The FAQ is another from here on.
    pub fn reloaded(&mut self, bot: &AnyBot) {
        self.version = bot.version_id();
        self.last = None;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.runtime.block_on(self.recorder.close());
    }
}
