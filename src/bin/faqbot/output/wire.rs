//! The one schema of `--json`.

use std::borrow::Cow;

use faqbot::matching::decision::Rule;
use faqbot::{Bot, Decision, Embedder, Match, Reply};
use serde::Serialize;

/// A reply as JSON. `cosine` is that of the match answered, else of the best. `confidence` is the
/// probability that the best match is right, null where it is not calibrated; it says nothing of the
/// other matches. Several questions in one message have their answers in one, a blank line between.
#[derive(Debug, Serialize)]
pub struct ReplyJson<'r> {
    query: &'r str,
    /// The query with its slips of the keyboard mended, where that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<&'r str>,
    /// Whether the query was too long and only its beginning, which `query` is, was read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    outcome: Outcome,
    /// Whether the message is like those of people in danger, and is answered as such.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    crisis: bool,
    answer: Option<Cow<'r, str>>,
    cosine: Option<f32>,
    confidence: Option<f32>,
    matches: Vec<MatchJson<'r>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Answer,
    Ambiguous,
    NoMatch,
}

#[derive(Debug, Serialize)]
struct MatchJson<'r> {
    id: &'r str,
    question: &'r str,
    phrasing: &'r str,
    cosine: f32,
    confidence: Option<f32>,
    answer: &'r str,
    /// Whether it is an entry of questions that the FAQ does not answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    out_of_scope: bool,
    /// Words of the query that the entry has nowhere, for the best match.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    differs: &'r [String],
}

impl<'r> ReplyJson<'r> {
    /// `reply`, which comes from `bot`.
    pub fn new<E: Embedder>(bot: &'r Bot<E>, reply: &'r Reply) -> Self {
        let answered = reply.answer();
        let answers: Vec<&str> =
            reply.answers().iter().map(|found| bot.entry(found).answer.as_str()).collect();
        // Confidence and what differs are known of the best match only.
        type Row<'r> = (&'r Match, Option<f32>, &'r [String]);
        fn differs(reply: &Reply) -> &[String] {
            reply.alignment.as_ref().map_or(&[], |alignment| &alignment.not_in_answer)
        }
        let matches: Vec<Row> = if reply.parts.is_empty() {
            let row = |(at, found): (usize, &'r Match)| -> Row<'r> {
                let answered = match reply.decision {
                    Decision::Answer(at) => at,
                    Decision::Ambiguous(_) | Decision::NoMatch => 0,
                };
                let best = at == answered;
                (found, reply.confidence.filter(|_| best), if best { differs(reply) } else { &[] })
            };
            reply.matches.iter().enumerate().map(row).collect()
        } else {
            let row = |part: &'r Reply| Some((part.answer()?, part.confidence, differs(part)));
            reply.parts.iter().filter_map(row).collect()
        };
        ReplyJson {
            query: &reply.query,
            read_as: reply.read_as.as_deref(),
            cut: reply.cut,
            outcome: match reply.decision {
                Decision::Answer(_) => Outcome::Answer,
                Decision::Ambiguous(_) => Outcome::Ambiguous,
                Decision::NoMatch => Outcome::NoMatch,
            },
            crisis: reply.rule == Rule::Crisis,
            answer: match answers[..] {
                [] => None,
                [only] => Some(Cow::Borrowed(only)),
                _ => Some(Cow::Owned(answers.join("\n\n"))),
            },
            cosine: answered.or(reply.matches.first()).map(|found| found.cosine),
            confidence: reply.confidence,
            matches: matches
                .into_iter()
                .map(|(found, confidence, differs)| {
                    let entry = bot.entry(found);
                    MatchJson {
                        id: entry.id.as_str(),
                        question: entry.question(),
                        phrasing: &entry.phrasings[found.phrasing],
                        cosine: found.cosine,
                        confidence,
                        answer: &entry.answer,
                        out_of_scope: entry.out_of_scope,
                        differs,
                    }
                })
                .collect(),
        }
    }
}
