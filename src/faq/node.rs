//! A file's values with the lines they stand on, and how entries are read from them. YAML, JSON, JSONL
//! and TOML share it, so that they have the same fields and the same messages.

use std::collections::HashSet;

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

impl Node {
    /// The field with this name, of a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(fields) => fields.iter().find(|(own, _)| own == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, or the texts in a list.
    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::List(items) => items.iter().filter_map(Node::as_text).collect(),
            _ => self.as_text().into_iter().collect(),
        }
    }
}

/// Nesting deeper than this is refused: a FAQ has four levels, and trees are walked recursively.
pub const MAX_DEPTH: usize = 64;

/// The names that fields go by; the first of each is the native format's.
const ID: &[&str] = &["id", "qid"];
const QUESTION: &[&str] = &["question", "questions", "q", "title", "questionText"];
const ALSO: &[&str] = &["also", "alternatives", "phrasings", "utterances"];
const ANSWER: &[&str] = &["answer", "a", "text", "answerText"];
const SOURCE: &[&str] = &["source", "sourceUrl"];
const TAGS: &[&str] = &["tags", "topic"];

/// Names that say only that entries follow: these are no topics.
const CONTAINERS: [&str; 9] = ["data", "entries", "faq", "faqs", "items", "qa", "qna", "qnas", "questions"];

/// Reads a whole file: a mapping with `entries`, or entries in lists under any nesting of names, which
/// become tags.
pub fn faq(root: Node) -> Result<Parsed, RowError> {
    let mut parsed = Parsed::default();
    let mut unused = HashSet::new();
    let line = root.line;
    match root.value {
        Value::Map(fields) if fields.iter().any(|(name, _)| name == "entries") => {
            for (name, node) in fields {
                let target = match name.as_str() {
                    "title" => &mut parsed.title,
                    "greeting" => &mut parsed.greeting,
                    "fallback" => &mut parsed.fallback,
                    "entries" => {
                        match node.value {
                            Value::List(entries) => {
                                entries.into_iter().for_each(|node| entry(node, &mut parsed, &mut unused));
                            }
                            Value::Null => {}
                            _ => return Err(RowError::new(node.line, "`entries` must be a list")),
                        }
                        continue;
                    }
                    _ => {
                        let reason =
                            format!("unknown field `{name}`; known: title, greeting, fallback, entries");
                        parsed.skipped.push(RowError::new(node.line, reason));
                        continue;
                    }
                };
                match text(node, &name) {
                    Ok(value) => *target = value,
                    Err(error) => parsed.skipped.push(error),
                }
            }
        }
        value @ (Value::List(_) | Value::Map(_)) => {
            let list = matches!(value, Value::List(_));
            nested(Node { line, value }, &mut Vec::new(), &mut parsed, &mut unused);
            if !list && parsed.entries.is_empty() && parsed.skipped.is_empty() {
                return Err(RowError::new(line, "no `entries`, and no list of questions and answers"));
            }
        }
        Value::Null | Value::Text(_) => return Err(RowError::new(line, "a FAQ is a list of entries")),
    }
    Ok(parsed)
}

/// Reads the entries below a value. The names on the way to them are their tags.
fn nested(node: Node, names: &mut Vec<String>, parsed: &mut Parsed, unused: &mut HashSet<String>) {
    match node.value {
        Value::List(items) => {
            for item in items {
                let leads_on = matches!(&item.value, Value::List(_))
                    || matches!(&item.value, Value::Map(fields) if leads_on(fields));
                if leads_on {
                    nested(item, names, parsed, unused);
                } else {
                    tagged(item, names, parsed, unused);
                }
            }
        }
        Value::Map(fields) if is_entry(&fields) => {
            tagged(Node { line: node.line, value: Value::Map(fields) }, names, parsed, unused);
        }
        Value::Map(fields) => {
            for (name, child) in fields {
                if matches!(child.value, Value::List(_) | Value::Map(_)) {
                    let names_topic = !CONTAINERS.contains(&name.to_lowercase().as_str());
                    if names_topic {
                        names.push(name);
                    }
                    nested(child, names, parsed, unused);
                    if names_topic {
                        names.pop();
                    }
                }
            }
        }
        Value::Null | Value::Text(_) => {}
    }
}

/// Reads an entry, with these names among its tags.
fn tagged(node: Node, names: &[String], parsed: &mut Parsed, unused: &mut HashSet<String>) {
    let before = parsed.entries.len();
    entry(node, parsed, unused);
    for added in &mut parsed.entries[before..] {
        added.tags.extend(names.iter().cloned());
    }
}

/// Whether a mapping has a question and an answer.
fn is_entry(fields: &[(String, Node)]) -> bool {
    let has = |known: &[&str]| {
        fields
            .iter()
            .any(|(name, node)| known.contains(&name.as_str()) && !matches!(node.value, Value::Map(_)))
    };
    has(QUESTION) && has(ANSWER)
}

/// Whether entries may stand below a mapping: it has lists or mappings, and nothing of an entry itself.
fn leads_on(fields: &[(String, Node)]) -> bool {
    let of_entry = |name: &str| QUESTION.contains(&name) || ANSWER.contains(&name);
    fields.iter().any(|(_, node)| matches!(node.value, Value::List(_) | Value::Map(_)))
        && !fields.iter().any(|(name, node)| of_entry(name) && !holds_mappings(node))
}

/// Whether a value is a list of mappings, as `questions` is in some files.
fn holds_mappings(node: &Node) -> bool {
    matches!(&node.value, Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))))
}

/// Reads one entry. Whatever is wrong with it is said, and if that leaves it without meaning it is
/// left out. A field that is not used is said once for the file: `unused` holds those that were.
pub fn entry(node: Node, parsed: &mut Parsed, unused: &mut HashSet<String>) {
    let line = node.line;
    let Value::Map(fields) = node.value else {
        let reason = "an entry is a mapping with question, answer and more";
        return parsed.skipped.push(RowError::new(line, reason));
    };
    let mut raw = RawEntry { line, ..RawEntry::default() };
    let mut also = Vec::new();
    let mut errors = Vec::new();
    for (name, node) in fields {
        let line = node.line;
        let is = |known: &[&str]| known.contains(&name.as_str());
        let read = if is(ID) {
            text(node, &name).map(|id| raw.id = id)
        } else if is(QUESTION) {
            texts(node, &name).map(|texts| raw.questions.extend(texts))
        } else if is(ALSO) {
            texts(node, &name).map(|texts| also = texts)
        } else if is(ANSWER) {
            text(node, &name).map(|answer| raw.answer = answer.or(raw.answer.take()))
        } else if is(SOURCE) {
            text(node, &name).map(|source| raw.source = source)
        } else if is(TAGS) {
            texts(node, &name).map(|tags| raw.tags = tags)
        } else if name == "min_confidence" {
            number(node, &name).map(|confidence| raw.min_confidence = confidence)
        } else {
            // The entry is used all the same: its meaning does not hang on this field.
            if unused.insert(name.clone()) {
                let reason = format!(
                    "unknown field `{name}`, here first; known: id, question (or questions), also, answer, source, \
                     tags, min_confidence"
                );
                parsed.skipped.push(RowError::new(line, reason));
            }
            Ok(())
        };
        errors.extend(read.err());
    }
    if errors.is_empty() {
        raw.questions.append(&mut also);
        parsed.entries.push(raw);
    } else {
        parsed.skipped.append(&mut errors);
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
