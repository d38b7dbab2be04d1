//! FAQs as they were published, and which version of each is served.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::postgres::PgListener;
use sqlx::{Any, Executor, Row, Transaction};

use crate::{Engine, Error, Millis, Result, Store, now};

/// What PostgreSQL notifies of a version that is served from now on.
const CHANNEL: &str = "faqbot";

/// A version of a FAQ, without what it holds.
#[derive(Debug, Clone, Serialize)]
pub struct Version {
    /// The FAQ.
    pub faq: String,
    /// From 1.
    pub number: i64,
    /// Of its content and calibration.
    pub hash: String,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// Who published it.
    pub author: String,
    /// What they said of it.
    pub note: String,
    /// How many entries it has.
    pub entries: i64,
    /// The model that its vectors are of.
    pub model: String,
    /// Whether it is the one that is served.
    pub served: bool,
}

/// What a version holds.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// The FAQ, in the native JSON.
    pub faq: Vec<u8>,
    /// The file beside it.
    pub calibration: Option<Vec<u8>>,
    /// A file of vectors, so that nothing is embedded again.
    pub vectors: Option<Vec<u8>>,
}

/// Notices that another version is served, from PostgreSQL.
pub struct Notices(PgListener);

impl Notices {
    /// Waits for the next. What it is about is to be looked up.
    ///
    /// # Errors
    ///
    /// The connection was lost, and what was notified meanwhile with it.
    pub async fn next(&mut self) -> Result<()> {
        self.0.try_recv().await?.map(drop).ok_or(Error::Database(sqlx::Error::PoolClosed))
    }
}

impl Store {
    /// Notices of what is published from now on.
    ///
    /// # Errors
    ///
    /// The database cannot be reached, or is SQLite, which notifies nobody.
    pub async fn notices(&self) -> Result<Notices> {
        let mut listener = PgListener::connect(&self.url).await?;
        listener.listen(CHANNEL).await?;
        Ok(Notices(listener))
    }

    /// The versions of one FAQ, or of all; the newest first.
    pub async fn versions(&self, faq: Option<&str>) -> Result<Vec<Version>> {
        let rows = sqlx::query::<Any>(
            "SELECT v.faq AS faq, v.number AS number, hash, published_at, author, note, entries, model, \
             CASE WHEN d.number = v.number THEN 1 ELSE 0 END AS served FROM faqbot_version v \
             LEFT JOIN faqbot_deployment d ON d.faq = v.faq WHERE $1 IS NULL OR v.faq = $1 \
             ORDER BY v.faq, v.number DESC",
        )
        .bind(faq)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(version).collect()
    }

    /// The number of the version that is served of each FAQ.
    pub async fn deployments(&self) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query::<Any>("SELECT faq, number FROM faqbot_deployment ORDER BY faq")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok((row.try_get("faq")?, row.try_get("number")?))).collect()
    }

    /// What a version holds.
    pub async fn content(&self, faq: &str, number: i64) -> Result<Content> {
        let row = sqlx::query::<Any>(
            "SELECT content, calibration, vectors FROM faqbot_version WHERE faq = $1 AND number = $2",
        )
        .bind(faq)
        .bind(number)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Err(Error::NoVersion { faq: faq.to_owned(), number }) };
        Ok(Content {
            faq: row.try_get("content")?,
            calibration: row.try_get("calibration")?,
            vectors: row.try_get("vectors")?,
        })
    }

    /// Publishes the version behind `base`, the newest that the publisher knows of, and serves it.
    ///
    /// # Errors
    ///
    /// Someone else published meanwhile; or the database fails.
    pub async fn publish(&self, version: &Version, content: &Content, base: i64) -> Result<i64> {
        let number = base + 1;
        let mut transaction = self.pool.begin().await?;
        let insert = sqlx::query::<Any>(
            "INSERT INTO faqbot_version (faq, number, hash, published_at, author, note, entries, model, content, calibration, \
             vectors) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (faq, number) DO NOTHING",
        )
        .bind(&version.faq)
        .bind(number)
        .bind(&version.hash)
        .bind(now())
        .bind(&version.author)
        .bind(&version.note)
        .bind(version.entries)
        .bind(&version.model)
        .bind(content.faq.clone())
        .bind(content.calibration.clone())
        .bind(content.vectors.clone());
        if transaction.execute(insert).await?.rows_affected() == 0 {
            return Err(Error::Published { faq: version.faq.clone(), number });
        }
        self.deploy(&mut transaction, &version.faq, number).await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Serves another version from now on.
    pub async fn serve(&self, faq: &str, number: i64) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        self.deploy(&mut transaction, faq, number).await?;
        Ok(transaction.commit().await?)
    }

    async fn deploy(&self, transaction: &mut Transaction<'_, Any>, faq: &str, number: i64) -> Result<()> {
        let deploy = sqlx::query::<Any>(
            "INSERT INTO faqbot_deployment (faq, number, deployed_at) VALUES ($1, $2, $3) ON CONFLICT (faq) DO UPDATE \
             SET number = EXCLUDED.number, deployed_at = EXCLUDED.deployed_at",
        )
        .bind(faq)
        .bind(number)
        .bind(now());
        transaction.execute(deploy).await?;
        if self.engine == Engine::Postgres {
            // At the commit. It takes a lock of the whole database, which is nothing for what happens a few times a day.
            let notify = sqlx::query::<Any>("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(faq);
            transaction.execute(notify).await?;
        }
        Ok(())
    }
}

fn version(row: &AnyRow) -> Result<Version> {
    // Whole numbers have one width in one engine, and another in the other.
    let served =
        row.try_get::<i64, _>("served").or_else(|_| row.try_get::<i32, _>("served").map(i64::from))?;
    Ok(Version {
        faq: row.try_get("faq")?,
        number: row.try_get("number")?,
        hash: row.try_get("hash")?,
        at: row.try_get("published_at")?,
        author: row.try_get("author")?,
        note: row.try_get("note")?,
        entries: row.try_get("entries")?,
        model: row.try_get("model")?,
        served: served == 1,
    })
}
