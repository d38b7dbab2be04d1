//! The one schema of replies: `--json`, HTTP and MCP.

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;

use super::{Found, Outcome, OutcomeKind, Question, Reply};

/// A reply as JSON. `cosine` is that of the match answered, else of the best. `confidence` is the
/// probability that the best match is right, null where it is not calibrated; it says nothing of the
/// other matches. Several questions in one message have their answers in one, a blank line between.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplyJson<'r> {
    /// The question.
    query: &'r str,
    /// The query with its typing errors corrected, where that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<&'r str>,
    /// The question that the query was read with, since it leans on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_with: Option<&'r str>,
    /// Whether the query was too long and only its beginning, which `query` is, was read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    outcome: OutcomeKind,
    /// Whether the message is like those of people in danger, and is answered as such.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    crisis: bool,
    /// The kind of small talk, where the outcome is that: `answer` is what is said to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    small_talk: Option<&'r str>,
    /// The answer as Markdown, null where there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    answer: Option<Cow<'r, str>>,
    /// The code of the query's language, where there is no answer since the model does not know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'r str>,
    /// What is said in the place of the fallback, as text: to a query in such a language, in it; or that the query is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'r str>,
    /// What is said to small talk as safe HTML, from the server only.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_html: Option<String>,
    /// From -1 to 1, null where there was nothing to compare.
    cosine: Option<f32>,
    /// From 0 to 1, null where it is not calibrated.
    confidence: Option<f32>,
    /// Of several questions in the message, those that have no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unanswered: Vec<&'r str>,
    /// What can be asked next, where there is an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    follow_ups: Vec<FollowUpJson<'r>>,
    /// The ids of the entries that are asked back about, where the outcome is ambiguous.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<&'r str>,
    /// Where there is no answer: the id of the nearest entry, if it is near enough to be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'r str>,
    /// Where there is no answer, and query and best match differ in a word or two: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    exchanged: Option<ExchangedJson<'r>>,
    /// The entries found, best first.
    matches: Vec<MatchJson<'r>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct FollowUpJson<'r> {
    /// The entry's id.
    id: &'r str,
    /// Its question as the FAQ shows it.
    question: &'r str,
}

fn follow_ups(questions: &[Question]) -> Vec<FollowUpJson<'_>> {
    questions.iter().map(|Question { id, question }| FollowUpJson { id: id.as_str(), question }).collect()
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ExchangedJson<'r> {
    /// The words of the query.
    asked: &'r str,
    /// Those of the entry in their place.
    known: &'r str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct MatchJson<'r> {
    /// The entry's id.
    id: &'r str,
    /// Its question as the FAQ shows it.
    question: &'r str,
    /// The phrasing that is nearest to the query.
    phrasing: &'r str,
    /// From -1 to 1.
    cosine: f32,
    /// The logit of the reader, which reads query and entry together: above 0 where the one rather answers the other.
    /// Absent where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<f32>,
    /// From 0 to 1, of the best match only.
    confidence: Option<f32>,
    /// As Markdown.
    answer: &'r str,
    /// Of a long answer: the passage that answers the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<SpanJson<'r>>,
    /// The answer as safe HTML, with the span in bold type; from the server only.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_html: Option<Cow<'r, str>>,
    /// Where the answer comes from, from the server only.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'r str>,
    /// Whether it is an entry of questions that the FAQ does not answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    out_of_scope: bool,
    /// What can be asked next, where this is the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    follow_ups: Vec<FollowUpJson<'r>>,
    /// Words of the query that the entry has nowhere, for the best match.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    differs: &'r [String],
}

/// A passage of an answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpanJson<'r> {
    /// Its Markdown.
    pub text: &'r str,
    /// Where it begins in the answer, in characters.
    pub offset: usize,
    /// Its length in characters.
    pub length: usize,
}

