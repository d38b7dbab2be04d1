//! The bot: a FAQ, an embedder and what decides, joined; and questions answered.

use std::io;
use std::path::Path;

use ndarray::{Array1, Array2, ArrayView1};
use rayon::prelude::*;

use crate::embed::{Embedder, ModelId, Passages, Progress, Role};
use crate::error::Result;
use crate::faq::{Entry, Faq, normalize_phrasing};
use crate::matching::confidence::Calibration;
use crate::matching::decision::{Case, Decision, Policy, Rule, decide};
use crate::matching::features::{Features, features};
use crate::matching::guard::{Guard, is_generic, polarity_conflict};
use crate::matching::index::Index;
use crate::matching::questions::questions;
use crate::matching::ranking::{Match, Ranker, Ranking};
use crate::matching::signals::{answer_text, is_real_answer};
use crate::storage::arrays::{ArrayReader, ArrayWriter, Magic};
use crate::storage::files::{self, Readers};

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

/// Answers questions from a FAQ. Every front end asks here.
pub struct Bot<E> {
    faq: Faq,
    embedder: E,
    setup: Setup,
    prepared: Prepared,
}

/// All that is made from a FAQ before the first question.
struct Prepared {
    index: Index,
    ranker: Ranker,
}

/// What the bot makes of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The query as it was asked.
    pub query: String,
    /// What to do; its numbers are positions in `matches`.
    pub decision: Decision,
    /// Why.
    pub rule: Rule,
    /// The probability that the match answered, else the best one, is right, where it is calibrated.
    pub confidence: Option<f32>,
    /// Why the best match was not to be answered at once.
    pub guard: Option<Guard>,
    /// What the confidence was computed from; `None` where nothing was ranked.
    pub features: Option<Features>,
    /// The best entries, best first. Empty where there was nothing to compare.
    pub matches: Vec<Match>,
    /// Where the query asks several questions and each is answered: their replies. The reply itself
    /// is then that to the first, under the whole query.
    pub parts: Vec<Reply>,
}

impl Reply {
    /// The match that is answered.
    pub fn answer(&self) -> Option<&Match> {
        match self.decision {
            Decision::Answer(at) => self.matches.get(at),
            Decision::Ambiguous(_) | Decision::NoMatch => None,
        }
    }

    /// The matches that are answered: several where the query asks several questions.
    pub fn answers(&self) -> Vec<&Match> {
        if self.parts.is_empty() {
            self.answer().into_iter().collect()
        } else {
            self.parts.iter().filter_map(Reply::answer).collect()
        }
    }

    /// The matches that are offered as choices.
    pub fn choices(&self) -> Vec<&Match> {
        match &self.decision {
            Decision::Ambiguous(choices) => choices.iter().map(|&at| &self.matches[at]).collect(),
            Decision::Answer(_) | Decision::NoMatch => Vec::new(),
        }
    }

    /// How far the next entry's score is below the best; `None` without a next.
    pub fn margin(&self) -> Option<f32> {
        match self.matches[..] {
            [best, next, ..] => Some(best.score - next.score),
            _ => None,
        }
    }
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
        Ok(Bot { faq, embedder, setup, prepared })
    }

    /// Takes another FAQ. If that fails, the bot keeps the one it has.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn set_faq(&mut self, faq: Faq, progress: Progress) -> Result<()> {
        self.prepared = Prepared::new(&faq, &self.embedder, self.setup.answers, progress)?;
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

    /// The embedder.
    pub fn embedder(&self) -> &E {
        &self.embedder
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
        /// Fewer replies take less time than starting a thread for them.
        const REPLIES_A_THREAD: usize = 8;

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
                let parts = match questions(query) {
                    parts if parts.len() > 1 => parts,
                    _ => Vec::new(),
                };
                let at = texts.len();
                texts.push(query);
                texts.extend(&parts);
                Place::Text { at, normalized, parts: parts.len() }
            });
        }
        let rows = if texts.is_empty() {
            Array2::zeros((0, self.embedder.dimension()))
        } else {
            self.embedder.embed(Role::Query, &texts, progress)?
        };
        let reply = |number: usize| {
            let query = queries[number];
            match &places[number] {
                Place::Nothing => nothing_to_compare(query),
                Place::Phrasing { vector, normalized } => self.reply(query, normalized, vector.view(), count),
                Place::Text { at, normalized, parts } => {
                    let whole = self.reply(query, normalized, rows.row(*at), count);
                    if *parts == 0 {
                        return whole;
                    }
                    let parts = (at + 1..=at + parts)
                        .map(|at| self.reply(texts[at], &normalize_phrasing(texts[at]), rows.row(at), count))
                        .collect();
                    joined(whole, parts)
                }
            }
        };
        Ok((0..queries.len()).into_par_iter().with_min_len(REPLIES_A_THREAD).map(reply).collect())
    }

    /// The entries and rows of a phrasing, as [`normalize_phrasing`] makes it; in the order of the FAQ.
    fn like(&self, normalized: &str) -> impl Iterator<Item = (usize, usize)> {
        let Prepared { index, ranker } = &self.prepared;
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

    fn reply(&self, query: &str, normalized: &str, row: ArrayView1<f32>, count: usize) -> Reply {
        let Prepared { index, ranker } = &self.prepared;
        let mut exact: Vec<usize> = self.like(normalized).map(|(entry, _)| entry).collect();
        exact.dedup();
        let mut wanted = count.max(Policy::MAX_CHOICES).max(exact.len());
        let mut ranking = ranker.rank(index, query, row, wanted);
        // An exact phrasing may rank low (shared words elsewhere): then more are ranked.
        let ranked =
            |ranking: &Ranking, entry: usize| ranking.matches.iter().any(|found| found.entry == entry);
        while wanted < index.len() && !exact.iter().all(|&entry| ranked(&ranking, entry)) {
            wanted *= 16;
            ranking = ranker.rank(index, query, row, wanted);
        }
        let features = features(&ranking);
        let confidence = match (&self.setup.calibration, &features) {
            (Some(calibration), Some(features)) => Some(calibration.confidence(features) as f32),
            _ => None,
        };
        let best = ranking.matches.first();
        let entry = best.map(|best| self.entry(best));
        let guard = best.zip(entry).and_then(|(best, entry)| {
            if polarity_conflict(query, &entry.phrasings[best.phrasing], entry) {
                Some(Guard::Polarity)
            } else {
                is_generic(query, |word| ranker.document_frequency(word)).then_some(Guard::Generic)
            }
        });
        let case = Case {
            matches: &ranking.matches,
            exact: &exact,
            confidence,
            own_min_confidence: entry.and_then(|entry| entry.min_confidence),
            guard,
        };
        let (decision, rule) = decide(&case, &self.setup.policy);
        let confidence = match rule {
            Rule::ExactPhrasing => confidence.map(|confidence| confidence.max(EXACT_PHRASING)),
            _ => confidence,
        };
        let used = match &decision {
            Decision::Answer(at) => at + 1,
            Decision::Ambiguous(choices) => choices.iter().max().map_or(0, |at| at + 1),
            Decision::NoMatch => 0,
        };
        let mut matches = ranking.matches;
        matches.truncate(used.max(count));
        Reply {
            query: query.to_owned(),
            decision,
            rule,
            confidence,
            guard,
            features,
            matches,
            parts: Vec::new(),
        }
    }
}

