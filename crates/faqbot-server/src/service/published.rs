//! FAQs that are published in the store: which version is served, and another as soon as it is published. Where the store
//! cannot be reached, what there is goes on being served.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use faqbot_store::recorder::Warn;
use faqbot_store::{Source, Store};
use std::path::Path;

use crate::error::{Error, Result};

use crate::names::check_name;
use crate::service::version::{Served, Version};
use faqbot_store::published::{Folder, unpack};

/// Where published FAQs come from, and which version of each is served.
pub struct Published {
    pub store: Store,
    folder: Folder,
    warn: Warn,
    /// The number of the version, by the FAQ's name.
    numbers: std::sync::Mutex<HashMap<String, i64>>,
    /// Whether the store cannot be reached.
    pub away: AtomicBool,
}

impl Published {
    pub fn new(cache: Option<&Path>, store: Store, warn: Warn) -> Result<Self> {
        let folder = Folder::new(cache)?;
        Ok(Published {
            store,
            folder,
            warn,
            numbers: std::sync::Mutex::default(),
            away: AtomicBool::new(false),
        })
    }

    /// All FAQs that are published.
    pub async fn all(&self, source: &Arc<dyn Source>) -> Result<Vec<Served>> {
        let mut faqs = Vec::new();
        for (name, number) in self.store.deployments().await? {
            check_name(&name)?;
            let version = self.read(&**source, &name, number).await?;
            let version = version.map_err(Error::failed(format!("{name}, version {number}")))?;
            faqs.push(Served::new(name.clone(), Arc::clone(source), version));
            self.set(name, number);
        }
        Ok(faqs)
    }

    /// Reads a version. The outer error is the store's, and worth another try; the inner is the version's own.
    pub async fn read(&self, source: &dyn Source, name: &str, number: i64) -> Result<Result<Version>> {
        let versions = self.store.versions(Some(name)).await?;
        let version = versions.iter().find(|version| version.number == number);
        let Some(model) = version.map(|version| version.model.clone()) else {
            return Ok(Err(Error::Refused("there is no such version".into())));
        };
        let content = self.store.content(name, number).await?;
        // A FAQ may take seconds to prepare, and what it holds may make that panic.
        Ok(tokio::task::block_in_place(|| {
            let unpacked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                unpack(source, &content, &model, &self.folder, self.warn).map_err(Error::from)
            }));
            unpacked.unwrap_or_else(|_| Err(Error::Panic("preparing it panicked"))).map(Version::new)
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
