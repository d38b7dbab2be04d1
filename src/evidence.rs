//! What speaks for an entry: five signals, and the score that joins them.
//!
//! | signal | what it is | where it is missing |
//! |---|---|---|
//! | `phrasing` | cosine to the nearest wording, both seen from the middle of the FAQ | never |
//! | `centroid` | the same to the mean of the entry's wordings | never |
//! | `words` | words and letter triples in common, rare ones weighing more | never |
//! | `classifier` | regularised least squares on the wordings' vectors | fewer than 3 wordings on 2 entries |
//! | `answer` | as `phrasing`, to question and answer embedded together | no real answer |
//!
//! "Seen from the middle": the mean of all entries is subtracted first. All entries of a FAQ share
//! a topic, which says nothing about which of them is meant, and a question about anything else
//! shares none of it.
//!
//! The score of an entry is the mean of its signals, weighted by [`WEIGHTS`]. What an entry has no
//! signal for takes no part in its mean.

use std::collections::{HashMap, HashSet};

use ndarray::{Array1, Array2, ArrayView1, Axis};
use xxhash_rust::xxh3::xxh3_64;

use crate::faq::{Entry, normalize_wording};
use crate::index::{Index, products};

/// Changes whenever the same FAQ and query would give other signals or another score: what was
/// fitted on one version holds for no other.
pub const VERSION: u32 = 1;

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

/// The penalty of the least squares, for wordings that weigh 1 on average.
const RIDGE: f64 = 0.3;

/// The classifier is built for FAQs with at least this many wordings an entry, on average; with fewer
/// it only repeats the nearest wording.
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

/// An entry that was found, with its nearest wording and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Match {
    /// Position of the entry in the FAQ.
    pub entry: usize,
    /// Position of its nearest wording among its wordings.
    pub phrasing: usize,
    /// Cosine of the query and that wording, in `-1..=1`.
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

