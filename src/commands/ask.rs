//! `faqbot ask`: one question, or one a line.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use clap::Args;
use faqbot::bot::AnyBot;
use faqbot::{Bot, Conversation, Decision, Embedder, Message, Verdict};

use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::output::messages::{note, warn};
use crate::output::render;
use crate::output::style::{BOLD, plain, styled, width};
use crate::setup::load_bot;

#[derive(Debug, Args)]
pub struct AskArgs {
    /// The question; without one, questions are read from standard input, one a line
    pub query: Vec<String>,
    /// Show the N best entries as well
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// One JSON object a question, on a line of its own
    #[arg(long)]
    pub json: bool,
    /// Show how the answer came about: signals, weights, confidence, rule
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
}

/// Queries read before they are embedded together.
const BATCH: usize = 256;

/// `faqbot ask`: the exit code.
pub fn ask(settings: &Settings, args: &AskArgs) -> Result<u8> {
    if args.query.is_empty() && settings.faq_is_stdin() {
        bail!("--faq - reads the FAQ from standard input, so the question must stand on the command line");
    }
    let bot = load_bot(settings)?;
    let count = args.top.unwrap_or(Bot::<Box<dyn Embedder>>::MATCHES);
    if args.query.is_empty() {
        ask_lines(&bot, args, count)?;
        return Ok(ANSWERED);
    }
    let query = args.query.join(" ");
    let message = Message { text: &query, conversation: &Conversation::default() };
    let verdict = bot.talk(&[message], count, None, &mut |_| ())?.remove(0);
    bot.take_warning().iter().for_each(|warning| warn(warning));
    let mut out = anstream::stdout().lock();
    if args.json {
        write_json(&mut out, &bot, &verdict)?;
    } else {
        write_text(&mut out, &bot, &verdict, args)?;
    }
    out.flush()?;
    let answered = matches!(verdict.decision, Decision::Answer(_) | Decision::SmallTalk);
    Ok(if answered { ANSWERED } else { NOT_ANSWERED })
}

/// One query a line: replies in the same order, each as soon as its batch is done.
fn ask_lines(bot: &AnyBot, args: &AskArgs, count: usize) -> Result<()> {
    let stdin = io::stdin();
    let live = stdin.is_terminal();
    if live {
        note("One question a line; Ctrl-D ends.");
    }
    let mut input = stdin.lock();
    let mut line_number = 0;
    loop {
        // A person waits for each reply; a pipe is read ahead.
        let size = if live { 1 } else { BATCH };
        let mut queries: Vec<String> = Vec::new();
        let mut bytes = Vec::new();
        while queries.len() < size {
            bytes.clear();
            if input.read_until(b'\n', &mut bytes).context("standard input")? == 0 {
                break;
            }
            line_number += 1;
            let line = String::from_utf8_lossy(&bytes);
            if matches!(line, std::borrow::Cow::Owned(_)) {
                warn(&format!(
                    "standard input:{line_number}: not UTF-8; the bytes that are not are read as \u{fffd}"
                ));
            }
            queries.push(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        if queries.is_empty() {
            return Ok(());
        }
        // Each line is a conversation of its own.
        let conversation = Conversation::default();
        let messages: Vec<Message> =
            queries.iter().map(|text| Message { text, conversation: &conversation }).collect();
        let replies = bot.talk(&messages, count, None, &mut |_| ())?;
        bot.take_warning().iter().for_each(|warning| warn(warning));
        let mut out = anstream::stdout().lock();
        for verdict in replies {
            if args.json {
                write_json(&mut out, bot, &verdict)?;
            } else {
                writeln!(out, "{}", styled(BOLD, &format!("> {}", plain(&verdict.query))))?;
                write_text(&mut out, bot, &verdict, args)?;
                writeln!(out)?;
            }
        }
        out.flush()?;
    }
}

fn write_json(out: &mut impl Write, bot: &AnyBot, verdict: &Verdict) -> Result<()> {
    serde_json::to_writer(&mut *out, &bot.reply(verdict))?;
    writeln!(out)?;
    Ok(())
}

fn write_text(out: &mut impl Write, bot: &AnyBot, verdict: &Verdict, args: &AskArgs) -> Result<()> {
    write!(out, "{}", render::reply(bot, verdict, width()))?;
    if let Some(count) = args.top {
        write!(out, "\n{}", render::matches(bot, &verdict.matches[..count.min(verdict.matches.len())]))?;
    }
    if args.explain {
        write!(out, "\n{}", render::why(bot, verdict))?;
    }
    out.flush()?;
    let confidence = render::confidence(bot, verdict);
    // Where there is no answer, a number says something to people only.
    let shown = verdict.decision != Decision::NoMatch || io::stderr().is_terminal();
    if shown && !confidence.is_empty() {
        note(&confidence);
    }
    Ok(())
}
