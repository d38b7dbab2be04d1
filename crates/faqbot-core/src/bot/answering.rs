//! From queries to replies: what is embedded, what is asked together, and what is asked once more.

use faqbot_embed::{Embedder, Progress, Role};
use faqbot_faq::normalize_phrasing;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

use super::asked::{Asked, Query, Wanted, Whole};
use super::rank::Ranked;
use super::synonyms::Reading;
use super::{Bot, Verdict};
use crate::error::Result;
use crate::matching::decision::Rule;
use crate::matching::questions::{Piece, pieces};

/// Bytes of a query that are read: the bundled model reads some two thousand of them, and words are compared in the
/// rest; what is longer is a document.
const QUERY_BYTES: usize = 20_000;

/// The part of a query that is read.
fn begin(query: &str) -> &str {
    let query = query.trim();
    &query[..query.floor_char_boundary(QUERY_BYTES)]
}

/// Where a query's vector is.
enum Place<'q> {
    /// It needs none.
    Nothing,
    /// It is that of a phrasing.
    Phrasing { vector: Array1<f32>, normalized: String },
    /// It is embedded at `at`, and those of its parts after it.
    Text { at: usize, normalized: String, parts: Vec<Piece<'q>> },
}

impl<E: Embedder> Bot<E> {
    /// Replies to queries, each by itself but for the entry that was answered before it.
    pub(super) fn replies(
        &self,
        whole: &[Query],
        wanted: Wanted,
        progress: Progress,
    ) -> Result<Vec<Verdict>> {
        let typed: Vec<&str> = whole.iter().map(|query| begin(query.text)).collect();
        let read: Vec<Option<Reading>> =
            typed.iter().map(|query| self.prepared.synonyms.read(query)).collect();
        let queries: Vec<&str> = read
            .iter()
            .zip(&typed)
            .map(|(read, typed)| read.as_ref().map_or(*typed, |read| &read.text))
            .collect();
        let queries = &*queries;
        let mut texts: Vec<&str> = Vec::new();
        let mut places = Vec::with_capacity(queries.len());
        for query in queries {
            let query = query.trim();
            let normalized = normalize_phrasing(query);
            places.push(if normalized.is_empty() || self.prepared.index.is_empty() {
                Place::Nothing
            } else if let Some(vector) = self.vector_of(&normalized) {
                Place::Phrasing { vector, normalized }
            } else {
                let mut parts = pieces(query);
                // What is whole is asked whole.
                parts.retain(|part| part.text.len() < query.len());
                let at = texts.len();
                texts.push(query);
                texts.extend(parts.iter().map(|part| part.text));
                Place::Text { at, normalized, parts }
            });
        }
        let rows = if texts.is_empty() {
            Array2::zeros((0, self.embedder.dimension()))
        } else {
            self.embedder.embed(Role::Query, &texts, progress)?
        };
        let mut asked: Vec<Asked> = Vec::with_capacity(rows.nrows() + queries.len());
        for ((query, place), own) in queries.iter().zip(&places).zip(whole) {
            let wanted = Wanted { after: own.after, ..wanted };
            match place {
                Place::Nothing => {}
                Place::Phrasing { vector, normalized } => {
                    asked.push(Asked::new(query, normalized.clone(), vector.view(), wanted, Whole::Message));
                }
                Place::Text { at, normalized, parts } => {
                    asked.push(Asked::new(query, normalized.clone(), rows.row(*at), wanted, Whole::Message));
                    asked.extend(parts.iter().enumerate().map(|(number, part)| {
                        let row = rows.row(at + 1 + number);
                        Asked::new(part.text, normalize_phrasing(part.text), row, wanted, Whole::Part)
                    }));
                }
            }
        }
        let mut answered = self.replies_to(&asked)?.into_iter();
        let mut replies: Vec<Verdict> = Vec::with_capacity(queries.len());
        for (query, place) in queries.iter().zip(&places) {
            let whole = match place {
                Place::Nothing => None,
                Place::Phrasing { .. } | Place::Text { .. } => answered.next(),
            };
            let whole = whole.unwrap_or_else(|| Verdict::nothing_to_compare(query));
            replies.push(match place {
                Place::Text { parts, .. } if !parts.is_empty() => {
                    let asks = parts.iter().map(|part| part.asks);
                    let parts = answered.by_ref().zip(asks).take(parts.len()).collect();
                    Verdict::joined(whole, parts, &self.prepared.crisis)
                }
                _ => whole,
            });
        }
        self.read_again(&mut replies, whole, wanted)?;
        for (((verdict, typed), read), whole) in replies.iter_mut().zip(&typed).zip(read).zip(whole) {
            verdict.cut = typed.len() < whole.text.trim().len();
            if let Some(read) = read {
                (*typed).clone_into(&mut verdict.query);
                let told = Some(read.text).filter(|_| read.has_synonyms);
                verdict.read_as = verdict.read_as.take().or(told);
            }
        }
        Ok(replies)
    }

