//! Word alignment: which words the query and a phrasing have in common, and what each has alone.
//!
//! Embeddings put "the Berlin office" and "the Munich office" side by side; what differs is in the words.
//! Words are compared by their English stems (Snowball), numbers and codes ("E1043", "2.1") as they are, and
//! a word that nobody knows is taken for the entry's word that is a typing error away.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use faqbot_faq::Entry;
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::matching::signals::is_real_answer;
use crate::matching::wordnet::{self, Relation};

/// The words of a query that are aligned; a model reads no more.
const QUERY_WORDS: usize = 256;

/// A longer word is none that is mistyped.
const LONGEST_SLIP: usize = 40;

/// An answer has many words; these many say what it is about.
const ANSWER_WORDS: usize = 80;

/// Words that say little of what is asked.
const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "again", "against", "all", "also", "am", "an", "and", "any", "are", "aren", "as", "at",
    "be", "because", "been", "being", "between", "both", "but", "by", "can", "cannot", "could", "couldn",
    "d", "did", "didn", "do", "does", "doesn", "doing", "don", "down", "during", "each", "else", "ever",
    "few", "for", "from", "further", "get", "gets", "got", "had", "hadn", "has", "hasn", "have", "haven",
    "having", "he", "hello", "her", "here", "hers", "hey", "hi", "him", "his", "how", "i", "if", "in",
    "into", "is", "isn", "it", "its", "itself", "just", "know", "let", "like", "ll", "m", "many", "may",
    "me", "might", "mine", "more", "most", "much", "must", "my", "myself", "need", "no", "nor", "not", "now",
    "of", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "own", "please", "possible",
    "re", "really", "s", "same", "shall", "she", "should", "shouldn", "so", "some", "still", "such", "t",
    "tell", "than", "thank", "thanks", "that", "the", "their", "theirs", "them", "then", "there", "these",
    "they", "this", "those", "though", "through", "to", "too", "until", "up", "us", "use", "ve", "very",
    "want", "was", "wasn", "way", "we", "well", "were", "weren", "what", "when", "where", "which", "while",
    "who", "whom", "why", "will", "with", "won", "would", "wouldn", "yes", "yet", "you", "your", "yours",
];

/// Words of place, time and degree that turn a question into another, though they are short.
const DIRECTIONS: &[&str] = &[
    "above", "after", "before", "below", "between", "down", "during", "early", "first", "from", "in",
    "inside", "last", "late", "least", "less", "maximum", "minimum", "more", "most", "next", "off", "on",
    "out", "outside", "over", "previous", "since", "till", "under", "until", "up", "with", "without",
];

const NEGATIONS: &[&str] = &["cannot", "never", "no", "nobody", "none", "not", "nothing", "t", "without"];
const FIRST_PERSON: &[&str] = &["i", "me", "mine", "my", "our", "we"];
const SECOND_PERSON: &[&str] = &["you", "your", "yours"];

/// Numbers that are written as words.
const NUMBERS: [(&str, &str); 12] = [
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
];

/// What a query and a phrasing share and what each has alone; words in the order they stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alignment {
    /// Content words of the query, typing errors corrected.
    pub query: Vec<String>,
    /// Content words of the phrasing.
    pub phrasing: Vec<String>,
    /// Words of the query that the phrasing lacks.
    pub query_alone: Vec<String>,
    /// Those that the entry's other phrasings lack too.
    pub not_in_entry: Vec<String>,
    /// Those that its answer lacks too: what the query asks for and the entry says nothing of.
    pub not_in_answer: Vec<String>,
    /// Words of the phrasing that the query lacks.
    pub phrasing_alone: Vec<String>,
    /// Those that all phrasings of the entry have.
    pub core_alone: Vec<String>,
    /// Words of the query that were taken for words of the entry: as typed, and as read.
    pub corrections: Vec<(String, String)>,
    /// The features, in the order of [`NAMES`].
    pub features: [f64; COUNT],
}

