//! The signals: what speaks for an entry. Their weighted mean is the entry's score.
//!
//! | signal | what it is | missing where |
//! |---|---|---|
//! | `phrasing` | centred cosine to the nearest phrasing | never |
//! | `centroid` | centred cosine to the mean of the phrasings | never |
//! | `lexical` | words and letter trigrams in common, weighted by inverse document frequency | never |
//! | `ridge` | ridge classifier on the phrasings' vectors | fewer than 3 phrasings on 2 entries |
//! | `answer` | centred cosine to question and answer embedded together | no real answer |
//!
//! Each is a file beside this one with a struct that implements `Signal`, and a line in the list below.

use std::fmt::Debug;
use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter};
use ndarray::{Array1, ArrayView1, ArrayView2};

use super::centering::{Centering, CentredNorm};
use super::index::Index;

mod answer;
mod centroid;
mod lexical;
mod phrasing;
mod ridge;

pub use answer::{answer_text, is_real_answer};

/// Changes whenever the same FAQ and query would give other signals, another score or another logit of the reader: what
/// was fitted on one version holds for no other.
pub const VERSION: u32 = 7;

/// What a signal is built from.
pub(super) struct Source<'s> {
    /// The phrasings of all entries, normalised.
    pub normalized: &'s [String],
    pub index: &'s Index,
    /// The rows of the index.
    pub rows: ArrayView2<'s, f32>,
    pub centering: &'s Centering,
    /// For each row of the index.
    pub norms: &'s [CentredNorm],
}

/// A query, as signals see it.
pub(super) struct Query<'q> {
    pub text: &'q str,
    /// Its row, centred and of length 1 (or 0).
    pub centred: ArrayView1<'q, f32>,
    pub index: &'q Index,
}

/// What a query's vectors give with the centred rows of one entry.
#[derive(Clone, Copy)]
pub(super) struct EntryProducts<'p> {
    /// Cosines with its phrasings.
    pub cosines: &'p [f32],
    /// Products of its phrasings with the signal's own [`Signal::projection`].
    pub projected: &'p [f32],
    /// The cosine with its answer, if that is a row.
    pub answer: Option<f32>,
}

/// One signal: built once for a FAQ, scored for each query and entry.
pub(super) trait Signal: Sized + Debug + Clone + Send + Sync {
    /// What the signal makes of a query, once for all entries.
    type Query: Sync;

    /// Builds it; `None` where the FAQ has too little for it.
    fn build(source: &Source) -> Option<Self>;

    /// See [`Signal::Query`].
    fn query(&self, query: &Query) -> Self::Query;

    /// A vector whose products with the centred phrasings the signal needs, besides the query's own.
    fn projection<'q>(&self, _: &'q Self::Query) -> Option<&'q Array1<f32>> {
        None
    }

    /// The signal for an entry, if it has one.
    fn score(&self, query: &Self::Query, entry: usize, products: EntryProducts) -> Option<f32>;

    /// How far the signal may be off, at most, where each cosine is off by `cosine` and each product with
    /// the projection by `projected`.
    fn error(&self, entry: usize, cosine: f32, projected: f32) -> f32;

    /// Writes all that [`Signal::build`] computed.
    fn write(&self, out: &mut ArrayWriter) -> io::Result<()>;

    /// Reads what [`Signal::write`] wrote for an index of this shape.
    fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self>;
}

