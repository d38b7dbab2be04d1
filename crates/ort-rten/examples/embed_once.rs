//! Loads a model folder, embeds one sentence, frees everything: what to run under valgrind.
//!
//! ```text
//! cargo build --release -p ort-rten --example embed_once
//! valgrind --leak-check=full target/release/examples/embed_once models/all-MiniLM-L6-v2
//! ```

use std::path::PathBuf;
use std::{env, fs};

use fastembed::{InitOptionsUserDefined, Pooling, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("usage: embed_once FOLDER [TEXT]")?);
    let text = env::args().nth(2).unwrap_or_else(|| "How do I reset my password?".to_owned());
    ort_rten::install();
    let read = |name: &str| fs::read(folder.join(name));
    let files = TokenizerFiles {
        tokenizer_file: read("tokenizer.json")?,
        config_file: read("config.json")?,
        special_tokens_map_file: read("special_tokens_map.json")?,
        tokenizer_config_file: read("tokenizer_config.json")?,
    };
    let model = UserDefinedEmbeddingModel::new(read("model.onnx")?, files).with_pooling(Pooling::Mean);
    let options = InitOptionsUserDefined::new().with_intra_threads(2);
    let mut embedder = TextEmbedding::try_new_from_user_defined(model, options)?;
    let vectors = embedder.embed([text], None)?;
    println!("{} dimensions, first {:.6}", vectors[0].len(), vectors[0][0]);
    Ok(())
}
