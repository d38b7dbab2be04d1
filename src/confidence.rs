//! Confidence: the probability that the best entry is right, from what the evidence says of it.
//!
//! A logistic model over six numbers ([`Features`]). It never reorders: the ranking is by score.
//! Weights hold for one embedding model and one [`evidence::VERSION`](crate::evidence::VERSION); the bundled model ships with
//! [`SHIPPED`], and [`Calibration::adapted`] draws them towards labelled queries of a FAQ of one's own.

use crate::embed::ModelId;
use crate::embed::fastembed::BUNDLED_ID;
use crate::evidence::Ranking;

/// The number of features.
pub const FEATURES: usize = 6;

/// The names of the features, in their order.
pub const FEATURE_NAMES: [&str; FEATURES] = ["score", "margin", "outlier", "centroid", "phrasing", "far"];

/// What the confidence is computed from.
///
/// - `score`: the best entry's score;
/// - `margin`: how far the next entry's score is below it (the score itself where there is none);
/// - `outlier`: how many standard deviations it stands above the mean of all entries;
/// - `centroid`, `phrasing`: two of its signals;
/// - `far`: by how much the cosine of the nearest phrasing falls short of [`NEAR_COSINE`], or 0. An
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
        f64::from(best.signals.centroid),
        f64::from(best.signals.phrasing),
        (NEAR_COSINE - f64::from(best.cosine)).max(0.0),
    ])
}

/// A logistic model: one weight a feature, and a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// The weights of the features.
    pub weights: Features,
    /// The constant.
    pub constant: f64,
}

/// The weights for the bundled model.
///
/// Fitted by `cargo run --release --example fit -- ../shared/evaldata` on 2026-11-23, on random
/// parts of clinc150, banking77_oos_clean, hwu64, hint3_curekart, stackfaq and covid_deepset_en with
/// their calibration files: 60 FAQs from each, a third to all of its entries, 1 to 20 phrasings an
/// entry. The questions of the entries left out are the out-of-scope ones, and for three in ten of
/// them, questions of the other sets. They assume that 24 % of the queries have no answer in the FAQ.
/// On the sets' test queries, each with its own family left out of the fit, the mean AUROC is 0.902
/// (plain cosine: 0.835) and the mean calibration error 0.080; the README has the table.
pub const SHIPPED: Logistic =
    Logistic { weights: [4.4013, 8.4106, 0.2154, 1.9222, -2.0377, -1.9589], constant: -3.1173 };

impl Logistic {
    /// The log odds.
    pub fn logit(&self, features: &Features) -> f64 {
        self.constant
            + self.weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f64>()
    }

    /// The probability, in `0..=1`.
    pub fn probability(&self, features: &Features) -> f64 {
        sigmoid(self.logit(features))
    }

    /// The model of least weighted log loss on labelled features, with a small penalty on the weights
    /// of the standardised features. `None` without both kinds of label.
    pub fn fit(rows: &[Labelled]) -> Option<Logistic> {
        /// Keeps weights finite where a feature separates the labels; of no weight otherwise.
        const PENALTY: f64 = 1e-3;
        Self::fit_with(rows, |_, _| {
            let mut prior = [[0.0; 2]; FEATURES + 1];
            prior.iter_mut().take(FEATURES).for_each(|prior| *prior = [0.0, 2.0 * PENALTY]);
            prior
        })
    }

    /// As [`Logistic::fit`], with the weights drawn towards those of `prior` as if by this many queries
    /// that say so of each.
    fn fit_towards(rows: &[Labelled], prior: &Logistic, queries: f64) -> Option<Logistic> {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        Self::fit_with(rows, |mean, deviation| {
            let mut constant = prior.constant;
            let mut found = [[0.0, strength(queries, total)]; FEATURES + 1];
            for at in 0..FEATURES {
                found[at][0] = prior.weights[at] * deviation[at];
                constant += prior.weights[at] * mean[at];
            }
            found[FEATURES][0] = constant;
            found
        })
    }

