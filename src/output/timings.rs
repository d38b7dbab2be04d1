//! Where the time goes, for `--timings`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::messages::say;
use super::style::{DIM, styled};

/// What was measured so far, in the order it began to be.
static STEPS: Mutex<Vec<(&'static str, Duration)>> = Mutex::new(Vec::new());

/// Does something and keeps how long it took under `step`; further times are added to the first.
pub fn measure<T>(step: &'static str, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    add(step, begin.elapsed());
    done
}

/// Keeps a time that was measured elsewhere.
pub fn add(step: &'static str, time: Duration) {
    let mut steps = STEPS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match steps.iter_mut().find(|(known, _)| *known == step) {
        Some((_, sum)) => *sum += time,
        None => steps.push((step, time)),
    }
}

/// Prints all steps to standard error, and the time since the process began.
pub fn print(begin: Instant) {
    let steps = STEPS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let line = |step: &str, time: Duration| {
        let text = format!("{step:<12} {:>9.2} ms", time.as_secs_f64() * 1e3);
        say(&styled(DIM, &text));
    };
    steps.iter().for_each(|(step, time)| line(step, *time));
    line("whole", begin.elapsed());
}
