//! Ranking all entries for a question, its text and vector given: every signal and the score, by the
//! number of wordings (of 384 numbers, four an entry).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faqbot::evidence::Evidence;
use faqbot::index::Index;
use faqbot::{Entry, EntryId};
use ndarray::{Array1, Array2};

const DIMENSION: usize = 384;
const PHRASINGS: usize = 4;

/// Numbers without meaning, the same on every run.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    fn unit(&mut self) -> f32 {
        self.next() as f32 / (1 << 24) as f32 - 0.5
    }
}

/// Entries whose wordings are eight words out of 5,000.
fn entries(random: &mut Random, count: usize) -> Vec<Entry> {
    let mut wording = || (0..8).map(|_| format!("w{}", random.next() % 5000)).collect::<Vec<_>>().join(" ");
    (0..count)
        .map(|at| Entry {
            id: EntryId::from(at.to_string().as_str()),
            phrasings: (0..PHRASINGS).map(|_| wording()).collect(),
            answer: String::new(),
            source: None,
            tags: Vec::new(),
            min_confidence: None,
        })
        .collect()
}

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rank");
    group.sample_size(20);
    let query = Array1::from_elem(DIMENSION, (DIMENSION as f32).sqrt().recip());
    for count in [1_000, 10_000, 100_000] {
        let mut random = Random(1);
        let mut rows = Array2::from_shape_simple_fn((count, DIMENSION), || random.unit());
        for mut row in rows.rows_mut() {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        let entries = entries(&mut random, count / PHRASINGS);
        let index = Index::new(rows, vec![PHRASINGS; entries.len()]);
        let evidence = Evidence::new(&entries, &index, Array2::zeros((0, DIMENSION)), Vec::new());
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| {
                black_box(evidence.rank(&index, "how do w17 and w423 differ from w99", query.view(), 5))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
