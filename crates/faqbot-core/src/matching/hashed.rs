//! Pieces of texts as features of a classifier: each hashed to a place, all of a text as a unit vector.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use xxhash_rust::xxh3::xxh3_64;

/// Runs of letters of these lengths within a word, whose ends count as letters (spaces).
pub fn letter_runs(word: &str, lengths: RangeInclusive<usize>) -> Vec<String> {
    let letters: Vec<char> = format!(" {word} ").chars().collect();
    let runs = |length| letters.windows(length).map(|run| run.iter().collect()).collect::<Vec<String>>();
    lengths.flat_map(runs).collect()
}

/// The places of pieces, in order and each once, from `first` on and below `first + places`; with the value at each that
/// makes them a unit vector. Of no pieces, none.
pub fn unit_vector(
    pieces: impl IntoIterator<Item = String>,
    first: usize,
    places: usize,
) -> Vec<(usize, f32)> {
    let place = |piece: String| first + xxh3_64(piece.as_bytes()) as usize % places;
    let at: BTreeSet<usize> = pieces.into_iter().map(place).collect();
    let value = 1.0 / (at.len().max(1) as f32).sqrt();
    at.into_iter().map(|at| (at, value)).collect()
}
