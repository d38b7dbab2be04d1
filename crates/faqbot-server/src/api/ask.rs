//! `POST /v1/ask` and `/v1/ask:batch`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use faqbot_core::bot::AnyBot;
use faqbot_core::reply::json::{Html, ReplyJson};
use faqbot_core::{Conversation, Found, Reply};
use faqbot_store::Channel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::input::{Input, whole};
use crate::http::limits::Client;
use crate::http::problem::Problem;
use crate::service::state::{App, Asked, Before, MOST_MATCHES, Question};
use crate::web::html;

/// Queries in one request, at most.
const MOST_QUERIES: usize = 1_000;

/// Matches of all queries in one request, at most: each comes with its answer.
const MOST_ROWS: usize = 5_000;

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AskRequest {
    /// What is asked; of more than 20,000 bytes the beginning is read.
    query: String,
    /// The FAQ to ask; the first where there is none.
    faq: Option<String>,
    /// How many entries are wanted in `matches` (default: 5).
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 100)]
    top: Option<usize>,
    /// A conversation's name of the client's own: it comes back in the reply.
    session: Option<String>,
    /// What went before, as it came with the last reply: for clients that keep it, in the place of a session.
    conversation: Option<ConversationJson>,
}

/// What went before a message. Ids are those of entries.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ConversationJson {
    /// The last question that was answered or asked back about, as it was understood.
    question: Option<String>,
    /// The entry that was answered last.
    entry: Option<String>,
    /// The entries that the last reply asked back about.
    #[schema(max_items = 100)]
    choices: Vec<String>,
    /// Those that were offered with the one chosen, and were not chosen.
    #[schema(max_items = 100)]
    others: Vec<String>,
    /// Those that follow up on the last answer.
    #[schema(max_items = 100)]
    follow_ups: Vec<String>,
    /// The one that was named as the nearest where there was no answer.
    suggestion: Option<String>,
    /// Which of an answer's variants are given.
    #[schema(minimum = 0, maximum = 9007199254740991u64)]
    seed: u64,
}

/// Entries of one kind in a conversation, at most.
const MOST_IDS: usize = 100;

/// Bytes of the question before, at most.
const MOST_QUESTION: usize = 20_000;

impl ConversationJson {
    fn checked(self) -> Result<Conversation, Problem> {
        let ConversationJson { question, entry, choices, others, follow_ups, suggestion, seed } = self;
        let question = question.filter(|question| !question.trim().is_empty());
        if [&choices, &others, &follow_ups].iter().any(|ids| ids.len() > MOST_IDS) {
            return Err(Problem::bad_request(format!(
                "a conversation has at most {MOST_IDS} entries of a kind"
            )));
        }
        if question.as_ref().is_some_and(|question| question.len() > MOST_QUESTION) {
            return Err(Problem::bad_request(format!(
                "the question of a conversation has at most {MOST_QUESTION} bytes"
            )));
        }
        Ok(Conversation { question, entry, choices, others, follow_ups, suggestion, seed })
    }

    fn of(conversation: &Conversation) -> Self {
        let Conversation { question, entry, choices, others, follow_ups, suggestion, seed } =
            conversation.clone();
        ConversationJson { question, entry, choices, others, follow_ups, suggestion, seed }
    }
}

/// Many questions.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BatchRequest {
    /// What is asked.
    #[schema(max_items = 1000)]
    queries: Vec<String>,
    /// The FAQ to ask; the first where there is none.
    faq: Option<String>,
    /// How many entries are wanted in `matches` (default: 5).
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 100)]
    top: Option<usize>,
}

/// A reply.
#[derive(Serialize, ToSchema)]
pub struct AskReply<'r> {
    /// What feedback names the reply by.
    id: Uuid,
    /// The FAQ that was asked.
    faq: &'r str,
    /// The state of the FAQ that the whole reply comes from.
    faq_version: &'r str,
    /// As in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'r str>,
    /// What went before the next question: to be sent with it, where there is no session.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationJson>,
    #[serde(flatten)]
    reply: ReplyJson<'r>,
}