    /// The fit with a prior on the weights of the standardised features and the constant, from the
    /// features' means and deviations: for each a value and how strongly it is drawn there.
    fn fit_with(
        rows: &[Labelled],
        prior: impl FnOnce(&Features, &Features) -> [[f64; 2]; FEATURES + 1],
    ) -> Option<Logistic> {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        if !rows.iter().any(|row| row.right) || rows.iter().all(|row| row.right) || total <= 0.0 {
            return None;
        }
        let mut mean = [0.0; FEATURES];
        let mut deviation = [0.0; FEATURES];
        for at in 0..FEATURES {
            mean[at] = rows.iter().map(|row| row.weight * row.features[at]).sum::<f64>() / total;
            let variance =
                rows.iter().map(|row| row.weight * (row.features[at] - mean[at]).powi(2)).sum::<f64>()
                    / total;
            deviation[at] = variance.sqrt().max(1e-9);
        }
        let standard: Vec<([f64; FEATURES + 1], f64, f64)> = rows
            .iter()
            .map(|row| {
                let mut x = [1.0; FEATURES + 1];
                for at in 0..FEATURES {
                    x[at] = (row.features[at] - mean[at]) / deviation[at];
                }
                (x, f64::from(u8::from(row.right)), row.weight / total)
            })
            .collect();
        let found = newton(&standard, prior(&mean, &deviation));
        let mut weights = [0.0; FEATURES];
        let mut constant = found[FEATURES];
        for at in 0..FEATURES {
            weights[at] = found[at] / deviation[at];
            constant -= weights[at] * mean[at];
        }
        Some(Logistic { weights, constant })
    }
}

/// How strongly a parameter is drawn to a value as if by this many queries, where all weigh `total`: a
/// query at even odds has a curvature of 1/4.
fn strength(queries: f64, total: f64) -> f64 {
    queries * 0.25 / total
}

/// Features with what they should have said.
#[derive(Debug, Clone, Copy)]
pub struct Labelled {
    /// The features.
    pub features: Features,
    /// Whether the best entry was right.
    pub right: bool,
    /// How much this row counts.
    pub weight: f64,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Minimises the weighted log loss plus, for each coefficient, `strength / 2 * (b - centre)^2`.
/// Newton's method, halving steps that don't descend: the loss is convex, so this ends at its least.
fn newton<const N: usize>(rows: &[([f64; N], f64, f64)], prior: [[f64; 2]; N]) -> [f64; N] {
    let loss = |b: &[f64; N]| -> f64 {
        let fit: f64 = rows
            .iter()
            .map(|(x, y, weight)| {
                let z: f64 = x.iter().zip(b).map(|(x, b)| x * b).sum();
                // ln(1 + e^z) - y z, without overflow.
                weight * (z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z)
            })
            .sum();
        fit + b
            .iter()
            .zip(prior)
            .map(|(b, [centre, strength])| 0.5 * strength * (b - centre).powi(2))
            .sum::<f64>()
    };
    let mut b: [f64; N] = std::array::from_fn(|at| prior[at][0]);
    let mut least = loss(&b);
    for _ in 0..100 {
        let mut gradient: [f64; N] = std::array::from_fn(|at| prior[at][1] * (b[at] - prior[at][0]));
        let mut hessian = [[0.0; N]; N];
        for (x, y, weight) in rows {
            let p = sigmoid(x.iter().zip(&b).map(|(x, b)| x * b).sum());
            for i in 0..N {
                gradient[i] += weight * (p - y) * x[i];
                for j in 0..=i {
                    hessian[i][j] += weight * p * (1.0 - p) * x[i] * x[j];
                }
            }
        }
        for i in 0..N {
            hessian[i][i] += prior[i][1] + 1e-9;
        }
        // Only the lower triangle was summed.
        let hessian = std::array::from_fn(|i| std::array::from_fn(|j| hessian[i.max(j)][i.min(j)]));
        let step = solve(hessian, gradient);
        let mut size = 1.0;
        let next = loop {
            let candidate: [f64; N] = std::array::from_fn(|at| b[at] - size * step[at]);
            let value = loss(&candidate);
            if value < least {
                break Some((candidate, value));
            }
            size /= 2.0;
            if size < 1e-6 {
                break None;
            }
        };
        let Some((candidate, value)) = next else { break };
        let gain = least - value;
        (b, least) = (candidate, value);
        if gain < 1e-12 {
            break;
        }
    }
    b
}

/// Solves a small linear system by elimination with pivoting.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut y: [f64; N]) -> [f64; N] {
    for column in 0..N {
        let pivot =
            (column..N).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs())).unwrap_or(column);
        a.swap(column, pivot);
        y.swap(column, pivot);
        if a[column][column].abs() < 1e-300 {
            continue;
        }
        for row in column + 1..N {
            let factor = a[row][column] / a[column][column];
            let pivot = a[column];
            a[row].iter_mut().zip(pivot).skip(column).for_each(|(value, pivot)| *value -= factor * pivot);
            y[row] -= factor * y[column];
        }
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|k| a[row][k] * y[k]).sum();
        y[row] = if a[row][row].abs() < 1e-300 { 0.0 } else { (y[row] - known) / a[row][row] };
    }
    y
}

