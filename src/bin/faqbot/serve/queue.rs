//! Questions that wait are answered together: what has come while a batch was worked on is the next batch, so that
//! many cost less than one by one, and one alone does not wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::http::StatusCode;
use faqbot::embed::Role;
use faqbot::{Embedder, Entry, Reply};
use ndarray::Array2;
use tokio::sync::{mpsc, oneshot};

use super::problem::Problem;
use super::state::Version;

/// Questions that are answered at once, at most: more cost no less each, and others wait longer.
const BATCH: usize = 64;

/// Bytes of a text that are embedded, as of a question.
const TEXT_BYTES: usize = 20_000;

/// Texts of a request that are worked on at once, so that a long one leaves room for others.
pub const PART: usize = 32;

/// Which entries are asked.
pub type Among = Arc<dyn Fn(&Entry) -> bool + Send + Sync>;

/// What waits to be worked on.
enum Job {
    Ask(Ask),
    Embed(Embed),
}

struct Embed {
    texts: Vec<String>,
    embedder: Arc<dyn Embedder>,
    rows: oneshot::Sender<Result<Array2<f32>>>,
}

struct Ask {
    version: Arc<Version>,
    queries: Vec<String>,
    count: usize,
    among: Option<Among>,
    replies: oneshot::Sender<Result<Vec<Reply>>>,
}

/// Whether to wait for a place in the queue: what has begun is not given up.
#[derive(Clone, Copy)]
pub enum Wait {
    No,
    Yes,
}

/// The way to the thread that answers.
pub struct Queue {
    jobs: mpsc::Sender<Job>,
}

impl Queue {
    /// A queue in which at most `length` requests wait.
    ///
    /// # Errors
    ///
    /// No thread could be started.
    pub fn new(length: usize) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel(length);
        std::thread::Builder::new()
            .name("answers".into())
            .spawn(move || work(waiting))
            .context("no thread for answers")?;
        Ok(Queue { jobs })
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Answers queries, at most [`PART`] at a time.
    pub async fn ask(
        &self,
        version: &Arc<Version>,
        queries: Vec<String>,
        count: usize,
        among: Option<Among>,
        wait: Wait,
    ) -> Result<Vec<Reply>, Problem> {
        let (replies, done) = oneshot::channel();
        self.send(Job::Ask(Ask { version: Arc::clone(version), queries, count, among, replies }), done, wait)
            .await
    }

    /// The vectors of texts as queries, at most [`PART`] at a time.
    pub async fn embed(
        &self,
        texts: Vec<String>,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Array2<f32>, Problem> {
        let (rows, done) = oneshot::channel();
        self.send(Job::Embed(Embed { texts, embedder, rows }), done, Wait::No).await
    }

    async fn send<T>(&self, job: Job, done: oneshot::Receiver<Result<T>>, wait: Wait) -> Result<T, Problem> {
        let sent = match wait {
            Wait::No => self.jobs.try_send(job).is_ok(),
            Wait::Yes => self.jobs.send(job).await.is_ok(),
        };
        if !sent {
            let detail = "too many questions wait; try again in a second";
            return Err(Problem::later(StatusCode::SERVICE_UNAVAILABLE, 1, detail));
        }
        match done.await {
            Ok(result) => result.map_err(|error| Problem::internal(&format!("{error:#}"))),
            Err(_) => Err(Problem::internal(&"the thread that answers has gone")),
        }
    }
}

fn work(mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut asked: Vec<Ask> = Vec::new();
        let mut embeds = Vec::new();
        let mut next = Some(first);
        let mut texts = 0;
        while let Some(job) = next.take() {
            // Nobody waits any more for those that are closed.
            match job {
                Job::Ask(ask) if !ask.replies.is_closed() => {
                    texts += ask.queries.len();
                    asked.push(ask);
                }
                Job::Embed(embed) if !embed.rows.is_closed() => {
                    texts += embed.texts.len();
                    embeds.push(embed);
                }
                Job::Ask(_) | Job::Embed(_) => {}
            }
            if texts < BATCH {
                next = waiting.try_recv().ok();
            }
        }
        while !asked.is_empty() {
            // Those that can be asked at once: of one version, with as many matches, among all entries.
            let first = &asked[0];
            let (version, count) = (Arc::clone(&first.version), first.count);
            let alone = first.among.is_some();
            let mut group = Vec::new();
            if alone {
                group.push(asked.remove(0));
            } else {
                let mut others = Vec::new();
                for ask in asked {
                    let same =
                        Arc::ptr_eq(&ask.version, &version) && ask.count == count && ask.among.is_none();
                    if same { group.push(ask) } else { others.push(ask) }
                }
                asked = others;
            }
            answer(&version, count, group);
        }
        // After the questions: people wait for those.
        for Embed { texts, embedder, rows } in embeds {
            let texts: Vec<&str> =
                texts.iter().map(|text| &text[..text.floor_char_boundary(TEXT_BYTES)]).collect();
            let done = sheltered(|| Ok(embedder.embed(Role::Query, &texts, &mut |_| ())?));
            let _ = rows.send(done);
        }
    }
}

fn answer(version: &Version, count: usize, group: Vec<Ask>) {
    let queries: Vec<&str> = group.iter().flat_map(|ask| ask.queries.iter().map(String::as_str)).collect();
    let among = group[0].among.clone();
    let done = sheltered(|| {
        Ok(version.bot.ask_among(&queries, count, among.as_deref().map(|among| among as _), &mut |_| ())?)
    });
    if let Some(warning) = version.bot.take_warning() {
        tracing::warn!("{warning}");
    }
    match done {
        Ok(replies) => {
            let mut replies = replies.into_iter();
            for ask in group {
                let own: Vec<Reply> = replies.by_ref().take(ask.queries.len()).collect();
                // Whoever asked may have gone.
                let _ = ask.replies.send(Ok(own));
            }
        }
        Err(error) => {
            let text = format!("{error:#}");
            for ask in group {
                let _ = ask.replies.send(Err(anyhow::anyhow!(text.clone())));
            }
        }
    }
}

/// A panic as an error: one question that makes the engine panic must not take the others with it. Its message may
/// quote the question.
fn sheltered<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(anyhow::anyhow!("a panic")))
}
