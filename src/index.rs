//! The wordings' vectors, and which entry each belongs to.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_belong_to_entries_in_order() {
        let index = Index::new(Array2::zeros((4, 2)), [2, 0, 1, 1]);
        let bounds: Vec<_> = (0..index.len()).map(|entry| index.bounds(entry)).collect();
        assert_eq!(bounds, [0..2, 2..2, 2..3, 3..4]);
    }
}
