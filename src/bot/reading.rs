//! The reader's part in a reply: it reads the entries that rank best together with the query, and what both say
//! orders them.

use std::collections::HashMap;

use super::{Asked, Bot, Known, Ranked};
use crate::embed::{Embedder, EntryText};
use crate::error::Result;
use crate::matching::alignment::{Alignment, align};
use crate::matching::passages::passages;
use crate::matching::ranking::Match;
use crate::matching::signals::is_real_answer;

/// How many entries are read with a query.
pub(super) const CANDIDATES: usize = 12;

/// How many passages of a long answer are read, the first ones: of the entries with the best scores, of how many such
/// entries, and of the others.
const PASSAGES: usize = 3;
const THOROUGHLY: usize = 4;
const FIRST_PASSAGE: usize = 1;

/// What an entry's score counts beside the reader's logit in the order.
const SCORE_WEIGHT: f32 = 4.0;

/// A passage that is read with a query: which match of it is asked about, and where in the answer it stands.
struct Reading {
    asked: usize,
    at: usize,
    span: Option<(usize, usize)>,
}

impl<E: Embedder> Bot<E> {
    /// Reads the candidates of all that is asked at once, and orders them. What is a phrasing, has a phrasing's words,
    /// or is of someone in danger is decided without.
    pub(super) fn read(&self, asked: &[Asked], ranked: &mut [Ranked]) -> Result<()> {
        let mut queries: Vec<&str> = Vec::new();
        let mut entries: Vec<EntryText> = Vec::new();
        let mut known: HashMap<EntryText, usize> = HashMap::new();
        let (mut pairs, mut readings) = (Vec::new(), Vec::new());
        for (number, (one, ranked)) in asked.iter().zip(ranked.iter()).enumerate() {
            if !ranked.exact.is_empty() || ranked.crisis || self.has_the_same_words(one, ranked) {
                continue;
            }
            queries.push(one.query);
            for (at, found) in ranked.ranking.matches.iter().take(CANDIDATES).enumerate() {
                let entry = self.entry(found);
                let question = entry.phrasings[found.phrasing].as_str();
                let spans = if is_real_answer(&entry.answer) { passages(&entry.answer) } else { Vec::new() };
                let several = spans.len() > 1;
                let passages = if at < THOROUGHLY { PASSAGES } else { FIRST_PASSAGE };
                let texts =
                    spans.into_iter().take(passages).map(|span| (Some(span), &entry.answer[span.0..span.1]));
                let mut texts: Vec<_> = texts.collect();
                if texts.is_empty() {
                    texts.push((None, ""));
                }
                for (span, answer) in texts {
                    let text = EntryText { question, answer };
                    let text = *known.entry(text).or_insert_with(|| {
                        entries.push(text);
                        entries.len() - 1
                    });
                    pairs.push((queries.len() - 1, text));
                    readings.push(Reading { asked: number, at, span: span.filter(|_| several) });
                }
            }
        }
        // Only now: the reader may still be loading.
        let Some(reader) = (!pairs.is_empty()).then(|| self.embedder.reader()).flatten() else {
            return Ok(());
        };
        let logits = reader.logits(&queries, &entries, &pairs)?;
        for (reading, logit) in readings.into_iter().zip(logits) {
            let found = &mut ranked[reading.asked].ranking.matches[reading.at];
            if found.reader.is_none_or(|best| logit > best) {
                (found.reader, found.span) = (Some(logit), reading.span);
            }
        }
        for ranked in ranked {
            // What was not read stays behind.
            let worth = |found: &Match| match found.reader {
                Some(logit) => logit + SCORE_WEIGHT * found.score,
                None => f32::NEG_INFINITY,
            };
            ranked.ranking.matches.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        }
        Ok(())
    }

    fn has_the_same_words(&self, one: &Asked, ranked: &Ranked) -> bool {
        ranked.ranking.matches.first().is_some_and(|best| {
            let alignment = align(one.query, self.entry(best), best.phrasing, &Known { bot: self });
            Alignment::has_the_same_words(&alignment)
        })
    }
}
