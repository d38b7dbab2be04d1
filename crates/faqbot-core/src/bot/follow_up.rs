//! Messages that lean on what was asked before: "and on Sundays?", "how much is it?", "why?".
//!
//! Such a message is read alone, with the question before it, and with the question of the entry that answered that.
//! A conditional logistic model weighs the entries that any of the readings finds, and that none is meant. It is fitted
//! by `cargo run --release -p faqbot-train --bin follow_ups` to the dialogues for it in `tests/conversation`, and with the bundled
//! model: with another, cosines are others, and only what was offered is understood.

use faqbot_embed::ModelId;
use faqbot_embed::fastembed::BUNDLED_ID;
use faqbot_faq::normalize_phrasing;

/// A message of more words stands alone.
const MOST_WORDS: usize = 10;

/// A message of at most so many words leans on what came before, whatever they are.
const FEW_WORDS: usize = 3;

/// Words at the front that tie a message to the one before, longest first.
const FRONT: [&str; 16] = [
    "and what about",
    "and how about",
    "what about",
    "how about",
    "and what if",
    "what if",
    "what else",
    "and also",
    "and",
    "or",
    "but",
    "so",
    "then",
    "also",
    "plus",
    "or what about",
];

/// Words before those that say nothing.
const BEFORE_FRONT: [&str; 14] = [
    "ok", "okay", "k", "oh", "hm", "hmm", "well", "alright", "cool", "thanks", "thx", "great", "i see", "ah",
];

/// Words that point at something said before.
const POINTING: [&str; 18] = [
    "it", "its", "that", "thats", "this", "they", "them", "their", "those", "these", "there", "then", "one",
    "ones", "same", "too", "either", "else",
];

/// A message that leans on what came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaning {
    /// The message without the words that only tie it to the one before.
    pub rest: String,
    /// Whether its words say so; else it is only short, and may be a question of its own.
    pub by_words: bool,
}

/// Whether a message points at something said before it: "is it free?"
pub fn points(message: &str) -> bool {
    normalize_phrasing(message).split(' ').any(|word| POINTING.contains(&word))
}

/// Whether a message leans on what came before, as its words tell.
///
/// ```
/// use faqbot_core::bot::follow_up::leaning;
/// assert_eq!(leaning("and on Sundays?").unwrap().rest, "on Sundays?");
/// assert!(leaning("how much is it?").is_some());
/// assert!(leaning("how do I return a bike to another shop").is_none());
/// ```
pub fn leaning(message: &str) -> Option<Leaning> {
    let message = message.trim();
    let without: String = message.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let text = normalize_phrasing(&without);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let number = |word: &&str| *word == "one" || word.bytes().all(|b| b.is_ascii_digit());
    if words.is_empty() || words.len() > MOST_WORDS || words.iter().all(number) {
        return None;
    }
    let mut rest = message;
    while let Some(after) = BEFORE_FRONT.iter().find_map(|word| after_words(rest, word)) {
        rest = after;
    }
    let front = FRONT.iter().filter_map(|words| after_words(rest, words)).min_by_key(|rest| rest.len());
    let pointing = words.iter().any(|word| POINTING.contains(word));
    if front.is_none() && !pointing && words.len() > FEW_WORDS {
        return None;
    }
    let by_words = front.is_some() || pointing;
    Some(Leaning { rest: front.unwrap_or(rest).to_owned(), by_words })
}

/// Whether a message asks for the reason of what was said, and for nothing else: saying it again is no answer.
pub fn asks_why(message: &str) -> bool {
    const WHY: [&str; 8] =
        ["why", "why not", "how come", "why is that", "why so", "but why", "and why", "why that"];
    WHY.contains(&normalize_phrasing(message).as_str())
}

/// What follows these words at the front of a text; `None` where they are not there, or nothing follows.
fn after_words<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let begin = text.get(..words.len()).filter(|begin| begin.eq_ignore_ascii_case(words))?;
    let rest = &text[begin.len()..];
    let apart = rest.starts_with(|c: char| !c.is_alphanumeric());
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    (apart && !rest.is_empty()).then_some(rest)
}

/// What a message asks for, and the words by which an answer says it.
const ASKED: [(&[&str], &[&str]); 2] = [
    (
        &["cost", "costs", "price", "free", "extra", "pay", "pays", "expensive", "charge", "much"],
        &[
            "euro", "euros", "dollar", "dollars", "pound", "pounds", "cent", "cents", "free", "cost",
            "costs", "price", "prices", "pay", "charge", "charged", "fee", "eur", "usd", "gbp",
        ],
    ),
    (
        &["long", "when", "time", "late", "soon", "days", "hours", "minutes"],
        &[
            "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks",
            "month", "months", "year", "years", "am", "pm", "noon", "monday", "friday", "weekend",
            "weekends",
        ],
    ),
];

