//! TOML with the fields of the native format, as `[[entries]]` or under any tables.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::node::{MAX_DEPTH, Node, Value};
use crate::readers::tree;

/// Reads a TOML FAQ.
///
/// # Errors
///
/// Returns an error if the text is not TOML or has no entries.
pub fn parse(text: &str, language: Option<&str>) -> Result<Parsed, RowError> {
    tree::faq(read(text)?, language)
}

/// Parses a TOML text.
///
/// # Errors
///
/// Returns an error if the text is not TOML.
pub fn read(text: &str) -> Result<Node, RowError> {
    let line_at = |offset: usize| {
        1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|&&byte| byte == b'\n').count()
    };
    let root = DeTable::parse(text).map_err(|error| {
        RowError::new(
            line_at(error.span().map_or(0, |span| span.start)),
            format!("not TOML: {}", error.message()),
        )
    })?;
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let fields = table(root.into_inner(), &starts, 0)?;
    Ok(Node { line: 1, value: Value::Map(fields) })
}

/// Weak if a line starts a list of tables.
pub fn detect(text: &str) -> Detection {
    Detection::weak(
        text.lines().any(|line| line.trim_start().starts_with("[[") && line.trim_end().ends_with("]]")),
    )
}

/// The fields of a table in the order of the file. `starts` are the offsets of the lines.
fn table(table: DeTable, starts: &[usize], depth: usize) -> Result<Vec<(String, Node)>, RowError> {
    let mut fields: Vec<_> = table.into_iter().collect();
    fields.sort_by_key(|(name, _)| name.span().start);
    fields
        .into_iter()
        .map(|(name, value)| Ok((name.into_inner().into_owned(), convert(value, starts, depth + 1)?)))
        .collect()
}

fn convert(value: Spanned<DeValue>, starts: &[usize], depth: usize) -> Result<Node, RowError> {
    let line = starts.partition_point(|&start| start <= value.span().start);
    if depth > MAX_DEPTH {
        return Err(RowError::new(line, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Text(number.to_string()),
        DeValue::Float(number) => Value::Text(number.to_string()),
        DeValue::Boolean(truth) => Value::Text(truth.to_string()),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => Value::List(
            items.into_iter().map(|item| convert(item, starts, depth + 1)).collect::<Result<_, _>>()?,
        ),
        DeValue::Table(own) => Value::Map(table(own, starts, depth + 1)?),
    };
    Ok(Node { line, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parsed, RowError> {
        super::parse(text, None)
    }

    #[test]
    fn entries_have_their_lines_and_numbers_are_text() {
        let text = "title = 'T'\n\n[[entries]]\nquestion = 'a'\nanswer = 1.50\nalso = ['b']\n\n[[entries]]\nquestion = 'c'\nanswer = '''\nd'''\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.title.as_deref(), Some("T"));
        assert_eq!((parsed.entries[0].line, parsed.entries[1].line), (3, 8));
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("1.50"));
        let nested = parse("[[shop.orders]]\nq = 'a'\na = 'b'\n[[shop.blank]]\nq = 'c'\na = 'd'\n").unwrap();
        assert_eq!(nested.entries[0].tags, ["shop", "orders"]);
    }

    #[test]
    fn broken_toml_is_an_error_with_its_line() {
        assert_eq!(parse("a = 1\nb = [\n").unwrap_err().line, 2);
        assert!(parse("").is_err());
        assert!(parse(&format!("a = {}", "[".repeat(100_000))).is_err());
    }
}
