//! Vectors kept on disk, so that a second start embeds nothing and an edit only what changed.
//!
//! A file for each list of texts that was embedded together, such as those of a FAQ, in their order: the
//! vectors of a large FAQ can stay in it, and a small one is not kept waiting by its neighbours. Beside it
//! may lie a file of what was [prepared](Passages::beside) from the vectors; they come and go together. Texts
//! that no file has in this order are looked for in all files of the model. A file that has become
//! another by an edit is removed; of the rest, those go that were used the longest ago.
//!
//! Whatever is wrong with a file costs time, never an answer. Queries are not kept: what people ask is
//! theirs.
//!
//! # File
//!
//! Arrays (`src/arrays.rs`), then rows:
//!
//! | what | numbers |
//! |---|---|
//! | version, 2, and dimension `d` | 2 of 4 bytes |
//! | the model's id | UTF-8 |
//! | keys: xxh3-128 of each text | `n` of 16 bytes |
//! | [checks](crate::rows::check) of the vectors | `n` of 8 bytes |
//! | the vectors, in the order of the keys | `d n` of 4 bytes, after the checksum |

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use ndarray::{Array2, ArrayView1};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::arrays::{ArrayReader, ArrayWriter, Magic, broken};
use crate::embed::{Embedder, ModelId, Passages, Progress, Role, copy_rows};
use crate::error::{Error, Result};
use crate::files::{self, Readers};
use crate::hashed::ByHash;
use crate::rows::{Rows, RowsFile, check};

const MAGIC: &Magic = b"FAQBOTEC";
const VERSION: u32 = 2;

/// How files of vectors end.
const VECTORS: &str = "vectors";
/// How files end in which something is kept that was made from vectors, beside them.
const PREPARED: &str = "prepared";

/// A folder may hold this many bytes; then those files go that were used the longest ago. Vectors of 384
/// numbers for 680,000 texts take as much. A single file may be larger.
pub const MAX_BYTES: u64 = 1 << 30;

/// A file goes when a new one has all but this share of its texts.
const EDITED_SHARE: f64 = 0.1;

/// Vectors that are read together.
const ROWS_A_READ: usize = 256;

/// An embedder that remembers the vectors of passages on disk.
pub struct CachedEmbedder<E> {
    inner: E,
    folder: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Vectors that could not be written.
    unwritten: ByKey<Vec<f32>>,
    /// What went wrong with files, until it is asked for.
    warnings: Vec<String>,
}

/// A map from keys.
type ByKey<T> = ByHash<u128, T>;

/// A file that was opened: its keys are in memory, its vectors are not.
struct VectorFile {
    path: PathBuf,
    keys: Vec<u128>,
    rows: Rows,
}

/// Removes all cache files from `folder` and gives their number and bytes. Other files stay.
///
/// # Errors
///
/// The folder cannot be read, or a file not removed.
pub fn clear(folder: &Path) -> Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for path in files_in(folder).map_err(Error::io(folder))? {
        if is_cache_file(&path) {
            bytes += fs::metadata(&path).map_err(Error::io(&path))?.len();
            fs::remove_file(&path).map_err(Error::io(&path))?;
            count += 1;
        }
    }
    Ok((count, bytes))
}

/// What is in a folder; nothing where there is no folder.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
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
        && MAGIC.starts_with(&begin)
}

impl<E: Embedder> CachedEmbedder<E> {
    /// Wraps `inner`, with its vectors in files in `folder`.
    pub fn new(inner: E, folder: &Path) -> Self {
        CachedEmbedder { inner, folder: folder.to_owned(), max_bytes: MAX_BYTES, state: Mutex::default() }
    }

