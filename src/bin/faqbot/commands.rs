//! The commands, one a file.

pub mod ask;
pub mod cache;
pub mod calibrate;
pub mod chat;
pub mod check;
pub mod completions;
pub mod config;
pub mod convert;
pub mod eval;
mod labelled;
pub mod man;
pub mod models;
