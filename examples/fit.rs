//! Fits what the matching ships with, and measures it, on labelled public FAQs:
//!
//! ```console
//! $ cargo run --release --example fit -- ../shared/evaldata
//! ```
//!
//! It prints the weights of the signals (a grid, with what each signal earns), the confidence model
//! and the thresholds, all fitted on calibration files, and then what they give on the test queries.
//! Where a set's own figures are printed, the confidence model was fitted without that set. The first
//! run embeds some 40,000 texts, which takes a minute or two; they are kept in `target/fit`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faqbot::embed::cached::CachedEmbedder;
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, ModelId, Progress, Role};
use faqbot::faq::{Answers, ReadOptions, load};
use faqbot::matching::confidence::Calibration;
use faqbot::matching::guard::{is_generic, polarity_conflict};
use faqbot::matching::logistic::{Labelled, Logistic};
use faqbot::matching::metrics::{auroc, calibration_error};
use faqbot::matching::signals::{WEIGHTS, Weights, answer_text};
use faqbot::quality::calibration::{Scored, choose_policy};
use faqbot::quality::check::found_without;
use faqbot::quality::eval::{LabelledQuery, load_queries};
use faqbot::{Bot, Entry, Faq, Match, Policy, Reply, Setup};
use ndarray::Array2;

/// A FAQ with calibration and test queries.
struct Set {
    name: &'static str,
    /// Sets of one family share their data: they are left out together.
    family: &'static str,
    faq: &'static str,
    calibration: &'static str,
    test: &'static str,
}

const fn set(
    name: &'static str,
    family: &'static str,
    faq: &'static str,
    calibration: &'static str,
    test: &'static str,
) -> Set {
    Set { name, family, faq, calibration, test }
}

const SETS: [Set; 7] = [
    set("clinc150 k1", "clinc150", "faq_k1", "calib", "queries"),
    set("clinc150 k5", "clinc150", "faq_k5", "calib", "queries"),
    set("banking77_oos k5", "banking77_oos_clean", "faq_k5", "calib", "queries"),
    set("hwu64 fs10", "hwu64", "faq_fs10", "calib", "queries"),
    set("curekart", "hint3_curekart", "faq", "calib20", "queries_rest80"),
    set("stackfaq", "stackfaq", "faq_holdout", "calib_holdout", "queries_holdout"),
    set("covid_deepset", "covid_deepset_en", "faq_holdout", "calib_holdout", "queries_holdout"),
];

/// The FAQs that parts are drawn from, the largest of each family.
const SOURCES: [Set; 6] = [
    set("", "clinc150", "faq_kall", "calib", "queries"),
    set("", "banking77_oos_clean", "faq_k10", "calib", "queries"),
    set("", "hwu64", "faq_fs10", "calib", "queries"),
    set("", "hint3_curekart", "faq", "calib20", "queries_rest80"),
    set("", "stackfaq", "faq_holdout", "calib_holdout", "queries_holdout"),
    set("", "covid_deepset_en", "faq_holdout", "calib_holdout", "queries_holdout"),
];

/// Parts drawn from each source.
const PARTS: usize = 60;

/// Queries in scope of a part, at most.
const PART_QUERIES: usize = 200;

/// The greatest share of out-of-scope queries in a part; it is drawn evenly from 0 to this.
const MAX_OUT_OF_SCOPE: f64 = 0.45;

/// The share of these that come from the other families: questions about something else altogether.
const FAR: f64 = 0.3;

/// Vectors by role and text, embedded before.
#[derive(Clone)]
struct Table {
    model: ModelId,
    rows: Arc<HashMap<String, usize>>,
    vectors: Arc<Array2<f32>>,
}

impl Embedder for Table {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimension(&self) -> usize {
        self.vectors.ncols()
    }

