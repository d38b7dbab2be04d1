//! What people write after "Did you mean": a number in any of its forms, yes, no, or words of a choice.

use faqbot_faq::normalize_phrasing;

/// What was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    /// A choice, by its position.
    Choice(usize),
    /// None of them.
    None,
    /// A number that no choice has.
    Beyond,
}

/// Numbers in words, as places and as counts.
const NUMBERS: [&[&str]; 9] = [
    &["1", "one", "first", "1st"],
    &["2", "two", "second", "2nd"],
    &["3", "three", "third", "3rd"],
    &["4", "four", "fourth", "4th"],
    &["5", "five", "fifth", "5th"],
    &["6", "six", "sixth", "6th"],
    &["7", "seven", "seventh", "7th"],
    &["8", "eight", "eighth", "8th"],
    &["9", "nine", "ninth", "9th"],
];

/// Words around a number that say nothing more.
const AROUND: [&str; 24] = [
    "a", "answer", "choice", "i", "it", "its", "mean", "meant", "nr", "no", "number", "ok", "okay", "option",
    "please", "pick", "pls", "take", "thanks", "that", "the", "thx", "want", "yes",
];

/// Messages that choose none.
const NONE: [&str; 16] = [
    "0",
    "zero",
    "no",
    "nope",
    "none",
    "neither",
    "nothing",
    "no thanks",
    "none of these",
    "none of them",
    "none of those",
    "none of the above",
    "neither of them",
    "not these",
    "no none",
    "no neither",
];

/// Messages that say yes: where there is one choice, that is it.
const YES: [&str; 11] =
    ["yes", "y", "yeah", "yep", "yup", "sure", "ok", "okay", "right", "exactly", "that one"];

/// Words that are in too many questions to choose by, and those that only point.
const COMMON: [&str; 44] = [
    "a", "about", "am", "an", "and", "are", "at", "be", "by", "can", "did", "do", "does", "for", "from",
    "have", "how", "i", "in", "is", "it", "me", "my", "of", "on", "one", "or", "please", "question", "that",
    "the", "them", "they", "this", "to", "was", "we", "what", "when", "where", "which", "why", "with", "you",
];

/// What a message picks of the questions that were offered; `None` where it is a message of its own.
///
/// ```
/// use faqbot_core::bot::{Picked, pick};
/// let offered = ["Can I hug my therapist?", "Can I call my therapist?"];
/// assert_eq!(pick("the second one please", &offered), Some(Picked::Choice(1)));
/// assert_eq!(pick("the hug one", &offered), Some(Picked::Choice(0)));
/// assert_eq!(pick("none of these", &offered), Some(Picked::None));
/// assert_eq!(pick("what does it cost?", &offered), None);
/// ```
pub fn pick(message: &str, offered: &[&str]) -> Option<Picked> {
    let text = normalize_phrasing(message);
    let words = words_of(&text);
    if words.is_empty() || offered.is_empty() {
        return None;
    }
    if NONE.contains(&text.as_str()) {
        return Some(Picked::None);
    }
    if offered.len() == 1 && says_yes(message) {
        return Some(Picked::Choice(0));
    }
    if let Some(number) = number(&words, offered.len()) {
        return Some(number);
    }
    // A choice itself, as it stands or nearly so.
    if let Some(at) = offered.iter().position(|question| normalize_phrasing(question) == text) {
        return Some(Picked::Choice(at));
    }
    by_words(&words, offered)
}

