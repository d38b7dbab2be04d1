//! Writes questions down as they are answered. An answer never waits for that and never fails by it: what is to be
//! written waits in a queue, and where that is full, it is dropped and counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use faqbot_core::learn::redact::Redactor;
use faqbot_core::{Bot, Match, OutcomeKind, Rule, Verdict};
use faqbot_embed::Embedder;
use ring::digest::{SHA256, digest};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::channel::Channel;
use crate::questions::{Feedback, Question, Rated, Record};
use crate::rating::Rating;
use crate::{Millis, Store, ago, now};

/// Bytes of a question that are kept: what is longer is a document.
const TEXT_BYTES: usize = 4_000;

/// Records that wait to be taken up; each is a few hundred bytes as a rule.
const QUEUE: usize = 10_000;

/// Records that are kept while the database is away.
const KEPT: usize = 100_000;

/// How long a record waits for others to be written with it: what a kill can cost is this and the time of a write.
const TOGETHER: Duration = Duration::from_millis(200);

/// Records of one transaction.
const BATCH: usize = 500;

/// How long a database that failed is left alone: once it is back, what waits is written within a second.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a database may take to write: one that says nothing is away.
const ANSWER: Duration = Duration::from_secs(10);

/// How often what is too old is removed.
const SWEEP: Duration = Duration::from_secs(3600);

/// How long the end of the program waits for what is still to be written.
const END: Duration = Duration::from_secs(5);

const DAY: Millis = 24 * 3600 * 1000;

/// How questions are kept.
#[derive(Debug, Clone, Default)]
pub struct Keep {
    /// How long; `None` for ever.
    pub time: Option<Duration>,
    /// What is left out of their texts.
    pub redact: Redactor,
}

/// Told what goes wrong while nobody waits for it.
pub type Warn = fn(&str);

/// How the writing goes.
#[derive(Debug, Default)]
pub struct Progress {
    /// Records that were written.
    pub written: AtomicU64,
    /// Never to be written: the queue was full, or the database was away too long.
    pub dropped: AtomicU64,
    /// Still to be written.
    pub waiting: AtomicU64,
    /// Whether the database cannot be reached.
    pub away: AtomicBool,
}

/// Where front ends leave what was asked.
pub struct Recorder {
    /// Where it writes.
    pub store: Store,
    /// How the writing goes.
    pub progress: Arc<Progress>,
    redactor: Redactor,
    sessions: Mutex<Salt>,
    records: Mutex<Option<Sender<Record>>>,
    done: Mutex<Option<oneshot::Receiver<()>>>,
}

/// What the names of sessions are hashed with: another each day, and nowhere kept, so that nobody can be followed from
/// one day to the next.
struct Salt {
    day: Millis,
    bytes: [u8; 16],
}

/// A question with where it came from.
pub struct Asked<'a, E> {
    /// Of the reply.
    pub id: Uuid,
    /// The FAQ that was asked.
    pub faq: &'a str,
    /// The version of the FAQ.
    pub version: &'a str,
    /// Where it was asked.
    pub channel: Channel,
    /// The conversation, as the client names it.
    pub session: Option<&'a str>,
    /// What was asked.
    pub bot: &'a Bot<E>,
    /// What it found.
    pub verdict: &'a Verdict,
}

impl Recorder {
    /// Starts to write.
    pub fn new(handle: &Handle, store: Store, keep: &Keep, warn: Warn) -> Self {
        let (records, queue) = mpsc::channel(QUEUE);
        let (end, done) = oneshot::channel();
        let progress = Arc::new(Progress::default());
        let writer = Writer {
            store: store.clone(),
            progress: Arc::clone(&progress),
            keep: keep.time,
            warn,
            batch: VecDeque::new(),
        };
        handle.spawn(async move {
            writer.run(queue).await;
            // Where nobody waits for the end, that is all the same.
            let _ = end.send(());
        });
        let salt = Salt { day: 0, bytes: [0; 16] };
        Recorder {
            store,
            progress,
            redactor: keep.redact.clone(),
            sessions: Mutex::new(salt),
            records: Mutex::new(Some(records)),
            done: Mutex::new(Some(done)),
        }
    }

    /// Leaves a question to be written.
    pub fn asked<E: Embedder>(&self, asked: &Asked<E>) {
        let Asked { id, faq, version, channel, session, bot, verdict } = asked;
        if verdict.matches.is_empty() && verdict.query.trim().is_empty() {
            return;
        }
        // Small talk is nothing to learn from, and what is picked belongs to the question before.
        if verdict.rule.is_of_an_offer() || verdict.rule == Rule::SmallTalk {
            return;
        }
        let entry = |found: &Match| bot.entry(found).id.to_string();
        let best = verdict.answer().or(verdict.matches.first());
        let shown = verdict.answers().into_iter().chain(verdict.choices()).map(entry);
        let runner_up =
            verdict.matches.iter().find(|found| best.is_some_and(|best| best.entry != found.entry));
        let question = Question {
            id: *id,
            at: now(),
            faq: (*faq).to_owned(),
            version: (*version).to_owned(),
            channel: *channel,
            session: session.map(|session| self.session(session)),
            text: self.text(&verdict.query),
            outcome: OutcomeKind::of(verdict),
            entry: best.map(entry),
            confidence: verdict.confidence,
            runner_up: runner_up.map(entry),
            shown: shown.collect(),
        };
        self.record(Record::Question(Box::new(question)));
    }

