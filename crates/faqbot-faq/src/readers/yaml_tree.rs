//! YAML as a tree of values with their lines.

use std::collections::HashMap;

use saphyr::{MarkedYaml, ScalarStyle, YamlData, YamlLoader};
use saphyr_parser::{Event, Parser, ScanError};

use super::node::{MAX_DEPTH, Node, Value};
use crate::error::RowError;

/// Parses the first document.
pub fn read(text: &str) -> Result<Node, RowError> {
    Ok(documents(text)?.into_iter().next().unwrap_or(Node { line: 1, value: Value::Null }))
}

/// Parses all documents.
pub fn documents(text: &str) -> Result<Vec<Node>, RowError> {
    check_nesting(text)?;
    let mut loader = YamlLoader::<MarkedYaml>::default();
    // Scalars keep their source text: `yes`, `1.10` and `0x1F` are answers, not values.
    loader.early_parse(false);
    let mut parser = Parser::new_from_str(text);
    parser.load(&mut loader, true).map_err(|error| scan_error(&error, text))?;
    if let Some(error) = loader.error() {
        return Err(scan_error(error, text));
    }
    loader.into_documents().into_iter().map(|root| convert(root, 0)).collect()
}

/// Bytes that aliases (`*name`) may add to a file, as often as each is used: they are copies once read.
const MAX_ALIASED: usize = 16 << 20;

/// What a value counts beside its text: about what it takes as a tree.
const VALUE_BYTES: usize = 64;

/// Checks the nesting, and what aliases come to, by going through the events without recursion. The tree is built
/// recursively, and deep nesting would overflow the stack; and a few aliases of aliases would fill the memory.
fn check_nesting(text: &str) -> Result<(), RowError> {
    // The open values: the anchor, and the bytes before.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    let (mut bytes, mut aliased) = (0usize, 0usize);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| scan_error(&error, text))?;
        let line = span.start.line().max(1);
        match event {
            Event::MappingStart(anchor, _) | Event::SequenceStart(anchor, _) => {
                open.push((anchor, bytes));
                bytes = bytes.saturating_add(VALUE_BYTES);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some((anchor, before)) = open.pop().filter(|(anchor, _)| *anchor > 0) {
                    sizes.insert(anchor, bytes - before);
                }
            }
            Event::Scalar(value, _, anchor, _) => {
                let own = VALUE_BYTES + value.len();
                bytes = bytes.saturating_add(own);
                if anchor > 0 {
                    sizes.insert(anchor, own);
                }
            }
            Event::Alias(anchor) => {
                let own = sizes.get(&anchor).copied().unwrap_or(VALUE_BYTES);
                (bytes, aliased) = (bytes.saturating_add(own), aliased.saturating_add(own));
            }
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return Err(RowError::new(line, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if aliased > MAX_ALIASED {
            let reason = format!("its aliases (*name) come to more than {MAX_ALIASED} bytes up to here");
            return Err(RowError::new(line, reason));
        }
    }
    Ok(())
}

/// What is wrong, with the column, and the likely cure.
fn scan_error(error: &ScanError, text: &str) -> RowError {
    let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
    let source = text.lines().nth(line - 1).unwrap_or_default();
    // A text with ": " or " #" in it, or one that begins with a mark, reads as something else.
    let value = source.split_once(": ").map_or(source, |(_, value)| value).trim_start();
    let value = value.strip_prefix("- ").unwrap_or(value);
    let marked =
        value.starts_with(['*', '&', '!', '%', '@', '`', '{', '[', '|', '>']) || value.contains(": ");
    let cure = if error.info().contains("tab") || source.trim_start_matches(' ').starts_with('\t') {
        "; indent with spaces, not tabs"
    } else if marked {
        "; put the text in quotes"
    } else {
        ""
    };
    RowError::new(line, format!("{} (column {column}){cure}", error.info()))
}

/// Texts whose end reads as a comment, though it was hardly meant as one: "room #5 now" without quotes is "room".
pub fn lost_to_comments(text: &str) -> Option<RowError> {
    if !text.contains(" #") {
        return None;
    }
    let mut first: Option<usize> = None;
    let mut count = 0;
    // Where the text is read to: characters, and what follows. Scalars come in their order.
    let (mut at, mut rest) = (0, text);
    for (_, span) in Parser::new_from_str(text)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..)))
    {
        let end = span.end.index();
        let Some(ahead) = end.checked_sub(at) else { continue };
        rest = rest.char_indices().nth(ahead).map_or("", |(byte, _)| &rest[byte..]);
        at = end;
        let behind = rest.trim_start_matches(' ');
        let comment = behind.strip_prefix('#').filter(|_| behind.len() < rest.len());
        if comment.is_some_and(|text| text.starts_with(|c: char| !c.is_whitespace() && c != '#')) {
            first.get_or_insert(span.end.line().max(1));
            count += 1;
        }
    }
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    let reason = format!("what stands behind ` #` is a comment{more}; put the text in quotes to keep it");
    first.map(|line| RowError::new(line, reason))
}

fn convert(yaml: MarkedYaml, depth: usize) -> Result<Node, RowError> {
    let line = yaml.span.start.line().max(1);
    if depth > MAX_DEPTH {
        return Err(RowError::new(line, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let value = match yaml.data {
        YamlData::Representation(text, ScalarStyle::Plain, _) if matches!(&*text, "" | "~" | "null") => {
            Value::Null
        }
        YamlData::Representation(text, _, _) => Value::Text(text.into_owned()),
        YamlData::Sequence(list) => {
            Value::List(list.into_iter().map(|item| convert(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        YamlData::Mapping(map) => {
            let fields = map.into_iter().map(|(key, value)| match convert(key, depth + 1)? {
                Node { value: Value::Text(name), .. } => Ok((name, convert(value, depth + 1)?)),
                other => Err(RowError::new(other.line, "a field's name must be text")),
            });
            Value::Map(fields.collect::<Result<_, _>>()?)
        }
        YamlData::Tagged(_, inner) => return convert(*inner, depth + 1),
        YamlData::Value(_) | YamlData::Alias(_) | YamlData::BadValue => Value::Null,
    };
    Ok(Node { line, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_counted_before_they_are_copied() {
        let long = "x".repeat(1000);
        let uses = |count: usize| format!("a: &a {long}\nb: [{}]\n", vec!["*a"; count].join(", "));
        assert!(read(&uses(1000)).is_ok());
        assert!(read(&uses(20_000)).unwrap_err().reason.contains("aliases"));
        // Of aliases of aliases.
        let bomb: String = ('b'..='k')
            .map(|c| {
                let before = char::from(c as u8 - 1);
                format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 9].join(", "))
            })
            .collect();
        assert!(read(&format!("a: &a x\n{bomb}")).is_err());
    }

    #[test]
    fn what_is_lost_to_a_comment_is_said() {
        let lost = lost_to_comments("- question: where is room #5 now\n  answer: \"room #5\" # a note\n");
        assert_eq!(lost.map(|row| row.line), Some(1));
        assert_eq!(lost_to_comments("a: b # note\nc: |\n  d #e\nf: 'g #h'\n#i\n"), None);
    }

    #[test]
    fn errors_say_where_and_what_helps() {
        let error = read("- question: a\n  answer: Note: see below\n").unwrap_err();
        assert!(
            error.line == 2 && error.reason.contains("column") && error.reason.contains("quotes"),
            "{error:?}"
        );
        let error = read("- question: a\n\tanswer: b\n").unwrap_err();
        assert!(error.reason.contains("tabs"), "{error:?}");
    }
}
