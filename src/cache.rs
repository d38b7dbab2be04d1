//! Vectors kept on disk, so that a second start embeds nothing and an edit only what changed.
//!
//! One file a model. Whatever is wrong with it costs time, never an answer: it is ignored with a
//! warning and written anew. Queries are not kept: what people ask is theirs.
//!
//! # File
//!
//! All numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `FAQBOTEC` |
//! | 4 | version, 1 |
//! | 4 | dimension `d` |
//! | 4 | length `m` of the model's id |
//! | 8 | number of vectors `n` |
//! | m | the model's id, UTF-8 |
//! | 16 n | keys: xxh3-128 of role and text, least recently written with first |
//! | 4 d n | vectors, f32, in the order of the keys |
//! | 8 | xxh3-64 of all bytes before |

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, ArrayView1, Axis};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

use crate::embed::{Embedder, ModelId, Progress, Role};
use crate::error::{Error, Result};
use crate::files::{self, Readers};
use crate::hashed::ByHash;

const MAGIC: &[u8; 8] = b"FAQBOTEC";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 4 + 4 + 8;
const CHECKSUM_BYTES: usize = 8;

/// A cache file grows to this many bytes; then those go that were in use at a write the longest ago. It
/// holds 340,000 vectors of 384 numbers.
pub const MAX_BYTES: u64 = 512 << 20;

/// About this many bytes of a file are in memory at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// An embedder that remembers the vectors of passages on disk.
pub struct CachedEmbedder<E> {
    inner: E,
    path: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Vectors that could not be written.
    unwritten: ByKey<Vec<f32>>,
    /// What went wrong with the file, until it is asked for.
    warnings: Vec<String>,
}

/// A map from keys.
type ByKey<T> = ByHash<u128, T>;

/// A cache file that was opened: its keys are in memory, its vectors are read one after the other.
struct CacheFile {
    file: File,
    keys: Vec<u128>,
    row_bytes: usize,
    /// Of all bytes read so far.
    sum: Xxh3,
}

/// The file in `folder` that keeps the vectors of `model`.
pub fn file(folder: &Path, model: &ModelId) -> PathBuf {
    let readable: String = model
        .as_str()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .take(80)
        .collect();
    folder.join(format!("{readable}-{:08x}.vectors", xxh3_64(model.as_str().as_bytes()) as u32))
}

/// Removes all cache files from `folder` and gives their number and bytes. Other files stay.
///
/// # Errors
///
/// The folder cannot be read, or a file not removed.
pub fn clear(folder: &Path) -> Result<(usize, u64)> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let (mut files, mut bytes) = (0, 0);
    for entry in entries {
        let path = entry.map_err(Error::io(folder))?.path();
        if is_cache_file(&path) {
            bytes += fs::metadata(&path).map_err(Error::io(&path))?.len();
            fs::remove_file(&path).map_err(Error::io(&path))?;
            files += 1;
        }
    }
    Ok((files, bytes))
}

/// Whether a file has a cache file's name and begins as one: nobody else's is ever removed.
fn is_cache_file(path: &Path) -> bool {
    let mut begin = [0; MAGIC.len()];
    path.extension().is_some_and(|extension| extension == "vectors")
        && fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok()
        && &begin == MAGIC
}

impl<E: Embedder> CachedEmbedder<E> {
    /// Wraps `inner`, with its vectors in a file in `folder`.
    pub fn new(inner: E, folder: &Path) -> Self {
        let path = file(folder, inner.model());
        CachedEmbedder { inner, path, max_bytes: MAX_BYTES, state: Mutex::default() }
    }

    /// The same with another bound on the file's size.
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        CachedEmbedder { max_bytes, ..self }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The embedder behind the cache.
    pub fn inner(&self) -> &E {
        &self.inner
    }

