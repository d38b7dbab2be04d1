//! What people ask small FAQs in words of their own, with the bundled model and its reader. The floors keep what was
//! reached from being lost; `cargo run --release -p faqbot-train --bin fit` has the figures.

use std::path::{Path, PathBuf};

use faqbot::embed::EntryText;
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::quality::eval::{Grade, grade};
use faqbot::{Bot, Embedder, Setup};

use crate::people::{Part, People};
use crate::random::Random;

/// Counts of a kind of question.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    all: usize,
    right: usize,
    wrong: usize,
    /// Asked back about, with the right entry among the choices.
    offered: usize,
}

impl Count {
    fn share(self, of: usize) -> f64 {
        of as f64 / self.all.max(1) as f64
    }
}

fn ask(people: &[People], kind: &str) -> Count {
    let mut embedder: Box<dyn Embedder> = Box::new(FastEmbedder::bundled().expect("the model"));
    let setup = Setup::for_model(embedder.model());
    let mut count = Count::default();
    for own in people {
        let bot = Bot::new(own.faq.clone(), embedder, setup, &mut |_| ()).expect("a bot");
        let queries = own.queries.iter().filter(|labelled| labelled.kind.as_deref() == Some(kind));
        let queries: Vec<_> = queries.collect();
        let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
        for (labelled, verdict) in queries.iter().zip(bot.verdicts(&texts, 5, &mut |_| ()).expect("replies"))
        {
            let found = grade(&bot, labelled, &verdict);
            count.all += 1;
            count.right += usize::from(found == Grade::Right);
            count.wrong += usize::from(found == Grade::Wrong);
            count.offered += usize::from(found == Grade::Offered);
        }
        embedder = bot.into_embedder();
    }
    count
}

fn own(folder: &str, part: Part) -> Vec<People> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    crate::people::read(&[folder], part).expect("FAQs")
}

#[test]
fn what_is_asked_in_other_words_is_answered_and_near_misses_seldom() {
    let people: Vec<People> = own("data/reader", Part::Test).into_iter().step_by(3).collect();
    let [paraphrases, close, near, other] =
        ["paraphrase", "close", "near_miss", "other"].map(|kind| ask(&people, kind));
    println!("paraphrases {paraphrases:?}\nclose {close:?}\nnear misses {near:?}\nothers {other:?}");
    assert!(paraphrases.share(paraphrases.right) >= 0.36);
    assert!(paraphrases.share(paraphrases.right + paraphrases.offered) >= 0.73);
    assert!(close.share(close.right) >= 0.89);
    assert!(near.share(near.wrong) <= 0.08);
    assert!(other.share(other.wrong) <= 0.025);
}

/// Two paraphrases of each entry become phrasings of it.
fn phrasings_do_no_harm(people: &[People]) {
    let with_two: Vec<People> = people.iter().map(|own| own.with_phrasings(&mut Random(7), 2)).collect();
    // The same questions of the FAQs as they were.
    let plain: Vec<People> =
        people.iter().zip(&with_two).map(|(own, with)| own.with_queries_of(with)).collect();
    let [close, paraphrases] = ["close", "paraphrase"].map(|kind| {
        let both = [&plain, &with_two].map(|people| ask(people, kind));
        println!("{kind}: {:?}; with two paraphrases each as phrasings: {:?}", both[0], both[1]);
        both
    });
    assert!(close[1].share(close[1].right) >= close[0].share(close[0].right) - 0.01);
    // Other entries get phrasings too, and come nearer: what is answered without them may be asked back about.
    let found = |count: Count| count.share(count.right + count.offered);
    assert!(found(paraphrases[1]) >= found(paraphrases[0]) - 0.01);
    assert!(paraphrases[1].wrong <= paraphrases[0].wrong + 2);
}

#[test]
fn phrasings_do_no_harm_here() {
    let people: Vec<People> = own("data/reader", Part::Test).into_iter().step_by(4).collect();
    phrasings_do_no_harm(&people);
}

#[test]
fn phrasings_do_no_harm_on_other_writers_faqs() {
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/pairs").is_dir() {
        println!("skipped: ../shared/pairs is not here");
        return;
    }
    let people: Vec<People> = own("../shared/pairs", Part::Fit).into_iter().step_by(4).collect();
    phrasings_do_no_harm(&people);
}

#[test]
fn the_reader_reads_question_and_answer() {
    let model = FastEmbedder::bundled().expect("the model");
    let reader = model.reader().expect("a reader");
    let hours = EntryText {
        question: "What are your opening hours?",
        answer: "Monday to Friday 6:00 to 22:00, Saturday 8:00 to 20:00. On Sundays we are closed.",
    };
    let sauna = EntryText { question: "Is there a sauna?", answer: "Yes, in the basement. Bring a towel." };
    let queries =
        ["when do u open on sundays?", "can i sweat somewhere hot", "what is the capital of France"];
    let pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)];
    let logits = reader.logits(&queries, &[hours, sauna], &pairs).expect("logits");
    println!("{logits:?}");
    assert!(logits[0] > 0.0 && logits[0] > logits[1] && logits[3] > logits[2]);
    assert!(logits[4] < 0.0 && logits[5] < 0.0);
    // A pair's logit does not hang on the other pairs.
    for (at, &pair) in pairs.iter().enumerate() {
        let alone = reader.logits(&queries, &[hours, sauna], &[pair]).expect("a logit");
        assert!((alone[0] - logits[at]).abs() < 1e-3, "{alone:?} {logits:?}");
    }
    assert!(reader.logits(&[], &[], &[]).expect("none").is_empty());
    let empty = EntryText { question: "", answer: "" };
    assert!(reader.logits(&[""], &[empty], &[(0, 0)]).expect("a logit")[0].is_finite());
}
