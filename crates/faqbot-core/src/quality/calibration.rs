//! Calibration on a FAQ's own labelled queries: fitting it, and what it is worth.

use faqbot_embed::Embedder;

use super::eval::{LabelledQuery, top1};
use crate::bot::{Bot, Verdict};
use crate::matching::confidence::{Calibration, SHIPPED, inputs, shipped_trees};
use crate::matching::decision::Policy;
use crate::matching::decision::choices;
use crate::matching::logistic::{Labelled, sigmoid};
use crate::matching::metrics::{auroc, calibration_error};

/// Fewer labelled queries than this say too little.
pub const MIN_QUERIES: usize = 30;

/// Fewer than this of either kind (best entry right, best entry not right) say too little.
pub const MIN_OF_A_KIND: usize = 5;

/// Parts of the cross-validation.
const FOLDS: usize = 5;

/// A fitted calibration and what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Scale and shift of the confidence.
    pub calibration: Calibration,
    /// The policy: the wanted rate of wrong answers, and choices that hold a right entry every other
    /// time.
    pub policy: Policy,
    /// Whether that rate can be had at all; if not, the policy is the most careful one.
    pub reachable: bool,
    /// Measured on queries that the fit had not seen (5-fold cross-validation).
    pub measured: Measured,
    /// The same queries with what the bot had before.
    pub before: Measured,
}

/// Rates with their 95 % intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Wrong answers, of all queries.
    pub wrong_answers: Interval,
    /// Answered, of all queries.
    pub coverage: Interval,
    /// The expected calibration error; `None` without confidence.
    pub calibration_error: Option<Interval>,
    /// AUROC of the confidence, right against the rest.
    pub auroc: Option<Interval>,
}

/// An estimate and the interval that holds it in 95 of 100 resamplings of the queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Why nothing was fitted: what is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; nothing was changed")]
pub struct TooLittle(String);

/// A labelled query as the fit sees it.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The inputs of the confidence, and whether the best entry is right.
    pub row: Labelled,
    /// Whether the FAQ has an answer to it.
    pub in_scope: bool,
    /// The part of the cross-validation that it is in.
    pub fold: usize,
    /// Whether a right entry is among the choices that would be offered.
    pub offered_right: bool,
    /// Whether it is answered where the confidence allows it: no guard, and no cosine below the
    /// floor.
    pub answerable: bool,
    /// What the best entry itself asks for, where it does.
    pub own_min_confidence: Option<f32>,
    /// What the bot gives without the fit: answered, and the confidence.
    pub answered_before: bool,
    /// See `answered_before`.
    pub confidence_before: Option<f64>,
}

impl Case {
    /// Whether the query is answered with this confidence under a policy.
    fn is_answered(&self, confidence: f64, policy: &Policy) -> bool {
        let needed = self.own_min_confidence.unwrap_or(policy.min_confidence);
        self.answerable && confidence >= f64::from(needed)
    }
}

/// The cases of replies to labelled queries. Replies without features (nothing to compare) and to
/// exact phrasings are left out: they do not hang on confidence.
pub fn cases<E: Embedder>(bot: &Bot<E>, queries: &[LabelledQuery], replies: &[Verdict]) -> Vec<Case> {
    let rows = queries.iter().zip(replies).filter_map(|(labelled, verdict)| {
        if !verdict.rule.hangs_on_confidence() {
            return None;
        }
        let out_of_scope = |at: usize| bot.faq().entries[at].out_of_scope;
        let offered = choices(&verdict.matches, &out_of_scope, 1).unwrap_or_default();
        let best = verdict.matches.first().map(|best| bot.entry(best));
        let features = verdict.features?;
        Some(Case {
            row: Labelled {
                inputs: inputs(shipped_trees(&features), &features),
                right: top1(bot, labelled, verdict),
                weight: 1.0,
            },
            in_scope: labelled.in_scope(),
            fold: 0,
            offered_right: offered
                .into_iter()
                .any(|at| labelled.accepts(bot.entry(&verdict.matches[at]).id.as_str())),
            answerable: !best.is_some_and(|best| best.out_of_scope)
                && (verdict.guard.is_none() || best.is_some_and(|best| best.urgent))
                && verdict.matches.first().is_some_and(|best| best.cosine >= Policy::CALIBRATED.floor(best)),
            // As the decision hears it.
            own_min_confidence: best.zip(verdict.matches.first()).and_then(|(entry, found)| {
                let policy = Policy::CALIBRATED;
                entry.min_confidence.filter(|own| policy.needed(Some(*own), found.cosine) == *own)
            }),
            answered_before: verdict.answer().is_some(),
            confidence_before: verdict.confidence.map(f64::from),
        })
    });
    let mut cases: Vec<Case> = rows.collect();
    cases.iter_mut().enumerate().for_each(|(at, case)| case.fold = at % FOLDS);
    cases
}

