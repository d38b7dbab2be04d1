//! Fits what the matching ships with, and measures it, on labelled FAQs: the public sets in DATA, the minimal
//! pairs of this repository, and small FAQs with what people ask them (PAIRS).
//!
//! ```console
//! $ cargo run --release -p faqbot-train --bin fit -- ../shared/evaldata ../shared/pairs data/reader
//! $ cargo run --release -p faqbot-train --bin fit -- ../shared/evaldata ../shared/pairs data/reader --write   # crates/faqbot-core/src/matching/confidence.json
//! ```
//!
//! `FIT_ROWS=FILE` writes the rows that confidence is fitted to as CSV; `--ablations` shows what the confidence is without
//! each kind of feature, which takes some minutes more.
//!
//! It prints the weights of the signals (a grid, with what each signal earns), the confidence and the thresholds,
//! all fitted on calibration files, parts of FAQs and `data/minimal_pairs/fit`, and then what they give on test
//! queries. Where a set's own figures are printed, the confidence was fitted without the set's family; for minimal
//! pairs, without the FAQ. The first run embeds some 80,000 texts, which takes a few minutes; they are kept in
//! `target/fit`.

mod asked;
mod boosting;
mod content;
mod data;
mod draw;
mod exchange;
mod people;
mod random;
mod tables;
mod weights;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use faqbot::matching::alignment::{self, Alignment};
use faqbot::matching::confidence::{Calibration, inputs};
use faqbot::matching::features::{FEATURES, Features, READER_NAMES, is_read, names};
use faqbot::matching::guard::Guard;
use faqbot::matching::metrics::{auroc, calibration_error};
use faqbot::matching::signals::{WEIGHTS, is_real_answer};
use faqbot::matching::trees::Trees;
use faqbot::quality::calibration::{Scored, choose_policy};
use faqbot::quality::eval::LabelledQuery;
use faqbot::quality::unlabelled;
use faqbot::{Bot, Embedder, Faq, Policy, Setup, Verdict};
use rayon::prelude::*;

use asked::{Asked, labels};
use boosting::{Options, Row};
use content::{Misplaced, close_pairs};
use data::{
    Data, FAMILIES, PUBLISHED, Pairs, SETS, SOURCES, Set, Table, pairs, texts_of_faq, texts_of_queries,
};
use draw::{Drawn, draw};
use exchange::{Exchanged, exchanged};
use people::{Part, People};
use random::{Random, mistyped};
use tables::{header, line, pairs_line, people_header, people_line};
use weights::{print_order, print_weights};

/// The weight of the minimal pairs, of all rows together, and that of the small FAQs with what people ask them.
const PAIRS_WEIGHT: f64 = 0.15;
const PEOPLE_WEIGHT: f64 = 0.45;

/// As many sets as those count where thresholds are chosen, about as many as all others together: small FAQs with what
/// people ask are what most bots are.
const PEOPLE_SETS: f64 = 12.0;

/// Test queries of a set, drawn at random from those that there are.
const MOST_TESTED: usize = 1500;

/// Groups of FAQs for the minimal pairs' cross-validation; those of the writers follow.
const FOLDS: usize = 6;

/// A row of the fit: where its FAQ and its query come from.
struct Sample {
    family: String,
    query_family: String,
    /// The family of the FAQ's guest, if it has one.
    guest: Option<&'static str>,
    /// The group of the minimal pairs; `None` for public sets.
    fold: Option<usize>,
    features: Features,
    right: bool,
    weight: f64,
}

/// How the trees are fitted: small ones, many, and the log odds may not fall where a match is nearer, nor rise where
/// more of the query is not in the entry. Chosen by trial, leaving families out, in November 2026.
fn options() -> Options {
    let constraint = |name: &str| match name {
        "score" | "margin" | "cosine" | "cosine_margin" | "query_synonym" | "phrasing_synonym" | "reader"
        | "reader_lead" | "reader_share" => 1,
        "shortfall"
        | "query_alone_share"
        | "not_in_entry"
        | "not_in_answer"
        | "core_alone"
        | "numbers_differ"
        | "numbers_not_in_entry"
        | "directions"
        | "negation"
        | "person"
        | "opposites"
        | "unrelated"
        | "unrelated_share"
        | "antonym" => -1,
        _ => 0,
    };
    Options {
        trees: 240,
        depth: 5,
        rate: 0.06,
        min_leaf: 60.0,
        penalty: 5.0,
        features: 0.6,
        monotone: names().map(constraint).collect(),
    }
}

