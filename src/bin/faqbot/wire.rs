//! The one schema of `--json`.

use faqbot::{Bot, Decision, Embedder, Reply};
use serde::Serialize;

/// A reply as JSON. `cosine` is that of the best match. `confidence` is null until it is a
/// calibrated probability.
#[derive(Debug, Serialize)]
pub struct ReplyJson<'r> {
    query: &'r str,
    outcome: Outcome,
    answer: Option<&'r str>,
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
        ReplyJson {
            query: &reply.query,
            outcome: match reply.decision {
                Decision::Answer(_) => Outcome::Answer,
                Decision::Ambiguous(_) => Outcome::Ambiguous,
                Decision::NoMatch => Outcome::NoMatch,
            },
            answer: answered.map(|found| bot.entry(found).answer.as_str()),
            cosine: answered.or(reply.matches.first()).map(|found| found.cosine),
            confidence: None,
            matches: reply
                .matches
                .iter()
                .map(|found| {
                    let entry = bot.entry(found);
                    MatchJson {
                        id: entry.id.as_str(),
                        question: entry.question(),
                        phrasing: &entry.phrasings[found.phrasing],
                        cosine: found.cosine,
                        confidence: None,
                        answer: &entry.answer,
                    }
                })
                .collect(),
        }
    }
}
