//! Fits gradient-boosted trees of small depth, with monotone constraints.
//!
//! As in LightGBM and XGBoost: second-order steps on the log loss, splits on quantile bins, an L2 penalty on the leaves, a
//! random part of the features a tree. A constraint keeps the log odds from falling (+1) or rising (-1) with a feature, by
//! bounds that are handed down the tree (XGBoost's method).

use faqbot::matching::trees::{Node, Tree, Trees};
use rayon::prelude::*;

/// How trees are fitted.
#[derive(Debug, Clone)]
pub struct Options {
    /// Trees.
    pub trees: usize,
    /// The greatest number of splits from root to leaf.
    pub depth: usize,
    /// What each tree counts.
    pub rate: f64,
    /// The least weight of a leaf, where rows weigh 1 on average.
    pub min_leaf: f64,
    /// The L2 penalty on leaves.
    pub penalty: f64,
    /// The share of the features that a tree may split on.
    pub features: f64,
    /// For each feature 1, -1 or 0: see the module.
    pub monotone: Vec<i8>,
}

/// A row to fit on.
#[derive(Debug, Clone)]
pub struct Row<'r> {
    /// The features.
    pub features: &'r [f64],
    /// The label.
    pub right: bool,
    /// How much it counts.
    pub weight: f64,
}

/// Fits trees to rows, the same ones on every run and machine.
pub fn fit(rows: &[Row], options: &Options) -> Trees {
    let count = rows.first().map_or(0, |row| row.features.len());
    let total: f64 = rows.iter().map(|row| row.weight).sum();
    let scale = rows.len() as f64 / total.max(1e-12);
    let weights: Vec<f64> = rows.iter().map(|row| row.weight * scale).collect();
    let bins: Vec<Bins> =
        (0..count).into_par_iter().map(|at| Bins::new(rows.iter().map(|row| row.features[at]))).collect();
    let right: f64 = rows.iter().zip(&weights).filter(|(row, _)| row.right).map(|(_, weight)| weight).sum();
    let share = (right / rows.len().max(1) as f64).clamp(1e-6, 1.0 - 1e-6);
    let mut fitted = Trees { base: (share / (1.0 - share)).ln(), trees: Vec::new() };
    let mut logits = vec![fitted.base; rows.len()];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..options.trees {
        let gradients: Vec<[f64; 2]> = rows
            .iter()
            .zip(&logits)
            .zip(&weights)
            .map(|((row, logit), weight)| {
                let p = 1.0 / (1.0 + (-logit).exp());
                [weight * (p - f64::from(u8::from(row.right))), weight * p * (1.0 - p)]
            })
            .collect();
        let chosen: Vec<usize> = (0..count)
            .filter(|_| {
                // A 64-bit linear congruential generator (Knuth's MMIX constants), its high bits.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as f64 / f64::from(1u32 << 31) < options.features
            })
            .collect();
        let builder =
            Builder { bins: &bins, gradients: &gradients, weights: &weights, chosen: &chosen, options };
        let tree = builder.tree((0..rows.len() as u32).collect());
        logits.iter_mut().zip(rows).for_each(|(logit, row)| *logit += f64::from(tree.leaf(row.features).4));
        fitted.trees.push(tree);
    }
    fitted
}

/// A feature's values in bins of about as many rows each.
struct Bins {
    /// The greatest value of each bin but the last.
    edges: Vec<f32>,
    /// For each row, its bin.
    of_rows: Vec<u8>,
}

impl Bins {
    const MOST: usize = 64;

    fn new(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f32> = values.map(|value| value as f32).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        let mut edges: Vec<f32> =
            (1..Self::MOST).map(|at| sorted[at * (sorted.len() - 1) / Self::MOST]).collect();
        edges.dedup();
        edges.retain(|edge| sorted.last().is_some_and(|last| edge < last));
        let of_rows = values.iter().map(|value| edges.partition_point(|edge| edge < value) as u8).collect();
        Bins { edges, of_rows }
    }
}

/// Builds one tree.
struct Builder<'b> {
    bins: &'b [Bins],
    /// First and second derivatives of the loss, weighted.
    gradients: &'b [[f64; 2]],
    weights: &'b [f64],
    chosen: &'b [usize],
    options: &'b Options,
}

/// A way to part the rows of a node.
#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    feature: usize,
    bin: usize,
    values: [f64; 2],
}

