//! The bot: a FAQ, an embedder and what decides, joined; and questions answered.

use std::borrow::Cow;
use std::ops::Range;

use faqbot_embed::{Embedder, ModelId, Progress};
use faqbot_faq::Format;
use faqbot_faq::{Entry, Faq};
use xxhash_rust::xxh3::Xxh3Default;

use crate::error::Result;
use crate::matching::confidence::Calibration;
use crate::matching::decision::Policy;
use crate::matching::passages::emphasised;
use crate::matching::ranking::{Match, Ranker};
use crate::matching::signals::is_real_answer;

mod answering;
mod asked;
mod choosing;
pub mod conversation;
mod dialogue;
pub mod follow_up;
mod hints;
mod judge;
pub mod language;
mod prepared;
mod rank;
mod reading;
pub mod small_talk;
mod synonyms;
mod verdict;

use asked::{Query, Wanted};
pub use choosing::{Picked, pick};
pub use conversation::{Conversation, Message};
pub use hints::Exchanged;
use prepared::Prepared;
pub use small_talk::SmallTalkReply;
pub use verdict::Verdict;

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

/// Answers questions from a FAQ. Every front end asks here.
pub struct Bot<E = Box<dyn Embedder>> {
    faq: Faq,
    embedder: E,
    setup: Setup,
    prepared: Prepared,
}

/// A bot whose embedder is chosen as the program runs.
pub type AnyBot = Bot<Box<dyn Embedder>>;

impl<E: Embedder> Bot<E> {
    /// A name for what this bot answers from: the same for the same FAQ, model and settings on any machine.
    pub fn version_id(&self) -> String {
        let mut hash = Xxh3Default::new();
        let json = Format::named("json").expect("every build has it");
        // A hash does not fail to be written to.
        let _ = json.write(&self.faq, &mut HashWriter(&mut hash));
        hash.update(self.embedder.model().as_str().as_bytes());
        hash.update(format!("{:?}", self.setup).as_bytes());
        format!("{:016x}", hash.digest())
    }

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

    /// The name of the language that most of the FAQ is in, where the model does not know it and no calibration of the
    /// FAQ's own says how sure it is. Then only what has a phrasing's words is answered, and there is no confidence.
    pub fn unknown_language(&self) -> Option<&'static str> {
        let own = self.setup.calibration != Calibration::shipped(self.embedder.model());
        self.prepared.unknown_language.filter(|_| !own)
    }

    /// The language that the bot's own texts are in: the FAQ's, if it is `de`, `fr` or `es`, else `en`.
    pub fn language(&self) -> &'static str {
        self.prepared.language
    }

    /// The answer of a match, in the words that the reply's conversation is given.
    pub fn answer<'b>(&'b self, verdict: &Verdict, found: &Match) -> &'b str {
        self.entry(found).answer_for(verdict.seed)
    }

    /// The passage of a match's answer that the reader took for the answer to the query, as a range of bytes of
    /// [`Bot::answer`]; `None` where the answer is short, in other words, or was not read.
    pub fn span(&self, verdict: &Verdict, found: &Match) -> Option<Range<usize>> {
        let in_first_words = self.answer(verdict, found) == self.entry(found).answer;
        found.span.filter(|_| in_first_words).map(|(from, to)| from..to)
    }

    /// [`Bot::answer`] with its [`Bot::span`] in bold type, where that has no Markdown of its own that would break.
    pub fn emphasised<'b>(&'b self, verdict: &Verdict, found: &Match) -> Cow<'b, str> {
        emphasised(self.answer(verdict, found), self.span(verdict, found))
    }

    /// The entries that follow up on what a reply answers; of several answers, on the last.
    pub fn follow_ups(&self, verdict: &Verdict) -> Vec<&Entry> {
        verdict.answers().last().map(|found| self.follow_ups_of(self.entry(found))).unwrap_or_default()
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

    /// What is made of a query, with at least the `count` best entries: what [`Bot::ask`] replies from.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn verdict(&self, query: &str, count: usize) -> Result<Verdict> {
        let mut replies = self.verdicts(&[query], count, &mut |_| ())?;
        Ok(replies.remove(0))
    }

    /// What is made of many queries, in their order, on all cores: faster than one by one. A query that
    /// is a phrasing (by [`normalize_phrasing`](faqbot_faq::normalize_phrasing)) has that phrasing's vector, and needs no model.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn verdicts(&self, queries: &[&str], count: usize, progress: Progress) -> Result<Vec<Verdict>> {
        self.verdicts_among(queries, count, None, progress)
    }

    /// As [`Bot::verdicts`], with only the entries for which `among` holds, and those for people in danger. What a query
    /// means is seen among all entries: that decides between its choices, and does not make an answer of what is
    /// meant for another entry.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn verdicts_among(
        &self,
        queries: &[&str],
        count: usize,
        among: Option<Among>,
        progress: Progress,
    ) -> Result<Vec<Verdict>> {
        let queries: Vec<Query> = queries.iter().map(|text| Query { text, after: None }).collect();
        self.replies(&queries, Wanted { count, among, after: None }, progress)
    }
}

