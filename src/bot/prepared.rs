//! What is made from a FAQ before the first question, or read from the cache's folder.

use std::io;
use std::path::Path;

use crate::embed::{Embedder, Passages, Progress, Role};
use crate::error::Result;
use crate::faq::Faq;
use crate::matching::index::Index;
use crate::matching::ranking::Ranker;
use crate::matching::signals::answer_text;
use crate::storage::arrays::{ArrayReader, ArrayWriter, Magic};
use crate::storage::files::{self, Readers};

/// The index of a FAQ and what ranks its entries.
pub struct Prepared {
    pub index: Index,
    pub ranker: Ranker,
}

impl Prepared {
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

        let large = Ranker::is_large(&index);
        let kept = beside.filter(|_| large);
        if let Some(ranker) = kept.as_ref().and_then(|path| read(path, &index).ok()?) {
            return Ok(Prepared { index, ranker });
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
        if let Some(path) = kept {
            // If it cannot be written, the next start takes longer: the embedder has warned, who writes to
            // the same folder.
            let _ = write(&path, &index, &ranker);
        }
        Ok(Prepared { index, ranker })
    }
}

/// What a file of signals begins with.
const MAGIC: &Magic = b"FAQBOTEV";

/// Reads the signals of a large FAQ; `None` where there is no such file.
fn read(path: &Path, index: &Index) -> io::Result<Option<Ranker>> {
    let Some(mut reader) = ArrayReader::open(path, MAGIC)? else { return Ok(None) };
    let ranker = Ranker::read(index, &mut reader)?;
    reader.finish()?;
    Ok(Some(ranker))
}

/// Writes them.
fn write(path: &Path, index: &Index, ranker: &Ranker) -> io::Result<()> {
    let file = files::whole(path, Readers::Owner, |out| {
        let mut writer = ArrayWriter::new(out, MAGIC)?;
        ranker.write(index, &mut writer)?;
        writer.finish().map(drop)
    })?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
