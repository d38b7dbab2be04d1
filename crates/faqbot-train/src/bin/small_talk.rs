//! Fits what tells the kinds of small talk apart, and from questions; and measures it.
//!
//! ```console
//! $ cargo run --release -p faqbot-train --bin small_talk -- ../shared/evaldata            # prints the figures
//! $ cargo run --release -p faqbot-train --bin small_talk -- ../shared/evaldata --write    # writes the classifier too
//! $ cargo run --release -p faqbot-train --bin small_talk -- ../shared/evaldata --outcomes # what it does to the outcomes of queries
//! ```
//!
//! Fitted to `crates/faqbot-core/src/bot/small_talk/texts/en.yaml`, `crates/faqbot-core/src/bot/small_talk/texts/messages.jsonl` and `data/smalltalk.labelled.jsonl` (by nine writers
//! who had not seen the program, with messages that look like small talk); and as what is none of it to
//! `data/messages.jsonl`, the phrasings of `data/therapy.yaml`, what people ask the FAQs of `data/reader` that the reader is
//! trained on, and the calibration files of the public sets, whose own small talk counts as such. The threshold is chosen by cross-validation in which a writer or a set is left out whole.
//! `tests/conversation` is only measured on. Takes some ten minutes on two cores.

use std::collections::BTreeMap;
use std::path::Path;

use faqbot::bot::small_talk::{self, Classifier, FEATURES, Reading, best, softmax};
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, Role};
use faqbot::faq::load::load;
use faqbot::faq::{Answers, ReadOptions, SmallTalkKind};
use faqbot::quality::eval::load_queries;
use faqbot::{Bot, Conversation, Decision, Faq, Match, Setup};
use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;
use serde::Deserialize;

/// The strength of the penalty on squared weights, of the mean loss. A quarter of it and four times as much find about as
/// many messages at the same share of false alarms, in cross-validation.
const PENALTY: f32 = 5e-5;

/// What the vector and the features are scaled by before they are weighted: what is scaled more is penalised less.
const VECTOR: f32 = 5.0;
const RUNS: f32 = 3.0;

/// Steps of the descent; twice as many do about as well.
const STEPS: usize = 150;
const RATE: f32 = 0.5;

/// Queries of a public set, at most: they are alike, and the sets are to count alike.
const QUERIES: usize = 600;

/// Shares of the loss: small talk, questions that look like it, other questions (each set of these alike).
const SHARES: [f32; 3] = [0.5, 0.15, 0.35];

/// At most this share of the questions that look like small talk may be taken for it, in cross-validation without their
/// writer: of those that have no other words, which are few, and of those that have. Only those without an answer are
/// asked about.
const FALSE_ALARMS: [f64; 2] = [0.1, 0.015];

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

struct Message {
    text: String,
    /// A kind's position in [`SmallTalkKind::ALL`], or [`NONE`].
    kind: usize,
    /// [`OWN`], [`LOOK_ALIKES`], or a set after them.
    set: usize,
    /// What is left out together.
    fold: String,
}

const NONE: usize = SmallTalkKind::ALL.len();
const OWN: usize = 0;
const LOOK_ALIKES: usize = 1;

#[derive(Deserialize)]
struct Labelled {
    text: String,
    kind: Option<String>,
    writer: usize,
}

