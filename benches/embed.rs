//! Compares questions and batches through the bundled model: on the built-in engine; with `ORT_DYLIB_PATH`,
//! on ONNX Runtime with the same model; with `FAQBOT_BENCH_F32` as well, on ONNX Runtime with the model in
//! f32; with `FAQBOT_BENCH_PYTHON`, in sentence-transformers. benches/README.md says how to get these.
//!
//! ```console
//! $ cargo bench --bench embed
//! ```
//!
//! A process chooses its engine once, so each side has its own process. The sides take turns, so that other
//! load on the machine affects all of them.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, Role};
use faqbot::quality::eval::load_queries;
use faqbot::{Bot, Faq, Setup};

const ROUNDS: usize = 5;
const CHILD: &str = "FAQBOT_BENCH_CHILD";
const LIBRARY: &str = "ORT_DYLIB_PATH";
const F32: &str = "FAQBOT_BENCH_F32";
const PYTHON: &str = "FAQBOT_BENCH_PYTHON";

/// What one process measures: milliseconds, or texts per second for the rates.
const MEASURES: [&str; 5] =
    ["load ms", "question p50 ms", "question p99 ms", "512 questions /s", "512 mixed lengths /s"];

fn main() {
    if env::var_os(CHILD).is_some() {
        let measured = measure().map(|value| value.to_string()).join(" ");
        println!("{measured}");
        return;
    }
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let program = env::current_exe().expect("this program");
    let child = |library: Option<&OsString>, model: Option<&OsString>| {
        let mut command = Command::new(&program);
        command.env(CHILD, "1").env_remove(LIBRARY).env_remove(F32);
        command.envs(library.map(|library| (LIBRARY, library)));
        command.envs(model.map(|model| (F32, model)));
        command
    };
    let mut sides = vec![("built in", child(None, None))];
    if let Some(library) = set(LIBRARY) {
        sides.push(("ONNX Runtime", child(Some(&library), None)));
        if let Some(model) = set(F32) {
            sides.push(("the same, f32", child(Some(&library), Some(&model))));
        }
    }
    if let Some(python) = set(PYTHON) {
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers.py")).arg("embed");
        sides.push(("Python", command));
    }
    // The runs of each side, and the measures of each run.
    let mut runs: Vec<Vec<Vec<f64>>> = vec![Vec::new(); sides.len()];
    for _ in 0..ROUNDS {
        for ((_, command), runs) in sides.iter_mut().zip(&mut runs) {
            let output = command.output().expect("a run");
            let text = String::from_utf8_lossy(&output.stdout);
            let mut values: Vec<f64> =
                text.split_whitespace().filter_map(|value| value.parse().ok()).collect();
            // Python does not measure loading.
            if values.len() + 1 == MEASURES.len() {
                values.insert(0, f64::NAN);
            }
            assert_eq!(values.len(), MEASURES.len(), "{}", String::from_utf8_lossy(&output.stderr));
            runs.push(values);
        }
    }
    println!("median of {ROUNDS} runs, taking turns; in brackets, how often the built-in engine's");
    print!("{:<22}", "");
    sides.iter().for_each(|(name, _)| print!("{name:>22}"));
    println!();
    for (at, name) in MEASURES.iter().enumerate() {
        let of = |runs: &[Vec<f64>]| median(runs.iter().map(|run| run[at]).collect());
        let own = of(&runs[0]);
        print!("{name:<22}{own:>22.2}");
        for runs in &runs[1..] {
            let other = of(runs);
            print!(
                "{:>22}",
                if other.is_nan() { "-".into() } else { format!("{other:.2} ({:.2})", other / own) }
            );
        }
        println!();
    }
    if sides.len() == 1 {
        println!("benches/README.md says how to compare with others");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure() -> [f64; MEASURES.len()] {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let faq = Faq::load(&data.join("therapy.yaml")).expect("the FAQ").faq;
    let queries: Vec<String> = load_queries(&data.join("therapy.queries.jsonl"))
        .expect("the queries")
        .into_iter()
        .map(|labelled| labelled.query)
        .collect();

    let begin = Instant::now();
    let embedder = match env::var_os(F32) {
        Some(folder) => FastEmbedder::from_folder(Path::new(&folder)),
        None => FastEmbedder::bundled(),
    }
    .expect("the model");
    let load = begin.elapsed();
    let setup = Setup::for_model(embedder.model());
    let bot = Bot::new(faq, embedder, setup, &mut |_| ()).expect("the bot");

    let mut times: Vec<Duration> = Vec::new();
    for query in queries.iter().cycle().take(600) {
        let begin = Instant::now();
        bot.verdict(query, 5).expect("a reply");
        times.push(begin.elapsed());
    }
    // The first questions warm up caches and clocks.
    times.drain(..100);
    times.sort();
    let at = |share: f64| ms(times[(times.len() as f64 * share) as usize]);

    // No text twice, since faqbot would embed it once.
    let again = queries.iter().map(|query| format!("and {query}"));
    let short: Vec<String> = queries.iter().cloned().chain(again).take(512).collect();
    let short: Vec<&str> = short.iter().map(String::as_str).collect();
    // 1 to 120 words, in mixed order.
    let words: Vec<&str> = queries.iter().flat_map(|query| query.split(' ')).collect();
    let mixed: Vec<String> = (0..512)
        .map(|index| {
            let count = 1 + index * 67 % 120;
            words
                .iter()
                .cycle()
                .skip(index * 31 % words.len())
                .take(count)
                .copied()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let mixed: Vec<&str> = mixed.iter().map(String::as_str).collect();
    let rate = |texts: &[&str]| {
        let begin = Instant::now();
        bot.embedder().embed(Role::Query, texts, &mut |_| ()).expect("vectors");
        texts.len() as f64 / begin.elapsed().as_secs_f64()
    };
    [ms(load), at(0.5), at(0.99), rate(&short), rate(&mixed)]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
