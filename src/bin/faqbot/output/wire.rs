//! The one schema of replies: `--json`, HTTP and MCP.

use std::borrow::Cow;

use faqbot::bot::language;
use faqbot::faq::Entry;
use faqbot::matching::decision::Rule;
use faqbot::{Bot, Decision, Embedder, Exchanged, Match, Reply};
use serde::Serialize;

/// A reply as JSON. `cosine` is that of the match answered, else of the best. `confidence` is the
/// probability that the best match is right, null where it is not calibrated; it says nothing of the
/// other matches. Several questions in one message have their answers in one, a blank line between.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct ReplyJson<'r> {
    /// The question.
    query: &'r str,
    /// The query with its slips of the keyboard mended, where that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<&'r str>,
    /// The question that the query was read with, since it leans on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_with: Option<&'r str>,
    /// Whether the query was too long and only its beginning, which `query` is, was read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    outcome: Outcome,
    /// Whether the message is like those of people in danger, and is answered as such.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    crisis: bool,
    /// The kind of small talk, where the outcome is that: `answer` is what is said to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    small_talk: Option<&'r str>,
    /// The answer as Markdown, null where there is none.
    #[cfg_attr(feature = "serve", schema(value_type = Option<String>))]
    answer: Option<Cow<'r, str>>,
    /// The code of the query's language, where there is no answer since the model does not know it; `notice` says so in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'r str>,
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
    exchanged: Option<ExchangedJson>,
    /// The entries found, best first.
    matches: Vec<MatchJson<'r>>,
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answer,
    Ambiguous,
    NoMatch,
    SmallTalk,
}

impl Outcome {
    const ALL: [Outcome; 4] = [Outcome::Answer, Outcome::Ambiguous, Outcome::NoMatch, Outcome::SmallTalk];

    /// As in JSON.
    #[cfg_attr(
        not(any(feature = "serve", feature = "store")),
        allow(dead_code, reason = "only they name it")
    )]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answer => "answer",
            Outcome::Ambiguous => "ambiguous",
            Outcome::NoMatch => "no_match",
            Outcome::SmallTalk => "small_talk",
        }
    }

    /// The one with this name.
    #[cfg_attr(not(feature = "store"), allow(dead_code, reason = "only the store keeps names"))]
    pub fn named(name: &str) -> Option<Outcome> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// That of a reply.
    pub fn of(reply: &Reply) -> Self {
        match reply.decision {
            Decision::Answer(_) => Outcome::Answer,
            Decision::Ambiguous(_) => Outcome::Ambiguous,
            Decision::NoMatch => Outcome::NoMatch,
            Decision::SmallTalk => Outcome::SmallTalk,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct FollowUpJson<'r> {
    /// The entry's id.
    id: &'r str,
    /// Its question as the FAQ shows it.
    question: &'r str,
}

fn follow_ups(entries: Vec<&Entry>) -> Vec<FollowUpJson<'_>> {
    entries
        .into_iter()
        .map(|entry| FollowUpJson { id: entry.id.as_str(), question: entry.question() })
        .collect()
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
struct ExchangedJson {
    /// The words of the query.
    asked: String,
    /// Those of the entry in their place.
    known: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
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
    #[cfg_attr(feature = "serve", schema(value_type = Option<String>))]
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
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct SpanJson<'r> {
    /// Its Markdown.
    pub text: &'r str,
    /// Where it begins in the answer, in characters.
    pub offset: usize,
    /// Its length in characters.
    pub length: usize,
}

impl<'r> SpanJson<'r> {
    /// That of a match of a reply.
    pub fn of<E: Embedder>(bot: &'r Bot<E>, reply: &Reply, found: &Match) -> Option<Self> {
        let (answer, range) = (bot.answer(reply, found), bot.span(reply, found)?);
        let (text, offset) = (&answer[range.clone()], answer[..range.start].chars().count());
        Some(SpanJson { text, offset, length: text.chars().count() })
    }
}

/// Answers as safe HTML.
#[derive(Clone, Copy)]
pub struct Html<'r> {
    /// That of an entry, by its position, in the words for a seed.
    pub of_entry: &'r dyn Fn(usize, u64) -> &'r str,
    /// That of another text in Markdown.
    pub of_text: &'r dyn Fn(&str) -> String,
}

