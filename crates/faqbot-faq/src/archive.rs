//! Archives of files: the zip of a folder, as tools export it. An office document is an archive too, and none of these.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::format::FORMATS;
use super::options::Limits;
use crate::error::RowError;

/// Parts that only office documents have.
const OFFICE: [&str; 4] = ["[Content_Types].xml", "mimetype", "content.xml", "word/document.xml"];

/// Files with their names.
pub type Files = Vec<(String, Vec<u8>)>;

/// Files of an archive that are read, at most.
const MOST_FILES: usize = 10_000;

/// The files of an archive that have a known extension, with their names, sorted by these; `None` where the bytes are no
/// archive of files. Hidden files are left out, and nothing is written anywhere.
///
/// # Errors
///
/// Returns an error if a file cannot be read, or all of them unpack to more than a file may have.
pub fn files(bytes: &[u8], limits: &Limits) -> Option<Result<Files, RowError>> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    if OFFICE.iter().any(|name| archive.index_for_name(name).is_some()) {
        return None;
    }
    let known = archive.file_names().filter_map(std::result::Result::ok);
    let mut names: Vec<String> = known.filter(|name| is_wanted(name)).map(|name| name.into_owned()).collect();
    names.sort();
    if names.is_empty() {
        return None;
    }
    Some(read(&mut archive, names, limits))
}

fn read(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    names: Vec<String>,
    limits: &Limits,
) -> Result<Files, RowError> {
    if names.len() > MOST_FILES {
        return Err(RowError::new(
            1,
            format!("an archive of {} files; at most {MOST_FILES} are read", names.len()),
        ));
    }
    let mut left = limits.file_bytes;
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let broken =
            |error: &dyn std::fmt::Display| RowError::new(1, format!("{name} in the archive: {error}"));
        let file = archive.by_name(&name).map_err(|error| broken(&error))?;
        let mut bytes = Vec::new();
        // The size that it claims may be any.
        let read = file.take(left + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))? as u64;
        let over = || {
            format!("the archive unpacks to more than the limit of {} bytes (file-bytes)", limits.file_bytes)
        };
        left = left.checked_sub(read).ok_or_else(|| RowError::new(1, over()))?;
        files.push((name, bytes));
    }
    Ok(files)
}

fn is_wanted(name: &str) -> bool {
    let hidden = name.split('/').any(|piece| piece.starts_with('.') || piece.starts_with("__"));
    !name.ends_with('/') && !hidden && FORMATS.iter().any(|format| format.has_ending_of(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, text) in files {
            out.start_file(*name, options).unwrap();
            out.write_all(text.as_bytes()).unwrap();
        }
        out.finish().unwrap().into_inner()
    }

    #[test]
    fn files_are_unpacked_within_limits() {
        let bytes = archive(&[("b/two.json", "{}"), ("a.md", "x"), (".git/c.json", "y"), ("d.png", "z")]);
        let names = |found: Files| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(files(&bytes, &Limits::default()).unwrap().unwrap()), ["a.md", "b/two.json"]);
        let small = Limits { file_bytes: 2, ..Limits::default() };
        assert!(files(&bytes, &small).unwrap().is_err());
        assert!(files(&archive(&[("word/document.xml", "x"), ("a.md", "")]), &Limits::default()).is_none());
        assert!(files(b"PK\x03\x04 broken", &Limits::default()).is_none());
    }
}
