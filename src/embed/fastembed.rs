//! Neural embedders through fastembed: the bundled model, fastembed's catalogue, local folders.
//!
//! Every model goes one way: its files are brought into memory (from the binary, a folder or the
//! hub) and loaded as fastembed's user-defined model. fastembed's own download is not used: its
//! cache is relative to the working directory, and it cannot be told to stay offline.
//!
//! ONNX Runtime is replaced by rten, unless `ORT_DYLIB_PATH` names its library.

use std::collections::HashMap;
use std::env;
use std::fmt::Display;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fastembed::{
    EmbeddingModel, InitOptionsUserDefined, ModelInfo, OutputKey, Pooling, QuantizationMode, TextEmbedding,
    TokenizerFiles, UserDefinedEmbeddingModel,
};
use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Cache, Repo};
use ndarray::Array2;
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use super::{Embedder, ModelId, Progress, Role, copy_rows, normalize};
use crate::error::{Error, Result};

/// The name of the model in the binary.
pub const BUNDLED: &str = "all-MiniLM-L6-v2";

/// The id of the model in the binary; its last part is the begin of the file's sha256, so another
/// export is another model. `None` where the binary has none.
pub const BUNDLED_ID: Option<&str> =
    if cfg!(feature = "bundled-model") { Some("all-MiniLM-L6-v2-int8-69c0a6de") } else { None };

/// The length of the vectors of the model in the binary.
pub const BUNDLED_DIMENSION: usize = 384;

/// Tokens that a model reads of a text, at most; the rest of the text is cut. The bundled model was
/// trained with this limit (`max_seq_length` in its sentence_bert_config.json).
const BUNDLED_MAX_TOKENS: usize = 256;

/// For models that don't say: fastembed's default.
const DEFAULT_MAX_TOKENS: usize = 512;

/// The files beside a model's weights, in the order of [`TokenizerFiles`].
const TOKENIZER_FILES: [&str; 4] =
    ["tokenizer.json", "config.json", "special_tokens_map.json", "tokenizer_config.json"];

/// Texts of about this many tokens for each thread, padding included, are embedded in one run of the
/// model, and no more than [`MAX_BATCH`] texts for each. Measured for texts of 128 tokens: 1,024 and 2,048
/// take 6 % and 17 % longer a text, since what the layers hand on then no longer fits in the cache of a
/// core (2 MB on an Intel Xeon); of 12 tokens, 16 to 64 texts are equally fast and 8 are slower.
const BATCH_TOKENS: usize = 512;

/// See [`BATCH_TOKENS`].
const MAX_BATCH: usize = 32;

/// Where models are kept and fetched from.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The folder of the hub's cache, in the layout all Hugging Face tools share.
    pub cache: PathBuf,
    /// The address of the hub or a mirror of it.
    pub endpoint: String,
    /// Never open a connection.
    pub offline: bool,
    /// Draw a progress bar on standard error while a file is fetched.
    pub progress: bool,
}

impl Hub {
    /// The address of the hub itself.
    pub const ENDPOINT: &str = "https://huggingface.co";
}

/// A text model of fastembed's catalogue, as `faqbot models` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueModel {
    /// The name to give to `--model`.
    pub name: String,
    /// The repository on the hub.
    pub repository: String,
    /// The length of its vectors.
    pub dimension: usize,
    /// The languages it is for, where known.
    pub languages: Option<&'static str>,
    /// Size of its weights on disk in bytes, where it is on this machine.
    pub bytes: Option<u64>,
}

/// Embeds with a neural model, on all cores.
pub struct FastEmbedder {
    id: ModelId,
    dimension: usize,
    prefixes: Prefixes,
    languages: Option<&'static str>,
    /// With dynamic quantisation a text's vector depends on its batch, so each goes alone.
    one_by_one: bool,
    times: LoadTimes,
    threads: usize,
    /// fastembed embeds through `&mut`.
    model: Mutex<TextEmbedding>,
}

