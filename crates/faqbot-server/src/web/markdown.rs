//! Replies as Markdown, for clients that show one text.

use faqbot_core::{Decision, Exchanged, Verdict};

use faqbot_core::bot::AnyBot;
use faqbot_core::texts::{self, TEXTS};

/// What stands above choices, in the languages of the interface.
pub fn is_did_you_mean(line: &str) -> bool {
    TEXTS.keys().any(|language| line.ends_with(&texts::text(language, "did_you_mean", &[])))
}

/// What the bot says, with numbered choices where it asks back.
pub fn markdown(bot: &AnyBot, verdict: &Verdict) -> String {
    match verdict.decision {
        Decision::Answer(_) => {
            let answers: Vec<&str> =
                verdict.answers().iter().map(|found| bot.answer(verdict, found)).collect();
            let says = |text| texts::text(bot.language(), "no_sure_answer", &[("text", text)]);
            let open = verdict.unanswered().into_iter().map(says);
            answers.into_iter().map(str::to_owned).chain(open).collect::<Vec<_>>().join("\n\n")
        }
        Decision::Ambiguous(_) => {
            let mut lines = vec![did_you_mean(bot, verdict) + "\n"];
            let choices = verdict.choices().into_iter().enumerate();
            lines.extend(choices.map(|(at, found)| format!("{}. {}", at + 1, bot.entry(found).question())));
            lines.join("\n")
        }
        Decision::NoMatch => no_answer(bot, verdict),
        Decision::SmallTalk => verdict.small_talk.as_ref().map_or_else(String::new, |said| said.text.clone()),
    }
}

/// The words above choices.
pub fn did_you_mean(bot: &AnyBot, verdict: &Verdict) -> String {
    let did_you_mean = texts::text(bot.language(), "did_you_mean", &[]);
    match exchanged(bot, verdict) {
        Some(line) => format!("{line} {did_you_mean}"),
        None => did_you_mean,
    }
}

/// What is said where there is no answer, with whom to ask and the nearest question.
pub fn no_answer(bot: &AnyBot, verdict: &Verdict) -> String {
    let notice = bot.notice(verdict);
    let mut parts = vec![notice.unwrap_or(bot.fallback()).to_owned()];
    parts.extend(bot.faq().contact.clone().filter(|_| !verdict.is_of_nothing()));
    if let Some(nearest) = bot.suggestion(verdict).filter(|_| notice.is_none()) {
        parts.extend(exchanged(bot, verdict));
        let says = texts::text(bot.language(), "nearest", &[]);
        parts.push(format!("{says} {}", bot.entry(nearest).question()));
    }
    parts.join("\n\n")
}

fn exchanged(bot: &AnyBot, verdict: &Verdict) -> Option<String> {
    let Exchanged { asked, known } = bot.exchanged(verdict)?;
    Some(texts::text(bot.language(), "exchanged", &[("known", &known), ("asked", &asked)]))
}
