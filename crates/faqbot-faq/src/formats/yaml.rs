//! The native format, YAML.
//!
//! ```yaml
//! title: Our shop
//! greeting: Ask me about orders.
//! fallback: I don't know that one.
//! contact: Write to help@shop.example.
//! language: en                     # optional: found from the questions
//! smalltalk:                       # optional; `false` for none at all
//!   greeting: Ahoy!
//!   insult: false
//! synonyms:                        # optional: words that mean the same
//!   - [cart, basket, bag]
//! entries:
//!   - id: where-is-my-order        # optional: the slug of the question
//!     question: Where is my order?
//!     also:
//!       - track my parcel
//!     answer: Open **Orders** and choose *Track*.
//!     source: shipping handbook
//!     tags: [orders]
//!     min_confidence: 0.5
//!     urgent: true                 # no guard keeps it from answering
//!     follow_ups: [returns]        # offered after the answer: ids or questions
//!   - question: Why does that take so long?
//!     only_after: [where-is-my-order]
//!     answers:                     # one of them is given, the same in a conversation
//!       - The carrier is slow.
//!       - Our carrier takes its time.
//! ```

use std::borrow::Cow;
use std::io;

use saphyr::{Mapping, Scalar, Yaml, YamlEmitter};

use super::rasa;
use crate::entry::{Entry, Faq, SmallTalk};
use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::tree;
use crate::readers::yaml_tree;
use crate::schema::MIN_CONFIDENCE;

/// Reads a YAML FAQ: the first document that has entries.
///
/// # Errors
///
/// Returns an error if the text is not YAML or not a list of entries.
pub fn parse(text: &str, language: Option<&str>) -> Result<Parsed, RowError> {
    if rasa::detect_yaml(text) == Detection::Strong {
        return Err(RowError::new(1, "a file of Rasa's"));
    }
    let mut read: Option<Parsed> = None;
    let mut failed: Option<RowError> = None;
    for document in yaml_tree::documents(text)? {
        let line = document.line;
        match tree::faq(document, language) {
            // Earlier documents may be about the file, as front matter is.
            Ok(parsed) if !parsed.entries.is_empty() && read.is_none() => read = Some(parsed),
            Ok(parsed) => {
                if let Some(read) = read.as_mut().filter(|_| !parsed.entries.is_empty()) {
                    let reason = "another document begins here; only the first with entries is read";
                    read.skipped.push(RowError::new(line, reason));
                }
                failed = failed.or(parsed.skipped.into_iter().next());
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let none = || RowError::new(1, "no entries");
    let mut read = read.ok_or_else(|| failed.unwrap_or_else(none))?;
    read.notes.extend(yaml_tree::lost_to_comments(text));
    Ok(read)
}

/// Weak if a line starts like an entry.
pub fn detect(text: &str) -> Detection {
    let begins = |line: &str| {
        let field = line.trim_start().trim_start_matches("- ");
        ["question:", "questions:", "q:", "entries:"].iter().any(|name| field.starts_with(name))
    };
    Detection::weak(text.lines().any(begins))
}

/// Writes a FAQ in the native format.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let mut root = Mapping::new();
    for (name, text) in faq.texts() {
        if let Some(text) = text {
            root.insert(string(name), string(text));
        }
    }
    if let Some(small_talk) = small_talk(&faq.small_talk) {
        root.insert(string("smalltalk"), small_talk);
    }
    if !faq.synonyms.is_empty() {
        root.insert(
            string("synonyms"),
            Yaml::Sequence(faq.synonyms.iter().map(|group| list(group)).collect()),
        );
    }
    root.insert(string("entries"), Yaml::Sequence(faq.entries.iter().map(entry).collect()));
    out.write_all(document(&Yaml::Mapping(root))?.as_bytes())
}

/// A value as the text of a document, with its last line break.
pub fn document(root: &Yaml) -> io::Result<String> {
    let mut yaml = String::new();
    let mut emitter = YamlEmitter::new(&mut yaml);
    emitter.multiline(true);
    emitter.dump(root).map_err(io::Error::other)?;
    Ok(format!("{}\n", yaml.strip_prefix("---\n").unwrap_or(&yaml).trim_end_matches('\n')))
}

fn small_talk(small_talk: &SmallTalk) -> Option<Yaml<'_>> {
    let no = || Yaml::Value(Scalar::Boolean(false));
    if small_talk.off {
        return Some(no());
    }
    let mut kinds = Mapping::new();
    for (kind, reply) in &small_talk.own {
        kinds.insert(string(kind.name()), reply.as_deref().map_or_else(no, string));
    }
    (!kinds.is_empty()).then_some(Yaml::Mapping(kinds))
}

fn list(texts: &[String]) -> Yaml<'_> {
    Yaml::Sequence(texts.iter().map(|text| Yaml::Value(Scalar::String(Cow::Owned(text.clone())))).collect())
}

