//! Minimal pairs: small FAQs with questions that are the same but for a word, asked of the bundled model. The floors
//! keep what was reached from being lost; `cargo run --release -p faqbot-train --bin fit` has the figures.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use faqbot::embed::Embedder;
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::quality::eval::{Grade, grade, load_queries};
use faqbot::{Bot, Faq, Setup};

/// How many of each kind, and how many of those are answered (rightly or not).
fn answered(folder: &str) -> HashMap<String, [usize; 2]> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/minimal_pairs").join(folder);
    let embedder = FastEmbedder::bundled().expect("a model");
    let setup = Setup::for_model(embedder.model());
    let mut embedder: Box<dyn Embedder> = Box::new(embedder);
    let mut counts: HashMap<String, [usize; 2]> = HashMap::new();
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let queries = load_queries(&path.with_extension("queries.jsonl")).expect("queries");
        let faq = Faq::load(path).expect("a FAQ").faq;
        let bot = Bot::new(faq, embedder, setup, &mut |_| ()).expect("a bot");
        let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
        for (labelled, verdict) in queries.iter().zip(bot.verdicts(&texts, 5, &mut |_| ()).expect("replies"))
        {
            let found = grade(&bot, labelled, &verdict);
            let count = counts.entry(labelled.kind.clone().unwrap_or_default()).or_default();
            count[0] += 1;
            count[1] += usize::from(matches!(found, Grade::Right | Grade::Wrong));
        }
        embedder = bot.into_embedder();
    }
    counts
}

#[test]
fn near_misses_are_seldom_answered() {
    let counts = answered("test");
    println!("{counts:?}");
    let share = |kind: &str| {
        let [all, answered] = counts[kind];
        answered as f64 / all as f64
    };
    assert!(share("near_miss") <= 0.15, "{counts:?}");
    assert!(share("typo") >= 0.65, "{counts:?}");
    assert!(share("close") >= 0.50, "{counts:?}");
    assert!(share("other") <= 0.03, "{counts:?}");
}
