//! What is kept where the user asks for it: questions and what became of them, decisions, and published FAQs; in SQLite or
//! PostgreSQL.
//!
//! Statements are written once, for both: what they have in common is enough, and `tests/store.rs` runs them on both.

pub mod decisions;
pub mod questions;
pub mod recorder;
pub mod versions;

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, SqlSafeStr};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::config::{Settings, sqlite_path, without_password};

/// How long a connection is waited for; while it is, nothing is written.
const PATIENCE: Duration = Duration::from_secs(2);

/// The schema, step by step; a step that was released is never changed.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "questions, decisions and versions", include_str!("store/migrations/1_questions.sql"))];

/// Milliseconds since 1970.
pub type Millis = i64;

/// Now.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// The time that was so long ago; the beginning, for longer than there is time.
pub fn ago(time: Duration) -> Millis {
    now().saturating_sub(Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX))
}

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

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Whether the database need be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It is made.
    Create,
    /// That is an error.
    Refuse,
}

/// A database that is open.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    url: String,
}

impl Store {
    /// Opens a database, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// It is no address of a database, or cannot be opened.
    pub async fn open(url: &str, missing: Missing) -> Result<Store> {
        let store = Store::lazy(url, missing)?;
        let named = || format!("the store {}", without_password(url));
        // The pool would only say that it waited in vain.
        let connection = timeout(PATIENCE, AnyConnection::connect(&store.url)).await;
        let connection = connection.unwrap_or(Err(sqlx::Error::PoolTimedOut)).with_context(named)?;
        connection.close().await.with_context(named)?;
        store.migrate().await.with_context(named)?;
        Ok(store)
    }

    /// As [`Store::open`], but nothing is connected yet.
    fn lazy(url: &str, missing: Missing) -> Result<Store> {
        sqlx::any::install_default_drivers();
        let (engine, url) = address(url, missing)?;
        let pool = AnyPoolOptions::new()
            // SQLite has one writer at a time.
            .max_connections(if engine == Engine::Sqlite { 2 } else { 4 })
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if engine == Engine::Sqlite {
                        // With a log of its own, a kill leaves the database as of the last transaction.
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute("PRAGMA synchronous = NORMAL").await?;
                        connection.execute("PRAGMA busy_timeout = 5000").await?;
                        // What is forgotten is overwritten.
                        connection.execute("PRAGMA secure_delete = ON").await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy(&url)
            .with_context(|| format!("the store {}", without_password(&url)))?;
        Ok(Store { pool, engine, url })
    }

    async fn migrate(&self) -> Result<()> {
        let migration = |(version, what, sql): (i64, &'static str, &'static str)| {
            let sql = match self.engine {
                Engine::Sqlite => sql.into_sql_str(),
                // The one name that the two do not share. The text is ours.
                Engine::Postgres => AssertSqlSafe(sql.replace("BLOB", "BYTEA")).into_sql_str(),
            };
            Migration::new(version, Cow::Borrowed(what), MigrationType::Simple, sql, false)
        };
        let migrations = Migrator::with_migrations(MIGRATIONS.map(migration).to_vec());
        Ok(migrations.run(&self.pool).await?)
    }

    /// Closes its connections: SQLite puts its files in order then.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The kind of database.
    #[cfg(feature = "serve")]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Its address, for a connection of one's own.
    #[cfg(feature = "serve")]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// The kind of database that an address is of, and the address as its driver wants it.
fn address(url: &str, missing: Missing) -> Result<(Engine, String)> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok((Engine::Postgres, url.to_owned()));
    }
    let Some(path) = sqlite_path(url).filter(|path| !path.is_empty()) else {
        // It is not quoted: it may hold a password.
        bail!("--store: an address is sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE");
    };
    match (Path::new(path).is_file(), missing) {
        (true, _) => {}
        (false, Missing::Refuse) => bail!("{path}: there is no store yet; `faqbot serve --store` begins one"),
        (false, Missing::Create) => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            // What people asked is for the operator's eyes.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(error).with_context(|| format!("the store {path}"));
                }
                _ => {}
            }
        }
    }
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok((Engine::Sqlite, format!("sqlite://{escaped}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_two_kinds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a?b.db");
        let url = format!("sqlite:{}", path.display());
        assert!(address(&url, Missing::Refuse).unwrap_err().to_string().contains("no store yet"));
        assert!(!path.exists());
        let (engine, escaped) = address(&url, Missing::Create).unwrap();
        assert!(path.exists() && engine == Engine::Sqlite && escaped.ends_with("a%3fb.db"));
        for wrong in ["mysql://a/b", "a.db", "sqlite:", "sqlite:/no/such/folder/a.db"] {
            assert!(address(wrong, Missing::Create).is_err(), "{wrong}");
        }
    }
}
