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
    "instruction",
    "standard_question",
    "standardquestion",
    "main_question",
    "faq_question",
    "problem",
    "issue",
];

/// Names that stand for the question only if none of [`QUESTION`] is present.
pub const TITLE: &[&str] = &["title", "prompt", "heading", "summary"];

/// The same where the other field answers: in a table, a name is anything.
pub const NAME: &[&str] = &["name", "subject"];

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
    "similar",
    "similar_question",
    "similar_questions",
    "similarquestion",
    "similarquestions",
    "similar question",
    "similar questions",
    "alternative_question",
    "alternative_questions",
    "alternate_questions",
    "other_questions",
    "paraphrases",
    "rephrasings",
    "sample_utterances",
    "sampleutterances",
    "training_phrases",
    "trainingphrases",
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
    "output",
    "faq_answer",
    "solution",
    "resolution",
    "body_html",
    "content_html",
    "answer_html",
];

/// Names that stand for the answer only if none of [`ANSWER`] is present.
pub const DESCRIPTION: &[&str] = &["description", "details", "description_text", "excerpt"];

pub const ID: &[&str] = &["id", "qid", "qnaid"];
pub const SOURCE: &[&str] = &["source", "sourceurl", "source_url", "url", "link"];
pub const TAGS: &[&str] = &["tags", "tag", "category", "categories", "topic", "topics"];
/// See [`Entry::variants`](crate::Entry::variants).
pub const ANSWER_VARIANTS: &[&str] = &["answer_variants"];
pub const METADATA: &[&str] = &["metadata"];

/// Names of fields that say in what state an entry is.
const STATE: &[&str] =
    &["status", "state", "visibility", "post_status", "publication_status", "article_status"];
/// What such a field says of an entry that its owner does not show.
const NOT_SHOWN: &[&str] = &[
    "draft",
    "pending",
    "private",
    "trash",
    "inactive",
    "disabled",
    "archived",
    "unpublished",
    "hidden",
    "deleted",
    "scheduled",
    "future",
    "entwurf",
    "brouillon",
    "borrador",
];
const SHOWN_IF_TRUE: &[&str] = &[
    "published",
    "is_published",
    "ispublished",
    "active",
    "is_active",
    "isactive",
    "enabled",
    "visible",
    "live",
];
const HIDDEN_IF_TRUE: &[&str] =
    &["draft", "is_draft", "isdraft", "hidden", "archived", "disabled", "deleted", "is_deleted", "trashed"];
/// Fields that say when an entry was published, and nothing where it was not.
const PUBLISHED_AT: &[&str] = &["publishedat", "published_at"];

/// Whether a field says by its name if its entry is shown.
pub fn says_whether_shown(name: &str) -> bool {
    [STATE, SHOWN_IF_TRUE, HIDDEN_IF_TRUE, PUBLISHED_AT].iter().any(|known| is(known, name))
}

/// Whether a field says that its entry is not published: `status: draft`, `published: false`, `publishedAt: null`. An
/// empty text says nothing but of when it was published.
pub fn says_unpublished(name: &str, text: Option<&str>) -> bool {
    let text = text.unwrap_or_default().trim().to_lowercase();
    let yes = matches!(&*text, "true" | "yes" | "1" | "y" | "x" | "ja" | "oui" | "wahr" | "vrai");
    let no = matches!(&*text, "false" | "no" | "0" | "n" | "nein" | "non" | "falsch" | "faux");
    (is(STATE, name) && NOT_SHOWN.contains(&&*text))
        || (is(SHOWN_IF_TRUE, name) && no)
        || (is(HIDDEN_IF_TRUE, name) && yes)
        || (is(PUBLISHED_AT, name) && text.is_empty())
}

/// What is said of entries that are left out because they are not published.
pub fn unpublished(count: usize) -> String {
    if count == 1 {
        "1 entry that is not published is left out".to_owned()
    } else {
        format!("{count} entries that are not published are left out")
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_say_what_is_not_published() {
        for (name, text) in [
            ("status", Some("draft")),
            ("Status", Some(" Pending ")),
            ("published", Some("FALSE")),
            ("hidden", Some("yes")),
            ("publishedAt", None),
        ] {
            assert!(says_unpublished(name, text), "{name}: {text:?}");
        }
        for (name, text) in [
            ("status", Some("publish")),
            ("status", None),
            ("published", Some("2026-01-01")),
            ("draft", Some("")),
            ("published_at", Some("2026-01-01")),
            ("answer", Some("draft")),
        ] {
            assert!(!says_unpublished(name, text), "{name}: {text:?}");
        }
    }
}
