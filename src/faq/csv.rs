//! CSV and TSV, one row a wording.
//!
//! The delimiter (comma, semicolon or tab) is found in the first line. Columns are found by name in
//! any case; two columns without a header are question and answer. Rows with the same id, or without
//! ids the same answer, are one entry with several wordings. QnA Maker's and Azure's TSV is read so too:
//! its `QnaId` is the id, and `\n` in its answers is a line break.

use std::collections::HashMap;

use csv::{Position, ReaderBuilder, StringRecord};

use super::{Lines, Parsed, RawEntry};
use crate::error::RowError;

/// The names of columns, and what they are.
const QUESTION: &[&str] = &["question", "questions", "question(s)", "q", "query", "utterance"];
const ANSWER: &[&str] = &["answer", "answers", "answer(s)", "a", "response", "reply"];
const ALSO: &[&str] = &["also", "alternatives", "alternative questions", "alternate questions", "variants"];
const ID: &[&str] = &["id", "qid", "qnaid"];
const SOURCE: &[&str] = &["source"];
const TAGS: &[&str] = &["tags", "tag", "category"];
const MIN_CONFIDENCE: &[&str] = &["min_confidence"];
/// Columns of QnA Maker that are of its own tools.
const QNA_MAKER: &[&str] = &["metadata", "suggestedquestions", "iscontextonly", "prompts"];

/// Where what is in a row.
#[derive(Default)]
struct Columns {
    question: usize,
    answer: usize,
    also: Option<usize>,
    id: Option<usize>,
    source: Option<usize>,
    tags: Option<usize>,
    min_confidence: Option<usize>,
    /// Whether the file is QnA Maker's, which writes line breaks as `\n`.
    qna_maker: bool,
}

/// Reads a CSV or TSV FAQ.
///
/// # Errors
///
/// The header does not name a question and an answer column.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let delimiter = delimiter(text);
    // Rows may have any number of fields: a short one is one bad row, not a bad file.
    let mut builder = ReaderBuilder::new();
    builder.flexible(true).has_headers(false).delimiter(delimiter);
    // QnA Maker quotes nothing: a quote there is a character.
    builder.quoting(delimiter != b'\t' || !text.lines().next().is_some_and(|first| first.contains("QnaId")));
    let mut reader = builder.from_reader(text.as_bytes());
    let mut parsed = Parsed::default();
    let mut lines = Lines::new(text, 1);
    // Before a row, the reader may stand within the line break that ends the row above.
    let mut line_of = |position: Option<&Position>| {
        let byte = position.map_or(0, |position| position.byte() as usize);
        let breaks = text.as_bytes()[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        lines.at(byte + breaks)
    };
    let mut columns: Option<Columns> = None;
    // Entries by id, or by answer where there is none.
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = line_of(error.position());
                parsed.errors.push(RowError::new(line, error.to_string()));
                continue;
            }
        };
        let line = line_of(record.position());
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let (found, is_header) = header(&record, &mut parsed)?;
                let found = columns.insert(found);
                if is_header {
                    continue;
                }
                found
            }
        };
        match row(&record, columns, line) {
            Ok(entry) => add(entry, &mut parsed, &mut places),
            Err(error) => parsed.errors.push(error),
        }
    }
    if columns.is_none() {
        return Err(RowError::new(1, "no rows"));
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
    if odd && delimiter != b'\t' && parsed.entries.last().is_some_and(swallowed) {
        let line = parsed.entries.pop().map_or(1, |last| last.line);
        parsed.errors.push(RowError::new(line, "a quote is opened here and never closed"));
    }
    Ok(parsed)
}

