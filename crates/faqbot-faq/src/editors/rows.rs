//! Tables, one row a phrasing.

use csv::{ByteRecord, ReaderBuilder, Terminator, WriterBuilder};

use super::Where;
use crate::change::Change;
use crate::formats::csv::{after_sep, delimiter, detect_qna_maker};
use crate::parsed::Detection;
use crate::readers::fields::{self, QUESTION};
use crate::schema::OUT_OF_SCOPE;

/// A row with its place.
struct Row {
    cells: Vec<String>,
    line: usize,
    /// Where the next row begins.
    to: usize,
}

/// The table with a change, in the ways that it may be meant.
pub fn edit(place: &Where, change: &Change) -> Vec<String> {
    proposed(place, change, false)
}

/// The same for QnA Maker's tables, in which each row is whole.
pub fn edit_qna_maker(place: &Where, change: &Change) -> Vec<String> {
    proposed(place, change, true)
}

fn proposed(place: &Where, change: &Change, whole_rows: bool) -> Vec<String> {
    let text = match change {
        Change::Phrasing { phrasing, .. } => phrasing,
        Change::Entry { question, .. } => question,
    };
    // A spreadsheet would take it for a formula.
    if text.starts_with(['=', '+', '-', '@', '\t']) {
        return Vec::new();
    }
    let Some(rows) = rows(place) else { return Vec::new() };
    let entry = place.entry;
    let Some(at) = rows.iter().position(|row| row.line == place.line) else { return Vec::new() };
    let column = |row: &Row, text: &str| row.cells.iter().position(|cell| cell.trim() == text);
    let first = &rows[at];
    // An id may be the same as its question.
    let header =
        rows[..at].iter().find_map(|row| row.cells.iter().position(|name| fields::is(QUESTION, name)));
    let header =
        header.filter(|&cell| first.cells.get(cell).is_some_and(|cell| cell.trim() == entry.question()));
    let Some(question) = header.or_else(|| column(first, entry.question())) else { return Vec::new() };
    let id = column(first, entry.id.as_str()).filter(|&id| id != question);
    let answer = (0..first.cells.len()).filter(|&cell| cell != question).max_by_key(|&cell| {
        // The answer may be escaped: it is the cell that shares most with it.
        let own = first.cells[cell].trim();
        (own == entry.answer, own.len().min(entry.answer.len()))
    });
    let blank = || vec![String::new(); first.cells.len()];
    let copy = |cells: &[Option<usize>]| {
        let mut row = blank();
        cells.iter().flatten().for_each(|&cell| row[cell].clone_from(&first.cells[cell]));
        row
    };
    match change {
        Change::Phrasing { phrasing, .. } => {
            let own = |row: &&Row| {
                entry.phrasings.iter().any(|own| row.cells.iter().any(|cell| cell.trim() == own))
            };
            let last = rows[at..].iter().take_while(own).last().unwrap_or(first);
            let mut ways = vec![first.cells.clone()];
            if !whole_rows {
                ways = vec![copy(&[id, answer]), first.cells.clone()];
                if id.is_some() {
                    ways.insert(0, copy(&[id]));
                }
            }
            let with = |mut row: Vec<String>| {
                row[question].clone_from(phrasing);
                written(place, &row).map(|line| place.with_lines(last.to, &line))
            };
            ways.into_iter().filter_map(with).collect()
        }
        Change::Entry { question: text, answer: own } => {
            let mut row = blank();
            row[question].clone_from(text);
            match own {
                Some(own) => match answer {
                    Some(cell) => row[cell].clone_from(own),
                    None => return Vec::new(),
                },
                None => match rows[0].cells.iter().position(|name| fields::is(&[OUT_OF_SCOPE], name)) {
                    Some(cell) => row[cell] = "true".to_owned(),
                    None => return Vec::new(),
                },
            }
            let mut ways = vec![row.clone()];
            if let Some(id) = id {
                row[id] = crate::slug(text);
                ways.push(row);
            }
            let with =
                |row: Vec<String>| written(place, &row).map(|line| place.with_lines(place.text.len(), &line));
            ways.into_iter().filter_map(with).collect()
        }
    }
}

/// The rows of the table, read as the format reads them.
fn rows(place: &Where) -> Option<Vec<Row>> {
    let text = after_sep(place.text);
    let skipped = place.text.len() - text.len();
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(place.text))
        .has_headers(false)
        .flexible(true)
        .quoting(detect_qna_maker(text) == Detection::No)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    // Where lines were counted to, and how many began.
    let (mut at, mut line) = (0, 1);
    while reader.read_byte_record(&mut record).ok()? {
        let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        // The reader may be inside the line break above.
        let from = skipped + record.position()?.byte() as usize;
        let from = from + place.text[from..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += place.text[at..from].matches('\n').count();
        at = from;
        rows.push(Row { cells, line, to: skipped + reader.position().byte() as usize });
    }
    // A line break may be read with the row below.
    for row in &mut rows {
        while place.text.as_bytes().get(row.to).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            row.to += 1;
            if place.text.as_bytes()[row.to - 1] == b'\n' {
                break;
            }
        }
        // Behind a line break of two characters only the first may be read.
        if row.to > 0 && place.text.as_bytes()[row.to - 1] == b'\r' && place.text[row.to..].starts_with('\n')
        {
            row.to += 1;
        }
    }
    (!rows.is_empty()).then_some(rows)
}

/// A row as a line.
fn written(place: &Where, row: &[String]) -> Option<String> {
    if detect_qna_maker(after_sep(place.text)) != Detection::No {
        let plain = row.iter().all(|cell| !cell.contains(['\t', '\n', '\r']));
        return plain.then(|| row.join("\t") + "\n");
    }
    let mut out = Vec::new();
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter(place.text))
        .terminator(Terminator::Any(b'\n'))
        .from_writer(&mut out);
    writer.write_record(row).ok()?;
    writer.flush().ok()?;
    drop(writer);
    String::from_utf8(out).ok()
}
