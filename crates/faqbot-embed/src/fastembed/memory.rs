//! What the reader keeps of entries that it has read: in memory, and in files if it is given a folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustc_hash::FxHashMap;

use crate::storage::arrays::{ArrayReader, ArrayWriter, Magic, broken};
use crate::storage::cache_folder::{READ, make_room_for_read};
use crate::storage::files::write_unsynced;

/// Tokens of an entry that are read; the rest is cut.
pub(super) const ENTRY_TOKENS: usize = 104;

/// The length of a token's state.
pub(super) const WIDTH: usize = 384;

/// What is kept of an entry's token: keys and values of the last layers, [`WIDTH`] numbers each.
pub(super) const PARTS: usize = 6;

/// Tokens of entries that are kept in memory: 38 MB.
const KEPT_TOKENS: usize = 16 << 10;

/// The first bytes of a file: what is kept of one entry.
const MAGIC: &Magic = b"FAQBOTRE";
const VERSION: u32 = 2;

/// What is kept of an entry's tokens, in int8: [`PARTS`] rows of [`WIDTH`] numbers a token, and what each row is multiplied
/// with.
#[derive(Debug, PartialEq)]
pub(super) struct Memory {
    rows: Vec<i8>,
    scales: Vec<f32>,
}

impl Memory {
    /// Rounds the numbers of all tokens.
    pub fn new(numbers: &[f32]) -> Self {
        let greatest =
            |row: &[f32]| row.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
        let scales: Vec<f32> = numbers.chunks_exact(WIDTH).map(|row| greatest(row) / 127.0).collect();
        let rows = numbers.chunks_exact(WIDTH).zip(&scales);
        let rows = rows.flat_map(|(row, scale)| row.iter().map(move |number| (number / scale).round() as i8));
        Memory { rows: rows.collect(), scales }
    }

    /// A token of zeros.
    pub fn nothing() -> Self {
        Memory { rows: vec![0; PARTS * WIDTH], scales: vec![0.0; PARTS] }
    }

    /// The number of tokens.
    pub fn tokens(&self) -> usize {
        self.scales.len() / PARTS
    }

    /// Writes the numbers of all tokens.
    pub fn write(&self, target: &mut [f32]) {
        let rows = self.rows.chunks_exact(WIDTH).zip(&self.scales);
        for (target, (row, scale)) in target.chunks_exact_mut(WIDTH).zip(rows) {
            target.iter_mut().zip(row).for_each(|(target, &number)| *target = f32::from(number) * scale);
        }
    }

    /// From a file; `None` if it does not exist.
    fn load(path: &Path) -> io::Result<Option<Self>> {
        let Some(mut file) = ArrayReader::open(path, MAGIC)? else { return Ok(None) };
        if file.number::<u32>()? != VERSION {
            return Err(broken("it has another version"));
        }
        let memory = Memory { scales: file.array()?, rows: file.array()? };
        file.finish()?;
        let whole = (1..=ENTRY_TOKENS).contains(&memory.tokens())
            && memory.scales.len().is_multiple_of(PARTS)
            && memory.rows.len() == memory.scales.len() * WIDTH;
        if whole { Ok(Some(memory)) } else { Err(broken("it is cut short")) }
    }

    fn save(&self, path: &Path) -> io::Result<()> {
        write_unsynced(path, |out| {
            let mut file = ArrayWriter::new(out, MAGIC)?;
            file.array(&[VERSION])?;
            file.array(&self.scales)?;
            file.array(&self.rows)?;
            file.finish().map(drop)
        })
    }
}

/// The memories of entries, by the hash of their text.
pub(super) struct Memories {
    recent: Mutex<Recent>,
    /// The reader's own hash: another one keeps something else.
    reader: u64,
    folder: Option<PathBuf>,
}

impl Memories {
    pub fn new(reader: u64) -> Self {
        Memories { recent: Mutex::default(), reader, folder: None }
    }

    /// Keeps them in files in this folder too.
    pub fn keep_in(&mut self, folder: &Path) {
        self.folder = Some(folder.to_owned());
    }

