//! The store of a command.

use anyhow::{Context, Result};
use faqbot_store::{Missing, Store};
use tokio::runtime::Runtime;

use crate::config::Settings;

/// The address of the store, for commands that need one; `what` is what is kept there.
pub fn url<'s>(settings: &'s Settings, what: &str) -> Result<&'s str> {
    settings.store.as_deref().with_context(|| format!("--store names where {what}"))
}

/// Does something with the store of a command, and closes it; see [`url`].
pub fn with_store<T>(
    settings: &Settings,
    what: &str,
    missing: Missing,
    work: impl AsyncFnOnce(&Store) -> Result<T>,
) -> Result<T> {
    let url = url(settings, what)?;
    runtime()?.block_on(async {
        let store = Store::open(url, missing).await?;
        let done = work(&store).await;
        store.close().await;
        done
    })
}

/// A runtime for commands that use a store.
pub fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("no thread for the store")
}
