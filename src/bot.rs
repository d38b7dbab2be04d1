//! The bot: a FAQ, an embedder and what decides, joined; and questions answered.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1};
use rayon::prelude::*;

use crate::embed::{Embedder, ModelId, Progress, Role};
use crate::error::Result;
use crate::faq::{Entry, Faq, normalize_phrasing};
use crate::matching::alignment::{Alignment, Words, align};
use crate::matching::confidence::Calibration;
use crate::matching::crisis::Classifier;
use crate::matching::decision::{Case, Decision, Policy, Rule, decide, is_as_likely};
use crate::matching::features::features;
use crate::matching::guard::{Guard, is_generic, polarity_conflict};
use crate::matching::questions::{Piece, pieces};
use crate::matching::ranking::{CANDIDATES, Match, Ranker, Ranking};
use crate::matching::signals::is_real_answer;

mod choosing;
pub mod conversation;
pub mod follow_up;
mod hints;
pub mod language;
mod prepared;
mod reading;
mod reply;
pub mod small_talk;

pub use choosing::{Picked, pick};
pub use conversation::{Conversation, Message};
pub use hints::Exchanged;
use prepared::Prepared;
pub use reply::Reply;
pub use small_talk::SmallTalkReply;

/// What a bot decides by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// The thresholds.
    pub policy: Policy,
    /// How confidence is computed; `None` to decide by cosine.
    pub calibration: Option<Calibration>,
    /// Whether answers are a signal too. It costs one more vector an entry.
    pub answers: bool,
}

impl Setup {
    /// What ships for a model's vectors.
    pub fn for_model(model: &ModelId) -> Self {
        Setup { policy: Policy::for_model(model), calibration: Calibration::shipped(model), answers: true }
    }
}

/// The least confidence in an exact phrasing: 41 of the 45 queries of the six public sets that are a
/// phrasing of one entry belong to it (November 2026).
const EXACT_PHRASING: f32 = 0.9;

/// The least confidence where the query has the nearest phrasing's words and no others: of 307 such queries to the
/// public sets and minimal pairs, 96.7 % find their entry (`cargo run --release --example fit`, November 2026).
const SAME_WORDS: f32 = 0.95;

/// The cosine from which a message that is none of someone in danger may still be matched with the entry for them, such
/// as "crisis line phone numbers". Of the 534 other messages in `data/messages.jsonl` and `data/therapy.queries.jsonl`
/// none is as near to one.
const LIKE_CRISIS: f32 = 0.75;

/// By how much the log odds of a crisis must be greater in one of a message's questions: alone it lacks what the rest
/// says. The least in steps of a half with which no query of `data/therapy.queries.jsonl` is taken for one wrongly.
const SURER_OF_A_PART: f32 = 0.5;

/// Bytes of a query that are read: the bundled model reads some two thousand of them, and words are compared in the
/// rest; what is longer is a document.
const QUERY_BYTES: usize = 20_000;

/// Answers questions from a FAQ. Every front end asks here.
pub struct Bot<E> {
    faq: Faq,
    embedder: E,
    setup: Setup,
    prepared: Prepared,
    /// The entries for people in danger, where the model has a classifier for their messages.
    crisis: Vec<usize>,
    /// The entries that answer only after others.
    context_only: Vec<usize>,
    /// See [`Bot::language`].
    language: &'static str,
}

impl<E: Embedder> Bot<E> {
    /// How many matches a reply has where nothing else is asked for.
    pub const MATCHES: usize = 5;

    /// Embeds the phrasings of a FAQ, and its answers where the setup wants them. `progress` is told
    /// how many texts are done, of [`Bot::texts`].
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn new(faq: Faq, embedder: E, setup: Setup, progress: Progress) -> Result<Self> {
        let prepared = Prepared::new(&faq, &embedder, setup.answers, progress)?;
        let crisis = crisis_entries(&faq, &embedder);
        let context_only = context_only_entries(&faq);
        let language = language_of(&faq);
        Ok(Bot { faq, embedder, setup, prepared, crisis, context_only, language })
    }

