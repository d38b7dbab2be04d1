//! The folder of the embedding cache: which files are its own, how large they are together, which go.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::vector_file;
use crate::error::{Error, Result};

/// How files of vectors end.
pub const VECTORS: &str = "vectors";
/// How files end in which something is kept that was made from vectors, beside them.
pub const PREPARED: &str = "prepared";

/// A folder may hold this many bytes; then those files go that were used the longest ago. Vectors of 384
/// numbers for 680,000 texts take as much. A single file may be larger.
pub const MAX_BYTES: u64 = 1 << 30;

/// Removes all cache files from `folder` and gives their number and bytes. Other files stay.
///
/// # Errors
///
/// The folder cannot be read, or a file not removed.
pub fn clear(folder: &Path) -> Result<(usize, u64)> {
    for_each(folder, |path| fs::remove_file(path))
}

/// The number and bytes of the cache files in `folder`.
///
/// # Errors
///
/// The folder cannot be read.
pub fn size(folder: &Path) -> Result<(usize, u64)> {
    for_each(folder, |_| Ok(()))
}

/// Does something to each cache file, and gives their number and bytes.
fn for_each(folder: &Path, work: impl Fn(&Path) -> io::Result<()>) -> Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for path in files_in(folder).map_err(Error::io(folder))?.into_iter().filter(|path| is_cache_file(path)) {
        bytes += fs::metadata(&path).map_err(Error::io(&path))?.len();
        work(&path).map_err(Error::io(&path))?;
        count += 1;
    }
    Ok((count, bytes))
}

/// What is in a folder; nothing where there is no folder.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether a file has a cache file's name and begins as one: nobody else's is ever removed.
fn is_cache_file(path: &Path) -> bool {
    let mut begin = [0; 6];
    path.extension().is_some_and(|extension| extension == VECTORS || extension == PREPARED)
        && File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && vector_file::MAGIC.starts_with(&begin)
}

/// Removes the files that were used the longest ago, but not this one, until the folder has few
/// enough bytes.
pub fn make_room(folder: &Path, used: &Path, max_bytes: u64) {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = files_in(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|path| is_cache_file(path))
        .filter_map(|path| {
            let metadata = fs::metadata(&path).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), path))
        })
        .collect();
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, size, path) in files {
        if bytes <= max_bytes {
            break;
        }
        if path.with_extension(VECTORS) != used {
            // What was made from the vectors goes with them, if it has not gone before.
            remove(&path);
            bytes -= size;
        }
    }
}

/// Removes a file of vectors and what was made from them. Where that fails, another write will do it.
pub fn remove(path: &Path) {
    let _ = fs::remove_file(path.with_extension(PREPARED));
    let _ = fs::remove_file(path);
}
