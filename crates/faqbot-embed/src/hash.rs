//! An embedder for tests, which knows spelling but not meaning.

use faqbot_faq::normalize_phrasing;
use ndarray::Array2;
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use super::{Embedder, ModelId, Progress, Role, normalize};
use crate::error::Result;

/// A deterministic embedder without a model: words and their letter trigrams, hashed into 256 dimensions. It
/// knows spelling, not meaning, and is for tests of everything around the matching.
#[derive(Debug)]
pub struct HashEmbedder {
    model: ModelId,
}

impl HashEmbedder {
    const DIMENSION: usize = 256;

    /// The embedder; there is only one.
    pub fn new() -> Self {
        HashEmbedder { model: ModelId::new("hash-256") }
    }
}

impl Default for HashEmbedder {
    fn default() -> Self {
        Self::new()
    }
}

impl Embedder for HashEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimension(&self) -> usize {
        Self::DIMENSION
    }

    fn embed(&self, _: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
        let mut rows = Array2::zeros((texts.len(), Self::DIMENSION));
        for (index, (text, mut row)) in texts.iter().zip(rows.rows_mut()).enumerate() {
            for word in normalize_phrasing(text).split(' ').filter(|word| !word.is_empty()) {
                row[xxh3_64(word.as_bytes()) as usize % Self::DIMENSION] += 1.0;
                let letters: Vec<char> = format!("^{word}$").nfc().collect();
                for triple in letters.windows(3) {
                    let triple: String = triple.iter().collect();
                    row[xxh3_64(triple.as_bytes()) as usize % Self::DIMENSION] += 0.3;
                }
            }
            normalize(row)?;
            progress(index + 1);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_embedder_knows_spelling() {
        let texts = ["reset my password", "Reset my PASSWORD!", "cancel the order", "…"];
        let mut done = 0;
        let rows = HashEmbedder::new().embed(Role::Query, &texts, &mut |n| done = n).unwrap();
        assert_eq!(done, 4);
        assert!((rows.row(0).dot(&rows.row(1)) - 1.0).abs() < 1e-6);
        assert!(rows.row(0).dot(&rows.row(2)) < 0.5);
        assert_eq!(rows.row(3).dot(&rows.row(3)), 0.0);
    }
}
