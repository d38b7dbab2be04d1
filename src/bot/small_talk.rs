//! Small talk: what people say to a bot that is no question to its FAQ.
//!
//! The phrasings and replies are `data/smalltalk.yaml` (with more messages in `data/smalltalk.messages.jsonl`), and the
//! same in German, French and Spanish. A message is one of
//! them by its words, slips of the keyboard aside; in English also by what it means, as a classifier on the bundled
//! model's vectors says. It never stands in the place of an answer: [`Bot::talk`](super::Bot::talk) asks the FAQ first.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::embed::ModelId;
use crate::embed::fastembed::BUNDLED_ID;
use crate::faq::{Faq, SmallTalk, normalize_phrasing};
use crate::matching::alignment::{content_words, stem};

/// What the bot says to small talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallTalkReply {
    /// One of [`SmallTalk::KINDS`].
    pub kind: &'static str,
    /// What is said, as Markdown.
    pub text: String,
}

/// A message that is small talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// A position in [`SmallTalk::KINDS`].
    pub kind: usize,
    /// The set whose phrasing it is: the reply is in its language.
    set: usize,
}

impl Found {
    /// Of a kind, in English.
    fn of_kind(kind: usize) -> Found {
        Found { kind, set: 0 }
    }

    /// Nonsense.
    pub(super) fn nonsense() -> Found {
        Found::of_kind(SmallTalk::KINDS.iter().position(|kind| *kind == "nonsense").unwrap_or(0))
    }
}

/// Questions of the FAQ that a reply names.
const QUESTIONS: usize = 3;

/// A longer message is no small talk.
const MOST_WORDS: usize = 14;

/// The phrasings and replies in a language.
struct Set {
    language: &'static str,
    /// The replies, by kind.
    replies: Vec<String>,
    /// Phrasings as [`words`] makes them, with their kinds.
    phrasings: HashMap<String, usize>,
    /// Messages of signs alone, which have no words.
    signs: HashMap<String, usize>,
}

/// More messages in English, by others than who wrote the phrasings.
const MESSAGES: &str = include_str!("../../data/smalltalk.messages.jsonl");

/// A message and its kind.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    kind: String,
}

/// English first: what is in several languages is taken for that.
static SETS: LazyLock<Vec<Set>> = LazyLock::new(|| {
    [
        ("en", include_str!("../../data/smalltalk.yaml")),
        ("de", include_str!("../../data/smalltalk.de.yaml")),
        ("fr", include_str!("../../data/smalltalk.fr.yaml")),
        ("es", include_str!("../../data/smalltalk.es.yaml")),
    ]
    .into_iter()
    .filter_map(|(language, yaml)| Set::read(language, yaml))
    .collect()
});

impl Set {
    fn read(language: &'static str, yaml: &str) -> Option<Set> {
        let faq = Faq::read(yaml.as_bytes(), Path::new("smalltalk.yaml")).ok()?.faq;
        let messages: Vec<Labelled> = match language {
            "en" => MESSAGES.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            _ => Vec::new(),
        };
        let mut set = Set {
            language,
            replies: vec![String::new(); SmallTalk::KINDS.len()],
            phrasings: HashMap::new(),
            signs: HashMap::new(),
        };
        for entry in faq.entries {
            let kind = SmallTalk::KINDS.iter().position(|kind| *kind == entry.id.as_str())?;
            set.replies[kind] = entry.answer;
            let more = messages.iter().filter(|message| message.kind == entry.id.as_str());
            let more: Vec<String> = more.map(|message| message.text.clone()).collect();
            for phrasing in entry.phrasings.into_iter().chain(more) {
                let key = words(&phrasing);
                if key.is_empty() {
                    set.signs.entry(phrasing).or_insert(kind);
                } else {
                    set.phrasings.entry(key).or_insert(kind);
                }
            }
        }
        Some(set)
    }
}

/// The phrasings of the English set with their kinds, by position in [`SmallTalk::KINDS`].
pub fn english() -> Vec<(String, usize)> {
    let mut all: Vec<(String, usize)> = SETS.iter().take(1).flat_map(|set| set.phrasings.clone()).collect();
    all.sort();
    all
}

