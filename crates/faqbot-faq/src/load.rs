//! Reads FAQ files: one, several, or folders of them.
//!
//! What a file names (links, includes, addresses) is never followed, and neither are links within a folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::assemble::{Part, assemble};
use super::decode;
use super::entry::Faq;
use super::format::{self, FORMATS};
use super::formats::dialogflow;
use super::learned;
use super::loaded::Loaded;
use super::options::{Answers, ReadOptions};
use super::parsed::{Parsed, RawEntry};
use super::readers::table::Wanted;
use crate::error::{Error, Result, RowError};

/// Reading progress, for a progress bar.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'p> {
    /// The file.
    pub path: &'p Path,
    /// Bytes read and parsed so far.
    pub done: u64,
    /// The size of the file in bytes.
    pub total: u64,
}

/// Reads files, and the files in folders, as one FAQ. Folders are read recursively, in the order of the file
/// names; files in them that hold no FAQ are in [`Loaded::skipped`].
///
/// # Errors
///
/// Returns an error if a file cannot be read, exceeds a limit, or has no usable entry, or if a folder has
/// none.
pub fn load(paths: &[PathBuf], options: &ReadOptions, progress: &mut dyn FnMut(Reading)) -> Result<Loaded> {
    let mut parts = Vec::new();
    let mut learned = BTreeSet::new();
    for path in paths {
        if !fs::metadata(path).map_err(Error::io(path))?.is_dir() {
            parts.extend(read_file(path, options, progress)?);
            learned.insert(learned::path(path));
            continue;
        }
        let mut files = Vec::new();
        list(path, &mut files)?;
        let before = parts.len();
        for file in &files {
            match read_file(file, options, progress) {
                Ok(read) => {
                    parts.extend(read);
                    learned.insert(learned::path(file));
                }
                Err(error) => parts.push(part_of_folder(Err(error))?),
            }
        }
        if parts[before..].iter().all(|part| part.parsed.entries.is_empty()) {
            return Err(Error::NoFaqInFolder { path: path.clone(), known: format::endings() });
        }
    }
    // Who names one reads it as a FAQ of its own.
    learned.retain(|path| !paths.contains(path) && path.is_file());
    let mut loaded = assemble(parts, options)?;
    for path in learned {
        let bytes = bytes_of(&path, options)?;
        let (additions, skipped) =
            learned::read(&decode::decode(&bytes).0).map_err(|row| Error::Syntax(row.in_file(&path)))?;
        learned::join(&mut loaded, &path, additions, skipped);
    }
    Ok(loaded)
}

/// Reads a FAQ from bytes. `path` helps to find the format and appears in messages.
///
/// # Errors
///
/// As for [`load`].
pub fn read(bytes: &[u8], path: &Path, options: &ReadOptions) -> Result<Loaded> {
    assemble(parts(bytes, path, options, &mut |_| ())?, options)
}

impl Faq {
    /// Reads a FAQ from a file. The format is found by name and content.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is too large, or has no usable entry. Single entries that
    /// cannot be used are in [`Loaded::skipped`].
    pub fn load(path: &Path) -> Result<Loaded> {
        load(&[path.to_owned()], &ReadOptions::default(), &mut |_| ())
    }

    /// Reads a FAQ from bytes. `path` helps to find the format and appears in messages.
    ///
    /// # Errors
    ///
    /// As for [`Faq::load`].
    pub fn read(bytes: &[u8], path: &Path) -> Result<Loaded> {
        read(bytes, path, &ReadOptions::default())
    }
}

/// Lists the files below a folder that have a known extension, sorted by name. Hidden files and links are
/// skipped.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(Error::io(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(Error::io(&path))?;
        // The files that faqbot writes beside a FAQ are not FAQs.
        let beside = name.ends_with(".calibration.json") || name.ends_with(".queries.jsonl");
        if name.starts_with('.') || beside || learned::is_learned(&path) || name == "faqbot.toml" {
            continue;
        }
        if kind.is_dir() {
            list(&path, files)?;
        } else if kind.is_file() && FORMATS.iter().any(|format| format.has_ending_of(&path)) {
            files.push(path);
        }
    }
    Ok(())
}

fn read_file(path: &Path, options: &ReadOptions, progress: &mut dyn FnMut(Reading)) -> Result<Vec<Part>> {
    let bytes = bytes_of(path, options)?;
    let total = bytes.len() as u64;
    parts(&bytes, path, options, &mut |done| progress(Reading { path, done, total }))
}

