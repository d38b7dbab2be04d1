//! Replies as Markdown, for clients that show one text.

use faqbot::{Decision, Exchanged, Reply};

use crate::setup::AnyBot;

/// What stands above choices.
pub const DID_YOU_MEAN: &str = "Did you mean:";

/// What the bot says, with numbered choices where it asks back.
pub fn markdown(bot: &AnyBot, reply: &Reply) -> String {
    match reply.decision {
        Decision::Answer(_) => {
            let answers: Vec<&str> = reply.answers().iter().map(|found| bot.answer(reply, found)).collect();
            let open = reply.unanswered().into_iter().map(|text| format!("No sure answer to: {text}"));
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
    match exchanged(bot, reply) {
        Some(line) => format!("{line} {DID_YOU_MEAN}"),
        None => DID_YOU_MEAN.to_owned(),
    }
}

/// What is said where there is no answer, with whom to ask and the nearest question.
pub fn no_answer(bot: &AnyBot, reply: &Reply) -> String {
    let mut texts = vec![bot.fallback().to_owned()];
    texts.extend(bot.faq().contact.clone());
    if let Some(nearest) = bot.suggestion(reply) {
        texts.extend(exchanged(bot, reply));
        texts.push(format!("The nearest question I know: {}", bot.entry(nearest).question()));
    }
    texts.join("\n\n")
}

fn exchanged(bot: &AnyBot, reply: &Reply) -> Option<String> {
    let Exchanged { asked, known } = bot.exchanged(reply)?;
    Some(format!("I know about \"{known}\", not \"{asked}\"."))
}
