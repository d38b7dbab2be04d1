//! Confidence: the probability that the best entry is right, from what the evidence says of it.
//!
//! A logistic model over the [features](super::features). It never reorders: the ranking is by score.
//! Weights hold for one embedding model and one [`signals::VERSION`](super::signals::VERSION); the bundled model ships with
//! [`SHIPPED`], and [`Calibration::adapted`] draws them towards labelled queries of a FAQ of one's own.

use super::features::{FEATURES, Features};
use super::logistic::{Labelled, Logistic, newton, sigmoid, strength};
use crate::embed::ModelId;
use crate::embed::fastembed::BUNDLED_ID;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize, right: impl Fn(usize) -> bool) -> Vec<Labelled> {
        (0..count)
            .map(|at| {
                let x = at as f64 / count as f64;
                Labelled { features: [x, x * x, 0.0, 0.0, 1.0 - x, 0.2], right: right(at), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn few_queries_hardly_move_the_shipped_weights() {
        let adapted = Calibration::adapted(&rows(4, |at| at > 1)).unwrap();
        assert!((adapted.scale - 1.0).abs() < 1.0 && adapted.shift.abs() < 1.0, "{adapted:?}");
        assert!(Calibration::adapted(&rows(4, |_| true)).is_none());
    }
}
