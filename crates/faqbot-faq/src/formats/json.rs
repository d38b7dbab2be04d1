//! JSON with the fields of the native format: an object with `entries`, or a list of entries.

use std::io;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::entry::{Entry, Faq, SmallTalk};
use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::json_tree;
use crate::readers::tree;
use crate::schema::MIN_CONFIDENCE;

/// Reads a JSON FAQ.
///
/// # Errors
///
/// Returns an error if the text is not JSON or not a list of entries.
pub fn parse(text: &str, language: Option<&str>) -> Result<Parsed, RowError> {
    tree::faq(json_tree::read(text, 1)?, language)
}

/// Strong for text that starts like JSON.
pub fn detect(text: &str) -> Detection {
    Detection::strong(json_tree::begins(text))
}

/// Writes a FAQ with the fields of the native format.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let root = FaqJson {
        title: faq.title.as_deref(),
        greeting: faq.greeting.as_deref(),
        fallback: faq.fallback.as_deref(),
        contact: faq.contact.as_deref(),
        language: faq.language.as_deref(),
        smalltalk: small_talk(&faq.small_talk),
        synonyms: &faq.synonyms,
        entries: faq.entries.iter().map(EntryJson).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &root)?;
    writeln!(out)
}

/// A FAQ with the fields of the native format, in their order.
#[derive(Serialize)]
struct FaqJson<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greeting: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smalltalk: Option<Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    synonyms: &'f [Vec<String>],
    entries: Vec<EntryJson<'f>>,
}

/// What a FAQ says of small talk: `false`, or a reply or `false` for each kind; `None` where it says nothing.
pub(super) fn small_talk(small_talk: &SmallTalk) -> Option<Value> {
    if small_talk.off {
        return Some(Value::Bool(false));
    }
    let reply = |reply: &Option<String>| reply.as_ref().map_or(Value::Bool(false), |text| json!(text));
    let kinds: serde_json::Map<String, Value> =
        small_talk.own.iter().map(|(kind, own)| (kind.name().to_owned(), reply(own))).collect();
    (!kinds.is_empty()).then_some(Value::Object(kinds))
}

/// An entry with the fields of the native format, in their order.
pub(super) struct EntryJson<'e>(pub &'e Entry);

impl Serialize for EntryJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.0;
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("id", entry.id.as_str())?;
        fields.serialize_entry("question", entry.question())?;
        if entry.phrasings.len() > 1 {
            fields.serialize_entry("also", &entry.phrasings[1..])?;
        }
        if entry.variants.is_empty() {
            fields.serialize_entry("answer", &entry.answer)?;
        } else {
            fields.serialize_entry("answers", &entry.answers().collect::<Vec<_>>())?;
        }
        if let Some(source) = &entry.source {
            fields.serialize_entry("source", source)?;
        }
        if !entry.tags.is_empty() {
            fields.serialize_entry("tags", &entry.tags)?;
        }
        if let Some(own) = entry.min_confidence {
            fields.serialize_entry(MIN_CONFIDENCE, &own)?;
        }
        for name in entry.flags() {
            fields.serialize_entry(name, &true)?;
        }
        for (name, ids) in entry.links() {
            fields.serialize_entry(name, &ids)?;
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parsed, RowError> {
        super::parse(text, None)
    }

    #[test]
    fn entries_have_their_lines_and_numbers_are_text() {
        let text = "{\n \"title\": \"T\",\n \"entries\": [\n  {\"question\": \"a\\ud83d\\ude00\", \"answer\": 1.50},\n\n  {\"questions\": [\"b\", \"c\"],\n   \"answer\": null}, 7]}";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.title.as_deref(), Some("T"));
        assert_eq!(parsed.entries[0].line, 4);
        assert_eq!(parsed.entries[0].questions, ["a😀"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("1.50"));
        assert_eq!((parsed.entries[1].line, &parsed.entries[1].answer), (6, &None));
        assert_eq!(parsed.skipped[0].line, 7);
    }

    #[test]
    fn other_tools_names_and_nesting_are_read() {
        let qnabot = r#"{"qna": [{"qid": "a.1", "q": ["where?", "what place?"], "a": "Here.", "type": "qna"},
            {"qid": "a.2", "q": ["who?"], "a": "Me.", "type": "qna"}]}"#;
        let parsed = parse(qnabot).unwrap();
        assert_eq!(parsed.entries[0].id.as_deref(), Some("a.1"));
        assert_eq!(parsed.entries[0].questions, ["where?", "what place?"]);
        assert!(parsed.notes.is_empty(), "{:?}", parsed.notes);
        let nested = r#"{"shop": {"orders": [{"title": "Where?", "text": "Here."}], "returns": [{"q": "How?", "a": "So."}]}}"#;
        let parsed = parse(nested).unwrap();
        assert_eq!(parsed.entries[0].tags, ["shop", "orders"]);
        assert_eq!(parsed.entries[1].answer.as_deref(), Some("So."));
        assert!(parse("{\"b\": 1}").is_err());
    }

    #[test]
    fn broken_json_is_an_error_with_its_line() {
        assert_eq!(parse("[\n{\"question\": \"a\",\n").unwrap_err().line, 3);
        assert!(parse("").is_err());
        assert!(parse("\"text\"").is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
