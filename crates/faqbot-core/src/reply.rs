//! What the bot replies, whole in itself: it can be kept, sent and shown without the bot that gave it.

use std::borrow::Cow;
use std::ops::Range;

use faqbot_embed::Embedder;
use faqbot_faq::{Entry, EntryId};
use serde::{Serialize, Serializer};

use crate::bot::{Bot, Exchanged, SmallTalkReply, Verdict};
use crate::error::Result;
use crate::matching::decision::{Decision, Rule};
use crate::matching::passages::emphasised;
use crate::matching::ranking::Match;

pub mod json;

/// What the bot replies. As JSON it is what `faqbot ask --json` and the server give.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct Reply {
    /// The question, or its beginning where it was too long.
    pub query: String,
    /// The question with its typing errors corrected, where that was answered.
    pub read_as: Option<String>,
    /// The question that it was read with, since it leans on it.
    pub read_with: Option<String>,
    /// Whether the question was too long and only its beginning was read.
    pub cut: bool,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Whether the message is like those of people in danger, and is answered as such.
    pub crisis: bool,
    /// The probability that the best match is right, from 0 to 1; `None` where it is not calibrated.
    pub confidence: Option<f32>,
    /// The cosine of the match that is answered, else of the best, from -1 to 1; `None` where there was nothing to compare.
    pub cosine: Option<f32>,
    /// Where there is no answer and the question differs from the best match in a word or two: which.
    pub exchanged: Option<Exchanged>,
    /// Of several questions in one message, those that have no answer.
    pub unanswered: Vec<String>,
    /// What can be asked next, where there is an answer.
    pub follow_ups: Vec<Question>,
    /// The entries found, best first.
    pub matches: Vec<Found>,
}

/// What becomes of a question.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is answered: by one entry, or by one each where the message asks several questions.
    Answered(Vec<Found>),
    /// It is asked back which of these is meant, or whether the only one is.
    Clarify(Vec<Found>),
    /// There is no answer.
    Unanswered {
        /// The nearest entry, where it is near enough to be named.
        suggestion: Option<Box<Found>>,
        /// What is said instead, as Markdown.
        fallback: String,
        /// The code of the question's language, where the model does not know it.
        language: Option<&'static str>,
    },
    /// It is small talk.
    SmallTalk(SmallTalkReply),
}

/// An [`Outcome`] without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Outcome))]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// [`Outcome::Answered`]
    Answer,
    /// [`Outcome::Clarify`]
    Ambiguous,
    /// [`Outcome::Unanswered`]
    NoMatch,
    /// [`Outcome::SmallTalk`]
    SmallTalk,
}

impl OutcomeKind {
    /// All of them.
    pub const ALL: [OutcomeKind; 4] =
        [OutcomeKind::Answer, OutcomeKind::Ambiguous, OutcomeKind::NoMatch, OutcomeKind::SmallTalk];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            OutcomeKind::Answer => "answer",
            OutcomeKind::Ambiguous => "ambiguous",
            OutcomeKind::NoMatch => "no_match",
            OutcomeKind::SmallTalk => "small_talk",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// That of a verdict.
    pub fn of(verdict: &Verdict) -> Self {
        match verdict.decision {
            Decision::Answer(_) => OutcomeKind::Answer,
            Decision::Ambiguous(_) => OutcomeKind::Ambiguous,
            Decision::NoMatch => OutcomeKind::NoMatch,
            Decision::SmallTalk => OutcomeKind::SmallTalk,
        }
    }
}

/// An entry that was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// The entry's id.
    pub id: EntryId,
    /// Its question as the FAQ shows it.
    pub question: String,
    /// The phrasing that is nearest to the query.
    pub phrasing: String,
    /// The cosine of the query and that phrasing, from -1 to 1.
    pub cosine: f32,
    /// The reader's logit: above 0 where the entry rather answers the query; `None` where it was not read.
    pub reader: Option<f32>,
    /// The probability that it is right, from 0 to 1; of the best match only.
    pub confidence: Option<f32>,
    /// Its answer, as Markdown.
    pub answer: String,
    /// Of a long answer: the passage that answers the query, in bytes.
    pub span: Option<Range<usize>>,
    /// Where the answer comes from.
    pub source: Option<String>,
    /// Whether it is an entry of questions that the FAQ does not answer.
    pub out_of_scope: bool,
    /// What can be asked next, where this is the answer.
    pub follow_ups: Vec<Question>,
    /// Words of the query that the entry has nowhere; of the best match only.
    pub differs: Vec<String>,
}

/// The question of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The entry's id.
    pub id: EntryId,
    /// Its question as the FAQ shows it.
    pub question: String,
}

impl Reply {
    /// The answers, as Markdown: several where the message asks several questions.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        let found: &[Found] = if let Outcome::Answered(found) = &self.outcome { found } else { &[] };
        found.iter().map(|found| found.answer.as_str())
    }
}

impl Outcome {
    /// What it is.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Outcome::Answered(_) => OutcomeKind::Answer,
            Outcome::Clarify(_) => OutcomeKind::Ambiguous,
            Outcome::Unanswered { .. } => OutcomeKind::NoMatch,
            Outcome::SmallTalk(_) => OutcomeKind::SmallTalk,
        }
    }
}

impl Found {
    /// The answer with the passage that answers in bold type: see [`emphasised`].
    pub fn emphasised(&self) -> Cow<'_, str> {
        emphasised(&self.answer, self.span.clone())
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        json::ReplyJson::new(self).serialize(serializer)
    }
}

