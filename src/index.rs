//! The phrasings' vectors, and which entry each belongs to.

use std::io;
use std::ops::Range;

use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use rten_simd::{Isa, SimdOp};

use crate::arrays::{ArrayReader, ArrayWriter, broken};
use crate::parallel::in_parts;
use crate::rows::Rows;

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
}

/// A thread is given at least this many numbers: fewer are read before it has begun.
const LEAST_NUMBERS: usize = 2 << 20;

/// The products of all rows with a vector: on all cores where there are many, since one core cannot read
/// as fast as memory gives.
pub fn products(rows: ArrayView2<f32>, vector: ArrayView1<f32>) -> Vec<f32> {
    let least = LEAST_NUMBERS / rows.ncols().max(1);
    joined(in_parts(rows.nrows(), least, |part| rows.slice_axis(Axis(0), part.into()).dot(&vector).to_vec()))
}

/// One after the other, without a copy where there is only one.
fn joined<T: Clone>(mut parts: Vec<Vec<T>>) -> Vec<T> {
    if parts.len() == 1 { parts.remove(0) } else { parts.concat() }
}

/// Rows of length at most 1 in 8 bits: a quarter of the memory to read, for products that are off by at
/// most [`Codes::error`].
#[derive(Debug, Clone)]
pub struct Codes {
    /// `[rows, dimension]`, one after the other.
    codes: Vec<i8>,
    dimension: usize,
    /// What each row's codes are multiplied with.
    steps: Vec<f32>,
    /// The greatest distance of a row from its codes.
    distance: f32,
}

/// A vector in 16 bits, to be multiplied with codes.
struct Wide {
    numbers: Vec<i16>,
    step: f32,
}

impl Wide {
    fn new(vector: ArrayView1<f32>) -> Self {
        let greatest = vector.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
        // The sum of 384 products stays below 2^31: 384 * 127 * 32767 is 1.6e9. Longer rows have less room.
        let most = (f64::from(i32::MAX) / (127.0 * vector.len().max(1) as f64)).min(32767.0) as f32;
        let step = if greatest > 0.0 { greatest / most } else { 1.0 };
        Wide { numbers: vector.iter().map(|value| (value / step).round() as i16).collect(), step }
    }
}

impl Codes {
    /// Codes of `count` rows of `dimension` numbers, which `row` writes.
    pub fn new(count: usize, dimension: usize, row: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let parts = in_parts(count, LEAST_NUMBERS / dimension.max(1), |part| {
            let mut codes = Vec::with_capacity(part.len() * dimension);
            let mut steps = Vec::with_capacity(part.len());
            let (mut distance, mut numbers) = (0.0f32, vec![0.0; dimension]);
            for at in part {
                row(at, &mut numbers);
                let greatest = numbers.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
                let step = if greatest > 0.0 { greatest / 127.0 } else { 1.0 };
                let inverse = 1.0 / step;
                let mut square = 0.0;
                codes.extend(numbers.iter().map(|value| {
                    // Not `round`, which this processor family has no vector instruction for in its oldest
                    // members: adding and taking away 1.5 * 2^23 rounds to the nearest integer.
                    let code = (value * inverse + 12_582_912.0) - 12_582_912.0;
                    square += (value - code * step) * (value - code * step);
                    code as i8
                }));
                steps.push(step);
                distance = distance.max(square.sqrt());
            }
            (codes, steps, distance)
        });
        let (mut codes, mut steps, mut distance) = (Vec::new(), Vec::new(), 0.0f32);
        for (of_codes, of_steps, of_distance) in parts {
            codes.push(of_codes);
            steps.push(of_steps);
            distance = distance.max(of_distance);
        }
        Codes { codes: joined(codes), dimension, steps: joined(steps), distance }
    }

    /// A row, nearly.
    pub fn row(&self, at: usize) -> Array1<f32> {
        let codes = &self.codes[at * self.dimension..(at + 1) * self.dimension];
        codes.iter().map(|&code| f32::from(code) * self.steps[at]).collect()
    }

