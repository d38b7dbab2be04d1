//! What the handlers share: the FAQs with their bots, the queue, and what is remembered of replies.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use faqbot_core::OutcomeKind;
use faqbot_core::bot::AnyBot;
use faqbot_core::{Conversation, Reply, Rule, Verdict};
use faqbot_store::recorder::{self, Recorder};
use faqbot_store::review::Review;
use faqbot_store::{Channel, Rating};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::error::Result;
use crate::http::limits::Limits;
use crate::http::problem::Problem;
use crate::service::published::Published;
use crate::service::queue::{Among, PART, Queue, Wait};
use crate::service::version::{Served, Version};

/// Replies that feedback can still be given to.
const REMEMBERED: usize = 10_000;

/// The greatest number of matches in a reply.
pub const MOST_MATCHES: usize = 100;

/// Reviews in progress, by the FAQ's name; each is for one request at a time.
pub type Reviews = Mutex<HashMap<String, Arc<Mutex<Option<Review>>>>>;

/// Everything that the handlers share.
pub struct App {
    /// In the order of the command line; the first is asked where none is named.
    pub faqs: Vec<Served>,
    pub queue: Queue,
    pub limits: Arc<Limits>,
    pub metrics: PrometheusHandle,
    /// Whether questions go to the log.
    pub log_questions: bool,
    /// Where questions are kept, if they are.
    pub recorder: Option<Arc<Recorder>>,
    pub reviews: Reviews,
    /// Where the FAQs come from, if they are published.
    pub published: Option<Arc<Published>>,
    replies: Mutex<Newest<Uuid, Remembered>>,
    conversations: Mutex<Newest<u128, Ongoing>>,
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

/// A conversation that goes on.
#[derive(Clone, Default)]
struct Ongoing {
    /// The last reply's id.
    id: Option<Uuid>,
    conversation: Conversation,
}

/// What a conversation is known by: names are the clients' own, and of any length.
fn conversation_key(faq: &Served, session: &str) -> u128 {
    xxh3_128(format!("{}\n{session}", faq.name).as_bytes())
}

/// A question that was answered.
pub struct Asked {
    /// What feedback names it by.
    pub id: Uuid,
    pub version: Arc<Version>,
    pub verdict: Verdict,
    /// With this reply noted.
    pub conversation: Conversation,
}

impl Asked {
    /// The verdict as a reply.
    pub fn reply(&self) -> Reply {
        self.version.bot.reply(&self.verdict)
    }
}

/// What is remembered of a reply: no text.
#[derive(Clone)]
pub struct Remembered {
    pub faq: String,
    pub outcome: OutcomeKind,
    /// The entries that were shown.
    pub entries: Vec<String>,
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
            limits: Arc::new(limits),
            metrics,
            log_questions,
            recorder,
            reviews: Reviews::default(),
            published,
            replies: Mutex::default(),
            conversations: Mutex::default(),
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

    /// Asks one question. In a conversation, it may pick of what was offered, or lean on what was asked before.
    pub async fn ask(&self, faq: &Served, mut question: Question) -> Result<Asked, Problem> {
        let key = question.session.as_deref().map(|session| conversation_key(faq, session));
        let conversations = || self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ongoing = Ongoing::default();
        if let (Before::Session, Some(key)) = (&question.before, key) {
            ongoing = conversations().values.get(&key).cloned().unwrap_or_default();
            // Another for each session, and the same in it; in 53 bits, which JavaScript has.
            ongoing.conversation.seed = (key as u64) >> 11;
        }
        if let Before::Given(given) = &question.before {
            // A choice among those that the session's last reply offered is one of that reply.
            let last = key.and_then(|key| conversations().values.get(&key).cloned());
            let id = last.filter(|last| last.conversation.choices == given.choices).and_then(|last| last.id);
            ongoing = Ongoing { id, conversation: given.clone() };
        }
        if !matches!(question.before, Before::Search) {
            question.before = Before::Given(ongoing.conversation.clone());
        }
        let mut asked = self.ask_all(faq, vec![question.query.clone()], &question).await?.remove(0);
        let Asked { version, verdict, .. } = &asked;
        if let (Some(recorder), Some(before)) = (&self.recorder, ongoing.id) {
            match (verdict.rule, verdict.answer()) {
                (Rule::Chosen, Some(found)) => {
                    recorder.rated(before, Rating::Chosen, Some(version.bot.entry(found).id.as_str()));
                }
                (Rule::NoneOfThem, _) => recorder.rated(before, Rating::None, None),
                (Rule::NotMeant, _) => recorder.rated(before, Rating::Down, None),
                _ => {}
            }
        }
        ongoing.conversation.note(&version.bot, verdict);
        asked.conversation = ongoing.conversation.clone();
        if let Some(key) = key {
            let id = Some(asked.id);
            conversations().put(key, Ongoing { id, ..ongoing });
        }
        Ok(asked)
    }

