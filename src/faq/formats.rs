//! One file per format: a pure function from text to [`Parsed`](super::parsed::Parsed), and one that writes
//! if the format can be written. `format.rs` lists them all.

pub mod botpress;
pub mod csv;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
pub mod jsonl;
pub mod jsonld;
pub mod markdown;
pub mod plain;
pub mod qna;
pub mod rasa;
pub mod rst;
pub mod toml;
#[cfg(feature = "spreadsheets")]
pub mod workbook;
pub mod yaml;
