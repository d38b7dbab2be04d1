//! Guards: reasons not to answer at once, however close a phrasing is.
//!
//! Embeddings hardly tell "turn dark mode on" from "turn dark mode off": no threshold parts them, so
//! it is looked at in words. And a single word that several entries share asks for none of them.
//! Both are for English; in other languages they find nothing and cost nothing.

use faqbot_faq::{Entry, normalize_phrasing};

/// Why a match is not answered at once, but at most offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Query and phrasing differ by a negation or by opposites.
    Polarity,
    /// The query is one word that several entries have.
    Generic,
    /// The query is the phrasing but for a number, a name or a thing of the same kind, of which the answer says nothing.
    Exchanged,
}

/// Words that turn a sentence round, as [`normalize_phrasing`] leaves them ("don't" becomes "don t").
const NEGATIONS: [&str; 24] = [
    "not", "no", "never", "without", "cannot", "cant", "dont", "doesnt", "didnt", "isnt", "wont", "arent",
    "wasnt", "werent", "couldnt", "shouldnt", "wouldnt", "havent", "hasnt", "hadnt", "aint", "unable",
    "none", "nobody",
];

/// What is left of words whose "n't" was cut off at its apostrophe.
const CUT_NEGATIONS: [&str; 17] = [
    "don", "doesn", "didn", "isn", "aren", "wasn", "weren", "couldn", "shouldn", "wouldn", "haven", "hasn",
    "hadn", "won", "can", "ain", "mustn",
];

/// Opposites that change what is asked. Each word stands in one pair only.
const OPPOSITES: [(&str, &str); 44] = [
    ("on", "off"),
    ("enable", "disable"),
    ("enabled", "disabled"),
    ("enabling", "disabling"),
    ("activate", "deactivate"),
    ("before", "after"),
    ("with", "without"),
    ("increase", "decrease"),
    ("raise", "lower"),
    ("add", "remove"),
    ("adding", "removing"),
    ("open", "close"),
    ("opening", "closing"),
    ("start", "stop"),
    ("install", "uninstall"),
    ("subscribe", "unsubscribe"),
    ("lock", "unlock"),
    ("block", "unblock"),
    ("freeze", "unfreeze"),
    ("connect", "disconnect"),
    ("login", "logout"),
    ("upload", "download"),
    ("import", "export"),
    ("send", "receive"),
    ("buy", "sell"),
    ("deposit", "withdraw"),
    ("show", "hide"),
    ("mute", "unmute"),
    ("upgrade", "downgrade"),
    ("accept", "reject"),
    ("approve", "deny"),
    ("allowed", "forbidden"),
    ("include", "exclude"),
    ("above", "below"),
    ("maximum", "minimum"),
    ("most", "least"),
    ("first", "last"),
    ("earliest", "latest"),
    ("arrival", "departure"),
    ("incoming", "outgoing"),
    ("public", "private"),
    ("legal", "illegal"),
    ("possible", "impossible"),
    ("safe", "unsafe"),
];

/// Words that say little of what is asked: they neither make a query specific nor generic.
const FUNCTION_WORDS: [&str; 62] = [
    "a",
    "about",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "for",
    "from",
    "get",
    "give",
    "had",
    "has",
    "have",
    "hello",
    "hey",
    "hi",
    "how",
    "i",
    "in",
    "info",
    "information",
    "is",
    "it",
    "me",
    "more",
    "my",
    "need",
    "of",
    "on",
    "or",
    "our",
    "please",
    "s",
    "some",
    "t",
    "tell",
    "thanks",
    "that",
    "the",
    "their",
    "there",
    "this",
    "to",
    "want",
    "was",
    "we",
    "what",
    "when",
    "where",
    "which",
    "with",
    "you",
];

/// What of a text matters here.
#[derive(Debug, PartialEq, Eq)]
struct Polarity {
    negated: bool,
    /// For each pair of opposites in the text, which of the two: one only.
    sides: Vec<(usize, bool)>,
}

fn polarity(normalized: &str) -> Polarity {
    let words: Vec<&str> = normalized.split(' ').collect();
    let cut = |pair: &[&str]| pair[1] == "t" && CUT_NEGATIONS.contains(&pair[0]);
    let negated = words.iter().any(|word| NEGATIONS.contains(word)) || words.windows(2).any(cut);
    let has = |wanted: &str| words.contains(&wanted);
    let sides = OPPOSITES
        .iter()
        .enumerate()
        .filter_map(|(pair, (left, right))| match (has(left), has(right)) {
            (true, false) => Some((pair, false)),
            (false, true) => Some((pair, true)),
            _ => None,
        })
        .collect();
    Polarity { negated, sides }
}

/// Two texts differ *by* their polarity when they share at least this much of their other content
/// words (Jaccard). Without it, one in eight right answers of stackfaq ("why can't I …") would be held
/// back; with it, the shares are in the table that `cargo run --release -p faqbot-train --bin fit` prints.
const MIN_SHARED: f64 = 0.5;