impl Alignment {
    /// Whether the query has the phrasing's words and no others, inflection and small words aside, and none of the
    /// small words that turn a question.
    pub fn has_the_same_words(&self) -> bool {
        let turned = ["directions", "negation", "person"].into_iter().any(|name| self.feature(name) > 0.0);
        self.query.len() > 1 && self.query_alone.is_empty() && self.phrasing_alone.is_empty() && !turned
    }

    /// Whether query and phrasing are the same but for a word or two, and these are numbers, opposites, things of the
    /// same kind (cat and dog), or names in the phrasing, as it is written (Norway).
    pub fn has_a_word_exchanged(&self, phrasing: &str) -> bool {
        let related =
            ["numbers_differ", "sister", "antonym"].into_iter().any(|name| self.feature(name) > 0.0);
        let is_capital = |word: &str| word.starts_with(char::is_uppercase);
        // Where all words have a capital letter, it marks no names.
        let (first, rest) = phrasing.split_once(' ').unwrap_or((phrasing, ""));
        let marks_names =
            2 * rest.split(' ').filter(|word| is_capital(word)).count() <= rest.split(' ').count();
        let is_name = |word: &String| {
            marks_names && !is_word(first, word) && as_written(rest, word).is_some_and(is_capital)
        };
        self.exchanged().is_some_and(|(_, known)| related || known.iter().all(is_name))
    }

    fn feature(&self, name: &str) -> f64 {
        NAMES.iter().position(|own| *own == name).map_or(0.0, |at| self.features[at])
    }

    /// Where query and phrasing are the same but for a word or two: what the query has that the entry lacks, and what
    /// the phrasing has in its place.
    pub fn exchanged(&self) -> Option<(&[String], &[String])> {
        const FEW: std::ops::RangeInclusive<usize> = 1..=2;
        let shared = self.query.len() > self.query_alone.len();
        let few = FEW.contains(&self.not_in_answer.len()) && FEW.contains(&self.phrasing_alone.len());
        let same = self.query_alone.len() == self.not_in_answer.len();
        (shared && few && same).then_some((&*self.not_in_answer, &*self.phrasing_alone))
    }
}

/// A word as a text has it: with its capital letters and accents.
pub fn as_written<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let inner = |piece: &'t str| piece.trim_matches(|c: char| !c.is_alphanumeric());
    text.split_whitespace().map(inner).find(|piece| is_word(piece, word))
}

/// Whether a piece of a text is this word, capital letters and accents aside.
pub fn is_word(piece: &str, word: &str) -> bool {
    // Cheap first: most pieces are another word.
    piece.len() >= word.len() && piece.len() <= 2 * word.len() && split(piece) == [word]
}

/// The number of features.
pub const COUNT: usize = NAMES.len();

/// The features of an alignment. Shares are weighted by inverse document frequency, in `0..=1`; the rest are
/// counts.
pub const NAMES: [&str; 28] = [
    // Corrections; words that neither the FAQ nor the model knows; content words of either side.
    "corrections",
    "unknown",
    "query_words",
    "phrasing_words",
    // Words that one side has alone, and their share.
    "query_alone",
    "phrasing_alone",
    "query_alone_share",
    "phrasing_alone_share",
    // Of the query's: not in the entry, not in its answer either, but in another entry.
    "not_in_entry",
    "not_in_answer",
    "in_other_entry",
    // Of the phrasing's: in all phrasings of the entry.
    "core_alone",
    // Numbers and codes: both sides have one alone; those of the query; of these, not in the entry; of the phrasing.
    "numbers_differ",
    "query_numbers",
    "numbers_not_in_entry",
    "phrasing_numbers",
    // Directions that one side has alone; a negation on one side; "I" and "you" exchanged; opposites by prefix.
    "directions",
    "negation",
    "person",
    "opposites",
    // By WordNet, numbers aside. Words of the query that are not in the begin of the entry: those without a synonym
    // there, and their share; the least strength of their best synonyms among the words that the phrasing has alone,
    // 1 where there is none of them.
    "unrelated",
    "unrelated_share",
    "query_synonym",
    // The same the other way round: the words that the phrasing has alone, and those that the query has.
    "phrasing_synonym",
    // Words of the query for which the phrasing has one of the same kind, none of them a synonym: the greatest
    // strength; one that is a kind of the other; the opposite of one.
    "sister",
    "kind",
    "antonym",
    // Words that WordNet lacks.
    "not_in_wordnet",
];