/// What `--ablations` leaves out: features of one kind.
const ABLATIONS: [(&str, &[&str]); 9] = [
    ("all features", &[]),
    ("without the reader", &READER_NAMES),
    ("without alignment", &alignment::NAMES),
    ("without cosines", &["cosine", "cosine_margin", "shortfall", "phrasing", "centroid"]),
    ("without the answer's signal", &["answer"]),
    ("without the ridge's", &["ridge"]),
    ("without the words'", &["lexical"]),
    ("without the score", &["score", "margin", "outlier"]),
    ("without the FAQ's size", &["log_entries"]),
];

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The trees for samples with these features.
fn fit_to<'s>(samples: impl Iterator<Item = (&'s Sample, &'s Features)>) -> Trees {
    let row = |(sample, features): (&'s Sample, &'s Features)| Row {
        features,
        right: sample.right,
        weight: sample.weight,
    };
    boosting::fit(&samples.map(row).collect::<Vec<Row>>(), &options())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments
        .next()
        .ok_or("usage: fit DATA PAIRS… [--write] (DATA: the folder with clinc150 and the others)")?;
    let (flags, folders): (Vec<String>, Vec<String>) = arguments.partition(|own| own.starts_with("--"));
    let [write, ablations] = ["--write", "--ablations"].map(|wanted| flags.iter().any(|flag| flag == wanted));
    let folders: Vec<PathBuf> = folders.into_iter().map(PathBuf::from).collect();
    let data = Data(PathBuf::from(data));
    let own = [pairs(Path::new("data/minimal_pairs/fit"))?, pairs(Path::new("data/minimal_pairs/test"))?];

    // All that will be asked, before anything is embedded.
    let mut random = Random(2026);
    let drawn = draw(&mut random, &data)?;
    let made = SETS
        .iter()
        .map(|set| {
            let Some(source) = SOURCES.iter().find(|source| source.folder == set.folder) else {
                return Ok(Exchanged::default());
            };
            let mut made = exchanged(&mut random, &data.faq(source)?, 60);
            if data.faq(set)?.entries.iter().any(|entry| !is_real_answer(&entry.answer)) {
                made.missed.clear();
            } else {
                made.varied.clear();
            }
            Ok(made)
        })
        .collect::<faqbot::Result<Vec<Exchanged>>>()?;
    if std::env::var_os("FIT_SHOW").is_some() {
        for labelled in made.iter().flat_map(|made| made.missed.iter().chain(&made.varied)) {
            eprintln!("{:?}", (&labelled.kind, &labelled.query, &labelled.expected));
        }
        return Ok(());
    }
    let typed: Vec<[Vec<LabelledQuery>; 2]> = SETS
        .iter()
        .map(|set| {
            let queries = data.test(set)?;
            Ok([1, 2].map(|errors| {
                let few = random.some(&queries, 100);
                let mistype = |labelled: LabelledQuery, random: &mut Random| LabelledQuery {
                    query: mistyped(random, &labelled.query, errors),
                    ..labelled
                };
                few.into_iter().map(|labelled| mistype(labelled, &mut random)).collect()
            }))
        })
        .collect::<faqbot::Result<_>>()?;
    let (mut for_fit, for_test) = (people::read(&folders, Part::Fit)?, people::read(&folders, Part::Test)?);
    // FAQs that have other phrasings, and such as have no answers.
    let varied: Vec<People> = for_fit
        .iter()
        .enumerate()
        .map(
            |(at, own)| {
                if at % 3 == 0 { own.without_answers() } else { own.with_phrasings(&mut random, at % 3) }
            },
        )
        .collect();
    let with_two: Vec<People> = for_test.iter().map(|own| own.with_phrasings(&mut random, 2)).collect();
    let mut texts = HashSet::new();
    for own in for_fit.iter().chain(&for_test) {
        texts_of_faq(&mut texts, &own.faq);
        texts_of_queries(&mut texts, &own.queries);
    }
    for_fit.extend(varied);
    for set in SETS.iter().chain(PUBLISHED.iter().map(|(set, _)| set)) {
        texts_of_faq(&mut texts, &data.faq(set)?);
        texts_of_queries(&mut texts, &data.calibration(set)?);
        texts_of_queries(&mut texts, &data.test(set)?);
    }
    SOURCES.iter().try_for_each(|source| data.faq(source).map(|faq| texts_of_faq(&mut texts, &faq)))?;
    drawn.iter().for_each(|drawn| texts_of_queries(&mut texts, &drawn.queries));
    typed.iter().flatten().for_each(|queries| texts_of_queries(&mut texts, queries));
    for Exchanged { missed, varied } in &made {
        texts_of_queries(&mut texts, missed);
        texts_of_queries(&mut texts, varied);
    }
    for Pairs { faq, queries } in own.iter().flatten() {
        texts_of_faq(&mut texts, faq);
        texts_of_queries(&mut texts, queries);
    }
    let table = Table::new(texts)?;
    let bot = |faq: Faq| {
        // With a calibration, since without one nothing is read.
        let calibration = Calibration::shipped(table.model());
        let setup = Setup { policy: Policy::UNCALIBRATED, calibration, answers: true };
        Bot::new(faq, table.clone(), setup, &mut |_| ())
    };

    let mut measured = Vec::new();
    for ((set, typed), made) in SETS.iter().zip(typed).zip(made) {
        let bot = bot(data.faq(set)?)?;
        let calibration = Asked::new(&bot, data.calibration(set)?)?;
        let test = Asked::new(&bot, Random(7).some(&data.test(set)?, MOST_TESTED))?;
        let [one, two] = typed.map(|queries| Asked::new(&bot, queries));
        let [missed, varied] = [made.missed, made.varied].map(|queries| Asked::new(&bot, queries));
        let exchanged = [missed?, varied?];
        measured.push(Measured { set, calibration, test, typed: [one?, two?], exchanged, bot });
    }
    table.keep()?;
    print_weights(&measured);

    println!("\n## Confidence\n");
    let mut samples = Vec::new();
    for Drawn { family, guest, faq, queries, from } in drawn {
        let asked = Asked::new(&bot(faq)?, queries)?;
        let weight = 1.0 / asked.queries.len().max(1) as f64;
        samples.extend(asked.replies.iter().enumerate().filter_map(|(at, verdict)| {
            Some(Sample {
                family: family.to_owned(),
                query_family: from[at].to_owned(),
                guest,
                fold: None,
                features: verdict.features?,
                right: asked.is_right(at),
                weight,
            })
        }));
    }
    let [fit_pairs, test_pairs] = own.map(|pairs| {
        let asked = pairs.into_iter().map(|Pairs { faq, queries }| Asked::new(&bot(faq)?, queries));
        asked.collect::<faqbot::Result<Vec<Asked>>>()
    });
    let (fit_pairs, test_pairs) = (fit_pairs?, test_pairs?);
    for (at, asked) in fit_pairs.iter().enumerate() {
        let weight = 1.0 / asked.queries.len().max(1) as f64;
        samples.extend(asked.replies.iter().enumerate().filter_map(|(query, verdict)| {
            Some(Sample {
                family: "pairs".to_owned(),
                query_family: "pairs".to_owned(),
                guest: None,
                fold: Some(at % FOLDS),
                features: verdict.features?,
                right: asked.is_right(query),
                weight,
            })
        }));
    }
    let ask = |own: &People| Asked::new(&bot(own.faq.clone())?, own.queries.clone());
    let fit_people = for_fit.iter().map(ask).collect::<faqbot::Result<Vec<Asked>>>()?;
    let (own_words, varied) = fit_people.split_at(for_fit.len() / 2);
    print_order(&measured, [own_words, varied]);
    for (own, asked) in for_fit.iter().zip(&fit_people) {
        let counts = |query: usize| match asked.queries[query].kind.as_deref() {
            Some("paraphrase") => own.paraphrase_weight,
            _ => 1.0,
        };
        let all: f64 = (0..asked.queries.len()).map(counts).sum();
        samples.extend(asked.replies.iter().enumerate().filter_map(|(query, verdict)| {
            Some(Sample {
                family: "people".to_owned(),
                query_family: "people".to_owned(),
                guest: None,
                fold: Some(FOLDS + own.fold),
                features: verdict.features?,
                right: asked.is_right(query),
                weight: counts(query) / all,
            })
        }));
    }
    // More phrasings are to make no answer less sure: their number tells nothing here.
    let phrasings = names().position(|name| name == "phrasings").expect("a feature");
    samples.iter_mut().for_each(|sample| sample.features[phrasings] = 0.0);
    // What was not read is decided without the trees.
    samples.retain(|sample| is_read(&sample.features));
    // Each public family counts the same, and the pairs as much as they are to.
    let mut sums: HashMap<String, f64> = HashMap::new();
    samples.iter().for_each(|sample| *sums.entry(sample.family.clone()).or_default() += sample.weight);
    for sample in &mut samples {
        let share = match sample.family.as_str() {
            "pairs" => PAIRS_WEIGHT,
            "people" => PEOPLE_WEIGHT,
            _ => (1.0 - PAIRS_WEIGHT - PEOPLE_WEIGHT) / FAMILIES.len() as f64,
        };
        sample.weight *= share / sums[&sample.family];
    }
    if let Some(path) = std::env::var_os("FIT_ROWS") {
        write_rows(Path::new(&path), &samples)?;
    }
    let right: f64 = samples.iter().filter(|sample| sample.right).map(|sample| sample.weight).sum();
    println!("{} rows, {:.0} % of their weight with the right entry first\n", samples.len(), 100.0 * right);
    let fit = |keep: &(dyn Fn(&Sample) -> bool + Sync)| {
        fit_to(samples.iter().filter(|sample| keep(sample)).map(|sample| (sample, &sample.features)))
    };
    table.keep()?;
    let shipped = fit(&|_| true);
    if write {
        let text = serde_json::json!({
            "origin": "cargo run --release -p faqbot-train --bin fit -- ../shared/evaldata ../shared/pairs data/reader --write",
            "data": "parts of the public sets' FAQs with their calibration files, data/minimal_pairs/fit, and what people ask small FAQs",
            "share": (right * 1e4).round() / 1e4,
            "features": names().collect::<Vec<_>>(),
            "trees": shipped,
        });
        std::fs::write("crates/faqbot-core/src/matching/confidence.json", text.to_string() + "\n")?;
        println!("\ncrates/faqbot-core/src/matching/confidence.json is written");
    }
    let without: HashMap<&str, Trees> = FAMILIES
        .into_par_iter()
        .map(|family| {
            (
                family,
                fit(&|sample| {
                    sample.family != family && sample.query_family != family && sample.guest != Some(family)
                }),
            )
        })
        .collect();
    let without_fold: Vec<Trees> = (0..FOLDS + people::FOLDS)
        .into_par_iter()
        .map(|fold| fit(&|sample| sample.fold != Some(fold)))
        .collect();
    let confidence = |trees: &Trees| {
        let trees = trees.clone();
        move |features: &Features| sigmoid(trees.logit(features))
    };

    // As many from each set, evenly spread, and the pairs as one more set: none is to rule the thresholds by its size.
    let some = |scored: Vec<Scored>| {
        let count = scored.len();
        (0..400).map(move |at| scored[at * count / 400])
    };
    let of_pairs = fit_pairs
        .iter()
        .enumerate()
        .flat_map(|(at, asked)| asked.scored(confidence(&without_fold[at % FOLDS])))
        .collect();
    let of_people = |part: usize| -> Vec<Scored> {
        let rows = for_fit.iter().zip(&fit_people).enumerate();
        let rows = rows.filter(|(at, _)| at % PEOPLE_SETS as usize == part);
        rows.flat_map(|(_, (own, asked))| asked.scored(confidence(&without_fold[FOLDS + own.fold]))).collect()
    };
    let pooled: Vec<Scored> = measured
        .iter()
        .map(|own| own.calibration.scored(confidence(&without[own.set.family])))
        .chain([of_pairs])
        .chain((0..PEOPLE_SETS as usize).map(of_people))
        .flat_map(some)
        .collect();
    let policy = choose_policy(&pooled, 0.05);
    println!("thresholds for 5 % wrong answers: {policy:?}");
    println!("what ships, by which the tables are: {:?}", Policy::CALIBRATED);
    let policy = Policy::CALIBRATED;
    // A hint names the nearest question to one that is not answered.
    let hint = (1..20).rev().map(|twentieth| f64::from(twentieth) / 20.0).take_while(|&least| {
        let band: Vec<&Scored> =
            pooled.iter().filter(|query| (least..least + 0.05).contains(&query.confidence)).collect();
        3 * band.iter().filter(|query| query.right).count() >= band.len()
    });
    println!(
        "hints, in whose bands of a twentieth the nearest question is right at least one time in three: from {:.2} on\n",
        hint.last().unwrap_or(1.0)
    );
    let below = |least: f32| {
        let share = |asked: &[&Asked]| {
            let right = asked.iter().flat_map(|asked| {
                (0..asked.queries.len())
                    .filter(|&at| asked.is_right(at))
                    .map(|at| asked.replies[at].matches[0].cosine)
            });
            let right: Vec<f32> = right.collect();
            right.iter().filter(|cosine| **cosine < least).count() as f64 / right.len().max(1) as f64
        };
        let people: Vec<&Asked> = fit_people.iter().collect();
        let sets: f64 = measured.iter().map(|own| share(&[&own.calibration])).sum();
        (sets + PEOPLE_SETS * share(&people)) / (measured.len() as f64 + PEOPLE_SETS)
    };
    let min_cosine =
        (-20..100).map(|percent| percent as f32 / 100.0).take_while(|&least| below(least) <= 0.01);
    println!(
        "min_cosine, below which lies at most 1 % of the queries whose best entry is right: {}\n",
        min_cosine.last().unwrap_or(0.0)
    );

    // Queries whose words are those of the phrasing.
    let same: Vec<bool> = measured
        .iter()
        .map(|own| &own.calibration)
        .chain(&fit_pairs)
        .flat_map(|asked| (0..asked.replies.len()).map(move |at| (asked, at)))
        .filter(|(asked, at)| {
            asked.replies[*at].alignment.as_ref().is_some_and(Alignment::has_the_same_words)
        })
        .map(|(asked, at)| asked.is_right(at))
        .collect();
    println!(
        "the same words as the nearest phrasing: {} queries, {:.1} % right\n",
        same.len(),
        100.0 * same.iter().filter(|right| **right).count() as f64 / same.len().max(1) as f64
    );
    println!("On the test queries, the confidence fitted without the set's family:\n");
    header("");
    let each = |name: &str, value: &dyn Fn(&Measured) -> f64, digits: usize| {
        line(name, measured.iter().map(value), digits);
    };
    each("top-1, plain cosine", &|own| 100.0 * own.test.cosine_top1(), 1);
    each("top-1, score", &|own| 100.0 * own.test.top1(&WEIGHTS), 1);
    each("AUROC, plain cosine", &|own| 100.0 * own.test.cosine_auroc(), 1);
    let scored = |own: &Measured| own.test.scored(confidence(&without[own.set.family]));
    each("AUROC, confidence", &|own| 100.0 * auroc(&labels(&scored(own))).unwrap_or(0.0), 1);
    let nearest =
        |verdict: &Verdict| verdict.matches.iter().map(|found| f64::from(found.cosine)).fold(-1.0, f64::max);
    each(
        "in/out of scope AUROC, plain cosine",
        &|own| 100.0 * own.test.scope_auroc(nearest).unwrap_or(f64::NAN),
        1,
    );
    each(
        "in/out of scope AUROC, confidence",
        &|own| {
            let trees = &without[own.set.family];
            let of_reply = |verdict: &Verdict| match &verdict.features {
                Some(all) if is_read(all) => trees.logit(all),
                Some(_) => f64::INFINITY,
                None => f64::NEG_INFINITY,
            };
            100.0 * own.test.scope_auroc(of_reply).unwrap_or(f64::NAN)
        },
        1,
    );
    each("calibration error", &|own| calibration_error(&labels(&scored(own))), 3);
    let adapted = |own: &Measured, share: Option<(f64, f64)>| {
        let trees = &without[own.set.family];
        let mut rows = own.calibration.labelled(trees);
        if let Some((had, wanted)) = share {
            for (row, &in_scope) in rows.iter_mut().zip(&own.calibration.in_scope) {
                row.weight = if in_scope { (1.0 - wanted) / (1.0 - had) } else { wanted / had };
            }
        }
        let adapted = Calibration::adapted(&rows).expect("both labels");
        own.test.scored(|features| sigmoid(adapted.logit(&inputs(trees, features))))
    };
    each("the same, calibrated", &|own| calibration_error(&labels(&adapted(own, None))), 3);
    each("AUROC, calibrated", &|own| 100.0 * auroc(&labels(&adapted(own, None))).unwrap_or(0.0), 1);
    // The calibration file without its labels, as it is and as if this share of all queries found their entry.
    let odds = |share: f64| (share / (1.0 - share)).ln();
    let unlabelled = |own: &Measured, of_all: Option<f64>| {
        let trees = &without[own.set.family];
        let logits = |asked: &Asked| {
            let all = (0..asked.queries.len())
                .filter_map(|at| Some((trees.logit(&asked.replies[at].features?), asked.is_right(at))));
            with_share(&mut Random(7), all.collect(), of_all)
        };
        let calibration: Vec<f64> = logits(&own.calibration).into_iter().map(|(logit, _)| logit).collect();
        let shift = odds(unlabelled::share(&calibration, right)) - odds(right);
        [0.0, shift].map(|shift| {
            let test = logits(&own.test).into_iter().map(|(logit, right)| (sigmoid(logit + shift), right));
            calibration_error(&test.collect::<Vec<(f64, bool)>>())
        })
    };
    each("calibrated without labels", &|own| unlabelled(own, None)[1], 3);
    for of_all in [0.1, 0.4, 0.8] {
        let share = format!("where {:.0} % of all are right: ", 100.0 * of_all);
        each(&format!("{share}calibration error"), &|own| unlabelled(own, Some(of_all))[0], 3);
        each(&format!("{share}calibrated without labels"), &|own| unlabelled(own, Some(of_all))[1], 3);
    }
    // What a calibration file is worth that has as many out-of-scope queries as the test queries have.
    each(
        "calibrated at the test's share",
        &|own| {
            let out = |asked: &Asked| asked.in_scope.iter().filter(|in_scope| !**in_scope).count() as f64;
            let share = |asked: &Asked| out(asked) / asked.queries.len() as f64;
            calibration_error(&labels(&adapted(own, Some((share(&own.calibration), share(&own.test))))))
        },
        3,
    );
    let rates = |scored: &[Scored]| {
        let answered = |query: &&Scored| query.confidence >= f64::from(policy.min_confidence);
        let share = |count: usize| 100.0 * count as f64 / scored.len().max(1) as f64;
        let right = scored.iter().filter(answered).filter(|query| query.right).count();
        let all = scored.iter().filter(answered).count();
        (share(all - right), share(all), share(right))
    };
    each("wrong answers, % of all", &|own| rates(&scored(own)).0, 1);
    each("answered, % of all", &|own| rates(&scored(own)).1, 1);
    for (errors, name) in ["one error of typing", "two errors of typing"].into_iter().enumerate() {
        let typed = |own: &Measured| own.typed[errors].scored(confidence(&without[own.set.family]));
        each(&format!("{name}: AUROC, plain cosine"), &|own| 100.0 * own.typed[errors].cosine_auroc(), 1);
        each(
            &format!("{name}: AUROC, confidence"),
            &|own| 100.0 * auroc(&labels(&typed(own))).unwrap_or(0.0),
            1,
        );
        each(&format!("{name}: answered rightly, % of all"), &|own| rates(&typed(own)).2, 1);
    }

    for (at, name) in
        ["a word exchanged, another question: answered, %", "a word exchanged, the same: answered rightly, %"]
            .into_iter()
            .enumerate()
    {
        let of_all = |own: &Measured, count: &dyn Fn(&Scored) -> bool, scored: Vec<Scored>| {
            let counted = scored.iter().filter(|query| count(query)).count();
            if own.exchanged[at].queries.is_empty() {
                f64::NAN
            } else {
                100.0 * counted as f64 / scored.len() as f64
            }
        };
        let least = f64::from(policy.min_confidence);
        let counts = |least: f64| move |query: &Scored| query.confidence >= least && (at == 0 || query.right);
        each(
            name,
            &|own| {
                of_all(own, &counts(least), own.exchanged[at].scored(confidence(&without[own.set.family])))
            },
            1,
        );
        each(
            &format!("{name}, plain cosine"),
            &|own| of_all(own, &counts(0.65), own.exchanged[at].scored(|features| features[6])),
            1,
        );
    }

    println!(
        "\n## Minimal pairs\n\nAnswered (for near misses and others) or answered rightly, % of the queries of each kind:\n"
    );
    println!(
        "| | near miss | paraphrase | close | with typing errors | other | AUROC, right against near miss |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let nearest_cosine = |features: &Features| features[6];
    let fit_rows = || fit_pairs.iter().enumerate();
    pairs_line(
        "fit, each by the others, confidence",
        fit_rows().map(|(at, asked)| (asked, asked.scored(confidence(&without_fold[at % FOLDS])))),
        f64::from(policy.min_confidence),
    );
    pairs_line("fit, plain cosine", fit_rows().map(|(_, asked)| (asked, asked.scored(nearest_cosine))), 0.65);
    pairs_line(
        "kept aside, confidence",
        test_pairs.iter().map(|asked| (asked, asked.scored(confidence(&shipped)))),
        f64::from(policy.min_confidence),
    );
    pairs_line(
        "kept aside, plain cosine",
        test_pairs.iter().map(|asked| (asked, asked.scored(nearest_cosine))),
        0.65,
    );

    println!(
        "\n## What people ask\n\nAnswered, rightly where the FAQ has an answer, % of each kind; of wrong answers, % of all; asked back with the"
    );
    println!(
        "right entry among the choices, or answered rightly; the others asked back; and at the threshold where 5 % of all get a wrong answer:\n"
    );
    people_header();
    let fit_rows = || for_fit.iter().zip(&fit_people).enumerate();
    let plain = for_fit.len() / 2;
    for (name, keep) in [
        ("fit, each by other writers", &(|at: usize| at < plain) as &dyn Fn(usize) -> bool),
        ("the same without answers", &|at| at >= plain && (at - plain) % 3 == 0),
        ("with paraphrases as phrasings", &|at| at >= plain && (at - plain) % 3 > 0),
    ] {
        let rows = fit_rows().filter(|(at, _)| keep(*at));
        people_line(
            name,
            rows.map(|(_, (own, asked))| (asked, asked.scored(confidence(&without_fold[FOLDS + own.fold])))),
            &policy,
        );
    }
    // The same queries before and after, since the others have become phrasings.
    let before: Vec<People> =
        for_test.iter().zip(&with_two).map(|(own, with_two)| own.with_queries_of(with_two)).collect();
    let by_writer =
        |writer: &str| for_test.iter().filter(|own| own.name.starts_with(writer)).collect::<Vec<&People>>();
    for (name, people) in [
        ("kept aside, writer 17", by_writer("w17")),
        ("kept aside, writer 30", by_writer("w30")),
        ("kept aside, writer 38", by_writer("w38")),
        ("kept aside, writer 62", by_writer("w62")),
        ("kept aside, writer 80", by_writer("w80")),
        ("kept aside, writer 97", by_writer("w97")),
        ("kept aside, the queries of the next", before.iter().collect()),
        ("kept aside, two paraphrases each as phrasings", with_two.iter().collect()),
    ] {
        let asked = people.into_iter().map(ask).collect::<faqbot::Result<Vec<Asked>>>()?;
        people_line(name, asked.iter().map(|asked| (asked, asked.scored(confidence(&shipped)))), &policy);
        let nearest = |asked: &Asked| asked.scored(|features| features[6]);
        people_line(
            &format!("{name}, cosine of the same"),
            asked.iter().map(|asked| (asked, nearest(asked))),
            &policy,
        );
    }

    if ablations {
        println!(
            "\n## Ablations\n\nConfidence without some of its features, of the fit's FAQs, each by other writers:\n"
        );
        people_header();
        for (name, left_out) in ABLATIONS {
            let left_out: Vec<usize> =
                (0..FEATURES).filter(|&at| left_out.contains(&names().nth(at).unwrap_or_default())).collect();
            let less = |features: &Features| {
                let mut less = *features;
                left_out.iter().for_each(|&at| less[at] = 0.0);
                less
            };
            let samples: Vec<(Features, &Sample)> =
                samples.iter().map(|sample| (less(&sample.features), sample)).collect();
            let fold = |fold: usize| {
                let others = samples.iter().filter(|(_, sample)| sample.fold != Some(FOLDS + fold));
                fit_to(others.map(|(features, sample)| (*sample, features)))
            };
            let without: Vec<Trees> = (0..people::FOLDS).into_par_iter().map(fold).collect();
            let rows = for_fit.iter().zip(&fit_people).take(plain).map(|(own, asked)| {
                let trees = &without[own.fold];
                (asked, asked.scored(|features| sigmoid(trees.logit(&less(features)))))
            });
            people_line(name, rows, &policy);
        }
    }

    println!(
        "\n## Guards\n\nShare of the queries that would be answered, and rightly / not rightly, which each turns into choices, %:\n"
    );
    header("");
    for (name, guard) in
        [("polarity", Guard::Polarity), ("generic", Guard::Generic), ("exchanged", Guard::Exchanged)]
    {
        for right in [true, false] {
            let value = |own: &Measured| {
                let scored = scored(own);
                let answered: Vec<usize> = (0..scored.len())
                    .filter(|&at| {
                        scored[at].confidence >= f64::from(policy.min_confidence) && scored[at].right == right
                    })
                    .collect();
                100.0
                    * answered.iter().filter(|&&at| own.test.replies[at].guard == Some(guard)).count() as f64
                    / answered.len().max(1) as f64
            };
            each(&format!("{name}, {}", if right { "right" } else { "not right" }), &value, 2);
        }
    }
    println!(
        "\n## Close entries\n\nPairs of entries by the greatest cosine of their phrasings, and the share of the queries"
    );
    println!("for either that go to the other, of those that go to one of them, on the calibration files:\n");
    let mut bins = [(0usize, 0usize, 0usize); 20];
    for own in &measured {
        close_pairs(&own.bot, &own.calibration, &mut bins)?;
    }
    for (at, (pairs, confused, queries)) in bins.iter().enumerate().filter(|(_, bin)| bin.2 > 0) {
        let from = 0.5 + at as f64 * 0.025;
        println!(
            "{from:.3} to {:.3}: {pairs:>6} pairs, {queries:>6} queries, {:>5.1} %",
            from + 0.025,
            100.0 * *confused as f64 / *queries as f64
        );
    }

    println!(
        "\n## Phrasings in the wrong place\n\nShare of the phrasings whose entry is behind another by more than a value, where they stand and"
    );
    println!(
        "when one in twenty is put into another entry, and how many of those named are then right, %; mean over the FAQs \
         with several phrasings:\n"
    );
    let several = |bot: &Bot<Table>| bot.faq().phrasing_count() > 2 * bot.faq().entries.len();
    println!(
        "| ahead by more than | two phrasings an entry: standing | moved | right of those named, if 1 in 20 is wrong | three | | | all | | |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let wrong_place: Vec<Vec<Misplaced>> = [2, 3, usize::MAX]
        .into_iter()
        .map(|phrasings| {
            let sets = measured.iter().filter(|own| several(&own.bot));
            sets.map(|own| Misplaced::new(&mut random, &own.bot, phrasings)).collect::<faqbot::Result<_>>()
        })
        .collect::<faqbot::Result<_>>()?;
    for value in [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6] {
        let share = |ahead: &[f32]| {
            ahead.iter().filter(|ahead| **ahead > value).count() as f64 / ahead.len().max(1) as f64
        };
        let cells = wrong_place.iter().flat_map(|sets| {
            let mean = |of: fn(&Misplaced) -> &[f32]| {
                sets.iter().map(|set| share(of(set))).sum::<f64>() / sets.len() as f64
            };
            let (standing, moved) = (mean(|set| &set.standing), mean(|set| &set.moved));
            [standing, moved, 0.05 * moved / (0.05 * moved + 0.95 * standing).max(1e-9)]
        });
        let cells: Vec<String> = cells.map(|share| format!("{:.1}", 100.0 * share)).collect();
        println!("| {value:.2} | {} |", cells.join(" | "));
    }
    println!("\n## Against published figures (in-scope accuracy / out-of-scope recall, %)\n");
    for (set, published) in &PUBLISHED {
        let bot = bot(data.faq(set)?)?;
        let own = Asked::new(&bot, data.calibration(set)?)?.both(confidence(&without[set.family]));
        let test = Asked::new(&bot, data.test(set)?)?.both(confidence(&without[set.family]));
        let sum = |rates: (f64, f64)| rates.0 + rates.1;
        let best = (1..100).max_by(|&a, &b| sum(own(a)).total_cmp(&sum(own(b)))).unwrap_or(50);
        let (accuracy, recall) = test(best);
        println!(
            "{}: {accuracy:.1}/{recall:.1}, sum {:.1}, at the threshold 0.{best:02} of its calibration file ({published})",
            set.name,
            accuracy + recall
        );
    }

    Ok(())
}

/// Writes the rows that confidence is fitted to as CSV, to try other models on.
fn write_rows(path: &Path, samples: &[Sample]) -> std::io::Result<()> {
    let mut text = format!("family,fold,right,weight,{}\n", names().collect::<Vec<_>>().join(","));
    for sample in samples {
        let fold = sample.fold.map_or(-1, |fold| fold as i32);
        let features: Vec<String> = sample.features.iter().map(|value| format!("{value:.5}")).collect();
        let right = u8::from(sample.right);
        text += &format!("{},{fold},{right},{:.9},{}\n", sample.family, sample.weight, features.join(","));
    }
    std::fs::write(path, text)
}

/// As many of the queries as there can be where this share of them is right.
fn with_share(random: &mut Random, all: Vec<(f64, bool)>, of_all: Option<f64>) -> Vec<(f64, bool)> {
    let Some(share) = of_all else { return all };
    let (right, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, right)| *right);
    let count = (right.len() as f64 / share).min(rest.len() as f64 / (1.0 - share));
    let mut kept = random.some(&right, (count * share) as usize);
    kept.extend(random.some(&rest, (count * (1.0 - share)) as usize));
    kept
}

/// A public set with its queries, asked.
struct Measured {
    set: &'static Set,
    bot: Bot<Table>,
    calibration: Asked,
    test: Asked,
    /// With a word exchanged: other questions, and such as are still the entry's.
    exchanged: [Asked; 2],
    /// Test queries with one and two errors of typing.
    typed: [Asked; 2],
}
