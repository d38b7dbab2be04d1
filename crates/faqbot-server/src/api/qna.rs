//! What both generations of Microsoft's question answering ask and answer, before it takes the shape of one.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use faqbot_core::reply::json::SpanJson;
use faqbot_core::{Conversation, Decision, Match, Rule, Verdict};
use faqbot_faq::Entry;
use faqbot_store::Channel;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::numeric_ids::NONE;
use crate::http::problem::Problem;
use crate::service::queue::Among;
use crate::service::state::{App, Before, Question};
use crate::service::version::{Served, Version};
use crate::web::markdown;

/// The number of an answer that is a question back: it is no entry, and its prompts are.
const ASKS_BACK: i32 = 0;

/// The number of a reply to small talk, which is no entry either.
const SMALL_TALK: i32 = 0;

/// Answers in a reply, at most.
const MOST_ANSWERS: f64 = 25.0;

/// The key of a tag that is no pair.
const TAG: &str = "tag";

/// What is asked.
pub struct QnaQuestion {
    pub question: Option<String>,
    /// The entry that is wanted, whatever the question.
    pub entry: Option<i64>,
    pub top: usize,
    /// From 0 to 1; none for what the FAQ decides by.
    pub threshold: Option<f32>,
    pub among: Option<Among>,
    /// The entry that was answered before, by its number, and the question that it answered.
    pub before: (Option<i64>, Option<String>),
    pub channel: Channel,
}

/// What a request says of the question before: the entry that answered it, and its words.
pub fn before(context: Option<&Value>) -> (Option<i64>, Option<String>) {
    let Some(context) = context else { return (None, None) };
    // Botbuilder spells it otherwise; 0 and less is none.
    let number = ["previousQnaId", "previousQnAId"].iter().find_map(|name| entry(context[name].as_f64()));
    let question = context["previousUserQuery"].as_str().filter(|question| !question.trim().is_empty());
    (number, question.map(str::to_owned))
}

/// An answer.
pub struct QnaAnswer {
    pub questions: Vec<String>,
    pub answer: String,
    /// From 0 to 1.
    pub confidence: f32,
    pub number: i32,
    pub source: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub dialog: Dialog,
    /// The passage that answers: its text, where it begins, and its length, in characters.
    pub span: Option<(String, usize, usize)>,
}

/// What can be asked next; both generations have it in this form, by names of their own.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dialog {
    is_context_only: bool,
    prompts: Vec<Prompt>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Prompt {
    display_order: usize,
    qna_id: i32,
    display_text: String,
}

/// Answers, and what their numbers are.
pub struct QnaReply {
    pub answers: Vec<QnaAnswer>,
    /// Whether `confidence` is a cosine, since there is no calibration.
    pub by_cosine: bool,
}

