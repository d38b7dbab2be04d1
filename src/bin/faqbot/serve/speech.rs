//! Replies as Markdown, for clients that show one text.

use faqbot::bot::language;
use faqbot::{Decision, Exchanged, Reply};

use crate::output::texts::{self, TEXTS};
use crate::setup::AnyBot;

/// What stands above choices, in the languages of the interface.
pub fn is_did_you_mean(line: &str) -> bool {
    TEXTS.keys().any(|language| line.ends_with(&texts::text(language, "did_you_mean", &[])))
}

/// What the bot says, with numbered choices where it asks back.
pub fn markdown(bot: &AnyBot, reply: &Reply) -> String {
    match reply.decision {
        Decision::Answer(_) => {
            let answers: Vec<&str> = reply.answers().iter().map(|found| bot.answer(reply, found)).collect();
            let says = |text| texts::text(bot.language(), "no_sure_answer", &[("text", text)]);
            let open = reply.unanswered().into_iter().map(says);
            answers.into_iter().map(str::to_owned).chain(open).collect::<Vec<_>>().join("\n\n")
        }
        Decision::Ambiguous(_) => {
            let mut lines = vec![did_you_mean(bot, reply) + "\n"];
            let choices = reply.choices().into_iter().enumerate();
            lines.extend(choices.map(|(at, found)| format!("{}. {}", at + 1, bot.entry(found).question())));
            lines.join("\n")
        }
        Decision::NoMatch => no_answer(bot, reply),
        Decision::SmallTalk => reply.small_talk.as_ref().map_or_else(String::new, |said| said.text.clone()),
    }
}

/// The words above choices.
pub fn did_you_mean(bot: &AnyBot, reply: &Reply) -> String {
    let did_you_mean = texts::text(bot.language(), "did_you_mean", &[]);
    match exchanged(bot, reply) {
        Some(line) => format!("{line} {did_you_mean}"),
        None => did_you_mean,
    }
}

/// What is said where there is no answer, with whom to ask and the nearest question.
pub fn no_answer(bot: &AnyBot, reply: &Reply) -> String {
    let notice = reply.language.and_then(language::notice);
    let mut parts = vec![notice.unwrap_or(bot.fallback()).to_owned()];
    parts.extend(bot.faq().contact.clone());
    if let Some(nearest) = bot.suggestion(reply).filter(|_| notice.is_none()) {
        parts.extend(exchanged(bot, reply));
        let says = texts::text(bot.language(), "nearest", &[]);
        parts.push(format!("{says} {}", bot.entry(nearest).question()));
    }
    parts.join("\n\n")
}

fn exchanged(bot: &AnyBot, reply: &Reply) -> Option<String> {
    let Exchanged { asked, known } = bot.exchanged(reply)?;
    Some(texts::text(bot.language(), "exchanged", &[("known", &known), ("asked", &asked)]))
}
