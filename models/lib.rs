//! The embedding model and the reader that faqbot has inside: their files as bytes (48 MB). Where they come from and how
//! they are made: the README beside this.

/// The id of the embedding model. The last part is the start of the file's sha256, so another export is another model.
pub const ID: &str = "all-MiniLM-L6-v2-int8-69c0a6de";

/// The most tokens that it reads; the rest of a text is cut. It was trained with this limit (`max_seq_length` in its
/// sentence_bert_config.json).
pub const MAX_TOKENS: usize = 256;

/// Its graph, as ONNX.
pub const MODEL: &[u8] = include_bytes!("all-MiniLM-L6-v2/model.onnx");

/// Its vocabulary, a word piece a line: the reader's too.
pub const VOCABULARY: &str = include_str!("all-MiniLM-L6-v2/vocab.txt");

/// The reader's word vectors, `export_reader.py` says how they are stored.
pub const READER_WORDS: &[u8] = include_bytes!("reader/words.bin");

/// The reader's first half, as ONNX: a text to the states of its tokens.
pub const READER_READ: &[u8] = include_bytes!("reader/read.onnx");

/// The reader's second half, as ONNX: a query's states and what was kept of an entry to a logit.
pub const READER_COMPARE: &[u8] = include_bytes!("reader/compare.onnx");

#[cfg(test)]
mod tests {
    use super::*;

    /// The sha256, whose start is in the id, is in the README beside the size. Here a faster hash is enough to see that the
    /// content has not changed under the id.
    #[test]
    fn the_model_is_the_one_its_id_names() {
        assert_eq!(ID, "all-MiniLM-L6-v2-int8-69c0a6de");
        assert_eq!(
            (MODEL.len(), xxhash_rust::xxh3::xxh3_64(MODEL)),
            (23_558_512, 13_413_678_950_617_504_644)
        );
    }
}
