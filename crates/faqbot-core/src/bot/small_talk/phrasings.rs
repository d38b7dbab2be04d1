//! The phrasings of small talk, and what has their words.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use faqbot_faq::{Faq, SmallTalkKind, normalize_phrasing};
use serde::Deserialize;

use super::Found;

/// A longer message is no small talk.
const MOST_WORDS: usize = 14;

/// The phrasings and replies in a language.
pub(super) struct Set {
    pub(super) language: &'static str,
    /// The replies, by kind.
    pub(super) replies: Vec<String>,
    /// Phrasings as [`words`] makes them, with their kinds.
    pub(super) phrasings: HashMap<String, SmallTalkKind>,
    /// Messages of signs alone, which have no words.
    signs: HashMap<String, SmallTalkKind>,
}

/// More messages in English, by others than who wrote the phrasings.
const MESSAGES: &str = include_str!("texts/messages.jsonl");

/// A message and its kind.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    kind: String,
}

/// English first: what is in several languages is taken for that.
pub(super) static SETS: LazyLock<Vec<Set>> = LazyLock::new(|| {
    [
        ("en", include_str!("texts/en.yaml")),
        ("de", include_str!("texts/de.yaml")),
        ("fr", include_str!("texts/fr.yaml")),
        ("es", include_str!("texts/es.yaml")),
    ]
    .into_iter()
    .map(|(language, yaml)| Set::read(language, yaml).expect("every_language_has_every_kind reads it"))
    .collect()
});

impl Set {
    fn read(language: &'static str, yaml: &str) -> Option<Set> {
        let faq = Faq::read(yaml.as_bytes(), Path::new("smalltalk.yaml")).ok()?.faq;
        let messages: Vec<Labelled> = match language {
            "en" => MESSAGES.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>().ok()?,
            _ => Vec::new(),
        };
        let mut set = Set {
            language,
            replies: vec![String::new(); SmallTalkKind::ALL.len()],
            phrasings: HashMap::new(),
            signs: HashMap::new(),
        };
        for entry in faq.entries {
            let kind = SmallTalkKind::named(entry.id.as_str())?;
            set.replies[kind as usize] = entry.answer;
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

/// The phrasings of the English set with their kinds.
pub fn english() -> Vec<(String, SmallTalkKind)> {
    let mut all: Vec<(String, SmallTalkKind)> =
        SETS.iter().take(1).flat_map(|set| set.phrasings.clone()).collect();
    all.sort();
    all
}

/// A message's words as they are compared: without accents, apostrophes and signs, with letters that are held down
/// once ("hellooo"), and what chats shorten in full.
pub(super) fn words(message: &str) -> String {
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

/// The small talk whose very words a message has, without a typo.
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
    let small = |found: &&Found| {
        [SmallTalkKind::Greeting, SmallTalkKind::Yes, SmallTalkKind::No].contains(&found.kind)
    };
    found.iter().rfind(|found| !small(found)).or(found.last()).copied()
}

/// The phrasing that differs from a text in typing errors only, within its words: a letter more, less, other or
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
            let Some(typos) = typos(&typed, phrasing, WORDS) else { continue };
            let better = best.is_none_or(|(least, found)| {
                (typos, kind as usize, at) < (least, found.kind as usize, found.set)
            });
            if better {
                best = Some((typos, Found { kind, set: at }));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// How many typos are between words and a phrasing; `None` where they are other words.
fn typos(typed: &[&str], phrasing: &str, most_words: usize) -> Option<usize> {
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
        let typos = strsim::damerau_levenshtein(own, word);
        differing += 1;
        if typos > most || differing > most_words {
            return None;
        }
        total += typos;
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

/// What ends a piece of a message.
pub(super) const STOPS: [char; 9] = [',', '.', '!', ';', ':', '-', '–', '\n', '?'];

/// Whether a message is short enough to be small talk.
pub fn may_be(message: &str) -> bool {
    message.split_whitespace().take(MOST_WORDS + 1).count() <= MOST_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(message: &str) -> Option<&'static str> {
        by_words(message).map(|found| found.kind.name())
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
    fn letters_struck_at_random_are_told_from_names() {
        let known = |word: &str| word == "hmmm";
        for message in ["sdfkjhg", "aaaaaaaa", "hjkl hjkl", "xcvbn sdfg"] {
            assert!(is_mashed(message, known), "{message}");
        }
        for message in ["hmmm", "Bergheim", "sushi", "xbox", "a1b2c3", "", "rhythm"] {
            assert!(!is_mashed(message, known), "{message}");
        }
    }
}
