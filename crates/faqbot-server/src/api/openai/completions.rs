//! `/v1/chat/completions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Message, faq_of, not_honoured, now, ours, say};
use crate::api::qna;
use crate::http::input::Input;
use crate::http::problem::Problem;
use crate::service::state::App;

/// What an answer would depend on, and is not done.
const NOT_HONOURED: [&str; 7] = ["response_format", "n", "stop", "tools", "functions", "logprobs", "audio"];

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
    /// What else there is: nothing of it changes the answer.
    #[serde(flatten)]
    #[schema(ignore)]
    others: Map<String, Value>,
}

#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct StreamOptions {
    include_usage: bool,
}

/// Chat with a FAQ as with a model
#[utoipa::path(post, path = "/v1/chat/completions", tag = "drop-in", request_body = ChatRequest,
    responses((status = 200, description = "A completion, or its chunks as server-sent events", content(
        (Object = "application/json"), (String = "text/event-stream")))))]
pub async fn completions(
    State(app): State<Arc<App>>,
    Input(request): Input<ChatRequest>,
) -> Result<Response, Problem> {
    let faq = faq_of(&app, &request.model)?;
    let said = say(&app, faq, &request.messages, None).await?;
    let mut left = not_honoured(&request.others, &NOT_HONOURED);
    left.extend(&said.not_honoured);
    let id = format!(
        "chatcmpl-{}",
        said.asked.as_ref().map_or_else(uuid::Uuid::now_v7, |asked| asked.id).simple()
    );
    let ours = ours(faq, &said);
    let usage = json!({
        "prompt_tokens": said.usage.input, "completion_tokens": said.usage.output,
        "total_tokens": said.usage.input + said.usage.output,
    });
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
        return Ok(qna::say(Json(body).into_response(), &left, false));
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
    Ok(qna::say((headers, events).into_response(), &left, false))
}
