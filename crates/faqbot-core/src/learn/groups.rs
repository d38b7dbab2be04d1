//! Questions grouped by meaning.

use kodama::{Method, linkage};
use ndarray::{ArrayView1, ArrayView2};

/// The least mean cosine between the questions of a group: the least in steps of .05 with which at most one question in
/// ten is in a group whose central question has another label, on the worst of three public sets (`calib.jsonl` of
/// clinc150, banking77 and hwu64; `cargo run --release -p faqbot-train --bin learn -- DATA`, November 2026).
pub const SAME_MEANING: f32 = 0.65;

/// Questions that are compared with one another: the memory for that grows with the square, and is 32 MB here. Those
/// beyond join the group that they are nearest to.
const COMPARED: usize = 4_000;

/// Questions that mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The question that is nearest to all others: it names the group.
    pub central: usize,
    /// All of them, the central one too, in their order.
    pub members: Vec<usize>,
}

/// Groups questions, each a unit row, by average linkage: two groups are joined while the mean cosine between their
/// questions is `least` or more (Sokal and Michener 1958; the algorithm is Müllner's, 2011, as in the crate kodama).
/// The most important questions come first in `rows`.
///
/// ```
/// use faqbot_core::learn::groups::groups;
/// let rows = ndarray::array![[1.0, 0.0], [0.0, 1.0], [0.8, 0.6], [0.96, 0.28]];
/// let found: Vec<Vec<usize>> = groups(rows.view(), 0.8).into_iter().map(|group| group.members).collect();
/// assert_eq!(found, [vec![0, 2, 3], vec![1]]);
/// ```
pub fn groups(rows: ArrayView2<f32>, least: f32) -> Vec<Group> {
    let compared = rows.nrows().min(COMPARED);
    let mut distances = Vec::with_capacity(compared * compared.saturating_sub(1) / 2);
    for first in 0..compared {
        distances.extend((first + 1..compared).map(|second| 1.0 - rows.row(first).dot(&rows.row(second))));
    }
    // The group of each question, by the first of its steps: a step joins two questions or earlier steps.
    let mut joined: Vec<usize> = (0..compared).collect();
    let mut of_step: Vec<Vec<usize>> = (0..compared).map(|at| vec![at]).collect();
    if compared > 1 {
        for step in linkage(&mut distances, compared, Method::Average).steps() {
            let near = 1.0 - step.dissimilarity >= least;
            let mut members = std::mem::take(&mut of_step[step.cluster1]);
            let others = std::mem::take(&mut of_step[step.cluster2]);
            if near {
                members.extend(others);
                let name = members.iter().copied().min().unwrap_or_default();
                members.iter().for_each(|&member| joined[member] = name);
            }
            // Average linkage grows monotonically: what is joined above is too far apart as well.
            of_step.push(if near { members } else { Vec::new() });
        }
    }
    let mut found: Vec<Group> = Vec::new();
    let mut places: Vec<Option<usize>> = vec![None; compared];
    for (at, &name) in joined.iter().enumerate() {
        let place = *places[name].get_or_insert_with(|| {
            found.push(Group { central: at, members: Vec::new() });
            found.len() - 1
        });
        found[place].members.push(at);
    }
    for group in &mut found {
        group.central = central(rows, &group.members);
    }
    for at in compared..rows.nrows() {
        let cosine = |group: &Group| rows.row(at).dot(&rows.row(group.central));
        let nearest = found.iter_mut().map(|group| (cosine(group), group)).max_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((cosine, group)) if cosine >= least => group.members.push(at),
            _ => found.push(Group { central: at, members: vec![at] }),
        }
    }
    found
}

/// The member with the greatest cosine to the mean of all; of equals the first.
fn central(rows: ArrayView2<f32>, members: &[usize]) -> usize {
    let mut mean = rows.row(members[0]).to_owned();
    members[1..].iter().for_each(|&member| mean += &rows.row(member));
    let cosine = |row: ArrayView1<f32>| row.dot(&mean);
    let better = |best: usize, &member: &usize| {
        if cosine(rows.row(member)) > cosine(rows.row(best)) { member } else { best }
    };
    members.iter().fold(members[0], better)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn none_and_one() {
        assert!(groups(Array2::zeros((0, 3)).view(), 0.5).is_empty());
        let one = groups(ndarray::array![[1.0, 0.0]].view(), 0.5);
        assert_eq!(one, [Group { central: 0, members: vec![0] }]);
    }

    #[test]
    fn the_central_question_is_in_the_middle() {
        let rows = ndarray::array![[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]];
        assert_eq!(groups(rows.view(), 0.5), [Group { central: 2, members: vec![0, 1, 2] }]);
        assert_eq!(groups(rows.view(), 0.99).len(), 3);
    }

    #[test]
    fn more_than_can_be_compared_join_what_is_near() {
        let many = COMPARED + 3;
        let mut rows = Array2::zeros((many, 3));
        (0..many).for_each(|at| rows[[at, at % 2]] = 1.0);
        rows[[many - 1, (many - 1) % 2]] = 0.0;
        rows[[many - 1, 2]] = 1.0;
        let found = groups(rows.view(), 0.9);
        let sizes: Vec<usize> = found.iter().map(|group| group.members.len()).collect();
        assert_eq!(sizes, [COMPARED / 2 + 1, COMPARED / 2 + 1, 1]);
    }
}