    pub(crate) fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.codes)?;
        out.array(&self.steps)?;
        out.array(&[self.distance])
    }

    /// Reads the codes of `count` rows of `dimension` numbers.
    pub(crate) fn read(from: &mut ArrayReader, count: usize, dimension: usize) -> io::Result<Self> {
        let codes = Codes { codes: from.array()?, dimension, steps: from.array()?, distance: from.number()? };
        if codes.steps.len() == count && codes.codes.len() == count * dimension {
            Ok(codes)
        } else {
            Err(broken("its codes are not those of the rows"))
        }
    }

    /// How far a product of a row and `vector` is at most from what [`Codes::products`] gives: by
    /// Cauchy and Schwarz, the length of the one times how far the other is from its codes.
    pub fn error(&self, vector: ArrayView1<f32>) -> f32 {
        let wide = Wide::new(vector);
        let distance = vector
            .iter()
            .zip(&wide.numbers)
            .map(|(value, &number)| (value - f32::from(number) * wide.step).powi(2))
            .sum::<f32>()
            .sqrt();
        // The codes of a row are no longer than it and its distance from them.
        vector.dot(&vector).sqrt() * self.distance + distance * (1.0 + self.distance)
    }

    /// The products of some rows with each of some vectors, nearly; every row is read once.
    pub fn products<const N: usize>(
        &self,
        rows: Range<usize>,
        vectors: [ArrayView1<f32>; N],
    ) -> [Vec<f32>; N] {
        let wide = vectors.map(Wide::new);
        let parts = in_parts(rows.len(), LEAST_NUMBERS / self.dimension.max(1), |part| {
            let part = rows.start + part.start..rows.start + part.end;
            CodeProducts { codes: self, part, wide: &wide }.dispatch()
        });
        let mut by_vector = [const { Vec::new() }; N];
        for part in parts {
            by_vector.iter_mut().zip(part).for_each(|(parts, part)| parts.push(part));
        }
        by_vector.map(joined)
    }
}

/// The loop over the codes, compiled for each instruction set.
struct CodeProducts<'c, const N: usize> {
    codes: &'c Codes,
    part: Range<usize>,
    wide: &'c [Wide; N],
}

impl<const N: usize> SimdOp for CodeProducts<'_, N> {
    type Output = [Vec<f32>; N];

    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> [Vec<f32>; N] {
        let Codes { codes, dimension, steps, .. } = self.codes;
        let mut products = [const { Vec::new() }; N];
        products.iter_mut().for_each(|products| products.reserve_exact(self.part.len()));
        for at in self.part {
            let row = &codes[at * dimension..(at + 1) * dimension];
            for (products, wide) in products.iter_mut().zip(self.wide) {
                let sum: i32 = row
                    .iter()
                    .zip(&wide.numbers)
                    .map(|(&code, &number)| i32::from(code) * i32::from(number))
                    .sum();
                products.push(sum as f32 * wide.step * steps[at]);
            }
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::*;

    #[test]
    fn products_are_the_same_on_several_threads() {
        let rows = Array2::from_shape_fn((3 * LEAST_NUMBERS / 64 + 3, 64), |(row, column)| {
            ((row * 7 + column) % 13) as f32
        });
        let vector = Array1::from_shape_fn(64, |at| (at % 5) as f32);
        let found = products(rows.view(), vector.view());
        for row in [0, 1, rows.nrows() / 2, rows.nrows() - 1] {
            assert_eq!(found[row], rows.row(row).dot(&vector));
        }
    }

    #[test]
    fn codes_keep_their_promise() {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let mut rows = Array2::from_shape_simple_fn((500, 100), &mut random);
        for mut row in rows.rows_mut() {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        rows.row_mut(7).fill(0.0);
        let codes = Codes::new(500, 100, |at, target| {
            target.copy_from_slice(rows.row(at).as_slice().unwrap());
        });
        let zeros = Array1::zeros(100);
        for vector in [rows.row(3).to_owned(), &rows.row(4) * 40.0, zeros] {
            let error = codes.error(vector.view());
            let [near, twice] = codes.products(0..500, [vector.view(), (&vector * 2.0).view()]);
            for (at, exact) in rows.dot(&vector).into_iter().enumerate() {
                assert!((near[at] - exact).abs() <= error + 1e-6, "{} {exact} {error}", near[at]);
                assert!((twice[at] - 2.0 * exact).abs() <= 2.0 * error + 1e-6);
            }
            let length = vector.dot(&vector).sqrt();
            assert!(error <= 0.02 * length, "{error}");
        }
    }

    #[test]
    fn rows_belong_to_entries_in_order() {
        let index = Index::new(Array2::zeros((6, 2)), [2, 0, 1, 1], [0, 3]);
        let bounds: Vec<_> = (0..index.len()).map(|entry| index.bounds(entry)).collect();
        assert_eq!(bounds, [0..2, 2..2, 2..3, 3..4]);
        assert_eq!((0..4).map(|row| index.entry_of(row)).collect::<Vec<_>>(), [0, 0, 2, 3]);
        assert_eq!([0, 1, 2, 3].map(|entry| index.answer(entry)), [Some(4), None, None, Some(5)]);
    }
}
