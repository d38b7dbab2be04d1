//! Messages that lean on the question before them: contextual follow-ups.

use std::collections::HashSet;

use faqbot_embed::{Embedder, Role};

use super::Turn;
use crate::bot::asked::Wanted;
use crate::bot::follow_up::{self, Features, Weights, asks_why, leaning, says_what_is_asked};
use crate::bot::rank::Known;
use crate::bot::{Bot, Conversation, Verdict};
use crate::error::Result;
use crate::matching::alignment::align;
use crate::matching::decision::{Decision, Policy, Rule};
use crate::matching::ranking::Match;

/// Entries of each reading that may be meant.
const CANDIDATES: usize = 20;

/// What may be meant by a message that leans on the question before it.
struct Readings {
    /// Positions of entries.
    entries: Vec<usize>,
    features: Vec<Features>,
    /// The entries as they match the message after the question of the entry that answered last.
    matches: Vec<Match>,
    /// The question that the message was read with.
    read_with: String,
}

impl<E: Embedder> Bot<E> {
    /// Reads what has no answer together with the question before it.
    pub(super) fn read_with_question_before(&self, turns: &mut [Turn], wanted: Wanted) -> Result<()> {
        for turn in turns.iter_mut().filter(|turn| turn.open) {
            // A word or two of its own that is asked back about stands: "reset" is none that leans.
            let own = leaning(turn.rest).is_some_and(|leaning| !leaning.by_words);
            if own && !turn.verdict.choices().is_empty() {
                continue;
            }
            let wanted = turn.wanted(wanted);
            if let Some(verdict) = self.follow_up(&turn.verdict, turn.rest, turn.conversation, wanted)? {
                turn.take(verdict);
            }
        }
        Ok(())
    }

    /// Reads a message together with the question before it.
    pub(super) fn follow_up(
        &self,
        alone: &Verdict,
        message: &str,
        conversation: &Conversation,
        wanted: Wanted,
    ) -> Result<Option<Verdict>> {
        let Some(weights) = Weights::shipped(self.embedder.model()) else { return Ok(None) };
        let Some(readings) = self.readings(message, conversation, wanted)? else { return Ok(None) };
        let Readings { entries, features, matches, read_with } = readings;
        let shares = weights.probabilities(&features);
        let none = shares[entries.len()];
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        let best = order[0];
        let alone_answer = alone.answer().map(|found| found.entry);
        let of_alone = alone_answer.and_then(|entry| entries.iter().position(|own| *own == entry));
        let offered: f64 = order.iter().take(Policy::MAX_CHOICES).map(|&at| shares[at]).sum();
        let near = order.iter().filter(|&&at| shares[at] >= follow_up::ASK).count();
        // Positions in `order`.
        let decision = match of_alone {
            // It is the likelier one here too.
            Some(at) if at == best => return Ok(None),
            // The readings disagree.
            Some(at) => {
                order.retain(|other| *other != at);
                order.insert(1, at);
                Decision::Ambiguous(vec![0, 1])
            }
            None if shares[best] >= follow_up::ANSWER => Decision::Answer(0),
            None if order.len() > 1 && offered > none => {
                let choices = near.clamp(2, Policy::MAX_CHOICES).min(order.len());
                Decision::Ambiguous((0..choices).collect())
            }
            None => return Ok(None),
        };
        let shown = wanted.count.max(Policy::MAX_CHOICES);
        let matches: Vec<Match> = order.iter().take(shown).map(|&at| matches[at]).collect();
        let confidence = self.setup.calibration.is_some().then_some(shares[best] as f32);
        let read_with = Some(read_with);
        Ok(Some(Verdict {
            decision,
            confidence,
            matches,
            read_with,
            ..Verdict::refused(message, Rule::FollowUp)
        }))
    }

