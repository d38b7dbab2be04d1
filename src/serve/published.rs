//! FAQs that are published in the store: which version is served, and another as soon as it is published. Where the store
//! cannot be reached, what there is goes on being served.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use faqbot::Embedder;
use faqbot_store::Store;

use super::version::{Served, Version};
use crate::config::Settings;
use crate::names::check_name;
use crate::published::{Folder, unpack};

/// Where published FAQs come from, and which version of each is served.
pub struct Published {
    pub store: Store,
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
    pub async fn read(
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

    pub fn set(&self, name: String, number: i64) {
        self.numbers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(name, number);
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.numbers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(name).copied()
    }

    /// Whether a FAQ is served from here, and not from a file.
    pub fn serves(&self, name: &str) -> bool {
        self.number(name).is_some()
    }
}
