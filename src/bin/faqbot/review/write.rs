//! A change on its way into the FAQ's file, or into the one beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use faqbot::faq::edit::{Change, edit};
use faqbot::faq::{Loaded, learned};
use faqbot::storage::files::{self, Existing};

use crate::config::Settings;

/// What is to be written, and over what.
pub struct Plan {
    path: PathBuf,
    /// What the file holds now; `None` where there is none.
    before: Option<Vec<u8>>,
    after: Vec<u8>,
    /// The id of a new entry.
    entry: Option<String>,
}

impl Plan {
    /// The change in the file that it concerns: that of its entry, or of the entry `near` it.
    pub fn new(settings: &Settings, loaded: &Loaded, change: Change, near: Option<usize>) -> Result<Self> {
        let at = match &change {
            Change::Phrasing { id, .. } => loaded.faq.position(id),
            Change::Entry { .. } => near,
        };
        let path = loaded.place(at.unwrap_or(0)).0.to_owned();
        let entry = match &change {
            Change::Phrasing { .. } => None,
            Change::Entry { .. } => {
                change.apply(&loaded.faq).and_then(|faq| Some(faq.entries.last()?.id.to_string()))
            }
        };
        let in_learned = learned::is_learned(&path) && !settings.faq.contains(&path);
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        // Ids are of the whole FAQ; within one file of several the entry may have another.
        let edited = match loaded.files.len() {
            _ if in_learned => None,
            1 => edit(&bytes, &path, &settings.read, &change),
            _ => edit(&bytes, &path, &settings.read, &change).filter(|after| {
                // What the files give together is what counts.
                let whole = change.apply(&loaded.faq);
                whole.is_some_and(|whole| gives(settings, loaded, &path, after, whole.phrasing_count()))
            }),
        };
        if let Some(after) = edited {
            return Ok(Plan { path, before: Some(bytes), after, entry });
        }
        let beside = if in_learned { path.clone() } else { learned::path(&path) };
        let before = match fs::read(&beside) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| beside.display().to_string()),
        };
        let text = String::from_utf8_lossy(before.as_deref().unwrap_or_default()).into_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let after = learned::with(&text, &loaded.faq, &name, &change)
            .map_err(|row| anyhow::anyhow!("{}", row.in_file(&beside)))?;
        Ok(Plan { path: beside, before, after: after.into_bytes(), entry })
    }

    /// The name of the file.
    pub fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// The id of the entry that is new.
    pub fn new_entry(&self) -> Option<String> {
        self.entry.clone()
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

    /// Writes it, unless the file is another meanwhile. What it held before the first change is kept beside it.
    pub fn write(&self) -> Result<()> {
        let now = match fs::read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| self.file()),
        };
        if now != self.before {
            bail!("{} was changed meanwhile, and is left as it is; begin the review again", self.file());
        }
        if let Some(before) = &self.before {
            keep_once(&self.path, before)?;
        }
        Ok(files::write(&self.path, Existing::Replace, |out| out.write_all(&self.after))?)
    }
}

/// Keeps what a file held before it was changed for the first time.
fn keep_once(path: &Path, before: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    let backup = PathBuf::from(name);
    if backup.exists() {
        return Ok(());
    }
    Ok(files::write(&backup, Existing::Keep, |out| out.write_all(before))?)
}

/// Whether a FAQ of several files has as many phrasings as it should once one of them is changed.
fn gives(settings: &Settings, loaded: &Loaded, path: &Path, after: &[u8], phrasings: usize) -> bool {
    let of_file = |path: &Path, bytes: &[u8]| {
        faqbot::faq::load::read(bytes, path, &settings.read).map(|loaded| loaded.faq.phrasing_count()).ok()
    };
    let Ok(before) = fs::read(path) else { return false };
    match (of_file(path, &before), of_file(path, after)) {
        (Some(old), Some(new)) => loaded.faq.phrasing_count() + new - old == phrasings,
        _ => false,
    }
}
