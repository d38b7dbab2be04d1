//! The labelled FAQs: public sets, parts drawn from them, and the minimal pairs of this repository.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use faqbot::embed::cached::CachedEmbedder;
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::embed::{self, Embedder, EntryText, ModelId, Progress, Reader, Role};
use faqbot::faq::{Answers, ReadOptions, load};
use faqbot::matching::questions::pieces;
use faqbot::matching::signals::answer_text;
use faqbot::quality::eval::{LabelledQuery, load_queries};
use faqbot::{Entry, Faq};
use ndarray::Array2;
use xxhash_rust::xxh3::Xxh3;

use crate::random::Random;

/// A FAQ with calibration and test queries.
pub struct Set {
    pub name: &'static str,
    pub folder: &'static str,
    /// Sets that resemble each other: they are left out together.
    pub family: &'static str,
    pub faq: &'static str,
    pub calibration: &'static str,
    pub test: &'static str,
}

const fn set(
    name: &'static str,
    folder: &'static str,
    family: &'static str,
    [faq, calibration, test]: [&'static str; 3],
) -> Set {
    Set { name, folder, family, faq, calibration, test }
}

const HOLDOUT: [&str; 3] = ["faq_holdout", "calib_holdout", "queries_holdout"];

pub const SETS: [Set; 11] = [
    set("clinc150 k1", "clinc150", "clinc", ["faq_k1", "calib", "queries"]),
    set("clinc150 k5", "clinc150", "clinc", ["faq_k5", "calib", "queries"]),
    set("clinc banking k5", "clinc_banking_oos", "clinc", ["faq_k5", "calib", "queries"]),
    set("clinc cards k1", "clinc_creditcards_oos", "clinc", ["faq_k1", "calib", "queries"]),
    set("banking77_oos k5", "banking77_oos_clean", "banking", ["faq_k5", "calib", "queries"]),
    set("hwu64 fs10", "hwu64", "hwu64", ["faq_fs10", "calib", "queries"]),
    set("curekart", "hint3_curekart", "hint3", ["faq", "calib20", "queries_rest80"]),
    set("sofmattress", "hint3_sofmattress", "hint3", ["faq", "calib20", "queries_rest80"]),
    set("stackfaq", "stackfaq", "stackfaq", HOLDOUT),
    set("covid_deepset", "covid_deepset_en", "covid_deepset", HOLDOUT),
    set("covid_jhu", "covid_jhu", "covid_jhu", HOLDOUT),
];

/// The FAQs that parts are drawn from, the largest of each folder.
pub const SOURCES: [Set; 10] = [
    set("", "clinc150", "clinc", ["faq_kall", "calib", "queries"]),
    set("", "clinc_banking_oos", "clinc", ["faq_kall", "calib", "queries"]),
    set("", "clinc_creditcards_oos", "clinc", ["faq_kall", "calib", "queries"]),
    set("", "banking77_oos_clean", "banking", ["faq_k10", "calib", "queries"]),
    set("", "hwu64", "hwu64", ["faq_fs10", "calib", "queries"]),
    set("", "hint3_curekart", "hint3", ["faq", "calib20", "queries_rest80"]),
    set("", "hint3_sofmattress", "hint3", ["faq", "calib20", "queries_rest80"]),
    set("", "stackfaq", "stackfaq", HOLDOUT),
    set("", "covid_deepset_en", "covid_deepset", HOLDOUT),
    set("", "covid_jhu", "covid_jhu", HOLDOUT),
];

/// The families of the public sets.
pub const FAMILIES: [&str; 7] =
    ["clinc", "banking", "hwu64", "hint3", "stackfaq", "covid_deepset", "covid_jhu"];

/// The published figures' sets, with what was published.
pub const PUBLISHED: [(Set, &str); 3] = [
    (
        set("curekart v1", "hint3_curekart", "hint3", ["faq_v1", "calib20", "queries_v1"]),
        "Haptik 60.4/86.8, sum 147.2",
    ),
    (
        set("sofmattress v1", "hint3_sofmattress", "hint3", ["faq_v1", "calib20", "queries_v1"]),
        "Dialogflow 60.6/86.1, sum 146.7",
    ),
    (set("clinc150 kall", "clinc150", "clinc", ["faq_kall", "calib", "queries"]), "BERT 96.2/52.3"),
];

/// The public data.
pub struct Data(pub PathBuf);

impl Data {
    pub fn faq(&self, set: &Set) -> faqbot::Result<Faq> {
        read_faq(&self.path(set, set.faq))
    }

    pub fn calibration(&self, set: &Set) -> faqbot::Result<Vec<LabelledQuery>> {
        load_queries(&self.path(set, set.calibration))
    }

    pub fn test(&self, set: &Set) -> faqbot::Result<Vec<LabelledQuery>> {
        load_queries(&self.path(set, set.test))
    }

    fn path(&self, set: &Set, name: &str) -> PathBuf {
        self.0.join(set.folder).join(format!("{name}.jsonl"))
    }
}

/// A FAQ whose entries may have no answers.
fn read_faq(path: &Path) -> faqbot::Result<Faq> {
    let options = ReadOptions { answers: Answers::Optional, ..ReadOptions::default() };
    Ok(load::load(&[path.to_owned()], &options, &mut |_| ())?.faq)
}

/// A FAQ of minimal pairs with its queries.
pub struct Pairs {
    pub faq: Faq,
    pub queries: Vec<LabelledQuery>,
}

/// The minimal pairs in a folder, by name.
pub fn pairs(folder: &Path) -> Result<Vec<Pairs>, Box<dyn std::error::Error>> {
    let files = std::fs::read_dir(folder)?.map(|file| Ok(file?.path()));
    let mut files: Vec<PathBuf> = files.collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let read = |path: &PathBuf| -> Result<Pairs, Box<dyn std::error::Error>> {
        Ok(Pairs { faq: read_faq(path)?, queries: load_queries(&path.with_extension("queries.jsonl"))? })
    };
    files.iter().map(read).collect()
}

/// A random part of a FAQ: one to all of its entries, two in five times with one of its phrasings each, else with
/// up to 20.
pub fn part(random: &mut Random, whole: &Faq) -> Faq {
    let count = whole.entries.len() as f64;
    let entries = (count * (1.0 / count).powf(random.unit().powf(1.5))).round() as usize;
    let most = whole.entries.iter().map(|entry| entry.phrasings.len()).max().unwrap_or(1).min(20) as f64;
    let exponent = if random.unit() < 0.4 { 0.0 } else { random.unit() };
    let phrasings = (most + 0.99).powf(exponent) as usize;
    let chosen = random.some(&whole.entries, entries.max(1));
    let chosen = chosen
        .into_iter()
        .map(|entry| Entry { phrasings: random.some(&entry.phrasings, phrasings.max(1)), ..entry });
    Faq { entries: chosen.collect(), ..Faq::default() }
}

/// Vectors by text, embedded before.
#[derive(Clone)]
pub struct Table {
    model: ModelId,
    /// For the vocabulary.
    embedder: Arc<CachedEmbedder<FastEmbedder>>,
    reader: Arc<KeptReader>,
    rows: Arc<HashMap<String, usize>>,
    vectors: Arc<Array2<f32>>,
}

impl Table {
    /// Embeds texts; they are kept in `target/fit`.
    pub fn new(texts: HashSet<String>) -> faqbot::Result<Self> {
        let mut texts: Vec<String> = texts.into_iter().collect();
        texts.sort();
        let embedder = CachedEmbedder::new(FastEmbedder::bundled()?, Path::new("target/fit"));
        let slices: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = embedder.embed(Role::Passage, &slices, &mut |done| {
            if done % 1024 < 32 {
                eprint!("\r{done} of {}", slices.len());
            }
        })?;
        eprintln!();
        let rows = texts.iter().enumerate().map(|(at, text)| (text.clone(), at)).collect();
        let model = embedder.model().clone();
        let embedder = Arc::new(embedder);
        let reader = Arc::new(KeptReader::new(embedder.clone()));
        Ok(Table { model, embedder, reader, rows: Arc::new(rows), vectors: Arc::new(vectors) })
    }

    /// Keeps what was read for the next fit.
    pub fn keep(&self) -> std::io::Result<()> {
        self.reader.keep()
    }
}

impl Embedder for Table {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimension(&self) -> usize {
        self.vectors.ncols()
    }

    fn embed(&self, _: Role, texts: &[&str], _: Progress) -> embed::Result<Array2<f32>> {
        let mut rows = Array2::zeros((texts.len(), self.dimension()));
        for (text, mut row) in texts.iter().zip(rows.rows_mut()) {
            match self.rows.get(*text) {
                Some(at) => row.assign(&self.vectors.row(*at)),
                // A second reading, with typing errors corrected.
                None => row.assign(&self.embedder.embed(Role::Query, &[text], &mut |_| ())?.row(0)),
            }
        }
        Ok(rows)
    }

    fn is_in_vocabulary(&self, word: &str) -> bool {
        self.embedder.is_in_vocabulary(word)
    }

    fn reader(&self) -> Option<&dyn Reader> {
        Some(&*self.reader)
    }
}

/// The bundled reader, with what it said before kept in a file: it takes most of the time of a fit.
struct KeptReader {
    embedder: Arc<CachedEmbedder<FastEmbedder>>,
    path: PathBuf,
    logits: Mutex<HashMap<u128, f32>>,
}

impl KeptReader {
    fn new(embedder: Arc<CachedEmbedder<FastEmbedder>>) -> Self {
        // Logits of another reader are others.
        let graphs =
            ["words.bin", "read.onnx", "compare.onnx"].map(|name| Path::new("models/reader").join(name));
        let mut sum = Xxh3::new();
        graphs.iter().for_each(|path| sum.update(&std::fs::read(path).unwrap_or_default()));
        let path = PathBuf::from(format!("target/fit/{:016x}.logits", sum.digest()));
        let bytes = std::fs::read(&path).unwrap_or_default();
        let row = |row: &[u8]| {
            let (key, logit) = row.split_at(16);
            Some((u128::from_le_bytes(key.try_into().ok()?), f32::from_le_bytes(logit.try_into().ok()?)))
        };
        let logits = Mutex::new(bytes.chunks_exact(20).filter_map(row).collect());
        KeptReader { embedder, path, logits }
    }

    fn keep(&self) -> std::io::Result<()> {
        let logits = self.logits.lock().expect("no panic before");
        let rows =
            logits.iter().flat_map(|(key, logit)| [&key.to_le_bytes()[..], &logit.to_le_bytes()].concat());
        std::fs::write(&self.path, rows.collect::<Vec<u8>>())
    }
}

fn key(query: &str, entry: &EntryText) -> u128 {
    let mut sum = Xxh3::new();
    for text in [query, entry.question, entry.answer] {
        sum.update(&text.len().to_le_bytes());
        sum.update(text.as_bytes());
    }
    sum.digest128()
}

impl Reader for KeptReader {
    fn logits(
        &self,
        queries: &[&str],
        entries: &[EntryText],
        pairs: &[(usize, usize)],
    ) -> embed::Result<Vec<f32>> {
        let keys: Vec<u128> =
            pairs.iter().map(|&(query, entry)| key(queries[query], &entries[entry])).collect();
        let mut found: Vec<Option<f32>> = {
            let known = self.logits.lock().expect("no panic before");
            keys.iter().map(|key| known.get(key).copied()).collect()
        };
        let missing: Vec<usize> = (0..pairs.len()).filter(|&at| found[at].is_none()).collect();
        let unknown: Vec<(usize, usize)> = missing.iter().map(|&at| pairs[at]).collect();
        if let Some(reader) = self.embedder.reader().filter(|_| !unknown.is_empty()) {
            // Only the texts of what is missing.
            let compact = |used: Vec<usize>| -> (Vec<usize>, HashMap<usize, usize>) {
                let mut used = used;
                used.sort_unstable();
                used.dedup();
                let place = used.iter().enumerate().map(|(place, &at)| (at, place)).collect();
                (used, place)
            };
            let (own_queries, of_query) = compact(unknown.iter().map(|pair| pair.0).collect());
            let (own_entries, of_entry) = compact(unknown.iter().map(|pair| pair.1).collect());
            let texts: Vec<&str> = own_queries.iter().map(|&at| queries[at]).collect();
            let passages: Vec<EntryText> = own_entries.iter().map(|&at| entries[at]).collect();
            let pairs: Vec<(usize, usize)> =
                unknown.iter().map(|(q, e)| (of_query[q], of_entry[e])).collect();
            let logits = reader.logits(&texts, &passages, &pairs)?;
            let mut known = self.logits.lock().expect("no panic before");
            for (&at, logit) in missing.iter().zip(logits) {
                found[at] = Some(logit);
                known.insert(keys[at], logit);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// The texts that a FAQ embeds. Parts have other first questions: the answer goes with each of them.
pub fn texts_of_faq(texts: &mut HashSet<String>, faq: &Faq) {
    for entry in &faq.entries {
        texts.extend(entry.phrasings.iter().cloned());
        texts.extend(entry.phrasings.iter().filter_map(|phrasing| {
            answer_text(&Entry { phrasings: vec![phrasing.clone()], ..entry.clone() })
        }));
    }
}

/// The texts that queries embed.
pub fn texts_of_queries(texts: &mut HashSet<String>, queries: &[LabelledQuery]) {
    for labelled in queries {
        let query = labelled.query.trim().to_owned();
        texts.extend(pieces(&query).into_iter().map(|piece| piece.text.to_owned()));
        texts.insert(query);
    }
}
