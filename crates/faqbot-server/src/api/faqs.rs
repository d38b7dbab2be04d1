//! `GET /v1/faqs`, and the entries of one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use faqbot_faq::normalize_phrasing;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::input::Params;
use crate::http::problem::Problem;
use crate::service::state::App;
use crate::service::version::{Served, Version};
use crate::web::html;

/// Questions that a page offers to begin with.
pub const SUGGESTED: usize = 3;

/// Entries on a page, unless another number is asked for.
const PAGE: usize = 50;

/// Entries on a page, at most.
const MOST: usize = 500;

/// More entries than any FAQ has.
const MOST_OFFSET: usize = 1_000_000_000;

/// A FAQ.
#[derive(Serialize, ToSchema)]
pub struct FaqJson {
    /// Its name here.
    pub name: String,
    /// The same for the same FAQ and model on any machine.
    pub faq_version: String,
    pub title: Option<String>,
    /// The number of entries.
    pub entries: usize,
    /// As safe HTML, as the other texts.
    pub greeting_html: Option<String>,
    pub fallback_html: String,
    pub contact_html: Option<String>,
    /// Questions to begin with.
    pub suggested: Vec<String>,
    /// Whether the files as they are now cannot be used, and what they held before is served.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// All FAQs.
#[derive(Serialize, ToSchema)]
pub struct FaqsJson {
    faqs: Vec<FaqJson>,
}

/// An entry.
#[derive(Serialize, ToSchema)]
pub struct EntryJson {
    id: String,
    /// A number that stays, for clients that want one.
    number: i32,
    question: String,
    phrasings: Vec<String>,
    /// As Markdown.
    answer: String,
    /// As safe HTML.
    answer_html: String,
    source: Option<String>,
    tags: Vec<String>,
    /// Whether its phrasings are questions that the FAQ does not answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    out_of_scope: bool,
    /// The answer in other words, as Markdown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variants: Vec<String>,
    /// The ids of the entries that are offered after the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    follow_ups: Vec<String>,
    /// Those right after whose answer it may be asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only_after: Vec<String>,
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
pub struct EntriesJson {
    faq_version: String,
    /// All that were found.
    total: usize,
    entries: Vec<EntryJson>,
    /// The `offset` of the next page, if there is one.
    next: Option<usize>,
}

/// Which entries are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Words that all have to be in a question, an answer or a tag.
    q: Option<String>,
    /// The first entry's position.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<usize>,
    /// How many are wanted (default: 50).
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

impl FaqJson {
    pub fn new(faq: &Served, version: &Version) -> Self {
        let bot = &version.bot;
        let own = bot.faq();
        let html = |text: &Option<String>| text.as_deref().map(html::render);
        FaqJson {
            name: faq.name.clone(),
            faq_version: version.id.clone(),
            title: own.title.clone(),
            entries: own.entries.len(),
            greeting_html: html(&own.greeting),
            fallback_html: html::render(bot.fallback()),
            contact_html: html(&own.contact),
            suggested: own.offered().take(SUGGESTED).map(|entry| entry.question().to_owned()).collect(),
            stale: faq.is_stale(),
        }
    }
}

fn entry(version: &Version, at: usize) -> EntryJson {
    let entry = &version.bot.faq().entries[at];
    EntryJson {
        id: entry.id.to_string(),
        number: version.numbers.of(at),
        question: entry.question().to_owned(),
        phrasings: entry.phrasings.clone(),
        answer: entry.answer.clone(),
        answer_html: version.answer_html(at, 0).to_owned(),
        variants: entry.variants.clone(),
        follow_ups: entry.follow_ups.iter().map(ToString::to_string).collect(),
        only_after: entry.only_after.iter().map(ToString::to_string).collect(),
        source: entry.source.clone(),
        tags: entry.tags.clone(),
        out_of_scope: entry.out_of_scope,
    }
}

/// List the FAQs
#[utoipa::path(get, path = "/v1/faqs", tag = "faqs", responses((status = 200, description = "The FAQs", body = FaqsJson)))]
pub async fn faqs(State(app): State<Arc<App>>) -> Json<FaqsJson> {
    Json(FaqsJson { faqs: app.faqs.iter().map(|faq| FaqJson::new(faq, &faq.version())).collect() })
}

/// One FAQ
#[utoipa::path(get, path = "/v1/faqs/{faq}", tag = "faqs", params(("faq" = String, Path, description = "Its name")),
    responses((status = 200, description = "The FAQ", body = FaqJson)))]
pub async fn faq(State(app): State<Arc<App>>, Path(name): Path<String>) -> Result<Json<FaqJson>, Problem> {
    let faq = app.faq(Some(&name))?;
    Ok(Json(FaqJson::new(faq, &faq.version())))
}

/// List a FAQ's entries, or search them by words
#[utoipa::path(get, path = "/v1/faqs/{faq}/entries", tag = "faqs",
    params(("faq" = String, Path, description = "The FAQ's name"), Wanted),
    responses((status = 200, description = "A page of entries", body = EntriesJson)))]
pub async fn entries(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Params(wanted): Params<Wanted>,
) -> Result<Json<EntriesJson>, Problem> {
    let version = app.faq(Some(&name))?.version();
    if wanted.offset.is_some_and(|offset| offset > MOST_OFFSET) {
        return Err(Problem::bad_request(format!("offset lies from 0 to {MOST_OFFSET}")));
    }
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::bad_request(format!("limit is {limit}; it lies from 1 to {MOST}")));
    }
    let page = tokio::task::spawn_blocking(move || page(&version, &wanted, limit));
    page.await.map(Json).map_err(|error| Problem::internal(&error))
}

/// A page of the entries that have all words. Reads every entry.
fn page(version: &Version, wanted: &Wanted, limit: usize) -> EntriesJson {
    let words = normalize_phrasing(wanted.q.as_deref().unwrap_or(""));
    let words: Vec<&str> = words.split_whitespace().collect();
    let all = &version.bot.faq().entries;
    let has = |at: &usize| {
        let entry = &all[*at];
        words.is_empty() || {
            let text = [&entry.phrasings.join(" "), &entry.answer, &entry.tags.join(" ")];
            let text = text.map(|text| normalize_phrasing(text));
            words.iter().all(|word| text.iter().any(|text| text.contains(word)))
        }
    };
    let found: Vec<usize> = (0..all.len()).filter(has).collect();
    let offset = wanted.offset.unwrap_or(0).min(found.len());
    let end = offset.saturating_add(limit).min(found.len());
    EntriesJson {
        faq_version: version.id.clone(),
        total: found.len(),
        entries: found[offset..end].iter().map(|&at| entry(version, at)).collect(),
        next: (end < found.len()).then_some(end),
    }
}

/// One entry
#[utoipa::path(get, path = "/v1/faqs/{faq}/entries/{id}", tag = "faqs",
    params(("faq" = String, Path, description = "The FAQ's name"), ("id" = String, Path, description = "The entry's id")),
    responses((status = 200, description = "The entry", body = EntryJson)))]
pub async fn one(
    State(app): State<Arc<App>>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<EntryJson>, Problem> {
    let version = app.faq(Some(&name))?.version();
    let at =
        version.position(&id).ok_or_else(|| Problem::not_found(format!("{name} has no entry \"{id}\"")))?;
    Ok(Json(entry(&version, at)))
}
