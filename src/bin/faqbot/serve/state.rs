//! What the handlers share: the FAQs with their bots, the queue, and what is remembered of replies.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use anyhow::Result;
use faqbot::bot::{Picked, pick};
use faqbot::{Embedder, Reply};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::html;
use super::limits::Limits;
use super::numbers::Numbers;
use super::problem::Problem;
use super::published::Published;
use super::queue::{Among, PART, Queue, Wait};
use super::review::Reviews;
use crate::config::Settings;
use crate::output::wire::Outcome;
use crate::setup::{self, AnyBot};
use crate::store::recorder::{self, Recorder};

/// Replies that feedback can still be given to.
const REMEMBERED: usize = 10_000;

/// The greatest number of matches in a reply.
pub const MOST_MATCHES: usize = 100;

/// Everything that the handlers share.
pub struct App {
    /// In the order of the command line; the first is asked where none is named.
    pub faqs: Vec<Served>,
    pub queue: Queue,
    pub limits: Limits,
    pub metrics: PrometheusHandle,
    /// Whether questions go to the log.
    pub log_questions: bool,
    /// Where questions are kept, if they are.
    pub recorder: Option<Arc<Recorder>>,
    pub reviews: Reviews,
    /// Where the FAQs come from, if they are published.
    pub published: Option<Arc<Published>>,
    replies: Mutex<Newest<Uuid, Remembered>>,
    /// What was offered last in conversations.
    offered: Mutex<Newest<u128, Offered>>,
}

