//! The folder of the embedding cache: which files belong to it, how large they are, and which are removed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::vector_file;
use crate::error::{Error, Result};

/// The extension of vector files.
pub const VECTORS: &str = "vectors";
/// The extension of files beside them that hold what was prepared from the vectors.
pub const PREPARED: &str = "prepared";
/// The extension of files of what the reader keeps of an entry.
pub const READ: &str = "read";

/// The most bytes that a folder may hold; beyond that, the least recently used files are removed. Vectors of
/// 384 numbers for 680,000 texts take this much. A single file may be larger.
pub const MAX_BYTES: u64 = 1 << 30;

/// The most files: all of a model are looked at where a text is not known.
pub const MAX_FILES: usize = 1000;

/// The most files of what the reader keeps: 190 MB, if all entries are long.
const MAX_READ: usize = 1000;

/// Removes all cache files from `folder` and returns their number and bytes. Other files stay.
///
/// # Errors
///
/// Returns an error if the folder cannot be read or a file cannot be removed.
pub fn clear(folder: &Path) -> Result<(usize, u64)> {
    for_each(folder, |path| fs::remove_file(path))
}

/// The number and bytes of the cache files in `folder`.
///
/// # Errors
///
/// Returns an error if the folder cannot be read.
pub fn size(folder: &Path) -> Result<(usize, u64)> {
    for_each(folder, |_| Ok(()))
}

/// Runs `work` on each cache file and returns their number and bytes.
fn for_each(folder: &Path, work: impl Fn(&Path) -> io::Result<()>) -> Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for path in files_in(folder).map_err(Error::io(folder))?.into_iter().filter(|path| is_cache_file(path)) {
        match fs::metadata(&path).and_then(|found| work(&path).map(|()| found.len())) {
            Ok(size) => (count, bytes) = (count + 1, bytes + size),
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(&path)(error)),
        }
    }
    Ok((count, bytes))
}

/// The contents of a folder; empty if it does not exist.
pub fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether a file has the name and the first bytes of a cache file: no other file is ever removed.
fn is_cache_file(path: &Path) -> bool {
    let mut begin = [0; 6];
    path.extension().is_some_and(|extension| [VECTORS, PREPARED, READ].iter().any(|ours| extension == *ours))
        && path.is_file()
        && File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && vector_file::MAGIC.starts_with(&begin)
}

/// Removes the least recently used files of vectors, except `used`, until there are at most `max_bytes` of them.
pub fn make_room(folder: &Path, used: &Path, max_bytes: u64) {
    remove_least_recent(folder, |path| !is_read(path), Some(used), max_bytes, MAX_FILES);
}

/// Removes the least recently used files of what the reader keeps.
pub fn make_room_for_read(folder: &Path) {
    remove_least_recent(folder, is_read, None, u64::MAX, MAX_READ);
}

fn is_read(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == READ)
}

fn remove_least_recent(
    folder: &Path,
    counts: impl Fn(&Path) -> bool,
    used: Option<&Path>,
    max_bytes: u64,
    max_files: usize,
) {
    let files = files_in(folder).unwrap_or_default().into_iter().filter(|path| counts(path));
    let files: Vec<PathBuf> = files.collect();
    // Seldom: nothing is looked at before.
    if max_bytes == u64::MAX && files.len() <= max_files {
        return;
    }
    let mut files: Vec<(SystemTime, u64, PathBuf)> = files
        .into_iter()
        .filter(|path| is_cache_file(path))
        .filter_map(|path| {
            let metadata = fs::metadata(&path).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), path))
        })
        .collect();
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    let mut count = files.len();
    for (_, size, path) in files {
        if bytes <= max_bytes && count <= max_files {
            break;
        }
        if used != Some(&path.with_extension(VECTORS)) {
            // What was prepared from the vectors goes with them, if it is not already gone.
            remove(&path);
            bytes -= size;
            count -= 1;
        }
    }
}

/// Removes a vector file and what was prepared from it. If that fails, a later write does it.
pub fn remove(path: &Path) {
    let _ = fs::remove_file(path.with_extension(PREPARED));
    let _ = fs::remove_file(path);
}
