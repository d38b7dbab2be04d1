//! What speaks for an entry: five signals, and the score that joins them.
//!
//! | signal | what it is | where it is missing |
//! |---|---|---|
//! | `phrasing` | cosine to the nearest phrasing, both seen from the middle of the FAQ | never |
//! | `centroid` | the same to the mean of the entry's phrasings | never |
//! | `words` | words and letter triples in common, rare ones weighing more | never |
//! | `classifier` | regularised least squares on the phrasings' vectors | fewer than 3 phrasings on 2 entries |
//! | `answer` | as `phrasing`, to question and answer embedded together | no real answer |
//!
//! "Seen from the middle": the mean of all entries is subtracted first. All entries of a FAQ share
//! a topic, which says nothing about which of them is meant, and a question about anything else
//! shares none of it.
//!
//! The score of an entry is the mean of its signals, weighted by [`WEIGHTS`]. What an entry has no
//! signal for takes no part in its mean.

use std::io;
use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, CowArray, Ix2, Zip};
use xxhash_rust::xxh3::xxh3_64;

use crate::arrays::{ArrayReader, ArrayWriter, broken};
use crate::faq::{Entry, normalize_phrasing};
use crate::hashed::ByHash;
use crate::index::{Codes, Index, products};
use crate::parallel::{beside, in_blocks, in_parts, map};

/// Changes whenever the same FAQ and query would give other signals or another score: what was
/// fitted on one version holds for no other.
pub const VERSION: u32 = 1;

/// Changes whenever [`Evidence::write`] writes the same signals differently.
const LAYOUT: u32 = 1;

/// How much each signal weighs in the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// See the [module's table](self).
    pub phrasing: f32,
    /// See the [module's table](self).
    pub centroid: f32,
    /// See the [module's table](self).
    pub words: f32,
    /// See the [module's table](self).
    pub classifier: f32,
    /// See the [module's table](self).
    pub answer: f32,
}

/// The weights in use: round numbers near the best of the grid that
/// `cargo run --release --example fit -- DATA` searches, fitted on the calibration files of the six
/// public sets named there (November 2026). It prints the ablation: what each signal earns.
pub const WEIGHTS: Weights =
    Weights { phrasing: 1.0, centroid: 1.0, words: 0.4, classifier: 0.3, answer: 0.5 };

/// The mean of the entries is drawn towards zero as if there were this many more at zero: a FAQ of
/// two entries has no middle worth seeing it from.
const MEAN_PRIOR: f32 = 10.0;

/// The penalty of the least squares, for phrasings that weigh 1 on average.
const RIDGE: f64 = 0.3;

/// The classifier is built for FAQs with at least this many phrasings an entry, on average; with fewer
/// it only repeats the nearest phrasing.
const CLASSIFIER_PHRASINGS: f32 = 1.5;

/// What speaks for one entry. Cosines lie in `-1..=1`, `words` in `0..=1`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signals {
    /// See the [module's table](self).
    pub phrasing: f32,
    /// See the [module's table](self).
    pub centroid: f32,
    /// See the [module's table](self).
    pub words: f32,
    /// See the [module's table](self).
    pub classifier: Option<f32>,
    /// See the [module's table](self).
    pub answer: Option<f32>,
}

impl Signals {
    /// The weighted mean of the signals that there are; 0 where none weighs anything.
    pub fn score(&self, weights: &Weights) -> f32 {
        let parts = [
            (Some(self.phrasing), weights.phrasing),
            (Some(self.centroid), weights.centroid),
            (Some(self.words), weights.words),
            (self.classifier, weights.classifier),
            (self.answer, weights.answer),
        ];
        let (mut sum, mut total) = (0.0, 0.0);
        for (signal, weight) in parts {
            if let Some(signal) = signal {
                sum += weight * signal;
                total += weight;
            }
        }
        if total > 0.0 { sum / total } else { 0.0 }
    }
}

/// An entry that was found, with its nearest phrasing and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Match {
    /// Position of the entry in the FAQ.
    pub entry: usize,
    /// Position of its nearest phrasing among its phrasings.
    pub phrasing: usize,
    /// Cosine of the query and that phrasing, in `-1..=1`.
    pub cosine: f32,
    /// What speaks for the entry.
    pub signals: Signals,
    /// The signals joined: what entries are ranked by, in `-1..=1` but for the classifier's part.
    pub score: f32,
}

/// Keeps the `count` best matches, by score; equal ones in the order of the FAQ.
pub fn keep_best(matches: &mut Vec<Match>, count: usize) {
    let order = |a: &Match, b: &Match| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry));
    if count < matches.len() {
        if count > 0 {
            matches.select_nth_unstable_by(count - 1, order);
        }
        matches.truncate(count);
    }
    matches.sort_unstable_by(order);
}

/// A query's view of all entries.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// The best entries, best first; equal ones in the order of the FAQ.
    pub matches: Vec<Match>,
    /// Mean and standard deviation of the scores of all entries.
    pub spread: (f32, f32),
}

/// From this many phrasings on, all entries are looked at in 8 bits first. With fewer, reading their
/// vectors takes a small part of what the query's own takes.
const MANY_ROWS: usize = 4_096;

