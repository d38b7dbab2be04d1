//! fastembed's catalogue of text models: names, prefixes, languages.

use std::fs;

use fastembed::{EmbeddingModel, ModelInfo, TextEmbedding, TokenizerFiles};

use super::engine::read;
use super::hub::Hub;
use super::model::{DEFAULT_MAX_TOKENS, FastEmbedder, Files, Prefixes, TOKENIZER_FILES};
use crate::ModelId;
use crate::error::{Error, Result};

/// A text model in fastembed's catalogue, as `faqbot models` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueModel {
    /// The name that the model has in public; for `--model`.
    pub name: String,
    /// The name that fastembed has for it; for `--model` too.
    pub variant: String,
    /// The repository on the hub.
    pub repository: String,
    /// The length of its vectors.
    pub dimension: usize,
    /// The languages it is for, if known.
    pub languages: Option<&'static str>,
    /// The size of its weights in bytes, if the model is on this machine.
    pub bytes: Option<u64>,
    /// About how many bytes its weights have, if that is known: to be downloaded where they are not here.
    pub download: Option<u64>,
}

impl FastEmbedder {
    /// Loads a model from fastembed's catalogue, by a name that people have for it: `bge-small-en-v1.5`,
    /// `BAAI/bge-small-en-v1.5`, `Xenova/bge-small-en-v1.5` and `BGESmallENV15` are the same.
    ///
    /// # Errors
    ///
    /// Returns an error if the catalogue has no such model, or if its files are neither cached nor available.
    pub fn from_catalogue(name: &str, hub: &Hub) -> Result<Self> {
        let info = find(name)?;
        let fetch = |file: &str| read(&hub.fetch(&info.model_code, file)?);
        let [tokenizer_file, config_file, special_tokens_map_file, tokenizer_config_file] = TOKENIZER_FILES;
        let folder =
            info.model_file.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let mut external = Vec::new();
        for file in &info.additional_files {
            // The model's paths to its data files are relative to itself.
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
            bundled: None,
        })
    }
}

/// The text models in fastembed's catalogue.
pub fn catalogue(hub: &Hub) -> Vec<CatalogueModel> {
    let mut models: Vec<CatalogueModel> = TextEmbedding::list_supported_models()
        .into_iter()
        .map(|info| CatalogueModel {
            name: public_name(&info),
            variant: info.model.to_string(),
            dimension: info.dim,
            languages: languages(&info.model),
            bytes: cached_bytes(&info, hub),
            download: download(&info),
            repository: info.model_code,
        })
        .collect();
    models.sort_by(|a, b| a.name.cmp(&b.name));
    models
}

/// The size of a model's weights, if all its files are on this machine.
fn cached_bytes(info: &ModelInfo<EmbeddingModel>, hub: &Hub) -> Option<u64> {
    let weights = info.additional_files.iter().chain([&info.model_file]);
    let sizes =
        weights.map(|file| fs::metadata(hub.cached(&info.model_code, file)?).ok().map(|file| file.len()));
    let bytes = sizes.sum::<Option<u64>>()?;
    TOKENIZER_FILES.iter().all(|file| hub.cached(&info.model_code, file).is_some()).then_some(bytes)
}

/// About how many bytes a model's weights have: its parameters, times the bytes that the file keeps each in. Within a
/// tenth of the sizes that Qdrant's fastembed for Python lists for the files that both have.
fn download(info: &ModelInfo<EmbeddingModel>) -> Option<u64> {
    let each = if info.model_file.contains("_q4") {
        // Not all weights are in four bits, and the card does not say which.
        return None;
    } else if info.model_file.contains("_quantized") {
        1
    } else if info.model_code.ends_with("-onnx-Q") {
        // Half floats, by the sizes of these repositories.
        2
    } else {
        4
    };
    Some(millions_of_parameters(&info.model) * 1_000_000 * each)
}

/// The parameters of a model, in millions: as the models' metadata in MTEB (2.26) and their cards say.
fn millions_of_parameters(model: &EmbeddingModel) -> u64 {
    use EmbeddingModel::*;
    match model {
        AllMiniLML6V2 | AllMiniLML6V2Q | SnowflakeArcticEmbedXS | SnowflakeArcticEmbedXSQ => 23,
        BGESmallZHV15 => 24,
        AllMiniLML12V2 | AllMiniLML12V2Q | BGESmallENV15 | BGESmallENV15Q => 33,
        SnowflakeArcticEmbedS | SnowflakeArcticEmbedSQ => 33,
        ClipVitB32 => 63,
        AllMpnetBaseV2 | BGEBaseENV15 | BGEBaseENV15Q => 109,
        SnowflakeArcticEmbedM | SnowflakeArcticEmbedMQ => 109,
        MultilingualE5Small | ParaphraseMLMiniLML12V2 | ParaphraseMLMiniLML12V2Q => 118,
        GTEBaseENV15 | GTEBaseENV15Q | JinaEmbeddingsV2BaseEN => 137,
        NomicEmbedTextV1 | NomicEmbedTextV15 | NomicEmbedTextV15Q => 137,
        SnowflakeArcticEmbedMLong | SnowflakeArcticEmbedMLongQ => 137,
        JinaEmbeddingsV2BaseCode => 161,
        MultilingualE5Base | ParaphraseMLMpnetBaseV2 => 278,
        EmbeddingGemma300M | EmbeddingGemma300MQ | EmbeddingGemma300MQ4 => 308,
        BGELargeENV15 | BGELargeENV15Q | BGELargeZHV15 | MxbaiEmbedLargeV1 | MxbaiEmbedLargeV1Q => 335,
        SnowflakeArcticEmbedL | SnowflakeArcticEmbedLQ => 335,
        ModernBertEmbedLarge => 395,
        GTELargeENV15 | GTELargeENV15Q => 434,
        MultilingualE5Large => 560,
        BGEM3 => 568,
    }
}

