//! `/review` and `/v1/review`: what was asked and not answered, and what is decided about it. For whoever runs the server:
//! with a token, or from this machine where none other can reach the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use utoipa::{IntoParams, ToSchema};

use super::input::{Input, Params};
use super::problem::Problem;
use super::state::App;
use crate::review::{Choice, Done, Group, Preview, Review};

/// Reviews in progress, by the FAQ's name.
pub type Reviews = Arc<Mutex<HashMap<String, Review>>>;

/// Which FAQ.
#[derive(Deserialize, IntoParams)]
pub struct Which {
    /// The FAQ; the first where there is none.
    faq: Option<String>,
}

/// A group and what it becomes.
#[derive(Deserialize, ToSchema)]
pub struct Decide {
    /// The FAQ; the first where there is none.
    faq: Option<String>,
    /// The group's id.
    group: String,
    /// Questions of the group that mean something else: they stay open.
    #[serde(default)]
    leave_out: Vec<String>,
    choice: Choice,
}

/// What is open.
#[derive(Serialize, ToSchema)]
pub struct Open {
    faq: String,
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
    let opened = with_review(&app, &name, Fresh::Yes, |review, _| {
        let faq = review.bot().faq();
        let entries = faq.entries.iter().filter(|entry| !entry.out_of_scope);
        Ok(Open {
            faq: review.name.clone(),
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
#[utoipa::path(post, path = "/v1/review/preview", tag = "review", request_body = Decide, responses((status = 200, description = "Nothing is written", body = Preview)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    Input(decide): Input<Decide>,
) -> Result<Json<Preview>, Problem> {
    let name = app.faq(decide.faq.as_deref())?.name.clone();
    with_review(&app, &name, Fresh::No, move |review, _| {
        review.preview(&decide.group, &decide.choice, &decide.leave_out)
    })
    .await
    .map(Json)
}

/// Decide what a group becomes
#[utoipa::path(post, path = "/v1/review/decide", tag = "review", request_body = Decide, responses((status = 200, description = "It is written", body = Done)))]
pub async fn decide(
    State(app): State<Arc<App>>,
    Input(decide): Input<Decide>,
) -> Result<Json<Done>, Problem> {
    let name = app.faq(decide.faq.as_deref())?.name.clone();
    let store = app.recorder.as_ref().map(|recorder| recorder.store.clone());
    with_review(&app, &name, Fresh::No, move |review, handle| {
        let store = store.context("nothing is kept")?;
        handle.block_on(review.decide(&store, &decide.group, &decide.choice, &decide.leave_out))
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
    work: impl FnOnce(&mut Review, &Handle) -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let (app, name, handle) = (Arc::clone(app), name.to_owned(), Handle::current());
    let done = tokio::task::spawn_blocking(move || {
        let faq = app.faqs.iter().find(|faq| faq.name == name).context("no such FAQ")?;
        let recorder = app.recorder.as_ref().context("nothing is kept")?;
        let mut reviews = app.reviews.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh == Fresh::Yes || !reviews.contains_key(&name) {
            let embedder = Arc::clone(&faq.embedder);
            let review = Review::open(&name, &faq.settings, &recorder.store, embedder);
            reviews.insert(name.clone(), handle.block_on(review)?);
        }
        let review = reviews.get_mut(&name).context("no such review")?;
        work(review, &handle)
    });
    // What goes wrong is mostly the request's: a group that is decided already, a file that was changed.
    done.await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error: anyhow::Error| Problem::new(StatusCode::CONFLICT, format!("{error:#}")))
}

/// Refuses what pages of other sites send, whichever may ask: what is decided changes files.
pub async fn own_pages(request: Request, next: Next) -> Response {
    if is_own(request.headers()) {
        next.run(request).await
    } else {
        Problem::new(StatusCode::FORBIDDEN, "a review is not for pages of other sites").into_response()
    }
}

/// Whether a request comes from a page of this server, or from no page.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, own)| own == host),
        (Some(_), None) => false,
    }
}
