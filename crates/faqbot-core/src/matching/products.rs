//! Exact products of many rows with a vector, on all cores.

use ndarray::{ArrayView1, ArrayView2, Axis};

use crate::parallel::in_parts;

/// A core is given at least this many numbers: fewer are read before another has begun.
pub(super) const LEAST_NUMBERS: usize = 2 << 20;

/// The products of all rows with a vector: on all cores where there are many, since one core cannot read
/// as fast as memory gives.
pub fn products(rows: ArrayView2<f32>, vector: ArrayView1<f32>) -> Vec<f32> {
    let least = LEAST_NUMBERS / rows.ncols().max(1);
    joined(in_parts(rows.nrows(), least, |part| rows.slice_axis(Axis(0), part.into()).dot(&vector).to_vec()))
}

/// One after the other, without a copy where there is only one.
pub(super) fn joined<T: Clone>(mut parts: Vec<Vec<T>>) -> Vec<T> {
    if parts.len() == 1 { parts.remove(0) } else { parts.concat() }
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
}
