//! From ranked entries to a decision: answer, ask back, or say that there is no answer.

use faqbot_embed::ModelId;

use super::confidence::Calibration;
use super::guard::Guard;
use super::ranking::Match;
use crate::error::{Error, Result};

/// The thresholds of [`decide`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Answers need at least this confidence, in `0..=1`.
    pub min_confidence: f32,
    /// With at least this confidence the best entries are offered as choices, in `0..=1`.
    pub ask_confidence: f32,
    /// With at least this confidence, the nearest question is named where there is no answer, in `0..=1`.
    pub hint_confidence: f32,
    /// Below this cosine there is no answer whatever the confidence, in `-1..=1`, but to what the reader takes for one.
    pub min_cosine: f32,
    /// The same for a match that was not read, where that is another.
    pub unread_min_cosine: Option<f32>,
    /// Without confidence: entries whose score is less than this below the best are choices, `0..=2`.
    pub margin: f32,
}

impl Policy {
    /// The greatest number of choices in a "Did you mean".
    pub const MAX_CHOICES: usize = 3;

    /// An entry that asks for less confidence than the policy gets its way from this cosine on: an entry unlike all
    /// others stands out for any message that is like none. The least twentieth at which at most 1 % of the messages
    /// in `data/messages.jsonl` that are no crisis (the half that is not for tests) get the crisis entry of
    /// `data/therapy.yaml` (2026-11-25).
    pub const OWN_CONFIDENCE_COSINE: f32 = 0.5;

    /// The third choice is offered when its score is at most this far below the best.
    pub const THIRD_CHOICE: f32 = 0.15;

    /// Of matches that were read, those are offered whose logits are at most this far below the best.
    pub const CHOICE_LEAD: f32 = 9.0;

    /// The policy where confidence is calibrated.
    ///
    /// `min_confidence` is the least at which at most 5 % of all queries get a wrong answer, on average over the
    /// calibration files of the eleven public sets, the minimal pairs for the fit, and the small FAQs with what people ask that are for
    /// the fit (which count as twelve sets); `ask_confidence`
    /// the least at which the choices hold a right entry at least one time in four (0.16), and a hundredth less, so that
    /// nearly four in five of the questions in other words are answered or offered; `hint_confidence` the least from which the
    /// nearest question is right at least one time in three. `min_cosine` keeps out what has nothing in common with
    /// its best entry: the greatest below which lies at most 1 % of the queries whose best entry is right; `unread_min_cosine` is
    /// what the same rule gave before there was a reader (`fit` at 236747e). All are
    /// printed by `cargo run --release -p faqbot-train --bin fit -- ../shared/evaldata ../shared/pairs data/reader` (2026-11-30).
    pub const CALIBRATED: Policy = Policy {
        min_confidence: 0.61,
        ask_confidence: 0.15,
        hint_confidence: 0.3,
        min_cosine: 0.1,
        unread_min_cosine: Some(0.33),
        margin: 0.04,
    };

    /// The policy where it is not: the cosine rules. The numbers were read from a sweep over
    /// `data/therapy.queries.jsonl` with the bundled model, so for another they are no more than a
    /// place to begin.
    pub const UNCALIBRATED: Policy = Policy {
        min_confidence: 0.0,
        ask_confidence: 0.0,
        hint_confidence: 0.0,
        min_cosine: 0.65,
        unread_min_cosine: None,
        margin: 0.04,
    };

    /// The default policy for a model's vectors.
    pub fn for_model(model: &ModelId) -> Policy {
        match Calibration::shipped(model) {
            Some(_) => Self::CALIBRATED,
            None => Self::UNCALIBRATED,
        }
    }

    /// The confidence that an entry needs to be answered whose nearest phrasing has this cosine, and which asks for
    /// `own` itself, if it does.
    pub fn needed(&self, own: Option<f32>, cosine: f32) -> f32 {
        let heard = |own: &f32| *own >= self.min_confidence || cosine >= Self::OWN_CONFIDENCE_COSINE;
        own.filter(heard).unwrap_or(self.min_confidence)
    }

    /// The cosine below which a match has no answer. What the reader takes for one needs no words in common, unless
    /// one least cosine was set for all matches.
    pub fn floor(&self, found: &Match) -> f32 {
        match (self.unread_min_cosine, found.reader) {
            (Some(unread), None) => unread,
            (Some(_), Some(logit)) if logit > 0.0 => -1.0,
            _ => self.min_cosine,
        }
    }

    /// The policy with one least cosine for all matches.
    pub fn with_min_cosine(self, min_cosine: f32) -> Policy {
        Policy { min_cosine, unread_min_cosine: None, ..self }
    }

