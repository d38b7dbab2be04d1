//! Gettext's message files (`.po`, `.pot`): messages with their translations. Keys such as `faq.q1.question` name questions
//! and answers; otherwise a message that asks is followed by its answer.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::headings::asks;
use crate::readers::node::{Node, Value};
use crate::readers::tree;

/// A message: its line, its text or key, and its translation.
#[derive(Debug, Default)]
struct Message {
    line: usize,
    id: String,
    translation: String,
}

/// Reads a message file. Translations are read where there are any.
///
/// # Errors
///
/// Returns an error if no messages are a question and its answer.
pub fn parse(text: &str, language: Option<&str>) -> Result<Parsed, RowError> {
    let messages = messages(text);
    let field = |header: &str, name: &str| {
        let line = header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let header = messages.iter().find(|own| own.id.is_empty());
    let own_language = header.and_then(|own| field(&own.translation, "Language"));
    let messages: Vec<&Message> = messages.iter().filter(|own| !own.id.is_empty()).collect();
    let is_key = |own: &&&Message| !own.id.contains(' ') && own.id.contains(['.', '_', '-']);
    if messages.iter().filter(is_key).count() * 2 > messages.len() {
        let fields = messages.iter().map(|own| {
            let value = Value::Text(own.translation.clone());
            (own.id.clone(), Node { line: own.line, value })
        });
        let mut parsed = tree::faq(Node { line: 1, value: Value::Map(fields.collect()) }, language)?;
        parsed.language = parsed.language.or(own_language);
        return Ok(parsed);
    }
    let translated = messages.iter().any(|own| !own.translation.trim().is_empty());
    let shown = |own: &Message| {
        if own.translation.trim().is_empty() { own.id.clone() } else { own.translation.clone() }
    };
    let mut parsed = Parsed { language: own_language.filter(|_| translated), ..Parsed::default() };
    let mut messages = messages.into_iter().peekable();
    while let Some(message) = messages.next() {
        if !asks(message.id.trim()) {
            continue;
        }
        let Some(answer) = messages.next_if(|next| !asks(next.id.trim())) else { continue };
        parsed.entries.push(RawEntry {
            line: message.line,
            questions: vec![shown(message)],
            answer: Some(shown(answer)),
            ..RawEntry::default()
        });
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no message that asks, with its answer as the next message"));
    }
    let reason = "messages that ask are taken for the questions, and the message after each for its answer";
    parsed.notes.push(RowError::new(1, reason));
    Ok(parsed)
}

/// Strong for a text with messages and translations.
pub fn detect(text: &str) -> Detection {
    let has = |begin: &str| text.lines().any(|line| line.starts_with(begin));
    Detection::strong(has("msgid \"") && has("msgstr"))
}

fn messages(text: &str) -> Vec<Message> {
    let mut found: Vec<Message> = Vec::new();
    // Whether strings go to the translation, and whether to nothing (a plural form, a context).
    let (mut translation, mut nowhere) = (false, true);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let rest = if let Some(rest) = line.strip_prefix("msgid ") {
            found.push(Message { line: number + 1, ..Message::default() });
            (translation, nowhere) = (false, false);
            rest
        } else if let Some(rest) = line.strip_prefix("msgstr ").or_else(|| line.strip_prefix("msgstr[0] ")) {
            (translation, nowhere) = (true, false);
            rest
        } else if line.starts_with("msg") {
            nowhere = true;
            continue;
        } else {
            line
        };
        let piece = rest.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let (Some(piece), Some(last), false) = (piece, found.last_mut(), nowhere) {
            let target = if translation { &mut last.translation } else { &mut last.id };
            let mut letters = piece.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' => match letters.next() {
                        Some('n') => target.push('\n'),
                        Some('t') => target.push('\t'),
                        Some(other) => target.push(other),
                        None => {}
                    },
                    letter => target.push(letter),
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_ask_and_answer() {
        let text = "msgid \"\"\nmsgstr \"\"\n\"Language: de\\n\"\n\n#: faq.py:1\nmsgid \"Do you bake rye?\"\nmsgstr \"Backt ihr Roggen?\"\n\nmsgid \"\"\n\"Every \"\n\"day.\"\nmsgstr \"\"\n\nmsgid \"Menu\"\nmsgstr \"\"\n";
        let parsed = parse(text, None).unwrap();
        assert_eq!((parsed.entries.len(), parsed.language.as_deref()), (1, Some("de")));
        assert_eq!(parsed.entries[0].questions, ["Backt ihr Roggen?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("Every day."));
        let keys =
            "msgid \"faq.q1.question\"\nmsgstr \"Rye?\"\n\nmsgid \"faq.q1.answer\"\nmsgstr \"Daily.\"\n";
        assert_eq!(parse(keys, None).unwrap().entries[0].answer.as_deref(), Some("Daily."));
        assert!(parse("msgid \"a\"\nmsgstr \"b\"\n", None).is_err());
    }
}