    /// Takes another FAQ. If that fails, the bot keeps the one it has.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn set_faq(&mut self, faq: Faq, progress: Progress) -> Result<()> {
        self.prepared = Prepared::new(&faq, &self.embedder, self.setup.answers, progress)?;
        self.crisis = crisis_entries(&faq, &self.embedder);
        self.context_only = context_only_entries(&faq);
        self.language = language_of(&faq);
        self.faq = faq;
        Ok(())
    }

    /// How many texts are embedded for a FAQ.
    pub fn texts(faq: &Faq, setup: &Setup) -> usize {
        let answers =
            faq.entries.iter().filter(|entry| setup.answers && is_real_answer(&entry.answer)).count();
        faq.phrasing_count() + answers
    }

    /// The FAQ.
    pub fn faq(&self) -> &Faq {
        &self.faq
    }

    /// The entry of a match.
    pub fn entry(&self, found: &Match) -> &Entry {
        &self.faq.entries[found.entry]
    }

    /// The language that the bot's own texts are in: the FAQ's, if it is `de`, `fr` or `es`, else `en`.
    pub fn language(&self) -> &'static str {
        self.language
    }

    /// The answer of a match, in the words that the reply's conversation is given.
    pub fn answer<'b>(&'b self, reply: &Reply, found: &Match) -> &'b str {
        self.entry(found).answer_for(reply.seed)
    }

    /// The passage of a match's answer that the reader took for the answer to the query, as a range of bytes of
    /// [`Bot::answer`]; `None` where the answer is short, in other words, or was not read.
    pub fn span(&self, reply: &Reply, found: &Match) -> Option<Range<usize>> {
        let in_first_words = self.answer(reply, found) == self.entry(found).answer;
        found.span.filter(|_| in_first_words).map(|(from, to)| from..to)
    }

    /// [`Bot::answer`] with its [`Bot::span`] in bold type, where that has no Markdown of its own that would break.
    pub fn emphasised<'b>(&'b self, reply: &Reply, found: &Match) -> Cow<'b, str> {
        /// What is Markdown within a passage, and what begins a list or a quotation.
        const MARKS: [char; 12] = ['*', '_', '`', '[', ']', '<', '#', '|', '~', '\\', '\n', '>'];
        const BEGINS: [char; 2] = ['-', '+'];
        let answer = self.answer(reply, found);
        let is_plain = |span: &Range<usize>| {
            let (before, inner) = (&answer[..span.start], &answer[span.clone()]);
            let listed = inner.starts_with(BEGINS) || inner.starts_with(|c: char| c.is_ascii_digit());
            let open = ["**", "```", "~~~"].iter().any(|mark| before.matches(mark).count() % 2 == 1);
            !inner.contains(MARKS) && !listed && !open && !before.contains('<')
        };
        match self.span(reply, found).filter(is_plain) {
            Some(Range { start, end }) => {
                format!("{}**{}**{}", &answer[..start], &answer[start..end], &answer[end..]).into()
            }
            None => answer.into(),
        }
    }

    /// The entries that follow up on what a reply answers; of several answers, on the last.
    pub fn follow_ups(&self, reply: &Reply) -> Vec<&Entry> {
        reply.answers().last().map(|found| self.follow_ups_of(self.entry(found))).unwrap_or_default()
    }

    /// The entries that follow up on one.
    pub fn follow_ups_of(&self, entry: &Entry) -> Vec<&Entry> {
        let ids = entry.follow_ups.iter();
        ids.filter_map(|id| Some(&self.faq.entries[self.faq.position(id.as_str())?])).collect()
    }

    /// The embedder.
    pub fn embedder(&self) -> &E {
        &self.embedder
    }

    /// Gives the embedder back.
    pub fn into_embedder(self) -> E {
        self.embedder
    }

    /// What the bot decides by.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What ranks the entries of the FAQ.
    pub fn ranker(&self) -> &Ranker {
        &self.prepared.ranker
    }

    /// Takes another policy.
    pub fn set_policy(&mut self, policy: Policy) {
        self.setup.policy = policy;
    }

    /// Takes another calibration.
    pub fn set_calibration(&mut self, calibration: Option<Calibration>) {
        self.setup.calibration = calibration;
    }

    /// What went wrong with files while questions were answered, since this was asked last: for the user.
    pub fn take_warning(&self) -> Option<String> {
        self.prepared.damage()
    }

    /// Answers a query, with the [`Bot::MATCHES`] best entries.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn ask(&self, query: &str) -> Result<Reply> {
        self.ask_for(query, Self::MATCHES)
    }

    /// Answers a query, with at least the `count` best entries.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn ask_for(&self, query: &str, count: usize) -> Result<Reply> {
        let mut replies = self.ask_all(&[query], count, &mut |_| ())?;
        Ok(replies.remove(0))
    }

    /// Answers many queries at once, in their order, on all cores: faster than one by one. A query that
    /// is a phrasing (by [`normalize_phrasing`]) has that phrasing's vector, and needs no model.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn ask_all(&self, queries: &[&str], count: usize, progress: Progress) -> Result<Vec<Reply>> {
        self.ask_among(queries, count, None, progress)
    }

    /// As [`Bot::ask_all`], with only the entries for which `among` holds, and those for people in danger. What a query
    /// means is seen among all entries: that decides between its choices, and does not make an answer of what is
    /// meant for another entry.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn ask_among(
        &self,
        queries: &[&str],
        count: usize,
        among: Option<Among>,
        progress: Progress,
    ) -> Result<Vec<Reply>> {
        let queries: Vec<Query> = queries.iter().map(|text| Query { text, after: None }).collect();
        self.replies(&queries, Wanted { count, among, after: None }, progress)
    }

    /// Replies to queries, each by itself but for the entry that was answered before it.
    fn replies(&self, whole: &[Query], wanted: Wanted, progress: Progress) -> Result<Vec<Reply>> {
        let queries: Vec<&str> = whole.iter().map(|query| begin(query.text)).collect();
        let queries = &*queries;
        let mut texts: Vec<&str> = Vec::new();
        let mut places = Vec::with_capacity(queries.len());
        for query in queries {
            let query = query.trim();
            let normalized = normalize_phrasing(query);
            places.push(if normalized.is_empty() || self.prepared.index.is_empty() {
                Place::Nothing
            } else if let Some(vector) = self.vector_of(&normalized) {
                Place::Phrasing { vector, normalized }
            } else {
                let mut parts = pieces(query);
                // What is whole is asked whole.
                parts.retain(|part| part.text.len() < query.len());
                let at = texts.len();
                texts.push(query);
                texts.extend(parts.iter().map(|part| part.text));
                Place::Text { at, normalized, parts }
            });
        }
        let rows = if texts.is_empty() {
            Array2::zeros((0, self.embedder.dimension()))
        } else {
            self.embedder.embed(Role::Query, &texts, progress)?
        };
        let mut asked: Vec<Asked> = Vec::with_capacity(rows.nrows() + queries.len());
        for ((query, place), own) in queries.iter().zip(&places).zip(whole) {
            let wanted = Wanted { after: own.after, ..wanted };
            match place {
                Place::Nothing => {}
                Place::Phrasing { vector, normalized } => {
                    asked.push(Asked::new(query, normalized.clone(), vector.view(), wanted, Whole::Message));
                }
                Place::Text { at, normalized, parts } => {
                    asked.push(Asked::new(query, normalized.clone(), rows.row(*at), wanted, Whole::Message));
                    asked.extend(parts.iter().enumerate().map(|(number, part)| {
                        let row = rows.row(at + 1 + number);
                        Asked::new(part.text, normalize_phrasing(part.text), row, wanted, Whole::Part)
                    }));
                }
            }
        }
        let mut answered = self.replies_to(&asked)?.into_iter();
        let mut replies: Vec<Reply> = Vec::with_capacity(queries.len());
        for (query, place) in queries.iter().zip(&places) {
            let whole = match place {
                Place::Nothing => None,
                Place::Phrasing { .. } | Place::Text { .. } => answered.next(),
            };
            let whole = whole.unwrap_or_else(|| Reply::nothing_to_compare(query));
            replies.push(match place {
                Place::Text { parts, .. } if !parts.is_empty() => {
                    let asks = parts.iter().map(|part| part.asks);
                    let parts = answered.by_ref().zip(asks).take(parts.len()).collect();
                    Reply::joined(whole, parts, &self.crisis)
                }
                _ => whole,
            });
        }
        self.read_again(&mut replies, whole, wanted)?;
        for ((reply, query), whole) in replies.iter_mut().zip(queries).zip(whole) {
            reply.cut = query.len() < whole.text.len();
        }
        Ok(replies)
    }

    /// Reads queries with slips of the keyboard that are not answered with confidence a second time, mended, and keeps the
    /// reading that is surer.
    fn read_again(&self, replies: &mut [Reply], queries: &[Query], wanted: Wanted) -> Result<()> {
        let open = replies.iter().enumerate().filter(|(_, reply)| reply.rule != Rule::Confident);
        let mended: Vec<(usize, String)> =
            open.filter_map(|(at, reply)| Some((at, reply.mended()?))).collect();
        if mended.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = mended.iter().map(|(_, text)| text.as_str()).collect();
        let rows = self.embedder.embed(Role::Query, &texts, &mut |_| ())?;
        let asked: Vec<Asked> = mended
            .iter()
            .zip(rows.rows())
            .map(|((at, text), row)| {
                let wanted = Wanted { after: queries[*at].after, ..wanted };
                Asked::new(text, normalize_phrasing(text), row, wanted, Whole::Message)
            })
            .collect();
        // The score where there is no confidence in both.
        let best = |reply: &Reply| reply.matches.first().map_or(f32::NEG_INFINITY, |best| best.score);
        let is_better = |again: &Reply, first: &Reply| match (again.confidence, first.confidence) {
            (Some(again), Some(first)) => again > first,
            _ => best(again) > best(first),
        };
        for ((at, text), again) in mended.iter().zip(self.replies_to(&asked)?) {
            let first = &mut replies[*at];
            if first.rule != Rule::Crisis && is_better(&again, first) {
                let query = std::mem::take(&mut first.query);
                *first = Reply { query, read_as: Some(text.clone()), ..again };
            }
        }
        Ok(())
    }

    /// The entries and rows of a phrasing, as [`normalize_phrasing`] makes it; in the order of the FAQ.
    fn like(&self, normalized: &str) -> impl Iterator<Item = (usize, usize)> {
        let Prepared { index, ranker, .. } = &self.prepared;
        let with_entry =
            ranker.exact_rows(normalized).iter().map(|&row| (index.entry_of(row as usize), row as usize));
        with_entry.filter(move |&(entry, row)| {
            let phrasing = &self.faq.entries[entry].phrasings[row - index.bounds(entry).start];
            normalize_phrasing(phrasing) == normalized
        })
    }

    /// The vector of a phrasing, as [`normalize_phrasing`] makes it, unless it cannot be read any more.
    fn vector_of(&self, normalized: &str) -> Option<Array1<f32>> {
        let (_, row) = self.like(normalized).next()?;
        let block = self.prepared.index.rows().block(row..row + 1).ok()?;
        Some(block.row(0).to_owned())
    }

    /// The replies to what is asked, each by itself.
    fn replies_to(&self, asked: &[Asked]) -> Result<Vec<Reply>> {
        let own = self.replies_among(asked)?;
        if asked.iter().all(|one| one.wanted.among.is_none()) {
            return Ok(own);
        }
        // What a question means is seen among all entries.
        let of_all: Vec<Asked> = asked
            .iter()
            .map(|one| Asked { wanted: Wanted { among: None, ..one.wanted }, ..one.clone() })
            .collect();
        let all = self.replies_among(&of_all)?;
        let restricted = asked.iter().zip(all).zip(own).map(|((one, all), own)| match one.wanted.among {
            None => own,
            Some(among) => {
                Reply::restricted(all, own, |at| among(&self.faq.entries[at]) || self.crisis.contains(&at))
            }
        });
        Ok(restricted.collect())
    }

    /// The same, with only the entries that may answer: all are ranked, then read together, then judged.
    fn replies_among(&self, asked: &[Asked]) -> Result<Vec<Reply>> {
        /// Fewer replies take less time than starting a thread for them.
        const REPLIES_A_THREAD: usize = 8;
        /// More share no more runs of the reader, and take memory.
        const READ_AT_ONCE: usize = 64;

        let mut ranked: Vec<Ranked> =
            asked.par_iter().with_min_len(REPLIES_A_THREAD).map(|one| self.rank(one)).collect();
        for (asked, ranked) in asked.chunks(READ_AT_ONCE).zip(ranked.chunks_mut(READ_AT_ONCE)) {
            self.read(asked, ranked)?;
        }
        let both = asked.par_iter().zip(ranked).with_min_len(REPLIES_A_THREAD);
        Ok(both.map(|(one, ranked)| self.judge(one, ranked)).collect())
    }

    /// The entries that may answer, best first by score.
    fn rank(&self, asked: &Asked) -> Ranked {
        let Asked { query, ref normalized, row, wanted: wanted_of, whole } = *asked;
        let Wanted { count, among, .. } = wanted_of;
        let Prepared { index, ranker, .. } = &self.prepared;
        let passes = |entry: usize| self.passes(entry, wanted_of);
        let mut exact: Vec<usize> =
            self.like(normalized).map(|(entry, _)| entry).filter(|&entry| passes(entry)).collect();
        exact.dedup();
        let classifier =
            if self.crisis.is_empty() { None } else { Classifier::shipped(self.embedder.model()) };
        let surer = match whole {
            Whole::Message => 0.0,
            Whole::Part => SURER_OF_A_PART,
        };
        let crisis = classifier
            .is_some_and(|classifier| exact.is_empty() && classifier.is_crisis(query, &row.to_vec(), surer));
        let needed = if crisis { &self.crisis } else { &exact };
        // Entries for people in danger stand out for whatever is unlike the FAQ: they are no match for other messages,
        // unless these are nearly one of their phrasings.
        let unwanted: &[usize] = if crisis { &[] } else { &self.crisis };
        let mut wanted = match among {
            // Those that pass may be anywhere.
            Some(_) => index.len(),
            None => count.max(CANDIDATES).max(exact.len()) + unwanted.len() + self.context_only.len(),
        };
        let mut ranking = ranker.rank(index, query, row, wanted);
        // An exact phrasing may rank low (shared words elsewhere): then more are ranked.
        let ranked =
            |ranking: &Ranking, entry: usize| ranking.matches.iter().any(|found| found.entry == entry);
        while wanted < index.len() && !needed.iter().all(|&entry| ranked(&ranking, entry)) {
            wanted *= 16;
            ranking = ranker.rank(index, query, row, wanted);
        }
        ranking.matches.retain(|found| {
            let wanted = !unwanted.contains(&found.entry)
                || exact.contains(&found.entry)
                || found.cosine >= LIKE_CRISIS;
            wanted && passes(found.entry)
        });
        if crisis
            && let Some(at) = ranking.matches.iter().position(|found| self.crisis.contains(&found.entry))
        {
            ranking.matches[..=at].rotate_right(1);
        }
        // How sure the classifier is says nothing of the match's words.
        let compared = ranking.matches.first().filter(|_| !crisis);
        let alignment = compared.map(|best| (best.entry, self.align(query, best)));
        Ranked { exact, crisis, ranking, alignment }
    }

    /// How a query's words and those of a match's phrasing stand to each other.
    fn align(&self, query: &str, found: &Match) -> Alignment {
        align(query, self.entry(found), found.phrasing, &Known { bot: self })
    }

    /// What is replied to a query whose entries are ranked and read.
    fn judge(&self, asked: &Asked, ranked: Ranked) -> Reply {
        let Asked { query, wanted: Wanted { count, .. }, .. } = *asked;
        let Ranked { exact, crisis, ranking, alignment } = ranked;
        let Prepared { index, ranker, .. } = &self.prepared;
        let alignment = alignment.zip(ranking.matches.first()).map(|((entry, alignment), best)| {
            // The reader may have put another first.
            if entry == best.entry { alignment } else { self.align(query, best) }
        });
        let features = alignment.as_ref().and_then(|alignment| {
            let phrasings = self.entry(ranking.matches.first()?).phrasings.len();
            features(&ranking, index.len(), phrasings, alignment)
        });
        let confidence = match (&self.setup.calibration, &features) {
            (Some(calibration), Some(features)) => Some(calibration.confidence(features) as f32),
            _ => None,
        };
        let same_words = alignment.as_ref().is_some_and(Alignment::has_the_same_words);
        let confidence =
            confidence.map(|confidence| if same_words { confidence.max(SAME_WORDS) } else { confidence });
        let best = ranking.matches.first();
        let entry = best.map(|best| self.entry(best));
        let guard = best.zip(entry).and_then(|(best, entry)| {
            if polarity_conflict(query, &entry.phrasings[best.phrasing], entry) {
                Some(Guard::Polarity)
            } else {
                let entries_with = |word: &str| ranker.document_frequency(word);
                let mut others = ranking.matches[1..].iter();
                let alone = best.reader.is_some_and(|logit| others.all(|other| !is_as_likely(other, logit)));
                let generic = is_generic(query, alone, entries_with).then_some(Guard::Generic);
                // Where nothing was read, the confidence was fitted with these words in view.
                let read = alignment.as_ref().filter(|_| best.reader.is_some());
                let phrasing = &entry.phrasings[best.phrasing];
                let exchanged = read.is_some_and(|alignment| alignment.has_a_word_exchanged(phrasing));
                generic.or(exchanged.then_some(Guard::Exchanged))
            }
        });
        let case = Case {
            matches: &ranking.matches,
            exact: &exact,
            confidence,
            own_min_confidence: entry.and_then(|entry| entry.min_confidence),
            urgent: entry.is_some_and(|entry| entry.urgent),
            guard,
            crisis,
            out_of_scope: &|entry| self.faq.entries[entry].out_of_scope,
        };
        let (decision, rule) = decide(&case, &self.setup.policy);
        let confidence = match rule {
            Rule::ExactPhrasing => confidence.map(|confidence| confidence.max(EXACT_PHRASING)),
            _ => confidence,
        };
        // What is said of the best match's words is nothing of another entry's that is answered.
        let alignment = alignment.filter(|_| rule != Rule::ExactPhrasing);
        let used = match &decision {
            Decision::Answer(at) => at + 1,
            Decision::Ambiguous(choices) => choices.iter().max().map_or(0, |at| at + 1),
            Decision::NoMatch | Decision::SmallTalk => 0,
        };
        let mut matches = ranking.matches;
        matches.truncate(used.max(count).max(1));
        Reply {
            query: query.to_owned(),
            decision,
            rule,
            confidence,
            guard,
            features,
            alignment,
            read_as: None,
            read_with: None,
            small_talk: None,
            language: None,
            seed: 0,
            cut: false,
            matches,
            parts: Vec::new(),
        }
    }

    /// Whether an entry may answer: it is asked, or for people in danger; and it is its turn.
    fn passes(&self, entry: usize, wanted: Wanted) -> bool {
        let own = &self.faq.entries[entry];
        let asked = wanted.among.is_none_or(|among| among(own) || self.crisis.contains(&entry));
        let after = wanted.after.map(|last| &self.faq.entries[last].id);
        asked && (own.only_after.is_empty() || after.is_some_and(|last| own.only_after.contains(last)))
    }
}

