//! `ridge`: a ridge classifier (regularised least squares) from a vector to the entry it belongs to, in
//! closed form.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::{EntryProducts, Query, Signal, Source};
use crate::matching::centering::CentredNorm;
use crate::matching::index::{ENTRIES_PER_BLOCK, Index};
use crate::parallel::in_blocks;

/// The penalty, for phrasings that weigh 1 on average.
const PENALTY: f64 = 0.3;

/// The classifier is built for FAQs with at least this many phrasings an entry, on average; with fewer
/// it only repeats the nearest phrasing.
const MIN_PHRASINGS: f32 = 1.5;

/// The classifier: for each query one system is solved, and products with its solution are what it says.
#[derive(Debug, Clone)]
pub struct Ridge {
    /// The lower Cholesky factor of the phrasings' weighted second moments plus the penalty.
    factor: Array2<f64>,
    /// The mean number of phrasings of an entry, by which an entry's mean is multiplied to be its
    /// right-hand side.
    phrasings_per_entry: f32,
}

impl Signal for Ridge {
    /// The solution for the centred query.
    type Query = Array1<f32>;

    fn build(source: &Source) -> Option<Self> {
        let Source { index, rows, centering, norms, .. } = source;
        let (entries, phrasings_per_entry) = (index.len(), index.phrasings_per_entry());
        if entries < 2 || phrasings_per_entry < MIN_PHRASINGS {
            return None;
        }
        // Every entry weighs the same, whatever the number of its phrasings, and phrasings 1 on average.
        let dimension = rows.ncols();
        let blocks = in_blocks(entries, ENTRIES_PER_BLOCK, |part| {
            let first = index.bounds(part.start).start;
            let count = index.bounds(part.end - 1).end - first;
            let mut weighted = Array2::<f32>::zeros((count, dimension));
            for bounds in part.map(|entry| index.bounds(entry)) {
                let weight = (phrasings_per_entry / bounds.len().max(1) as f32).sqrt();
                for row in bounds {
                    let inverse_norm = norms[row].inverse_norm * weight;
                    let norm = CentredNorm { inverse_norm, ..norms[row] };
                    centering.centre_into(rows.row(row), norm, weighted.row_mut(row - first));
                }
            }
            weighted.t().dot(&weighted)
        });
        let mut moments = Array2::<f64>::zeros((dimension, dimension));
        blocks.for_each(|block| moments.zip_mut_with(&block, |sum, &part| *sum += f64::from(part)));
        for diagonal in moments.diag_mut() {
            *diagonal += PENALTY;
        }
        Some(Ridge { factor: cholesky(moments)?, phrasings_per_entry })
    }

    fn query(&self, query: &Query) -> Array1<f32> {
        self.solve(query.centred)
    }

    fn projection<'q>(&self, solution: &'q Array1<f32>) -> Option<&'q Array1<f32>> {
        Some(solution)
    }

    fn score(&self, _: &Array1<f32>, _: usize, products: EntryProducts) -> Option<f32> {
        let mean = 1.0 / (products.projected.len() as f32).max(1.0);
        let sum = products.projected.iter().fold(0.0, |sum, product| sum + product);
        Some(sum * mean * self.phrasings_per_entry)
    }

    fn error(&self, _: usize, _: f32, projected: f32) -> f32 {
        projected * self.phrasings_per_entry
    }

    fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.factor.flatten().to_vec())
    }

    fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
        let dimension = index.rows().dimension();
        let factor = Array2::from_shape_vec((dimension, dimension), from.array()?)
            .map_err(|_| broken("its classifier is not that of the rows"))?;
        Ok(Ridge { factor, phrasings_per_entry: index.phrasings_per_entry() })
    }
}

impl Ridge {
    /// The inverse of the moments, times a vector.
    fn solve(&self, vector: ArrayView1<f32>) -> Array1<f32> {
        let size = vector.len();
        let mut x: Vec<f64> = vector.iter().map(|&value| f64::from(value)).collect();
        for row in 0..size {
            let factors = self.factor.row(row);
            let known = factors.slice_axis(Axis(0), (..row).into()).dot(&ArrayView1::from(&x[..row]));
            x[row] = (x[row] - known) / factors[row];
        }
        for row in (0..size).rev() {
            x[row] /= self.factor[[row, row]];
            let value = x[row];
            let factors = self.factor.row(row);
            for column in 0..row {
                x[column] -= factors[column] * value;
            }
        }
        x.into_iter().map(|value| value as f32).collect()
    }
}

/// The lower Cholesky factor of a symmetric matrix; `None` where it is not positive definite.
fn cholesky(mut matrix: Array2<f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    for column in 0..size {
        for row in column..size {
            let (above, at) = matrix.view().split_at(Axis(0), row);
            let left = if row == column { at.row(0) } else { above.row(column) };
            let known = left
                .slice_axis(Axis(0), (..column).into())
                .dot(&at.row(0).slice_axis(Axis(0), (..column).into()));
            let rest = matrix[[row, column]] - known;
            matrix[[row, column]] = if row == column {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / matrix[[column, column]]
            };
        }
    }
    Some(matrix)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_factor_solves_the_system() {
        let matrix = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let ridge = Ridge { factor: cholesky(matrix.clone()).unwrap(), phrasings_per_entry: 1.0 };
        let x = ridge.solve(array![1.0f32, 2.0, 3.0].view()).mapv(f64::from);
        for (value, expected) in matrix.dot(&x).iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-5);
        }
        assert!(cholesky(array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