/// How long a model took to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadTimes {
    /// For the engine to read the weights and prepare them; zero where that is ONNX Runtime, whose
    /// share is part of the next.
    pub model: Duration,
    /// For all else: the tokenizer and its files.
    pub tokenizer: Duration,
    /// For a first short text.
    pub first_run: Duration,
}

/// What a model wants before a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Prefixes {
    query: &'static str,
    passage: &'static str,
}

/// The files of a model in memory, and how to use them.
struct Files {
    id: ModelId,
    onnx: Vec<u8>,
    external: Vec<(String, Vec<u8>)>,
    tokenizer: TokenizerFiles,
    pooling: Pooling,
    quantization: QuantizationMode,
    output: Option<OutputKey>,
    prefixes: Prefixes,
    languages: Option<&'static str>,
    max_tokens: usize,
}

fn failure(error: impl Display) -> Error {
    Error::Model(error.to_string())
}

/// What models run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    /// rten, in the program.
    BuiltIn,
    /// The library that `ORT_DYLIB_PATH` names.
    OnnxRuntime,
}

/// Chooses the engine, once for the process and before anything else touches `ort`.
fn choose_engine() -> Result<Engine> {
    static CHOSEN: OnceLock<std::result::Result<Engine, String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| match env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        // ort would load it by itself when it is needed, and panic where it cannot.
        Some(library) => ort::init_from(&library).map(|_| Engine::OnnxRuntime).map_err(|error| {
            format!("ORT_DYLIB_PATH: {error}; correct it, or unset it to use the built-in engine")
        }),
        None => {
            ort_rten::install();
            Ok(Engine::BuiltIn)
        }
    });
    chosen.clone().map_err(Error::Model)
}

impl FastEmbedder {
    /// The model in the binary.
    ///
    /// # Errors
    ///
    /// `ORT_DYLIB_PATH` names a library that cannot be used.
    #[cfg(feature = "bundled-model")]
    pub fn bundled() -> Result<Self> {
        macro_rules! file {
            ($name:literal) => {
                include_bytes!(concat!("../../models/all-MiniLM-L6-v2/", $name)).as_slice()
            };
        }
        // The built-in engine reads the model where it lies in the program.
        let onnx = match choose_engine()? {
            Engine::BuiltIn => ort_rten::lend(file!("model.onnx")),
            Engine::OnnxRuntime => file!("model.onnx").to_vec(),
        };
        Self::load(Files {
            id: ModelId::new(BUNDLED_ID.unwrap_or(BUNDLED)),
            onnx,
            external: Vec::new(),
            tokenizer: TokenizerFiles {
                tokenizer_file: file!("tokenizer.json").to_vec(),
                config_file: file!("config.json").to_vec(),
                special_tokens_map_file: file!("special_tokens_map.json").to_vec(),
                tokenizer_config_file: file!("tokenizer_config.json").to_vec(),
            },
            pooling: Pooling::Mean,
            quantization: QuantizationMode::None,
            output: None,
            prefixes: Prefixes::default(),
            languages: Some("English"),
            max_tokens: BUNDLED_MAX_TOKENS,
        })
    }

    /// A model of fastembed's catalogue, by the name that [`catalogue`] gives or by its repository.
    ///
    /// # Errors
    ///
    /// The catalogue has no such model, or its files are neither cached nor to be had.
    pub fn from_catalogue(name: &str, hub: &Hub) -> Result<Self> {
        let info = find(name)?;
        let fetch = |file: &str| read(&hub.fetch(&info.model_code, file)?);
        let [tokenizer_file, config_file, special_tokens_map_file, tokenizer_config_file] = TOKENIZER_FILES;
        let folder =
            info.model_file.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let mut external = Vec::new();
        for file in &info.additional_files {
            // The model names its data files relative to itself.
            external.push((file.strip_prefix(&folder).unwrap_or(file).to_owned(), fetch(file)?));
        }
        Self::load(Files {
            id: ModelId::new(format!("{}/{}", info.model_code, info.model_file)),
            onnx: fetch(&info.model_file)?,
            external,
            tokenizer: TokenizerFiles {
                tokenizer_file: fetch(tokenizer_file)?,
                config_file: fetch(config_file)?,
                special_tokens_map_file: fetch(special_tokens_map_file)?,
                tokenizer_config_file: fetch(tokenizer_config_file)?,
            },
            pooling: TextEmbedding::get_default_pooling_method(&info.model).unwrap_or_default(),
            quantization: TextEmbedding::get_quantization_mode(&info.model),
            output: info.output_key.clone(),
            prefixes: prefixes(&info.model),
            languages: languages(&info.model),
            max_tokens: DEFAULT_MAX_TOKENS,
        })
    }

