//! The model in the binary.

/// The name of the model that a binary may have in it.
pub const BUNDLED: &str = "all-MiniLM-L6-v2";

/// The id of the model in the binary; `None` if it has no model.
#[cfg(feature = "bundled-model")]
pub const BUNDLED_ID: Option<&str> = Some(faqbot_models::ID);
/// The id of the model in the binary; `None` if it has no model.
#[cfg(not(feature = "bundled-model"))]
pub const BUNDLED_ID: Option<&str> = None;

/// The length of its vectors.
pub const BUNDLED_DIMENSION: usize = 384;

#[cfg(feature = "bundled-model")]
mod load {
    use fastembed::{Pooling, QuantizationMode};
    use xxhash_rust::xxh3::xxh3_64;

    use super::super::engine::{Engine, choose_engine};
    use super::super::model::{Bundled, FastEmbedder, Files, Prefixes};
    use super::super::tokenizer::stand_in;
    use crate::ModelId;
    use crate::error::Result;

    impl FastEmbedder {
        /// Loads the model in the binary.
        ///
        /// # Errors
        ///
        /// Returns an error if `ORT_DYLIB_PATH` names a library that cannot be used.
        pub fn bundled() -> Result<Self> {
            use faqbot_models::{
                ID, MAX_TOKENS, MODEL, READER_COMPARE, READER_READ, READER_WORDS, VOCABULARY,
            };
            // The built-in engine reads models in place, from the binary.
            let engine = choose_engine()?;
            let graph = |onnx: &'static [u8]| match engine {
                Engine::BuiltIn => ort_rten::lend(onnx),
                Engine::OnnxRuntime => onnx.to_vec(),
            };
            Self::load(Files {
                id: ModelId::new(ID),
                onnx: graph(MODEL),
                external: Vec::new(),
                tokenizer: stand_in(),
                pooling: Pooling::Mean,
                quantization: QuantizationMode::None,
                output: None,
                prefixes: Prefixes::default(),
                languages: Some("English"),
                max_tokens: MAX_TOKENS,
                bundled: Some(Bundled {
                    words: VOCABULARY,
                    table: READER_WORDS,
                    reader: [graph(READER_READ), graph(READER_COMPARE)],
                    identity: || xxh3_64(READER_READ) ^ xxh3_64(READER_COMPARE),
                }),
            })
        }
    }
}
