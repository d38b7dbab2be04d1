//! Lines of the tables that are printed.

use faqbot::matching::metrics::auroc;
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
