//! Finds out by trying whether a run is faster on one thread or on all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often each is tried before the faster one is kept. The shortest time counts, so that other load on the
/// machine during one try does not matter.
const TRIES: usize = 3;

/// The measurements so far, by the size of the inputs. Small inputs have too little work for several threads
/// to share; how small depends on the model and the processor.
#[derive(Default)]
pub struct Pace {
    /// For each size, as the exponent of the power of two at or above it: the times on one thread and on all.
    trials: Mutex<HashMap<u32, [Trial; 2]>>,
}

#[derive(Clone, Copy)]
struct Trial {
    count: usize,
    least: Duration,
}

impl Pace {
    /// Runs `work` on inputs of `bytes` bytes, on all threads (`true`) or on one.
    pub fn run<T>(&self, bytes: usize, work: impl FnOnce(bool) -> T) -> T {
        let size = bytes.next_power_of_two().ilog2();
        let trials = |change: &mut dyn FnMut(&mut [Trial; 2])| {
            let mut trials = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
            change(trials.entry(size).or_insert([Trial { count: 0, least: Duration::MAX }; 2]));
        };
        let mut all = false;
        trials(&mut |[one, many]| {
            // Take turns at first.
            let tried = one.count >= TRIES && many.count >= TRIES;
            all = if tried { many.least < one.least } else { many.count < one.count };
        });
        let begin = Instant::now();
        let done = work(all);
        let time = begin.elapsed();
        trials(&mut |trials| {
            let trial = &mut trials[usize::from(all)];
            trial.count += 1;
            if trial.count <= TRIES {
                trial.least = trial.least.min(time);
            }
        });
        done
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    #[test]
    fn the_faster_one_is_kept_for_each_size() {
        let pace = Pace::default();
        let slow = Duration::from_millis(20);
        let choices = |bytes: usize, all_is_slow: bool| {
            let runs = (0..10).map(|_| {
                pace.run(bytes, |all| {
                    if all == all_is_slow {
                        sleep(slow);
                    }
                    all
                })
            });
            runs.collect::<Vec<bool>>()
        };
        let small = choices(100, true);
        assert_eq!(small.iter().take(2 * TRIES).filter(|&&all| all).count(), TRIES);
        assert!(small[2 * TRIES..].iter().all(|&all| !all));
        assert!(choices(120, true).iter().all(|&all| !all), "the same power of two");
        assert!(choices(100_000, false)[2 * TRIES..].iter().all(|&all| all));
    }
}