/// Asks.
pub async fn ask(app: &App, faq: &Served, asked: QnaQuestion) -> Result<QnaReply, Problem> {
    if let Some(number) = asked.entry {
        let version = faq.version();
        let entry = version.numbers.entry(number);
        let answers = match entry {
            Some(entry) => vec![of_entry(&version, entry, 1.0, 0)],
            None => vec![none(version.bot.fallback().to_owned())],
        };
        return Ok(QnaReply { answers, by_cosine: false });
    }
    let query = asked.question.ok_or_else(|| Problem::bad_request("neither a question nor a qnaId"))?;
    let (previous, question) = asked.before;
    let version = faq.version();
    let previous = previous.and_then(|number| version.numbers.entry(number));
    let previous = previous.map(|at| &version.bot.faq().entries[at]);
    let conversation = Conversation {
        question: question.or_else(|| previous.map(|entry| entry.question().to_owned())),
        entry: previous.map(|entry| entry.id.to_string()),
        ..Conversation::default()
    };
    let before = Before::Given(conversation);
    let question =
        Question { count: asked.top, among: asked.among, before, ..Question::new(query, asked.channel) };
    let found = app.ask(faq, question).await?;
    let (version, verdict) = (&found.version, &found.verdict);
    let by_cosine = verdict.confidence.is_none() && !verdict.matches.is_empty();
    let answers = match decided(verdict, asked.threshold) {
        Decided::Answers => {
            let parts: Vec<&Verdict> =
                if verdict.parts.is_empty() { vec![verdict] } else { verdict.parts.iter().collect() };
            let answer = |part: &&Verdict| Some(of_match(version, part, part.answer()?));
            let mut answers: Vec<QnaAnswer> = parts.iter().filter_map(answer).collect();
            if asked.top < answers.len() {
                // All that was asked is answered, in as many answers as are wanted.
                let joined = markdown::markdown(&version.bot, verdict);
                answers.truncate(1);
                answers[0].answer = joined;
                answers[0].span = None;
            }
            answers
        }
        Decided::Best => vec![of_match(version, verdict, &verdict.matches[0])],
        Decided::AsksBack => {
            let prompt = |(display_order, found): (usize, &Match)| Prompt {
                display_order,
                qna_id: version.numbers.of(found.entry),
                display_text: version.bot.entry(found).question().to_owned(),
            };
            let prompts = verdict.choices().into_iter().enumerate().map(prompt).collect();
            vec![QnaAnswer {
                answer: markdown::did_you_mean(&version.bot, verdict),
                confidence: sureness(verdict),
                number: ASKS_BACK,
                dialog: Dialog { prompts, ..Dialog::default() },
                ..none(String::new())
            }]
        }
        Decided::SmallTalk => {
            vec![QnaAnswer {
                confidence: 1.0,
                number: SMALL_TALK,
                ..none(markdown::markdown(&version.bot, verdict))
            }]
        }
        Decided::Nothing => vec![none(markdown::no_answer(&version.bot, verdict))],
    };
    Ok(QnaReply { answers, by_cosine })
}

enum Decided {
    Answers,
    /// The best match, which the client's threshold lets through.
    Best,
    AsksBack,
    SmallTalk,
    Nothing,
}

/// What the client's threshold makes of a reply: it stands in the place of the least confidence of an answer, and of
/// nothing else.
fn decided(verdict: &Verdict, threshold: Option<f32>) -> Decided {
    let enough = |threshold: f32| sureness(verdict) >= threshold;
    // Nothing but too little confidence, or cosine where there is none, kept the best match from being the answer.
    let unsure = verdict.guard.is_none()
        && matches!(verdict.rule, Rule::Unsure | Rule::NotConfident | Rule::BelowThreshold);
    match (&verdict.decision, threshold) {
        (Decision::Answer(_), Some(threshold))
            if verdict.rule.hangs_on_confidence() && !enough(threshold) =>
        {
            Decided::Nothing
        }
        (Decision::Answer(_), _) => Decided::Answers,
        (_, Some(threshold))
            if unsure && threshold > 0.0 && enough(threshold) && !verdict.matches.is_empty() =>
        {
            Decided::Best
        }
        (Decision::Ambiguous(_), _) => Decided::AsksBack,
        (Decision::SmallTalk, _) => Decided::SmallTalk,
        (Decision::NoMatch, _) => Decided::Nothing,
    }
}

/// How sure a reply is: its confidence, or where there is none the cosine, from 0.
fn sureness(verdict: &Verdict) -> f32 {
    let cosine =
        || verdict.answer().or(verdict.matches.first()).map_or(0.0, |found| found.cosine.clamp(0.0, 1.0));
    verdict.confidence.unwrap_or_else(cosine)
}

/// A match of a reply, with the passage that answers.
fn of_match(version: &Version, verdict: &Verdict, found: &Match) -> QnaAnswer {
    let span = version
        .bot
        .span(verdict, found)
        .map(|range| SpanJson::new(version.bot.answer(verdict, found), range));
    let span = span.map(|span| (span.text.to_owned(), span.offset, span.length));
    QnaAnswer { span, ..of_entry(version, found.entry, sureness(verdict), verdict.seed) }
}

