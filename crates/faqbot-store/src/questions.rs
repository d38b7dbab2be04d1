//! Questions and what people thought of their replies.

use std::collections::HashMap;

use faqbot_core::OutcomeKind;
use serde::Serialize;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Executor, Row};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::channel::Channel;
use crate::rating::Rating;
use crate::{Error, Millis, Result, Store};

/// A question, its text redacted.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// That of the reply; what is asked later has a greater one, also within a millisecond.
    pub id: Uuid,
    /// When it was asked, in milliseconds since 1970.
    pub at: Millis,
    /// The FAQ that was asked.
    pub faq: String,
    #[serde(rename = "faq_version")]
    /// The version of the FAQ.
    pub version: String,
    /// Where it was asked: an API, the chat, the page.
    pub channel: Channel,
    /// A conversation within a day.
    pub session: Option<String>,
    /// As it was written, redacted.
    pub text: String,
    /// What became of it.
    pub outcome: OutcomeKind,
    /// The entry that was answered, or else the nearest.
    pub entry: Option<String>,
    /// That the entry is right, from 0 to 1.
    pub confidence: Option<f32>,
    /// The next entry.
    pub runner_up: Option<String>,
    /// The entries that were shown.
    pub shown: Vec<String>,
}

/// What someone thinks of a reply.
#[derive(Debug, Clone)]
pub struct Feedback {
    /// The question.
    pub question: Rated,
    /// When, in milliseconds since 1970.
    pub at: Millis,
    /// What is thought of it.
    pub rating: Rating,
    /// The entry that was chosen.
    pub entry: Option<String>,
}

/// Which reply someone thinks something of.
#[derive(Debug, Clone)]
pub enum Rated {
    /// The one with this id.
    Id(Uuid),
    /// The last to this question, for clients that name no reply.
    LastTo {
        /// The FAQ that was asked.
        faq: String,
        /// As it was written, redacted.
        text: String,
    },
}

/// What is to be written.
#[derive(Debug, Clone)]
pub enum Record {
    /// A question.
    Question(Box<Question>),
    /// What someone thinks of a reply.
    Feedback(Feedback),
}

/// A question as it is kept, with what was thought of it last.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    #[serde(flatten)]
    /// The question.
    pub question: Question,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// What is thought of it.
    pub rating: Option<Rating>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The entry that was chosen of those that were shown.
    pub chosen: Option<String>,
}

/// Which questions.
#[derive(Debug, Clone, Default)]
pub struct Filter<'f> {
    /// The FAQ that was asked.
    pub faq: Option<&'f str>,
    /// Asked at this time or later.
    pub since: Millis,
    /// What became of it.
    pub outcome: Option<OutcomeKind>,
    /// At most so many, the newest; 0 for all.
    pub newest: i64,
}

/// Counts of a day.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    /// Questions that were answered.
    pub answered: i64,
    /// Those that were asked back about.
    pub asked_back: i64,
    /// Those that had no answer.
    pub unanswered: i64,
    /// Replies that helped.
    pub up: i64,
    /// Replies that did not.
    pub down: i64,
    /// The mean of those that have one.
    pub confidence: Option<f64>,
}

