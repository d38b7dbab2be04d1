//! The slash commands of the chat.

use std::io::Write;

use anyhow::{Context, Result};
use faqbot::bot::AnyBot;
use faqbot::faq::Change;
use faqbot::faq::{Answers, normalize_phrasing, one_line};
use faqbot::{EntryId, Policy};
use faqbot_store::Rating;
use faqbot_store::plan::Plan;

use super::session::{Chat, Counts, Next, UNCALIBRATED};
use crate::output::progress::EmbeddingBar;
use crate::output::render;
use crate::output::style::{BOLD, DIM, GOOD, count, plain, styled, width, wrapped};
use crate::setup::{self, faq_name};

/// The commands: name, argument, what it does. `/help` shows them, Tab completes them.
pub const COMMANDS: [(&str, &str, &str); 16] = [
    ("help", "", "this list"),
    ("why", "", "how the last answer came about"),
    ("top", "[N]", "the N entries nearest to the last question (5)"),
    ("min-cosine", "[X]", "show or set the cosine below which there is no answer"),
    ("min-confidence", "[X]", "show or set the confidence an answer needs"),
    ("list", "[WORD]", "the questions in the FAQ, or those with a word"),
    (
        "show",
        "ID",
        "an entry with its phrasings, answer and source; also the beginning of an id, or a number of the last list",
    ),
    ("again", "", "the last question once more"),
    (
        "teach",
        "[ID]",
        "the last question becomes a phrasing of this entry (of that answered or chosen), in its file",
    ),
    ("reload", "", "read the FAQ file again"),
    ("model", "", "the embedding model"),
    ("good", "", "the last reply helped (kept with --store)"),
    ("bad", "", "the last reply did not help (kept with --store)"),
    ("stats", "", "numbers of this chat"),
    ("quit", "", "leave, as exit, quit and Ctrl-D do"),
    ("?", "", "the same as /help"),
];

/// Other names for commands.
const ALIASES: [(&str, &str); 4] = [("?", "help"), ("exit", "quit"), ("q", "quit"), ("bye", "quit")];