/// The signals of a FAQ, ready for queries.
#[derive(Debug, Clone)]
pub struct Evidence {
    weights: Weights,
    middle: Middle,
    /// For each row of the index: its product with the middle, and 1 / its distance from it.
    places: Vec<Place>,
    /// For each entry, the length of the mean of its phrasings, seen from the middle.
    lengths: Vec<f32>,
    classifier: Option<Classifier>,
    lexicon: Lexicon,
    /// All rows as they are seen from the middle, in 8 bits, where there are many.
    codes: Option<Codes>,
}

/// The point that vectors are seen from.
#[derive(Debug, Clone)]
struct Middle {
    point: Array1<f32>,
    /// Its squared length.
    square: f32,
}

/// Where a unit row lies to the middle.
#[derive(Debug, Clone, Copy)]
struct Place {
    product: f32,
    inverse_distance: f32,
}

impl Middle {
    /// The mean of the entries of an index, each being the mean of its phrasings; `rows` are the index's.
    fn new(index: &Index, rows: ArrayView2<f32>) -> Self {
        let mut point = Array1::<f32>::zeros(rows.ncols());
        let sums = in_blocks(index.len(), ENTRIES_A_BLOCK, |entries| {
            let mut sum = Array1::<f32>::zeros(rows.ncols());
            for bounds in entries.map(|entry| index.bounds(entry)) {
                let phrasings = bounds.len().max(1) as f32;
                for row in bounds {
                    sum.scaled_add(1.0 / phrasings, &rows.row(row));
                }
            }
            sum
        });
        sums.for_each(|sum| point += &sum);
        point /= index.len() as f32 + MEAN_PRIOR;
        Middle::at(point)
    }

    fn at(point: Array1<f32>) -> Self {
        Middle { square: point.dot(&point), point }
    }

    fn place(&self, row: ArrayView1<f32>) -> Place {
        let product = row.dot(&self.point);
        let square = row.dot(&row) - 2.0 * product + self.square;
        // A row of zeros is nowhere, and one at the middle has no direction from it: both score 0.
        let seen = row.dot(&row) > 0.0 && square > 1e-6;
        Place { product, inverse_distance: if seen { square.sqrt().recip() } else { 0.0 } }
    }

    /// The cosine of two rows seen from the middle, from the product of the rows themselves.
    fn cosine(&self, product: f32, a: Place, b: Place) -> f32 {
        let centred = product - a.product - b.product + self.square;
        (centred * a.inverse_distance * b.inverse_distance).clamp(-1.0, 1.0)
    }

    /// Where each row lies.
    fn places(&self, rows: ArrayView2<f32>) -> Vec<Place> {
        map(rows.nrows(), ENTRIES_A_BLOCK, |row| self.place(rows.row(row)))
    }

    /// Writes a row, seen from the middle and of length 1 (or 0), to `target`, which is as long.
    fn write_seen(&self, row: ArrayView1<f32>, place: Place, target: ArrayViewMut1<f32>) {
        Zip::from(target)
            .and(row)
            .and(&self.point)
            .for_each(|target, value, middle| *target = (value - middle) * place.inverse_distance);
    }

    /// For each entry, the length of the mean of its phrasings, seen from here.
    fn lengths(&self, index: &Index, rows: ArrayView2<f32>, places: &[Place]) -> Vec<f32> {
        let parts = in_parts(index.len(), ENTRIES_A_BLOCK, |part| {
            let (mut sum, mut seen) = (Array1::zeros(self.point.len()), Array1::zeros(self.point.len()));
            part.map(|entry| {
                let bounds = index.bounds(entry);
                let phrasings = bounds.len().max(1) as f32;
                sum.fill(0.0);
                for row in bounds {
                    self.write_seen(rows.row(row), places[row], seen.view_mut());
                    sum.scaled_add(1.0 / phrasings, &seen);
                }
                sum.dot(&sum).sqrt()
            })
            .collect::<Vec<_>>()
        });
        parts.concat()
    }
}

/// Regularised least squares from a vector to the entry it belongs to, in closed form.
#[derive(Debug, Clone)]
struct Classifier {
    /// The lower Cholesky factor of the phrasings' weighted second moments plus the ridge.
    factor: Array2<f64>,
    /// The mean number of phrasings of an entry, by which an entry's mean is multiplied to be its
    /// right-hand side.
    each: f32,
}

/// Entries that are looked at together: the sums over a FAQ are added block by block, so that they are
/// the same on every number of cores.
const ENTRIES_A_BLOCK: usize = 512;

/// Rows of phrasings, those of `index`, as the signals see them: from the middle of the FAQ, of length 1
/// (or 0).
pub fn seen_rows(index: &Index, rows: ArrayView2<f32>) -> Array2<f32> {
    let middle = Middle::new(index, rows);
    let mut seen = Array2::zeros(rows.raw_dim());
    for (row, target) in rows.rows().into_iter().zip(seen.rows_mut()) {
        middle.write_seen(row, middle.place(row), target);
    }
    seen
}

/// Whether an answer says something: not empty, and no placeholder such as `[greeting]`.
pub fn is_real_answer(answer: &str) -> bool {
    let answer = answer.trim();
    let placeholder = answer.starts_with('[') && answer.ends_with(']') && !answer.contains('\n');
    !answer.is_empty() && !placeholder
}

/// The text that is embedded for an entry's answer signal, if it has a real answer.
pub fn answer_text(entry: &Entry) -> Option<String> {
    is_real_answer(&entry.answer).then(|| format!("{}\n{}", entry.question(), entry.answer))
}

