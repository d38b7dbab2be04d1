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

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::{Array2, ArrayView1};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

use crate::embed::{Embedder, ModelId, Progress, Role};
use crate::error::{Error, Result};
use crate::files::{self, Readers};

const MAGIC: &[u8; 8] = b"FAQBOTEC";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 4 + 4 + 8;
const CHECKSUM_BYTES: usize = 8;

/// A cache file grows to this many bytes; then those go that were in use at a write the longest ago. It
/// holds 340,000 vectors of 384 numbers.
pub const MAX_BYTES: u64 = 512 << 20;

/// An embedder that remembers the vectors of passages on disk.
pub struct CachedEmbedder<E> {
    inner: E,
    path: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    store: Option<Store>,
    /// What went wrong with the file, until it is asked for.
    warnings: Vec<String>,
}

/// Vectors by key, in order of use.
struct Store {
    keys: Vec<u128>,
    vectors: Vec<f32>,
    dimension: usize,
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

    fn read(&self, warnings: &mut Vec<String>) -> Store {
        let dimension = self.inner.dimension();
        match Store::read(&self.path, self.inner.model(), dimension, self.max_bytes) {
            Ok(Some(store)) => store,
            Ok(None) => Store::new(dimension),
            Err(reason) => {
                let path = self.path.display();
                warnings.push(format!(
                    "the embedding cache {path} is not used ({reason}); its texts are embedded again"
                ));
                Store::new(dimension)
            }
        }
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
        let State { store, warnings } = &mut *state;
        let store = store.get_or_insert_with(|| self.read(warnings));

        let keys: Vec<u128> = texts.iter().map(|text| key(role, text)).collect();
        let known: HashMap<u128, usize> =
            store.keys.iter().enumerate().map(|(row, &key)| (key, row)).collect();
        // Each missing text once, however often it is asked for.
        let mut missing: HashMap<u128, usize> = HashMap::new();
        let mut wanted = Vec::new();
        for (&key, &text) in keys.iter().zip(texts) {
            if !known.contains_key(&key) {
                missing.entry(key).or_insert_with(|| {
                    wanted.push(text);
                    wanted.len() - 1
                });
            }
        }
        let found = texts.len() - wanted.len();
        progress(found);
        let fresh = self.inner.embed(role, &wanted, &mut |done| progress(found + done))?;

        let mut rows = Array2::zeros((texts.len(), self.dimension()));
        for (key, mut row) in keys.iter().zip(rows.rows_mut()) {
            match known.get(key) {
                Some(&at) => row.assign(&store.row(at)),
                None => row.assign(&fresh.row(missing[key])),
            }
        }
        if !missing.is_empty() {
            // Another process may have written meanwhile: what it has is taken over, not lost.
            let mut merged = Store::read(&self.path, self.model(), self.dimension(), self.max_bytes)
                .ok()
                .flatten()
                .unwrap_or_else(|| Store::new(self.dimension()));
            merged.put_last(&keys, rows.view().rows().into_iter());
            merged.shrink_to(self.max_bytes, self.model());
            if let Err(error) = merged.write(&self.path, self.model()) {
                let path = self.path.display();
                warnings.push(format!("the embedding cache {path} could not be written: {error}"));
            }
            *store = merged;
        }
        Ok(rows)
    }
}

impl Store {
    fn new(dimension: usize) -> Self {
        Store { keys: Vec::new(), vectors: Vec::new(), dimension }
    }