impl Chat<'_> {
    /// Does what a command says.
    pub fn command(&mut self, line: &str, out: &mut impl Write) -> Result<Next> {
        let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (name, argument) = (name.to_lowercase(), argument.trim());
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, name)| name);
        match name {
            "help" => write!(out, "{}", help())?,
            "why" => match &self.last {
                Some(verdict) => write!(out, "{}", render::why(&self.bot, verdict))?,
                None => writeln!(out, "Nothing was asked yet.")?,
            },
            "top" => self.top(argument, out)?,
            "min-cosine" => self.min_cosine(argument, out)?,
            "min-confidence" => self.min_confidence(argument, out)?,
            "again" => match self.asked.clone() {
                Some(question) => {
                    self.question(&question, out)?;
                    return Ok(Next::Go);
                }
                None => writeln!(out, "Nothing was asked yet.")?,
            },
            "teach" => self.teach(argument, out)?,
            "list" => self.list(argument, out)?,
            "show" => self.show(argument, out)?,
            "reload" => self.reload(out)?,
            "model" => {
                let embedder = self.bot.embedder();
                writeln!(out, "{} ({} dimensions)", plain(embedder.model().as_str()), embedder.dimension())?;
            }
            "good" => self.rate(Rating::Up, out)?,
            "bad" => self.rate(Rating::Down, out)?,
            "stats" => self.stats(out)?,
            "quit" => return Ok(Next::Stop),
            _ => writeln!(out, "{}", unknown(name))?,
        }
        writeln!(out)?;
        Ok(Next::Go)
    }

    fn top(&mut self, argument: &str, out: &mut impl Write) -> Result<()> {
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
        let verdict = self.bot.verdict(&last.query, count)?;
        let matches = &verdict.matches[..count.min(verdict.matches.len())];
        self.listed = matches.iter().map(|found| found.entry).collect();
        write!(out, "{}", render::matches(&self.bot, matches))?;
        Ok(())
    }

    fn min_cosine(&mut self, argument: &str, out: &mut impl Write) -> Result<()> {
        if !argument.is_empty() {
            let min_cosine = argument
                .parse()
                .ok()
                .with_context(|| format!("\"{argument}\" is not a number; try /min-cosine 0.5"))?;
            let policy = self.bot.setup().policy.with_min_cosine(min_cosine);
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

    fn list(&mut self, word: &str, out: &mut impl Write) -> Result<()> {
        let wanted = normalize_phrasing(word);
        let mut listed = Vec::new();
        for (at, entry) in self.bot.faq().entries.iter().enumerate() {
            let holds = |text: &String| normalize_phrasing(text).contains(&wanted);
            if wanted.is_empty() || entry.phrasings.iter().any(holds) || entry.tags.iter().any(holds) {
                let scope = if entry.out_of_scope { " · out of scope" } else { "" };
                let about = format!("{}{scope}", plain(entry.id.as_str()));
                listed.push(at);
                writeln!(out, "{:>4}. {}  {}", listed.len(), plain(entry.question()), styled(DIM, &about))?;
            }
        }
        if listed.is_empty() {
            writeln!(out, "No question with \"{}\".", plain(word))?;
        }
        self.listed = listed;
        Ok(())
    }

    /// The entry with an id, with the only id that begins so, or with a number of the last list; else what to say.
    fn entry_named(&self, name: &str) -> std::result::Result<usize, String> {
        let faq = self.bot.faq();
        if let Some(position) = faq.position(name) {
            return Ok(position);
        }
        let number = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        if let Some(&position) = number.and_then(|at| self.listed.get(at)) {
            return Ok(position);
        }
        let ids = || faq.entries.iter().map(|entry| entry.id.as_str());
        let mut begins = ids().enumerate().filter(|(_, id)| !name.is_empty() && id.starts_with(name));
        match (begins.next(), begins.next()) {
            (Some((position, _)), None) => Ok(position),
            (Some((_, one)), Some((_, other))) => {
                Err(format!("Several ids begin so: {}, {} …", plain(one), plain(other)))
            }
            (None, _) => {
                let near = nearest(name, ids());
                let hint = near.map_or_else(
                    || "; /list shows the ids".to_owned(),
                    |near| format!("; did you mean {}?", plain(near)),
                );
                Err(format!("No entry {}{hint}", plain(name)))
            }
        }
    }

    /// Adds the last question to an entry, in the FAQ's own file or beside it.
    fn teach(&mut self, name: &str, out: &mut impl Write) -> Result<()> {
        let Some(question) = self.asked.clone() else {
            writeln!(out, "Nothing was asked yet.")?;
            return Ok(());
        };
        let entry = match (name, self.meant) {
            ("", Some(entry)) => Ok(entry),
            ("", None) => {
                Err("/teach takes the entry that was meant: its id, or its number in the last list".into())
            }
            (name, _) => self.entry_named(name),
        };
        let entry = match entry {
            Ok(entry) => entry,
            Err(says) => {
                writeln!(out, "{says}")?;
                return Ok(());
            }
        };
        if self.settings.faq.is_empty() {
            writeln!(
                out,
                "The FAQ in the program has no file; `faqbot convert -o mine.yaml` writes one to begin with."
            )?;
            return Ok(());
        }
        let id = self.bot.faq().entries[entry].id.to_string();
        let phrasing = one_line(&question);
        let loaded = setup::read(self.settings, &self.settings.faq, Answers::Required)?;
        let change = Change::Phrasing { id: id.clone(), phrasing };
        if change.apply(&loaded.faq).is_none() {
            writeln!(out, "{} has it already.", plain(&id))?;
            return Ok(());
        }
        let plan = Plan::new(&self.settings.faq, &self.settings.read, &loaded, &change, None)?;
        drop(plan.write()?);
        writeln!(out, "{}", styled(DIM, &plain(&plan.file())))?;
        for line in plan.lines() {
            writeln!(out, "{}", styled(GOOD, &plain(&format!("+ {line}"))))?;
        }
        self.reload(out)
    }

    fn show(&self, id: &str, out: &mut impl Write) -> Result<()> {
        if id.is_empty() {
            writeln!(out, "/show takes an id; /list shows them")?;
            return Ok(());
        }
        let entry = match self.entry_named(id) {
            Ok(position) => &self.bot.faq().entries[position],
            Err(says) => {
                writeln!(out, "{says}")?;
                return Ok(());
            }
        };
        writeln!(
            out,
            "{}  {}",
            styled(BOLD, &plain(entry.question())),
            styled(DIM, &plain(entry.id.as_str()))
        )?;
        for phrasing in &entry.phrasings[1..] {
            writeln!(out, "  {}", plain(phrasing))?;
        }
        if entry.out_of_scope {
            writeln!(out, "\nOut of scope: what is nearest to these is not answered.")?;
        } else {
            for answer in entry.answers() {
                write!(out, "\n{}", render::answer(answer, width()))?;
            }
        }
        for (what, ids) in [("Follow-ups", &entry.follow_ups), ("Only after", &entry.only_after)] {
            if !ids.is_empty() {
                let ids: Vec<&str> = ids.iter().map(EntryId::as_str).collect();
                writeln!(out, "{what}: {}", plain(&ids.join(", ")))?;
            }
        }
        if let Some(source) = &entry.source {
            write!(out, "{}", wrapped(&format!("Source: {source}"), width()))?;
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
        let mut progress = EmbeddingBar::new(AnyBot::texts(&faq, &fresh));
        self.bot.set_faq(faq, &mut |done| progress.at(done)).context(keeps)?;
        drop(progress);
        self.bot.set_calibration(fresh.calibration);
        // What was set by command in this chat stays set.
        if !self.own_policy {
            self.bot.set_policy(fresh.policy);
        }
        self.last = None;
        self.conversation.withdraw();
        self.listed.clear();
        self.meant = None;
        if let Some(recording) = &mut self.recording {
            recording.reloaded(&self.bot);
        }
        let faq = self.bot.faq();
        writeln!(
            out,
            "{}: {}, {}.",
            plain(&faq_name(self.settings)),
            count(faq.entries.len(), "entry", "entries"),
            count(faq.phrasing_count(), "phrasing", "phrasings")
        )?;
        Ok(())
    }

    fn rate(&self, rating: Rating, out: &mut impl Write) -> Result<()> {
        let says = match (self.rated(rating, None), self.settings.store.is_some()) {
            (true, _) => "Thank you, noted.",
            (false, true) => "Nothing was asked yet.",
            (false, false) => "Nothing is kept of this chat; `faqbot chat --store sqlite:asked.db` would.",
        };
        writeln!(out, "{says}")?;
        Ok(())
    }

    fn stats(&self, out: &mut impl Write) -> Result<()> {
        let faq = self.bot.faq();
        let Counts { answered, asked_back, unanswered, small_talk, time } = &self.counts;
        let asked = answered + asked_back + unanswered;
        writeln!(
            out,
            "{}: {}, {}",
            plain(&faq_name(self.settings)),
            count(faq.entries.len(), "entry", "entries"),
            count(faq.phrasing_count(), "phrasing", "phrasings")
        )?;
        writeln!(
            out,
            "{asked} asked: {answered} answered, {asked_back} asked back, {unanswered} without an answer"
        )?;
        if *small_talk > 0 {
            writeln!(out, "{small_talk} of small talk besides")?;
        }
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

/// The word nearest to `word`, if one is near: at most two typos away (a letter more, less, other or
/// swapped), and alike for more than half of its length.
fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    known
        // Cheap first: what is typed may be a page.
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 8)
        .map(|candidate| (candidate, strsim::damerau_levenshtein(word, candidate)))
        .filter(|&(candidate, typos)| typos <= 2 && typos * 2 < candidate.chars().count())
        .min_by_key(|&(_, typos)| typos)
        .map(|(candidate, _)| candidate)
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
}
