//! The reader's part in a reply: it reads the entries that rank best together with the query, and what both say
//! orders them.

use std::borrow::Cow;

use faqbot_embed::{Embedder, EntryText, Reader};
use faqbot_faq::Entry;

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

/// How many candidates, the best once all were read, have further passages of a long answer and a near phrasing read.
const READ_THOROUGHLY: usize = 2;

/// From this cosine on a phrasing is near. Others say less than the question does, and more of entries that are not meant:
/// with the nearest one read at any cosine, 70.3 % of other paraphrases had the right entry first by the reader alone, and
/// 71.1 % with none (30 FAQs for the fit, two paraphrases an entry as phrasings).
const NEAR_PHRASING: f32 = 0.6;

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

/// Bytes of a question and the phrasings that are read with it: the reader reads some 100 tokens of an entry.
const QUESTION_BYTES: usize = 170;

/// What stands between an entry's question and its phrasings where the reader reads them: as in its training.
const BETWEEN: &str = " / ";

/// What of an entry is read: its question with some of its phrasings, a passage of the answer, and where it stands in that,
/// if there are several.
#[derive(Clone)]
struct Text<'f> {
    question: Cow<'f, str>,
    answer: &'f str,
    span: Option<(usize, usize)>,
}

impl Text<'_> {
    fn entry(&self) -> EntryText<'_> {
        EntryText { question: &self.question, answer: self.answer }
    }
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
    texts: Vec<Text<'f>>,
    pairs: Vec<(usize, usize)>,
    about: Vec<About>,
}

impl<'f> Pairs<'f> {
    /// Adds a text of a match of what was asked, with the query that was added last.
    fn add(&mut self, asked: usize, at: usize, text: Text<'f>) {
        self.about.push(About { asked, at, span: text.span });
        let same = |known: &Text| known.question == text.question && known.answer == text.answer;
        let place = self.texts.iter().position(same).unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        });
        self.pairs.push((self.queries.len() - 1, place));
    }

    /// Reads them. What makes a match likelier counts; its passage is noted.
    fn read(self, reader: &dyn Reader, ranked: &mut [Ranked]) -> Result<()> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        let entries: Vec<EntryText> = self.texts.iter().map(Text::entry).collect();
        let logits = reader.logits(&self.queries, &entries, &self.pairs)?;
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
                    self.texts_to_read(found).take(1).for_each(|text| pairs.add(number, at, text));
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
                let further = self.texts_to_read(found).take(PASSAGES).skip(1);
                further.chain(self.near_phrasing(found)).for_each(|text| pairs.add(number, at, text));
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

    /// What there is to read of an entry: its question with each passage of its answer, or with its phrasings where it has
    /// none.
    fn texts_to_read(&self, found: &Match) -> impl Iterator<Item = Text<'_>> {
        let entry = self.entry(found);
        let (question, answer) = match is_real_answer(&entry.answer) {
            true => (entry.question().into(), begin(&entry.answer)),
            false => (with_phrasings(entry, found.phrasing), ""),
        };
        let mut spans = passages(answer);
        let several = spans.len() > 1;
        if spans.is_empty() {
            spans.push((0, 0));
        }
        spans.into_iter().map(move |(from, to)| Text {
            question: question.clone(),
            answer: &answer[from..to],
            span: several.then_some((from, to)),
        })
    }

    /// A phrasing that is near to the query, with the answer's first passage.
    fn near_phrasing(&self, found: &Match) -> Option<Text<'_>> {
        let entry = self.entry(found);
        let phrasing = entry.phrasings[found.phrasing].as_str();
        let near = found.phrasing > 0 && found.cosine >= NEAR_PHRASING && is_real_answer(&entry.answer);
        let first = self.texts_to_read(found).next().filter(|_| near)?;
        Some(Text { question: phrasing.into(), ..first })
    }
}

/// An entry's question, and the phrasings that are read with it. Where there is no room for all, they are in groups, always
/// the same ones, so that a text is read once; the group is taken that the nearest phrasing is in.
fn with_phrasings(entry: &Entry, nearest: usize) -> Cow<'_, str> {
    let question = entry.question();
    let mut text = Cow::Borrowed(question);
    for (at, phrasing) in entry.phrasings.iter().enumerate().skip(1) {
        if text.len() > question.len() && text.len() + BETWEEN.len() + phrasing.len() > QUESTION_BYTES {
            if nearest < at {
                break;
            }
            text = Cow::Borrowed(question);
        }
        text += BETWEEN;
        text += phrasing.as_str();
    }
    text
}
