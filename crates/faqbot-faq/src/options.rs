//! How FAQ files are read: format, columns, limits.

use super::format::Format;
use super::readers::columns::ColumnMap;

/// Limits on the size of a FAQ. Exceeding one is an error that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one file.
    pub file_bytes: u64,
    /// Entries in all files together.
    pub entries: usize,
    /// Bytes in one phrasing or answer, as UTF-8.
    pub text_bytes: usize,
}

impl Default for Limits {
    /// Larger than any FAQ that people write: beyond these, the file is not what it was taken for.
    fn default() -> Self {
        Limits { file_bytes: 512 << 20, entries: 1_000_000, text_bytes: 100_000 }
    }
}

/// Whether an entry must have an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// An entry without one is left out and reported: a bot needs it to answer.
    #[default]
    Required,
    /// An entry without one gets an empty answer, which is enough to measure the matching.
    Optional,
}

/// How files are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The format of all files. If `None`, it is found by name and content.
    pub format: Option<&'static Format>,
    /// Which columns of a table hold what, where their names do not say.
    pub columns: ColumnMap,
    /// The language to read, as a code such as `de`, where a file has texts in several; otherwise, the file's first.
    pub language: Option<String>,
    /// See [`Answers`].
    pub answers: Answers,
    /// See [`Limits`].
    pub limits: Limits,
}