    /// Checks the thresholds.
    ///
    /// # Errors
    ///
    /// One lies outside of its range.
    pub fn checked(self) -> Result<Policy> {
        let ranges = [
            ("min-confidence", self.min_confidence, 0.0..=1.0),
            ("ask-confidence", self.ask_confidence, 0.0..=1.0),
            ("min-cosine", self.min_cosine, -1.0..=1.0),
            ("margin", self.margin, 0.0..=2.0),
        ];
        for (name, value, range) in ranges {
            if !range.contains(&value) {
                let (from, to) = range.into_inner();
                return Err(Error::Policy(format!("{name} is {value}; it must lie from {from} to {to}")));
            }
        }
        Ok(self)
    }
}

/// What to do about a query. The numbers are positions in the list of matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Give this match's answer.
    Answer(usize),
    /// Ask which of these is meant, or whether the only one is.
    Ambiguous(Vec<usize>),
    /// Say that there is no answer. The best match, if any, is a suggestion at most.
    NoMatch,
    /// Verdict to small talk.
    SmallTalk,
}

/// Which rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The query is a phrasing of the entry, case, accents and punctuation aside.
    ExactPhrasing,
    /// The query is a phrasing of several entries.
    SharedPhrasing,
    /// The confidence reaches what an answer needs.
    Confident,
    /// The confidence is between what choices need and what an answer needs.
    Unsure,
    /// The confidence is below what choices need.
    NotConfident,
    /// Query and phrasing say opposite things.
    OppositePhrasing,
    /// The query is one word that several entries have.
    GenericQuery,
    /// The query has another number, name or thing of the same kind in the place of the phrasing's.
    ExchangedWord,
    /// Without confidence: the best match reaches the threshold, and the next is far enough below.
    ClearBest,
    /// Without confidence: further entries are too close to the best.
    CloseMatches,
    /// The best match is below the cosine threshold.
    BelowThreshold,
    /// The message is like those of people in danger, and the entry is for them.
    Crisis,
    /// Of the choices, one is among the entries asked.
    OnlyChoice,
    /// The best match is an entry of questions that the FAQ does not answer.
    OutOfScope,
    /// The query has no letters or digits, or the FAQ has no entries.
    NothingToCompare,
    /// The message picks it of what was offered.
    Chosen,
    /// The message turns down all that was offered.
    NoneOfThem,
    /// The message names a number that no choice has.
    NoSuchChoice,
    /// The message asks for those that were offered and not chosen.
    TheOthers,
    /// It would be answered, but most of the FAQ is in a language that the model does not know.
    UnknownLanguage,
    /// The message asks for the last answer again, or whether it is right.
    Again,
    /// The message takes all that was offered.
    AllChosen,
    /// The message says that the last answer was not what was meant.
    NotMeant,
    /// The message ends the conversation before it.
    StartOver,
    /// The message leans on the question before, and was read with it.
    FollowUp,
    /// The message is small talk, and the FAQ has no confident answer to it.
    SmallTalk,
}

impl Rule {
    /// Whether the rule weighs how near the best match is; exact phrasings and messages of people in danger are
    /// decided without.
    pub fn hangs_on_confidence(self) -> bool {
        !matches!(
            self,
            Rule::ExactPhrasing
                | Rule::SharedPhrasing
                | Rule::Crisis
                | Rule::Chosen
                | Rule::Again
                | Rule::AllChosen
        )
    }

    /// Whether the message is about the reply before it or what that offered, and is no question of its own.
    pub fn is_of_an_offer(self) -> bool {
        matches!(
            self,
            Rule::Chosen
                | Rule::NoneOfThem
                | Rule::NoSuchChoice
                | Rule::TheOthers
                | Rule::Again
                | Rule::AllChosen
                | Rule::NotMeant
                | Rule::StartOver
        )
    }

