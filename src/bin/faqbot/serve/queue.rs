//! Questions that wait are answered together: what has come while a batch was worked on is the next batch, so that
//! many cost less than one by one, and one alone does not wait.

use std::any::Any;
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

/// Texts of a request that are worked on at once, so that a long one leaves room for others.
pub const PART: usize = 32;

/// Which entries are asked.
pub type Among = Arc<dyn Fn(&Entry) -> bool + Send + Sync>;

/// What waits to be worked on.
enum Job {
    Ask(Ask),
    Embed(Vec<String>, Arc<dyn Embedder>, oneshot::Sender<Result<Array2<f32>>>),
}

struct Ask {
    version: Arc<Version>,
    queries: Vec<String>,
    count: usize,
    among: Option<Among>,
    replies: oneshot::Sender<Result<Vec<Reply>>>,
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
    ) -> Result<Vec<Reply>, Problem> {
        let (replies, done) = oneshot::channel();
        self.send(Job::Ask(Ask { version: Arc::clone(version), queries, count, among, replies }), done).await
    }

    /// The vectors of texts as queries, at most [`PART`] at a time.
    pub async fn embed(
        &self,
        texts: Vec<String>,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Array2<f32>, Problem> {
        let (rows, done) = oneshot::channel();
        self.send(Job::Embed(texts, embedder, rows), done).await
    }

    async fn send<T>(&self, job: Job, done: oneshot::Receiver<Result<T>>) -> Result<T, Problem> {
        self.jobs.try_send(job).map_err(|_| {
            Problem::later(
                StatusCode::SERVICE_UNAVAILABLE,
                1,
                "too many questions wait; try again in a second",
            )
        })?;
        match done.await {
            Ok(result) => result.map_err(|error| Problem::internal(&format!("{error:#}"))),
            Err(_) => Err(Problem::internal(&"the thread that answers has gone")),
        }
    }
}

fn work(mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut asked: Vec<Ask> = Vec::new();
        let mut next = Some(first);
        let mut queries = 0;
        while let Some(job) = next.take() {
            match job {
                // Nobody waits for it any more.
                Job::Ask(ask) if ask.replies.is_closed() => {}
                Job::Ask(ask) => {
                    queries += ask.queries.len();
                    asked.push(ask);
                }
                Job::Embed(texts, embedder, rows) => {
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    let done = sheltered(|| Ok(embedder.embed(Role::Query, &texts, &mut |_| ())?));
                    let _ = rows.send(done);
                }
            }
            if queries < BATCH {
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

/// A panic as an error: one question that makes the engine panic must not take the others with it.
fn sheltered<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = |panic: &(dyn Any + Send)| -> String {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
        };
        Err(anyhow::anyhow!("a panic: {}", text(&*panic)))
    })
}
