//! `faqbot review`: what was asked and not answered, group by group, at the keyboard or from a pipe.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use faqbot::Embedder;
use faqbot_store::review::{Choice, Decide, Done, Group, Preview, Question, Review, import};
use faqbot_store::{Missing, Source, Store};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use tokio::runtime::Runtime;

use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::names::one_faq;
use crate::output::messages::note;
use crate::output::style::{BOLD, DIM, FAIR, GOOD, POOR, count, plain, styled, width, wrapped};
use crate::setup::{self, SettingsSource};
use crate::store::{runtime, url};

#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Print the groups as JSON, and decide nothing
    #[arg(long)]
    pub json: bool,
    /// First take in the suggestions of an export of QnA Maker's
    #[arg(long, value_name = "FILE.tsv")]
    pub import: Option<PathBuf>,
}

/// Questions of a group that are shown.
const SHOWN: usize = 8;

/// Changes for the worse that are shown.
const WORSE: usize = 5;

const HELP: &str =
    "  1 to 5      add the question to that entry as a phrasing; Enter alone takes the one that is marked
  e ID        add it to the entry with this id
  n ANSWER    a new entry with this answer; `\\n` in it is a line break
  x           not ours: what is like it gets no answer from now on, and is not shown again
  w WORDS     ask it in other words: these are what is added
  d LETTER    leave a question out, which means something else
  a           all questions of the group
  l           later
  q           leave
";

/// `faqbot review`: the exit code, 1 where nothing is open.
pub fn review(settings: &Settings, args: &ReviewArgs) -> Result<u8> {
    let url = url(settings, "the questions are kept, such as sqlite:asked.db")?;
    let runtime = runtime()?;
    let missing = if args.import.is_some() { Missing::Create } else { Missing::Refuse };
    let store = runtime.block_on(Store::open(url, missing))?;
    let done = with_store(settings, args, &runtime, &store);
    runtime.block_on(store.close());
    done
}

fn with_store(settings: &Settings, args: &ReviewArgs, runtime: &Runtime, store: &Store) -> Result<u8> {
    let (name, settings) = one_faq(settings)?;
    let embedder: Arc<dyn Embedder> = Arc::from(setup::load_embedder(&settings)?);
    let source: Arc<dyn Source> = Arc::new(SettingsSource::new(settings.clone(), embedder));
    let mut review = runtime.block_on(Review::open(&name, Arc::clone(&source), store))?;
    if let Some(path) = &args.import {
        let faq = review.bot().faq();
        let found = runtime.block_on(import(store, &review.name, faq, &settings.keep, path))?;
        note(&format!("{} from {}", count(found, "suggestion", "suggestions"), path.display()));
        review = runtime.block_on(Review::open(&name, source, store))?;
    }
    if args.json {
        let mut out = anstream::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &review.groups)?;
        writeln!(out)?;
        return Ok(if review.groups.is_empty() { NOT_ANSWERED } else { ANSWERED });
    }
    if review.groups.is_empty() {
        writeln!(
            anstream::stdout(),
            "Nothing is open: every question that was kept is answered or decided."
        )?;
        return Ok(NOT_ANSWERED);
    }
    let mut lines = Lines::new()?;
    Session { review: &mut review, store, runtime, lines: &mut lines }.run()?;
    Ok(ANSWERED)
}

/// Where the keys come from.
enum Lines {
    Terminal(Box<DefaultEditor>),
    Pipe(io::StdinLock<'static>),
}

impl Lines {
    fn new() -> Result<Self> {
        Ok(match io::stdin().is_terminal() && io::stdout().is_terminal() {
            true => Lines::Terminal(Box::new(DefaultEditor::new()?)),
            false => Lines::Pipe(io::stdin().lock()),
        })
    }

