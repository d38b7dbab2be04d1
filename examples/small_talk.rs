//! Fits what tells the kinds of small talk apart, and from questions, by a message's vector; and measures it.
//!
//! ```console
//! $ cargo run --release --example small_talk -- ../shared/evaldata            # prints the figures
//! $ cargo run --release --example small_talk -- ../shared/evaldata --write    # writes src/bot/small_talk.json too
//! ```
//!
//! Fitted to `data/smalltalk.yaml` and `data/smalltalk.messages.jsonl`, and as what is none of it to `data/messages.jsonl`, the phrasings of
//! `data/therapy.yaml` and the calibration files of the public sets, whose own small talk counts as such. The threshold
//! is chosen by cross-validation in which a set is left out whole. `tests/conversation/small_talk.test.jsonl` is only measured on.

use std::collections::HashMap;
use std::path::Path;

use faqbot::Faq;
use faqbot::bot::small_talk::{self, Classifier, SURE, softmax};
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, Role};
use faqbot::faq::SmallTalk;
use faqbot::quality::eval::load_queries;
use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;

/// The strength of the penalty on squared weights, of the mean loss: of these the one with the least loss in
/// cross-validation (`--sweep` prints it).
const PENALTY: f32 = 1e-5;
const PENALTIES: [f32; 4] = [1e-4, 3e-5, 1e-5, 3e-6];

/// Steps of the descent; the loss hardly falls after them.
const STEPS: usize = 600;

/// Queries of a public set, at most: they are alike, and the sets are to count alike.
const QUERIES: usize = 600;

/// At most this share of the queries of any set may be taken for small talk, in cross-validation without the set. Only
/// those without an answer are asked about, which are few of them.
const FALSE_ALARMS: f64 = 0.015;

/// Intents of the public sets that are small talk.
const SAME: [(&str, &str); 22] = [
    ("greeting", "greeting"),
    ("general_greet", "greeting"),
    ("goodbye", "goodbye"),
    ("thank_you", "thanks"),
    ("what_is_your_name", "who_are_you"),
    ("how_old_are_you", "who_are_you"),
    ("where_are_you_from", "who_are_you"),
    ("are_you_a_bot", "are_you_human"),
    ("what_can_i_ask_you", "what_can_you_do"),
    ("who_made_you", "who_made_you"),
    ("who_do_you_work_for", "who_made_you"),
    ("yes", "yes"),
    ("no", "no"),
    // Near to small talk, and neither.
    ("what_are_your_hobbies", ""),
    ("do_you_have_pets", ""),
    ("general_quirky", ""),
    ("general_praise", ""),
    ("general_affirm", ""),
    ("general_negate", ""),
    ("general_dontcare", ""),
    ("cancel", ""),
    ("maybe", ""),
];

/// A set of fewer says little of shares.
const LEAST: usize = 100;