    fn embed(&self, _: Role, texts: &[&str], _: Progress) -> faqbot::Result<Array2<f32>> {
        let mut rows = Array2::zeros((texts.len(), self.dimension()));
        for (text, mut row) in texts.iter().zip(rows.rows_mut()) {
            let at = self.rows.get(*text).unwrap_or_else(|| panic!("not embedded: {text}"));
            row.assign(&self.vectors.row(*at));
        }
        Ok(rows)
    }
}

/// Knuth's MMIX generator: the same numbers on every run.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    /// `count` of the items, each once, in random order.
    fn some<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut order: Vec<usize> = (0..items.len()).collect();
        for at in 0..count.min(items.len()) {
            let other = at + self.below(items.len() - at);
            order.swap(at, other);
        }
        order.into_iter().take(count).map(|at| items[at].clone()).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = PathBuf::from(
        std::env::args().nth(1).ok_or("usage: fit DATA (the folder with clinc150 and the others)")?,
    );
    let faq = |set: &Set, name: &str| -> faqbot::Result<Faq> {
        read_faq(&data.join(set.family).join(format!("{name}.jsonl")))
    };
    let queries = |set: &Set, name: &str| load_queries(&data.join(set.family).join(format!("{name}.jsonl")));
    let table = embed_all(&data)?;
    let bot = |faq: Faq| {
        let setup = Setup { policy: Policy::UNCALIBRATED, calibration: None, answers: true };
        Bot::new(faq, table.clone(), setup, &mut |_| ())
    };

    let mut measured = Vec::new();
    for set in &SETS {
        let bot = bot(faq(set, set.faq)?)?;
        let calibration = Asked::new(&bot, queries(set, set.calibration)?)?;
        let test = Asked::new(&bot, queries(set, set.test)?)?;
        measured.push((set, bot, calibration, test));
    }

    println!("## Weights of the signals\n\nTop-1 in scope on the calibration files, mean over families:\n");
    let families: Vec<&str> = SOURCES.iter().map(|source| source.family).collect();
    let by_family = |score: &dyn Fn(&Asked) -> f64| -> f64 {
        let mean = |family: &&str| {
            let values: Vec<f64> = measured
                .iter()
                .filter(|(set, ..)| set.family == *family)
                .map(|(_, _, asked, _)| score(asked))
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
    let table: Vec<Vec<f64>> = candidates
        .iter()
        .map(|weights| measured.iter().map(|(_, _, asked, _)| asked.top1(weights)).collect())
        .collect();
    let mean_without = |left_out: &str, row: &[f64]| -> f64 {
        let of = |family: &&&str| {
            let own: Vec<f64> = measured
                .iter()
                .zip(row)
                .filter(|((set, ..), _)| set.family == **family)
                .map(|(_, value)| *value)
                .collect();
            own.iter().sum::<f64>() / own.len() as f64
        };
        let kept: Vec<f64> =
            families.iter().filter(|family| **family != left_out).map(|family| of(&family)).collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    let best_without = |left_out: &str| {
        let best = (0..table.len()).max_by(|&a, &b| {
            mean_without(left_out, &table[a]).total_cmp(&mean_without(left_out, &table[b])).then(b.cmp(&a))
        });
        candidates[best.expect("candidates")]
    };
    let mut grid: Vec<(f64, Weights)> =
        table.iter().zip(&candidates).map(|(row, weights)| (mean_without("", row), *weights)).collect();
    grid.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (value, weights) in grid.iter().take(5) {
        println!("{:.2} %  {weights:?}", value * 100.0);
    }
    println!("{:.2} %  in use: {WEIGHTS:?}", by_family(&|asked| asked.top1(&WEIGHTS)) * 100.0);

    println!("\nAblation, top-1 in scope on the test queries, %:\n");
    let none = Weights { phrasing: 0.0, centroid: 0.0, lexical: 0.0, ridge: 0.0, answer: 0.0 };
    header("");
    let row = |name: &str, top1: &dyn Fn(&Asked) -> f64| {
        line(name, measured.iter().map(|(.., test)| 100.0 * top1(test)), 1);
    };
    row("plain cosine", &|asked| asked.cosine_top1());
    row("all signals", &|asked| asked.top1(&WEIGHTS));
    line(
        "weights of the grid without the set's family",
        measured.iter().map(|(set, _, _, test)| 100.0 * test.top1(&best_without(set.family))),
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

    println!("\n## Confidence\n");
    let mut random = Random(2026);
    // Rows with the two families they come from, that of the FAQ and that of the query.
    let mut parts: Vec<(&str, &str, Labelled)> = Vec::new();
    let (mut all, mut out) = (0, 0);
    let mut asked_of = Vec::new();
    for source in &SOURCES {
        asked_of.push((source.family, queries(source, source.calibration)?));
    }
    for (source, (_, labelled)) in SOURCES.iter().zip(&asked_of) {
        let whole = faq(source, source.faq)?;
        for _ in 0..PARTS {
            let part = part(&mut random, &whole);
            let (mut chosen, outside) = ask_part(&mut random, &part, labelled);
            let mut from = vec![source.family; chosen.len()];
            // Some of those out of scope are about something else altogether.
            let far = (outside as f64 * FAR).round() as usize;
            chosen.truncate(chosen.len() - far);
            from.truncate(chosen.len());
            for _ in 0..far {
                let (family, queries) = &asked_of[random.below(asked_of.len())];
                if *family != source.family {
                    let query = queries[random.below(queries.len())].clone();
                    chosen.push(LabelledQuery { expected: None, ok: vec![], ..query });
                    from.push(family);
                }
            }
            let asked = Asked::new(&bot(part)?, chosen)?;
            all += asked.queries.len();
            out += asked.in_scope.iter().filter(|in_scope| !**in_scope).count();
            let weight = 1.0 / asked.queries.len().max(1) as f64;
            let rows = asked.replies.iter().enumerate().filter_map(|(at, reply)| {
                let row = Labelled { features: reply.features?, right: asked.is_right(at), weight };
                Some((source.family, from[at], row))
            });
            parts.extend(rows);
        }
    }
    println!(
        "{} parts, {all} queries, {:.0} % of them out of scope",
        PARTS * SOURCES.len(),
        100.0 * out as f64 / all as f64
    );
    let fit = |left_out: &str| {
        let others = parts.iter().filter(|(faq, query, _)| *faq != left_out && *query != left_out);
        let rows: Vec<Labelled> = others.map(|(.., row)| *row).collect();
        Logistic::fit(&rows).expect("both labels")
    };
    let shipped = fit("");
    println!("\npub const SHIPPED: Logistic = Logistic {{");
    println!("    weights: {:?},", shipped.weights.map(|weight| (weight * 1e4).round() / 1e4));
    println!("    constant: {:?},\n}};\n", (shipped.constant * 1e4).round() / 1e4);

    let without: HashMap<&str, Calibration> =
        families.iter().map(|family| (*family, Calibration::new(fit(family)))).collect();
    let pooled: Vec<Scored> = measured
        .iter()
        // As many from each set, evenly spread: none is to rule the thresholds by its size.
        .flat_map(|(set, _, asked, _)| {
            let scored = asked.scored(&without[set.family]);
            let count = scored.len();
            (0..400).map(move |at| scored[at * count / 400]).collect::<Vec<_>>()
        })
        .collect();
    let policy = choose_policy(&pooled, 0.05);
    println!("thresholds for 5 % wrong answers: {policy:?}\n");

    // The share of the queries whose best entry is right that lie below a cosine, mean over the sets.
    let below = |least: f32| {
        let shares = measured.iter().map(|(_, _, asked, _)| {
            let right: Vec<usize> = (0..asked.queries.len()).filter(|&at| asked.is_right(at)).collect();
            let cosine = |at: &&usize| asked.replies[**at].matches[0].cosine < least;
            right.iter().filter(cosine).count() as f64 / right.len().max(1) as f64
        });
        shares.sum::<f64>() / measured.len() as f64
    };
    let min_cosine = (1..100).map(|percent| percent as f32 / 100.0).take_while(|&least| below(least) <= 0.01);
    println!(
        "min_cosine, below which lies at most 1 % of the queries whose best entry is right: {}\n",
        min_cosine.last().unwrap_or(0.0)
    );
    println!("On the test queries, the confidence model fitted without the set's family:\n");
    header("");
    row("top-1, plain cosine", &|asked| asked.cosine_top1());
    row("top-1, score", &|asked| asked.top1(&WEIGHTS));
    row("AUROC, plain cosine", &|asked| asked.cosine_auroc());
    let each = |name: &str, value: &dyn Fn(&Set, &Asked) -> f64, digits: usize| {
        line(name, measured.iter().map(|(set, _, _, test)| value(set, test)), digits);
    };
    each(
        "AUROC, confidence",
        &|set, test| 100.0 * auroc(&pairs(&test.scored(&without[set.family]))).unwrap_or(0.0),
        1,
    );
    each("calibration error", &|set, test| calibration_error(&pairs(&test.scored(&without[set.family]))), 3);
    let adapted: Vec<Calibration> = measured
        .iter()
        .map(|(_, _, calibration, _)| Calibration::adapted(&calibration.labelled(1.0)).expect("both labels"))
        .collect();
    line(
        "the same, calibrated",
        measured
            .iter()
            .zip(&adapted)
            .map(|((.., test), adapted)| calibration_error(&pairs(&test.scored(adapted)))),
        3,
    );
    line(
        "AUROC, calibrated",
        measured
            .iter()
            .zip(&adapted)
            .map(|((.., test), adapted)| 100.0 * auroc(&pairs(&test.scored(adapted))).unwrap_or(0.0)),
        1,
    );
    // What a calibration file is worth that has as many out-of-scope queries as the test queries have.
    line(
        "calibrated at the test's share",
        measured.iter().map(|(_, _, calibration, test)| {
            let out = |asked: &Asked| asked.in_scope.iter().filter(|in_scope| !**in_scope).count() as f64;
            let share = |asked: &Asked| out(asked) / asked.queries.len() as f64;
            let (had, wanted) = (share(calibration), share(test));
            let rows =
                calibration.labelled(1.0).into_iter().zip(&calibration.in_scope).map(|(row, &in_scope)| {
                    let weight = if in_scope { (1.0 - wanted) / (1.0 - had) } else { wanted / had };
                    Labelled { weight, ..row }
                });
            let adapted = Calibration::adapted(&rows.collect::<Vec<_>>()).expect("both labels");
            calibration_error(&pairs(&test.scored(&adapted)))
        }),
        3,
    );
    let rates = |set: &Set, test: &Asked| {
        let scored = test.scored(&without[set.family]);
        let answered = |query: &&Scored| query.confidence >= f64::from(policy.min_confidence);
        let share = |count: usize| 100.0 * count as f64 / scored.len() as f64;
        let wrong = scored.iter().filter(answered).filter(|query| !query.right).count();
        (share(wrong), share(scored.iter().filter(answered).count()))
    };
    each("wrong answers, % of all", &|set, test| rates(set, test).0, 1);
    each("answered, % of all", &|set, test| rates(set, test).1, 1);

    println!(
        "\n## Safeguards\n\nShare of the queries that would be answered, and rightly / not rightly, which each turns into choices, %:\n"
    );
    header("");
    for (name, fires) in [
        ("polarity", &(|asked: &Asked, at: usize| asked.polarity[at]) as &dyn Fn(&Asked, usize) -> bool),
        ("generic", &|asked: &Asked, at: usize| asked.generic[at]),
    ] {
        for right in [true, false] {
            let value = |set: &Set, test: &Asked| {
                let scored = test.scored(&without[set.family]);
                let answered: Vec<usize> = (0..scored.len())
                    .filter(|&at| {
                        scored[at].confidence >= f64::from(policy.min_confidence) && scored[at].right == right
                    })
                    .collect();
                100.0 * answered.iter().filter(|&&at| fires(test, at)).count() as f64
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
    for (_, bot, asked, _) in &measured {
        close_pairs(bot, asked, &mut bins)?;
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
    println!("when one in twenty is put into another entry, %; mean over the FAQs with several phrasings:\n");
    let several = |bot: &Bot<Table>| bot.faq().phrasing_count() > 2 * bot.faq().entries.len();
    let wrong_place: Vec<Misplaced> = measured
        .iter()
        .filter(|(_, bot, ..)| several(bot))
        .map(|(_, bot, ..)| Misplaced::new(&mut random, bot))
        .collect::<faqbot::Result<_>>()?;
    for value in [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4] {
        let share = |ahead: &[f32]| {
            100.0 * ahead.iter().filter(|ahead| **ahead > value).count() as f64 / ahead.len() as f64
        };
        let sets = wrong_place.len() as f64;
        let standing = wrong_place.iter().map(|set| share(&set.standing)).sum::<f64>() / sets;
        let moved = wrong_place.iter().map(|set| share(&set.moved)).sum::<f64>() / sets;
        println!("{value:.2}: {standing:>5.1} {moved:>5.1}");
    }

    println!("\n## Against published figures (in-scope accuracy / out-of-scope recall, %)\n");
    for (name, family, faq_name, calibration, test, published) in [
        ("curekart v1", "hint3_curekart", "faq_v1", "calib20", "queries_v1", "Haptik 60.4/86.8, sum 147.2"),
        ("clinc150 kall", "clinc150", "faq_kall", "calib", "queries", "BERT 96.2/52.3"),
    ] {
        let set = set(name, family, faq_name, calibration, test);
        let bot = bot(faq(&set, set.faq)?)?;
        let own = Asked::new(&bot, queries(&set, set.calibration)?)?.both(&without[family]);
        let test = Asked::new(&bot, queries(&set, set.test)?)?.both(&without[family]);
        let sum = |rates: (f64, f64)| rates.0 + rates.1;
        let best = (1..100).max_by(|&a, &b| sum(own(a)).total_cmp(&sum(own(b)))).unwrap_or(50);
        let (accuracy, recall) = test(best);
        println!(
            "{name}: {accuracy:.1}/{recall:.1}, sum {:.1}, at the threshold 0.{best:02} of its calibration file ({published})",
            accuracy + recall
        );
        let last = (1..100).filter(|&at| own(at).0 >= 90.0).max();
        if let Some(at) = last {
            let (accuracy, recall) = test(at);
            println!(
                "{name}: {accuracy:.1}/{recall:.1} at 0.{at:02}, the last threshold with 90 in scope on its calibration file"
            );
        }
    }
    Ok(())
}

/// How far other entries are ahead of a phrasing's own.
struct Misplaced {
    /// For the phrasings where they stand.
    standing: Vec<f32>,
    /// For those that were moved to another entry.
    moved: Vec<f32>,
}

impl Misplaced {
    fn new(random: &mut Random, bot: &Bot<Table>) -> faqbot::Result<Self> {
        let ahead = |faq: &Faq| -> faqbot::Result<Vec<Option<f32>>> {
            let found = found_without(faq, bot.embedder())?;
            Ok(found.into_iter().map(|found| found.map(|(_, ahead)| ahead)).collect())
        };
        let standing = ahead(bot.faq())?.into_iter().flatten().collect();
        let mut faq = bot.faq().clone();
        let mut texts: HashSet<String> = HashSet::new();
        for _ in 0..faq.phrasing_count() / 20 {
            let (from, to) = (random.below(faq.entries.len()), random.below(faq.entries.len()));
            let entry = &mut faq.entries[from];
            if from != to && entry.phrasings.len() > 2 {
                let phrasing = entry.phrasings.remove(random.below(entry.phrasings.len()));
                texts.insert(phrasing.clone());
                faq.entries[to].phrasings.push(phrasing);
            }
        }
        let all = faq.entries.iter().flat_map(|entry| &entry.phrasings);
        let moved = all.zip(ahead(&faq)?).filter(|(text, _)| texts.contains(*text));
        Ok(Misplaced { standing, moved: moved.filter_map(|(_, ahead)| ahead).collect() })
    }
}

/// Counts pairs of entries, and the queries for either that go to the other and to one of the two, by
/// the greatest cosine of the entries' phrasings.
fn close_pairs(
    bot: &Bot<Table>,
    asked: &Asked,
    bins: &mut [(usize, usize, usize); 20],
) -> faqbot::Result<()> {
    let entries = &bot.faq().entries;
    let texts: Vec<&str> =
        entries.iter().flat_map(|entry| entry.phrasings.iter().map(String::as_str)).collect();
    let owners: Vec<usize> =
        entries.iter().enumerate().flat_map(|(at, entry)| vec![at; entry.phrasings.len()]).collect();
    let rows = bot.embedder().embed(Role::Passage, &texts, &mut |_| ())?;
    let mut nearest = vec![-1.0f32; entries.len() * entries.len()];
    for (row, &a) in rows.rows().into_iter().zip(&owners) {
        for (cosine, &b) in rows.dot(&row).iter().zip(&owners) {
            let place = &mut nearest[a * entries.len() + b];
            *place = place.max(*cosine);
        }
    }
    let mut counts: HashMap<(usize, usize), (usize, usize)> = HashMap::new();
    for (at, reply) in asked.replies.iter().enumerate() {
        let Some(best) = reply.matches.first().map(|best| best.entry) else { continue };
        for &right in &asked.right[at] {
            if right == best {
                // A right reply speaks for every pair that the entry is in.
                for other in (0..entries.len()).filter(|&other| other != right) {
                    counts.entry((right.min(other), right.max(other))).or_default().1 += 1;
                }
            } else if asked.right[at].len() == 1 {
                let counts = counts.entry((right.min(best), right.max(best))).or_default();
                counts.0 += 1;
                counts.1 += 1;
            }
        }
    }
    for ((a, b), (confused, queries)) in counts {
        let cosine = nearest[a * entries.len() + b];
        if cosine >= 0.5 {
            let bin = &mut bins[(((cosine - 0.5) / 0.025) as usize).min(19)];
            *bin = (bin.0 + 1, bin.1 + confused, bin.2 + queries);
        }
    }
    Ok(())
}

/// A FAQ whose entries may have no answers.
fn read_faq(path: &Path) -> faqbot::Result<Faq> {
    let options = ReadOptions { answers: Answers::Optional, ..ReadOptions::default() };
    Ok(load::load(&[path.to_owned()], &options, &mut |_| ())?.faq)
}

/// Queries asked of a bot, with all that is measured of them.
struct Asked {
    queries: Vec<LabelledQuery>,
    in_scope: Vec<bool>,
    replies: Vec<Reply>,
    /// For each query and entry, whether it is right.
    right: Vec<HashSet<usize>>,
    polarity: Vec<bool>,
    generic: Vec<bool>,
}

impl Asked {
    fn new(bot: &Bot<Table>, queries: Vec<LabelledQuery>) -> faqbot::Result<Self> {
        let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
        let replies = bot.ask_all(&texts, bot.faq().entries.len(), &mut |_| ())?;
        let entries_with = |word: &str| bot.ranker().document_frequency(word);
        let conflict = |reply: &Reply| {
            reply.matches.first().is_some_and(|best| {
                let entry = bot.entry(best);
                polarity_conflict(&reply.query, &entry.phrasings[best.phrasing], entry)
            })
        };
        let positions: HashMap<&str, usize> =
            bot.faq().entries.iter().enumerate().map(|(at, entry)| (entry.id.as_str(), at)).collect();
        let right = queries
            .iter()
            .map(|labelled| {
                labelled
                    .expected
                    .iter()
                    .chain(&labelled.ok)
                    .filter_map(|id| positions.get(id.as_str()).copied())
                    .collect()
            })
            .collect();
        Ok(Asked {
            polarity: replies.iter().map(conflict).collect(),
            generic: replies.iter().map(|reply| is_generic(&reply.query, entries_with)).collect(),
            in_scope: queries.iter().map(LabelledQuery::in_scope).collect(),
            right,
            replies,
            queries,
        })
    }

    /// The share of the queries in scope whose best entry, by `value`, is right.
    fn best_by(&self, value: impl Fn(&Match) -> f32) -> f64 {
        let (mut right, mut all) = (0, 0);
        for (at, reply) in self.replies.iter().enumerate().filter(|(at, _)| self.in_scope[*at]) {
            all += 1;
            let best = reply
                .matches
                .iter()
                .max_by(|a, b| value(a).total_cmp(&value(b)).then(b.entry.cmp(&a.entry)))
                .is_some_and(|best| self.right[at].contains(&best.entry));
            right += usize::from(best);
        }
        f64::from(right as u32) / f64::from(all.max(1))
    }

    fn top1(&self, weights: &Weights) -> f64 {
        self.best_by(|found| found.signals.score(weights))
    }

    fn cosine_top1(&self) -> f64 {
        self.best_by(|found| found.cosine)
    }

    /// AUROC of the greatest cosine: right against the rest, in percent / 100.
    fn cosine_auroc(&self) -> f64 {
        let scored: Vec<(f64, bool)> = self
            .replies
            .iter()
            .enumerate()
            .map(|(at, reply)| {
                let best = reply
                    .matches
                    .iter()
                    .max_by(|a, b| a.cosine.total_cmp(&b.cosine).then(b.entry.cmp(&a.entry)));
                best.map_or((-1.0, false), |best| {
                    (f64::from(best.cosine), self.right[at].contains(&best.entry))
                })
            })
            .collect();
        auroc(&scored).unwrap_or(0.0)
    }

    fn labelled(&self, weight: f64) -> Vec<Labelled> {
        let rows = self.replies.iter().enumerate();
        rows.filter_map(|(at, reply)| {
            Some(Labelled { features: reply.features?, right: self.is_right(at), weight })
        })
        .collect()
    }

    fn is_right(&self, at: usize) -> bool {
        self.replies[at].matches.first().is_some_and(|best| self.right[at].contains(&best.entry))
    }

    fn scored(&self, calibration: &Calibration) -> Vec<Scored> {
        let rows = self.replies.iter().enumerate();
        rows.map(|(at, reply)| Scored {
            confidence: reply.features.map_or(0.0, |features| calibration.confidence(&features)),
            right: self.is_right(at),
            answerable: true,
            offered_right: reply
                .matches
                .iter()
                .take(Policy::MAX_CHOICES)
                .any(|found| self.right[at].contains(&found.entry)),
        })
        .collect()
    }

    /// In-scope accuracy and out-of-scope recall in percent, by the threshold in hundredths.
    fn both(&self, calibration: &Calibration) -> impl Fn(usize) -> (f64, f64) + use<> {
        let scored = self.scored(calibration);
        let in_scope = self.in_scope.clone();
        move |hundredth| {
            let least = hundredth as f64 / 100.0;
            let (mut right, mut inside, mut refused, mut outside) = (0, 0, 0, 0);
            for (query, &in_scope) in scored.iter().zip(&in_scope) {
                let answered = query.confidence >= least;
                if in_scope {
                    inside += 1;
                    right += usize::from(answered && query.right);
                } else {
                    outside += 1;
                    refused += usize::from(!answered);
                }
            }
            (100.0 * right as f64 / inside.max(1) as f64, 100.0 * refused as f64 / outside.max(1) as f64)
        }
    }
}

fn pairs(scored: &[Scored]) -> Vec<(f64, bool)> {
    scored.iter().map(|query| (query.confidence, query.right)).collect()
}

/// A random part of a FAQ: a third to all of its entries, each with 1 to 20 of its phrasings.
fn part(random: &mut Random, whole: &Faq) -> Faq {
    let count = whole.entries.len() as f64;
    let entries = (count * (0.3f64).powf(random.unit())).round() as usize;
    let most = whole.entries.iter().map(|entry| entry.phrasings.len()).max().unwrap_or(1).min(20) as f64;
    let phrasings = (most + 0.99).powf(random.unit()) as usize;
    let chosen = random.some(&whole.entries, entries.max(3));
    let chosen = chosen
        .into_iter()
        .map(|entry| Entry { phrasings: random.some(&entry.phrasings, phrasings.max(1)), ..entry });
    Faq { entries: chosen.collect(), ..Faq::default() }
}

/// Queries for a part: those of its entries, and then some of those that it has no entry for, and
/// how many these are.
fn ask_part(random: &mut Random, part: &Faq, labelled: &[LabelledQuery]) -> (Vec<LabelledQuery>, usize) {
    let ids: HashSet<&str> = part.entries.iter().map(|entry| entry.id.as_str()).collect();
    let answered =
        |query: &LabelledQuery| query.expected.iter().chain(&query.ok).any(|id| ids.contains(id.as_str()));
    let (inside, outside): (Vec<LabelledQuery>, Vec<LabelledQuery>) =
        labelled.iter().cloned().partition(answered);
    let mut chosen = random.some(&inside, PART_QUERIES);
    let share = random.unit() * MAX_OUT_OF_SCOPE;
    let count = (chosen.len() as f64 * share / (1.0 - share)).round() as usize;
    let outside: Vec<LabelledQuery> = random
        .some(&outside, count)
        .into_iter()
        .map(|query| LabelledQuery { expected: None, ok: vec![], ..query })
        .collect();
    let count = outside.len();
    chosen.extend(outside);
    (chosen, count)
}

/// Embeds every text of every set.
fn embed_all(data: &Path) -> Result<Table, Box<dyn std::error::Error>> {
    let mut texts: HashSet<String> = HashSet::new();
    for family in SOURCES.iter().map(|source| source.family) {
        for file in std::fs::read_dir(data.join(family))? {
            let path = file?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("faq") {
                for entry in read_faq(&path)?.entries {
                    texts.extend(entry.phrasings.iter().cloned());
                    // Parts have other first questions: the answer is embedded with each of them.
                    texts.extend(entry.phrasings.iter().filter_map(|phrasing| {
                        answer_text(&Entry { phrasings: vec![phrasing.clone()], ..entry.clone() })
                    }));
                }
            } else if name.starts_with("queries") || name.starts_with("calib") {
                for query in load_queries(&path)? {
                    let query = query.query.trim().to_owned();
                    texts.extend(
                        faqbot::matching::questions::questions(&query).into_iter().map(str::to_owned),
                    );
                    texts.insert(query);
                }
            }
        }
    }
    let mut texts: Vec<String> = texts.into_iter().collect();
    texts.sort();
    let embedder = CachedEmbedder::new(FastEmbedder::bundled()?, Path::new("target/fit"));
    let slices: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embedder.embed(Role::Passage, &slices, &mut |done| {
        if done % 1024 < 32 {
            eprint!("\r{done} of {}", slices.len());
        }
    })?;
    eprintln!();
    let rows = texts.iter().enumerate().map(|(at, text)| (text.clone(), at)).collect();
    Ok(Table { model: embedder.model().clone(), rows: Arc::new(rows), vectors: Arc::new(vectors) })
}

fn header(first: &str) {
    let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
    println!("| {first} | {} | mean |\n|---|{}", names.join(" | "), "---:|".repeat(SETS.len() + 1));
}

fn line(name: &str, values: impl Iterator<Item = f64>, digits: usize) {
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let cells: Vec<String> = values.iter().map(|value| format!("{value:.digits$}")).collect();
    println!("| {name} | {} | {mean:.*} |", cells.join(" | "), digits + 1);
}
