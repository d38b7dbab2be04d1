//! What words mean to each other, from WordNet 3.1: synonyms, words of the same kind, opposites.
//!
//! Word vectors cannot tell "a kid's ticket" for "a child's ticket" from "a dog" for "a cat": both pairs are near.
//! The table `wordnet.bin` is made by `cargo run --release -p faqbot-train --bin wordnet`. Words are looked up
//! by their English stems.

use std::sync::LazyLock;

/// Senses of a word that count, by part of speech; rarer ones make synonyms of nearly all words.
pub const SENSES: usize = 4;

/// Begins every table.
pub const MAGIC: u32 = 0x314e_5746;

/// How two words are related: strengths in `0..=1`, greater where the senses are more frequent ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Relation {
    /// They share a sense.
    pub synonyms: f64,
    /// They share the kind above: "cat" and "dog", "Berlin" and "Munich".
    pub sisters: f64,
    /// One is a kind of the other: "fee" and "charge".
    pub kinds: f64,
    /// One is the opposite of the other.
    pub opposites: bool,
}

/// The table, read where it lies: all numbers are 32 bits, the least significant byte first.
///
/// After [`MAGIC`] and the numbers of stems, senses, synsets, parents, opposites and bytes of stems: for each stem the
/// end of its bytes, for each stem the end of its senses, the senses (`synset * SENSES + rank`), for each synset the
/// end of its parents, the parents, the opposites (`stem, stem`, in order), and the bytes of the stems, in order.
struct Table {
    stems: usize,
    stem_ends: &'static [[u8; 4]],
    sense_ends: &'static [[u8; 4]],
    senses: &'static [[u8; 4]],
    parent_ends: &'static [[u8; 4]],
    parents: &'static [[u8; 4]],
    opposites: &'static [[u8; 4]],
    bytes: &'static [u8],
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let all: &'static [u8] = include_bytes!("wordnet.bin");
    let (words, rest) = all.as_chunks::<4>();
    let number = |at: usize| u32::from_le_bytes(words[at]) as usize;
    let [stems, senses, synsets, parents, opposites] = [1, 2, 3, 4, 5].map(number);
    let mut at = 6;
    let mut take = |count: usize| {
        at += count;
        &words[at - count..at]
    };
    let stem_ends = take(stems);
    let sense_ends = take(stems);
    let senses = take(senses);
    let parent_ends = take(synsets);
    let parents = take(parents);
    let opposites = take(2 * opposites);
    debug_assert!(rest.len() < 4);
    Table { stems, stem_ends, sense_ends, senses, parent_ends, parents, opposites, bytes: &all[4 * at..] }
});

impl Table {
    fn range(ends: &[[u8; 4]], at: usize) -> std::ops::Range<usize> {
        let end = |at: usize| u32::from_le_bytes(ends[at]) as usize;
        (if at == 0 { 0 } else { end(at - 1) })..end(at)
    }

    fn find(&self, stem: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.stems);
        while low < high {
            let middle = low.midpoint(high);
            match self.bytes[Self::range(self.stem_ends, middle)].cmp(stem.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The synsets of a stem with the rank of the sense, the most frequent first.
    fn senses(&self, stem: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
        self.senses[Self::range(self.sense_ends, stem)].iter().map(|&sense| {
            let sense = u32::from_le_bytes(sense) as usize;
            (sense / SENSES, sense % SENSES)
        })
    }

    /// The synsets above those of a stem.
    fn above(&self, stem: usize) -> Vec<(usize, usize)> {
        let parents = |(synset, rank): (usize, usize)| {
            let range = Self::range(self.parent_ends, synset);
            self.parents[range].iter().map(move |&parent| (u32::from_le_bytes(parent) as usize, rank))
        };
        self.senses(stem).flat_map(parents).collect()
    }

    fn are_opposites(&self, a: usize, b: usize) -> bool {
        let (pairs, _) = self.opposites.as_chunks::<2>();
        pairs
            .binary_search_by_key(&(a, b), |&pair| pair.map(|stem| u32::from_le_bytes(stem) as usize).into())
            .is_ok()
    }
}

/// Whether the table has a stem.
pub fn knows(stem: &str) -> bool {
    TABLE.find(stem).is_some()
}

/// How far two stems are synonyms: [`Relation::synonyms`] alone, without what lies above their senses.
pub fn synonyms(a: &str, b: &str) -> f64 {
    match (TABLE.find(a), TABLE.find(b)) {
        (Some(a), Some(b)) => shared(TABLE.senses(a), TABLE.senses(b)),
        _ => 0.0,
    }
}

/// How two stems are related; not at all where the table lacks one.
pub fn relation(a: &str, b: &str) -> Relation {
    let (Some(a), Some(b)) = (TABLE.find(a), TABLE.find(b)) else { return Relation::default() };
    let (above_a, above_b) = (TABLE.above(a), TABLE.above(b));
    let of = |stem| TABLE.senses(stem);
    Relation {
        synonyms: shared(of(a), of(b)),
        sisters: shared(above_a.iter().copied(), above_b.iter().copied()),
        kinds: shared(of(a), above_b.iter().copied()).max(shared(above_a.iter().copied(), of(b))),
        opposites: TABLE.are_opposites(a, b),
    }
}

/// The strength of the most frequent pair of senses that is the same synset: `1 / (1 + rank + rank)`.
fn shared(a: impl Iterator<Item = (usize, usize)>, b: impl Iterator<Item = (usize, usize)> + Clone) -> f64 {
    let ranks = a.flat_map(|(synset, rank)| {
        b.clone().filter(move |(other, _)| *other == synset).map(move |(_, other)| rank + other)
    });
    ranks.min().map_or(0.0, |ranks| 1.0 / (1.0 + ranks as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_related_as_wordnet_has_them() {
        assert!(relation("kid", "child").synonyms > 0.0);
        assert!(relation("children", "kid").synonyms > 0.0, "an irregular form");
        assert_eq!(relation("dog", "cat").synonyms, 0.0);
        assert!(relation("juli", "januari").sisters > 0.0);
        assert!(relation("monthli", "quarter").synonyms < 0.5);
        assert!(relation("buy", "sell").opposites && relation("sell", "buy").opposites);
        assert!(!relation("buy", "purchas").opposites);
        assert!(relation("buy", "purchas").synonyms > 0.0);
        assert!(!knows("e1042") && !knows(""));
        assert_eq!(relation("xyzzy", "buy"), Relation::default());
    }
}
