//! Runs a model with fastembed: loads it on its engine, and embeds texts in batches.

use std::collections::HashMap;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fastembed::{
    InitOptionsUserDefined, OutputKey, Pooling, QuantizationMode, TextEmbedding, TokenizerFiles,
    UserDefinedEmbeddingModel,
};
use ndarray::Array2;

use super::engine::{choose_engine, environment, failure};
use super::reader::BundledReader;
use super::tokenizer;
use crate::error::Result;
use crate::{Embedder, EntryText, ModelId, Progress, Reader, Role, copy_rows, normalize};

/// fastembed's default, for models that do not state a limit.
pub(super) const DEFAULT_MAX_TOKENS: usize = 512;

/// The files beside a model's weights, in the order of [`TokenizerFiles`].
pub(super) const TOKENIZER_FILES: [&str; 4] =
    ["tokenizer.json", "config.json", "special_tokens_map.json", "tokenizer_config.json"];

/// About how many tokens per thread, padding included, are embedded in one run of the model, with at most
/// [`MAX_BATCH`] texts per thread. Measured with texts of 128 tokens, 1,024 and 2,048 take 6 % and 17 %
/// longer per text, since the data between layers no longer fits in a core's cache (2 MB on an Intel Xeon).
/// With texts of 12 tokens, 16 to 64 texts are equally fast and 8 are slower.
const BATCH_TOKENS: usize = 512;

/// See [`BATCH_TOKENS`].
const MAX_BATCH: usize = 32;

/// Embeds with a neural model, on all cores.
pub struct FastEmbedder {
    id: ModelId,
    dimension: usize,
    prefixes: Prefixes,
    languages: Option<&'static str>,
    /// With dynamic quantisation, a text's vector depends on its batch, so each text is run alone.
    one_by_one: bool,
    times: LoadTimes,
    threads: usize,
    /// A mutex, since fastembed embeds through `&mut`.
    model: Mutex<TextEmbedding>,
    reader: Option<BundledReader>,
}

/// How long a model took to get ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadTimes {
    /// For the engine to read and prepare the weights. Zero for ONNX Runtime, where it is part of
    /// `tokenizer`.
    pub model: Duration,
    /// For everything else: the tokenizer and its files.
    pub tokenizer: Duration,
    /// For the reader, as far as it took longer than both.
    pub reader: Duration,
    /// For a first short text.
    pub first_run: Duration,
}

/// What a model expects before a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prefixes {
    pub query: &'static str,
    pub passage: &'static str,
}

/// The files of a model in memory, and how to use them.
pub(super) struct Files {
    pub id: ModelId,
    pub onnx: Vec<u8>,
    pub external: Vec<(String, Vec<u8>)>,
    pub tokenizer: TokenizerFiles,
    pub pooling: Pooling,
    pub quantization: QuantizationMode,
    pub output: Option<OutputKey>,
    pub prefixes: Prefixes,
    pub languages: Option<&'static str>,
    pub max_tokens: usize,
    /// What the bundled model has beside these.
    pub bundled: Option<Bundled>,
}

/// What comes with the bundled model: a quicker way to its tokenizer, and the reader.
pub(super) struct Bundled {
    /// The words of a BERT tokenizer, one a line, that takes the place of the files'.
    pub words: &'static str,
    /// The reader's rows of these words.
    pub table: &'static [u8],
    /// Its two graphs.
    pub reader: [Vec<u8>; 2],
    /// Gives another number for other graphs.
    pub identity: fn() -> u64,
}

impl FastEmbedder {
    pub(super) fn load(files: Files) -> Result<Self> {
        choose_engine()?;
        let words = files.bundled.as_ref().map(|bundled| bundled.words);
        let reader = files.bundled.map(|Bundled { words, table, reader, identity }| {
            let load =
                move || BundledReader::load(words, table, reader.each_ref().map(Vec::as_slice), identity());
            thread::spawn(load)
        });
        let one_by_one = files.quantization == QuantizationMode::Dynamic;
        let mut model = UserDefinedEmbeddingModel::new(files.onnx, files.tokenizer)
            .with_pooling(files.pooling)
            .with_quantization(files.quantization);
        model.output_key = files.output;
        for (name, data) in files.external {
            model = model.with_external_initializer(name, data);
        }
        let options = InitOptionsUserDefined::new()
            .with_environment(environment()?)
            .with_max_length(files.max_tokens)
            // Only for ONNX Runtime and models with quantised weights: fold the weights to f32 on loading, as
            // the built-in engine does. Otherwise it also rounds activations to int8, and gives other
            // vectors.
            .with_session_config("session.disable_quant_qdq", "1")
            .with_session_config(ort_rten::INDEPENDENT_ROWS, if one_by_one { "0" } else { "1" });
        let (begin, loading) = (Instant::now(), ort_rten::time_loading());
        let mut model = TextEmbedding::try_new_from_user_defined(model, options)
            .map_err(|error| failure(format_args!("the model {} does not load: {error}", files.id)))?;
        if let Some(words) = words {
            model.tokenizer = tokenizer::bert(words, files.max_tokens)?;
        }
        let whole = begin.elapsed();
        let join =
            |loading: thread::JoinHandle<_>| loading.join().unwrap_or_else(|panic| resume_unwind(panic));
        let reader: Option<BundledReader> = reader.map(join).transpose()?;
        let waited = begin.elapsed() - whole;
        // The reader loads at the same time and is counted too, as another model would be.
        let beside = reader.as_ref().map_or(Duration::ZERO, BundledReader::time_loading);
        let engine = ort_rten::time_loading().saturating_sub(loading + beside).min(whole);
        let mut embedder = FastEmbedder {
            id: files.id,
            dimension: 0,
            prefixes: files.prefixes,
            languages: files.languages,
            one_by_one,
            times: LoadTimes {
                model: engine,
                tokenizer: whole - engine,
                reader: waited,
                first_run: Duration::ZERO,
            },
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            model: Mutex::new(model),
            reader,
        };
        // Only a run of the model tells its dimension for certain.
        let begin = Instant::now();
        embedder.dimension = embedder.run(&["?"])?[0].len();
        embedder.times.first_run = begin.elapsed();
        Ok(embedder)
    }