/// How many queries' worth the shipped weights count when they are fitted anew: about as many as
/// someone labels in a sitting.
const PRIOR_QUERIES: f64 = 20.0;

/// From this many rows of the rarer label on, all weights are fitted: ten for each of the seven
/// parameters (Peduzzi et al. 1996, events per variable).
const MANY: usize = 10 * (FEATURES + 1);

/// A confidence model that holds for one embedding model: weights, and a scale and shift of their log
/// odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    base: Logistic,
    /// What the log odds are multiplied by.
    pub scale: f64,
    /// What is added to them then.
    pub shift: f64,
}

impl Calibration {
    /// Without a scale and shift of its own.
    pub fn new(base: Logistic) -> Self {
        Calibration { base, scale: 1.0, shift: 0.0 }
    }

    /// The calibration that ships for a model; `None` where there is none.
    pub fn shipped(model: &ModelId) -> Option<Self> {
        (Some(model.as_str()) == BUNDLED_ID).then(|| Self::new(SHIPPED))
    }

    /// With this scale and shift.
    pub fn with(self, scale: f64, shift: f64) -> Self {
        Calibration { scale, shift, ..self }
    }

    /// The shipped weights, fitted anew to labelled rows: all of them where there are `MANY` rows of the
    /// rarer label, else a scale and shift of their log odds; drawn towards what ships as if by
    /// `PRIOR_QUERIES` queries that say so. `None` without both kinds of label.
    pub fn adapted(rows: &[Labelled]) -> Option<Self> {
        let right = rows.iter().filter(|row| row.right).count();
        let rarer = right.min(rows.len() - right);
        if rarer == 0 {
            return None;
        }
        if rarer >= MANY {
            return Logistic::fit_towards(rows, &SHIPPED, PRIOR_QUERIES).map(Self::new);
        }
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        let standard: Vec<([f64; 2], f64, f64)> = rows
            .iter()
            .map(|row| {
                ([SHIPPED.logit(&row.features), 1.0], f64::from(u8::from(row.right)), row.weight / total)
            })
            .collect();
        let strength = strength(PRIOR_QUERIES, total);
        let [scale, shift] = newton(&standard, [[1.0, strength], [0.0, strength]]);
        // A negative scale would turn the order of confidences round: that is noise, not knowledge.
        Some(Calibration { base: SHIPPED, scale: scale.max(0.05), shift })
    }

    /// The probability that the best entry of a ranking is right, in `0..=1`.
    pub fn confidence(&self, features: &Features) -> f64 {
        sigmoid(self.scale * self.base.logit(features) + self.shift)
    }

    /// The weights below the scale and shift.
    pub fn base(&self) -> &Logistic {
        &self.base
    }
}

/// The area under the ROC curve: the chance that a right one scores above one that is not, ties
/// counting half. `None` without both kinds.
///
/// ```
/// use faqbot::confidence::auroc;
/// assert_eq!(auroc(&[(0.9, true), (0.8, true), (0.3, false)]), Some(1.0));
/// assert_eq!(auroc(&[(0.5, true), (0.5, false)]), Some(0.5));
/// assert_eq!(auroc(&[(0.5, true)]), None);
/// ```
pub fn auroc(scored: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let right = sorted.iter().filter(|(_, right)| *right).count() as f64;
    let wrong = sorted.len() as f64 - right;
    if right == 0.0 || wrong == 0.0 {
        return None;
    }
    let (mut below, mut area) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let tied_right = tied.iter().filter(|(_, right)| *right).count() as f64;
        let tied_wrong = tied.len() as f64 - tied_right;
        area += tied_right * (below + tied_wrong / 2.0);
        below += tied_wrong;
    }
    Some(area / (right * wrong))
}

