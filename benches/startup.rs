//! Time and memory of the first answer, as a whole process with a warm cache: `faqbot ask` on the therapist
//! FAQ, also with a question that is one of its phrasings, on a FAQ of 10,000 entries and one of 100,000
//! phrasings; and, with `FAQBOT_BENCH_PYTHON`, sentence-transformers.
//!
//! ```console
//! $ cargo bench --bench startup           # the first time takes three minutes, to embed
//! ```

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 15;
const QUESTION: &str = "do shrinks google their patients";

fn main() {
    // Kept between runs.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("startup");
    fs::create_dir_all(&folder).expect("a folder");
    let ask = |faq: Option<&Path>, question: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faqbot"));
        // Always the built-in engine, whatever the other benchmarks compare.
        command.env_remove("ORT_DYLIB_PATH");
        // One cache per FAQ, like that of a user with one FAQ.
        let name = faq.and_then(Path::file_stem).unwrap_or_else(|| "therapist".as_ref());
        command.args(["ask", question, "--offline", "--cache-dir"]).arg(folder.join("cache").join(name));
        if let Some(faq) = faq {
            command.arg("--faq").arg(faq).args(["--limit", "entries=2M"]);
        }
        command
    };
    let ten = large(&folder, 10_000, 1);
    let hundred = large(&folder, 25_000, 4);
    let mut sides = vec![
        ("therapist FAQ", ask(None, QUESTION)),
        ("the same, a phrasing", ask(None, "Do therapists google their clients?")),
        ("10,000 entries", ask(Some(&ten), QUESTION)),
        ("100,000 phrasings", ask(Some(&hundred), QUESTION)),
    ];
    if let Some(python) = env::var_os("FAQBOT_BENCH_PYTHON").filter(|python| !python.is_empty()) {
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers.py")).args(["first", QUESTION]);
        sides.push(("sentence-transformers", command));
    }
    for (name, command) in &mut sides {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Warm up.
        assert!(command.status().expect("a run").code().is_some_and(|code| code < 2), "{name}");
    }
    let mut times = vec![Vec::new(); sides.len()];
    for _ in 0..RUNS {
        for ((_, command), times) in sides.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            command.status().expect("a run");
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!("whole processes, warm cache, {RUNS} runs taking turns");
    println!("{:<22}{:>10}{:>10}{:>10}{:>12}", "", "p50 ms", "least", "most", "peak MB");
    for ((name, command), mut times) in sides.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let memory =
            peak_memory(command).map_or("-".into(), |kilobytes| format!("{:.0}", kilobytes as f64 / 1e3));
        println!(
            "{name:<22}{:>10.0}{:>10.0}{:>10.0}{memory:>12}",
            times[RUNS / 2],
            times[0],
            times[RUNS - 1]
        );
    }
    let cache = fs::read_dir(folder.join("cache").join("25000-4")).expect("a cache");
    for file in cache.filter_map(|file| Some(file.ok()?.path())) {
        let begin = Instant::now();
        let bytes = fs::read(&file).map_or(0, |bytes| bytes.len());
        println!(
            "reading the {} of the 100,000 phrasings, {:.0} MB: {:.0} ms",
            file.extension().unwrap_or_default().display(),
            bytes as f64 / 1e6,
            begin.elapsed().as_secs_f64() * 1e3
        );
    }
}

/// A FAQ of made-up questions.
fn large(folder: &Path, entries: usize, phrasings: usize) -> PathBuf {
    let path = folder.join(format!("{entries}-{phrasings}.jsonl"));
    if path.exists() {
        return path;
    }
    let verbs =
        ["reset", "change", "cancel", "order", "return", "track", "share", "print", "install", "renew"];
    let things =
        ["password", "invoice", "parcel", "printer", "address", "ticket", "voucher", "camera", "folder"];
    let places =
        ["Berlin", "Paris", "Oslo", "Lima", "Cairo", "Quito", "Delhi", "Osaka", "Perth", "Accra", "Turin"];
    let mut text = String::new();
    for entry in 0..entries {
        let phrasings: Vec<String> = (0..phrasings)
            .map(|number| {
                let at = entry * phrasings + number;
                let (verb, thing) = (verbs[at % verbs.len()], things[at / 10 % things.len()]);
                let form = ["How do I", "Can I", "Where do I", "When should I"][number % 4];
                format!(
                    "\"{form} {verb} my {thing} in {} with number {at}?\"",
                    places[at / 90 % places.len()]
                )
            })
            .collect();
        writeln!(
            text,
            "{{\"questions\": [{}], \"answer\": \"Open the menu and choose {}. It takes {} minutes.\"}}",
            phrasings.join(", "),
            things[entry % things.len()],
            entry % 90 + 1
        )
        .expect("a string");
    }
    fs::write(&path, text).expect("a file");
    path
}

/// The peak resident memory of a run in kilobytes, from GNU time.
fn peak_memory(command: &Command) -> Option<u64> {
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    let output = timed.stdout(Stdio::null()).output().ok()?;
    String::from_utf8(output.stderr).ok()?.lines().last()?.trim().parse().ok()
}