/// The newest of what is remembered, by what it is asked for with.
struct Newest<K, V> {
    values: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Newest<K, V> {
    fn default() -> Self {
        Newest { values: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + Hash, V> Newest<K, V> {
    /// Remembers a value; where there are too many, the oldest is forgotten.
    fn put(&mut self, key: K, value: V) {
        if self.values.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

/// Choices that a reply offered.
struct Offered {
    /// The reply's.
    id: Uuid,
    /// Entries with their questions.
    choices: Vec<(String, String)>,
}

impl Offered {
    fn new(asked: &Asked) -> Self {
        let entry = |found| asked.version.bot.entry(found);
        let choices = asked.reply.choices().into_iter().map(entry);
        Offered {
            id: asked.id,
            choices: choices.map(|entry| (entry.id.to_string(), entry.question().to_owned())).collect(),
        }
    }
}

/// What a conversation is known by: names are the clients' own, and of any length.
fn conversation(faq: &Served, session: &str) -> u128 {
    xxh3_128(format!("{}\n{session}", faq.name).as_bytes())
}

/// A FAQ that is served, in the version that is current.
pub struct Served {
    pub name: String,
    /// Those of the command line, with this FAQ's files.
    pub settings: Settings,
    pub embedder: Arc<dyn Embedder>,
    current: RwLock<Arc<Version>>,
    /// Whether the files as they are now cannot be used.
    stale: AtomicBool,
}

/// One state of a FAQ. A question is answered by one from beginning to end.
pub struct Version {
    pub bot: AnyBot,
    /// The same for the same FAQ and model on any machine.
    pub id: String,
    pub numbers: Numbers,
    positions: HashMap<String, usize>,
    html: Box<[OnceLock<String>]>,
}

/// A question that was answered.
pub struct Asked {
    /// What feedback names it by.
    pub id: Uuid,
    pub version: Arc<Version>,
    pub reply: Reply,
}

/// What is remembered of a reply: no text.
#[derive(Clone)]
pub struct Remembered {
    pub faq: String,
    pub outcome: Outcome,
    /// The entries that were shown.
    pub entries: Vec<String>,
}

impl Version {
    /// A bot, ready to be asked.
    pub fn new(bot: AnyBot) -> Self {
        let faq = bot.faq();
        Version {
            id: setup::version_id(&bot),
            numbers: Numbers::new(faq),
            positions: faq.entries.iter().enumerate().map(|(at, entry)| (entry.id.to_string(), at)).collect(),
            html: faq.entries.iter().map(|_| OnceLock::new()).collect(),
            bot,
        }
    }

    /// The position of the entry with an id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// An entry's answer as safe HTML.
    pub fn answer_html(&self, entry: usize) -> &str {
        self.html[entry].get_or_init(|| html::render(&self.bot.faq().entries[entry].answer))
    }
}

impl Served {
    /// A FAQ with a first version.
    pub fn new(name: String, settings: Settings, embedder: Arc<dyn Embedder>, version: Version) -> Self {
        Served {
            name,
            settings,
            embedder,
            current: RwLock::new(Arc::new(version)),
            stale: AtomicBool::new(false),
        }
    }

    /// The version that is current.
    pub fn version(&self) -> Arc<Version> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes another version.
    pub fn set(&self, version: Version) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(version);
        self.stale.store(false, Ordering::Relaxed);
    }

    /// Keeps the version that there is: the files as they are now cannot be used.
    pub fn keep(&self) {
        self.stale.store(true, Ordering::Relaxed);
    }

    /// Whether the files as they are now cannot be used, and what they held before is served.
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }
}

impl App {
    pub fn new(
        faqs: Vec<Served>,
        queue: Queue,
        limits: Limits,
        metrics: PrometheusHandle,
        log_questions: bool,
        recorder: Option<Arc<Recorder>>,
        published: Option<Arc<Published>>,
    ) -> Self {
        App {
            faqs,
            queue,
            limits,
            metrics,
            log_questions,
            recorder,
            reviews: Reviews::default(),
            published,
            replies: Mutex::default(),
            offered: Mutex::default(),
        }
    }

    /// The FAQ with a name, or the first.
    pub fn faq(&self, name: Option<&str>) -> Result<&Served, Problem> {
        match name {
            None => Ok(&self.faqs[0]),
            Some(name) => self.faqs.iter().find(|faq| faq.name == name).ok_or_else(|| {
                let names: Vec<&str> = self.faqs.iter().map(|faq| faq.name.as_str()).collect();
                Problem::not_found(format!("there is no FAQ \"{name}\"; there is {}", names.join(", ")))
            }),
        }
    }

    /// The FAQ that another service's client means by a name of its own: where only one is served, that.
    pub fn faq_of_client(&self, name: &str) -> Result<&Served, Problem> {
        match &self.faqs[..] {
            [only] => Ok(only),
            _ => self.faq(Some(name)),
        }
    }

    /// Asks one question. In a conversation, what follows a question back may pick one of its choices.
    pub async fn ask(&self, faq: &Served, mut question: Question) -> Result<Asked, Problem> {
        let conversation = question.session.as_deref().map(|session| conversation(faq, session));
        let offered = conversation
            .and_then(|key| self.offered.lock().unwrap_or_else(PoisonError::into_inner).values.remove(&key));
        let picked = offered.as_ref().and_then(|offered| {
            let questions: Vec<&str> =
                offered.choices.iter().map(|(_, question)| question.as_str()).collect();
            Some((offered, pick(&question.query, &questions)?))
        });
        let (rating, chosen) = match picked {
            Some((offered, Picked::Choice(at))) => ("chosen", offered.choices.get(at)),
            Some((_, Picked::None)) => ("none", None),
            Some((_, Picked::Beyond)) | None => {
                let asked = self.ask_all(faq, vec![question.query.clone()], &question).await?.remove(0);
                if let Some(key) = conversation.filter(|_| !asked.reply.choices().is_empty()) {
                    let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
                    offered.put(key, Offered::new(&asked));
                }
                return Ok(asked);
            }
        };
        if let (Some(recorder), Some(offered)) = (&self.recorder, &offered) {
            recorder.rated(offered.id, rating, chosen.map(|(id, _)| id.as_str()));
        }
        question.picked = true;
        // An entry's own question finds it; nothing at all finds none.
        let asks = chosen.map_or(String::new(), |(_, question)| question.clone());
        let mut asked = self.ask_all(faq, vec![asks], &question).await?.remove(0);
        let meant = std::mem::replace(&mut asked.reply.query, question.query);
        asked.reply.read_as = Some(meant).filter(|meant| !meant.is_empty());
        Ok(asked)
    }

    /// Asks many questions like one, all of one version.
    pub async fn ask_all(
        &self,
        faq: &Served,
        queries: Vec<String>,
        like: &Question,
    ) -> Result<Vec<Asked>, Problem> {
        let version = faq.version();
        let count = like.count.clamp(1, MOST_MATCHES);
        let mut asked = Vec::with_capacity(queries.len());
        let mut queries = queries.into_iter().peekable();
        while queries.peek().is_some() {
            let begin = Instant::now();
            let part: Vec<String> = queries.by_ref().take(PART).collect();
            let wait = if asked.is_empty() { Wait::No } else { Wait::Yes };
            let replies = self.queue.ask(&version, part, count, like.among.clone(), wait).await?;
            let seconds = begin.elapsed().as_secs_f64();
            asked.extend(replies.into_iter().map(|reply| {
                let asked = Asked { id: Uuid::new_v4(), version: Arc::clone(&version), reply };
                self.count(faq, &asked, like, seconds);
                asked
            }));
        }
        Ok(asked)
    }

    fn count(&self, faq: &Served, asked: &Asked, question: &Question, seconds: f64) {
        let Asked { id, version, reply } = asked;
        let channel = question.channel;
        // What was picked is kept with the question before.
        if let Some(recorder) = self.recorder.as_ref().filter(|_| !question.picked) {
            recorder.asked(&recorder::Asked {
                id: *id,
                faq: &faq.name,
                version: &version.id,
                channel,
                session: question.session.as_deref(),
                bot: &version.bot,
                reply,
            });
        }
        let outcome = Outcome::of(reply);
        let name = faq.name.clone();
        counter!("faqbot_questions_total", "faq" => name.clone(), "channel" => channel, "outcome" => outcome.name())
            .increment(1);
        histogram!("faqbot_question_seconds", "faq" => name.clone()).record(seconds);
        if let Some(confidence) = reply.confidence {
            histogram!("faqbot_confidence", "faq" => name.clone()).record(f64::from(confidence));
        }
        let entry = |at: usize| version.bot.faq().entries[at].id.to_string();
        if self.log_questions {
            let answered = reply.answer().map(|found| entry(found.entry));
            tracing::info!(%id, faq = name, channel, outcome = outcome.name(), entry = answered, query = reply.query, "asked");
        }
        let shown =
            reply.answers().into_iter().chain(reply.choices()).map(|found| entry(found.entry)).collect();
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.put(*id, Remembered { faq: name, outcome, entries: shown });
    }

    /// What is remembered of a reply, here or in the store: it may have come from another replica.
    pub async fn remembered(&self, id: &Uuid) -> Option<Remembered> {
        let own = self.replies.lock().unwrap_or_else(PoisonError::into_inner).values.get(id).cloned();
        match (own, &self.recorder) {
            (Some(own), _) => Some(own),
            (None, None) => None,
            (None, Some(recorder)) => {
                // Where the store cannot be read, nothing is known of it.
                let kept = recorder.store.question(*id).await.ok()??;
                Some(Remembered { faq: kept.faq, outcome: kept.outcome, entries: kept.shown })
            }
        }
    }
}

/// A question from a channel.
pub struct Question {
    pub query: String,
    /// How many matches are wanted.
    pub count: usize,
    /// Which entries are asked.
    pub among: Option<Among>,
    /// Through which front end it came.
    pub channel: &'static str,
    /// The client's name of the conversation.
    pub session: Option<String>,
    /// Whether it is one of the choices that were offered before.
    pub picked: bool,
}

impl Question {
    pub fn new(query: impl Into<String>, channel: &'static str) -> Self {
        Question {
            query: query.into(),
            count: AnyBot::MATCHES,
            among: None,
            channel,
            session: None,
            picked: false,
        }
    }
}