/// A message's words as they are compared: without accents, apostrophes and signs, with letters that are held down
/// once ("hellooo"), and what chats shorten in full.
fn words(message: &str) -> String {
    let without: String = message.chars().filter(|c| !matches!(c, '\'' | '’' | '`' | '´')).collect();
    let mut text = String::with_capacity(without.len());
    for word in normalize_phrasing(&without).split(' ').filter(|word| !word.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        let full = match word {
            "u" => "you",
            "r" => "are",
            "ur" => "your",
            "pls" | "plz" => "please",
            _ => word,
        };
        // "hellooo" is "hello", and "soooo" is "so".
        let letters: Vec<char> = full.chars().collect();
        let mut at = 0;
        while at < letters.len() {
            let run = letters[at..].iter().take_while(|c| **c == letters[at]).count();
            let digit = letters[at].is_ascii_digit();
            text.extend(std::iter::repeat_n(letters[at], if run > 2 && !digit { 1 } else { run }));
            at += run;
        }
    }
    text
}

/// The small talk whose words a message has, nearly at least.
pub fn by_words(message: &str) -> Option<Found> {
    exactly(message).or_else(|| {
        let text = words(message);
        if text.is_empty() || text.split(' ').count() > MOST_WORDS {
            return None;
        }
        nearly(&text).or_else(|| nearly(&without_fillers(&text)))
    })
}

/// The small talk whose very words a message has, without a slip.
pub fn exactly(message: &str) -> Option<Found> {
    let message = message.trim();
    let text = words(message);
    if text.is_empty() {
        let sign =
            |set: &Set| message.chars().find_map(|c| set.signs.get(c.encode_utf8(&mut [0; 4])).copied());
        return SETS.iter().enumerate().find_map(|(at, set)| {
            let kind = set.signs.get(message).copied().or_else(|| sign(set))?;
            Some(Found { kind, set: at })
        });
    }
    if text.split(' ').count() > MOST_WORDS {
        return None;
    }
    let exact = |text: &str| {
        let kind = |(at, set): (usize, &Set)| set.phrasings.get(text).map(|&kind| Found { kind, set: at });
        SETS.iter().enumerate().find_map(kind)
    };
    exact(&text)
        .or_else(|| exact(&without_fillers(&text)).filter(|found| found.set == 0))
        .or_else(|| in_pieces(message, &exact))
}

/// Words that change nothing of what small talk says.
const FILLERS: [&str; 44] = [
    "a",
    "all",
    "already",
    "bot",
    "bro",
    "buddy",
    "chatbot",
    "dear",
    "dude",
    "even",
    "everybody",
    "everyone",
    "faqbot",
    "folks",
    "friend",
    "guys",
    "hey",
    "just",
    "man",
    "mate",
    "my",
    "now",
    "oh",
    "ok",
    "okay",
    "partner",
    "please",
    "pal",
    "really",
    "right",
    "robot",
    "sir",
    "so",
    "team",
    "the",
    "then",
    "there",
    "to",
    "today",
    "very",
    "well",
    "ya",
    "yeah",
    "you",
];

/// A text without the words that change nothing; empty where it has no others.
fn without_fillers(text: &str) -> String {
    text.split(' ').filter(|word| !FILLERS.contains(word)).collect::<Vec<_>>().join(" ")
}

/// A message of several pieces, all of them small talk: the last that is more than a greeting or an "ok".
fn in_pieces(message: &str, exact: &dyn Fn(&str) -> Option<Found>) -> Option<Found> {
    let pieces: Vec<String> =
        message.split(|c: char| STOPS.contains(&c)).map(words).filter(|piece| !piece.is_empty()).collect();
    if pieces.len() < 2 {
        return None;
    }
    let found: Vec<Found> = pieces
        .iter()
        .map(|piece| exact(piece).or_else(|| exact(&without_fillers(piece))))
        .collect::<Option<_>>()?;
    let small = |found: &&Found| ["greeting", "yes", "no"].contains(&SmallTalk::KINDS[found.kind]);
    found.iter().rfind(|found| !small(found)).or(found.last()).copied()
}

