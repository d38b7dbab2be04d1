//! Ranking: all entries of a FAQ by their score for a query.
//!
//! Small FAQs are computed exactly. In large ones all entries are scored from quantized rows first; those
//! that can be among the best, by the bound on the error, are then computed exactly, so the best and their
//! order are the same.

use std::io;
use std::ops::Range;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter, broken};
use faqbot_faq::{Entry, normalize_phrasing};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, CowArray, Ix2};
use rayon::prelude::*;

use super::centering::{Centering, CentredNorm};
use super::exact::ExactPhrasings;
use super::index::{ENTRIES_PER_BLOCK, Index};
use super::products::products;
use super::quantized::QuantizedRows;
use super::signals::{
    COUNT, EntryProducts, Query, QuerySet, SignalSet, Signals, Source, VERSION, WEIGHTS, Weights,
};

/// Changes whenever [`Ranker::write`] writes the same differently.
const LAYOUT: u32 = 2;

/// From this many phrasings on, rows are quantized. With fewer, reading their vectors takes a small part
/// of what the query's own takes.
const MANY_PHRASINGS: usize = 4_096;

/// How many of the best entries a reader reads with a query: on the small FAQs of `data/reader` the right one is among
/// them for 97.6 % of the questions that have one (`fit`, "Order"), and a question takes as long as it has candidates.
pub const CANDIDATES: usize = 8;

/// An entry that was found, with its nearest phrasing and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Match {
    /// Position of the entry in the FAQ.
    pub entry: usize,
    /// Position of its nearest phrasing in the entry.
    pub phrasing: usize,
    /// Cosine of the query and that phrasing, in `-1..=1`.
    pub cosine: f32,
    /// What speaks for the entry.
    pub signals: Signals,
    /// See [`Signals::score`]: what entries are ranked by before they are read.
    pub score: f32,
    /// The reader's logit of the entry for the query, of its best passage; `None` where it was not read.
    pub reader: Option<f32>,
    /// That passage of the answer, in bytes, where the answer has several.
    pub span: Option<(usize, usize)>,
}

/// A query's view of all entries.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// The best entries, best first; equal ones in the order of the FAQ. Those that were read are in the reader's order.
    pub matches: Vec<Match>,
    /// Mean and standard deviation of the scores of all entries.
    pub spread: (f32, f32),
}

/// What ranks the entries of a FAQ: everything but the rows, built before the first query.
#[derive(Debug, Clone)]
pub struct Ranker {
    weights: Weights,
    centering: Centering,
    /// For each row of the index.
    norms: Vec<CentredNorm>,
    signals: SignalSet,
    exact: ExactPhrasings,
    /// The centred rows, where there are many.
    quantized: Option<QuantizedRows>,
}

