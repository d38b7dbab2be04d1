//! The bundled model's tokenizer, made from a plain list of words: parsing `tokenizer.json`, which says the same, takes
//! nearly half of the time of a first answer.

use ahash::AHashMap;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{AddedToken, PaddingParams, Tokenizer, TruncationParams};

use super::engine::failure;
use crate::error::Result;

/// The special tokens; the first stands for padding.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// What fastembed is given to read while the real tokenizer is made: it has no words.
#[cfg(feature = "bundled-model")]
pub(super) fn stand_in() -> fastembed::TokenizerFiles {
    let tokenizer = r###"{"version": "1.0", "added_tokens": [], "model": {"type": "WordPiece", "unk_token": "[UNK]",
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {"[PAD]": 0, "[UNK]": 1}}}"###;
    fastembed::TokenizerFiles {
        tokenizer_file: tokenizer.into(),
        config_file: r#"{"pad_token_id": 0}"#.into(),
        special_tokens_map_file: "{}".into(),
        tokenizer_config_file: r#"{"pad_token": "[PAD]", "model_max_length": 512}"#.into(),
    }
}

/// A BERT tokenizer of a list of words, one a line, whose place is their id; texts are cut to `max_tokens`.
pub(super) fn bert(words: &str, max_tokens: usize) -> Result<Tokenizer> {
    let ids: AHashMap<String, u32> = words.lines().map(str::to_owned).zip(0..).collect();
    let id = |token: &str| ids.get(token).copied().map(|id| (token.to_owned(), id));
    let special =
        |token: &str| id(token).ok_or_else(|| failure(format_args!("the vocabulary lacks {token}")));
    let (padding, begin, end) = (special("[PAD]")?, special("[CLS]")?, special("[SEP]")?);
    let model = WordPiece::builder().vocab(ids).unk_token("[UNK]".to_owned()).build().map_err(failure)?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer
        .with_normalizer(Some(BertNormalizer::new(true, true, None, true)))
        .map_err(failure)?
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(BertProcessing::new(end, begin)))
        .with_padding(Some(PaddingParams {
            pad_token: padding.0,
            pad_id: padding.1,
            ..PaddingParams::default()
        }))
        .with_truncation(Some(TruncationParams { max_length: max_tokens, ..TruncationParams::default() }))
        .map_err(failure)?;
    tokenizer.add_special_tokens(SPECIAL.map(|token| AddedToken::from(token, true))).map_err(failure)?;
    Ok(tokenizer)
}

#[cfg(all(test, feature = "bundled-model"))]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_tokenizer_of_the_json_file() {
        const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-MiniLM-L6-v2/");
        let mut whole = Tokenizer::from_file(format!("{FOLDER}tokenizer.json")).unwrap();
        let words = std::fs::read_to_string(format!("{FOLDER}vocab.txt")).unwrap();
        let made = bert(&words, 256).unwrap();
        whole.with_padding(None).with_truncation(made.get_truncation().cloned()).unwrap();
        let queries =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/therapy.queries.jsonl"));
        let odd = "Ünïcode ﬁne 中文字 한국어 [MASK] [SEP] x[CLS]y naïve—dash 1,000.50 €5 😀 \u{0}\u{200b} don't ##ing";
        let long = "word ".repeat(400);
        for text in queries.unwrap().lines().chain([odd, &long, "", " "]) {
            let [a, b] = [&whole, &made].map(|tokenizer| tokenizer.encode(text, true).unwrap());
            assert_eq!((a.get_ids(), a.get_type_ids()), (b.get_ids(), b.get_type_ids()), "{text}");
            let [a, b] = [&whole, &made].map(|tokenizer| tokenizer.encode_fast(text, false).unwrap());
            assert_eq!(a.get_ids(), b.get_ids(), "{text}");
        }
        assert!(bert("[PAD]\n[UNK]\n", 256).is_err());
    }
}