    /// Reads queries with typing errors that are not answered with confidence a second time, corrected, and keeps the
    /// reading that is surer.
    fn read_again(&self, replies: &mut [Verdict], queries: &[Query], wanted: Wanted) -> Result<()> {
        let open = replies.iter().enumerate().filter(|(_, verdict)| verdict.rule != Rule::Confident);
        let corrected: Vec<(usize, String)> =
            open.filter_map(|(at, verdict)| Some((at, verdict.corrected()?))).collect();
        if corrected.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = corrected.iter().map(|(_, text)| text.as_str()).collect();
        let rows = self.embedder.embed(Role::Query, &texts, &mut |_| ())?;
        let asked: Vec<Asked> = corrected
            .iter()
            .zip(rows.rows())
            .map(|((at, text), row)| {
                let wanted = Wanted { after: queries[*at].after, ..wanted };
                Asked::new(text, normalize_phrasing(text), row, wanted, Whole::Message)
            })
            .collect();
        // The score where there is no confidence in both.
        let best = |verdict: &Verdict| verdict.matches.first().map_or(f32::NEG_INFINITY, |best| best.score);
        let is_better = |again: &Verdict, first: &Verdict| match (again.confidence, first.confidence) {
            (Some(again), Some(first)) => again >= first,
            _ => best(again) > best(first),
        };
        for ((at, text), again) in corrected.iter().zip(self.replies_to(&asked)?) {
            let first = &mut replies[*at];
            if first.rule != Rule::Crisis && is_better(&again, first) {
                let query = std::mem::take(&mut first.query);
                *first = Verdict { query, read_as: Some(text.clone()), ..again };
            }
        }
        Ok(())
    }

    /// The replies to what is asked, each by itself.
    fn replies_to(&self, asked: &[Asked]) -> Result<Vec<Verdict>> {
        let own = self.replies_among(asked)?;
        if asked.iter().all(|one| one.wanted.among.is_none()) {
            return Ok(own);
        }
        // What a question means is seen among all entries.
        let of_all: Vec<Asked> = asked
            .iter()
            .map(|one| Asked { wanted: Wanted { among: None, ..one.wanted }, ..one.clone() })
            .collect();
        let all = self.replies_among(&of_all)?;
        let restricted = asked.iter().zip(all).zip(own).map(|((one, all), own)| match one.wanted.among {
            None => own,
            Some(among) => Verdict::restricted(all, own, |at| {
                among(&self.faq.entries[at]) || self.prepared.crisis.contains(&at)
            }),
        });
        Ok(restricted.collect())
    }

    /// The same, with only the entries that may answer: all are ranked, then read together, then judged.
    fn replies_among(&self, asked: &[Asked]) -> Result<Vec<Verdict>> {
        /// Fewer replies take less time than starting a thread for them.
        const REPLIES_A_THREAD: usize = 8;
        /// More share no more runs of the reader, and take memory.
        const READ_AT_ONCE: usize = 64;

        let mut ranked: Vec<Ranked> =
            asked.par_iter().with_min_len(REPLIES_A_THREAD).map(|one| self.rank(one)).collect();
        for (asked, ranked) in asked.chunks(READ_AT_ONCE).zip(ranked.chunks_mut(READ_AT_ONCE)) {
            self.read(asked, ranked)?;
        }
        let both = asked.par_iter().zip(ranked).with_min_len(REPLIES_A_THREAD);
        Ok(both.map(|(one, ranked)| self.judge(one, ranked)).collect())
    }
}