impl Store {
    /// Writes records, all or none.
    pub async fn write(&self, records: impl Iterator<Item = &Record>) -> sqlx::Result<()> {
        let (mut questions, mut ratings) = (Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Question(question) => questions.push(&**question),
                Record::Feedback(feedback) => ratings.push(feedback),
            }
        }
        let mut transaction = self.pool.begin().await?;
        let mut rest = &questions[..];
        while !rest.is_empty() {
            let count = ROWS.into_iter().find(|&rows| rows <= rest.len()).unwrap_or(1);
            let (now, later) = rest.split_at(count);
            transaction.execute(insert_questions(now)).await?;
            rest = later;
        }
        // A rating is of a question, which is there now.
        for feedback in ratings {
            transaction.execute(insert_feedback(feedback)).await?;
        }
        transaction.commit().await
    }

    /// Questions, the oldest first.
    pub async fn questions(&self, filter: &Filter<'_>) -> Result<Vec<Kept>> {
        let outcome = filter.outcome.map(OutcomeKind::name);
        let newest = if filter.newest > 0 { filter.newest } else { i64::MAX };
        let rows = sqlx::query::<Any>(
            "SELECT q.*, f.rating AS rating, f.entry AS chosen FROM faqbot_question q \
             LEFT JOIN faqbot_feedback f ON f.question = q.id WHERE q.asked_at >= $1 AND ($2 IS NULL OR q.faq = $2) \
             AND ($3 IS NULL OR q.outcome = $3) ORDER BY q.asked_at DESC, q.id DESC LIMIT $4",
        )
        .bind(filter.since)
        .bind(filter.faq)
        .bind(outcome)
        .bind(newest)
        .fetch_all(&self.pool)
        .await?;
        let kept = |row: &AnyRow| {
            Ok(Kept {
                question: question(row)?,
                rating: row.try_get::<Option<&str>, _>("rating")?.map(rating).transpose()?,
                chosen: row.try_get("chosen")?,
            })
        };
        rows.iter().rev().map(kept).collect()
    }

    /// The question of a reply.
    pub async fn question(&self, id: Uuid) -> Result<Option<Question>> {
        let row = sqlx::query::<Any>("SELECT * FROM faqbot_question WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(question).transpose()
    }

    /// Counts by day, the oldest first.
    pub async fn days(&self, filter: &Filter<'_>) -> Result<Vec<Day>> {
        const DAY: i64 = 24 * 3600 * 1000;
        let mut days: HashMap<i64, Day> = HashMap::new();
        let rows = sqlx::query::<Any>(
            "SELECT asked_at / $1 AS day, outcome, COUNT(*) AS count, SUM(confidence) AS sum, COUNT(confidence) AS known \
             FROM faqbot_question WHERE asked_at >= $2 AND ($3 IS NULL OR faq = $3) GROUP BY asked_at / $1, outcome",
        )
        .bind(DAY)
        .bind(filter.since)
        .bind(filter.faq)
        .fetch_all(&self.pool)
        .await?;
        let mut known: HashMap<i64, (f64, i64)> = HashMap::new();
        for row in rows {
            let day: i64 = row.try_get("day")?;
            let count: i64 = row.try_get("count")?;
            let own = days.entry(day).or_insert(Day { day, ..Day::default() });
            match OutcomeKind::named(&row.try_get::<String, _>("outcome")?) {
                Some(OutcomeKind::Answer) => own.answered += count,
                Some(OutcomeKind::Ambiguous) => own.asked_back += count,
                _ => own.unanswered += count,
            }
            let (sum, number) = known.entry(day).or_default();
            *sum += row.try_get::<Option<f64>, _>("sum")?.unwrap_or_default();
            *number += row.try_get::<i64, _>("known")?;
        }
        let rows = sqlx::query::<Any>(
            "SELECT q.asked_at / $1 AS day, f.rating AS rating, COUNT(*) AS count FROM faqbot_feedback f \
             JOIN faqbot_question q ON q.id = f.question WHERE q.asked_at >= $2 AND ($3 IS NULL OR q.faq = $3) \
             GROUP BY q.asked_at / $1, f.rating",
        )
        .bind(DAY)
        .bind(filter.since)
        .bind(filter.faq)
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let day: i64 = row.try_get("day")?;
            let count: i64 = row.try_get("count")?;
            let own = days.entry(day).or_insert(Day { day, ..Day::default() });
            match rating(row.try_get("rating")?)? {
                Rating::Up => own.up += count,
                Rating::Down => own.down += count,
                Rating::Chosen | Rating::None => {}
            }
        }
        for (day, (sum, number)) in known {
            if let Some(own) = days.get_mut(&day).filter(|_| number > 0) {
                own.confidence = Some(sum / number as f64);
            }
        }
        let mut days: Vec<Day> = days.into_values().collect();
        days.sort_by_key(|day| day.day);
        Ok(days)
    }

    /// How often each entry was answered, the busiest first.
    pub async fn answered(&self, filter: &Filter<'_>) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query::<Any>(
            "SELECT entry, COUNT(*) AS count FROM faqbot_question WHERE asked_at >= $1 AND ($2 IS NULL OR faq = $2) \
             AND outcome = 'answer' AND entry IS NOT NULL GROUP BY entry ORDER BY COUNT(*) DESC, entry",
        )
        .bind(filter.since)
        .bind(filter.faq)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok((row.try_get("entry")?, row.try_get("count")?))).collect()
    }

    /// Removes what was asked before a time. Of decisions before it, the question that names the group stays: it stands in the
    /// FAQ.
    pub async fn remove_before(&self, oldest: Millis) -> Result<u64> {
        let mut transaction = self.pool.begin().await?;
        let feedback = sqlx::query::<Any>(
            "DELETE FROM faqbot_feedback WHERE question IN (SELECT id FROM faqbot_question WHERE asked_at < $1)",
        );
        transaction.execute(feedback.bind(oldest)).await?;
        let questions = sqlx::query::<Any>("DELETE FROM faqbot_question WHERE asked_at < $1");
        let removed = transaction.execute(questions.bind(oldest)).await?.rows_affected();
        transaction.commit().await?;
        self.shorten_decisions_before(oldest).await?;
        Ok(removed)
    }

    /// Removes a session's questions.
    pub async fn forget_session(&self, session: &str) -> Result<u64> {
        let ids = sqlx::query::<Any>("SELECT id FROM faqbot_question WHERE session = $1")
            .bind(session)
            .fetch_all(&self.pool)
            .await?;
        self.forget(&ids).await
    }

    /// Removes the questions in which a text stands, whatever its case; also where decisions quote them.
    pub async fn forget_text(&self, text: &str) -> Result<u64> {
        /// Questions that are looked at together.
        const PAGE: i64 = 5_000;
        let needle = text.to_lowercase();
        let (mut removed, mut behind) = (0, String::new());
        loop {
            let rows =
                sqlx::query::<Any>("SELECT id, text FROM faqbot_question WHERE id > $1 ORDER BY id LIMIT $2")
                    .bind(&behind)
                    .bind(PAGE)
                    .fetch_all(&self.pool)
                    .await?;
            let Some(last) = rows.last() else { break };
            behind = last.try_get("id")?;
            // Compared here, since the databases' own functions know other letters.
            let holds = |row: &AnyRow| {
                row.try_get::<&str, _>("text").is_ok_and(|text| text.to_lowercase().contains(&needle))
            };
            let rows: Vec<AnyRow> = rows.into_iter().filter(holds).collect();
            removed += self.forget(&rows).await?;
        }
        let quoted = self.forget_in_decisions(&needle).await?;
        // Decisions quote questions that are mostly counted above.
        Ok(if removed == 0 { quoted } else { removed })
    }

    async fn forget(&self, rows: &[AnyRow]) -> Result<u64> {
        let mut transaction = self.pool.begin().await?;
        let mut removed = 0;
        for row in rows {
            let id: &str = row.try_get("id")?;
            transaction
                .execute(sqlx::query::<Any>("DELETE FROM faqbot_feedback WHERE question = $1").bind(id))
                .await?;
            let delete = sqlx::query::<Any>("DELETE FROM faqbot_question WHERE id = $1").bind(id);
            removed += transaction.execute(delete).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(removed)
    }
}

