//! Plain text: a line with a question, then its answer, up to the next question.
//!
//! A line is a question if all of it is one sentence that ends in a question mark. If questions are marked
//! ("Q:"), numbered or listed, only those are questions, and the other lines are text. After an answer, a
//! short line without a full stop is a heading, and also a question if an answer follows. Questions without
//! an answer, and what copied pages leave at their end, are left out and reported.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::headings::{after_answer_mark, after_question_mark, unmarked};

/// A longer line is not a question, but a paragraph that happens to end in one.
const MAX_QUESTION_CHARS: usize = 160;

/// The most words that a heading has.
const MAX_HEADING_WORDS: usize = 9;

/// Lines left over when question-and-answer pages are copied.
const LEFTOVERS: [&str; 4] = ["previous question", "next question", "people also ask", "related questions"];

/// How a file sets its questions apart from other lines.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// "Q: …", with or without a question mark.
    Marked,
    /// "1. …?"
    Numbered,
    /// "* …?"
    Listed,
    /// "…?"
    Bare,
}

impl Style {
    /// The style of a file: marked if there are markers, else the style of most questions.
    fn of(text: &str) -> Style {
        let count = |style: Style| text.lines().filter(|line| style.question(line.trim()).is_some()).count();
        let (marked, bare) = (count(Style::Marked), count(Style::Bare));
        if marked > 1 || (marked == 1 && bare <= 1) {
            return Style::Marked;
        }
        // The last of equals wins: numbers and bullets are put there on purpose.
        let styles = [Style::Bare, Style::Listed, Style::Numbered];
        styles
            .into_iter()
            .filter(|style| count(*style) > 0)
            .max_by_key(|style| count(*style))
            .unwrap_or(Style::Bare)
    }

    /// The question on a line, if there is one.
    fn question(self, line: &str) -> Option<&str> {
        let question = match self {
            Style::Marked => return after_question_mark(line),
            Style::Numbered => {
                let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
                rest.strip_prefix(['.', ')']).filter(|_| rest.len() < line.len())?
            }
            Style::Listed => line.strip_prefix(['-', '*', '•'])?,
            Style::Bare => line,
        };
        Some(question.trim()).filter(|question| is_question(question))
    }
}

/// Reads a plain-text FAQ.
///
/// # Errors
///
/// Returns an error if no line is a question with an answer below it.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let style = Style::of(text);
    let mut parsed = Parsed::default();
    let mut open: Option<RawEntry> = None;
    let mut blank = true;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        let answered = open.as_ref().is_some_and(|entry| entry.answer.is_some());
        let heading = style == Style::Bare && blank && (answered || open.is_none()) && is_heading(trimmed);
        if LEFTOVERS.contains(&&*trimmed.to_lowercase()) {
            let reason = format!("\"{trimmed}\" is left out: pages leave it behind");
            parsed.skipped.push(RowError::new(index + 1, reason));
        } else if let Some(question) = style.question(trimmed).or(heading.then_some(trimmed)) {
            close(open.take(), &mut parsed);
            let questions = vec![question.to_owned()];
            open = Some(RawEntry { line: index + 1, questions, ..RawEntry::default() });
        } else if let Some(entry) = &mut open {
            if !trimmed.is_empty() || entry.answer.is_some() {
                let first = entry.answer.is_none() && style == Style::Marked;
                let line = after_answer_mark(line).filter(|_| first).unwrap_or(line);
                let answer = entry.answer.get_or_insert_default();
                answer.push_str(line.trim_end());
                answer.push('\n');
            }
        } else if !trimmed.is_empty() {
            parsed.skipped.push(RowError::new(index + 1, "text before the first question is left out"));
        }
        blank = trimmed.is_empty();
    }
    close(open, &mut parsed);
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no line is a question with an answer below it"));
    }
    Ok(parsed)
}

/// Weak if a line is a question.
pub fn detect(text: &str) -> Detection {
    let style = Style::of(text);
    Detection::weak(text.lines().any(|line| style.question(line.trim()).is_some()))
}

fn close(entry: Option<RawEntry>, parsed: &mut Parsed) {
    match entry {
        Some(RawEntry { line, questions, answer: Some(answer), .. }) => {
            let (question, answer) = unmarked(&questions[0], &answer);
            parsed.entries.push(RawEntry {
                line,
                questions: vec![question.to_owned()],
                answer: Some(answer.to_owned()),
                ..RawEntry::default()
            });
        }
        Some(entry) => {
            let reason = format!("\"{}\" has no answer", entry.questions[0]);
            parsed.skipped.push(RowError::new(entry.line, reason));
        }
        None => {}
    }
}

/// Whether the whole line is one question.
fn is_question(line: &str) -> bool {
    let Some(body) = line.strip_suffix(['?', '？']) else { return false };
    let one_sentence = !body.contains(['?', '？']) && !body.contains(". ") && !body.contains("! ");
    one_sentence
        && !body.trim().is_empty()
        && line.chars().count() <= MAX_QUESTION_CHARS
        && !line.starts_with(['-', '*', '>'])
}

/// Whether a line looks like a heading: a few words, mostly capitalised, that do not end like a sentence.
fn is_heading(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let capital = |word: &&&str| word.chars().next().is_some_and(char::is_uppercase);
    (2..=MAX_HEADING_WORDS).contains(&words.len())
        && !line.ends_with(['.', '!', ':', ',', ';'])
        && words.iter().filter(capital).count() * 2 > words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_the_text_below_them() {
        let text = "Where is it?\n\nHere. Is it? It is.\n\nReally.\n\nWhat To Do Now\n\n\nWho?\nMe.\nPrevious question\nIs this left over?";
        let parsed = parse(text).unwrap();
        let entries: Vec<(usize, &str)> = parsed
            .entries
            .iter()
            .map(|entry| (entry.line, entry.answer.as_deref().unwrap().trim()))
            .collect();
        assert_eq!(entries, [(1, "Here. Is it? It is.\n\nReally."), (10, "Me.")]);
        let errors: Vec<usize> = parsed.skipped.iter().map(|error| error.line).collect();
        assert_eq!(errors, [7, 12, 13]);
    }

    #[test]
    fn marked_numbered_and_listed_questions() {
        let entries = |text: &str| -> Vec<(String, String)> {
            let parsed = parse(text).unwrap();
            let one = |raw: RawEntry| (raw.questions[0].clone(), raw.answer.unwrap().trim().to_owned());
            parsed.entries.into_iter().map(one).collect()
        };
        let pair = |question: &str, answer: &str| (question.to_owned(), answer.to_owned());
        let text = "Q: Reset my password\nA: Use the link. Is that clear?\n\nQ: Is it free? And open?\nA: Yes.\nIs it?\n";
        assert_eq!(
            entries(text),
            [
                pair("Reset my password", "Use the link. Is that clear?"),
                pair("Is it free? And open?", "Yes.\nIs it?")
            ]
        );
        let text = "FAQ\n\n1. What is it?\nThis.\nIs that clear?\n\n2) Who?\n\nMe.\n";
        assert_eq!(entries(text), [pair("What is it?", "This.\nIs that clear?"), pair("Who?", "Me.")]);
        assert_eq!(entries("* What?\n  This.\n* Who?\n  Me.\n").len(), 2);
    }

    #[test]
    fn a_heading_above_an_answer_is_a_question() {
        let parsed = parse("About Our Orders\n\nThey come.\n\nAbout Our Returns\n\nThey go.\n").unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert!(parse("just some text\n").is_err());
    }
}