/// The words of a text that bear on neither polarity nor grammar, sorted, each once.
fn content(normalized: &str) -> Vec<&str> {
    let turns = |word: &str| {
        NEGATIONS.contains(&word)
            || CUT_NEGATIONS.contains(&word)
            || OPPOSITES.iter().any(|(left, right)| word == *left || word == *right)
    };
    let mut words: Vec<&str> = normalized
        .split(' ')
        .filter(|word| !word.is_empty() && !FUNCTION_WORDS.contains(word) && !turns(word))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn alike(left: &str, right: &str) -> bool {
    let (left, right) = (content(left), content(right));
    let shared = left.iter().filter(|word| right.binary_search(word).is_ok()).count();
    let all = left.len() + right.len() - shared;
    all > 0 && shared as f64 >= MIN_SHARED * all as f64
}

/// Whether a query says the opposite of the phrasing it matched, in nearly the same words: it holds
/// one of two opposites where the phrasing holds the other, or only one of the two is negated. What
/// another phrasing of the entry says as the query does is no conflict.
pub fn polarity_conflict(query: &str, phrasing: &str, entry: &Entry) -> bool {
    let query = normalize_phrasing(query);
    let matched = normalize_phrasing(phrasing);
    if !alike(&query, &matched) {
        return false;
    }
    let asked = polarity(&query);
    let said = polarity(&matched);
    let opposed: Vec<&(usize, bool)> =
        asked.sides.iter().filter(|&&(pair, side)| said.sides.contains(&(pair, !side))).collect();
    let negation = asked.negated != said.negated;
    if opposed.is_empty() && !negation {
        return false;
    }
    let phrasings: Vec<Polarity> =
        entry.phrasings.iter().map(|text| polarity(&normalize_phrasing(text))).collect();
    let unsaid = |side: &(usize, bool)| phrasings.iter().all(|phrasing| !phrasing.sides.contains(side));
    opposed.into_iter().any(unsaid)
        || (negation && phrasings.iter().all(|phrasing| phrasing.negated != asked.negated))
}

/// Whether a query, function words aside, is a single word that stands in two entries or more, by
/// `entries_with`, or one that asks for anything ("I need help"). Where the reader holds one entry `alone` for
/// likely, only without function words too: it knows what "how can I pay you" asks, and "pay" asks nothing.
pub fn is_generic(query: &str, alone: bool, entries_with: impl Fn(&str) -> usize) -> bool {
    const ANYTHING: [&str; 9] =
        ["help", "support", "service", "question", "questions", "problem", "problems", "issue", "issues"];
    let normalized = normalize_phrasing(query);
    let mut words = normalized.split(' ').filter(|word| !word.is_empty() && !FUNCTION_WORDS.contains(word));
    match (words.next(), words.next()) {
        (Some(only), None) => {
            let is_shared = (!alone || only == normalized) && entries_with(only) > 1;
            ANYTHING.contains(&only) || is_shared
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faqbot_faq::EntryId;

    fn entry(phrasings: &[&str]) -> Entry {
        Entry {
            id: EntryId::from("id"),
            phrasings: phrasings.iter().map(|&text| text.to_owned()).collect(),
            answer: "a".into(),
            ..Entry::default()
        }
    }

    #[track_caller]
    fn conflict(query: &str, phrasings: &[&str], expected: bool) {
        assert_eq!(
            polarity_conflict(query, phrasings[0], &entry(phrasings)),
            expected,
            "{query} / {phrasings:?}"
        );
    }

    #[test]
    fn opposites_and_negations_are_conflicts() {
        conflict("turn off dark mode", &["turn on dark mode"], true);
        conflict("turn on dark mode", &["turn on dark mode please"], false);
        conflict("how do I disable alerts", &["enable alerts"], true);
        conflict("can I pay without a card", &["can I pay with a card"], true);
        conflict("I can't log in", &["I can log in"], true);
        conflict("my card isn’t working", &["my card is working"], true);
        conflict("it does not work", &["it never works"], false);
        conflict("can I book on friday", &["how do I book"], false);
        conflict(
            "can I be friends with her before therapy",
            &["can I be friends with her after therapy"],
            true,
        );
    }

    #[test]
    fn an_entry_that_says_it_both_ways_is_none() {
        conflict("turn off dark mode", &["turn on dark mode", "turn off dark mode again"], false);
        conflict("my parcel has not come", &["where is my parcel", "my order did not arrive"], false);
        conflict("turn the light on and off", &["turn the light on"], false);
    }

    #[test]
    fn a_shared_single_word_is_generic() {
        let phrasings = ["cost structure price of a parcel", "structure of the company", "refunds"];
        let entries_with =
            |word: &str| phrasings.iter().filter(|text| text.split(' ').any(|other| other == word)).count();
        for (query, generic, alone) in [
            ("structure", true, true),
            ("the structure?", true, false),
            ("refunds", false, false),
            ("price", false, false),
            ("cost structure", false, false),
            ("", false, false),
            ("how", false, false),
            ("weather", false, false),
            ("I need help", true, true),
        ] {
            assert_eq!(is_generic(query, false, entries_with), generic, "{query}");
            assert_eq!(is_generic(query, true, entries_with), alone, "{query}");
        }
    }
}
