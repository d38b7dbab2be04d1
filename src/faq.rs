//! FAQs: entries with their wordings and answers, and how they are read from files.
//!
//! Each format is a file of its own under `faq/`, a pure function from text to [`Parsed`];
//! [`Format::parse`] is the one place that picks it. What holds for every format (trimming, ids,
//! what an entry must have) is done here, in [`Faq::from_parsed`].

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::error::{Error, Result, RowError};

pub mod csv;
pub mod json;
pub mod jsonl;
pub mod markdown;
mod node;
pub mod plain;
pub mod qna;
mod text;
pub mod yaml;

/// A file larger than this is refused: 256 MiB of questions and answers is a mistake.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The name of an entry, unique in its FAQ.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(String);

impl EntryId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for EntryId {
    fn from(id: &str) -> Self {
        EntryId(id.to_owned())
    }
}

/// One answer and the ways of asking for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The entry's name.
    pub id: EntryId,
    /// The wordings, at least one; the first is the question as the FAQ shows it.
    pub phrasings: Vec<String>,
    /// The answer, as Markdown.
    pub answer: String,
    /// Where the answer comes from.
    pub source: Option<String>,
    /// Topics.
    pub tags: Vec<String>,
    /// The confidence above which this entry answers, in `0..=1`, where it has one of its own.
    pub min_confidence: Option<f32>,
}

impl Entry {
    /// The question as the FAQ shows it.
    pub fn question(&self) -> &str {
        &self.phrasings[0]
    }
}

/// A list of entries, and what the bot says beside them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faq {
    /// What the FAQ is about.
    pub title: Option<String>,
    /// What the bot says when a chat begins.
    pub greeting: Option<String>,
    /// What the bot says when it has no answer.
    pub fallback: Option<String>,
    /// The entries, in the file's order.
    pub entries: Vec<Entry>,
}

/// A FAQ as read from a file, and what in the file could not be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The FAQ; it has at least one entry.
    pub faq: Faq,
    /// What was left out, each with its place and the reason.
    pub skipped: Vec<RowError>,
}

/// An entry as a file has it, before it is checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawEntry {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Its id, if the file gives one.
    pub id: Option<String>,
    /// The wordings; the first is the question.
    pub questions: Vec<String>,
    /// The answer.
    pub answer: Option<String>,
    /// See [`Entry::source`].
    pub source: Option<String>,
    /// See [`Entry::tags`].
    pub tags: Vec<String>,
    /// See [`Entry::min_confidence`].
    pub min_confidence: Option<f32>,
}

/// What a parser makes of a file.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// See [`Faq::title`].
    pub title: Option<String>,
    /// See [`Faq::greeting`].
    pub greeting: Option<String>,
    /// See [`Faq::fallback`].
    pub fallback: Option<String>,
    /// The entries that could be read.
    pub entries: Vec<RawEntry>,
    /// What could not be.
    pub errors: Vec<RowError>,
}

/// Whether an entry must have an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// An entry without one is left out and said: a bot that answers needs it.
    Required,
    /// An entry without one has an empty answer: enough to measure the matching.
    Optional,
}

/// A file format that FAQs come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The native format: [`yaml`].
    Yaml,
    /// [`json`].
    Json,
    /// [`jsonl`].
    Jsonl,
    /// [`csv`], with any delimiter.
    Csv,
    /// [`markdown`].
    Markdown,
    /// [`qna`].
    Qna,
    /// [`plain`].
    Plain,
}

impl Format {
    /// The format of a file with this name, and all the endings that are known if there is none.
    fn of(path: &Path) -> Result<Format> {
        const ENDINGS: [(&str, Format); 11] = [
            ("yaml", Format::Yaml),
            ("yml", Format::Yaml),
            ("json", Format::Json),
            ("jsonl", Format::Jsonl),
            ("ndjson", Format::Jsonl),
            ("csv", Format::Csv),
            ("tsv", Format::Csv),
            ("md", Format::Markdown),
            ("markdown", Format::Markdown),
            ("qna", Format::Qna),
            ("txt", Format::Plain),
        ];
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let found = ENDINGS.iter().find(|(known, _)| Some(*known) == ending.as_deref());
        found.map(|&(_, format)| format).ok_or_else(|| Error::UnknownFormat {
            path: path.to_owned(),
            known: ENDINGS.map(|(known, _)| format!(".{known}")).join(", "),
        })
    }

    /// Reads text of this format. `Err` where the text as a whole is not of the format.
    pub fn parse(self, text: &str) -> std::result::Result<Parsed, RowError> {
        match self {
            Format::Yaml => yaml::parse(text),
            Format::Json => json::parse(text),
            Format::Jsonl => Ok(jsonl::parse(text)),
            Format::Csv => csv::parse(text),
            Format::Markdown => markdown::parse(text),
            Format::Qna => qna::parse(text),
            Format::Plain => plain::parse(text),
        }
    }
}