/// Where a query's vector is.
enum Place {
    /// It needs none.
    Nothing,
    /// It is that of a phrasing.
    Phrasing { vector: Array1<f32>, normalized: String },
    /// It is embedded at `at`, and those of its parts after it.
    Text { at: usize, normalized: String, parts: usize },
}

fn nothing_to_compare(query: &str) -> Reply {
    Reply {
        query: query.to_owned(),
        decision: Decision::NoMatch,
        rule: Rule::NothingToCompare,
        confidence: None,
        guard: None,
        features: None,
        matches: Vec::new(),
        parts: Vec::new(),
    }
}

/// The replies to a message's parts, if each is answered, and not all by the same entry; else the
/// reply to the whole.
fn joined(whole: Reply, parts: Vec<Reply>) -> Reply {
    let entries: Option<Vec<usize>> = parts.iter().map(|part| Some(part.answer()?.entry)).collect();
    match entries {
        Some(mut entries) => {
            entries.sort_unstable();
            entries.dedup();
            if entries.len() < parts.len() {
                return whole;
            }
            // Together they are as sure as the least sure of them.
            let confidence = parts
                .iter()
                .map(|part| part.confidence)
                .reduce(|least, next| Some(least?.min(next?)))
                .flatten();
            Reply { query: whole.query, confidence, parts: parts.clone(), ..parts[0].clone() }
        }
        None => whole,
    }
}

impl Prepared {
    fn new<E: Embedder>(faq: &Faq, embedder: &E, answers: bool, progress: Progress) -> Result<Self> {
        let entries = &faq.entries;
        let phrasings = entries.iter().flat_map(|entry| &entry.phrasings).map(String::as_str);
        let (answered, answer_texts): (Vec<usize>, Vec<String>) = if answers {
            entries.iter().enumerate().filter_map(|(at, entry)| Some((at, answer_text(entry)?))).unzip()
        } else {
            (Vec::new(), Vec::new())
        };
        let texts: Vec<&str> = phrasings.chain(answer_texts.iter().map(String::as_str)).collect();
        let Passages { rows, beside } = embedder.passages(&texts, progress)?;
        let counts = entries.iter().map(|entry| entry.phrasings.len());
        let mut index = Index::new(rows, counts, answered);

        let large = Ranker::is_large(&index);
        let kept = beside.filter(|_| large);
        if let Some(ranker) = kept.as_ref().and_then(|path| read(path, &index).ok()?) {
            return Ok(Prepared { index, ranker });
        }
        let rows = match index.rows().read() {
            Ok(rows) if large => rows,
            read => {
                // What cannot be read is embedded again.
                let rows = match read {
                    Ok(rows) => rows,
                    Err(_) => embedder.embed(Role::Passage, &texts, progress)?.into(),
                };
                index = index.with_rows(rows.clone());
                rows
            }
        };
        let ranker = Ranker::new(entries, &index, rows.view());
        if let Some(path) = kept {
            // If it cannot be written, the next start takes longer: the embedder has warned, who writes to
            // the same folder.
            let _ = write(&path, &index, &ranker);
        }
        Ok(Prepared { index, ranker })
    }
}

/// What a file of signals begins with.
const MAGIC: &Magic = b"FAQBOTEV";

/// Reads the signals of a large FAQ; `None` where there is no such file.
fn read(path: &Path, index: &Index) -> io::Result<Option<Ranker>> {
    let Some(mut reader) = ArrayReader::open(path, MAGIC)? else { return Ok(None) };
    let ranker = Ranker::read(index, &mut reader)?;
    reader.finish()?;
    Ok(Some(ranker))
}

/// Writes them.
fn write(path: &Path, index: &Index, ranker: &Ranker) -> io::Result<()> {
    let file = files::whole(path, Readers::Owner, |out| {
        let mut writer = ArrayWriter::new(out, MAGIC)?;
        ranker.write(index, &mut writer)?;
        writer.finish().map(drop)
    })?;
    file.persist(path).map(drop).map_err(|error| error.error)
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
        assert!(reply.parts.is_empty());
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
