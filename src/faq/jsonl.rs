//! JSONL: one entry a line, with the fields of the native format, or `{"id", "questions", "answer"}`.

use std::collections::HashSet;

use super::{Parsed, json, node};

/// Reads a JSONL FAQ. A line that is not an entry is left out and said; empty lines are nothing.
pub fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut unused = HashSet::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match json::tree(line, index + 1) {
            Ok(entry) => node::entry(entry, &mut parsed, &mut unused),
            Err(error) => parsed.errors.push(error),
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_said_and_the_rest_is_read() {
        let text = "{\"id\": \"a\", \"questions\": [\"q\", \"r\"], \"answer\": \"x\"}\n\nnot json\n[]\n{\"question\": \"s\", \"answer\": \"y\"}\n";
        let parsed = parse(text);
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(parsed.entries[1].line, 5);
        let lines: Vec<usize> = parsed.errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [3, 4]);
    }
}