fn entry(entry: &Entry) -> Yaml<'_> {
    let mut fields = Mapping::new();
    fields.insert(string("id"), string(entry.id.as_str()));
    fields.insert(string("question"), string(entry.question()));
    if entry.phrasings.len() > 1 {
        fields.insert(string("also"), list(&entry.phrasings[1..]));
    }
    if entry.variants.is_empty() {
        fields.insert(string("answer"), string(&entry.answer));
    } else {
        fields.insert(string("answers"), Yaml::Sequence(entry.answers().map(string).collect()));
    }
    if let Some(source) = &entry.source {
        fields.insert(string("source"), string(source));
    }
    if !entry.tags.is_empty() {
        fields.insert(string("tags"), list(&entry.tags));
    }
    if let Some(own) = entry.min_confidence {
        // Through text, so that 0.3 is written as 0.3.
        let own = own.to_string().parse::<f64>().unwrap_or_default();
        fields.insert(string(MIN_CONFIDENCE), Yaml::Value(Scalar::FloatingPoint(own.into())));
    }
    for name in entry.flags() {
        fields.insert(string(name), Yaml::Value(Scalar::Boolean(true)));
    }
    for (name, ids) in entry.links() {
        fields.insert(string(name), Yaml::Sequence(ids.into_iter().map(string).collect()));
    }
    Yaml::Mapping(fields)
}

fn string(text: &str) -> Yaml<'_> {
    Yaml::Value(Scalar::String(Cow::Borrowed(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Parsed, RowError> {
        super::parse(text, None)
    }

    #[test]
    fn scalars_keep_their_text() {
        let text = "title: 1.10\nentries:\n- question: yes\n  answer: 0x1F\n  also: [no, ~, 'null']\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.title.as_deref(), Some("1.10"));
        assert_eq!(parsed.entries[0].questions, ["yes", "no", "null"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("0x1F"));
        assert_eq!(parsed.entries[0].line, 3);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let text = "entries:\n- question: [a, {b: c}]\n  answer: x\n- just text\n- question: q\n  answer: a\n  anwser: b\n  min_confidence: high\n";
        let parsed = parse(text).unwrap();
        let errors: Vec<String> =
            parsed.skipped.iter().map(|error| format!("{}: {}", error.line, error.reason)).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert_eq!(errors[0], "2: `question` must be a list of texts");
        assert!(errors[1].starts_with("4: an entry is a mapping"));
        assert_eq!(errors[2], "8: `min_confidence` is \"high\", not a number");
        assert_eq!((parsed.entries.len(), parsed.notes[0].line), (1, 7));
    }

    #[test]
    fn broken_yaml_is_an_error_with_its_line() {
        assert_eq!(parse("entries:\n- question: \"open\n").unwrap_err().line, 2);
        assert!(parse("").is_err());
        assert!(parse("just text").is_err());
        assert!(parse("title: no entries").is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse(&"? ".repeat(100_000)).is_err());
        assert!(parse("a: &a [1]\nentries: *b").is_err());
    }

    #[test]
    fn further_documents_are_said() {
        let parsed = parse("- {question: a, answer: b}\n---\n- {question: c, answer: d}\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped[0].line), (1, 3));
        let front = parse("---\nlayout: faq\n---\n- {question: a, answer: b}\n").unwrap();
        assert_eq!(front.entries.len(), 1);
    }
}
