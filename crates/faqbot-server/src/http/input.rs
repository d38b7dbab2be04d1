//! What a request carries: bodies and queries, with problems where they are not what they should be.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::http::problem::Problem;

/// A body in JSON.
pub struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        // Pages of other sites can send what has no type without being asked whether they may.
        let from_page = request.headers().contains_key(header::ORIGIN);
        if !(kind.is_empty() && !from_page || kind == "application/json" || kind.ends_with("+json")) {
            let detail = format!("the body is {kind}; send application/json");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
            }
            _ => Problem::bad_request("the body could not be read"),
        })?;
        // By way of text, so that bytes that are no UTF-8 have a problem of their own.
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Problem::bad_request(format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))
        })?;
        serde_json::from_str(text)
            .map(Input)
            .map_err(|error| Problem::bad_request(format!("the body is not what is expected: {error}")))
    }
}

/// A whole number that may be written as 5.0, as some clients write all numbers.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
        return Ok(Some(number as usize));
    }
    Err(serde::de::Error::custom(format!("{number} is no whole number from 0 on")))
}

/// The query of an address.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|Query(params)| Params(params))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}
