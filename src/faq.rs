//! FAQs: entries with their phrasings and answers, and how they are read from files and written.
//!
//! Each format is a file of its own under `faq/`, a pure function from text to [`Parsed`];
//! [`mod@format`] is the one place that knows them all and picks one. [`load`] reads files and folders.
//! What holds for every format (trimming, ids, what an entry must have) is done in `assemble`.

use std::fmt;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::error::{Result, RowError};

mod assemble;
mod botpress;
mod csv;
mod fields;
pub mod format;
mod headings;
mod html;
mod json;
mod jsonl;
mod jsonld;
pub mod load;
mod markdown;
mod node;
mod plain;
mod qna;
mod rasa;
mod rst;
mod table;
pub mod text;
mod toml;
mod workbook;
mod yaml;

pub use format::Format;
pub use load::{Answers, Limits, Loaded, Place, ReadOptions};
pub use table::ColumnMap;

/// The name of an entry, unique in its FAQ.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(String);

impl EntryId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for EntryId {
    fn from(id: &str) -> Self {
        EntryId(id.to_owned())
    }
}

/// One answer and the ways of asking for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The entry's name.
    pub id: EntryId,
    /// The phrasings, at least one; the first is the question as the FAQ shows it.
    pub phrasings: Vec<String>,
    /// The answer, as Markdown.
    pub answer: String,
    /// Where the answer comes from.
    pub source: Option<String>,
    /// Topics.
    pub tags: Vec<String>,
    /// The confidence above which this entry answers, in `0..=1`, where it has one of its own.
    pub min_confidence: Option<f32>,
}

impl Entry {
    /// The question as the FAQ shows it.
    pub fn question(&self) -> &str {
        &self.phrasings[0]
    }
}

/// A list of entries, and what the bot says beside them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faq {
    /// What the FAQ is about.
    pub title: Option<String>,
    /// What the bot says when a chat begins.
    pub greeting: Option<String>,
    /// What the bot says when it has no answer.
    pub fallback: Option<String>,
    /// The entries, in the file's order.
    pub entries: Vec<Entry>,
}

/// An entry as a file has it, before it is checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawEntry {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Its id, if the file gives one.
    pub id: Option<String>,
    /// The phrasings; the first is the question.
    pub questions: Vec<String>,
    /// The answer.
    pub answer: Option<String>,
    /// See [`Entry::source`].
    pub source: Option<String>,
    /// See [`Entry::tags`].
    pub tags: Vec<String>,
    /// See [`Entry::min_confidence`].
    pub min_confidence: Option<f32>,
    /// Whether it is one half, questions or answer, of an entry whose other half has the same id and
    /// may stand elsewhere.
    pub half: bool,
    /// Whether another entry has the answer of this half.
    used: bool,
}

/// What a parser makes of a file.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// See [`Faq::title`].
    pub title: Option<String>,
    /// See [`Faq::greeting`].
    pub greeting: Option<String>,
    /// See [`Faq::fallback`].
    pub fallback: Option<String>,
    /// The entries that could be read.
    pub entries: Vec<RawEntry>,
    /// Names of questions whose answers have another name: of halves, see [`RawEntry::half`].
    pub aliases: Vec<(String, String)>,
    /// What could not be, or is not used.
    pub skipped: Vec<RowError>,
    /// What was joined with an entry further up.
    pub merged: Vec<RowError>,
    /// What else there is to know about how the file was read.
    pub notes: Vec<RowError>,
}

impl Faq {
    /// Reads a FAQ from a file, whose format is found by its name and content.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is too large, or holds no entry that can be used. Single entries that cannot be used are in [`Loaded::skipped`].
    pub fn load(path: &Path) -> Result<Loaded> {
        load::load(&[path.to_owned()], &ReadOptions::default(), &mut |_| ())
    }

    /// Reads a FAQ from bytes. `path` is for the format and for messages.
    ///
    /// # Errors
    ///
    /// As [`Faq::load`].
    pub fn read(bytes: &[u8], path: &Path) -> Result<Loaded> {
        load::read(bytes, path, &ReadOptions::default())
    }

    /// The number of phrasings in all entries.
    pub fn phrasing_count(&self) -> usize {
        self.entries.iter().map(|entry| entry.phrasings.len()).sum()
    }

    /// The position of the entry with this id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id.as_str() == id)
    }
}

/// Counts lines on a way through a text.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    /// For a text that begins on line `first` of its file.
    fn new(text: &'t str, first: usize) -> Self {
        Lines { text: text.as_bytes(), at: 0, line: first }
    }

    /// The line of the byte at `offset`. Offsets must not go back.
    fn at(&mut self, offset: usize) -> usize {
        let offset = offset.clamp(self.at, self.text.len());
        self.line += self.text[self.at..offset].iter().filter(|&&byte| byte == b'\n').count();
        self.at = offset;
        self.line
    }
}

/// At most `limit` characters of a text, on one line, with an ellipsis where more were.
pub fn abridge(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// The words of a text as an id: lower case, without accents, joined by `-`.
///
/// ```
/// assert_eq!(faqbot::faq::slug("Where's the Café?"), "wheres-the-cafe");
/// assert_eq!(faqbot::faq::slug("???"), "entry");
/// ```
pub fn slug(text: &str) -> String {
    let without_apostrophes: String = text.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let words = normalize_phrasing(&without_apostrophes).replace(' ', "-");
    if words.is_empty() { "entry".into() } else { words }
}

/// A phrasing without what does not change its meaning: case, accents, punctuation, width, spacing.
/// Two phrasings with the same result are the same question; an empty result is no question.
///
/// ```
/// use faqbot::faq::normalize_phrasing;
/// assert_eq!(normalize_phrasing("  Où est le CAFÉ ?! "), normalize_phrasing("ou est le cafe"));
/// assert_eq!(normalize_phrasing("…?!"), "");
/// ```
pub fn normalize_phrasing(text: &str) -> String {
    // What has no accents needs no tables for them.
    if text.is_ascii() {
        words_of(text.chars().map(|c| c.to_ascii_lowercase()), text.len())
    } else {
        let folded = text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase);
        words_of(folded, text.len())
    }
}

/// The letters and digits, with a space for whatever else stands between them.
fn words_of(folded: impl Iterator<Item = char>, length: usize) -> String {
    let mut words = String::with_capacity(length);
    let mut gap = false;
    for c in folded {
        if c.is_alphanumeric() {
            if gap && !words.is_empty() {
                words.push(' ');
            }
            gap = false;
            words.push(c);
        } else {
            gap = true;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrasings_in_any_script_keep_their_letters() {
        assert_eq!(normalize_phrasing("如何重置密码？"), "如何重置密码");
        assert_eq!(normalize_phrasing("Ｆｕｌｌ　ｗｉｄｔｈ！"), "full width");
        assert_eq!(normalize_phrasing("error 0x80-07"), "error 0x80 07");
        assert_eq!(slug("Как дела?"), "как-дела");
    }

    #[test]
    fn long_texts_are_abridged_at_characters() {
        assert_eq!(abridge("añb\n c", 10), "añb c");
        assert_eq!(abridge("ñandú grande", 5), "ñandú…");
    }
}
