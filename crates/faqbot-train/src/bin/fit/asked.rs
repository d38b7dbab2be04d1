//! Queries asked of a bot, with all that is measured of them.

use std::collections::{HashMap, HashSet};

use faqbot::matching::confidence::inputs;
use faqbot::matching::decision::choices;
use faqbot::matching::features::{Features, is_read};
use faqbot::matching::logistic::Labelled;
use faqbot::matching::metrics::auroc;
use faqbot::matching::signals::Weights;
use faqbot::matching::trees::Trees;
use faqbot::quality::calibration::Scored;
use faqbot::quality::eval::LabelledQuery;
use faqbot::{Bot, Match, Verdict};

use crate::data::Table;

/// The confidence of what is not read.
const UNREAD: f64 = 0.95;

/// Queries asked of a bot, with all that is measured of them.
pub struct Asked {
    pub queries: Vec<LabelledQuery>,
    pub in_scope: Vec<bool>,
    pub replies: Vec<Verdict>,
    /// For each query and entry, whether it is right.
    pub right: Vec<HashSet<usize>>,
}

impl Asked {
    pub fn new(bot: &Bot<Table>, queries: Vec<LabelledQuery>) -> faqbot::Result<Self> {
        let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
        let replies = bot.verdicts(&texts, bot.faq().entries.len(), &mut |_| ())?;
        let positions: HashMap<&str, usize> =
            bot.faq().entries.iter().enumerate().map(|(at, entry)| (entry.id.as_str(), at)).collect();
        let right = queries
            .iter()
            .map(|labelled| {
                labelled
                    .expected
                    .iter()
                    .chain(&labelled.ok)
                    .filter_map(|id| positions.get(id.as_str()).copied())
                    .collect()
            })
            .collect();
        Ok(Asked { in_scope: queries.iter().map(LabelledQuery::in_scope).collect(), right, replies, queries })
    }

    /// The share of the queries in scope whose best entry, by `value`, is right.
    fn best_by(&self, value: impl Fn(&Match) -> f32) -> f64 {
        let (mut right, mut all) = (0, 0);
        for (at, verdict) in self.replies.iter().enumerate().filter(|(at, _)| self.in_scope[*at]) {
            all += 1;
            let best = verdict
                .matches
                .iter()
                .max_by(|a, b| value(a).total_cmp(&value(b)).then(b.entry.cmp(&a.entry)))
                .is_some_and(|best| self.right[at].contains(&best.entry));
            right += usize::from(best);
        }
        f64::from(right as u32) / f64::from(all.max(1))
    }

    pub fn top1(&self, weights: &Weights) -> f64 {
        self.best_by(|found| found.signals.score(weights))
    }

    /// Where entries are ordered by the reader's logit and this times the score.
    pub fn top1_read(&self, weight: f32) -> f64 {
        self.best_by(|found| match found.reader {
            Some(logit) => logit + weight * found.score,
            // Nothing of this query was read, or this was none of the candidates.
            None => found.score - 1e3,
        })
    }

    /// The share of the queries in scope whose right entry is read.
    pub fn read(&self) -> f64 {
        let inside = (0..self.queries.len()).filter(|&at| self.in_scope[at]);
        let (mut read, mut all) = (0, 0);
        for at in inside {
            all += 1;
            let found = self.replies[at].matches.iter().any(|found| {
                (found.reader.is_some() || self.replies[at].matches[0].reader.is_none())
                    && self.right[at].contains(&found.entry)
            });
            read += usize::from(found);
        }
        f64::from(read as u32) / f64::from(all.max(1))
    }

    pub fn cosine_top1(&self) -> f64 {
        self.best_by(|found| found.cosine)
    }

    /// AUROC of the greatest cosine: right against the rest, in percent / 100.
    pub fn cosine_auroc(&self) -> f64 {
        let scored: Vec<(f64, bool)> = self
            .replies
            .iter()
            .enumerate()
            .map(|(at, verdict)| {
                let best = verdict
                    .matches
                    .iter()
                    .max_by(|a, b| a.cosine.total_cmp(&b.cosine).then(b.entry.cmp(&a.entry)));
                best.map_or((-1.0, false), |best| {
                    (f64::from(best.cosine), self.right[at].contains(&best.entry))
                })
            })
            .collect();
        auroc(&scored).unwrap_or(0.0)
    }

    /// The inputs of a calibration on top of these trees, with their labels.
    pub fn labelled(&self, trees: &Trees) -> Vec<Labelled> {
        let rows = self.replies.iter().enumerate();
        rows.filter_map(|(at, verdict)| {
            let features = verdict.features.filter(is_read)?;
            Some(Labelled { inputs: inputs(trees, &features), right: self.is_right(at), weight: 1.0 })
        })
        .collect()
    }

    /// AUROC of a confidence, in scope against out of scope; `None` where there are only questions of one kind.
    pub fn scope_auroc(&self, confidence: impl Fn(&Verdict) -> f64) -> Option<f64> {
        let scored: Vec<(f64, bool)> =
            self.replies.iter().map(confidence).zip(self.in_scope.iter().copied()).collect();
        auroc(&scored)
    }

    pub fn is_right(&self, at: usize) -> bool {
        self.replies[at].matches.first().is_some_and(|best| self.right[at].contains(&best.entry))
    }

    /// The queries by a confidence.
    pub fn scored(&self, confidence: impl Fn(&Features) -> f64) -> Vec<Scored> {
        let rows = self.replies.iter().enumerate();
        rows.map(|(at, verdict)| Scored {
            confidence: verdict.features.as_ref().map_or(0.0, |features| {
                // A phrasing, or one's words: decided without the reader.
                if is_read(features) { confidence(features) } else { UNREAD }
            }),
            right: self.is_right(at),
            answerable: true,
            offered_right: choices(&verdict.matches, &|_| false, 1)
                .unwrap_or_default()
                .into_iter()
                .any(|offered| self.right[at].contains(&verdict.matches[offered].entry)),
        })
        .collect()
    }

    /// In-scope accuracy and out-of-scope recall in percent, by the threshold in hundredths.
    pub fn both<F: Fn(&Features) -> f64>(&self, confidence: F) -> impl Fn(usize) -> (f64, f64) + use<F> {
        let scored = self.scored(confidence);
        let in_scope = self.in_scope.clone();
        move |hundredth| {
            let least = hundredth as f64 / 100.0;
            let (mut right, mut inside, mut refused, mut outside) = (0, 0, 0, 0);
            for (query, &in_scope) in scored.iter().zip(&in_scope) {
                let answered = query.confidence >= least;
                if in_scope {
                    inside += 1;
                    right += usize::from(answered && query.right);
                } else {
                    outside += 1;
                    refused += usize::from(!answered);
                }
            }
            (100.0 * right as f64 / inside.max(1) as f64, 100.0 * refused as f64 / outside.max(1) as f64)
        }
    }
}

pub fn labels(scored: &[Scored]) -> Vec<(f64, bool)> {
    scored.iter().map(|query| (query.confidence, query.right)).collect()
}
