//! Calibration without labels: how many of the questions that are really asked find their entry.
//!
//! A confidence is a probability among questions like those of the fit. Where more, or fewer, of the questions that
//! are asked have an answer in the FAQ, all confidences are off by the same log odds. The share is estimated from the
//! confidences of unlabelled questions alone, by expectation maximisation (Saerens, Latinne and Decaestecker, 2002,
//! "Adjusting the Outputs of a Classifier to New a Priori Probabilities"), with the share of the fit as half of the
//! evidence: taken alone, the estimate overshoots where the confidences of a FAQ are off for another reason.
//!
//! On the public sets (`cargo run --release -p faqbot-train --bin fit -- DATA`, families left out, November 2026) the calibration
//! error falls from .085 to .078 that way, to .076 with the true share, and rises to .111 by the estimate alone;
//! where 80 % of the questions find their entry it falls from .157 to .101, where 10 % do from .247 to .210, and
//! where 40 % do it rises from .097 to .110.

use faqbot_embed::Embedder;

use super::calibration::MIN_QUERIES;
use crate::bot::{Bot, Verdict};
use crate::matching::confidence::{Calibration, SHIPPED, shipped_share};
use crate::matching::decision::Policy;
use crate::matching::logistic::sigmoid;

/// What was found from questions without labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// The share of the questions whose best entry is right, in `0..=1`.
    pub share: f64,
    /// The same from every other question, and from the rest: how far to trust it.
    pub halves: [f64; 2],
    /// The same among the queries of the fit.
    pub before: f64,
    /// The shipped confidence, shifted.
    pub calibration: Calibration,
    /// The policy with the wanted rate of wrong answers. No answer needs less than a question back does with what ships:
    /// where most questions are out of scope, few wrong answers of all may still be most of those given.
    pub policy: Policy,
    /// Whether that rate can be had at all.
    pub reachable: bool,
    /// Answered and wrongly answered of all, as the confidences promise, with what ships and with the shift.
    pub promised: [Promised; 2],
}

/// What confidences promise. No label says whether it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promised {
    /// Answered, of all.
    pub answered: f64,
    /// Wrong answers, of all.
    pub wrong: f64,
}

/// The log odds of the replies as the shipped confidence has them, and whether each is answered where the confidence
/// allows it. Exact phrasings are left out.
pub fn logits<E: Embedder>(bot: &Bot<E>, replies: &[Verdict]) -> Vec<(f64, bool)> {
    let compared = replies.iter().filter(|verdict| verdict.rule.hangs_on_confidence());
    compared
        .filter_map(|verdict| {
            let best = verdict.matches.first()?;
            let logit = Calibration::new(SHIPPED).logit_of(&verdict.features?);
            let entry = bot.entry(best);
            let held_back = entry.out_of_scope || (verdict.guard.is_some() && !entry.urgent);
            Some((logit, !held_back && best.cosine >= Policy::CALIBRATED.floor(best)))
        })
        .collect()
}

/// Estimates the share and chooses a policy; `None` for fewer than [`MIN_QUERIES`] questions.
pub fn estimate(questions: &[(f64, bool)], max_wrong: f64) -> Option<Estimated> {
    if questions.len() < MIN_QUERIES {
        return None;
    }
    let logits: Vec<f64> = questions.iter().map(|(logit, _)| *logit).collect();
    let before = shipped_share();
    let share = share(&logits, before);
    let half = |first: usize| {
        let half: Vec<f64> = logits.iter().skip(first).step_by(2).copied().collect();
        self::share(&half, before)
    };
    let shift = log_odds(share) - log_odds(before);
    let promise = |shift: f64, least: f64| {
        let all = questions.iter().filter(|(_, answerable)| *answerable);
        let confidences = all.map(|(logit, _)| sigmoid(logit + shift));
        let answered: Vec<f64> = confidences.filter(|confidence| *confidence >= least).collect();
        let of_all = |sum: f64| sum / questions.len() as f64;
        Promised {
            answered: of_all(answered.len() as f64),
            wrong: of_all(answered.iter().fold(0.0, |sum, confidence| sum + 1.0 - confidence)),
        }
    };
    let shipped = Policy::CALIBRATED;
    let from = (shipped.ask_confidence * 100.0).round() as u8;
    let keeps = |hundredth: &u8| promise(shift, f64::from(*hundredth) / 100.0).wrong <= max_wrong;
    let least = (from..=99).find(keeps);
    let min_confidence = f32::from(least.unwrap_or(99)) / 100.0;
    let policy =
        Policy { min_confidence, ask_confidence: shipped.ask_confidence.min(min_confidence), ..shipped };
    Some(Estimated {
        share,
        halves: [half(0), half(1)],
        before,
        calibration: Calibration::new(SHIPPED).with(1.0, shift),
        policy,
        reachable: least.is_some(),
        promised: [
            promise(0.0, f64::from(shipped.min_confidence)),
            promise(shift, f64::from(policy.min_confidence)),
        ],
    })
}

/// The share of right ones among questions with these log odds, where the share among those that the log odds were
/// fitted to is `before`, which counts as much as all the questions.
pub fn share(logits: &[f64], before: f64) -> f64 {
    /// The estimate moves by less than a thousandth long before.
    const STEPS: usize = 200;
    let count = logits.len().max(1) as f64;
    let mut share = before;
    for _ in 0..STEPS {
        let shift = log_odds(share) - log_odds(before);
        let mean = logits.iter().map(|logit| sigmoid(logit + shift)).sum::<f64>() / count;
        share = (mean + before) / 2.0;
    }
    share
}

fn log_odds(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log odds of right and wrong ones that are one standard deviation to either side of 0, where as many are right
    /// as wrong: the log odds are then twice the value.
    fn logits(right: usize, wrong: usize) -> Vec<f64> {
        let spread = |count: usize, mean: f64| {
            (0..count).map(move |at| {
                let quantile = (at as f64 + 0.5) / count as f64;
                // The logistic distribution with the variance of the normal one, near enough.
                2.0 * (mean + (quantile / (1.0 - quantile)).ln() * 0.551)
            })
        };
        spread(right, 1.0).chain(spread(wrong, -1.0)).collect()
    }

    #[test]
    fn the_share_moves_towards_the_true_one_without_labels() {
        for (right, wrong) in [(500, 500), (200, 800), (850, 150)] {
            let found = share(&logits(right, wrong), 0.5);
            let half_way = (right as f64 / (right + wrong) as f64 + 0.5) / 2.0;
            assert!((found - half_way).abs() < 0.06, "{half_way}: {found}");
        }
    }

    #[test]
    fn few_questions_say_nothing_and_a_policy_keeps_its_promise() {
        let few: Vec<(f64, bool)> = logits(10, 10).into_iter().map(|logit| (logit, true)).collect();
        assert_eq!(estimate(&few, 0.05), None);
        let many: Vec<(f64, bool)> = logits(100, 300).into_iter().map(|logit| (logit, true)).collect();
        let found = estimate(&many, 0.05).unwrap();
        assert!(found.promised[1].wrong <= 0.05 && found.calibration.shift < 0.0, "{found:?}");
        assert!(found.policy.ask_confidence <= found.policy.min_confidence);
    }
}
