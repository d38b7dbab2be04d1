//! The wordings' vectors, and which entry each belongs to.

use std::num::NonZero;
use std::ops::Range;
use std::thread;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// Unit rows, one a wording, in the order of the FAQ.
#[derive(Debug, Clone)]
pub struct Index {
    /// `[wordings, dimension]`
    rows: Array2<f32>,
    /// For each entry, the row of its first wording; one more at the end.
    starts: Vec<usize>,
}

impl Index {
    /// An index over `rows` `[wordings, dimension]`, of which the first `counts[0]` are the wordings
    /// of entry 0, the next `counts[1]` those of entry 1, and so on.
    ///
    /// # Panics
    ///
    /// The counts don't add up to the rows.
    pub fn new(rows: Array2<f32>, counts: impl IntoIterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        starts.extend(counts.into_iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }));
        assert_eq!(starts.last(), Some(&rows.nrows()), "the counts are not those of the rows");
        Index { rows, starts }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, `[wordings, dimension]`.
    pub fn rows(&self) -> ArrayView2<'_, f32> {
        self.rows.view()
    }

    /// The rows of an entry's wordings.
    pub fn bounds(&self, entry: usize) -> Range<usize> {
        self.starts[entry]..self.starts[entry + 1]
    }
}

/// From this many numbers on, reading them takes longer than starting threads for it.
const PARALLEL: usize = 4 << 20;

/// The products of all rows with a vector: on all cores where there are many, since one core cannot read
/// as fast as memory gives.
pub fn products(rows: ArrayView2<f32>, vector: ArrayView1<f32>) -> Array1<f32> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(rows.nrows().max(1));
    if rows.len() < PARALLEL || threads == 1 {
        return rows.dot(&vector);
    }
    let mut found = Array1::zeros(rows.nrows());
    let size = rows.nrows().div_ceil(threads);
    thread::scope(|scope| {
        let parts = rows.axis_chunks_iter(Axis(0), size).zip(found.axis_chunks_iter_mut(Axis(0), size));
        for (rows, mut found) in parts {
            scope.spawn(move || found.assign(&rows.dot(&vector)));
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_the_same_on_several_threads() {
        let rows =
            Array2::from_shape_fn((PARALLEL / 64 + 3, 64), |(row, column)| ((row * 7 + column) % 13) as f32);
        let vector = Array1::from_shape_fn(64, |at| (at % 5) as f32);
        let found = products(rows.view(), vector.view());
        for row in [0, 1, rows.nrows() / 2, rows.nrows() - 1] {
            assert_eq!(found[row], rows.row(row).dot(&vector));
        }
    }

    #[test]
    fn rows_belong_to_entries_in_order() {
        let index = Index::new(Array2::zeros((4, 2)), [2, 0, 1, 1]);
        let bounds: Vec<_> = (0..index.len()).map(|entry| index.bounds(entry)).collect();
        assert_eq!(bounds, [0..2, 2..2, 2..3, 3..4]);
    }
}
