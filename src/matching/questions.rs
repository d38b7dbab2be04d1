//! Messages that ask several questions, taken apart.

use crate::faq::normalize_phrasing;

/// The questions of a message that asks several: at most three, each of at least three words. One
/// where the message is one question.
pub fn questions(message: &str) -> Vec<&str> {
    const MOST: usize = 3;
    let mut parts: Vec<&str> = message
        .split_inclusive(['?', '\n'])
        .map(|part| {
            part.trim().trim_start_matches("and ").trim_start_matches("And ").trim_start_matches("also ")
        })
        .filter(|part| !normalize_phrasing(part).is_empty())
        .collect();
    if parts.len() == 1 {
        // "how do I pay and when will it come": both sides begin as questions do.
        const OPENERS: [&str; 16] = [
            "how", "what", "when", "where", "why", "who", "which", "can", "could", "do", "does", "is", "are",
            "will", "should", "may",
        ];
        let opens = |text: &str| {
            text.split_whitespace().next().is_some_and(|word| OPENERS.contains(&&*word.to_lowercase()))
        };
        let message = parts[0];
        let cut = message.match_indices(" and ").find(|(at, _)| opens(message) && opens(&message[at + 5..]));
        if let Some((at, _)) = cut {
            parts = vec![&message[..at], &message[at + 5..]];
        }
    }
    let whole = parts.iter().all(|part| part.split_whitespace().count() >= 3);
    if (2..=MOST).contains(&parts.len()) && whole { parts } else { vec![message] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_split_into_questions() {
        assert_eq!(
            questions("Where is my order? And how do I return it?"),
            ["Where is my order?", "how do I return it?"]
        );
        assert_eq!(
            questions("how do I pay for this and when will it come"),
            ["how do I pay for this", "when will it come"]
        );
        for one in [
            "Where is my order?",
            "Hello? where is it?",
            "terms and conditions",
            "what is the black and white mode",
            "",
        ] {
            assert_eq!(questions(one), [one], "{one}");
        }
    }
}
