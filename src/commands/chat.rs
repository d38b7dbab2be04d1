//! The chat.
//!
//! A line that begins with `/` is a command and never a question. At a terminal, rustyline edits the
//! lines; from a pipe they are read as they are, without banner, prompt or colour. An error is said
//! and the chat goes on.

mod completion;
mod history;
mod recording;
mod session;
mod signals;
mod slash;

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustyline::error::ReadlineError;

use crate::config::Settings;
use crate::output::style::{BOLD, DIM, count, plain, styled, width, wrapped};
use crate::setup::{faq_name, load_bot};
use completion::{Commands, editor, unfold};
use history::History;
use session::{Chat, Next, UNCALIBRATED};

/// A line longer than this is answered but not kept: a pasted document is no history.
const HISTORY_LINE_BYTES: usize = 2000;

/// `faqbot chat`
pub fn chat(settings: &Settings) -> Result<()> {
    if settings.faq_is_stdin() {
        bail!(
            "--faq - reads the FAQ from standard input, so no chat can be read from it; ask one question: faqbot ask --faq - QUESTION"
        );
    }
    let begin = Instant::now();
    let mut chat = Chat::new(settings, load_bot(settings)?, begin)?;
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        terminal(&mut chat)
    } else {
        pipe(&mut chat)
    }
}

/// At a terminal: with a banner, a prompt and a history.
fn terminal(chat: &mut Chat) -> Result<()> {
    banner(chat)?;
    // Without them, signals end the chat as they end any program.
    chat.interrupted = signals::listen().unwrap_or_default();
    let mut editor = editor(chat.bot.faq())?;
    let mut history = None;
    if let Some(path) = &chat.settings.history {
        let (file, lines) = History::open(path);
        for line in lines {
            editor.add_history_entry(line)?;
        }
        history = Some(file);
    }
    let mut unreadable = 0;
    loop {
        let prompt = match chat.conversation.choices.len() {
            0 => "> ".to_owned(),
            choices => format!("1-{choices}> "),
        };
        match editor.readline(&prompt) {
            Ok(line) => {
                unreadable = 0;
                if line.len() <= HISTORY_LINE_BYTES && !line.trim().is_empty() {
                    editor.add_history_entry(&line)?;
                    // At once, so that a chat that is killed has kept what was typed.
                    if let Some(history) = &mut history {
                        history.add(&line);
                    }
                }
                if chat.line(&unfold(&line))? == Next::Stop {
                    return Ok(());
                }
                // A command may have read another FAQ.
                if line.starts_with('/') {
                    editor.set_helper(Some(Commands::new(chat.bot.faq())));
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            // Bytes that are no UTF-8. A terminal that gives nothing else is none.
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData && unreadable < 100 => {
                unreadable += 1;
            }
            Err(error) => return Err(error).context("reading the terminal"),
        }
    }
}

/// From a pipe: lines as they are.
fn pipe(chat: &mut Chat) -> Result<()> {
    let mut bytes = Vec::new();
    let mut input = io::stdin().lock();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).context("standard input")? == 0 {
            return Ok(());
        }
        if chat.line(&String::from_utf8_lossy(&bytes))? == Next::Stop {
            return Ok(());
        }
    }
}

fn banner(chat: &Chat) -> Result<()> {
    let faq = chat.bot.faq();
    let mut out = anstream::stdout().lock();
    let title = faq.title.clone().unwrap_or_else(|| faq_name(chat.settings));
    writeln!(out, "{}", styled(BOLD, &plain(&title)))?;
    if let Some(greeting) = &faq.greeting {
        write!(out, "{}", wrapped(greeting, width()))?;
    }
    let counts =
        format!("{} · /help for commands · Ctrl-D to leave", count(faq.entries.len(), "entry", "entries"));
    writeln!(out, "{}", styled(DIM, &counts))?;
    if chat.bot.setup().calibration.is_none() {
        write!(out, "{}", styled(DIM, &wrapped(UNCALIBRATED, width())))?;
    }
    writeln!(out)?;
    Ok(())
}
