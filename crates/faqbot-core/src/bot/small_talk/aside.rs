//! What stands around a message's question: greetings and thanks.

use faqbot_faq::SmallTalkKind::{self, Goodbye, Greeting, No, Sorry, Thanks, Yes};

use super::Found;
use super::phrasings::{STOPS, exactly};

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
const BEFORE: [SmallTalkKind; 5] = [Greeting, Thanks, Sorry, Yes, No];
/// Kinds that stand after one.
const AFTER: [SmallTalkKind; 2] = [Thanks, Goodbye];
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

fn before(message: &str) -> Option<(Found, &str)> {
    const FARTHEST: usize = 60;
    let end = message.floor_char_boundary(FARTHEST);
    let ends_at = |at: usize, c: char| {
        let rest = message[at + c.len_utf8()..]
            .trim_start_matches(|c: char| STOPS.contains(&c) || c.is_whitespace());
        let found = exactly(&message[..at])?;
        // Without a comma, only greetings end where the question begins: "hi where is my order".
        // "how do" greets too, but not in "how do i pay".
        let asks = ["how", "wha"]
            .iter()
            .any(|word| message.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)));
        let sure =
            if STOPS.contains(&c) { BEFORE.contains(&found.kind) } else { found.kind == Greeting && !asks };
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
        (AFTER.contains(&found.kind) && enough).then_some((found, rest))
    };
    let starts = trimmed.char_indices().rev().filter(|(_, c)| STOPS.contains(c) || *c == ' ');
    // The longest: "thank you very much" and not "much".
    let starts: Vec<usize> = starts.map(|(at, c)| at + c.len_utf8()).take(5).collect();
    starts.into_iter().rev().find_map(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_taken_off_questions() {
        let rest = |message| aside(message).rest;
        assert_eq!(rest("hi, do you ship to Canada?"), "do you ship to Canada?");
        assert_eq!(rest("Good morning! Where is my order? Thanks"), "Where is my order?");
        assert_eq!(rest("hello there can i pay by card, thank you very much"), "can i pay by card");
        assert_eq!(rest("hey, sorry to bother you, is it free?"), "is it free?");
        for whole in [
            "hi",
            "hi there",
            "do you ship to Canada?",
            "how do i pay",
            "what up with my order",
            "no refund received",
            "thanks",
            "yes or no",
        ] {
            assert_eq!(rest(whole), whole);
        }
    }
}
