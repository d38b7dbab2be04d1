//! The one schema of `--json`.

use std::borrow::Cow;

use faqbot::{Bot, Decision, Embedder, Match, Reply};
use serde::Serialize;

/// A reply as JSON. `cosine` is that of the match answered, else of the best. `confidence` is the
/// probability that the best match is right, null where it is not calibrated; it says nothing of the
/// other matches. Several questions in one message have their answers in one, a blank line between.
#[derive(Debug, Serialize)]
pub struct ReplyJson<'r> {
    query: &'r str,
    outcome: Outcome,
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
}

impl<'r> ReplyJson<'r> {
    /// `reply`, which comes from `bot`.
    pub fn new<E: Embedder>(bot: &'r Bot<E>, reply: &'r Reply) -> Self {
        let answered = reply.answer();
        let answers: Vec<&str> =
            reply.answers().iter().map(|found| bot.entry(found).answer.as_str()).collect();
        let matches: Vec<(&Match, Option<f32>)> = if reply.parts.is_empty() {
            reply
                .matches
                .iter()
                .enumerate()
                .map(|(at, found)| (found, reply.confidence.filter(|_| at == 0)))
                .collect()
        } else {
            reply.parts.iter().filter_map(|part| Some((part.answer()?, part.confidence))).collect()
        };
        ReplyJson {
            query: &reply.query,
            outcome: match reply.decision {
                Decision::Answer(_) => Outcome::Answer,
                Decision::Ambiguous(_) => Outcome::Ambiguous,
                Decision::NoMatch => Outcome::NoMatch,
            },
            answer: match answers[..] {
                [] => None,
                [only] => Some(Cow::Borrowed(only)),
                _ => Some(Cow::Owned(answers.join("\n\n"))),
            },
            cosine: answered.or(reply.matches.first()).map(|found| found.cosine),
            confidence: reply.confidence,
            matches: matches
                .into_iter()
                .map(|(found, confidence)| {
                    let entry = bot.entry(found);
                    MatchJson {
                        id: entry.id.as_str(),
                        question: entry.question(),
                        phrasing: &entry.phrasings[found.phrasing],
                        cosine: found.cosine,
                        confidence,
                        answer: &entry.answer,
                    }
                })
                .collect(),
        }
    }
}
