//! An [`ort`] backend on [rten], a pure-Rust inference engine.
//!
//! `ort` is a wrapper around ONNX Runtime, a C++ library. It calls the library through a table of functions,
//! and a program can give it another table. This crate is such a table: after [`install`], code written for
//! `ort` (or for a crate on top of it, such as fastembed) runs on rten, with no C++ library to find, download
//! or link.
//!
//! ```no_run
//! # fn main() -> ort::Result<()> {
//! ort_rten::install(); // before any other use of `ort`
//!
//! let environment = ort::init().build()?;
//! let mut session = ort::session::Session::builder(&environment)?.commit_from_file("model.onnx")?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is supported
//!
//! Tensors of `f32`, `i8`, `u8`, `i32`, `i64` and `bool` on the CPU, models from files and from memory,
//! external initializers, thread counts, and selected and preallocated outputs. rten computes `i64` and
//! `bool` as `i32`: an `i64` input that does not fit is an error, and outputs are widened to the type that
//! the model declares.
//!
//! Strings, sequences, maps, devices other than the CPU, I/O bindings, custom operators, the model editor and
//! profiling return "not implemented". Logging, arena and execution-mode options are accepted but have no
//! effect.
//!
//! # Layout
//!
//! `status` turns Rust errors and panics into the C interface's statuses; `memory`, `types` and `tensor` hold
//! the objects that cross it; `declared` reads a model's declared inputs and outputs; `session` loads and
//! runs models; `pace` finds out whether several threads pay off; `api` puts the functions into the table.

#[allow(non_snake_case, reason = "functions have the names of their entries in the C table")]
mod api;
mod declared;
mod library;
mod memory;
mod pace;
mod session;
mod status;
mod tensor;
mod types;

pub use api::api;
pub use library::check_library;
pub use session::{INDEPENDENT_ROWS, lend, time_loading};

/// Makes `ort` run models on rten for the rest of this process.
///
/// Must be called before any other use of `ort`: the first use fixes the backend. Returns whether this call
/// set the backend; `false` if one was already set (this one by an earlier call, or ONNX Runtime).
pub fn install() -> bool {
    ort::set_api(api())
}
