//! The address of QnA Maker, which was retired, for bots that still call it.
//!
//! Fields from what Microsoft's `botbuilder-ai` sends and reads.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use faqbot_store::Channel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::azure::{self, Record};
use crate::api::qna::{self, Dialog, QnaAnswer, QnaQuestion};
use crate::http::input::Input;
use crate::http::problem::Problem;
use crate::service::state::App;

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct MakerRequest {
    question: Option<String>,
    #[serde(deserialize_with = "qna::number")]
    qna_id: Option<f64>,
    #[serde(deserialize_with = "qna::number")]
    top: Option<f64>,
    /// From 0 to 100; what is not above 1 is read as from 0 to 1, as botbuilder sends it. Without it, or with 0, the FAQ
    /// decides when to answer.
    #[serde(deserialize_with = "qna::number")]
    score_threshold: Option<f64>,
    strict_filters: Option<Vec<MakerPair>>,
    strict_filters_compound_operation_type: Option<String>,
    #[schema(value_type = Option<Object>)]
    context: Option<serde_json::Value>,
    ranker_type: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct MakerPair {
    name: String,
    value: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MakerReply {
    answers: Vec<MakerAnswer>,
    active_learning_enabled: bool,
}

#[derive(Serialize, ToSchema)]
struct MakerAnswer {
    questions: Vec<String>,
    answer: String,
    /// From 0 to 100.
    score: f32,
    id: i32,
    source: String,
    metadata: Vec<MakerPair>,
    context: Dialog,
}

impl From<QnaAnswer> for MakerAnswer {
    fn from(answer: QnaAnswer) -> Self {
        MakerAnswer {
            questions: answer.questions,
            answer: answer.answer,
            score: answer.confidence * 100.0,
            id: answer.number,
            source: answer.source.unwrap_or_default(),
            metadata: answer.metadata.into_iter().map(|(name, value)| MakerPair { name, value }).collect(),
            context: answer.dialog,
        }
    }
}

/// Ask as clients of QnA Maker do; `generateanswer` too
#[utoipa::path(post, path = "/qnamaker/knowledgebases/{id}/generateAnswer", tag = "drop-in",
    params(("id" = String, Path, description = "The FAQ's name; where only one is served, any")), request_body = MakerRequest,
    responses((status = 200, description = "Answers; one with the id -1 where there is none", body = MakerReply)))]
pub async fn generate_answer(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Input(request): Input<MakerRequest>,
) -> Result<Response, Problem> {
    let faq = app.faq_of_client(&id)?;
    let threshold = match request.score_threshold {
        Some(percent) if (0.0..=100.0).contains(&percent) => {
            Some(if percent > 1.0 { percent / 100.0 } else { percent })
        }
        Some(_) => return Err(Problem::bad_request("scoreThreshold lies from 0 to 100")),
        None => None,
    };
    let not_honoured = qna::not_honoured(request.ranker_type.as_deref());
    let any = request
        .strict_filters_compound_operation_type
        .as_deref()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("or"));
    let pairs =
        request.strict_filters.unwrap_or_default().into_iter().map(|pair| (pair.name, pair.value)).collect();
    let question = QnaQuestion {
        question: request.question,
        entry: qna::entry(request.qna_id),
        top: qna::top(request.top),
        threshold: threshold.map(|threshold| threshold as f32),
        among: qna::with_metadata(pairs, any),
        before: qna::before(request.context.as_ref()),
        channel: Channel::QnaMaker,
    };
    let verdict = qna::ask(&app, faq, question).await?;
    let answers = verdict.answers.into_iter().map(MakerAnswer::from).collect();
    let body = MakerReply { answers, active_learning_enabled: false };
    Ok(qna::say(Json(body).into_response(), &not_honoured, verdict.by_cosine))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Train {
    feedback_records: Vec<Record>,
}

/// Say which entry was meant, as clients of QnA Maker do
#[utoipa::path(post, path = "/qnamaker/knowledgebases/{id}/train", tag = "drop-in",
    params(("id" = String, Path, description = "The FAQ's name")), request_body = Train,
    responses((status = 204, description = "Counted")))]
pub async fn train(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Input(train): Input<Train>,
) -> Result<StatusCode, Problem> {
    azure::chosen(&app, &id, &train.feedback_records)
}
