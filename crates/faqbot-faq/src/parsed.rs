//! What parsers return: entries before they are checked, and how well a text fits a format.

use super::entry::SmallTalk;
use crate::error::RowError;

/// An entry as it is in the file, before it is checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawEntry {
    /// The line on which it starts, counting from 1.
    pub line: usize,
    /// Its id, if the file gives one.
    pub id: Option<String>,
    /// The phrasings; the first is the question.
    pub questions: Vec<String>,
    /// The answer.
    pub answer: Option<String>,
    /// See [`super::Entry::variants`].
    pub variants: Vec<String>,
    /// See [`super::Entry::source`].
    pub source: Option<String>,
    /// See [`super::Entry::tags`].
    pub tags: Vec<String>,
    /// See [`super::Entry::min_confidence`].
    pub min_confidence: Option<f32>,
    /// See [`super::Entry::urgent`].
    pub urgent: bool,
    /// See [`super::Entry::crisis`].
    pub crisis: bool,
    /// See [`super::Entry::out_of_scope`].
    pub out_of_scope: bool,
    /// Ids, numbers or questions of the entries in [`super::Entry::follow_ups`].
    pub follow_ups: Vec<String>,
    /// Those of the entries in [`super::Entry::only_after`].
    pub only_after: Vec<String>,
    /// Whether it may be asked for only after the entries whose follow-up it is.
    pub context_only: bool,
    /// Another name than its id by which the file's follow-ups name it.
    pub number: Option<String>,
    /// Whether this is half an entry, questions or answer. The other half has the same id and may be
    /// elsewhere.
    pub half: bool,
    /// Whether another entry uses this half's answer.
    pub(super) used: bool,
}

/// The result of parsing a file.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// See [`super::Faq::title`].
    pub title: Option<String>,
    /// See [`super::Faq::greeting`].
    pub greeting: Option<String>,
    /// See [`super::Faq::fallback`].
    pub fallback: Option<String>,
    /// See [`super::Faq::contact`].
    pub contact: Option<String>,
    /// See [`super::Faq::language`].
    pub language: Option<String>,
    /// See [`super::Faq::small_talk`].
    pub small_talk: SmallTalk,
    /// See [`super::Faq::synonyms`].
    pub synonyms: Vec<Vec<String>>,
    /// What was taken for the questions and what for the answers, for a message; `None` where the format says it.
    pub taken: Option<String>,
    /// The entries that could be read.
    pub entries: Vec<RawEntry>,
    /// For halves (see [`RawEntry::half`]): pairs of question name and answer name, where these differ.
    pub aliases: Vec<(String, String)>,
    /// What could not be read, or is not used.
    pub skipped: Vec<RowError>,
    /// What was joined with something earlier.
    pub merged: Vec<RowError>,
    /// Other remarks on how the file was read.
    pub notes: Vec<RowError>,
}

impl Parsed {
    /// Adds the entries of another part of the file, and what is said of them.
    pub fn append(&mut self, other: Parsed) {
        self.entries.extend(other.entries);
        self.skipped.extend(other.skipped);
        self.merged.extend(other.merged);
        self.notes.extend(other.notes);
    }
}

/// How well a text fits a format, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detection {
    /// It is not in the format.
    No,
    /// It may be.
    Weak,
    /// It is in this format or in none.
    Strong,
    /// faqbot wrote it, whatever else it looks like.
    Sure,
}

impl Detection {
    /// Weak if something speaks for the format.
    pub fn weak(fits: bool) -> Detection {
        if fits { Detection::Weak } else { Detection::No }
    }

    /// Strong if something speaks for the format.
    pub fn strong(fits: bool) -> Detection {
        if fits { Detection::Strong } else { Detection::No }
    }
}
