//! Errors, for users and for callers.

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
}
