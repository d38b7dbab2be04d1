//! What the program shows: replies, messages, curves, JSON.

pub mod markdown;
pub mod messages;
pub mod plot;
pub mod progress;
pub mod render;
pub mod style;
pub mod timings;
