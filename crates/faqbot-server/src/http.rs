//! Connections, and what a request may be.

pub mod addresses;
pub mod input;
pub mod limits;
pub mod listen;
pub mod problem;
