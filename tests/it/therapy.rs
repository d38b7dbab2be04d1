//! The therapist FAQ with the bundled model on its labelled queries: a report, and floors below it.

use std::path::Path;

use faqbot::embed::fastembed::FastEmbedder;
use faqbot::quality::eval::{LabelledQuery, evaluate, load_queries};
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
    // One of fifty: "bye", which every front end takes for small talk before.
    assert!(far.coverage <= 0.02, "{}", far.coverage);
}

/// Messages that the classifier was not fitted to: in danger, and figures of speech, insults and anything else.
#[test]
fn people_in_danger_are_answered_and_others_seldom() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let embedder = FastEmbedder::bundled().expect("the model");
    let setup = Setup::for_model(embedder.model());
    let faq = Faq::load(&data.join("therapy.yaml")).expect("the FAQ").faq;
    let bot = Bot::new(faq, embedder, setup, &mut |_| ()).expect("the bot");
    let crisis = |text: &str| {
        bot.verdict(text, 5).expect("a reply").answer().is_some_and(|found| bot.entry(found).crisis)
    };
    let messages = load_queries(&data.join("messages.jsonl")).expect("the messages");
    let test =
        messages.iter().filter(|message| message.kind.as_deref().is_some_and(|kind| kind.ends_with("_test")));
    let (danger, others): (Vec<_>, Vec<_>) =
        test.partition(|message| message.kind.as_deref() == Some("crisis_test"));
    let taken =
        |messages: &[&LabelledQuery]| messages.iter().filter(|message| crisis(&message.query)).count();
    let (found, alarms) = (taken(&danger), taken(&others));
    println!("in danger: {found} of {} answered; others: {alarms} of {}", danger.len(), others.len());
    assert!(found * 10 >= danger.len() * 8, "{found} of {}", danger.len());
    assert!(alarms * 20 <= others.len(), "{alarms} of {}", others.len());

    // In one of several questions too, whatever else is asked; and no entry for people in danger is offered to others.
    assert!(crisis("How much is a session? I want to die."));
    assert!(crisis("I do not want to live anymore"));
    for text in ["help", "i want a pizza", "sing me a song", "book me a flight", "you're useless"] {
        let reply = bot.verdict(text, 5).expect("a reply");
        assert!(reply.matches.iter().all(|found| !bot.entry(found).crisis), "{text}: {reply:?}");
    }
}
