//! Confidence: the probability that the best entry is right, from what the evidence says of it.
//!
//! Boosted trees over the [features](super::features) ship for the bundled model and one
//! [`signals::VERSION`](super::signals::VERSION). [`Calibration::adapted`] fits a logistic model on top of them to
//! labelled queries of one FAQ.

use std::sync::LazyLock;

use faqbot_embed::ModelId;
use faqbot_embed::fastembed::BUNDLED_ID;
use serde::Deserialize;

use super::features::{FEATURES, Features, UNREAD_FEATURES, is_read, names};
use super::logistic::{INPUTS, Inputs, Labelled, Logistic, newton, sigmoid, strength};
use super::trees::Trees;

/// What ships, unadapted: the log odds of the [`shipped_trees()`] as they are.
pub const SHIPPED: Logistic = Logistic { weights: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], constant: 0.0 };

/// The trees for the bundled model, with where they come from.
#[derive(Deserialize)]
struct Shipped {
    features: Vec<String>,
    /// The share of the fit's queries, by weight, whose best entry is right.
    share: f64,
    trees: Trees,
}

/// With the reader's features, and without.
static FITTED: LazyLock<[Shipped; 2]> = LazyLock::new(|| {
    let read = |json: &str, features: usize| {
        let shipped: Shipped =
            serde_json::from_str(json).expect("the_shipped_trees_are_of_these_features reads it");
        let fits = shipped.features.iter().map(String::as_str).eq(names().take(features));
        assert!(fits, "the_shipped_trees_are_of_these_features compares them");
        shipped
    };
    [
        read(include_str!("confidence.json"), FEATURES),
        read(include_str!("confidence_unread.json"), UNREAD_FEATURES),
    ]
});

/// The trees for the bundled model that these features are for: those of `src/matching/confidence.json`, or, where no
/// reader was asked, of `confidence_unread.json`. The files say how they were fitted.
pub fn shipped_trees(features: &Features) -> &'static Trees {
    let [read, unread] = &*FITTED;
    if is_read(features) { &read.trees } else { &unread.trees }
}

/// The share of the queries of the fit, by weight, whose best entry is right.
pub fn shipped_share() -> f64 {
    FITTED[0].share
}

/// What a calibration adapts: the log odds of the trees, and the features of the ranking that say most.
pub fn inputs(trees: &Trees, features: &Features) -> Inputs {
    let mut inputs = [0.0; INPUTS];
    inputs[0] = trees.logit(features);
    inputs[1..].copy_from_slice(&features[..INPUTS - 1]);
    inputs
}

/// How many queries' worth the shipped weights count when they are fitted anew: about as many as
/// someone labels in a sitting.
const PRIOR_QUERIES: f64 = 20.0;

/// From this many rows of the rarer label on, all weights are fitted: ten for each of the eight
/// parameters (Peduzzi et al. 1996, events per variable).
const MANY: usize = 10 * (INPUTS + 1);

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
                ([SHIPPED.logit(&row.inputs), 1.0], f64::from(u8::from(row.right)), row.weight / total)
            })
            .collect();
        let strength = strength(PRIOR_QUERIES, total);
        let [scale, shift] = newton(&standard, [[1.0, strength], [0.0, strength]]);
        // A negative scale would turn the order of confidences round: that is noise, not knowledge.
        Some(Calibration { base: SHIPPED, scale: scale.max(0.05), shift })
    }

    /// The probability that the best entry of a ranking is right, in `0..=1`.
    pub fn confidence(&self, features: &Features) -> f64 {
        sigmoid(self.logit_of(features))
    }

    /// The log odds of the same.
    pub fn logit_of(&self, features: &Features) -> f64 {
        self.logit(&inputs(shipped_trees(features), features))
    }

    /// The log odds of the same, from the [`inputs`].
    pub fn logit(&self, inputs: &Inputs) -> f64 {
        self.scale * self.base.logit(inputs) + self.shift
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
                Labelled { inputs: [x, x * x, 0.0, 0.0, 1.0 - x, 0.2, 0.0], right: right(at), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn few_queries_hardly_move_the_shipped_weights() {
        let adapted = Calibration::adapted(&rows(4, |at| at > 1)).unwrap();
        assert!((adapted.scale - 1.0).abs() < 1.0 && adapted.shift.abs() < 1.0, "{adapted:?}");
        assert!(Calibration::adapted(&rows(4, |_| true)).is_none());
    }

    #[test]
    fn the_shipped_trees_are_of_these_features() {
        for (shipped, features) in FITTED.iter().zip([FEATURES, UNREAD_FEATURES]) {
            assert!(shipped.features.iter().map(String::as_str).eq(names().take(features)));
            assert!(!shipped.trees.trees.is_empty());
        }
    }
}