struct Message {
    text: String,
    /// A position in [`SmallTalk::KINDS`], or one past them for none.
    kind: usize,
    /// The set that it is from.
    set: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data =
        arguments.iter().find(|argument| !argument.starts_with("--")).ok_or("which folder of sets?")?;
    let sweep = arguments.iter().any(|argument| argument == "--sweep");
    let write = arguments.iter().any(|argument| argument == "--write");
    let none = SmallTalk::KINDS.len();
    let mut sets = vec!["smalltalk.yaml".to_owned()];
    let mut messages: Vec<Message> =
        small_talk::english().into_iter().map(|(text, kind)| Message { text, kind, set: 0 }).collect();
    let mut other = |name: &str, rows: Vec<(String, Option<String>)>| {
        sets.push(name.to_owned());
        let step = rows.len().div_ceil(QUERIES).max(1);
        for (text, label) in rows.into_iter().step_by(step) {
            let kind = match SAME.iter().find(|(own, _)| Some(*own) == label.as_deref()) {
                None => none,
                Some((_, "")) => continue,
                Some((_, kind)) => SmallTalk::KINDS.iter().position(|own| own == kind).unwrap_or(none),
            };
            // Long ones are never asked about.
            if small_talk::may_be(&text) && (kind != none || small_talk::by_words(&text).is_none()) {
                messages.push(Message { text, kind, set: sets.len() - 1 });
            }
        }
    };
    // Its insults and others are small talk in part.
    let own = load_queries(Path::new("data/messages.jsonl"))?.into_iter();
    let own = own.filter(|row| matches!(row.kind.as_deref(), Some("crisis" | "figure")));
    other("messages.jsonl", own.map(|row| (row.query, None)).collect());
    let faq = Faq::read(&std::fs::read("data/therapy.yaml")?, Path::new("data/therapy.yaml"))?.faq;
    other(
        "therapy.yaml",
        faq.entries.into_iter().flat_map(|own| own.phrasings).map(|text| (text, None)).collect(),
    );
    let mut folders: Vec<_> =
        std::fs::read_dir(data)?.filter_map(|folder| Some(folder.ok()?.path())).collect();
    folders.sort();
    // Messages to live shop bots: small talk is among them, without a label.
    let live = |folder: &std::path::Path| folder.to_string_lossy().contains("hint3");
    for folder in folders.iter().filter(|folder| folder.is_dir() && !live(folder)) {
        for file in std::fs::read_dir(folder)?.filter_map(Result::ok) {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.starts_with("calib") {
                let rows = load_queries(&file.path())?;
                let rows = rows.into_iter().map(|row| (row.query, row.expected)).collect();
                other(&folder.file_name().unwrap_or_default().to_string_lossy(), rows);
            }
        }
    }
    let embedder = FastEmbedder::bundled()?;
    let embed = |texts: &[&str]| embedder.embed(Role::Query, texts, &mut |_| ());
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    let rows = embed(&texts)?;
    let all: Vec<usize> = (0..messages.len()).collect();

    // Each set by a fit to the others; what there is one set of in five parts.
    const PARTS: usize = 5;
    let single = ["smalltalk.yaml", "messages.jsonl"];
    let part = |at: usize| {
        let set = messages[at].set;
        if single.contains(&&*sets[set]) { sets.len() + at % PARTS } else { set }
    };
    let judged_with = |penalty: f32| -> Vec<(usize, Vec<f32>)> {
        let folds = (0..sets.len() + PARTS).into_par_iter();
        folds
            .flat_map(|fold| {
                let (own, others): (Vec<usize>, Vec<usize>) = all.iter().partition(|at| part(**at) == fold);
                if own.is_empty() {
                    return Vec::new();
                }
                let model = train(&rows, &messages, &others, sets.len(), penalty);
                own.into_iter().map(|at| (at, model.probabilities(&rows.row(at).to_vec()))).collect()
            })
            .collect()
    };
    for penalty in PENALTIES.into_iter().filter(|_| sweep) {
        let judged = judged_with(penalty);
        let loss = |(at, shares): &(usize, Vec<f32>)| -f64::from(shares[messages[*at].kind].max(1e-9)).ln();
        let mean = judged.iter().map(loss).sum::<f64>() / judged.len() as f64;
        println!("penalty {penalty}: mean log loss {mean:.4} in cross-validation");
    }
    let judged = judged_with(PENALTY);
    let others: Vec<bool> =
        messages.iter().map(|message| small_talk::has_other_words(&message.text)).collect();
    let taken = |at: usize, probabilities: &[f32], least: f32| {
        let least = if others[at] { least.max(SURE) } else { least };
        small_talk::best(probabilities).filter(|(_, sure)| *sure >= least).map(|(kind, _)| kind)
    };
    let alarms = |least: f32| -> HashMap<usize, (usize, usize)> {
        let mut by_set: HashMap<usize, (usize, usize)> = HashMap::new();
        for (at, probabilities) in judged.iter().filter(|(at, _)| messages[*at].kind == none) {
            let own = by_set.entry(messages[*at].set).or_default();
            own.0 += usize::from(taken(*at, probabilities, least).is_some());
            own.1 += 1;
        }
        by_set
    };
    let found = |least: f32| {
        let of: Vec<_> = judged.iter().filter(|(at, _)| messages[*at].kind != none).collect();
        let right = of.iter().filter(|(at, own)| taken(*at, own, least) == Some(messages[*at].kind)).count();
        let wrong = of
            .iter()
            .filter(|(at, own)| taken(*at, own, least).is_some_and(|kind| kind != messages[*at].kind));
        (right as f64 / of.len() as f64, wrong.count() as f64 / of.len() as f64)
    };
    let worst = |least: f32| {
        alarms(least)
            .values()
            .filter(|(_, all)| *all >= LEAST)
            .map(|(own, all)| *own as f64 / *all as f64)
            .fold(0.0, f64::max)
    };
    let threshold =
        (10..100).map(|step| step as f32 / 100.0).find(|&least| worst(least) <= FALSE_ALARMS).unwrap_or(0.99);
    println!("{} messages of {} sets\n", messages.len(), sets.len());
    println!("| probability from | small talk: right kind | other kind | questions, worst set |");
    println!("|---:|---:|---:|---:|");
    for least in [0.3, 0.4, 0.5, threshold, 0.8] {
        let (right, wrong) = found(least);
        let chosen = if least == threshold { " (chosen)" } else { "" };
        println!(
            "| {least:.2}{chosen} | {:.1} % | {:.1} % | {:.2} % |",
            right * 100.0,
            wrong * 100.0,
            worst(least) * 100.0
        );
    }
    println!();
    let mut by_set: Vec<_> = alarms(threshold).into_iter().collect();
    by_set.sort();
    for (set, (own, all)) in by_set {
        let half = alarms(0.5)[&set].0;
        println!("{}: {own} of {all} taken for small talk; from 0.5 on {half}", sets[set]);
    }
    for (at, own) in
        judged.iter().filter(|(at, own)| messages[*at].kind == none && taken(*at, own, 0.5).is_some())
    {
        println!("  {} → {}", messages[*at].text, SmallTalk::KINDS[taken(*at, own, 0.5).unwrap_or(0)]);
    }
    let model = Classifier { threshold, ..train(&rows, &messages, &all, sets.len(), PENALTY) };
    if write {
        std::fs::write("src/bot/small_talk.json", serde_json::to_string(&model)? + "\n")?;
    }
    Ok(())
}

