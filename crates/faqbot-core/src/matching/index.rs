//! The vectors of a FAQ, and which entry each belongs to.

use std::ops::Range;

use faqbot_embed::storage::rows::Rows;

/// Entries that are worked on together: sums over a FAQ are added block by block, so that they are the
/// same on every number of cores.
pub(super) const ENTRIES_PER_BLOCK: usize = 512;

/// Unit rows of a FAQ: first one a phrasing, in the order of the FAQ, then one an answer, for question and
/// answer embedded together.
#[derive(Debug, Clone)]
pub struct Index {
    rows: Rows,
    /// For each entry, the row of its first phrasing; one more at the end.
    starts: Vec<usize>,
    /// For each entry the row of its answer, if it has one.
    answers: Vec<Option<usize>>,
}

impl Index {
    /// An index over `rows`, of which the first `counts[0]` are the phrasings of entry 0, the next
    /// `counts[1]` those of entry 1, and so on; those after the phrasings are the answers of these entries.
    ///
    /// # Panics
    ///
    /// The counts and answers don't add up to the rows, or an answer belongs to no entry.
    pub fn new(
        rows: impl Into<Rows>,
        counts: impl IntoIterator<Item = usize>,
        answered: impl IntoIterator<Item = usize>,
    ) -> Self {
        let rows = rows.into();
        let mut starts = vec![0];
        starts.extend(counts.into_iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }));
        let mut answers = vec![None; starts.len() - 1];
        let mut count = starts[answers.len()];
        for entry in answered {
            answers[entry] = Some(count);
            count += 1;
        }
        assert_eq!(count, rows.len(), "the counts are not those of the rows");
        Index { rows, starts, answers }
    }

    /// The same entries, with these rows.
    pub fn with_rows(self, rows: impl Into<Rows>) -> Self {
        Index { rows: rows.into(), ..self }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The number of phrasings.
    pub fn phrasings(&self) -> usize {
        self.starts[self.len()]
    }

    /// The rows of an entry's phrasings.
    pub fn bounds(&self, entry: usize) -> Range<usize> {
        self.starts[entry]..self.starts[entry + 1]
    }

    /// The entry that has a phrasing's row.
    pub fn entry_of(&self, row: usize) -> usize {
        self.starts.partition_point(|&start| start <= row) - 1
    }

    /// The row of an entry's answer.
    pub fn answer(&self, entry: usize) -> Option<usize> {
        self.answers[entry]
    }

    /// The mean number of phrasings of an entry; 0 without entries.
    pub fn phrasings_per_entry(&self) -> f32 {
        self.phrasings() as f32 / self.len().max(1) as f32
    }

    /// What rows there are, and how many of what length: differs for FAQs of another shape.
    pub(super) fn shape(&self) -> Vec<u64> {
        let of_entry = |entry: usize| {
            [self.bounds(entry).end, self.answer(entry).map_or(0, |row| row + 1)].map(|at| at as u64)
        };
        let sizes = [self.rows.len() as u64, self.rows.dimension() as u64];
        sizes.into_iter().chain((0..self.len()).flat_map(of_entry)).collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn rows_belong_to_entries_in_order() {
        let index = Index::new(Array2::zeros((6, 2)), [2, 0, 1, 1], [0, 3]);
        let bounds: Vec<_> = (0..index.len()).map(|entry| index.bounds(entry)).collect();
        assert_eq!(bounds, [0..2, 2..2, 2..3, 3..4]);
        assert_eq!((0..4).map(|row| index.entry_of(row)).collect::<Vec<_>>(), [0, 0, 2, 3]);
        assert_eq!([0, 1, 2, 3].map(|entry| index.answer(entry)), [Some(4), None, None, Some(5)]);
    }
}
