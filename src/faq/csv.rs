//! CSV with a header row that names `question` and `answer`, and may name `id`, `source`, `tags` and
//! `min_confidence`.

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
    let (id, source, tags, confidence) =
        (column("id"), column("source"), column("tags"), column("min_confidence"));

    const KNOWN: [&str; 6] = ["question", "answer", "id", "source", "tags", "min_confidence"];
    let mut parsed = Parsed::default();
    for name in header.iter().map(str::trim).filter(|name| !name.is_empty()) {
        if !KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            let reason = format!("the column `{name}` is not used; known: {}", KNOWN.join(", "));
            parsed.errors.push(RowError::new(1, reason));
        }
    }

    let mut lines = Lines::new(text, 1);
    // Before a row, the reader may stand within the line break that ends the row above.
    let mut line_of = |position: Option<&Position>| {
        let byte = position.map_or(0, |position| position.byte() as usize);
        let breaks = text.as_bytes()[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        lines.at(byte + breaks)
    };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let field =
                    |column: Option<usize>| column.and_then(|column| record.get(column)).map(str::to_owned);
                let line = line_of(record.position());
                let own = field(confidence).filter(|own| !own.trim().is_empty());
                let min_confidence = own.as_deref().map(|own| own.trim().parse::<f32>());
                if let Some(Err(_)) = min_confidence {
                    let reason = format!("`min_confidence` is \"{}\", not a number", own.unwrap_or_default());
                    parsed.errors.push(RowError::new(line, reason));
                    continue;
                }
                parsed.entries.push(RawEntry {
                    line,
                    id: field(id),
                    questions: field(Some(question)).into_iter().collect(),
                    answer: field(Some(answer)),
                    source: field(source),
                    tags: field(tags)
                        .map(|tags| tags.split(',').map(str::to_owned).collect())
                        .unwrap_or_default(),
                    min_confidence: min_confidence.and_then(Result::ok),
                });
            }
            Err(error) => {
                let line = line_of(error.position());
                parsed.errors.push(RowError::new(line, error.to_string()));
            }
        }
    }
    // The reader lets an open quote end with the file: the rest of it is then in one field. A single
    // quote within a field (5" pipe) swallows nothing.
    let odd = text.bytes().filter(|&byte| byte == b'"').count() % 2 == 1;
    let swallowed = |last: &RawEntry| {
        last.questions
            .iter()
            .chain(&last.answer)
            .chain(&last.source)
            .any(|field| field.trim_end().contains('\n'))
    };
    if odd && parsed.entries.last().is_some_and(swallowed) {
        let line = parsed.entries.pop().map_or(1, |last| last.line);
        parsed.errors.push(RowError::new(line, "a quote is opened here and never closed"));
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
    fn an_open_quote_does_not_swallow_the_rest_in_silence() {
        let parsed = parse("question,answer\na,b\nc,\"d\ne,f\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.errors[0].line), (1, 3));
        let parsed = parse("question,answer\nhow long is a 5\" pipe,long\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.errors.len()), (1, 0));
    }

    #[test]
    fn other_columns_and_bad_numbers_are_said() {
        let parsed = parse("question,answer,min_confidence,rank\na,b,0.5,1\nc,d,high,2\n").unwrap();
        assert_eq!(parsed.entries[0].min_confidence, Some(0.5));
        let lines: Vec<usize> = parsed.errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn a_header_without_the_columns_is_an_error() {
        let error = parse("q,a\n1,2\n").unwrap_err();
        assert_eq!(error.reason, "the header has no column `question`; it has: q, a");
    }
}