    /// The same with another bound on the bytes in the folder.
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        CachedEmbedder { max_bytes, ..self }
    }

    /// The embedder behind the cache.
    pub fn inner(&self) -> &E {
        &self.inner
    }

    /// What went wrong with files since this was last asked: one line each, for the user.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).warnings)
    }

    /// How the names of the model's files begin.
    fn stem(&self) -> String {
        let model = self.model().as_str();
        let readable: String = model
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
            .take(80)
            .collect();
        format!("{readable}-{:08x}-", xxh3_64(model.as_bytes()) as u32)
    }

    /// The file for a list of texts.
    fn path(&self, keys: &[u128]) -> PathBuf {
        let list = xxh3_64(bytemuck::cast_slice(keys));
        self.folder.join(format!("{}{list:016x}.{VECTORS}", self.stem()))
    }

    /// All files of the model that can be read.
    fn files(&self) -> Vec<VectorFile> {
        let stem = self.stem();
        let of_model = |path: &PathBuf| {
            path.extension().is_some_and(|extension| extension == VECTORS)
                && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&stem))
        };
        let paths = files_in(&self.folder).unwrap_or_default().into_iter().filter(of_model);
        paths.filter_map(|path| VectorFile::open(&path, self.model(), self.dimension()).ok()?).collect()
    }

    /// The vectors of texts with these keys, from the files that have them, else from the embedder. They
    /// are kept if some had to be embedded, or in any case where that is `wanted`.
    fn gather(
        &self,
        state: &mut State,
        texts: &[&str],
        keys: &[u128],
        wanted: bool,
        progress: Progress,
    ) -> Result<Array2<f32>> {
        // Each text once, however often it is there.
        let mut positions = ByKey::<usize>::with_capacity_and_hasher(keys.len(), Default::default());
        let firsts: Vec<usize> = keys
            .iter()
            .enumerate()
            .map(|(position, &key)| *positions.entry(key).or_insert(position))
            .collect();
        let mut rows = Array2::zeros((texts.len(), self.dimension()));
        let mut known = vec![false; texts.len()];
        let files = self.files();
        for file in &files {
            if let Err(reason) = file.copy(&positions, &mut known, &mut rows) {
                state.warnings.push(unused(&file.path, &reason));
            }
        }
        for (key, vector) in &state.unwritten {
            if let Some(&position) = positions.get(key) {
                rows.row_mut(position).assign(&ArrayView1::from(vector));
                known[position] = true;
            }
        }
        let missing: Vec<usize> = (0..texts.len()).filter(|&at| !known[at] && firsts[at] == at).collect();
        let unknown: Vec<&str> = missing.iter().map(|&position| texts[position]).collect();
        let found = texts.len() - missing.len();
        progress(found);
        let fresh = self.inner.embed(Role::Passage, &unknown, &mut |done| progress(found + done))?;
        for (&position, vector) in missing.iter().zip(fresh.rows()) {
            rows.row_mut(position).assign(&vector);
        }
        copy_rows(&mut rows, &firsts);
        if (wanted || !missing.is_empty())
            && let Err(error) = self.keep(keys, &rows, files)
        {
            let folder = self.folder.display();
            state.warnings.push(format!("the embedding cache {folder} could not be written: {error}"));
            state.unwritten.extend(missing.iter().map(|&at| (keys[at], rows.row(at).to_vec())));
        }
        Ok(rows)
    }

    /// Keeps vectors, whole or not at all, and removes files that are not needed any more.
    fn keep(&self, keys: &[u128], rows: &Array2<f32>, others: Vec<VectorFile>) -> io::Result<()> {
        let path = self.path(keys);
        fs::create_dir_all(&self.folder)?;
        let numbers = rows.as_slice().unwrap_or_default();
        let checks: Vec<u64> = numbers.chunks_exact(rows.ncols().max(1)).map(check).collect();
        let file = files::whole(&path, Readers::Owner, |out| {
            let mut writer = ArrayWriter::new(out, MAGIC)?;
            writer.array(&[VERSION, rows.ncols() as u32])?;
            writer.array(self.model().as_str().as_bytes())?;
            writer.array(keys)?;
            writer.array(&checks)?;
            writer.finish()?.write_all(bytemuck::cast_slice(numbers))
        })?;
        file.persist(&path).map_err(|error| error.error)?;

        let new: ByKey<()> = keys.iter().map(|&key| (key, ())).collect();
        for other in others.into_iter().filter(|other| other.path != path) {
            let gone = other.keys.iter().filter(|key| !new.contains_key(key)).count();
            if gone as f64 <= EDITED_SHARE * other.keys.len() as f64 {
                remove(&other.path);
            }
        }
        self.make_room(&path);
        Ok(())
    }

    /// Removes the files that were used the longest ago, but not this one, until the folder has few
    /// enough bytes.
    fn make_room(&self, used: &Path) {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = files_in(&self.folder)
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
            if bytes <= self.max_bytes {
                break;
            }
            if path.with_extension(VECTORS) != used {
                // What was made from the vectors goes with them, if it has not gone before.
                remove(&path);
                bytes -= size;
            }
        }
    }
}

