//! FAQs: entries with their phrasings and answers, and how they are read from files and written.
//!
//! `load` reads files and folders: `decode` makes text of bytes, `format` picks one of the `formats`, and
//! `assemble` does what holds for all of them (trimming, ids, what an entry must have). What formats share
//! is in `readers`. `edit` changes a file in place, and `learned` is what stands beside one that cannot be changed so.

#[cfg(feature = "spreadsheets")]
mod archive;
mod assemble;
pub mod change;
mod decode;
pub mod edit;
mod editors;
pub mod entry;
mod error;
pub mod format;
mod formats;
pub mod learned;
pub mod load;
pub mod loaded;
pub mod normalize;
pub mod options;
mod parsed;
mod readers;
pub mod sanitize;
mod schema;

pub use change::Change;
pub use entry::{Entry, EntryId, Faq, SmallTalk, SmallTalkKind};
pub use error::{Error, Result, RowError};
pub use format::Format;
pub use loaded::{FileSummary, Loaded, Place};
pub use normalize::{abridge, normalize_phrasing, one_line, slug};
pub use options::{Answers, Limits, ReadOptions};
pub use readers::columns::ColumnMap;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
