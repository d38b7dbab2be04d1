//! Embedding: texts to vectors.
//!
//! This is where rows are normalised, once, so that everywhere else a dot product is the cosine;
//! and where a vector that is not a number is refused. The neural embedder is in
//! [`fastembed`], the only file that names fastembed and ort.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{Array2, ArrayViewMut1, Axis};

use crate::storage::rows::Rows;

pub mod cached;
pub mod deferred;
pub mod error;
pub mod fastembed;
pub mod hash;
pub mod storage;

pub use error::{Error, Result};
pub use hash::HashEmbedder;

/// What makes vectors comparable: the same id, the same vectors for the same text and role. It covers
/// the weights, the pooling, the length limit and the prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId(String);

impl ModelId {
    /// An id, which must cover everything that changes a vector.
    pub fn new(id: impl Into<String>) -> Self {
        ModelId(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a text is to the search. Some models embed the two differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// What a person asks.
    Query,
    /// What is searched: a phrasing or an answer of the FAQ.
    Passage,
}

/// Called with the number of texts of a call that are done.
pub type Progress<'p> = &'p mut dyn FnMut(usize);

/// The vectors of a FAQ's texts.
#[derive(Debug, Clone)]
pub struct Passages {
    /// A row for each text, as [`Embedder::embed`] makes them.
    pub rows: Rows,
    /// Where what is made from these vectors may be kept for the next start, if they are kept: it is
    /// removed with them.
    pub beside: Option<PathBuf>,
}

/// An entry as a reader reads it: its question, with phrasings after it if there are any, and its answer or a part of
/// that; empty where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryText<'t> {
    /// The question, and phrasings after it, each with ` / ` before it.
    pub question: &'t str,
    /// The answer.
    pub answer: &'t str,
}

/// Reads queries and entries together, and says which entry answers which query: what the field calls a
/// cross-encoder.
pub trait Reader: Send + Sync {
    /// For each pair of positions in `queries` and `entries` a logit: above 0 where the entry rather answers the query.
    /// It does not depend on the other pairs in the call, but for the last digits.
    ///
    /// # Errors
    ///
    /// The model failed, or computed something that is not a number.
    fn logits(&self, queries: &[&str], entries: &[EntryText], pairs: &[(usize, usize)]) -> Result<Vec<f32>>;
}

/// Turns texts into vectors.
pub trait Embedder: Send + Sync {
    /// Which vectors these are.
    fn model(&self) -> &ModelId;

    /// The length of a vector.
    fn dimension(&self) -> usize;

    /// The vectors of `texts`, as rows `[texts.len(), dimension]` of length 1, or all zero for a text
    /// without meaning to the model. A text's vector does not depend on the others in the call.
    ///
    /// # Errors
    ///
    /// The model failed, or computed something that is not a number.
    fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>>;

    /// The vectors of all passages that are searched, which may stay in a file: reading one can then
    /// fail, and [`Embedder::embed`] gives it all the same.
    ///
    /// # Errors
    ///
    /// As [`Embedder::embed`].
    fn passages(&self, texts: &[&str], progress: Progress) -> Result<Passages> {
        Ok(Passages { rows: self.embed(Role::Passage, texts, progress)?.into(), beside: None })
    }

    /// Whether the model reads only the beginning of a passage, because it is too long.
    fn cuts(&self, _text: &str) -> bool {
        false
    }

    /// Whether the model has this word, in lower case, in its vocabulary: then it is no typing error.
    fn is_in_vocabulary(&self, _word: &str) -> bool {
        false
    }

    /// The languages that the model knows, in English and for people, where that is known.
    fn languages(&self) -> Option<&str> {
        None
    }

    /// What reads queries and entries together, where the model has it.
    fn reader(&self) -> Option<&dyn Reader> {
        None
    }
}

macro_rules! embeds_as_what_it_points_to {
    ($($pointer:ident),*) => {$(
        impl<E: Embedder + ?Sized> Embedder for $pointer<E> {
            fn model(&self) -> &ModelId {
                (**self).model()
            }

            fn dimension(&self) -> usize {
                (**self).dimension()
            }

            fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
                (**self).embed(role, texts, progress)
            }

            fn passages(&self, texts: &[&str], progress: Progress) -> Result<Passages> {
                (**self).passages(texts, progress)
            }

            fn cuts(&self, text: &str) -> bool {
                (**self).cuts(text)
            }

            fn is_in_vocabulary(&self, word: &str) -> bool {
                (**self).is_in_vocabulary(word)
            }

            fn languages(&self) -> Option<&str> {
                (**self).languages()
            }

            fn reader(&self) -> Option<&dyn Reader> {
                (**self).reader()
            }
        }
    )*};
}

// One model may serve several bots.
embeds_as_what_it_points_to!(Arc, Box);

/// Scales a row to length 1. A row of zeros stays one: it scores 0 and never matches.
///
/// # Errors
///
/// The row holds NaN or infinity.
pub fn normalize(mut row: ArrayViewMut1<f32>) -> Result<()> {
    // In f64: the squares of large f32 values would overflow, those of small ones vanish.
    let length = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    if !length.is_finite() {
        return Err(Error::Model("the model computed a vector that is not a number".into()));
    }
    if length > 0.0 {
        row.mapv_inplace(|x| (f64::from(x) / length) as f32);
    }
    Ok(())
}

/// Gives each row the numbers of the row at or before it that `firsts` names.
pub(crate) fn copy_rows(rows: &mut Array2<f32>, firsts: &[usize]) {
    for (index, &first) in firsts.iter().enumerate().filter(|&(index, &first)| first != index) {
        let (before, mut rest) = rows.view_mut().split_at(Axis(0), index);
        rest.row_mut(0).assign(&before.row(first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_are_scaled_to_length_one() {
        let mut rows = array![[3.0f32, 4.0], [0.0, 0.0], [1e30, 1e30], [1e-30, 0.0]];
        for row in rows.rows_mut() {
            normalize(row).unwrap();
        }
        assert_eq!(rows.row(0), array![0.6, 0.8]);
        assert_eq!(rows.row(1), array![0.0, 0.0]);
        assert!((rows.row(2)[0] - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!(rows.row(3), array![1.0, 0.0]);
        for wrong in [f32::NAN, f32::INFINITY] {
            assert!(normalize(array![1.0, wrong].view_mut()).is_err());
        }
    }
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