/// The language that a FAQ says it is in, or is found to be.
fn language_of(faq: &Faq) -> &'static str {
    /// More say nothing more.
    const QUESTIONS: usize = 100;
    match &faq.language {
        Some(own) => {
            let own = own.split(['-', '_']).next().unwrap_or_default().to_lowercase();
            ["de", "fr", "es"].into_iter().find(|code| *code == own).unwrap_or("en")
        }
        None => {
            let questions: Vec<&str> = faq.entries.iter().take(QUESTIONS).map(Entry::question).collect();
            language::most(&questions)
        }
    }
}

/// The entries that answer only after others.
fn context_only_entries(faq: &Faq) -> Vec<usize> {
    (0..faq.entries.len()).filter(|&at| !faq.entries[at].only_after.is_empty()).collect()
}

/// The entries for people in danger, if the model has a classifier for their messages.
fn crisis_entries(faq: &Faq, embedder: &impl Embedder) -> Vec<usize> {
    let answers = |entry: &Entry| entry.crisis && !entry.out_of_scope && !entry.answer.is_empty();
    let mut found: Vec<usize> = (0..faq.entries.len()).filter(|&at| answers(&faq.entries[at])).collect();
    // In this order: most FAQs have none, and are not to wait for the classifier to be read.
    if !found.is_empty() && Classifier::shipped(embedder.model()).is_none() {
        found.clear();
    }
    found
}

