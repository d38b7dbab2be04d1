//! What is replied to a query whose entries are ranked and read: confidence, guards, decision.

use faqbot_embed::Embedder;

use super::asked::{Asked, Wanted};
use super::rank::Ranked;
use super::{Bot, Verdict};
use crate::matching::alignment::Alignment;
use crate::matching::decision::{Case, Decision, Policy, Rule, decide, is_as_likely};
use crate::matching::features::features;
use crate::matching::guard::{Guard, is_generic, polarity_conflict};
use crate::matching::ranking::Ranking;

/// The least confidence in an exact phrasing: 41 of the 45 queries of the six public sets that are a
/// phrasing of one entry belong to it (November 2026).
const EXACT_PHRASING: f32 = 0.9;

/// The least confidence where the query has the nearest phrasing's words and no others: of 271 such queries to the
/// public sets and minimal pairs, 95.6 % find their entry (`cargo run --release -p faqbot-train --bin fit`, November 2026).
const SAME_WORDS: f32 = 0.95;

impl<E: Embedder> Bot<E> {
    /// What is replied to a query whose entries are ranked and read.
    pub(super) fn judge(&self, asked: &Asked, ranked: Ranked) -> Verdict {
        let Asked { query, wanted: Wanted { count, .. }, .. } = *asked;
        let Ranked { exact, crisis, ranking, alignment } = ranked;
        let index = &self.prepared.index;
        let alignment = alignment.zip(ranking.matches.first()).map(|((entry, alignment), best)| {
            // The reader may have put another first.
            if entry == best.entry { alignment } else { self.align(query, best) }
        });
        let features = alignment.as_ref().and_then(|alignment| {
            let phrasings = self.entry(ranking.matches.first()?).phrasings.len();
            features(&ranking, index.len(), phrasings, alignment)
        });
        let confidence = match (&self.setup.calibration, &features) {
            (Some(calibration), Some(features)) => Some(calibration.confidence(features) as f32),
            _ => None,
        };
        let same_words = alignment.as_ref().is_some_and(Alignment::has_the_same_words);
        let confidence =
            confidence.map(|confidence| if same_words { confidence.max(SAME_WORDS) } else { confidence });
        let best = ranking.matches.first();
        let entry = best.map(|best| self.entry(best));
        let guard = self.guard(query, &ranking, alignment.as_ref());
        let case = Case {
            matches: &ranking.matches,
            exact: &exact,
            confidence,
            own_min_confidence: entry.and_then(|entry| entry.min_confidence),
            urgent: entry.is_some_and(|entry| entry.urgent),
            guard,
            crisis,
            out_of_scope: &|entry| self.faq.entries[entry].out_of_scope,
        };
        let (mut decision, mut rule) = decide(&case, &self.setup.policy);
        let mut confidence = confidence;
        // What the model makes of a language that it does not know is no ground for an answer.
        if self.unknown_language().is_some() && !same_words && rule.hangs_on_confidence() {
            confidence = None;
            if let (Decision::Answer(_), Rule::Confident | Rule::ClearBest) = (&decision, rule) {
                let choices = Policy::MAX_CHOICES.min(ranking.matches.len());
                (decision, rule) = (Decision::Ambiguous((0..choices).collect()), Rule::UnknownLanguage);
            }
        }
        let confidence = match rule {
            Rule::ExactPhrasing => confidence.map(|confidence| confidence.max(EXACT_PHRASING)),
            _ => confidence,
        };
        // What is said of the best match's words is nothing of another entry's that is answered.
        let alignment = alignment.filter(|_| rule != Rule::ExactPhrasing);
        let used = match &decision {
            Decision::Answer(at) => at + 1,
            Decision::Ambiguous(choices) => choices.iter().max().map_or(0, |at| at + 1),
            Decision::NoMatch | Decision::SmallTalk => 0,
        };
        let mut matches = ranking.matches;
        matches.truncate(used.max(count).max(1));
        let refused = Verdict::refused(query, rule);
        Verdict { decision, confidence, guard, features, alignment, matches, ..refused }
    }

    /// Why the best match is not to be answered at once, if so.
    fn guard(&self, query: &str, ranking: &Ranking, alignment: Option<&Alignment>) -> Option<Guard> {
        let (best, others) = ranking.matches.split_first()?;
        let entry = self.entry(best);
        let phrasing = &entry.phrasings[best.phrasing];
        if polarity_conflict(query, phrasing, entry) {
            return Some(Guard::Polarity);
        }
        let alone = best.reader.is_some_and(|logit| others.iter().all(|other| !is_as_likely(other, logit)));
        if is_generic(query, alone, |word| self.prepared.ranker.document_frequency(word)) {
            return Some(Guard::Generic);
        }
        // Where nothing was read, the confidence was fitted with these words in view.
        let read = alignment.filter(|_| best.reader.is_some());
        read.is_some_and(|alignment| alignment.has_a_word_exchanged(phrasing)).then_some(Guard::Exchanged)
    }
}
