//! Keeps vectors on disk, so that a second start embeds nothing, and an edit only what changed.
//!
//! There is one file for each list of texts that were embedded together, such as those of a FAQ, in their
//! order. The vectors of a large FAQ can then stay in the file, and a small FAQ does not have to wait for
//! others. A file of what was [prepared](Passages::beside) from the vectors may lie beside it; the two are
//! removed together. Texts that no file has in this order are looked up in all files of the model. A file
//! that an edit made obsolete is removed; among the rest, the least recently used go first.
//!
//! A broken file costs time, never an answer. Queries are not kept: what people ask is their own business.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use ndarray::{Array2, ArrayView1};
use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_64;

use super::{Embedder, ModelId, Passages, Progress, Reader, Role, copy_rows};
use crate::error::Result;
use crate::storage::cache_folder::{MAX_BYTES, PREPARED, VECTORS, files_in, make_room, remove};
use crate::storage::files::{remove_leftovers, write_private};
use crate::storage::vector_file::{VectorFile, key};

/// A file is removed when a new one has all but this share of its texts.
const EDITED_SHARE: f64 = 0.1;

/// Texts that are embedded before what is done is kept: some seconds of work.
const PART: usize = 2048;

/// An embedder that keeps the vectors of passages on disk.
pub struct CachedEmbedder<E> {
    inner: E,
    folder: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Vectors that could not be written.
    unwritten: FxHashMap<u128, Vec<f32>>,
    /// What went wrong with files, until [`CachedEmbedder::take_warnings`] takes it.
    warnings: Vec<String>,
}

impl<E: Embedder> CachedEmbedder<E> {
    /// Wraps `inner` and keeps its vectors in files in `folder`.
    pub fn new(inner: E, folder: &Path) -> Self {
        CachedEmbedder { inner, folder: folder.to_owned(), max_bytes: MAX_BYTES, state: Mutex::default() }
    }