fn kind_of(name: &str) -> usize {
    SmallTalkKind::named(name).map_or(NONE, |kind| kind as usize)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data =
        arguments.iter().find(|argument| !argument.starts_with("--")).ok_or("which folder of sets?")?;
    let write = arguments.iter().any(|argument| argument == "--write");
    if arguments.iter().any(|argument| argument == "--outcomes") {
        return outcomes(Path::new(data));
    }
    let (messages, sets) = messages(Path::new(data))?;
    let embedder = FastEmbedder::bundled()?;
    let readings: Vec<Reading> = messages
        .iter()
        .map(|message| Reading::of(&message.text, &|word| embedder.is_in_vocabulary(word)))
        .collect();
    let texts: Vec<&str> = readings.iter().map(|reading| &*reading.text).collect();
    let rows = embedder.embed(Role::Query, &texts, &mut |_| ())?;
    let fitted = Fitted { rows, readings, messages };

    let mut folds: Vec<&String> = fitted.messages.iter().map(|message| &message.fold).collect();
    folds.sort();
    folds.dedup();
    let judged: Vec<(usize, Option<(usize, f32)>)> = folds
        .into_par_iter()
        .flat_map_iter(|fold| {
            let (own, others): (Vec<usize>, Vec<usize>) =
                (0..fitted.messages.len()).partition(|at| fitted.messages[*at].fold == *fold);
            let model = fitted.train(&others, sets.len());
            let judge = |at: usize| {
                let row = fitted.rows.row(at).to_vec();
                (
                    at,
                    best(&model.probabilities(&fitted.readings[at], &row))
                        .map(|(kind, sure)| (kind as usize, sure)),
                )
            };
            own.into_iter().map(judge).collect::<Vec<_>>()
        })
        .collect();
    println!("{} messages of {} sets\n", fitted.messages.len(), sets.len());
    let other = |at: usize| !fitted.readings[at].other_words.is_empty();
    let mut thresholds = [0.0; 2];
    for (group, title) in
        ["Messages of small talk's words", "Messages with other words"].into_iter().enumerate()
    {
        let judged: Vec<_> =
            judged.iter().filter(|(at, _)| usize::from(other(*at)) == group).copied().collect();
        let measured = |least: f32| Measured::new(&fitted.messages, &judged, least);
        let mut steps = (10..100).map(|step| step as f32 / 100.0);
        let threshold =
            steps.find(|least| measured(*least).of_look_alikes() <= FALSE_ALARMS[group]).unwrap_or(0.99);
        let own = measured(threshold);
        println!("## {title}: {} of small talk, {} that look like it\n", own.small_talk, own.look_alikes().1);
        println!(
            "| probability from | small talk: right kind | other kind | look-alikes taken | other questions taken |"
        );
        println!("|---:|---:|---:|---:|---:|");
        for least in [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, threshold] {
            let own = measured(least);
            let chosen = if least == threshold { " (chosen)" } else { "" };
            let share = |part: usize| 100.0 * part as f64 / own.small_talk as f64;
            println!(
                "| {least:.2}{chosen} | {:.1} % | {:.1} % | {:.1} % | {} |",
                share(own.right),
                share(own.other),
                own.of_look_alikes() * 100.0,
                own.questions()
            );
        }
        println!();
        thresholds[group] = threshold;
    }
    let mut by_fold: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, best) in &judged {
        let message = &fitted.messages[*at];
        let told =
            best.filter(|(_, sure)| *sure >= thresholds[usize::from(other(*at))]).map(|(kind, _)| kind);
        let (name, counts) = match message.kind {
            NONE => (&*sets[message.set], told.is_some()),
            kind => (&*message.fold, told == Some(kind)),
        };
        let (counted, of) = by_fold.entry(name).or_default();
        *counted += usize::from(counts);
        *of += 1;
    }
    println!("Small talk that is rightly told, and questions that are taken for it:\n");
    for (name, (told, of)) in by_fold {
        println!("{name}: {told} of {of}");
    }
    if write {
        let all: Vec<usize> = (0..fitted.messages.len()).collect();
        let model = Classifier { thresholds, ..fitted.train(&all, sets.len()) };
        std::fs::write(
            "crates/faqbot-core/src/bot/small_talk/classifier.json",
            serde_json::to_string(&model)? + "\n",
        )?;
        let bytes: Vec<u8> = model.features.iter().map(|weight| weight.cast_unsigned()).collect();
        std::fs::write("crates/faqbot-core/src/bot/small_talk/classifier.bin", bytes)?;
    }
    Ok(())
}