/// A query, ready to be held against rows.
struct Ready<'q> {
    /// Its row.
    row: ArrayView1<'q, f32>,
    norm: CentredNorm,
    /// Its centred row of length 1 (or 0).
    centred: &'q Array1<f32>,
    signals: &'q QuerySet,
    /// The signals' projections, each with its product with the mean.
    projections: [Option<(&'q Array1<f32>, f32)>; COUNT],
}

/// Products of a query with rows of phrasings that follow one another.
struct RowProducts {
    /// The first row.
    start: usize,
    /// With the rows as they are.
    plain: Vec<f32>,
    /// Cosines with the centred rows.
    cosines: Vec<f32>,
    /// Of the centred rows with each signal's projection; empty where it has none.
    projected: [Vec<f32>; COUNT],
}

impl Ranker {
    /// Ranks `entries`. `rows` `[rows, dimension]` are those of `index`, whose answers are rows of
    /// [`answer_text`](super::signals::answer_text); without answers in it, there is no such signal.
    pub fn new(entries: &[Entry], index: &Index, rows: ArrayView2<f32>) -> Self {
        let phrasings: Vec<&String> = entries.iter().flat_map(|entry| &entry.phrasings).collect();
        let normalized: Vec<String> = phrasings
            .par_iter()
            .with_min_len(ENTRIES_PER_BLOCK)
            .map(|phrasing| normalize_phrasing(phrasing))
            .collect();
        let centering = Centering::new(index, rows);
        let norms = centering.norms(rows);
        let source = Source { normalized: &normalized, index, rows, centering: &centering, norms: &norms };
        let quantize = || {
            QuantizedRows::new(rows.nrows(), rows.ncols(), |at, target| {
                centering.centre_into(rows.row(at), norms[at], ArrayViewMut1::from(target));
            })
        };
        let (signals, (exact, quantized)) = rayon::join(
            || SignalSet::build(&source),
            || (ExactPhrasings::new(&normalized), Self::is_large(index).then(quantize)),
        );
        Ranker { weights: WEIGHTS, centering, norms, signals, exact, quantized }
    }

    /// Whether an index has so many rows that ranking looks at few of them: then they need not be in
    /// memory, and building the ranker takes long.
    pub fn is_large(index: &Index) -> bool {
        index.phrasings() >= MANY_PHRASINGS
    }

    /// Writes all that [`Ranker::new`] computes.
    pub(crate) fn write(&self, index: &Index, out: &mut ArrayWriter) -> io::Result<()> {
        out.array(&[LAYOUT, VERSION])?;
        out.array(&index.shape())?;
        self.centering.write(out)?;
        let norms = self.norms.iter().map(|norm| [norm.mean_product, norm.inverse_norm]);
        out.array(&norms.collect::<Vec<_>>())?;
        self.signals.write(out)?;
        self.exact.write(out)?;
        self.quantized.as_ref().map_or(Ok(()), |quantized| quantized.write(out))
    }

    /// Reads what [`Ranker::write`] wrote for the same entries and index. The reader's checksum is yet to
    /// be checked.
    pub(crate) fn read(index: &Index, from: &mut ArrayReader) -> io::Result<Self> {
        let (count, dimension) = (index.rows().len(), index.rows().dimension());
        if from.array::<u32>()? != [LAYOUT, VERSION] || from.array::<u64>()? != index.shape() {
            return Err(broken("it belongs to another FAQ"));
        }
        let centering = Centering::read(from, dimension)?;
        let norms: Vec<CentredNorm> = from
            .array::<[f32; 2]>()?
            .into_iter()
            .map(|[mean_product, inverse_norm]| CentredNorm { mean_product, inverse_norm })
            .collect();
        if norms.len() != count {
            return Err(broken("its norms are not those of the rows"));
        }
        let signals = SignalSet::read(index, from)?;
        let exact = ExactPhrasings::read(from, index.phrasings())?;
        let quantized = match Self::is_large(index) {
            true => Some(QuantizedRows::read(from, count, dimension)?),
            false => None,
        };
        Ok(Ranker { weights: WEIGHTS, centering, norms, signals, exact, quantized })
    }

    /// The rows whose phrasings may be this normalised one: those that are and, very seldom, another. In the order of
    /// the FAQ.
    pub fn exact_rows(&self, normalized: &str) -> &[u32] {
        self.exact.rows(normalized)
    }

    /// How many entries have a normalised word in their phrasings.
    pub fn document_frequency(&self, word: &str) -> usize {
        self.signals.document_frequency(word)
    }

    /// The same under other weights.
    pub fn with_weights(self, weights: Weights) -> Self {
        Ranker { weights, ..self }
    }

    /// The weights in use.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Ranks all entries for a query, by text and unit row, and gives the `count` best.
    pub fn rank(&self, index: &Index, text: &str, row: ArrayView1<f32>, count: usize) -> Ranking {
        self.with_query(index, text, row, |query| self.rank_all(index, query, count))
    }

    /// What is computed once for a query, for what is done with it.
    fn with_query<T>(
        &self,
        index: &Index,
        text: &str,
        row: ArrayView1<f32>,
        work: impl FnOnce(&Ready) -> T,
    ) -> T {
        let norm = self.centering.norm(row);
        let mut centred = Array1::zeros(row.len());
        self.centering.centre_into(row, norm, centred.view_mut());
        let signals = self.signals.query(&Query { text, centred: centred.view(), index });
        let projections = self
            .signals
            .projections(&signals)
            .map(|projection| projection.map(|vector| (vector, vector.dot(self.centering.mean()))));
        work(&Ready { row, norm, centred: &centred, signals: &signals, projections })
    }

    fn rank_all(&self, index: &Index, query: &Ready, count: usize) -> Ranking {
        let few = count < index.len() / 4;
        let by_own_rows = |entry| self.score_by_own_rows(index, query, entry);
        let (mut matches, quantized_spread) = match (&self.quantized, index.rows().in_memory()) {
            (Some(quantized), _) if few => {
                let (candidates, spread) = self.candidates(index, quantized, query, count);
                (candidates.into_iter().map(by_own_rows).collect::<Vec<_>>(), Some(spread))
            }
            (_, Some(rows)) => (self.score_all(index, rows, query), None),
            (_, None) => ((0..index.len()).map(by_own_rows).collect(), None),
        };
        let spread = quantized_spread.unwrap_or_else(|| spread(matches.iter().map(|found| found.score)));
        keep_best(&mut matches, count);
        Ranking { matches, spread }
    }

    /// These entries as they match a query, in their order.
    pub fn rank_entries(
        &self,
        index: &Index,
        text: &str,
        row: ArrayView1<f32>,
        entries: &[usize],
    ) -> Vec<Match> {
        self.with_query(index, text, row, |query| {
            entries.iter().map(|&entry| self.score_by_own_rows(index, query, entry)).collect()
        })
    }

    /// All entries, from the rows in memory.
    fn score_all(&self, index: &Index, rows: ArrayView2<f32>, query: &Ready) -> Vec<Match> {
        let plain = products(rows, query.row);
        let phrasings = rows.slice_axis(Axis(0), (..index.phrasings()).into());
        let projected = query.projections.map(|projection| {
            projection.map_or(Vec::new(), |(vector, _)| products(phrasings, vector.view()))
        });
        let answers = plain[index.phrasings()..].to_vec();
        let all = self.row_products(0, plain[..index.phrasings()].to_vec(), projected, query);
        let answer = |entry: usize| index.answer(entry).map(|row| answers[row - index.phrasings()]);
        (0..index.len()).map(|entry| self.score(index, query, entry, &all, answer(entry))).collect()
    }

    /// One entry, from its own rows.
    fn score_by_own_rows(&self, index: &Index, query: &Ready, entry: usize) -> Match {
        let bounds = index.bounds(entry);
        let phrasings = self.rows(index, bounds.clone());
        let with =
            |vector: ArrayView1<f32>| phrasings.rows().into_iter().map(|row| row.dot(&vector)).collect();
        let projected = query
            .projections
            .map(|projection| projection.map_or(Vec::new(), |(vector, _)| with(vector.view())));
        let own = self.row_products(bounds.start, with(query.row), projected, query);
        let answer = index.answer(entry).map(|row| self.rows(index, row..row + 1).row(0).dot(&query.row));
        self.score(index, query, entry, &own, answer)
    }

    /// From products with rows as they are to products with the centred rows.
    fn row_products(
        &self,
        start: usize,
        plain: Vec<f32>,
        projected: [Vec<f32>; COUNT],
        query: &Ready,
    ) -> RowProducts {
        let norms = &self.norms[start..start + plain.len()];
        let cosines =
            plain.iter().zip(norms).map(|(product, norm)| self.centering.cosine(*product, query.norm, *norm));
        let cosines = cosines.collect();
        let mut projected = projected;
        for (products, projection) in projected.iter_mut().zip(query.projections) {
            let Some((_, mean_product)) = projection else { continue };
            for (product, norm) in products.iter_mut().zip(norms) {
                *product = (*product - mean_product) * norm.inverse_norm;
            }
        }
        RowProducts { start, plain, cosines, projected }
    }

    /// An entry's signals and score, from the products with its phrasings and the product with its answer.
    fn score(
        &self,
        index: &Index,
        query: &Ready,
        entry: usize,
        products: &RowProducts,
        answer: Option<f32>,
    ) -> Match {
        let bounds = index.bounds(entry);
        let own = bounds.start - products.start..bounds.end - products.start;
        let mut found = Match { entry, cosine: -1.0, ..Match::default() };
        for (phrasing, product) in products.plain[own.clone()].iter().enumerate() {
            // Rounding can carry the product of unit vectors just past 1.
            let cosine = product.clamp(-1.0, 1.0);
            if phrasing == 0 || cosine > found.cosine {
                (found.cosine, found.phrasing) = (cosine, phrasing);
            }
        }
        let answer = index
            .answer(entry)
            .zip(answer)
            .map(|(row, product)| self.centering.cosine(product, query.norm, self.norms[row]));
        found.signals = self.entry_signals(query, entry, own, &products.cosines, &products.projected, answer);
        found.score = found.signals.score(&self.weights);
        found
    }

    /// An entry's signals, from products with centred rows, of which `own` are the entry's.
    fn entry_signals(
        &self,
        query: &Ready,
        entry: usize,
        own: Range<usize>,
        cosines: &[f32],
        projected: &[Vec<f32>; COUNT],
        answer: Option<f32>,
    ) -> Signals {
        let products = EntryProducts { cosines: &cosines[own.clone()], projected: &[], answer };
        // There are none of a signal that was not built.
        let projected =
            projected.each_ref().map(|all| if all.is_empty() { &[][..] } else { &all[own.clone()] });
        self.signals.score(query.signals, entry, products, projected)
    }

    /// The entries that can be among the `count` best, ascending, and mean and standard deviation of all
    /// scores, by quantized rows.
    fn candidates(
        &self,
        index: &Index,
        quantized: &QuantizedRows,
        query: &Ready,
        count: usize,
    ) -> (Vec<usize>, (f32, f32)) {
        let phrasings = index.phrasings();
        let centred = query.centred.view();
        let projections: Vec<ArrayView1<f32>> =
            query.projections.iter().flatten().map(|(vector, _)| vector.view()).collect();
        let vectors: Vec<ArrayView1<f32>> = [centred].into_iter().chain(projections).collect();
        let mut found = quantized.products(0..phrasings, &vectors).into_iter();
        let cosines = found.next().expect("products with the query itself");
        let projected = query.projections.map(|projection| {
            projection.map_or_else(Vec::new, |_| found.next().expect("products with each projection"))
        });
        let answers = quantized.products(phrasings..index.rows().len(), &[centred]).remove(0);
        let cosine_error = quantized.error(centred);
        let projected_error = query
            .projections
            .map(|projection| projection.map_or(0.0, |(vector, _)| quantized.error(vector.view())));

        // For each entry its score, and how far that may be off.
        let score = |entry: usize| {
            let answer = index.answer(entry).map(|row| answers[row - phrasings]);
            let signals = self.entry_signals(query, entry, index.bounds(entry), &cosines, &projected, answer);
            let error = self.signals.error(entry, &signals, cosine_error, projected_error);
            (signals.score(&self.weights), error.score(&self.weights))
        };
        let scores: Vec<(f32, f32)> =
            (0..index.len()).into_par_iter().with_min_len(ENTRIES_PER_BLOCK).map(score).collect();
        let mut least: Vec<f32> = scores.iter().map(|(score, error)| score - error).collect();
        let last = count.clamp(1, least.len()) - 1;
        let (_, &mut bar, _) = least.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        let can_be = |entry: &usize| scores[*entry].0 + scores[*entry].1 >= bar;
        let candidates = (0..index.len()).filter(can_be).collect();
        (candidates, spread(scores.iter().map(|&(score, _)| score)))
    }

    /// Rows of an index. Where they cannot be read any more, because their file has become another, nearly.
    fn rows<'i>(&self, index: &'i Index, rows: Range<usize>) -> CowArray<'i, f32, Ix2> {
        index.rows().block(rows.clone()).unwrap_or_else(|_| {
            let mut nearly = Array2::zeros((rows.len(), index.rows().dimension()));
            for (mut target, at) in nearly.rows_mut().into_iter().zip(rows) {
                let norm = self.norms[at].inverse_norm.recip();
                if let Some(quantized) = self.quantized.as_ref().filter(|_| norm.is_finite()) {
                    target.assign(&(quantized.row(at) * norm + self.centering.mean()));
                }
            }
            nearly.into()
        })
    }
}

