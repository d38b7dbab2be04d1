//! One file per format: a pure function from text to [`Parsed`](super::parsed::Parsed), and one that writes
//! if the format can be written. `format.rs` lists them all.

#[cfg(feature = "spreadsheets")]
pub mod aiml;
pub mod articles;
pub mod asciidoc;
pub mod botpress;
pub mod chatterbot;
pub mod csv;
pub mod dialogflow;
#[cfg(feature = "spreadsheets")]
pub mod docx;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
pub mod jsonl;
pub mod jsonld;
pub mod lex;
pub mod markdown;
pub mod mediawiki;
pub mod org;
pub mod plain;
pub mod qna;
pub mod rasa;
pub mod rst;
pub mod squad;
pub mod toml;
pub mod watson;
#[cfg(feature = "spreadsheets")]
pub mod workbook;
pub mod yaml;
