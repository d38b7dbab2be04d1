//! Questions that wait are answered together: what has come while a batch was worked on is the next batch, so that
//! many cost less than one by one, and one alone does not wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::http::StatusCode;
use faqbot_core::{Conversation, Message, Verdict};
use faqbot_embed::Embedder;
use faqbot_embed::Role;
use faqbot_faq::Entry;
use ndarray::Array2;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result, in_full};
use crate::http::problem::Problem;
use crate::service::version::Version;

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
    /// What went before them, where they are messages of a conversation and not searches.
    conversation: Option<Conversation>,
    count: usize,
    among: Option<Among>,
    replies: oneshot::Sender<Result<Vec<Verdict>>>,
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
            .map_err(Error::failed("no thread for answers"))?;
        Ok(Queue { jobs })
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Answers queries, at most [`PART`] at a time, each as a message after a conversation; without one, they are
    /// searches.
    pub async fn ask(
        &self,
        version: &Arc<Version>,
        queries: Vec<String>,
        conversation: Option<Conversation>,
        count: usize,
        among: Option<Among>,
        wait: Wait,
    ) -> Result<Vec<Verdict>, Problem> {
        let (replies, done) = oneshot::channel();
        let version = Arc::clone(version);
        let job = Job::Ask(Ask { version, queries, conversation, count, among, replies });
        self.send(job, done, wait).await
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
            Ok(result) => result.map_err(|error| Problem::internal(&in_full(&error))),
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
            let alone = first.among.is_some() || first.conversation.is_none();
            let mut group = Vec::new();
            if alone {
                group.push(asked.remove(0));
            } else {
                let mut others = Vec::new();
                for ask in asked {
                    let same = Arc::ptr_eq(&ask.version, &version)
                        && ask.count == count
                        && ask.among.is_none()
                        && ask.conversation.is_some();
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
    let among = group[0].among.clone();
    let among = among.as_deref().map(|among| among as _);
    let done = sheltered(|| {
        if group[0].conversation.is_none() {
            let queries: Vec<&str> = group[0].queries.iter().map(String::as_str).collect();
            return Ok(version.bot.verdicts_among(&queries, count, among, &mut |_| ())?);
        }
        let with = |ask| -> Option<(&Ask, &Conversation)> { Some((ask, ask.conversation.as_ref()?)) };
        let messages: Vec<Message> = group
            .iter()
            .filter_map(with)
            .flat_map(|(ask, conversation)| {
                ask.queries.iter().map(move |text| Message { text, conversation })
            })
            .collect();
        Ok(version.bot.talk(&messages, count, among, &mut |_| ())?)
    });
    if let Some(warning) = version.bot.take_warning() {
        tracing::warn!("{warning}");
    }
    match done {
        Ok(replies) => {
            let mut replies = replies.into_iter();
            for ask in group {
                let own: Vec<Verdict> = replies.by_ref().take(ask.queries.len()).collect();
                // Whoever asked may have gone.
                let _ = ask.replies.send(Ok(own));
            }
        }
        Err(error) => {
            let text = in_full(&error);
            for ask in group {
                let _ = ask.replies.send(Err(Error::Refused(text.clone())));
            }
        }
    }
}

/// A panic as an error: one question that makes the engine panic must not take the others with it. Its message may
/// quote the question.
fn sheltered<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Error::Panic("a panic")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use faqbot_core::matching::decision::Policy;
    use faqbot_core::{Bot, Setup};
    use faqbot_embed::ModelId;
    use faqbot_embed::{HashEmbedder, Progress};
    use faqbot_faq::Faq;

    use super::*;

    /// Says when it is asked, and how many texts, and then waits to be let on.
    struct Held {
        inner: HashEmbedder,
        asked: Mutex<Sender<usize>>,
        go: Mutex<Receiver<()>>,
    }

    impl Embedder for Held {
        fn model(&self) -> &ModelId {
            self.inner.model()
        }

        fn dimension(&self) -> usize {
            self.inner.dimension()
        }

        fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> faqbot_embed::Result<Array2<f32>> {
            if role == Role::Query {
                assert!(!texts.iter().any(|text| text.contains("panic")), "as asked");
                self.asked.lock().unwrap().send(texts.len()).unwrap();
                self.go.lock().unwrap().recv().unwrap();
            }
            self.inner.embed(role, texts, progress)
        }
    }

    #[tokio::test]
    async fn what_waits_is_answered_together_and_more_is_refused() {
        let ((asked, was_asked), (let_on, go)) = (channel(), channel());
        let held: Box<dyn Embedder> =
            Box::new(Held { inner: HashEmbedder::new(), asked: Mutex::new(asked), go: Mutex::new(go) });
        let yaml =
            "- {question: Where is my order?, answer: There.}\n- {question: Is it open?, answer: 'Yes.'}\n";
        let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let setup = Setup { policy: Policy::UNCALIBRATED, calibration: None, answers: false };
        let version = Arc::new(Version::new(Bot::new(faq, held, setup, &mut |_| ()).unwrap()));
        let queue = Arc::new(Queue::new(3).unwrap());
        let ask = |query: &str| {
            let (queue, version, query) = (Arc::clone(&queue), Arc::clone(&version), query.to_owned());
            tokio::spawn(async move {
                queue.ask(&version, vec![query], Some(Conversation::default()), 1, None, Wait::No).await
            })
        };
        let first = ask("where is it");
        let (texts, was_asked) =
            tokio::task::spawn_blocking(move || (was_asked.recv().unwrap(), was_asked)).await.unwrap();
        assert_eq!(texts, 1);
        // Its thread is held: three wait, and the next is refused.
        let waiting = ["is this open", "order", "somewhere"].map(ask);
        while queue.len() < 3 {
            tokio::task::yield_now().await;
        }
        let refused = ask("one more").await.unwrap().unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        for _ in 0..2 {
            let_on.send(()).unwrap();
        }
        assert_eq!(first.await.unwrap().unwrap().len(), 1);
        for waited in waiting {
            assert_eq!(waited.await.unwrap().unwrap().len(), 1);
        }
        assert_eq!(was_asked.recv().unwrap(), 3);
        // A panic is an error of that question, and the thread goes on.
        assert!(ask("please panic").await.unwrap().is_err());
        let_on.send(()).unwrap();
        assert!(ask("is it open now").await.unwrap().is_ok());
    }
}
