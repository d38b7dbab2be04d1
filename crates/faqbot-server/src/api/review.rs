//! `/review` and `/v1/review`: what was asked and not answered, and what is decided about it. For whoever runs the server:
//! with a token, or from this machine where none other can reach the server.

use std::sync::{Arc, PoisonError, TryLockError};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use faqbot_store::review::{Decide, Done, Group, Preview, Review};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use utoipa::{IntoParams, ToSchema};

use crate::error::in_full;
use crate::http::input::{Input, Params};
use crate::http::problem::Problem;
use crate::service::state::App;

/// Which FAQ.
#[derive(Deserialize, IntoParams)]
pub struct Which {
    /// The FAQ; the first where there is none.
    faq: Option<String>,
}

/// A group and what it becomes.
#[derive(Deserialize, ToSchema)]
pub struct OfFaq {
    /// The FAQ; the first where there is none.
    faq: Option<String>,
    #[serde(flatten)]
    decide: Decide,
}

/// What is open.
#[derive(Serialize, ToSchema)]
pub struct Open {
    faq: String,
    /// All FAQs of this server.
    faqs: Vec<String>,
    /// The largest first.
    groups: Vec<Group>,
    /// Every entry, to choose from.
    entries: Vec<EntryJson>,
    /// Why a calibration should be fitted now, if it should.
    calibrate: Option<String>,
}

/// An entry to choose.
#[derive(Serialize, ToSchema)]
struct EntryJson {
    id: String,
    question: String,
}

/// Questions that wait to be decided, in groups
#[utoipa::path(get, path = "/v1/review", tag = "review", params(Which), responses((status = 200, description = "The groups", body = Open)))]
pub async fn open(State(app): State<Arc<App>>, Params(which): Params<Which>) -> Result<Json<Open>, Problem> {
    let name = app.faq(which.faq.as_deref())?.name.clone();
    let faqs = app.faqs.iter().map(|faq| faq.name.clone()).collect();
    let opened = with_review(&app, &name, Fresh::Yes, |review, _| {
        let faq = review.bot().faq();
        let entries = faq.entries.iter().filter(|entry| !entry.out_of_scope);
        Ok(Open {
            faq: review.name.clone(),
            faqs,
            groups: review.groups.clone(),
            entries: entries
                .map(|entry| EntryJson { id: entry.id.to_string(), question: entry.question().to_owned() })
                .collect(),
            calibrate: review.calibrate()?,
        })
    });
    opened.await.map(Json)
}

/// What a decision would change
#[utoipa::path(post, path = "/v1/review/preview", tag = "review", request_body = OfFaq, responses((status = 200, description = "Nothing is written", body = Preview)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    Input(OfFaq { faq, decide }): Input<OfFaq>,
) -> Result<Json<Preview>, Problem> {
    let name = app.faq(faq.as_deref())?.name.clone();
    with_review(&app, &name, Fresh::No, move |review, _| {
        review.preview(&decide.group, &decide.choice, &decide.questions)
    })
    .await
    .map(Json)
}

/// Decide what a group becomes
#[utoipa::path(post, path = "/v1/review/decide", tag = "review", request_body = OfFaq, responses((status = 200, description = "It is written", body = Done)))]
pub async fn decide(
    State(app): State<Arc<App>>,
    Input(OfFaq { faq, decide }): Input<OfFaq>,
) -> Result<Json<Done>, Problem> {
    let name = app.faq(faq.as_deref())?.name.clone();
    let store = app.recorder.as_ref().map(|recorder| recorder.store.clone());
    with_review(&app, &name, Fresh::No, move |review, handle| {
        let store = store.ok_or_else(|| refused("nothing is kept"))?;
        handle.block_on(review.decide(&store, &decide))
    })
    .await
    .map(Json)
}

/// Whether a review is begun anew.
#[derive(Clone, Copy, PartialEq)]
enum Fresh {
    Yes,
    No,
}

/// Does something with a FAQ's review, on a thread where it may take its time.
async fn with_review<T: Send + 'static>(
    app: &Arc<App>,
    name: &str,
    fresh: Fresh,
    work: impl FnOnce(&mut Review, &Handle) -> faqbot_store::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let (app, name, handle) = (Arc::clone(app), name.to_owned(), Handle::current());
    let own = {
        let mut reviews = app.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(reviews.entry(name.clone()).or_default())
    };
    let done = tokio::task::spawn_blocking(move || {
        let faq = app.faqs.iter().find(|faq| faq.name == name).ok_or_else(|| refused("no such FAQ"))?;
        let recorder = app.recorder.as_ref().ok_or_else(|| refused("nothing is kept"))?;
        // Who waits would hold a thread for as long.
        let mut own = match own.try_lock() {
            Ok(own) => own,
            Err(TryLockError::Poisoned(own)) => own.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let taken = "someone else is at this review just now: try again".to_owned();
                return Err(faqbot_store::Error::Conflict(taken));
            }
        };
        if fresh == Fresh::Yes || own.is_none() {
            // Where that fails, there is none.
            *own = None;
            let review = Review::open(&name, Arc::clone(&faq.source), &recorder.store);
            *own = Some(handle.block_on(review)?);
        }
        work(own.as_mut().ok_or_else(|| refused("no such review"))?, &handle)
    });
    let done = done.await.map_err(|error| Problem::internal(&error))?;
    done.map_err(|error| {
        let status = match error {
            faqbot_store::Error::Conflict(_) => StatusCode::CONFLICT,
            faqbot_store::Error::Refused(_)
            | faqbot_store::Error::Source(_)
            | faqbot_store::Error::Core(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Problem::new(status, in_full(&error))
    })
}

fn refused(why: &str) -> faqbot_store::Error {
    faqbot_store::Error::Refused(why.to_owned())
}

/// Refuses what pages of other sites send, whichever may ask: what is decided changes files.
pub async fn require_same_origin(request: Request, next: Next) -> Response {
    if is_own(request.headers()) {
        next.run(request).await
    } else {
        Problem::new(StatusCode::FORBIDDEN, "a review is not for pages of other sites").into_response()
    }
}

/// Whether a request comes from a page of this server, or from no page.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // Browsers say it, whatever name a proxy has for the server.
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return ["same-origin", "none"].contains(&site);
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, own)| own == host),
        (Some(_), None) => false,
    }
}

/// Refuses what comes through a proxy, where no token says who it is from: the server takes itself for one that only this
/// machine can reach.
pub async fn no_proxy(request: Request, next: Next) -> Response {
    let through = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
    if through.iter().any(|name| request.headers().contains_key(*name)) {
        let detail = "through a proxy, a review needs a token: start the server with --token-file";
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    next.run(request).await
}