/// The cases as if this share of them were out of scope: those of either kind are repeated, each
/// counting less, so that all together count as many as before.
///
/// # Errors
///
/// There are none of a kind that is to have a share.
pub fn assume_share(cases: &[Case], out_of_scope: f64) -> std::result::Result<Vec<Case>, TooLittle> {
    /// How often a case in scope is repeated: the share is met to about a fortieth of a case.
    const REPEATS: usize = 40;
    let inside = cases.iter().filter(|case| case.in_scope).count();
    let outside = cases.len() - inside;
    if (inside == 0 && out_of_scope < 1.0) || (outside == 0 && out_of_scope > 0.0) || out_of_scope >= 1.0 {
        return Err(TooLittle(format!(
            "{inside} queries in scope and {outside} out of scope cannot stand for a share of {:.0} % out of scope",
            out_of_scope * 100.0
        )));
    }
    let wanted = REPEATS as f64 * inside as f64 * out_of_scope / (1.0 - out_of_scope);
    let repeats = (wanted / outside.max(1) as f64).round() as usize;
    let total = REPEATS * inside + repeats * outside;
    let weight = cases.len() as f64 / total as f64;
    let repeated = cases.iter().flat_map(|case| {
        let case = Case { row: Labelled { weight, ..case.row }, ..*case };
        std::iter::repeat_n(case, if case.in_scope { REPEATS } else { repeats })
    });
    Ok(repeated.collect())
}

/// Fits a calibration and chooses a policy with at most `max_wrong` wrong answers of all queries.
///
/// # Errors
///
/// There are too few queries, or they are too one-sided.
pub fn fit(cases: &[Case], max_wrong: f64) -> std::result::Result<Fitted, TooLittle> {
    // Repeated cases count less: together, as many as there are queries.
    let count = |wanted: &dyn Fn(&Case) -> bool| {
        cases.iter().filter(|case| wanted(case)).map(|case| case.row.weight).sum::<f64>().round() as usize
    };
    let all = count(&|_| true);
    let right = count(&|case| case.row.right);
    let rest = all - right;
    if all < MIN_QUERIES {
        let message = format!(
            "{all} labelled queries are too few: at least {MIN_QUERIES} are needed (phrasings of the FAQ itself do not count)"
        );
        return Err(TooLittle(message));
    }
    if right < MIN_OF_A_KIND {
        return Err(TooLittle(format!(
            "only {right} of the queries find their entry; at least {MIN_OF_A_KIND} must: are the labels ids of this FAQ?"
        )));
    }
    if rest < MIN_OF_A_KIND {
        return Err(TooLittle(format!(
            "only {rest} of the queries have no right entry first; at least {MIN_OF_A_KIND} must: add queries that the \
             FAQ does not answer, with \"expected\": null"
        )));
    }
    let rows: Vec<Labelled> = cases.iter().map(|case| case.row).collect();
    let calibration =
        Calibration::adapted(&rows).ok_or_else(|| TooLittle("the labels are of one kind".into()))?;
    let of = |calibration: &Calibration, case: &Case| sigmoid(calibration.logit(&case.row.inputs));
    let scored: Vec<Scored> = cases.iter().map(|case| Scored::new(of(&calibration, case), case)).collect();
    let policy = choose_policy(&scored, max_wrong);

    // Every fifth query is judged by a fit on the other four fifths.
    let mut judged = Vec::with_capacity(cases.len());
    for fold in 0..FOLDS {
        let part = |inside: bool| cases.iter().filter(move |case| (case.fold == fold) == inside);
        let others: Vec<Labelled> = part(false).map(|case| case.row).collect();
        let fitted = Calibration::adapted(&others).unwrap_or(Calibration::new(SHIPPED));
        let seen: Vec<Scored> = part(false).map(|case| Scored::new(of(&fitted, case), case)).collect();
        let chosen = choose_policy(&seen, max_wrong);
        judged.extend(part(true).map(|case| {
            let confidence = of(&fitted, case);
            let answered = case.is_answered(confidence, &chosen);
            Judged { confidence: Some(confidence), answered, right: case.row.right }
        }));
    }
    let before: Vec<Judged> = cases
        .iter()
        .map(|case| Judged {
            confidence: case.confidence_before,
            answered: case.answered_before,
            right: case.row.right,
        })
        .collect();
    let wrong = scored.iter().filter(|query| query.is_wrong_at(f64::from(policy.min_confidence))).count();
    let reachable = wrong as f64 <= max_wrong * cases.len() as f64;
    Ok(Fitted {
        calibration,
        policy,
        reachable,
        measured: measure(&judged, all),
        before: measure(&before, all),
    })
}

