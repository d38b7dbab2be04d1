//! `faqbot serve` and `faqbot mcp`: the bots of one or more FAQs, for browsers, programs and agents.

use std::sync::Arc;

use anyhow::Result;
use faqbot::Embedder;
use faqbot_server::{LevelFilter, Site};
use faqbot_store::Source;

use crate::config::Settings;
use crate::names::named_faqs;
use crate::output::messages::{Verbosity, note, says, warn};
use crate::setup::{self, SettingsSource};

/// Answers over HTTP until it is told to end.
pub fn serve(settings: &Settings) -> Result<()> {
    Ok(faqbot_server::serve(&site(settings)?, &settings.serve)?)
}

/// Answers agents on standard input and output until that ends.
pub fn mcp(settings: &Settings) -> Result<()> {
    Ok(faqbot_server::mcp(&site(settings)?, &settings.serve)?)
}

/// What is served, all of it over one model.
fn site(settings: &Settings) -> Result<Site> {
    let embedder: Arc<dyn Embedder> = Arc::from(setup::load_embedder(settings)?);
    let source = |(name, faq)| {
        let settings = Settings { faq, ..settings.clone() };
        (name, Arc::new(SettingsSource::new(settings, Arc::clone(&embedder))) as Arc<dyn Source>)
    };
    Ok(Site {
        faqs: named_faqs(&settings.faq)?.into_iter().map(source).collect(),
        published: settings.faq.is_empty(),
        store: settings.store.clone(),
        keep: settings.keep.clone(),
        cache: settings.cache_dir.clone().filter(|_| settings.cache),
        warn,
        note,
        log: if says(Verbosity::Verbose) {
            LevelFilter::DEBUG
        } else if says(Verbosity::Normal) {
            LevelFilter::INFO
        } else {
            LevelFilter::ERROR
        },
    })
}
