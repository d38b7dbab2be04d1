//! Exact phrasings: the rows whose phrasing is a text, case, accents and punctuation aside.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use xxhash_rust::xxh3::xxh3_64;

/// The phrasings of a FAQ by the hashes of their normalised texts.
#[derive(Debug, Clone)]
pub struct ExactPhrasings {
    /// Ascending.
    hashes: Vec<u64>,
    /// The row of each; the same phrasing's in the order of the FAQ.
    rows: Vec<u32>,
}

impl ExactPhrasings {
    /// Of normalised phrasings, in the order of their rows.
    pub fn new(normalized: &[String]) -> Self {
        let mut pairs: Vec<(u64, u32)> =
            normalized.iter().zip(0..).map(|(text, row)| (xxh3_64(text.as_bytes()), row)).collect();
        pairs.sort_unstable();
        let (hashes, rows) = pairs.into_iter().unzip();
        ExactPhrasings { hashes, rows }
    }

    /// The rows whose phrasings may be this normalised one: those that are and, very seldom, another. In
    /// the order of the FAQ.
    pub fn rows(&self, normalized: &str) -> &[u32] {
        let hash = xxh3_64(normalized.as_bytes());
        let start = self.hashes.partition_point(|&other| other < hash);
        let count = self.hashes[start..].partition_point(|&other| other == hash);
        &self.rows[start..start + count]
    }

    pub(super) fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.hashes)?;
        out.array(&self.rows)
    }

    /// Reads those of `count` phrasings.
    pub(super) fn read(from: &mut ArrayReader, count: usize) -> io::Result<Self> {
        let exact = ExactPhrasings { hashes: from.array()?, rows: from.array()? };
        let fits = exact.hashes.len() == count
            && exact.rows.len() == count
            && exact.rows.iter().all(|&row| (row as usize) < count);
        if fits { Ok(exact) } else { Err(broken("its phrasings are not those of the rows")) }
    }
}
