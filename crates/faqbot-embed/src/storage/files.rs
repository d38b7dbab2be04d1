//! Writes files whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

/// What to do with a file that already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Replace it.
    Replace,
    /// Keep it, and return an error.
    Keep,
}

/// Writes a file under another name in the same folder, syncs it, and renames it. A symbolic link is followed
/// to its target. A device or a pipe is written to directly: it keeps nothing that could be lost, and no file
/// may take its place.
///
/// # Errors
///
/// Returns an error if the file cannot be written, or if it exists and is to be kept.
pub fn write(
    path: &Path,
    existing: Existing,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    if is_special(path) {
        let write = || {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            content(&mut out)?;
            out.flush()
        };
        return write().map_err(Error::io(path));
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let file = whole(&target, Readers::All, content).map_err(Error::io(path))?;
    // Who may read what is replaced, and nobody else, reads what takes its place.
    if let Ok(found) = fs::metadata(&target) {
        file.as_file().set_permissions(found.permissions()).map_err(Error::io(path))?;
    }
    match existing {
        Existing::Replace => file.persist(&target),
        Existing::Keep => file.persist_noclobber(&target),
    }
    .map(drop)
    .map_err(|error| Error::io(path)(error.error))
}

/// Whether the path exists and is neither a file nor a folder.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Writes a file that only its owner may read, whole or not at all, in the place of what is there.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub fn write_private(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    whole(path, Readers::Owner, content)?.persist(path).map(drop).map_err(|error| error.error)
}

/// The same without waiting for the disk, for what can be made again: a crash of the machine may leave it broken.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub fn write_unsynced(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    unsynced(path, Readers::Owner, content)?.persist(path).map(drop).map_err(|error| error.error)
}

/// What the names of temporary files begin with; the number of the process follows.
const TEMPORARY: &str = ".faqbot-";

/// A file that is younger may not be locked yet.
const JUST_MADE: Duration = Duration::from_secs(10);

/// Removes the temporary files that killed processes left in a folder: those that nobody holds locked. What cannot be
/// removed stays.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let process = name.strip_prefix(TEMPORARY).filter(|rest| rest.ends_with(".tmp"));
        let Some(process) = process.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok()) else {
            continue;
        };
        let old = || {
            let modified = entry.metadata().and_then(|found| found.modified()).ok();
            modified.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > JUST_MADE)
        };
        // A process that is none here may live elsewhere, in a container or on another machine: then it has the lock.
        let left = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if process != std::process::id() && (has_ended(process) || old()) && left() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether there is no process with this number, where that can be told.
fn has_ended(process: u32) -> bool {
    let all = Path::new("/proc");
    all.join("self").exists() && !all.join(process.to_string()).exists()
}

/// Who may read a file, within the user's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The same as for any other file that the user creates.
    All,
    /// The user alone.
    Owner,
}

/// Writes and syncs a file that does not have its name yet.
pub(crate) fn whole(
    path: &Path,
    readers: Readers,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    if let Some(folder) = path.parent() {
        remove_leftovers(folder);
    }
    let file = unsynced(path, readers, content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn unsynced(
    path: &Path,
    readers: Readers,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!("{TEMPORARY}{}-", std::process::id());
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    // Temporary files are readable by their owner only.
    #[cfg(unix)]
    if readers == Readers::All {
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder)?;
    // Until it has its name. Where a file system knows no locks, the number of the process has to do.
    let _ = file.as_file().lock();
    let mut out = BufWriter::new(&file);
    content(&mut out)?;
    out.flush()?;
    drop(out);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_stay_and_devices_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, Existing::Replace, |out| out.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(!is_special(&file) && !is_special(folder.path()) && !is_special(&folder.path().join("none")));
        // Only checked, not written to: no file may take its place.
        assert!(is_special(Path::new("/dev/tty")) || !Path::new("/dev/tty").exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(format!("{TEMPORARY}{}-abc.tmp", u32::MAX));
        let (own, other) = (
            folder.path().join(format!("{TEMPORARY}{}-abc.tmp", std::process::id())),
            folder.path().join(".faqbot-notes.tmp"),
        );
        for path in [&left, &own, &other] {
            fs::write(path, "x").unwrap();
        }
        write(&folder.path().join("a"), Existing::Replace, |out| out.write_all(b"one")).unwrap();
        assert!(!left.exists() && own.exists() && other.exists());
    }

    #[test]
    fn files_are_replaced_only_where_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, Existing::Keep, |out| out.write_all(b"one")).unwrap();
        assert!(write(&path, Existing::Keep, |out| out.write_all(b"two")).is_err());
        assert!(write(&path, Existing::Replace, |_| Err(io::Error::other("no"))).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, Existing::Replace, |out| out.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
