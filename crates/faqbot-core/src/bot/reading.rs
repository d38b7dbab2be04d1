//! The reader's part in a reply: it reads the entries that rank best together with the query, and what both say
//! orders them.

use std::collections::HashMap;

use faqbot_embed::{Embedder, EntryText, Reader};

use super::Bot;
use super::asked::Asked;
use super::rank::Ranked;
use crate::error::Result;
use crate::matching::passages::{begin, passages};
use crate::matching::ranking::{CANDIDATES, Match};
use crate::matching::signals::is_real_answer;

/// How many candidates, the best by score, are read at first; the others only where none of these is [`CLEAR`].
const AT_FIRST: usize = 4;

/// The logit from which an entry is clearly the answer.
const CLEAR: f32 = 3.0;

/// How many candidates, the best once all were read, have further passages of a long answer and another phrasing read.
const READ_THOROUGHLY: usize = 2;

/// How many passages of those are read, the first ones; of the other candidates, it is the first.
const PASSAGES: usize = 3;

/// What an entry's score counts beside the reader's logit in the order: the table "Order" of
/// `cargo run --release -p faqbot-train --bin fit` has what others give.
const SCORE_WEIGHT: f32 = 6.0;

/// The same in FAQs of which the score knows more, or the reader less: those with [`SEVERAL_PHRASINGS`], and those whose
/// entries mostly have no answers to read.
const GREATER_SCORE_WEIGHT: f32 = 24.0;

/// Phrasings an entry, in the mean, from which the score tells more: the public sets with so many are best ordered by
/// the greater weight, small FAQs with two or three by the lesser ("Order").
const SEVERAL_PHRASINGS: f32 = 4.0;

/// What of an entry is read: a question, a passage of the answer, and where it stands in that, if there are several.
struct Text<'f> {
    question: &'f str,
    answer: &'f str,
    span: Option<(usize, usize)>,
}

/// What a pair is about: what was asked, which of its matches, and where the passage stands in the answer.
struct About {
    asked: usize,
    at: usize,
    span: Option<(usize, usize)>,
}

/// Queries and texts that are read together.
#[derive(Default)]
struct Pairs<'f> {
    queries: Vec<&'f str>,
    entries: Vec<EntryText<'f>>,
    known: HashMap<EntryText<'f>, usize>,
    pairs: Vec<(usize, usize)>,
    about: Vec<About>,
}

impl<'f> Pairs<'f> {
    /// Adds a text of a match of what was asked, with the query that was added last.
    fn add(&mut self, asked: usize, at: usize, text: &Text<'f>) {
        let (question, answer) = (text.question, text.answer);
        let entry = EntryText { question, answer };
        let place = *self.known.entry(entry).or_insert_with(|| {
            self.entries.push(entry);
            self.entries.len() - 1
        });
        self.pairs.push((self.queries.len() - 1, place));
        self.about.push(About { asked, at, span: text.span });
    }

    /// Reads them. What makes a match likelier counts; its passage is noted.
    fn read(self, reader: &dyn Reader, ranked: &mut [Ranked]) -> Result<()> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        let logits = reader.logits(&self.queries, &self.entries, &self.pairs)?;
        for (About { asked, at, span }, logit) in self.about.into_iter().zip(logits) {
            let found = &mut ranked[asked].ranking.matches[at];
            if found.reader.is_none_or(|best| logit > best) {
                found.reader = Some(logit);
                found.span = span.filter(|_| logit > 0.0);
            }
        }
        Ok(())
    }
}

