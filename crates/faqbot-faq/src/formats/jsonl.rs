//! JSONL: one entry per line, with the fields of the native format or `{"id", "questions", "answer"}`.

use std::io;

use super::json::EntryJson;
use crate::entry::Faq;
use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::json_tree;
use crate::readers::tree::Reader;

/// Reads a JSONL FAQ. A line that is not an entry is left out and reported; empty lines are ignored.
///
/// # Errors
///
/// Returns an error if there are no lines.
pub fn parse(text: &str, language: Option<&str>) -> Result<Parsed, RowError> {
    let mut read = Reader::new(language);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match json_tree::read(line, index + 1) {
            Ok(entry) => {
                let entry = read.unwrapped(entry);
                read.entry(entry, &[]);
            }
            Err(error) => read.parsed.skipped.push(error),
        }
    }
    if read.parsed.entries.is_empty() && read.parsed.skipped.is_empty() {
        return Err(RowError::new(1, "no lines"));
    }
    Ok(read.finish())
}

/// Strong if the first two lines are complete JSON objects, weak if only the first is.
pub fn detect(text: &str) -> Detection {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let object = |line: Option<&str>| {
        line.is_some_and(|line| {
            line.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
        })
    };
    let first = object(lines.next());
    if first && object(lines.next()) { Detection::Strong } else { Detection::weak(first) }
}

/// Writes a FAQ, one entry per line.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    for entry in &faq.entries {
        serde_json::to_writer(&mut *out, &EntryJson(entry))?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parsed, RowError> {
        super::parse(text, None)
    }

    #[test]
    fn bad_lines_are_said_and_the_rest_is_read() {
        let text = "{\"id\": \"a\", \"questions\": [\"q\", \"r\"], \"answer\": \"x\"}\n\nnot json\n[]\n{\"question\": \"s\", \"answer\": \"y\"}\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(parsed.entries[1].line, 5);
        let lines: Vec<usize> = parsed.skipped.iter().map(|error| error.line).collect();
        assert_eq!(lines, [3, 4]);
    }
}
