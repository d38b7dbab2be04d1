//! Greetings and thanks around a question.

use faqbot_embed::Embedder;

use super::{Turn, is_open};
use crate::bot::asked::{Query, Wanted};
use crate::bot::{Bot, Verdict, small_talk};
use crate::error::Result;
use crate::matching::decision::Decision;

impl<E: Embedder> Bot<E> {
    /// Asks once more what has a greeting before it or thanks after it and no answer, without these; keeps what is
    /// better.
    pub(super) fn without_asides(&self, turns: &mut [Turn], wanted: Wanted) -> Result<()> {
        for turn in turns.iter_mut().filter(|turn| turn.open) {
            // The rest of what is answered matters only where it may lean on a question before.
            if is_open(&turn.verdict) || turn.conversation.question.is_some() {
                turn.rest = small_talk::aside(turn.message).rest;
            }
        }
        let again: Vec<&mut Turn> = turns
            .iter_mut()
            .filter(|turn| turn.open && is_open(&turn.verdict) && turn.rest != turn.message.trim())
            .collect();
        if again.is_empty() {
            return Ok(());
        }
        let queries: Vec<Query> =
            again.iter().map(|turn| Query { text: turn.rest, after: turn.last }).collect();
        for (turn, verdict) in again.into_iter().zip(self.replies(&queries, wanted, &mut |_| ())?) {
            let rank = |verdict: &Verdict| match verdict.decision {
                Decision::Answer(_) => 2,
                Decision::Ambiguous(_) => 1,
                Decision::NoMatch | Decision::SmallTalk => 0,
            };
            if rank(&verdict) > rank(&turn.verdict) {
                let read_as = verdict.read_as.clone().or(Some(turn.rest.to_owned()));
                turn.take(Verdict { read_as, ..verdict });
            }
        }
        Ok(())
    }
}
