//! The model in the binary.

/// The name of the model in the binary.
pub const BUNDLED: &str = "all-MiniLM-L6-v2";

/// The id of the model in the binary. Its last part is the start of the file's sha256, so another export is
/// another model. `None` if the binary has no model.
pub const BUNDLED_ID: Option<&str> =
    if cfg!(feature = "bundled-model") { Some("all-MiniLM-L6-v2-int8-69c0a6de") } else { None };

/// The length of the vectors of the model in the binary.
pub const BUNDLED_DIMENSION: usize = 384;

#[cfg(feature = "bundled-model")]
mod load {
    use fastembed::{Pooling, QuantizationMode};
    use xxhash_rust::xxh3::xxh3_64;

    use super::super::engine::{Engine, choose_engine};
    use super::super::model::{Bundled, FastEmbedder, Files, Prefixes};
    use super::super::tokenizer::stand_in;
    use super::{BUNDLED, BUNDLED_ID};
    use crate::embed::ModelId;
    use crate::error::Result;

    /// The most tokens that the model reads; the rest of a text is cut. The bundled model was trained with
    /// this limit (`max_seq_length` in its sentence_bert_config.json).
    const BUNDLED_MAX_TOKENS: usize = 256;

    impl FastEmbedder {
        /// Loads the model in the binary.
        ///
        /// # Errors
        ///
        /// Returns an error if `ORT_DYLIB_PATH` names a library that cannot be used.
        pub fn bundled() -> Result<Self> {
            macro_rules! file {
                ($name:literal) => {
                    include_bytes!(concat!("../../../models/", $name)).as_slice()
                };
            }
            // The built-in engine reads models in place, from the binary.
            let engine = choose_engine()?;
            let graph = |onnx: &'static [u8]| match engine {
                Engine::BuiltIn => ort_rten::lend(onnx),
                Engine::OnnxRuntime => onnx.to_vec(),
            };
            const READ: &[u8] = file!("reader/read.onnx");
            const COMPARE: &[u8] = file!("reader/compare.onnx");
            Self::load(Files {
                id: ModelId::new(BUNDLED_ID.unwrap_or(BUNDLED)),
                onnx: graph(file!("all-MiniLM-L6-v2/model.onnx")),
                external: Vec::new(),
                tokenizer: stand_in(),
                pooling: Pooling::Mean,
                quantization: QuantizationMode::None,
                output: None,
                prefixes: Prefixes::default(),
                languages: Some("English"),
                max_tokens: BUNDLED_MAX_TOKENS,
                bundled: Some(Bundled {
                    words: include_str!("../../../models/all-MiniLM-L6-v2/vocab.txt"),
                    table: file!("reader/words.bin"),
                    reader: [graph(READ), graph(COMPARE)],
                    identity: || xxh3_64(READ) ^ xxh3_64(COMPARE),
                }),
            })
        }
    }
}

#[cfg(all(test, feature = "bundled-model"))]
mod tests {
    use super::*;

    /// The sha256, whose start is in the id, is in models/README.md beside the size. Here a faster hash is
    /// enough to see that the content has not changed under the id.
    #[test]
    fn the_bundled_model_is_the_one_its_id_names() {
        let onnx = include_bytes!("../../../models/all-MiniLM-L6-v2/model.onnx");
        assert_eq!(BUNDLED_ID, Some("all-MiniLM-L6-v2-int8-69c0a6de"));
        assert_eq!((onnx.len(), xxhash_rust::xxh3::xxh3_64(onnx)), (23_558_512, 13_413_678_950_617_504_644));
    }
}
