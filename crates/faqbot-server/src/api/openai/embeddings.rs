//! `/v1/embeddings`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::tokens;
use crate::api::qna;
use crate::http::input::Input;
use crate::http::limits::Client;
use crate::http::problem::Problem;
use crate::service::queue::PART;
use crate::service::state::App;

/// Texts that are embedded in one request, at most.
const MOST_TEXTS: usize = 1_000;

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
    let count: usize = texts.iter().map(|text| tokens(text)).sum();
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
    let usage = json!({"prompt_tokens": count, "total_tokens": count});
    let body = json!({"object": "list", "data": data, "model": model, "usage": usage});
    let others = request.dimensions.is_some_and(|wanted| wanted != embedder.dimension() as f64);
    Ok(qna::say(Json(body).into_response(), if others { &["dimensions"] } else { &[] }, false))
}