/// Which entries are asked.
pub type Among<'a> = &'a (dyn Fn(&Entry) -> bool + Sync);

/// Writes into a hash.
struct HashWriter<'h>(&'h mut Xxh3Default);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::decision::{Decision, Rule};
    use faqbot_embed::HashEmbedder;
    use faqbot_embed::cached::CachedEmbedder;
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
        let verdict = bot.verdict("where is my order now", 5).unwrap();
        assert_eq!(bot.entry(verdict.answer().unwrap()).answer, "On its way.");
        assert_eq!(verdict.rule, Rule::ClearBest);
        assert!(verdict.margin().unwrap() > 0.05);
        assert_eq!(verdict.confidence, None);
    }

    #[test]
    fn exact_phrasings_go_first() {
        let bot = bot();
        let verdict = bot.verdict(" how do I reset, my PASSWORD ", 5).unwrap();
        assert_eq!((verdict.rule, verdict.answer().unwrap().entry), (Rule::ExactPhrasing, 0));
        let verdict = bot.verdict("Forgot my password", 5).unwrap();
        assert_eq!(verdict.rule, Rule::SharedPhrasing);
        assert_eq!(verdict.choices().len(), 2);
    }

    #[test]
    fn what_has_no_words_has_no_match() {
        let bot = bot();
        for query in ["", "  ", "?!", "😀"] {
            let verdict = bot.verdict(query, 5).unwrap();
            assert_eq!((verdict.decision, verdict.rule), (Decision::NoMatch, Rule::NothingToCompare));
        }
        let verdict = bot.verdict("weather tomorrow", 5).unwrap();
        assert_eq!((verdict.decision, verdict.rule), (Decision::NoMatch, Rule::BelowThreshold));
        assert_eq!(verdict.matches.len(), 3);
    }

    #[test]
    fn two_questions_are_answered_both_or_as_one() {
        let bot = bot();
        let verdict = bot.verdict("Where is my order? And how do I reset the device?", 5).unwrap();
        let answers: Vec<&str> =
            verdict.answers().into_iter().map(|found| &*bot.entry(found).answer).collect();
        assert_eq!(answers, ["On its way.", "Hold the button."]);
        let verdict = bot.verdict("Where is my order? What about the weather today?", 5).unwrap();
        assert_eq!(verdict.answers().len(), 1);
        assert_eq!(verdict.unanswered(), ["What about the weather today?"]);
        let verdict = bot.verdict("Where is my order? Where is my order now?", 5).unwrap();
        assert!(verdict.parts.is_empty() && verdict.answers().len() == 1);
    }

    #[test]
    fn many_at_once_are_the_same_as_one_by_one() {
        let bot = bot();
        let queries = ["where is my order now", "", "reset", "how do i reset the device"];
        let all = bot.verdicts(&queries, 5, &mut |_| ()).unwrap();
        let each: Vec<Verdict> = queries.iter().map(|query| bot.verdict(query, 5).unwrap()).collect();
        assert_eq!(all, each);
    }

    #[test]
    fn some_entries_only() {
        let bot = bot();
        let among = |word: &'static str| move |entry: &Entry| entry.question().contains(word);
        let ask = |query: &str, word: &'static str| {
            let mut replies = bot.verdicts_among(&[query], 5, Some(&among(word)), &mut |_| ()).unwrap();
            replies.remove(0)
        };
        // It decides between choices.
        assert_eq!(bot.verdict("how do I reset", 5).unwrap().choices().len(), 2);
        let verdict = ask("how do I reset", "device");
        assert_eq!((verdict.rule, verdict.answer().unwrap().entry), (Rule::OnlyChoice, 1));
        let verdict = ask("forgot my password", "order");
        assert_eq!((verdict.rule, verdict.answer().unwrap().entry), (Rule::ExactPhrasing, 2));
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
                assert_eq!(first.verdict(query, count).unwrap(), second.verdict(query, count).unwrap());
            }
        }
        // A phrasing of 22 entries: the choices are among them.
        let verdict = second.verdict("S17!", 5).unwrap();
        assert_eq!(verdict, first.verdict("S17!", 5).unwrap());
        assert_eq!(verdict.rule, Rule::SharedPhrasing);
        assert!(verdict.choices().iter().all(|found| found.entry % 100 == 17));
        for path in std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()) {
            // In the middle of the vectors or the signals, in the file that is open.
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..].fill(7);
            std::fs::write(&path, bytes).unwrap();
        }
        for query in queries {
            let (whole, broken) = (first.verdict(query, 5).unwrap(), second.verdict(query, 5).unwrap());
            for (a, b) in whole.matches.iter().zip(&broken.matches) {
                assert!((a.score - b.score).abs() < 0.01, "{query} {a:?} {b:?}");
            }
        }
        // The next start mends both, and the one after it reads them.
        for restored in [start(), start()] {
            for query in queries {
                assert_eq!(first.verdict(query, 5).unwrap(), restored.verdict(query, 5).unwrap());
            }
        }
        assert!(in_file(&start()));
    }
}
