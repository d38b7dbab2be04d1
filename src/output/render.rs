//! Replies as text for people.
//!
//! Texts of the FAQ pass [`plain`] first: they may hold anything.

use std::fmt::Write;

use faqbot::faq::abridge;
use faqbot::matching::confidence::{SHIPPED, shipped_trees};
use faqbot::matching::features::names;
use faqbot::matching::signals::{COUNT, NAMES, WEIGHTS};
use faqbot::{Bot, Decision, Embedder, Exchanged, Match, Rule, Verdict};

use super::markdown;
use super::style::{BOLD, DIM, FAIR, GOOD, POOR, plain, styled, wrapped};
use faqbot_core::texts;

/// Characters of an answer that are shown below the only choice.
const BEGIN: usize = 70;

/// Features that `/why` names: what moved the confidence most.
const MOVED: usize = 8;

/// What the bot says: the answer, the choices, or that there is none.
pub fn reply<E: Embedder>(bot: &Bot<E>, verdict: &Verdict, width: usize) -> String {
    // Who picks by a number has the list before them.
    let by_number = verdict.rule == Rule::Chosen && verdict.query.trim().parse::<usize>().is_ok();
    let told = verdict.decision != Decision::NoMatch && !by_number;
    let read_as = verdict.read_as.as_ref().filter(|_| told);
    let read_as = read_as.map_or(String::new(), |text| {
        styled(DIM, wrapped(&text_of(bot, "read_as", &[("text", text)]), width).trim_end()) + "\n"
    });
    let read_with = verdict.read_with.as_ref().map_or(String::new(), |text| {
        styled(DIM, wrapped(&text_of(bot, "read_with", &[("text", text)]), width).trim_end()) + "\n"
    });
    let cut = if verdict.cut {
        styled(DIM, wrapped(&text_of(bot, "cut", &[]), width).trim_end()) + "\n"
    } else {
        String::new()
    };
    cut + &read_as + &read_with + &what_is_said(bot, verdict, width)
}

/// A text of the interface in the FAQ's language.
fn text_of<E: Embedder>(bot: &Bot<E>, key: &str, places: &[(&str, &str)]) -> String {
    texts::text(bot.language(), key, places)
}

fn what_is_said<E: Embedder>(bot: &Bot<E>, verdict: &Verdict, width: usize) -> String {
    match verdict.decision {
        Decision::Answer(_) if verdict.parts.is_empty() => {
            answered(bot, verdict, width) + &follow_ups(bot, verdict)
        }
        Decision::Answer(_) => {
            let parts = verdict.parts.iter().filter(|part| part.answer().is_some());
            let parts: Vec<String> = parts.map(|part| answered(bot, part, width)).collect();
            let open = verdict.unanswered().into_iter();
            let says = |text| wrapped(&text_of(bot, "no_sure_answer", &[("text", text)]), width);
            let open: String = open.map(says).collect();
            let apart = if open.is_empty() { "" } else { "\n" };
            parts.join("\n") + apart + &open + &follow_ups(bot, verdict)
        }
        Decision::SmallTalk => {
            let said = verdict.small_talk.as_ref();
            said.map_or(String::new(), |said| markdown::render(&said.text, width))
        }
        Decision::Ambiguous(_) => {
            let mut out = exchanged(bot, verdict, width);
            let count = verdict.choices().len().to_string();
            out.push_str(&match verdict.rule {
                Rule::NoSuchChoice => text_of(bot, "choices", &[("count", &count)]),
                _ => text_of(bot, "did_you_mean", &[]),
            });
            out.push('\n');
            for (number, found) in verdict.choices().iter().enumerate() {
                let _ = writeln!(
                    out,
                    "  {} {}",
                    styled(BOLD, &format!("{}.", number + 1)),
                    plain(bot.entry(found).question())
                );
            }
            // Of the only one, what it says: that is quicker than to pick it.
            if let [only] = verdict.choices()[..] {
                let begin = plain(&abridge(bot.answer(verdict, only), BEGIN));
                let _ = writeln!(out, "     {}", styled(DIM, &begin));
            }
            let _ = writeln!(out, "  {} {}", styled(BOLD, "0."), text_of(bot, "none", &[]));
            out
        }
        Decision::NoMatch => {
            if let Some(notice) = bot.notice(verdict) {
                let whom = if verdict.is_of_nothing() { String::new() } else { contact(bot, width) };
                return wrapped(notice, width) + &whom;
            }
            let mut out = fallback(bot, width);
            if let Some(nearest) = bot.suggestion(verdict) {
                out.push_str(&exchanged(bot, verdict, width));
                let hint =
                    format!("{} {}", text_of(bot, "nearest", &[]), plain(bot.entry(nearest).question()));
                out.push_str(&styled(DIM, wrapped(&hint, width).trim_end()));
                out.push('\n');
            }
            out
        }
    }
}

