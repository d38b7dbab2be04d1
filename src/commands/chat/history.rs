//! What was typed, kept in a file: a line is appended to it, and nothing else is ever written in place.
//!
//! A line that was typed over several is one line of the file, with `\\n` for its ends and `\\\\` for a backslash; the
//! first line says so (`#V2`, as in rustyline's own files, which are read too).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use faqbot::storage::files;

use crate::output::messages::warn;

/// Lines that are kept.
pub const HISTORY_LINES: usize = 1000;

/// A larger file is none that this program wrote.
const MAX_BYTES: u64 = 64 << 20;

const HEADER: &str = "#V2";

/// A file to append to.
pub struct History {
    /// Opened anew for each line: another chat may have put a shorter one in its place.
    path: Option<PathBuf>,
    last: String,
}

impl History {
    /// Opens the file, and returns what it holds, the oldest first. What goes wrong with it is said, and is no reason
    /// not to chat.
    pub fn open(path: &Path) -> (History, Vec<String>) {
        // What a link leads to is the history.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let opened = read(&path).and_then(|lines| append(&path, "").map(|()| lines));
        match opened {
            Ok(lines) => {
                let last = lines.last().cloned().unwrap_or_default();
                (History { path: Some(path), last }, lines)
            }
            Err(error) => {
                warn(&format!("{}: {error}; what you type is not kept", path.display()));
                (History { path: None, last: String::new() }, Vec::new())
            }
        }
    }

    /// Keeps a line, at once, unless it is the one before. If it cannot be written, nothing is kept from here on.
    pub fn add(&mut self, line: &str) {
        if line == self.last || line.starts_with(' ') {
            return;
        }
        let kept = line.replace('\\', "\\\\").replace('\n', "\\n") + "\n";
        if self.path.as_deref().is_some_and(|path| append(path, &kept).is_err()) {
            self.path = None;
        }
        self.last = line.to_owned();
    }
}

/// Appends in one piece, so that chats side by side do not mix their lines.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let begin = if file.metadata()?.len() == 0 { format!("{HEADER}\n") } else { String::new() };
    file.write_all((begin + text).as_bytes())
}

/// Reads the file, and makes it shorter where it has many more lines than are kept.
fn read(path: &Path) -> io::Result<Vec<String>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is no plain file")),
        Ok(found) if found.len() > MAX_BYTES => {
            put_aside(path, "it is too large")?;
        }
        _ => {}
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // A kill within a letter.
        Err(error) if error.utf8_error().error_len().is_none() => {
            let valid = error.utf8_error().valid_up_to();
            String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned()
        }
        Err(_) => {
            put_aside(path, "it is not UTF-8")?;
            String::new()
        }
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let escaped = text.lines().next() == Some(HEADER);
    let mut lines: Vec<&str> =
        text.lines().skip(usize::from(escaped)).filter(|line| !line.is_empty()).collect();
    // A line that a kill cut short stays open: the next would be joined to it.
    if lines.len() > 2 * HISTORY_LINES || !escaped || !text.ends_with('\n') {
        lines.drain(..lines.len().saturating_sub(HISTORY_LINES));
        let escape = |line: &str| if escaped { line.to_owned() } else { line.replace('\\', "\\\\") };
        files::write_private(path, |out| {
            writeln!(out, "{HEADER}")?;
            lines.iter().try_for_each(|line| writeln!(out, "{}", escape(line)))
        })?;
    }
    let begin = lines.len().saturating_sub(HISTORY_LINES);
    Ok(lines[begin..].iter().map(|line| if escaped { unescaped(line) } else { (*line).to_owned() }).collect())
}

fn unescaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (c, rest.as_str().chars().next()) {
            ('\\', Some('n')) => {
                rest.next();
                out.push('\n');
            }
            ('\\', Some('\\')) => {
                rest.next();
                out.push('\\');
            }
            _ => out.push(c),
        }
    }
    out
}

fn put_aside(path: &Path, why: &str) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".old");
    let aside = PathBuf::from(aside);
    fs::rename(path, &aside)?;
    warn(&format!("{}: {why}; it is kept as {}, and a new one is begun", path.display(), aside.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("history.txt");
        let (mut history, lines) = History::open(&path);
        assert!(lines.is_empty());
        for line in ["one", "one", " secret", "two\nlines \\n", "three"] {
            history.add(line);
        }
        let (_, lines) = History::open(&path);
        assert_eq!(lines, ["one", "two\nlines \\n", "three"]);
        // A kill in the middle of a line costs that line's end.
        fs::write(&path, b"#V2\none\ntw\xc3").unwrap();
        History::open(&path).0.add("three");
        assert_eq!(History::open(&path).1, ["one", "tw", "three"]);
        fs::write(&path, "C:\\new\n").unwrap();
        assert_eq!(History::open(&path).1, ["C:\\new"], "a file without the first line");
        assert_eq!(History::open(&path).1, ["C:\\new"]);
    }

    #[test]
    fn a_long_history_is_made_shorter_and_a_broken_one_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.txt");
        let many: String = (0..2500).map(|at| format!("line {at}\n")).collect();
        fs::write(&path, format!("#V2\n{many}")).unwrap();
        let (_, lines) = History::open(&path);
        assert_eq!((lines.len(), &*lines[999]), (1000, "line 2499"));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1001);
        fs::write(&path, b"#V2\n\xff\n").unwrap();
        let (mut history, lines) = History::open(&path);
        assert!(lines.is_empty());
        history.add("new");
        assert_eq!(History::open(&path).1, ["new"]);
        assert_eq!(fs::read(folder.path().join("history.txt.old")).unwrap(), b"#V2\n\xff\n");
    }
}
