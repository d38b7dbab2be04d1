//! FAQs that are published in the store: which version is served, and another as soon as it is published. Where the store
//! cannot be reached, what there is goes on being served.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use faqbot::Embedder;
use metrics::counter;
use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};

use super::state::{App, Served, Version};
use crate::config::Settings;
use crate::names::check_name;
use crate::published::{Folder, unpack};
use crate::store::versions::CHANNEL;
use crate::store::{Engine, Store};

/// How often the store is asked, whether or not it notified: a notice is lost where a connection is.
const POLL: Duration = Duration::from_secs(15);

/// The same for SQLite, which notifies nobody.
const POLL_SQLITE: Duration = Duration::from_secs(1);

/// How long the store may take to say what is published, and a version to be ready.
const ANSWER: Duration = Duration::from_secs(60);

/// How long the store is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Where published FAQs come from, and which version of each is served.
pub struct Published {
    store: Store,
    folder: Folder,
    /// The number of the version, by the FAQ's name.
    numbers: std::sync::Mutex<HashMap<String, i64>>,
    /// Whether the store cannot be reached.
    pub away: AtomicBool,
}

impl Published {
    pub fn new(settings: &Settings, store: Store) -> Result<Self> {
        let folder = Folder::new(settings)?;
        Ok(Published { store, folder, numbers: std::sync::Mutex::default(), away: AtomicBool::new(false) })
    }

    /// All FAQs that are published.
    pub async fn all(&self, settings: &Settings, embedder: &Arc<dyn Embedder>) -> Result<Vec<Served>> {
        let mut faqs = Vec::new();
        for (name, number) in self.store.deployments().await? {
            check_name(&name)?;
            let version = self.read(settings, embedder, &name, number).await?;
            let version = version.with_context(|| format!("{name}, version {number}"))?;
            faqs.push(Served::new(name.clone(), settings.clone(), Arc::clone(embedder), version));
            self.set(name, number);
        }
        Ok(faqs)
    }

    /// Reads a version. The outer error is the store's, and worth another try; the inner is the version's own.
    async fn read(
        &self,
        settings: &Settings,
        embedder: &Arc<dyn Embedder>,
        name: &str,
        number: i64,
    ) -> Result<Result<Version>> {
        let versions = self.store.versions(Some(name)).await?;
        let version = versions.iter().find(|version| version.number == number);
        let Some(model) = version.map(|version| version.model.clone()) else {
            return Ok(Err(anyhow::anyhow!("there is no such version")));
        };
        let content = self.store.content(name, number).await?;
        // A FAQ may take seconds to prepare, and what it holds may make that panic.
        Ok(tokio::task::block_in_place(|| {
            let unpacked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                unpack(settings, &content, &model, embedder, &self.folder)
            }));
            unpacked.unwrap_or_else(|_| Err(anyhow::anyhow!("preparing it panicked"))).map(Version::new)
        }))
    }

    fn set(&self, name: String, number: i64) {
        self.numbers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name, number);
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.numbers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).copied()
    }

    /// Whether a FAQ is served from here, and not from a file.
    pub fn serves(&self, name: &str) -> bool {
        self.number(name).is_some()
    }
}

/// Follows what is published, for as long as the server runs.
pub async fn follow(app: Arc<App>) {
    let Some(published) = app.published.clone() else { return };
    let mut listener: Option<PgListener> = None;
    loop {
        if published.store.engine() == Engine::Postgres && listener.is_none() {
            listener = match listen(&published.store).await {
                Ok(listener) => Some(listener),
                Err(error) => {
                    away(&published, &error);
                    sleep(PAUSE).await;
                    continue;
                }
            };
        }
        // A connection may be dead without saying so.
        let looked = timeout(ANSWER, look(&app, &published)).await;
        if let Err(error) = looked.unwrap_or_else(|_| Err(anyhow::anyhow!("it does not answer"))) {
            away(&published, &error);
            listener = None;
            sleep(PAUSE).await;
            continue;
        }
        if published.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the store is back");
        }
        match &mut listener {
            None => sleep(POLL_SQLITE).await,
            // What it says does not matter: what is published is looked up.
            Some(notices) => match timeout(POLL, notices.try_recv()).await {
                Err(_) | Ok(Ok(Some(_))) => {}
                // The connection was lost, and what was notified meanwhile with it.
                Ok(Ok(None) | Err(_)) => listener = None,
            },
        }
    }
}

async fn listen(store: &Store) -> Result<PgListener> {
    let mut listener = PgListener::connect(store.url()).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

fn away(published: &Published, error: &anyhow::Error) {
    if !published.away.swap(true, Ordering::Relaxed) {
        tracing::error!(error = format!("{error:#}"), "the store cannot be reached; what is served stays");
    }
}

/// Takes the versions that are to be served and are not yet.
async fn look(app: &App, published: &Published) -> Result<()> {
    for (name, number) in published.store.deployments().await? {
        let Some(faq) = app.faqs.iter().find(|faq| faq.name == name) else { continue };
        if published.number(&name).is_none_or(|own| own == number) {
            continue;
        }
        match published.read(&faq.settings, &faq.embedder, &name, number).await? {
            Ok(version) => {
                let entries = version.bot.faq().entries.len();
                tracing::info!(faq = name, number, version = version.id, entries, "published");
                counter!("faqbot_reloads_total", "faq" => name.clone(), "result" => "changed").increment(1);
                faq.set(version);
            }
            Err(error) => {
                // Not tried again: the next version may do.
                let error = format!("{error:#}");
                tracing::error!(faq = name, number, error, "cannot be served; what there was is");
                counter!("faqbot_reloads_total", "faq" => name.clone(), "result" => "failed").increment(1);
                faq.keep();
            }
        }
        published.set(name, number);
    }
    Ok(())
}
