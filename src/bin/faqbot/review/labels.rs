//! Labelled questions, as they come from decisions, thumbs and choices: `shop.queries.jsonl` beside `shop.yaml`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use faqbot::Faq;
use faqbot::faq::normalize_phrasing;
use faqbot::quality::eval::{LabelledQuery, load_queries};
use faqbot::storage::files::{self, Existing};
use serde_json::json;

use crate::config::Settings;
use crate::store::questions::Kept;

/// The kind of the labels that are added.
const KIND: &str = "review";

/// The file beside a FAQ's.
pub fn path(faq: &Path) -> PathBuf {
    let stem = faq.file_stem().unwrap_or_default().to_string_lossy();
    faq.with_file_name(format!("{stem}.queries.jsonl"))
}

/// A label.
pub fn label(query: &str, expected: Option<&str>) -> LabelledQuery {
    LabelledQuery {
        query: query.to_owned(),
        expected: expected.map(str::to_owned),
        kind: Some(KIND.to_owned()),
        ok: Vec::new(),
    }
}

/// Adds labels of questions that have none yet.
pub fn add(labels: &mut Vec<LabelledQuery>, more: &[LabelledQuery]) {
    let mut known: HashSet<String> = labels.iter().map(|label| normalize_phrasing(&label.query)).collect();
    for label in more {
        if known.insert(normalize_phrasing(&label.query)) {
            labels.push(label.clone());
        }
    }
}

/// All labels: those of the file, and what people said by thumbs and choices. The FAQ's own phrasings say nothing.
pub fn all(settings: &Settings, faq: &Faq, kept: &[Kept]) -> Result<Vec<LabelledQuery>> {
    let path = settings.faq.first().map(|faq| path(faq)).filter(|path| path.is_file());
    let own = path.map(|path| load_queries(&path)).transpose()?.unwrap_or_default();
    // What the FAQ has no more says nothing of it.
    let has = |label: &LabelledQuery| label.expected.as_deref().is_none_or(|id| faq.position(id).is_some());
    let mut labels: Vec<LabelledQuery> = own.into_iter().filter(has).collect();
    let phrasings: HashSet<String> =
        faq.entries.iter().flat_map(|entry| &entry.phrasings).map(|own| normalize_phrasing(own)).collect();
    let said = |kept: &Kept| {
        let entry = match (kept.rating.as_deref()?, &kept.chosen) {
            ("up", _) if kept.question.outcome == crate::output::wire::Outcome::Answer => {
                kept.question.entry.as_deref()?
            }
            ("chosen", Some(entry)) => entry,
            _ => return None,
        };
        Some(label(&kept.question.text, Some(entry)))
    };
    let said: Vec<LabelledQuery> = kept
        .iter()
        .filter_map(said)
        .filter(|label| has(label) && !phrasings.contains(&normalize_phrasing(&label.query)))
        .collect();
    add(&mut labels, &said);
    Ok(labels)
}

/// Appends to the file those that it lacks; what stands there stays as it is.
pub fn write(settings: &Settings, labels: &[LabelledQuery]) -> Result<()> {
    let Some(path) = settings.faq.first().map(|faq| path(faq)) else { return Ok(()) };
    let (text, known) = match path.is_file() {
        false => (String::new(), Vec::new()),
        true => (std::fs::read_to_string(&path)?, load_queries(&path)?),
    };
    let known: HashSet<String> = known.iter().map(|label| normalize_phrasing(&label.query)).collect();
    let new: Vec<&LabelledQuery> =
        labels.iter().filter(|label| !known.contains(&normalize_phrasing(&label.query))).collect();
    if new.is_empty() {
        return Ok(());
    }
    Ok(files::write(&path, Existing::Replace, |out| {
        write!(out, "{text}")?;
        if !text.is_empty() && !text.ends_with('\n') {
            writeln!(out)?;
        }
        new.iter().try_for_each(|label| {
            writeln!(out, "{}", json!({"query": label.query, "expected": label.expected, "kind": label.kind}))
        })
    })?)
}
