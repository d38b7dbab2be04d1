//! What a bot says beside an answer, or in the place of one.

use faqbot_embed::Embedder;

use super::{Bot, Verdict, language};
use crate::matching::alignment::as_written;
use crate::matching::decision::{Decision, Rule};
use crate::matching::features::NEAR_COSINE;
use crate::matching::guard::Guard;
use crate::matching::ranking::Match;
use crate::texts;

/// Words of a query that stand where an entry has others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// Those of the query, as they are written there.
    pub asked: String,
    /// Those of the entry, as they are written in its phrasing.
    pub known: String,
}

impl<E: Embedder> Bot<E> {
    /// What is said where there is no answer, as Markdown.
    pub fn fallback(&self) -> &str {
        self.faq.fallback.as_deref().unwrap_or_else(|| language::fallback(self.prepared.language))
    }

    /// What is said in the place of [`Bot::fallback`] to what is no question, or is one in a language that the model does
    /// not know.
    pub fn notice(&self, verdict: &Verdict) -> Option<&'static str> {
        match verdict.is_of_nothing() {
            true => Some(texts::plain(self.language(), "empty")),
            false => verdict.language.and_then(language::notice),
        }
    }

    /// Where a reply is no answer, and the query is like its best match but for a word or two: which.
    pub fn exchanged(&self, verdict: &Verdict) -> Option<Exchanged> {
        let said = match verdict.decision {
            Decision::Answer(_) | Decision::SmallTalk => false,
            Decision::Ambiguous(_) => true,
            Decision::NoMatch => self.suggestion(verdict).is_some(),
        };
        let found = verdict.matches.first()?;
        let (asked, known) = self.parted(verdict, found).filter(|_| said)?;
        let phrasing = &self.entry(found).phrasings[found.phrasing];
        let join = |words: &[String], text: &str| {
            let written = words.iter().map(|word| as_written(text, word).unwrap_or(word).to_owned());
            written.collect::<Vec<_>>().join(" ")
        };
        let (asked, known) = (join(asked, &verdict.query), join(known, phrasing));
        // Words that stand apart make no sense side by side.
        (verdict.query.contains(&asked) && phrasing.contains(&known)).then_some(Exchanged { asked, known })
    }

    /// The words that part a query and its best match: words of substance on either side, where the reader does not hold
    /// that the entry answers the query all the same.
    fn parted<'r>(&self, verdict: &'r Verdict, found: &Match) -> Option<(&'r [String], &'r [String])> {
        /// Shorter words are seldom what is asked about: "u", "pls".
        const LETTERS: usize = 3;
        let (asked, known) = verdict.alignment.as_ref()?.exchanged()?;
        let have_substance = |words: &[String], text: &str| {
            words.iter().all(|word| {
                let is_number = word.chars().any(|c| c.is_ascii_digit());
                let is_name =
                    || as_written(text, word).is_some_and(|own| own.starts_with(char::is_uppercase));
                let is_known = || self.embedder.is_in_vocabulary(word);
                is_number || (word.chars().count() >= LETTERS && (is_known() || is_name()))
            })
        };
        let is_answered =
            found.reader.is_some_and(|logit| logit > 0.0) && verdict.guard != Some(Guard::Exchanged);
        let phrasing = &self.entry(found).phrasings[found.phrasing];
        let part = have_substance(asked, &verdict.query) && have_substance(known, phrasing);
        (!is_answered && part).then_some((asked, known))
    }

    /// The nearest match to a query without an answer, unless it is so far off that naming it would be a riddle.
    pub fn suggestion<'r>(&self, verdict: &'r Verdict) -> Option<&'r Match> {
        if verdict.decision != Decision::NoMatch || verdict.rule == Rule::OutOfScope {
            return None;
        }
        let policy = &self.setup.policy;
        let near = (NEAR_COSINE as f32).max(policy.min_cosine / 2.0);
        let sure = verdict.confidence.is_none_or(|confidence| confidence >= policy.hint_confidence);
        // Where a word or two were exchanged, the hint says which, however unsure the match is.
        let is_named = |nearest: &&Match| sure || self.parted(verdict, nearest).is_some();
        verdict.matches.first().filter(|nearest| nearest.cosine >= near).filter(is_named)
    }
}
