//! Search: all signals of all entries, ranked, for a query whose vector is given; and the exact scalar
//! products alone. Also with the vectors in a file, as they are from 4,096 phrasings on after the first
//! start. For comparison: the time to read the phrasings' vectors once from memory, in the same run and on
//! the same number of cores; and, with `FAQBOT_BENCH_PYTHON`, the top 10 by numpy and faiss.
//!
//! ```console
//! $ cargo bench --bench search            # up to 100,000 phrasings
//! $ cargo bench --bench search -- 1000000 # up to a million: needs 4 GB
//! ```

use std::env;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use faqbot::matching::index::Index;
use faqbot::matching::products::products;
use faqbot::matching::ranking::Ranker;
use faqbot::storage::rows::{Rows, RowsFile, check};
use faqbot::{Entry, EntryId};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rten_simd::{Isa, SimdOp};

const DIMENSION: usize = 384;
const PHRASINGS: usize = 4;

/// Pseudo-random numbers, the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn unit(&mut self) -> f32 {
        self.next() as f32 / (1u32 << 31) as f32 - 0.5
    }
}

/// Entries with phrasings of eight words out of 5,000.
fn entries(random: &mut Random, count: usize) -> Vec<Entry> {
    let mut phrasing = || (0..8).map(|_| format!("w{}", random.next() % 5000)).collect::<Vec<_>>().join(" ");
    (0..count)
        .map(|at| Entry {
            id: EntryId::from(at.to_string().as_str()),
            phrasings: (0..PHRASINGS).map(|_| phrasing()).collect(),
            answer: String::new(),
            ..Entry::default()
        })
        .collect()
}

/// Unit rows around a centre for each entry, like the phrasings of a question.
fn rows(random: &mut Random, count: usize) -> Array2<f32> {
    let mut rows = Array2::zeros((count, DIMENSION));
    for mut block in rows.axis_chunks_iter_mut(Axis(0), PHRASINGS) {
        let centre = Array1::from_shape_simple_fn(DIMENSION, || random.unit());
        for mut row in block.rows_mut() {
            row.assign(&centre);
            row.mapv_inplace(|value| value + 0.6 * random.unit());
            let length = row.dot(&row).sqrt();
            row /= length;
        }
    }
    rows
}

/// Reads all numbers once, on all cores and with the widest loads available.
fn read(rows: ArrayView2<f32>) -> f32 {
    let cores = thread::available_parallelism().map_or(1, |count| count.get());
    thread::scope(|scope| {
        let parts: Vec<_> = rows
            .axis_chunks_iter(Axis(0), rows.nrows().div_ceil(cores))
            .map(|part| scope.spawn(move || Sum(part.to_slice().expect("one piece")).dispatch()))
            .collect();
        parts.into_iter().map(|part| part.join().expect("a sum")).sum()
    })
}

struct Sum<'n>(&'n [f32]);

impl SimdOp for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> f32 {
        // Several sums at a time, so that memory is the bottleneck.
        let mut sums = [0.0f32; 64];
        for chunk in self.0.as_chunks::<64>().0 {
            for lane in 0..64 {
                sums[lane] += chunk[lane];
            }
        }
        sums.iter().sum()
    }
}

/// The same rows in a file.
fn in_file(rows: &ArrayView2<f32>) -> Rows {
    let numbers = rows.as_slice().expect("one piece");
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytemuck::cast_slice(numbers)).expect("written");
    let checks = numbers.chunks_exact(DIMENSION).map(check).collect();
    Rows::File(Arc::new(RowsFile::new(file, 0, DIMENSION, checks)))
}

/// The median milliseconds of each piece of work, run in turns.
fn measure<const N: usize>(mut work: [&mut dyn FnMut(); N]) -> [f64; N] {
    const ROUNDS: usize = 15;
    let mut times = [[0.0; ROUNDS]; N];
    for round in 0..ROUNDS {
        for (work, times) in work.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            work();
            times[round] = begin.elapsed().as_secs_f64() * 1e3;
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    })
}

/// The times of numpy and faiss, if available.
fn peers(count: usize) -> String {
    let Some(python) = env::var_os("FAQBOT_BENCH_PYTHON").filter(|python| !python.is_empty()) else {
        return String::new();
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers.py");
    let output = Command::new(python).arg(script).args(["search", &count.to_string()]).output();
    let output = output.expect("a run");
    let text = String::from_utf8_lossy(&output.stdout);
    let times: Vec<f64> = text.split_whitespace().filter_map(|time| time.parse().ok()).collect();
    let [numpy, faiss] = times[..] else { panic!("{}", String::from_utf8_lossy(&output.stderr)) };
    format!("   numpy {numpy:.3}, faiss {faiss:.3}")
}

fn main() {
    // `cargo bench` adds its own flags.
    let most = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    println!("milliseconds; {DIMENSION} numbers a phrasing, {PHRASINGS} phrasings an entry");
    println!(
        "{:>9} {:>10} {:>10} {:>7} {:>10} {:>7} {:>10} {:>10} {:>12}",
        "phrasings", "read", "products", "ratio", "all", "ratio", "in a file", "prepare", "ns/phrasing"
    );
    for count in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|&count| count <= most) {
        let mut random = Random(1);
        let rows = rows(&mut random, count);
        let entries = entries(&mut random, count / PHRASINGS);
        let rows = rows.into_shared();
        let index = Index::new(rows.clone(), vec![PHRASINGS; entries.len()], []);
        let begin = Instant::now();
        let ranker = Ranker::new(&entries, &index, rows.view());
        let prepared = begin.elapsed().as_secs_f64() * 1e3;
        // A question near an entry, with some of its words.
        let mut query = rows.row(count / 2).to_owned();
        query.mapv_inplace(|value| value + 0.5 * random.unit() / (DIMENSION as f32).sqrt());
        let length = query.dot(&query).sqrt();
        query /= length;
        let text =
            format!("how do w17 and w423 differ from {}", &entries[count / 2 / PHRASINGS].phrasings[0]);
        let index_in_file = index.clone().with_rows(in_file(&rows.view()));
        let [read, products, all, all_in_file] = measure([
            &mut || _ = black_box(read(rows.view())),
            &mut || _ = black_box(products(rows.view(), query.view())),
            &mut || _ = black_box(ranker.rank(&index, &text, query.view(), 5)),
            &mut || _ = black_box(ranker.rank(&index_in_file, &text, query.view(), 5)),
        ]);
        drop((rows, index, index_in_file, ranker));
        let peers = peers(count);
        println!(
            "{count:>9} {read:>10.3} {products:>10.3} {:>7.2} {all:>10.3} {:>7.2} {all_in_file:>10.3} {prepared:>10.0} {:>12.1}{peers}",
            products / read,
            all / read,
            all * 1e6 / count as f64
        );
    }
}
