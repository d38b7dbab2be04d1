//! What the tests share: the fixtures, and the embedding model that the workspace bundles.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::fs;
use std::path::{Path, PathBuf};

use fastembed::{InitOptionsUserDefined, Pooling, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn tokenizer_files(folder: &Path) -> TokenizerFiles {
    let read = |name: &str| fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    TokenizerFiles {
        tokenizer_file: read("tokenizer.json"),
        config_file: read("config.json"),
        special_tokens_map_file: read("special_tokens_map.json"),
        tokenizer_config_file: read("tokenizer_config.json"),
    }
}

/// The bundled sentence embedder on `threads` threads. `None`, with the reason printed, when this
/// crate stands outside the workspace that has the model.
pub fn embedder(threads: usize) -> Option<TextEmbedding> {
    ort_rten::install();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/all-MiniLM-L6-v2");
    let Ok(onnx) = fs::read(folder.join("model.onnx")) else {
        eprintln!("skipped: there is no model at {}", folder.display());
        return None;
    };
    let model = UserDefinedEmbeddingModel::new(onnx, tokenizer_files(&folder)).with_pooling(Pooling::Mean);
    let options = InitOptionsUserDefined::new().with_max_length(256).with_intra_threads(threads);
    Some(TextEmbedding::try_new_from_user_defined(model, options).expect("the bundled model loads"))
}

/// The texts of the reference and their vectors as ONNX Runtime computed them, of length 1.
pub fn reference() -> (Vec<String>, Vec<Vec<f32>>) {
    let json = fs::read_to_string(fixture("sentences.json")).expect("fixture");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("fixture");
    let text = |row: &serde_json::Value| row["text"].as_str().expect("text").to_owned();
    let vector = |row: &serde_json::Value| {
        let numbers = row["vector"].as_array().expect("vector");
        numbers.iter().map(|number| number.as_f64().expect("number") as f32).collect()
    };
    rows.iter().map(|row| (text(row), vector(row))).unzip()
}

pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
