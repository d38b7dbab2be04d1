//! Fits what tells messages of people in danger from others, and measures it.
//!
//! ```console
//! $ cargo run --release -p faqbot-train --bin crisis              # prints the figures
//! $ cargo run --release -p faqbot-train --bin crisis -- --write   # writes crates/faqbot-core/src/matching/crisis.json too
//! ```
//!
//! Fitted to `data/crisis.jsonl`, the phrasings of `data/therapy.yaml` and the half of `data/messages.jsonl` that is
//! not for tests; the threshold is chosen by cross-validation, and the other half is only measured on.

use std::path::Path;

use faqbot::Faq;
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, Role};
use faqbot::matching::crisis::{BUCKETS, Classifier, pieces};
use faqbot::matching::metrics::auroc;
use faqbot::quality::eval::load_queries;
use rayon::prelude::*;

/// The strength of the penalty on squared weights, of the mean loss. Chosen by cross-validation.
const PENALTY: f32 = 2e-5;

/// Steps of the descent; the loss hardly falls after them.
const STEPS: usize = 3000;

const FOLDS: usize = 5;

/// At most this share of the other messages may be taken for a crisis, in cross-validation. They are figures of speech
/// with the words of people in danger for a third, which nobody writes that often; and one who is in danger and gets
/// no help is worse than a helpline that nobody asked for.
const FALSE_ALARMS: f64 = 0.03;

struct Message {
    text: String,
    kind: String,
    crisis: bool,
    vector: Vec<f32>,
    pieces: Vec<(usize, f32)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let write = std::env::args().any(|argument| argument == "--write");
    let mut texts: Vec<(String, String, bool)> = Vec::new();
    for line in std::fs::read_to_string("data/crisis.jsonl")?.lines() {
        let message: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        texts.push((field("text"), field("kind"), field("kind") == "crisis"));
    }
    let faq = Faq::read(&std::fs::read("data/therapy.yaml")?, Path::new("data/therapy.yaml"))?.faq;
    for entry in &faq.entries {
        let kind = if entry.crisis { "crisis" } else { "faq" };
        texts.extend(entry.phrasings.iter().map(|text| (text.clone(), kind.to_owned(), entry.crisis)));
    }
    for labelled in load_queries(Path::new("data/messages.jsonl"))? {
        let kind = labelled.kind.unwrap_or_default();
        let crisis = kind.starts_with("crisis");
        texts.push((labelled.query, kind, crisis));
    }
    // The FAQ's own test queries are measured too.
    for labelled in load_queries(Path::new("data/therapy.queries.jsonl"))? {
        let of = |id: &String| faq.position(id).is_some_and(|at| faq.entries[at].crisis);
        let crisis = labelled.expected.as_ref().is_some_and(of);
        texts.push((labelled.query, "queries_test".into(), crisis));
    }
    let slices: Vec<&str> = texts.iter().map(|(text, ..)| text.as_str()).collect();
    let rows = FastEmbedder::bundled()?.embed(Role::Query, &slices, &mut |_| ())?;
    let messages: Vec<Message> = texts
        .into_iter()
        .zip(rows.rows())
        .map(|((text, kind, crisis), row)| Message {
            pieces: pieces(&text),
            vector: row.to_vec(),
            text,
            kind,
            crisis,
        })
        .collect();
    let (test, fit): (Vec<Message>, Vec<Message>) =
        messages.into_iter().partition(|message| message.kind.ends_with("_test"));

    // Every fifth message by a fit to the others.
    let judged: Vec<(f32, &Message)> = (0..FOLDS)
        .into_par_iter()
        .flat_map(|fold| {
            let others: Vec<&Message> =
                fit.iter().enumerate().filter(|(at, _)| at % FOLDS != fold).map(|(_, own)| own).collect();
            let model = train(&others);
            let own = fit.iter().skip(fold).step_by(FOLDS);
            own.map(|message| (model.logit(&message.vector, &message.pieces), message)).collect::<Vec<_>>()
        })
        .collect();
    let shares = |judged: &[(f32, &Message)], least: f32| {
        let share = |crisis: bool| {
            let of: Vec<f32> =
                judged.iter().filter(|(_, own)| own.crisis == crisis).map(|(logit, _)| *logit).collect();
            of.iter().filter(|logit| **logit >= least).count() as f64 / of.len() as f64
        };
        (share(true), share(false))
    };
    let threshold = (-20..60)
        .map(|step| step as f32 / 10.0)
        .find(|&least| shares(&judged, least).1 <= FALSE_ALARMS)
        .unwrap_or(6.0);
    let all: Vec<&Message> = fit.iter().collect();
    let model = Classifier { threshold, ..train(&all) };
    let tested: Vec<(f32, &Message)> =
        test.iter().map(|message| (model.logit(&message.vector, &message.pieces), message)).collect();

