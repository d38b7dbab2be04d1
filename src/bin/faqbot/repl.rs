//! The chat.
//!
//! A line that begins with `/` is a command and never a question. At a terminal, rustyline edits the
//! lines; from a pipe they are read as they are, without banner, prompt or colour. An error is said
//! and the chat goes on.

use std::borrow::Cow;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use faqbot::faq::Answers;
use faqbot::{Decision, Policy, Reply};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};

use crate::config::Settings;
use crate::render::{self, BOLD, DIM, plain, styled, width};
use crate::setup::{self, AnyBot, Embedding, count, faq_name, load_bot};

/// Lines that the history keeps.
const HISTORY_LINES: usize = 1000;

/// A line longer than this is answered but not kept: a pasted document is no history.
const HISTORY_LINE_BYTES: usize = 2000;

/// The commands: name, argument, what it does. `/help` shows them, Tab completes them.
const COMMANDS: [(&str, &str, &str); 12] = [
    ("help", "", "this list"),
    ("why", "", "how the last answer came about"),
    ("top", "[N]", "the N entries nearest to the last question (5)"),
    ("min-cosine", "[X]", "show or set the cosine below which there is no answer"),
    ("min-confidence", "[X]", "show or set the confidence an answer needs"),
    ("list", "[WORD]", "the questions in the FAQ, or those with a word"),
    ("show", "ID", "an entry with its phrasings, answer and source"),
    ("reload", "", "read the FAQ file again"),
    ("model", "", "the embedding model"),
    ("stats", "", "numbers of this chat"),
    ("quit", "", "leave, as Ctrl-D does"),
    ("?", "", "the same as /help"),
];

/// Other names for commands.
const ALIASES: [(&str, &str); 4] = [("?", "help"), ("exit", "quit"), ("q", "quit"), ("bye", "quit")];

/// Said where confidence is not calibrated for the model.
const UNCALIBRATED: &str = "This model has no calibrated confidence, so the cosine decides. \
    `faqbot calibrate --queries FILE` makes one from labelled questions.";

/// A chat in progress.
struct Chat<'s> {
    settings: &'s Settings,
    bot: AnyBot,
    last: Option<Reply>,
    /// The entries that were offered, until the next line.
    offered: Vec<usize>,
    counts: Counts,
    /// Whether the policy was changed by command.
    own_policy: bool,
    begin: Instant,
}

#[derive(Default)]
struct Counts {
    answered: usize,
    asked_back: usize,
    unanswered: usize,
    time: Duration,
}

/// Whether the chat goes on.
#[derive(PartialEq)]
enum Next {
    Go,
    Stop,
}

/// `faqbot chat`
pub fn chat(settings: &Settings) -> Result<()> {
    let begin = Instant::now();
    let bot = load_bot(settings)?;
    let mut chat = Chat {
        settings,
        bot,
        last: None,
        offered: Vec::new(),
        counts: Counts::default(),
        own_policy: false,
        begin,
    };
    if io::stdin().is_terminal() && io::stdout().is_terminal() { chat.terminal() } else { chat.pipe() }
}

