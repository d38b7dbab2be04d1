//! The addresses of OpenAI's API, for chat programs that speak it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use faqbot_core::Conversation;
use faqbot_faq::abridge;
use faqbot_store::Channel;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::qna;
use crate::http::input::Input;
use crate::http::limits::Client;
use crate::http::problem::Problem;
use crate::service::queue::PART;
use crate::service::state::{App, Asked, Before, Question};
use crate::service::version::{Served, Version};
use crate::web::markdown;

/// Texts that are embedded in one request, at most.
const MOST_TEXTS: usize = 1_000;

/// Characters of a chat's title, at most.
const TITLE: usize = 60;

#[derive(Deserialize, ToSchema)]
pub struct ChatRequest {
    /// The FAQ's name; where only one is served, any.
    #[serde(default)]
    model: String,
    /// The chat; the last message of the user is the question.
    #[schema(min_items = 1)]
    messages: Vec<Message>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize, ToSchema)]
struct Message {
    role: String,
    /// A text, or parts of which those of type `text` are read.
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Deserialize, ToSchema)]
struct ContentPart {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct StreamOptions {
    include_usage: bool,
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

/// A problem in the shape of this API.
pub fn error(problem: &Problem) -> Value {
    let kind = match problem.status() {
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        StatusCode::UNAUTHORIZED => "authentication_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    };
    let code = match problem.status() {
        StatusCode::NOT_FOUND => Some("model_not_found"),
        StatusCode::UNAUTHORIZED => Some("invalid_api_key"),
        _ => None,
    };
    json!({"error": {"message": problem.detail, "type": kind, "param": null, "code": code}})
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// What is said, and the reply it comes from.
struct Said {
    text: String,
    asked: Option<Asked>,
}

async fn say(app: &App, faq: &Served, messages: &[Message]) -> Result<Said, Problem> {
    let at = messages.iter().rposition(|message| message.role == "user");
    let at = at.ok_or_else(|| Problem::bad_request("there is no message of the user among `messages`"))?;
    let query = messages[at].text();
    if let Some(text) = housekeeping(&query) {
        return Ok(Said { text, asked: None });
    }
    let before = Before::Given(conversation(&faq.version(), &messages[..at]));
    let asked = app.ask(faq, Question { before, ..Question::new(query, Channel::Openai) }).await?;
    Ok(Said { text: markdown::markdown(&asked.version.bot, &asked.verdict), asked: Some(asked) })
}

/// What a chat program asks for its own ends, and the least that satisfies it: titles, tags, questions to follow. These
/// are no questions of people.
fn housekeeping(query: &str) -> Option<String> {
    let query = query.trim_start();
    // Open WebUI's begin so; LibreChat's marks the messages of the chat.
    let title_of_chat = query.contains("title") && query.contains("||>User:");
    if !query.starts_with("### Task:") && !title_of_chat {
        return None;
    }
    let first = query
        .split_once("USER:")
        .or_else(|| query.split_once("||>User:"))
        .map_or("", |(_, rest)| rest.trim_start_matches(['\n', ' ', '"']).lines().next().unwrap_or(""));
    let title = abridge(first.trim().trim_end_matches('"'), TITLE);
    let asks_for = |name: &str| query.contains(&format!("\"{name}\""));
    Some(if title_of_chat {
        title.to_string()
    } else if asks_for("follow_ups") {
        json!({"follow_ups": []}).to_string()
    } else if asks_for("tags") {
        json!({"tags": []}).to_string()
    } else if asks_for("queries") {
        json!({"queries": []}).to_string()
    } else if asks_for("title") {
        json!({"title": title}).to_string()
    } else if asks_for("text") {
        json!({"text": ""}).to_string()
    } else {
        String::new()
    })
}

/// What went before, as the messages tell: which entry's answer the last of them is, or what it asked back about.
fn conversation(version: &Version, messages: &[Message]) -> Conversation {
    let last = |role: &str| messages.iter().rev().find(|message| message.role == role).map(Message::text);
    let (Some(said), Some(question)) = (last("assistant"), last("user")) else {
        return Conversation::default();
    };
    let faq = version.bot.faq();
    let said = said.trim();
    // The steps of an answer are numbered too.
    if said.lines().next().is_some_and(markdown::is_did_you_mean) {
        let asked = |line: &str| Some(line.trim().split_once(". ")?.1.trim().to_owned());
        let offered: Vec<String> = said.lines().skip(1).filter_map(asked).collect();
        let id = |question: &String| {
            faq.entries.iter().find(|entry| entry.question() == question).map(|entry| entry.id.to_string())
        };
        let choices = offered.iter().filter_map(id).collect();
        return Conversation { question: Some(question), choices, ..Conversation::default() };
    }
    match faq.entries.iter().find(|entry| entry.answers().any(|answer| answer.trim() == said)) {
        Some(entry) => Conversation {
            question: Some(question),
            entry: Some(entry.id.to_string()),
            follow_ups: entry.follow_ups.iter().map(ToString::to_string).collect(),
            ..Conversation::default()
        },
        None => Conversation::default(),
    }
}

/// Chat with a FAQ as with a model
#[utoipa::path(post, path = "/v1/chat/completions", tag = "drop-in", request_body = ChatRequest,
    responses((status = 200, description = "A completion, or its chunks as server-sent events", content(
        (Object = "application/json"), (String = "text/event-stream")))))]
pub async fn completions(
    State(app): State<Arc<App>>,
    Input(request): Input<ChatRequest>,
) -> Result<Response, Problem> {
    let faq = if request.model.is_empty() { app.faq(None)? } else { app.faq_of_client(&request.model)? };
    let said = say(&app, faq, &request.messages).await?;
    let id = format!(
        "chatcmpl-{}",
        said.asked.as_ref().map_or_else(uuid::Uuid::now_v7, |asked| asked.id).simple()
    );
    let ours = said.asked.as_ref().map(|asked| {
        json!({
            "id": asked.id, "faq": faq.name, "faq_version": asked.version.id,
            "reply": asked.reply(),
        })
    });
    let usage = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    let created = now();
    if !request.stream.unwrap_or(false) {
        let message = json!({"role": "assistant", "content": said.text, "refusal": null});
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
        let mut body = json!({
            "id": id, "object": "chat.completion", "created": created, "model": faq.name, "choices": [choice], "usage": usage,
        });
        if let Some(ours) = ours {
            body["faqbot"] = ours;
        }
        return Ok(Json(body).into_response());
    }
    let with_usage = request.stream_options.is_some_and(|options| options.include_usage);
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": id, "object": "chat.completion.chunk", "created": created, "model": faq.name, "choices": choices,
        });
        if with_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let of = |delta: Value, reason: Value| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}]))
    };
    let mut chunks = vec![
        of(json!({"role": "assistant", "content": ""}), Value::Null),
        of(json!({"content": said.text}), Value::Null),
        of(json!({}), json!("stop")),
    ];
    if let Some(ours) = ours {
        chunks[2]["faqbot"] = ours;
    }
    if with_usage {
        let mut last = chunk(json!([]));
        last["usage"] = usage;
        chunks.push(last);
    }
    // The answer is there at once, and so are all its chunks.
    let mut events: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
    events.push_str("data: [DONE]\n\n");
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, events).into_response())
}

