//! YAML as a tree of values with their lines.

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
    parser.load(&mut loader, true).map_err(|error| scan_error(&error))?;
    if let Some(error) = loader.error() {
        return Err(scan_error(error));
    }
    loader.into_documents().into_iter().map(|root| convert(root, 0)).collect()
}

/// Checks the nesting by going through the events without recursion. The tree is built recursively, and deep
/// nesting would overflow the stack.
fn check_nesting(text: &str) -> Result<(), RowError> {
    let mut depth = 0usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| scan_error(&error))?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
            Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let reason = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(RowError::new(span.start.line().max(1), reason));
        }
    }
    Ok(())
}

fn scan_error(error: &ScanError) -> RowError {
    RowError::new(error.marker().line().max(1), error.info().to_owned())
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
