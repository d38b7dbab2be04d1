//! Names of fields and columns, in any case. The first of each list is the native format's.

use crate::error::RowError;

/// The question. If there are several, they are its phrasings.
pub const QUESTION: &[&str] = &[
    "question",
    "questions",
    "question(s)",
    "q",
    "questiontext",
    "question_text",
    "query",
    "utterance",
    "patterns",
    "frage",
    "问题",
];

/// Names that stand for the question only if none of [`QUESTION`] is present.
pub const TITLE: &[&str] = &["title", "prompt", "heading", "summary"];

/// Further phrasings.
pub const ALSO: &[&str] = &[
    "also",
    "alternative",
    "alternatives",
    "alternative questions",
    "alternate questions",
    "alternativequestions",
    "variants",
    "variations",
    "phrasings",
    "synonyms",
    "utterances",
    "examples",
];

/// The answer, most telling name first.
pub const ANSWER: &[&str] = &[
    "answer",
    "answers",
    "answer(s)",
    "a",
    "answertext",
    "answer_text",
    "response",
    "responses",
    "reply",
    "antwort",
    "答案",
    "text",
    "content",
    "completion",
    "body",
];

pub const ID: &[&str] = &["id", "qid", "qnaid"];
pub const SOURCE: &[&str] = &["source", "sourceurl", "source_url", "url", "link"];
pub const TAGS: &[&str] = &["tags", "tag", "category", "categories", "topic", "topics"];
/// See [`Entry::variants`](crate::Entry::variants).
pub const ANSWER_VARIANTS: &[&str] = &["answer_variants"];
pub const METADATA: &[&str] = &["metadata"];

/// The position of a name in a list of names.
pub fn rank(known: &[&str], name: &str) -> Option<usize> {
    let name = name.trim().to_lowercase();
    known.iter().position(|known| *known == name)
}

/// Whether a name is in a list of names.
pub fn is(known: &[&str], name: &str) -> bool {
    rank(known, name).is_some()
}

/// Whether a field that is a yes or a no says yes.
///
/// # Errors
///
/// Returns an error if it says neither `true` nor `false`.
pub fn flag(name: &str, text: &str, line: usize) -> Result<bool, RowError> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" => Ok(true),
        "false" | "no" | "" => Ok(false),
        _ => Err(RowError::new(line, format!("`{name}` is \"{text}\", neither true nor false"))),
    }
}
