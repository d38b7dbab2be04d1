//! Fits what weighs the readings of a message that leans on the question before it, and measures it.
//!
//! ```console
//! $ cargo run --release -p faqbot-train --bin follow_ups
//! ```
//!
//! Fitted to `tests/conversation/dialogues.fit.jsonl`; thresholds are chosen with each FAQ left out. The other half of
//! the dialogues is only measured on, each message after what was rightly understood of those before it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use faqbot::bot::follow_up::{COUNT, Features, NAMES, Weights};
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::{Bot, Conversation, Embedder, Faq, Setup};
use serde_json::Value;

/// The strength of the penalty on squared weights, of the mean loss. The dialogues are few.
const PENALTY: f64 = 0.02;

const STEPS: usize = 4000;

/// A message that leans, with what may be meant by it.
struct Row {
    faq: String,
    say: String,
    ids: Vec<String>,
    entries: Vec<Features>,
    /// Positions of those that are right; one past them where none is.
    right: Vec<usize>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let embedder: Arc<dyn Embedder> = Arc::new(FastEmbedder::bundled()?);
    let setup = Setup::for_model(embedder.model());
    let mut bots: HashMap<&str, Bot<Arc<dyn Embedder>>> = HashMap::new();
    for name in ["bikes", "dentist", "library", "notes", "prints"] {
        let faq = Faq::load(&Path::new("tests/conversation").join(name).with_extension("yaml"))?.faq;
        bots.insert(name, Bot::new(faq, embedder.clone(), setup, &mut |_| ())?);
    }
    let fit = read("fit", &bots)?;
    let test = read("test", &bots)?;

    let mut judged: Vec<(&Row, Vec<f64>)> = Vec::new();
    for left_out in bots.keys() {
        let others: Vec<&Row> = fit.iter().filter(|row| row.faq != *left_out).collect();
        let model = train(&others);
        let own = fit.iter().filter(|row| row.faq == *left_out);
        judged.extend(own.map(|row| (row, model.probabilities(&row.entries))));
    }
    let model = train(&fit.iter().collect::<Vec<_>>());
    println!("weights ({} messages):", fit.len());
    for (name, weight) in NAMES.iter().zip(model.weights) {
        println!("  {name} {weight:.2}");
    }
    println!("  none {:.2}\n", model.none);
    let tested: Vec<(&Row, Vec<f64>)> =
        test.iter().map(|row| (row, model.probabilities(&row.entries))).collect();
    println!(
        "| answered from | each FAQ left out: right | wrong | kept aside ({}): right | wrong |",
        test.len()
    );
    println!("|---:|---:|---:|---:|---:|");
    for least in [0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7] {
        let [own, aside] = [&judged, &tested].map(|rows| {
            let answered: Vec<bool> =
                rows.iter().filter_map(|(row, shares)| answered(row, shares, least)).collect();
            let share = |right: bool| {
                100.0 * answered.iter().filter(|own| **own == right).count() as f64 / rows.len() as f64
            };
            format!("{:.0} % | {:.0} %", share(true), share(false))
        });
        println!("| {least:.2} | {own} | {aside} |");
    }
    let bins = [0.2, 0.4, 0.6, 0.8, 1.01];
    println!("\nprobability and share of right ones, kept aside:");
    for pair in [0.0].iter().chain(&bins).collect::<Vec<_>>().windows(2) {
        let within: Vec<(f64, bool)> = tested
            .iter()
            .map(|(row, shares)| {
                let best = best(&shares[..row.ids.len()]);
                (shares[best], row.right.contains(&best))
            })
            .filter(|(share, _)| (*pair[0]..*pair[1]).contains(share))
            .collect();
        if !within.is_empty() {
            let mean = within.iter().map(|(share, _)| share).sum::<f64>() / within.len() as f64;
            let right = within.iter().filter(|(_, right)| *right).count();
            println!("  {mean:.2}: {right} of {}", within.len());
        }
    }
    if std::env::args().any(|argument| argument == "--verbose") {
        for (row, shares) in &judged {
            let best = best(&shares[..row.ids.len()]);
            if !row.right.contains(&best) {
                let none = shares[row.ids.len()];
                println!(
                    "{}: {} → {} {:.2}, none {none:.2}; right {:?}",
                    row.faq,
                    row.say,
                    row.ids[best],
                    shares[best],
                    row.right.iter().map(|at| row.ids.get(*at)).collect::<Vec<_>>()
                );
            }
        }
    }
    Ok(())
}

fn best(shares: &[f64]) -> usize {
    (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0)
}

/// Whether the answer is right, where there is one from this probability on.
fn answered(row: &Row, shares: &[f64], least: f64) -> Option<bool> {
    let best = best(&shares[..row.ids.len()]);
    (shares[best] >= least).then(|| row.right.contains(&best))
}

/// The messages that lean.
fn read(
    half: &str,
    bots: &HashMap<&str, Bot<Arc<dyn Embedder>>>,
) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let mut rows = Vec::new();
    for line in std::fs::read_to_string(format!("tests/conversation/dialogues.{half}.jsonl"))?.lines() {
        let dialogue: Value = serde_json::from_str(line)?;
        let name = dialogue["faq"].as_str().unwrap_or_default();
        let bot = &bots[name];
        let mut conversation = Conversation::default();
        for turn in dialogue["turns"].as_array().into_iter().flatten() {
            let say = turn["say"].as_str().unwrap_or_default();
            let expect: Vec<&str> =
                turn["expect"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let leans = turn["leans"].as_bool().unwrap_or(false);
            if leans && let Some((entries, features)) = bot.follow_up_features(say, &conversation)? {
                let ids: Vec<String> =
                    entries.iter().map(|at| bot.faq().entries[*at].id.to_string()).collect();
                let mut right: Vec<usize> =
                    (0..ids.len()).filter(|at| expect.contains(&&*ids[*at])).collect();
                if right.is_empty() {
                    right.push(ids.len());
                }
                rows.push(Row { faq: name.to_owned(), say: say.to_owned(), ids, entries: features, right });
            }
            if let Some(first) = expect.first() {
                let at = bot.faq().position(first).ok_or("an id that there is not")?;
                let question = if leans { bot.faq().entries[at].question() } else { say };
                conversation.question = Some(question.to_owned());
                conversation.entry = Some((*first).to_owned());
            }
        }
    }
    Ok(rows)
}

/// The model of least log loss; a message with several right entries is right with any.
fn train(rows: &[&Row]) -> Weights {
    let mut model = Weights { weights: [0.0; COUNT], none: 1.0 };
    for _ in 0..STEPS {
        let (mut slope, mut slope_none) = ([0.0; COUNT], 0.0);
        for row in rows {
            let shares = model.probabilities(&row.entries);
            let right: f64 = row.right.iter().map(|at| shares[*at]).sum();
            for (at, share) in shares.iter().enumerate() {
                let wanted = if row.right.contains(&at) { share / right } else { 0.0 };
                let error = share - wanted;
                match row.entries.get(at) {
                    Some(features) => {
                        slope.iter_mut().zip(features).for_each(|(slope, feature)| *slope += error * feature);
                    }
                    None => slope_none += error,
                }
            }
        }
        let count = rows.len() as f64;
        for (weight, slope) in model.weights.iter_mut().zip(slope) {
            *weight -= 0.5 * (slope / count + PENALTY * *weight);
        }
        model.none -= 0.5 * slope_none / count;
    }
    model
}
