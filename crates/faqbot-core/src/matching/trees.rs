//! Gradient-boosted trees of small depth: log odds, and which feature moved them by how much. They are fitted in
//! `faqbot-train`.

use serde::{Deserialize, Serialize};

/// A sum of trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    /// The log odds before any tree.
    pub base: f64,
    /// The trees.
    pub trees: Vec<Tree>,
}

/// A tree; the first node is its root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree {
    /// Its nodes; there is at least one.
    pub nodes: Vec<Node>,
}

/// `(feature, threshold, left, right, value)`: where the feature is at most the threshold, the left node is next.
/// A node whose `left` is 0 is a leaf; the value of an inner node is the mean of what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Node(pub u16, pub f32, pub u16, pub u16, pub f32);

impl Trees {
    /// The log odds.
    pub fn logit(&self, features: &[f64]) -> f64 {
        self.base + self.trees.iter().map(|tree| f64::from(tree.leaf(features).4)).sum::<f64>()
    }

    /// The log odds of a mean row, and by how much each feature moved them: what a split changes is put down to
    /// its feature (Saabas 2014). Both together are the log odds.
    pub fn contributions(&self, features: &[f64]) -> (f64, Vec<f64>) {
        let mut base = self.base;
        let mut moved = vec![0.0; features.len()];
        for tree in &self.trees {
            let mut node = tree.nodes[0];
            base += f64::from(node.4);
            while node.2 != 0 {
                let next = tree.nodes[usize::from(node.next(features))];
                moved[usize::from(node.0)] += f64::from(next.4) - f64::from(node.4);
                node = next;
            }
        }
        (base, moved)
    }
}

impl Node {
    fn next(&self, features: &[f64]) -> u16 {
        if features[usize::from(self.0)] as f32 <= self.1 { self.2 } else { self.3 }
    }
}

impl Tree {
    /// The leaf that features lead to.
    pub fn leaf(&self, features: &[f64]) -> Node {
        let mut node = self.nodes[0];
        while node.2 != 0 {
            node = self.nodes[usize::from(node.next(features))];
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contributions_add_up() {
        let inner = |feature, left| Node(feature, 0.5, left, left + 1, 0.25);
        let leaf = |value| Node(0, 0.0, 0, 0, value);
        let tree = Tree { nodes: vec![inner(0, 1), leaf(-1.0), inner(1, 3), leaf(0.5), leaf(2.0)] };
        let trees = Trees { base: 0.1, trees: vec![tree.clone(), tree] };
        for (features, wanted) in [([0.2, 0.9], -1.9), ([0.8, 0.4], 1.1), ([0.8, 0.6], 4.1)] {
            assert!((trees.logit(&features) - wanted).abs() < 1e-6);
            let (base, moved) = trees.contributions(&features);
            assert!((base + moved.iter().sum::<f64>() - wanted).abs() < 1e-6);
        }
    }
}
