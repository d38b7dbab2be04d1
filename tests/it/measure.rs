//! `faqbot eval` and `faqbot calibrate`, as the real program.

use std::fs;

use crate::common::{SHOP, World};

/// Labelled queries for the shop, some of which nothing answers.
fn queries(count: usize) -> String {
    let kinds = [
        ("where is parcel number", Some("track")),
        ("reset my password please", Some("reset-password")),
        ("reset the device", Some("reset-device")),
        ("weather in town", None),
        ("bread and butter", None),
    ];
    (0..count)
        .map(|at| {
            let (query, expected) = kinds[at % kinds.len()];
            serde_json::json!({"query": format!("{query} {at}"), "expected": expected}).to_string() + "\n"
        })
        .collect()
}

#[test]
fn a_report_says_how_well_queries_are_answered() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("queries.jsonl", queries(50));
    let eval = ["eval", "--model", "hash", "--faq", "shop.yaml", "--queries", "queries.jsonl"];
    let run = world.run(&eval, "", 0);
    for expected in
        ["50 queries: 30 in scope, 20 out of scope", "right entry first", "Risk and coverage", "Failures"]
    {
        assert!(run.out.contains(expected), "{expected}: {run:?}");
    }
    let json = world.run(&[&eval[..], &["--json"]].concat(), "", 0).out;
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["in_scope"], 30);
    assert!(report["top1"].as_f64().expect("a number") > 0.9);
    assert!(report["calibration_error"].is_null(), "no confidence, no calibration error");

    // Floors and comparisons decide the exit code.
    world.write("old.json", &json);
    world.run(&[&eval[..], &["--compare", "old.json", "--min-top1", "0.5"]].concat(), "", 0);
    let run = world.run(&[&eval[..], &["--min-top1", "100%", "--min-accuracy", "1"]].concat(), "", 1);
    assert!(run.err.contains("worse: in-scope accuracy is"), "{run:?}");
    let run = world.run(&[&eval[..], &["--max-wrong", "nan"]].concat(), "", 2);
    assert!(run.err.contains("a share lies from 0 to 1"), "{run:?}");
    let run = world.run(&[&eval[..], &["--plot", "plot.gif"]].concat(), "", 2);
    assert!(run.err.contains("ends in .svg or .png"), "{run:?}");
    let better = json.replace("\"top1\": ", "\"top1\": 9");
    world.write("better.json", better);
    let run = world.run(&[&eval[..], &["--compare", "better.json"]].concat(), "", 1);
    assert!(run.err.contains("worse: top-1 was"), "{run:?}");

    world.run(&[&eval[..], &["--plot", "plot.svg"]].concat(), "", 0);
    assert!(fs::read_to_string(world.path("plot.svg")).expect("a plot").contains("wrong, of those answered"));
    world.run(&[&eval[..], &["--plot", "plot.PNG"]].concat(), "", 0);
    assert!(fs::read(world.path("plot.PNG")).expect("a plot").starts_with(b"\x89PNG"));
}

#[test]
fn a_faq_without_answers_can_be_measured() {
    let world = World::new();
    world.write("faq.jsonl", "{\"id\": \"a\", \"questions\": [\"where is it\"], \"answer\": \"\"}\n{\"id\": \"b\", \"questions\": [\"who are you\"], \"answer\": \"[b]\"}\n");
    world.write("queries.jsonl", "{\"query\": \"where is it now\", \"expected\": \"a\"}\n");
    world.run(&["eval", "--model", "hash", "--faq", "faq.jsonl", "--queries", "queries.jsonl"], "", 0);
}

#[test]
fn what_is_wrong_with_the_files_is_said() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("queries.jsonl", "{\"query\": \"a\", \"expected\": \"nothing\"}\n");
    let eval = ["eval", "--model", "hash", "--faq", "shop.yaml", "--queries", "queries.jsonl"];
    let run = world.run(&eval, "", 2);
    assert!(run.err.contains("1 expected ids are not in shop.yaml: nothing"), "{run:?}");
    world.write("queries.jsonl", "{\"query\": \"a\"}\n");
    assert!(world.run(&eval, "", 2).err.contains("queries.jsonl:1:"));
    let run = world.run(&["eval", "--queries", "missing.jsonl"], "", 2);
    assert!(run.err.contains("missing.jsonl"), "{run:?}");
    world.write("old.json", "[]");
    world.write("queries.jsonl", queries(5));
    let run = world.run(&[&eval[..], &["--compare", "old.json"]].concat(), "", 2);
    assert!(run.err.contains("old.json: not a report"), "{run:?}");
}

