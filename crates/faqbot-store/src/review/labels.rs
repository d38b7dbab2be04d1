//! Labelled questions, as they come from decisions, thumbs and choices: `shop.queries.jsonl` beside `shop.yaml`.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use faqbot_core::OutcomeKind;
use faqbot_core::quality::eval::{LabelledQuery, load_queries};
use faqbot_embed::storage::files::{Existing, write as write_file, write_private};
use faqbot_faq::Faq;
use faqbot_faq::normalize_phrasing;
use serde::Serialize;

use crate::questions::Kept;
use crate::{Error, Rating, Result};

/// The kind of a label that a decision gave.
const DECIDED: &str = "review";

/// The kinds of those that visitors gave, by a thumb and by a choice.
pub const OF_VISITORS: [&str; 2] = ["thumb", "choice"];

/// Labels of visitors that are looked at, the newest.
const MOST: usize = 2_000;

/// The file beside a FAQ's.
pub fn path(faq: &Path) -> PathBuf {
    let stem = faq.file_stem().unwrap_or_default().to_string_lossy();
    faq.with_file_name(format!("{stem}.queries.jsonl"))
}

/// A label that a decision gives.
pub fn decided(query: &str, expected: Option<&str>) -> LabelledQuery {
    label(query, expected, DECIDED)
}

fn label(query: &str, expected: Option<&str>, kind: &str) -> LabelledQuery {
    LabelledQuery {
        query: query.to_owned(),
        expected: expected.map(str::to_owned),
        kind: Some(kind.to_owned()),
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
pub fn all(files: &[PathBuf], faq: &Faq, kept: &[Kept]) -> Result<Vec<LabelledQuery>> {
    let path = files.first().map(|faq| path(faq)).filter(|path| path.is_file());
    let own = path.map(|path| load_queries(&path)).transpose()?.unwrap_or_default();
    // What the FAQ has no more says nothing of it.
    let has = |label: &LabelledQuery| label.expected.as_deref().is_none_or(|id| faq.position(id).is_some());
    let mut labels: Vec<LabelledQuery> = own.into_iter().filter(has).collect();
    let phrasings: HashSet<String> =
        faq.entries.iter().flat_map(|entry| &entry.phrasings).map(|own| normalize_phrasing(own)).collect();
    let said = |kept: &Kept| {
        let (entry, kind) = match (kept.rating?, &kept.chosen) {
            (Rating::Up, _) if kept.question.outcome == OutcomeKind::Answer => {
                (kept.question.entry.as_deref()?, OF_VISITORS[0])
            }
            (Rating::Chosen, Some(entry)) => (entry.as_str(), OF_VISITORS[1]),
            _ => return None,
        };
        Some(label(&kept.question.text, Some(entry), kind))
    };
    let said: Vec<LabelledQuery> = kept
        .iter()
        .rev()
        .filter_map(said)
        .take(MOST)
        .filter(|label| has(label) && !phrasings.contains(&normalize_phrasing(&label.query)))
        .collect();
    add(&mut labels, &said);
    Ok(labels)
}

/// Appends to the file those that it lacks; what stands there stays as it is.
pub fn write(files: &[PathBuf], labels: &[LabelledQuery]) -> Result<()> {
    let Some(path) = files.first().map(|faq| path(faq)) else { return Ok(()) };
    let (text, known) = match path.is_file() {
        false => (String::new(), Vec::new()),
        true => (std::fs::read_to_string(&path).map_err(Error::file(&path))?, load_queries(&path)?),
    };
    let known: HashSet<String> = known.iter().map(|label| normalize_phrasing(&label.query)).collect();
    let new: Vec<&LabelledQuery> =
        labels.iter().filter(|label| !known.contains(&normalize_phrasing(&label.query))).collect();
    if new.is_empty() {
        return Ok(());
    }
    let write = |out: &mut dyn Write| {
        write!(out, "{text}")?;
        if !text.is_empty() && !text.ends_with('\n') {
            writeln!(out)?;
        }
        new.iter().try_for_each(|label| {
            serde_json::to_writer(&mut *out, &Line::from(*label))?;
            writeln!(out)
        })
    };
    if text.is_empty() {
        // People's words are for the operator's eyes.
        return write_private(&path, write).map_err(Error::file(&path));
    }
    Ok(write_file(&path, Existing::Replace, write)?)
}

/// A label as a line of the file.
#[derive(Serialize)]
struct Line<'l> {
    query: &'l str,
    expected: Option<&'l str>,
    kind: Option<&'l str>,
}

impl<'l> From<&'l LabelledQuery> for Line<'l> {
    fn from(label: &'l LabelledQuery) -> Self {
        Line { query: &label.query, expected: label.expected.as_deref(), kind: label.kind.as_deref() }
    }
}
