//! Scalar quantization: rows in 8 bits, and products with them whose error is bounded.

use std::io;
use std::ops::Range;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use ndarray::{Array1, ArrayView1};
use rten_simd::{Isa, SimdOp};

use super::products::{LEAST_NUMBERS, joined};
use crate::parallel::in_parts;

/// Rows of length at most 1, each quantized to 8 bits with a scale of its own: a quarter of the memory to
/// read, for products that are off by at most [`QuantizedRows::error`].
#[derive(Debug, Clone)]
pub struct QuantizedRows {
    /// `[rows, dimension]`, one after the other.
    codes: Vec<i8>,
    dimension: usize,
    /// What each row's codes are multiplied by.
    scales: Vec<f32>,
    /// The greatest distance of a row from its codes times its scale.
    distance: f32,
}

/// A vector quantized to 16 bits, to be multiplied with codes.
struct QuantizedVector {
    numbers: Vec<i16>,
    scale: f32,
}

impl QuantizedVector {
    fn new(vector: ArrayView1<f32>) -> Self {
        let greatest = vector.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
        // The sum of 384 products stays below 2^31: 384 * 127 * 32767 is 1.6e9. Longer rows have less room.
        let most = (f64::from(i32::MAX) / (127.0 * vector.len().max(1) as f64)).min(32767.0) as f32;
        let scale = if greatest > 0.0 { greatest / most } else { 1.0 };
        QuantizedVector {
            numbers: vector.iter().map(|value| (value / scale).round() as i16).collect(),
            scale,
        }
    }
}

impl QuantizedRows {
    /// Quantizes `count` rows of `dimension` numbers, which `row` writes.
    pub fn new(count: usize, dimension: usize, row: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let parts = in_parts(count, LEAST_NUMBERS / dimension.max(1), |part| {
            let mut codes = Vec::with_capacity(part.len() * dimension);
            let mut scales = Vec::with_capacity(part.len());
            let (mut distance, mut numbers) = (0.0f32, vec![0.0; dimension]);
            for at in part {
                row(at, &mut numbers);
                let greatest = numbers.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
                let scale = if greatest > 0.0 { greatest / 127.0 } else { 1.0 };
                let inverse = 1.0 / scale;
                let mut square = 0.0;
                codes.extend(numbers.iter().map(|value| {
                    // Not `round`, which this processor family has no vector instruction for in its oldest
                    // members: adding and taking away 1.5 * 2^23 rounds to the nearest integer.
                    let code = (value * inverse + 12_582_912.0) - 12_582_912.0;
                    square += (value - code * scale) * (value - code * scale);
                    code as i8
                }));
                scales.push(scale);
                distance = distance.max(square.sqrt());
            }
            (codes, scales, distance)
        });
        let (mut codes, mut scales, mut distance) = (Vec::new(), Vec::new(), 0.0f32);
        for (of_codes, of_scales, of_distance) in parts {
            codes.push(of_codes);
            scales.push(of_scales);
            distance = distance.max(of_distance);
        }
        QuantizedRows { codes: joined(codes), dimension, scales: joined(scales), distance }
    }

    /// A row, nearly.
    pub fn row(&self, at: usize) -> Array1<f32> {
        let codes = &self.codes[at * self.dimension..(at + 1) * self.dimension];
        codes.iter().map(|&code| f32::from(code) * self.scales[at]).collect()
    }

    pub(crate) fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.codes)?;
        out.array(&self.scales)?;
        out.array(&[self.distance])
    }

    /// Reads the codes of `count` rows of `dimension` numbers.
    pub(crate) fn read(from: &mut ArrayReader, count: usize, dimension: usize) -> io::Result<Self> {
        let codes = QuantizedRows {
            codes: from.array()?,
            dimension,
            scales: from.array()?,
            distance: from.number()?,
        };
        if codes.scales.len() == count && codes.codes.len() == count * dimension {
            Ok(codes)
        } else {
            Err(broken("its codes are not those of the rows"))
        }
    }

    /// How far a product of a row and `vector` is at most from what [`QuantizedRows::products`] gives: by
    /// Cauchy and Schwarz, the length of the one times how far the other is from its codes.
    pub fn error(&self, vector: ArrayView1<f32>) -> f32 {
        let quantized = QuantizedVector::new(vector);
        let distance = vector
            .iter()
            .zip(&quantized.numbers)
            .map(|(value, &number)| (value - f32::from(number) * quantized.scale).powi(2))
            .sum::<f32>()
            .sqrt();
        // The codes of a row are no longer than it and its distance from them.
        vector.dot(&vector).sqrt() * self.distance + distance * (1.0 + self.distance)
    }

    /// The products of some rows with each of some vectors, nearly; every row is read once.
    pub fn products(&self, rows: Range<usize>, vectors: &[ArrayView1<f32>]) -> Vec<Vec<f32>> {
        let quantized: Vec<QuantizedVector> =
            vectors.iter().map(|vector| QuantizedVector::new(*vector)).collect();
        let parts = in_parts(rows.len(), LEAST_NUMBERS / self.dimension.max(1), |part| {
            let part = rows.start + part.start..rows.start + part.end;
            ProductsLoop { rows: self, part, vectors: &quantized }.dispatch()
        });
        let mut by_vector = vec![Vec::new(); vectors.len()];
        for part in parts {
            by_vector.iter_mut().zip(part).for_each(|(parts, part)| parts.push(part));
        }
        by_vector.into_iter().map(joined).collect()
    }
}

/// The loop over the codes, compiled for each instruction set.
struct ProductsLoop<'q> {
    rows: &'q QuantizedRows,
    part: Range<usize>,
    vectors: &'q [QuantizedVector],
}

impl SimdOp for ProductsLoop<'_> {
    type Output = Vec<Vec<f32>>;

    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> Vec<Vec<f32>> {
        let QuantizedRows { codes, dimension, scales, .. } = self.rows;
        let mut products = vec![Vec::with_capacity(self.part.len()); self.vectors.len()];
        for at in self.part {
            let row = &codes[at * dimension..(at + 1) * dimension];
            for (products, vector) in products.iter_mut().zip(self.vectors) {
                let sum: i32 = row
                    .iter()
                    .zip(&vector.numbers)
                    .map(|(&code, &number)| i32::from(code) * i32::from(number))
                    .sum();
                products.push(sum as f32 * vector.scale * scales[at]);
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
    fn products_are_within_the_error() {
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
        let quantized = QuantizedRows::new(500, 100, |at, target| {
            target.copy_from_slice(rows.row(at).as_slice().unwrap());
        });
        let zeros = Array1::zeros(100);
        for vector in [rows.row(3).to_owned(), &rows.row(4) * 40.0, zeros] {
            let error = quantized.error(vector.view());
            let found = quantized.products(0..500, &[vector.view(), (&vector * 2.0).view()]);
            let [near, twice] = &found[..] else { panic!("two vectors, {} lists", found.len()) };
            for (at, exact) in rows.dot(&vector).into_iter().enumerate() {
                assert!((near[at] - exact).abs() <= error + 1e-6, "{} {exact} {error}", near[at]);
                assert!((twice[at] - 2.0 * exact).abs() <= 2.0 * error + 1e-6);
            }
            let length = vector.dot(&vector).sqrt();
            assert!(error <= 0.02 * length, "{error}");
        }
    }
}
