//! `.qna`, the text format of Microsoft's bot tools.
//!
//! ```text
//! > a comment
//! # ? Where is my order?
//! - track my parcel
//!
//! **Filters:**
//! - topic = orders
//!
//!     ```markdown
//!     Open *Orders*.
//!     ```
//! ```
//!
//! Prompts (`- [text](#id)` or `(#?question)`) are follow-ups, and `<a id = "1"></a>` is the id that they name.
//! `!#` settings are skipped: they belong to the tools that wrote them.

use crate::error::RowError;
use crate::normalize::normalize_phrasing;
use crate::parsed::{Detection, Parsed, RawEntry};

/// What the current lines of an entry belong to.
#[derive(PartialEq)]
enum Part {
    Phrasings,
    Filters,
    Prompts,
    Answer { indent: usize },
    Rest,
}

/// Reads a `.qna` file.
///
/// # Errors
///
/// Returns an error if there is no line such as `# ? question`.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut parsed = Parsed::default();
    let mut part = Part::Rest;
    let mut number = None;
    let mut context_only: Vec<String> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Part::Answer { indent } = part {
            if trimmed == "```" {
                part = Part::Rest;
            } else if let Some(answer) = parsed.entries.last_mut().and_then(|entry| entry.answer.as_mut()) {
                // The fence's indentation is not part of the answer.
                let spaces = line.len() - line.trim_start_matches(' ').len();
                answer.push_str(&line[spaces.min(indent)..]);
                answer.push('\n');
            }
            continue;
        }
        if let Some(question) = question(trimmed) {
            parsed.entries.push(RawEntry {
                line: index + 1,
                questions: vec![question.to_owned()],
                number: number.take(),
                ..RawEntry::default()
            });
            part = Part::Phrasings;
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix("<a") {
            number = rest.split('"').nth(1).map(str::to_owned).filter(|id| !id.is_empty());
        }
        let Some(entry) = parsed.entries.last_mut() else { continue };
        if trimmed.starts_with("```") {
            let indent = line.len() - line.trim_start_matches(' ').len();
            if entry.answer.is_some() {
                let reason = "a second answer to the same question; only the first is read";
                parsed.skipped.push(RowError::new(index + 1, reason));
                part = Part::Rest;
            } else {
                entry.answer = Some(String::new());
                part = Part::Answer { indent };
            }
        } else if trimmed.starts_with("**") {
            part = match &*trimmed.trim_matches(['*', ' ', ':']).to_lowercase() {
                "filters" => Part::Filters,
                "prompts" => Part::Prompts,
                _ => Part::Rest,
            };
        } else if let Some(item) =
            trimmed.strip_prefix(['-', '*', '+']).map(str::trim).filter(|item| !item.is_empty())
        {
            match part {
                Part::Phrasings => entry.questions.push(item.to_owned()),
                Part::Filters => entry.tags.push(item.to_owned()),
                Part::Prompts => {
                    let leads = item.split_once("](").and_then(|(_, rest)| rest.split_once(')'));
                    if let Some((target, after)) = leads {
                        // Words of a question are joined by hyphens in an address.
                        let target = target.trim_start_matches(['#', '?']).trim().replace('-', " ");
                        if after.contains("context-only") {
                            context_only.push(target.clone());
                        }
                        entry.follow_ups.push(target);
                    }
                }
                Part::Answer { .. } | Part::Rest => {}
            }
        }
    }
    for entry in parsed.entries.iter_mut().filter(|_| !context_only.is_empty()) {
        let named = |name: &String| {
            entry.number.as_ref() == Some(name)
                || entry
                    .questions
                    .first()
                    .is_some_and(|own| normalize_phrasing(own) == normalize_phrasing(name))
        };
        entry.context_only = context_only.iter().any(named);
    }
    if let Part::Answer { .. } = part {
        let line = parsed.entries.pop().map_or(1, |entry| entry.line);
        parsed.skipped.push(RowError::new(line, "the answer's ``` is never closed"));
    }
    if parsed.entries.is_empty() && parsed.skipped.is_empty() {
        return Err(RowError::new(1, "no line such as `# ? question`"));
    }
    Ok(parsed)
}

/// Strong if a heading is marked as a question.
pub fn detect(text: &str) -> Detection {
    Detection::strong(text.lines().any(|line| question(line.trim()).is_some()))
}

/// The question in a heading line: any level, then `?`.
fn question(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('#')?.trim_start_matches('#').trim_start();
    rest.strip_prefix('?').map(str::trim).filter(|question| !question.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrasings_filters_and_fenced_answers_are_read() {
        let text = "> comment\n!# @kb = 1\n<a id = \"7\"></a>\n# ? Where is it?\n- track it\n\n**Filters:**\n- topic = orders\n\n    ```markdown\n    Open it:\n\n      - here\n    ```\n\n**Prompts:**\n- [More](#?more)\n\n### ? And then?\n```\nNothing.\n```\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries.len(), 2);
        let first = &parsed.entries[0];
        assert_eq!(first.questions, ["Where is it?", "track it"]);
        assert_eq!(first.tags, ["topic = orders"]);
        assert_eq!(first.answer.as_deref(), Some("Open it:\n\n  - here\n"));
        assert_eq!((first.line, parsed.entries[1].line), (4, 19));
        assert_eq!((first.number.as_deref(), &*first.follow_ups), (Some("7"), &["more".to_owned()][..]));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(parse("just text").is_err());
        let parsed = parse("# ? a\n```\nopen\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped[0].line), (0, 1));
        assert_eq!(parse("# ? a\n```\nx\n```\n```\ny\n```\n").unwrap().skipped[0].line, 5);
    }
}
