//! Tells the kinds of small talk apart, and from questions: by what a message means, by its words and by its letters.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use faqbot_embed::ModelId;
use faqbot_embed::fastembed::BUNDLED_ID;
use faqbot_faq::SmallTalkKind;
use serde::{Deserialize, Serialize};

use super::Found;
use super::phrasings::{SETS, words};
use crate::matching::alignment::{content_words, stem};
use crate::matching::hashed::{letter_runs, unit_vector};

/// Features of a message's letters, and as many of its words after them: runs of either, each hashed to a number.
pub const FEATURES: usize = 2 * EACH;
const EACH: usize = 4096;

/// Letters of a run, at most. Runs of one to five do a little better than of two to four.
const LONGEST_RUN: usize = 5;

/// A message as the classifier reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The message with typing errors corrected, to be embedded.
    pub text: String,
    /// Positions below [`FEATURES`], in order, and their values: a unit vector for the letters, one for the words.
    pub features: Vec<(usize, f32)>,
    /// The words, small ones aside, that no phrasing of small talk has: "is this real leather" is about leather.
    pub other_words: Vec<String>,
}

impl Reading {
    /// Reads a message. `is_known` says whether the model knows a word as a whole; others may be typos.
    pub fn of(message: &str, is_known: &dyn Fn(&str) -> bool) -> Self {
        let typed = words(message);
        let corrected: Vec<String> = typed
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| corrected(word, is_known).unwrap_or_else(|| word.to_owned()))
            .collect();
        let corrected = corrected.join(" ");
        let letters = typed
            .split(' ')
            .filter(|word| !word.is_empty())
            .flat_map(|word| letter_runs(word, 1..=LONGEST_RUN));
        let features =
            [unit_vector(letters, 0, EACH), unit_vector(word_runs(&corrected), EACH, EACH)].concat();
        // A message that has no words, or no typos, as it is.
        let text = if corrected == typed { message.to_owned() } else { corrected.clone() };
        Reading { text, features, other_words: other_words(&corrected) }
    }
}

fn other_words(text: &str) -> Vec<String> {
    static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let phrasings = SETS.iter().take(1).flat_map(|set| set.phrasings.keys());
        phrasings.flat_map(|text| content_words(text)).map(|word| stem(&word)).collect()
    });
    let mut words = content_words(text);
    words.retain(|word| !KNOWN.contains(&stem(word)));
    words
}

/// Words, two and three in a row, those that a message begins and ends with, and how many there are: "how are you" is
/// small talk, and "how are you taxed" is none.
fn word_runs(text: &str) -> Vec<String> {
    const MANY: usize = 8;
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut runs: Vec<String> =
        (1..=3).flat_map(|length| words.windows(length)).map(|run| run.join(" ")).collect();
    for length in 1..=2.min(words.len()) {
        runs.push(format!("^{}", words[..length].join(" ")));
        runs.push(format!("{}$", words[words.len() - length..].join(" ")));
    }
    runs.push(format!("#{}", words.len().min(MANY)));
    runs
}

/// The word of small talk that a word is with a typing error: a letter more, less, other or swapped in one of
/// four to six letters, two in a longer one, two letters swapped in one of three.
fn corrected(word: &str, is_known: &dyn Fn(&str) -> bool) -> Option<String> {
    // How often a word is in the phrasings. What the model has in pieces ("dont") and people write often is no typo.
    const OFTEN: usize = 4;
    static COUNTS: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
        let mut counts = HashMap::new();
        let phrasings = SETS.iter().take(1).flat_map(|set| set.phrasings.keys());
        for word in phrasings.flat_map(|text| text.split(' ')) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        counts
    });
    let letters = word.chars().count();
    let is_word = word.chars().all(char::is_alphabetic);
    if !(3..=20).contains(&letters)
        || !is_word
        || is_known(word)
        || COUNTS.get(word).is_some_and(|count| *count >= OFTEN)
    {
        return None;
    }
    let most = if letters < 7 { 1 } else { 2 };
    let begins_alike = |meant: &str| {
        let [mut a, mut b] = [word, meant].map(str::chars);
        let [(a, a2), (b, b2)] = [(a.next(), a.next()), (b.next(), b.next())];
        a == b || (a == b2 && a2 == b)
    };
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let meant = COUNTS.iter().filter_map(|(meant, count)| {
        let apart = meant.len().abs_diff(word.len());
        let other = apart > 2
            || *count < 2
            || !begins_alike(meant)
            || (letters == 3 && sorted(word) != sorted(meant));
        if other || meant.len() < 3 {
            return None;
        }
        let typos = strsim::osa_distance(word, meant);
        let other_first = !meant.starts_with(&word[..word.ceil_char_boundary(1)]);
        (typos <= most && is_known(meant)).then_some((typos, other_first, usize::MAX - count, meant))
    });
    // The likeliest: the fewest typos, none in the first letter, what is said most.
    meant.min().map(|(.., meant)| meant.clone())
}

/// A linear classifier. Fitted by `cargo run --release -p faqbot-train --bin small_talk`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// The least probability of a kind, for messages without other words and for those with them.
    pub thresholds: [f32; 2],
    /// For each kind, and for what is none: added to all.
    pub constants: Vec<f32>,
    /// For each kind, and for what is none: one for each number of the vector.
    pub vector: Vec<Vec<f32>>,
    /// What a step of a weight in `features` is.
    pub step: f32,
    /// For each feature of a [`Reading`] the weights of the kinds, and of what is none: in steps. In a file of its own.
    #[serde(skip)]
    pub features: Vec<i8>,
}

