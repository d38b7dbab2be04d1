//! A chat in progress: what a line that was typed does.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use faqbot::bot::AnyBot;
use faqbot::{Conversation, Decision, Message, Rule, Verdict};
use faqbot_store::Rating;

use super::recording::Recording;
use crate::config::Settings;
use crate::output::messages::{self, say};
use crate::output::render;
use crate::output::style::{DIM, styled, width, wrapped};

/// Said where confidence is not calibrated for the model.
pub const UNCALIBRATED: &str = "This model has no calibrated confidence, so the cosine decides. \
    `faqbot calibrate --queries FILE` makes one from labelled questions.";

/// Lines that leave the chat, as in other programs of the kind.
const LEAVE: [&str; 3] = ["exit", "quit", "q"];

/// How often it is said what to do without an answer.
const HINTS: usize = 2;

/// A chat in progress.
pub struct Chat<'s> {
    pub settings: &'s Settings,
    pub bot: AnyBot,
    pub last: Option<Verdict>,
    /// What went before the next line.
    pub conversation: Conversation,
    /// The entries of the last list, by the numbers that they have there.
    pub listed: Vec<usize>,
    /// The entry that was answered or chosen last.
    pub meant: Option<usize>,
    /// The last question, also after the FAQ was read again.
    pub asked: Option<String>,
    pub counts: Counts,
    /// Whether the policy was changed by command.
    pub own_policy: bool,
    pub begin: Instant,
    /// Whether Ctrl-C was pressed since the line came: its answer is not shown.
    pub interrupted: Arc<AtomicBool>,
    pub recording: Option<Recording>,
}

#[derive(Default)]
pub struct Counts {
    pub answered: usize,
    pub asked_back: usize,
    pub unanswered: usize,
    pub small_talk: usize,
    pub time: Duration,
}

/// Whether the chat goes on.
#[derive(PartialEq)]
pub enum Next {
    Go,
    Stop,
}

impl<'s> Chat<'s> {
    /// A chat that has just begun.
    pub fn new(settings: &'s Settings, bot: AnyBot, begin: Instant) -> Result<Self> {
        Ok(Chat {
            recording: Recording::open(settings, &bot)?,
            settings,
            bot,
            last: None,
            // Another in each chat, and the same in it.
            conversation: Conversation { seed: u64::from(std::process::id()), ..Conversation::default() },
            listed: Vec::new(),
            meant: None,
            asked: None,
            counts: Counts::default(),
            own_policy: false,
            begin,
            interrupted: Arc::default(),
        })
    }

    /// Keeps what was thought of the last reply; whether that is kept.
    pub fn rated(&self, rating: Rating, entry: Option<usize>) -> bool {
        if let Some(recording) = &self.recording {
            let id = entry.map(|entry| self.bot.faq().entries[entry].id.as_str());
            return recording.rated(rating, id);
        }
        let _ = (rating, entry);
        false
    }

    /// Handles a line. Errors of the work are said here; only those of the output come back.
    pub fn line(&mut self, line: &str) -> Result<Next> {
        let line = line.trim();
        if LEAVE.iter().any(|word| line.eq_ignore_ascii_case(word)) {
            return Ok(Next::Stop);
        }
        self.interrupted.store(false, Ordering::Relaxed);
        // What is written fails only at the end: an output that fails ends the chat, what fails before does not.
        let mut out = Vec::new();
        let done = match line.strip_prefix('/') {
            _ if line.is_empty() => return Ok(Next::Go),
            Some(command) => self.command(command, &mut out),
            None => self.question(line, &mut out).map(|()| Next::Go),
        };
        if self.interrupted.swap(false, Ordering::Relaxed) {
            out = b"\n".to_vec();
            // Choices that nobody saw cannot be chosen.
            self.conversation.withdraw();
        }
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()?;
        Ok(done.unwrap_or_else(|error| {
            messages::error(&format!("{error:#}"));
            say("");
            Next::Go
        }))
    }

    pub fn question(&mut self, line: &str, out: &mut impl Write) -> Result<()> {
        let begin = Instant::now();
        let message = Message { text: line, conversation: &self.conversation };
        let verdict = self.bot.talk(&[message], AnyBot::MATCHES, None, &mut |_| ())?.remove(0);
        let answered = verdict.answer().map(|found| found.entry);
        match verdict.rule {
            // What is thought of the question before.
            Rule::Chosen => drop(self.rated(Rating::Chosen, answered)),
            Rule::NoneOfThem => drop(self.rated(Rating::None, None)),
            Rule::NotMeant => drop(self.rated(Rating::Down, None)),
            rule if rule.is_of_an_offer() => {}
            _ => {
                self.counts.time += begin.elapsed();
                match verdict.decision {
                    Decision::Answer(_) => self.counts.answered += 1,
                    Decision::Ambiguous(_) => self.counts.asked_back += 1,
                    Decision::NoMatch => self.counts.unanswered += 1,
                    Decision::SmallTalk => self.counts.small_talk += 1,
                }
                if let Some(recording) =
                    self.recording.as_mut().filter(|_| verdict.decision != Decision::SmallTalk)
                {
                    recording.asked(&self.bot, &verdict);
                }
            }
        }
        if let Some(warning) = self.bot.take_warning() {
            messages::warn(&warning);
        }
        write!(out, "{}", render::reply(&self.bot, &verdict, width()))?;
        let confidence = render::confidence(&self.bot, &verdict);
        // Where there is no answer, a number says something to people only.
        let shown = verdict.decision != Decision::NoMatch || io::stdout().is_terminal();
        if shown && !confidence.is_empty() {
            writeln!(out, "{}", styled(DIM, &confidence))?;
        }
        // Said now and then: by the third time it is known.
        if verdict.decision == Decision::NoMatch
            && verdict.rule != Rule::NoneOfThem
            && self.counts.unanswered <= HINTS
            && io::stdout().is_terminal()
        {
            let hint = "Ask in other words, or see all questions with /list. /teach ID makes this one a phrasing of an entry.";
            write!(out, "{}", styled(DIM, &wrapped(hint, width())))?;
        }
        writeln!(out)?;
        self.conversation.note(&self.bot, &verdict);
        if verdict.decision == Decision::SmallTalk {
            self.last = Some(verdict);
            return Ok(());
        }
        let shown =
            if verdict.choices().is_empty() { verdict.matches.iter().collect() } else { verdict.choices() };
        self.listed = shown.into_iter().map(|found| found.entry).collect();
        self.meant = answered;
        // What was picked is no question to teach or to ask again.
        if !verdict.rule.is_of_an_offer() {
            self.asked = Some(line.to_owned());
            self.last = Some(verdict);
        }
        Ok(())
    }
}
