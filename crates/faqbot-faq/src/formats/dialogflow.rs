//! Dialogflow ES: the files of an agent's folder, or of its zip.
//!
//! `intents/NAME.json` has the responses, and `intents/NAME_usersays_LANGUAGE.json` the training phrases in parts. Each
//! is half an entry; the phrases are named by their file (see [`name_by_file`]).

use std::path::Path;

use super::watson::join;
use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::json_tree;
use crate::readers::node::{Node, Value, items};

/// What is between an intent's name and a language in the name of a file of phrases.
const PHRASES: &str = "_usersays_";

/// The language whose entries have the name of the intent alone.
const FIRST: &str = "en";

/// Reads a file of an agent.
///
/// # Errors
///
/// Returns an error if the text is not JSON, or has neither responses nor phrases.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = json_tree::read(text, 1)?;
    let mut parsed = Parsed::default();
    match &root.value {
        Value::List(phrases) => {
            let joined = |phrase: &Node| -> Option<String> {
                let parts = phrase.get("data")?;
                Some(items(parts).iter().filter_map(|part| part.text_of("text")).collect())
            };
            let questions: Vec<String> = phrases.iter().filter_map(joined).collect();
            if questions.is_empty() {
                return Err(RowError::new(1, "no phrases with `data`"));
            }
            parsed.entries.push(RawEntry { line: 1, questions, half: true, ..RawEntry::default() });
        }
        _ => responses(&root, &mut parsed)?,
    }
    Ok(parsed)
}

fn responses(root: &Node, parsed: &mut Parsed) -> Result<(), RowError> {
    let name = root.text_of("name").ok_or_else(|| RowError::new(1, "no `name` of an intent"))?;
    let responses = root.get("responses").ok_or_else(|| RowError::new(1, "no `responses` of an intent"))?;
    // Those of a language, in their order.
    let mut by_language: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    for message in
        items(responses).iter().flat_map(|response| response.get("messages").map(items).unwrap_or_default())
    {
        let language =
            message.text_of("lang").filter(|lang| !lang.is_empty()).unwrap_or_else(|| FIRST.to_owned());
        let speech = message.texts_of("speech");
        match by_language.iter_mut().find(|(own, _)| *own == language) {
            Some((_, pieces)) => pieces.push(speech),
            None => by_language.push((language, vec![speech])),
        }
    }
    for (language, pieces) in by_language {
        let mut answers = join(pieces).into_iter();
        parsed.entries.push(RawEntry {
            line: root.line,
            id: Some(named(&name, &language)),
            answer: answers.next(),
            variants: answers.collect(),
            half: true,
            ..RawEntry::default()
        });
    }
    parsed.entries.retain(|raw| raw.answer.is_some());
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, format!("the intent `{name}` says nothing")));
    }
    Ok(())
}

/// Strong for JSON with the field names of an intent or of its phrases.
pub fn detect(text: &str) -> Detection {
    let has = |name| text.contains(name);
    let intent = has("\"responses\"") && has("\"messages\"") && has("\"speech\"");
    let phrases = text.trim_start().starts_with('[') && has("\"data\"") && has("\"userDefined\"");
    Detection::strong(json_tree::begins(text) && (intent || phrases))
}

/// Names phrases by the file that they are in.
pub fn name_by_file(parsed: &mut Parsed, path: &Path) {
    let Some(stem) = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) else { return };
    let name = match stem.rsplit_once(PHRASES) {
        Some((name, language)) => named(name, language),
        None => stem,
    };
    for raw in parsed.entries.iter_mut().filter(|raw| raw.half && raw.id.is_none()) {
        raw.id = Some(name.clone());
    }
}

fn named(name: &str, language: &str) -> String {
    if language == FIRST { name.to_owned() } else { format!("{name}-{language}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_and_phrases_are_halves() {
        let intent = r#"{"name": "hours", "responses": [{"messages": [{"type": "0", "lang": "en", "speech": ["A", "B"]}, {"lang": "de", "speech": "C"}]}]}"#;
        let parsed = parse(intent).unwrap();
        let ids: Vec<&str> = parsed.entries.iter().filter_map(|raw| raw.id.as_deref()).collect();
        assert_eq!((ids, parsed.entries[0].variants.len()), (vec!["hours", "hours-de"], 1));
        let phrases = r#"[{"data": [{"text": "when are ", "userDefined": false}, {"text": "you open", "userDefined": true}]}]"#;
        let mut parsed = parse(phrases).unwrap();
        name_by_file(&mut parsed, Path::new("a/hours_usersays_de.json"));
        assert_eq!(
            (parsed.entries[0].id.as_deref(), &*parsed.entries[0].questions[0]),
            (Some("hours-de"), "when are you open")
        );
        assert_eq!((detect(intent), detect(phrases)), (Detection::Strong, Detection::Strong));
        assert!(parse("{\"language\": \"en\"}").is_err());
    }
}