/// A file as one part, or the files of an archive as one each.
fn parts(
    bytes: &[u8],
    path: &Path,
    options: &ReadOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Part>> {
    #[cfg(feature = "spreadsheets")]
    if let Some(files) = super::archive::files(bytes, &options.limits) {
        let files = files.map_err(|row| Error::Syntax(row.in_file(path)))?;
        let mut parts = Vec::with_capacity(files.len());
        for (name, bytes) in files {
            parts.push(part_of_folder(parse(&bytes, &path.join(name), options, progress))?);
        }
        if parts.iter().all(|part| part.parsed.entries.is_empty()) {
            return Err(Error::NoFaqInFolder { path: path.to_owned(), known: format::endings() });
        }
        return Ok(parts);
    }
    Ok(vec![parse(bytes, path, options, progress)?])
}

/// A file of a folder, which may contain anything: one without a FAQ is left out.
fn part_of_folder(read: Result<Part>) -> Result<Part> {
    match read {
        Err(Error::NoFaq { path, tried }) => {
            let reasons: Vec<String> =
                tried.iter().map(|(name, row)| format!("{name}: {}", row.reason)).collect();
            let row = RowError::new(1, format!("no FAQ ({})", reasons.join("; ")));
            Ok(Part::skipped(path, row))
        }
        read => read,
    }
}

/// The bytes of a file, within the limit.
fn bytes_of(path: &Path, options: &ReadOptions) -> Result<Vec<u8>> {
    let limit = options.limits.file_bytes;
    let file = File::open(path).map_err(Error::io(path))?;
    let size = file.metadata().map_err(Error::io(path))?.len();
    let too_large = |size: u64| Error::Limit {
        path: path.to_owned(),
        reason: format!("the file has {size} bytes, more than the limit of {limit} (file-bytes)"),
    };
    if size > limit {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // Pipes and devices report no size, so read at most one byte more than allowed.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(Error::io(path))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// Parses bytes in the first possible format that gives an entry.
fn parse(bytes: &[u8], path: &Path, options: &ReadOptions, progress: &mut dyn FnMut(u64)) -> Result<Part> {
    if let Some((what, advice)) = decode::foreign(bytes) {
        return Err(Error::NoFaq { path: path.to_owned(), tried: vec![(what, RowError::new(1, advice))] });
    }
    let (text, notes) =
        if format::is_workbook(bytes) { ("".into(), Vec::new()) } else { decode::decode(bytes) };
    let candidates = match options.format {
        Some(format) => vec![format],
        None => format::candidates(path, bytes, &text),
    };
    let mut tried: Vec<(&'static str, RowError)> = Vec::new();
    // Parsed, but no entry has both question and answer.
    let mut useless: Option<Part> = None;
    for format in candidates {
        let mut wanted =
            Wanted { columns: &options.columns, language: options.language.as_deref(), progress };
        let mut parsed = match format.parse(bytes, &text, &mut wanted) {
            Ok(parsed) => parsed,
            Err(row) => {
                tried.push((format.title, row));
                continue;
            }
        };
        dialogflow::name_by_file(&mut parsed, path);
        if parsed.entries.iter().any(|raw| raw.is_usable(options.answers)) {
            parsed.notes.extend(notes);
            if !tried.is_empty() {
                let reasons: Vec<String> = tried
                    .iter()
                    .map(|(title, row)| format!("{title} (line {}: {})", row.line, row.reason))
                    .collect();
                let reason = format!("read as {}; it is not {}", format.title, reasons.join(", nor "));
                parsed.notes.push(RowError::new(1, reason));
            }
            return Ok(Part { path: path.to_owned(), format: Some(format), parsed });
        }
        let first = parsed.entries.first().map(|raw| {
            let what = if raw.questions.is_empty() { "no question" } else { "no answer" };
            RowError::new(raw.line, what)
        });
        let row = first.or_else(|| parsed.skipped.first().cloned());
        tried.push((format.title, row.unwrap_or_else(|| RowError::new(1, "no entries"))));
        if !parsed.entries.is_empty() {
            useless.get_or_insert(Part { path: path.to_owned(), format: Some(format), parsed });
        }
    }
    match useless {
        // If only one format was tried, report every row.
        Some(part) if tried.len() == 1 => Ok(part),
        _ => Err(Error::NoFaq { path: path.to_owned(), tried }),
    }
}

impl RawEntry {
    /// Whether it can become an entry.
    fn is_usable(&self, answers: Answers) -> bool {
        let full = |text: &String| !text.trim().is_empty();
        let answered =
            answers == Answers::Optional || self.out_of_scope || self.answer.as_ref().is_some_and(full);
        self.half || (self.questions.iter().any(full) && answered)
    }
}

impl Part {
    /// A file that is left out entirely.
    fn skipped(path: PathBuf, row: RowError) -> Self {
        Part { path, format: None, parsed: Parsed { skipped: vec![row], ..Parsed::default() } }
    }
}
