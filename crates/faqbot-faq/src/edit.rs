//! Changes a FAQ's file in place: only the lines concerned are touched, and comments, order, quoting and line ends stay.
//!
//! Each format's editor proposes a text; what is proposed is read back, and taken only if it gives the FAQ that there was
//! with the change and nothing else. What a format has no place for, or an editor does not understand, goes to a file
//! beside it: see [`super::learned`].

use std::path::Path;

use super::change::Change;
use super::entry::Entry;
use super::load;
use super::loaded::Loaded;
use super::options::ReadOptions;

mod blocks;
mod rows;
mod tree;

/// The bytes of a file with a change, or `None` where it cannot be made there.
pub fn edit(bytes: &[u8], path: &Path, options: &ReadOptions, change: &Change) -> Option<Vec<u8>> {
    let before = load::read(bytes, path, options).ok()?;
    let format = before.files.first()?.format?;
    const MARK: &str = "\u{feff}";
    let text = std::str::from_utf8(bytes).ok()?;
    let (mark, text) = match text.strip_prefix(MARK) {
        Some(text) => (MARK, text),
        None => ("", text),
    };
    let place = Where::new(text, &before, change)?;
    let texts = match format.name {
        "yaml" | "json" => tree::edit(&place, change).into_iter().collect(),
        "jsonl" => tree::edit_line(&place, change).into_iter().collect(),
        "markdown" => blocks::markdown(&place, change),
        "qna" => blocks::qna(&place, change).into_iter().collect(),
        "csv" | "tsv" | "qnamaker" => rows::edit(&place, change, format.name),
        _ => Vec::new(),
    };
    let texts = texts.into_iter().map(|text| format!("{mark}{text}").into_bytes());
    let reads =
        |bytes: &Vec<u8>| load::read(bytes, path, options).is_ok_and(|after| is(&before, change, &after));
    texts.into_iter().find(reads)
}

/// What an editor works with.
struct Where<'t> {
    text: &'t str,
    /// What ends a line in this file.
    end: &'static str,
    /// The entry that a phrasing is for, or else the last, which a new one follows.
    entry: &'t Entry,
    /// The line on which it starts, counting from 1.
    line: usize,
}

impl<'t> Where<'t> {
    fn new(text: &'t str, loaded: &'t Loaded, change: &Change) -> Option<Self> {
        let at = match change {
            Change::Phrasing { id, .. } => loaded.faq.position(id)?,
            Change::Entry { .. } => loaded.faq.entries.len() - 1,
        };
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Some(Where { text, end, entry: &loaded.faq.entries[at], line: loaded.places[at].line })
    }

    /// Where a line begins, counting from 1.
    fn start_of(&self, line: usize) -> usize {
        self.text.split_inclusive('\n').take(line - 1).map(str::len).sum()
    }

    /// Where the line that holds a position ends, behind its line break.
    fn end_of_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// The text with `lines` put in at a place where a line begins or the text ends.
    fn with_lines(&self, at: usize, lines: &str) -> String {
        let (before, after) = self.text.split_at(at);
        let open = !before.is_empty() && !before.ends_with('\n');
        let lines = lines.replace('\n', self.end);
        // A text that ends without a line break still does.
        let lines =
            if open { format!("{}{}", self.end, lines.trim_end_matches(['\r', '\n'])) } else { lines };
        format!("{before}{lines}{after}")
    }
}

/// Whether a file that is read again gives what it gave before, with the change and nothing else.
fn is(before: &Loaded, change: &Change, after: &Loaded) -> bool {
    let Some(wanted) = change.apply(&before.faq) else { return false };
    // That rows were joined is what was wanted.
    let said = |loaded: &Loaded| (loaded.skipped.len(), loaded.notes.len());
    let same = |(wanted, own): (&Entry, &Entry)| {
        // A new entry's id may follow from its place in the file.
        let ids = wanted.id == own.id || before.faq.position(wanted.id.as_str()).is_none();
        let answers = wanted.answer.trim() == own.answer.trim();
        ids && answers
            && Entry { id: wanted.id.clone(), answer: wanted.answer.clone(), ..own.clone() } == *wanted
    };
    wanted.texts() == after.faq.texts()
        && wanted.small_talk == after.faq.small_talk
        && wanted.entries.len() == after.faq.entries.len()
        && wanted.entries.iter().zip(&after.faq.entries).all(same)
        && said(before) == said(after)
}