/// All messages, and the names of the sets.
fn messages(data: &Path) -> Result<(Vec<Message>, Vec<String>), Box<dyn std::error::Error>> {
    // What there is one set of is left out in parts.
    const PARTS: usize = 5;
    let mut sets = vec!["small talk".to_owned(), "questions that look like it".to_owned()];
    let own = small_talk::english().into_iter().enumerate().map(|(at, (text, kind))| {
        let fold = format!("phrasings, part {}", at % PARTS);
        Message { text, kind: kind as usize, set: OWN, fold }
    });
    let mut messages: Vec<Message> = own.collect();
    for line in std::fs::read_to_string("data/smalltalk.labelled.jsonl")?.lines() {
        let Labelled { text, kind, writer } = serde_json::from_str(line)?;
        let kind = kind.as_deref().map_or(NONE, kind_of);
        let set = if kind == NONE { LOOK_ALIKES } else { OWN };
        messages.push(Message { text, kind, set, fold: format!("writer {writer}") });
    }
    let mut other = |name: &str, rows: Vec<(String, Option<String>)>, parts: usize| {
        sets.push(name.to_owned());
        let step = rows.len().div_ceil(QUERIES).max(1);
        for (at, (text, label)) in rows.into_iter().step_by(step).enumerate() {
            let kind = match SAME.iter().find(|(own, _)| Some(*own) == label.as_deref()) {
                None => NONE,
                Some((_, "")) => continue,
                Some((_, kind)) => kind_of(kind),
            };
            // Long ones are never asked about.
            if small_talk::may_be(&text) && (kind != NONE || small_talk::by_words(&text).is_none()) {
                let fold =
                    if parts > 1 { format!("phrasings, part {}", at % parts) } else { name.to_owned() };
                messages.push(Message { text, kind, set: sets.len() - 1, fold });
            }
        }
    };
    // Its insults and others are small talk in part.
    let own = load_queries(Path::new("data/messages.jsonl"))?.into_iter();
    let own = own.filter(|row| matches!(row.kind.as_deref(), Some("crisis" | "figure")));
    other("messages.jsonl", own.map(|row| (row.query, None)).collect(), PARTS);
    let faq = Faq::read(&std::fs::read("data/therapy.yaml")?, Path::new("data/therapy.yaml"))?.faq;
    let phrasings = faq.entries.into_iter().flat_map(|own| own.phrasings);
    other("therapy.yaml", phrasings.map(|text| (text, None)).collect(), 1);
    for (part, questions) in people(Path::new("data/reader"))?.into_iter().enumerate() {
        other(&format!("people, part {part}"), questions.into_iter().map(|text| (text, None)).collect(), 1);
    }
    let mut folders: Vec<_> =
        std::fs::read_dir(data)?.filter_map(|folder| Some(folder.ok()?.path())).collect();
    folders.sort();
    // Messages to live shop bots: small talk is among them, without a label.
    let live = |folder: &Path| folder.to_string_lossy().contains("hint3");
    for folder in folders.iter().filter(|folder| folder.is_dir() && !live(folder)) {
        for file in std::fs::read_dir(folder)?.filter_map(Result::ok) {
            if file.file_name().to_string_lossy().starts_with("calib") {
                let rows = load_queries(&file.path())?;
                let rows = rows.into_iter().map(|row| (row.query, row.expected)).collect();
                other(&folder.file_name().unwrap_or_default().to_string_lossy(), rows, 1);
            }
        }
    }
    Ok((messages, sets))
}

/// What people ask small FAQs, in parts by writer: without the writers that are kept for tests and for the confidence.
fn people(folder: &Path) -> Result<Vec<Vec<String>>, Box<dyn std::error::Error>> {
    /// The writers of data/reader's README that are neither for training the reader nor for anything that is fitted.
    const LEFT_OUT: [u32; 13] = [14, 17, 30, 31, 32, 33, 34, 35, 36, 37, 38, 62, 80];
    const PARTS: u32 = 6;
    let mut parts = vec![Vec::new(); PARTS as usize];
    let mut files: Vec<_> = std::fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path())).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let writer = name.strip_prefix('w').and_then(|name| name.split('-').next()?.parse::<u32>().ok());
        let Some(writer) = writer.filter(|writer| !LEFT_OUT.contains(writer)) else { continue };
        let text = std::fs::read_to_string(&file)?;
        let asked = text.lines().filter(|line| line.starts_with(['p', 'n', 'O']));
        let asked = asked.filter_map(|line| Some(line.get(2..)?.to_owned()));
        parts[(writer % PARTS) as usize].extend(asked);
    }
    Ok(parts)
}