impl Faq {
    /// Reads a FAQ from a file; the name's ending says the format.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is too large, is not of its format, or holds no entry that can be used. Single entries that cannot be used are in [`Loaded::skipped`].
    pub fn load(path: &Path) -> Result<Loaded> {
        Self::load_with(path, Answers::Required)
    }

    /// As [`Faq::load`], with or without answers.
    ///
    /// # Errors
    ///
    /// As [`Faq::load`].
    pub fn load_with(path: &Path, answers: Answers) -> Result<Loaded> {
        let format = Format::of(path)?;
        let size = fs::metadata(path).map_err(Error::io(path))?.len();
        if size > MAX_FILE_BYTES {
            let reason = format!("the file has {size} bytes; at most {MAX_FILE_BYTES} are read");
            return Err(Error::Syntax(RowError::new(1, reason).in_file(path)));
        }
        let bytes = fs::read(path).map_err(Error::io(path))?;
        Self::read_with(&bytes, format, path, answers)
    }

    /// Reads a FAQ from bytes of a known format. `path` is for messages only.
    ///
    /// # Errors
    ///
    /// As [`Faq::load`].
    pub fn read(bytes: &[u8], format: Format, path: &Path) -> Result<Loaded> {
        Self::read_with(bytes, format, path, Answers::Required)
    }

    fn read_with(bytes: &[u8], format: Format, path: &Path, answers: Answers) -> Result<Loaded> {
        let syntax = |row: RowError| Error::Syntax(row.in_file(path));
        let (text, encoding) = text::decode(bytes);
        let mut parsed = format.parse(&text).map_err(syntax)?;
        parsed.errors.extend(encoding);
        let (faq, skipped) = Self::from_parsed(parsed, answers);
        let skipped: Vec<RowError> = skipped.into_iter().map(|row| row.in_file(path)).collect();
        if faq.entries.is_empty() {
            return Err(Error::NoEntries { path: path.to_owned(), rows: skipped });
        }
        Ok(Loaded { faq, skipped })
    }

    /// Checks what a parser read: texts are trimmed, entries without an id get the slug of their
    /// question, and what cannot be used is left out and said.
    pub fn from_parsed(parsed: Parsed, answers: Answers) -> (Faq, Vec<RowError>) {
        let mut errors = parsed.errors;
        let mut entries: Vec<Entry> = Vec::with_capacity(parsed.entries.len());
        // Ids that the file gives are taken first, so that a made one never steals one.
        let given: HashSet<String> =
            parsed.entries.iter().filter_map(|raw| raw.id.as_deref().and_then(clean)).collect();
        let mut lines: HashMap<String, usize> = HashMap::new();
        // For each slug the number to try next: many entries may have the same question.
        let mut next: HashMap<String, usize> = HashMap::new();
        for raw in parsed.entries {
            let line = raw.line;
            match check(raw, answers) {
                Ok((id, mut entry)) => {
                    let id = id.unwrap_or_else(|| {
                        let slug = slug(entry.question());
                        let number = next.entry(slug.clone()).or_insert(1);
                        loop {
                            let id = if *number == 1 { slug.clone() } else { format!("{slug}-{number}") };
                            *number += 1;
                            if !given.contains(&id) && !lines.contains_key(&id) {
                                break id;
                            }
                        }
                    });
                    if let Some(first) = lines.get(&id) {
                        errors.push(RowError::new(line, format!("the id `{id}` is taken by line {first}")));
                        continue;
                    }
                    entry.id = EntryId(id.clone());
                    lines.insert(id, line);
                    entries.push(entry);
                }
                Err(reason) => errors.push(RowError::new(line, reason)),
            }
        }
        errors.sort_by_key(|error| error.line);
        let text = |text: Option<String>| text.as_deref().and_then(clean);
        let faq = Faq {
            title: text(parsed.title),
            greeting: text(parsed.greeting),
            fallback: text(parsed.fallback),
            entries,
        };
        (faq, errors)
    }

    /// The number of wordings in all entries.
    pub fn phrasing_count(&self) -> usize {
        self.entries.iter().map(|entry| entry.phrasings.len()).sum()
    }

    /// The position of the entry with this id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id.as_str() == id)
    }
}

/// Counts lines on a way through a text.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    /// For a text that begins on line `first` of its file.
    fn new(text: &'t str, first: usize) -> Self {
        Lines { text: text.as_bytes(), at: 0, line: first }
    }

    /// The line of the byte at `offset`. Offsets must not go back.
    fn at(&mut self, offset: usize) -> usize {
        let offset = offset.clamp(self.at, self.text.len());
        self.line += self.text[self.at..offset].iter().filter(|&&byte| byte == b'\n').count();
        self.at = offset;
        self.line
    }
}

