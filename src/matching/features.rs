//! The features of a ranking: what the confidence is computed from.

use super::alignment::{self, Alignment};
use super::ranking::Ranking;

/// Features of the ranking itself; the others are those of the [alignment](alignment::NAMES).
///
/// - `score`: the best entry's score;
/// - `margin`: how far the next entry's score is below it (the score itself where there is none);
/// - `outlier`: how many standard deviations it stands above the mean of all entries;
/// - `centroid`, `phrasing`, `lexical`, `ridge`, `answer`: its signals, -1 where it has none;
/// - `shortfall`: by how much the cosine of the nearest phrasing falls short of [`NEAR_COSINE`], or 0. An
///   entry unlike all others stands out for a query about anything else; only this tells that the two
///   have nothing in common;
/// - `cosine`: that cosine, and `cosine_margin`: how far that of the next entry is below it;
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

/// The number of features.
pub const FEATURES: usize = RANKING_NAMES.len() + alignment::COUNT;

/// The features, in the order of [`names`].
pub type Features = [f64; FEATURES];

/// The names of the features.
pub fn names() -> impl Iterator<Item = &'static str> {
    RANKING_NAMES.into_iter().chain(alignment::NAMES)
}

/// Standard deviations above which an outlier is no more of one: few entries give wild values.
const MAX_OUTLIER: f64 = 20.0;

/// Unrelated English sentences seldom have a greater cosine than this in the bundled model.
pub const NEAR_COSINE: f64 = 0.4;

/// The features of a ranking of `entries` entries whose best has `phrasings` phrasings and is aligned so; `None`
/// where nothing was ranked.
pub fn features(
    ranking: &Ranking,
    entries: usize,
    phrasings: usize,
    alignment: &Alignment,
) -> Option<Features> {
    let best = ranking.matches.first()?;
    let next = ranking.matches.get(1);
    let (mean, deviation) = ranking.spread;
    let outlier = if deviation > 1e-6 { f64::from((best.score - mean) / deviation) } else { 0.0 };
    let signal = |signal: Option<f32>| f64::from(signal.unwrap_or(-1.0));
    let of_ranking = [
        f64::from(best.score),
        f64::from(best.score - next.map_or(0.0, |next| next.score)),
        outlier.clamp(0.0, MAX_OUTLIER),
        signal(best.signals.centroid),
        signal(best.signals.phrasing),
        (NEAR_COSINE - f64::from(best.cosine)).max(0.0),
        f64::from(best.cosine),
        signal(best.signals.lexical),
        signal(best.signals.ridge),
        signal(best.signals.answer),
        (entries.max(1) as f64).ln(),
        phrasings as f64,
        f64::from(best.cosine - next.map_or(0.0, |next| next.cosine)),
    ];
    let mut features = [0.0; FEATURES];
    features[..of_ranking.len()].copy_from_slice(&of_ranking);
    features[of_ranking.len()..].copy_from_slice(&alignment.features);
    Some(features)
}
