//! Messages that ask several questions, or tell a story around one, taken apart.

use faqbot_faq::normalize_phrasing;

use crate::matching::passages::sentences;

/// A piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'m> {
    /// Its text, without what joins it to the piece before.
    pub text: &'m str,
    /// Whether it asks something, as its form tells.
    pub asks: bool,
}

/// Pieces of a message that are read, at most; those that ask, where there are more.
const MOST: usize = 6;

/// A piece of fewer words is none: "Hello?", "and why".
const LEAST_WORDS: usize = 3;

/// From so many words on, a message is taken for a story: only what asks in it is read apart.
const STORY_WORDS: usize = 40;

/// Words that questions begin with.
const OPENERS: [&str; 38] = [
    "how",
    "what",
    "whats",
    "when",
    "where",
    "wheres",
    "why",
    "who",
    "which",
    "can",
    "could",
    "do",
    "does",
    "did",
    "is",
    "are",
    "am",
    "will",
    "would",
    "should",
    "whose",
    "cant",
    "dont",
    "isnt",
    "arent",
    "is it",
    "tell me",
    "please tell",
    "let me know",
    "i want to know",
    "i would like to know",
    "id like to know",
    "price of",
    "any chance",
    "i need to know",
    "is there",
    "are there",
    "need to know",
];

/// What joins questions, longest first; it is no part of either.
const JOINS: [&str; 18] = [
    "and also",
    "oh and",
    "and then",
    "also",
    "and",
    "plus",
    "btw",
    "by the way",
    "another thing",
    "one more thing",
    "oh",
    "so",
    "but",
    "additionally",
    "secondly",
    "furthermore",
    "next",
    "then",
];

/// The pieces of a message: one where it is one question.
///
/// ```
/// use faqbot_core::matching::questions::pieces;
/// let texts = |message| pieces(message).iter().map(|piece| piece.text).collect::<Vec<_>>();
/// assert_eq!(texts("can they hug and also can i be friends with him"), ["can they hug", "can i be friends with him"]);
/// assert_eq!(texts("do you ship to France, Belgium or Spain"), ["do you ship to France, Belgium or Spain"]);
/// ```
pub fn pieces(message: &str) -> Vec<Piece<'_>> {
    let mut found: Vec<Piece> = Vec::new();
    let story = is_story(message);
    for (from, to) in sentences(message) {
        let sentence = &message[from..to];
        // In a story, a sentence is read whole.
        let clauses = if story { vec![sentence] } else { clauses(sentence) };
        for clause in clauses {
            let text = without_join(clause.trim());
            if text.split_whitespace().count() >= LEAST_WORDS && !normalize_phrasing(text).is_empty() {
                found.push(Piece { text, asks: asks(text) });
            }
        }
    }
    if story || found.len() > MOST {
        found.retain(|piece| piece.asks);
        found.truncate(MOST);
    }
    let whole = message.trim();
    let apart = found.len() > 1 || (story && found.len() == 1 && found[0].text.len() < whole.len());
    if apart { found } else { vec![Piece { text: whole, asks: asks(whole) }] }
}

/// Whether a message is long enough for its question to be told around.
pub fn is_story(message: &str) -> bool {
    message.split_whitespace().nth(STORY_WORDS - 1).is_some()
}

/// The clauses of a sentence: it is cut before what joins it to a question, and before a question after a comma or a
/// question mark.
fn clauses(sentence: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut at = 0;
    while let Some(gap) = sentence[at..].find([' ', ',', '?', '+', ':']) {
        let here = at + gap;
        let sign = sentence[here..].chars().next().unwrap_or(' ');
        at = here + 1;
        let rest = sentence[at..].trim_start();
        // A comma joins where a question follows; a space only where a joining word does, and a question after that.
        let joined = joins(rest);
        let follows = match sign {
            ',' | '?' | '+' => opens(without_join(rest)),
            ' ' | ':' => joined.is_some_and(opens),
            _ => false,
        };
        let long_enough = |text: &str| without_join(text).split_whitespace().count() >= LEAST_WORDS;
        let end = if sign == '?' { at } else { here };
        if follows && long_enough(&sentence[begin..end]) && long_enough(rest) {
            found.push(&sentence[begin..end]);
            begin = at;
        }
    }
    found.push(&sentence[begin..]);
    found
}

/// What follows the words at the front of a text that join it to what is before; `None` without such words.
fn joins(text: &str) -> Option<&str> {
    let joined = JOINS.iter().filter_map(|words| {
        let begin = text.get(..words.len()).filter(|begin| begin.eq_ignore_ascii_case(words))?;
        let rest = &text[begin.len()..];
        rest.starts_with(|c: char| !c.is_alphanumeric())
            .then(|| rest.trim_start_matches([' ', ',', ':', '-']))
    });
    joined.min_by_key(|rest| rest.len())
}

/// A text without the words at its front that join it to what is before.
fn without_join(text: &str) -> &str {
    let mut text = text.trim_start_matches([' ', ',', '+', '-', ':', '&']).trim_end_matches([' ', ',', '\n']);
    while let Some(rest) = joins(text).filter(|rest| !rest.is_empty()) {
        text = rest;
    }
    text
}

/// Whether a text begins as questions do.
fn opens(text: &str) -> bool {
    let begin = &text[..text.floor_char_boundary(40)];
    let plain: String = begin.chars().filter(|c| !matches!(c, '\'' | '’')).collect::<String>().to_lowercase();
    OPENERS.iter().any(|opener| {
        plain.strip_prefix(opener).is_some_and(|rest| rest.starts_with(|c: char| !c.is_alphanumeric()))
    })
}

/// Whether a piece asks something.
fn asks(text: &str) -> bool {
    opens(text) || text.trim_end().ends_with(['?', '？'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(message: &str) -> Vec<&str> {
        pieces(message).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn messages_are_split_into_questions() {
        for (message, wanted) in [
            (
                "Where is my order? And how do I return it?",
                &["Where is my order?", "how do I return it?"][..],
            ),
            ("how do I pay for this and when will it come", &["how do I pay for this", "when will it come"]),
            (
                "do you have kids bikes, can i book online and can i cancel for free",
                &["do you have kids bikes", "can i book online", "can i cancel for free"],
            ),
            (
                "i want to cancel my plan, another thing: will i get a refund",
                &["i want to cancel my plan", "will i get a refund"],
            ),
            (
                "i lost my card. also i moved, where do i change my address",
                &["i lost my card.", "i moved, where do i change my address"],
            ),
        ] {
            assert_eq!(texts(message), wanted, "{message}");
        }
        for one in [
            "Where is my order?",
            "Hello? where is it?",
            "terms and conditions",
            "what is the black and white mode",
            "do you ship to france, belgium or the netherlands",
            "what do children and teenagers pay for a cleaning",
            "",
        ] {
            assert_eq!(texts(one), [one], "{one}");
        }
    }

    #[test]
    fn a_story_has_its_question() {
        let story = "I bought a bike from you last summer and I rode it all the way to the sea and back. "
            .repeat(3)
            + "How do I get a new chain? It was a nice trip, I must say.";
        assert_eq!(texts(&story), ["How do I get a new chain?"]);
        assert!(texts(&"a b c? ".repeat(1000)).len() <= MOST);
    }
}