/// What is known of words beyond the entry.
pub trait Words {
    /// The number of entries of the FAQ that have this word in their phrasings.
    fn document_frequency(&self, word: &str) -> usize;

    /// The number of entries.
    fn entries(&self) -> usize;

    /// Whether the embedding model has the word in its vocabulary.
    fn is_in_vocabulary(&self, word: &str) -> bool;
}

/// Aligns a query with a phrasing of an entry.
pub fn align(query: &str, entry: &Entry, phrasing: usize, words: &impl Words) -> Alignment {
    let stemmer = Stemmer::create(Algorithm::English);
    let stem = |word: &str| stem_with(&stemmer, word);
    let stems = |words: &[String]| words.iter().map(|word| stem(word)).collect::<BTreeSet<String>>();
    let plain_phrasings: Vec<Vec<String>> = entry.phrasings.iter().map(|text| split(text)).collect();
    let plain_query: Vec<String> = split(query).into_iter().take(QUERY_WORDS).collect();
    let plain_query = as_written_there(plain_query, &plain_phrasings);
    let plain_phrasing = &plain_phrasings[phrasing];
    let phrasings: Vec<Vec<String>> = plain_phrasings.iter().cloned().map(content).collect();
    let of_phrasings: Vec<BTreeSet<String>> = phrasings.iter().map(|words| stems(words)).collect();
    let of_entry: BTreeSet<&str> = of_phrasings.iter().flatten().map(String::as_str).collect();
    let in_phrasings = |stem: &str| of_entry.contains(stem);
    let answer = if is_real_answer(&entry.answer) { content(split(&entry.answer)) } else { Vec::new() };
    let begin = &answer[..answer.len().min(ANSWER_WORDS)];
    let of_begin = LazyCell::new(|| stems(begin));
    let of_answer = LazyCell::new(|| stems(&answer));
    let candidates: LazyCell<BTreeSet<&String>, _> =
        LazyCell::new(|| phrasings.iter().flatten().chain(begin).collect());

    let mut corrections: Vec<(String, String)> = Vec::new();
    let mut unknown = 0;
    let mut own = content(plain_query.clone());
    for word in &mut own {
        let known = is_number(word)
            || in_phrasings(&stem(word))
            || words.document_frequency(word) > 0
            || words.is_in_vocabulary(word);
        if known {
            continue;
        }
        if let Some((_, read)) = corrections.iter().find(|(typed, _)| typed == word) {
            *word = read.clone();
            continue;
        }
        let near = candidates.iter().filter(|other| is_typo(word, other));
        match near.min_by_key(|other| strsim::damerau_levenshtein(word, other)) {
            Some(meant) => {
                let meant = (*meant).clone();
                corrections.push((std::mem::replace(word, meant.clone()), meant));
            }
            None => unknown += 1,
        }
    }
    let query_stems = stems(&own);
    let nearest = &phrasings[phrasing];
    let pick = |from: &[String], keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        from.iter().filter(|word| keep(&stem(word))).cloned().collect()
    };
    let query_alone = pick(&own, &|stem| !of_phrasings[phrasing].contains(stem));
    let phrasing_alone = pick(nearest, &|stem| !query_stems.contains(stem));
    let not_in_entry = pick(&query_alone, &|stem| !in_phrasings(stem));
    let not_in_begin = pick(&not_in_entry, &|stem| !of_begin.contains(stem));
    let not_in_answer = pick(&not_in_begin, &|stem| !of_answer.contains(stem));
    let core_alone = pick(&phrasing_alone, &|stem| of_phrasings.iter().all(|stems| stems.contains(stem)));

    let weight = |list: &[String]| -> f64 {
        let of_word = |word: &String| {
            let frequency = words.document_frequency(word) as f64;
            ((words.entries() as f64 + 1.0) / (frequency + 0.5)).ln().max(0.0)
        };
        list.iter().map(of_word).sum()
    };
    let share = |part: &[String], whole: &[String]| weight(part) / (weight(whole) + 1e-9);
    let count = |list: &[String]| list.len() as f64;
    let numbers = |list: &[String]| list.iter().filter(|word| is_number(word)).count() as f64;
    let flag = |holds: bool| f64::from(u8::from(holds));
    let has = |text: &[String], list: &[&str]| text.iter().any(|word| list.contains(&word.as_str()));
    let all: BTreeSet<&String> = plain_phrasings.iter().flatten().collect();
    let directions = |a: &[String], missing: &dyn Fn(&String) -> bool| {
        a.iter().filter(|word| DIRECTIONS.contains(&word.as_str()) && missing(word)).count() as f64
    };
    let related = Related::new(
        &not_in_begin,
        &phrasing_alone,
        &query_alone,
        phrasings.iter().flatten().chain(begin),
        &stem,
    );
    let opposite = |a: &String| phrasing_alone.iter().any(|b| are_opposites(a, b));
    let first = has(&plain_query, FIRST_PERSON) != has(plain_phrasing, FIRST_PERSON);
    let second = has(&plain_query, SECOND_PERSON) != has(plain_phrasing, SECOND_PERSON);
    let features = [
        corrections.len() as f64,
        f64::from(unknown),
        count(&own),
        count(nearest),
        count(&query_alone),
        count(&phrasing_alone),
        share(&query_alone, &own),
        share(&phrasing_alone, nearest),
        count(&not_in_entry),
        count(&not_in_begin),
        not_in_entry.iter().filter(|word| words.document_frequency(word) > 0).count() as f64,
        count(&core_alone),
        flag(numbers(&query_alone) > 0.0 && numbers(&phrasing_alone) > 0.0),
        numbers(&query_alone),
        numbers(&not_in_begin),
        numbers(&phrasing_alone),
        directions(&plain_query, &|word| !all.contains(word))
            + directions(plain_phrasing, &|word| !plain_query.contains(word)),
        flag(has(&plain_query, NEGATIONS) != has(plain_phrasing, NEGATIONS)),
        flag(first && second),
        flag(not_in_entry.iter().any(opposite)),
        count(&related.unrelated),
        share(&related.unrelated, &own),
        related.query_synonym,
        related.phrasing_synonym,
        related.sister,
        related.kind,
        flag(related.antonym),
        related.not_in_wordnet as f64,
    ];
    Alignment {
        query: own,
        phrasing: nearest.clone(),
        query_alone,
        not_in_entry,
        not_in_answer,
        phrasing_alone,
        core_alone,
        corrections,
        features,
    }
}