    /// The same with another limit on the bytes in the folder.
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        CachedEmbedder { max_bytes, ..self }
    }

    /// The embedder behind the cache.
    pub fn inner(&self) -> &E {
        &self.inner
    }

    /// What went wrong with files since the last call: one line each, for the user.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).warnings)
    }

    /// Takes in a file of vectors that was made elsewhere, so that its texts are not embedded here. What is broken, or of
    /// another model, is not kept.
    ///
    /// # Errors
    ///
    /// It is no such file, or cannot be written.
    pub fn take_in(&self, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{}{:016x}.{VECTORS}", self.stem(), xxh3_64(bytes)));
        write_private(&path, |out| out.write_all(bytes))?;
        match VectorFile::open(&path, self.model().as_str(), self.dimension()) {
            Ok(None) => Ok(()),
            // Under the name of its texts it is found without a look at all others.
            Ok(Some(file)) => fs::rename(&path, self.path(&file.keys)),
            Err(reason) => {
                remove(&path);
                Err(reason)
            }
        }
    }

    /// The start of the names of the model's files.
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

    /// The paths of all files of the model.
    fn files(&self) -> Vec<PathBuf> {
        let stem = self.stem();
        let of_model = |path: &PathBuf| {
            path.extension().is_some_and(|extension| extension == VECTORS)
                && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&stem))
        };
        files_in(&self.folder).unwrap_or_default().into_iter().filter(of_model).collect()
    }

    /// The vectors of the texts with these keys, from the files that have them, else from the embedder. They
    /// are kept if some had to be embedded, or in any case if `wanted`.
    fn gather(
        &self,
        state: &mut State,
        texts: &[&str],
        keys: &[u128],
        wanted: bool,
        progress: Progress,
    ) -> Result<Array2<f32>> {
        // Each text once, however often it occurs.
        let mut positions =
            FxHashMap::<u128, usize>::with_capacity_and_hasher(keys.len(), Default::default());
        let firsts: Vec<usize> = keys
            .iter()
            .enumerate()
            .map(|(position, &key)| *positions.entry(key).or_insert(position))
            .collect();
        let mut rows = Array2::zeros((texts.len(), self.dimension()));
        let mut known = vec![false; texts.len()];
        // One is open at a time: a folder may hold more than a process may open.
        let mut others: Vec<(PathBuf, Vec<u128>)> = Vec::new();
        for path in self.files() {
            let opened = VectorFile::open(&path, self.model().as_str(), self.dimension());
            let Ok(Some(file)) = opened else { continue };
            if let Err(reason) = file.copy(&positions, &mut known, &mut rows) {
                state.warnings.push(unused(&path, &reason));
            }
            others.push((path, file.keys));
        }
        for (key, vector) in &state.unwritten {
            if let Some(&position) = positions.get(key) {
                rows.row_mut(position).assign(&ArrayView1::from(vector));
                known[position] = true;
            }
        }
        let missing: Vec<usize> = (0..texts.len()).filter(|&at| !known[at] && firsts[at] == at).collect();
        let mut found = texts.len() - missing.len();
        progress(found);
        for part in missing.chunks(PART) {
            let unknown: Vec<&str> = part.iter().map(|&position| texts[position]).collect();
            let fresh = self.inner.embed(Role::Passage, &unknown, &mut |done| progress(found + done))?;
            for (&position, vector) in part.iter().zip(fresh.rows()) {
                rows.row_mut(position).assign(&vector);
            }
            found += part.len();
            // What is done is kept at once, in a file that the whole replaces: who is stopped goes on from there.
            if missing.len() > PART {
                let keys: Vec<u128> = part.iter().map(|&position| keys[position]).collect();
                let path = self.path(&keys);
                let kept = fs::create_dir_all(&self.folder)
                    .and_then(|()| VectorFile::write(&path, self.model().as_str(), &keys, &fresh));
                if kept.is_ok() {
                    others.push((path, keys));
                }
            }
        }
        copy_rows(&mut rows, &firsts);
        if (wanted || !missing.is_empty())
            && let Err(error) = self.keep(keys, &rows, others)
        {
            let folder = self.folder.display();
            state.warnings.push(format!("the embedding cache {folder} could not be written: {error}"));
            state.unwritten.extend(missing.iter().map(|&at| (keys[at], rows.row(at).to_vec())));
        }
        Ok(rows)
    }

    /// Keeps vectors, whole or not at all, and removes files that are no longer needed.
    fn keep(&self, keys: &[u128], rows: &Array2<f32>, others: Vec<(PathBuf, Vec<u128>)>) -> io::Result<()> {
        let path = self.path(keys);
        fs::create_dir_all(&self.folder)?;
        VectorFile::write(&path, self.model().as_str(), keys, rows)?;

        let new: FxHashSet<u128> = keys.iter().copied().collect();
        for (other, keys) in others.into_iter().filter(|(other, _)| *other != path) {
            let gone = keys.iter().filter(|key| !new.contains(key)).count();
            if gone as f64 <= EDITED_SHARE * keys.len() as f64 {
                remove(&other);
            }
        }
        make_room(&self.folder, &path, self.max_bytes);
        Ok(())
    }
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

    fn is_in_vocabulary(&self, word: &str) -> bool {
        self.inner.is_in_vocabulary(word)
    }

    fn languages(&self) -> Option<&str> {
        self.inner.languages()
    }

    fn reader(&self) -> Option<&dyn Reader> {
        self.inner.reader()
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
        remove_leftovers(&self.folder);
        let keys: Vec<u128> = texts.iter().map(|text| key(text)).collect();
        let path = self.path(&keys);
        let beside = Some(path.with_extension(PREPARED));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match VectorFile::open(&path, self.model().as_str(), self.dimension()) {
            Ok(Some(file)) if file.keys == keys => {
                // The most recently used stay longest. If the time cannot be set, it remains that of writing.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HashEmbedder;
    use crate::storage::cache_folder;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn vectors_from_elsewhere_are_not_embedded_again() {
        let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let rows = |folder: &Path, take_in: Option<&[u8]>| {
            let cached = CachedEmbedder::new(Counting::new(), folder);
            let taken = take_in.map(|bytes| cached.take_in(bytes));
            let rows =
                cached.passages(&["a b", "c"], &mut |_| ()).unwrap().rows.block(0..2).unwrap().to_owned();
            (rows, cached.inner().count.load(Ordering::Relaxed), taken)
        };
        let (first, embedded, _) = rows(there.path(), None);
        assert_eq!(embedded, 2);
        let file = files_in(there.path()).unwrap().remove(0);
        let bytes = fs::read(file).unwrap();
        let broken = rows(here.path(), Some(&bytes[..40])).2.unwrap();
        assert!(broken.is_err() && files_in(here.path()).unwrap().len() == 1);
        let other = tempfile::tempdir().unwrap();
        let (second, embedded, taken) = rows(other.path(), Some(&bytes));
        assert!(taken.unwrap().is_ok() && embedded == 0 && first == second);
    }

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
    fn what_is_done_is_kept_when_the_rest_fails() {
        /// Fails after its first call.
        struct Once(HashEmbedder, AtomicUsize);
        impl Embedder for Once {
            fn model(&self) -> &ModelId {
                self.0.model()
            }
            fn dimension(&self) -> usize {
                self.0.dimension()
            }
            fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
                if self.1.fetch_add(1, Ordering::Relaxed) > 0 {
                    return Err(crate::Error::Model("stopped".into()));
                }
                self.0.embed(role, texts, progress)
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let texts: Vec<String> = (0..PART + 10).map(|at| format!("text {at}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let stopped = CachedEmbedder::new(Once(HashEmbedder::new(), AtomicUsize::new(0)), folder.path());
        assert!(stopped.passages(&texts, &mut |_| ()).is_err());
        let next = cached(folder.path());
        next.passages(&texts, &mut |_| ()).unwrap();
        assert_eq!(next.inner().count.load(Ordering::Relaxed), 10);
        assert_eq!(names(folder.path()).len(), 1, "the part went with the whole");
    }

    /// The names of the files in a folder, sorted.
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
        // An edit, then another order: nothing of the old file is left.
        texts[3] = "edited";
        assert_eq!(passages(&texts).1, 1);
        texts.reverse();
        assert_eq!(passages(&texts).1, 0);
        assert_eq!(names(folder.path()).len(), 1);
        // Another list with some of the same texts is another FAQ.
        assert_eq!(passages(&texts[..10]).1, 0);
        assert_eq!(names(folder.path()).len(), 2);
        // The removed file is still open.
        assert_eq!(second.rows.block(0..1).unwrap().row(0), first.rows.block(0..1).unwrap().row(0));
    }

    #[test]
    fn a_broken_file_costs_time_and_one_warning() {
        let folder = tempfile::tempdir().unwrap();
        let read = |embedder: &CachedEmbedder<Counting>| {
            let Passages { rows, .. } = embedder.passages(&["one", "two"], &mut |_| ()).unwrap();
            // What a bot does if reading fails.
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
        // File times tell the last use, and some file systems store them coarsely.
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
        // A file that is too large for the folder stays while it is the only one.
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
        assert_eq!(cache_folder::clear(folder.path()).unwrap().0, 1);
        assert!(folder.path().join("notes.txt").exists() && folder.path().join("glove.vectors").exists());
        assert_eq!(cache_folder::clear(&folder.path().join("missing")).unwrap(), (0, 0));
    }
}
