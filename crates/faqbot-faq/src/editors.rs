//! What changes files in place: each editor proposes texts, of which the first that reads back as it should is taken. An
//! editor is shared by formats that are written alike.

use super::entry::Entry;

pub mod blocks;
pub mod rows;
pub mod tree;

/// What an editor works with.
pub struct Where<'t> {
    pub text: &'t str,
    /// What ends a line in this file.
    pub end: &'static str,
    /// The entry that a phrasing is for, or else the last, which a new one follows.
    pub entry: &'t Entry,
    /// The line on which it starts, counting from 1.
    pub line: usize,
}

impl Where<'_> {
    /// Where a line begins, counting from 1.
    pub fn start_of(&self, line: usize) -> usize {
        self.text.split_inclusive('\n').take(line - 1).map(str::len).sum()
    }

    /// Where the line that holds a position ends, behind its line break.
    pub fn end_of_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// The text with `lines` put in at a place where a line begins or the text ends.
    pub fn with_lines(&self, at: usize, lines: &str) -> String {
        let (before, after) = self.text.split_at(at);
        let open = !before.is_empty() && !before.ends_with('\n');
        let lines = lines.replace('\n', self.end);
        // A text that ends without a line break still does.
        let lines =
            if open { format!("{}{}", self.end, lines.trim_end_matches(['\r', '\n'])) } else { lines };
        format!("{before}{lines}{after}")
    }
}