impl Evidence {
    /// The signals of `entries`. `rows` `[rows, dimension]` are those of `index`, whose answers are rows
    /// of [`answer_text`]; without answers in it, there is no such signal.
    pub fn new(entries: &[Entry], index: &Index, rows: ArrayView2<f32>) -> Self {
        let with_vectors = || {
            let middle = Middle::new(index, rows);
            let places = middle.places(rows);
            let codes = Self::is_large(index).then(|| {
                Codes::new(rows.nrows(), rows.ncols(), |at, target| {
                    middle.write_seen(rows.row(at), places[at], ArrayViewMut1::from(target));
                })
            });
            let lengths = middle.lengths(index, rows, &places);
            let classifier = Classifier::new(index, rows, &middle, &places);
            (middle, places, lengths, classifier, codes)
        };
        let (lexicon, (middle, places, lengths, classifier, codes)) =
            beside(|| Lexicon::new(entries), with_vectors);
        Evidence { weights: WEIGHTS, middle, places, lengths, classifier, lexicon, codes }
    }

    /// Whether an index has so many rows that ranking looks at few of them: then they need not be in
    /// memory, and preparing the signals takes long.
    pub fn is_large(index: &Index) -> bool {
        index.phrasings() >= MANY_ROWS
    }

    /// Writes all that [`Evidence::new`] computes.
    pub(crate) fn write(&self, index: &Index, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&[LAYOUT, VERSION])?;
        out.array(&shape(index))?;
        out.array(&self.middle.point.to_vec())?;
        let places = self.places.iter().map(|place| [place.product, place.inverse_distance]);
        out.array(&places.collect::<Vec<_>>())?;
        out.array(&self.lengths)?;
        let factor = self.classifier.as_ref().map(|classifier| classifier.factor.flatten().to_vec());
        out.array(&factor.unwrap_or_default())?;
        self.lexicon.write(out)?;
        self.codes.as_ref().map_or(Ok(()), |codes| codes.write(out))
    }

    /// Reads what [`Evidence::write`] wrote for the same entries and index. The reader's checksum is yet
    /// to be checked.
    pub(crate) fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
        let (count, dimension) = (index.rows().len(), index.rows().dimension());
        if from.array::<u32>()? != [LAYOUT, VERSION] || from.array::<u64>()? != shape(index) {
            return Err(broken("it belongs to another FAQ"));
        }
        let middle = Middle::at(from.array()?.into());
        let places: Vec<Place> = from
            .array::<[f32; 2]>()?
            .into_iter()
            .map(|[product, inverse_distance]| Place { product, inverse_distance })
            .collect();
        let lengths = from.array()?;
        let factor: Vec<f64> = from.array()?;
        let classifier = if factor.is_empty() {
            None
        } else {
            let factor = Array2::from_shape_vec((dimension, dimension), factor).map_err(io::Error::other)?;
            Some(Classifier { factor, each: phrasings_per_entry(index) })
        };
        let lexicon = Lexicon::read(index, from)?;
        let codes = if Self::is_large(index) { Some(Codes::read(from, count, dimension)?) } else { None };
        if middle.point.len() != dimension || places.len() != count || lengths.len() != index.len() {
            return Err(broken("its signals are not those of the rows"));
        }
        Ok(Evidence { weights: WEIGHTS, middle, places, lengths, classifier, lexicon, codes })
    }

    /// The rows whose phrasings may be this one, as [`normalize_phrasing`] makes it: those and, very
    /// seldom, another. In the order of the FAQ.
    pub fn like(&self, normalized: &str) -> &[u32] {
        self.lexicon.like(normalized)
    }

    /// How many entries have a word, as [`normalize_phrasing`] makes it, in their phrasings.
    pub fn entries_with(&self, word: &str) -> usize {
        self.lexicon.position(word_hash(word)).map_or(0, |at| self.lexicon.holders[at] as usize)
    }

    /// The same signals under other weights.
    pub fn with_weights(self, weights: Weights) -> Self {
        Evidence { weights, ..self }
    }

    /// The weights in use.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Ranks all entries for a query, by text and unit row, and gives the `count` best.
    ///
    /// Where there are many, their scores are first computed in 8 bits, with a bound on the error; those
    /// that can be among the `count` best are then computed exactly, so the best and their order are the
    /// same.
    pub fn rank(&self, index: &Index, text: &str, query: ArrayView1<f32>, count: usize) -> Ranking {
        let place = self.middle.place(query);
        let mut seen = Array1::zeros(query.len());
        self.middle.write_seen(query, place, seen.view_mut());
        let solved = self.classifier.as_ref().map(|classifier| classifier.solve(seen.view()));
        let asked = Asked {
            place,
            solved_middle: solved.as_ref().map_or(0.0, |solved| solved.dot(&self.middle.point)),
            seen,
            solved,
            words: self.lexicon.compare(text, index),
        };
        let few = count < index.len() / 4;
        let (mut matches, spread_of_codes) = match (&self.codes, index.rows().in_memory()) {
            (Some(codes), _) if few => {
                let (candidates, spread) = self.candidates(index, codes, &asked, count);
                let exactly = |entry| self.examine_rows(index, &asked, query, entry);
                (candidates.into_iter().map(exactly).collect::<Vec<_>>(), Some(spread))
            }
            (_, Some(rows)) => {
                let of_query = products(rows, query);
                let phrasings = rows.slice_axis(Axis(0), (..index.phrasings()).into());
                let of_solved = asked.solved.as_ref().map(|solved| products(phrasings, solved.view()));
                let solved = |row: usize| of_solved.as_ref().map_or(0.0, |of_solved| of_solved[row]);
                let examine = |entry| {
                    let answer = index.answer(entry).map(|row| of_query[row]);
                    self.examine(index, &asked, entry, |row| of_query[row], solved, answer)
                };
                ((0..index.len()).map(examine).collect(), None)
            }
            (_, None) => {
                ((0..index.len()).map(|entry| self.examine_rows(index, &asked, query, entry)).collect(), None)
            }
        };
        let spread = spread_of_codes.unwrap_or_else(|| spread(matches.iter().map(|found| found.score)));
        keep_best(&mut matches, count);
        Ranking { matches, spread }
    }

    /// An entry's signals and score for a query's row, by the entry's own rows.
    fn examine_rows(&self, index: &Index, asked: &Asked, query: ArrayView1<f32>, entry: usize) -> Match {
        let bounds = index.bounds(entry);
        let start = bounds.start;
        let phrasings = self.rows(index, bounds);
        let product = |row: usize| phrasings.row(row - start).dot(&query);
        let solved =
            |row: usize| asked.solved.as_ref().map_or(0.0, |solved| phrasings.row(row - start).dot(solved));
        let answer = index.answer(entry).map(|row| self.rows(index, row..row + 1).row(0).dot(&query));
        self.examine(index, asked, entry, product, solved, answer)
    }

    /// Rows of an index. Where they cannot be read any more, because their file has become another, nearly.
    fn rows<'i>(&self, index: &'i Index, rows: Range<usize>) -> CowArray<'i, f32, Ix2> {
        index.rows().block(rows.clone()).unwrap_or_else(|_| {
            let mut nearly = Array2::zeros((rows.len(), index.rows().dimension()));
            for (mut target, at) in nearly.rows_mut().into_iter().zip(rows) {
                let distance = self.places[at].inverse_distance.recip();
                if let Some(codes) = self.codes.as_ref().filter(|_| distance.is_finite()) {
                    target.assign(&(codes.row(at) * distance + &self.middle.point));
                }
            }
            nearly.into()
        })
    }

    /// An entry's signals and score, from the products of phrasings with the query's row, of phrasings with
    /// what the classifier makes of it, and of the answer with the query's row.
    fn examine(
        &self,
        index: &Index,
        asked: &Asked,
        entry: usize,
        product: impl Fn(usize) -> f32,
        solved: impl Fn(usize) -> f32,
        answer: Option<f32>,
    ) -> Match {
        let mut found = Match { entry, cosine: -1.0, ..Match::default() };
        let mut sums = Sums::default();
        let bounds = index.bounds(entry);
        let start = bounds.start;
        for row in bounds {
            let product = product(row);
            // Rounding can carry the product of unit vectors just past 1.
            let cosine = product.clamp(-1.0, 1.0);
            if row == start || cosine > found.cosine {
                (found.cosine, found.phrasing) = (cosine, row - start);
            }
            let place = self.places[row];
            sums.add(
                self.middle.cosine(product, asked.place, place),
                (solved(row) - asked.solved_middle) * place.inverse_distance,
            );
        }
        let answer = index
            .answer(entry)
            .zip(answer)
            .map(|(row, product)| self.middle.cosine(product, asked.place, self.places[row]));
        found.signals = self.signals(entry, &sums, asked.words[entry], answer);
        found.score = found.signals.score(&self.weights);
        found
    }

    fn signals(&self, entry: usize, sums: &Sums, words: f32, answer: Option<f32>) -> Signals {
        let mean = 1.0 / sums.count.max(1.0);
        let length = self.lengths[entry];
        Signals {
            phrasing: sums.nearest,
            // The product with the mean is the mean of the products.
            centroid: if length > 0.0 { (sums.seen * mean / length).clamp(-1.0, 1.0) } else { 0.0 },
            words,
            classifier: self.classifier.as_ref().map(|classifier| sums.solved * mean * classifier.each),
            answer,
        }
    }

    /// The entries that can be among the `count` best, ascending, and mean and standard deviation of all
    /// scores, by codes.
    fn candidates(
        &self,
        index: &Index,
        codes: &Codes,
        asked: &Asked,
        count: usize,
    ) -> (Vec<usize>, (f32, f32)) {
        let seen = asked.seen.view();
        let (phrasings, rows) = (index.phrasings(), index.rows().len());
        let (near, nearly_solved) = match &asked.solved {
            Some(solved) => {
                let [near, solved] = codes.products(0..phrasings, [seen, solved.view()]);
                (near, solved)
            }
            None => {
                let [near] = codes.products(0..phrasings, [seen]);
                (near, Vec::new())
            }
        };
        let [answers] = codes.products(phrasings..rows, [seen]);
        let error = codes.error(seen);
        let error_of_solved = asked.solved.as_ref().map_or(0.0, |solved| codes.error(solved.view()));

        // For each entry its score, and how far that may be off.
        let scores = map(index.len(), ENTRIES_A_BLOCK, |entry| {
            let mut sums = Sums::default();
            for row in index.bounds(entry) {
                sums.add(near[row], nearly_solved.get(row).copied().unwrap_or(0.0));
            }
            let answer = index.answer(entry).map(|row| answers[row - phrasings]);
            let score = self.signals(entry, &sums, asked.words[entry], answer).score(&self.weights);
            let mut errors = Sums::default();
            errors.add(error, error_of_solved);
            let off = self.signals(entry, &errors, 0.0, answer.map(|_| error));
            (score, off.score(&self.weights))
        });
        let mut least: Vec<f32> = scores.iter().map(|(score, off)| score - off).collect();
        let place = count.clamp(1, least.len()) - 1;
        let (_, &mut bar, _) = least.select_nth_unstable_by(place, |a, b| b.total_cmp(a));
        let can_be = |entry: &usize| scores[*entry].0 + scores[*entry].1 >= bar;
        let candidates = (0..index.len()).filter(can_be).collect();
        (candidates, spread(scores.iter().map(|&(score, _)| score)))
    }
}

