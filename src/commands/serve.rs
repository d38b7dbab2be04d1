//! `faqbot serve` and `faqbot mcp`: the bots of one or more FAQs, for browsers, programs and agents.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use faqbot::Embedder;
use faqbot_server::names::check_name;
use faqbot_server::{Faqs, LevelFilter, Site};
use faqbot_store::Source;

use crate::config::Settings;
use crate::names::named_faqs;
use crate::output::messages::{Verbosity, note, says, warn};
use crate::setup::{self, SettingsSource, of_source};

/// Answers over HTTP until it is told to end.
pub fn serve(settings: &Settings) -> Result<()> {
    let named = checked_names(settings)?;
    Ok(faqbot_server::serve(&site(settings, &|| faqs(settings, &named)), &settings.serve)?)
}

/// Answers agents on standard input and output until that ends.
pub fn mcp(settings: &Settings) -> Result<()> {
    let named = checked_names(settings)?;
    Ok(faqbot_server::mcp(&site(settings, &|| faqs(settings, &named)), &settings.serve)?)
}

/// FAQs with their names and files.
type Named = Vec<(String, Vec<PathBuf>)>;

fn checked_names(settings: &Settings) -> Result<Named> {
    let named = named_faqs(&settings.faq)?;
    named.iter().try_for_each(|(name, _)| check_name(name))?;
    Ok(named)
}

/// The FAQs, all of them over one model.
fn faqs(settings: &Settings, named: &Named) -> faqbot_store::Result<Faqs> {
    let embedder: Arc<dyn Embedder> = Arc::from(setup::load_embedder(settings).map_err(of_source)?);
    let source = |(name, faq): &(String, Vec<PathBuf>)| {
        let settings = Settings { faq: faq.clone(), ..settings.clone() };
        (name.clone(), Arc::new(SettingsSource::new(settings, Arc::clone(&embedder))) as Arc<dyn Source>)
    };
    Ok(named.iter().map(source).collect())
}

fn site<'s>(settings: &Settings, faqs: &'s dyn Fn() -> faqbot_store::Result<Faqs>) -> Site<'s> {
    Site {
        faqs,
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
    }
}
