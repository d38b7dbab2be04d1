//! What was decided about groups of questions.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{Any, Executor, Row};
use uuid::Uuid;

use crate::questions::texts;
use crate::{Error, Millis, Result, Store, now};

/// What a group of questions became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A phrasing of an entry.
    Phrasing,
    /// A new entry.
    Entry,
    /// Questions that are not for this FAQ.
    NotOurs,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Phrasing, Kind::Entry, Kind::NotOurs];

    /// As it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Phrasing => "phrasing",
            Kind::Entry => "entry",
            Kind::NotOurs => "not_ours",
        }
    }
}

/// A decision.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// What it is.
    pub kind: Kind,
    /// The question that names the group.
    pub text: String,
    /// The entry that the questions are for.
    pub entry: Option<String>,
    /// All questions of the group.
    pub questions: Vec<String>,
}

impl Store {
    /// Keeps a decision.
    pub async fn decide(&self, faq: &str, decision: &Decision) -> Result<()> {
        let insert = sqlx::query::<Any>(
            "INSERT INTO faqbot_decision (id, decided_at, faq, kind, text, entry, questions) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(Uuid::new_v4().to_string())
        .bind(decision.at)
        .bind(faq)
        .bind(decision.kind.name())
        .bind(&decision.text)
        .bind(&decision.entry)
        .bind(texts(&decision.questions));
        self.pool.execute(insert).await?;
        Ok(())
    }

    /// All decisions about a FAQ's questions, the oldest first.
    pub async fn decisions(&self, faq: &str) -> Result<Vec<Decision>> {
        let rows = sqlx::query::<Any>("SELECT * FROM faqbot_decision WHERE faq = $1 ORDER BY decided_at")
            .bind(faq)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(decision).collect()
    }

    /// Leaves of decisions before a time only the question that names the group.
    pub(crate) async fn shorten_decisions_before(&self, oldest: Millis) -> Result<()> {
        let rows = sqlx::query::<Any>("SELECT id, text FROM faqbot_decision WHERE decided_at < $1")
            .bind(oldest)
            .fetch_all(&self.pool)
            .await?;
        for row in rows {
            let (id, text): (&str, &str) = (row.try_get("id")?, row.try_get("text")?);
            let shorten = sqlx::query::<Any>("UPDATE faqbot_decision SET questions = $2 WHERE id = $1")
                .bind(id)
                .bind(texts(&[text]));
            self.pool.execute(shorten).await?;
        }
        Ok(())
    }

    /// Takes questions in which a text stands out of the decisions that quote them; those that are left with none go.
    pub(crate) async fn forget_in_decisions(&self, needle: &str) -> Result<u64> {
        let rows = sqlx::query::<Any>("SELECT * FROM faqbot_decision").fetch_all(&self.pool).await?;
        let mut forgotten = 0;
        for row in rows {
            let id: &str = row.try_get("id")?;
            let Decision { mut text, mut questions, .. } = decision(&row)?;
            let holds = |text: &str| text.to_lowercase().contains(needle);
            let before = questions.len();
            questions.retain(|question| !holds(question));
            if before == questions.len() && !holds(&text) {
                continue;
            }
            forgotten += (before - questions.len()) as u64;
            if holds(&text) {
                text = questions.first().cloned().unwrap_or_default();
            }
            let change = if questions.is_empty() {
                sqlx::query::<Any>("DELETE FROM faqbot_decision WHERE id = $1").bind(id)
            } else {
                sqlx::query::<Any>("UPDATE faqbot_decision SET text = $2, questions = $3 WHERE id = $1")
                    .bind(id)
                    .bind(text)
                    .bind(texts(&questions))
            };
            self.pool.execute(change).await?;
        }
        Ok(forgotten)
    }
}

impl Decision {
    /// One that is made now.
    pub fn new(kind: Kind, text: String, entry: Option<String>, questions: Vec<String>) -> Self {
        Decision { at: now(), kind, text, entry, questions }
    }
}

fn decision(row: &AnyRow) -> Result<Decision> {
    let kind: &str = row.try_get("kind")?;
    let kind = Kind::ALL
        .into_iter()
        .find(|own| own.name() == kind)
        .ok_or_else(|| Error::Content(format!("a decision that is none: \"{kind}\"")))?;
    Ok(Decision {
        at: row.try_get("decided_at")?,
        kind,
        text: row.try_get("text")?,
        entry: row.try_get("entry")?,
        questions: serde_json::from_str(row.try_get("questions")?)
            .map_err(|_| Error::Content("a decision whose questions are no JSON".into()))?,
    })
}