/// Questions that are written by one statement: few sizes, so that each is prepared once.
const ROWS: [usize; 3] = [64, 8, 1];

fn insert_questions<'q>(questions: &[&'q Question]) -> Query<'q, Any, AnyArguments> {
    /// Columns of a question.
    const COLUMNS: usize = 13;
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=COLUMNS).map(|column| format!("${}", row * COLUMNS + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..questions.len()).map(row).collect();
    let statement = format!(
        "INSERT INTO faqbot_question (id, asked_at, faq, faq_version, channel, session, text, text_key, outcome, entry, \
         confidence, runner_up, shown) VALUES {} ON CONFLICT (id) DO NOTHING",
        rows.join(", ")
    );
    // Only places are put into it.
    let query = sqlx::query::<Any>(AssertSqlSafe(statement));
    questions.iter().fold(query, |query, question| {
        query
            .bind(question.id.to_string())
            .bind(question.at)
            .bind(&question.faq)
            .bind(&question.version)
            .bind(question.channel.name())
            .bind(&question.session)
            .bind(&question.text)
            .bind(text_key(&question.faq, &question.text))
            .bind(question.outcome.name())
            .bind(&question.entry)
            .bind(question.confidence.map(f64::from))
            .bind(&question.runner_up)
            .bind(texts(&question.shown))
    })
}

