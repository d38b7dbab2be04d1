//! Amazon Lex: intents with sample utterances and closing messages, of its first and second version.
//!
//! Version 1 exports one file (`resource.intents[]`, or one intent as `resource`); version 2 a folder or zip with an
//! `Intent.json` for each.

use super::watson::join;
use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::json_tree;
use crate::readers::node::{Node, items};

/// Reads an export.
///
/// # Errors
///
/// Returns an error if the text is not JSON or no intent has sample utterances.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = json_tree::read(text, 1)?;
    let resource = root.get("resource").unwrap_or(&root);
    let intents = match resource.get("intents") {
        Some(intents) => items(intents),
        None => std::slice::from_ref(resource),
    };
    let mut parsed = Parsed::default();
    for intent in intents {
        let Some(utterances) = intent.get("sampleUtterances") else { continue };
        let text = |item: &Node| item.as_text().map(str::to_owned).or_else(|| item.text_of("utterance"));
        let questions: Vec<String> = items(utterances).iter().filter_map(text).collect();
        if questions.iter().any(|question| question.contains('{')) {
            let reason = "slots in utterances, such as {date}, are read as they stand";
            parsed.notes.push(RowError::new(intent.line, reason));
        }
        let mut answers = messages(intent).into_iter();
        parsed.entries.push(RawEntry {
            line: intent.line,
            id: intent.text_of("name"),
            questions,
            answer: answers.next(),
            variants: answers.collect(),
            ..RawEntry::default()
        });
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no intent with `sampleUtterances`"));
    }
    Ok(parsed)
}

/// Strong for JSON with Lex's field names.
pub fn detect(text: &str) -> Detection {
    Detection::strong(json_tree::begins(text) && text.contains("\"sampleUtterances\""))
}

/// What an intent says in the end, in all its variants.
fn messages(intent: &Node) -> Vec<String> {
    // Version 1: messages of a group are variants; groups are said one after the other.
    for name in ["conclusionStatement", "confirmationPrompt"] {
        let Some(messages) = intent.get(name).and_then(|statement| statement.get("messages")) else {
            continue;
        };
        let mut groups: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for message in items(messages) {
            let group = message.text_of("groupNumber");
            let Some(text) = message.text_of("content") else { continue };
            match groups.iter_mut().find(|(own, _)| *own == group) {
                Some((_, texts)) => texts.push(text),
                None => groups.push((group, vec![text])),
            }
        }
        let found = join(groups.into_iter().map(|(_, texts)| texts).collect());
        if !found.is_empty() {
            return found;
        }
    }
    // Version 2.
    let settings = [
        ("intentClosingSetting", "closingResponse"),
        ("initialResponseSetting", "initialResponse"),
        ("fulfillmentCodeHook", "postFulfillmentStatusSpecification"),
    ];
    let found = settings.iter().find_map(|(setting, response)| {
        let response = intent.get(setting)?.get(response)?;
        let response = response.get("successResponse").unwrap_or(response);
        let groups = response.get("messageGroupsList").or_else(|| response.get("messageGroups"))?;
        let plain = |message: &Node| message.get("plainTextMessage")?.text_of("value");
        let group = |group: &Node| -> Vec<String> {
            let first = group.get("message").and_then(plain);
            let more = group.get("variations").map(items).unwrap_or_default().iter().filter_map(plain);
            first.into_iter().chain(more).collect()
        };
        Some(join(items(groups).iter().map(group).collect())).filter(|found| !found.is_empty())
    });
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_read() {
        let one = r#"{"metadata": {}, "resource": {"name": "Shop", "intents": [{"name": "Hours", "sampleUtterances": ["when", "open"],
            "conclusionStatement": {"messages": [{"groupNumber": 1, "content": "A"}, {"groupNumber": 1, "content": "B"}]}}]}}"#;
        let parsed = parse(one).unwrap();
        assert_eq!(
            (&*parsed.entries[0].questions, parsed.entries[0].variants.len()),
            (&["when".to_owned(), "open".to_owned()][..], 1)
        );
        let two = r#"{"name": "Hours", "sampleUtterances": [{"utterance": "when"}], "intentClosingSetting": {"closingResponse":
            {"messageGroupsList": [{"message": {"plainTextMessage": {"value": "A"}}}]}}}"#;
        let parsed = parse(two).unwrap();
        assert_eq!(
            (parsed.entries[0].id.as_deref(), parsed.entries[0].answer.as_deref()),
            (Some("Hours"), Some("A"))
        );
        assert_eq!((detect(one), detect(two)), (Detection::Strong, Detection::Strong));
        assert!(parse("{}").is_err());
    }
}
