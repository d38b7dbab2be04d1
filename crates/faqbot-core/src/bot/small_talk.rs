//! Small talk: what people say to a bot that is no question to its FAQ.
//!
//! The phrasings and replies are `small_talk/texts` (`messages.jsonl` has more messages), and the
//! same in German, French and Spanish. A message is one of them by its words, typing errors aside; in English
//! also by what a [`Classifier`] says of its meaning in the bundled model, its words and its letters. It never stands in
//! the place of an answer: [`Bot::talk`](super::Bot::talk) asks the FAQ first.

mod aside;
mod classifier;
mod phrasings;

pub use aside::{Aside, aside};
pub use classifier::{Classifier, FEATURES, Reading, best, softmax};
pub use phrasings::{by_words, english, exactly, is_mashed, may_be};

use faqbot_faq::{Faq, SmallTalkKind};
use phrasings::SETS;

/// What the bot says to small talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallTalkReply {
    /// What it replies to.
    pub kind: SmallTalkKind,
    /// What is said, as Markdown.
    pub text: String,
}

/// A message that is small talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: SmallTalkKind,
    /// The set whose phrasing it is: the reply is in its language.
    set: usize,
}

impl Found {
    /// Of a kind, in English.
    pub(super) fn of_kind(kind: SmallTalkKind) -> Found {
        Found { kind, set: 0 }
    }

    /// Nonsense.
    pub(super) fn nonsense() -> Found {
        Found::of_kind(SmallTalkKind::Nonsense)
    }
}

/// Questions of the FAQ that a reply names.
const QUESTIONS: usize = 3;

/// What is said to small talk, unless the FAQ turns it off.
pub fn reply(found: Found, faq: &Faq) -> Option<SmallTalkReply> {
    let kind = found.kind;
    let template = match faq.small_talk.own.get(&kind) {
        _ if faq.small_talk.off => return None,
        Some(own) => own.as_deref()?,
        None => &SETS[found.set].replies[kind as usize],
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
    faq.offered()
        .take(QUESTIONS)
        .map(|entry| format!("- {}", entry.question()))
        .collect::<Vec<_>>()
        .join("\n")
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
    use std::path::Path;

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
