//! The addresses of Rasa's REST channel and of its parser, for its clients.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use faqbot_core::{Decision, texts};
use faqbot_faq::Entry;
use faqbot_store::Channel;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::api::faqs::SUGGESTED;
use crate::http::input::Input;
use crate::http::problem::Problem;
use crate::service::state::{App, Question};
use crate::service::version::Version;
use crate::web::markdown;

/// The retrieval intent of small talk, as Rasa's own examples name it.
const CHITCHAT: &str = "chitchat";

/// The intent of what has no answer, as Rasa's own classifier for that names it.
const NO_INTENT: &str = "nlu_fallback";

#[derive(Deserialize, ToSchema)]
pub struct RasaMessage {
    /// Who writes; it comes back as `recipient_id`. Without one, or with an empty one, there is no conversation.
    #[serde(default)]
    sender: Option<String>,
    /// A question; `/` and the id of an entry, as buttons send it; or `/session_start`, `/restart` and `/greet`.
    message: String,
}

/// Who writes where a message does not say.
const DEFAULT_SENDER: &str = "default";

/// What Rasa's widgets send at the beginning, to say hello and to begin anew.
const BEGINS: [&str; 3] = ["session_start", "restart", "greet"];

#[derive(Serialize, ToSchema)]
pub struct RasaReply {
    recipient_id: String,
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<Button>,
}

#[derive(Serialize, ToSchema)]
struct Button {
    title: String,
    payload: String,
}

impl Button {
    fn new(entry: &Entry) -> Self {
        Button { title: entry.question().to_owned(), payload: format!("/{}", entry.id.as_str()) }
    }
}

/// Write a message as Rasa's REST channel takes it
#[utoipa::path(post, path = "/webhooks/rest/webhook", operation_id = "rasa_webhook", tag = "drop-in", request_body = RasaMessage,
    responses((status = 200, description = "Replies", body = [RasaReply])))]
pub async fn webhook(
    State(app): State<Arc<App>>,
    Input(message): Input<RasaMessage>,
) -> Result<Json<[RasaReply; 1]>, Problem> {
    let faq = app.faq(None)?;
    let session = message.sender.filter(|sender| !sender.is_empty() && *sender != DEFAULT_SENDER);
    let recipient_id = session.clone().unwrap_or_else(|| DEFAULT_SENDER.to_owned());
    let version = faq.version();
    let command = message.message.strip_prefix('/').map(str::trim);
    // An entry may have one of their names.
    let pressed = command.and_then(|id| version.position(id));
    let begins = command.is_some_and(|command| BEGINS.contains(&command)) && pressed.is_none();
    if begins {
        if let Some(session) = &session {
            app.forget(faq, session);
        }
        return Ok(Json([greeting(&version, recipient_id)]));
    }
    let reply = match pressed {
        Some(entry) => RasaReply {
            recipient_id,
            text: version.bot.faq().entries[entry].answer.clone(),
            buttons: Vec::new(),
        },
        None => {
            let asked =
                app.ask(faq, Question { session, ..Question::new(message.message, Channel::Rasa) }).await?;
            let (bot, verdict) = (&asked.version.bot, &asked.verdict);
            let offered = verdict.choices().into_iter().map(|found| bot.entry(found));
            RasaReply {
                recipient_id,
                text: match verdict.decision {
                    Decision::Ambiguous(_) => markdown::did_you_mean(bot, verdict),
                    _ => markdown::markdown(bot, verdict),
                },
                buttons: offered.chain(bot.follow_ups(verdict)).map(Button::new).collect(),
            }
        }
    };
    Ok(Json([reply]))
}

/// What is said at the beginning: the FAQ's greeting, or what is said to a greeting, with questions to begin with.
fn greeting(version: &Version, recipient_id: String) -> RasaReply {
    let faq = version.bot.faq();
    let text = faq.greeting.clone().or_else(|| faq.title.clone()).unwrap_or_default();
    let text = if text.is_empty() { texts::text(version.bot.language(), "ask", &[]) } else { text };
    RasaReply { recipient_id, text, buttons: faq.offered().take(SUGGESTED).map(Button::new).collect() }
}

#[derive(Deserialize, ToSchema)]
pub struct ParseRequest {
    text: String,
    message_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Parsed {
    text: String,
    message_id: Option<String>,
    intent: Intent,
    /// The intents whose probability is known.
    intent_ranking: Vec<Intent>,
    /// None: entries have no parts.
    entities: Vec<String>,
}

#[derive(Clone, Serialize, ToSchema)]
struct Intent {
    /// The entry's id, or `nlu_fallback`.
    name: String,
    /// From 0 to 1; a cosine where confidence is not calibrated.
    confidence: f32,
}

/// Find the entry of a text, as Rasa's parser finds an intent
#[utoipa::path(post, path = "/model/parse", operation_id = "rasa_parse", tag = "drop-in", request_body = ParseRequest,
    responses((status = 200, description = "The entry as an intent", body = Parsed)))]
pub async fn parse(
    State(app): State<Arc<App>>,
    Input(request): Input<ParseRequest>,
) -> Result<Json<Parsed>, Problem> {
    let asked = app.ask(app.faq(None)?, Question::new(request.text.clone(), Channel::Rasa)).await?;
    let (bot, verdict) = (&asked.version.bot, &asked.verdict);
    if let Some(said) = &verdict.small_talk {
        // What it is is told by its words; none of the FAQ's intents is meant.
        let intent = Intent { name: format!("{CHITCHAT}/{}", said.kind.name()), confidence: 1.0 };
        return Ok(Json(Parsed {
            text: request.text,
            message_id: request.message_id,
            intent: intent.clone(),
            intent_ranking: vec![intent],
            entities: Vec::new(),
        }));
    }
    let found = verdict.answer().or(verdict.matches.first());
    let best = found.map(|found| Intent {
        name: bot.entry(found).id.to_string(),
        confidence: verdict.confidence.unwrap_or(found.cosine.clamp(0.0, 1.0)),
    });
    let none = Intent {
        name: NO_INTENT.to_owned(),
        confidence: best.as_ref().map_or(1.0, |best| 1.0 - best.confidence),
    };
    let intent_ranking: Vec<Intent> = match (verdict.decision.clone(), best) {
        (Decision::Answer(_), Some(best)) => vec![best, none],
        (_, best) => [none].into_iter().chain(best).collect(),
    };
    Ok(Json(Parsed {
        text: request.text,
        message_id: request.message_id,
        intent: intent_ranking[0].clone(),
        intent_ranking,
        entities: Vec::new(),
    }))
}

/// Whether the channel is there
pub async fn channel() -> Json<serde_json::Value> {
    Json(json!({"status": "ok"}))
}

/// The version
pub async fn version() -> Json<serde_json::Value> {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({"version": version, "minimum_compatible_version": version}))
}

/// What is loaded
pub async fn status(State(app): State<Arc<App>>) -> Json<serde_json::Value> {
    let names: Vec<&str> = app.faqs.iter().map(|faq| faq.name.as_str()).collect();
    Json(json!({"model_file": names.join(","), "num_active_training_jobs": 0}))
}