/// The signals of a FAQ, ready for queries.
#[derive(Debug, Clone)]
pub struct Evidence {
    weights: Weights,
    middle: Middle,
    /// For each row of the index: its product with the middle, and 1 / its distance from it.
    rows: Vec<Place>,
    /// Unit rows, one an entry, seen from the middle `[entries, dimension]`.
    centroids: Array2<f32>,
    classifier: Option<Classifier>,
    answers: Answers,
    lexicon: Lexicon,
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
    /// The mean of the entries of an index, each being the mean of its wordings.
    fn new(index: &Index) -> Self {
        let mut point = Array1::zeros(index.rows().ncols());
        for entry in 0..index.len() {
            let bounds = index.bounds(entry);
            let phrasings = bounds.len().max(1) as f32;
            for row in bounds {
                point.scaled_add(1.0 / phrasings, &index.rows().row(row));
            }
        }
        point /= index.len() as f32 + MEAN_PRIOR;
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

    /// A row seen from the middle, of length 1 (or 0).
    fn seen(&self, row: ArrayView1<f32>) -> Array1<f32> {
        (&row - &self.point) * self.place(row).inverse_distance
    }
}

/// Regularised least squares from a vector to the entry it belongs to, in closed form.
#[derive(Debug, Clone)]
struct Classifier {
    /// The lower Cholesky factor of the wordings' weighted second moments plus the ridge.
    factor: Array2<f64>,
    /// For each entry, what its centroid is multiplied by to be the right-hand side.
    scales: Vec<f32>,
}

/// Rows of question and answer embedded together.
#[derive(Debug, Clone, Default)]
struct Answers {
    rows: Array2<f32>,
    places: Vec<Place>,
    /// The entry of each row, ascending.
    entries: Vec<usize>,
}

/// The rows of an index as the signals see them: from the middle of the FAQ, of length 1 (or 0).
pub fn seen_rows(index: &Index) -> Array2<f32> {
    let middle = Middle::new(index);
    let mut rows = index.rows().to_owned();
    for mut row in rows.rows_mut() {
        let seen = middle.seen(row.view());
        row.assign(&seen);
    }
    rows
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
    /// The signals of `entries`, whose wordings are the rows of `index`. `answers` are the unit rows
    /// of [`answer_text`], with the entries they belong to, ascending; empty to do without.
    pub fn new(entries: &[Entry], index: &Index, answers: Array2<f32>, answer_entries: Vec<usize>) -> Self {
        let rows = index.rows();
        let dimension = rows.ncols();
        let count = entries.len();

        let middle = Middle::new(index);

        let mut centroids = Array2::zeros((count, dimension));
        let mut lengths = vec![0.0; count];
        for (entry, mut centroid) in centroids.rows_mut().into_iter().enumerate() {
            let bounds = index.bounds(entry);
            let phrasings = bounds.len().max(1) as f32;
            for row in bounds {
                centroid.scaled_add(1.0 / phrasings, &middle.seen(rows.row(row)));
            }
            lengths[entry] = centroid.dot(&centroid).sqrt();
            if lengths[entry] > 0.0 {
                centroid /= lengths[entry];
            }
        }
        let places = rows.rows().into_iter().map(|row| middle.place(row)).collect();
        let classifier = Classifier::new(index, &middle, &lengths);
        let answers = Answers {
            places: answers.rows().into_iter().map(|row| middle.place(row)).collect(),
            rows: answers,
            entries: answer_entries,
        };
        let lexicon = Lexicon::new(entries);
        Evidence { weights: WEIGHTS, middle, rows: places, centroids, classifier, answers, lexicon }
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
    pub fn rank(&self, index: &Index, text: &str, query: ArrayView1<f32>, count: usize) -> Ranking {
        let place = self.middle.place(query);
        let seen = self.middle.seen(query);
        let cosines = products(index.rows(), query);
        let centroids = products(self.centroids.view(), seen.view());
        let classified = self.classifier.as_ref().map(|classifier| {
            let solved = classifier.solve(seen.view());
            (products(self.centroids.view(), solved.view()), &classifier.scales)
        });
        let mut answers = vec![None; index.len()];
        let answer_products = products(self.answers.rows.view(), query);
        for (row, &entry) in self.answers.entries.iter().enumerate() {
            answers[entry] = Some(self.middle.cosine(answer_products[row], place, self.answers.places[row]));
        }
        let words = self.lexicon.compare(text, index);

        let mut matches: Vec<Match> = Vec::with_capacity(index.len());
        for entry in 0..index.len() {
            let mut found = Match { entry, cosine: -1.0, ..Match::default() };
            let mut nearest = -1.0f32;
            let bounds = index.bounds(entry);
            let start = bounds.start;
            for row in bounds {
                // Rounding can carry the product of unit vectors just past 1.
                let cosine = cosines[row].clamp(-1.0, 1.0);
                if row == start || cosine > found.cosine {
                    (found.cosine, found.phrasing) = (cosine, row - start);
                }
                nearest = nearest.max(self.middle.cosine(cosines[row], place, self.rows[row]));
            }
            found.signals = Signals {
                phrasing: nearest,
                centroid: centroids[entry].clamp(-1.0, 1.0),
                words: words[entry],
                classifier: classified.as_ref().map(|(values, scales)| values[entry] * scales[entry]),
                answer: answers[entry],
            };
            found.score = found.signals.score(&self.weights);
            matches.push(found);
        }
        let spread = spread(&matches);
        keep_best(&mut matches, count);
        Ranking { matches, spread }
    }
}

fn spread(matches: &[Match]) -> (f32, f32) {
    let count = matches.len().max(1) as f32;
    let mean = matches.iter().map(|found| found.score).sum::<f32>() / count;
    let variance = matches.iter().map(|found| (found.score - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

impl Classifier {
    fn new(index: &Index, middle: &Middle, lengths: &[f32]) -> Option<Self> {
        let (phrasings, entries) = (index.rows().nrows(), index.len());
        if entries < 2 || (phrasings as f32) < CLASSIFIER_PHRASINGS * entries as f32 {
            return None;
        }
        // Every entry weighs the same, whatever the number of its wordings, and wordings 1 on average.
        let each = phrasings as f32 / entries as f32;
        let mut weighted = Array2::zeros(index.rows().raw_dim());
        for entry in 0..entries {
            let bounds = index.bounds(entry);
            let weight = (each / bounds.len().max(1) as f32).sqrt();
            for row in bounds {
                weighted.row_mut(row).assign(&(middle.seen(index.rows().row(row)) * weight));
            }
        }
        let mut moments = weighted.t().dot(&weighted).mapv(f64::from);
        for diagonal in moments.diag_mut() {
            *diagonal += RIDGE;
        }
        let factor = cholesky(moments)?;
        Some(Classifier { factor, scales: lengths.iter().map(|length| length * each).collect() })
    }

    /// The inverse of the moments, times a vector.
    fn solve(&self, vector: ArrayView1<f32>) -> Array1<f32> {
        let size = vector.len();
        let mut x: Vec<f64> = vector.iter().map(|&value| f64::from(value)).collect();
        for row in 0..size {
            let factors = self.factor.row(row);
            let known: f64 = (0..row).map(|column| factors[column] * x[column]).sum();
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
            let known: f64 = left.iter().zip(at.row(0)).take(column).map(|(a, b)| a * b).sum();
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

/// Words and letter triples of the wordings, weighted by how few entries have them.
#[derive(Debug, Clone)]
struct Lexicon {
    /// For each feature, the rows that have it with its weight in them, and its rarity.
    features: HashMap<u64, Feature>,
    /// The rarity of a feature that no entry has.
    unseen: f32,
}

#[derive(Debug, Clone, Default)]
struct Feature {
    rarity: f32,
    rows: Vec<(u32, f32)>,
}

/// How rare a feature is that `entries` of `count` entries have: its inverse document frequency.
fn rarity(entries: usize, count: usize) -> f32 {
    ((count as f32 + 1.0) / (entries as f32 + 0.5)).ln().max(0.0)
}

fn word_hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

/// The words of a text and the letter triples of `^word$`, counted.
fn features(text: &str) -> HashMap<u64, u32> {
    let mut counts = HashMap::new();
    let mut letters: Vec<char> = Vec::new();
    let mut triple = [0u8; 13];
    for word in normalize_wording(text).split(' ').filter(|word| !word.is_empty()) {
        *counts.entry(word_hash(word)).or_insert(0) += 1;
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
            *counts.entry(xxh3_64(&triple[..end])).or_insert(0) += 1;
        }
    }
    counts
}

/// Weights of counted features, as a vector of length 1 (or 0).
fn weigh(counts: HashMap<u64, u32>, rarity: impl Fn(u64) -> f32) -> Vec<(u64, f32)> {
    let mut weights: Vec<(u64, f32)> = counts
        .into_iter()
        .map(|(feature, count)| (feature, (1.0 + (count as f32).ln()) * rarity(feature)))
        .collect();
    // The order of a hash map differs from run to run, and with it the last digit of sums.
    weights.sort_unstable_by_key(|&(feature, _)| feature);
    let length = weights.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    if length > 0.0 {
        weights.iter_mut().for_each(|(_, weight)| *weight /= length);
    }
    weights
}

impl Lexicon {
    fn new(entries: &[Entry]) -> Self {
        let count = entries.len();
        let mut of_rows: Vec<HashMap<u64, u32>> = Vec::new();
        let mut holders: HashMap<u64, usize> = HashMap::new();
        for entry in entries {
            let mut own: HashSet<u64> = HashSet::new();
            for phrasing in &entry.phrasings {
                let counts = features(phrasing);
                own.extend(counts.keys());
                of_rows.push(counts);
            }
            own.into_iter().for_each(|feature| *holders.entry(feature).or_insert(0) += 1);
        }
        let mut known: HashMap<u64, Feature> = holders
            .into_iter()
            .map(|(feature, holders)| (feature, Feature { rarity: rarity(holders, count), rows: Vec::new() }))
            .collect();
        for (row, counts) in of_rows.into_iter().enumerate() {
            for (feature, weight) in weigh(counts, |feature| known[&feature].rarity) {
                if let Some(feature) = known.get_mut(&feature) {
                    feature.rows.push((row as u32, weight));
                }
            }
        }
        Lexicon { features: known, unseen: rarity(0, count) }
    }

    /// For each entry the greatest likeness of the text to one of its wordings, in `0..=1`.
    fn compare(&self, text: &str, index: &Index) -> Vec<f32> {
        let mut rows = vec![0.0f32; index.rows().nrows()];
        let rarity = |feature| self.features.get(&feature).map_or(self.unseen, |known| known.rarity);
        for (feature, weight) in weigh(features(text), rarity) {
            for &(row, of_row) in self.features.get(&feature).map_or(&[][..], |known| &known.rows) {
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
        let embed = |texts: &[&str]| HashEmbedder::new().embed(Role::Passage, texts, &mut |_| ()).unwrap();
        let index = Index::new(embed(&texts), faq.entries.iter().map(|entry| entry.phrasings.len()));
        let (entries, answers): (Vec<usize>, Vec<String>) =
            faq.entries.iter().enumerate().filter_map(|(at, entry)| Some((at, answer_text(entry)?))).unzip();
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        (Evidence::new(&faq.entries, &index, embed(&answers), entries), index)
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
        let empty = (
            Evidence::new(&[], &Index::new(Array2::zeros((0, 256)), []), Array2::zeros((0, 256)), vec![]),
            Index::new(Array2::zeros((0, 256)), []),
        );
        assert!(rank(&empty, "anything").matches.is_empty());
    }

    #[test]
    fn the_factor_solves_the_system() {
        let matrix = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let classifier = Classifier { factor: cholesky(matrix.clone()).unwrap(), scales: vec![] };
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
