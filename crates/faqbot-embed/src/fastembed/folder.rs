//! Loads a model from a folder.

use std::path::Path;

use fastembed::{Pooling, QuantizationMode, TokenizerFiles};
use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use super::engine::{failure, read};
use super::model::{DEFAULT_MAX_TOKENS, FastEmbedder, Files, Prefixes, TOKENIZER_FILES};
use crate::ModelId;
use crate::error::{Error, Result};

impl FastEmbedder {
    /// Loads a model from a folder: `model.onnx` (there or in `onnx/`), the tokenizer's files, and the
    /// pooling from `1_Pooling/config.json`. Without that file, the pooling is the first token's vector.
    ///
    /// # Errors
    ///
    /// Returns an error if a file is missing or cannot be used.
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
        // Everything that affects a vector: with another file, the folder holds another model.
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
            bundled: None,
        })
    }
}

/// Reads a JSON file; `None` if it does not exist.
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
