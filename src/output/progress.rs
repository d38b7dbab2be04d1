//! Progress bars on standard error that appear only when the work takes long.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::messages::{Verbosity, says};

/// Work that takes longer than this shows a bar.
const DELAY: Duration = Duration::from_millis(500);

/// A progress bar that appears after [`DELAY`], and goes with the work.
pub struct DelayedBar {
    begin: Instant,
    bar: Option<ProgressBar>,
}

impl DelayedBar {
    /// Before the work begins.
    pub fn new() -> Self {
        DelayedBar { begin: Instant::now(), bar: None }
    }

    /// `done` of `total` are done.
    pub fn at(&mut self, done: u64, total: u64, template: &str) {
        let due = done < total && self.begin.elapsed() > DELAY && says(Verbosity::Normal);
        if self.bar.is_none() && due {
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            // Rate and time left are counted from here: what the cache gave is no measure of them.
            let bar = ProgressBar::new(total).with_style(style.with_key("rate", rate));
            self.bar = Some(bar.with_position(done));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }
}

impl Drop for DelayedBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The bar for embedding.
pub struct EmbeddingBar {
    total: u64,
    bar: DelayedBar,
}

impl EmbeddingBar {
    /// For `total` texts.
    pub fn new(total: usize) -> Self {
        EmbeddingBar { total: total as u64, bar: DelayedBar::new() }
    }

    /// `done` texts are done.
    pub fn at(&mut self, done: usize) {
        self.bar.at(done as u64, self.total, "embedding {wide_bar} {pos}/{len} ({rate}, {eta} left)");
    }
}

/// The bars for a check: the phrasings are embedded, and then compared.
pub struct CheckingBar {
    embedding: EmbeddingBar,
    comparing: DelayedBar,
}

impl CheckingBar {
    /// For `total` phrasings.
    pub fn new(total: usize) -> Self {
        CheckingBar { embedding: EmbeddingBar::new(total), comparing: DelayedBar::new() }
    }

    /// `done` are done, of twice as many as there are phrasings.
    pub fn at(&mut self, done: usize) {
        let total = self.embedding.total;
        match (done as u64).checked_sub(total).filter(|compared| *compared > 0) {
            None => self.embedding.at(done),
            Some(compared) => {
                // Its bar goes.
                self.embedding.bar = DelayedBar::new();
                self.comparing.at(compared, total, "comparing {wide_bar} {pos}/{len} ({eta} left)");
            }
        }
    }
}

/// The bar for a download.
pub fn download(file: &str, done: u64, total: Option<u64>) {
    thread_local! {
        static BAR: RefCell<Option<(String, DelayedBar)>> = const { RefCell::new(None) };
    }
    BAR.with_borrow_mut(|slot| {
        if slot.as_ref().is_none_or(|(name, _)| name != file) {
            *slot = Some((file.to_owned(), DelayedBar::new()));
        }
        let Some(total) = total else { return };
        if let Some((_, bar)) = slot {
            bar.at(done, total, "fetching {wide_bar} {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)");
        }
        if done >= total {
            *slot = None;
        }
    });
}
