//! The addresses of OpenAI's API, for chat programs that speak it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use faqbot_core::Conversation;
use faqbot_core::texts;
use faqbot_faq::abridge;
use faqbot_store::Channel;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::service::state::{App, Asked, Before, Question};
use crate::service::version::{Served, Version};
use crate::web::markdown;

pub mod completions;
pub mod embeddings;
pub mod responses;

/// Characters of a chat's title, at most.
const TITLE: usize = 60;

/// The header's word for pictures, which are not looked at.
const IMAGES: &str = "images";

/// A message of a chat.
#[derive(Deserialize, ToSchema)]
struct Message {
    /// Whose: the last of `user` is the question. Calls of tools and their results have none.
    #[serde(default)]
    role: String,
    /// A text, or parts of which those with a text are read.
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
    /// `text`, `input_text`, `output_text`; of others only whether they are there is known.
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

impl Message {
    fn of_user(text: String) -> Self {
        Message { role: "user".to_owned(), content: Some(Content::Text(text)) }
    }

    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn has_pictures(&self) -> bool {
        let Some(Content::Parts(parts)) = &self.content else { return false };
        parts.iter().any(|part| part.kind.contains("image"))
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
    usage: Usage,
    /// What of the request is not honoured, as the header names it.
    not_honoured: Vec<&'static str>,
}

/// The words and signs of what was read and said: nothing here is cut into a model's tokens and paid for.
#[derive(Clone, Copy)]
struct Usage {
    input: usize,
    output: usize,
}

/// How many words and signs a text has.
fn tokens(text: &str) -> usize {
    let (mut count, mut in_word) = (0, false);
    for c in text.chars() {
        let is_word = c.is_alphanumeric();
        count += usize::from(if is_word { !in_word } else { !c.is_whitespace() });
        in_word = is_word;
    }
    count
}

/// Says what there is to say to the last message of the user, after those before it or after `before`.
async fn say(
    app: &App,
    faq: &Served,
    messages: &[Message],
    before: Option<Conversation>,
) -> Result<Said, Problem> {
    let at = messages.iter().rposition(|message| message.role == "user");
    let at = at.ok_or_else(|| Problem::bad_request("there is no message of the user in the request"))?;
    let query = messages[at].text();
    let input = messages.iter().map(|message| tokens(&message.text())).sum();
    let pictures = messages[at].has_pictures();
    let not_honoured = if pictures { vec![IMAGES] } else { Vec::new() };
    let said = |text: String, asked| {
        let usage = Usage { input, output: tokens(&text) };
        Said { text, asked, usage, not_honoured }
    };
    if pictures && query.trim().is_empty() {
        return Ok(said(texts::text(faq.version().bot.language(), "picture", &[]), None));
    }
    if let Some(text) = housekeeping(&query) {
        return Ok(said(text, None));
    }
    let before = before.unwrap_or_else(|| conversation(&faq.version(), &messages[..at]));
    let question = Question { before: Before::Given(before), ..Question::new(query, Channel::Openai) };
    let asked = app.ask(faq, question).await?;
    Ok(said(markdown::markdown(&asked.version.bot, &asked.verdict), Some(asked)))
}

/// The reply of this server's own, for those who read more than the text.
fn ours(faq: &Served, said: &Said) -> Option<Value> {
    let asked = said.asked.as_ref()?;
    Some(json!({"id": asked.id, "faq": faq.name, "faq_version": asked.version.id, "reply": asked.reply()}))
}

/// Which of the fields of a request that an answer would depend on say something that is not done.
fn not_honoured(fields: &Map<String, Value>, known: &[&'static str]) -> Vec<&'static str> {
    let says = |name: &&&'static str| match fields.get(**name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        // What they are without being named.
        Some(Value::Number(number)) => number.as_f64() != Some(1.0),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(object)) => {
            let kind = object.get("format").unwrap_or(&Value::Null)["type"].as_str();
            let kind = kind.or_else(|| object.get("type").and_then(Value::as_str));
            kind != Some("text") && !object.is_empty()
        }
        Some(_) => true,
    };
    known.iter().filter(says).copied().collect()
}

/// The FAQ that a model's name means.
fn faq_of<'a>(app: &'a App, model: &str) -> Result<&'a Served, Problem> {
    if model.is_empty() { app.faq(None) } else { app.faq_of_client(model) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_signs_are_counted() {
        assert_eq!(tokens("Where is it? 2 kg, please!"), 9);
        assert_eq!(tokens("  "), 0);
    }

    #[test]
    fn what_is_not_done_is_named() {
        let fields = json!({"n": 2, "stop": ["x"], "tools": [], "response_format": {"type": "text"},
            "text": {"format": {"type": "json_schema"}}, "logprobs": false});
        let known = ["n", "stop", "tools", "response_format", "text", "logprobs"];
        assert_eq!(not_honoured(fields.as_object().unwrap(), &known), ["n", "stop", "text"]);
    }

    #[test]
    fn what_a_chat_program_asks_for_itself_is_no_question() {
        let task = "### Task:\nGenerate a concise, 3-5 word title.\n### Output:\nJSON format: { \"title\": \"your title here\" }\n<chat_history>\nUSER: where is my parcel\nASSISTANT: there\n</chat_history>";
        assert_eq!(housekeeping(task).unwrap(), r#"{"title":"where is my parcel"}"#);
        assert_eq!(housekeeping("### Task:\n{ \"follow_ups\": [] }").unwrap(), r#"{"follow_ups":[]}"#);
        assert_eq!(housekeeping("where is my title"), None);
    }
}
