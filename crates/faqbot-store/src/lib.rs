//! What is kept where the user asks for it: questions and what became of them, decisions, and published FAQs; in SQLite or
//! PostgreSQL.
//!
//! Statements are written once, for both: what they have in common is enough, and the program's tests run them on both.

pub mod address;
pub mod channel;
pub mod decisions;
pub mod error;
pub mod plan;
pub mod published;
pub mod questions;
pub mod rating;
pub mod recorder;
pub mod review;
pub mod source;
pub mod versions;

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, SqlSafeStr};
use tokio::time::timeout;

use address::{address, without_password};
pub use channel::Channel;
pub use error::{Error, Result};
pub use rating::Rating;
pub use recorder::{Keep, Recorder};
pub use source::Source;

/// How long a connection is waited for; while it is, nothing is written.
const PATIENCE: Duration = Duration::from_secs(2);

/// The schema, step by step; a step that was released is never changed.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "questions, decisions and versions", include_str!("migrations/1_questions.sql"))];

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

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
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
        let failed = |source| Error::Open { store: without_password(url), source };
        // The pool would only say that it waited in vain.
        let connection = timeout(PATIENCE, AnyConnection::connect(&store.url)).await;
        let connection = connection.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed)?;
        connection.close().await.map_err(failed)?;
        store.migrate().await.map_err(|source| failed(source.into()))?;
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
            .map_err(|source| Error::Open { store: without_password(&url), source })?;
        Ok(Store { pool, engine, url })
    }

    async fn migrate(&self) -> std::result::Result<(), MigrateError> {
        let migration = |(version, what, sql): (i64, &'static str, &'static str)| {
            let sql = match self.engine {
                Engine::Sqlite => sql.into_sql_str(),
                // The one name that the two do not share. The text is ours.
                Engine::Postgres => AssertSqlSafe(sql.replace("BLOB", "BYTEA")).into_sql_str(),
            };
            Migration::new(version, Cow::Borrowed(what), MigrationType::Simple, sql, false)
        };
        let migrations = Migrator::with_migrations(MIGRATIONS.map(migration).to_vec());
        migrations.run(&self.pool).await
    }

    /// Closes its connections: SQLite puts its files in order then.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The kind of database.
    pub fn engine(&self) -> Engine {
        self.engine
    }
}