/// The words that a bot's FAQ and model know.
struct Known<'b, E> {
    bot: &'b Bot<E>,
}

impl<E: Embedder> Words for Known<'_, E> {
    fn document_frequency(&self, word: &str) -> usize {
        self.bot.prepared.ranker.document_frequency(word)
    }

    fn entries(&self) -> usize {
        self.bot.prepared.index.len()
    }

    fn is_in_vocabulary(&self, word: &str) -> bool {
        self.bot.embedder.is_in_vocabulary(word)
    }
}

/// Which entries are asked.
pub type Among<'a> = &'a (dyn Fn(&Entry) -> bool + Sync);

/// What is wanted of a reply.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// Matches, at least.
    count: usize,
    among: Option<Among<'a>>,
    /// The entry that was answered before.
    after: Option<usize>,
}

/// A text that is asked.
#[derive(Clone, Copy)]
struct Query<'q> {
    text: &'q str,
    /// The entry that was answered before.
    after: Option<usize>,
}

/// The part of a query that is read.
fn begin(query: &str) -> &str {
    let query = query.trim();
    &query[..query.floor_char_boundary(QUERY_BYTES)]
}

/// Whether a text is all that was written.
#[derive(Clone, Copy)]
enum Whole {
    Message,
    Part,
}

/// A text that is asked, with its vector.
#[derive(Clone)]
struct Asked<'a> {
    query: &'a str,
    /// As [`normalize_phrasing`] makes it.
    normalized: String,
    row: ArrayView1<'a, f32>,
    wanted: Wanted<'a>,
    whole: Whole,
}

