//! `POST /v1/feedback`: what people think of a reply. It is counted, and kept where questions are.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use faqbot_core::OutcomeKind;
use faqbot_store::Rating;
use metrics::counter;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::input::Input;
use crate::http::problem::Problem;
use crate::service::state::App;

/// What someone thinks of a reply.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Feedback {
    /// The reply's `id`.
    id: Uuid,
    rating: Rating,
    /// For `chosen`: the entry.
    entry: Option<String>,
}

/// Say whether a reply helped
#[utoipa::path(post, path = "/v1/feedback", tag = "ask", request_body = Feedback,
    responses((status = 204, description = "Counted")))]
pub async fn feedback(
    State(app): State<Arc<App>>,
    Input(feedback): Input<Feedback>,
) -> Result<StatusCode, Problem> {
    let remembered = app
        .remembered(&feedback.id)
        .await
        .ok_or_else(|| Problem::not_found("there is no such reply, or it was too long ago"))?;
    if matches!(feedback.rating, Rating::Chosen | Rating::None)
        && remembered.outcome != OutcomeKind::Ambiguous
    {
        return Err(Problem::bad_request("this reply did not ask back"));
    }
    if feedback.rating == Rating::Chosen {
        let entry =
            feedback.entry.as_deref().ok_or_else(|| Problem::bad_request("`chosen` needs the entry"))?;
        if !remembered.entries.iter().any(|shown| shown == entry) {
            return Err(Problem::bad_request(format!("\"{entry}\" is none of the entries of this reply")));
        }
    }
    record(&remembered.faq, feedback.rating, remembered.outcome.name());
    if let Some(recorder) = &app.recorder {
        let chosen = feedback.entry.as_deref().filter(|_| feedback.rating == Rating::Chosen);
        recorder.rated(feedback.id, feedback.rating, chosen);
    }
    if app.log_questions {
        tracing::info!(id = %feedback.id, faq = remembered.faq, rating = feedback.rating.name(), entry = feedback.entry, "feedback");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Counts a rating, also one that comes through another service's address.
pub fn record(faq: &str, rating: Rating, outcome: &'static str) {
    counter!("faqbot_feedback_total", "faq" => faq.to_owned(), "rating" => rating.name(), "outcome" => outcome)
        .increment(1);
}
