//! A question against the entries of a FAQ: from vectors to a decision.
//!
//! ```text
//! index ─ products, quantized ─ centering ─ signals ─ ranking ─ features ─ confidence ─ decision
//!                                  exact ──────┘  alignment ──┘  trees, logistic ──┘  guard ──┘
//! ```
//!
//! Nothing here does input or output but to read rows.

pub mod alignment;
pub mod centering;
pub mod confidence;
pub mod crisis;
pub mod decision;
mod exact;
pub mod features;
pub mod guard;
pub(crate) mod hashed;
pub mod index;
pub mod logistic;
pub mod metrics;
pub mod passages;
pub mod products;
pub mod quantized;
pub mod questions;
pub mod ranking;
pub mod signals;
pub mod trees;
pub mod wordnet;
