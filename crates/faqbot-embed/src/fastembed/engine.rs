//! The engine that runs models, and its failures.

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::error::{Error, Result};

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io(path))
}

pub(super) fn failure(error: impl Display) -> Error {
    Error::Model(error.to_string())
}

/// The engine that runs models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// rten, built into the program.
    BuiltIn,
    /// The library that `ORT_DYLIB_PATH` names.
    OnnxRuntime,
}

/// Chooses the engine, once per process and before anything else touches `ort`.
pub(super) fn choose_engine() -> Result<Engine> {
    static CHOSEN: OnceLock<std::result::Result<Engine, String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| match env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        // ort would load it when it is needed, but panic if it cannot.
        Some(library) => ort_rten::check_library(Path::new(&library))
            .and_then(|()| ort::init_from(&library).map_err(|error| error.to_string()))
            .map(|_| Engine::OnnxRuntime)
            .map_err(|error| {
                format!("ORT_DYLIB_PATH: {error}; correct it, or unset it to use the built-in engine")
            }),
        None => {
            ort_rten::install();
            Ok(Engine::BuiltIn)
        }
    });
    chosen.clone().map_err(Error::Model)
}

/// The one environment of the process, which all sessions share; the engine must have been chosen.
pub(super) fn environment() -> Result<ort::environment::Environment> {
    static MADE: OnceLock<std::result::Result<ort::environment::Environment, String>> = OnceLock::new();
    MADE.get_or_init(|| ort::init().build().map_err(|error| error.to_string())).clone().map_err(Error::Model)
}
