//! The bundled reader: a table of words and two graphs, one that reads a text alone and one in which a query's tokens
//! look at what was kept of an entry, its [`Memory`].
//!
//! `models/train_reader.py` has the shape and says how texts are fed; what is fed here must be the same.
//! `models/export_reader.py` says what is in the files.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ndarray::{Array2, Array3, Axis};
use ort::session::{OutputSelector, RunOptions, Session};
use ort::value::TensorRef;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3;

use super::engine::{environment, failure};
use super::memory::{ENTRY_TOKENS, Memories, Memory, PARTS, WIDTH};
use crate::EntryText;
use crate::error::Result;

/// Tokens of a query, and of an entry's question with its phrasings; the rest is cut.
const QUERY_TOKENS: usize = 48;
const QUESTION_TOKENS: usize = 56;

/// Bytes of a text that are looked at: so many tokens seldom take more.
const TEXT_BYTES: usize = 2_000;

/// Tokens in one run and thread, padding included: more no longer fit a core's cache.
const RUN_TOKENS: usize = 512;

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
    memories: Memories,
    /// The last queries, by their tokens.
    last: Mutex<FxHashMap<Vec<u32>, Arc<States>>>,
    threads: usize,
    time_loading: Duration,
}

/// Queries that are remembered: those that were read last are often read with further entries.
const LAST_QUERIES: usize = 256;

