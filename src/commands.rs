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
#[cfg(feature = "serve")]
pub mod health;
mod labelled;
#[cfg(feature = "store")]
pub mod log;
pub mod man;
pub mod models;
#[cfg(feature = "store")]
pub mod publish;
#[cfg(feature = "store")]
pub mod review;