/// How the words that one side has alone are related to those of the other.
struct Related {
    unrelated: Vec<String>,
    query_synonym: f64,
    phrasing_synonym: f64,
    sister: f64,
    kind: f64,
    antonym: bool,
    not_in_wordnet: usize,
}

impl Related {
    fn new<'w>(
        missing: &[String],
        phrasing_alone: &[String],
        query_alone: &[String],
        entry: impl Iterator<Item = &'w String>,
        stem: &impl Fn(&str) -> String,
    ) -> Self {
        let stems = |words: &[String]| -> Vec<String> {
            words.iter().filter(|word| !is_number(word)).map(|word| stem(word)).collect()
        };
        let (missing_stems, of_phrasing, of_query) =
            (stems(missing), stems(phrasing_alone), stems(query_alone));
        let of_entry: LazyCell<BTreeSet<String>, _> =
            LazyCell::new(|| entry.filter(|word| !is_number(word)).map(|word| stem(word)).collect());
        let relations = |word: &String, others: &[String]| -> Vec<Relation> {
            others.iter().map(|other| wordnet::relation(word, other)).collect()
        };
        let most = |relations: &[Relation], strength: fn(&Relation) -> f64| {
            relations.iter().map(strength).fold(0.0, f64::max)
        };
        let synonyms: fn(&Relation) -> f64 = |relation| relation.synonyms;
        let least_synonym = |words: &[String], others: &[String]| {
            words
                .iter()
                .map(|word| others.iter().map(|other| wordnet::synonyms(word, other)).fold(0.0, f64::max))
                .fold(1.0, f64::min)
        };
        let mut found = Related {
            unrelated: Vec::new(),
            query_synonym: least_synonym(&missing_stems, &of_phrasing),
            phrasing_synonym: least_synonym(&of_phrasing, &of_query),
            sister: 0.0,
            kind: 0.0,
            antonym: false,
            not_in_wordnet: missing_stems.iter().filter(|word| !wordnet::knows(word)).count(),
        };
        for word in &missing_stems {
            let to_phrasing = relations(word, &of_phrasing);
            if most(&to_phrasing, synonyms) == 0.0 {
                found.sister = found.sister.max(most(&to_phrasing, |relation| relation.sisters));
            }
            found.kind = found.kind.max(most(&to_phrasing, |relation| relation.kinds));
            found.antonym |= to_phrasing.iter().any(|relation| relation.opposites);
        }
        let has_synonym = |word: &str| of_entry.iter().any(|other| wordnet::synonyms(word, other) > 0.0);
        found.unrelated =
            missing.iter().filter(|word| !is_number(word) && !has_synonym(&stem(word))).cloned().collect();
        found
    }
}

