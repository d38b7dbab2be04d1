//! One file per format: a pure function from text to [`Parsed`](super::parsed::Parsed), and one that writes
//! if the format can be written. `format.rs` lists them all.

#[cfg(feature = "spreadsheets")]
pub mod aiml;
pub mod articles;
pub mod asciidoc;
pub mod botpress;
pub mod chatterbot;
#[cfg(feature = "code")]
pub mod code;
pub mod csv;
pub mod dialogflow;
#[cfg(feature = "spreadsheets")]
pub mod docx;
#[cfg(all(feature = "html", feature = "spreadsheets"))]
pub mod epub;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
pub mod jsonl;
pub mod jsonld;
pub mod latex;
pub mod lex;
pub mod markdown;
pub mod mediawiki;
#[cfg(feature = "spreadsheets")]
pub mod odt;
pub mod org;
pub mod plain;
pub mod po;
pub mod qna;
pub mod rasa;
pub mod rst;
#[cfg(feature = "spreadsheets")]
pub mod rtf;
pub mod sql;
pub mod squad;
pub mod toml;
pub mod watson;
#[cfg(feature = "spreadsheets")]
pub mod wordpress;
#[cfg(feature = "spreadsheets")]
pub mod workbook;
pub mod yaml;