/// A query by its confidence.
#[derive(Debug, Clone, Copy)]
pub struct Scored {
    /// The confidence.
    pub confidence: f64,
    /// Whether the best entry is right.
    pub right: bool,
    /// Whether a right entry is among the choices.
    pub offered_right: bool,
    /// Whether it is answered where the confidence allows it.
    pub answerable: bool,
}

impl Scored {
    fn new(confidence: f64, case: &Case) -> Self {
        let Case { row, offered_right, answerable, .. } = *case;
        Scored { confidence, right: row.right, offered_right, answerable }
    }

    /// Whether it gets a wrong answer where answers need this confidence.
    fn is_wrong_at(&self, least: f64) -> bool {
        self.answerable && self.confidence >= least && !self.right
    }
}

/// So many questions may be asked back about for one whose right entry is among the choices: who is asked back loses a
/// glance, who is refused an answer that is there.
const ASKED_BACK_FOR_ONE: usize = 4;

/// The least `min_confidence`, in hundredths, with at most `max_wrong` wrong answers of all queries;
/// and below it the least `ask_confidence` at and above which every band of a twentieth holds a right
/// entry among the choices at least one time in four.
pub fn choose_policy(scored: &[Scored], max_wrong: f64) -> Policy {
    let all = scored.len().max(1) as f64;
    let wrong_at = |hundredth: usize| {
        let least = hundredth as f64 / 100.0;
        scored.iter().filter(|query| query.is_wrong_at(least)).count() as f64 / all
    };
    let min = (5..=99).find(|&hundredth| wrong_at(hundredth) <= max_wrong).unwrap_or(99);
    let mut ask = min;
    while ask >= 10 {
        let (from, to) = ((ask - 5) as f64 / 100.0, ask as f64 / 100.0);
        let band: Vec<&Scored> =
            scored.iter().filter(|query| (from..to).contains(&query.confidence)).collect();
        let held = band.iter().filter(|query| query.offered_right).count();
        if held * ASKED_BACK_FOR_ONE < band.len() {
            break;
        }
        ask -= 5;
    }
    Policy { min_confidence: min as f32 / 100.0, ask_confidence: ask as f32 / 100.0, ..Policy::CALIBRATED }
}

#[derive(Debug, Clone, Copy)]
struct Judged {
    confidence: Option<f64>,
    answered: bool,
    right: bool,
}

/// `count` is the number of queries, which may be fewer than they are repeated here.
fn measure(judged: &[Judged], count: usize) -> Measured {
    let interval = |statistic: &dyn Fn(&[Judged]) -> Option<f64>| -> Option<Interval> {
        interval(judged, count, statistic)
    };
    let share = |wanted: fn(&Judged) -> bool| {
        move |sample: &[Judged]| -> Option<f64> {
            Some(sample.iter().filter(|one| wanted(one)).count() as f64 / sample.len().max(1) as f64)
        }
    };
    let scored = |sample: &[Judged]| -> Option<Vec<(f64, bool)>> {
        sample.iter().map(|one| Some((one.confidence?, one.right))).collect()
    };
    Measured {
        wrong_answers: interval(&share(|one| one.answered && !one.right)).unwrap_or(Interval::UNKNOWN),
        coverage: interval(&share(|one| one.answered)).unwrap_or(Interval::UNKNOWN),
        calibration_error: interval(&|sample| scored(sample).map(|scored| calibration_error(&scored))),
        auroc: interval(&|sample| auroc(&scored(sample)?)),
    }
}

impl Interval {
    const UNKNOWN: Interval = Interval { value: 0.0, low: 0.0, high: 1.0 };
}