/// A query as the signals see it.
struct Asked {
    place: Place,
    /// The row seen from the middle.
    seen: Array1<f32>,
    /// What the classifier makes of that.
    solved: Option<Array1<f32>>,
    /// The product of that with the middle.
    solved_middle: f32,
    /// The likeness of words, by entry.
    words: Vec<f32>,
}

/// What is gathered over the phrasings of an entry.
struct Sums {
    count: f32,
    nearest: f32,
    seen: f32,
    solved: f32,
}

impl Default for Sums {
    fn default() -> Self {
        Sums { count: 0.0, nearest: -1.0, seen: 0.0, solved: 0.0 }
    }
}

impl Sums {
    fn add(&mut self, seen: f32, solved: f32) {
        self.count += 1.0;
        self.nearest = self.nearest.max(seen);
        self.seen += seen;
        self.solved += solved;
    }
}

/// The mean number of phrasings of an entry; 0 without entries.
fn phrasings_per_entry(index: &Index) -> f32 {
    index.phrasings() as f32 / index.len().max(1) as f32
}

/// What rows an index has, and how many of what length.
fn shape(index: &Index) -> Vec<u64> {
    let of_entry = |entry: usize| {
        [index.bounds(entry).end, index.answer(entry).map_or(0, |row| row + 1)].map(|at| at as u64)
    };
    let sizes = [index.rows().len() as u64, index.rows().dimension() as u64];
    sizes.into_iter().chain((0..index.len()).flat_map(of_entry)).collect()
}

