//! Questions made by a program: a phrasing in which one word or number is exchanged for another of its kind.
//!
//! Where all phrasings of the entry have the word, the question is another one: a near miss. Where they vary in it
//! ("a flight to Paris", "to Rome"), it is still the entry's. Near misses are made of FAQs with real answers only: an
//! intent with one phrasing does not show what it varies in.

use std::collections::BTreeSet;

use faqbot::Faq;
use faqbot::matching::alignment::{as_written, content_words, stem};
use faqbot::quality::eval::LabelledQuery;

use crate::random::Random;

/// Words of a kind, by kind; those of a kind are exchanged for one another.
const KINDS: &[&str] = &[
    "january february march april june july august september october november december",
    "monday tuesday wednesday thursday friday saturday sunday",
    "spring summer autumn winter",
    "today tomorrow yesterday",
    "morning afternoon evening",
    "day week month year",
    "daily weekly monthly yearly",
    "berlin paris rome london madrid boston chicago dallas seattle denver tokyo vienna",
    "france germany italy spain mexico canada japan china brazil india greece",
    "english french german spanish italian russian chinese japanese",
    "red blue green yellow orange purple white black",
    "mother father sister brother wife husband son daughter uncle aunt",
    "mom dad grandma grandpa",
    "dog cat horse rabbit bird hamster cow sheep",
    "coffee tea beer wine juice milk water",
    "chicken beef pork fish rice pasta bread cheese pizza",
    "breakfast lunch dinner",
    "dollar euro pound yen franc",
    "credit debit",
    "visa mastercard",
    "phone tablet laptop printer camera watch",
    "car truck bus train bike plane boat",
    "kitchen bathroom bedroom garage garden",
    "doctor dentist lawyer teacher plumber",
    "chair table bed sofa desk mattress",
    "movie song book game",
    "deposit withdrawal",
    "increase decrease",
    "activate deactivate",
    "arrival departure",
    "import export",
    "upgrade downgrade",
    "minimum maximum",
    "hot cold",
    "income spending",
    "checking savings",
    "rent mortgage",
    "children adults",
    "pregnant elderly",
    "mask glove",
    "virus bacteria",
];

fn others_of_its_kind(word: &str) -> impl Iterator<Item = &'static str> {
    let own = stem(word);
    let has = {
        let own = own.clone();
        move |kind: &&&str| kind.split(' ').any(|other| stem(other) == own)
    };
    let kind = KINDS.iter().find(has).copied().unwrap_or_default();
    kind.split(' ').filter(move |other| !other.is_empty() && stem(other) != own)
}

/// A word of the same kind whose stem none of `taken` is; for a number, one as long.
fn exchange(random: &mut Random, word: &str, taken: &BTreeSet<String>) -> Option<String> {
    if word.chars().any(|c| c.is_ascii_digit()) {
        let mut digit = |c: char| match c.to_digit(10) {
            Some(digit) => char::from(b'0' + ((digit as usize + 1 + random.below(8)) % 10) as u8),
            None => c,
        };
        return Some(word.chars().map(&mut digit).collect::<String>()).filter(|other| !taken.contains(other));
    }
    let fitting: Vec<&str> = others_of_its_kind(word).filter(|other| !taken.contains(&stem(other))).collect();
    let plural = if word.ends_with('s') && stem(word) != word { "s" } else { "" };
    (!fitting.is_empty()).then(|| format!("{}{plural}", fitting[random.below(fitting.len())]))
}

/// What was made of a FAQ.
#[derive(Default)]
pub struct Exchanged {
    /// Near misses: no entry answers them.
    pub missed: Vec<LabelledQuery>,
    /// Still their entry's.
    pub varied: Vec<LabelledQuery>,
}

/// Makes up to `count` questions of each kind, at most two of an entry.
pub fn exchanged(random: &mut Random, faq: &Faq, count: usize) -> Exchanged {
    let mut made = Exchanged::default();
    for entry in random.some(&faq.entries, faq.entries.len()) {
        let words_of = |text: &String| content_words(text).iter().map(|word| stem(word)).collect();
        let of_phrasings: Vec<BTreeSet<String>> = entry.phrasings.iter().map(words_of).collect();
        let taken: BTreeSet<String> =
            of_phrasings.iter().flatten().cloned().chain(words_of(&entry.answer)).collect();
        let mut of_entry = 0;
        for (at, text) in random.some(&entry.phrasings.iter().enumerate().collect::<Vec<_>>(), 40) {
            let words = content_words(text);
            if words.len() < 2 || of_entry == 2 {
                continue;
            }
            let Some((word, other)) = random
                .some(&words, words.len())
                .into_iter()
                .find_map(|word| exchange(random, &word, &taken).map(|other| (word, other)))
            else {
                continue;
            };
            let own = stem(&word);
            let varies = || {
                let others: BTreeSet<String> = others_of_its_kind(&word).map(stem).collect();
                let has_another = |(other, stems): &(usize, &BTreeSet<String>)| {
                    *other != at && !stems.contains(&own) && stems.iter().any(|stem| others.contains(stem))
                };
                of_phrasings.iter().enumerate().filter(has_another).count() >= 2
            };
            let (kind, expected, list) = if of_phrasings.iter().all(|stems| stems.contains(&own)) {
                ("exchanged", None, &mut made.missed)
            } else if varies() {
                ("varied", Some(entry.id.to_string()), &mut made.varied)
            } else {
                continue;
            };
            if let Some(written) = as_written(text, &word).filter(|_| list.len() < count) {
                let query = text.replacen(written, &other, 1);
                list.push(LabelledQuery { query, expected, ok: Vec::new(), kind: Some(kind.to_owned()) });
                of_entry += 1;
            }
        }
    }
    made
}