#[derive(Serialize, ToSchema)]
pub struct ModelJson {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct ModelsJson {
    object: &'static str,
    data: Vec<ModelJson>,
}

fn model_json(faq: &Served) -> ModelJson {
    ModelJson { id: faq.name.clone(), object: "model", created: 0, owned_by: "faqbot" }
}

/// List the FAQs as models
#[utoipa::path(get, path = "/v1/models", operation_id = "openai_models", tag = "drop-in", responses((status = 200, description = "The FAQs", body = ModelsJson)))]
pub async fn models(State(app): State<Arc<App>>) -> Json<ModelsJson> {
    Json(ModelsJson { object: "list", data: app.faqs.iter().map(model_json).collect() })
}

/// One FAQ as a model
#[utoipa::path(get, path = "/v1/models/{id}", operation_id = "openai_model", tag = "drop-in", params(("id" = String, Path, description = "The FAQ's name")),
    responses((status = 200, description = "The FAQ", body = ModelJson)))]
pub async fn model(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<ModelJson>, Problem> {
    Ok(Json(model_json(app.faq(Some(&id))?)))
}

#[derive(Deserialize, ToSchema)]
pub struct EmbeddingsRequest {
    /// A text, or several.
    input: Texts,
    #[serde(default)]
    encoding_format: Option<EncodingFormat>,
    /// Not honoured: vectors have as many as the model gives them.
    #[serde(default)]
    dimensions: Option<f64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "input is a text or a list of texts")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum EncodingFormat {
    Float,
    Base64,
}

/// Embed texts as questions are embedded
#[utoipa::path(post, path = "/v1/embeddings", tag = "drop-in", request_body = EmbeddingsRequest,
    responses((status = 200, description = "A vector a text", body = Object)))]
pub async fn embeddings(
    State(app): State<Arc<App>>,
    Extension(Client(client)): Extension<Client>,
    Input(request): Input<EmbeddingsRequest>,
) -> Result<Response, Problem> {
    let texts = match request.input {
        Texts::One(text) => vec![text],
        Texts::Many(texts) => texts,
    };
    if texts.len() > MOST_TEXTS {
        return Err(Problem::bad_request(format!(
            "{} texts; at most {MOST_TEXTS} in a request",
            texts.len()
        )));
    }
    // One was taken before.
    app.limits.take(client, texts.len().saturating_sub(1))?;
    let embedder = app.faqs[0].source.embedder();
    let mut data = Vec::with_capacity(texts.len());
    for part in texts.chunks(PART) {
        let rows = app.queue.embed(part.to_vec(), Arc::clone(embedder)).await?;
        for row in rows.rows() {
            let vector = row.to_vec();
            let embedding = match request.encoding_format {
                Some(EncodingFormat::Base64) => {
                    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                    json!(BASE64_STANDARD.encode(bytes))
                }
                Some(EncodingFormat::Float) | None => json!(vector),
            };
            data.push(json!({"object": "embedding", "index": data.len(), "embedding": embedding}));
        }
    }
    let model = embedder.model().as_str();
    let usage = json!({"prompt_tokens": 0, "total_tokens": 0});
    let body = json!({"object": "list", "data": data, "model": model, "usage": usage});
    let others = request.dimensions.is_some_and(|wanted| wanted != embedder.dimension() as f64);
    Ok(qna::say(Json(body).into_response(), if others { &["dimensions"] } else { &[] }, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chat_program_asks_for_itself_is_no_question() {
        let task = "### Task:\nGenerate a concise, 3-5 word title.\n### Output:\nJSON format: { \"title\": \"your title here\" }\n<chat_history>\nUSER: where is my parcel\nASSISTANT: there\n</chat_history>";
        assert_eq!(housekeeping(task).unwrap(), r#"{"title":"where is my parcel"}"#);
        assert_eq!(housekeeping("### Task:\n{ \"follow_ups\": [] }").unwrap(), r#"{"follow_ups":[]}"#);
        assert_eq!(housekeeping("where is my title"), None);
    }
}
