//! The Hugging Face hub: where models are kept on this machine, and where they are fetched from.

use std::env;
use std::path::PathBuf;

use hf_hub::Cache;

use super::download;
use crate::error::{Error, Result};

/// Where models are kept, and where they are fetched from.
#[derive(Debug, Clone)]
pub struct Hub {
    /// The folder of the hub's cache, in the layout that all Hugging Face tools share.
    pub cache: PathBuf,
    /// The address of the hub or of a mirror.
    pub endpoint: String,
    /// Never open a connection.
    pub offline: bool,
    /// Is told the name of the file that is fetched, the bytes done, and the bytes in all where that is known.
    pub progress: fn(&str, u64, Option<u64>),
}

impl Hub {
    /// The address of the hub itself.
    pub const ENDPOINT: &str = "https://huggingface.co";
}

impl Hub {
    /// The local path of a file in a repository, if it is on this machine.
    pub(super) fn cached(&self, repository: &str, file: &str) -> Option<PathBuf> {
        download::cached(&self.cache, repository, file)
    }

    /// The local path of a file in a repository, which is fetched if necessary.
    pub(super) fn fetch(&self, repository: &str, file: &str) -> Result<PathBuf> {
        if let Some(path) = self.cached(repository, file) {
            return Ok(path);
        }
        if self.offline {
            return Err(self.unavailable(repository, file, "it was not fetched, since --offline forbids it"));
        }
        let token = token();
        download::fetch(&self.cache, &self.endpoint, token.as_deref(), repository, file, &self.progress)
            .map_err(|reason| self.unavailable(repository, file, &format!("fetching it failed: {reason}")))
    }

    fn unavailable(&self, repository: &str, file: &str, why: &str) -> Error {
        Error::Model(format!(
            "the file {file} of the model {repository} is not there\n  \
             looked in {cache}\n  \
             tried {endpoint}/{repository}: {why}\n\
             ways out:\n  \
             use the model in the program: leave out --model\n  \
             use a folder with the model's files: --model-dir DIR\n  \
             use a mirror of the hub: HF_ENDPOINT=https://mirror.example",
            cache = self.cache.display(),
            endpoint = self.endpoint.trim_end_matches('/'),
        ))
    }
}

/// The user's token for the hub, from where Hugging Face's tools keep it.
fn token() -> Option<String> {
    let variable =
        env::var("HF_TOKEN").ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    // hf-hub panics without a home folder.
    variable.or_else(|| env::home_dir().and_then(|_| Cache::from_env().token()))
}