    /// The rule in words.
    pub fn describe(self) -> &'static str {
        match self {
            Rule::ExactPhrasing => "the question is a phrasing of this entry",
            Rule::SharedPhrasing => "the question is a phrasing of several entries",
            Rule::Confident => "the confidence is high enough for an answer",
            Rule::Unsure => "the confidence is high enough to ask back, not to answer",
            Rule::NotConfident => "the confidence is too low",
            Rule::OppositePhrasing => "the question says the opposite of the nearest phrasing",
            Rule::ExchangedWord => {
                "the question has another number, name or thing of the same kind than the nearest phrasing"
            }
            Rule::GenericQuery => "the question is a single word that several entries have",
            Rule::ClearBest => "the best match is above the threshold, and no other is close",
            Rule::CloseMatches => "several entries are about equally close",
            Rule::BelowThreshold => "the best match is below the cosine threshold",
            Rule::Crisis => "the message is like those of people in danger, whom this entry is for",
            Rule::OnlyChoice => "of the choices, only this is among the entries asked",
            Rule::OutOfScope => "the question is like those that the FAQ is not to answer",
            Rule::NothingToCompare => "there is nothing to compare",
            Rule::Chosen => "it was chosen of what was offered",
            Rule::NoneOfThem => "none of what was offered was meant",
            Rule::NoSuchChoice => "no choice has this number",
            Rule::TheOthers => "the others of what was offered are asked for",
            Rule::UnknownLanguage => "most of the FAQ is in a language that the model does not know",
            Rule::Again => "the last answer is asked for again",
            Rule::AllChosen => "all of what was offered is asked for",
            Rule::NotMeant => "the last answer was not what was meant",
            Rule::StartOver => "the conversation begins anew",
            Rule::FollowUp => "the message leans on the question before, and was read with it",
            Rule::SmallTalk => "the message is small talk, and no confident question to the FAQ",
        }
    }
}

/// What a decision is made from.
#[derive(Clone, Copy)]
pub struct Case<'c> {
    /// The best entries, best first.
    pub matches: &'c [Match],
    /// The entries that have the query as a phrasing.
    pub exact: &'c [usize],
    /// The probability that the best match is right, where it is calibrated.
    pub confidence: Option<f32>,
    /// What the best match's entry needs to be answered, where it says so itself.
    pub own_min_confidence: Option<f32>,
    /// Whether the best match's entry is urgent: then no guard holds it back.
    pub urgent: bool,
    /// Why the best match is not to be answered at once.
    pub guard: Option<Guard>,
    /// Whether the best match's entry is for people in danger, and the query is like theirs.
    pub crisis: bool,
    /// By entry: whether its questions are out of scope.
    pub out_of_scope: &'c dyn Fn(usize) -> bool,
}

/// Decides about a query.
///
/// Exact phrasings decide alone: one is answered at once, several are choices. What is nearest to an entry out of
/// scope has no answer, and such an entry is no choice. A message of someone in danger is answered, however near it is. Then the cosine floor.
/// Then the confidence, against the policy or against what the entry itself asks; a [`Guard`]
/// turns an answer into choices, unless the entry is urgent.
/// Without confidence, the cosine and the margin decide.
pub fn decide(case: &Case, policy: &Policy) -> (Decision, Rule) {
    let Case { matches, exact, confidence, own_min_confidence, urgent, guard, crisis, out_of_scope } = *case;
    if !exact.is_empty() {
        if exact.iter().all(|&entry| out_of_scope(entry)) {
            return (Decision::NoMatch, Rule::OutOfScope);
        }
        let found: Vec<usize> = (0..matches.len())
            .filter(|&at| exact.contains(&matches[at].entry) && !out_of_scope(matches[at].entry))
            .take(Policy::MAX_CHOICES)
            .collect();
        match found[..] {
            [] => {}
            [only] => return (Decision::Answer(only), Rule::ExactPhrasing),
            _ => return (Decision::Ambiguous(found), Rule::SharedPhrasing),
        }
    }
    let Some(best) = matches.first() else {
        return (Decision::NoMatch, Rule::NothingToCompare);
    };
    if crisis {
        return (Decision::Answer(0), Rule::Crisis);
    }
    if out_of_scope(best.entry) {
        return (Decision::NoMatch, Rule::OutOfScope);
    }
    if best.cosine < policy.floor(best) {
        return (Decision::NoMatch, Rule::BelowThreshold);
    }
    let (answer, ask, rules) = match confidence {
        Some(confidence) => {
            let needed = policy.needed(own_min_confidence, best.cosine);
            let answer = confidence >= needed;
            let ask = confidence >= policy.ask_confidence.min(needed);
            (answer, ask, [Rule::Confident, Rule::Unsure, Rule::NotConfident])
        }
        None => {
            let close = matches.get(1).is_some_and(|next| {
                let below = best.score - next.score;
                below < policy.margin || below == 0.0
            });
            (!close, true, [Rule::ClearBest, Rule::CloseMatches, Rule::BelowThreshold])
        }
    };
    let [answered, asked, refused] = rules;
    let least = if guard == Some(Guard::Generic) { 2 } else { 1 };
    let choices = choices(matches, out_of_scope, least);
    // Someone in danger is answered, with a "not" in the message or without.
    let guard = guard.filter(|_| !urgent);
    match (answer, guard) {
        (true, None) => (Decision::Answer(0), answered),
        (true, Some(guard)) => {
            let rule = match guard {
                Guard::Polarity => Rule::OppositePhrasing,
                Guard::Generic => Rule::GenericQuery,
                Guard::Exchanged => Rule::ExchangedWord,
            };
            (choices.map_or(Decision::NoMatch, Decision::Ambiguous), rule)
        }
        (false, _) if ask => match choices {
            Some(choices) => (Decision::Ambiguous(choices), asked),
            None => (Decision::NoMatch, refused),
        },
        (false, _) => (Decision::NoMatch, refused),
    }
}