/// Makes of the list of signals what holds one of each: their values, weights, built forms and queries.
macro_rules! signals {
    ($($(#[$doc:meta])* $name:ident: $signal:ty = $weight:literal,)+) => {
        /// The number of signals.
        pub const COUNT: usize = [$(stringify!($name)),+].len();

        /// The names of the signals, in their order.
        pub const NAMES: [&str; COUNT] = [$(stringify!($name)),+];

        /// What speaks for one entry; `None` where it has no such signal.
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct Signals {
            $($(#[$doc])* pub $name: Option<f32>,)+
        }

        /// How much each signal weighs in the score.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Weights {
            $($(#[$doc])* pub $name: f32,)+
        }

        /// The weights in use: round numbers near the best of the grid that
        /// `cargo run --release -p faqbot-train --bin fit -- DATA` searches, fitted on the calibration files of the six
        /// public sets named there (November 2026). It prints the ablation: what each signal earns.
        pub const WEIGHTS: Weights = Weights { $($name: $weight,)+ };

        impl Signals {
            /// The signals in the order of [`NAMES`].
            pub fn values(&self) -> [Option<f32>; COUNT] {
                [$(self.$name),+]
            }
        }

        impl Weights {
            /// The weights in the order of [`NAMES`].
            pub fn values(&self) -> [f32; COUNT] {
                [$(self.$name),+]
            }
        }

        /// The signals of a FAQ, built.
        #[derive(Debug, Clone)]
        pub(super) struct SignalSet {
            $(pub $name: Option<$signal>,)+
        }

        /// What the signals make of a query.
        pub(super) struct QuerySet {
            $($name: Option<<$signal as Signal>::Query>,)+
        }

        impl SignalSet {
            /// Builds all signals, side by side.
            pub fn build(source: &Source) -> Self {
                let mut set = SignalSet { $($name: None,)+ };
                rayon::scope(|scope| {
                    $(
                        let built = &mut set.$name;
                        scope.spawn(move |_| *built = <$signal>::build(source));
                    )+
                });
                set
            }

            /// What the signals make of a query.
            pub fn query(&self, query: &Query) -> QuerySet {
                QuerySet { $($name: self.$name.as_ref().map(|signal| signal.query(query)),)+ }
            }

            /// The projection of each signal that has one.
            pub fn projections<'q>(&self, query: &'q QuerySet) -> [Option<&'q Array1<f32>>; COUNT] {
                [$(self.$name.as_ref().zip(query.$name.as_ref()).and_then(|(signal, own)| signal.projection(own))),+]
            }

            /// The signals for an entry; `projected` are its products with each projection.
            pub fn score(
                &self,
                query: &QuerySet,
                entry: usize,
                products: EntryProducts,
                projected: [&[f32]; COUNT],
            ) -> Signals {
                let mut all = projected.into_iter();
                Signals {
                    $($name: {
                        let products = EntryProducts { projected: all.next().expect("one a signal"), ..products };
                        let built = self.$name.as_ref().zip(query.$name.as_ref());
                        built.and_then(|(signal, own)| signal.score(own, entry, products))
                    },)+
                }
            }

            /// How far each of an entry's signals may be off; see [`Signal::error`].
            pub fn error(&self, entry: usize, found: &Signals, cosine: f32, projected: [f32; COUNT]) -> Signals {
                let mut all = projected.into_iter();
                Signals {
                    $($name: {
                        let projected = all.next().expect("one a signal");
                        let built = self.$name.as_ref().zip(found.$name);
                        built.map(|(signal, _)| signal.error(entry, cosine, projected))
                    },)+
                }
            }

            /// Writes all signals.
            pub fn write(&self, out: &mut ArrayWriter) -> io::Result<()> {
                $(
                    out.array(&[u8::from(self.$name.is_some())])?;
                    if let Some(signal) = &self.$name {
                        signal.write(out)?;
                    }
                )+
                Ok(())
            }

            /// Reads what [`SignalSet::write`] wrote for an index of this shape.
            pub fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
                Ok(SignalSet {
                    $($name: match from.number::<u8>()? {
                        0 => None,
                        _ => Some(<$signal>::read(index, from)?),
                    },)+
                })
            }
        }
    };
}

signals! {
    /// See `signals/phrasing.rs`.
    phrasing: phrasing::Phrasing = 1.0,
    /// See `signals/centroid.rs`.
    centroid: centroid::Centroid = 1.0,
    /// See `signals/lexical.rs`.
    lexical: lexical::Lexical = 0.4,
    /// See `signals/ridge.rs`.
    ridge: ridge::Ridge = 0.3,
    /// See `signals/answer.rs`.
    answer: answer::Answer = 0.5,
}

impl Signals {
    /// The score: the weighted mean of the signals that there are, in `-1..=1` but for the classifier's
    /// part; 0 where none weighs anything.
    pub fn score(&self, weights: &Weights) -> f32 {
        let (mut sum, mut total) = (0.0, 0.0);
        for (signal, weight) in self.values().into_iter().zip(weights.values()) {
            if let Some(signal) = signal {
                sum += weight * signal;
                total += weight;
            }
        }
        if total > 0.0 { sum / total } else { 0.0 }
    }
}

impl SignalSet {
    /// How many entries have a word, as [`normalize_phrasing`](faqbot_faq::normalize_phrasing) makes it, in
    /// their phrasings.
    pub fn document_frequency(&self, word: &str) -> usize {
        self.lexical.as_ref().map_or(0, |lexical| lexical.document_frequency(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_mean_of_what_there_is() {
        let signals =
            Signals { phrasing: Some(0.8), centroid: Some(0.6), lexical: Some(0.5), ..Signals::default() };
        let weights = Weights { phrasing: 1.0, centroid: 1.0, lexical: 2.0, ridge: 9.0, answer: 9.0 };
        assert!((signals.score(&weights) - 0.6).abs() < 1e-6);
        assert_eq!(Signals::default().score(&weights), 0.0);
    }
}
