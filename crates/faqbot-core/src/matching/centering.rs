//! Mean-centring: the mean of a FAQ's entries is subtracted from every vector before cosines are taken.
//!
//! All entries of a FAQ share a topic, which says nothing about which of them is meant, and a question
//! about anything else shares none of it. Centred rows are not kept: a centred cosine is computed from the
//! product of the rows themselves and what [`CentredNorm`] holds of each.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Zip};
use rayon::prelude::*;

use super::index::{ENTRIES_PER_BLOCK, Index};
use crate::parallel::in_blocks;

/// The mean of the entries is drawn towards zero as if there were this many more at zero: the mean of
/// two entries lies between them, and says nothing of their topic.
const MEAN_PRIOR: f32 = 10.0;

/// The mean that is subtracted.
#[derive(Debug, Clone)]
pub struct Centering {
    mean: Array1<f32>,
    mean_square: f32,
}

/// What centring needs of a unit row.
#[derive(Debug, Clone, Copy)]
pub struct CentredNorm {
    /// Its product with the mean.
    pub mean_product: f32,
    /// 1 / the length of the centred row; 0 for a row of zeros or one at the mean, which have no direction
    /// and score 0.
    pub inverse_norm: f32,
}

impl Centering {
    /// Of an index whose rows these are: the mean of the entries, each being the mean of its phrasings.
    pub fn new(index: &Index, rows: ArrayView2<f32>) -> Self {
        let mut mean = Array1::<f32>::zeros(rows.ncols());
        let sums = in_blocks(index.len(), ENTRIES_PER_BLOCK, |entries| {
            let mut sum = Array1::<f32>::zeros(rows.ncols());
            for bounds in entries.map(|entry| index.bounds(entry)) {
                let count = bounds.len().max(1) as f32;
                for row in bounds {
                    sum.scaled_add(1.0 / count, &rows.row(row));
                }
            }
            sum
        });
        sums.for_each(|sum| mean += &sum);
        mean /= index.len() as f32 + MEAN_PRIOR;
        Centering::at(mean)
    }

    fn at(mean: Array1<f32>) -> Self {
        Centering { mean_square: mean.dot(&mean), mean }
    }

    /// The mean.
    pub fn mean(&self) -> &Array1<f32> {
        &self.mean
    }

    /// See [`CentredNorm`].
    pub fn norm(&self, row: ArrayView1<f32>) -> CentredNorm {
        let mean_product = row.dot(&self.mean);
        let square = row.dot(&row) - 2.0 * mean_product + self.mean_square;
        let has_direction = row.dot(&row) > 0.0 && square > 1e-6;
        let inverse_norm = if has_direction { square.sqrt().recip() } else { 0.0 };
        CentredNorm { mean_product, inverse_norm }
    }

    /// The same for many rows.
    pub fn norms(&self, rows: ArrayView2<f32>) -> Vec<CentredNorm> {
        (0..rows.nrows())
            .into_par_iter()
            .with_min_len(ENTRIES_PER_BLOCK)
            .map(|row| self.norm(rows.row(row)))
            .collect()
    }

    /// The cosine of two centred rows, in `-1..=1`, from the product of the rows themselves.
    pub fn cosine(&self, product: f32, a: CentredNorm, b: CentredNorm) -> f32 {
        let centred = product - a.mean_product - b.mean_product + self.mean_square;
        (centred * a.inverse_norm * b.inverse_norm).clamp(-1.0, 1.0)
    }

    /// Writes a centred row of length 1 (or 0) to `target`, which is as long.
    pub fn centre_into(&self, row: ArrayView1<f32>, norm: CentredNorm, target: ArrayViewMut1<f32>) {
        Zip::from(target)
            .and(row)
            .and(&self.mean)
            .for_each(|target, value, mean| *target = (value - mean) * norm.inverse_norm);
    }

    /// Writes it; see [`Centering::read`].
    pub(super) fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.mean.to_vec())
    }

    /// Reads the mean of rows of this dimension.
    pub(super) fn read(from: &mut ArrayReader, dimension: usize) -> io::Result<Self> {
        let mean: Vec<f32> = from.array()?;
        if mean.len() == dimension {
            Ok(Centering::at(mean.into()))
        } else {
            Err(broken("its mean is not that of the rows"))
        }
    }
}

/// All rows of an index, centred and of length 1 (or 0).
pub fn centred_rows(index: &Index, rows: ArrayView2<f32>) -> Array2<f32> {
    let centering = Centering::new(index, rows);
    let mut centred = Array2::zeros(rows.raw_dim());
    for (row, target) in rows.rows().into_iter().zip(centred.rows_mut()) {
        centering.centre_into(row, centering.norm(row), target);
    }
    centred
}