/// The model of least log loss, where each set counts alike.
fn train(
    rows: &Array2<f32>,
    messages: &[Message],
    chosen: &[usize],
    sets: usize,
    penalty: f32,
) -> Classifier {
    let (kinds, dimension) = (SmallTalk::KINDS.len() + 1, rows.ncols());
    // The phrasings of small talk count as much as all questions together; each set of these alike.
    let mut sizes = vec![0usize; sets];
    chosen.iter().for_each(|&at| sizes[messages[at].set] += 1);
    let weight = |at: usize| {
        let set = messages[at].set;
        let share = if set == 0 { 0.5 } else { 0.5 / (sets - 1) as f32 };
        share / sizes[set] as f32
    };
    let own: Array2<f32> = rows.select(Axis(0), chosen);
    let mut weights = Array2::<f32>::zeros((kinds, dimension));
    let mut constants = vec![0.0f32; kinds];
    let (mut speed, mut speed_constants) = (Array2::<f32>::zeros((kinds, dimension)), vec![0.0f32; kinds]);
    for _ in 0..STEPS {
        let mut errors: Array2<f32> = own.dot(&weights.t());
        for (mut row, &at) in errors.rows_mut().into_iter().zip(chosen) {
            let logits = row.iter().zip(&constants).map(|(logit, constant)| logit + constant).collect();
            let mut shares = softmax(logits);
            shares[messages[at].kind] -= 1.0;
            row.assign(&ArrayView1::from(&shares));
            row.mapv_inplace(|error| error * weight(at));
        }
        let slope = errors.t().dot(&own) + &weights * (2.0 * penalty);
        // Nesterov's would be faster; this is fast enough.
        speed = speed * 0.9 - slope * 30.0;
        weights += &speed;
        for (kind, column) in errors.columns().into_iter().enumerate() {
            speed_constants[kind] = speed_constants[kind] * 0.9 - column.sum() * 3.0;
            constants[kind] += speed_constants[kind];
        }
    }
    // Four digits tell them apart.
    let round = |value: f32| (value * 1e4).round() / 1e4;
    Classifier {
        threshold: 0.0,
        constants: constants.into_iter().map(round).collect(),
        weights: weights.rows().into_iter().map(|row| row.iter().copied().map(round).collect()).collect(),
    }
}