/// The delimiter that the first line has most of, outside of quotes; the comma where it has none.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| {
        let mut quoted = false;
        first
            .bytes()
            .filter(|&byte| {
                quoted ^= byte == b'"';
                byte == delimiter && !quoted
            })
            .count()
    };
    // The comma last: of equals, the last is the greatest.
    [b';', b'\t', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

/// The columns that the first row names, and whether it names any.
fn header(record: &StringRecord, parsed: &mut Parsed) -> Result<(Columns, bool), RowError> {
    let names: Vec<String> = record.iter().map(|name| name.trim().to_lowercase()).collect();
    let column = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
    let (question, answer) = (column(QUESTION), column(ANSWER));
    if question.is_none() && answer.is_none() && names.len() == 2 {
        return Ok((Columns { answer: 1, ..Columns::default() }, false));
    }
    let required = |column: Option<usize>, name: &str| {
        column.ok_or_else(|| {
            let found: Vec<&str> = record.iter().map(str::trim).collect();
            RowError::new(1, format!("the header has no column `{name}`; it has: {}", found.join(", ")))
        })
    };
    let known = [QUESTION, ANSWER, ALSO, ID, SOURCE, TAGS, MIN_CONFIDENCE, QNA_MAKER].concat();
    let unused: Vec<&str> = names
        .iter()
        .zip(record)
        .filter(|(name, _)| !name.is_empty() && !known.contains(&name.as_str()))
        .map(|(_, written)| written.trim())
        .collect();
    if !unused.is_empty() {
        parsed.errors.push(RowError::new(1, format!("columns that are not used: {}", unused.join(", "))));
    }
    let columns = Columns {
        question: required(question, "question")?,
        answer: required(answer, "answer")?,
        also: column(ALSO),
        id: column(ID),
        source: column(SOURCE),
        tags: column(TAGS),
        min_confidence: column(MIN_CONFIDENCE),
        qna_maker: names.iter().any(|name| name == "qnaid") || column(QNA_MAKER).is_some(),
    };
    Ok((columns, true))
}

fn row(record: &StringRecord, columns: &Columns, line: usize) -> Result<RawEntry, RowError> {
    let field = |column: Option<usize>| {
        column
            .and_then(|column| record.get(column))
            .filter(|field| !field.trim().is_empty())
            .map(str::to_owned)
    };
    let list = |column: Option<usize>, separators: &[char]| -> Vec<String> {
        field(column).map(|field| field.split(separators).map(str::to_owned).collect()).unwrap_or_default()
    };
    let min_confidence = field(columns.min_confidence)
        .map(|own| {
            let reason = format!("`min_confidence` is \"{own}\", not a number");
            own.trim().parse().map_err(|_| RowError::new(line, reason))
        })
        .transpose()?;
    let mut questions: Vec<String> = field(Some(columns.question)).into_iter().collect();
    questions.extend(list(columns.also, &['\n', '|', ';']));
    let answer = field(Some(columns.answer));
    Ok(RawEntry {
        line,
        id: field(columns.id),
        questions,
        answer: if columns.qna_maker { answer.map(|answer| answer.replace("\\n", "\n")) } else { answer },
        source: field(columns.source),
        tags: list(columns.tags, &[',', ';']),
        min_confidence,
    })
}

/// Adds a row: to the entry with its id, or without ids to that with its answer, or as a new one.
fn add(row: RawEntry, parsed: &mut Parsed, places: &mut HashMap<String, usize>) {
    let key = match (&row.id, &row.answer) {
        (Some(id), _) => format!("id {}", id.trim()),
        (None, Some(answer)) => format!("answer {}", answer.trim()),
        (None, None) => return parsed.entries.push(row),
    };
    match places.get(&key).map(|&place| &mut parsed.entries[place]) {
        Some(entry) => {
            if row.id.is_some() && row.answer.is_some() && row.answer != entry.answer {
                let reason = format!("another answer for the id of line {}; the first is kept", entry.line);
                parsed.errors.push(RowError::new(row.line, reason));
            }
            entry.questions.extend(row.questions);
        }
        None => {
            places.insert(key, parsed.entries.len());
            parsed.entries.push(row);
        }
    }
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
    fn rows_of_one_id_or_one_answer_are_one_entry() {
        let parsed = parse("q;a\nwhere?;here\nwhich place?;here\nwho?;me\n").unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(parsed.entries[0].questions, ["where?", "which place?"]);
        let parsed = parse("id,question,answer\n1,a,x\n1,b,\n1,c,y\n2,d,x\n").unwrap();
        assert_eq!(parsed.entries[0].questions, ["a", "b", "c"]);
        assert_eq!((parsed.entries.len(), parsed.errors[0].line), (2, 4));
    }

    #[test]
    fn qna_maker_tsv_is_read() {
        let text = "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\nA \"b?\t1. x\\n2. y\ts\t\t[]\tfalse\t[]\t7\nC?\t1. x\\n2. y\ts\t\t[]\tfalse\t[]\t7\n";
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.entries.len(), parsed.errors.len()), (1, 0));
        assert_eq!(parsed.entries[0].questions, ["A \"b?", "C?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("1. x\n2. y"));
    }

    #[test]
    fn two_columns_need_no_header() {
        let parsed = parse("Where is it?,Here.\nWho?,Me.\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.entries[0].line), (2, 1));
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
        let error = parse("question,b,c\n1,2,3\n").unwrap_err();
        assert_eq!(error.reason, "the header has no column `answer`; it has: question, b, c");
        assert!(parse("").is_err());
    }
}