fn of_entry(version: &Version, at: usize, confidence: f32, seed: u64) -> QnaAnswer {
    let faq = version.bot.faq();
    let entry = &faq.entries[at];
    let prompt = |(display_order, at): (usize, usize)| Prompt {
        display_order,
        qna_id: version.numbers.of(at),
        display_text: faq.entries[at].question().to_owned(),
    };
    let follow_ups = entry.follow_ups.iter().filter_map(|id| version.position(id.as_str()));
    let dialog = Dialog {
        is_context_only: !entry.only_after.is_empty(),
        prompts: follow_ups.enumerate().map(prompt).collect(),
    };
    QnaAnswer {
        questions: entry.phrasings.clone(),
        answer: entry.answer_for(seed).to_owned(),
        confidence,
        number: version.numbers.of(at),
        source: entry.source.clone(),
        metadata: entry.tags.iter().map(|tag| pair(tag)).collect(),
        dialog,
        span: None,
    }
}

fn none(answer: String) -> QnaAnswer {
    QnaAnswer {
        questions: Vec::new(),
        answer,
        confidence: 0.0,
        number: NONE,
        source: None,
        metadata: Vec::new(),
        dialog: Dialog::default(),
        span: None,
    }
}

/// A tag as a key and a value: `key:value`, or `tag` and itself.
fn pair(tag: &str) -> (String, String) {
    let (key, value) = tag.split_once(':').unwrap_or((TAG, tag));
    (key.trim().to_owned(), value.trim().to_owned())
}

/// The entries that have all of these keys and values among their tags, or any where `any`.
pub fn with_metadata(wanted: Vec<(String, String)>, any: bool) -> Option<Among> {
    if wanted.is_empty() {
        return None;
    }
    Some(Arc::new(move |entry: &Entry| {
        let has =
            |(key, value): &(String, String)| {
                entry.tags.iter().map(|tag| pair(tag)).any(|(own, is)| {
                    own.eq_ignore_ascii_case(key) && is.to_lowercase() == value.to_lowercase()
                })
            };
        if any { wanted.iter().any(has) } else { wanted.iter().all(has) }
    }))
}

/// The entries that come from any of these sources.
pub fn with_source(wanted: Vec<String>) -> Option<Among> {
    if wanted.is_empty() {
        return None;
    }
    Some(Arc::new(move |entry: &Entry| entry.source.as_ref().is_some_and(|source| wanted.contains(source))))
}

/// The entries for which both hold, or either where `any`.
pub fn both(a: Option<Among>, b: Option<Among>, any: bool) -> Option<Among> {
    match (a, b) {
        (Some(a), Some(b)) => {
            Some(Arc::new(move |entry: &Entry| if any { a(entry) || b(entry) } else { a(entry) && b(entry) }))
        }
        (a, b) => a.or(b),
    }
}

/// The entry that is asked for by number; 0 and less is none.
pub fn entry(number: Option<f64>) -> Option<i64> {
    number.filter(|number| *number > 0.0).map(|number| number as i64)
}

/// How many answers are wanted: one, unless the client says otherwise.
pub fn top(number: Option<f64>) -> usize {
    number.unwrap_or(1.0).clamp(1.0, MOST_ANSWERS) as usize
}

/// The fields that both generations have and that are not honoured, where they ask for something.
pub fn not_honoured(ranker: Option<&str>) -> Vec<&'static str> {
    let mut fields = Vec::new();
    if ranker.is_some_and(|ranker| ranker.eq_ignore_ascii_case("QuestionOnly")) {
        fields.push("rankerType");
    }
    fields
}

/// Says in headers what of a request was not honoured, and whether confidence is a cosine.
pub fn say(mut response: Response, not_honoured: &[&str], by_cosine: bool) -> Response {
    let headers = response.headers_mut();
    if let Ok(fields) = HeaderValue::from_str(&not_honoured.join(", "))
        && !not_honoured.is_empty()
    {
        headers.insert(HeaderName::from_static("faqbot-not-honoured"), fields);
    }
    if by_cosine {
        headers.insert(HeaderName::from_static("faqbot-confidence"), HeaderValue::from_static("cosine"));
    }
    response
}

/// As [`number`], where there has to be one.
pub fn needed_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number(deserializer)?.ok_or_else(|| D::Error::custom("a number is needed"))
}

/// A number that may come as a text, as in the examples of the service's own documentation.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(f64),
        Text(String),
    }
    match Option::<Number>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Number(number)) => Ok(Some(number)),
        Some(Number::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Number::Text(text)) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(D::Error::invalid_type(Unexpected::Str(&text), &"f64")),
        },
    }
}