/// The phrasing that differs from a text in slips of the keyboard only, within its words: a letter more, less, other or
/// swapped in a word of three to six letters, two in a longer one, and in two words at most.
fn nearly(text: &str) -> Option<Found> {
    const WORDS: usize = 2;
    let typed: Vec<&str> = text.split(' ').collect();
    let mut best: Option<(usize, Found)> = None;
    for (at, set) in SETS.iter().enumerate() {
        for (phrasing, &kind) in &set.phrasings {
            // Cheap first; and a short word is another word with a letter changed.
            let apart = phrasing.len().abs_diff(text.len());
            if apart > 2 * WORDS || phrasing.len() < 4 || text.len() < 4 {
                continue;
            }
            let Some(slips) = slips(&typed, phrasing, WORDS) else { continue };
            let better = best.is_none_or(|(least, found)| (slips, kind, at) < (least, found.kind, found.set));
            if better {
                best = Some((slips, Found { kind, set: at }));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// How many slips are between words and a phrasing; `None` where they are other words.
fn slips(typed: &[&str], phrasing: &str, most_words: usize) -> Option<usize> {
    let (mut total, mut differing, mut at) = (0, 0, 0);
    for word in phrasing.split(' ') {
        let own = *typed.get(at)?;
        at += 1;
        if own == word {
            continue;
        }
        let most = match word.chars().count() {
            0..3 => return None,
            3..7 => 1,
            _ => 2,
        };
        let slips = strsim::damerau_levenshtein(own, word);
        differing += 1;
        if slips > most || differing > most_words {
            return None;
        }
        total += slips;
    }
    (at == typed.len() && total > 0).then_some(total)
}

/// Whether a message is letters struck at random: words that no language has, as far as their letters tell.
pub fn is_mashed(message: &str, is_known: impl Fn(&str) -> bool) -> bool {
    let text = normalize_phrasing(message);
    const MOST_LETTERS: usize = 40;
    let mashed = |word: &str| {
        let letters: Vec<char> = word.chars().collect();
        // A longer one is pasted, and not struck.
        if !(4..=MOST_LETTERS).contains(&letters.len())
            || !word.is_ascii()
            || word.bytes().any(|b| b.is_ascii_digit())
            || is_known(word)
        {
            return false;
        }
        let vowel = |c: &char| "aeiouy".contains(*c);
        let longest = letters.chunk_by(|a, b| vowel(a) == vowel(b)).map(<[char]>::len).max().unwrap_or(0);
        let mut kinds = letters.clone();
        kinds.sort_unstable();
        kinds.dedup();
        // No vowels, five consonants on end, or few letters over and over.
        !letters.iter().any(vowel) || longest >= 5 || letters.len() >= 3 * kinds.len()
    };
    !text.is_empty() && text.split(' ').count() <= 4 && text.split(' ').all(mashed)
}

/// What stands around a message's question: a greeting before it, thanks after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside<'m> {
    /// The message without it.
    pub rest: &'m str,
    /// What stands before it.
    pub before: Option<Found>,
    /// What stands after it.
    pub after: Option<Found>,
}

/// Kinds that stand before a question.
const BEFORE: [&str; 5] = ["greeting", "thanks", "sorry", "yes", "no"];
/// Kinds that stand after one.
const AFTER: [&str; 2] = ["thanks", "goodbye"];
/// Words that a greeting may be followed by without a comma.
const ADDRESSED: [&str; 12] = [
    "there",
    "bot",
    "all",
    "everyone",
    "everybody",
    "team",
    "guys",
    "folks",
    "faqbot",
    "again",
    "sir",
    "madam",
];

/// Takes a greeting off the front of a message, and thanks off its end; nothing where that is all it says.
pub fn aside(message: &str) -> Aside<'_> {
    let message = message.trim();
    let mut found = Aside { rest: message, before: None, after: None };
    // Twice: "hi there, sorry to bother you, …".
    for _ in 0..2 {
        let Some((kind, rest)) = before(found.rest) else { break };
        found.before = found.before.or(Some(kind));
        found.rest = rest;
    }
    if let Some((kind, rest)) = after(found.rest) {
        found.after = Some(kind);
        found.rest = rest;
    }
    found
}

const STOPS: [char; 9] = [',', '.', '!', ';', ':', '-', '–', '\n', '?'];

fn before(message: &str) -> Option<(Found, &str)> {
    const FARTHEST: usize = 60;
    let end = message.floor_char_boundary(FARTHEST);
    let ends_at = |at: usize, c: char| {
        let rest = message[at + c.len_utf8()..]
            .trim_start_matches(|c: char| STOPS.contains(&c) || c.is_whitespace());
        let found = exactly(&message[..at])?;
        let kind = SmallTalk::KINDS[found.kind];
        // Without a comma, only greetings end where the question begins: "hi where is my order".
        let sure = if STOPS.contains(&c) { BEFORE.contains(&kind) } else { kind == "greeting" };
        (sure && !rest.is_empty()).then_some((found, rest))
    };
    // A hyphen within a word is none: "non-stick".
    let apart = |at: usize, c: char| c != '-' || message[at + 1..].starts_with(char::is_whitespace);
    let stops = message[..end].char_indices().filter(|(at, c)| STOPS.contains(c) && apart(*at, *c));
    let found = stops.rev().find_map(|(at, c)| ends_at(at, c));
    found.or_else(|| {
        let spaces: Vec<usize> = message[..end].match_indices(' ').map(|(at, _)| at).take(4).collect();
        spaces.into_iter().rev().find_map(|at| {
            let (found, rest) = ends_at(at, ' ')?;
            // "good morning america": not cut within what it may be the beginning of.
            let next = rest.split_whitespace().next().unwrap_or_default().to_lowercase();
            let next = next.trim_matches(|c: char| !c.is_alphanumeric());
            let rest = if ADDRESSED.contains(&next) {
                rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start())
            } else {
                rest
            };
            (rest.split_whitespace().count() >= 2).then_some((found, rest))
        })
    })
}

fn after(message: &str) -> Option<(Found, &str)> {
    let trimmed = message.trim_end_matches(|c: char| STOPS.contains(&c) || c.is_whitespace());
    let from = |at: usize| {
        let found = exactly(&trimmed[at..])?;
        let rest = message[..at].trim_end_matches(|c: char| c.is_whitespace() || ",;-–:".contains(c));
        let enough = rest.split_whitespace().count() >= 2;
        (AFTER.contains(&SmallTalk::KINDS[found.kind]) && enough).then_some((found, rest))
    };
    let starts = trimmed.char_indices().rev().filter(|(_, c)| STOPS.contains(c) || *c == ' ');
    // The longest: "thank you very much" and not "much".
    let starts: Vec<usize> = starts.map(|(at, c)| at + c.len_utf8()).take(5).collect();
    starts.into_iter().rev().find_map(from)
}

/// Tells the kinds apart by a message's vector. Fitted by `cargo run --release --example small_talk`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classifier {
    /// The least probability of a kind.
    pub threshold: f32,
    /// For each kind, and for what is none: added to all.
    pub constants: Vec<f32>,
    /// For each kind, and for what is none: one for each number of the vector.
    pub weights: Vec<Vec<f32>>,
}

