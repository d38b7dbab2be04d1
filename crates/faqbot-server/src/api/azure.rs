//! The address of Azure's custom question answering, for its clients.
//!
//! Fields from its specification (`questionanswering.json`, 2021-10-01).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use faqbot_store::Channel;
use faqbot_store::Rating;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::api::feedback;
use crate::api::qna::{self, Dialog, QnaAnswer, QnaQuestion};
use crate::http::input::{Input, Params};
use crate::http::problem::Problem;
use crate::service::state::App;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// The FAQ's name; where only one is served, any.
    project_name: String,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct AzureRequest {
    question: Option<String>,
    #[serde(deserialize_with = "qna::number")]
    qna_id: Option<f64>,
    #[serde(deserialize_with = "qna::number")]
    top: Option<f64>,
    /// From 0 to 1. Without it, or with 0, the FAQ decides when to answer.
    #[serde(deserialize_with = "qna::number")]
    confidence_score_threshold: Option<f64>,
    #[schema(value_type = Option<Object>)]
    context: Option<Value>,
    ranker_type: Option<String>,
    filters: Option<Filters>,
    answer_span_request: Option<SpanRequest>,
}

#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct Filters {
    metadata_filter: Option<MetadataFilter>,
    source_filter: Option<Vec<String>>,
    logical_operation: Option<String>,
}

#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct MetadataFilter {
    metadata: Option<Vec<Pair>>,
    logical_operation: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Pair {
    key: String,
    value: String,
}

#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct SpanRequest {
    enable: bool,
    /// Spans are given of answers with at least this confidence, from 0 to 1.
    #[serde(deserialize_with = "qna::number")]
    confidence_score_threshold: Option<f64>,
    /// Of how many answers, the first ones; of all without it.
    #[serde(deserialize_with = "qna::number")]
    top_answers_with_span: Option<f64>,
}

impl SpanRequest {
    fn wants(&self, at: usize, answer: &AzureAnswer) -> bool {
        let first = self.top_answers_with_span.is_none_or(|count| (at as f64) < count);
        let sure = self
            .confidence_score_threshold
            .is_none_or(|threshold| f64::from(answer.confidence_score) >= threshold);
        self.enable && first && sure
    }
}

#[derive(Serialize, ToSchema)]
pub struct AzureReply {
    answers: Vec<AzureAnswer>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AzureAnswer {
    questions: Vec<String>,
    answer: String,
    confidence_score: f32,
    id: i32,
    source: String,
    metadata: BTreeMap<String, String>,
    dialog: Dialog,
    /// What was asked for with `answerSpanRequest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_span: Option<AnswerSpan>,
}

/// The passage that answers; of a short answer, all of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AnswerSpan {
    text: String,
    /// That of the answer.
    confidence_score: f32,
    /// In characters.
    offset: usize,
    length: usize,
}

/// A problem in the shape of this service.
pub fn error(problem: &Problem) -> Value {
    let code = match problem.status() {
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::UNAUTHORIZED => "Unauthorized",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailable",
        status if status.is_server_error() => "InternalServerError",
        _ => "InvalidRequest",
    };
    json!({"error": {"code": code, "message": problem.detail}})
}

impl From<QnaAnswer> for AzureAnswer {
    fn from(answer: QnaAnswer) -> Self {
        let mut metadata: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in answer.metadata {
            // A key has one value here.
            metadata.entry(key).and_modify(|values| *values = format!("{values}, {value}")).or_insert(value);
        }
        let (text, offset, length) = answer.span.unwrap_or_else(|| {
            let length = answer.answer.chars().count();
            (answer.answer.clone(), 0, length)
        });
        let span = AnswerSpan { text, confidence_score: answer.confidence, offset, length };
        AzureAnswer {
            answer_span: (answer.number > 0).then_some(span),
            questions: answer.questions,
            answer: answer.answer,
            confidence_score: answer.confidence,
            id: answer.number,
            source: answer.source.unwrap_or_default(),
            metadata,
            dialog: answer.dialog,
        }
    }
}

