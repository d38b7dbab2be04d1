//! The weights of the signals: a grid on the calibration files, and what each signal earns.

use faqbot::matching::signals::{WEIGHTS, Weights};

use crate::Measured;
use crate::asked::Asked;
use crate::data::FAMILIES;
use crate::tables::{header, line};

/// Prints both.
pub fn print_weights(measured: &[Measured]) {
    println!("## Weights of the signals\n\nTop-1 in scope on the calibration files, mean over families:\n");
    let families = FAMILIES;
    let by_family = |score: &dyn Fn(&Asked) -> f64| -> f64 {
        let mean = |family: &&str| {
            let values: Vec<f64> = measured
                .iter()
                .filter(|own| own.set.family == *family)
                .map(|own| score(&own.calibration))
                .collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        families.iter().map(mean).sum::<f64>() / families.len() as f64
    };
    let mut candidates: Vec<Weights> = Vec::new();
    for centroid in [0.5, 1.0, 1.5] {
        for lexical in [0.2, 0.4, 0.6] {
            for ridge in [0.0, 0.3, 0.6] {
                for answer in [0.0, 0.25, 0.5, 0.8] {
                    let weights = Weights { phrasing: 1.0, centroid, lexical, ridge, answer };
                    candidates.push(weights);
                }
            }
        }
    }
    // For each candidate, each set's accuracy; then the means over families.
    let accuracies: Vec<Vec<f64>> = candidates
        .iter()
        .map(|weights| measured.iter().map(|own| own.calibration.top1(weights)).collect())
        .collect();
    let mean_without = |left_out: &str, row: &[f64]| -> f64 {
        let of = |family: &&&str| {
            let own: Vec<f64> = measured
                .iter()
                .zip(row)
                .filter(|(own, _)| own.set.family == **family)
                .map(|(_, value)| *value)
                .collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let kept: Vec<f64> =
            families.iter().filter(|family| **family != left_out).map(|family| of(&family)).collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    let best_without = |left_out: &str| {
        let best = (0..accuracies.len()).max_by(|&a, &b| {
            mean_without(left_out, &accuracies[a])
                .total_cmp(&mean_without(left_out, &accuracies[b]))
                .then(b.cmp(&a))
        });
        candidates[best.expect("candidates")]
    };
    let mut grid: Vec<(f64, Weights)> =
        accuracies.iter().zip(&candidates).map(|(row, weights)| (mean_without("", row), *weights)).collect();
    grid.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (value, weights) in grid.iter().take(5) {
        println!("{:.2} %  {weights:?}", value * 100.0);
    }
    println!("{:.2} %  in use: {WEIGHTS:?}", by_family(&|asked| asked.top1(&WEIGHTS)) * 100.0);

    println!("\nAblation, top-1 in scope on the test queries, %:\n");
    let none = Weights { phrasing: 0.0, centroid: 0.0, lexical: 0.0, ridge: 0.0, answer: 0.0 };
    header("");
    let row = |name: &str, top1: &dyn Fn(&Asked) -> f64| {
        line(name, measured.iter().map(|own| 100.0 * top1(&own.test)), 1);
    };
    row("plain cosine", &|asked| asked.cosine_top1());
    row("all signals", &|asked| asked.top1(&WEIGHTS));
    line(
        "weights of the grid without the set's family",
        measured.iter().map(|own| 100.0 * own.test.top1(&best_without(own.set.family))),
        1,
    );
    for (name, weights) in [
        ("without phrasing", Weights { phrasing: 0.0, ..WEIGHTS }),
        ("without centroid", Weights { centroid: 0.0, ..WEIGHTS }),
        ("without lexical", Weights { lexical: 0.0, ..WEIGHTS }),
        ("without ridge", Weights { ridge: 0.0, ..WEIGHTS }),
        ("without answer", Weights { answer: 0.0, ..WEIGHTS }),
        ("phrasing only", Weights { phrasing: 1.0, ..none }),
        ("phrasing and centroid", Weights { phrasing: 1.0, centroid: 1.0, ..none }),
    ] {
        row(name, &|asked| asked.top1(&weights));
    }
}

/// Prints how often the right entry is first by the score's weight beside the reader's logit, and how often it is read.
pub fn print_order(measured: &[Measured], people: [&[Asked]; 2]) {
    println!(
        "\n## Order\n\nThe right entry first, % in scope on the calibration files, by what the score counts beside the logit;"
    );
    println!(
        "what people ask for the fit, by their own questions and with other phrasings or without answers:\n"
    );
    header("");
    let of_people = |value: &dyn Fn(&Asked) -> f64| {
        let mean = |part: &[Asked]| 100.0 * part.iter().map(value).sum::<f64>() / part.len().max(1) as f64;
        println!("people: {:.2} {:.2}", mean(people[0]), mean(people[1]));
    };
    for weight in [0.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0, 24.0, 32.0] {
        let value = |asked: &Asked| asked.top1_read(weight);
        line(&format!("{weight}"), measured.iter().map(|own| 100.0 * value(&own.calibration)), 1);
        of_people(&value);
    }
    line("by score alone", measured.iter().map(|own| 100.0 * own.calibration.top1(&WEIGHTS)), 1);
    of_people(&|asked| asked.top1(&WEIGHTS));
    line("read", measured.iter().map(|own| 100.0 * own.calibration.read()), 1);
    of_people(&Asked::read);
}