/// One bin of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// Queries whose confidence lies in the bin.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub accuracy: f64,
}

/// Ten bins of equal width over confidence, from 0 to 1; 1 itself is in the last.
pub fn reliability(scored: &[(f64, bool)]) -> [Bin; 10] {
    let mut bins = [Bin::default(); 10];
    for &(confidence, right) in scored {
        let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
        bin.count += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(right));
    }
    for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
        bin.confidence /= bin.count as f64;
        bin.accuracy /= bin.count as f64;
    }
    bins
}

/// The expected calibration error: the mean distance between confidence and accuracy over the bins of
/// [`reliability`], weighted by their counts (Guo et al. 2017, "On Calibration of Modern Neural
/// Networks"). 0 of nothing.
///
/// ```
/// use faqbot::confidence::calibration_error;
/// let error = calibration_error(&[(0.95, true), (0.95, true), (0.05, false), (0.05, true)]);
/// assert!((error - (0.05 + 0.45) / 2.0).abs() < 1e-12);
/// ```
pub fn calibration_error(scored: &[(f64, bool)]) -> f64 {
    let total = scored.len().max(1) as f64;
    reliability(scored)
        .iter()
        .map(|bin| bin.count as f64 / total * (bin.confidence - bin.accuracy).abs())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose log odds are 4 (x - 0.5), labelled by a fixed pattern of that frequency.
    fn rows(scale: f64, shift: f64) -> Vec<Labelled> {
        let mut state = 7u32;
        (0..4000)
            .map(|index| {
                let x = f64::from(index % 100) / 100.0;
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let uniform = f64::from(state >> 8) / f64::from(1 << 24);
                let features = [x, x * x % 0.37, 0.0, 0.0, 1.0 - x, 0.2];
                Labelled { features, right: uniform < sigmoid(scale * 4.0 * (x - 0.5) + shift), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn a_fit_finds_the_probabilities_it_was_made_with() {
        let rows = rows(1.0, 0.0);
        let model = Logistic::fit(&rows).unwrap();
        for row in rows.iter().take(100) {
            let expected = sigmoid(4.0 * (row.features[0] - 0.5));
            assert!((model.probability(&row.features) - expected).abs() < 0.06);
        }
        let scored: Vec<(f64, bool)> =
            rows.iter().map(|row| (model.probability(&row.features), row.right)).collect();
        assert!(calibration_error(&scored) < 0.03);
    }

    #[test]
    fn one_kind_of_label_fits_nothing() {
        let all: Vec<Labelled> =
            rows(1.0, 0.0).into_iter().map(|row| Labelled { right: true, ..row }).collect();
        assert!(Logistic::fit(&all).is_none());
        assert!(Calibration::adapted(&all).is_none());
        assert!(Logistic::fit(&[]).is_none());
    }

    #[test]
    fn separable_labels_keep_the_weights_finite() {
        let rows: Vec<Labelled> = (0..50)
            .map(|index| Labelled { features: [f64::from(index); FEATURES], right: index >= 25, weight: 1.0 })
            .collect();
        let model = Logistic::fit(&rows).unwrap();
        assert!(model.weights.iter().all(|weight| weight.is_finite()));
        assert!(model.probability(&rows[49].features) > 0.9);
    }

    #[test]
    fn few_queries_hardly_move_the_shipped_weights() {
        let few: Vec<Labelled> = rows(1.0, 2.0).into_iter().take(4).collect();
        if let Some(adapted) = Calibration::adapted(&few) {
            assert!((adapted.scale - 1.0).abs() < 1.0 && adapted.shift.abs() < 1.0, "{adapted:?}");
        }
    }

    #[test]
    fn bins_cover_zero_to_one() {
        let bins = reliability(&[(0.0, false), (1.0, true), (0.999, true), (0.55, false)]);
        assert_eq!((bins[0].count, bins[5].count, bins[9].count), (1, 1, 2));
        assert_eq!(calibration_error(&[]), 0.0);
    }
}
