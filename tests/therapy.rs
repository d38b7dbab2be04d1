//! The therapist FAQ with the bundled model on its labelled queries: a report, and floors below it.

#![cfg(feature = "bundled-model")]

use std::path::Path;

use faqbot::embed::fastembed::FastEmbedder;
use faqbot::quality::eval::{evaluate, load_queries};
use faqbot::{Bot, Embedder, Faq, Policy, Setup};

#[test]
fn the_therapist_faq_answers_its_labelled_queries() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let loaded = Faq::load(&data.join("therapy.yaml")).expect("the FAQ");
    assert!(loaded.skipped.is_empty(), "{:?}", loaded.skipped);
    assert_eq!(loaded.faq.entries.len(), 26);
    let queries = load_queries(&data.join("therapy.queries.jsonl")).expect("the queries");

    let embedder = FastEmbedder::bundled().expect("the model");
    let setup = Setup::for_model(embedder.model());
    let mut bot = Bot::new(loaded.faq, embedder, setup, &mut |_| ()).expect("the bot");
    let report = evaluate(&bot, &queries, &mut |_| ()).expect("the report");
    let far: Vec<_> = queries.iter().filter(|query| query.kind.as_deref() == Some("far")).cloned().collect();
    let far = evaluate(&bot, &far, &mut |_| ()).expect("the report");
    println!("{report:#?}\nout of scope about anything else, answered: {:.3}", far.coverage);

    println!("\nwithout confidence: min-cosine, margin, in-scope accuracy, wrong of all, answered");
    bot.set_calibration(None);
    for margin in [0.02, 0.04, 0.06] {
        for min_cosine in (35..=75).step_by(5).map(|percent| percent as f32 / 100.0) {
            bot.set_policy(Policy { min_cosine, margin, ..Policy::UNCALIBRATED });
            let cosine = evaluate(&bot, &queries, &mut |_| ()).expect("the report");
            println!(
                "{min_cosine}  {margin}  {:.3}  {:.3}  {:.3}",
                cosine.in_scope_accuracy, cosine.wrong_answer_rate, cosine.coverage
            );
        }
    }

    assert!(report.top1 >= 0.93, "{}", report.top1);
    assert!(report.wrong_answer_rate <= 0.05, "{}", report.wrong_answer_rate);
    assert!(far.coverage <= 0.01, "{}", far.coverage);
}
