//! `lexical`: words and letter trigrams that the query and a phrasing have in common, weighted by inverse
//! document frequency (Spärck Jones 1972; a document is an entry). It is the cosine of the two weighted
//! vectors, in `0..=1`, of the phrasing that is most alike.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use faqbot_faq::normalize_phrasing;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::{EntryProducts, Query, Signal, Source};
use crate::matching::index::{ENTRIES_PER_BLOCK, Index};
use crate::parallel::in_blocks;

/// An inverted index: for each feature, the phrasings that have it and its weight in them.
#[derive(Debug, Clone)]
pub struct Lexical {
    /// The hash of each feature, ascending.
    features: Vec<u64>,
    /// The number of entries that have it.
    document_frequencies: Vec<u32>,
    /// Where its rows begin in `rows` and `weights`; one more at the end.
    starts: Vec<u32>,
    /// The rows that have it.
    rows: Vec<u32>,
    /// Its weight in them.
    weights: Vec<f32>,
    /// The number of entries.
    entries: usize,
}

/// What is counted of a feature while the index is built.
#[derive(Clone, Copy)]
struct Count {
    hash: u64,
    entries: u32,
    last_entry: usize,
    rows: u32,
}

impl Signal for Lexical {
    /// For each entry the greatest likeness to one of its phrasings.
    type Query = Vec<f32>;

    fn build(source: &Source) -> Option<Self> {
        let Source { normalized, index, .. } = source;
        // For each entry, its phrasings' features; for some hundred entries at a time.
        let features_of = in_blocks(index.len(), ENTRIES_PER_BLOCK, |part| {
            let of_entry = |entry: usize| {
                normalized[index.bounds(entry)].iter().map(|text| features(text)).collect::<Vec<_>>()
            };
            part.map(of_entry).collect::<Vec<_>>()
        });
        let mut numbers = FxHashMap::<u64, u32>::default();
        // Features in the order in which they are met.
        let mut counts: Vec<Count> = Vec::new();
        let mut of_rows: Vec<(u32, u32)> = Vec::new();
        let mut ends: Vec<usize> = Vec::new();
        for (entry, phrasings) in features_of.flatten().enumerate() {
            for features in phrasings {
                for (hash, times) in features {
                    let next = counts.len() as u32;
                    let number = *numbers.entry(hash).or_insert(next);
                    if number == next {
                        counts.push(Count { hash, entries: 0, last_entry: usize::MAX, rows: 0 });
                    }
                    let count = &mut counts[number as usize];
                    if count.last_entry != entry {
                        (count.entries, count.last_entry) = (count.entries + 1, entry);
                    }
                    count.rows += 1;
                    of_rows.push((number, times));
                }
                ends.push(of_rows.len());
            }
        }
        drop(numbers);
        // From the order in which features were met to that of their hashes.
        let mut order: Vec<u32> = (0..counts.len() as u32).collect();
        order.sort_unstable_by_key(|&number| counts[number as usize].hash);
        let mut positions = vec![0; counts.len()];
        order.iter().enumerate().for_each(|(at, &number)| positions[number as usize] = at);
        let in_order = || order.iter().map(|&number| counts[number as usize]);
        let starts: Vec<u32> = [0]
            .into_iter()
            .chain(in_order().scan(0, |sum, count| {
                *sum += count.rows;
                Some(*sum)
            }))
            .collect();

        let frequencies: Vec<f32> =
            counts.iter().map(|count| inverse_document_frequency(count.entries, index.len())).collect();
        let mut next = starts.clone();
        let (mut rows, mut weights) = (vec![0; of_rows.len()], vec![0.0; of_rows.len()]);
        let mut begin = 0;
        for (row, end) in ends.into_iter().enumerate() {
            for (number, weight) in weigh(&of_rows[begin..end], |number| frequencies[number as usize]) {
                let next = &mut next[positions[number as usize]];
                (rows[*next as usize], weights[*next as usize]) = (row as u32, weight);
                *next += 1;
            }
            begin = end;
        }
        Some(Lexical {
            features: in_order().map(|count| count.hash).collect(),
            document_frequencies: in_order().map(|count| count.entries).collect(),
            starts,
            rows,
            weights,
            entries: index.len(),
        })
    }