/// Removes a file of vectors and what was made from them. Where that fails, another write will do it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path.with_extension(PREPARED));
    let _ = fs::remove_file(path);
}

fn key(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
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
        let keys: Vec<u128> = texts.iter().map(|text| key(text)).collect();
        self.gather(&mut state, texts, &keys, false, progress)
    }

    fn passages(&self, texts: &[&str], progress: Progress) -> Result<Passages> {
        if texts.is_empty() {
            return Ok(Passages { rows: Array2::zeros((0, self.dimension())).into(), beside: None });
        }
        let keys: Vec<u128> = texts.iter().map(|text| key(text)).collect();
        let path = self.path(&keys);
        let beside = Some(path.with_extension(PREPARED));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match VectorFile::open(&path, self.model(), self.dimension()) {
            Ok(Some(file)) if file.keys == keys => {
                // What is used stays longest. Where the time cannot be set, it is that of the writing.
                let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
                progress(texts.len());
                return Ok(Passages { rows: file.rows, beside });
            }
            Ok(_) => {}
            Err(reason) => state.warnings.push(unused(&path, &reason)),
        }
        let rows = self.gather(&mut state, texts, &keys, true, progress)?;
        Ok(Passages { rows: rows.into(), beside })
    }
}

/// The warning for a file that is not used.
fn unused(path: &Path, reason: &io::Error) -> String {
    format!("the embedding cache {} is not used ({reason}); its texts are embedded again", path.display())
}

impl VectorFile {
    /// Opens a file and reads all but its vectors; `None` where there is none.
    fn open(path: &Path, model: &ModelId, dimension: usize) -> io::Result<Option<Self>> {
        let Some(mut reader) = ArrayReader::open(path, MAGIC)? else { return Ok(None) };
        let [version, found] = reader.array::<u32>()?[..] else { return Err(broken("it is cut short")) };
        if version != VERSION {
            return Err(broken(&format!("it has version {version}, not {VERSION}")));
        }
        if found as usize != dimension || reader.array::<u8>()? != model.as_str().as_bytes() {
            return Err(broken("it belongs to another model"));
        }
        let (keys, checks) = (reader.array::<u128>()?, reader.array::<u64>()?);
        let (file, offset, size) = reader.finish()?;
        let bytes = (keys.len() as u64).checked_mul(4 * dimension as u64);
        if checks.len() != keys.len() || bytes != Some(size - offset) {
            return Err(broken("it is cut short"));
        }
        let rows = Rows::File(Arc::new(RowsFile::new(file, offset, dimension, checks)));
        Ok(Some(VectorFile { path: path.to_owned(), keys, rows }))
    }