    /// A model in a folder: `model.onnx` (there or in `onnx/`), the tokenizer's files, and the
    /// pooling from `1_Pooling/config.json`, which is the first token's vector where it is absent.
    ///
    /// # Errors
    ///
    /// A file is missing or cannot be used.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let onnx_path = ["model.onnx", "onnx/model.onnx"]
            .map(|file| folder.join(file))
            .into_iter()
            .find(|path| path.exists())
            .ok_or_else(|| {
                let missing: Vec<&str> =
                    TOKENIZER_FILES.into_iter().filter(|file| !folder.join(file).exists()).collect();
                let also =
                    if missing.is_empty() { String::new() } else { format!(", nor {}", missing.join(", ")) };
                Error::Model(format!(
                    "{}: no model.onnx there, nor in onnx/{also}; a model folder has model.onnx, {}",
                    folder.display(),
                    TOKENIZER_FILES.join(", ")
                ))
            })?;
        let onnx = read(&onnx_path)?;
        let mut external = Vec::new();
        let beside = onnx_path.parent().unwrap_or(folder);
        for name in ["model.onnx_data", "model.onnx.data"] {
            if beside.join(name).exists() {
                external.push((name.to_owned(), read(&beside.join(name))?));
            }
        }
        let [tokenizer_file, config_file, special_tokens_map_file, tokenizer_config_file] =
            TOKENIZER_FILES.map(|file| read(&folder.join(file)));
        let max_tokens = json::<SentenceConfig>(&folder.join("sentence_bert_config.json"))?
            .and_then(|config| config.max_seq_length)
            .unwrap_or(DEFAULT_MAX_TOKENS);
        let pooling = match json::<PoolingConfig>(&folder.join("1_Pooling/config.json"))? {
            Some(config) => config.pooling(folder)?,
            None => Pooling::Cls,
        };
        let tokenizer = TokenizerFiles {
            tokenizer_file: tokenizer_file?,
            config_file: config_file?,
            special_tokens_map_file: special_tokens_map_file?,
            tokenizer_config_file: tokenizer_config_file?,
        };
        // Everything that a vector hangs on: another file in the same folder is another model.
        let mut content = Xxh3::new();
        content.update(&onnx);
        external.iter().for_each(|(_, data)| content.update(data));
        content.update(&tokenizer.tokenizer_file);
        content.update(&tokenizer.config_file);
        content.update(&tokenizer.special_tokens_map_file);
        content.update(&tokenizer.tokenizer_config_file);
        Self::load(Files {
            id: ModelId::new(format!("folder-{:016x}-{pooling:?}-{max_tokens}", content.digest())),
            onnx,
            external,
            tokenizer,
            pooling,
            quantization: QuantizationMode::None,
            output: None,
            prefixes: Prefixes::default(),
            languages: None,
            max_tokens,
        })
    }

    fn load(files: Files) -> Result<Self> {
        choose_engine()?;
        let one_by_one = files.quantization == QuantizationMode::Dynamic;
        let mut model = UserDefinedEmbeddingModel::new(files.onnx, files.tokenizer)
            .with_pooling(files.pooling)
            .with_quantization(files.quantization);
        model.output_key = files.output;
        for (name, data) in files.external {
            model = model.with_external_initializer(name, data);
        }
        let options = InitOptionsUserDefined::new()
            .with_max_length(files.max_tokens)
            // For ONNX Runtime and models with quantised weights only: fold the weights to f32 when the
            // model is loaded, as the built-in engine does. Otherwise it rounds activations to int8 as
            // well, and gives other vectors.
            .with_session_config("session.disable_quant_qdq", "1")
            .with_session_config(ort_rten::INDEPENDENT_ROWS, if one_by_one { "0" } else { "1" });
        let (begin, loading) = (Instant::now(), ort_rten::time_loading());
        let model = TextEmbedding::try_new_from_user_defined(model, options)
            .map_err(|error| failure(format_args!("the model {} does not load: {error}", files.id)))?;
        let (whole, engine) = (begin.elapsed(), ort_rten::time_loading() - loading);
        let mut embedder = FastEmbedder {
            id: files.id,
            dimension: 0,
            prefixes: files.prefixes,
            languages: files.languages,
            one_by_one,
            times: LoadTimes { model: engine, tokenizer: whole - engine, first_run: Duration::ZERO },
            threads: thread::available_parallelism().map_or(1, NonZero::get),
            model: Mutex::new(model),
        };
        // What the model computes is the only thing that is sure of its dimension.
        let begin = Instant::now();
        embedder.dimension = embedder.run(&["?"])?[0].len();
        embedder.times.first_run = begin.elapsed();
        Ok(embedder)
    }

    /// How long the model took to be ready.
    pub fn load_times(&self) -> LoadTimes {
        self.times
    }

    fn run(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        // A poisoned lock means a panic in another call; the model itself holds no state between calls.
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

impl Embedder for FastEmbedder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn cuts(&self, text: &str) -> bool {
        // A token is at least a byte, and tokenizing is not free.
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = model.tokenizer.get_truncation().map_or(usize::MAX, |truncation| truncation.max_length);
        let text = format!("{}{text}", self.prefixes.passage);
        text.len() >= limit
            && model.tokenizer.encode(text, true).is_ok_and(|encoding| !encoding.get_overflowing().is_empty())
    }

    fn languages(&self) -> Option<&str> {
        self.languages
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
        // Each text once, however often it is there.
        let mut first_of: HashMap<&str, usize> = HashMap::with_capacity(texts.len());
        let firsts: Vec<usize> =
            texts.iter().enumerate().map(|(index, text)| *first_of.entry(text).or_insert(index)).collect();
        // Texts of like length share a run, so that little of it is padding.
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

/// How many of the texts `order[..]`, sorted by length, go into the next run: at least one.
fn batch(order: &[usize], texts: &[&str], threads: usize) -> usize {
    let mut count = 0;
    for &index in order.iter().take(MAX_BATCH * threads) {
        // About four bytes a token in English, and never more tokens than the model reads. This
        // text is the longest so far, so it sets the padded length of all.
        let tokens = (texts[index].len() / 4 + 2).min(DEFAULT_MAX_TOKENS);
        if count > 0 && tokens * (count + 1) > BATCH_TOKENS * threads {
            break;
        }
        count += 1;
    }
    count
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io(path))
}

/// Reads a JSON file that may be absent.
fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>> {
    if !path.exists() {
        return Ok(None);
    }
    let parsed = serde_json::from_slice(&read(path)?);
    parsed.map(Some).map_err(|error| failure(format_args!("{}: {error}", path.display())))
}

/// The part of `sentence_bert_config.json` that matters here.
#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

/// The part of `1_Pooling/config.json` that matters here.
#[derive(Deserialize)]
struct PoolingConfig {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
}

impl PoolingConfig {
    fn pooling(&self, folder: &Path) -> Result<Pooling> {
        match (self.pooling_mode_mean_tokens, self.pooling_mode_cls_token) {
            (true, false) => Ok(Pooling::Mean),
            (false, true) => Ok(Pooling::Cls),
            _ => Err(failure(format_args!(
                "{}: only mean pooling or first-token pooling can be used",
                folder.join("1_Pooling/config.json").display()
            ))),
        }
    }
}

impl Hub {
    /// The path of a file of a repository on this machine, or `None`.
    fn cached(&self, repository: &str, file: &str) -> Option<PathBuf> {
        Cache::new(self.cache.clone()).repo(Repo::model(repository.to_owned())).get(file)
    }

    /// The path of a file of a repository, which is fetched if it is not on this machine.
    fn fetch(&self, repository: &str, file: &str) -> Result<PathBuf> {
        if let Some(path) = self.cached(repository, file) {
            return Ok(path);
        }
        if self.offline {
            return Err(self.unavailable(repository, file, "it was not fetched, since --offline forbids it"));
        }
        let api = ApiBuilder::from_cache(Cache::new(self.cache.clone()))
            .with_endpoint(self.endpoint.clone())
            .with_token(token())
            .with_progress(self.progress)
            .build()
            .map_err(failure)?;
        let fetched = api.model(repository.to_owned()).get(file);
        fetched.map_err(|error| self.unavailable(repository, file, &format!("fetching it failed: {error}")))
    }

    fn unavailable(&self, repository: &str, file: &str, why: &str) -> Error {
        Error::Model(format!(
            "the file {file} of the model {repository} is not there\n  \
             looked in {cache}\n  \
             tried {endpoint}/{repository}: {why}\n\
             ways out:\n  \
             use the model in the program: leave out --model\n  \
             use a folder with the model's files: --model-dir DIR\n  \
             use a mirror of the hub: HF_ENDPOINT=https://mirror.example",
            cache = self.cache.display(),
            endpoint = self.endpoint.trim_end_matches('/'),
        ))
    }
}

/// The user's token for the hub, from where Hugging Face's tools keep it.
fn token() -> Option<String> {
    let variable =
        env::var("HF_TOKEN").ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    // hf-hub panics without a home folder.
    variable.or_else(|| env::home_dir().and_then(|_| Cache::from_env().token()))
}

/// The text models of fastembed's catalogue.
pub fn catalogue(hub: &Hub) -> Vec<CatalogueModel> {
    let mut models: Vec<CatalogueModel> = TextEmbedding::list_supported_models()
        .into_iter()
        .map(|info| CatalogueModel {
            name: info.model.to_string(),
            dimension: info.dim,
            languages: languages(&info.model),
            bytes: cached_bytes(&info, hub),
            repository: info.model_code,
        })
        .collect();
    models.sort_by(|a, b| a.name.cmp(&b.name));
    models
}

/// The size of a model's weights if all of its files are on this machine.
fn cached_bytes(info: &ModelInfo<EmbeddingModel>, hub: &Hub) -> Option<u64> {
    let weights = info.additional_files.iter().chain([&info.model_file]);
    let sizes =
        weights.map(|file| fs::metadata(hub.cached(&info.model_code, file)?).ok().map(|file| file.len()));
    let bytes = sizes.sum::<Option<u64>>()?;
    TOKENIZER_FILES.iter().all(|file| hub.cached(&info.model_code, file).is_some()).then_some(bytes)
}

/// The catalogue's model by its name, or by its repository where that has one model.
fn find(name: &str) -> Result<ModelInfo<EmbeddingModel>> {
    let models = TextEmbedding::list_supported_models();
    if let Some(info) = models.iter().find(|info| info.model.to_string().eq_ignore_ascii_case(name)) {
        return Ok(info.clone());
    }
    let in_repository: Vec<_> =
        models.iter().filter(|info| info.model_code.eq_ignore_ascii_case(name)).collect();
    match in_repository[..] {
        [info] => Ok(info.clone()),
        [] => Err(Error::Model(format!("no model `{name}` is known; `faqbot models` lists those that are"))),
        _ => {
            let names: Vec<String> = in_repository.iter().map(|info| info.model.to_string()).collect();
            Err(Error::Model(format!("{name} has several models: choose one of {}", names.join(", "))))
        }
    }
}

/// The texts that the models' authors put before queries and passages (their model cards).
fn prefixes(model: &EmbeddingModel) -> Prefixes {
    use EmbeddingModel::*;
    let (query, passage) = match model {
        MultilingualE5Small | MultilingualE5Base | MultilingualE5Large => ("query: ", "passage: "),
        BGESmallENV15
        | BGESmallENV15Q
        | BGEBaseENV15
        | BGEBaseENV15Q
        | BGELargeENV15
        | BGELargeENV15Q
        | MxbaiEmbedLargeV1
        | MxbaiEmbedLargeV1Q
        | SnowflakeArcticEmbedXS
        | SnowflakeArcticEmbedXSQ
        | SnowflakeArcticEmbedS
        | SnowflakeArcticEmbedSQ
        | SnowflakeArcticEmbedM
        | SnowflakeArcticEmbedMQ
        | SnowflakeArcticEmbedMLong
        | SnowflakeArcticEmbedMLongQ
        | SnowflakeArcticEmbedL
        | SnowflakeArcticEmbedLQ => ("Represent this sentence for searching relevant passages: ", ""),
        BGESmallZHV15 | BGELargeZHV15 => ("为这个句子生成表示以用于检索相关文章：", ""),
        NomicEmbedTextV1 | NomicEmbedTextV15 | NomicEmbedTextV15Q | ModernBertEmbedLarge => {
            ("search_query: ", "search_document: ")
        }
        EmbeddingGemma300M | EmbeddingGemma300MQ | EmbeddingGemma300MQ4 => {
            ("task: search result | query: ", "title: none | text: ")
        }
        AllMiniLML6V2
        | AllMiniLML6V2Q
        | AllMiniLML12V2
        | AllMiniLML12V2Q
        | AllMpnetBaseV2
        | BGEM3
        | ParaphraseMLMiniLML12V2
        | ParaphraseMLMiniLML12V2Q
        | ParaphraseMLMpnetBaseV2
        | GTEBaseENV15
        | GTEBaseENV15Q
        | GTELargeENV15
        | GTELargeENV15Q
        | ClipVitB32
        | JinaEmbeddingsV2BaseCode
        | JinaEmbeddingsV2BaseEN => ("", ""),
    };
    Prefixes { query, passage }
}

/// The languages of a model, where its card says them in a word.
fn languages(model: &EmbeddingModel) -> Option<&'static str> {
    use EmbeddingModel::*;
    Some(match model {
        BGESmallZHV15 | BGELargeZHV15 => "Chinese",
        BGEM3 | EmbeddingGemma300M | EmbeddingGemma300MQ | EmbeddingGemma300MQ4 => "100+ languages",
        MultilingualE5Small | MultilingualE5Base | MultilingualE5Large => "94 languages",
        ParaphraseMLMiniLML12V2 | ParaphraseMLMiniLML12V2Q | ParaphraseMLMpnetBaseV2 => "50 languages",
        JinaEmbeddingsV2BaseCode => "English, code",
        ClipVitB32 => return None,
        _ => "English",
    })
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

    /// The sha256 that the id begins with is in models/README.md beside the size; of the content a faster
    /// hash is enough to see that the file has not changed under the id.
    #[cfg(feature = "bundled-model")]
    #[test]
    fn the_bundled_model_is_the_one_its_id_names() {
        let onnx = include_bytes!("../../models/all-MiniLM-L6-v2/model.onnx");
        assert_eq!(BUNDLED_ID, Some("all-MiniLM-L6-v2-int8-69c0a6de"));
        assert_eq!((onnx.len(), xxhash_rust::xxh3::xxh3_64(onnx)), (23_558_512, 13_413_678_950_617_504_644));
    }

    #[test]
    fn models_are_found_by_name_and_by_repository() {
        assert_eq!(find("bgesmallenv15").unwrap().model, EmbeddingModel::BGESmallENV15);
        assert_eq!(
            find("intfloat/multilingual-e5-small").unwrap().model,
            EmbeddingModel::MultilingualE5Small
        );
        let several = find("mixedbread-ai/mxbai-embed-large-v1").unwrap_err().to_string();
        assert!(several.contains("MxbaiEmbedLargeV1Q"), "{several}");
        assert!(find("gpt").unwrap_err().to_string().contains("faqbot models"));
    }
}
