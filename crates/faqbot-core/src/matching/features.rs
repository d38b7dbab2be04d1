//! The features of a ranking: what the confidence is computed from.

use super::alignment::{self, Alignment};
use super::ranking::{CANDIDATES, Match, Ranking};
use super::signals::{Signals, WEIGHTS};

/// Features of the ranking itself; those of the [alignment](alignment::NAMES) follow, then [`READER_NAMES`].
///
/// - `score`: the best entry's score; where it was read, with its nearest phrasing in the place of the mean of its
///   phrasings, if that is nearer: an entry is not to be less sure because it got more phrasings, which draw the mean away;
/// - `margin`: how far the greatest score of the others that were read, or else of the next, is below it (the score
///   itself where there is none);
/// - `outlier`: how many standard deviations it stands above the mean of all entries;
/// - `centroid`, `phrasing`, `lexical`, `ridge`, `answer`: its signals, `centroid` as in `score`; -1 where it has none;
/// - `shortfall`: by how much the cosine of the nearest phrasing falls short of [`NEAR_COSINE`], or 0. An
///   entry unlike all others stands out for a query about anything else; only this tells that the two
///   have nothing in common;
/// - `cosine`: that cosine, and `cosine_margin`: how far those of the same others are below it;
/// - `log_entries`: the natural logarithm of the number of entries;
/// - `phrasings`: the number of the best entry's phrasings.
pub const RANKING_NAMES: [&str; 13] = [
    "score",
    "margin",
    "outlier",
    "centroid",
    "phrasing",
    "shortfall",
    "cosine",
    "lexical",
    "ridge",
    "answer",
    "log_entries",
    "phrasings",
    "cosine_margin",
];

/// Features of what the reader says, where it was asked.
///
/// - `reader`: the reader's logit of the best entry, and `reader_lead`: how far the greatest of the others is below it;
/// - `reader_share`: the log odds of the best entry against all others that were read and none of them, which has the
///   logit 0; `reader_any`: those of any entry against none;
/// - `reader_place`: how many entries that were read have a greater score.
pub const READER_NAMES: [&str; 5] = ["reader", "reader_lead", "reader_share", "reader_any", "reader_place"];

/// The number of features, and of those without the reader, which come first.
pub const FEATURES: usize = UNREAD_FEATURES + READER_NAMES.len();
/// See [`FEATURES`].
pub const UNREAD_FEATURES: usize = RANKING_NAMES.len() + alignment::COUNT;

/// The features, in the order of [`names`].
pub type Features = [f64; FEATURES];

/// The names of the features.
pub fn names() -> impl Iterator<Item = &'static str> {
    RANKING_NAMES.into_iter().chain(alignment::NAMES).chain(READER_NAMES)
}

/// Standard deviations above which an outlier is no more of one: few entries give wild values.
const MAX_OUTLIER: f64 = 20.0;

/// Unrelated English sentences seldom have a greater cosine than this in the bundled model.
pub const NEAR_COSINE: f64 = 0.4;

/// Whether a reader read what these features are of.
pub fn is_read(features: &Features) -> bool {
    features[UNREAD_FEATURES].is_finite()
}

/// The least that stands for the greatest logit of the others, also where there is none; trained readers seldom give less.
const NO_RIVAL: f64 = -12.0;

impl Match {
    /// The signals, with that of the nearest phrasing in the place of that of their mean where it is greater.
    fn signals_by_nearest(&self) -> Signals {
        let nearest =
            self.signals.phrasing.filter(|nearest| self.signals.centroid.is_some_and(|mean| mean < *nearest));
        Signals { centroid: nearest.or(self.signals.centroid), ..self.signals }
    }
}

/// The logarithm of the sum of the exponentials.
fn log_sum(logits: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    most + logits.map(|logit| (logit - most).exp()).sum::<f64>().ln()
}

/// The features of a ranking of `entries` entries whose best has `phrasings` phrasings and is aligned so; `None`
/// where nothing was ranked. Where the best entry was not read, the reader's are 0, and its logit is minus infinity ([`is_read`]).
pub fn features(
    ranking: &Ranking,
    entries: usize,
    phrasings: usize,
    alignment: &Alignment,
) -> Option<Features> {
    let (best, others) = ranking.matches.split_first()?;
    // Without a reader, the confidence was fitted to the signals as they are.
    let signals_of =
        if best.reader.is_some() { Match::signals_by_nearest } else { |found: &Match| found.signals };
    let signals = signals_of(best);
    let score_of = |found: &Match| signals_of(found).score(&WEIGHTS);
    let score = score_of(best);
    let (mean, deviation) = ranking.spread;
    let outlier = if deviation > 1e-6 { f64::from((score - mean) / deviation) } else { 0.0 };
    let signal = |signal: Option<f32>| f64::from(signal.unwrap_or(-1.0));
    // The reader may have put another first than the score: what it is ahead of is any other that was read.
    let rivals = others.iter().take(if best.reader.is_some() { CANDIDATES - 1 } else { 1 });
    let ahead = |value: &dyn Fn(&Match) -> f32| {
        f64::from(value(best) - rivals.clone().map(value).reduce(f32::max).unwrap_or(0.0))
    };
    let of_ranking = [
        f64::from(score),
        ahead(&score_of),
        outlier.clamp(-MAX_OUTLIER, MAX_OUTLIER),
        signal(signals.centroid),
        signal(signals.phrasing),
        (NEAR_COSINE - f64::from(best.cosine)).max(0.0),
        f64::from(best.cosine),
        signal(signals.lexical),
        signal(signals.ridge),
        signal(signals.answer),
        (entries.max(1) as f64).ln(),
        phrasings as f64,
        ahead(&|found| found.cosine),
    ];
    let of_reader = match best.reader {
        None => [f64::NEG_INFINITY, 0.0, 0.0, 0.0, 0.0],
        Some(logit) => {
            let logit = f64::from(logit);
            let read: Vec<f64> = others.iter().filter_map(|other| Some(f64::from(other.reader?))).collect();
            let higher = |other: &&Match| other.reader.is_some() && other.score > best.score;
            [
                logit,
                logit - read.iter().copied().fold(NO_RIVAL, f64::max),
                logit - log_sum(read.iter().copied().chain([0.0])),
                log_sum(read.iter().copied().chain([logit])),
                others.iter().filter(higher).count() as f64,
            ]
        }
    };
    let mut features = [0.0; FEATURES];
    features[..of_ranking.len()].copy_from_slice(&of_ranking);
    features[of_ranking.len()..UNREAD_FEATURES].copy_from_slice(&alignment.features);
    features[UNREAD_FEATURES..].copy_from_slice(&of_reader);
    Some(features)
}
