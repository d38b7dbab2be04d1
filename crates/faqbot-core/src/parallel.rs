//! Splits work across all cores, where the results must not depend on the number of cores.

use std::ops::Range;

use rayon::prelude::*;

/// Runs `work` on consecutive parts of `0..count`, one part per core. No part is smaller than `least` unless
/// it is the only one. The results are in the order of the parts.
pub fn in_parts<T: Send>(count: usize, least: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let parts = rayon::current_num_threads().min(count / least.max(1)).max(1);
    if parts == 1 {
        return vec![work(0..count)];
    }
    let part = |number: usize| count * number / parts..count * (number + 1) / parts;
    (0..parts).into_par_iter().map(|number| work(part(number))).collect()
}

/// Runs `work` on consecutive blocks of `0..count`, `size` each, several at a time on all cores. The results
/// come in order. The blocks do not depend on the machine, so sums over them are the same everywhere.
pub fn in_blocks<T: Send>(
    count: usize,
    size: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> impl Iterator<Item = T> {
    const AT_A_TIME: usize = 16;
    let blocks = count.div_ceil(size);
    let block = move |number: usize| number * size..count.min((number + 1) * size);
    (0..blocks).step_by(AT_A_TIME).flat_map(move |first| {
        let some = first..blocks.min(first + AT_A_TIME);
        some.into_par_iter().map(|number| work(block(number))).collect::<Vec<T>>()
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
