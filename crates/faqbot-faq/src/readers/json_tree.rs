//! JSON as a tree of values with their lines.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::lines::Lines;
use super::node::{MAX_DEPTH, Node, Value};
use crate::error::RowError;

/// Whether a text starts like JSON. A bracket alone might also start a Markdown link.
pub fn begins(text: &str) -> bool {
    let mut marks = text.chars().filter(|c| !c.is_whitespace());
    matches!(
        (marks.next(), marks.next()),
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | '[' | ']' | '"'))
    )
}

/// Parses a JSON text that starts on line `first_line` of its file.
pub fn read(text: &str, first_line: usize) -> Result<Node, RowError> {
    let syntax = |error: serde_json::Error| {
        // The error has the line already, so only the reason is kept.
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or(&message);
        RowError::new(first_line + error.line().max(1) - 1, format!("not JSON: {reason}"))
    };
    let raw: &RawValue = serde_json::from_str(text).map_err(syntax)?;
    let start = text.as_ptr().addr();
    convert(raw, start, &mut Lines::new(text, first_line), 0)
}

/// The fields of an object in the order of the file, with unparsed values.
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

/// `start` is the address of the whole text; `raw` is a slice of that text.
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
