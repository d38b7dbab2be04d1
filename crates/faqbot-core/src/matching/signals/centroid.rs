//! `centroid`: the centred cosine of the query and the mean of an entry's phrasings.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use ndarray::Array1;

use super::{EntryProducts, Query, Signal, Source};
use crate::matching::index::{ENTRIES_PER_BLOCK, Index};
use crate::parallel::in_parts;

/// The lengths of the means; the means themselves are not needed.
#[derive(Debug, Clone)]
pub struct Centroid {
    /// For each entry, the length of the mean of its centred phrasings.
    lengths: Vec<f32>,
}

impl Signal for Centroid {
    type Query = ();

    fn build(source: &Source) -> Option<Self> {
        let Source { index, rows, centering, norms, .. } = source;
        let parts = in_parts(index.len(), ENTRIES_PER_BLOCK, |part| {
            let (mut sum, mut centred) = (Array1::zeros(rows.ncols()), Array1::zeros(rows.ncols()));
            part.map(|entry| {
                let bounds = index.bounds(entry);
                let count = bounds.len().max(1) as f32;
                sum.fill(0.0);
                for row in bounds {
                    centering.centre_into(rows.row(row), norms[row], centred.view_mut());
                    sum.scaled_add(1.0 / count, &centred);
                }
                sum.dot(&sum).sqrt()
            })
            .collect::<Vec<_>>()
        });
        Some(Centroid { lengths: parts.concat() })
    }

    fn query(&self, _: &Query) {}

    fn score(&self, (): &(), entry: usize, products: EntryProducts) -> Option<f32> {
        // The product with the mean is the mean of the products.
        let mean = 1.0 / (products.cosines.len() as f32).max(1.0);
        let sum = products.cosines.iter().fold(0.0, |sum, cosine| sum + cosine);
        let length = self.lengths[entry];
        Some(if length > 0.0 { (sum * mean / length).clamp(-1.0, 1.0) } else { 0.0 })
    }

    fn error(&self, entry: usize, cosine: f32, _: f32) -> f32 {
        let length = self.lengths[entry];
        if length > 0.0 { (cosine / length).clamp(-1.0, 1.0) } else { 0.0 }
    }

    fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.lengths)
    }

    fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
        let centroid = Centroid { lengths: from.array()? };
        if centroid.lengths.len() == index.len() {
            Ok(centroid)
        } else {
            Err(broken("its centroids are not those of the entries"))
        }
    }
}
