//! What is made from a FAQ before the first question, or read from the cache's folder.

use std::io;
use std::path::{Path, PathBuf};

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, Magic, broken};
use faqbot_embed::storage::cache_folder::VECTORS;
use faqbot_embed::storage::files;
use faqbot_embed::{Embedder, ModelId, Passages, Progress, Role};
use faqbot_faq::{Entry, Faq};
use xxhash_rust::xxh3::Xxh3;

use super::language;
use super::synonyms::Synonyms;
use crate::error::Result;
use crate::matching::crisis::Classifier;
use crate::matching::index::Index;
use crate::matching::ranking::Ranker;
use crate::matching::signals::{answer_text, is_real_answer};

/// The index of a FAQ and what ranks its entries.
pub struct Prepared {
    pub index: Index,
    pub ranker: Ranker,
    /// Whether fewer than half of the entries have an answer to read.
    pub mostly_unanswered: bool,
    /// The entries for people in danger, where the model has a classifier for their messages.
    pub crisis: Vec<usize>,
    /// The entries that answer only after others.
    pub context_only: Vec<usize>,
    /// See [`Bot::language`](super::Bot::language).
    pub language: &'static str,
    /// The name of the language that most of the FAQ is in, where the model does not know it.
    pub unknown_language: Option<&'static str>,
    /// Which words of queries are read as others.
    pub(super) synonyms: Synonyms,
    /// Where the ranker is kept, if it is.
    kept: Option<PathBuf>,
}

impl Prepared {
    /// What is broken in the file that the rows are read from, once it was noticed. The signals that were made of them
    /// are removed, so that the next start reads all rows and embeds anew those that are broken.
    pub fn damage(&self) -> Option<String> {
        if !self.index.rows().take_damage() {
            return None;
        }
        let path = self.kept.as_ref()?;
        let _ = std::fs::remove_file(path);
        Some(format!(
            "vectors in {} are not those that were written; they are approximated now and embedded again at the next start",
            path.with_extension(VECTORS).display()
        ))
    }

    /// Embeds what the FAQ has, and builds or reads the ranker.
    pub fn new<E: Embedder>(faq: &Faq, embedder: &E, answers: bool, progress: Progress) -> Result<Self> {
        let entries = &faq.entries;
        let phrasings = entries.iter().flat_map(|entry| &entry.phrasings).map(String::as_str);
        let (answered, answer_texts): (Vec<usize>, Vec<String>) = if answers {
            entries.iter().enumerate().filter_map(|(at, entry)| Some((at, answer_text(entry)?))).unzip()
        } else {
            (Vec::new(), Vec::new())
        };
        let texts: Vec<&str> = phrasings.chain(answer_texts.iter().map(String::as_str)).collect();
        let Passages { rows, beside } = embedder.passages(&texts, progress)?;
        let counts = entries.iter().map(|entry| entry.phrasings.len());
        let mut index = Index::new(rows, counts, answered);

        let crisis = crisis_entries(faq, embedder);
        let context_only = context_only_entries(faq);
        let language = language_of(faq);
        let knows_english_only = embedder.languages() == Some("English");
        let unknown_language = if knows_english_only { language::of_faq(faq) } else { None };
        let with_answer = entries.iter().filter(|entry| is_real_answer(&entry.answer)).count();
        let mostly_unanswered = 2 * with_answer < entries.len();
        let large = Ranker::is_large(&index);
        let kept = beside.filter(|_| large);
        let of = made_of(embedder.model(), faq, &texts);
        let prepared = |index: Index, ranker: Ranker, kept: Option<PathBuf>| Prepared {
            index,
            ranker,
            mostly_unanswered,
            crisis,
            context_only,
            language,
            unknown_language,
            synonyms: Synonyms::new(faq, language),
            kept,
        };
        if let Some(path) = &kept
            && let Ok(Some(ranker)) = read(path, &index, of)
        {
            return Ok(prepared(index, ranker, kept));
        }
        let rows = match index.rows().read() {
            Ok(rows) if large => rows,
            read => {
                // What cannot be read is embedded again.
                let rows = match read {
                    Ok(rows) => rows,
                    Err(_) => embedder.embed(Role::Passage, &texts, progress)?.into(),
                };
                index = index.with_rows(rows.clone());
                rows
            }
        };
        let ranker = Ranker::new(entries, &index, rows.view());
        if let Some(path) = &kept {
            // If it cannot be written, the next start takes longer: the embedder has warned, who writes to
            // the same folder.
            let _ = write(path, &index, &ranker, of);
        }
        Ok(prepared(index, ranker, kept))
    }
}

/// The language that a FAQ says it is in, or is found to be.
fn language_of(faq: &Faq) -> &'static str {
    /// More say nothing more.
    const QUESTIONS: usize = 100;
    match &faq.language {
        Some(own) => {
            let own = own.split(['-', '_']).next().unwrap_or_default().to_lowercase();
            ["de", "fr", "es"].into_iter().find(|code| *code == own).unwrap_or("en")
        }
        None => {
            let questions: Vec<&str> = faq.entries.iter().take(QUESTIONS).map(Entry::question).collect();
            language::most(&questions)
        }
    }
}

/// The entries that answer only after others.
fn context_only_entries(faq: &Faq) -> Vec<usize> {
    (0..faq.entries.len()).filter(|&at| !faq.entries[at].only_after.is_empty()).collect()
}

/// The entries for people in danger, if the model has a classifier for their messages.
fn crisis_entries(faq: &Faq, embedder: &impl Embedder) -> Vec<usize> {
    let answers = |entry: &Entry| entry.crisis && !entry.out_of_scope && !entry.answer.is_empty();
    let mut found: Vec<usize> = (0..faq.entries.len()).filter(|&at| answers(&faq.entries[at])).collect();
    // In this order: most FAQs have none, and are not to wait for the classifier to be read.
    if !found.is_empty() && Classifier::shipped(embedder.model()).is_none() {
        found.clear();
    }
    found
}

/// What signals are made of: the model, and the texts of each entry.
fn made_of(model: &ModelId, faq: &Faq, texts: &[&str]) -> u128 {
    let mut sum = Xxh3::new();
    let mut add = |text: &str| {
        sum.update(&(text.len() as u64).to_le_bytes());
        sum.update(text.as_bytes());
    };
    add(model.as_str());
    texts.iter().for_each(|text| add(text));
    // Which phrasings are whose; an answer may be a signal without being a text of its own.
    for entry in &faq.entries {
        add(&entry.phrasings.len().to_string());
        add(&entry.answer);
    }
    sum.digest128()
}

/// What a file of signals begins with.
const MAGIC: &Magic = b"FAQBOTEV";

/// Reads the signals of a large FAQ; `None` where there is no such file.
fn read(path: &Path, index: &Index, of: u128) -> io::Result<Option<Ranker>> {
    let Some(mut reader) = ArrayReader::open(path, MAGIC)? else { return Ok(None) };
    if reader.array::<u128>()? != [of] {
        return Err(broken("it is of other texts"));
    }
    let ranker = Ranker::read(index, &mut reader)?;
    reader.finish()?;
    Ok(Some(ranker))
}

/// Writes them.
fn write(path: &Path, index: &Index, ranker: &Ranker, of: u128) -> io::Result<()> {
    files::write_private(path, |out| {
        let mut writer = ArrayWriter::new(out, MAGIC)?;
        writer.array(&[of])?;
        ranker.write(index, &mut writer)?;
        writer.finish().map(drop)
    })
}