impl Classifier {
    /// What ships, for the bundled model; `None` for others.
    pub fn shipped(model: &ModelId) -> Option<&'static Self> {
        static SHIPPED: LazyLock<Option<Classifier>> =
            LazyLock::new(|| serde_json::from_str(include_str!("small_talk.json")).ok());
        SHIPPED.as_ref().filter(|_| Some(model.as_str()) == BUNDLED_ID)
    }

    /// The probability of each kind, and of none last, for a unit vector.
    pub fn probabilities(&self, vector: &[f32]) -> Vec<f32> {
        let logit = |(weights, constant): (&Vec<f32>, &f32)| {
            constant + weights.iter().zip(vector).map(|(weight, value)| weight * value).sum::<f32>()
        };
        softmax(self.weights.iter().zip(&self.constants).map(logit).collect())
    }

    /// The kind that a message with this vector is of, if it is sure enough.
    pub fn kind(&self, message: &str, vector: &[f32]) -> Option<Found> {
        let (kind, sure) = best(&self.probabilities(vector))?;
        let least = if has_other_words(message) { self.threshold.max(SURE) } else { self.threshold };
        (sure >= least).then(|| Found::of_kind(kind))
    }
}

/// The kind with the greatest probability.
pub fn best(probabilities: &[f32]) -> Option<(usize, f32)> {
    let kinds = probabilities.iter().copied().take(SmallTalk::KINDS.len()).enumerate();
    kinds.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The least probability where a message has words that no small talk has: "is this real leather" is about leather.
pub const SURE: f32 = 0.9;

/// Whether a message has words, small ones aside, that none of the phrasings in English has.
pub fn has_other_words(message: &str) -> bool {
    static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let phrasings = SETS.iter().take(1).flat_map(|set| set.phrasings.keys());
        phrasings.flat_map(|text| content_words(text)).map(|word| stem(&word)).collect()
    });
    content_words(&words(message)).iter().any(|word| !KNOWN.contains(&stem(word)))
}

/// Log odds as probabilities that sum to 1.
pub fn softmax(mut logits: Vec<f32>) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|logit| *logit = (*logit - greatest).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|share| *share /= sum);
    logits
}

/// Whether a message is short enough to be small talk.
pub fn may_be(message: &str) -> bool {
    message.split_whitespace().take(MOST_WORDS + 1).count() <= MOST_WORDS
}

/// What is said to small talk, unless the FAQ turns it off.
pub fn reply(found: Found, faq: &Faq) -> Option<SmallTalkReply> {
    let kind = SmallTalk::KINDS[found.kind];
    let template = match faq.small_talk.own.get(kind) {
        _ if faq.small_talk.off => return None,
        Some(own) => own.as_deref()?,
        None => &SETS[found.set].replies[found.kind],
    };
    let language = SETS[found.set].language;
    let text = template
        .replace("{title}", &title(faq, language))
        .replace("{questions}", &questions(faq))
        .replace("{contact}", &contact(faq, language));
    Some(SmallTalkReply { kind, text: text.trim().to_owned() })
}

