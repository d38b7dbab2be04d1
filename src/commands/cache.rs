//! `faqbot cache`: the embedding cache.

use std::io::{self, Write};

use anyhow::{Context, Result};
use faqbot::storage::cache_folder;

use crate::args::CacheAction;
use crate::config::Settings;
use crate::output::messages::note;
use crate::output::style::{count, plain};

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