    /// What may be meant by a message that leans on the question before it: positions of entries and what speaks for
    /// them; `None` where it does not lean, or nothing went before it.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn follow_up_features(
        &self,
        message: &str,
        conversation: &Conversation,
    ) -> Result<Option<(Vec<usize>, Vec<Features>)>> {
        let after = conversation.entry.as_deref().and_then(|id| self.position(id));
        let wanted = Wanted { count: Self::MATCHES, among: None, after };
        let readings = self.readings(message, conversation, wanted)?;
        Ok(readings.map(|readings| (readings.entries, readings.features)))
    }

    fn readings(
        &self,
        message: &str,
        conversation: &Conversation,
        wanted: Wanted,
    ) -> Result<Option<Readings>> {
        let Some(question) = &conversation.question else { return Ok(None) };
        let Some(leaning) = leaning(message) else { return Ok(None) };
        let last = wanted.after;
        let of_last = last.map(|at| self.faq.entries[at].question());
        let after = |question: &str| {
            let question = question.trim_end_matches(|c: char| !c.is_alphanumeric());
            format!("{question} {}", leaning.rest)
        };
        let texts = [message.to_owned(), after(question), after(of_last.unwrap_or(question))];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let rows = self.embedder.embed(Role::Query, &texts, &mut |_| ())?;
        let (index, ranker) = (&self.prepared.index, &self.prepared.ranker);
        let mut entries: Vec<usize> = last.into_iter().collect();
        if let Some(last) = last {
            let id = &self.faq.entries[last].id;
            let tied = |at: &usize| self.faq.entries[*at].only_after.contains(id);
            entries.extend(self.prepared.context_only.iter().copied().filter(tied));
            entries
                .extend(self.faq.entries[last].follow_ups.iter().filter_map(|id| self.position(id.as_str())));
        }
        for (text, row) in texts.iter().zip(rows.rows()) {
            let ranked = ranker.rank(index, text, row, CANDIDATES + self.prepared.context_only.len());
            entries.extend(ranked.matches.iter().map(|found| found.entry));
        }
        let mut seen = HashSet::new();
        entries.retain(|&at| {
            let entry = &self.faq.entries[at];
            let unwanted = entry.out_of_scope || self.prepared.crisis.contains(&at);
            let again = Some(at) == last && asks_why(message);
            seen.insert(at) && !again && !unwanted && self.passes(at, wanted)
        });
        if entries.is_empty() {
            return Ok(None);
        }
        let ranked = |at: usize| ranker.rank_entries(index, texts[at], rows.row(at), &entries);
        let readings = [ranked(0), ranked(1), ranked(2)];
        let features: Vec<Features> = (0..entries.len())
            .map(|at| self.features(message, last, [&readings[0][at], &readings[1][at], &readings[2][at]]))
            .collect();
        let matches = readings[2].clone();
        let read_with = of_last.unwrap_or(question).to_owned();
        Ok(Some(Readings { entries, features, matches, read_with }))
    }

    /// What speaks for an entry, from how it matches the message, and the message after either question.
    fn features(&self, message: &str, last: Option<usize>, found: [&Match; 3]) -> Features {
        let [alone, after_question, after_entry] = found;
        let entry = self.entry(alone);
        let alignment = align(message, entry, alone.phrasing, &Known { bot: self });
        let words = alignment.query.len() as f64;
        let covered = if words > 0.0 { 1.0 - alignment.not_in_answer.len() as f64 / words } else { 0.5 };
        let is_last = last == Some(alone.entry);
        let flag = |holds: bool| f64::from(u8::from(holds));
        let follows = last.is_some_and(|last| {
            let last = &self.faq.entries[last];
            last.follow_ups.contains(&entry.id) || entry.only_after.contains(&last.id)
        });
        let asked =
            says_what_is_asked(message, entry.phrasings.iter().map(String::as_str).chain(entry.answers()));
        let unless_last = |value: f32| if is_last { 0.0 } else { f64::from(value) };
        [
            f64::from(alone.cosine),
            f64::from(alone.signals.answer.unwrap_or(0.0)),
            unless_last(after_question.cosine),
            unless_last(after_entry.cosine),
            flag(is_last),
            flag(is_last && words == 0.0),
            flag(follows),
            covered,
            covered * flag(is_last),
            asked,
            asked * flag(is_last),
        ]
    }
}