impl<'r> ReplyJson<'r> {
    /// `reply`, which comes from `bot`.
    pub fn new<E: Embedder>(bot: &'r Bot<E>, reply: &'r Reply) -> Self {
        Self::with(bot, reply, None)
    }

    /// As [`ReplyJson::new`], for pages: with answers as HTML and their sources.
    #[cfg(feature = "serve")]
    pub fn with_html<E: Embedder>(bot: &'r Bot<E>, reply: &'r Reply, html: Html<'r>) -> Self {
        Self::with(bot, reply, Some(html))
    }

    fn with<E: Embedder>(bot: &'r Bot<E>, reply: &'r Reply, html: Option<Html<'r>>) -> Self {
        let answered = reply.answer();
        let answers: Vec<&str> = reply.answers().iter().map(|found| bot.answer(reply, found)).collect();
        let said = reply.small_talk.as_ref();
        // Confidence and what differs are known of the best match only.
        type Row<'r> = (&'r Match, Option<f32>, &'r [String]);
        fn differs(reply: &Reply) -> &[String] {
            reply.alignment.as_ref().map_or(&[], |alignment| &alignment.not_in_answer)
        }
        let matches: Vec<Row> = if reply.parts.is_empty() {
            let row = |(at, found): (usize, &'r Match)| -> Row<'r> {
                let answered = match reply.decision {
                    Decision::Answer(at) => at,
                    Decision::Ambiguous(_) | Decision::NoMatch | Decision::SmallTalk => 0,
                };
                let best = at == answered;
                (found, reply.confidence.filter(|_| best), if best { differs(reply) } else { &[] })
            };
            reply.matches.iter().enumerate().map(row).collect()
        } else {
            let row = |part: &'r Reply| Some((part.answer()?, part.confidence, differs(part)));
            reply.parts.iter().filter_map(row).collect()
        };
        let id = |found: &Match| bot.entry(found).id.as_str();
        ReplyJson {
            query: &reply.query,
            read_as: reply.read_as.as_deref(),
            read_with: reply.read_with.as_deref(),
            cut: reply.cut,
            small_talk: said.map(|said| said.kind),
            language: reply.language,
            notice: reply.language.and_then(language::notice),
            answer_html: html.zip(said).map(|(html, said)| (html.of_text)(&said.text)),
            outcome: Outcome::of(reply),
            crisis: reply.rule == Rule::Crisis,
            answer: match answers[..] {
                [] => said.map(|said| Cow::Borrowed(said.text.as_str())),
                [only] => Some(Cow::Borrowed(only)),
                _ => Some(Cow::Owned(answers.join("\n\n"))),
            },
            cosine: answered.or(reply.matches.first()).map(|found| found.cosine),
            confidence: reply.confidence,
            unanswered: reply.unanswered(),
            follow_ups: follow_ups(bot.follow_ups(reply)),
            choices: reply.choices().into_iter().map(id).collect(),
            suggestion: bot.suggestion(reply).filter(|_| reply.language.is_none()).map(id),
            exchanged: bot.exchanged(reply).map(|Exchanged { asked, known }| ExchangedJson { asked, known }),
            matches: matches
                .into_iter()
                .map(|(found, confidence, differs)| {
                    let entry = bot.entry(found);
                    MatchJson {
                        id: entry.id.as_str(),
                        question: entry.question(),
                        phrasing: &entry.phrasings[found.phrasing],
                        cosine: found.cosine,
                        reader: found.reader,
                        confidence,
                        answer: bot.answer(reply, found),
                        span: SpanJson::of(bot, reply, found),
                        answer_html: html.map(|html| {
                            // Only what is answered: the HTML of the others is at hand.
                            let answered = reply.answers().iter().any(|answer| answer.entry == found.entry);
                            match answered.then(|| bot.emphasised(reply, found)) {
                                Some(Cow::Owned(emphasised)) => Cow::Owned((html.of_text)(&emphasised)),
                                _ => Cow::Borrowed((html.of_entry)(found.entry, reply.seed)),
                            }
                        }),
                        source: entry.source.as_deref().filter(|_| html.is_some()),
                        out_of_scope: entry.out_of_scope,
                        follow_ups: follow_ups(bot.follow_ups_of(entry)),
                        differs,
                    }
                })
                .collect(),
        }
    }
}