/// The states of a text's tokens `[tokens, WIDTH]`.
type States = Array2<f32>;

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
    /// Loads the two graphs. `words` is the vocabulary, one a line, `table` its rows, and `identity` another number for
    /// other graphs.
    pub fn load(
        words: &str,
        table: &'static [u8],
        [read, compare]: [&[u8]; 2],
        identity: u64,
    ) -> Result<Self> {
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
            memories: Memories::new(identity),
            last: Mutex::default(),
            threads,
            time_loading: begin.elapsed(),
        })
    }

    /// Keeps what it reads of entries in files in this folder.
    pub fn keep_in(&mut self, folder: &Path) {
        self.memories.keep_in(folder);
    }

    /// How long the engine took to read and prepare the weights.
    pub fn time_loading(&self) -> Duration {
        self.time_loading
    }

    /// See [`Reader::logits`](crate::Reader::logits).
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
        let queries = self.query_states(&queries)?;
        let entries = self.memories(tokenize, entries)?;
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

    fn query_states(&self, queries: &[Vec<u32>]) -> Result<Vec<Arc<States>>> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Option<Arc<States>>> = {
            let last = last();
            queries.iter().map(|tokens| last.get(tokens).cloned()).collect()
        };
        let missing: Vec<usize> = (0..queries.len()).filter(|&at| found[at].is_none()).collect();
        let texts: Vec<Vec<u32>> = missing.iter().map(|&at| queries[at].clone()).collect();
        let read = self.states(&texts, 0)?;
        let mut last = last();
        if missing.len() == queries.len() || last.len() + missing.len() > LAST_QUERIES {
            last.clear();
        }
        for ((&at, tokens), states) in missing.iter().zip(texts).zip(read) {
            let states = Arc::new(states);
            last.insert(tokens, Arc::clone(&states));
            found[at] = Some(states);
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// What is kept of entries; those are read of which nothing is yet.
    fn memories(&self, tokenize: Tokenize, entries: &[EntryText]) -> Result<Vec<Arc<Memory>>> {
        let keys: Vec<u128> = entries.iter().map(key).collect();
        let mut found: Vec<Option<Arc<Memory>>> = keys.iter().map(|&key| self.memories.get(key)).collect();
        let missing: Vec<usize> = (0..entries.len()).filter(|&at| found[at].is_none()).collect();
        let texts = missing
            .iter()
            .map(|&at| self.entry_tokens(tokenize, &entries[at]))
            .collect::<Result<Vec<_>>>()?;
        let states = self.states(&texts, 1)?;
        let new = self.remember(&states)?;
        self.memories.put(missing.iter().map(|&at| keys[at]).zip(new.iter().cloned()));
        for (at, memory) in missing.into_iter().zip(new) {
            found[at] = Some(memory);
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Reads texts alone: queries are of kind 0, entries of kind 1.
    fn states(&self, texts: &[Vec<u32>], kind: i64) -> Result<Vec<States>> {
        let mut states: Vec<States> = vec![States::zeros((0, WIDTH)); texts.len()];
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
                states[at] = Array2::from_shape_vec((lengths[at], WIDTH), own).map_err(failure)?;
            }
        }
        Ok(states)
    }

    /// What is kept of entries with these states.
    fn remember(&self, entries: &[States]) -> Result<Vec<Arc<Memory>>> {
        let mut memories: Vec<Option<Arc<Memory>>> = vec![None; entries.len()];
        let lengths: Vec<usize> = entries.iter().map(Array2::nrows).collect();
        // Nothing else is looked at: a token that is masked out stands for it.
        let nothing = Memory::nothing();
        for run in self.runs(&lengths) {
            let width = run.iter().map(|&at| lengths[at]).max().unwrap_or(0);
            let rows = run.iter().map(|&at| (&entries[at], &nothing));
            self.run(rows, 0, "kept", |numbers| {
                for (numbers, &at) in numbers.chunks_exact(width * PARTS * WIDTH).zip(&run) {
                    memories[at] = Some(Memory::new(&numbers[..lengths[at] * PARTS * WIDTH]).into());
                }
            })?;
        }
        Ok(memories.into_iter().flatten().collect())
    }

    fn compare(
        &self,
        queries: &[Arc<States>],
        entries: &[Arc<Memory>],
        pairs: &[(usize, usize)],
    ) -> Result<Vec<f32>> {
        let mut logits = vec![0.0; pairs.len()];
        let of = |at: usize| (&*queries[pairs[at].0], &*entries[pairs[at].1]);
        let lengths: Vec<usize> = (0..pairs.len()).map(|at| of(at).0.nrows() + of(at).1.tokens()).collect();
        for run in self.runs(&lengths) {
            self.run(run.iter().map(|&at| of(at)), 1, "logits", |numbers| {
                run.iter().zip(numbers).for_each(|(&at, &logit)| logits[at] = logit);
            })?;
        }
        Ok(logits)
    }

    /// Runs the second graph for texts, each with a memory, whose tokens are seen if `seen` is 1, and gives an output on.
    fn run<'s>(
        &self,
        rows: impl ExactSizeIterator<Item = (&'s States, &'s Memory)> + Clone,
        seen: i64,
        output: &str,
        take: impl FnOnce(&[f32]),
    ) -> Result<()> {
        let width = rows.clone().map(|(own, _)| own.nrows()).max().unwrap_or(0);
        let memory_width = rows.clone().map(|(_, memory)| memory.tokens()).max().unwrap_or(0);
        let mut states = Array3::<f32>::zeros((rows.len(), width, WIDTH));
        let mut memories = Array3::<f32>::zeros((rows.len(), memory_width, PARTS * WIDTH));
        let targets = memories.axis_iter_mut(Axis(0)).zip(states.axis_iter_mut(Axis(0)));
        for ((mut memory_target, mut target), (own, memory)) in targets.zip(rows.clone()) {
            target.slice_axis_mut(Axis(0), (..own.nrows()).into()).assign(own);
            memory.write(memory_target.as_slice_mut().expect("rows lie in turn"));
        }
        let own_mask = mask(rows.clone().map(|(own, _)| own.nrows()), width);
        let memory_mask = mask(rows.map(|(_, memory)| memory.tokens()), memory_width) * seen;
        let wanted = RunOptions::new().map_err(failure)?;
        let wanted = wanted.with_outputs(OutputSelector::no_default().with(output));
        let mut session = self.compare.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session
            .run_with_options(
                ort::inputs![
                    "states" => whole(&states)?,
                    "mask" => whole(&own_mask)?,
                    "memory" => whole(&memories)?,
                    "memory_mask" => whole(&memory_mask)?,
                ],
                &wanted,
            )
            .map_err(failure)?;
        let (_, numbers) = outputs[output].try_extract_tensor::<f32>().map_err(failure)?;
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(failure("the reader computed something that is not a number"));
        }
        take(numbers);
        Ok(())
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
}