/// The FAQ's title in a sentence.
fn title(faq: &Faq, language: &str) -> String {
    match (&faq.title, language) {
        (Some(title), "de") => format!("„{title}“"),
        (Some(title), "fr" | "es") => format!("« {title} »"),
        (Some(title), _) => format!("“{title}”"),
        (None, "de") => "einer FAQ".to_owned(),
        (None, "fr") => "une FAQ".to_owned(),
        (None, "es") => "una lista de preguntas".to_owned(),
        (None, _) => "a FAQ".to_owned(),
    }
}

/// Questions to begin with, as a list.
fn questions(faq: &Faq) -> String {
    let asked = faq
        .entries
        .iter()
        .filter(|entry| !entry.out_of_scope && !entry.crisis && !entry.urgent && entry.only_after.is_empty());
    asked.take(QUESTIONS).map(|entry| format!("- {}", entry.question())).collect::<Vec<_>>().join("\n")
}

/// Whom to ask instead.
fn contact(faq: &Faq, language: &str) -> String {
    faq.contact.clone().unwrap_or_else(|| {
        let none = match language {
            "de" => "Hier ist niemand angegeben, an den man sich wenden kann.",
            "fr" => "Aucun contact n'est indiqué ici.",
            "es" => "Aquí no se indica ningún contacto.",
            _ => "Nobody to write to is named here.",
        };
        none.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(message: &str) -> Option<&'static str> {
        by_words(message).map(|found| SmallTalk::KINDS[found.kind])
    }

    #[test]
    fn every_language_has_every_kind() {
        assert_eq!(SETS.len(), 4);
        for set in SETS.iter() {
            assert!(set.replies.iter().all(|reply| !reply.is_empty()), "{}", set.language);
        }
    }

    #[test]
    fn messages_are_known_by_their_words() {
        for (message, wanted) in [
            ("Hello!!", "greeting"),
            ("hellooooo", "greeting"),
            ("thnaks", "thanks"),
            ("Whats ur name?", "who_are_you"),
            ("👋", "greeting"),
            ("👍👍", "thanks"),
            ("Guten Morgen", "greeting"),
            ("Wie heißt du?", "who_are_you"),
            ("merci beaucoup", "thanks"),
            ("¿Cómo estás?", "how_are_you"),
        ] {
            assert_eq!(kind(message), Some(wanted), "{message}");
        }
        for message in ["", "?!", "where is my order", "buy", "high", "helmet", "Is there a toilet?", "tanks"]
        {
            assert!(kind(message).is_none_or(|kind| kind == "thanks" && message == "tanks"), "{message}");
        }
    }

    #[test]
    fn greetings_are_taken_off_questions() {
        let rest = |message| aside(message).rest;
        assert_eq!(rest("hi, do you ship to Canada?"), "do you ship to Canada?");
        assert_eq!(rest("Good morning! Where is my order? Thanks"), "Where is my order?");
        assert_eq!(rest("hello there can i pay by card, thank you very much"), "can i pay by card");
        assert_eq!(rest("hey, sorry to bother you, is it free?"), "is it free?");
        for whole in ["hi", "hi there", "do you ship to Canada?", "no refund received", "thanks", "yes or no"]
        {
            assert_eq!(rest(whole), whole);
        }
    }

    #[test]
    fn letters_struck_at_random_are_told_from_names() {
        let known = |word: &str| word == "hmmm";
        for message in ["sdfkjhg", "aaaaaaaa", "hjkl hjkl", "xcvbn sdfg"] {
            assert!(is_mashed(message, known), "{message}");
        }
        for message in ["hmmm", "Bergheim", "sushi", "xbox", "a1b2c3", "", "rhythm"] {
            assert!(!is_mashed(message, known), "{message}");
        }
    }

    #[test]
    fn replies_name_what_the_faq_is_about() {
        let yaml = "title: Shop\nsmalltalk: {thanks: Cheers., insult: false}\nentries:\n- {question: Q1?, answer: a}\n- {question: Q2?, answer: b}\n";
        let faq = Faq::read(yaml.as_bytes(), Path::new("a.yaml")).unwrap().faq;
        let say = |message: &str| reply(by_words(message).unwrap(), &faq).map(|reply| reply.text);
        let hello = say("hi").unwrap();
        assert!(hello.contains("“Shop”") && hello.ends_with("- Q1?\n- Q2?"), "{hello}");
        assert_eq!(say("thanks").as_deref(), Some("Cheers."));
        assert_eq!(say("you suck"), None);
        assert!(say("hallo").unwrap().contains("„Shop“"));
    }
}