/// Replies, in the order of the queries.
#[derive(Serialize, ToSchema)]
pub struct BatchReply<'r> {
    replies: Vec<AskReply<'r>>,
}

/// A reply as the server gives it.
pub fn reply<'r>(faq: &'r str, asked: &'r Asked, reply: &'r Reply, session: Option<&'r str>) -> AskReply<'r> {
    let version = &asked.version;
    let of_entry = |found: &Found| match version.position(found.id.as_str()) {
        Some(at) => Cow::Borrowed(version.answer_html(at, asked.verdict.seed)),
        None => Cow::Owned(html::render(&found.answer)),
    };
    let html = Html { of_entry: &of_entry, of_text: &html::render };
    AskReply {
        id: asked.id,
        faq,
        faq_version: &version.id,
        session,
        conversation: None,
        reply: ReplyJson::with_html(reply, html),
    }
}

fn matches(top: Option<usize>) -> Result<usize, Problem> {
    match top {
        None => Ok(AnyBot::MATCHES),
        Some(top) if (1..=MOST_MATCHES).contains(&top) => Ok(top),
        Some(top) => Err(Problem::bad_request(format!("top is {top}; it lies from 1 to {MOST_MATCHES}"))),
    }
}

/// Ask a question
#[utoipa::path(post, path = "/v1/ask", tag = "ask", request_body = AskRequest,
    responses((status = 200, description = "The reply, whether there is an answer or not", body = AskReply)))]
pub async fn ask(
    State(app): State<Arc<App>>,
    Input(request): Input<AskRequest>,
) -> Result<Response, Problem> {
    let faq = app.faq(request.faq.as_deref())?;
    let before = match request.conversation {
        Some(given) => Before::Given(given.checked()?),
        None => Before::Session,
    };
    let question = Question {
        count: matches(request.top)?,
        session: request.session.clone(),
        before,
        ..Question::new(request.query, Channel::Api)
    };
    let asked = app.ask(faq, question).await?;
    let whole = asked.reply();
    let told = reply(&faq.name, &asked, &whole, request.session.as_deref());
    let conversation = Some(ConversationJson::of(&asked.conversation));
    Ok(Json(AskReply { conversation, ..told }).into_response())
}

/// Ask many questions
#[utoipa::path(post, path = "/v1/ask:batch", tag = "ask", request_body = BatchRequest,
    responses((status = 200, description = "The replies", body = BatchReply)))]
pub async fn batch(
    State(app): State<Arc<App>>,
    Extension(Client(client)): Extension<Client>,
    Input(request): Input<BatchRequest>,
) -> Result<Response, Problem> {
    let faq = app.faq(request.faq.as_deref())?;
    let count = matches(request.top)?;
    let queries = request.queries.len();
    if queries > MOST_QUERIES {
        return Err(Problem::bad_request(format!("{queries} queries; at most {MOST_QUERIES} in a request")));
    }
    if queries * count > MOST_ROWS {
        let detail =
            format!("{queries} queries with {count} matches each; at most {MOST_ROWS} matches in a reply");
        return Err(Problem::bad_request(detail));
    }
    // One was taken before.
    app.limits.take(client, queries.saturating_sub(1))?;
    let like = Question { count, ..Question::new(String::new(), Channel::Batch) };
    let asked = app.ask_all(faq, request.queries, &like).await?;
    let name = faq.name.clone();
    // Megabytes, which would keep others waiting here.
    let written = tokio::task::spawn_blocking(move || {
        let whole: Vec<Reply> = asked.iter().map(Asked::reply).collect();
        let replies =
            asked.iter().zip(&whole).map(|(asked, whole)| reply(&name, asked, whole, None)).collect();
        serde_json::to_vec(&BatchReply { replies })
    });
    let body = written
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
