//! Whether someone is in danger who writes a message: thinks of suicide, hurts themselves, is beaten, has swallowed
//! something, or fears for someone else.
//!
//! People say it in ever other words, and others use the same words for a long day at work; nearness to a few
//! phrasings tells them apart badly. A logistic model decides, on the message's vector and on its letters, which
//! also carry other languages than the embedding model's. It is fitted by `cargo run --release -p faqbot-train --bin crisis` to
//! `data/crisis.jsonl` and to the half of `data/messages.jsonl` that is not for tests.

use std::sync::LazyLock;

use faqbot_embed::ModelId;
use faqbot_embed::fastembed::BUNDLED_ID;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::matching::hashed::{letter_runs, unit_vector};

/// Places of the hashed pieces of words, and of the hashed words and pairs of words.
pub const BUCKETS: usize = 8192;

/// Letters of a message that count; a model reads no more.
const LETTERS: usize = 2000;

/// A message's features: its unit vector, and the [pieces] of its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// From where on a message is taken for one of someone in danger, in log odds of the fit.
    pub threshold: f32,
    /// Added to all.
    pub constant: f32,
    /// One for each number of the vector.
    pub vector: Vec<f32>,
    /// One for each place of a piece: pieces of words first, then words and pairs of words.
    pub pieces: Vec<f32>,
}

impl Classifier {
    /// What ships, for the bundled model; `None` for others.
    pub fn shipped(model: &ModelId) -> Option<&'static Self> {
        static SHIPPED: LazyLock<Classifier> = LazyLock::new(|| {
            serde_json::from_str(include_str!("crisis.json"))
                .expect("what_ships_has_a_weight_for_each_place reads it")
        });
        (Some(model.as_str()) == BUNDLED_ID).then(|| &*SHIPPED)
    }

    /// Whether a message with this unit vector is one of someone in danger, with log odds that are greater than the
    /// threshold by at least `surer`.
    pub fn is_crisis(&self, message: &str, vector: &[f32], surer: f32) -> bool {
        self.logit(vector, &pieces(message)) >= self.threshold + surer
    }

    /// The log odds.
    pub fn logit(&self, vector: &[f32], pieces: &[(usize, f32)]) -> f32 {
        let of_vector: f32 = self.vector.iter().zip(vector).map(|(weight, value)| weight * value).sum();
        let weight = |at: usize| self.pieces.get(at).copied().unwrap_or(0.0);
        self.constant + of_vector + pieces.iter().map(|&(at, value)| weight(at) * value).sum::<f32>()
    }
}

/// A text's pieces of words (2 to 4 letters, spaces at the ends of words among them), and its words and pairs of
/// words, as places below twice [`BUCKETS`] and their values. Each of the two kinds has length 1.
pub fn pieces(text: &str) -> Vec<(usize, f32)> {
    let folded: String =
        text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase).take(LETTERS).collect();
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let of_words = words.iter().flat_map(|word| letter_runs(word, 2..=4));
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let whole = words.iter().map(|word| (*word).to_owned()).chain(pairs);
    [unit_vector(of_words, 0, BUCKETS), unit_vector(whole, BUCKETS, BUCKETS)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_of_length_one_and_within_bounds() {
        for text in ["", "hi", "I don't want to live anymore", "日本語", &"x".repeat(100_000)] {
            let found = pieces(text);
            for range in [0..BUCKETS, BUCKETS..2 * BUCKETS] {
                let sum: f32 =
                    found.iter().filter(|(at, _)| range.contains(at)).map(|(_, value)| value * value).sum();
                assert!(found.is_empty() || (sum - 1.0).abs() < 1e-3, "{text}: {sum}");
            }
        }
        assert_eq!(pieces("Ich BIN müde!"), pieces("ich bin mude"));
    }

    #[test]
    fn what_ships_has_a_weight_for_each_place() {
        let shipped: Classifier = serde_json::from_str(include_str!("crisis.json")).unwrap();
        assert_eq!(shipped.pieces.len(), 2 * BUCKETS);
        assert!(!shipped.vector.is_empty() && shipped.threshold.is_finite());
    }
}
