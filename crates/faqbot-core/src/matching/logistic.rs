//! Logistic regression with a prior on its weights, fitted by Newton's method.

/// The number of inputs.
pub const INPUTS: usize = 7;

/// What a model is computed from.
pub type Inputs = [f64; INPUTS];

/// A logistic model: one weight an input, and a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logistic {
    /// The weights of the inputs.
    pub weights: Inputs,
    /// The constant.
    pub constant: f64,
}

impl Logistic {
    /// The log odds.
    pub fn logit(&self, inputs: &Inputs) -> f64 {
        self.constant + self.weights.iter().zip(inputs).map(|(weight, input)| weight * input).sum::<f64>()
    }

    /// The probability, in `0..=1`.
    pub fn probability(&self, inputs: &Inputs) -> f64 {
        sigmoid(self.logit(inputs))
    }

    /// The model of least weighted log loss on labelled inputs, with a small penalty on the weights
    /// of the standardised inputs. `None` without both kinds of label.
    pub fn fit(rows: &[Labelled]) -> Option<Logistic> {
        /// Keeps weights finite where an input separates the labels; of no weight otherwise.
        const PENALTY: f64 = 1e-3;
        Self::fit_with(rows, |_, _| {
            let mut prior = [[0.0; 2]; INPUTS + 1];
            prior.iter_mut().take(INPUTS).for_each(|prior| *prior = [0.0, 2.0 * PENALTY]);
            prior
        })
    }

    /// As [`Logistic::fit`], with the weights drawn towards those of `prior` as if by this many queries
    /// that say so of each.
    pub(super) fn fit_towards(rows: &[Labelled], prior: &Logistic, queries: f64) -> Option<Logistic> {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        Self::fit_with(rows, |mean, deviation| {
            let mut constant = prior.constant;
            let mut found = [[0.0, strength(queries, total)]; INPUTS + 1];
            for at in 0..INPUTS {
                found[at][0] = prior.weights[at] * deviation[at];
                constant += prior.weights[at] * mean[at];
            }
            found[INPUTS][0] = constant;
            found
        })
    }

    /// The fit with a prior on the weights of the standardised inputs and the constant, from the
    /// inputs' means and deviations: for each a value and how strongly it is drawn there.
    fn fit_with(
        rows: &[Labelled],
        prior: impl FnOnce(&Inputs, &Inputs) -> [[f64; 2]; INPUTS + 1],
    ) -> Option<Logistic> {
        let total: f64 = rows.iter().map(|row| row.weight).sum();
        if !rows.iter().any(|row| row.right) || rows.iter().all(|row| row.right) || total <= 0.0 {
            return None;
        }
        let mut mean = [0.0; INPUTS];
        let mut deviation = [0.0; INPUTS];
        for at in 0..INPUTS {
            mean[at] = rows.iter().map(|row| row.weight * row.inputs[at]).sum::<f64>() / total;
            let variance =
                rows.iter().map(|row| row.weight * (row.inputs[at] - mean[at]).powi(2)).sum::<f64>() / total;
            deviation[at] = variance.sqrt().max(1e-9);
        }
        let standard: Vec<([f64; INPUTS + 1], f64, f64)> = rows
            .iter()
            .map(|row| {
                let mut x = [1.0; INPUTS + 1];
                for at in 0..INPUTS {
                    x[at] = (row.inputs[at] - mean[at]) / deviation[at];
                }
                (x, f64::from(u8::from(row.right)), row.weight / total)
            })
            .collect();
        let found = newton(&standard, prior(&mean, &deviation));
        let mut weights = [0.0; INPUTS];
        let mut constant = found[INPUTS];
        for at in 0..INPUTS {
            weights[at] = found[at] / deviation[at];
            constant -= weights[at] * mean[at];
        }
        Some(Logistic { weights, constant })
    }
}

/// How strongly a parameter is drawn to a value as if by this many queries, where all weigh `total`: a
/// query at even odds has a curvature of 1/4.
pub(super) fn strength(queries: f64, total: f64) -> f64 {
    queries * 0.25 / total
}

/// Inputs with what they should have said.
#[derive(Debug, Clone, Copy)]
pub struct Labelled {
    /// The inputs.
    pub inputs: Inputs,
    /// Whether the best entry was right.
    pub right: bool,
    /// How much this row counts.
    pub weight: f64,
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Minimises the weighted log loss plus, for each coefficient, `strength / 2 * (b - centre)^2`.
/// Newton's method, halving steps that don't descend: the loss is convex, so this ends at its least.
pub(super) fn newton<const N: usize>(rows: &[([f64; N], f64, f64)], prior: [[f64; 2]; N]) -> [f64; N] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::metrics::calibration_error;

    /// Rows whose log odds are 4 (x - 0.5), labelled by a fixed pattern of that frequency.
    fn rows(scale: f64, shift: f64) -> Vec<Labelled> {
        let mut state = 7u32;
        (0..4000)
            .map(|index| {
                let x = f64::from(index % 100) / 100.0;
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let uniform = f64::from(state >> 8) / f64::from(1 << 24);
                let inputs = [x, x * x % 0.37, 0.0, 0.0, 1.0 - x, 0.2, 0.0];
                Labelled { inputs, right: uniform < sigmoid(scale * 4.0 * (x - 0.5) + shift), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn a_fit_finds_the_probabilities_it_was_made_with() {
        let rows = rows(1.0, 0.0);
        let model = Logistic::fit(&rows).unwrap();
        for row in rows.iter().take(100) {
            let expected = sigmoid(4.0 * (row.inputs[0] - 0.5));
            assert!((model.probability(&row.inputs) - expected).abs() < 0.06);
        }
        let scored: Vec<(f64, bool)> =
            rows.iter().map(|row| (model.probability(&row.inputs), row.right)).collect();
        assert!(calibration_error(&scored) < 0.03);
    }

    #[test]
    fn one_kind_of_label_fits_nothing() {
        let all: Vec<Labelled> =
            rows(1.0, 0.0).into_iter().map(|row| Labelled { right: true, ..row }).collect();
        assert!(Logistic::fit(&all).is_none());
        assert!(Logistic::fit(&[]).is_none());
    }

    #[test]
    fn separable_labels_keep_the_weights_finite() {
        let rows: Vec<Labelled> = (0..50)
            .map(|index| Labelled { inputs: [f64::from(index); INPUTS], right: index >= 25, weight: 1.0 })
            .collect();
        let model = Logistic::fit(&rows).unwrap();
        assert!(model.weights.iter().all(|weight| weight.is_finite()));
        assert!(model.probability(&rows[49].inputs) > 0.9);
    }
}