fn insert_feedback(feedback: &Feedback) -> Query<'_, Any, AnyArguments> {
    match &feedback.question {
        Rated::Id(id) => sqlx::query::<Any>(
            "INSERT INTO faqbot_feedback (question, given_at, rating, entry) VALUES ($4, $1, $2, $3) \
             ON CONFLICT (question) DO UPDATE SET given_at = EXCLUDED.given_at, rating = EXCLUDED.rating, \
             entry = EXCLUDED.entry",
        )
        .bind(feedback.at)
        .bind(feedback.rating.name())
        .bind(&feedback.entry)
        .bind(id.to_string()),
        Rated::LastTo { faq, text } => sqlx::query::<Any>(
            "INSERT INTO faqbot_feedback (question, given_at, rating, entry) \
             SELECT id, CAST($1 AS BIGINT), $2, $3 FROM faqbot_question WHERE text_key = $4 \
             ORDER BY asked_at DESC LIMIT 1 ON CONFLICT (question) DO UPDATE SET given_at = EXCLUDED.given_at, \
             rating = EXCLUDED.rating, entry = EXCLUDED.entry",
        )
        .bind(feedback.at)
        .bind(feedback.rating.name())
        .bind(&feedback.entry)
        .bind(text_key(faq, text)),
    }
}

/// Texts as they are kept.
pub(crate) fn texts<T: Serialize>(texts: &[T]) -> String {
    serde_json::to_string(texts).expect("a list of texts is JSON")
}

/// What a question is found by, whatever the length of its text.
fn text_key(faq: &str, text: &str) -> String {
    format!("{:032x}", xxh3_128(format!("{faq}\n{text}").as_bytes()))
}

fn question(row: &AnyRow) -> Result<Question> {
    let (id, outcome): (&str, &str) = (row.try_get("id")?, row.try_get("outcome")?);
    let channel: &str = row.try_get("channel")?;
    Ok(Question {
        id: id.parse().map_err(|_| Error::Content(format!("a question whose id is none: \"{id}\"")))?,
        at: row.try_get("asked_at")?,
        faq: row.try_get("faq")?,
        version: row.try_get("faq_version")?,
        channel: Channel::named(channel)
            .ok_or_else(|| Error::Content(format!("a channel that is none: \"{channel}\"")))?,
        session: row.try_get("session")?,
        text: row.try_get("text")?,
        outcome: OutcomeKind::named(outcome)
            .ok_or_else(|| Error::Content(format!("an outcome that is none: \"{outcome}\"")))?,
        entry: row.try_get("entry")?,
        confidence: row.try_get::<Option<f64>, _>("confidence")?.map(|confidence| confidence as f32),
        runner_up: row.try_get("runner_up")?,
        shown: serde_json::from_str(row.try_get("shown")?)
            .map_err(|_| Error::Content("entries that were shown, and are no JSON".into()))?,
    })
}

fn rating(name: &str) -> Result<Rating> {
    Rating::named(name).ok_or_else(|| Error::Content(format!("a rating that is none: \"{name}\"")))
}
