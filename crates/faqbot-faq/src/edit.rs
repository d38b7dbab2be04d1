//! Changes a FAQ's file in place: only the lines concerned are touched, and comments, order, quoting and line ends stay.
//!
//! Each format's editor proposes a text; what is proposed is read back, and taken only if it gives the FAQ that there was
//! with the change and nothing else. What a format has no place for, or an editor does not understand, goes to a file
//! beside it: see [`super::learned`].

use std::path::Path;

use super::change::Change;
use super::editors::Where;
use super::entry::Entry;
use super::load;
use super::loaded::Loaded;
use super::options::ReadOptions;

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
    let place = place(text, &before, change)?;
    let texts = format.edit(&place, change);
    let texts = texts.into_iter().map(|text| format!("{mark}{text}").into_bytes());
    let reads =
        |bytes: &Vec<u8>| load::read(bytes, path, options).is_ok_and(|after| is(&before, change, &after));
    texts.into_iter().find(reads)
}

/// Where a change belongs.
fn place<'t>(text: &'t str, loaded: &'t Loaded, change: &Change) -> Option<Where<'t>> {
    let at = match change {
        Change::Phrasing { id, .. } => loaded.faq.position(id)?,
        Change::Entry { .. } => loaded.faq.entries.len() - 1,
    };
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    Some(Where { text, end, entry: &loaded.faq.entries[at], line: loaded.places[at].line })
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
        && wanted.synonyms == after.faq.synonyms
        && wanted.entries.len() == after.faq.entries.len()
        && wanted.entries.iter().zip(&after.faq.entries).all(same)
        && said(before) == said(after)
}
