//! Messages of a conversation: small talk, what was offered and is picked, and what leans on the message before.
//!
//! [`Bot::talk`] takes a message with the [`Conversation`] before it, and [`Conversation::note`] what became of it. The
//! FAQ is asked first: nothing here takes the place of a confident answer.

use std::collections::HashSet;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::choosing::{Picked, pick, pick_number, pick_other, says_yes};
use super::follow_up::{self, Features, Weights, asks_why, leaning, says_what_is_asked};
use super::language::foreign;
use super::small_talk::{self, Classifier, Found, Reading};
use super::{Among, Bot, Known, Query, Reply, Wanted};
use crate::embed::{Embedder, Progress, Role};
use crate::error::Result;
use crate::faq::{abridge, normalize_phrasing};
use crate::matching::alignment::align;
use crate::matching::crisis;
use crate::matching::decision::{Decision, Policy, Rule};
use crate::matching::questions::{Piece, is_story, pieces};
use crate::matching::ranking::Match;

/// Characters of a question that are kept to read the next message with.
const KEPT: usize = 300;

/// From this cosine on a question back stands, though the message may be small talk: FAQs have entries like it. With it,
/// none of the small talk that public sets have as intents loses the choice of its entry (November 2026).
const ASKED_BACK: f32 = 0.5;

/// Entries of each reading that may be meant.
const CANDIDATES: usize = 20;

/// What went before a message. It holds ids, and outlives a FAQ that is read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// The last question that was answered or asked back about, as it was understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The id of the entry that was answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The ids of the entries that the last reply asked back about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Those that were offered with the one chosen, and were not chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Those that follow up on the last answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub follow_ups: Vec<String>,
    /// The one that was named as the nearest where there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Which of an answer's variants are given; any number, the same for the whole conversation.
    #[serde(skip_serializing_if = "is_zero")]
    pub seed: u64,
}

fn is_zero(seed: &u64) -> bool {
    *seed == 0
}

/// A message and what went before it.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// What was written.
    pub text: &'m str,
    /// What went before.
    pub conversation: &'m Conversation,
}

/// What a message is to the conversation.
enum Heard {
    /// One of the entries that were offered.
    Chosen(usize),
    /// None of those.
    NoneOfThem,
    /// These are asked back about once more, since the message picks none of them clearly.
    Again(Vec<usize>, Rule),
    /// Something else.
    Question,
}

/// What may be meant by a message that leans on the question before it.
struct Readings {
    /// Positions of entries.
    entries: Vec<usize>,
    features: Vec<Features>,
    /// The entries as they match the message after the question of the entry that answered last.
    matches: Vec<Match>,
    /// The question that the message was read with.
    read_with: String,
}

impl Conversation {
    /// Notes what became of a message.
    pub fn note<E: Embedder>(&mut self, bot: &Bot<E>, reply: &Reply) {
        let id = |found: &Match| bot.entry(found).id.to_string();
        let before = std::mem::take(&mut self.choices);
        let others = std::mem::take(&mut self.others);
        self.suggestion = None;
        match reply.decision {
            Decision::Answer(_) => {
                let last = reply.parts.iter().rfind(|part| part.answer().is_some()).unwrap_or(reply);
                let Some(found) = last.answer() else { return };
                let entry = bot.entry(found);
                // What was picked, or leaned on something else, says little alone.
                let understood = match last.rule {
                    Rule::Chosen | Rule::FollowUp => entry.question(),
                    _ => last.read_as.as_deref().unwrap_or(&last.query),
                };
                self.question = Some(abridge(understood, KEPT));
                self.follow_ups = entry.follow_ups.iter().map(ToString::to_string).collect();
                let chosen = entry.id.to_string();
                if last.rule == Rule::Chosen {
                    let offered = if before.is_empty() { others } else { before };
                    self.others = offered.into_iter().filter(|id| *id != chosen).collect();
                }
                self.entry = Some(chosen);
            }
            Decision::Ambiguous(_) => {
                self.choices = reply.choices().into_iter().map(id).collect();
                self.follow_ups.clear();
                // What leans on the question before is nothing to read the next with.
                if !matches!(reply.rule, Rule::FollowUp | Rule::NoSuchChoice | Rule::TheOthers) {
                    self.question = Some(abridge(reply.read_as.as_deref().unwrap_or(&reply.query), KEPT));
                    self.entry = None;
                }
            }
            Decision::NoMatch => {
                self.suggestion = bot.suggestion(reply).filter(|_| reply.language.is_none()).map(id);
                // What is near to the FAQ may be gone on with, though it has no answer.
                if self.suggestion.is_some() {
                    self.question = Some(abridge(&reply.query, KEPT));
                    self.entry = None;
                }
            }
            Decision::SmallTalk => {}
        }
    }

