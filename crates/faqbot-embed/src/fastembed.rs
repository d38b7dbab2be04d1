//! Neural embedders through fastembed: the bundled model, fastembed's catalogue, local folders.
//!
//! Every model is loaded the same way: its files are read into memory (from the binary, a folder or the hub)
//! and passed to fastembed as a user-defined model. fastembed's own download is not used: its cache is
//! relative to the working directory, and it cannot be told to stay offline.
//!
//! Models run on rten, or on ONNX Runtime if `ORT_DYLIB_PATH` names its library.

mod bundled;
#[cfg(feature = "hub")]
mod catalogue;
#[cfg(feature = "hub")]
mod download;
mod engine;
mod folder;
#[cfg(feature = "hub")]
mod hub;
mod memory;
mod model;
mod reader;
mod tokenizer;

pub use bundled::{BUNDLED, BUNDLED_DIMENSION, BUNDLED_ID};
#[cfg(feature = "hub")]
pub use catalogue::{CatalogueModel, catalogue};
#[cfg(feature = "hub")]
pub use hub::Hub;
pub use model::{FastEmbedder, LoadTimes};