#[test]
fn a_calibration_is_kept_beside_the_faq_and_refused_where_it_does_not_hold() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("queries.jsonl", queries(20));
    let calibrate = ["calibrate", "--model", "hash", "--faq", "shop.yaml", "--queries", "queries.jsonl"];
    let run = world.run(&calibrate, "", 2);
    assert!(run.err.contains("20 labelled queries are too few"), "{run:?}");
    let file = world.path("shop.yaml.calibration.json");
    assert!(!file.exists());

    world.write("queries.jsonl", queries(100));
    let run = world.run(&[&calibrate[..], &["--max-wrong", "2%"]].concat(), "", 0);
    assert!(run.out.contains("at most 2.0 % of all") && file.exists(), "{run:?}");
    world.run(&[&calibrate[..], &["--out-of-scope", "20%"]].concat(), "", 0);
    let run = world.run(&[&calibrate[..], &["--out-of-scope", "100%"]].concat(), "", 2);
    assert!(run.err.contains("cannot stand for a share of 100 %"), "{run:?}");
    let ask = ["ask", "--json", "--model", "hash", "--faq", "shop.yaml", "where is my parcel then"];
    let run = world.run(&ask, "", 0);
    assert!(run.json()[0]["confidence"].as_f64().is_some_and(|confidence| confidence > 0.3), "{run:?}");

    // Another FAQ in the same place.
    world
        .write("shop.yaml", "- {question: Something else?, answer: a}\n- {question: And more?, answer: b}\n");
    let run = world.run(&["ask", "--model", "hash", "--faq", "shop.yaml", "something else"], "", 0);
    assert!(run.err.contains("is not used: the FAQ has changed too much"), "{run:?}");
    fs::write(&file, "nonsense").expect("write");
    let run = world.run(&["ask", "--model", "hash", "--faq", "shop.yaml", "x"], "", 2);
    assert!(run.err.contains("make it anew with `faqbot calibrate`, or delete it"), "{run:?}");

    let run = world.run(&["calibrate", "--queries", "queries.jsonl"], "", 2);
    assert!(run.err.contains("name your FAQ with --faq"), "{run:?}");
    let run = world.run(&[&calibrate[..], &["--max-wrong", "much"]].concat(), "", 2);
    assert!(run.err.contains("5% or 0.05"), "{run:?}");
}

#[test]
#[cfg(feature = "bundled-model")]
fn questions_without_labels_shift_the_confidence() {
    let world = World::new();
    world.write("faq.yaml", include_str!("../../data/therapy.yaml"));
    world.write("asked.jsonl", include_str!("../../data/therapy.queries.jsonl"));
    let calibrate = ["calibrate", "--faq", "faq.yaml", "--unlabelled", "asked.jsonl"];
    let run = world.run(&[&calibrate[..], &["--dry-run"]].concat(), "", 0);
    assert!(run.out.contains("the nearest entry is right for about"), "{run:?}");
    let file = world.path("faq.yaml.calibration.json");
    assert!(!file.exists());
    world.run(&calibrate, "", 0);
    assert!(file.exists());
    let run = world.run(&["ask", "--faq", "faq.yaml", "can i hug my therapist"], "", 0);
    assert!(!run.err.contains("is not used"), "{run:?}");

    world.write("asked.txt", "where is it\n\nwho are you\n");
    let run = world.run(&["calibrate", "--faq", "faq.yaml", "--unlabelled", "asked.txt"], "", 2);
    assert!(run.err.contains("questions are too few"), "{run:?}");
    let hash = ["calibrate", "--model", "hash", "--faq", "faq.yaml", "--unlabelled", "asked.jsonl"];
    assert!(world.run(&hash, "", 2).err.contains("--queries"));
    world.run(&["calibrate", "--faq", "faq.yaml"], "", 2);
    let both = ["calibrate", "--faq", "faq.yaml", "--unlabelled", "asked.txt", "--queries", "asked.jsonl"];
    world.run(&both, "", 2);
}
