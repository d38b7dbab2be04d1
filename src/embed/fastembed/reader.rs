//! The bundled reader: a table of words and two graphs, one that reads a text alone and one that reads a query and an
//! entry together.
//!
//! `models/train_reader.py` has the shape and says how texts are fed; what is fed here must be the same.
//! `models/export_reader.py` says what is in the files.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ndarray::{Array2, Array3, ArrayView2, Axis};
use ort::session::Session;
use ort::value::TensorRef;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3;

use super::model::{environment, failure};
use crate::embed::EntryText;
use crate::error::Result;

/// Tokens of a query, of an entry's question, and of an entry; the rest is cut.
const QUERY_TOKENS: usize = 48;
const QUESTION_TOKENS: usize = 32;
const ENTRY_TOKENS: usize = 80;

/// Bytes of a text that are looked at: so many tokens seldom take more.
const TEXT_BYTES: usize = 2_000;

/// The length of a token's state.
const WIDTH: usize = 384;

/// Tokens in one run and thread, padding included: more no longer fit a core's cache.
const RUN_TOKENS: usize = 512;

/// The states of entries that are kept, in numbers: 32 MB.
const KEPT_NUMBERS: usize = 8 << 20;

/// What closes a question and says nothing of its meaning.
const CLOSING: [char; 4] = ['?', '!', '.', ' '];

/// Gives the tokens of a text, without special ones.
pub(super) type Tokenize<'t> = &'t dyn Fn(&str) -> Result<Vec<u32>>;

/// The sessions, and what was read last.
pub(super) struct BundledReader {
    table: Table,
    cls: u32,
    sep: u32,
    read: Mutex<Session>,
    compare: Mutex<Session>,
    entries: Mutex<Kept>,
    threads: usize,
    time_loading: Duration,
}

/// The states of a text's tokens `[tokens, WIDTH]`.
type States = Arc<Array2<f32>>;

/// States by the hash of their text, in two generations: what was not asked for since the last is forgotten.
#[derive(Default)]
struct Kept {
    new: FxHashMap<u128, States>,
    old: FxHashMap<u128, States>,
    numbers: usize,
}

impl Kept {
    fn get(&mut self, key: u128) -> Option<States> {
        if let Some(states) = self.new.get(&key) {
            return Some(states.clone());
        }
        let states = self.old.remove(&key)?;
        self.put(key, states.clone());
        Some(states)
    }

    fn put(&mut self, key: u128, states: States) {
        if self.numbers + states.len() > KEPT_NUMBERS / 2 {
            self.old = std::mem::take(&mut self.new);
            self.numbers = 0;
        }
        let numbers = states.len();
        if self.new.insert(key, states).is_none() {
            self.numbers += numbers;
        }
    }
}

/// The rows of words, in int8, and then what each is multiplied with; read in place.
struct Table {
    rows: &'static [u8],
    scales: &'static [u8],
}

impl Table {
    fn new(bytes: &'static [u8], words: usize) -> Result<Self> {
        let (rows, scales) = bytes
            .split_at_checked(words * WIDTH)
            .filter(|(_, scales)| scales.len() == words * size_of::<f32>())
            .ok_or_else(|| failure(format_args!("the reader's table is not of {words} words")))?;
        Ok(Table { rows, scales })
    }

    /// Writes a word's row.
    fn write(&self, word: u32, target: &mut [f32]) {
        let at = word as usize;
        let scale = f32::from_le_bytes(std::array::from_fn(|byte| self.scales[at * size_of::<f32>() + byte]));
        let row = &self.rows[at * WIDTH..][..WIDTH];
        target.iter_mut().zip(row).for_each(|(target, &value)| *target = f32::from(value as i8) * scale);
    }
}

fn key(entry: &EntryText) -> u128 {
    let mut sum = Xxh3::new();
    sum.update(&entry.question.len().to_le_bytes());
    sum.update(entry.question.as_bytes());
    sum.update(entry.answer.as_bytes());
    sum.digest128()
}

