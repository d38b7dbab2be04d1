//! A file's values with the lines they stand on, and how entries are read from them. YAML, JSON and
//! JSONL share it, so that they have the same fields and the same messages.

use super::{Parsed, RawEntry};
use crate::error::RowError;

/// A value in a file. Scalars keep the text they were written as: `answer: 42` is text here.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Nesting deeper than this is refused: a FAQ has four levels, and trees are walked recursively.
pub const MAX_DEPTH: usize = 64;

const ENTRY_FIELDS: &str = "id, question (or questions), also, answer, source, tags, min_confidence";

/// Reads a whole file: a mapping with `entries`, or a list of entries.
pub fn faq(root: Node) -> Result<Parsed, RowError> {
    let mut parsed = Parsed::default();
    let entries = match root.value {
        Value::List(entries) => entries,
        Value::Map(fields) => {
            let mut entries = None;
            for (name, node) in fields {
                let target = match name.as_str() {
                    "title" => &mut parsed.title,
                    "greeting" => &mut parsed.greeting,
                    "fallback" => &mut parsed.fallback,
                    "entries" => {
                        match node.value {
                            Value::List(list) => entries = Some(list),
                            Value::Null => entries = Some(Vec::new()),
                            _ => return Err(RowError::new(node.line, "`entries` must be a list")),
                        }
                        continue;
                    }
                    _ => {
                        let reason =
                            format!("unknown field `{name}`; known: title, greeting, fallback, entries");
                        parsed.errors.push(RowError::new(node.line, reason));
                        continue;
                    }
                };
                match text(node, &name) {
                    Ok(value) => *target = value,
                    Err(error) => parsed.errors.push(error),
                }
            }
            entries.ok_or_else(|| RowError::new(root.line, "no `entries`: a FAQ is a list of entries"))?
        }
        Value::Null | Value::Text(_) => return Err(RowError::new(root.line, "a FAQ is a list of entries")),
    };
    for node in entries {
        entry(node, &mut parsed);
    }
    Ok(parsed)
}

/// Reads one entry. Whatever is wrong with it is said, and if that leaves it without meaning it is
/// left out.
pub fn entry(node: Node, parsed: &mut Parsed) {
    let line = node.line;
    let Value::Map(fields) = node.value else {
        let reason = format!("an entry is a mapping with {ENTRY_FIELDS}");
        return parsed.errors.push(RowError::new(line, reason));
    };
    let mut raw = RawEntry { line, ..RawEntry::default() };
    let mut also = Vec::new();
    let mut errors = Vec::new();
    for (name, node) in fields {
        let line = node.line;
        let read = match name.as_str() {
            "id" => text(node, &name).map(|id| raw.id = id),
            "question" | "questions" => texts(node, &name).map(|texts| raw.questions.extend(texts)),
            "also" => texts(node, &name).map(|texts| also = texts),
            "answer" => text(node, &name).map(|answer| raw.answer = answer),
            "source" => text(node, &name).map(|source| raw.source = source),
            "tags" => texts(node, &name).map(|tags| raw.tags = tags),
            "min_confidence" => number(node, &name).map(|confidence| raw.min_confidence = confidence),
            _ => {
                // The entry is used all the same: its meaning does not hang on this field.
                let reason = format!("unknown field `{name}`; known: {ENTRY_FIELDS}");
                parsed.errors.push(RowError::new(line, reason));
                Ok(())
            }
        };
        errors.extend(read.err());
    }
    if errors.is_empty() {
        raw.questions.append(&mut also);
        parsed.entries.push(raw);
    } else {
        parsed.errors.append(&mut errors);
    }
}

fn text(node: Node, name: &str) -> Result<Option<String>, RowError> {
    match node.value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        Value::List(_) | Value::Map(_) => Err(RowError::new(node.line, format!("`{name}` must be text"))),
    }
}

/// A text, or a list of texts.
fn texts(node: Node, name: &str) -> Result<Vec<String>, RowError> {
    match node.value {
        Value::List(list) => {
            let texts = list.into_iter().map(|node| {
                let line = node.line;
                text(node, name).map_err(|_| RowError::new(line, format!("`{name}` must be a list of texts")))
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        _ => Ok(text(node, name)?.into_iter().collect()),
    }
}

fn number(node: Node, name: &str) -> Result<Option<f32>, RowError> {
    let line = node.line;
    text(node, name)?
        .map(|text| {
            text.trim()
                .parse()
                .map_err(|_| RowError::new(line, format!("`{name}` is \"{text}\", not a number")))
        })
        .transpose()
}
