//! Labelled queries with the bot that they are for: what `eval` and `calibrate` share.

use std::path::Path;

use anyhow::{Result, bail};
use faqbot::Faq;
use faqbot::bot::AnyBot;
use faqbot::faq::Answers;
use faqbot::quality::eval::{self, LabelledQuery};

use crate::config::Settings;
use crate::output::messages::warn;
use crate::setup;

/// A FAQ to measure: answers are not needed for that.
fn load_faq(settings: &Settings) -> Result<Faq> {
    let faq = setup::load_faq(settings, Answers::Optional)?;
    let without = faq.entries.iter().filter(|entry| entry.answer.is_empty() && !entry.out_of_scope).count();
    if without > 0 && without < faq.entries.len() {
        warn(&format!("{without} entries have no answer: they are measured, but a chat leaves them out"));
    }
    Ok(faq)
}

/// The bot as it would answer in a chat, or as it ships, without the calibration beside the FAQ.
pub fn bot(settings: &Settings, calibrated: bool) -> Result<AnyBot> {
    setup::bot(settings, load_faq(settings)?, setup::load_embedder(settings)?, calibrated)
}

/// The queries, and the [`bot`] to ask them.
pub fn load(settings: &Settings, queries: &Path, calibrated: bool) -> Result<(AnyBot, Vec<LabelledQuery>)> {
    let faq = load_faq(settings)?;
    let queries = eval::load_queries(queries)?;
    let unknown = eval::unknown_ids(&faq, &queries);
    if !unknown.is_empty() {
        let some = unknown[..unknown.len().min(5)].join(", ");
        bail!("{} expected ids are not in {}: {some}", unknown.len(), setup::faq_name(settings));
    }
    Ok((setup::bot(settings, faq, setup::load_embedder(settings)?, calibrated)?, queries))
}
