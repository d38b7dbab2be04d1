//! Markup of other kinds as Markdown, line by line: the lines of the file stay known.

use super::sections::sections;
use crate::error::RowError;
use crate::parsed::Parsed;

/// Markdown, and the line of the file that each of its lines comes from.
#[derive(Debug, Default)]
pub struct Translated {
    text: String,
    lines: Vec<usize>,
}

impl Translated {
    /// Adds a line of Markdown that comes from a line of the file.
    pub fn push(&mut self, line: usize, markdown: &str) {
        for piece in markdown.split('\n') {
            self.text.push_str(piece);
            self.text.push('\n');
            self.lines.push(line);
        }
    }

    /// The questions and answers.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no headings.
    pub fn parse(self) -> Result<Parsed, RowError> {
        let back = |line: usize| {
            let at = line.saturating_sub(1).min(self.lines.len().saturating_sub(1));
            self.lines.get(at).copied().unwrap_or(1)
        };
        let mut parsed = sections(&self.text).map_err(|row| RowError::new(back(row.line), row.reason))?;
        parsed.entries.iter_mut().for_each(|raw| raw.line = back(raw.line));
        for rows in [&mut parsed.skipped, &mut parsed.merged, &mut parsed.notes] {
            rows.iter_mut().for_each(|row| row.line = back(row.line));
        }
        Ok(parsed)
    }
}

/// A text with each piece between two marks rewritten: `''it''` as `*it*`. Marks that do not close stay.
pub fn between(text: &str, open: &str, close: &str, write: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let inner = &rest[start + open.len()..];
        let Some(end) = inner.find(close).filter(|end| *end > 0) else { break };
        out.push_str(&rest[..start]);
        out.push_str(&write(&inner[..end]));
        rest = &inner[end + close.len()..];
    }
    out + rest
}

/// As [`between`] for a mark of one letter around words, where letters on the outer side keep it from being one: `*bold*`,
/// and not `a*b*c`.
pub fn emphasis(text: &str, mark: char, write: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(start) = rest.find(mark) {
        let inner = &rest[start + mark.len_utf8()..];
        let last = rest[..start].chars().next_back().unwrap_or(before);
        let end = inner.find(mark).filter(|&end| {
            let words = &inner[..end];
            let after = inner[end + mark.len_utf8()..].chars().next().unwrap_or(' ');
            !last.is_alphanumeric()
                && !after.is_alphanumeric()
                && !words.is_empty()
                && !words.starts_with(char::is_whitespace)
                && !words.ends_with(char::is_whitespace)
        });
        out.push_str(&rest[..start]);
        match end {
            Some(end) => {
                out.push_str(&write(&inner[..end]));
                rest = &inner[end + mark.len_utf8()..];
                before = mark;
            }
            None => {
                out.push(mark);
                rest = inner;
                before = mark;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_rewritten_where_they_close() {
        let star = |text: &str| emphasis(text, '*', |words| format!("**{words}**"));
        assert_eq!(star("a *b c* d*e*f * g *h"), "a **b c** d*e*f * g *h");
        assert_eq!(between("''a'' ''b", "''", "''", |text| format!("*{text}*")), "*a* ''b");
    }
}