/// The words of a text, in lower case and without accents. What has a digit in it is one word with its
/// dots and hyphens: "pw-203", "2.1", "10:30".
fn split(text: &str) -> Vec<String> {
    let folded: String =
        text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase).collect();
    let joins = |c: char| matches!(c, '-' | '.' | ':' | '/' | '\'' | '’' | '_');
    let mut words = Vec::new();
    for run in folded.split(|c: char| !c.is_alphanumeric() && !joins(c)) {
        let run = run.trim_matches(joins);
        if run.chars().any(|c| c.is_ascii_digit()) {
            words.push(run.to_owned());
        } else {
            words.extend(run.split(joins).filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    words
}

fn content(words: Vec<String>) -> Vec<String> {
    words.into_iter().filter(|word| !FUNCTION_WORDS.contains(&word.as_str())).collect()
}

fn is_number(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit()) || NUMBERS.iter().any(|(name, _)| *name == word)
}

/// The words of a text that say what it is about, in lower case and without accents.
pub fn content_words(text: &str) -> Vec<String> {
    content(split(text))
}

/// The words in which two texts differ, where they are the same but for a word or two on either side; words
/// of place, time and degree count, other small ones don't.
pub fn differ_in(a: &str, b: &str) -> Option<[Vec<String>; 2]> {
    const FEW: std::ops::RangeInclusive<usize> = 0..=2;
    let words = |text: &str| -> Vec<String> {
        let counts =
            |word: &String| !FUNCTION_WORDS.contains(&word.as_str()) || DIRECTIONS.contains(&word.as_str());
        split(text).into_iter().filter(counts).collect()
    };
    let (a, b) = (words(a), words(b));
    let alone = |own: &[String], other: &[String]| -> Vec<String> {
        let stems: BTreeSet<String> = other.iter().map(|word| stem(word)).collect();
        own.iter().filter(|word| !stems.contains(&stem(word))).cloned().collect()
    };
    let alone = [alone(&a, &b), alone(&b, &a)];
    let most = alone[0].len().max(alone[1].len());
    let shared = a.len() - alone[0].len() >= most.max(1);
    let some = !alone[0].is_empty() || !alone[1].is_empty();
    (shared && some && alone.iter().all(|words| FEW.contains(&words.len()))).then_some(alone)
}

/// A query's words, where it writes two of an entry's words together or one of them apart ("ebike", "e-bike"), as the entry
/// does.
fn as_written_there(query: Vec<String>, entry: &[Vec<String>]) -> Vec<String> {
    let is_there = |word: &str| entry.iter().flatten().any(|own| own == word);
    let pair = |word: &str| {
        let mut pairs = entry.iter().flat_map(|words| words.windows(2));
        pairs.find(|pair| {
            word.len() == pair[0].len() + pair[1].len()
                && word.starts_with(&*pair[0])
                && word.ends_with(&*pair[1])
        })
    };
    let mut written = Vec::with_capacity(query.len());
    let mut rest = query.into_iter().peekable();
    while let Some(word) = rest.next() {
        let together = rest.peek().map(|next| format!("{word}{next}")).filter(|both| is_there(both));
        if let Some(both) = together {
            rest.next();
            written.push(both);
        } else if let Some(pair) = pair(&word).filter(|_| !is_there(&word)) {
            written.extend_from_slice(pair);
        } else {
            written.push(word);
        }
    }
    written
}

/// A word without its inflection; numbers as digits.
pub fn stem(word: &str) -> String {
    stem_with(&Stemmer::create(Algorithm::English), word)
}

fn stem_with(stemmer: &Stemmer, word: &str) -> String {
    if let Some((_, digits)) = NUMBERS.iter().find(|(name, _)| *name == word) {
        return (*digits).to_owned();
    }
    if is_number(word) { word.to_owned() } else { stemmer.stem(word).into_owned() }
}

/// Whether one word may be the other with a typing error, or two in long ones.
fn is_typo(typed: &str, meant: &str) -> bool {
    let (short, long) = (typed.len().min(meant.len()), typed.len().max(meant.len()));
    if short < 4
        || long - short > 2
        || long > LONGEST_SLIP
        || is_number(typed)
        || is_number(meant)
        || are_opposites(typed, meant)
    {
        return false;
    }
    match strsim::damerau_levenshtein(typed, meant) {
        1 => true,
        2 => short >= 6,
        _ => false,
    }
}

/// Whether one word is the other with a prefix that turns it round: "uninstall" and "install".
fn are_opposites(a: &str, b: &str) -> bool {
    is_prefixed(a, b) || is_prefixed(b, a)
}

/// Whether a word is the other with a prefix that turns it round: "uninstall" and "install".
fn is_prefixed(word: &str, stem: &str) -> bool {
    stem.len() >= 4
        && ["un", "dis", "in", "im", "de", "non", "mis"]
            .iter()
            .any(|prefix| word.strip_prefix(prefix) == Some(stem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use faqbot_faq::EntryId;

    struct Known(&'static [&'static str]);

    impl Words for Known {
        fn document_frequency(&self, word: &str) -> usize {
            usize::from(self.0.contains(&word))
        }
        fn entries(&self) -> usize {
            10
        }
        fn is_in_vocabulary(&self, word: &str) -> bool {
            ["munich", "office", "cat", "mean"].contains(&word)
        }
    }

    fn entry(phrasings: &[&str], answer: &str) -> Entry {
        Entry {
            id: EntryId::from("a"),
            phrasings: phrasings.iter().map(|&text| text.to_owned()).collect(),
            answer: answer.into(),
            ..Entry::default()
        }
    }

    fn feature(alignment: &Alignment, name: &str) -> f64 {
        alignment.features[NAMES.iter().position(|own| *own == name).unwrap()]
    }

    #[test]
    fn what_differs_is_found() {
        let berlin = entry(&["How do I contact the Berlin office?"], "Call 030.");
        let found = align("How can I contact the Munich offices", &berlin, 0, &Known(&["berlin", "office"]));
        assert_eq!(
            (&*found.not_in_answer, &*found.phrasing_alone),
            (&["munich".to_owned()][..], &["berlin".to_owned()][..])
        );
        let code = entry(&["What does error E1042 mean?"], "Too hot.");
        let found = align("what does error e1043 mean", &code, 0, &Known(&["error"]));
        assert_eq!(feature(&found, "numbers_differ"), 1.0);
        assert_eq!(
            align("What does error E1042 mean", &code, 0, &Known(&[])).query_alone,
            Vec::<String>::new()
        );
    }

    #[test]
    fn near_misses_are_told_by_a_word_or_two() {
        let differ = |a, b| differ_in(a, b).map(|words| words.map(|words| words.join(" ")));
        let found = differ("Where is the Berlin office?", "where is the office of Munich");
        assert_eq!(found, Some(["berlin".into(), "munich".into()]));
        let found = differ("Is there a fee under 50 euros?", "Is there a fee over 50 euros?");
        assert_eq!(found, Some(["under".into(), "over".into()]));
        assert_eq!(differ("Where is the office?", "where are the offices"), None);
        assert_eq!(differ("Opening hours", "Parking fees"), None);
    }

    #[test]
    fn other_phrasings_and_the_answer_count() {
        let flight = entry(&["a flight to Paris", "a flight to Rome"], "We fly to Oslo too.");
        let found = align("a flight to Rome", &flight, 0, &Known(&[]));
        assert_eq!((found.query_alone.len(), found.not_in_entry.len(), found.core_alone.len()), (1, 0, 0));
        let found = align("a flight to Oslo", &flight, 0, &Known(&[]));
        assert_eq!((found.not_in_entry.len(), found.not_in_answer.len()), (1, 0));
    }

    #[test]
    fn words_may_be_written_together_or_apart() {
        let words = |text: &str| split(text);
        let entry = [words("Can I charge my e-bike?"), words("Where is the checkin")];
        assert_eq!(as_written_there(words("is my ebike safe"), &entry), ["is", "my", "e", "bike", "safe"]);
        assert_eq!(as_written_there(words("where's check in"), &entry).last().unwrap(), "checkin");
        assert_eq!(as_written_there(words("a bike"), &entry), ["a", "bike"]);
    }

    #[test]
    fn typos_are_corrected_and_known_words_are_not() {
        let cancel = entry(&["How do I cancel my subscription?"], "x");
        let found = align("cancle my subscripton", &cancel, 0, &Known(&[]));
        assert_eq!(found.corrections.len(), 2, "{found:?}");
        assert!(found.query_alone.is_empty());
        let cats = entry(&["Can I bring my cart?"], "x");
        assert!(align("can I bring my cat", &cats, 0, &Known(&[])).corrections.is_empty());
    }

    #[test]
    fn small_words_that_turn_a_question_count() {
        let on = entry(&["Can I pay before the trip?"], "x");
        assert_eq!(feature(&align("Can I pay after the trip?", &on, 0, &Known(&[])), "directions"), 2.0);
        assert_eq!(feature(&align("Can I not pay before the trip?", &on, 0, &Known(&[])), "negation"), 1.0);
        let found = align("Can you pay before the trip?", &on, 0, &Known(&[]));
        assert_eq!(feature(&found, "person"), 1.0);
        assert!(!found.has_the_same_words());
        assert!(align("can I pay before trips", &on, 0, &Known(&[])).has_the_same_words());
        let install = entry(&["How do I install it?"], "x");
        assert_eq!(feature(&align("How do I uninstall it?", &install, 0, &Known(&[])), "opposites"), 1.0);
    }
}