impl<'r> SpanJson<'r> {
    /// That of a range of bytes of an answer.
    pub fn new(answer: &'r str, range: Range<usize>) -> Self {
        let (text, offset) = (&answer[range.clone()], answer[..range.start].chars().count());
        SpanJson { text, offset, length: text.chars().count() }
    }
}

/// How answers become safe HTML.
#[derive(Clone, Copy)]
pub struct Html<'h, 'r> {
    /// The whole answer of an entry.
    pub of_entry: &'h dyn Fn(&Found) -> Cow<'r, str>,
    /// Another text in Markdown.
    pub of_text: &'h dyn Fn(&str) -> String,
}

impl<'r> ReplyJson<'r> {
    /// A reply as it is.
    pub fn new(reply: &'r Reply) -> Self {
        Self::with(reply, None)
    }

    /// The same for pages: with answers as HTML, and their sources.
    pub fn with_html(reply: &'r Reply, html: Html<'_, 'r>) -> Self {
        Self::with(reply, Some(html))
    }

    fn with(reply: &'r Reply, html: Option<Html<'_, 'r>>) -> Self {
        let (mut answered, mut choices, mut suggested, mut said) = (&[][..], &[][..], None, None);
        let (mut foreign, mut notice) = (None, None);
        match &reply.outcome {
            Outcome::Answered(found) => answered = found,
            Outcome::Clarify(found) => choices = found,
            Outcome::Unanswered { suggestion, language, fallback } => {
                suggested = suggestion.as_deref();
                foreign = *language;
                let of_nothing = reply.query.trim().is_empty();
                notice = Some(fallback.as_str()).filter(|_| of_nothing || language.is_some());
            }
            Outcome::SmallTalk(reply) => said = Some(reply),
        }
        ReplyJson {
            query: &reply.query,
            read_as: reply.read_as.as_deref(),
            read_with: reply.read_with.as_deref(),
            cut: reply.cut,
            outcome: reply.outcome.kind(),
            crisis: reply.crisis,
            small_talk: said.map(|said| said.kind.name()),
            answer: match answered {
                [] => said.map(|said| Cow::Borrowed(said.text.as_str())),
                [only] => Some(Cow::Borrowed(only.answer.as_str())),
                _ => Some(Cow::Owned(reply.answers().collect::<Vec<_>>().join("\n\n"))),
            },
            language: foreign,
            notice,
            answer_html: html.zip(said).map(|(html, said)| (html.of_text)(&said.text)),
            cosine: reply.cosine,
            confidence: reply.confidence,
            unanswered: reply.unanswered.iter().map(String::as_str).collect(),
            follow_ups: follow_ups(&reply.follow_ups),
            choices: choices.iter().map(|found| found.id.as_str()).collect(),
            suggestion: suggested.map(|found| found.id.as_str()),
            exchanged: reply
                .exchanged
                .as_ref()
                .map(|exchanged| ExchangedJson { asked: &exchanged.asked, known: &exchanged.known }),
            matches: reply
                .matches
                .iter()
                .map(|found| MatchJson {
                    id: found.id.as_str(),
                    question: &found.question,
                    phrasing: &found.phrasing,
                    cosine: found.cosine,
                    reader: found.reader,
                    confidence: found.confidence,
                    answer: &found.answer,
                    span: found.span.clone().map(|range| SpanJson::new(&found.answer, range)),
                    answer_html: html.map(|html| {
                        // Only what is answered: the HTML of the others is at hand.
                        let is_answered = answered.iter().any(|answer| answer.id == found.id);
                        match is_answered.then(|| found.emphasised()) {
                            Some(Cow::Owned(emphasised)) => Cow::Owned((html.of_text)(&emphasised)),
                            _ => (html.of_entry)(found),
                        }
                    }),
                    source: found.source.as_deref().filter(|_| html.is_some()),
                    out_of_scope: found.out_of_scope,
                    follow_ups: follow_ups(&found.follow_ups),
                    differs: &found.differs,
                })
                .collect(),
        }
    }
}
