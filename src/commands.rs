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
pub mod health;
mod labelled;
pub mod log;
pub mod man;
pub mod models;
pub mod publish;
pub mod review;
pub mod serve;