    fn query(&self, query: &Query) -> Vec<f32> {
        let counts = features(&normalize_phrasing(query.text));
        let known: Vec<(Option<usize>, u32)> =
            counts.iter().map(|&(hash, times)| (self.position(hash), times)).collect();
        let frequency = |feature: Option<usize>| {
            let entries = feature.map_or(0, |at| self.document_frequencies[at]);
            inverse_document_frequency(entries, self.entries)
        };
        let mut likeness = vec![0.0f32; query.index.phrasings()];
        for (feature, weight) in weigh(&known, frequency) {
            let Some(at) = feature else { continue };
            let range = self.starts[at] as usize..self.starts[at + 1] as usize;
            for (&row, of_row) in self.rows[range.clone()].iter().zip(&self.weights[range]) {
                likeness[row as usize] += weight * of_row;
            }
        }
        let nearest =
            |entry| likeness[query.index.bounds(entry)].iter().copied().fold(0.0, f32::max).min(1.0);
        (0..query.index.len()).map(nearest).collect()
    }

    fn score(&self, likeness: &Vec<f32>, entry: usize, _: EntryProducts) -> Option<f32> {
        Some(likeness[entry])
    }

    fn error(&self, _: usize, _: f32, _: f32) -> f32 {
        0.0
    }

    fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&self.features)?;
        out.array(&self.document_frequencies)?;
        out.array(&self.starts)?;
        out.array(&self.rows)?;
        out.array(&self.weights)
    }

    fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
        let lexical = Lexical {
            features: from.array()?,
            document_frequencies: from.array()?,
            starts: from.array()?,
            rows: from.array()?,
            weights: from.array()?,
            entries: index.len(),
        };
        let fits = lexical.document_frequencies.len() == lexical.features.len()
            && lexical.starts.len() == lexical.features.len() + 1
            && lexical.starts.is_sorted()
            && lexical.starts.last().is_some_and(|&end| end as usize == lexical.rows.len())
            && lexical.weights.len() == lexical.rows.len()
            && lexical.rows.iter().all(|&row| (row as usize) < index.phrasings());
        if fits { Ok(lexical) } else { Err(broken("its words are not those of the rows")) }
    }
}

impl Lexical {
    /// How many entries have a normalised word in their phrasings.
    pub fn document_frequency(&self, word: &str) -> usize {
        self.position(word_hash(word)).map_or(0, |at| self.document_frequencies[at] as usize)
    }

    fn position(&self, feature: u64) -> Option<usize> {
        self.features.binary_search(&feature).ok()
    }
}

/// How rare a feature is that `entries` of `count` entries have; at least 0.
fn inverse_document_frequency(entries: u32, count: usize) -> f32 {
    ((count as f32 + 1.0) / (entries as f32 + 0.5)).ln().max(0.0)
}

fn word_hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

/// The words of a normalised text and the letter trigrams of `^word$`, counted, in the order of their
/// hashes: sums over them are the same on every run.
fn features(normalized: &str) -> Vec<(u64, u32)> {
    let mut all: Vec<u64> = Vec::with_capacity(2 * normalized.len());
    let mut letters: Vec<char> = Vec::new();
    let mut trigram = [0u8; 13];
    for word in normalized.split(' ').filter(|word| !word.is_empty()) {
        all.push(word_hash(word));
        letters.clear();
        letters.push('^');
        letters.extend(word.chars());
        letters.push('$');
        for window in letters.windows(3) {
            // The first byte sets trigrams apart from words.
            let mut end = 1;
            for letter in window {
                end += letter.encode_utf8(&mut trigram[end..]).len();
            }
            all.push(xxh3_64(&trigram[..end]));
        }
    }
    all.sort_unstable();
    all.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u32)).collect()
}

/// The weights of counted features, whose inverse document frequency `frequency` gives by hash or
/// position: a vector of length 1 (or 0).
fn weigh<F: Copy>(counts: &[(F, u32)], frequency: impl Fn(F) -> f32) -> impl Iterator<Item = (F, f32)> {
    let weight = move |&(feature, times): &(F, u32)| (1.0 + (times as f32).ln()) * frequency(feature);
    let length = counts.iter().map(|feature| weight(feature).powi(2)).sum::<f32>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 1.0 };
    counts.iter().map(move |feature| (feature.0, weight(feature) * scale))
}
