//! ChatterBot's corpus: `conversations`, each a list whose first line is the question and the rest the answer.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::node::{Value, items};
use crate::readers::yaml_tree;

/// Reads a corpus.
///
/// # Errors
///
/// Returns an error if the text is not YAML or has no `conversations`.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = yaml_tree::read(text)?;
    let conversations = root.get("conversations").ok_or_else(|| RowError::new(1, "no `conversations`"))?;
    let tags = root.texts_of("categories");
    let mut parsed = Parsed::default();
    for conversation in items(conversations) {
        let Value::List(_) = &conversation.value else {
            parsed.skipped.push(RowError::new(conversation.line, "a conversation is a list of texts"));
            continue;
        };
        let mut texts = conversation.texts().into_iter().map(str::to_owned);
        let question = texts.next();
        let answer = texts.collect::<Vec<_>>().join("\n\n");
        parsed.entries.push(RawEntry {
            line: conversation.line,
            questions: question.into_iter().collect(),
            answer: Some(answer).filter(|answer| !answer.is_empty()),
            tags: tags.clone(),
            ..RawEntry::default()
        });
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(conversations.line, "`conversations` is empty"));
    }
    Ok(parsed)
}

/// Strong for a list of lists under `conversations`.
pub fn detect(text: &str) -> Detection {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != "conversations:").skip(1);
    Detection::strong(
        lines.find(|line| !line.trim().is_empty()).is_some_and(|line| line.trim_start().starts_with("- - ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_asks_and_the_rest_answers() {
        let text =
            "categories:\n- shop\nconversations:\n- - When?\n  - At nine.\n- - How?\n  - So.\n  - And so.\n";
        assert_eq!(detect(text), Detection::Strong);
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries[1].answer.as_deref(), Some("So.\n\nAnd so."));
        assert_eq!((&*parsed.entries[0].tags, parsed.entries[1].line), (&["shop".to_owned()][..], 6));
        assert!(parse("a: b").is_err());
    }
}