/// Asks the queries of all sets with small talk and without: an outcome is worse where what was answered or asked back
/// about rightly is small talk.
fn outcomes(data: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut folders: Vec<_> =
        std::fs::read_dir(data)?.filter_map(|folder| Some(folder.ok()?.path())).collect();
    folders.sort();
    let first =
        |folder: &Path, names: &[&str]| names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    let mut sets =
        vec![(Path::new("data/therapy.yaml").to_owned(), Path::new("data/therapy.queries.jsonl").to_owned())];
    for folder in &folders {
        let faq = first(folder, &["faq_k5.jsonl", "faq_fs10.jsonl", "faq_holdout.jsonl", "faq.jsonl"]);
        let queries = first(folder, &["queries_holdout.jsonl", "queries_rest80.jsonl", "queries.jsonl"]);
        sets.extend(faq.zip(queries));
    }
    let embedder = std::sync::Arc::new(FastEmbedder::bundled()?);
    let setup = Setup::for_model(embedder.model());
    println!("| queries | all | small talk: in scope | out of scope | worse |");
    println!("|---|---:|---:|---:|---:|");
    for (path, queries) in sets {
        let options = ReadOptions { answers: Answers::Optional, ..ReadOptions::default() };
        let mut faq = load(&[path], &options, &mut |_| ())?.faq;
        let rows = load_queries(&queries)?;
        let before = Conversation::default();
        let messages: Vec<faqbot::Message> =
            rows.iter().map(|row| faqbot::Message { text: &row.query, conversation: &before }).collect();
        let with = Bot::new(faq.clone(), embedder.clone(), setup, &mut |_| ())?;
        let replies = with.talk(&messages, 5, None, &mut |_| ())?;
        faq.small_talk.off = true;
        let without = Bot::new(faq, embedder.clone(), setup, &mut |_| ())?;
        let others = without.talk(&messages, 5, None, &mut |_| ())?;
        let (mut in_scope, mut out_of_scope, mut worse) = (0, 0, 0u32);
        for ((row, reply), other) in rows.iter().zip(&replies).zip(&others) {
            let told = reply.decision == Decision::SmallTalk;
            in_scope += usize::from(told && row.expected.is_some());
            out_of_scope += usize::from(told && row.expected.is_none());
            let is_right = |found: &Match| row.accepts(without.entry(found).id.as_str());
            let found = other.answers().into_iter().chain(other.choices());
            worse += u32::from(told && found.into_iter().any(is_right));
        }
        let all = rows.len();
        let share = 100.0 * f64::from(worse) / all as f64;
        println!("| {} | {all} | {in_scope} | {out_of_scope} | {worse} ({share:.2} %) |", queries.display());
    }
    Ok(())
}

/// What a threshold does.
struct Measured {
    small_talk: usize,
    right: usize,
    other: usize,
    /// By set, its questions that are taken for small talk, and all of them.
    taken: BTreeMap<usize, (usize, usize)>,
}

impl Measured {
    fn new(messages: &[Message], judged: &[(usize, Option<(usize, f32)>)], least: f32) -> Self {
        let mut own = Measured { small_talk: 0, right: 0, other: 0, taken: BTreeMap::new() };
        for (at, best) in judged {
            let message = &messages[*at];
            let kind = best.filter(|(_, sure)| *sure >= least).map(|(kind, _)| kind);
            if message.kind == NONE {
                let (taken, of) = own.taken.entry(message.set).or_default();
                *taken += usize::from(kind.is_some());
                *of += 1;
            } else if message.set == OWN && message.fold.starts_with("writer") {
                own.small_talk += 1;
                own.right += usize::from(kind == Some(message.kind));
                own.other += usize::from(kind.is_some_and(|kind| kind != message.kind));
            }
        }
        own
    }

    fn look_alikes(&self) -> (usize, usize) {
        self.taken.get(&LOOK_ALIKES).copied().unwrap_or_default()
    }

    fn of_look_alikes(&self) -> f64 {
        let (taken, of) = self.look_alikes();
        taken as f64 / of.max(1) as f64
    }

    /// Other questions that are taken for small talk.
    fn questions(&self) -> usize {
        self.taken.iter().filter(|(set, _)| **set != LOOK_ALIKES).map(|(_, (taken, _))| taken).sum()
    }
}