impl<E: Embedder> Bot<E> {
    /// Reads the candidates of all that is asked at once, and orders them. What is a phrasing, has a phrasing's words,
    /// or is of someone in danger is decided without; and nothing is read where confidence is not calibrated.
    pub(super) fn read(&self, asked: &[Asked], ranked: &mut [Ranked]) -> Result<()> {
        let has_the_same_words = |ranked: &Ranked| {
            ranked.alignment.as_ref().is_some_and(|(_, alignment)| alignment.has_the_same_words())
        };
        let is_read = |ranked: &Ranked| {
            ranked.exact.is_empty()
                && !ranked.crisis
                && !has_the_same_words(ranked)
                && !ranked.ranking.matches.is_empty()
        };
        let read: Vec<usize> = (0..ranked.len()).filter(|&number| is_read(&ranked[number])).collect();
        if self.setup.calibration.is_none() || read.is_empty() {
            return Ok(());
        }
        // Only now: the reader may still be loading.
        let Some(reader) = self.embedder.reader() else { return Ok(()) };
        for part in [0..AT_FIRST, AT_FIRST..CANDIDATES] {
            let mut pairs = Pairs::default();
            for &number in &read {
                let matches = &ranked[number].ranking.matches;
                if matches.iter().any(|found| found.reader.is_some_and(|logit| logit >= CLEAR)) {
                    continue;
                }
                pairs.queries.push(asked[number].query);
                for (at, found) in matches.iter().enumerate().take(part.end).skip(part.start) {
                    pairs.add(number, at, &self.first_text(found));
                }
            }
            pairs.read(reader, ranked)?;
        }
        let worth = self.worth();
        let by_worth = |a: &Match, b: &Match| worth(b).total_cmp(&worth(a));
        for &number in &read {
            ranked[number].ranking.matches.sort_by(by_worth);
        }
        let mut pairs = Pairs::default();
        for &number in &read {
            pairs.queries.push(asked[number].query);
            for (at, found) in ranked[number].ranking.matches.iter().take(READ_THOROUGHLY).enumerate() {
                self.further_texts(found).iter().for_each(|text| pairs.add(number, at, text));
            }
        }
        pairs.read(reader, ranked)?;
        for &number in &read {
            ranked[number].ranking.matches.sort_by(by_worth);
        }
        Ok(())
    }

    /// How much speaks for a match, in the logit's units; for one that was not read, nothing.
    fn worth(&self) -> impl Fn(&Match) -> f32 + use<E> {
        let several = self.prepared.index.phrasings_per_entry() >= SEVERAL_PHRASINGS;
        let weight =
            if several || self.prepared.mostly_unanswered { GREATER_SCORE_WEIGHT } else { SCORE_WEIGHT };
        move |found| found.reader.map_or(f32::NEG_INFINITY, |logit| logit + weight * found.score)
    }

    /// What is read of every candidate: its question and the answer's first passage, or the nearest phrasing of an entry
    /// without an answer.
    fn first_text(&self, found: &Match) -> Text<'_> {
        let entry = self.entry(found);
        if !is_real_answer(&entry.answer) {
            return Text { question: &entry.phrasings[found.phrasing], answer: "", span: None };
        }
        let answer = begin(&entry.answer);
        let spans = passages(answer);
        let (from, to) = spans.first().copied().unwrap_or_default();
        let span = (spans.len() > 1).then_some((from, to));
        Text { question: entry.question(), answer: &answer[from..to], span }
    }

    /// What else is read of the best: further passages, and another phrasing with the first.
    fn further_texts(&self, found: &Match) -> Vec<Text<'_>> {
        let entry = self.entry(found);
        if !is_real_answer(&entry.answer) {
            return Vec::new();
        }
        let answer = begin(&entry.answer);
        let further = passages(answer).into_iter().take(PASSAGES).skip(1);
        let mut texts: Vec<Text> = further
            .map(|(from, to)| Text {
                question: entry.question(),
                answer: &answer[from..to],
                span: Some((from, to)),
            })
            .collect();
        // A further phrasing never makes an entry less likely: its own question was read all the same.
        let nearest = entry.phrasings[found.phrasing].as_str();
        if nearest != entry.question() {
            texts.push(Text { question: nearest, ..self.first_text(found) });
        }
        texts
    }
}
