//! CSV with a header row that names `question` and `answer`, and may name `id`, `source`, `tags`.

use csv::{Position, ReaderBuilder};

use super::{Lines, Parsed, RawEntry};
use crate::error::RowError;

/// Reads a CSV FAQ, one row an entry.
///
/// # Errors
///
/// The header does not name a question and an answer column.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    // Rows may have any number of fields: a short one is one bad row, not a bad file.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| RowError::new(1, error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
    let required = |name: &str| {
        column(name).ok_or_else(|| {
            let found: Vec<&str> = header.iter().map(str::trim).collect();
            RowError::new(1, format!("the header has no column `{name}`; it has: {}", found.join(", ")))
        })
    };
    let (question, answer) = (required("question")?, required("answer")?);
    let (id, source, tags) = (column("id"), column("source"), column("tags"));

    let mut lines = Lines::new(text, 1);
    // Before a row, the reader may stand within the line break that ends the row above.
    let mut line_of = |position: Option<&Position>| {
        let byte = position.map_or(0, |position| position.byte() as usize);
        let breaks = text.as_bytes()[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        lines.at(byte + breaks)
    };
    let mut parsed = Parsed::default();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let field =
                    |column: Option<usize>| column.and_then(|column| record.get(column)).map(str::to_owned);
                parsed.entries.push(RawEntry {
                    line: line_of(record.position()),
                    id: field(id),
                    questions: field(Some(question)).into_iter().collect(),
                    answer: field(Some(answer)),
                    source: field(source),
                    tags: field(tags)
                        .map(|tags| tags.split(',').map(str::to_owned).collect())
                        .unwrap_or_default(),
                    min_confidence: None,
                });
            }
            Err(error) => {
                let line = line_of(error.position());
                parsed.errors.push(RowError::new(line, error.to_string()));
            }
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_rows_know_their_lines() {
        let text = "ID, Answer ,question,tags\r\n1,\"two\nlines\",\"What, then?\",\"a, b\"\r\n2,short\r\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries[0].questions, ["What, then?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("two\nlines"));
        assert_eq!(parsed.entries[0].tags, ["a", " b"]);
        assert_eq!((parsed.entries[1].line, parsed.entries[1].questions.len()), (4, 0));
    }

    #[test]
    fn a_header_without_the_columns_is_an_error() {
        let error = parse("q,a\n1,2\n").unwrap_err();
        assert_eq!(error.reason, "the header has no column `question`; it has: q, a");
    }
}
