//! A FAQ as read from files, and what there is to say about each file.

use std::path::{Path, PathBuf};

use super::entry::Faq;
use super::format::Format;
use crate::error::RowError;

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its file, as a position in [`Loaded::files`].
    pub file: usize,
    /// The line on which it begins, counted from 1.
    pub line: usize,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// The file.
    pub path: PathBuf,
    /// What it was read as; `None` for a file of a folder that holds no FAQ.
    pub format: Option<&'static Format>,
    /// The number of entries that begin in it.
    pub entries: usize,
    /// The number of their phrasings.
    pub phrasings: usize,
}

/// A FAQ as read from files, and what there is to say about each.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The FAQ; it has at least one entry.
    pub faq: Faq,
    /// Where each entry stands, in the order of the FAQ.
    pub places: Vec<Place>,
    /// The files, in the order they were read.
    pub files: Vec<FileSummary>,
    /// What was left out, each with its place and the reason.
    pub skipped: Vec<RowError>,
    /// What was joined with something further up.
    pub merged: Vec<RowError>,
    /// What else there is to know, such as another encoding.
    pub notes: Vec<RowError>,
}

impl Loaded {
    /// The file and line of an entry.
    pub fn place(&self, entry: usize) -> (&Path, usize) {
        let place = &self.places[entry];
        (&self.files[place.file].path, place.line)
    }
}
