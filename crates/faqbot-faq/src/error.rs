//! Errors, for users and for callers.
//!
//! A file that cannot be used is an [`Error`]. A bad row in a file is a [`RowError`]; the rest of the file is
//! still used.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result type of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// A FAQ that cannot be read or written. The message says what to do about it, where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error. Not named `source`: the message already includes it, and anything that prints
        /// the chain of sources would repeat it.
        reason: std::io::Error,
    },
    /// From this line on, a file is not what its name or use promises.
    #[error("{0}")]
    Syntax(RowError),
    /// A file was tried in every format it may have, and none gave an entry.
    #[error("{}", no_faq(path, tried))]
    NoFaq {
        /// The file.
        path: PathBuf,
        /// The formats, each with the reason why it did not fit.
        tried: Vec<(&'static str, RowError)>,
    },
    /// A folder contains no FAQ file.
    #[error("{}: no FAQ in this folder; the files that are looked at end in {known}", path.display())]
    NoFaqInFolder {
        /// The folder.
        path: PathBuf,
        /// The known file extensions.
        known: String,
    },
    /// A FAQ exceeds a limit.
    #[error("{}: {reason}", path.display())]
    Limit {
        /// The file.
        path: PathBuf,
        /// The limit, and what exceeds it.
        reason: String,
    },
    /// A FAQ file was read but has no entries.
    #[error("{}: no entries{}", path.display(), list(rows))]
    NoEntries {
        /// The file.
        path: PathBuf,
        /// What was found but could not be used.
        rows: Vec<RowError>,
    },
}

impl Error {
    /// Makes an [`Error::Io`], for `map_err` on file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |reason| Error::Io { path: path.to_owned(), reason }
    }
}

fn no_faq(path: &Path, tried: &[(&'static str, RowError)]) -> String {
    match tried {
        [(title, row)] => {
            format!("{}:{}: no FAQ in {title}: {}", path.display(), row.line, row.reason)
        }
        _ => {
            let reasons =
                tried.iter().map(|(title, row)| format!("\n  {title}: line {}: {}", row.line, row.reason));
            format!("{}: no FAQ found; tried{}", path.display(), reasons.collect::<String>())
        }
    }
}

fn list(rows: &[RowError]) -> String {
    rows.iter().map(|row| format!("\n  {row}")).collect()
}

/// A part of a file that could not be used, shown as `path:line: reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The file. Empty until the reader of the file fills it in: parsers see text, not files.
    pub path: PathBuf,
    /// The line, counting from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl RowError {
    /// A row error whose file is not known yet.
    pub fn new(line: usize, reason: impl Into<String>) -> Self {
        RowError { path: PathBuf::new(), line, reason: reason.into() }
    }

    /// The same error, in this file.
    pub fn in_file(self, path: &Path) -> Self {
        RowError { path: path.to_owned(), ..self }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.reason)
    }
}
