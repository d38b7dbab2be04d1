//! Errors, for users and for callers.

use std::path::{Path, PathBuf};

/// The result type of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// A store that cannot be used, or what it holds. The message says what to do about it, where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no address of a store, or none is there.
    #[error("{0}")]
    Address(String),
    /// The store cannot be opened.
    #[error("the store {store}")]
    Open {
        /// Its address, without a password.
        store: String,
        /// The database's error.
        source: sqlx::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The store holds what this program did not write.
    #[error("the store holds {0}")]
    Content(String),
    /// A FAQ has no version of this number.
    #[error("there is no version {number} of {faq}")]
    NoVersion {
        /// The FAQ.
        faq: String,
        /// The number.
        number: i64,
    },
    /// Someone else published this version.
    #[error(
        "someone else published version {number} of {faq} meanwhile: see `faqbot versions`, and publish again"
    )]
    Published {
        /// The FAQ.
        faq: String,
        /// The number.
        number: i64,
    },
    /// Something was decided or changed elsewhere meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// What is wanted cannot be done, for a reason that whoever wants it can change.
    #[error("{0}")]
    Refused(String),
    /// A file could not be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Matching failed, or what it is based on.
    #[error(transparent)]
    Core(#[from] faqbot_core::Error),
    /// A [`Source`](crate::source::Source) failed.
    #[error(transparent)]
    Source(Box<dyn std::error::Error + Send + Sync>),
}

impl From<faqbot_faq::Error> for Error {
    fn from(error: faqbot_faq::Error) -> Self {
        Error::Core(error.into())
    }
}

impl From<faqbot_embed::Error> for Error {
    fn from(error: faqbot_embed::Error) -> Self {
        Error::Core(error.into())
    }
}

impl Error {
    /// Makes an [`Error::File`], for `map_err` on file operations.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
        move |source| Error::File { path: path.to_owned(), source }
    }
}