impl BundledReader {
    /// Loads the two graphs. `words` is the vocabulary, one a line, and `table` its rows.
    pub fn load(words: &str, table: &'static [u8], [read, compare]: [&[u8]; 2]) -> Result<Self> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let session = |onnx: &[u8]| -> Result<Mutex<Session>> {
            let builder = Session::builder(&environment()?).map_err(failure)?;
            let builder = builder.with_intra_threads(threads).map_err(failure)?;
            let mut builder = builder.with_config_entry(ort_rten::INDEPENDENT_ROWS, "1").map_err(failure)?;
            let session = builder.commit_from_memory(onnx);
            Ok(Mutex::new(
                session.map_err(|error| failure(format_args!("the reader does not load: {error}")))?,
            ))
        };
        let special = |token: &str| {
            let at = words.lines().position(|word| word == token);
            at.map(|at| at as u32).ok_or_else(|| failure(format_args!("the reader's words lack {token}")))
        };
        let (cls, sep) = (special("[CLS]")?, special("[SEP]")?);
        let table = Table::new(table, words.lines().count())?;
        let begin = Instant::now();
        let (read, compare) = (session(read)?, session(compare)?);
        Ok(BundledReader {
            table,
            cls,
            sep,
            read,
            compare,
            entries: Mutex::default(),
            threads,
            time_loading: begin.elapsed(),
        })
    }

    /// How long the engine took to read and prepare the weights.
    pub fn time_loading(&self) -> Duration {
        self.time_loading
    }

    /// See [`Reader::logits`](crate::embed::Reader::logits).
    pub fn logits(
        &self,
        tokenize: Tokenize,
        queries: &[&str],
        entries: &[EntryText],
        pairs: &[(usize, usize)],
    ) -> Result<Vec<f32>> {
        let tokenize: Tokenize = &|text| tokenize(&text[..text.floor_char_boundary(TEXT_BYTES)]);
        let queries =
            queries.iter().map(|query| self.query_tokens(tokenize, query)).collect::<Result<Vec<_>>>()?;
        let queries = self.states(&queries, 0)?;
        let entries = self.entry_states(tokenize, entries)?;
        self.compare(&queries, &entries, pairs)
    }

    fn query_tokens(&self, tokenize: Tokenize, query: &str) -> Result<Vec<u32>> {
        let mut tokens = vec![self.cls];
        let query = tokenize(query.trim_end_matches(CLOSING))?;
        tokens.extend(query.into_iter().take(QUERY_TOKENS - 2));
        tokens.push(self.sep);
        Ok(tokens)
    }

    fn entry_tokens(&self, tokenize: Tokenize, entry: &EntryText) -> Result<Vec<u32>> {
        let mut tokens = vec![self.cls];
        tokens.extend(tokenize(entry.question)?.into_iter().take(QUESTION_TOKENS));
        tokens.push(self.sep);
        let answer = tokenize(entry.answer)?;
        if !answer.is_empty() {
            let room = ENTRY_TOKENS - 1 - tokens.len();
            tokens.extend(answer.into_iter().take(room));
            tokens.push(self.sep);
        }
        Ok(tokens)
    }

    fn entry_states(&self, tokenize: Tokenize, entries: &[EntryText]) -> Result<Vec<States>> {
        let keys: Vec<u128> = entries.iter().map(key).collect();
        let mut found: Vec<Option<States>> = {
            let mut kept = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            keys.iter().map(|&key| kept.get(key)).collect()
        };
        let missing: Vec<usize> = (0..entries.len()).filter(|&at| found[at].is_none()).collect();
        let texts = missing
            .iter()
            .map(|&at| self.entry_tokens(tokenize, &entries[at]))
            .collect::<Result<Vec<_>>>()?;
        let read = self.states(&texts, 1)?;
        let mut kept = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for (&at, states) in missing.iter().zip(read) {
            kept.put(keys[at], states.clone());
            found[at] = Some(states);
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Reads texts alone: queries are of kind 0, entries of kind 1.
    fn states(&self, texts: &[Vec<u32>], kind: i64) -> Result<Vec<States>> {
        let mut states: Vec<States> = vec![States::default(); texts.len()];
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        for run in self.runs(&lengths) {
            let width = run.iter().map(|&at| lengths[at]).max().unwrap_or(0);
            let mut words = Array3::<f32>::zeros((run.len(), width, WIDTH));
            let rows = words.as_slice_mut().expect("a new array").chunks_exact_mut(width * WIDTH);
            for (row, &at) in rows.zip(&run) {
                row.chunks_exact_mut(WIDTH)
                    .zip(&texts[at])
                    .for_each(|(target, &token)| self.table.write(token, target));
            }
            let mask = mask(run.iter().map(|&at| lengths[at]), width);
            let kinds = Array2::from_elem(mask.dim(), kind);
            let mut session = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            let outputs = session
                .run(ort::inputs![
                    "words" => whole(&words)?,
                    "attention_mask" => whole(&mask)?,
                    "token_type_ids" => whole(&kinds)?,
                ])
                .map_err(failure)?;
            let (_, numbers) = outputs["states"].try_extract_tensor::<f32>().map_err(failure)?;
            for (row, &at) in numbers.chunks_exact(width * WIDTH).zip(&run) {
                let own = row[..lengths[at] * WIDTH].to_vec();
                states[at] = Array2::from_shape_vec((lengths[at], WIDTH), own).map_err(failure)?.into();
            }
        }
        Ok(states)
    }

    fn compare(&self, queries: &[States], entries: &[States], pairs: &[(usize, usize)]) -> Result<Vec<f32>> {
        let mut logits = vec![0.0; pairs.len()];
        let of = |at: usize| (&queries[pairs[at].0], &entries[pairs[at].1]);
        let lengths: Vec<usize> = (0..pairs.len()).map(|at| of(at).0.nrows() + of(at).1.nrows()).collect();
        for run in self.runs(&lengths) {
            let [query, entry] = [0, 1].map(|side| {
                let states = |at: usize| if side == 0 { of(at).0.view() } else { of(at).1.view() };
                let width = run.iter().map(|&at| states(at).nrows()).max().unwrap_or(0);
                let mut all = Array3::<f32>::zeros((run.len(), width, WIDTH));
                for (mut target, &at) in all.axis_iter_mut(Axis(0)).zip(&run) {
                    let own: ArrayView2<f32> = states(at);
                    target.slice_axis_mut(Axis(0), (..own.nrows()).into()).assign(&own);
                }
                (all, mask(run.iter().map(|&at| states(at).nrows()), width))
            });
            let mut session = self.compare.lock().unwrap_or_else(PoisonError::into_inner);
            let outputs = session
                .run(ort::inputs![
                    "query" => whole(&query.0)?,
                    "query_mask" => whole(&query.1)?,
                    "entry" => whole(&entry.0)?,
                    "entry_mask" => whole(&entry.1)?,
                ])
                .map_err(failure)?;
            let (_, numbers) = outputs["logits"].try_extract_tensor::<f32>().map_err(failure)?;
            if numbers.iter().any(|logit| !logit.is_finite()) {
                return Err(failure("the reader computed something that is not a number"));
            }
            run.iter().zip(numbers).for_each(|(&at, &logit)| logits[at] = logit);
        }
        Ok(logits)
    }

    /// Positions in order of length, cut into runs of about [`RUN_TOKENS`] a thread: what is of like length shares one,
    /// which keeps the padding small.
    fn runs(&self, lengths: &[usize]) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|&at| lengths[at]);
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for at in order {
            match runs.last_mut() {
                Some(run) if lengths[at] * (run.len() + 1) <= RUN_TOKENS * self.threads => run.push(at),
                _ => runs.push(vec![at]),
            }
        }
        runs
    }
}

