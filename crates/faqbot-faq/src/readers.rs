//! Readers that several formats share: trees of values, tables, headings and pages.

pub mod columns;
pub mod fields;
pub mod headings;
pub mod html_text;
#[cfg(feature = "html")]
pub mod html_tree;
pub mod json_tree;
pub mod lines;
pub mod node;
pub mod outline;
pub mod sections;
pub mod table;
pub mod translated;
#[cfg(feature = "spreadsheets")]
pub mod xml;
pub mod yaml_tree;
