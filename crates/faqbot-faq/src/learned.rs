//! Phrasings and entries beside a FAQ whose own file cannot be edited: `shop.learned.yaml` belongs to `shop.html`, is
//! written by `faqbot review`, and read with it.
//!
//! ```yaml
//! - id: where-is-my-order        # an entry of the FAQ
//!   also:
//!     - has my parcel left
//! - id: gift-cards               # a new one; `out_of_scope: true` in the place of an answer
//!   question: Do you sell gift cards?
//!   answer: Yes, from 10 euros.
//! ```

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use saphyr::{Mapping, Scalar, Yaml};

use super::change::Change;
use super::entry::{Entry, EntryId, Faq};
use super::formats::yaml;
use super::loaded::{FileSummary, Loaded, Place};
use super::normalize::slug;
use super::readers::yaml_tree;
use super::sanitize::sanitize;
use crate::error::RowError;

/// What the names of these files end with.
const ENDING: &str = ".learned.yaml";

/// The file beside a FAQ's.
pub fn path(faq: &Path) -> PathBuf {
    let stem = faq.file_stem().unwrap_or_default().to_string_lossy();
    faq.with_file_name(format!("{stem}{ENDING}"))
}

/// Whether a file is such a one.
pub fn is_learned(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING))
}

/// What a file adds to an entry, or the entry that it adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Addition {
    line: usize,
    id: String,
    also: Vec<String>,
    /// Its question and answer, where it is new; no answer where it is out of scope.
    entry: Option<(String, Option<String>)>,
}