    println!(
        "{} messages, {} of them in danger; kept aside {}\n",
        fit.len(),
        fit.iter().filter(|own| own.crisis).count(),
        test.len()
    );
    println!("| taken for a crisis from | cross-validation: crisis | others | kept aside: crisis | others |");
    println!("|---:|---:|---:|---:|---:|");
    for least in [-1.0, 0.0, threshold, 1.0, 2.0, 3.0] {
        let percent =
            |(crisis, others): (f64, f64)| format!("{:.1} % | {:.1} %", 100.0 * crisis, 100.0 * others);
        let chosen = if least == threshold { " (chosen)" } else { "" };
        println!(
            "| {least:.1}{chosen} | {} | {} |",
            percent(shares(&judged, least)),
            percent(shares(&tested, least))
        );
    }
    let labels: Vec<(f64, bool)> =
        judged.iter().map(|(logit, own)| (f64::from(*logit), own.crisis)).collect();
    println!("\nAUROC in cross-validation: {:.3}\n", auroc(&labels).unwrap_or(0.0));
    for kind in ["crisis_test", "figure_test", "insult_test", "other_test", "queries_test"] {
        for crisis in [true, false] {
            let of: Vec<f32> = tested
                .iter()
                .filter(|(_, own)| own.kind == kind && own.crisis == crisis)
                .map(|(logit, _)| *logit)
                .collect();
            if !of.is_empty() {
                let taken = of.iter().filter(|logit| **logit >= threshold).count();
                println!(
                    "{kind}{}: {taken} of {} taken for a crisis",
                    if crisis { ", in danger" } else { "" },
                    of.len()
                );
            }
        }
    }
    // The fit's own, so that nothing is learned of those kept aside.
    println!("\nthe worst in cross-validation:");
    let mut wrong: Vec<&(f32, &Message)> =
        judged.iter().filter(|(logit, own)| own.crisis != (*logit >= threshold)).collect();
    wrong.sort_by(|a, b| (b.0 - threshold).abs().total_cmp(&(a.0 - threshold).abs()));
    for (logit, message) in wrong.into_iter().take(20) {
        println!("  {logit:+.1} {}: {}", message.kind, message.text);
    }
    if write {
        let round = |weights: &[f32]| -> Vec<f32> {
            weights.iter().map(|weight| (weight * 1e3).round() / 1e3).collect()
        };
        let rounded = Classifier {
            constant: round(&[model.constant])[0],
            vector: round(&model.vector),
            pieces: round(&model.pieces),
            threshold,
        };
        std::fs::write(
            "crates/faqbot-core/src/matching/crisis.json",
            serde_json::to_string(&rounded)? + "\n",
        )?;
        println!("\ncrates/faqbot-core/src/matching/crisis.json is written");
    }
    Ok(())
}

/// Logistic regression by accelerated gradient descent (Nesterov); both kinds count the same.
fn train(messages: &[&Message]) -> Classifier {
    let dimension = messages[0].vector.len();
    let size = dimension + 2 * BUCKETS + 1;
    let in_danger = messages.iter().filter(|message| message.crisis).count() as f32;
    let weight = |crisis: bool| {
        let of_kind = if crisis { in_danger } else { messages.len() as f32 - in_danger };
        0.5 / of_kind
    };
    // The curvature is at most a quarter of the greatest squared length: 1 for the vector, 1 for each kind of piece
    // and 1 for the constant.
    let rate = 1.0;
    let (mut own, mut before) = (vec![0.0f32; size], vec![0.0f32; size]);
    for step in 0..STEPS {
        let momentum = step as f32 / (step as f32 + 3.0);
        let ahead: Vec<f32> =
            own.iter().zip(&before).map(|(own, before)| own + momentum * (own - before)).collect();
        let mut gradient: Vec<f32> = ahead.iter().map(|weight| PENALTY * weight).collect();
        gradient[size - 1] = 0.0;
        for message in messages {
            let of_vector: f32 =
                message.vector.iter().zip(&ahead).map(|(value, weight)| value * weight).sum();
            let of_pieces: f32 =
                message.pieces.iter().map(|&(at, value)| ahead[dimension + at] * value).sum();
            let logit = of_vector + of_pieces + ahead[size - 1];
            let wrong = 1.0 / (1.0 + (-logit).exp()) - f32::from(u8::from(message.crisis));
            let pull = weight(message.crisis) * wrong;
            for (gradient, value) in gradient.iter_mut().zip(&message.vector) {
                *gradient += pull * value;
            }
            for &(at, value) in &message.pieces {
                gradient[dimension + at] += pull * value;
            }
            gradient[size - 1] += pull;
        }
        let next = ahead.iter().zip(&gradient).map(|(weight, gradient)| weight - rate * gradient).collect();
        before = std::mem::replace(&mut own, next);
    }
    Classifier {
        threshold: 0.0,
        constant: own[size - 1],
        vector: own[..dimension].to_vec(),
        pieces: own[dimension..size - 1].to_vec(),
    }
}