/// The words of a normalised text.
fn words_of(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

/// As [`pick`], by a number only: for what is offered beside an answer.
pub fn pick_number(message: &str, offered: usize) -> Option<Picked> {
    let text = normalize_phrasing(message);
    let words = words_of(&text);
    if offered == 0 { None } else { number(&words, offered).filter(|picked| *picked != Picked::None) }
}

/// Whether a message asks for the choice that was not taken: "no, the other".
pub fn pick_other(message: &str) -> bool {
    let text = normalize_phrasing(message);
    let mut words = words_of(&text);
    words.retain(|word| {
        !AROUND.contains(word) && !["not", "one", "ones", "rather", "nope", "sorry"].contains(word)
    });
    matches!(words[..], ["other" | "others"])
}

/// Whether a message says yes.
pub fn says_yes(message: &str) -> bool {
    let text = normalize_phrasing(message);
    YES.contains(&text.strip_suffix(" please").unwrap_or(&text))
}

/// A number with nothing else around it: a message with more is a question.
fn number(words: &[&str], offered: usize) -> Option<Picked> {
    // In "the second one", "one" is no number.
    let one = |word: &&str| ["one", "ones"].contains(word);
    let other = words.iter().any(|word| !one(word) && (place(word).is_some() || *word == "last"));
    let words: Vec<&str> = words.iter().copied().filter(|word| !(other && one(word))).collect();
    if words == ["last"] || words == ["the", "last"] {
        return Some(Picked::Choice(offered - 1));
    }
    let mut found = None;
    for word in words {
        // `place` before the words around: "no 1" is number one.
        let number = place(word).or_else(|| word.parse::<usize>().ok());
        match (number, found) {
            (Some(number), None) => found = Some(number),
            (Some(_), Some(_)) => return None,
            (None, _) if AROUND.contains(&word) => {}
            (None, _) => return None,
        }
    }
    Some(match found? {
        0 => Picked::None,
        number if number <= offered => Picked::Choice(number - 1),
        _ => Picked::Beyond,
    })
}

/// The place that a word names, from 1.
fn place(word: &str) -> Option<usize> {
    NUMBERS.iter().position(|names| names.contains(&word)).map(|at| at + 1)
}

/// Words that only one of the choices has, in a message that has little else: "the hug one".
fn by_words(words: &[&str], offered: &[&str]) -> Option<Picked> {
    let telling: Vec<&str> = words.iter().copied().filter(|word| !COMMON.contains(word)).collect();
    // A longer message is a question of its own.
    if telling.is_empty() || telling.len() > 3 || words.len() > 6 {
        return None;
    }
    let own: Vec<Vec<String>> = offered
        .iter()
        .map(|question| normalize_phrasing(question).split(' ').map(str::to_owned).collect())
        .collect();
    let mut holding = (0..offered.len())
        .filter(|&at| telling.iter().all(|word| own[at].iter().any(|own| own == word || like(own, word))));
    match (holding.next(), holding.next()) {
        (Some(at), None) => Some(Picked::Choice(at)),
        _ => None,
    }
}

/// Whether two words are one but for an ending: "hug", "hugs", "hugging".
fn like(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short.chars().count() >= 3 && long.starts_with(short) && long.len() - short.len() <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [&str; 3] =
        ["Can I hug my therapist?", "Can I call my therapist at night?", "Where do therapists work?"];

    #[test]
    fn numbers_in_all_their_forms() {
        for (message, wanted) in [
            ("1", 0),
            ("1.", 0),
            ("#2", 1),
            ("(3)", 2),
            ("first", 0),
            ("one", 0),
            ("option 2", 1),
            ("1 please", 0),
            ("number three", 2),
            ("The second one, please!", 1),
            ("i mean the 2nd", 1),
            ("no 1", 0),
            ("the last one", 2),
            ("the first one", 0),
        ] {
            assert_eq!(pick(message, &OFFERED), Some(Picked::Choice(wanted)), "{message}");
        }
        assert_eq!(pick("4", &OFFERED), Some(Picked::Beyond));
        assert_eq!(pick("99", &OFFERED), Some(Picked::Beyond));
    }

    #[test]
    fn none_yes_and_words() {
        for message in ["0", "no", "None of these.", "neither", "nope"] {
            assert_eq!(pick(message, &OFFERED), Some(Picked::None), "{message}");
        }
        assert_eq!(pick("yes", &OFFERED[..1]), Some(Picked::Choice(0)));
        assert_eq!(pick("yes", &OFFERED), None, "which?");
        for (message, wanted) in [
            ("the hug one", 0),
            ("hugging", 0),
            ("calling at night", 1),
            ("where do therapists work", 2),
            ("the one about work", 2),
        ] {
            assert_eq!(pick(message, &OFFERED), Some(Picked::Choice(wanted)), "{message}");
        }
    }

    #[test]
    fn questions_stay_questions() {
        for message in [
            "",
            "?",
            "therapist",
            "can i pay in 2 parts",
            "what does it cost?",
            "are there 3 rooms",
            "1 or 2",
            "how do i find one",
            "can my therapist hug me and call my mother at work",
        ] {
            assert_eq!(pick(message, &OFFERED), None, "{message}");
        }
        assert_eq!(pick("1", &[]), None);
        assert_eq!(pick_number("the second one", 2), Some(Picked::Choice(1)));
        assert_eq!(
            (pick_number("no", 2), pick_number("call one", 2), pick_number("1", 0)),
            (None, None, None)
        );
        assert!(pick_other("no, the other one please") && says_yes("Yes, please!"));
        assert!(!pick_other("what about the other shop") && !says_yes("yes or no"));
    }
}