impl Chat<'_> {
    fn terminal(&mut self) -> Result<()> {
        self.banner()?;
        let mut editor = editor()?;
        if let Some(path) = &self.settings.history {
            open_history(&mut editor, path);
        }
        loop {
            let prompt = match self.offered.len() {
                0 => "> ".to_owned(),
                choices => format!("1-{choices}> "),
            };
            match editor.readline(&prompt) {
                Ok(line) => {
                    if line.len() <= HISTORY_LINE_BYTES && !line.trim().is_empty() {
                        editor.add_history_entry(&line)?;
                        // At once, so that a chat that is killed has kept what was typed.
                        if let Some(path) = &self.settings.history {
                            let _ = editor.append_history(path);
                        }
                    }
                    if self.line(&unfold(&line))? == Next::Stop {
                        return Ok(());
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(error).context("reading the terminal"),
            }
        }
    }

    fn pipe(&mut self) -> Result<()> {
        let mut bytes = Vec::new();
        let mut input = io::stdin().lock();
        loop {
            bytes.clear();
            if input.read_until(b'\n', &mut bytes).context("standard input")? == 0 {
                return Ok(());
            }
            if self.line(&String::from_utf8_lossy(&bytes))? == Next::Stop {
                return Ok(());
            }
        }
    }

    fn banner(&self) -> Result<()> {
        let faq = self.bot.faq();
        let mut out = anstream::stdout().lock();
        let title = faq.title.clone().unwrap_or_else(|| faq_name(self.settings));
        writeln!(out, "{}", styled(BOLD, &plain(&title)))?;
        if let Some(greeting) = &faq.greeting {
            write!(out, "{}", render::wrapped(greeting, width()))?;
        }
        let counts = format!(
            "{} · /help for commands · Ctrl-D to leave",
            count(faq.entries.len(), "entry", "entries")
        );
        writeln!(out, "{}", styled(DIM, &counts))?;
        if self.bot.setup().calibration.is_none() {
            write!(out, "{}", styled(DIM, &render::wrapped(UNCALIBRATED, width())))?;
        }
        writeln!(out)?;
        Ok(())
    }

    /// Handles a line. Errors of the work are said here; only those of the output come back.
    fn line(&mut self, line: &str) -> Result<Next> {
        let line = line.trim();
        let done = match line.strip_prefix('/') {
            _ if line.is_empty() => return Ok(Next::Go),
            Some(command) => self.command(command),
            None => self.question(line).map(|()| Next::Go),
        };
        done.or_else(|error| {
            if crate::is_broken_pipe(&error) {
                return Err(error);
            }
            let message = plain(&format!("{error:#}"));
            anstream::eprintln!("{} {message}\n", styled(render::ERROR_LABEL, "error:"));
            Ok(Next::Go)
        })
    }

    fn question(&mut self, line: &str) -> Result<()> {
        let offered = std::mem::take(&mut self.offered);
        let mut out = anstream::stdout().lock();
        if !offered.is_empty()
            && let Ok(number) = line.parse::<usize>()
        {
            match number.checked_sub(1).map(|at| offered.get(at)) {
                None => write!(out, "{}", render::fallback(&self.bot, width()))?,
                Some(Some(&entry)) => {
                    write!(out, "{}", render::answer(&self.bot.faq().entries[entry], width()))?
                }
                Some(None) => {
                    writeln!(out, "There are {} choices: 1 to {0}, or 0 for none of these.", offered.len())?;
                    self.offered = offered;
                }
            }
            writeln!(out)?;
            return Ok(());
        }
        let begin = Instant::now();
        let reply = self.bot.ask(line)?;
        self.counts.time += begin.elapsed();
        match reply.decision {
            Decision::Answer(_) => self.counts.answered += 1,
            Decision::Ambiguous(_) => self.counts.asked_back += 1,
            Decision::NoMatch => self.counts.unanswered += 1,
        }
        write!(out, "{}", render::reply(&self.bot, &reply, width()))?;
        let confidence = render::confidence(&reply, self.bot.setup());
        if !confidence.is_empty() {
            writeln!(out, "{}", styled(DIM, &confidence))?;
        }
        writeln!(out)?;
        self.offered = reply.choices().iter().map(|found| found.entry).collect();
        self.last = Some(reply);
        Ok(())
    }

    fn command(&mut self, line: &str) -> Result<Next> {
        let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (name, argument) = (name.to_lowercase(), argument.trim());
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, name)| name);
        let mut out = anstream::stdout().lock();
        match name {
            "help" => write!(out, "{}", help())?,
            "why" => match &self.last {
                Some(reply) => write!(out, "{}", render::why(&self.bot, reply))?,
                None => writeln!(out, "Nothing was asked yet.")?,
            },
            "top" => self.top(argument, &mut out)?,
            "min-cosine" => self.min_cosine(argument, &mut out)?,
            "min-confidence" => self.min_confidence(argument, &mut out)?,
            "list" => self.list(argument, &mut out)?,
            "show" => self.show(argument, &mut out)?,
            "reload" => self.reload(&mut out)?,
            "model" => {
                let embedder = self.bot.embedder();
                writeln!(out, "{} ({} dimensions)", embedder.model(), embedder.dimension())?;
            }
            "stats" => self.stats(&mut out)?,
            "quit" => return Ok(Next::Stop),
            _ => writeln!(out, "{}", unknown(name))?,
        }
        writeln!(out)?;
        Ok(Next::Go)
    }

    fn top(&self, argument: &str, out: &mut impl Write) -> Result<()> {
        let count = match argument {
            "" => 5,
            number => number
                .parse()
                .ok()
                .filter(|&count| count > 0)
                .context("/top takes a number of entries, such as /top 5")?,
        };
        let Some(last) = &self.last else {
            writeln!(out, "Nothing was asked yet.")?;
            return Ok(());
        };
        let reply = self.bot.ask_for(&last.query, count)?;
        write!(out, "{}", render::matches(&self.bot, &reply.matches[..count.min(reply.matches.len())]))?;
        Ok(())
    }

    fn min_cosine(&mut self, argument: &str, out: &mut impl Write) -> Result<()> {
        if !argument.is_empty() {
            let min_cosine = argument
                .parse()
                .ok()
                .with_context(|| format!("\"{argument}\" is not a number; try /min-cosine 0.5"))?;
            let policy = Policy { min_cosine, ..self.bot.setup().policy };
            self.bot.set_policy(policy.checked()?);
            self.own_policy = true;
        }
        writeln!(out, "Answers need a cosine of at least {:.2}.", self.bot.setup().policy.min_cosine)?;
        Ok(())
    }

    fn min_confidence(&mut self, argument: &str, out: &mut impl Write) -> Result<()> {
        if self.bot.setup().calibration.is_none() {
            writeln!(out, "{UNCALIBRATED}")?;
            return Ok(());
        }
        if !argument.is_empty() {
            let min_confidence: f32 = argument
                .parse()
                .ok()
                .with_context(|| format!("\"{argument}\" is not a number; try /min-confidence 0.6"))?;
            let policy = self.bot.setup().policy;
            let ask_confidence = policy.ask_confidence.min(min_confidence);
            self.bot.set_policy(Policy { min_confidence, ask_confidence, ..policy }.checked()?);
            self.own_policy = true;
        }
        let policy = &self.bot.setup().policy;
        writeln!(
            out,
            "Answers need a confidence of at least {:.2}; from {:.2} on the bot asks back.",
            policy.min_confidence, policy.ask_confidence
        )?;
        Ok(())
    }

    fn list(&self, word: &str, out: &mut impl Write) -> Result<()> {
        let wanted = faqbot::faq::normalize_phrasing(word);
        let mut count = 0;
        for entry in &self.bot.faq().entries {
            let holds = |text: &String| faqbot::faq::normalize_phrasing(text).contains(&wanted);
            if wanted.is_empty() || entry.phrasings.iter().any(holds) || entry.tags.iter().any(holds) {
                writeln!(out, "  {}  {}", plain(entry.question()), styled(DIM, &plain(entry.id.as_str())))?;
                count += 1;
            }
        }
        if count == 0 {
            writeln!(out, "No question with \"{}\".", plain(word))?;
        }
        Ok(())
    }

    fn show(&self, id: &str, out: &mut impl Write) -> Result<()> {
        let entries = &self.bot.faq().entries;
        let Some(position) = self.bot.faq().position(id) else {
            let near = nearest(id, entries.iter().map(|entry| entry.id.as_str()));
            let hint = near.map_or_else(
                || "; /list shows the ids".to_owned(),
                |near| format!("; did you mean {}?", plain(near)),
            );
            writeln!(
                out,
                "{}{hint}",
                if id.is_empty() { "/show takes an id".into() } else { format!("No entry {}", plain(id)) }
            )?;
            return Ok(());
        };
        let entry = &entries[position];
        writeln!(
            out,
            "{}  {}",
            styled(BOLD, &plain(entry.question())),
            styled(DIM, &plain(entry.id.as_str()))
        )?;
        for phrasing in &entry.phrasings[1..] {
            writeln!(out, "  {}", plain(phrasing))?;
        }
        write!(out, "\n{}", render::answer(entry, width()))?;
        if let Some(source) = &entry.source {
            write!(out, "{}", render::wrapped(&format!("Source: {source}"), width()))?;
        }
        if !entry.tags.is_empty() {
            writeln!(out, "Tags: {}", plain(&entry.tags.join(", ")))?;
        }
        Ok(())
    }

    fn reload(&mut self, out: &mut impl Write) -> Result<()> {
        let keeps = "the FAQ stays as it was";
        let faq = setup::load_faq(self.settings, Answers::Required).context(keeps)?;
        let fresh = setup::setup(self.settings, &faq, self.bot.embedder().model(), true).context(keeps)?;
        let mut progress = Embedding::new(AnyBot::texts(&faq, &fresh));
        self.bot.set_faq(faq, &mut |done| progress.at(done)).context(keeps)?;
        drop(progress);
        self.bot.set_calibration(fresh.calibration);
        // What was set by command in this chat stays set.
        if !self.own_policy {
            self.bot.set_policy(fresh.policy);
        }
        self.last = None;
        self.offered.clear();
        let faq = self.bot.faq();
        writeln!(
            out,
            "{}: {}, {}.",
            faq_name(self.settings),
            count(faq.entries.len(), "entry", "entries"),
            count(faq.phrasing_count(), "phrasing", "phrasings")
        )?;
        Ok(())
    }

    fn stats(&self, out: &mut impl Write) -> Result<()> {
        let faq = self.bot.faq();
        let Counts { answered, asked_back, unanswered, time } = &self.counts;
        let asked = answered + asked_back + unanswered;
        writeln!(
            out,
            "{}: {}, {}",
            faq_name(self.settings),
            count(faq.entries.len(), "entry", "entries"),
            count(faq.phrasing_count(), "phrasing", "phrasings")
        )?;
        writeln!(
            out,
            "{asked} asked: {answered} answered, {asked_back} asked back, {unanswered} without an answer"
        )?;
        if asked > 0 {
            writeln!(out, "{:.1} ms a question", time.as_secs_f64() * 1e3 / asked as f64)?;
        }
        writeln!(out, "up for {} s", self.begin.elapsed().as_secs())?;
        Ok(())
    }
}

