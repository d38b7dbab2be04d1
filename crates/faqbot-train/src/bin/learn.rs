//! What `faqbot review` gives: fits the grouping, and plays the loop on public sets.
//!
//! ```console
//! $ cargo run --release -p faqbot-train --bin learn -- DATA
//! ```
//!
//! DATA has a folder a set, with `faq_k1.jsonl`, `faq_k5.jsonl`, `calib.jsonl` (the traffic) and `queries.jsonl` (the test).
//! The loop begins with one phrasing an entry. The traffic comes in ten parts; after each, the largest groups of what was
//! not answered are decided: the right label is looked up for a group's central question only, which becomes a phrasing of
//! that entry, or out of scope. The test questions are never part of the traffic.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, Role};
use faqbot::faq::Change;
use faqbot::faq::{Answers, ReadOptions, load, normalize_phrasing};
use faqbot::learn::groups::{SAME_MEANING, groups};
use faqbot::quality::eval::{LabelledQuery, evaluate, load_queries};
use faqbot::{Bot, Decision, Faq, Setup};

type AnyError = Box<dyn std::error::Error>;

/// Sets with the FAQ that is begun with and the one to be as good as.
const SETS: [(&str, &str, &str); 3] = [
    ("clinc150", "faq_k1.jsonl", "faq_k5.jsonl"),
    ("banking77_oos_clean", "faq_k1.jsonl", "faq_k5.jsonl"),
    ("hwu64", "faq_fs5.jsonl", "faq_fs5.jsonl"),
];

/// Parts that the traffic comes in.
const PARTS: usize = 10;

/// Decisions an entry, in all.
const DECISIONS: usize = 5;

/// Thresholds that are tried.
const THRESHOLDS: [f32; 9] = [0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80];

fn main() -> Result<(), AnyError> {
    let folder = std::env::args().nth(1).ok_or("name the folder of the sets")?;
    let embedder: Arc<dyn Embedder> = Arc::new(FastEmbedder::bundled()?);
    for file in ["calib.jsonl", "queries.jsonl"] {
        grouping(Path::new(&folder), file, &embedder)?;
    }
    for (name, begin, aim) in SETS {
        play(&Path::new(&folder).join(name), name, begin, aim, &embedder)?;
    }
    Ok(())
}

/// How well the questions of a file that one phrasing an entry does not answer are grouped. The threshold is chosen on the
/// traffic; the test questions show what it is worth on others.
fn grouping(folder: &Path, file: &str, embedder: &Arc<dyn Embedder>) -> Result<(), AnyError> {
    println!(
        "{file}, what one phrasing an entry does not answer: groups an entry / share of questions whose label"
    );
    println!("is another than that of their group's central question\n");
    print!("{:22}", "least mean cosine");
    THRESHOLDS.iter().for_each(|least| print!("{least:>14.2}"));
    println!();
    for (name, begin, _) in SETS {
        let faq = first_phrasings(&read(&folder.join(name).join(begin))?);
        let bot = bot(faq, embedder)?;
        let open = open(&bot, &load_queries(&folder.join(name).join(file))?)?;
        let texts: Vec<&str> = open.iter().map(|query| query.query.as_str()).collect();
        let rows = embedder.embed(Role::Query, &texts, &mut |_| ())?;
        print!("{name:22}");
        for least in THRESHOLDS {
            let found = groups(rows.view(), least);
            let wrong: usize = found
                .iter()
                .map(|group| {
                    let own = &open[group.central].expected;
                    group.members.iter().filter(|&&member| open[member].expected != *own).count()
                })
                .sum();
            let entries = bot.faq().entries.len() as f64;
            print!(
                "{:>7.1} /{:>4.0} %",
                found.len() as f64 / entries,
                100.0 * wrong as f64 / open.len() as f64
            );
        }
        println!("   of {} open", open.len());
    }
    println!();
    Ok(())
}