/// 1 for each token of rows of these lengths, and 0 for the padding.
fn mask(lengths: impl ExactSizeIterator<Item = usize>, width: usize) -> Array2<i64> {
    let mut mask = Array2::zeros((lengths.len(), width));
    for (mut row, length) in mask.rows_mut().into_iter().zip(lengths) {
        row.iter_mut().take(length).for_each(|token| *token = 1);
    }
    mask
}

fn whole<T, D>(array: &ndarray::Array<T, D>) -> Result<TensorRef<'_, T>>
where
    T: ort::value::PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
    D: ndarray::Dimension + 'static,
{
    TensorRef::from_array_view(array.view()).map_err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_its_row() {
        let rows: Vec<u8> = (0..2 * WIDTH).map(|at| if at < WIDTH { 1 } else { -2i8 as u8 }).collect();
        let scales = [0.5f32, 0.25].map(f32::to_le_bytes).concat();
        let bytes: &'static [u8] = [rows, scales].concat().leak();
        let table = Table::new(bytes, 2).unwrap();
        let mut row = [0.0; WIDTH];
        for (word, value) in [(0, 0.5), (1, -0.5)] {
            table.write(word, &mut row);
            assert_eq!(row, [value; WIDTH]);
        }
        assert!(Table::new(bytes, 3).is_err());
    }

    #[test]
    fn what_is_asked_for_stays() {
        let mut kept = Kept::default();
        let states = |tokens: usize| States::new(Array2::zeros((tokens, WIDTH)));
        let many = KEPT_NUMBERS / WIDTH / 6;
        for key in [1, 1, 2] {
            kept.put(key, states(many));
        }
        assert_eq!(kept.new.len(), 2);
        // Two fill it: with the third a new generation begins.
        kept.put(3, states(many + many / 2));
        assert!(kept.get(1).is_some() && kept.get(4).is_none());
        kept.put(4, states(many + many / 2));
        assert!(kept.get(1).is_some() && kept.get(2).is_none());
    }
}