    fn row(&self, index: usize) -> ArrayView1<'_, f32> {
        ArrayView1::from(&self.vectors[index * self.dimension..(index + 1) * self.dimension])
    }

    /// Adds vectors, or moves those that are there to the end.
    fn put_last<'r>(&mut self, keys: &[u128], rows: impl Iterator<Item = ArrayView1<'r, f32>>) {
        let replaced: HashSet<u128> = keys.iter().copied().collect();
        let mut kept = Store::new(self.dimension);
        for (index, key) in self.keys.iter().enumerate().filter(|(_, key)| !replaced.contains(key)) {
            kept.keys.push(*key);
            kept.vectors.extend(self.row(index).iter());
        }
        let mut added = HashSet::new();
        for (&key, row) in keys.iter().zip(rows) {
            if added.insert(key) {
                kept.keys.push(key);
                kept.vectors.extend(row.iter());
            }
        }
        *self = kept;
    }

    /// Drops the least recently used vectors until the file fits.
    fn shrink_to(&mut self, max_bytes: u64, model: &ModelId) {
        let fixed = (HEADER_BYTES + CHECKSUM_BYTES + model.as_str().len()) as u64;
        let each = (16 + 4 * self.dimension) as u64;
        let room = (max_bytes.saturating_sub(fixed) / each) as usize;
        let excess = self.keys.len().saturating_sub(room);
        self.keys.drain(..excess);
        self.vectors.drain(..excess * self.dimension);
    }

    /// Reads a file; `None` where there is none.
    fn read(
        path: &Path,
        model: &ModelId,
        dimension: usize,
        max_bytes: u64,
    ) -> std::result::Result<Option<Self>, String> {
        let size = match fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        if size > max_bytes {
            return Err(format!("it has {size} bytes, more than {max_bytes}"));
        }
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        Self::decode(&bytes, model, dimension).map(Some)
    }

    fn decode(bytes: &[u8], model: &ModelId, dimension: usize) -> std::result::Result<Self, String> {
        let (body, checksum) = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .filter(|(body, _)| body.len() >= HEADER_BYTES)
            .ok_or("it is cut short")?;
        let number = |at: usize| u32::from_le_bytes([body[at], body[at + 1], body[at + 2], body[at + 3]]);
        if &body[..8] != MAGIC {
            return Err("it is no embedding cache".into());
        }
        if number(8) != VERSION {
            return Err(format!("it has version {}, not {VERSION}", number(8)));
        }
        if xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err("its checksum is wrong".into());
        }
        let count = u64::from(number(20)) | u64::from(number(24)) << 32;
        let (name, rest) =
            body[HEADER_BYTES..].split_at_checked(number(16) as usize).ok_or("it is cut short")?;
        if name != model.as_str().as_bytes() || number(12) as usize != dimension {
            return Err("it belongs to another model".into());
        }
        let count = usize::try_from(count).map_err(|_| "it is cut short")?;
        if count.checked_mul(16 + 4 * dimension) != Some(rest.len()) {
            return Err("it is cut short".into());
        }
        let (keys, vectors) = rest.split_at(count * 16);
        let (keys, _) = keys.as_chunks::<16>();
        let (vectors, _) = vectors.as_chunks::<4>();
        Ok(Store {
            keys: keys.iter().map(|&key| u128::from_le_bytes(key)).collect(),
            vectors: vectors.iter().map(|&number| f32::from_le_bytes(number)).collect(),
            dimension,
        })
    }

    /// Writes the file under another name, syncs and renames it: whoever reads it meanwhile, or after
    /// a crash, finds a whole file.
    fn write(&self, path: &Path, model: &ModelId) -> io::Result<()> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let file = files::whole(path, Readers::Owner, |out| {
            let mut out = Summed { file: out, sum: Xxh3::new() };
            out.write(MAGIC)?;
            out.write(&VERSION.to_le_bytes())?;
            out.write(&(self.dimension as u32).to_le_bytes())?;
            out.write(&(model.as_str().len() as u32).to_le_bytes())?;
            out.write(&(self.keys.len() as u64).to_le_bytes())?;
            out.write(model.as_str().as_bytes())?;
            for key in &self.keys {
                out.write(&key.to_le_bytes())?;
            }
            for number in &self.vectors {
                out.write(&number.to_le_bytes())?;
            }
            out.file.write_all(&out.sum.digest().to_le_bytes())
        })?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
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