/// Mean and standard deviation.
fn spread(scores: impl Iterator<Item = f32> + Clone) -> (f32, f32) {
    let count = scores.clone().count().max(1) as f32;
    let mean = scores.clone().sum::<f32>() / count;
    let variance = scores.map(|score| (score - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

impl Classifier {
    fn new(index: &Index, rows: ArrayView2<f32>, middle: &Middle, places: &[Place]) -> Option<Self> {
        let (entries, each) = (index.len(), phrasings_per_entry(index));
        if entries < 2 || each < CLASSIFIER_PHRASINGS {
            return None;
        }
        // Every entry weighs the same, whatever the number of its phrasings, and phrasings 1 on average.
        let dimension = rows.ncols();
        let blocks = in_blocks(entries, ENTRIES_A_BLOCK, |part| {
            let first = index.bounds(part.start).start;
            let count = index.bounds(part.end - 1).end - first;
            let mut weighted = Array2::<f32>::zeros((count, dimension));
            for bounds in part.map(|entry| index.bounds(entry)) {
                let weight = (each / bounds.len().max(1) as f32).sqrt();
                for row in bounds {
                    let inverse_distance = places[row].inverse_distance * weight;
                    let place = Place { inverse_distance, ..places[row] };
                    middle.write_seen(rows.row(row), place, weighted.row_mut(row - first));
                }
            }
            weighted.t().dot(&weighted)
        });
        let mut moments = Array2::<f64>::zeros((dimension, dimension));
        blocks.for_each(|block| moments.zip_mut_with(&block, |sum, &part| *sum += f64::from(part)));
        for diagonal in moments.diag_mut() {
            *diagonal += RIDGE;
        }
        Some(Classifier { factor: cholesky(moments)?, each })
    }

    /// The inverse of the moments, times a vector.
    fn solve(&self, vector: ArrayView1<f32>) -> Array1<f32> {
        let size = vector.len();
        let mut x: Vec<f64> = vector.iter().map(|&value| f64::from(value)).collect();
        for row in 0..size {
            let factors = self.factor.row(row);
            let known = factors.slice_axis(Axis(0), (..row).into()).dot(&ArrayView1::from(&x[..row]));
            x[row] = (x[row] - known) / factors[row];
        }
        for row in (0..size).rev() {
            x[row] /= self.factor[[row, row]];
            let value = x[row];
            let factors = self.factor.row(row);
            for column in 0..row {
                x[column] -= factors[column] * value;
            }
        }
        x.into_iter().map(|value| value as f32).collect()
    }
}

/// The lower Cholesky factor of a symmetric matrix; `None` where it is not positive definite.
fn cholesky(mut matrix: Array2<f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    for column in 0..size {
        for row in column..size {
            let (above, at) = matrix.view().split_at(Axis(0), row);
            let left = if row == column { at.row(0) } else { above.row(column) };
            let known = left
                .slice_axis(Axis(0), (..column).into())
                .dot(&at.row(0).slice_axis(Axis(0), (..column).into()));
            let rest = matrix[[row, column]] - known;
            matrix[[row, column]] = if row == column {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                rest.sqrt()
            } else {
                rest / matrix[[column, column]]
            };
        }
    }
    Some(matrix)
}

/// Words and letter triples of the phrasings, weighted by how few entries have them; and the phrasings
/// themselves. Texts are normalised once for all of this.
#[derive(Debug, Clone)]
struct Lexicon {
    /// The hash of each feature, ascending.
    features: Vec<u64>,
    /// The number of entries that have it.
    holders: Vec<u32>,
    /// Where its rows begin in `rows` and `weights`; one more at the end.
    starts: Vec<u32>,
    /// The rows that have it.
    rows: Vec<u32>,
    /// Its weight in them.
    weights: Vec<f32>,
    /// The hash of each normalised phrasing, ascending.
    phrasings: Vec<u64>,
    /// Its row; the same phrasing's in the order of the FAQ.
    rows_of_phrasings: Vec<u32>,
    /// The number of entries.
    entries: usize,
}

/// How rare a feature is that `entries` of `count` entries have: its inverse document frequency.
fn rarity(entries: u32, count: usize) -> f32 {
    ((count as f32 + 1.0) / (entries as f32 + 0.5)).ln().max(0.0)
}

fn word_hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

/// The words of a normalised text and the letter triples of `^word$`, counted, in the order of their
/// hashes: sums over them are the same on every run.
fn features(normalized: &str) -> Vec<(u64, u32)> {
    let mut all: Vec<u64> = Vec::with_capacity(2 * normalized.len());
    let mut letters: Vec<char> = Vec::new();
    let mut triple = [0u8; 13];
    for word in normalized.split(' ').filter(|word| !word.is_empty()) {
        all.push(word_hash(word));
        letters.clear();
        letters.push('^');
        letters.extend(word.chars());
        letters.push('$');
        for window in letters.windows(3) {
            // The first byte sets triples apart from words.
            let mut end = 1;
            for letter in window {
                end += letter.encode_utf8(&mut triple[end..]).len();
            }
            all.push(xxh3_64(&triple[..end]));
        }
    }
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect()
}

/// The weights of counted features, of which `rarity` is given the hash or position: a vector of length
/// 1 (or 0).
fn weigh<F: Copy>(counts: &[(F, u32)], rarity: impl Fn(F) -> f32) -> impl Iterator<Item = (F, f32)> {
    let weight = move |&(feature, count): &(F, u32)| (1.0 + (count as f32).ln()) * rarity(feature);
    let length = counts.iter().map(|feature| weight(feature).powi(2)).sum::<f32>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 1.0 };
    counts.iter().map(move |feature| (feature.0, weight(feature) * scale))
}

impl Lexicon {
    fn new(entries: &[Entry]) -> Self {
        // For each entry, its phrasings' hashes and features; for some hundred entries at a time.
        let counted = in_blocks(entries.len(), ENTRIES_A_BLOCK, |part| {
            let of_phrasing = |text: &String| {
                let normalized = normalize_phrasing(text);
                (xxh3_64(normalized.as_bytes()), features(&normalized))
            };
            let of_entry = |entry: &Entry| entry.phrasings.iter().map(of_phrasing).collect::<Vec<_>>();
            entries[part].iter().map(of_entry).collect::<Vec<_>>()
        });
        let mut numbers = ByHash::<u64, u32>::default();
        // For each feature, in the order in which they are met: its hash, the entries that have it, the
        // last of them, and its rows.
        let mut met: Vec<(u64, u32, usize, u32)> = Vec::new();
        let mut of_rows: Vec<(u32, u32)> = Vec::new();
        let mut ends: Vec<usize> = Vec::new();
        let mut phrasings: Vec<(u64, u32)> = Vec::new();
        for (entry, of_phrasings) in counted.flatten().enumerate() {
            for (phrasing, features) in of_phrasings {
                phrasings.push((phrasing, phrasings.len() as u32));
                for (hash, count) in features {
                    let next = met.len() as u32;
                    let number = *numbers.entry(hash).or_insert(next);
                    if number == next {
                        met.push((hash, 0, usize::MAX, 0));
                    }
                    let (_, entries, last, rows) = &mut met[number as usize];
                    if *last != entry {
                        (*entries, *last) = (*entries + 1, entry);
                    }
                    *rows += 1;
                    of_rows.push((number, count));
                }
                ends.push(of_rows.len());
            }
        }
        drop(numbers);
        phrasings.sort_unstable();
        // From the order in which features were met to that of their hashes.
        let mut order: Vec<u32> = (0..met.len() as u32).collect();
        order.sort_unstable_by_key(|&number| met[number as usize].0);
        let mut places = vec![0; met.len()];
        order.iter().enumerate().for_each(|(at, &number)| places[number as usize] = at);
        let in_order = || order.iter().map(|&number| met[number as usize]);
        let starts: Vec<u32> = [0]
            .into_iter()
            .chain(in_order().scan(0, |sum, (_, _, _, rows)| {
                *sum += rows;
                Some(*sum)
            }))
            .collect();

        let rarities: Vec<f32> = met.iter().map(|&(_, holders, ..)| rarity(holders, entries.len())).collect();
        let mut next = starts.clone();
        let (mut rows, mut weights) = (vec![0; of_rows.len()], vec![0.0; of_rows.len()]);
        let mut begin = 0;
        for (row, end) in ends.into_iter().enumerate() {
            for (number, weight) in weigh(&of_rows[begin..end], |number| rarities[number as usize]) {
                let next = &mut next[places[number as usize]];
                (rows[*next as usize], weights[*next as usize]) = (row as u32, weight);
                *next += 1;
            }
            begin = end;
        }
        let (phrasings, rows_of_phrasings) = phrasings.into_iter().unzip();
        Lexicon {
            features: in_order().map(|(hash, ..)| hash).collect(),
            holders: in_order().map(|(_, holders, ..)| holders).collect(),
            starts,
            rows,
            weights,
            phrasings,
            rows_of_phrasings,
            entries: entries.len(),
        }
    }

    fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.features)?;
        out.array(&self.holders)?;
        out.array(&self.starts)?;
        out.array(&self.rows)?;
        out.array(&self.weights)?;
        out.array(&self.phrasings)?;
        out.array(&self.rows_of_phrasings)
    }

    /// Reads what [`Lexicon::write`] wrote.
    fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
        let lexicon = Lexicon {
            features: from.array()?,
            holders: from.array()?,
            starts: from.array()?,
            rows: from.array()?,
            weights: from.array()?,
            phrasings: from.array()?,
            rows_of_phrasings: from.array()?,
            entries: index.len(),
        };
        let count = index.phrasings();
        let within = |rows: &[u32]| rows.iter().all(|&row| (row as usize) < count);
        let fits = lexicon.holders.len() == lexicon.features.len()
            && lexicon.starts.len() == lexicon.features.len() + 1
            && lexicon.starts.is_sorted()
            && lexicon.starts.last().is_some_and(|&end| end as usize == lexicon.rows.len())
            && lexicon.weights.len() == lexicon.rows.len()
            && lexicon.phrasings.len() == count
            && lexicon.rows_of_phrasings.len() == count
            && within(&lexicon.rows)
            && within(&lexicon.rows_of_phrasings);
        if fits { Ok(lexicon) } else { Err(broken("its words are not those of the rows")) }
    }

    fn position(&self, feature: u64) -> Option<usize> {
        self.features.binary_search(&feature).ok()
    }

    fn like(&self, normalized: &str) -> &[u32] {
        let hash = xxh3_64(normalized.as_bytes());
        let start = self.phrasings.partition_point(|&phrasing| phrasing < hash);
        let count = self.phrasings[start..].partition_point(|&phrasing| phrasing == hash);
        &self.rows_of_phrasings[start..start + count]
    }

    /// For each entry the greatest likeness of the text to one of its phrasings, in `0..=1`.
    fn compare(&self, text: &str, index: &Index) -> Vec<f32> {
        let counts = features(&normalize_phrasing(text));
        let known: Vec<(Option<usize>, u32)> =
            counts.iter().map(|&(hash, count)| (self.position(hash), count)).collect();
        let rarity = |feature: Option<usize>| rarity(feature.map_or(0, |at| self.holders[at]), self.entries);
        let mut rows = vec![0.0f32; index.phrasings()];
        for (feature, weight) in weigh(&known, rarity) {
            let Some(at) = feature else { continue };
            let range = self.starts[at] as usize..self.starts[at + 1] as usize;
            for (&row, of_row) in self.rows[range.clone()].iter().zip(&self.weights[range]) {
                rows[row as usize] += weight * of_row;
            }
        }
        (0..index.len())
            .map(|entry| rows[index.bounds(entry)].iter().copied().fold(0.0, f32::max).min(1.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{Embedder, HashEmbedder, Role};
    use crate::faq::Faq;
    use ndarray::array;
    use std::path::Path;

    fn evidence(yaml: &str) -> (Evidence, Index) {
        let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let texts: Vec<&str> =
            faq.entries.iter().flat_map(|entry| &entry.phrasings).map(String::as_str).collect();
        let (answered, answers): (Vec<usize>, Vec<String>) =
            faq.entries.iter().enumerate().filter_map(|(at, entry)| Some((at, answer_text(entry)?))).unzip();
        let all: Vec<&str> = texts.into_iter().chain(answers.iter().map(String::as_str)).collect();
        let rows = HashEmbedder::new().embed(Role::Passage, &all, &mut |_| ()).unwrap();
        let counts = faq.entries.iter().map(|entry| entry.phrasings.len());
        let index = Index::new(rows.clone(), counts, answered);
        (Evidence::new(&faq.entries, &index, rows.view()), index)
    }

    fn rank(evidence: &(Evidence, Index), text: &str) -> Ranking {
        let row = HashEmbedder::new().embed(Role::Query, &[text], &mut |_| ()).unwrap();
        evidence.0.rank(&evidence.1, text, row.row(0), 10)
    }

    const SHOP: &str = "
- {question: Where is my parcel?, also: [track my order, parcel late], answer: In the van.}
- {question: How do I reset my password?, also: [forgot my password], answer: Use the link.}
- {question: How do I pay?, also: [do you take cards], answer: '[pay]'}
";

    #[test]
    fn the_right_entry_scores_highest_and_signals_are_there() {
        let ranking = rank(&evidence(SHOP), "my password is forgotten");
        let best = &ranking.matches[0];
        assert_eq!(best.entry, 1);
        assert!(best.score > ranking.matches[1].score + 0.1);
        assert!(best.signals.classifier.is_some() && best.signals.answer.is_some());
        let pay = ranking.matches.iter().find(|found| found.entry == 2).unwrap();
        assert_eq!(pay.signals.answer, None, "a placeholder is no answer");
    }

    #[test]
    fn a_typo_is_found_by_its_letters() {
        let ranking = rank(&evidence(SHOP), "pasword");
        assert_eq!(ranking.matches[0].entry, 1);
        assert!(ranking.matches[0].signals.words > 0.1);
    }

    #[test]
    fn looking_in_8_bits_first_finds_the_same() {
        let mut state = 1u32;
        let mut random = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % most
        };
        let mut phrasing = || (0..6).map(|_| format!("w{}", random(300))).collect::<Vec<_>>().join(" ");
        let mut entries = String::new();
        for entry in 0..MANY_ROWS / 2 {
            entries += &format!(
                "- {{question: {}, also: [{}, {}], answer: {}}}\n",
                phrasing(),
                phrasing(),
                phrasing(),
                if entry % 3 == 0 { "'[none]'".to_owned() } else { phrasing() }
            );
        }
        let (mut evidence, index) = evidence(&entries);
        assert!(evidence.codes.is_some() && evidence.classifier.is_some());
        let queries: Vec<String> = (0..20).map(|_| phrasing()).collect();
        let rank = |evidence: &Evidence, text: &str| {
            let row = HashEmbedder::new().embed(Role::Query, &[text], &mut |_| ()).unwrap();
            evidence.rank(&index, text, row.row(0), 10)
        };
        let nearly: Vec<Ranking> = queries.iter().map(|text| rank(&evidence, text)).collect();
        evidence.codes = None;
        for (text, nearly) in queries.iter().zip(nearly) {
            let exact = rank(&evidence, text);
            assert_eq!(exact.matches.len(), 10);
            for (a, b) in exact.matches.iter().zip(&nearly.matches) {
                assert!(a.entry == b.entry || a.score == b.score, "{a:?} {b:?}");
                assert!((a.score - b.score).abs() < 1e-5, "{a:?} {b:?}");
            }
            assert!((exact.spread.0 - nearly.spread.0).abs() < 1e-3);
            assert!((exact.spread.1 - nearly.spread.1).abs() < 1e-3);
        }
    }

    #[test]
    fn small_faqs_degrade_cleanly() {
        for yaml in [
            "- {question: Only one?, answer: Yes.}",
            "- {question: Same?, answer: a}\n- {question: Same!, answer: a}",
            "- {question: '?!', answer: a}\n- {question: b, answer: '[b]'}",
        ] {
            let evidence = evidence(yaml);
            for text in ["Only one?", "same", "", "something else"] {
                let ranking = rank(&evidence, text);
                assert!(ranking.matches.iter().all(|found| found.score.is_finite()), "{yaml} {text}");
                assert!(ranking.spread.1.is_finite());
            }
        }
        let (rows, index) = (Array2::zeros((0, 256)), Index::new(Array2::zeros((0, 256)), [], []));
        let empty = (Evidence::new(&[], &index, rows.view()), index);
        assert!(rank(&empty, "anything").matches.is_empty());
    }

    #[test]
    fn the_factor_solves_the_system() {
        let matrix = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let classifier = Classifier { factor: cholesky(matrix.clone()).unwrap(), each: 1.0 };
        let x = classifier.solve(array![1.0f32, 2.0, 3.0].view()).mapv(f64::from);
        for (value, expected) in matrix.dot(&x).iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-5);
        }
        assert!(cholesky(array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }

    #[test]
    fn the_score_is_the_mean_of_what_there_is() {
        let signals = Signals { phrasing: 0.8, centroid: 0.6, words: 0.5, classifier: None, answer: None };
        let weights = Weights { phrasing: 1.0, centroid: 1.0, words: 2.0, classifier: 9.0, answer: 9.0 };
        assert!((signals.score(&weights) - 0.6).abs() < 1e-6);
        assert_eq!(
            Signals::default().score(&Weights { phrasing: 0.0, centroid: 0.0, words: 0.0, ..weights }),
            0.0
        );
    }

    #[test]
    fn placeholders_are_no_answers() {
        for (answer, real) in [
            ("", false),
            ("[greeting]", false),
            (" [a b] ", false),
            ("[link](x) and text", true),
            ("Yes.", true),
        ] {
            assert_eq!(is_real_answer(answer), real, "{answer:?}");
        }
    }

    #[test]
    fn equal_scores_keep_the_order_of_the_faq() {
        let all: Vec<Match> =
            (0..50).rev().map(|entry| Match { entry, score: 0.5, ..Match::default() }).collect();
        for count in [0, 1, 7, 50, 60] {
            let mut matches = all.clone();
            keep_best(&mut matches, count);
            let entries: Vec<usize> = matches.iter().map(|found| found.entry).collect();
            assert_eq!(entries, (0..count.min(50)).collect::<Vec<_>>());
        }
    }
}
