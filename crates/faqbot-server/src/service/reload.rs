//! A FAQ whose files change is read again; what cannot be used leaves the version that there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};

use faqbot_store::address::sqlite_path;
use metrics::counter;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::error::{Error, Result, in_full};
use crate::service::state::App;
use crate::service::version::{Served, Version};

/// Files that are being written are left alone until nothing has come for this long.
const QUIET: Duration = Duration::from_millis(300);

/// The longest that changes which do not end are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches the files of all FAQs from a thread of its own, for as long as the watcher lives. What changed since `begin`,
/// before there was a watcher, is read again at once.
///
/// # Errors
///
/// The operating system does not watch them.
pub fn watch(app: Arc<App>, store: Option<&str>, begin: SystemTime) -> Result<Option<RecommendedWatcher>> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    let mut watched: Vec<(usize, PathBuf)> = Vec::new();
    let is_file = |faq: &Served| app.published.as_ref().is_none_or(|from| !from.serves(&faq.name));
    for (at, faq) in app.faqs.iter().enumerate().filter(|(_, faq)| is_file(faq)) {
        for path in faq.source.files() {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            // Where the file is, and where what it links to is: either may change.
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            for path in [path, real] {
                // Folders, since editors replace files by others of the same name, and a calibration lies beside.
                let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
                folders.insert(folder.clone());
                watched.push((at, folder));
                if path.is_dir() {
                    folders.insert(path.clone());
                    watched.push((at, path));
                }
            }
        }
    }
    if watched.is_empty() {
        return Ok(None);
    }
    // A store in the folder of a FAQ is written all the time: `asked.db`, `asked.db-wal` and so on.
    let store = store.and_then(sqlite_path);
    let store = store.and_then(|path| std::path::absolute(path).ok());
    let names = store.map(|path| ["", "-wal", "-shm", "-journal"].map(|kind| with_ending(&path, kind)));
    let of_store = move |path: &Path| names.iter().flatten().any(|name| name == path);
    let (changed, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let paths = match event {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
            // Some were lost: it may be any.
            Ok(event) if event.need_rescan() => Vec::new(),
            Ok(event) if event.paths.iter().all(|path| of_store(path)) => return,
            Ok(event) => event.paths,
            Err(_) => Vec::new(),
        };
        // The other end lives as long as the program.
        let _ = changed.send(paths);
    })
    .map_err(Error::failed("files cannot be watched"))?;
    for folder in &folders {
        let own = app
            .faqs
            .iter()
            .flat_map(|faq| faq.source.files())
            .any(|path| path.canonicalize().is_ok_and(|path| path == *folder));
        let mode = if own { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        watcher
            .watch(folder, mode)
            .map_err(Error::failed(format!("{}: cannot be watched", folder.display())))?;
    }
    let since = |faq: &Served| {
        faq.source
            .files()
            .iter()
            .any(|path| path.metadata().and_then(|file| file.modified()).is_ok_and(|time| time > begin))
    };
    app.faqs.iter().filter(|faq| since(faq)).for_each(reload);
    std::thread::Builder::new()
        .name("reload".into())
        .spawn(move || follow(&app, &watched, &changes))
        .map_err(Error::failed("no thread to watch files"))?;
    Ok(Some(watcher))
}

/// A path with more behind its name.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn follow(app: &App, watched: &[(usize, PathBuf)], changes: &mpsc::Receiver<Vec<PathBuf>>) {
    while let Ok(first) = changes.recv() {
        let mut all = first.is_empty();
        let mut paths = first;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until
            && let Ok(more) = changes.recv_timeout(QUIET)
        {
            all |= more.is_empty();
            paths.extend(more);
        }
        let concerns = |folder: &Path| all || paths.iter().any(|path| path.starts_with(folder));
        let touched: BTreeSet<usize> =
            watched.iter().filter(|(_, folder)| concerns(folder)).map(|(at, _)| *at).collect();
        // Whether it concerns a FAQ is seen by what is read: the same files are the same version.
        touched.into_iter().for_each(|at| reload(&app.faqs[at]));
    }
}

/// Reads a FAQ again.
fn reload(faq: &Served) {
    let name = faq.name.clone();
    // What a file can make panic does not end the watching.
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| faq.source.read()));
    let read = read.map_or(Err(Error::Panic("reading it panicked")), |read| Ok(Version::new(read?)));
    match read {
        Ok(version) if version.id == faq.version().id => {
            tracing::debug!(faq = name, version = version.id, "read again, and the same");
            counter!("faqbot_reloads_total", "faq" => name, "result" => "same").increment(1);
            faq.set(version);
        }
        Ok(version) => {
            let entries = version.bot.faq().entries.len();
            tracing::info!(faq = name, version = version.id, entries, "read again");
            counter!("faqbot_reloads_total", "faq" => name, "result" => "changed").increment(1);
            faq.set(version);
        }
        Err(error) => {
            tracing::error!(
                faq = name,
                error = in_full(&error),
                "cannot be read again; what it held before is served"
            );
            counter!("faqbot_reloads_total", "faq" => name, "result" => "failed").increment(1);
            faq.keep();
        }
    }
}