/// The text without surrounding white space, unless nothing is left.
fn clean(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// An entry without its id yet, and the id that the file gives it; or why it cannot be used.
fn check(raw: RawEntry, answers: Answers) -> std::result::Result<(Option<String>, Entry), String> {
    let mut seen = HashSet::new();
    let phrasings: Vec<String> = raw
        .questions
        .iter()
        .filter_map(|question| clean(question))
        .filter(|question| seen.insert(question.to_lowercase()))
        .collect();
    if phrasings.is_empty() {
        return Err("no question".into());
    }
    let answer = match raw.answer.as_deref().and_then(clean) {
        Some(answer) => answer,
        None if answers == Answers::Optional => String::new(),
        None => return Err(format!("no answer to \"{}\"", abridge(&phrasings[0], 60))),
    };
    if let Some(confidence) = raw.min_confidence
        && !(0.0..=1.0).contains(&confidence)
    {
        return Err(format!("min_confidence is {confidence}; it must lie from 0 to 1"));
    }
    let entry = Entry {
        id: EntryId(String::new()),
        phrasings,
        answer,
        source: raw.source.as_deref().and_then(clean),
        tags: raw.tags.iter().filter_map(|tag| clean(tag)).collect(),
        min_confidence: raw.min_confidence,
    };
    Ok((raw.id.as_deref().and_then(clean), entry))
}

/// At most `limit` characters of a text, on one line, with an ellipsis where more were.
pub fn abridge(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// The words of a text as an id: lower case, without accents, joined by `-`.
///
/// ```
/// assert_eq!(faqbot::faq::slug("Where's the Café?"), "wheres-the-cafe");
/// assert_eq!(faqbot::faq::slug("???"), "entry");
/// ```
pub fn slug(text: &str) -> String {
    let without_apostrophes: String = text.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let words = normalize_wording(&without_apostrophes).replace(' ', "-");
    if words.is_empty() { "entry".into() } else { words }
}

/// A wording without what does not change its meaning: case, accents, punctuation, width, spacing.
/// Two wordings with the same result are the same question; an empty result is no question.
///
/// ```
/// use faqbot::faq::normalize_wording;
/// assert_eq!(normalize_wording("  Où est le CAFÉ ?! "), normalize_wording("ou est le cafe"));
/// assert_eq!(normalize_wording("…?!"), "");
/// ```
pub fn normalize_wording(text: &str) -> String {
    let folded = text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase);
    let mut words = String::with_capacity(text.len());
    let mut gap = false;
    for c in folded {
        if c.is_alphanumeric() {
            if gap && !words.is_empty() {
                words.push(' ');
            }
            gap = false;
            words.push(c);
        } else {
            gap = true;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(line: usize, id: Option<&str>, questions: &[&str], answer: Option<&str>) -> RawEntry {
        RawEntry {
            line,
            id: id.map(Into::into),
            questions: questions.iter().map(|&question| question.into()).collect(),
            answer: answer.map(Into::into),
            ..RawEntry::default()
        }
    }

    #[test]
    fn every_bad_row_is_said_and_the_rest_is_used() {
        let parsed = Parsed {
            entries: vec![
                raw(1, None, &["What is it?", " what is IT? ", "Which?"], Some(" This. ")),
                raw(5, None, &["  "], Some("answer")),
                raw(7, None, &["And then?"], Some("  ")),
                raw(9, Some("what-is-it"), &["What else?"], Some("That.")),
                raw(11, Some("what-is-it"), &["What now?"], Some("Nothing.")),
                RawEntry { min_confidence: Some(1.5), ..raw(13, None, &["How sure?"], Some("Very.")) },
            ],
            errors: vec![RowError::new(3, "broken")],
            ..Parsed::default()
        };
        let (faq, errors) = Faq::from_parsed(parsed, Answers::Required);
        let ids: Vec<&str> = faq.entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["what-is-it-2", "what-is-it"]);
        assert_eq!(faq.entries[0].phrasings, ["What is it?", "Which?"]);
        assert_eq!(faq.entries[0].answer, "This.");
        let errors: Vec<String> =
            errors.iter().map(|error| format!("{}: {}", error.line, error.reason)).collect();
        assert_eq!(
            errors,
            [
                "3: broken",
                "5: no question",
                "7: no answer to \"And then?\"",
                "11: the id `what-is-it` is taken by line 9",
                "13: min_confidence is 1.5; it must lie from 0 to 1",
            ]
        );
    }

    #[test]
    fn wordings_in_any_script_keep_their_letters() {
        assert_eq!(normalize_wording("如何重置密码？"), "如何重置密码");
        assert_eq!(normalize_wording("Ｆｕｌｌ　ｗｉｄｔｈ！"), "full width");
        assert_eq!(normalize_wording("error 0x80-07"), "error 0x80 07");
        assert_eq!(slug("Как дела?"), "как-дела");
    }

    #[test]
    fn long_texts_are_abridged_at_characters() {
        assert_eq!(abridge("añb\n c", 10), "añb c");
        assert_eq!(abridge("ñandú grande", 5), "ñandú…");
    }
}