fn help() -> String {
    let mut out = String::from("Type a question, or a command:\n");
    for (name, argument, what) in COMMANDS {
        let usage = format!("/{name} {argument}");
        out.push_str(&format!("  {}{what}\n", styled(BOLD, &format!("{usage:<21}"))));
    }
    out.push_str("A line that ends in \\ goes on in the next; so does a text between \"\"\" and \"\"\".\n");
    out.push_str("After \"Did you mean\", a number picks; 0 is none of these.\n");
    out
}

fn unknown(name: &str) -> String {
    let known = COMMANDS.iter().map(|(name, ..)| *name).chain(ALIASES.iter().map(|(alias, _)| *alias));
    match nearest(name, known) {
        Some(near) => format!("There is no /{}; did you mean /{near}?", plain(name)),
        None => format!("There is no /{}; /help shows the commands.", plain(name)),
    }
}

/// The word nearest to `word`, if one is near: at most two slips away (a letter more, less, other or
/// swapped), and alike for more than half of its length.
fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    known
        .map(|candidate| (candidate, strsim::damerau_levenshtein(word, candidate)))
        .filter(|&(candidate, slips)| slips <= 2 && slips * 2 < candidate.chars().count())
        .min_by_key(|&(_, slips)| slips)
        .map(|(candidate, _)| candidate)
}

