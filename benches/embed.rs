//! Questions and batches through the bundled model, on the built-in engine and, where
//! `ORT_DYLIB_PATH` names ONNX Runtime's library, on that too: side by side, with ratios.
//!
//! ```console
//! $ ORT_DYLIB_PATH=/path/to/libonnxruntime.so cargo bench --bench embed
//! ```
//!
//! An engine is chosen once in a process, so each side is a process of its own; the sides take turns,
//! so that what else the machine does falls on both.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{Embedder, Role};
use faqbot::eval::load_queries;
use faqbot::{Bot, Faq, Setup};

const ROUNDS: usize = 5;
const CHILD: &str = "FAQBOT_BENCH_CHILD";
const LIBRARY: &str = "ORT_DYLIB_PATH";

/// What one process measured: milliseconds, except for the rates in texts a second.
const MEASURES: [&str; 5] =
    ["load ms", "question p50 ms", "question p99 ms", "512 questions /s", "512 mixed lengths /s"];

fn main() {
    if env::var_os(CHILD).is_some() {
        let measured = measure().map(|value| value.to_string()).join(" ");
        println!("{measured}");
        return;
    }
    let library = env::var_os(LIBRARY).filter(|path| !path.is_empty());
    let program = env::current_exe().expect("this program");
    let run = |onnx_runtime: bool| -> [f64; MEASURES.len()] {
        let mut command = Command::new(&program);
        command.env(CHILD, "1").env_remove(LIBRARY);
        if onnx_runtime {
            command.env(LIBRARY, library.as_ref().expect("a library"));
        }
        let output = command.output().expect("a run");
        let text = String::from_utf8_lossy(&output.stdout);
        let values: Vec<f64> = text.split_whitespace().filter_map(|value| value.parse().ok()).collect();
        values.try_into().unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let mut built_in = Vec::new();
    let mut onnx_runtime = Vec::new();
    for _ in 0..ROUNDS {
        built_in.push(run(false));
        if library.is_some() {
            onnx_runtime.push(run(true));
        }
    }
    println!("median of {ROUNDS} runs, taking turns");
    println!("{:<22}{:>10}{:>14}{:>8}", "", "built in", "ONNX Runtime", "ratio");
    for (at, name) in MEASURES.iter().enumerate() {
        let own = median(built_in.iter().map(|run| run[at]).collect());
        if onnx_runtime.is_empty() {
            println!("{name:<22}{own:>10.2}{:>14}{:>8}", "-", "-");
        } else {
            let other = median(onnx_runtime.iter().map(|run| run[at]).collect());
            println!("{name:<22}{own:>10.2}{other:>14.2}{:>8.2}", own / other);
        }
    }
    if library.is_none() {
        println!("set {LIBRARY} to ONNX Runtime's library to compare");
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
    let embedder = match env::var_os("FAQBOT_BENCH_MODEL") {
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
        bot.ask(query).expect("a reply");
        times.push(begin.elapsed());
    }
    // The first questions warm caches and clocks.
    times.drain(..100);
    times.sort();
    let at = |share: f64| ms(times[(times.len() as f64 * share) as usize]);

    let short: Vec<&str> = queries.iter().map(String::as_str).cycle().take(512).collect();
    // One to 120 words, in an order that mixes them.
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
