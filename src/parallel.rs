//! Work shared out among all cores.

use std::num::NonZero;
use std::ops::Range;
use std::thread;

/// Does `work` on consecutive parts of `0..count` on all cores, none of them smaller than `least`
/// unless it is the only one. The results are in the order of the parts; how many there are depends on
/// the machine.
pub fn in_parts<T: Send>(count: usize, least: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = cores.min(count / least.max(1)).max(1);
    let part = |number: usize| count * number / parts..count * (number + 1) / parts;
    if parts == 1 {
        return vec![work(0..count)];
    }
    thread::scope(|scope| {
        let work = &work;
        // The first part is for this thread.
        let others: Vec<_> = (1..parts).map(|number| scope.spawn(move || work(part(number)))).collect();
        let mut results = vec![work(part(0))];
        results.extend(
            others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        );
        results
    })
}

/// What `work` gives for each of `0..count`, in order, on all cores as [`in_parts`] uses them.
pub fn map<T: Send>(count: usize, least: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let mut parts = in_parts(count, least, |part| part.map(&work).collect::<Vec<T>>());
    if parts.len() == 1 { parts.remove(0) } else { parts.into_iter().flatten().collect() }
}

/// Does one thing on another thread, and beside it one on this.
pub fn beside<A: Send, B>(there: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let there = scope.spawn(there);
        let here = here();
        (there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), here)
    })
}

/// Does `work` on consecutive blocks of `0..count`, of `size` each, some at a time on all cores. The
/// results come in order, and which blocks there are does not depend on the machine.
pub fn in_blocks<T: Send>(
    count: usize,
    size: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> impl Iterator<Item = T> {
    const AT_A_TIME: usize = 16;
    let blocks = count.div_ceil(size);
    let block = move |number: usize| number * size..count.min((number + 1) * size);
    (0..blocks).step_by(AT_A_TIME).flat_map(move |first| {
        let some = AT_A_TIME.min(blocks - first);
        map(some, 1, |number| work(block(first + number)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_one_another_and_leave_nothing_out() {
        for count in [0, 1, 9, 10, 1001] {
            let parts = in_parts(count, 5, |part| part.collect::<Vec<_>>());
            assert!(parts.len() == 1 || parts.iter().all(|part| part.len() >= 5));
            assert_eq!(parts.concat(), (0..count).collect::<Vec<_>>());
            let blocks: Vec<Vec<usize>> = in_blocks(count, 7, |block| block.collect()).collect();
            assert!(blocks.iter().rev().skip(1).all(|block| block.len() == 7));
            assert_eq!(blocks.concat(), (0..count).collect::<Vec<_>>());
        }
    }
}
