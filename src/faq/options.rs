//! How FAQ files are read: format, columns, limits.

use super::format::Format;
use super::readers::columns::ColumnMap;

/// What a FAQ may not exceed. Each is an error when passed, with the name of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Entries of all files together.
    pub entries: usize,
    /// Bytes of one phrasing or answer, as UTF-8.
    pub text_bytes: usize,
}

impl Default for Limits {
    /// More than any FAQ that was written: beyond them, the file is not what it was taken for.
    fn default() -> Self {
        Limits { file_bytes: 512 << 20, entries: 1_000_000, text_bytes: 100_000 }
    }
}

/// Whether an entry must have an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// An entry without one is left out and said: a bot that answers needs it.
    #[default]
    Required,
    /// An entry without one has an empty answer: enough to measure the matching.
    Optional,
}

/// How files are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The format of all files; found by name and content where there is none.
    pub format: Option<&'static Format>,
    /// Which columns of a table are what, where their names do not say.
    pub columns: ColumnMap,
    /// See [`Answers`].
    pub answers: Answers,
    /// See [`Limits`].
    pub limits: Limits,
}
