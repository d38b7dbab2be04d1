//! `/v1/responses`: what `/v1/chat/completions` does, in the shape that OpenAI's newer clients speak.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Message, faq_of, not_honoured, now, ours, say};
use crate::api::qna;
use crate::http::input::Input;
use crate::http::problem::Problem;
use crate::service::state::App;

/// What an answer would depend on, and is not done.
const NOT_HONOURED: [&str; 5] = ["text", "tools", "conversation", "background", "prompt"];

#[derive(Deserialize, ToSchema)]
pub struct ResponseRequest {
    /// The FAQ's name; where only one is served, any.
    #[serde(default)]
    model: String,
    /// The question, or a chat whose last message of the user it is.
    input: ResponseInput,
    /// The response that this one follows, where `input` does not have the chat.
    #[serde(default)]
    previous_response_id: Option<String>,
    /// Whether another may follow this one by its id (default: true).
    #[serde(default)]
    store: Option<bool>,
    #[serde(default)]
    stream: Option<bool>,
    /// What else there is: nothing of it changes the answer.
    #[serde(flatten)]
    #[schema(ignore)]
    others: Map<String, Value>,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged, expecting = "input is a text or a list of messages")]
enum ResponseInput {
    Text(String),
    Messages(Vec<Message>),
}

/// Chat with a FAQ as with a model, by responses
#[utoipa::path(post, path = "/v1/responses", operation_id = "openai_responses", tag = "drop-in", request_body = ResponseRequest,
    responses((status = 200, description = "A response, or its events as server-sent events", content(
        (Object = "application/json"), (Object = "text/event-stream")))))]
pub async fn responses(
    State(app): State<Arc<App>>,
    Input(request): Input<ResponseRequest>,
) -> Result<Response, Problem> {
    let faq = faq_of(&app, &request.model)?;
    let before = request.previous_response_id.as_deref().map(|id| {
        app.conversation(faq, id).ok_or_else(|| {
            Problem::not_found(format!("there is no response \"{id}\", or it is too long ago"))
        })
    });
    let messages = match request.input {
        ResponseInput::Text(text) => vec![Message::of_user(text)],
        ResponseInput::Messages(messages) => messages,
    };
    let said = say(&app, faq, &messages, before.transpose()?).await?;
    let mut left = not_honoured(&request.others, &NOT_HONOURED);
    left.extend(&said.not_honoured);
    let number = said.asked.as_ref().map_or_else(Uuid::now_v7, |asked| asked.id).simple();
    let id = format!("resp_{number}");
    let store = request.store.unwrap_or(true);
    if let Some(asked) = said.asked.as_ref().filter(|_| store) {
        app.remember(faq, &id, asked);
    }
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let item = |status: &str, content: Value| json!({"id": format!("msg_{number}"), "type": "message", "status": status, "role": "assistant", "content": content});
    let done = item("completed", json!([part(&said.text)]));
    let created = now();
    let response = |status: &str, output: Value, usage: Value| {
        json!({
            "id": id, "object": "response", "created_at": created, "status": status, "background": false, "error": null,
            "incomplete_details": null, "instructions": null, "max_output_tokens": null, "model": faq.name,
            "output": output, "parallel_tool_calls": true, "previous_response_id": request.previous_response_id,
            "reasoning": {"effort": null, "summary": null}, "store": store, "temperature": null,
            "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": null,
            "truncation": "disabled", "usage": usage, "user": null, "metadata": {},
        })
    };
    let usage = json!({
        "input_tokens": said.usage.input, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said.usage.output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": said.usage.input + said.usage.output,
    });
    let mut whole = response("completed", json!([done]), usage);
    if let Some(ours) = ours(faq, &said) {
        whole["faqbot"] = ours;
    }
    if !request.stream.unwrap_or(false) {
        return Ok(qna::say(Json(whole).into_response(), &left, false));
    }
    let begun = response("in_progress", json!([]), Value::Null);
    let at = json!({"item_id": format!("msg_{number}"), "output_index": 0, "content_index": 0});
    let with = |mut event: Value, more: Value| {
        for (key, value) in more.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        event
    };
    let events = [
        ("created", json!({"response": begun})),
        ("in_progress", json!({"response": begun})),
        ("output_item.added", json!({"output_index": 0, "item": item("in_progress", json!([]))})),
        ("content_part.added", with(at.clone(), json!({"part": part("")}))),
        ("output_text.delta", with(at.clone(), json!({"delta": said.text, "logprobs": []}))),
        ("output_text.done", with(at.clone(), json!({"text": said.text, "logprobs": []}))),
        ("content_part.done", with(at, json!({"part": part(&said.text)}))),
        ("output_item.done", json!({"output_index": 0, "item": done})),
        ("completed", json!({"response": whole})),
    ];
    // The answer is there at once, and so are all its events.
    let mut body = String::new();
    for (number, (name, event)) in events.into_iter().enumerate() {
        let kind = format!("response.{name}");
        let event = with(event, json!({"type": kind, "sequence_number": number}));
        body += &format!("event: {kind}\ndata: {event}\n\n");
    }
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok(qna::say((headers, body).into_response(), &left, false))
}
