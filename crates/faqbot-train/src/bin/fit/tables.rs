//! Lines of the tables that are printed.

use faqbot::Policy;
use faqbot::matching::metrics::{auroc, calibration_error};
use faqbot::quality::calibration::Scored;

use crate::asked::Asked;
use crate::data::SETS;

/// A line of the table of minimal pairs.
pub fn pairs_line<'a>(name: &str, rows: impl Iterator<Item = (&'a Asked, Vec<Scored>)>, threshold: f64) {
    let all: Vec<(String, Scored)> = rows
        .flat_map(|(asked, scored)| {
            let kinds = asked.queries.iter().map(|labelled| labelled.kind.clone().unwrap_or_default());
            kinds.zip(scored).collect::<Vec<_>>()
        })
        .collect();
    let share = |kind: &str, wanted: &dyn Fn(&Scored) -> bool| {
        let of_kind: Vec<&Scored> =
            all.iter().filter(|(own, _)| own == kind).map(|(_, scored)| scored).collect();
        100.0 * of_kind.iter().filter(|scored| wanted(scored)).count() as f64 / of_kind.len().max(1) as f64
    };
    let answered = |scored: &Scored| scored.confidence >= threshold;
    let rightly = |scored: &Scored| answered(scored) && scored.right;
    let against: Vec<(f64, bool)> = all
        .iter()
        .filter(|(kind, scored)| kind == "near_miss" || (kind != "other" && scored.right))
        .map(|(kind, scored)| (scored.confidence, kind != "near_miss"))
        .collect();
    println!(
        "| {name} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.3} |",
        share("near_miss", &answered),
        share("paraphrase", &rightly),
        share("close", &rightly),
        share("typo", &rightly),
        share("other", &answered),
        auroc(&against).unwrap_or(0.0)
    );
}

/// The head of the table of what people ask.
pub fn people_header() {
    println!(
        "| | right first: p | c | AUROC | answered: p | c | near misses | others | wrong, % of all | offered or answered: p | others asked back | at 5 % wrong: p and c | p | near misses | calibration error |"
    );
    println!("|---|{}", "---:|".repeat(14));
}

/// A line of it.
pub fn people_line<'a>(name: &str, rows: impl Iterator<Item = (&'a Asked, Vec<Scored>)>, policy: &Policy) {
    let all: Vec<(String, Scored)> = rows
        .flat_map(|(asked, scored)| {
            let kinds = asked.queries.iter().map(|labelled| labelled.kind.clone().unwrap_or_default());
            kinds.zip(scored).collect::<Vec<_>>()
        })
        .collect();
    let share = |kinds: &[&str], wanted: &dyn Fn(&Scored) -> bool| {
        let of_kind: Vec<&Scored> =
            all.iter().filter(|(own, _)| kinds.contains(&own.as_str())).map(|(_, scored)| scored).collect();
        100.0 * of_kind.iter().filter(|scored| wanted(scored)).count() as f64 / of_kind.len().max(1) as f64
    };
    let labelled: Vec<(f64, bool)> =
        all.iter().map(|(_, scored)| (scored.confidence, scored.right)).collect();
    let least = f64::from(policy.min_confidence);
    let answered = |scored: &Scored| scored.confidence >= least;
    let rightly = |scored: &Scored| answered(scored) && scored.right;
    let asked_back =
        |scored: &Scored| !answered(scored) && scored.confidence >= f64::from(policy.ask_confidence);
    let every = ["paraphrase", "close", "near_miss", "other"];
    // The threshold where one in twenty of all gets a wrong answer.
    let mut order: Vec<&Scored> = all.iter().map(|(_, scored)| scored).collect();
    order.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut wrong, mut at_five) = (0, 1.0);
    for scored in order {
        wrong += usize::from(!scored.right);
        if wrong * 20 > all.len() {
            break;
        }
        at_five = scored.confidence;
    }
    let at_five_rightly = |scored: &Scored| scored.confidence >= at_five && scored.right;
    println!(
        "| {name} | {:.1} | {:.1} | {:.3} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.3} |",
        share(&["paraphrase"], &|scored| scored.right),
        share(&["close"], &|scored| scored.right),
        auroc(&labelled).unwrap_or(0.0),
        share(&["paraphrase"], &rightly),
        share(&["close"], &rightly),
        share(&["near_miss"], &answered),
        share(&["other"], &answered),
        share(&every, &|scored| answered(scored) && !scored.right),
        share(&["paraphrase"], &|scored| rightly(scored) || (asked_back(scored) && scored.offered_right)),
        share(&["near_miss", "other"], &asked_back),
        share(&["paraphrase", "close"], &at_five_rightly),
        share(&["paraphrase"], &at_five_rightly),
        share(&["near_miss"], &|scored| scored.confidence >= at_five),
        calibration_error(&labelled),
    );
}

pub fn header(first: &str) {
    let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
    println!("| {first} | {} | mean |\n|---|{}", names.join(" | "), "---:|".repeat(SETS.len() + 1));
}

/// A line of a table of the sets; their mean is over those that have a value.
pub fn line(name: &str, values: impl Iterator<Item = f64>, digits: usize) {
    let values: Vec<f64> = values.collect();
    let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let cells: Vec<String> = values
        .iter()
        .map(|value| if value.is_nan() { "-".into() } else { format!("{value:.digits$}") })
        .collect();
    println!("| {name} | {} | {mean:.*} |", cells.join(" | "), digits + 1);
}