    /// Copies the vectors that it has to their positions, where they are not known yet. Those that are
    /// broken stay unknown, and are an error once the others are copied.
    fn copy(&self, positions: &ByKey<usize>, known: &mut [bool], rows: &mut Array2<f32>) -> io::Result<()> {
        let mut result = Ok(());
        let target = |at: usize| positions.get(&self.keys[at]).copied();
        for start in (0..self.keys.len()).step_by(ROWS_A_READ) {
            let wanted = |at: &usize| target(*at).is_some_and(|position| !known[position]);
            let part: Vec<usize> = (start..self.keys.len().min(start + ROWS_A_READ)).filter(wanted).collect();
            let (Some(&first), Some(&last)) = (part.first(), part.last()) else { continue };
            let mut copy = |at: usize, row: ArrayView1<f32>| {
                if let Some(position) = target(at) {
                    rows.row_mut(position).assign(&row);
                    known[position] = true;
                }
            };
            match self.rows.block(first..last + 1) {
                Ok(block) => part.iter().for_each(|&at| copy(at, block.row(at - first))),
                // One by one, so that one broken vector costs only itself.
                Err(_) => {
                    for at in part {
                        match self.rows.block(at..at + 1) {
                            Ok(row) => copy(at, row.row(0)),
                            Err(error) => result = Err(error),
                        }
                    }
                }
            }
        }
        result
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

    /// The files of a folder, by name.
    fn names(folder: &Path) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut names: Vec<String> = files_in(folder).unwrap().into_iter().filter_map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn queries_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let embedder = cached(folder.path());
        embedder.embed(Role::Query, &["secret"], &mut |_| ()).unwrap();
        assert!(names(folder.path()).is_empty());
        embedder.embed(Role::Passage, &["secret"], &mut |_| ()).unwrap();
        assert_eq!(embedder.inner().count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn passages_stay_in_the_file_and_an_edit_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let passages = |texts: &[&str]| {
            let embedder = cached(folder.path());
            let passages = embedder.passages(texts, &mut |_| ()).unwrap();
            assert!(embedder.take_warnings().is_empty());
            (passages, embedder.inner().count.load(Ordering::Relaxed))
        };
        let texts: Vec<String> = (0..30).map(|number| format!("text {number}")).collect();
        let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (first, count) = passages(&texts);
        assert!(first.rows.in_memory().is_some() && count == 30);
        fs::write(first.beside.unwrap(), b"FAQBOTEV").unwrap();
        let (second, count) = passages(&texts);
        assert!(second.rows.in_memory().is_none() && count == 0);
        assert_eq!(second.rows.read().unwrap(), first.rows.read().unwrap());
        assert_eq!(names(folder.path()).len(), 2);
        // An edit, and one of another order: nothing of the old is left.
        texts[3] = "edited";
        assert_eq!(passages(&texts).1, 1);
        texts.reverse();
        assert_eq!(passages(&texts).1, 0);
        assert_eq!(names(folder.path()).len(), 1);
        // Another list with some of the same texts is another FAQ.
        assert_eq!(passages(&texts[..10]).1, 0);
        assert_eq!(names(folder.path()).len(), 2);
        // Its file is open all the while.
        assert_eq!(second.rows.block(0..1).unwrap().row(0), first.rows.block(0..1).unwrap().row(0));
    }

    #[test]
    fn a_broken_file_costs_time_and_one_warning() {
        let folder = tempfile::tempdir().unwrap();
        let read = |embedder: &CachedEmbedder<Counting>| {
            let Passages { rows, .. } = embedder.passages(&["one", "two"], &mut |_| ()).unwrap();
            // What a bot does where reading fails.
            let rows = rows.read().unwrap_or_else(|_| embedded(embedder, &["one", "two"]).0.into());
            (rows, embedder.inner().count.load(Ordering::Relaxed))
        };
        let expected = read(&cached(folder.path())).0;
        let path = folder.path().join(&names(folder.path())[0]);
        let whole = fs::read(&path).unwrap();
        let changed = |at: usize| {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            changed
        };
        let cut = [0, 1, 40, whole.len() / 2, whole.len() - 1].map(|at| whole[..at].to_vec());
        let foreign = b"something else entirely, long enough".to_vec();
        for broken in cut.into_iter().chain([changed(8), changed(24), changed(60), changed(100), foreign]) {
            fs::write(&path, broken).unwrap();
            let embedder = cached(folder.path());
            assert_eq!(read(&embedder), (expected.clone(), 2));
            assert_eq!(embedder.take_warnings().len(), 1);
            assert_eq!(fs::read(&path).unwrap(), whole, "it is written anew");
        }
        // One broken vector costs one text.
        fs::write(&path, changed(whole.len() - 1)).unwrap();
        let embedder = cached(folder.path());
        assert_eq!(read(&embedder), (expected, 1));
        assert_eq!(embedder.take_warnings().len(), 1);
        assert_eq!(fs::read(&path).unwrap(), whole, "it is written anew");
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
    fn the_folder_is_bounded_and_keeps_what_was_used_last() {
        let folder = tempfile::tempdir().unwrap();
        embedded(&cached(folder.path()), &["one"]);
        let size = fs::metadata(folder.path().join(&names(folder.path())[0])).unwrap().len();
        let bounded = || cached(folder.path()).with_max_bytes(2 * size);
        let passages = |text: &str| {
            let embedder = bounded();
            embedder.passages(&[text], &mut |_| ()).unwrap();
            embedder.inner().count.load(Ordering::Relaxed)
        };
        // Files have the times of their use, which a file system may count in steps.
        let pause = || std::thread::sleep(std::time::Duration::from_millis(20));
        pause();
        assert_eq!(passages("two"), 1);
        pause();
        assert_eq!(passages("one"), 0);
        pause();
        assert_eq!(passages("three"), 1);
        assert_eq!(names(folder.path()).len(), 2);
        assert_eq!(passages("one"), 0);
        assert_eq!(passages("two"), 1);
        // One that is too large for the folder stays as long as it is the only one.
        let large = cached(folder.path()).with_max_bytes(10);
        embedded(&large, &["four"]);
        assert_eq!(names(folder.path()).len(), 1);
        assert_eq!(embedded(&large, &["four"]).1, 0);
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