/// Whether an entry has words of the kind that a message asks for: 1 where it has, -1 where it has not, summed over
/// the kinds; 0 where none is asked for.
pub fn says_what_is_asked<'t>(message: &str, entry: impl Iterator<Item = &'t str>) -> f64 {
    let message = normalize_phrasing(message);
    let asked: Vec<&[&str]> = ASKED
        .iter()
        .filter(|(asked, _)| message.split(' ').any(|word| asked.contains(&word)))
        .map(|(_, said)| *said)
        .collect();
    if asked.is_empty() {
        return 0.0;
    }
    let texts: Vec<String> = entry.map(normalize_phrasing).collect();
    let says = |said: &[&str]| texts.iter().any(|text| text.split(' ').any(|word| said.contains(&word)));
    asked.into_iter().map(|said| if says(said) { 1.0 } else { -1.0 }).sum()
}

/// The number of [`Features`].
pub const COUNT: usize = 11;

/// The features of an entry that may be meant, in this order.
pub const NAMES: [&str; COUNT] = [
    // Cosines: of the message; of the message and the entry's answer; of the message after the question before, and
    // after the question of the entry that answered it, both 0 for that entry itself.
    "alone",
    "answer",
    "after_question",
    "after_entry",
    // Whether it is the entry that answered last; and whether the message has no word of its own then.
    "last",
    "last_bare",
    // Whether it follows up on that.
    "follows",
    // The share of the message's words that the entry has; and for the entry that answered last.
    "covered",
    "last_covered",
    // See `says_what_is_asked`; and for the entry that answered last.
    "asked",
    "last_asked",
];

/// The features of an entry that may be meant.
pub type Features = [f64; COUNT];

/// The weights of the [`Features`], and what none of the entries weighs.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// In the order of [`NAMES`].
    pub weights: Features,
    /// In log odds.
    pub none: f64,
}

/// Printed by `cargo run --release -p faqbot-train --bin follow_ups` (2026-11-26).
const SHIPPED: Weights =
    Weights { weights: [1.72, 1.78, 1.09, 1.11, 2.77, 0.24, 2.28, 1.94, 0.83, 0.33, 1.60], none: 3.73 };

/// The least probability of an entry that is answered: the least of those that the example prints at which at most 3 %
/// of the messages of the dialogues for the fit get a wrong answer, each FAQ by a fit to the others.
pub const ANSWER: f64 = 0.5;

/// The least probability of an entry that is asked back about.
pub const ASK: f64 = 0.1;

impl Weights {
    /// What ships, for the bundled model; `None` for others.
    pub fn shipped(model: &ModelId) -> Option<&'static Self> {
        Some(&SHIPPED).filter(|_| Some(model.as_str()) == BUNDLED_ID)
    }

    /// The probability of each entry, and of none last.
    pub fn probabilities(&self, entries: &[Features]) -> Vec<f64> {
        let score = |features: &Features| -> f64 {
            features.iter().zip(&self.weights).map(|(feature, weight)| feature * weight).sum()
        };
        let mut scores: Vec<f64> = entries.iter().map(score).chain([self.none]).collect();
        let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        scores.iter_mut().for_each(|score| *score = (*score - greatest).exp());
        let sum: f64 = scores.iter().sum();
        scores.iter_mut().for_each(|share| *share /= sum);
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leans_on_what_came_before() {
        let rest = |message: &str| leaning(message).map(|leaning| leaning.rest);
        for (message, wanted) in [
            ("and on sundays?", "on sundays?"),
            ("What about christmas", "christmas"),
            ("ok and my son, he's 9?", "my son, he's 9?"),
            ("why?", "why?"),
            ("how much is it?", "how much is it?"),
            ("and", "and"),
            ("which formats", "which formats"),
            ("Android?", "Android?"),
        ] {
            assert_eq!(rest(message).as_deref(), Some(wanted), "{message}");
        }
        for message in [
            "",
            "?",
            "one",
            "2",
            "how do i cancel my subscription",
            "do you deliver to other countries by mail",
        ] {
            assert_eq!(rest(message), None, "{message}");
        }
    }

    #[test]
    fn entries_say_what_is_asked() {
        assert_eq!(says_what_is_asked("how much is it?", ["It costs 5 euros."].into_iter()), 1.0);
        assert_eq!(says_what_is_asked("how much is it?", ["On Mill Street."].into_iter()), -1.0);
        assert_eq!(says_what_is_asked("where is it?", ["On Mill Street."].into_iter()), 0.0);
    }
}