    /// The conversation that a session holds, if it is remembered.
    pub fn conversation(&self, faq: &Served, session: &str) -> Option<Conversation> {
        let conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        Some(conversations.values.get(&conversation_key(faq, session))?.conversation.clone())
    }

    /// Forgets what a session holds.
    pub fn forget(&self, faq: &Served, session: &str) {
        let mut conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ongoing) = conversations.values.get_mut(&conversation_key(faq, session)) {
            *ongoing = Ongoing::default();
        }
    }

    /// Remembers what was asked as a session of that name.
    pub fn remember(&self, faq: &Served, session: &str, asked: &Asked) {
        let mut conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        let ongoing = Ongoing { id: Some(asked.id), conversation: asked.conversation.clone() };
        conversations.put(conversation_key(faq, session), ongoing);
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
            let before = match &like.before {
                Before::Search => None,
                Before::Session => Some(Conversation::default()),
                Before::Given(conversation) => Some(conversation.clone()),
            };
            let replies = self.queue.ask(&version, part, before, count, like.among.clone(), wait).await?;
            let seconds = begin.elapsed().as_secs_f64();
            asked.extend(replies.into_iter().map(|verdict| {
                let version = Arc::clone(&version);
                let conversation = Conversation::default();
                let asked = Asked { id: Uuid::now_v7(), version, verdict, conversation };
                self.count(faq, &asked, like, seconds);
                asked
            }));
        }
        Ok(asked)
    }

    fn count(&self, faq: &Served, asked: &Asked, question: &Question, seconds: f64) {
        let Asked { id, version, verdict, .. } = asked;
        let channel = question.channel;
        if let Some(recorder) = &self.recorder {
            recorder.asked(&recorder::Asked {
                id: *id,
                faq: &faq.name,
                version: &version.id,
                channel,
                session: question.session.as_deref(),
                bot: &version.bot,
                verdict,
            });
        }
        let outcome = OutcomeKind::of(verdict);
        let name = faq.name.clone();
        counter!("faqbot_questions_total", "faq" => name.clone(), "channel" => channel.name(), "outcome" => outcome.name())
            .increment(1);
        histogram!("faqbot_question_seconds", "faq" => name.clone()).record(seconds);
        if let Some(confidence) = verdict.confidence {
            histogram!("faqbot_confidence", "faq" => name.clone()).record(f64::from(confidence));
        }
        let entry = |at: usize| version.bot.faq().entries[at].id.to_string();
        if self.log_questions {
            let answered = verdict.answer().map(|found| entry(found.entry));
            tracing::info!(%id, faq = name, channel = channel.name(), outcome = outcome.name(), entry = answered, query = verdict.query, "asked");
        }
        let shown =
            verdict.answers().into_iter().chain(verdict.choices()).map(|found| entry(found.entry)).collect();
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
    pub channel: Channel,
    /// The client's name of the conversation.
    pub session: Option<String>,
    pub before: Before,
}

/// What went before a question.
pub enum Before {
    /// What its session holds, if it has one.
    Session,
    /// This, by the client's account.
    Given(Conversation),
    /// It is no message of anyone: only entries are looked for.
    Search,
}

impl Question {
    pub fn new(query: impl Into<String>, channel: Channel) -> Self {
        Question {
            query: query.into(),
            count: AnyBot::MATCHES,
            among: None,
            channel,
            session: None,
            before: Before::Session,
        }
    }
}