impl Classifier {
    /// What ships, for the bundled model; `None` for others.
    pub fn shipped(model: &ModelId) -> Option<&'static Self> {
        static SHIPPED: LazyLock<Option<Classifier>> = LazyLock::new(|| {
            let fitted: Classifier = serde_json::from_str(include_str!("classifier.json")).ok()?;
            let features = include_bytes!("classifier.bin").iter().map(|byte| byte.cast_signed()).collect();
            Some(Classifier { features, ..fitted })
        });
        SHIPPED.as_ref().filter(|_| Some(model.as_str()) == BUNDLED_ID)
    }

    /// The probability of each kind, and of none last, for a reading and the unit vector of its text.
    pub fn probabilities(&self, reading: &Reading, vector: &[f32]) -> Vec<f32> {
        let mut logits: Vec<f32> = self
            .vector
            .iter()
            .zip(&self.constants)
            .map(|(weights, constant)| {
                constant + weights.iter().zip(vector).map(|(weight, value)| weight * value).sum::<f32>()
            })
            .collect();
        let kinds = logits.len();
        for (at, value) in &reading.features {
            let weights = self.features.iter().skip(at * kinds).take(kinds);
            for (logit, weight) in logits.iter_mut().zip(weights) {
                *logit += f32::from(*weight) * self.step * value;
            }
        }
        softmax(logits)
    }

    /// The kind that a message is of, if it is sure enough. What asks for a thing that is no part of small talk, as "do you
    /// have wifi", is a question to the FAQ.
    pub fn kind(&self, reading: &Reading, vector: &[f32]) -> Option<Found> {
        let has_other_words = !reading.other_words.is_empty();
        if has_other_words && asks_for_a_thing(&reading.text) {
            return None;
        }
        let (kind, sure) = best(&self.probabilities(reading, vector))?;
        (sure >= self.thresholds[usize::from(has_other_words)]).then(|| Found::of_kind(kind))
    }
}

/// Whether a message asks whether somebody has or does something, or whether it is there.
fn asks_for_a_thing(text: &str) -> bool {
    const DOES: [&str; 26] = [
        "accept", "allow", "buy", "carry", "deliver", "do", "fix", "give", "have", "hire", "host", "lend",
        "make", "offer", "post", "provide", "rent", "repair", "run", "sell", "serve", "ship", "stock",
        "supply", "take", "teach",
    ];
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some("is" | "are"), Some("there"), Some(_)) => true,
        (Some("do" | "does" | "can"), Some("you" | "u" | "anyone" | "they"), Some(verb)) => {
            DOES.contains(&verb)
        }
        _ => false,
    }
}

/// The kind with the greatest probability.
pub fn best(probabilities: &[f32]) -> Option<(SmallTalkKind, f32)> {
    let kinds = SmallTalkKind::ALL.into_iter().zip(probabilities.iter().copied());
    kinds.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Log odds as probabilities that sum to 1.
pub fn softmax(mut logits: Vec<f32>) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|logit| *logit = (*logit - greatest).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|share| *share /= sum);
    logits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_are_corrected_towards_words_of_small_talk() {
        let known =
            |word: &str| ["how", "what", "useless", "mailing", "made", "who", "you", "can"].contains(&word);
        let text = |message: &str| Reading::of(message, &known).text;
        assert_eq!(text("hwo can you"), "how can you");
        assert_eq!(text("Uselss!!"), "useless");
        assert_eq!(text("who amde u"), "who made you");
        // As it is, where there is none.
        for message in ["Mailing", "zzxxyy", "👋", "", "I don't"] {
            assert_eq!(text(message), message);
        }
    }

    #[test]
    fn what_asks_for_a_thing_is_told_by_its_first_words() {
        for (text, asks) in [
            ("Do you have wifi?", true),
            ("do u sell gift cards", true),
            ("is there a toilet", true),
            ("do you know me", false),
            ("are you there", false),
            ("can you help me", false),
        ] {
            assert_eq!(asks_for_a_thing(text), asks, "{text}");
        }
    }

    #[test]
    fn features_are_two_unit_vectors() {
        for message in ["how are you", "héé", "a", "👋 ?!", ""] {
            let features = Reading::of(message, &|_| true).features;
            let norm = |words: bool| -> f32 {
                features.iter().filter(|(at, _)| (*at >= EACH) == words).map(|(_, value)| value * value).sum()
            };
            assert!(
                features.is_sorted_by_key(|(at, _)| *at) && features.iter().all(|(at, _)| *at < FEATURES)
            );
            assert!((norm(true) - 1.0).abs() < 1e-5, "{message}");
            let letters = if message.chars().any(char::is_alphabetic) { 1.0 } else { 0.0 };
            assert!((norm(false) - letters).abs() < 1e-5, "{message}");
        }
        assert_ne!(Reading::of("how are you", &|_| true), Reading::of("you are how", &|_| true));
    }

    #[test]
    fn what_ships_has_a_weight_for_each_feature_and_kind() {
        let Some(id) = BUNDLED_ID else { return };
        let shipped = Classifier::shipped(&ModelId::new(id)).unwrap();
        assert_eq!(shipped.features.len(), FEATURES * (SmallTalkKind::ALL.len() + 1));
        assert_eq!(shipped.vector.len(), shipped.constants.len());
    }
}
