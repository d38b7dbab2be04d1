//! The bot: a FAQ, an embedder and a policy joined, and questions answered.

use std::collections::HashMap;

use ndarray::ArrayView1;

use crate::embed::{Embedder, Progress, Role};
use crate::error::Result;
use crate::faq::{Entry, Faq, normalize_wording};
use crate::index::{Index, Match};
use crate::matcher::{Decision, Policy, Rule, decide};

/// Answers questions from a FAQ. Every front end asks here.
pub struct Bot<E> {
    faq: Faq,
    embedder: E,
    index: Index,
    policy: Policy,
    /// The entries that have a wording, by [`normalize_wording`].
    wordings: HashMap<String, Vec<usize>>,
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
    /// The best entries, best first. Empty where there was nothing to compare.
    pub matches: Vec<Match>,
}

impl Reply {
    /// The match that is answered.
    pub fn answer(&self) -> Option<&Match> {
        match self.decision {
            Decision::Answer(at) => self.matches.get(at),
            Decision::Ambiguous(_) | Decision::NoMatch => None,
        }
    }

    /// The matches that are offered as choices.
    pub fn choices(&self) -> Vec<&Match> {
        match &self.decision {
            Decision::Ambiguous(choices) => choices.iter().map(|&at| &self.matches[at]).collect(),
            Decision::Answer(_) | Decision::NoMatch => Vec::new(),
        }
    }

    /// How much nearer the best match is than the next, in cosine; `None` without a next.
    pub fn margin(&self) -> Option<f32> {
        match self.matches[..] {
            [best, next, ..] => Some(best.cosine - next.cosine),
            _ => None,
        }
    }
}

impl<E: Embedder> Bot<E> {
    /// How many matches a reply has where nothing else is asked for.
    pub const MATCHES: usize = 5;

    /// Embeds the wordings of a FAQ. `progress` is told how many are done.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn new(faq: Faq, embedder: E, policy: Policy, progress: Progress) -> Result<Self> {
        let (index, wordings) = prepare(&faq, &embedder, progress)?;
        Ok(Bot { faq, embedder, index, policy, wordings })
    }

    /// Takes another FAQ. If that fails, the bot keeps the one it has.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn set_faq(&mut self, faq: Faq, progress: Progress) -> Result<()> {
        (self.index, self.wordings) = prepare(&faq, &self.embedder, progress)?;
        self.faq = faq;
        Ok(())
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

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Takes another policy.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
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
        let normalized = normalize_wording(query);
        if normalized.is_empty() || self.index.is_empty() {
            return Ok(Self::reply_without_matches(query));
        }
        let row = self.embedder.embed(Role::Query, &[query.trim()], &mut |_| ())?;
        Ok(self.decide(query, &normalized, row.row(0), count))
    }

    /// Answers many queries at once, in their order: faster than one by one.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn ask_all(&self, queries: &[&str], count: usize, progress: Progress) -> Result<Vec<Reply>> {
        let trimmed: Vec<&str> = queries.iter().map(|query| query.trim()).collect();
        let rows = self.embedder.embed(Role::Query, &trimmed, progress)?;
        let replies = queries.iter().zip(rows.rows()).map(|(query, row)| {
            let normalized = normalize_wording(query);
            if normalized.is_empty() || self.index.is_empty() {
                Self::reply_without_matches(query)
            } else {
                self.decide(query, &normalized, row, count)
            }
        });
        Ok(replies.collect())
    }

    fn reply_without_matches(query: &str) -> Reply {
        Reply {
            query: query.to_owned(),
            decision: Decision::NoMatch,
            rule: Rule::NothingToCompare,
            matches: Vec::new(),
        }
    }

    fn decide(&self, query: &str, normalized: &str, row: ArrayView1<f32>, count: usize) -> Reply {
        let exact = self.wordings.get(normalized).map_or(&[][..], Vec::as_slice);
        // An exact wording may rank low (a typo in it, shared words elsewhere): then all are ranked.
        let mut matches = self.index.search(row, count.max(Policy::MAX_CHOICES));
        if exact.iter().any(|entry| matches.iter().all(|found| found.entry != *entry)) {
            matches = self.index.search(row, self.index.len());
        }
        let (decision, rule) = decide(&matches, exact, &self.policy);
        let used = match &decision {
            Decision::Answer(at) => at + 1,
            Decision::Ambiguous(choices) => choices.iter().max().map_or(0, |at| at + 1),
            Decision::NoMatch => 0,
        };
        matches.truncate(used.max(count));
        Reply { query: query.to_owned(), decision, rule, matches }
    }
}

/// The wordings' vectors, and the entries by exact wording.
fn prepare<E: Embedder>(
    faq: &Faq,
    embedder: &E,
    progress: Progress,
) -> Result<(Index, HashMap<String, Vec<usize>>)> {
    let texts: Vec<&str> =
        faq.entries.iter().flat_map(|entry| &entry.phrasings).map(String::as_str).collect();
    let rows = embedder.embed(Role::Passage, &texts, progress)?;
    let mut wordings: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, entry) in faq.entries.iter().enumerate() {
        for phrasing in &entry.phrasings {
            let normalized = normalize_wording(phrasing);
            let entries = wordings.entry(normalized).or_default();
            if entries.last() != Some(&position) {
                entries.push(position);
            }
        }
    }
    Ok((Index::new(rows, faq.entries.iter().map(|entry| entry.phrasings.len())), wordings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::HashEmbedder;
    use crate::faq::Format;
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
        let faq = Faq::read(yaml.as_bytes(), Format::Yaml, Path::new("test.yaml")).unwrap().faq;
        Bot::new(faq, HashEmbedder::new(), Policy { min_cosine: 0.5, margin: 0.05 }, &mut |_| ()).unwrap()
    }

    #[test]
    fn a_query_is_answered_by_its_nearest_entry() {
        let bot = bot();
        let reply = bot.ask("where is my order now").unwrap();
        assert_eq!(bot.entry(reply.answer().unwrap()).answer, "On its way.");
        assert_eq!(reply.rule, Rule::ClearBest);
        assert!(reply.margin().unwrap() > 0.05);
    }

    #[test]
    fn exact_wordings_go_first() {
        let bot = bot();
        let reply = bot.ask(" how do I reset, my PASSWORD ").unwrap();
        assert_eq!((reply.rule, reply.answer().unwrap().entry), (Rule::ExactWording, 0));
        let reply = bot.ask("Forgot my password").unwrap();
        assert_eq!(reply.rule, Rule::SharedWording);
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
    fn many_at_once_are_the_same_as_one_by_one() {
        let bot = bot();
        let queries = ["where is my order now", "", "reset", "how do i reset the device"];
        let all = bot.ask_all(&queries, 5, &mut |_| ()).unwrap();
        let each: Vec<Reply> = queries.iter().map(|query| bot.ask(query).unwrap()).collect();
        assert_eq!(all, each);
    }
}
