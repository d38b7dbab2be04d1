//! `faqbot ask` on the therapist FAQ as a whole process, with a warm cache: time and memory.
//!
//! ```console
//! $ cargo bench --bench startup
//! ```

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 21;

fn main() {
    let cache = tempfile::tempdir().expect("a folder");
    let ask = |program: &Path| {
        let mut command = Command::new(program);
        command
            .args(["ask", "do shrinks google their patients", "--offline", "--cache-dir"])
            .arg(cache.path());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let program = Path::new(env!("CARGO_BIN_EXE_faqbot"));
    assert!(ask(program).status().expect("a run").code().is_some_and(|code| code < 2), "the warm-up");
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            ask(program).status().expect("a run");
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("faqbot ask, whole process, warm cache, {RUNS} runs");
    println!("p50 {:.0} ms, least {:.0} ms, most {:.0} ms", times[RUNS / 2], times[0], times[RUNS - 1]);
    match peak_memory(ask(program)) {
        Some(kilobytes) => println!("peak resident memory {:.0} MB", kilobytes as f64 / 1e3),
        None => println!("peak resident memory: not told by this system"),
    }
}

/// The peak resident memory of a run in kilobytes, from GNU time.
fn peak_memory(command: Command) -> Option<u64> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%M"])
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stderr).ok()?.lines().last()?.trim().parse().ok()
}