impl Builder<'_> {
    fn tree(&self, rows: Vec<u32>) -> Tree {
        let mut nodes = Vec::new();
        self.grow(rows, 0, [f64::NEG_INFINITY, f64::INFINITY], &mut nodes);
        Tree { nodes }
    }

    /// Adds the node of these rows and all below it: its position and its mean value.
    fn grow(&self, rows: Vec<u32>, depth: usize, bounds: [f64; 2], nodes: &mut Vec<Node>) -> (u16, f64) {
        let at = nodes.len();
        let sums = self.sums(&rows);
        let value = self.value(sums, bounds);
        nodes.push(Node(0, 0.0, 0, 0, (self.options.rate * value) as f32));
        let split = if depth < self.options.depth { self.best(&rows, sums, bounds) } else { None };
        let Some(split) = split else { return (at as u16, self.options.rate * value) };
        let bins = &self.bins[split.feature];
        let (left, right): (Vec<u32>, Vec<u32>) =
            rows.iter().partition(|&&row| usize::from(bins.of_rows[row as usize]) <= split.bin);
        let middle = (split.values[0] + split.values[1]) / 2.0;
        let [low, high] = bounds;
        let (to_left, to_right) = match self.options.monotone[split.feature] {
            0 => (bounds, bounds),
            1 => ([low, middle], [middle, high]),
            _ => ([middle, high], [low, middle]),
        };
        let weigh = |rows: &[u32]| rows.iter().map(|&row| self.weights[row as usize]).sum::<f64>();
        let (left_weight, right_weight) = (weigh(&left), weigh(&right));
        let (left, left_value) = self.grow(left, depth + 1, to_left, nodes);
        let (right, right_value) = self.grow(right, depth + 1, to_right, nodes);
        let mean = (left_weight * left_value + right_weight * right_value) / (left_weight + right_weight);
        nodes[at] = Node(split.feature as u16, bins.edges[split.bin], left, right, mean as f32);
        (at as u16, mean)
    }

    fn sums(&self, rows: &[u32]) -> [f64; 3] {
        rows.iter().fold([0.0; 3], |[g, h, w], &row| {
            let [first, second] = self.gradients[row as usize];
            [g + first, h + second, w + self.weights[row as usize]]
        })
    }

    /// The best value of a leaf, within its bounds.
    fn value(&self, [first, second, _]: [f64; 3], [low, high]: [f64; 2]) -> f64 {
        (-first / (second + self.options.penalty)).clamp(low, high)
    }

    /// By how much a leaf of this value lowers the loss, twice.
    fn gain(&self, [first, second, _]: [f64; 3], value: f64) -> f64 {
        -(2.0 * first * value + (second + self.options.penalty) * value * value)
    }

    fn best(&self, rows: &[u32], sums: [f64; 3], bounds: [f64; 2]) -> Option<Split> {
        let whole = self.gain(sums, self.value(sums, bounds));
        let of_feature = |&feature: &usize| -> Option<Split> {
            let bins = &self.bins[feature];
            let mut histogram = [[0.0; 3]; Bins::MOST];
            for &row in rows {
                let bin = &mut histogram[usize::from(bins.of_rows[row as usize])];
                let [first, second] = self.gradients[row as usize];
                (bin[0], bin[1], bin[2]) =
                    (bin[0] + first, bin[1] + second, bin[2] + self.weights[row as usize]);
            }
            let mut best: Option<Split> = None;
            let mut left = [0.0; 3];
            for (bin, own) in histogram.iter().enumerate().take(bins.edges.len()) {
                left.iter_mut().zip(own).for_each(|(sum, own): (&mut f64, &f64)| *sum += own);
                let right = [sums[0] - left[0], sums[1] - left[1], sums[2] - left[2]];
                if left[2] < self.options.min_leaf || right[2] < self.options.min_leaf {
                    continue;
                }
                let values = [self.value(left, bounds), self.value(right, bounds)];
                let order = f64::from(self.options.monotone[feature]);
                if order * (values[1] - values[0]) < 0.0 {
                    continue;
                }
                let gain = self.gain(left, values[0]) + self.gain(right, values[1]) - whole;
                if gain > best.map_or(1e-9, |best| best.gain) {
                    best = Some(Split { gain, feature, bin, values });
                }
            }
            best
        };
        let found: Vec<Option<Split>> = self.chosen.par_iter().map(of_feature).collect();
        // In order, so that ties fall the same way everywhere.
        found.into_iter().flatten().reduce(|best, next| if next.gain > best.gain { next } else { best })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(Vec<f64>, bool)> {
        let mut state = 7u32;
        let mut unit = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24)
        };
        (0..4000)
            .map(|_| {
                let features = vec![unit(), unit(), unit()];
                // The second counts only where the first is great; the third not at all.
                let p = if features[0] > 0.5 { 0.1 + 0.8 * features[1] } else { 0.3 };
                let right = unit() < p;
                (features, right)
            })
            .collect()
    }

    fn fit(monotone: [i8; 3]) -> Trees {
        let rows = rows();
        let rows: Vec<Row> =
            rows.iter().map(|(features, right)| Row { features, right: *right, weight: 1.0 }).collect();
        let options = Options {
            trees: 60,
            depth: 2,
            rate: 0.2,
            min_leaf: 30.0,
            penalty: 1.0,
            features: 1.0,
            monotone: monotone.to_vec(),
        };
        super::fit(&rows, &options)
    }

    fn probability(trees: &Trees, features: [f64; 3]) -> f64 {
        1.0 / (1.0 + (-trees.logit(&features)).exp())
    }

    #[test]
    fn an_interaction_is_found() {
        let trees = fit([0; 3]);
        assert!((probability(&trees, [0.8, 0.9, 0.5]) - 0.82).abs() < 0.1);
        assert!((probability(&trees, [0.8, 0.1, 0.5]) - 0.18).abs() < 0.1);
        assert!((probability(&trees, [0.2, 0.9, 0.5]) - 0.3).abs() < 0.1);
        assert_eq!(trees, fit([0; 3]), "the same on every run");
    }

    #[test]
    fn constraints_hold() {
        let trees = fit([0, -1, 1]);
        let at = |second: f64, third: f64| trees.logit(&[0.9, second, third]);
        for step in 0..50 {
            let x = f64::from(step) / 50.0;
            assert!(at(x + 0.02, 0.5) <= at(x, 0.5) + 1e-6);
            assert!(at(0.5, x + 0.02) >= at(0.5, x) - 1e-6);
        }
    }
}