    /// Leaves what someone thinks of a reply to be written.
    pub fn rated(&self, question: Uuid, rating: Rating, entry: Option<&str>) {
        let entry = entry.map(str::to_owned);
        self.record(Record::Feedback(Feedback { question: Rated::Id(question), at: now(), rating, entry }));
    }

    /// Leaves to be written which entry was meant with a question, for clients that name no reply.
    pub fn meant(&self, faq: &str, question: &str, entry: &str) {
        let rated = Rated::LastTo { faq: faq.to_owned(), text: self.text(question) };
        let entry = Some(entry.to_owned());
        self.record(Record::Feedback(Feedback { question: rated, at: now(), rating: Rating::Chosen, entry }));
    }

    fn record(&self, record: Record) {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = records.as_ref().is_some_and(|records| records.try_send(record).is_ok());
        let count = if sent { &self.progress.waiting } else { &self.progress.dropped };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// A text as it is kept.
    fn text(&self, text: &str) -> String {
        // PostgreSQL takes no zero character.
        self.redactor.redact(&text[..text.floor_char_boundary(TEXT_BYTES)]).replace('\0', "\u{2400}")
    }

    /// A session's name of today.
    fn session(&self, session: &str) -> String {
        let mut salt = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let today = now() / DAY;
        if salt.day != today {
            *salt = Salt { day: today, bytes: *Uuid::new_v4().as_bytes() };
        }
        let salted: Vec<u8> = salt.bytes.iter().chain(session.as_bytes()).copied().collect();
        digest(&SHA256, &salted).as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes what is still to be written, and takes no more.
    pub async fn close(&self) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).take();
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            // What cannot be written by now is lost.
            let _ = timeout(END, done).await;
        }
        let _ = timeout(END, self.store.close()).await;
    }
}

/// The other end of the queue.
struct Writer {
    store: Store,
    progress: Arc<Progress>,
    keep: Option<Duration>,
    warn: Warn,
    /// Taken up, and not written yet.
    batch: VecDeque<Record>,
}

impl Writer {
    async fn run(mut self, mut queue: Receiver<Record>) {
        let (mut open, mut pause, mut sweep) = (true, Duration::ZERO, Instant::now());
        while open || !self.batch.is_empty() {
            if Instant::now() >= sweep {
                self.remove_old().await;
                sweep = Instant::now() + SWEEP;
            }
            open &= self.gather(&mut queue, sweep, pause).await;
            if self.batch.is_empty() {
                continue;
            }
            let count = self.batch.len().min(BATCH);
            match self.write(count).await {
                Ok(()) => {
                    self.batch.drain(..count);
                    self.progress.written.fetch_add(count as u64, Ordering::Relaxed);
                    self.progress.waiting.fetch_sub(count as u64, Ordering::Relaxed);
                    self.progress.away.store(false, Ordering::Relaxed);
                    pause = Duration::ZERO;
                }
                Err(error) => {
                    if !self.progress.away.swap(true, Ordering::Relaxed) {
                        (self.warn)(&format!(
                            "the store cannot be written: {error}; questions wait to be kept"
                        ));
                    }
                    // The program ends: it is not waited for.
                    if !open {
                        return;
                    }
                    pause = PAUSE;
                }
            }
        }
    }

    /// Writes the first records of the batch. What the database refuses by itself is dropped, so that the rest is written.
    async fn write(&mut self, count: usize) -> sqlx::Result<()> {
        let answer = async |records: &[&Record]| {
            let written = timeout(ANSWER, self.store.write(records.iter().copied())).await;
            written.unwrap_or(Err(sqlx::Error::PoolTimedOut))
        };
        let records: Vec<&Record> = self.batch.iter().take(count).collect();
        let refused = |result: &sqlx::Result<()>| matches!(result, Err(sqlx::Error::Database(_)));
        let written = answer(&records).await;
        if !refused(&written) {
            return written;
        }
        for record in records {
            let written = answer(&[record]).await;
            if refused(&written) {
                self.progress.dropped.fetch_add(1, Ordering::Relaxed);
            } else {
                // What is written twice is there once.
                written?;
            }
        }
        Ok(())
    }

    /// Takes up what comes: until a moment after the first, or after a failure until `pause` is over. Whether more can
    /// come.
    async fn gather(&mut self, queue: &mut Receiver<Record>, sweep: Instant, pause: Duration) -> bool {
        if pause.is_zero() && self.batch.is_empty() {
            tokio::select! {
                first = queue.recv() => match first {
                    Some(first) => self.batch.push_back(first),
                    None => return false,
                },
                () = tokio::time::sleep_until(sweep) => return true,
            }
        }
        let until = sleep(if pause.is_zero() { TOGETHER } else { pause });
        tokio::pin!(until);
        // More than a transaction's worth is not waited for.
        while !pause.is_zero() || self.batch.len() < BATCH {
            tokio::select! {
                () = &mut until => return true,
                next = queue.recv() => match next {
                    Some(next) => self.batch.push_back(next),
                    None => return false,
                },
            }
            if self.batch.len() > KEPT {
                self.batch.pop_front();
                self.progress.dropped.fetch_add(1, Ordering::Relaxed);
                self.progress.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
        true
    }

    async fn remove_old(&self) {
        let Some(keep) = self.keep else { return };
        let removed = timeout(ANSWER, self.store.remove_before(ago(keep))).await;
        if let Ok(Err(error)) = removed {
            (self.warn)(&format!("the store: what is too old stays: {error}"));
        }
    }
}