/// Keeps the `count` best matches, by score; equal ones in the order of the FAQ.
fn keep_best(matches: &mut Vec<Match>, count: usize) {
    let order = |a: &Match, b: &Match| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry));
    if count < matches.len() {
        if count > 0 {
            matches.select_nth_unstable_by(count - 1, order);
        }
        matches.truncate(count);
    }
    matches.sort_unstable_by(order);
}

/// Mean and standard deviation.
fn spread(scores: impl Iterator<Item = f32> + Clone) -> (f32, f32) {
    let count = scores.clone().count().max(1) as f32;
    let mean = scores.clone().sum::<f32>() / count;
    let variance = scores.map(|score| (score - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::signals::answer_text;
    use faqbot_embed::{Embedder, HashEmbedder, Role};
    use faqbot_faq::Faq;
    use std::path::Path;

    fn ranker(yaml: &str) -> (Ranker, Index) {
        let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let texts: Vec<&str> =
            faq.entries.iter().flat_map(|entry| &entry.phrasings).map(String::as_str).collect();
        let (answered, answers): (Vec<usize>, Vec<String>) =
            faq.entries.iter().enumerate().filter_map(|(at, entry)| Some((at, answer_text(entry)?))).unzip();
        let all: Vec<&str> = texts.into_iter().chain(answers.iter().map(String::as_str)).collect();
        let rows = HashEmbedder::new().embed(Role::Passage, &all, &mut |_| ()).unwrap();
        let counts = faq.entries.iter().map(|entry| entry.phrasings.len());
        let index = Index::new(rows.clone(), counts, answered);
        (Ranker::new(&faq.entries, &index, rows.view()), index)
    }

    fn rank(ranker: &(Ranker, Index), text: &str) -> Ranking {
        let row = HashEmbedder::new().embed(Role::Query, &[text], &mut |_| ()).unwrap();
        ranker.0.rank(&ranker.1, text, row.row(0), 10)
    }

    const SHOP: &str = "
- {question: Where is my parcel?, also: [track my order, parcel late], answer: In the van.}
- {question: How do I reset my password?, also: [forgot my password], answer: Use the link.}
- {question: How do I pay?, also: [do you take cards], answer: '[pay]'}
";

    #[test]
    fn the_right_entry_scores_highest_and_signals_are_there() {
        let ranking = rank(&ranker(SHOP), "my password is forgotten");
        let best = &ranking.matches[0];
        assert_eq!(best.entry, 1);
        assert!(best.score > ranking.matches[1].score + 0.1);
        assert!(best.signals.ridge.is_some() && best.signals.answer.is_some());
        let pay = ranking.matches.iter().find(|found| found.entry == 2).unwrap();
        assert_eq!(pay.signals.answer, None, "a placeholder is no answer");
    }

    #[test]
    fn a_typo_is_found_by_its_letters() {
        let ranking = rank(&ranker(SHOP), "pasword");
        assert_eq!(ranking.matches[0].entry, 1);
        assert!(ranking.matches[0].signals.lexical.unwrap() > 0.1);
    }

    #[test]
    fn quantized_rows_find_the_same() {
        let mut state = 1u32;
        let mut random = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % most
        };
        let mut phrasing = || (0..6).map(|_| format!("w{}", random(300))).collect::<Vec<_>>().join(" ");
        let mut entries = String::new();
        for entry in 0..MANY_PHRASINGS / 2 {
            entries += &format!(
                "- {{question: {}, also: [{}, {}], answer: {}}}\n",
                phrasing(),
                phrasing(),
                phrasing(),
                if entry % 3 == 0 { "'[none]'".to_owned() } else { phrasing() }
            );
        }
        let (mut ranker, index) = ranker(&entries);
        assert!(ranker.quantized.is_some() && ranker.signals.ridge.is_some());
        let queries: Vec<String> = (0..20).map(|_| phrasing()).collect();
        let rank = |ranker: &Ranker, text: &str| {
            let row = HashEmbedder::new().embed(Role::Query, &[text], &mut |_| ()).unwrap();
            ranker.rank(&index, text, row.row(0), 10)
        };
        let quantized: Vec<Ranking> = queries.iter().map(|text| rank(&ranker, text)).collect();
        ranker.quantized = None;
        for (text, quantized) in queries.iter().zip(quantized) {
            let exact = rank(&ranker, text);
            assert_eq!(exact.matches.len(), 10);
            for (a, b) in exact.matches.iter().zip(&quantized.matches) {
                assert!(a.entry == b.entry || a.score == b.score, "{a:?} {b:?}");
                assert!((a.score - b.score).abs() < 1e-5, "{a:?} {b:?}");
            }
            assert!((exact.spread.0 - quantized.spread.0).abs() < 1e-3);
            assert!((exact.spread.1 - quantized.spread.1).abs() < 1e-3);
        }
    }

    #[test]
    fn small_faqs_degrade_cleanly() {
        for yaml in [
            "- {question: Only one?, answer: Yes.}",
            "- {question: Same?, answer: a}\n- {question: Same!, answer: a}",
            "- {question: '?!', answer: a}\n- {question: b, answer: '[b]'}",
        ] {
            let ranker = ranker(yaml);
            for text in ["Only one?", "same", "", "something else"] {
                let ranking = rank(&ranker, text);
                assert!(ranking.matches.iter().all(|found| found.score.is_finite()), "{yaml} {text}");
                assert!(ranking.spread.1.is_finite());
            }
        }
        let (rows, index) = (Array2::zeros((0, 256)), Index::new(Array2::zeros((0, 256)), [], []));
        let empty = (Ranker::new(&[], &index, rows.view()), index);
        assert!(rank(&empty, "anything").matches.is_empty());
    }

    #[test]
    fn equal_scores_keep_the_order_of_the_faq() {
        let all: Vec<Match> =
            (0..50).rev().map(|entry| Match { entry, score: 0.5, ..Match::default() }).collect();
        for count in [0, 1, 7, 50, 60] {
            let mut matches = all.clone();
            keep_best(&mut matches, count);
            let entries: Vec<usize> = matches.iter().map(|found| found.entry).collect();
            assert_eq!(entries, (0..count.min(50)).collect::<Vec<_>>());
        }
    }
}
