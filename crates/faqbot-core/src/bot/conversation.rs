//! What is kept of a conversation, to read its next message with.
//!
//! [`Bot::talk`] takes a message with the [`Conversation`] before it, and [`Conversation::note`] what became of it. The
//! FAQ is asked first: nothing here takes the place of a confident answer.

use faqbot_embed::Embedder;
use faqbot_faq::abridge;
use serde::{Deserialize, Serialize};

use super::{Bot, Verdict};
use crate::matching::decision::{Decision, Rule};
use crate::matching::ranking::Match;

/// Characters of a question that are kept to read the next message with.
const KEPT: usize = 300;

/// What went before a message. It holds ids, and outlives a FAQ that is read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// The last question that was answered or asked back about, as it was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The id of the entry that was answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The ids of the entries that the last reply asked back about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Those that were offered with the one chosen, and were not chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Those that follow up on the last answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follow_ups: Vec<String>,
    /// The one that was named as the nearest where there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Which of an answer's variants are given; any number, the same for the whole conversation.
    #[serde(skip_serializing_if = "is_zero")]
    pub seed: u64,
}

fn is_zero(seed: &u64) -> bool {
    *seed == 0
}

/// A message and what went before it.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// What was written.
    pub text: &'m str,
    /// What went before.
    pub conversation: &'m Conversation,
}

impl Conversation {
    /// Notes what became of a message.
    pub fn note<E: Embedder>(&mut self, bot: &Bot<E>, verdict: &Verdict) {
        if verdict.rule == Rule::StartOver {
            *self = self.anew();
            return;
        }
        // The last answer stays what it was.
        if verdict.rule == Rule::Again {
            return;
        }
        let id = |found: &Match| bot.entry(found).id.to_string();
        let before = std::mem::take(&mut self.choices);
        let others = std::mem::take(&mut self.others);
        self.suggestion = None;
        match verdict.decision {
            Decision::Answer(_) => {
                let last = verdict.parts.iter().rfind(|part| part.answer().is_some()).unwrap_or(verdict);
                let Some(found) = last.answer() else { return };
                let entry = bot.entry(found);
                // What was picked, or leaned on something else, says little alone.
                let understood = match last.rule {
                    Rule::Chosen | Rule::FollowUp => entry.question(),
                    _ => last.read_as.as_deref().unwrap_or(&last.query),
                };
                self.question = Some(abridge(understood, KEPT));
                self.follow_ups = entry.follow_ups.iter().map(ToString::to_string).collect();
                let chosen = entry.id.to_string();
                if last.rule == Rule::Chosen {
                    let offered = if before.is_empty() { others } else { before };
                    self.others = offered.into_iter().filter(|id| *id != chosen).collect();
                }
                self.entry = Some(chosen);
            }
            Decision::Ambiguous(_) => {
                self.choices = verdict.choices().into_iter().map(id).collect();
                self.follow_ups.clear();
                // What leans on the question before is nothing to read the next with.
                if !matches!(
                    verdict.rule,
                    Rule::FollowUp | Rule::NoSuchChoice | Rule::TheOthers | Rule::NotMeant
                ) {
                    self.question = Some(abridge(verdict.read_as.as_deref().unwrap_or(&verdict.query), KEPT));
                    self.entry = None;
                }
            }
            Decision::NoMatch => {
                self.suggestion = bot.suggestion(verdict).filter(|_| verdict.language.is_none()).map(id);
                // What is near to the FAQ may be gone on with, though it has no answer.
                if self.suggestion.is_some() {
                    self.question = Some(abridge(&verdict.query, KEPT));
                    self.entry = None;
                }
            }
            Decision::SmallTalk => {}
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == self.anew()
    }

    /// One with nothing in it, whose answers have the same variants.
    fn anew(&self) -> Self {
        Conversation { seed: self.seed, ..Conversation::default() }
    }

    /// Forgets what was offered.
    pub fn withdraw(&mut self) {
        self.choices.clear();
        self.follow_ups.clear();
        self.suggestion = None;
    }
}