impl<'a> Asked<'a> {
    fn new(
        query: &'a str,
        normalized: String,
        row: ArrayView1<'a, f32>,
        wanted: Wanted<'a>,
        whole: Whole,
    ) -> Self {
        Asked { query, normalized, row, wanted, whole }
    }
}

/// What may answer a text that is asked.
struct Ranked {
    /// The entries that have it as a phrasing.
    exact: Vec<usize>,
    /// Whether it is like what people in danger write.
    crisis: bool,
    ranking: Ranking,
    /// The entry that is best by score, and how its words are aligned; `None` for a crisis.
    alignment: Option<(usize, Alignment)>,
}

/// Where a query's vector is.
enum Place<'q> {
    /// It needs none.
    Nothing,
    /// It is that of a phrasing.
    Phrasing { vector: Array1<f32>, normalized: String },
    /// It is embedded at `at`, and those of its parts after it.
    Text { at: usize, normalized: String, parts: Vec<Piece<'q>> },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::HashEmbedder;
    use crate::embed::cached::CachedEmbedder;
    use std::path::Path;

    fn bot() -> Bot<HashEmbedder> {
        let yaml = "
- question: How do I reset my password?
  also: [forgot my password]
  answer: Use the link.
- question: How do I reset the device?
  answer: Hold the button.
- question: Where is my order?
  also: [forgot my password!!]
  answer: On its way.
";
        let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let policy = Policy { min_cosine: 0.5, margin: 0.05, ..Policy::UNCALIBRATED };
        let setup = Setup { policy, calibration: None, answers: true };
        Bot::new(faq, HashEmbedder::new(), setup, &mut |_| ()).unwrap()
    }

    #[test]
    fn a_query_is_answered_by_its_nearest_entry() {
        let bot = bot();
        let reply = bot.ask("where is my order now").unwrap();
        assert_eq!(bot.entry(reply.answer().unwrap()).answer, "On its way.");
        assert_eq!(reply.rule, Rule::ClearBest);
        assert!(reply.margin().unwrap() > 0.05);
        assert_eq!(reply.confidence, None);
    }

    #[test]
    fn exact_phrasings_go_first() {
        let bot = bot();
        let reply = bot.ask(" how do I reset, my PASSWORD ").unwrap();
        assert_eq!((reply.rule, reply.answer().unwrap().entry), (Rule::ExactPhrasing, 0));
        let reply = bot.ask("Forgot my password").unwrap();
        assert_eq!(reply.rule, Rule::SharedPhrasing);
        assert_eq!(reply.choices().len(), 2);
    }

    #[test]
    fn what_has_no_words_has_no_match() {
        let bot = bot();
        for query in ["", "  ", "?!", "😀"] {
            let reply = bot.ask(query).unwrap();
            assert_eq!((reply.decision, reply.rule), (Decision::NoMatch, Rule::NothingToCompare));
        }
        let reply = bot.ask("weather tomorrow").unwrap();
        assert_eq!((reply.decision, reply.rule), (Decision::NoMatch, Rule::BelowThreshold));
        assert_eq!(reply.matches.len(), 3);
    }

    #[test]
    fn two_questions_are_answered_both_or_as_one() {
        let bot = bot();
        let reply = bot.ask("Where is my order? And how do I reset the device?").unwrap();
        let answers: Vec<&str> = reply.answers().into_iter().map(|found| &*bot.entry(found).answer).collect();
        assert_eq!(answers, ["On its way.", "Hold the button."]);
        let reply = bot.ask("Where is my order? What about the weather today?").unwrap();
        assert_eq!(reply.answers().len(), 1);
        assert_eq!(reply.unanswered(), ["What about the weather today?"]);
        let reply = bot.ask("Where is my order? Where is my order now?").unwrap();
        assert!(reply.parts.is_empty() && reply.answers().len() == 1);
    }

    #[test]
    fn many_at_once_are_the_same_as_one_by_one() {
        let bot = bot();
        let queries = ["where is my order now", "", "reset", "how do i reset the device"];
        let all = bot.ask_all(&queries, 5, &mut |_| ()).unwrap();
        let each: Vec<Reply> = queries.iter().map(|query| bot.ask(query).unwrap()).collect();
        assert_eq!(all, each);
    }

    #[test]
    fn some_entries_only() {
        let bot = bot();
        let among = |word: &'static str| move |entry: &Entry| entry.question().contains(word);
        let ask = |query: &str, word: &'static str| {
            let mut replies = bot.ask_among(&[query], 5, Some(&among(word)), &mut |_| ()).unwrap();
            replies.remove(0)
        };
        // It decides between choices.
        assert_eq!(bot.ask("how do I reset").unwrap().choices().len(), 2);
        let reply = ask("how do I reset", "device");
        assert_eq!((reply.rule, reply.answer().unwrap().entry), (Rule::OnlyChoice, 1));
        let reply = ask("forgot my password", "order");
        assert_eq!((reply.rule, reply.answer().unwrap().entry), (Rule::ExactPhrasing, 2));
        // What is meant for another entry gets no answer.
        assert_eq!(ask("how do I reset my password", "device").decision, Decision::NoMatch);
        assert_eq!(ask("where is my order now", "order").answer().unwrap().entry, 2);
        assert_eq!(ask("where is my order now", "nothing").rule, Rule::NotConfident);
    }

    #[test]
    fn a_large_faq_is_the_same_from_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<String> = (0..2200)
            .map(|at| {
                format!(
                    "- {{question: w{at} v{} u{}, also: [u{at} x{}, s{}], answer: a}}",
                    at % 7,
                    at % 11,
                    at % 5,
                    at % 100
                )
            })
            .collect();
        let faq = Faq::read(entries.join("\n").as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let start = || {
            let embedder = CachedEmbedder::new(HashEmbedder::new(), folder.path());
            let setup = Setup { policy: Policy::UNCALIBRATED, calibration: None, answers: true };
            Bot::new(faq.clone(), embedder, setup, &mut |_| ()).unwrap()
        };
        let in_file = |bot: &Bot<_>| bot.prepared.index.rows().in_memory().is_none();
        let queries = ["w7 v0 u8", "u70 x1 and more", "v3", "nothing known", "W9: v2, u9"];
        let (first, second) = (start(), start());
        assert!(!in_file(&first) && in_file(&second));
        // Also where all entries are ranked.
        for count in [5, 2200] {
            for query in queries {
                assert_eq!(first.ask_for(query, count).unwrap(), second.ask_for(query, count).unwrap());
            }
        }
        // A phrasing of 22 entries: the choices are among them.
        let reply = second.ask("S17!").unwrap();
        assert_eq!(reply, first.ask("S17!").unwrap());
        assert_eq!(reply.rule, Rule::SharedPhrasing);
        assert!(reply.choices().iter().all(|found| found.entry % 100 == 17));
        for path in std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()) {
            // In the middle of the vectors or the signals, in the file that is open.
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..].fill(7);
            std::fs::write(&path, bytes).unwrap();
        }
        for query in queries {
            let (whole, broken) = (first.ask(query).unwrap(), second.ask(query).unwrap());
            for (a, b) in whole.matches.iter().zip(&broken.matches) {
                assert!((a.score - b.score).abs() < 0.01, "{query} {a:?} {b:?}");
            }
        }
        // The next start mends both, and the one after it reads them.
        for mended in [start(), start()] {
            for query in queries {
                assert_eq!(first.ask(query).unwrap(), mended.ask(query).unwrap());
            }
        }
        assert!(in_file(&start()));
    }
}