/// A statistic with its basic bootstrap interval (Davison and Hinkley 1997): 400 resamplings, the same
/// ones on every run. Resampling adds to a calibration error; the basic interval takes that off again.
fn interval(
    judged: &[Judged],
    count: usize,
    statistic: &dyn Fn(&[Judged]) -> Option<f64>,
) -> Option<Interval> {
    const RESAMPLES: usize = 400;
    let value = statistic(judged)?;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut values: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let sample: Vec<Judged> = (0..count)
                .map(|_| {
                    // A 64-bit linear congruential generator (Knuth's MMIX constants), its high bits.
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    judged[((state >> 33) as usize) % judged.len()]
                })
                .collect();
            statistic(&sample)
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get((values.len() as f64 * share) as usize).copied();
    let mirrored = |share: f64| (2.0 * value - at(share).unwrap_or(value)).clamp(0.0, 1.0);
    Some(Interval { value, low: mirrored(0.975), high: mirrored(0.025) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::matching::logistic::INPUTS;

    /// A query whose confidence rises with the number.
    fn case(confidence_like: f64, right: bool) -> Case {
        let mut inputs = [0.0; INPUTS];
        inputs[0] = 4.0 * confidence_like - 2.0;
        inputs[1] = confidence_like / 3.0;
        let row = Labelled { inputs, right, weight: 1.0 };
        Case {
            row,
            in_scope: right,
            fold: 0,
            offered_right: right,
            answerable: true,
            own_min_confidence: None,
            answered_before: false,
            confidence_before: Some(0.5),
        }
    }

    /// Queries of rising confidence, the surer ones mostly right.
    pub fn cases(count: usize) -> Vec<Case> {
        let cases = (0..count).map(|at| case(at as f64 / count as f64, at * 2 > count + at % 7)).enumerate();
        cases.map(|(at, case)| Case { fold: at % FOLDS, ..case }).collect()
    }

    #[test]
    fn too_little_is_said_and_changes_nothing() {
        let message = |cases: &[Case]| fit(cases, 0.05).unwrap_err().to_string();
        assert!(message(&cases(10)).contains("10 labelled queries are too few"));
        let all_right: Vec<Case> = (0..40).map(|_| case(0.9, true)).collect();
        assert!(message(&all_right).contains("\"expected\": null"));
        let none_right: Vec<Case> = (0..40).map(|_| case(0.9, false)).collect();
        assert!(message(&none_right).contains("are the labels ids of this FAQ?"));
    }

    #[test]
    fn a_fit_keeps_to_the_wanted_rate() {
        let fitted = fit(&cases(200), 0.05).unwrap();
        assert!(fitted.measured.wrong_answers.value <= 0.08, "{fitted:?}");
        assert!(fitted.measured.coverage.low <= fitted.measured.coverage.value);
        assert!(fitted.policy.ask_confidence <= fitted.policy.min_confidence);
    }

    #[test]
    fn another_share_counts_as_many_queries() {
        let cases = cases(200);
        for share in [0.0, 0.1, 0.5, 0.9] {
            let assumed = assume_share(&cases, share).unwrap();
            let weight = |wanted: bool| {
                assumed.iter().filter(|case| case.in_scope == wanted).map(|case| case.row.weight).sum::<f64>()
            };
            assert!((weight(true) + weight(false) - 200.0).abs() < 1e-6);
            assert!((weight(false) / 200.0 - share).abs() < 0.01, "{share}: {}", weight(false));
        }
        assert!(fit(&assume_share(&cases, 0.3).unwrap(), 0.05).is_ok());
        let inside: Vec<Case> = cases.iter().copied().filter(|case| case.in_scope).collect();
        assert!(assume_share(&inside, 0.2).is_err());
    }

    #[test]
    fn the_policy_is_the_least_that_keeps_the_rate() {
        let scored: Vec<Scored> = (0..100)
            .map(|at| Scored {
                confidence: f64::from(at) / 100.0,
                right: at >= 70,
                offered_right: at >= 40,
                answerable: true,
            })
            .collect();
        let policy = choose_policy(&scored, 0.05);
        assert_eq!((policy.min_confidence, policy.ask_confidence), (0.65, 0.4));
        assert_eq!(choose_policy(&scored, 1.0).min_confidence, 0.05);
        assert_eq!(choose_policy(&[], 0.05).min_confidence, 0.05);
    }
}
