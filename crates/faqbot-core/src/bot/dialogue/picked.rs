//! What was offered and is picked.

use faqbot_embed::{Embedder, Role};
use faqbot_faq::normalize_phrasing;

use super::Turn;
use crate::bot::choosing::{Picked, pick, pick_number, pick_other, says_yes};
use crate::bot::{Bot, Verdict};
use crate::error::Result;
use crate::matching::decision::{Decision, Rule};
use crate::matching::ranking::Match;

/// What a message is to the conversation.
enum Heard {
    /// One of the entries that were offered.
    Chosen(usize),
    /// None of those.
    NoneOfThem,
    /// These are asked back about once more, since the message picks none of them clearly.
    Again(Vec<usize>, Rule),
    /// Something else.
    Question,
}

impl<E: Embedder> Bot<E> {
    /// Replies to what picks or turns down what was offered.
    pub(super) fn pick(&self, turns: &mut [Turn]) -> Result<()> {
        for turn in turns {
            turn.verdict = match self.hear(turn) {
                Heard::Chosen(entry) => self.chosen(entry, turn.message)?,
                Heard::NoneOfThem => Verdict::refused(turn.message, Rule::NoneOfThem),
                Heard::Again(entries, rule) => self.again(&entries, rule, turn.message)?,
                Heard::Question => continue,
            };
            turn.open = false;
        }
        Ok(())
    }

    fn hear(&self, turn: &Turn) -> Heard {
        let Turn { message: text, conversation, .. } = turn;
        let positions =
            |ids: &[String]| -> Vec<usize> { ids.iter().filter_map(|id| self.position(id)).collect() };
        let choices = positions(&conversation.choices);
        let questions: Vec<&str> = choices.iter().map(|&at| self.faq.entries[at].question()).collect();
        match pick(text, &questions) {
            Some(Picked::Choice(at)) => return Heard::Chosen(choices[at]),
            Some(Picked::None) => return Heard::NoneOfThem,
            Some(Picked::Beyond) => return Heard::Again(choices, Rule::NoSuchChoice),
            None => {}
        }
        let others = positions(&conversation.others);
        if !others.is_empty() && pick_other(text) {
            return match others[..] {
                [only] => Heard::Chosen(only),
                _ => Heard::Again(others, Rule::TheOthers),
            };
        }
        if let Some(near) = conversation.suggestion.as_deref().and_then(|id| self.position(id))
            && says_yes(text)
        {
            return Heard::Chosen(near);
        }
        let follow_ups = positions(&conversation.follow_ups);
        match pick_number(text, follow_ups.len()) {
            Some(Picked::Choice(at)) => Heard::Chosen(follow_ups[at]),
            _ => Heard::Question,
        }
    }

    /// The reply with an entry that was chosen.
    pub(super) fn chosen(&self, entry: usize, message: &str) -> Result<Verdict> {
        let question = self.faq.entries[entry].question();
        let found = self.found(&[entry], question)?;
        let read_as =
            (normalize_phrasing(question) != normalize_phrasing(message)).then(|| question.to_owned());
        Ok(Verdict {
            decision: Decision::Answer(0),
            matches: found,
            read_as,
            ..Verdict::refused(message, Rule::Chosen)
        })
    }

    /// The reply that asks back about entries once more.
    pub(super) fn again(&self, entries: &[usize], rule: Rule, message: &str) -> Result<Verdict> {
        let matches = self.found(entries, message)?;
        let decision = Decision::Ambiguous((0..matches.len()).collect());
        Ok(Verdict { decision, matches, ..Verdict::refused(message, rule) })
    }

    /// Entries as matches of a text, in their order.
    fn found(&self, entries: &[usize], text: &str) -> Result<Vec<Match>> {
        let rows = self.embedder.embed(Role::Query, &[text], &mut |_| ())?;
        Ok(self.prepared.ranker.rank_entries(&self.prepared.index, text, rows.row(0), entries))
    }
}
