//! What is said on standard error: warnings, and what became of the FAQ's files.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};

use faqbot::RowError;
use faqbot::faq::Loaded;

use super::style::{DIM, ERROR_LABEL, FAIR_LABEL, count, plain, styled};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors.
    Quiet,
    /// Warnings and what is of interest.
    Normal,
    /// Also what is read and used.
    Verbose,
}

static VERBOSITY: AtomicU8 = AtomicU8::new(Verbosity::Normal as u8);

/// Sets how much is said, for the whole program.
pub fn set_verbosity(verbosity: Verbosity) {
    VERBOSITY.store(verbosity as u8, Ordering::Relaxed);
}

/// Whether what is of this importance is said.
pub fn says(least: Verbosity) -> bool {
    VERBOSITY.load(Ordering::Relaxed) >= least as u8
}

/// Writes a line on standard error. Where that cannot be written, there is nobody to tell.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Asks something on standard error.
pub fn question(text: &str) {
    let _ = write!(anstream::stderr().lock(), "{}", plain(text));
}

/// Says that something failed.
pub fn error(message: &str) {
    say(&format!("{} {}", styled(ERROR_LABEL, "error:"), plain(message)));
}

/// Says something that may make answers other than expected.
pub fn warn(message: &str) {
    if says(Verbosity::Normal) {
        say(&format!("{} {}", styled(FAIR_LABEL, "warning:"), plain(message)));
    }
}

/// Says something of interest, as it is.
pub fn note(line: &str) {
    if says(Verbosity::Normal) {
        say(line);
    }
}

/// Says what is read or used, where that is asked for.
pub fn detail(line: &str) {
    if says(Verbosity::Verbose) {
        say(&styled(DIM, &plain(line)));
    }
}

/// Lines of a kind that can be read at once.
const SHOWN: usize = 20;

/// Says what was left out and what else there is to know.
pub fn say_skipped(loaded: &Loaded) {
    for (rows, what) in [(&loaded.skipped, "skipped"), (&loaded.notes, "noted")] {
        rows.iter().take(SHOWN).for_each(|row| warn(&row.to_string()));
        if rows.len() > SHOWN {
            warn(&format!("{} more {what}; `faqbot check --json` lists all", rows.len() - SHOWN));
        }
    }
}

/// Says what was joined with something further up: of interest to who works on the file.
pub fn say_merged(loaded: &Loaded) {
    let line = |text: &str| note(&styled(DIM, &plain(text)));
    loaded.merged.iter().take(SHOWN).for_each(|row| line(&row.to_string()));
    if loaded.merged.len() > SHOWN {
        line(&format!("{} more joined; `faqbot check --json` lists all", loaded.merged.len() - SHOWN));
    }
}

/// Says what each file gave.
pub fn say_files(loaded: &Loaded) {
    for file in &loaded.files {
        let of_file = |rows: &[RowError]| rows.iter().filter(|row| row.path == file.path).count();
        let mut line = format!("{}: ", file.path.display());
        match file.format {
            Some(format) => {
                let _ = write!(
                    line,
                    "{}, {}, {}",
                    format.title,
                    count(file.entries, "entry", "entries"),
                    count(file.phrasings, "phrasing", "phrasings")
                );
            }
            None => line.push_str("no FAQ"),
        }
        for (rows, what) in [(&loaded.merged, "joined"), (&loaded.skipped, "skipped")] {
            if of_file(rows) > 0 && file.format.is_some() {
                let _ = write!(line, ", {} {what}", of_file(rows));
            }
        }
        if let Some(taken) = &file.taken {
            let _ = write!(line, "; {taken}");
        }
        note(&styled(DIM, &plain(&line)));
    }
}
