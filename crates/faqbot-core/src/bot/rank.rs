//! The entries that may answer a query: those that have it as a phrasing, those for people in danger, and the nearest.

use faqbot_embed::Embedder;
use faqbot_faq::normalize_phrasing;
use ndarray::Array1;

use super::asked::{Asked, Wanted, Whole};
use super::{Bot, Prepared};
use crate::matching::alignment::{Alignment, Words, align};
use crate::matching::crisis::Classifier;
use crate::matching::ranking::{CANDIDATES, Match, Ranking};

/// The cosine from which a message that is none of someone in danger may still be matched with the entry for them, such
/// as "crisis line phone numbers". Of the 534 other messages in `data/messages.jsonl` and `data/therapy.queries.jsonl`
/// none is as near to one.
const LIKE_CRISIS: f32 = 0.75;

/// By how much the log odds of a crisis must be greater in one of a message's questions: alone it lacks what the rest
/// says. The least in steps of a half with which no query of `data/therapy.queries.jsonl` is taken for one wrongly.
const SURER_OF_A_PART: f32 = 0.5;

/// What may answer a text that is asked.
pub(super) struct Ranked {
    /// The entries that have it as a phrasing.
    pub(super) exact: Vec<usize>,
    /// Whether it is like what people in danger write.
    pub(super) crisis: bool,
    pub(super) ranking: Ranking,
    /// The entry that is best by score, and how its words are aligned; `None` for a crisis.
    pub(super) alignment: Option<(usize, Alignment)>,
}

impl<E: Embedder> Bot<E> {
    /// The entries and rows of a phrasing, as [`normalize_phrasing`] makes it; in the order of the FAQ.
    pub(super) fn like(&self, normalized: &str) -> impl Iterator<Item = (usize, usize)> {
        let Prepared { index, ranker, .. } = &self.prepared;
        let with_entry =
            ranker.exact_rows(normalized).iter().map(|&row| (index.entry_of(row as usize), row as usize));
        with_entry.filter(move |&(entry, row)| {
            let phrasing = &self.faq.entries[entry].phrasings[row - index.bounds(entry).start];
            normalize_phrasing(phrasing) == normalized
        })
    }

    /// The vector of a phrasing, as [`normalize_phrasing`] makes it, unless it cannot be read any more.
    pub(super) fn vector_of(&self, normalized: &str) -> Option<Array1<f32>> {
        let (_, row) = self.like(normalized).next()?;
        let block = self.prepared.index.rows().block(row..row + 1).ok()?;
        Some(block.row(0).to_owned())
    }

    /// The entries that may answer, best first by score.
    pub(super) fn rank(&self, asked: &Asked) -> Ranked {
        let Asked { query, ref normalized, row, wanted: wanted_of, whole } = *asked;
        let Wanted { count, among, .. } = wanted_of;
        let Prepared { index, ranker, .. } = &self.prepared;
        let passes = |entry: usize| self.passes(entry, wanted_of);
        let mut exact: Vec<usize> =
            self.like(normalized).map(|(entry, _)| entry).filter(|&entry| passes(entry)).collect();
        exact.dedup();
        let classifier =
            if self.prepared.crisis.is_empty() { None } else { Classifier::shipped(self.embedder.model()) };
        let surer = match whole {
            Whole::Message => 0.0,
            Whole::Part => SURER_OF_A_PART,
        };
        let crisis = classifier
            .is_some_and(|classifier| exact.is_empty() && classifier.is_crisis(query, &row.to_vec(), surer));
        let needed = if crisis { &self.prepared.crisis } else { &exact };
        // Entries for people in danger stand out for whatever is unlike the FAQ: they are no match for other messages,
        // unless these are nearly one of their phrasings.
        let unwanted: &[usize] = if crisis { &[] } else { &self.prepared.crisis };
        let mut wanted = match among {
            // Those that pass may be anywhere.
            Some(_) => index.len(),
            None => {
                count.max(CANDIDATES).max(exact.len()) + unwanted.len() + self.prepared.context_only.len()
            }
        };
        let mut ranking = ranker.rank(index, query, row, wanted);
        // An exact phrasing may rank low (shared words elsewhere): then more are ranked.
        let ranked =
            |ranking: &Ranking, entry: usize| ranking.matches.iter().any(|found| found.entry == entry);
        while wanted < index.len() && !needed.iter().all(|&entry| ranked(&ranking, entry)) {
            wanted *= 16;
            ranking = ranker.rank(index, query, row, wanted);
        }
        ranking.matches.retain(|found| {
            let wanted = !unwanted.contains(&found.entry)
                || exact.contains(&found.entry)
                || found.cosine >= LIKE_CRISIS;
            wanted && passes(found.entry)
        });
        if crisis
            && let Some(at) =
                ranking.matches.iter().position(|found| self.prepared.crisis.contains(&found.entry))
        {
            ranking.matches[..=at].rotate_right(1);
        }
        // How sure the classifier is says nothing of the match's words.
        let compared = ranking.matches.first().filter(|_| !crisis);
        let alignment = compared.map(|best| (best.entry, self.align(query, best)));
        Ranked { exact, crisis, ranking, alignment }
    }

    /// How a query's words and those of a match's phrasing stand to each other.
    pub(super) fn align(&self, query: &str, found: &Match) -> Alignment {
        align(query, self.entry(found), found.phrasing, &Known { bot: self })
    }

    /// Whether an entry may answer: it is asked, or for people in danger; and it is its turn.
    pub(super) fn passes(&self, entry: usize, wanted: Wanted) -> bool {
        let own = &self.faq.entries[entry];
        let asked = wanted.among.is_none_or(|among| among(own) || self.prepared.crisis.contains(&entry));
        let after = wanted.after.map(|last| &self.faq.entries[last].id);
        asked && (own.only_after.is_empty() || after.is_some_and(|last| own.only_after.contains(last)))
    }
}

/// The words that a bot's FAQ and model know.
pub(super) struct Known<'b, E> {
    pub(super) bot: &'b Bot<E>,
}

impl<E: Embedder> Words for Known<'_, E> {
    fn document_frequency(&self, word: &str) -> usize {
        self.bot.prepared.ranker.document_frequency(word)
    }

    fn entries(&self) -> usize {
        self.bot.prepared.index.len()
    }

    fn is_in_vocabulary(&self, word: &str) -> bool {
        self.bot.embedder.is_in_vocabulary(word)
    }
}
