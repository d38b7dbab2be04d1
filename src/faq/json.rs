//! JSON: the fields of the native format, as an object with `entries` or a list of entries.

use std::io;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::format::Fit;
use super::node::{self, MAX_DEPTH, Node, Value};
use super::{Entry, Faq, Lines, Parsed};
use crate::error::RowError;

/// Reads a JSON FAQ.
///
/// # Errors
///
/// The text is not JSON, or is not a list of entries.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    node::faq(tree(text, 1)?)
}

/// Whether a text begins as JSON does. A bracket alone may as well begin a link in Markdown.
pub(super) fn begins(text: &str) -> bool {
    let mut marks = text.chars().filter(|c| !c.is_whitespace());
    matches!(
        (marks.next(), marks.next()),
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | '[' | ']' | '"'))
    )
}

/// Strong for what begins as JSON does.
pub fn fit(text: &str) -> Fit {
    Fit::strong(begins(text))
}

/// Writes a FAQ with the fields of the native format.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let root = FaqJson {
        title: faq.title.as_deref(),
        greeting: faq.greeting.as_deref(),
        fallback: faq.fallback.as_deref(),
        entries: faq.entries.iter().map(EntryJson::new).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &root)?;
    writeln!(out)
}

/// A FAQ with the fields of the native format, in their order.
#[derive(Serialize)]
struct FaqJson<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'f str>,
    entries: Vec<EntryJson<'f>>,
}

/// An entry with the fields of the native format, in their order.
#[derive(Serialize)]
pub(super) struct EntryJson<'e> {
    id: &'e str,
    question: &'e str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    also: &'e [String],
    answer: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'e str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'e [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    min_confidence: Option<f32>,
}

impl<'e> EntryJson<'e> {
    pub(super) fn new(entry: &'e Entry) -> Self {
        EntryJson {
            id: entry.id.as_str(),
            question: entry.question(),
            also: &entry.phrasings[1..],
            answer: &entry.answer,
            source: entry.source.as_deref(),
            tags: &entry.tags,
            min_confidence: entry.min_confidence,
        }
    }
}

/// The values in a JSON text that begins on line `first_line` of its file.
pub(super) fn tree(text: &str, first_line: usize) -> Result<Node, RowError> {
    let syntax = |error: serde_json::Error| {
        // The position stands on the line anyway; what is left is the reason.
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or(&message);
        RowError::new(first_line + error.line().max(1) - 1, format!("not JSON: {reason}"))
    };
    let raw: &RawValue = serde_json::from_str(text).map_err(syntax)?;
    let start = text.as_ptr().addr();
    convert(raw, start, &mut Lines::new(text, first_line), 0)
}

/// The fields of an object in the file's order, values unread.
struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// `start` is the address of the whole text, of which `raw` is a slice.
fn convert(raw: &RawValue, start: usize, lines: &mut Lines, depth: usize) -> Result<Node, RowError> {
    let text = raw.get();
    let line = lines.at(text.as_ptr().addr() - start);
    if depth > MAX_DEPTH {
        return Err(RowError::new(line, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let inner = |error: serde_json::Error| RowError::new(line, format!("not JSON: {error}"));
    let value = match text.as_bytes().first() {
        Some(b'{') => {
            let fields: Fields = serde_json::from_str(text).map_err(inner)?;
            let fields = fields
                .0
                .into_iter()
                .map(|(name, value)| Ok((name, convert(value, start, lines, depth + 1)?)));
            Value::Map(fields.collect::<Result<_, RowError>>()?)
        }
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(text).map_err(inner)?;
            Value::List(
                list.into_iter()
                    .map(|value| convert(value, start, lines, depth + 1))
                    .collect::<Result<_, _>>()?,
            )
        }
        Some(b'"') => Value::Text(serde_json::from_str(text).map_err(inner)?),
        Some(b'n') => Value::Null,
        _ => Value::Text(text.to_owned()),
    };
    Ok(Node { line, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_their_lines_and_numbers_are_text() {
        let text = "{\n \"title\": \"T\",\n \"entries\": [\n  {\"question\": \"a\\ud83d\\ude00\", \"answer\": 1.50},\n\n  {\"questions\": [\"b\", \"c\"],\n   \"answer\": null}, 7]}";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.title.as_deref(), Some("T"));
        assert_eq!(parsed.entries[0].line, 4);
        assert_eq!(parsed.entries[0].questions, ["a😀"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("1.50"));
        assert_eq!((parsed.entries[1].line, &parsed.entries[1].answer), (6, &None));
        assert_eq!(parsed.skipped[0].line, 7);
    }

    #[test]
    fn other_tools_names_and_nesting_are_read() {
        let qnabot = r#"{"qna": [{"qid": "a.1", "q": ["where?", "what place?"], "a": "Here.", "type": "qna"},
            {"qid": "a.2", "q": ["who?"], "a": "Me.", "type": "qna"}]}"#;
        let parsed = parse(qnabot).unwrap();
        assert_eq!(parsed.entries[0].id.as_deref(), Some("a.1"));
        assert_eq!(parsed.entries[0].questions, ["where?", "what place?"]);
        assert!(parsed.notes.is_empty(), "{:?}", parsed.notes);
        let nested = r#"{"shop": {"orders": [{"title": "Where?", "text": "Here."}], "returns": [{"q": "How?", "a": "So."}]}}"#;
        let parsed = parse(nested).unwrap();
        assert_eq!(parsed.entries[0].tags, ["shop", "orders"]);
        assert_eq!(parsed.entries[1].answer.as_deref(), Some("So."));
        assert!(parse("{\"b\": 1}").is_err());
    }

    #[test]
    fn broken_json_is_an_error_with_its_line() {
        assert_eq!(parse("[\n{\"question\": \"a\",\n").unwrap_err().line, 3);
        assert!(parse("").is_err());
        assert!(parse("\"text\"").is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
