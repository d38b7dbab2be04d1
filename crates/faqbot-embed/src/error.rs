//! Errors, for users and for callers.

use std::path::{Path, PathBuf};

/// The result type of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An embedding that failed, or a file of one. The message says what to do about it, where that is known.
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
    /// An embedding model could not be found, fetched or loaded, or failed on a text.
    #[error("{0}")]
    Model(String),
}

impl Error {
    /// Makes an [`Error::Io`], for `map_err` on file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |reason| Error::Io { path: path.to_owned(), reason }
    }
}
