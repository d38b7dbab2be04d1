//! A FAQ as read from files, with a report on each file.

use std::path::{Path, PathBuf};

use super::entry::Faq;
use super::format::Format;
use crate::error::RowError;

/// Where an entry is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its file, as a position in [`Loaded::files`].
    pub file: usize,
    /// The line on which it starts, counting from 1.
    pub line: usize,
}

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// The file.
    pub path: PathBuf,
    /// The format it was read as; `None` for a file in a folder that holds no FAQ.
    pub format: Option<&'static Format>,
    /// What was taken for the questions and what for the answers, where the format does not say it: "questions in
    /// column `Frage`, answers in column `Antwort`".
    pub taken: Option<String>,
    /// The number of entries that start in it.
    pub entries: usize,
    /// The number of their phrasings.
    pub phrasings: usize,
}

/// A FAQ as read from files, with reports on them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The FAQ; it has at least one entry.
    pub faq: Faq,
    /// Where each entry is defined, in the order of the FAQ.
    pub places: Vec<Place>,
    /// The files, in the order they were read.
    pub files: Vec<FileSummary>,
    /// What was left out, each with its place and the reason.
    pub skipped: Vec<RowError>,
    /// What was joined with something earlier.
    pub merged: Vec<RowError>,
    /// Other remarks, such as an unexpected encoding.
    pub notes: Vec<RowError>,
}

impl Loaded {
    /// The file and line of an entry.
    pub fn place(&self, entry: usize) -> (&Path, usize) {
        let place = &self.places[entry];
        (&self.files[place.file].path, place.line)
    }
}