    /// Keeps what the reader reads of entries in files in this folder, if there is one, so that a later start need not
    /// read them again.
    pub fn keeping_read_entries_in(mut self, folder: Option<&Path>) -> Self {
        if let (Some(reader), Some(folder)) = (&mut self.reader, folder) {
            reader.keep_in(folder);
        }
        self
    }

    /// How long the model took to get ready.
    pub fn load_times(&self) -> LoadTimes {
        self.times
    }

    fn run(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        // A poisoned lock means a panic in another call; the model keeps no state between calls.
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let vectors = model.embed(texts, Some(texts.len().max(1))).map_err(failure)?;
        if vectors.len() != texts.len() {
            return Err(failure(format_args!(
                "the model gave {} vectors for {} texts",
                vectors.len(),
                texts.len()
            )));
        }
        Ok(vectors)
    }
}

impl Reader for FastEmbedder {
    fn logits(&self, queries: &[&str], entries: &[EntryText], pairs: &[(usize, usize)]) -> Result<Vec<f32>> {
        match &self.reader {
            Some(reader) => {
                let tokenize = |text: &str| {
                    let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
                    Ok(model.tokenizer.encode_fast(text, false).map_err(failure)?.get_ids().to_vec())
                };
                reader.logits(&tokenize, queries, entries, pairs)
            }
            None => Err(failure("the model has no reader")),
        }
    }
}

impl Embedder for FastEmbedder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn cuts(&self, text: &str) -> bool {
        // A token is at least one byte, so short texts need no tokenizing, which is not free.
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = model.tokenizer.get_truncation().map_or(usize::MAX, |truncation| truncation.max_length);
        let text = format!("{}{text}", self.prefixes.passage);
        text.len() >= limit
            && model.tokenizer.encode(text, true).is_ok_and(|encoding| !encoding.get_overflowing().is_empty())
    }

    fn is_in_vocabulary(&self, word: &str) -> bool {
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        // WordPiece has whole words as they are, SentencePiece with a mark before them.
        model
            .tokenizer
            .token_to_id(word)
            .or_else(|| model.tokenizer.token_to_id(&format!("\u{2581}{word}")))
            .is_some()
    }

    fn languages(&self) -> Option<&str> {
        self.languages
    }

    fn reader(&self) -> Option<&dyn Reader> {
        self.reader.as_ref().map(|_| self as &dyn Reader)
    }

    fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
        let prefix = match role {
            Role::Query => self.prefixes.query,
            Role::Passage => self.prefixes.passage,
        };
        let prefixed: Vec<String>;
        let texts = if prefix.is_empty() {
            texts
        } else {
            prefixed = texts.iter().map(|text| format!("{prefix}{text}")).collect();
            &prefixed.iter().map(String::as_str).collect::<Vec<_>>()
        };
        // Each text once, however often it occurs.
        let mut first_of: HashMap<&str, usize> = HashMap::with_capacity(texts.len());
        let firsts: Vec<usize> =
            texts.iter().enumerate().map(|(index, text)| *first_of.entry(text).or_insert(index)).collect();
        // Texts of similar length share a run, which keeps the padding small.
        let mut order: Vec<usize> = (0..texts.len()).filter(|&index| firsts[index] == index).collect();
        order.sort_by_key(|&index| texts[index].len());
        let copies = texts.len() - order.len();

        let mut rows = Array2::zeros((texts.len(), self.dimension));
        let mut done = 0;
        while done < order.len() {
            let count = if self.one_by_one { 1 } else { batch(&order[done..], texts, self.threads) };
            let indices = &order[done..done + count];
            let run: Vec<&str> = indices.iter().map(|&index| texts[index]).collect();
            for (&index, vector) in indices.iter().zip(self.run(&run)?) {
                if vector.len() != self.dimension {
                    return Err(failure(format_args!(
                        "the model gave a vector of {} numbers, not {}",
                        vector.len(),
                        self.dimension
                    )));
                }
                let mut row = rows.row_mut(index);
                row.iter_mut().zip(vector).for_each(|(target, value)| *target = value);
                normalize(row)?;
            }
            done += count;
            progress(copies + done);
        }
        copy_rows(&mut rows, &firsts);
        Ok(rows)
    }
}

/// How many of the texts `order[..]`, sorted by length, go into the next run; at least one.
fn batch(order: &[usize], texts: &[&str], threads: usize) -> usize {
    let mut count = 0;
    for &index in order.iter().take(MAX_BATCH * threads) {
        // About four bytes per token in English, and never more tokens than the model reads. This text is the
        // longest so far, so it sets the padded length of all.
        let tokens = (texts[index].len() / 4 + 2).min(DEFAULT_MAX_TOKENS);
        if count > 0 && tokens * (count + 1) > BATCH_TOKENS * threads {
            break;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_a_bounded_number_of_tokens() {
        let short = ["short question"; 100];
        let order: Vec<usize> = (0..100).collect();
        for threads in [1, 3] {
            assert_eq!(batch(&order, &short, threads), MAX_BATCH * threads);
            let long = "word ".repeat(1000);
            let longest = BATCH_TOKENS / DEFAULT_MAX_TOKENS * threads;
            assert_eq!(batch(&order, &vec![&*long; 100], threads), longest);
            assert_eq!(batch(&order[..1], &short, threads), 1);
        }
    }
}
