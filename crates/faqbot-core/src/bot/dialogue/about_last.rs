//! Messages about the last reply, and none for the FAQ: "repeat that", "are you sure", "both", "more", "start over".

use faqbot_embed::Embedder;
use faqbot_faq::{SmallTalkKind, normalize_phrasing};

use super::Turn;
use crate::bot::{Bot, Verdict, small_talk};
use crate::error::Result;
use crate::matching::decision::Rule;

/// What a message wants of the last reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// The answer again, with its source and how sure it is.
    Again,
    /// All that were offered.
    All,
    /// What else may answer.
    More,
    /// What else may answer, since the answer was not meant.
    NotMeant,
    /// That the conversation is forgotten.
    StartOver,
}

/// Messages that want it, as [`normalize_phrasing`] makes them.
const MESSAGES: [(Wish, &[&str]); 5] = [
    (
        Wish::Again,
        &[
            "again",
            "again please",
            "are you sure",
            "are you sure about that",
            "can you explain",
            "can you explain that",
            "can you repeat that",
            "come again",
            "could you repeat that",
            "explain",
            "explain please",
            "explain that",
            "how come",
            "how do you know",
            "how do you know that",
            "how sure are you",
            "huh",
            "i didnt get that",
            "is that correct",
            "is that right",
            "is that true",
            "is this true",
            "once more",
            "pardon",
            "pardon me",
            "please repeat",
            "really",
            "repeat",
            "repeat please",
            "repeat that",
            "repeat that please",
            "say it again",
            "say that again",
            "says who",
            "sorry what",
            "source",
            "sure about that",
            "what did you say",
            "what is your source",
            "what was that",
            "whats your source",
            "where does that come from",
            "why",
            "why is that",
            "why so",
            "you sure",
        ],
    ),
    (
        Wish::All,
        &[
            "all",
            "all of them",
            "all please",
            "all three",
            "both",
            "both of them",
            "both please",
            "both of those",
        ],
    ),
    (
        Wish::More,
        &[
            "anything else",
            "continue",
            "go on",
            "more",
            "more details",
            "more info",
            "more information",
            "more please",
            "next",
            "something else",
            "tell me more",
            "what else",
        ],
    ),
    (
        Wish::NotMeant,
        &[
            "i meant something else",
            "no not that",
            "no thats not it",
            "not that",
            "not what i asked",
            "not what i mean",
            "not what i meant",
            "not what i wanted",
            "that didnt answer my question",
            "that does not answer my question",
            "that doesnt answer my question",
            "that is not what i asked",
            "that is not what i meant",
            "that was not my question",
            "thats not it",
            "thats not my question",
            "thats not what i asked",
            "thats not what i mean",
            "thats not what i meant",
            "thats wrong",
            "wrong answer",
        ],
    ),
    (
        Wish::StartOver,
        &[
            "begin again",
            "clear",
            "forget everything",
            "forget that",
            "lets start over",
            "new conversation",
            "reset",
            "restart",
            "start again",
            "start over",
        ],
    ),
];

/// How many others are offered.
const OTHERS: usize = 3;

impl Wish {
    fn of(message: &str) -> Option<Self> {
        let text = normalize_phrasing(&message.replace(['\'', '’'], ""));
        MESSAGES.iter().find(|(_, known)| known.contains(&text.as_str())).map(|(wish, _)| *wish)
    }
}

impl<E: Embedder> Bot<E> {
    /// Replies to what is about the last reply. What the FAQ has as a phrasing, or as a word of
    /// one, is a question to it.
    pub(super) fn about_last(&self, turns: &mut [Turn]) -> Result<()> {
        for turn in turns.iter_mut().filter(|turn| turn.open) {
            let Some(wish) = Wish::of(turn.message) else { continue };
            let text = normalize_phrasing(turn.message);
            // "reset" is a question to a FAQ that has it.
            let word_of_faq = !text.contains(' ') && self.prepared.ranker.document_frequency(&text) > 0;
            if word_of_faq || self.like(&text).next().is_some() {
                continue;
            }
            if let Some(verdict) = self.grant(wish, turn)? {
                turn.verdict = Verdict { query: turn.message.to_owned(), ..verdict };
                turn.open = false;
            }
        }
        Ok(())
    }

    /// What a wish gets; `None` where there is nothing before it that it may be about.
    fn grant(&self, wish: Wish, turn: &Turn) -> Result<Option<Verdict>> {
        let conversation = turn.conversation;
        let positions =
            |ids: &[String]| -> Vec<usize> { ids.iter().filter_map(|id| self.position(id)).collect() };
        let choices = positions(&conversation.choices);
        Ok(match (wish, turn.last) {
            (Wish::Again, Some(entry)) => Some(self.answered_again(entry, turn)?),
            (Wish::Again, None) if !choices.is_empty() => {
                Some(self.again(&choices, Rule::TheOthers, turn.message)?)
            }
            (Wish::All, _) if choices.len() > 1 => {
                let parts = choices.iter().map(|&entry| self.chosen(entry, turn.message));
                let parts = parts.collect::<Result<Vec<Verdict>>>()?;
                let first = parts[0].clone();
                Some(Verdict { parts, rule: Rule::AllChosen, read_as: None, ..first })
            }
            (Wish::More | Wish::NotMeant, Some(entry)) => {
                let mut others = positions(&conversation.others);
                if others.is_empty() {
                    others = self.others_than(entry, turn)?;
                }
                let rule = if wish == Wish::More { Rule::TheOthers } else { Rule::NotMeant };
                match others.is_empty() {
                    true => Some(Verdict::refused(turn.message, rule)),
                    false => Some(self.again(&others, rule, turn.message)?),
                }
            }
            (Wish::StartOver, _) if !conversation.is_empty() => {
                let said = small_talk::reply(small_talk::Found::of_kind(SmallTalkKind::Yes), &self.faq);
                let refused = Verdict::refused(turn.message, Rule::StartOver);
                Some(match said {
                    Some(said) => Verdict { rule: Rule::StartOver, ..refused.with_small_talk(said) },
                    None => refused,
                })
            }
            _ => None,
        })
    }

    /// The last answer again, with how sure it was of the last question.
    fn answered_again(&self, entry: usize, turn: &Turn) -> Result<Verdict> {
        if let Some(question) = &turn.conversation.question {
            let verdict = self.verdict(question, Self::MATCHES)?;
            if verdict.answer().is_some_and(|found| found.entry == entry) {
                return Ok(Verdict { rule: Rule::Again, read_as: Some(question.clone()), ..verdict });
            }
        }
        Ok(Verdict { rule: Rule::Again, ..self.chosen(entry, turn.message)? })
    }

    /// The entries that are nearest to the last question after the one that was its answer.
    fn others_than(&self, entry: usize, turn: &Turn) -> Result<Vec<usize>> {
        let Some(question) = &turn.conversation.question else { return Ok(Vec::new()) };
        let verdict = self.verdict(question, Self::MATCHES)?;
        let others = verdict.matches.iter().map(|found| found.entry).filter(|&other| other != entry);
        Ok(others.take(OTHERS).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_are_about_the_last_reply() {
        for (message, wish) in [
            ("Repeat that!", Some(Wish::Again)),
            ("why?", Some(Wish::Again)),
            ("Both, please", Some(Wish::All)),
            ("that's not what I meant", Some(Wish::NotMeant)),
            ("start over", Some(Wish::StartOver)),
            ("why is my parcel late", None),
            ("more than two people", None),
        ] {
            assert_eq!(Wish::of(message), wish, "{message}");
        }
    }
}