/// An answer below the question that it answers, unless that is what was asked: without it, a wrong answer
/// looks right.
fn answered<E: Embedder>(bot: &Bot<E>, verdict: &Verdict, width: usize) -> String {
    let Some(found) = verdict.answer() else { return String::new() };
    let entry = bot.entry(found);
    let question = match verdict.rule {
        Rule::ExactPhrasing | Rule::Crisis => String::new(),
        // What was picked is said already.
        Rule::Chosen if verdict.read_as.is_some() => String::new(),
        _ => styled(DIM, wrapped(entry.question(), width).trim_end()) + "\n",
    };
    question + &answer(&bot.emphasised(verdict, found), width)
}

/// What can be asked next, by numbers.
fn follow_ups<E: Embedder>(bot: &Bot<E>, verdict: &Verdict) -> String {
    let mut out = String::new();
    for (number, entry) in bot.follow_ups(verdict).into_iter().enumerate() {
        let line = format!("{}. {}", number + 1, plain(entry.question()));
        out.push_str(if number == 0 { "\n" } else { "" });
        let _ = writeln!(out, "  {}", styled(DIM, &line));
    }
    out
}

/// Where a word or two were exchanged, which: "I know about Berlin, not Munich."
fn exchanged<E: Embedder>(bot: &Bot<E>, verdict: &Verdict, width: usize) -> String {
    bot.exchanged(verdict).map_or(String::new(), |Exchanged { asked, known }| {
        wrapped(&text_of(bot, "exchanged", &[("known", &known), ("asked", &asked)]), width)
    })
}

/// An answer.
pub fn answer(answer: &str, width: usize) -> String {
    markdown::render(answer, width)
}

/// What the bot says when it has no answer, and whom to ask then.
pub fn fallback<E: Embedder>(bot: &Bot<E>, width: usize) -> String {
    markdown::render(bot.fallback(), width) + &contact(bot, width)
}

/// Whom to ask where the bot has no answer.
fn contact<E: Embedder>(bot: &Bot<E>, width: usize) -> String {
    let contact = bot.faq().contact.as_deref();
    contact.map(|contact| markdown::render(contact, width)).unwrap_or_default()
}

/// How sure the bot is, in a line to be read at a glance; empty where there was nothing to compare.
pub fn confidence<E: Embedder>(bot: &Bot<E>, verdict: &Verdict) -> String {
    let setup = bot.setup();
    let Some(found) = verdict.answer().or(verdict.matches.first()) else { return String::new() };
    // It was said to be meant, or nothing new is.
    if verdict.rule.is_of_an_offer() && verdict.rule != Rule::Again {
        return String::new();
    }
    if verdict.rule == Rule::Crisis {
        return "a message like those of people in danger".to_owned();
    }
    let style = match verdict.decision {
        Decision::Answer(_) => GOOD,
        Decision::Ambiguous(_) => FAIR,
        Decision::NoMatch | Decision::SmallTalk => POOR,
    };
    let exact = |verdict: &Verdict| matches!(verdict.rule, Rule::ExactPhrasing | Rule::SharedPhrasing);
    let exact = if verdict.parts.is_empty() { exact(verdict) } else { verdict.parts.iter().all(exact) };
    let mut line = match verdict.confidence {
        _ if exact => format!("{} exact phrasing", styled(style, &bar(1.0))),
        _ if verdict.rule == Rule::OutOfScope => {
            format!("{} like questions out of scope", styled(style, &bar(found.cosine)))
        }
        Some(confidence) => {
            // Nothing is ever 100 % sure.
            let percent = (confidence * 100.0).round();
            let percent = if percent > 99.0 { "over 99".to_owned() } else { format!("{percent}") };
            let says = match verdict.decision {
                Decision::NoMatch => format!("{percent} % that the nearest is meant"),
                _ => text_of(bot, "percent_sure", &[("percent", &percent)]),
            };
            format!("{} {says}", styled(style, &bar(confidence)))
        }
        None => styled(style, &bar(found.cosine)),
    };
    let _ = write!(line, " · cosine {:.2}", found.cosine);
    if verdict.rule == Rule::BelowThreshold {
        let _ = write!(line, ", below {:.2}", setup.policy.floor(found));
    } else if let Some(margin) =
        verdict.margin().filter(|_| !exact && verdict.parts.is_empty() && verdict.rule != Rule::FollowUp)
    {
        let _ = write!(line, " · next {margin:.2} below");
    }
    line
}

