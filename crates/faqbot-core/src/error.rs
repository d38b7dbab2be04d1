//! Errors, for users and for callers.

use std::path::{Path, PathBuf};

pub use faqbot_faq::RowError;

/// The result type of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate. The message says what to do about it, where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A FAQ cannot be read or written.
    #[error(transparent)]
    Faq(#[from] faqbot_faq::Error),
    /// An embedding failed, or a file of one.
    #[error(transparent)]
    Embed(#[from] faqbot_embed::Error),
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
    /// A number that decides about answers, such as a threshold, is out of range.
    #[error("{0}")]
    Policy(String),
}

impl Error {
    /// Makes an [`Error::Io`], for `map_err` on file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |reason| Error::Io { path: path.to_owned(), reason }
    }
}