impl<E: Embedder> Bot<E> {
    /// Answers a question, with the [`Bot::MATCHES`] best entries.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn ask(&self, query: &str) -> Result<Reply> {
        Ok(self.reply(&self.verdict(query, Self::MATCHES)?))
    }

    /// What is replied, from the bot's verdict.
    pub fn reply(&self, verdict: &Verdict) -> Reply {
        // Confidence and what differs are known of the best match only.
        let differs = |verdict: &Verdict| -> Vec<String> {
            verdict.alignment.as_ref().map_or_else(Vec::new, |alignment| alignment.not_in_answer.clone())
        };
        let answered = match verdict.decision {
            Decision::Answer(at) => at,
            Decision::Ambiguous(_) | Decision::NoMatch | Decision::SmallTalk => 0,
        };
        let matches: Vec<Found> = if verdict.parts.is_empty() {
            let found = |(at, found): (usize, &Match)| match at == answered {
                true => self.found_entry(verdict, found, verdict.confidence, differs(verdict)),
                false => self.found_entry(verdict, found, None, Vec::new()),
            };
            verdict.matches.iter().enumerate().map(found).collect()
        } else {
            let found =
                |part: &Verdict| Some(self.found_entry(part, part.answer()?, part.confidence, differs(part)));
            verdict.parts.iter().filter_map(found).collect()
        };
        let of = |wanted: &Match| {
            let id = &self.entry(wanted).id;
            matches.iter().find(|found| found.id == *id).cloned()
        };
        let outcome = match &verdict.small_talk {
            Some(said) => Outcome::SmallTalk(said.clone()),
            None => match verdict.decision {
                Decision::Answer(_) => {
                    Outcome::Answered(verdict.answers().into_iter().filter_map(of).collect())
                }
                Decision::Ambiguous(_) => {
                    Outcome::Clarify(verdict.choices().into_iter().filter_map(of).collect())
                }
                Decision::NoMatch | Decision::SmallTalk => Outcome::Unanswered {
                    suggestion: self
                        .suggestion(verdict)
                        .filter(|_| verdict.language.is_none())
                        .and_then(of)
                        .map(Box::new),
                    fallback: self.notice(verdict).unwrap_or_else(|| self.fallback()).to_owned(),
                    language: verdict.language,
                },
            },
        };
        Reply {
            query: verdict.query.clone(),
            read_as: verdict.read_as.clone(),
            read_with: verdict.read_with.clone(),
            cut: verdict.cut,
            outcome,
            crisis: verdict.rule == Rule::Crisis,
            confidence: verdict.confidence,
            cosine: verdict.answer().or(verdict.matches.first()).map(|found| found.cosine),
            exchanged: self.exchanged(verdict),
            unanswered: verdict.unanswered().into_iter().map(str::to_owned).collect(),
            follow_ups: self.follow_ups(verdict).into_iter().map(Question::of).collect(),
            matches,
        }
    }

    fn found_entry(
        &self,
        verdict: &Verdict,
        found: &Match,
        confidence: Option<f32>,
        differs: Vec<String>,
    ) -> Found {
        let entry = self.entry(found);
        Found {
            id: entry.id.clone(),
            question: entry.question().to_owned(),
            phrasing: entry.phrasings[found.phrasing].clone(),
            cosine: found.cosine,
            reader: found.reader,
            confidence,
            answer: self.answer(verdict, found).to_owned(),
            span: self.span(verdict, found),
            source: entry.source.clone(),
            out_of_scope: entry.out_of_scope,
            follow_ups: self.follow_ups_of(entry).into_iter().map(Question::of).collect(),
            differs,
        }
    }
}

impl Question {
    fn of(entry: &Entry) -> Self {
        Question { id: entry.id.clone(), question: entry.question().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::Setup;
    use faqbot_embed::HashEmbedder;
    use faqbot_faq::Faq;

    fn bot() -> Bot<HashEmbedder> {
        let yaml = "
- {id: parcel, question: Where is my parcel?, answer: On its way.}
- {id: reset, question: How do I reset the device?, answer: Hold the button.}
- {id: password, question: How do I reset the password?, answer: Use the link.}
";
        let faq = Faq::read(yaml.as_bytes(), "shop.yaml".as_ref()).unwrap().faq;
        let embedder = HashEmbedder::new();
        let setup = Setup::for_model(embedder.model());
        Bot::new(faq, embedder, setup, &mut |_| ()).unwrap()
    }

    #[test]
    fn a_reply_is_whole_in_itself() {
        let replies = ["where is my parcel?", "how do i reset", "weather tomorrow"].map(|query| {
            // The bot is gone when the reply is looked at.
            bot().ask(query).unwrap()
        });
        assert_eq!(replies[0].answers().collect::<Vec<_>>(), ["On its way."]);
        let Outcome::Clarify(choices) = &replies[1].outcome else { panic!("{:?}", replies[1]) };
        assert_eq!(choices.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["reset", "password"]);
        assert!(matches!(replies[2].outcome, Outcome::Unanswered { .. }), "{:?}", replies[2]);
        for (reply, kind) in replies.iter().zip(OutcomeKind::ALL) {
            let json = serde_json::to_value(reply).unwrap();
            assert_eq!(
                (json["outcome"].as_str(), OutcomeKind::named(kind.name())),
                (Some(kind.name()), Some(kind))
            );
            assert_eq!(json["query"], reply.query);
        }
    }
}
