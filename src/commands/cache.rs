//! `faqbot cache`: the embedding cache.

use std::io::{self, Write};

use anyhow::{Context, Result};
use clap::Subcommand;
use faqbot::storage::cache_folder;

use crate::config::Settings;
use crate::options::{CacheFolder, GeneralOptions};
use crate::output::messages::note;
use crate::output::style::{count, plain};

#[derive(Debug, Subcommand)]
pub enum CacheAction {
    /// Print the cache's folder
    Path {
        #[command(flatten)]
        folder: CacheFolder,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Print how many files it holds, and how many bytes
    Size {
        #[command(flatten)]
        folder: CacheFolder,
        #[command(flatten)]
        general: GeneralOptions,
    },
    /// Remove all cached vectors
    Clear {
        #[command(flatten)]
        folder: CacheFolder,
        #[command(flatten)]
        general: GeneralOptions,
    },
}

/// `faqbot cache`
pub fn cache(settings: &Settings, action: &CacheAction) -> Result<()> {
    let folder = settings.cache_dir.as_deref().context(
        "there is no cache folder: neither HOME nor XDG_CACHE_HOME is set; name one with --cache-dir",
    )?;
    let files = |number: usize, bytes: u64| {
        format!("{}, {:.1} MB", count(number, "file", "files"), bytes as f64 / 1e6)
    };
    match action {
        CacheAction::Path { .. } => writeln!(io::stdout(), "{}", folder.display())?,
        CacheAction::Size { .. } => {
            let (number, bytes) = cache_folder::size(folder)?;
            writeln!(io::stdout(), "{} in {}", files(number, bytes), plain(&folder.display().to_string()))?;
        }
        CacheAction::Clear { .. } => {
            let (number, bytes) = cache_folder::clear(folder)?;
            note(&format!("removed {}", files(number, bytes)));
        }
    }
    Ok(())
}
