//! The wordings' vectors, and the search in them.

use std::cmp::Ordering;

use ndarray::{Array2, ArrayView1};

/// An entry that was found, with its nearest wording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Position of the entry in the FAQ.
    pub entry: usize,
    /// Position of its nearest wording among its wordings.
    pub phrasing: usize,
    /// Cosine of the query and that wording, in `-1..=1`: the entry's score.
    pub cosine: f32,
}

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

    /// The `count` best entries for a unit query, by the greatest cosine over their wordings; equal
    /// ones in the order of the FAQ. An entry without wordings is never found.
    pub fn search(&self, query: ArrayView1<f32>, count: usize) -> Vec<Match> {
        let cosines = self.rows.dot(&query);
        let mut matches: Vec<Match> = Vec::with_capacity(self.len());
        for (entry, bounds) in self.starts.windows(2).enumerate() {
            let mut best: Option<Match> = None;
            for (phrasing, &cosine) in cosines.iter().take(bounds[1]).skip(bounds[0]).enumerate() {
                // Rounding can carry the dot product of unit vectors just past 1.
                let cosine = cosine.clamp(-1.0, 1.0);
                if best.is_none_or(|best| cosine > best.cosine) {
                    best = Some(Match { entry, phrasing, cosine });
                }
            }
            matches.extend(best);
        }
        let order =
            |a: &Match, b: &Match| -> Ordering { b.cosine.total_cmp(&a.cosine).then(a.entry.cmp(&b.entry)) };
        if count < matches.len() {
            if count > 0 {
                matches.select_nth_unstable_by(count - 1, order);
            }
            matches.truncate(count);
        }
        matches.sort_unstable_by(order);
        matches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn an_entry_scores_by_its_nearest_wording() {
        let rows = array![[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.0, 0.0]];
        let index = Index::new(rows, [2, 1, 1]);
        let found = index.search(array![0.6, 0.8].view(), 10);
        assert_eq!(
            found,
            [
                Match { entry: 1, phrasing: 0, cosine: 1.0 },
                Match { entry: 0, phrasing: 1, cosine: 0.8 },
                Match { entry: 2, phrasing: 0, cosine: 0.0 },
            ]
        );
        assert_eq!(index.search(array![0.6, 0.8].view(), 2), found[..2]);
        assert!(index.search(array![0.6, 0.8].view(), 0).is_empty());
    }

    #[test]
    fn equal_scores_keep_the_order_of_the_faq() {
        let index = Index::new(Array2::from_elem((50, 1), 1.0), vec![1; 50]);
        for count in [1, 7, 50] {
            let entries: Vec<usize> =
                index.search(array![1.0].view(), count).iter().map(|found| found.entry).collect();
            assert_eq!(entries, (0..count).collect::<Vec<_>>());
        }
    }
}
