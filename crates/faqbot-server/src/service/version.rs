//! A FAQ that is served, and the version of it that is current.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::api::numeric_ids::NumericIds;
use crate::web::html;
use faqbot_core::bot::AnyBot;
use faqbot_store::Source;

/// A FAQ that is served, in the version that is current.
pub struct Served {
    pub name: String,
    pub source: Arc<dyn Source>,
    current: RwLock<Arc<Version>>,
    /// Whether the files as they are now cannot be used.
    stale: AtomicBool,
}

/// One state of a FAQ. A question is answered by one from beginning to end.
pub struct Version {
    pub bot: AnyBot,
    /// The same for the same FAQ and model on any machine.
    pub id: String,
    pub numbers: NumericIds,
    positions: HashMap<String, usize>,
    /// The answers as safe HTML, those of an entry and its variants.
    html: Box<[Box<[OnceLock<String>]>]>,
}

impl Version {
    /// A bot, ready to be asked.
    pub fn new(bot: AnyBot) -> Self {
        let faq = bot.faq();
        Version {
            id: bot.version_id(),
            numbers: NumericIds::new(faq),
            positions: faq.entries.iter().enumerate().map(|(at, entry)| (entry.id.to_string(), at)).collect(),
            html: faq
                .entries
                .iter()
                .map(|entry| entry.answers().map(|_| OnceLock::new()).collect())
                .collect(),
            bot,
        }
    }

    /// The position of the entry with an id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// An entry's answer as safe HTML, in the words for a seed.
    pub fn answer_html(&self, entry: usize, seed: u64) -> &str {
        let variants = &self.html[entry];
        let variant = &variants[seed as usize % variants.len()];
        variant.get_or_init(|| html::render(self.bot.faq().entries[entry].answer_for(seed)))
    }
}

impl Served {
    /// A FAQ with a first version.
    pub fn new(name: String, source: Arc<dyn Source>, version: Version) -> Self {
        Served { name, source, current: RwLock::new(Arc::new(version)), stale: AtomicBool::new(false) }
    }

    /// The version that is current.
    pub fn version(&self) -> Arc<Version> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes another version.
    pub fn set(&self, version: Version) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(version);
        self.stale.store(false, Ordering::Relaxed);
    }

    /// Keeps the version that there is: the files as they are now cannot be used.
    pub fn keep(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }

    /// Whether the files as they are now cannot be used, and what they held before is served.
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }
}
