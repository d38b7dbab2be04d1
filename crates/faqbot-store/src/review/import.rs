//! The suggestions of QnA Maker's active learning, which stand in the column `SuggestedQuestions` of its exports.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use faqbot_core::OutcomeKind;
use faqbot_faq::Faq;
use faqbot_faq::normalize_phrasing;
use serde::Deserialize;
use uuid::Uuid;

use crate::channel::Channel;
use crate::questions::{Feedback, Question, Rated, Record};
use crate::{Error, Keep, Rating, Result, Store, now};

/// The most often that one suggestion is taken to have been asked.
const MOST: usize = 100;

/// A group of suggestions.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cluster {
    #[serde(default)]
    alternate_question_list: Vec<Suggestion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suggestion {
    question: String,
    #[serde(default)]
    auto_suggested_count: usize,
    #[serde(default)]
    user_suggested_count: usize,
}

/// Keeps the suggestions of an export as questions that were asked back about, those that users made as their choices.
/// Returns how many there are.
///
/// # Errors
///
/// The file cannot be read, or has no such column.
pub async fn import(store: &Store, name: &str, faq: &Faq, keep: &Keep, path: &Path) -> Result<usize> {
    let named = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(Error::file(path))?;
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = rows.headers().map_err(|error| Error::Refused(format!("{}: {error}", named())))?.clone();
    let column = |name: &str| header.iter().position(|own| own.trim().eq_ignore_ascii_case(name));
    let question =
        column("Question").ok_or_else(|| Error::Refused(format!("{}: no column Question", named())))?;
    let suggested = column("SuggestedQuestions").ok_or_else(|| {
        Error::Refused(format!("{}: no column SuggestedQuestions, as QnA Maker's exports have it", named()))
    })?;
    let mut entries = HashMap::new();
    for entry in &faq.entries {
        for phrasing in &entry.phrasings {
            entries.entry(normalize_phrasing(phrasing)).or_insert(entry);
        }
    }
    let mut records = Vec::new();
    let mut count = 0;
    for (at, row) in rows.records().enumerate() {
        let place = || format!("{}:{}", named(), at + 2);
        let row = row.map_err(|error| Error::Refused(format!("{}: {error}", place())))?;
        let (Some(text), Some(clusters)) = (row.get(question), row.get(suggested)) else { continue };
        if clusters.trim().is_empty() || clusters.trim() == "[]" {
            continue;
        }
        let clusters: Vec<Cluster> = serde_json::from_str(clusters)
            .map_err(|error| Error::Refused(format!("{}: {error}", place())))?;
        let entry = entries
            .get(&normalize_phrasing(text))
            .ok_or_else(|| Error::Refused(format!("{}: the FAQ has no question \"{text}\"", place())))?;
        let suggestions = clusters.into_iter().flat_map(|cluster| cluster.alternate_question_list);
        for Suggestion { question, auto_suggested_count, user_suggested_count } in suggestions {
            count += 1;
            let chosen = user_suggested_count.min(MOST);
            let times = (auto_suggested_count.min(MOST) + chosen).max(1);
            for time in 0..times {
                // The same at each import: what is imported twice is there once.
                let seed = format!("{name}\0{}\0{question}\0{time}", entry.id);
                let id = Uuid::from_u128(xxhash_rust::xxh3::xxh3_128(seed.as_bytes()));
                records.push(Record::Question(Box::new(Question {
                    id,
                    at: now(),
                    faq: name.to_owned(),
                    version: String::new(),
                    channel: Channel::Import,
                    session: None,
                    text: keep.redact.redact(&question),
                    outcome: OutcomeKind::Ambiguous,
                    entry: Some(entry.id.to_string()),
                    confidence: None,
                    runner_up: None,
                    shown: vec![entry.id.to_string()],
                })));
                if time < chosen {
                    let chosen = Some(entry.id.to_string());
                    records.push(Record::Feedback(Feedback {
                        question: Rated::Id(id),
                        at: now(),
                        rating: Rating::Chosen,
                        entry: chosen,
                    }));
                }
            }
        }
    }
    if count == 0 {
        return Err(Error::Refused(format!(
            "{}: there are no suggestions in its column SuggestedQuestions",
            named()
        )));
    }
    store.write(records.iter()).await?;
    Ok(count)
}
