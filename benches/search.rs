//! Exact search over wordings of 384 numbers, by their number.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faqbot::index::Index;
use ndarray::{Array1, Array2};

const DIMENSION: usize = 384;

/// Numbers without meaning, the same on every run: the search reads them all whatever they are.
fn rows(count: usize) -> Array2<f32> {
    let mut state = 1u32;
    Array2::from_shape_simple_fn((count, DIMENSION), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    })
}

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("search");
    group.sample_size(20);
    let query = Array1::from_elem(DIMENSION, 0.05f32);
    for count in [1_000, 10_000, 100_000] {
        // Four wordings an entry.
        let index = Index::new(rows(count), vec![4; count / 4]);
        group.throughput(Throughput::Bytes((count * DIMENSION * 4) as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| black_box(index.search(query.view(), 5)));
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