/// The loop on one set.
fn play(
    folder: &Path,
    name: &str,
    begin: &str,
    aim: &str,
    embedder: &Arc<dyn Embedder>,
) -> Result<(), AnyError> {
    let test = load_queries(&folder.join("queries.jsonl"))?;
    let traffic = load_queries(&folder.join("calib.jsonl"))?;
    let mut faq = first_phrasings(&read(&folder.join(begin))?);
    let entries = faq.entries.len();
    println!("\n{name}: {entries} entries, traffic of {} questions\n", traffic.len());
    println!(
        "{:>20} {:>12} {:>18} {:>14}",
        "decisions an entry", "right first", "answered rightly", "wrong answers"
    );
    let say = |label: &str, faq: &Faq| -> Result<(), AnyError> {
        let report = evaluate(&bot(faq.clone(), embedder)?, &test, &mut |_| ())?;
        println!(
            "{label:>20} {:>10.1} % {:>16.1} % {:>12.1} %",
            100.0 * report.top1,
            100.0 * report.in_scope_accuracy,
            100.0 * report.wrong_answer_rate
        );
        Ok(())
    };
    say("0.0", &faq)?;
    let (mut decided, mut seen) = (0, Vec::new());
    let mut of_text: HashSet<String> = HashSet::new();
    for part in traffic.chunks(traffic.len().div_ceil(PARTS)) {
        seen.extend(part.iter().cloned());
        let bot = bot(faq.clone(), embedder)?;
        let mut waiting: Vec<LabelledQuery> = open(&bot, &seen)?;
        waiting.retain(|query| !of_text.contains(&normalize_phrasing(&query.query)));
        let texts: Vec<&str> = waiting.iter().map(|query| query.query.as_str()).collect();
        let rows = embedder.embed(Role::Query, &texts, &mut |_| ())?;
        let mut found = groups(rows.view(), SAME_MEANING);
        found.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
        for group in found.iter().take(DECISIONS * entries / PARTS) {
            let central = &waiting[group.central];
            let change = match &central.expected {
                Some(id) => Change::Phrasing { id: id.clone(), phrasing: central.query.clone() },
                None => Change::Entry { question: central.query.clone(), answer: None },
            };
            faq = change.apply(&faq).unwrap_or(faq);
            decided += 1;
            for &member in &group.members {
                of_text.insert(normalize_phrasing(&waiting[member].query));
            }
        }
        say(&format!("{:.1}", decided as f64 / entries as f64), &faq)?;
    }
    say(aim.trim_end_matches(".jsonl"), &read(&folder.join(aim))?)
}

/// The questions that are not answered.
fn open(bot: &Bot<Arc<dyn Embedder>>, queries: &[LabelledQuery]) -> Result<Vec<LabelledQuery>, AnyError> {
    let texts: Vec<&str> = queries.iter().map(|query| query.query.as_str()).collect();
    let replies = bot.verdicts(&texts, 1, &mut |_| ())?;
    let open =
        replies.iter().zip(queries).filter(|(verdict, _)| !matches!(verdict.decision, Decision::Answer(_)));
    Ok(open.map(|(_, query)| query.clone()).collect())
}

fn bot(faq: Faq, embedder: &Arc<dyn Embedder>) -> Result<Bot<Arc<dyn Embedder>>, AnyError> {
    // The sets' answers are placeholders.
    let setup = Setup { answers: false, ..Setup::for_model(embedder.model()) };
    Ok(Bot::new(faq, Arc::clone(embedder), setup, &mut |_| ())?)
}

fn read(path: &Path) -> Result<Faq, AnyError> {
    let options = ReadOptions { answers: Answers::Optional, ..ReadOptions::default() };
    Ok(load::load(&[path.to_owned()], &options, &mut |_| ())?.faq)
}

fn first_phrasings(faq: &Faq) -> Faq {
    let mut faq = faq.clone();
    faq.entries.iter_mut().for_each(|entry| entry.phrasings.truncate(1));
    faq
}
