//! Watson Assistant's workspaces: `intents` with examples, and `dialog_nodes` that answer them.
//!
//! A node answers the intents in its condition, such as `#hours`; one that also asks for an entity or a context is
//! left out. Its texts are in `output.generic[].values[]` or, in older exports, in `output.text`.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::json_tree;
use crate::readers::node::{Node, Value, items};

/// Reads a workspace.
///
/// # Errors
///
/// Returns an error if the text is not JSON or has no `intents`.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = json_tree::read(text, 1)?;
    // Newer exports hold the skill's workspace.
    let root = root.get("workspace").unwrap_or(&root);
    let intents = root.get("intents").ok_or_else(|| RowError::new(1, "no `intents`"))?;
    let mut parsed = Parsed { title: root.text_of("name"), ..Parsed::default() };
    for intent in items(intents) {
        let Some(name) = intent.text_of("intent") else { continue };
        let questions: Vec<String> = intent
            .get("examples")
            .map(|examples| items(examples).iter().filter_map(|example| example.text_of("text")).collect())
            .unwrap_or_default();
        parsed.entries.push(RawEntry {
            line: intent.line,
            id: Some(name),
            questions,
            half: true,
            ..RawEntry::default()
        });
    }
    for node in root.get("dialog_nodes").map(items).unwrap_or_default() {
        let Some(condition) = node.text_of("conditions") else { continue };
        let answers = texts(node);
        if answers.is_empty() || !condition.contains('#') {
            continue;
        }
        let plain = condition.split("||").map(str::trim);
        for name in plain {
            match name
                .strip_prefix('#')
                .filter(|name| !name.contains(|c: char| c.is_whitespace() || c == '&'))
            {
                Some(name) => parsed.entries.push(RawEntry {
                    line: node.line,
                    id: Some(name.to_owned()),
                    answer: answers.first().cloned(),
                    variants: answers[1..].to_vec(),
                    half: true,
                    ..RawEntry::default()
                }),
                None => {
                    let reason = format!("the answer under the condition `{condition}` is not used");
                    parsed.notes.push(RowError::new(node.line, reason));
                    break;
                }
            }
        }
    }
    Ok(parsed)
}

/// Strong for JSON with the field names of a workspace.
pub fn detect(text: &str) -> Detection {
    let has = |name| text.contains(name);
    Detection::strong(
        json_tree::begins(text) && has("\"intents\"") && has("\"dialog_nodes\"") && has("\"examples\""),
    )
}

/// What a node says, in all its variants; what it says one after the other is one text.
fn texts(node: &Node) -> Vec<String> {
    let Some(output) = node.get("output") else { return Vec::new() };
    let values = |node: &Node| -> Vec<String> {
        match (&node.value, node.get("values")) {
            (Value::Text(text), _) => vec![text.clone()],
            (_, Some(values)) => {
                let text =
                    |value: &Node| value.as_text().map(str::to_owned).or_else(|| value.text_of("text"));
                items(values).iter().filter_map(text).collect()
            }
            (Value::List(list), _) => list.iter().filter_map(Node::as_text).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let pieces: Vec<Vec<String>> = match output.get("generic") {
        Some(generic) => {
            let text = |item: &&Node| item.text_of("response_type").is_none_or(|kind| kind == "text");
            items(generic).iter().filter(text).map(values).filter(|values| !values.is_empty()).collect()
        }
        None => output.get("text").map(values).into_iter().collect(),
    };
    join(pieces)
}

/// Pieces that are said one after the other, each in variants, as one answer in variants: those of the only piece, or
/// the first of each.
pub fn join(mut pieces: Vec<Vec<String>>) -> Vec<String> {
    pieces.retain(|variants| !variants.is_empty());
    match pieces.len() {
        0 => Vec::new(),
        1 => pieces.remove(0),
        _ => vec![pieces.iter().map(|variants| variants[0].as_str()).collect::<Vec<_>>().join("\n\n")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_and_nodes_are_halves() {
        let text = r##"{"name": "Shop", "intents": [{"intent": "hours", "examples": [{"text": "when"}]}],
            "dialog_nodes": [{"conditions": "#hours || #times", "output": {"generic": [{"response_type": "text", "values": [{"text": "A"}, {"text": "B"}]}]}},
            {"conditions": "#hours && @day", "output": {"text": {"values": ["C"]}}}, {"conditions": "welcome", "output": {"text": "Hi"}}]}"##;
        assert_eq!(detect(text), Detection::Strong);
        let parsed = parse(text).unwrap();
        let ids: Vec<&str> = parsed.entries.iter().filter_map(|raw| raw.id.as_deref()).collect();
        assert_eq!(ids, ["hours", "hours", "times"]);
        assert_eq!((parsed.entries[1].answer.as_deref(), parsed.entries[1].variants.len()), (Some("A"), 1));
        assert_eq!(parsed.notes.len(), 1);
        assert!(parse("{}").is_err());
    }
}