/// What is offered: of matches that were read, the best and those that the reader holds for nearly as likely; of others
/// the best two, and the third where it is near. `None` where there are fewer than `least`.
pub fn choices(matches: &[Match], out_of_scope: &dyn Fn(usize) -> bool, least: usize) -> Option<Vec<usize>> {
    let in_scope = (0..matches.len()).filter(|&at| !out_of_scope(matches[at].entry));
    let mut found: Vec<usize> = in_scope.take(Policy::MAX_CHOICES).collect();
    if let Some(best) = matches.first().and_then(|best| best.reader) {
        let kept =
            found.iter().filter(|at| is_as_likely(&matches[**at], best)).count().max(least).min(found.len());
        found.truncate(kept);
        return (found.len() >= least).then_some(found);
    }
    let below = |at: usize| matches[0].score - matches[at].score;
    if found.len() == Policy::MAX_CHOICES && below(found[2]) > Policy::THIRD_CHOICE {
        found.pop();
    }
    (found.len() > 1).then_some(found)
}

/// Whether a match that was read is held for nearly as likely as the best, which has this logit.
pub fn is_as_likely(found: &Match, best: f32) -> bool {
    found.reader.is_some_and(|own| best - own <= Policy::CHOICE_LEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        min_confidence: 0.7,
        ask_confidence: 0.3,
        hint_confidence: 0.2,
        min_cosine: 0.5,
        unread_min_cosine: None,
        margin: 0.05,
    };

    fn matches(scores: &[f32]) -> Vec<Match> {
        scores
            .iter()
            .enumerate()
            .map(|(entry, &score)| Match { entry, score, cosine: score, ..Match::default() })
            .collect()
    }

    fn case<'c>(matches: &'c [Match], confidence: Option<f32>) -> Case<'c> {
        Case {
            matches,
            exact: &[],
            confidence,
            own_min_confidence: None,
            urgent: false,
            guard: None,
            crisis: false,
            out_of_scope: &|_| false,
        }
    }

    #[track_caller]
    fn check(case: Case, decision: Decision, rule: Rule) {
        assert_eq!(decide(&case, &POLICY), (decision, rule));
    }

    #[test]
    fn what_the_reader_takes_for_an_answer_needs_no_words_in_common() {
        let found = |reader| Match { cosine: 0.02, reader, ..Match::default() };
        let floor = |policy: Policy, reader| policy.floor(&found(reader));
        assert_eq!(floor(Policy::CALIBRATED, Some(2.0)), -1.0);
        assert_eq!(floor(Policy::CALIBRATED, Some(-2.0)), Policy::CALIBRATED.min_cosine);
        assert_eq!(Some(floor(Policy::CALIBRATED, None)), Policy::CALIBRATED.unread_min_cosine);
        assert_eq!(floor(Policy::CALIBRATED.with_min_cosine(0.4), Some(2.0)), 0.4);
    }

    #[test]
    fn confidence_decides_between_answer_choices_and_none() {
        let far = matches(&[0.8, 0.6, 0.5]);
        check(case(&far, Some(0.7)), Decision::Answer(0), Rule::Confident);
        check(case(&far, Some(0.69)), Decision::Ambiguous(vec![0, 1]), Rule::Unsure);
        check(case(&far, Some(0.29)), Decision::NoMatch, Rule::NotConfident);
        let near = matches(&[0.8, 0.75, 0.7]);
        check(case(&near, Some(0.5)), Decision::Ambiguous(vec![0, 1, 2]), Rule::Unsure);
        check(case(&matches(&[0.4, 0.3]), Some(0.99)), Decision::NoMatch, Rule::BelowThreshold);
        check(case(&matches(&[0.8]), Some(0.5)), Decision::NoMatch, Rule::NotConfident);
        check(case(&[], Some(0.5)), Decision::NoMatch, Rule::NothingToCompare);
    }

    #[test]
    fn an_entry_may_answer_at_a_confidence_of_its_own() {
        let matches = matches(&[0.8, 0.6]);
        let own = |needed, confidence| Case {
            own_min_confidence: Some(needed),
            ..case(&matches, Some(confidence))
        };
        check(own(0.1, 0.15), Decision::Answer(0), Rule::Confident);
        check(own(0.1, 0.05), Decision::NoMatch, Rule::NotConfident);
        check(own(0.95, 0.9), Decision::Ambiguous(vec![0, 1]), Rule::Unsure);
    }

    #[test]
    fn a_guard_turns_an_answer_into_choices() {
        let all = matches(&[0.8, 0.6]);
        let guarded = |confidence, guard| Case { guard: Some(guard), ..case(&all, Some(confidence)) };
        check(guarded(0.9, Guard::Polarity), Decision::Ambiguous(vec![0, 1]), Rule::OppositePhrasing);
        check(guarded(0.9, Guard::Generic), Decision::Ambiguous(vec![0, 1]), Rule::GenericQuery);
        check(guarded(0.1, Guard::Polarity), Decision::NoMatch, Rule::NotConfident);
        let one = matches(&[0.8]);
        check(
            Case { guard: Some(Guard::Polarity), ..case(&one, Some(0.9)) },
            Decision::NoMatch,
            Rule::OppositePhrasing,
        );
        check(
            Case { exact: &[0], ..guarded(0.9, Guard::Polarity) },
            Decision::Answer(0),
            Rule::ExactPhrasing,
        );
    }

    #[test]
    fn what_is_out_of_scope_is_no_answer_and_no_choice() {
        let all = matches(&[0.8, 0.7, 0.69, 0.68]);
        let foil = |entry: usize| move |at: usize| at == entry;
        let (first, second) = (foil(0), foil(1));
        let with = |out_of_scope, confidence| Case { out_of_scope, ..case(&all, Some(confidence)) };
        check(with(&first, 0.99), Decision::NoMatch, Rule::OutOfScope);
        check(with(&second, 0.9), Decision::Answer(0), Rule::Confident);
        check(with(&second, 0.5), Decision::Ambiguous(vec![0, 2, 3]), Rule::Unsure);
        check(Case { exact: &[0], ..with(&first, 0.9) }, Decision::NoMatch, Rule::OutOfScope);
        let crisis = Case { crisis: true, ..with(&second, 0.1) };
        check(crisis, Decision::Answer(0), Rule::Crisis);
        check(Case { exact: &[2], ..crisis }, Decision::Answer(2), Rule::ExactPhrasing);
        check(Case { exact: &[0, 1], ..with(&first, 0.9) }, Decision::Answer(1), Rule::ExactPhrasing);
    }

    #[test]
    fn without_confidence_the_cosine_and_the_margin_decide() {
        check(case(&matches(&[0.8, 0.6]), None), Decision::Answer(0), Rule::ClearBest);
        check(case(&matches(&[0.5]), None), Decision::Answer(0), Rule::ClearBest);
        check(case(&matches(&[0.49, 0.2]), None), Decision::NoMatch, Rule::BelowThreshold);
        check(case(&matches(&[0.8, 0.76, 0.4]), None), Decision::Ambiguous(vec![0, 1]), Rule::CloseMatches);
        let policy = Policy { margin: 0.0, ..POLICY };
        let tied = matches(&[0.8, 0.8]);
        assert_eq!(decide(&case(&tied, None), &policy).0, Decision::Ambiguous(vec![0, 1]));
    }

    #[test]
    fn an_exact_phrasing_answers_at_once() {
        let all = matches(&[0.8, 0.79]);
        check(Case { exact: &[1], ..case(&all, Some(0.1)) }, Decision::Answer(1), Rule::ExactPhrasing);
        check(
            Case { exact: &[0, 1], ..case(&all, Some(0.9)) },
            Decision::Ambiguous(vec![0, 1]),
            Rule::SharedPhrasing,
        );
    }

    #[test]
    fn thresholds_outside_their_range_are_refused() {
        assert!(POLICY.checked().is_ok());
        for wrong in [
            Policy { min_cosine: 1.1, ..POLICY },
            Policy { min_cosine: f32::NAN, ..POLICY },
            Policy { margin: -0.1, ..POLICY },
            Policy { min_confidence: 1.5, ..POLICY },
            Policy { ask_confidence: -0.5, ..POLICY },
        ] {
            assert!(wrong.checked().is_err());
        }
    }
}