fn is_or(operation: Option<&str>) -> bool {
    operation.is_some_and(|operation| operation.eq_ignore_ascii_case("or"))
}

/// Ask as clients of Azure question answering do
#[utoipa::path(post, path = "/language/:query-knowledgebases", operation_id = "azure_query", tag = "drop-in", params(Project), request_body = AzureRequest,
    responses((status = 200, description = "Answers; one with the id -1 where there is none", body = AzureReply)))]
pub async fn query(
    State(app): State<Arc<App>>,
    Params(project): Params<Project>,
    Input(request): Input<AzureRequest>,
) -> Result<Response, Problem> {
    let faq = app.faq_of_client(&project.project_name)?;
    let threshold = request.confidence_score_threshold;
    if threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
        return Err(Problem::bad_request("confidenceScoreThreshold lies from 0 to 1"));
    }
    let not_honoured = qna::not_honoured(request.ranker_type.as_deref());
    let spans = request.answer_span_request.unwrap_or_default();
    let filters = request.filters.unwrap_or_default();
    let metadata = filters.metadata_filter.unwrap_or_default();
    let pairs =
        metadata.metadata.unwrap_or_default().into_iter().map(|pair| (pair.key, pair.value)).collect();
    let question = QnaQuestion {
        question: request.question,
        entry: qna::entry(request.qna_id),
        top: qna::top(request.top),
        threshold: threshold.map(|threshold| threshold as f32),
        among: qna::both(
            qna::with_metadata(pairs, is_or(metadata.logical_operation.as_deref())),
            qna::with_source(filters.source_filter.unwrap_or_default()),
            is_or(filters.logical_operation.as_deref()),
        ),
        before: qna::before(request.context.as_ref()),
        channel: Channel::Azure,
    };
    let verdict = qna::ask(&app, faq, question).await?;
    let answers = verdict.answers.into_iter().map(AzureAnswer::from).enumerate().map(|(at, answer)| {
        let wanted = spans.wants(at, &answer);
        AzureAnswer { answer_span: answer.answer_span.filter(|_| wanted), ..answer }
    });
    let body = AzureReply { answers: answers.collect() };
    Ok(qna::say(Json(body).into_response(), &not_honoured, verdict.by_cosine))
}

#[derive(Deserialize, ToSchema)]
pub struct Records {
    records: Vec<Record>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The entry's number.
    #[serde(deserialize_with = "qna::needed_number")]
    qna_id: f64,
    /// What was asked.
    user_question: Option<String>,
}

/// Counts the entries that were chosen; whether all are entries of the FAQ.
pub fn chosen(app: &App, faq: &str, records: &[Record]) -> Result<StatusCode, Problem> {
    let faq = app.faq_of_client(faq)?;
    let version = faq.version();
    for record in records {
        if version.numbers.entry(record.qna_id as i64).is_none() {
            return Err(Problem::bad_request("a record's qnaId is none of an entry"));
        }
    }
    for record in records {
        feedback::record(&faq.name, Rating::Chosen, "ambiguous");
        let entry = version.numbers.entry(record.qna_id as i64);
        if let (Some(recorder), Some(entry), Some(question)) = (&app.recorder, entry, &record.user_question) {
            recorder.meant(&faq.name, question, version.bot.faq().entries[entry].id.as_str());
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Say which entry was meant, as clients of Azure question answering do
#[utoipa::path(post, path = "/language/query-knowledgebases/projects/{project}/feedback", operation_id = "azure_feedback", tag = "drop-in",
    params(("project" = String, Path, description = "The FAQ's name")), request_body = Records,
    responses((status = 204, description = "Counted")))]
pub async fn feedback(
    State(app): State<Arc<App>>,
    Path(project): Path<String>,
    Input(records): Input<Records>,
) -> Result<StatusCode, Problem> {
    chosen(&app, &project, &records.records)
}
