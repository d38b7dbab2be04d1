//! Small FAQs and what people ask them, in other words than the FAQ's: `../shared/pairs` and `data/reader`, whose READMEs
//! say what a line is. Only those are read that the reader was not trained on.

use std::path::{Path, PathBuf};

use faqbot::quality::eval::LabelledQuery;
use faqbot::{Entry, Faq};

use crate::random::Random;

/// A FAQ with its queries, and the group of the cross-validation that it is in.
#[derive(Clone)]
pub struct People {
    pub name: String,
    pub fold: usize,
    pub faq: Faq,
    pub queries: Vec<LabelledQuery>,
    /// What a paraphrase counts where other queries count 1: more where some of them have become phrasings, or confidence
    /// would learn that paraphrases of a FAQ with phrasings are seldom right.
    pub paraphrase_weight: f64,
}

/// Groups of writers that are left out together.
pub const FOLDS: usize = 5;

/// What a FAQ is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The reader was trained on it.
    Train,
    /// Confidence is fitted to it.
    Fit,
    /// Figures are of it.
    Test,
}

/// By writer and topic, as `models/train_reader.py` says it.
fn part(name: &str) -> (Part, usize) {
    let mut pieces = name.split('-');
    let writer = pieces.next().unwrap_or_default();
    let topic = pieces.next().unwrap_or_default();
    let number: usize = writer.trim_start_matches('w').parse().unwrap_or_default();
    let part = match number {
        17 | 30 | 38 | 62 | 80 | 97 => Part::Test,
        14 | 31..38 => Part::Fit,
        1..10 | 23..30 if topic.ends_with('3') => Part::Fit,
        _ => Part::Train,
    };
    (part, number % FOLDS)
}

/// The FAQs of a part in these folders, in order of their names.
pub fn read(folders: &[PathBuf], wanted: Part) -> Result<Vec<People>, Box<dyn std::error::Error>> {
    let mut found = Vec::new();
    for folder in folders {
        let files = std::fs::read_dir(folder)?.map(|file| Ok(file?.path()));
        let mut files: Vec<PathBuf> = files.collect::<std::io::Result<_>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        for path in files {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let (part, fold) = part(&name);
            if part == wanted {
                let (faq, queries) = parse(&std::fs::read_to_string(&path)?, &path)?;
                found.push(People { name, fold, faq, queries, paraphrase_weight: 1.0 });
            }
        }
    }
    Ok(found)
}

fn parse(text: &str, path: &Path) -> Result<(Faq, Vec<LabelledQuery>), Box<dyn std::error::Error>> {
    let mut entries: Vec<serde_json::Value> = Vec::new();
    let mut asked: Vec<(&str, Option<usize>, &str)> = Vec::new();
    for line in text.lines() {
        let Some((kind, text)) = line.split_once(' ').map(|(kind, text)| (kind, text.trim())) else {
            continue;
        };
        match (kind, entries.len().checked_sub(1)) {
            ("E", _) => {
                let id = format!("e{}", entries.len());
                entries.push(serde_json::json!({ "id": id, "questions": [text], "answer": "" }));
            }
            ("A", Some(at)) => entries[at]["answer"] = text.into(),
            ("v", Some(at)) => entries[at]["questions"].as_array_mut().expect("questions").push(text.into()),
            ("p", Some(at)) => asked.push((text, Some(at), "paraphrase")),
            ("c", Some(at)) => asked.push((text, Some(at), "close")),
            ("n", Some(_)) => asked.push((text, None, "near_miss")),
            ("O", _) => asked.push((text, None, "other")),
            _ => {}
        }
    }
    let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
    let faq = Faq::read(lines.join("\n").as_bytes(), &path.with_extension("jsonl"))?.faq;
    let queries = asked.into_iter().map(|(query, entry, kind)| LabelledQuery {
        query: query.to_owned(),
        expected: entry.map(|at| format!("e{at}")),
        kind: Some(kind.to_owned()),
        ok: Vec::new(),
    });
    Ok((faq, queries.collect()))
}

impl People {
    /// The same with this many paraphrases of each entry as phrasings, which are asked no more.
    pub fn with_phrasings(&self, random: &mut Random, count: usize) -> People {
        let is_paraphrase = |labelled: &LabelledQuery| labelled.kind.as_deref() == Some("paraphrase");
        let paraphrases =
            |queries: &[LabelledQuery]| queries.iter().filter(|own| is_paraphrase(own)).count() as f64;
        let mut queries = self.queries.clone();
        let entries = self.faq.entries.iter().map(|entry| {
            let own = |labelled: &&LabelledQuery| {
                is_paraphrase(labelled) && labelled.expected.as_deref() == Some(entry.id.as_str())
            };
            let own: Vec<LabelledQuery> = self.queries.iter().filter(own).cloned().collect();
            let chosen = random.some(&own, count);
            queries.retain(|labelled| chosen.iter().all(|chosen| chosen.query != labelled.query));
            let mut phrasings = entry.phrasings.clone();
            phrasings.extend(chosen.into_iter().map(|labelled| labelled.query));
            Entry { phrasings, ..entry.clone() }
        });
        let faq = Faq { entries: entries.collect(), ..self.faq.clone() };
        let paraphrase_weight = paraphrases(&self.queries) / paraphrases(&queries).max(1.0);
        People { faq, queries, paraphrase_weight, ..self.clone() }
    }

    /// The same, with only the queries that another has.
    pub fn with_queries_of(&self, other: &People) -> People {
        People { queries: other.queries.clone(), ..self.clone() }
    }

    /// The same without answers.
    pub fn without_answers(&self) -> People {
        let entries = self.faq.entries.iter().map(|entry| Entry { answer: String::new(), ..entry.clone() });
        let faq = Faq { entries: entries.collect(), ..self.faq.clone() };
        People { faq, ..self.clone() }
    }
}
