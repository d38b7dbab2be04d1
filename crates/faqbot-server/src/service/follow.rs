//! Serves what is published as soon as it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use faqbot_store::Engine;
use faqbot_store::versions::Notices;
use metrics::counter;
use tokio::time::{sleep, timeout};

use crate::error::{Error, Result, in_full};
use crate::service::published::Published;
use crate::service::state::App;

/// How often the store is asked, whether or not it notified: a notice is lost where a connection is.
const POLL: Duration = Duration::from_secs(15);

/// The same for SQLite, which notifies nobody.
const POLL_SQLITE: Duration = Duration::from_secs(1);

/// How long the store may take to say what is published, and a version to be ready.
const ANSWER: Duration = Duration::from_secs(60);

/// How long the store is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows what is published, for as long as the server runs.
pub async fn follow(app: Arc<App>) {
    let Some(published) = app.published.clone() else { return };
    let mut notices: Option<Notices> = None;
    loop {
        if published.store.engine() == Engine::Postgres && notices.is_none() {
            notices = match published.store.notices().await {
                Ok(notices) => Some(notices),
                Err(error) => {
                    away(&published, &error.into());
                    sleep(PAUSE).await;
                    continue;
                }
            };
        }
        // A connection may be dead without saying so.
        let looked = timeout(ANSWER, look(&app, &published)).await;
        if let Err(error) = looked.unwrap_or_else(|_| Err(Error::Refused("it does not answer".into()))) {
            away(&published, &error);
            notices = None;
            sleep(PAUSE).await;
            continue;
        }
        if published.away.swap(false, Ordering::Relaxed) {
            tracing::info!("the store is back");
        }
        match &mut notices {
            None => sleep(POLL_SQLITE).await,
            Some(coming) => {
                if let Ok(Err(_)) = timeout(POLL, coming.next()).await {
                    notices = None;
                }
            }
        }
    }
}

fn away(published: &Published, error: &Error) {
    if !published.away.swap(true, Ordering::Relaxed) {
        tracing::error!(error = in_full(error), "the store cannot be reached; what is served stays");
    }
}

/// Takes the versions that are to be served and are not yet.
async fn look(app: &App, published: &Published) -> Result<()> {
    for (name, number) in published.store.deployments().await? {
        let Some(faq) = app.faqs.iter().find(|faq| faq.name == name) else { continue };
        if published.number(&name).is_none_or(|own| own == number) {
            continue;
        }
        match published.read(&*faq.source, &name, number).await? {
            Ok(version) => {
                let entries = version.bot.faq().entries.len();
                tracing::info!(faq = name, number, version = version.id, entries, "published");
                counter!("faqbot_reloads_total", "faq" => name.clone(), "result" => "changed").increment(1);
                faq.set(version);
            }
            Err(error) => {
                // Not tried again: the next version may do.
                let error = in_full(&error);
                tracing::error!(faq = name, number, error, "cannot be served; what there was is");
                counter!("faqbot_reloads_total", "faq" => name.clone(), "result" => "failed").increment(1);
                faq.keep();
            }
        }
        published.set(name, number);
    }
    Ok(())
}