/// Reads a file, and says what in it is no addition.
///
/// # Errors
///
/// Returns an error if it is not YAML.
pub fn read(text: &str) -> Result<(Vec<Addition>, Vec<RowError>), RowError> {
    use super::readers::node::Value;
    let root = yaml_tree::read(text)?;
    let items = match root.value {
        Value::List(items) => items,
        Value::Null => Vec::new(),
        _ => return Err(RowError::new(root.line, "a list of entries, each with the `id` of one")),
    };
    let (mut additions, mut skipped) = (Vec::new(), Vec::new());
    for item in items {
        let line = item.line;
        let text = |name: &str| {
            let text = sanitize(item.text_of(name)?).0.trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let also = item.texts_of("also").into_iter().map(|text| sanitize(text).0.trim().to_owned());
        let also: Vec<String> = also.filter(|text| !text.is_empty()).collect();
        let out_of_scope = text("out_of_scope").as_deref() == Some("true");
        let entry = match (text("question"), text("answer")) {
            (Some(question), Some(answer)) => Some((question, Some(answer))),
            (Some(question), None) if out_of_scope => Some((question, None)),
            (None, None) if !also.is_empty() => None,
            _ => {
                skipped.push(RowError::new(line, "neither phrasings for an entry nor question and answer"));
                continue;
            }
        };
        match text("id").or_else(|| entry.as_ref().map(|(question, _)| slug(question))) {
            Some(id) => additions.push(Addition { line, id, also, entry }),
            None => skipped.push(RowError::new(line, "no `id` of the entry that the phrasings are for")),
        }
    }
    Ok((additions, skipped))
}

/// The text of a file with a change; `text` is what it holds, which stays as it is.
///
/// # Errors
///
/// As for [`read`]; or what it holds is not as it should be.
pub fn with(text: &str, faq: &Faq, name: &str, change: &Change) -> Result<String, RowError> {
    let (mut additions, skipped) = read(text)?;
    if let Some(row) = skipped.into_iter().next() {
        return Err(row);
    }
    let addition = match change {
        Change::Phrasing { id, phrasing } => {
            Addition { line: 0, id: id.clone(), also: vec![phrasing.clone()], entry: None }
        }
        Change::Entry { question, answer } => {
            let id = change.apply(faq).and_then(|faq| faq.entries.last().map(|entry| entry.id.to_string()));
            Addition {
                line: 0,
                id: id.unwrap_or_else(|| slug(question)),
                also: Vec::new(),
                entry: Some((question.clone(), answer.clone())),
            }
        }
    };
    let begin = match text {
        "" => format!("# What `faqbot review` added to {name}; it is read with that file.\n"),
        text if text.ends_with('\n') => text.to_owned(),
        text => format!("{text}\n"),
    };
    let after = begin + &write(&addition);
    // It is read back before it is written.
    additions.push(addition);
    let same = |(own, read): (&Addition, &Addition)| Addition { line: own.line, ..read.clone() } == *own;
    match read(&after)? {
        (read, skipped)
            if skipped.is_empty()
                && read.len() == additions.len()
                && additions.iter().zip(&read).all(same) =>
        {
            Ok(after)
        }
        _ => Err(RowError::new(1, "nothing can be added to what it holds; edit it by hand")),
    }
}

/// An addition as a list of one, which may stand below another.
fn write(addition: &Addition) -> String {
    let text = |text: &str| Yaml::Value(Scalar::String(Cow::Owned(text.to_owned())));
    let mut fields = Mapping::new();
    fields.insert(text("id"), text(&addition.id));
    if let Some((question, answer)) = &addition.entry {
        fields.insert(text("question"), text(question));
        match answer {
            Some(answer) => fields.insert(text("answer"), text(answer)),
            None => fields.insert(text("out_of_scope"), Yaml::Value(Scalar::Boolean(true))),
        };
    }
    if !addition.also.is_empty() {
        let also = addition.also.iter().map(|phrasing| text(phrasing)).collect();
        fields.insert(text("also"), Yaml::Sequence(also));
    }
    // What cannot be written is not read back either, which is said.
    yaml::document(&Yaml::Sequence(vec![Yaml::Mapping(fields)])).unwrap_or_default()
}

/// Joins what was added with a FAQ.
pub fn join(loaded: &mut Loaded, path: &Path, additions: Vec<Addition>, skipped: Vec<RowError>) {
    let file = loaded.files.len();
    let mut summary = FileSummary {
        taken: None,
        path: path.to_owned(),
        format: super::format::Format::named("yaml"),
        entries: 0,
        phrasings: 0,
    };
    loaded.skipped.extend(skipped.into_iter().map(|row| row.in_file(path)));
    let mut positions: HashMap<String, usize> =
        loaded.faq.entries.iter().enumerate().map(|(at, entry)| (entry.id.to_string(), at)).collect();
    for Addition { line, id, also, entry } in additions {
        let known = positions.get(&id).copied();
        let at = match (known, entry) {
            (Some(at), None) => at,
            (Some(at), Some((question, _))) if loaded.faq.entries[at].question() == question => at,
            (Some(_), Some(_)) => {
                let reason = format!("the FAQ has an entry `{id}` of its own now: this one is left out");
                loaded.skipped.push(RowError::new(line, reason).in_file(path));
                continue;
            }
            (None, Some((question, answer))) => {
                summary.entries += 1;
                positions.insert(id.clone(), loaded.faq.entries.len());
                loaded.places.push(Place { file, line });
                loaded.faq.entries.push(Entry {
                    id: EntryId::from(id.as_str()),
                    phrasings: vec![question],
                    out_of_scope: answer.is_none(),
                    answer: answer.unwrap_or_default(),
                    ..Entry::default()
                });
                summary.phrasings += 1;
                loaded.faq.entries.len() - 1
            }
            (None, None) => {
                let reason = format!("there is no entry `{id}` any more: its phrasings are left out");
                loaded.skipped.push(RowError::new(line, reason).in_file(path));
                continue;
            }
        };
        let phrasings = &mut loaded.faq.entries[at].phrasings;
        for phrasing in also {
            if !phrasings.iter().any(|own| own.to_lowercase() == phrasing.to_lowercase()) {
                phrasings.push(phrasing);
                summary.phrasings += 1;
            }
        }
    }
    loaded.files.push(summary);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faq() -> Loaded {
        Faq::read(b"Where is it?\nHere.\n\nWho are you?\nMe.\n", Path::new("shop.txt")).unwrap()
    }

    #[test]
    fn what_is_written_is_read_with_the_faq() {
        let mut loaded = faq();
        let changes = [
            Change::Phrasing { id: "where-is-it".into(), phrasing: "which # place: \"x\"".into() },
            Change::Phrasing { id: "where-is-it".into(), phrasing: "track it".into() },
            Change::Entry { question: "Gift cards?".into(), answer: Some("Yes,\n\n- 10\n- 20".into()) },
            Change::Entry { question: "Who are you?".into(), answer: None },
        ];
        let mut text = String::new();
        let mut wanted = loaded.faq.clone();
        for change in &changes {
            text = with(&text, &wanted, "shop.txt", change).unwrap();
            wanted = change.apply(&wanted).unwrap();
        }
        assert!(text.starts_with("# What"), "{text}");
        let (additions, skipped) = read(&text).unwrap();
        join(&mut loaded, Path::new("shop.learned.yaml"), additions, skipped);
        assert_eq!(loaded.faq, wanted);
        assert_eq!(loaded.place(3).0, Path::new("shop.learned.yaml"));
    }

    #[test]
    fn what_fits_nothing_is_said() {
        let mut loaded = faq();
        let (additions, skipped) =
            read("- id: gone\n  also: [a]\n- also: [b]\n- id: who-are-you\n- text\n").unwrap();
        join(&mut loaded, Path::new("a"), additions, skipped);
        let lines: Vec<usize> = loaded.skipped.iter().map(|row| row.line).collect();
        assert_eq!((loaded.faq, lines), (faq().faq, vec![3, 4, 5, 1]));
        assert!(read("a: b").is_err() && read("").unwrap().0.is_empty());
    }

    #[test]
    fn the_file_lies_beside() {
        assert_eq!(path(Path::new("a/shop.faq.html")), Path::new("a/shop.faq.learned.yaml"));
        assert!(is_learned(Path::new("a/shop.learned.yaml")) && !is_learned(Path::new("a/shop.yaml")));
    }
}