/// A line as it is meant, from one as it was typed over several.
fn unfold(line: &str) -> String {
    match line.trim().strip_prefix(QUOTES) {
        Some(block) => block.strip_suffix(QUOTES).unwrap_or(block).to_owned(),
        None => line.replace("\\\n", "\n"),
    }
}

const QUOTES: &str = "\"\"\"";

fn editor() -> Result<Editor<Commands, FileHistory>> {
    let config = Config::builder()
        .max_history_size(HISTORY_LINES)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Commands));
    Ok(editor)
}

/// Loads the history. What goes wrong with it is no reason not to chat.
fn open_history(editor: &mut Editor<Commands, FileHistory>, path: &Path) {
    let Some(folder) = path.parent() else { return };
    if let Err(error) = fs::create_dir_all(folder) {
        setup::warn(&format!("{}: {error}; what you type is not kept", folder.display()));
        return;
    }
    if path.exists()
        && let Err(error) = editor.load_history(path)
    {
        setup::warn(&format!("{}: {error}; the history begins anew", path.display()));
    }
}

/// Completion, hints and line continuation.
struct Commands;

impl Helper for Commands {}

impl Completer for Commands {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(typed) = line[..pos].strip_prefix('/') else { return Ok((pos, Vec::new())) };
        let fitting = COMMANDS.iter().filter(|(name, ..)| name.starts_with(typed));
        let pairs = fitting.map(|(name, argument, what)| Pair {
            display: format!("/{name:<15} {what}"),
            replacement: format!("/{name}{}", if argument.is_empty() { "" } else { " " }),
        });
        Ok((0, pairs.collect()))
    }
}

impl Hinter for Commands {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, _: &rustyline::Context<'_>) -> Option<String> {
        let typed = line.strip_prefix('/').filter(|typed| !typed.is_empty() && pos == line.len())?;
        let mut fitting = COMMANDS.iter().filter(|(name, ..)| name.starts_with(typed));
        let (name, argument, _) = fitting.next()?;
        let rest = format!("{} {argument}", &name[typed.len()..]);
        (fitting.next().is_none() || *name == typed)
            .then(|| rest.trim_end().to_owned())
            .filter(|hint| !hint.is_empty())
    }
}

impl Highlighter for Commands {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if colours() { Cow::Owned(styled(BOLD, prompt)) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if colours() { Cow::Owned(styled(DIM, hint)) } else { Cow::Borrowed(hint) }
    }
}

/// Whether colours are wanted: rustyline writes past anstream.
fn colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

impl Validator for Commands {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let open_block = input.trim().strip_prefix(QUOTES).is_some_and(|block| !block.ends_with(QUOTES));
        let open = input.ends_with('\\') || open_block;
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_commands_name_the_nearest() {
        assert_eq!(unknown("hlep"), "There is no /hlep; did you mean /help?");
        assert_eq!(unknown("min_cosine"), "There is no /min_cosine; did you mean /min-cosine?");
        assert_eq!(unknown("zzz"), "There is no /zzz; /help shows the commands.");
    }

    #[test]
    fn lines_typed_over_several_are_joined() {
        assert_eq!(unfold("one \\\ntwo"), "one \ntwo");
        assert_eq!(unfold("\"\"\"one\ntwo\"\"\""), "one\ntwo");
        assert_eq!(unfold("plain"), "plain");
    }
}
