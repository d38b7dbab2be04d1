//! The features of a ranking: what the confidence is computed from.

use super::ranking::Ranking;

/// The number of features.
pub const FEATURES: usize = 6;

/// The names of the features, in their order.
pub const FEATURE_NAMES: [&str; FEATURES] =
    ["score", "margin", "outlier", "centroid", "phrasing", "shortfall"];

/// What the confidence is computed from.
///
/// - `score`: the best entry's score;
/// - `margin`: how far the next entry's score is below it (the score itself where there is none);
/// - `outlier`: how many standard deviations it stands above the mean of all entries;
/// - `centroid`, `phrasing`: two of its signals;
/// - `shortfall`: by how much the cosine of the nearest phrasing falls short of [`NEAR_COSINE`], or 0. An
///   entry unlike all others stands out for a query about anything else; only this tells that the two
///   have nothing in common.
pub type Features = [f64; FEATURES];

/// Standard deviations above which an outlier is no more of one: few entries give wild values.
const MAX_OUTLIER: f64 = 20.0;

/// Unrelated English sentences seldom have a greater cosine than this in the bundled model.
pub const NEAR_COSINE: f64 = 0.4;

/// The features of a ranking; `None` where nothing was ranked.
pub fn features(ranking: &Ranking) -> Option<Features> {
    let best = ranking.matches.first()?;
    let next = ranking.matches.get(1).map_or(0.0, |next| next.score);
    let (mean, deviation) = ranking.spread;
    let outlier = if deviation > 1e-6 { f64::from((best.score - mean) / deviation) } else { 0.0 };
    Some([
        f64::from(best.score),
        f64::from(best.score - next),
        outlier.clamp(0.0, MAX_OUTLIER),
        f64::from(best.signals.centroid.unwrap_or(0.0)),
        f64::from(best.signals.phrasing.unwrap_or(-1.0)),
        (NEAR_COSINE - f64::from(best.cosine)).max(0.0),
    ])
}
