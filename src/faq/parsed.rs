//! What the parsers give: entries before they are checked, and how surely a text is of a format.

use crate::error::RowError;

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
    /// See [`super::Entry::source`].
    pub source: Option<String>,
    /// See [`super::Entry::tags`].
    pub tags: Vec<String>,
    /// See [`super::Entry::min_confidence`].
    pub min_confidence: Option<f32>,
    /// Whether it is one half, questions or answer, of an entry whose other half has the same id and
    /// may stand elsewhere.
    pub half: bool,
    /// Whether another entry has the answer of this half.
    pub(super) used: bool,
}

/// What a parser makes of a file.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// See [`super::Faq::title`].
    pub title: Option<String>,
    /// See [`super::Faq::greeting`].
    pub greeting: Option<String>,
    /// See [`super::Faq::fallback`].
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

/// How surely a text is of a format, from a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is not.
    No,
    /// It may be.
    Weak,
    /// It is of this one or of none.
    Strong,
    /// faqbot wrote it, whatever else the text looks like.
    Sure,
}

impl Fit {
    /// Weak where something speaks for it.
    pub fn weak(fits: bool) -> Fit {
        if fits { Fit::Weak } else { Fit::No }
    }

    /// Strong where something speaks for it.
    pub fn strong(fits: bool) -> Fit {
        if fits { Fit::Strong } else { Fit::No }
    }
}
