//! From ranked entries to a decision: answer, ask back, or say that there is no answer.

use crate::embed::ModelId;
use crate::error::{Error, Result};
use crate::index::Match;

/// The thresholds of [`decide`]. They hold for one model's vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Below this cosine there is no answer, in `-1..=1`.
    pub min_cosine: f32,
    /// Entries whose cosine is less than this below the best are choices beside it, `0..=2`.
    pub margin: f32,
}

impl Policy {
    /// The greatest number of choices in a "Did you mean".
    pub const MAX_CHOICES: usize = 3;

    /// The thresholds for a model's vectors.
    ///
    /// They were read from the sweep that `cargo test --release --test therapy -- --nocapture`
    /// prints: the least cosine at which, with this margin, about one in twenty of all queries of
    /// `data/therapy.queries.jsonl` gets a wrong answer (5.5 %; the bundled model, November 2026).
    /// Other models get the same, which nobody has checked there.
    pub fn for_model(_model: &ModelId) -> Policy {
        Policy { min_cosine: 0.65, margin: 0.04 }
    }

    /// Checks the thresholds.
    ///
    /// # Errors
    ///
    /// One lies outside of its range.
    pub fn checked(self) -> Result<Policy> {
        if !(-1.0..=1.0).contains(&self.min_cosine) {
            return Err(Error::Policy(format!(
                "min-cosine is {}; it must lie from -1 to 1",
                self.min_cosine
            )));
        }
        if !(0.0..=2.0).contains(&self.margin) {
            return Err(Error::Policy(format!("margin is {}; it must lie from 0 to 2", self.margin)));
        }
        Ok(self)
    }
}

/// What to do about a query. The numbers are positions in the list of matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Give this match's answer.
    Answer(usize),
    /// Ask which of these is meant; at least two.
    Ambiguous(Vec<usize>),
    /// Say that there is no answer. The best match, if any, is a suggestion at most.
    NoMatch,
}

/// Which rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The query is a wording of the entry, case, accents and punctuation aside.
    ExactWording,
    /// The query is a wording of several entries.
    SharedWording,
    /// The best match reaches the threshold, and the next is far enough below it.
    ClearBest,
    /// Further entries are too close to the best.
    CloseMatches,
    /// The best match is below the threshold.
    BelowThreshold,
    /// The query has no letters or digits, or the FAQ has no entries.
    NothingToCompare,
}

impl Rule {
    /// The rule in words.
    pub fn describe(self) -> &'static str {
        match self {
            Rule::ExactWording => "the question is a wording of this entry",
            Rule::SharedWording => "the question is a wording of several entries",
            Rule::ClearBest => "the best match is above the threshold, and no other is close",
            Rule::CloseMatches => "several entries are about equally close",
            Rule::BelowThreshold => "the best match is below the threshold",
            Rule::NothingToCompare => "there is nothing to compare",
        }
    }
}

/// Decides about a query from its matches, best first.
///
/// `exact` are the entries that have the query as a wording. They decide alone: one is answered at
/// once, several are choices. Otherwise the best match must reach `min_cosine`, and one to two more
/// that reach it too and lie less than `margin` below the best make it a choice. Ties are choices
/// whatever the margin.
pub fn decide(matches: &[Match], exact: &[usize], policy: &Policy) -> (Decision, Rule) {
    if !exact.is_empty() {
        let found: Vec<usize> = (0..matches.len())
            .filter(|&at| exact.contains(&matches[at].entry))
            .take(Policy::MAX_CHOICES)
            .collect();
        match found[..] {
            [] => {}
            [only] => return (Decision::Answer(only), Rule::ExactWording),
            _ => return (Decision::Ambiguous(found), Rule::SharedWording),
        }
    }
    let Some(best) = matches.first() else {
        return (Decision::NoMatch, Rule::NothingToCompare);
    };
    if best.cosine < policy.min_cosine {
        return (Decision::NoMatch, Rule::BelowThreshold);
    }
    let close = |found: &Match| {
        let below = best.cosine - found.cosine;
        found.cosine >= policy.min_cosine && (below < policy.margin || below == 0.0)
    };
    let choices: Vec<usize> =
        (0..matches.len()).take(Policy::MAX_CHOICES).take_while(|&at| close(&matches[at])).collect();
    if choices.len() > 1 {
        (Decision::Ambiguous(choices), Rule::CloseMatches)
    } else {
        (Decision::Answer(0), Rule::ClearBest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { min_cosine: 0.5, margin: 0.05 };

    fn matches(cosines: &[f32]) -> Vec<Match> {
        cosines.iter().enumerate().map(|(entry, &cosine)| Match { entry, phrasing: 0, cosine }).collect()
    }

    #[track_caller]
    fn check(cosines: &[f32], exact: &[usize], decision: Decision, rule: Rule) {
        assert_eq!(decide(&matches(cosines), exact, &POLICY), (decision, rule));
    }

    #[test]
    fn the_threshold_and_the_margin_decide() {
        check(&[0.8, 0.6], &[], Decision::Answer(0), Rule::ClearBest);
        check(&[0.5, 0.2], &[], Decision::Answer(0), Rule::ClearBest);
        check(&[0.49, 0.2], &[], Decision::NoMatch, Rule::BelowThreshold);
        check(&[0.8, 0.76, 0.4], &[], Decision::Ambiguous(vec![0, 1]), Rule::CloseMatches);
        check(&[0.8, 0.79, 0.78, 0.77], &[], Decision::Ambiguous(vec![0, 1, 2]), Rule::CloseMatches);
        check(&[0.8, 0.75], &[], Decision::Answer(0), Rule::ClearBest);
        check(&[0.51, 0.49], &[], Decision::Answer(0), Rule::ClearBest);
        check(&[], &[], Decision::NoMatch, Rule::NothingToCompare);
    }

    #[test]
    fn an_exact_wording_answers_at_once() {
        check(&[0.8, 0.79], &[1], Decision::Answer(1), Rule::ExactWording);
        check(&[0.2], &[0], Decision::Answer(0), Rule::ExactWording);
        check(&[0.9, 0.9], &[0, 1], Decision::Ambiguous(vec![0, 1]), Rule::SharedWording);
    }

    #[test]
    fn a_tie_is_a_choice_without_any_margin() {
        let policy = Policy { margin: 0.0, ..POLICY };
        let (decision, _) = decide(&matches(&[0.8, 0.8, 0.79]), &[], &policy);
        assert_eq!(decision, Decision::Ambiguous(vec![0, 1]));
    }

    #[test]
    fn thresholds_outside_their_range_are_refused() {
        assert!(POLICY.checked().is_ok());
        for (min_cosine, margin) in [(1.1, 0.0), (-1.1, 0.0), (f32::NAN, 0.0), (0.5, -0.1), (0.5, f32::NAN)] {
            assert!(Policy { min_cosine, margin }.checked().is_err());
        }
    }
}