/// Finds a model by its public name, with whoever published it before it or not, or by fastembed's.
fn find(name: &str) -> Result<ModelInfo<EmbeddingModel>> {
    let models = TextEmbedding::list_supported_models();
    // A repository of its own is meant exactly.
    let in_repository: Vec<_> =
        models.iter().filter(|info| info.model_code.eq_ignore_ascii_case(name)).collect();
    if let [info] = in_repository[..] {
        return Ok(info.clone());
    }
    let wanted = letters(name);
    if let Some(info) = models.iter().find(|info| letters(&info.model.to_string()) == wanted) {
        return Ok(info.clone());
    }
    // The least like a typing error or two.
    let near = models
        .iter()
        .map(|info| (strsim::damerau_levenshtein(&letters(&info.model.to_string()), &wanted), info))
        .min_by_key(|(typos, _)| *typos)
        .filter(|(typos, _)| 4 * typos <= wanted.len());
    let hint = near.map_or(String::new(), |(_, info)| format!("; did you mean `{}`?", public_name(info)));
    Err(Error::Model(format!("no model `{name}` is known{hint}; `faqbot models` lists those that are")))
}

/// The letters and digits of a model's name, without who published it: all that its names have in common.
fn letters(name: &str) -> String {
    let own = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let own = without_kind(&own).replace("paraphrase-multilingual-", "paraphrase-ml-");
    own.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// A repository's name without what says that it holds this format.
fn without_kind(name: &str) -> &str {
    ["-onnx-Q", "-onnx-q", "-onnx", "-ONNX", "-text"].iter().fold(name, |name, kind| match *kind {
        // Of CLIP's two halves the one for texts; nomic's model has it in its name.
        "-text" if !name.to_lowercase().starts_with("clip") => name,
        kind => name.strip_suffix(kind).unwrap_or(name),
    })
}

/// A model's name as it is known: that of its repository, with `-q` where its weights are quantized.
fn public_name(info: &ModelInfo<EmbeddingModel>) -> String {
    let own = info.model_code.rsplit('/').next().unwrap_or(&info.model_code);
    let own = without_kind(own);
    let variant = letters(&info.model.to_string());
    let kinds = ["", "-q", "-q4"].map(|kind| format!("{own}{kind}"));
    kinds.into_iter().find(|name| letters(name) == variant).unwrap_or_else(|| info.model.to_string())
}

/// The prefixes that the models' authors put before queries and passages (from the model cards).
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

/// The languages of a model, if its card states them briefly.
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
    fn models_are_found_by_name_and_by_repository() {
        assert_eq!(find("bgesmallenv15").unwrap().model, EmbeddingModel::BGESmallENV15);
        assert_eq!(
            find("intfloat/multilingual-e5-small").unwrap().model,
            EmbeddingModel::MultilingualE5Small
        );
        for name in
            ["bge-small-en-v1.5", "BAAI/bge-small-en-v1.5", "Xenova/bge-small-en-v1.5", "BGESmallENV15"]
        {
            assert_eq!(find(name).unwrap().model, EmbeddingModel::BGESmallENV15, "{name}");
        }
        assert_eq!(find("mxbai-embed-large-v1").unwrap().model, EmbeddingModel::MxbaiEmbedLargeV1);
        let near = find("bge-smal-en-v1.5").unwrap_err().to_string();
        assert!(near.contains("did you mean `bge-small-en-v1.5`?"), "{near}");
        let none = find("gpt").unwrap_err().to_string();
        assert!(none.contains("faqbot models") && !none.contains("did you mean"), "{none}");
    }

    #[test]
    fn every_model_has_a_public_name_that_finds_it() {
        let mut names = std::collections::HashSet::new();
        for info in TextEmbedding::list_supported_models() {
            let name = public_name(&info);
            assert_eq!(find(&name).unwrap().model, info.model, "{name}");
            assert!(names.insert(name.clone()), "{name} is the name of two");
            assert!(name.contains('-'), "{name} is only fastembed's");
        }
    }

    #[test]
    fn sizes_are_about_those_that_are_published() {
        // In GB, as Qdrant's fastembed for Python (0.9.1) lists the same files.
        for (name, published) in [
            ("Qdrant/bge-small-en-v1.5-onnx-Q", 0.067),
            ("Qdrant/bge-base-en-v1.5-onnx-Q", 0.21),
            ("Qdrant/paraphrase-multilingual-MiniLM-L12-v2-onnx-Q", 0.22),
            ("snowflake-arctic-embed-xs", 0.09),
            ("snowflake-arctic-embed-m", 0.43),
            ("nomic-embed-text-v1.5", 0.52),
            ("nomic-embed-text-v1.5-q", 0.13),
            ("paraphrase-multilingual-mpnet-base-v2", 1.0),
            ("multilingual-e5-large", 2.24),
            ("embeddinggemma-300m", 1.24),
        ] {
            let gigabytes = download(&find(name).unwrap()).unwrap() as f64 / 1e9;
            assert!((gigabytes / published - 1.0).abs() < 0.12, "{name}: {gigabytes}");
        }
    }
}