/// Ten cells, filled from 0 to 1.
fn bar(share: f32) -> String {
    let filled = (share.clamp(0.0, 1.0) * 10.0).round() as usize;
    "▰".repeat(filled) + &"▱".repeat(10 - filled)
}

/// The best entries with their scores and cosines, one a line.
pub fn matches<E: Embedder>(bot: &Bot<E>, found: &[Match]) -> String {
    let mut out = String::new();
    for found in found {
        let entry = bot.entry(found);
        let _ = writeln!(
            out,
            "  {:>5.2}  cosine {:>5.2}  {}  {}",
            found.score,
            found.cosine,
            plain(entry.question()),
            styled(DIM, &plain(entry.id.as_str()))
        );
    }
    out
}

/// What speaks for and against the best match, in a sentence.
fn in_words<E: Embedder>(bot: &Bot<E>, verdict: &Verdict) -> String {
    let Some((found, alignment)) = verdict.matches.first().zip(verdict.alignment.as_ref()) else {
        return String::new();
    };
    let list = |words: &[String]| plain(&words.join(", "));
    let entry = plain(bot.entry(found).id.as_str());
    let mut parts = Vec::new();
    if !alignment.corrections.is_empty() {
        let read: Vec<String> =
            alignment.corrections.iter().map(|(typed, read)| format!("{typed} as {read}")).collect();
        parts.push(format!("read {}", plain(&read.join(", "))));
    }
    if alignment.query.is_empty() {
        parts.push("the question has only small words".to_owned());
    } else if alignment.not_in_answer.is_empty() {
        parts.push(format!("every word of the question is in {entry}"));
    } else {
        parts.push(format!("{} is nowhere in {entry}", list(&alignment.not_in_answer)));
    }
    if !alignment.core_alone.is_empty() {
        parts.push(format!(
            "{}, which all its phrasings have, is not in the question",
            list(&alignment.core_alone)
        ));
    }
    format!("{}.\n", parts.join("; "))
}

/// Why the bot replied as it did, in a sentence.
fn sentence<E: Embedder>(bot: &Bot<E>, verdict: &Verdict, needed: f32) -> String {
    let question = |found: &Match| format!("\"{}\"", plain(bot.entry(found).question()));
    let why = verdict.rule.describe();
    let mut text = match &verdict.decision {
        Decision::Answer(at) => format!("Answered {}: {why}", question(&verdict.matches[*at])),
        Decision::Ambiguous(_) => {
            let choices: Vec<String> = verdict.choices().into_iter().map(question).collect();
            let about = if choices.len() == 1 { "about" } else { "between" };
            format!("Asked back {about} {}: {why}", choices.join(" and "))
        }
        Decision::NoMatch => match verdict.matches.first() {
            Some(nearest) => format!("No answer, not even {}: {why}", question(nearest)),
            None => format!("No answer: {why}"),
        },
        Decision::SmallTalk => {
            let kind = verdict.small_talk.as_ref().map_or("", |said| said.kind.name());
            format!("Replied to \"{kind}\": {why}")
        }
    };
    if let Some(with) = &verdict.read_with {
        let _ = write!(text, " (\"{}\")", plain(with));
    }
    if let Some(confidence) = verdict.confidence.filter(|_| verdict.features.is_some()) {
        let percent = |share: f32| (share * 100.0).round();
        let _ =
            write!(text, "; it is {} % sure, and an answer needs {} %", percent(confidence), percent(needed));
    }
    text + ".\n"
}