/// What a classifier is fitted to.
struct Fitted {
    rows: Array2<f32>,
    readings: Vec<Reading>,
    messages: Vec<Message>,
}

impl Fitted {
    /// The model of least log loss on chosen messages.
    fn train(&self, chosen: &[usize], sets: usize) -> Classifier {
        let (kinds, dimension) = (NONE + 1, self.rows.ncols());
        let mut sizes = vec![0usize; sets];
        chosen.iter().for_each(|&at| sizes[self.messages[at].set] += 1);
        let others = sizes.iter().skip(2).filter(|size| **size > 0).count() as f32;
        let weight = |at: usize| {
            let set = self.messages[at].set;
            let share = if set < 2 { SHARES[set] } else { SHARES[2] / others };
            share / sizes[set] as f32
        };
        let own: Array2<f32> = self.rows.select(Axis(0), chosen) * VECTOR;
        let mut vector = Array2::<f32>::zeros((kinds, dimension));
        // By feature, then by kind.
        let mut runs = vec![0.0f32; FEATURES * kinds];
        let mut constants = vec![0.0f32; kinds];
        // Nesterov's accelerated descent: each step goes from where the last one points to.
        let (mut vector_before, mut runs_before, mut constants_before) =
            (vector.clone(), runs.clone(), constants.clone());
        for step in 0..STEPS {
            let ahead = step as f32 / (step as f32 + 3.0);
            let point = |now: f32, before: f32| now + ahead * (now - before);
            let vector_at = &vector + &((&vector - &vector_before) * ahead);
            let runs_at: Vec<f32> = runs.iter().zip(&runs_before).map(|(a, b)| point(*a, *b)).collect();
            let constants_at: Vec<f32> =
                constants.iter().zip(&constants_before).map(|(a, b)| point(*a, *b)).collect();
            let mut errors: Array2<f32> = own.dot(&vector_at.t());
            let mut runs_slope = vec![0.0f32; runs.len()];
            for (mut row, &at) in errors.rows_mut().into_iter().zip(chosen) {
                let mut logits: Vec<f32> = row.iter().zip(&constants_at).map(|(a, b)| a + b).collect();
                let features = &self.readings[at].features;
                for (feature, value) in features {
                    let weights = &runs_at[feature * kinds..][..kinds];
                    logits
                        .iter_mut()
                        .zip(weights)
                        .for_each(|(logit, weight)| *logit += weight * value * RUNS);
                }
                let mut shares = softmax(logits);
                shares[self.messages[at].kind] -= 1.0;
                shares.iter_mut().for_each(|share| *share *= weight(at));
                for (feature, value) in features {
                    let slopes = &mut runs_slope[feature * kinds..][..kinds];
                    slopes.iter_mut().zip(&shares).for_each(|(slope, share)| *slope += share * value * RUNS);
                }
                row.assign(&ArrayView1::from(&shares));
            }
            let vector_slope = errors.t().dot(&own) + &vector_at * (2.0 * PENALTY);
            vector_before = std::mem::replace(&mut vector, vector_at - vector_slope * RATE);
            let next =
                runs_at.iter().zip(runs_slope).map(|(at, slope)| at - RATE * (slope + 2.0 * PENALTY * at));
            runs_before = std::mem::replace(&mut runs, next.collect());
            let next = constants_at.iter().zip(errors.sum_axis(Axis(0))).map(|(at, slope)| at - RATE * slope);
            constants_before = std::mem::replace(&mut constants, next.collect());
        }
        // Four digits tell them apart.
        let round = |value: f32| (value * 1e4).round() / 1e4;
        let greatest = runs.iter().fold(1e-6f32, |greatest, weight| greatest.max(weight.abs())) * RUNS;
        let step = greatest / f32::from(i8::MAX);
        Classifier {
            thresholds: [0.0; 2],
            constants: constants.into_iter().map(round).collect(),
            vector: vector
                .rows()
                .into_iter()
                .map(|row| row.iter().map(|weight| round(weight * VECTOR)).collect())
                .collect(),
            step,
            features: runs.into_iter().map(|weight| (weight * RUNS / step).round() as i8).collect(),
        }
    }
}
