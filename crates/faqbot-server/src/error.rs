//! Errors, for users and for callers.

use std::error::Error as StdError;
use std::fmt::Display;

/// The result type of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A server that cannot start, or a part of it that failed. The message says what to do about it, where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is wanted cannot be done; the message says why.
    #[error("{0}")]
    Refused(String),
    /// Something that the server needs failed.
    #[error("{what}")]
    Failed {
        /// What it is, or what it was to do.
        what: String,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The store failed, or what a FAQ comes from.
    #[error(transparent)]
    Store(#[from] faqbot_store::Error),
    /// Matching failed.
    #[error(transparent)]
    Core(#[from] faqbot_core::Error),
    /// A part of the server panicked; another part goes on.
    #[error("{0}")]
    Panic(&'static str),
}

impl From<faqbot_embed::Error> for Error {
    fn from(error: faqbot_embed::Error) -> Self {
        Error::Core(error.into())
    }
}

impl Error {
    /// Makes an [`Error::Failed`], for `map_err`.
    pub(crate) fn failed<E: Into<Box<dyn StdError + Send + Sync>>>(
        what: impl Display,
    ) -> impl FnOnce(E) -> Error {
        move |source| Error::Failed { what: what.to_string(), source: source.into() }
    }
}

/// An error with its sources, in a line.
pub(crate) fn in_full(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
