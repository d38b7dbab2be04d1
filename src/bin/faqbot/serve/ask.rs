//! `POST /v1/ask` and `/v1/ask:batch`.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::input::{Input, whole};
use super::limits::Client;
use super::problem::Problem;
use super::state::{App, Asked, MOST_MATCHES, Question};
use crate::output::wire::ReplyJson;
use crate::setup::AnyBot;

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
    #[serde(flatten)]
    reply: ReplyJson<'r>,
}

/// Replies, in the order of the queries.
#[derive(Serialize, ToSchema)]
pub struct BatchReply<'r> {
    replies: Vec<AskReply<'r>>,
}

/// A reply as the server gives it.
pub fn reply<'r>(
    faq: &'r str,
    asked: &'r Asked,
    html: &'r dyn Fn(usize) -> &'r str,
    session: Option<&'r str>,
) -> AskReply<'r> {
    AskReply {
        id: asked.id,
        faq,
        faq_version: &asked.version.id,
        session,
        reply: ReplyJson::with_html(&asked.version.bot, &asked.reply, html),
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
    let question = Question {
        count: matches(request.top)?,
        session: request.session.clone(),
        ..Question::new(request.query, "api")
    };
    let asked = app.ask(faq, question).await?;
    let html = |entry: usize| asked.version.answer_html(entry);
    Ok(Json(reply(&faq.name, &asked, &html, request.session.as_deref())).into_response())
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
    let like = Question { count, ..Question::new(String::new(), "batch") };
    let asked = app.ask_all(faq, request.queries, &like).await?;
    let Some(first) = asked.first() else {
        return Ok(Json(BatchReply { replies: Vec::new() }).into_response());
    };
    let (version, name) = (Arc::clone(&first.version), faq.name.clone());
    // Megabytes, which would keep others waiting here.
    let written = tokio::task::spawn_blocking(move || {
        let html = |entry: usize| version.answer_html(entry);
        let replies = asked.iter().map(|asked| reply(&name, asked, &html, None)).collect();
        serde_json::to_vec(&BatchReply { replies })
    });
    let body = written
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
