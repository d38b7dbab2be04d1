//! Readers that several formats share: trees of values, tables, headings and pages.

pub mod columns;
#[cfg(feature = "spreadsheets")]
pub mod document;
pub mod fields;
pub mod headings;
#[cfg(feature = "html")]
pub mod html_patterns;
pub mod html_text;
#[cfg(feature = "html")]
pub mod html_tree;
pub mod json_tree;
pub mod keys;
pub mod languages;
pub mod lines;
pub mod node;
pub mod outline;
pub mod rich_text;
pub mod sections;
pub mod table;
pub mod translated;
pub mod tree;
pub mod wrapped;
#[cfg(feature = "spreadsheets")]
pub mod xml;
pub mod yaml_tree;
