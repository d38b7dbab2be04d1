//! What whoever runs the server asks it: `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use faqbot_store::recorder::Progress;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::service::state::App;

/// Bounds of the buckets of times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Bounds of the buckets of confidence.
const TENTHS: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// How often what was measured is put into its buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// What is counted, where nobody asks for it: nothing.
pub fn collect_nothing() -> PrometheusHandle {
    PrometheusBuilder::new().build_recorder().handle()
}

/// Keeps what is counted small, whether anybody asks for it or not.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        interval.tick().await;
        handle.run_upkeep();
    }
}

/// Collects what is counted from here on.
///
/// # Errors
///
/// It is collected already.
pub fn collect() -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("faqbot_confidence".into()), &TENTHS)
        })
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(Error::failed("metrics"))?;
    describe_counter!("faqbot_questions_total", "Questions, by FAQ, front end and outcome");
    describe_histogram!(
        "faqbot_question_seconds",
        Unit::Seconds,
        "Time from a question to its reply, waiting included"
    );
    describe_histogram!("faqbot_confidence", "Calibrated confidence of the best match");
    describe_counter!("faqbot_feedback_total", "Ratings of replies");
    describe_counter!("faqbot_reloads_total", "FAQs read again, by result");
    describe_counter!("faqbot_errors_total", "Requests that were refused or failed, by status");
    describe_counter!("faqbot_requests_total", "Requests, by route and status");
    describe_histogram!("faqbot_request_seconds", Unit::Seconds, "Time from a request to its answer");
    describe_gauge!("faqbot_queue_length", "Requests that wait to be answered");
    describe_gauge!("faqbot_connections", "Open connections");
    describe_counter!("faqbot_store_written_total", "Questions and ratings that the store has");
    describe_counter!("faqbot_store_dropped_total", "Questions and ratings that it will never have");
    describe_gauge!("faqbot_store_waiting", "Questions and ratings still to be written");
    describe_gauge!("faqbot_store_away", "1 while the store cannot be reached");
    Ok(handle)
}

/// Counts requests by their route, never by their path, which anybody may invent.
pub async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let begin = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    counter!("faqbot_requests_total", "route" => route.clone(), "status" => status).increment(1);
    histogram!("faqbot_request_seconds", "route" => route).record(begin.elapsed().as_secs_f64());
    response
}

/// Whether FAQs and model are ready.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    faqs: Vec<ReadyFaq>,
    /// Where questions are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<ReadyStore>,
}

/// Whether a FAQ is.
#[derive(Serialize, ToSchema)]
struct ReadyFaq {
    name: String,
    faq_version: String,
    entries: usize,
    /// Whether the files as they are now cannot be used, and what they held before is served; the log says why.
    stale: bool,
}

/// Whether questions are kept.
#[derive(Serialize, ToSchema)]
struct ReadyStore {
    /// Whether the database cannot be reached: questions wait to be kept, and are answered.
    away: bool,
    waiting: u64,
}

/// Whether the process runs
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "It does", body = String, content_type = "text/plain")))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether questions are answered
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, description = "They are", body = Ready)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Json<Ready> {
    let faqs = app.faqs.iter().map(|faq| {
        let version = faq.version();
        ReadyFaq {
            name: faq.name.clone(),
            faq_version: version.id.clone(),
            entries: version.bot.faq().entries.len(),
            stale: faq.is_stale(),
        }
    });
    // The server listens only once the model and all FAQs are loaded.
    let store = app.recorder.as_ref().map(|recorder| ReadyStore {
        away: is_away(&app),
        waiting: recorder.progress.waiting.load(Ordering::Relaxed),
    });
    Json(Ready { ready: true, faqs: faqs.collect(), store })
}

/// Whether the store cannot be reached, to write or to read what is published.
fn is_away(app: &App) -> bool {
    let writes = app.recorder.as_ref().is_some_and(|recorder| recorder.progress.away.load(Ordering::Relaxed));
    writes || app.published.as_ref().is_some_and(|from| from.away.load(Ordering::Relaxed))
}

/// What was counted, for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, description = "Metrics", body = String, content_type = "text/plain")))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    gauge!("faqbot_queue_length").set(app.queue.len() as f64);
    if let Some(recorder) = &app.recorder {
        let Progress { written, dropped, waiting, .. } = &*recorder.progress;
        counter!("faqbot_store_written_total").absolute(written.load(Ordering::Relaxed));
        counter!("faqbot_store_dropped_total").absolute(dropped.load(Ordering::Relaxed));
        gauge!("faqbot_store_waiting").set(waiting.load(Ordering::Relaxed) as f64);
        gauge!("faqbot_store_away").set(f64::from(u8::from(is_away(&app))));
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (StatusCode::OK, kind, app.metrics.render()).into_response()
}