    /// What is kept of an entry, if anything is. A broken file counts as none: it is written anew.
    pub fn get(&self, key: u128) -> Option<Arc<Memory>> {
        if let Some(memory) = self.recent().get(key) {
            return Some(memory);
        }
        let path = self.path(key)?;
        let memory = Arc::new(Memory::load(&path).ok()??);
        // The most recently used stay longest.
        let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        self.recent().put(key, memory.clone());
        Some(memory)
    }

    /// Keeps what was read. Where files cannot be written, it is read again at the next start.
    pub fn put(&self, new: impl IntoIterator<Item = (u128, Arc<Memory>)>) {
        let mut written = false;
        for (key, memory) in new {
            written |= self.path(key).is_some_and(|path| memory.save(&path).is_ok());
            self.recent().put(key, memory);
        }
        if let Some(folder) = self.folder.as_deref().filter(|_| written) {
            make_room_for_read(folder);
        }
    }

    fn path(&self, key: u128) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("reader-{:016x}-{key:032x}.{READ}", self.reader)))
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memories in two generations: what was not asked for since the last is forgotten.
#[derive(Default)]
struct Recent {
    new: FxHashMap<u128, Arc<Memory>>,
    old: FxHashMap<u128, Arc<Memory>>,
    tokens: usize,
}

impl Recent {
    fn get(&mut self, key: u128) -> Option<Arc<Memory>> {
        if let Some(memory) = self.new.get(&key) {
            return Some(memory.clone());
        }
        let memory = self.old.remove(&key)?;
        self.put(key, memory.clone());
        Some(memory)
    }

    fn put(&mut self, key: u128, memory: Arc<Memory>) {
        let tokens = memory.tokens();
        if self.tokens + tokens > KEPT_TOKENS / 2 {
            self.old = std::mem::take(&mut self.new);
            self.tokens = 0;
        }
        if self.new.insert(key, memory).is_none() {
            self.tokens += tokens;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_is_kept_within_half_a_step() {
        let numbers: Vec<f32> = (0..2 * PARTS * WIDTH).map(|at| ((at * 37) % 101) as f32 - 50.0).collect();
        let memory = Memory::new(&numbers);
        assert_eq!(memory.tokens(), 2);
        let mut read = vec![0.0; numbers.len()];
        memory.write(&mut read);
        assert!(numbers.iter().zip(&read).all(|(a, b)| (a - b).abs() <= 50.0 / 254.0 + 1e-4));
        Memory::new(&[0.0; PARTS * WIDTH]).write(&mut read[..PARTS * WIDTH]);
        assert!(read[..PARTS * WIDTH].iter().all(|number| *number == 0.0));
    }

    #[test]
    fn what_is_asked_for_stays() {
        let mut recent = Recent::default();
        let memory = |tokens: usize| Arc::new(Memory { rows: Vec::new(), scales: vec![0.0; tokens * PARTS] });
        let many = KEPT_TOKENS / 6;
        for key in [1, 1, 2] {
            recent.put(key, memory(many));
        }
        assert_eq!(recent.new.len(), 2);
        // Two fill it: with the third a new generation begins.
        recent.put(3, memory(many + many / 2));
        assert!(recent.get(1).is_some() && recent.get(4).is_none());
        recent.put(4, memory(many + many / 2));
        assert!(recent.get(1).is_some() && recent.get(2).is_none());
    }

    #[test]
    fn files_outlive_the_process_and_broken_ones_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let memories = |reader| {
            let mut memories = Memories::new(reader);
            memories.keep_in(folder.path());
            memories
        };
        let memory = Arc::new(Memory::new(&[0.5; 3 * PARTS * WIDTH]));
        memories(1).put([(7, memory.clone())]);
        assert_eq!(memories(1).get(7), Some(memory));
        assert_eq!((memories(1).get(8), memories(2).get(7)), (None, None));
        let path = memories(1).path(7).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(memories(1).get(7), None);
        Memory { rows: vec![0; WIDTH], scales: vec![0.0] }.save(&path).unwrap();
        assert_eq!(memories(1).get(7), None);
    }
}
