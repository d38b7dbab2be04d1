//! The reader's part in a reply: it reads the entries that rank best together with the query, and what both say
//! orders them.

use std::collections::HashMap;

use super::{Asked, Bot, Ranked};
use crate::embed::{Embedder, EntryText};
use crate::error::Result;
use crate::matching::alignment::Alignment;
use crate::matching::passages::{begin, passages};
use crate::matching::ranking::{CANDIDATES, Match};
use crate::matching::signals::is_real_answer;

/// How many candidates, the best by score, have several passages of a long answer read.
const READ_THOROUGHLY: usize = 3;

/// How many passages of those are read, the first ones; of the other candidates, it is the first.
const PASSAGES: usize = 3;

/// What an entry's score counts beside the reader's logit in the order: the table "Order" of
/// `cargo run --release --example fit` has what others give.
const SCORE_WEIGHT: f32 = 12.0;

/// The same in FAQs of which the score knows more, or the reader less: those with [`SEVERAL_PHRASINGS`], and those whose
/// entries mostly have no answers to read.
const GREATER_SCORE_WEIGHT: f32 = 20.0;

/// Phrasings an entry, in the mean, from which the score tells more: the public sets with so many are best ordered by
/// the greater weight, small FAQs with two or three by the lesser ("Order").
const SEVERAL_PHRASINGS: f32 = 4.0;

/// A question and a passage that are read together, and where the passage stands in the answer, if that has several.
type Text<'t> = (&'t str, &'t str, Option<(usize, usize)>);

/// What a pair that is read is about: the match, and where its passage stands in the answer, if that has several.
struct Read {
    asked: usize,
    at: usize,
    span: Option<(usize, usize)>,
}

impl<E: Embedder> Bot<E> {
    /// Reads the candidates of all that is asked at once, and orders them. What is a phrasing, has a phrasing's words,
    /// or is of someone in danger is decided without; and nothing is read where confidence is not calibrated.
    pub(super) fn read(&self, asked: &[Asked], ranked: &mut [Ranked]) -> Result<()> {
        if self.setup.calibration.is_none() {
            return Ok(());
        }
        let mut queries: Vec<&str> = Vec::new();
        let mut entries: Vec<EntryText> = Vec::new();
        let mut known: HashMap<EntryText, usize> = HashMap::new();
        let (mut pairs, mut reads) = (Vec::new(), Vec::new());
        for (number, (one, ranked)) in asked.iter().zip(ranked.iter()).enumerate() {
            let same_words = ranked
                .alignment
                .as_ref()
                .is_some_and(|(_, alignment)| Alignment::has_the_same_words(alignment));
            if !ranked.exact.is_empty() || ranked.crisis || same_words {
                continue;
            }
            queries.push(one.query);
            for (at, found) in ranked.ranking.matches.iter().take(CANDIDATES).enumerate() {
                let entry = self.entry(found);
                let nearest = entry.phrasings[found.phrasing].as_str();
                let thoroughly = at < READ_THOROUGHLY;
                let mut texts: Vec<Text> = Vec::new();
                if is_real_answer(&entry.answer) {
                    let answer = begin(&entry.answer);
                    let mut spans = passages(answer);
                    spans.truncate(if thoroughly { PASSAGES } else { 1 });
                    let several = spans.len() > 1;
                    for (from, to) in spans {
                        let span = several.then_some((from, to));
                        texts.push((entry.question(), &answer[from..to], span));
                    }
                    // A further phrasing never makes an entry less likely: its own question is read all the same.
                    if let (true, true, Some(&(_, first, span))) =
                        (thoroughly, nearest != entry.question(), texts.first())
                    {
                        texts.push((nearest, first, span));
                    }
                } else {
                    texts.push((nearest, "", None));
                }
                for (question, answer, span) in texts {
                    let text = EntryText { question, answer };
                    let text = *known.entry(text).or_insert_with(|| {
                        entries.push(text);
                        entries.len() - 1
                    });
                    pairs.push((queries.len() - 1, text));
                    reads.push(Read { asked: number, at, span });
                }
            }
        }
        // Only now: the reader may still be loading.
        let Some(reader) = (!pairs.is_empty()).then(|| self.embedder.reader()).flatten() else {
            return Ok(());
        };
        let logits = reader.logits(&queries, &entries, &pairs)?;
        for (read, logit) in reads.into_iter().zip(logits) {
            let found = &mut ranked[read.asked].ranking.matches[read.at];
            if found.reader.is_none_or(|best| logit > best) {
                found.reader = Some(logit);
                found.span = read.span.filter(|_| logit > 0.0);
            }
        }
        let several = self.prepared.index.phrasings_per_entry() >= SEVERAL_PHRASINGS;
        let weight =
            if several || self.prepared.mostly_unanswered { GREATER_SCORE_WEIGHT } else { SCORE_WEIGHT };
        for ranked in ranked {
            // What was not read stays behind.
            let worth =
                |found: &Match| found.reader.map_or(f32::NEG_INFINITY, |logit| logit + weight * found.score);
            ranked.ranking.matches.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        }
        Ok(())
    }
}