/// Why the bot replied as it did: a sentence, the rule, what it was held against, and all signals with their
/// weights.
pub fn why<E: Embedder>(bot: &Bot<E>, verdict: &Verdict) -> String {
    if !verdict.parts.is_empty() {
        let parts: Vec<String> = verdict.parts.iter().map(|part| why(bot, part)).collect();
        return parts.join("\n");
    }
    let setup = bot.setup();
    let policy = &setup.policy;
    let mut out = String::new();
    macro_rules! line {
        ($heading:expr, $text:expr $(,)?) => {{
            let _ = writeln!(out, "{} {}", styled(BOLD, &format!("{:<10}", $heading)), $text);
        }};
    }
    let own = verdict.matches.first().and_then(|best| bot.entry(best).min_confidence);
    let needed =
        verdict.matches.first().map_or(policy.min_confidence, |best| policy.needed(own, best.cosine));
    out.push_str(&sentence(bot, verdict, needed));
    if verdict.decision == Decision::SmallTalk {
        return out;
    }
    out.push_str(&in_words(bot, verdict));
    line!("query", plain(&verdict.query));
    match (&setup.calibration, verdict.confidence, &verdict.features) {
        (Some(calibration), Some(confidence), Some(features)) => {
            line!(
                "confidence",
                format!(
                    "{confidence:.3}; an answer needs {:.2}{}, a question back {:.2}",
                    needed,
                    if own == Some(needed) { " (the entry's own)" } else { "" },
                    policy.ask_confidence
                ),
            );
            // What moved the log odds most, and the rest together.
            let (base, moved) = shipped_trees(features).contributions(features);
            let mut moved: Vec<(f64, &str, f64)> = moved
                .iter()
                .zip(names())
                .zip(features)
                .map(|((by, name), value)| (*by, name, *value))
                .collect();
            moved.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
            line!("", format!("{base:>+7.2}  before anything is known"));
            for (by, name, value) in moved.iter().take(MOVED) {
                // Adding zero takes the sign off a zero.
                line!("", format!("{by:>+7.2}  {name} {:.2}", value + 0.0));
            }
            let rest: f64 = moved.iter().skip(MOVED).map(|(by, ..)| by).sum();
            line!("", format!("{rest:>+7.2}  all else"));
            if calibration.base() != &SHIPPED {
                line!("", "adapted to labelled queries of this FAQ".to_owned());
            }
            if (calibration.scale, calibration.shift) != (1.0, 0.0) {
                line!("", format!("calibrated: × {:.3} {:+.3}", calibration.scale, calibration.shift));
            }
        }
        _ => line!(
            "policy",
            format!(
                "cosine at least {:.2}; asked back when another's score is less than {:.2} below",
                policy.min_cosine, policy.margin
            ),
        ),
    }
    if let Some(best) =
        verdict.matches.first().filter(|_| policy.min_cosine > -1.0 && setup.calibration.is_some())
    {
        line!("floor", format!("cosine at least {:.2}", policy.floor(best)));
    }
    // A column a signal, as wide as its name.
    let row = |cells: [String; COUNT]| {
        let cells = cells.iter().zip(NAMES).map(|(cell, name)| format!("  {cell:>0$}", name.len()));
        cells.collect::<String>()
    };
    line!("entries", format!("score  cosine  reader{}", row(NAMES.map(str::to_owned))));
    line!("", format!("{:21}{}", "", row(WEIGHTS.values().map(|weight| format!("×{weight}")))));
    let optional = |signal: Option<f32>| signal.map_or("-".to_owned(), |signal| format!("{signal:.2}"));
    for found in &verdict.matches {
        let entry = bot.entry(found);
        let signals = row(found.signals.values().map(optional));
        let reader = found.reader.map_or("-".to_owned(), |logit| format!("{logit:+.1}"));
        line!("", format!("{:.3}   {:.3}  {reader:>6}{signals}", found.score, found.cosine));
        let phrasing = styled(DIM, &format!("by \"{}\"", plain(&entry.phrasings[found.phrasing])));
        let _ = writeln!(out, "  {} {phrasing}", plain(entry.id.as_str()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_from_zero_to_one() {
        assert_eq!(bar(-0.5), "▱▱▱▱▱▱▱▱▱▱");
        assert_eq!(bar(0.52), "▰▰▰▰▰▱▱▱▱▱");
        assert_eq!(bar(1.0), "▰▰▰▰▰▰▰▰▰▰");
    }
}
