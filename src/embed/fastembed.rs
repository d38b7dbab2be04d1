//! Neural embedders through fastembed: the bundled model, fastembed's catalogue, local folders.
//!
//! Every model goes one way: its files are brought into memory (from the binary, a folder or the
//! hub) and loaded as fastembed's user-defined model. fastembed's own download is not used: its
//! cache is relative to the working directory, and it cannot be told to stay offline.
//!
//! ONNX Runtime is replaced by rten, unless `ORT_DYLIB_PATH` names its library.

mod bundled;
#[cfg(feature = "hub")]
mod catalogue;
mod folder;
#[cfg(feature = "hub")]
mod hub;
mod model;

pub use bundled::{BUNDLED, BUNDLED_DIMENSION, BUNDLED_ID};
#[cfg(feature = "hub")]
pub use catalogue::{CatalogueModel, catalogue};
#[cfg(feature = "hub")]
pub use hub::Hub;
pub use model::{FastEmbedder, LoadTimes};
