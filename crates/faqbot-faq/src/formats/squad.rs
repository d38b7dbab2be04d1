//! JSON in the shape of SQuAD: `data[].paragraphs[].qas[]`, whose answers are passages of a context.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::json_tree;
use crate::readers::node::items;

/// Reads a set of questions.
///
/// # Errors
///
/// Returns an error if the text is not JSON or has no questions.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = json_tree::read(text, 1)?;
    let data = root.get("data").ok_or_else(|| RowError::new(1, "no `data`"))?;
    let mut parsed = Parsed::default();
    let mut impossible = 0;
    for article in items(data) {
        let tags: Vec<String> = article.text_of("title").into_iter().collect();
        for paragraph in article.get("paragraphs").map(items).unwrap_or_default() {
            for asked in paragraph.get("qas").map(items).unwrap_or_default() {
                if asked.text_of("is_impossible").is_some_and(|own| own == "true") {
                    impossible += 1;
                    continue;
                }
                let answers = asked.get("answers").map(items).unwrap_or_default();
                parsed.entries.push(RawEntry {
                    line: asked.line,
                    id: asked.text_of("id"),
                    questions: asked.text_of("question").into_iter().collect(),
                    // Others are the same passage by other readers.
                    answer: answers.iter().find_map(|answer| answer.text_of("text")),
                    tags: tags.clone(),
                    ..RawEntry::default()
                });
            }
        }
    }
    if impossible > 0 {
        let reason =
            format!("{impossible} questions that the text does not answer (`is_impossible`) are left out");
        parsed.skipped.push(RowError::new(1, reason));
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no questions in `data[].paragraphs[].qas[]`"));
    }
    Ok(parsed)
}

/// Strong for JSON with SQuAD's field names.
pub fn detect(text: &str) -> Detection {
    Detection::strong(json_tree::begins(text) && text.contains("\"paragraphs\"") && text.contains("\"qas\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_have_their_passage() {
        let text = r#"{"data": [{"title": "T", "paragraphs": [{"context": "c", "qas": [
            {"id": 1, "question": "What?", "answers": [{"text": "This", "answer_start": 0}, {"text": "Th", "answer_start": 0}]},
            {"question": "No?", "is_impossible": true, "answers": []}]}]}]}"#;
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.entries.len(), parsed.entries[0].answer.as_deref()), (1, Some("This")));
        assert_eq!((&*parsed.entries[0].tags, parsed.skipped.len()), (&["T".to_owned()][..], 1));
        assert_eq!(detect(text), Detection::Strong);
        assert!(parse("{\"data\": []}").is_err());
    }
}
