//! What can go wrong, for people and for callers.
//!
//! A file that cannot be used is an [`Error`]; a row in it that cannot be used is a [`RowError`],
//! and the rest of the file is used all the same.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be done. The message says what to do about it where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said. Not named `source`: the message has it, and whoever prints the chain
        /// of sources would say it twice.
        reason: std::io::Error,
    },
    /// A file is not what its name or use promises, from this line on.
    #[error("{0}")]
    Syntax(RowError),
    /// A file was read in all formats that it may have, and none gave an entry.
    #[error("{}", no_faq(path, tried))]
    NoFaq {
        /// The file.
        path: PathBuf,
        /// The formats, and why each did not fit.
        tried: Vec<(&'static str, RowError)>,
    },
    /// A folder holds no file that is a FAQ.
    #[error("{}: no FAQ in this folder; the files that are looked at end in {known}", path.display())]
    NoFaqInFolder {
        /// The folder.
        path: PathBuf,
        /// The endings that are known.
        known: String,
    },
    /// A FAQ passes a limit.
    #[error("{}: {reason}", path.display())]
    Limit {
        /// The file.
        path: PathBuf,
        /// The limit and what passes it.
        reason: String,
    },
    /// A FAQ file was read and holds no entry.
    #[error("{}: no entries{}", path.display(), list(rows))]
    NoEntries {
        /// The file.
        path: PathBuf,
        /// What was found and could not be used.
        rows: Vec<RowError>,
    },
    /// An embedding model could not be found, fetched or loaded, or it failed on a text.
    #[error("{0}")]
    Model(String),
    /// A number that decides about answers is not one that can.
    #[error("{0}")]
    Policy(String),
}

impl Error {
    /// For `map_err` on file operations.
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
    /// The file; empty until whoever read the file fills it in (parsers see text, not files).
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl RowError {
    /// A row error in a file that is not known yet.
    pub fn new(line: usize, reason: impl Into<String>) -> Self {
        RowError { path: PathBuf::new(), line, reason: reason.into() }
    }

    /// The same, in this file.
    pub fn in_file(self, path: &Path) -> Self {
        RowError { path: path.to_owned(), ..self }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.reason)
    }
}
