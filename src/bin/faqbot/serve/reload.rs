//! A FAQ whose files change is read again; what cannot be used leaves the version that there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::{Context, Result};
use faqbot::faq::Answers;
use metrics::counter;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::state::{App, Served, Version};
use crate::config::Settings;
use crate::setup;

/// Files that are being written are left alone until nothing has come for this long.
const QUIET: Duration = Duration::from_millis(300);

/// The longest that changes which do not end are waited for.
const PATIENCE: u32 = 20;

/// Reads a FAQ and makes a version of it.
pub fn read(settings: &Settings, embedder: &Arc<dyn faqbot::Embedder>) -> Result<Version> {
    let faq = setup::load_faq(settings, Answers::Required)?;
    setup::bot(settings, faq, Box::new(Arc::clone(embedder)), true).map(Version::new)
}

/// Watches the files of all FAQs from a thread of its own, for as long as the watcher lives.
///
/// # Errors
///
/// The operating system does not watch them.
pub fn watch(app: Arc<App>) -> Result<Option<RecommendedWatcher>> {
    let watched: Vec<(usize, PathBuf)> = app
        .faqs
        .iter()
        .enumerate()
        .filter(|(_, faq)| !faq.settings.faq_is_stdin())
        .flat_map(|(at, faq)| faq.settings.faq.iter().map(move |path| (at, path.clone())))
        .map(|(at, path)| (at, std::path::absolute(&path).unwrap_or(path)))
        .collect();
    if watched.is_empty() {
        return Ok(None);
    }
    let (changed, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if let Ok(event) = event
            && !matches!(event.kind, EventKind::Access(_))
        {
            // The other end lives as long as the program.
            let _ = changed.send(event.paths);
        }
    })?;
    // Folders, since editors replace files by others of the same name.
    let folders: BTreeSet<(PathBuf, bool)> = watched
        .iter()
        .map(|(_, path)| match path.is_dir() {
            true => (path.clone(), true),
            false => (path.parent().unwrap_or(Path::new("/")).to_owned(), false),
        })
        .collect();
    for (folder, deep) in folders {
        let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        watcher.watch(&folder, mode).with_context(|| format!("{}: cannot be watched", folder.display()))?;
    }
    std::thread::Builder::new().name("reload".into()).spawn(move || follow(&app, &watched, &changes))?;
    Ok(Some(watcher))
}

fn follow(app: &App, watched: &[(usize, PathBuf)], changes: &mpsc::Receiver<Vec<PathBuf>>) {
    while let Ok(mut paths) = changes.recv() {
        for _ in 0..PATIENCE {
            match changes.recv_timeout(QUIET) {
                Ok(more) => paths.extend(more),
                Err(_) => break,
            }
        }
        let concerns =
            |own: &Path| paths.iter().any(|path| path.starts_with(own) || is_calibration(own, path));
        let touched: BTreeSet<usize> =
            watched.iter().filter(|(_, own)| concerns(own)).map(|(at, _)| *at).collect();
        touched.into_iter().for_each(|at| reload(&app.faqs[at]));
    }
}

/// Whether a path is the calibration of a FAQ's file.
fn is_calibration(faq: &Path, path: &Path) -> bool {
    faqbot::quality::calibration_file::CalibrationFile::path(faq) == path
}

/// Reads a FAQ again.
fn reload(faq: &Served) {
    let name = faq.name.clone();
    // What a file can make panic does not end the watching.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&faq.settings, &faq.embedder)));
    let read = read.unwrap_or_else(|_| Err(anyhow::anyhow!("reading it panicked")));
    match read {
        Ok(version) if version.id == faq.version().id => {
            tracing::info!(faq = name, version = version.id, "read again, and the same");
            counter!("faqbot_reloads_total", "faq" => name, "result" => "same").increment(1);
            faq.set(Ok(version));
        }
        Ok(version) => {
            let entries = version.bot.faq().entries.len();
            tracing::info!(faq = name, version = version.id, entries, "read again");
            counter!("faqbot_reloads_total", "faq" => name, "result" => "changed").increment(1);
            faq.set(Ok(version));
        }
        Err(error) => {
            tracing::error!(
                faq = name,
                error = format!("{error:#}"),
                "cannot be read again; what it held before is served"
            );
            counter!("faqbot_reloads_total", "faq" => name, "result" => "failed").increment(1);
            faq.set(Err(format!("{error:#}")));
        }
    }
}
