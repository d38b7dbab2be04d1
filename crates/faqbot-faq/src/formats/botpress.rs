//! Botpress 12's JSON export of questions and answers.
//!
//! `{"qnas": [{"id", "data": {"questions": {"en": […]}, "answers": {"en": […]}, "enabled", …}}]}`, or
//! the list or one of its members alone. Each language of a question becomes an entry. What goes on to a flow
//! (`redirectFlow`) is said: flows are not in the export.

use std::collections::HashMap;

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::json_tree;
use crate::readers::node::{Node, Value};

/// Reads a Botpress export.
///
/// # Errors
///
/// Returns an error if the text is not JSON or has no list of questions.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = json_tree::read(text, 1)?;
    let list = root.get("qnas").unwrap_or(&root);
    let items = match &list.value {
        Value::List(items) => &items[..],
        // A bot's folder has one file per question.
        Value::Map(_) if root.get("data").is_some() => std::slice::from_ref(&root),
        _ => return Err(RowError::new(list.line, "no list of questions, such as `qnas`")),
    };
    let mut parsed = Parsed::default();
    for item in items {
        entries(item, &mut parsed);
    }
    Ok(parsed)
}

/// Strong for JSON with Botpress's field names.
pub fn detect(text: &str) -> Detection {
    let has = |name| text.contains(name);
    let list = has("\"qnas\"") || has("\"redirectFlow\"");
    Detection::strong(json_tree::begins(text) && list && has("\"questions\"") && has("\"answers\""))
}

fn entries(item: &Node, parsed: &mut Parsed) {
    let line = item.line;
    let data = item.get("data").unwrap_or(item);
    let id = item.get("id").and_then(Node::as_text);
    let mut skip = |reason: String| parsed.skipped.push(RowError::new(line, reason));
    if data.get("enabled").and_then(Node::as_text) == Some("false") {
        return skip(format!("{} is not enabled", id.unwrap_or("the question")));
    }
    let Some(Node { value: Value::Map(languages), .. }) = data.get("questions") else {
        return skip("no `questions`".into());
    };
    if let Some(flow) = data.get("redirectFlow").and_then(Node::as_text).filter(|flow| !flow.is_empty()) {
        let reason =
            format!("{} goes on to the flow `{flow}`, which is not read", id.unwrap_or("the question"));
        parsed.notes.push(RowError::new(line, reason));
    }
    let several = languages.iter().filter(|(_, list)| !list.texts().is_empty()).count() > 1;
    let by_language: HashMap<&str, &Node> = match data.get("answers").map(|answers| &answers.value) {
        Some(Value::Map(answers)) => answers.iter().rev().map(|(name, node)| (&**name, node)).collect(),
        _ => HashMap::new(),
    };
    for (language, questions) in languages {
        let questions: Vec<String> = questions.texts().into_iter().map(str::to_owned).collect();
        if questions.is_empty() {
            continue;
        }
        let answers: Vec<&str> =
            by_language.get(language.as_str()).map(|node| node.texts()).unwrap_or_default();
        let contexts =
            data.get("contexts").or_else(|| data.get("category")).map(Node::texts).unwrap_or_default();
        let tags = contexts.into_iter().filter(|context| *context != "global");
        parsed.entries.push(RawEntry {
            line,
            id: id.map(|id| if several { format!("{id}-{language}") } else { id.to_owned() }),
            questions,
            answer: answers.first().map(|&answer| answer.to_owned()),
            variants: answers.iter().skip(1).map(|&answer| answer.to_owned()).collect(),
            tags: tags.map(str::to_owned).chain(several.then(|| language.clone())).collect(),
            ..RawEntry::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_an_entry() {
        let text = r#"{"qnas": [
            {"id": "a1", "data": {"action": "text", "contexts": ["global", "orders"], "enabled": true,
             "answers": {"en": ["Here.", "There."], "de": ["Hier."]}, "questions": {"en": ["where", "what place"], "de": ["wo"]}}},
            {"id": "b2", "data": {"enabled": false, "answers": {"en": ["x"]}, "questions": {"en": ["y"]}}}]}"#;
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(parsed.entries[0].questions, ["where", "what place"]);
        assert_eq!(parsed.entries[1].id.as_deref(), Some("a1-de"));
        assert_eq!(parsed.entries[1].tags, ["orders", "de"]);
        assert_eq!((parsed.skipped.len(), &*parsed.entries[0].variants), (1, &["There.".to_owned()][..]));
        let one = r#"{"id": "a1", "data": {"answers": {"en": ["Here."]}, "questions": {"en": ["where"]}, "redirectFlow": ""}}"#;
        let parsed = parse(one).unwrap();
        assert_eq!((detect(one), parsed.entries.len(), parsed.notes.len()), (Detection::Strong, 1, 0));
        let on = one.replace("Flow\": \"\"", "Flow\": \"orders.flow.json\"");
        assert!(parse(&on).unwrap().notes[0].to_string().contains("goes on to the flow `orders.flow.json`"));
        assert!(parse("{}").is_err());
    }
}