    /// Forgets what was offered.
    pub fn withdraw(&mut self) {
        self.choices.clear();
        self.follow_ups.clear();
        self.suggestion = None;
    }
}

impl<E: Embedder> Bot<E> {
    /// Replies to messages, each with what went before it, with at least `count` matches: as [`Bot::ask_among`] does,
    /// and to what is picked of what was offered, to what leans on the question before, and to small talk.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn talk(
        &self,
        messages: &[Message],
        count: usize,
        among: Option<Among>,
        progress: Progress,
    ) -> Result<Vec<Reply>> {
        let wanted = Wanted { count, among, after: None };
        let heard: Vec<Heard> = messages.iter().map(|message| self.hear(message)).collect();
        let last = |message: &Message| self.position(message.conversation.entry.as_deref()?);
        let is_question = |at: &usize| matches!(heard[*at], Heard::Question);
        let asked: Vec<usize> = (0..messages.len()).filter(is_question).collect();
        let queries: Vec<Query> =
            asked.iter().map(|&at| Query { text: messages[at].text, after: last(&messages[at]) }).collect();
        let mut replies: Vec<Option<Reply>> = messages.iter().map(|_| None).collect();
        for (&at, reply) in asked.iter().zip(self.replies(&queries, wanted, progress)?) {
            replies[at] = Some(reply);
        }
        for (at, heard) in heard.iter().enumerate() {
            let text = messages[at].text;
            match heard {
                Heard::Chosen(entry) => replies[at] = Some(self.chosen(*entry, text)?),
                Heard::NoneOfThem => replies[at] = Some(Reply::refused(text, Rule::NoneOfThem)),
                Heard::Again(entries, rule) => replies[at] = Some(self.again(entries, *rule, text)?),
                Heard::Question => {}
            }
        }
        let mut replies: Vec<Reply> = replies.into_iter().flatten().collect();
        let rests = self.without_asides(&mut replies, &asked, messages, wanted, &last)?;
        let mut open: Vec<(usize, &str)> = Vec::new();
        for (&at, rest) in asked.iter().zip(&rests) {
            let is_open = is_open(&replies[at]);
            let confident = replies[at].rule == Rule::Confident;
            // Where small talk's very words are unlike a question, an entry is no answer to them: "bye" to a FAQ with one
            // on goodbyes.
            let far = confident && replies[at].matches[0].cosine < ASKED_BACK;
            // Before what leans: "thanks", "ok" and "no" are short. What is near to the FAQ is asked back about.
            let near = !replies[at].choices().is_empty() && replies[at].matches[0].cosine >= ASKED_BACK;
            if (far || is_open && !near)
                && let Some(found) = exact_small_talk(messages[at].text, rest)
                && let Some(said) = small_talk::reply(found, &self.faq)
            {
                replies[at] = replies[at].with_small_talk(said);
                continue;
            }
            if is_open || confident && leaning(rest).is_some() {
                open.push((at, rest));
            }
        }
        for &(at, rest) in &open {
            // A word or two of its own that is asked back about stands: "reset" is none that leans.
            let own = leaning(rest).is_some_and(|leaning| !leaning.by_words);
            if own && !replies[at].choices().is_empty() {
                continue;
            }
            let Message { conversation, .. } = messages[at];
            if let Some(reply) = self.follow_up(
                &replies[at],
                rest,
                conversation,
                Wanted { after: last(&messages[at]), ..wanted },
            )? {
                replies[at] = Reply { query: std::mem::take(&mut replies[at].query), ..reply };
            }
        }
        self.read_on(&mut replies, wanted)?;
        self.small_talk(&mut replies, &open)?;
        // Only where both FAQ and model are in English: what else it knows is not said.
        if self.language == "en" && self.embedder.languages() == Some("English") {
            for &(at, rest) in &open {
                if replies[at].decision == Decision::NoMatch {
                    replies[at].language = foreign(rest);
                }
            }
        }
        for (reply, message) in replies.iter_mut().zip(messages) {
            reply.seed = message.conversation.seed;
            reply.parts.iter_mut().for_each(|part| part.seed = message.conversation.seed);
        }
        Ok(replies)
    }

    /// The position of the entry with an id.
    fn position(&self, id: &str) -> Option<usize> {
        self.faq.position(id)
    }

    fn hear(&self, message: &Message) -> Heard {
        let Message { text, conversation } = message;
        let positions =
            |ids: &[String]| -> Vec<usize> { ids.iter().filter_map(|id| self.position(id)).collect() };
        let choices = positions(&conversation.choices);
        let questions: Vec<&str> = choices.iter().map(|&at| self.faq.entries[at].question()).collect();
        match pick(text, &questions) {
            Some(Picked::Choice(at)) => return Heard::Chosen(choices[at]),
            Some(Picked::None) => return Heard::NoneOfThem,
            Some(Picked::Beyond) => return Heard::Again(choices, Rule::NoSuchChoice),
            None => {}
        }
        let others = positions(&conversation.others);
        if !others.is_empty() && pick_other(text) {
            return match others[..] {
                [only] => Heard::Chosen(only),
                _ => Heard::Again(others, Rule::TheOthers),
            };
        }
        if let Some(near) = conversation.suggestion.as_deref().and_then(|id| self.position(id))
            && says_yes(text)
        {
            return Heard::Chosen(near);
        }
        let follow_ups = positions(&conversation.follow_ups);
        match pick_number(text, follow_ups.len()) {
            Some(Picked::Choice(at)) => Heard::Chosen(follow_ups[at]),
            _ => Heard::Question,
        }
    }

    /// The reply with an entry that was chosen.
    fn chosen(&self, entry: usize, message: &str) -> Result<Reply> {
        let found = self.found(&[entry], self.faq.entries[entry].question())?;
        let question = self.faq.entries[entry].question();
        let read_as =
            (normalize_phrasing(question) != normalize_phrasing(message)).then(|| question.to_owned());
        Ok(Reply {
            decision: Decision::Answer(0),
            matches: found,
            read_as,
            ..Reply::refused(message, Rule::Chosen)
        })
    }

    /// The reply that asks back about entries once more.
    fn again(&self, entries: &[usize], rule: Rule, message: &str) -> Result<Reply> {
        let matches = self.found(entries, message)?;
        let decision = Decision::Ambiguous((0..matches.len()).collect());
        Ok(Reply { decision, matches, ..Reply::refused(message, rule) })
    }

    /// Entries as matches of a text, in their order.
    fn found(&self, entries: &[usize], text: &str) -> Result<Vec<Match>> {
        let rows = self.embedder.embed(Role::Query, &[text], &mut |_| ())?;
        Ok(self.prepared.ranker.rank_entries(&self.prepared.index, text, rows.row(0), entries))
    }

    /// Asks once more what has a greeting before it or thanks after it and no answer, without these; keeps what is
    /// better. What is left of each question comes back.
    fn without_asides<'m>(
        &self,
        replies: &mut [Reply],
        asked: &[usize],
        messages: &[Message<'m>],
        wanted: Wanted,
        last: &dyn Fn(&Message) -> Option<usize>,
    ) -> Result<Vec<&'m str>> {
        // The rest of what is answered matters only where it may lean on a question before.
        let rest = |&at: &usize| {
            let Message { text, conversation } = messages[at];
            let wanted = is_open(&replies[at]) || conversation.question.is_some();
            if wanted { small_talk::aside(text).rest } else { text.trim() }
        };
        let rests: Vec<&str> = asked.iter().map(rest).collect();
        let again: Vec<(usize, &str)> = asked
            .iter()
            .zip(&rests)
            .filter(|(at, rest)| is_open(&replies[**at]) && **rest != messages[**at].text.trim())
            .map(|(at, rest)| (*at, *rest))
            .collect();
        if again.is_empty() {
            return Ok(rests);
        }
        let queries: Vec<Query> =
            again.iter().map(|&(at, text)| Query { text, after: last(&messages[at]) }).collect();
        for ((at, rest), reply) in again.into_iter().zip(self.replies(&queries, wanted, &mut |_| ())?) {
            let rank = |reply: &Reply| match reply.decision {
                Decision::Answer(_) => 2,
                Decision::Ambiguous(_) => 1,
                Decision::NoMatch | Decision::SmallTalk => 0,
            };
            let first = &mut replies[at];
            if rank(&reply) > rank(first) {
                let query = std::mem::take(&mut first.query);
                let read_as = reply.read_as.or(Some(rest.to_owned()));
                *first = Reply { query, read_as, ..reply };
            }
        }
        Ok(rests)
    }

    /// Reads a message together with the question before it.
    fn follow_up(
        &self,
        alone: &Reply,
        message: &str,
        conversation: &Conversation,
        wanted: Wanted,
    ) -> Result<Option<Reply>> {
        let Some(weights) = Weights::shipped(self.embedder.model()) else { return Ok(None) };
        let Some(readings) = self.readings(message, conversation, wanted)? else { return Ok(None) };
        let Readings { entries, features, matches, read_with } = readings;
        let shares = weights.probabilities(&features);
        let none = shares[entries.len()];
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        let best = order[0];
        let alone_answer = alone.answer().map(|found| found.entry);
        let of_alone = alone_answer.and_then(|entry| entries.iter().position(|own| *own == entry));
        let offered: f64 = order.iter().take(Policy::MAX_CHOICES).map(|&at| shares[at]).sum();
        let near = order.iter().filter(|&&at| shares[at] >= follow_up::ASK).count();
        // Positions in `order`.
        let decision = match of_alone {
            // It is the likelier one here too.
            Some(at) if at == best => return Ok(None),
            // The readings disagree.
            Some(at) => {
                order.retain(|other| *other != at);
                order.insert(1, at);
                Decision::Ambiguous(vec![0, 1])
            }
            None if shares[best] >= follow_up::ANSWER => Decision::Answer(0),
            None if order.len() > 1 && offered > none => {
                let choices = near.clamp(2, Policy::MAX_CHOICES).min(order.len());
                Decision::Ambiguous((0..choices).collect())
            }
            None => return Ok(None),
        };
        let shown = wanted.count.max(Policy::MAX_CHOICES);
        let matches: Vec<Match> = order.iter().take(shown).map(|&at| matches[at]).collect();
        let confidence = self.setup.calibration.is_some().then_some(shares[best] as f32);
        let read_with = Some(read_with);
        Ok(Some(Reply {
            decision,
            confidence,
            matches,
            read_with,
            ..Reply::refused(message, Rule::FollowUp)
        }))
    }

    /// Answers the questions of a message of which later ones lean on those before them: "do you deliver, and what does
    /// it cost?" Where one of them has no answer, the reply stays as it is.
    fn read_on(&self, replies: &mut [Reply], wanted: Wanted) -> Result<()> {
        let may_be = |reply: &&mut Reply| {
            let may_change = is_open(reply) || reply.rule.hangs_on_confidence();
            may_change && reply.parts.is_empty() && !is_story(&reply.query)
        };
        for reply in replies.iter_mut().filter(may_be) {
            let pieces = pieces(&reply.query);
            let [first, later @ ..] = &*pieces else { continue };
            let leans = |piece: &Piece| leaning(piece.text).is_some_and(|leaning| leaning.by_words);
            if !pieces.iter().all(|piece| piece.asks) || leans(first) || !later.iter().any(leans) {
                continue;
            }
            let of_whole = reply.answer().map(|found| found.entry);
            let Some(parts) = self.in_turn(&pieces, wanted)? else { continue };
            let entries: Vec<usize> = parts.iter().filter_map(|part| Some(part.answer()?.entry)).collect();
            if of_whole.is_some_and(|entry| !entries.contains(&entry)) {
                continue;
            }
            // Where one entry answers all of it, the whole is answered by it or is less sure.
            if parts.len() > 1
                && let Some(read) = Reply::of_parts(&reply.query, parts)
            {
                *reply = read;
            }
        }
        Ok(())
    }

    /// The answers to pieces, each read with the one before it where it leans on it; each entry once. `None` where a
    /// piece has none.
    fn in_turn(&self, pieces: &[Piece], wanted: Wanted) -> Result<Option<Vec<Reply>>> {
        let mut parts: Vec<Reply> = Vec::new();
        let mut before = Conversation::default();
        for piece in pieces {
            let after = before.entry.as_deref().and_then(|id| self.position(id));
            let wanted = Wanted { after, ..wanted };
            let alone = self.replies(&[Query { text: piece.text, after }], wanted, &mut |_| ())?.remove(0);
            let read = self.follow_up(&alone, piece.text, &before, wanted)?.unwrap_or(alone);
            // Whether someone is in danger is told by the whole.
            let Some(found) = read.answer().filter(|_| read.rule != Rule::Crisis) else { return Ok(None) };
            let entry = self.entry(found);
            before.question = Some(entry.question().to_owned());
            before.entry = Some(entry.id.to_string());
            if parts.iter().all(|part| part.answer().is_none_or(|own| own.entry != found.entry)) {
                parts.push(Reply { query: piece.text.to_owned(), ..read });
            }
        }
        Ok(Some(parts))
    }

    /// What may be meant by a message that leans on the question before it: positions of entries and what speaks for
    /// them; `None` where it does not lean, or nothing went before it.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn follow_up_features(
        &self,
        message: &str,
        conversation: &Conversation,
    ) -> Result<Option<(Vec<usize>, Vec<Features>)>> {
        let after = conversation.entry.as_deref().and_then(|id| self.position(id));
        let wanted = Wanted { count: Self::MATCHES, among: None, after };
        let readings = self.readings(message, conversation, wanted)?;
        Ok(readings.map(|readings| (readings.entries, readings.features)))
    }

    fn readings(
        &self,
        message: &str,
        conversation: &Conversation,
        wanted: Wanted,
    ) -> Result<Option<Readings>> {
        let Some(question) = &conversation.question else { return Ok(None) };
        let Some(leaning) = leaning(message) else { return Ok(None) };
        let last = wanted.after;
        let of_last = last.map(|at| self.faq.entries[at].question());
        let after = |question: &str| {
            let question = question.trim_end_matches(|c: char| !c.is_alphanumeric());
            format!("{question} {}", leaning.rest)
        };
        let texts = [message.to_owned(), after(question), after(of_last.unwrap_or(question))];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let rows = self.embedder.embed(Role::Query, &texts, &mut |_| ())?;
        let (index, ranker) = (&self.prepared.index, &self.prepared.ranker);
        let mut entries: Vec<usize> = last.into_iter().collect();
        if let Some(last) = last {
            let id = &self.faq.entries[last].id;
            let tied = |at: &usize| self.faq.entries[*at].only_after.contains(id);
            entries.extend(self.context_only.iter().copied().filter(tied));
            entries
                .extend(self.faq.entries[last].follow_ups.iter().filter_map(|id| self.position(id.as_str())));
        }
        for (text, row) in texts.iter().zip(rows.rows()) {
            let ranked = ranker.rank(index, text, row, CANDIDATES + self.context_only.len());
            entries.extend(ranked.matches.iter().map(|found| found.entry));
        }
        let mut seen = HashSet::new();
        entries.retain(|&at| {
            let entry = &self.faq.entries[at];
            let unwanted = entry.out_of_scope || self.crisis.contains(&at);
            let again = Some(at) == last && asks_why(message);
            seen.insert(at) && !again && !unwanted && self.passes(at, wanted)
        });
        if entries.is_empty() {
            return Ok(None);
        }
        let ranked = |at: usize| ranker.rank_entries(index, texts[at], rows.row(at), &entries);
        let readings = [ranked(0), ranked(1), ranked(2)];
        let features: Vec<Features> = (0..entries.len())
            .map(|at| self.features(message, last, [&readings[0][at], &readings[1][at], &readings[2][at]]))
            .collect();
        let matches = readings[2].clone();
        let read_with = of_last.unwrap_or(question).to_owned();
        Ok(Some(Readings { entries, features, matches, read_with }))
    }

    /// What speaks for an entry, from how it matches the message, and the message after either question.
    fn features(&self, message: &str, last: Option<usize>, found: [&Match; 3]) -> Features {
        let [alone, after_question, after_entry] = found;
        let entry = self.entry(alone);
        let alignment = align(message, entry, alone.phrasing, &Known { bot: self });
        let words = alignment.query.len() as f64;
        let covered = if words > 0.0 { 1.0 - alignment.not_in_answer.len() as f64 / words } else { 0.5 };
        let is_last = last == Some(alone.entry);
        let flag = |holds: bool| f64::from(u8::from(holds));
        let follows = last.is_some_and(|last| {
            let last = &self.faq.entries[last];
            last.follow_ups.contains(&entry.id) || entry.only_after.contains(&last.id)
        });
        let asked =
            says_what_is_asked(message, entry.phrasings.iter().map(String::as_str).chain(entry.answers()));
        let unless_last = |value: f32| if is_last { 0.0 } else { f64::from(value) };
        [
            f64::from(alone.cosine),
            f64::from(alone.signals.answer.unwrap_or(0.0)),
            unless_last(after_question.cosine),
            unless_last(after_entry.cosine),
            flag(is_last),
            flag(is_last && words == 0.0),
            flag(follows),
            covered,
            covered * flag(is_last),
            asked,
            asked * flag(is_last),
        ]
    }

    /// Makes small talk of what has no answer and is that, nearly or by what it means.
    fn small_talk(&self, replies: &mut [Reply], open: &[(usize, &str)]) -> Result<()> {
        /// What is asked back about with less confidence may be small talk too: it was not asked back about before it was
        /// read, and the classifier's threshold is fitted to that.
        const BY_CHANCE: f32 = 0.39;
        let by_chance = |reply: &Reply| {
            reply.rule == Rule::Unsure && reply.confidence.is_some_and(|confidence| confidence < BY_CHANCE)
        };
        let unanswered =
            |&&(at, _): &&(usize, &str)| replies[at].decision == Decision::NoMatch || by_chance(&replies[at]);
        let rest: Vec<(usize, &str)> =
            open.iter().filter(unanswered).filter(|(_, text)| small_talk::may_be(text)).copied().collect();
        if self.faq.small_talk.off || rest.is_empty() {
            return Ok(());
        }
        let model = self.embedder.model();
        let classifiers = Classifier::shipped(model).zip(crisis::Classifier::shipped(model));
        let known = |word: &str| self.embedder.is_in_vocabulary(word);
        let in_faq = |word: &str| known(word) || self.prepared.ranker.document_frequency(word) > 0;
        let read = |text: &str| classifiers.map(|_| Reading::of(text, &known));
        let readings: Vec<Option<Reading>> = rest.iter().map(|(_, text)| read(text)).collect();
        // Messages as they are typed, then those that are read with slips mended.
        let typed: Vec<&str> = rest.iter().map(|(_, text)| *text).collect();
        let mut texts = typed.clone();
        let rows_of: Vec<usize> = readings
            .iter()
            .enumerate()
            .map(|(nth, reading)| match reading {
                Some(reading) if reading.text != typed[nth] => {
                    texts.push(&reading.text);
                    texts.len() - 1
                }
                _ => nth,
            })
            .collect();
        let rows = match classifiers {
            Some(_) => self.embedder.embed(Role::Query, &texts, &mut |_| ())?,
            None => Array2::zeros((texts.len(), 0)),
        };
        for (nth, (at, text)) in rest.iter().copied().enumerate() {
            // Whoever may be in danger is not told goodbye, on no FAQ: by the message as it is typed and, since a slip
            // can look like anything, with slips mended.
            let in_danger = classifiers.is_some_and(|(_, crisis)| {
                let is_crisis = |text: &str, row: usize| crisis.is_crisis(text, &rows.row(row).to_vec(), 0.0);
                is_crisis(text, nth) && is_crisis(texts[rows_of[nth]], rows_of[nth])
            });
            if in_danger {
                continue;
            }
            let by_meaning = || {
                let ((kinds, _), reading) = classifiers.zip(readings[nth].as_ref())?;
                kinds.kind(reading, &rows.row(rows_of[nth]).to_vec())
            };
            let found = small_talk::by_words(text)
                .or_else(|| small_talk::is_mashed(text, in_faq).then(Found::nonsense))
                .or_else(by_meaning);
            if let Some(said) = found.and_then(|found| small_talk::reply(found, &self.faq)) {
                replies[at] = replies[at].with_small_talk(said);
            }
        }
        Ok(())
    }
}

/// Whether a reply is no answer, nor what stands in its place on purpose.
fn is_open(reply: &Reply) -> bool {
    let stands = matches!(reply.rule, Rule::OutOfScope | Rule::SharedPhrasing | Rule::Crisis);
    !stands && reply.answer().is_none()
}

/// The small talk whose very words a message has, or what is left of it.
fn exact_small_talk(message: &str, rest: &str) -> Option<Found> {
    small_talk::exactly(message).or_else(|| small_talk::exactly(rest))
}