    /// The next line; `None` where there is none.
    fn next(&mut self, prompt: &str) -> Result<Option<String>> {
        match self {
            Lines::Terminal(editor) => match editor.readline(prompt) {
                Ok(line) => Ok(Some(line)),
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
                Err(error) => Err(error).context("reading the terminal"),
            },
            Lines::Pipe(input) => {
                let mut bytes = Vec::new();
                let read = input.read_until(b'\n', &mut bytes).context("standard input")?;
                Ok((read > 0)
                    .then(|| String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
    }
}

/// A review in progress.
struct Session<'r> {
    review: &'r mut Review,
    store: &'r Store,
    runtime: &'r Runtime,
    lines: &'r mut Lines,
}

/// A decision that is not made yet.
#[derive(Default)]
struct Draft {
    words: Option<String>,
    /// Questions that mean something else.
    leave_out: Vec<String>,
}

/// The questions of a group beside the central one.
fn others(group: &Group) -> impl Iterator<Item = &Question> {
    group.questions.iter().filter(|question| question.text != group.question)
}

/// The question with a letter.
fn other(group: &Group, letter: char) -> Option<&String> {
    let at = u32::from(letter).checked_sub(u32::from('a'))? as usize;
    others(group).take(SHOWN).nth(at).map(|question| &question.text)
}

/// What comes after a line.
enum Next {
    Again,
    Group,
    Leave,
}

impl Session<'_> {
    fn run(&mut self) -> Result<()> {
        let (mut number, mut decided) = (0, 0);
        let all = self.review.groups.len();
        'groups: while let Some(group) = self.review.groups.first().cloned() {
            number += 1;
            if !self.review.is_open(&group)? {
                self.review.later(&group.id);
                continue;
            }
            self.show(&group, number, all)?;
            let mut draft = Draft::default();
            loop {
                let Some(line) = self.lines.next("> ")? else { break 'groups };
                match self.key(&group, line.trim(), &mut draft) {
                    Ok(Next::Again) => {}
                    Ok(Next::Leave) => break 'groups,
                    Ok(Next::Group) => {
                        decided += usize::from(self.review.find(&group.id).is_none());
                        self.review.later(&group.id);
                        break;
                    }
                    // Also what goes wrong leaves the rest to be reviewed.
                    Err(error) => crate::output::messages::error(&format!("{error:#}")),
                }
            }
        }
        let open = self.review.groups.len();
        note(&format!("{}, {} open", count(decided, "group decided", "groups decided"), open));
        Ok(())
    }

    fn key(&mut self, group: &Group, line: &str, draft: &mut Draft) -> Result<Next> {
        let (key, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let words = draft.words.clone();
        let to = |entry: String| Choice::Phrasing { entry, phrasing: words.clone() };
        let choice = match (key, key.parse::<usize>()) {
            ("", _) => match &group.suggestion {
                Some(entry) => to(entry.clone()),
                None => return self.say(HELP),
            },
            (_, Ok(number)) => match number.checked_sub(1).and_then(|at| group.nearest.get(at)) {
                Some(nearest) => to(nearest.id.clone()),
                None => return self.say("There is no such number above.\n"),
            },
            ("e", _) if !rest.is_empty() => to(rest.to_owned()),
            ("n", _) if !rest.is_empty() => {
                Choice::Entry { question: words.clone(), answer: rest.replace("\\n", "\n") }
            }
            ("x", _) => Choice::NotOurs,
            ("w", _) => {
                draft.words = Some(rest.to_owned()).filter(|words| !words.is_empty());
                let says = draft.words.as_ref().map(|words| format!("In these words: {words}\n"));
                return self.say(&says.unwrap_or_else(|| "The words as they were.\n".to_owned()));
            }
            ("d", _) => match rest.parse::<char>().ok().and_then(|letter| other(group, letter)) {
                Some(text) => {
                    draft.leave_out.push(text.clone());
                    return self.say(&format!("Left out: {text}\n"));
                }
                None => return self.say("d and the letter of a question above leaves it out.\n"),
            },
            ("a", _) => {
                let all: Vec<String> =
                    group.questions.iter().map(|question| format!("  {}\n", question.text)).collect();
                return self.say(&all.concat());
            }
            ("l", _) => return Ok(Next::Group),
            ("q" | "quit" | "exit", _) => return Ok(Next::Leave),
            _ => return self.say(HELP),
        };
        let texts = group.questions.iter().map(|question| question.text.clone());
        let questions: Vec<String> = texts.filter(|text| !draft.leave_out.contains(text)).collect();
        let preview = self.review.preview(&group.id, &choice, &questions)?;
        write!(anstream::stdout(), "{}", shown(&preview))?;
        let answer = self.lines.next("Write it? [Y/n] ")?;
        if !answer.is_some_and(|answer| matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes")) {
            return self.say("Nothing was written.\n");
        }
        let decide = Decide { group: group.id.clone(), questions, choice, revision: Some(preview.revision) };
        let done = self.runtime.block_on(self.review.decide(self.store, &decide))?;
        self.done(&done)?;
        Ok(Next::Group)
    }

    fn say(&self, text: &str) -> Result<Next> {
        write!(anstream::stdout(), "{}", plain(text))?;
        Ok(Next::Again)
    }

    fn done(&self, done: &Done) -> Result<()> {
        let mut out = anstream::stdout().lock();
        writeln!(out, "{}", styled(GOOD, &format!("Written to {}.", plain(&done.preview.file))))?;
        if let Some(why) = &done.calibrate {
            write!(out, "{}", styled(DIM, &wrapped(why, width())))?;
        }
        writeln!(out)?;
        Ok(())
    }

    fn show(&self, group: &Group, number: usize, all: usize) -> Result<()> {
        let mut out = anstream::stdout().lock();
        let asked = count(group.count, "time", "times");
        writeln!(out, "{}", styled(DIM, &format!("group {number} of {all}, asked {asked}")))?;
        writeln!(out, "{}", styled(BOLD, &plain(&group.question)))?;
        for (letter, question) in ('a'..).zip(others(group).take(SHOWN)) {
            let times =
                if question.count > 1 { format!(" ({} times)", question.count) } else { String::new() };
            let down = if question.down > 0 { " (did not help)" } else { "" };
            writeln!(out, "  {letter}. {}{}", plain(&question.text), styled(DIM, &format!("{times}{down}")))?;
        }
        let more = others(group).count().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(out, "{}", styled(DIM, &format!("  and {more} more: a shows all")))?;
        }
        for (at, nearest) in group.nearest.iter().enumerate() {
            let suggested = group.suggestion.as_deref() == Some(nearest.id.as_str());
            let mark = if suggested { "→" } else { " " };
            let sure =
                nearest.confidence.map_or(String::new(), |sure| format!("{:.0} % sure · ", 100.0 * sure));
            let why = if suggested && group.chosen { " · chosen by those who asked" } else { "" };
            let about = format!("{sure}cosine {:.2}{why}", nearest.cosine);
            writeln!(out, "{mark} {}. {}  {}", at + 1, plain(&nearest.question), styled(DIM, &about))?;
        }
        if let Some(chosen) =
            group.suggestion.as_ref().filter(|id| group.nearest.iter().all(|near| near.id != **id))
        {
            writeln!(out, "→ {}  {}", plain(chosen), styled(DIM, "chosen by those who asked"))?;
        }
        writeln!(
            out,
            "{}",
            styled(
                DIM,
                "1-5 or e ID add to an entry · n ANSWER new entry · x not ours · w other words · d leave out · l later · q leave · ? help"
            )
        )?;
        Ok(())
    }
}

/// What a choice would change.
fn shown(preview: &Preview) -> String {
    let mut text = format!("{}  {}\n", plain(&preview.what), styled(DIM, &plain(&preview.file)));
    for line in &preview.lines {
        text.push_str(&format!("{}\n", styled(GOOD, &plain(&format!("+ {line}")))));
    }
    let effect = &preview.effect;
    let mut says = vec![format!("+{} answered", effect.answered)];
    says.extend((effect.fixed > 0).then(|| format!("{} no longer wrong", effect.fixed)));
    says.push(format!("{} now wrong", effect.wrong.len()));
    says.extend((!effect.lost.is_empty()).then(|| format!("{} no longer answered", effect.lost.len())));
    let of = count(effect.questions, "labelled question", "labelled questions");
    text.push_str(&format!("{} of {of}\n", says.join(", ")));
    for (what, style, list) in
        [("now wrong", POOR, &effect.wrong), ("no longer answered", FAIR, &effect.lost)]
    {
        for changed in list.iter().take(WORSE) {
            let line = format!("  {what}: {changed}");
            text.push_str(&format!("{}\n", styled(style, &plain(&line))));
        }
    }
    for query in &preview.taken_in {
        let line = format!("  left out, and answered by it all the same: {query}");
        text.push_str(&format!("{}\n", styled(FAIR, &plain(&line))));
    }
    for finding in &preview.findings {
        text.push_str(&format!("{}\n", styled(FAIR, &plain(&format!("  check: {finding}")))));
    }
    text
}