    /// What went wrong with the file since this was last asked: one line each, for the user.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).warnings)
    }

    fn open(&self) -> std::result::Result<Option<CacheFile>, String> {
        CacheFile::open(&self.path, self.inner.model(), self.inner.dimension(), self.max_bytes)
    }

    /// Fills the rows whose vectors the file has, `positions` being those of the keys, and says which
    /// those are.
    fn fill(
        &self,
        positions: &ByKey<usize>,
        rows: &mut Array2<f32>,
    ) -> std::result::Result<Vec<bool>, String> {
        let mut known = vec![false; rows.nrows()];
        let Some(file) = self.open()? else { return Ok(known) };
        let wanted: Vec<Option<usize>> = file.keys.iter().map(|key| positions.get(key).copied()).collect();
        if wanted.iter().all(Option::is_none) {
            return Ok(known);
        }
        file.vectors(|at, bytes| {
            if let Some(position) = wanted[at] {
                let (numbers, _) = bytes.as_chunks::<4>();
                rows.row_mut(position)
                    .iter_mut()
                    .zip(numbers)
                    .for_each(|(target, &number)| *target = f32::from_le_bytes(number));
                known[position] = true;
            }
            Ok(())
        })
        .map_err(|error| error.to_string())?;
        Ok(known)
    }

    /// Writes the file anew, whole or not at all: what it had, then these vectors, which replace those
    /// of the same keys; as many of the last as fit.
    fn write(&self, old: Option<CacheFile>, keys: &[u128], rows: &[ArrayView1<f32>]) -> io::Result<()> {
        let model = self.model().as_str();
        let dimension = self.dimension();
        let fixed = (HEADER_BYTES + CHECKSUM_BYTES + model.len()) as u64;
        let room = (self.max_bytes.saturating_sub(fixed) / (16 + 4 * dimension as u64)) as usize;
        let replaced: ByKey<()> = keys.iter().map(|&key| (key, ())).collect();
        let new = keys.len().min(room);
        let kept: Vec<usize> = old.as_ref().map_or_else(Vec::new, |old| {
            (0..old.keys.len()).filter(|&at| !replaced.contains_key(&old.keys[at])).collect()
        });
        let kept = &kept[kept.len() - kept.len().min(room - new)..];
        let (keys, rows) = (&keys[keys.len() - new..], &rows[rows.len() - new..]);

        let folder = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let file = files::whole(&self.path, Readers::Owner, |out| {
            let mut out = Summed { file: out, sum: Xxh3::new() };
            out.write(MAGIC)?;
            out.write(&VERSION.to_le_bytes())?;
            out.write(&(dimension as u32).to_le_bytes())?;
            out.write(&(model.len() as u32).to_le_bytes())?;
            out.write(&((kept.len() + keys.len()) as u64).to_le_bytes())?;
            out.write(model.as_bytes())?;
            let old_keys = old.as_ref().map_or(&[][..], |old| &old.keys);
            for key in kept.iter().map(|&at| &old_keys[at]).chain(keys) {
                out.write(&key.to_le_bytes())?;
            }
            if let Some(old) = old {
                let mut next = kept.iter().peekable();
                old.vectors(|at, bytes| {
                    next.next_if(|&&kept| kept == at).map_or(Ok(()), |_| out.write(bytes))
                })?;
            }
            let mut bytes = Vec::with_capacity(4 * dimension);
            for row in rows {
                bytes.clear();
                row.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
                out.write(&bytes)?;
            }
            out.file.write_all(&out.sum.digest().to_le_bytes())
        })?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn key(role: Role, text: &str) -> u128 {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.push(match role {
        Role::Query => b'q',
        Role::Passage => b'p',
    });
    bytes.extend_from_slice(text.as_bytes());
    xxh3_128(&bytes)
}

impl<E: Embedder> Embedder for CachedEmbedder<E> {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    fn cuts(&self, text: &str) -> bool {
        self.inner.cuts(text)
    }

    fn languages(&self) -> Option<&str> {
        self.inner.languages()
    }

    fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
        if role == Role::Query || texts.is_empty() {
            return self.inner.embed(role, texts, progress);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { unwritten, warnings } = &mut *state;
        let keys: Vec<u128> = texts.iter().map(|text| key(role, text)).collect();
        // Each text once, however often it is there.
        let mut positions = ByKey::<usize>::with_capacity_and_hasher(keys.len(), Default::default());
        for (position, &key) in keys.iter().enumerate() {
            positions.entry(key).or_insert(position);
        }
        let mut rows = Array2::zeros((texts.len(), self.dimension()));
        let mut known = self.fill(&positions, &mut rows).unwrap_or_else(|reason| {
            let path = self.path.display();
            warnings.push(format!(
                "the embedding cache {path} is not used ({reason}); its texts are embedded again"
            ));
            vec![false; texts.len()]
        });
        for (key, vector) in &*unwritten {
            if let Some(&position) = positions.get(key) {
                rows.row_mut(position).assign(&ArrayView1::from(vector));
                known[position] = true;
            }
        }
        let first = |position: &usize| positions[&keys[*position]] == *position;
        let missing: Vec<usize> = (0..texts.len()).filter(|at| !known[*at] && first(at)).collect();
        let wanted: Vec<&str> = missing.iter().map(|&position| texts[position]).collect();
        let found = texts.len() - missing.len();
        progress(found);
        let fresh = self.inner.embed(role, &wanted, &mut |done| progress(found + done))?;
        for (&position, vector) in missing.iter().zip(fresh.rows()) {
            rows.row_mut(position).assign(&vector);
        }
        drop(fresh);
        for position in (0..texts.len()).filter(|position| !first(position)) {
            let (before, mut rest) = rows.view_mut().split_at(Axis(0), position);
            rest.row_mut(0).assign(&before.row(positions[&keys[position]]));
        }
        if !missing.is_empty() {
            let (used, vectors): (Vec<u128>, Vec<ArrayView1<f32>>) =
                (0..texts.len()).filter(first).map(|at| (keys[at], rows.row(at))).unzip();
            // Another process may have written meanwhile: what the file has now is taken over.
            let old = self.open().unwrap_or(None);
            let written = match old {
                // What is wrong with a file shows when it is read.
                Some(old) => {
                    self.write(Some(old), &used, &vectors).or_else(|_| self.write(None, &used, &vectors))
                }
                None => self.write(None, &used, &vectors),
            };
            if let Err(error) = written {
                let path = self.path.display();
                warnings.push(format!("the embedding cache {path} could not be written: {error}"));
                unwritten.extend(missing.iter().map(|&at| (keys[at], rows.row(at).to_vec())));
            }
        }
        Ok(rows)
    }
}

impl CacheFile {
    /// Opens a file and reads all but its vectors; `None` where there is none.
    fn open(
        path: &Path,
        model: &ModelId,
        dimension: usize,
        max_bytes: u64,
    ) -> std::result::Result<Option<Self>, String> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        if size > max_bytes {
            return Err(format!("it has {size} bytes, more than {max_bytes}"));
        }
        let cut = || "it is cut short".to_owned();
        let mut sum = Xxh3::new();
        let mut read = |bytes: &mut [u8]| {
            file.read_exact(bytes).map_err(|_| cut())?;
            sum.update(bytes);
            Ok::<_, String>(())
        };
        let mut header = [0; HEADER_BYTES];
        read(&mut header)?;
        let number =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if &header[..8] != MAGIC {
            return Err("it is no embedding cache".into());
        }
        if number(8) != VERSION {
            return Err(format!("it has version {}, not {VERSION}", number(8)));
        }
        let mut name = vec![0; model.as_str().len()];
        if number(16) as usize != name.len() || number(12) as usize != dimension {
            return Err("it belongs to another model".into());
        }
        read(&mut name)?;
        if name != model.as_str().as_bytes() {
            return Err("it belongs to another model".into());
        }
        let row_bytes = 4 * dimension;
        let count = u64::from(number(20)) | u64::from(number(24)) << 32;
        let fixed = (HEADER_BYTES + name.len() + CHECKSUM_BYTES) as u64;
        let expected = count.checked_mul(16 + row_bytes as u64).and_then(|bytes| bytes.checked_add(fixed));
        if expected != Some(size) {
            return Err(cut());
        }
        let mut keys = vec![0; 16 * count as usize];
        read(&mut keys)?;
        let keys = keys.as_chunks::<16>().0.iter().map(|&key| u128::from_le_bytes(key)).collect();
        Ok(Some(CacheFile { file, keys, row_bytes, sum }))
    }

    /// Reads all vectors and gives each, as bytes, with its position among the keys. Only at the end it
    /// shows whether they are sound.
    fn vectors(mut self, mut take: impl FnMut(usize, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let at_a_time = (CHUNK_BYTES / self.row_bytes.max(1)).max(1);
        let mut bytes = vec![0; at_a_time * self.row_bytes];
        for start in (0..self.keys.len()).step_by(at_a_time) {
            let count = at_a_time.min(self.keys.len() - start);
            let bytes = &mut bytes[..count * self.row_bytes];
            self.file.read_exact(bytes)?;
            self.sum.update(bytes);
            for (at, row) in (start..).zip(bytes.chunks_exact(self.row_bytes.max(1))) {
                take(at, row)?;
            }
        }
        let mut checksum = [0; CHECKSUM_BYTES];
        self.file.read_exact(&mut checksum)?;
        if self.sum.digest() == u64::from_le_bytes(checksum) {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong"))
        }
    }
}

/// Writes and sums what it writes.
struct Summed<W> {
    file: W,
    sum: Xxh3,
}

impl<W: Write> Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::HashEmbedder;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts the texts that reach it.
    struct Counting {
        inner: HashEmbedder,
        count: AtomicUsize,
    }

    impl Counting {
        fn new() -> Self {
            Counting { inner: HashEmbedder::new(), count: AtomicUsize::new(0) }
        }
    }

    impl Embedder for Counting {
        fn model(&self) -> &ModelId {
            self.inner.model()
        }
        fn dimension(&self) -> usize {
            self.inner.dimension()
        }
        fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
            self.count.fetch_add(texts.len(), Ordering::Relaxed);
            self.inner.embed(role, texts, progress)
        }
    }

    fn cached(folder: &Path) -> CachedEmbedder<Counting> {
        CachedEmbedder::new(Counting::new(), folder)
    }

    fn embedded(embedder: &CachedEmbedder<Counting>, texts: &[&str]) -> (Array2<f32>, usize) {
        let before = embedder.inner().count.load(Ordering::Relaxed);
        let rows = embedder.embed(Role::Passage, texts, &mut |_| ()).unwrap();
        (rows, embedder.inner().count.load(Ordering::Relaxed) - before)
    }

    #[test]
    fn a_second_start_embeds_only_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let texts = ["one", "two", "one", "three"];
        let (first, count) = embedded(&cached(folder.path()), &texts);
        assert_eq!(count, 3);
        let second = cached(folder.path());
        assert_eq!(embedded(&second, &texts), (first, 0));
        let (_, count) = embedded(&second, &["one", "four"]);
        assert_eq!(count, 1);
        assert!(second.take_warnings().is_empty());
    }

    #[test]
    fn queries_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let embedder = cached(folder.path());
        embedder.embed(Role::Query, &["secret"], &mut |_| ()).unwrap();
        assert!(!embedder.path().exists());
        embedder.embed(Role::Passage, &["secret"], &mut |_| ()).unwrap();
        assert_eq!(embedder.inner().count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_broken_file_costs_time_and_one_warning() {
        let folder = tempfile::tempdir().unwrap();
        embedded(&cached(folder.path()), &["one", "two"]);
        let path = cached(folder.path()).path().to_owned();
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[HEADER_BYTES + 40] ^= 1;
        let mut newer = whole.clone();
        newer[8] = 9;
        let mut huge = whole.clone();
        huge[20..28].fill(0xff);
        let cut = [0, 1, HEADER_BYTES, whole.len() / 2, whole.len() - 1].map(|at| whole[..at].to_vec());
        for broken in
            cut.into_iter().chain([flipped, newer, huge, b"something else entirely, long enough".to_vec()])
        {
            fs::write(&path, broken).unwrap();
            let embedder = cached(folder.path());
            assert_eq!(embedded(&embedder, &["one", "two"]).1, 2);
            assert_eq!(embedder.take_warnings().len(), 1);
            assert_eq!(fs::read(&path).unwrap(), whole, "it is written anew");
        }
    }

    #[test]
    fn an_unwritable_folder_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let embedder = cached(&file.join("below"));
        let (rows, _) = embedded(&embedder, &["one"]);
        assert_eq!(rows.nrows(), 1);
        assert!(!embedder.take_warnings().is_empty());
        assert_eq!(embedded(&embedder, &["one"]).1, 0, "it is still remembered in memory");
    }

    #[test]
    fn the_file_is_bounded_and_keeps_what_was_used_last() {
        let folder = tempfile::tempdir().unwrap();
        let bounded = || cached(folder.path()).with_max_bytes(HEADER_BYTES as u64 + 16 + 3 * (16 + 4 * 256));
        embedded(&bounded(), &["one", "two", "three"]);
        embedded(&bounded(), &["one", "four"]);
        assert_eq!(embedded(&bounded(), &["one", "three", "four"]).1, 0);
        assert_eq!(embedded(&bounded(), &["two"]).1, 1);
        assert!(fs::metadata(bounded().path()).unwrap().len() <= bounded().max_bytes);
    }

    #[test]
    fn processes_side_by_side_keep_each_others_vectors() {
        let folder = tempfile::tempdir().unwrap();
        let (left, right) = (cached(folder.path()), cached(folder.path()));
        embedded(&left, &["one"]);
        embedded(&right, &["two"]);
        embedded(&left, &["three"]);
        assert_eq!(embedded(&cached(folder.path()), &["one", "two", "three"]).1, 0);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    for round in 0..10 {
                        let embedder = cached(folder);
                        embedded(&embedder, &[&format!("{thread} {round}")]);
                        assert!(embedder.take_warnings().is_empty());
                    }
                });
            }
        });
    }

    #[test]
    fn only_cache_files_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        embedded(&cached(folder.path()), &["one"]);
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        fs::write(folder.path().join("glove.vectors"), "the 0.1 0.2").unwrap();
        assert_eq!(clear(folder.path()).unwrap().0, 1);
        assert!(folder.path().join("notes.txt").exists() && folder.path().join("glove.vectors").exists());
        assert_eq!(clear(&folder.path().join("missing")).unwrap(), (0, 0));
    }
}
