//! A change on its way into the FAQ's file, or into the one beside it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use faqbot_embed::storage::files::{self, Existing};
use faqbot_faq::Change;
use faqbot_faq::edit::edit;
use faqbot_faq::{Loaded, ReadOptions, learned, load};
use xxhash_rust::xxh3::xxh3_64;

use crate::{Error, Result};

/// What is to be written, and over what.
pub struct Plan {
    path: PathBuf,
    /// What the file holds now; `None` where there is none.
    before: Option<Vec<u8>>,
    after: Vec<u8>,
}

impl Plan {
    /// The change in the file that it concerns: that of its entry, or of the entry `near` it.
    pub fn new(
        files: &[PathBuf],
        options: &ReadOptions,
        loaded: &Loaded,
        change: &Change,
        near: Option<usize>,
    ) -> Result<Self> {
        let at = match change {
            Change::Phrasing { id, .. } => loaded.faq.position(id),
            Change::Entry { .. } => near,
        };
        let path = loaded.place(at.unwrap_or(0)).0.to_owned();
        let in_learned = learned::is_learned(&path) && !files.contains(&path);
        let bytes = fs::read(&path).map_err(Error::file(&path))?;
        let edited = match (in_learned, loaded.files.len()) {
            (true, _) => None,
            (false, 1) => edit(&bytes, &path, options, change),
            // Within one file of several the entry may have another id.
            _ => in_file(options, loaded, &path, &bytes, at, change)
                .and_then(|change| edit(&bytes, &path, options, &change)),
        };
        if let Some(after) = edited {
            return Ok(Plan { path, before: Some(bytes), after });
        }
        let beside = if in_learned { path.clone() } else { learned::path(&path) };
        let before = bytes_of(&beside)?;
        let text = std::str::from_utf8(before.as_deref().unwrap_or_default())
            .map_err(|_| Error::Refused(format!("{}: not UTF-8, so it is not changed", beside.display())))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let after = learned::with(text, &loaded.faq, &name, change)
            .map_err(|row| Error::Refused(row.in_file(&beside).to_string()))?;
        Ok(Plan { path: beside, before, after: after.into_bytes() })
    }

    /// The name of the file.
    pub fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// The lines that are new or changed.
    pub fn lines(&self) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (before, after) = (text(self.before.as_deref().unwrap_or_default()), text(&self.after));
        let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
        let above = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let below =
            old[above..].iter().rev().zip(new[above..].iter().rev()).take_while(|(a, b)| a == b).count();
        new[above..new.len() - below].iter().map(|line| (*line).to_owned()).collect()
    }

    /// What tells this plan from one for another state of the file.
    pub fn revision(&self) -> String {
        let hash = |bytes: &[u8]| xxh3_64(bytes);
        format!("{:016x}{:016x}", hash(self.before.as_deref().unwrap_or_default()), hash(&self.after))
    }

    /// Writes it, unless the file is another meanwhile. What it held before the first change is kept beside it; as long as
    /// what comes back lives, no other review writes there.
    pub fn write(&self) -> Result<Option<File>> {
        let lock = match &self.before {
            Some(before) => Some(keep_once(&self.path, before)?),
            None => None,
        };
        if bytes_of(&self.path)? != self.before {
            return Err(Error::Conflict(format!(
                "{} was changed meanwhile, and is left as it is; begin the review again",
                self.file()
            )));
        }
        files::write(&self.path, Existing::Replace, |out| out.write_all(&self.after))?;
        Ok(lock)
    }
}

/// What a file holds; `None` where there is none.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(path)(error)),
    }
}

/// Keeps what a file held before it was changed for the first time. The file that it is kept in is locked.
fn keep_once(path: &Path, before: &[u8]) -> Result<File> {
    let backup = path.with_added_extension("bak");
    if !backup.exists() {
        // Another review may be faster: what it kept is as good.
        match files::write(&backup, Existing::Keep, |out| out.write_all(before)) {
            Err(error) if !backup.exists() => return Err(error.into()),
            _ => {}
        }
        if let Ok(found) = fs::metadata(path) {
            let _ = fs::set_permissions(&backup, found.permissions());
        }
    }
    let lock = File::open(&backup).map_err(Error::file(&backup))?;
    // Where a file system knows no locks, two reviews at once are told apart by what the file holds.
    let _ = lock.lock();
    Ok(lock)
}

/// A change of a FAQ of several files as one of the file at `path`, whose ids are its own.
fn in_file(
    options: &ReadOptions,
    loaded: &Loaded,
    path: &Path,
    bytes: &[u8],
    at: Option<usize>,
    change: &Change,
) -> Option<Change> {
    let Change::Phrasing { phrasing, .. } = change else { return Some(change.clone()) };
    let own = load::read(bytes, path, options).ok()?;
    let line = loaded.place(at?).1;
    // Two entries may stand on one line.
    let mut there = own.places.iter().enumerate().filter(|(_, place)| place.line == line);
    let (entry, _) = there.next()?;
    if there.next().is_some() || own.faq.entries[entry].question() != loaded.faq.entries[at?].question() {
        return None;
    }
    Some(Change::Phrasing { id: own.faq.entries[entry].id.to_string(), phrasing: phrasing.clone() })
}
