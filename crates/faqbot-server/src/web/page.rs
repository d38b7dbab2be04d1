//! The chat page, the widget and what they are made of; all in the program, none from elsewhere.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use faqbot_core::Decision;
use faqbot_core::texts::{self, LANGUAGE, TEXTS};
use faqbot_store::Channel;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::api::ask;
use crate::api::faqs::FaqJson;
use crate::http::addresses::Prefix;
use crate::http::input::Params;
use crate::http::limits::Client;
use crate::http::problem::Problem;
use crate::service::state::{App, Question};
use crate::web::html::{self, escape};
use crate::web::markdown;

/// The page without what the FAQ puts into it.
const PAGE: &str = include_str!("assets/page.html");

/// A file that pages load.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

const ASSETS: [Asset; 6] = [
    Asset { name: "chat.js", kind: SCRIPT, text: include_str!("assets/chat.js") },
    Asset { name: "chat.css", kind: STYLE, text: include_str!("assets/chat.css") },
    Asset { name: "page.js", kind: SCRIPT, text: include_str!("assets/page.js") },
    Asset { name: "page.css", kind: STYLE, text: include_str!("assets/page.css") },
    Asset { name: "review.js", kind: SCRIPT, text: include_str!("assets/review.js") },
    Asset { name: "review.css", kind: STYLE, text: include_str!("assets/review.css") },
];

/// What a page may do: what it loads and asks comes from this server; nothing is inline. The sites that may show it in a
/// frame follow.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types faqbot; frame-ancestors";

/// The Content-Security-Policy of the chat page.
#[derive(Clone)]
pub struct Policy(HeaderValue);

impl Policy {
    /// One for which these sites may show the page in a frame.
    pub fn new(frames: &[HeaderValue]) -> Self {
        let mut policy = POLICY.as_bytes().to_vec();
        let none = [HeaderValue::from_static("'none'")];
        for site in if frames.is_empty() { &none } else { frames } {
            policy.push(b' ');
            policy.extend_from_slice(site.as_bytes());
        }
        Policy(HeaderValue::from_bytes(&policy).expect("parts of headers are one"))
    }
}

#[derive(Deserialize)]
pub struct Asked {
    q: Option<String>,
}

/// Who looks at a page, under what path, with which policy, and what their browser says.
type Visit = (Extension<Client>, Extension<Prefix>, Extension<Policy>, HeaderMap);

/// The page of the first FAQ.
pub async fn first(state: State<Arc<App>>, params: Params<Asked>, visit: Visit) -> Result<Response, Problem> {
    page(state.0, None, params.0, visit).await
}

/// The page of a FAQ.
pub async fn named(
    state: State<Arc<App>>,
    Path(name): Path<String>,
    params: Params<Asked>,
    visit: Visit,
) -> Result<Response, Problem> {
    page(state.0, Some(name), params.0, visit).await
}

/// The page; where a question came with its address, with the answer, as it is for browsers without scripts.
async fn page(
    app: Arc<App>,
    name: Option<String>,
    asked: Asked,
    (client, prefix, policy, headers): Visit,
) -> Result<Response, Problem> {
    let faq = app.faq(name.as_deref())?;
    let language = language(&headers);
    let text = |key: &str| escape(TEXTS[language][key].as_str().unwrap_or(""));
    let about = FaqJson::new(faq, &faq.version());
    let title = escape(about.title.as_deref().unwrap_or(&about.name));
    let query = asked.q.filter(|query| !query.trim().is_empty());
    // For the script, so that what was answered is not asked again.
    let mut reply_json = String::new();
    let answer = match &query {
        None => about.greeting_html.clone().unwrap_or_default(),
        Some(query) => {
            app.limits.take(client.0.0, 1)?;
            let asked = app.ask(faq, Question::new(query.clone(), Channel::Page)).await?;
            let (bot, verdict) = (&asked.version.bot, &asked.verdict);
            let reply = asked.reply();
            let json = serde_json::to_string(&ask::reply(&faq.name, &asked, &reply, None));
            reply_json = json.map_err(|error| Problem::internal(&error))?;
            let mut out = String::new();
            match verdict.decision {
                Decision::Answer(_) => {
                    for found in verdict.answers() {
                        let entry = bot.entry(found);
                        out += &format!(
                            "<h2 dir=\"auto\">{}</h2>\n{}",
                            escape(entry.question()),
                            asked.version.answer_html(found.entry, verdict.seed)
                        );
                        if let Some(source) = &entry.source {
                            out += &format!(
                                "<p class=\"source\">{} {}</p>\n",
                                text("source"),
                                html::link(source)
                            );
                        }
                    }
                    for open in verdict.unanswered() {
                        out += &format!(
                            "<p>{}</p>\n",
                            escape(&texts::text(language, "no_sure_answer", &[("text", open)]))
                        );
                    }
                    let next: Vec<&str> =
                        bot.follow_ups(verdict).into_iter().map(|entry| entry.question()).collect();
                    if !next.is_empty() {
                        out += &format!("<p>{}</p>\n{}", text("follow_ups"), links(&next));
                    }
                }
                Decision::Ambiguous(_) => {
                    let questions: Vec<&str> =
                        verdict.choices().into_iter().map(|found| bot.entry(found).question()).collect();
                    out += &format!("<p>{}</p>\n{}", text("did_you_mean"), links(&questions));
                }
                Decision::NoMatch | Decision::SmallTalk => {
                    out += &html::render(&markdown::markdown(bot, verdict));
                }
            }
            out
        }
    };
    // In one pass: what is put in is not looked through for places again.
    let mut out = String::with_capacity(PAGE.len() + answer.len());
    let mut pieces = PAGE.split("{{");
    out.push_str(pieces.next().unwrap_or(""));
    for piece in pieces {
        let (place, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        match place {
            "prefix" => out.push_str(prefix.as_str()),
            "title" => out.push_str(&title),
            "language" => out.push_str(language),
            "faq" => out.push_str(&escape(&faq.name)),
            "reply" => out.push_str(&escape(&reply_json)),
            "query" => out.push_str(&escape(query.as_deref().unwrap_or(""))),
            "answer" => out.push_str(&answer),
            key => out.push_str(&text(key)),
        }
        out.push_str(rest);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-language"),
    ];
    let policy = [(header::CONTENT_SECURITY_POLICY, policy.0.0)];
    Ok((policy, headers, out).into_response())
}

/// Questions that are asked by a click.
fn links(questions: &[&str]) -> String {
    let mut out = String::from("<ul>\n");
    for question in questions {
        let query: String = form_urlencoded::byte_serialize(question.as_bytes()).collect();
        out += &format!("<li><a dir=\"auto\" href=\"?q={query}\">{}</a></li>\n", escape(question));
    }
    out + "</ul>\n"
}

/// The first language that a browser wants and the interface has.
fn language(headers: &HeaderMap) -> &'static str {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let known = |tag: &str| {
        let primary = tag.split([';', '-']).next().unwrap_or("").trim().to_ascii_lowercase();
        TEXTS.keys().find(|known| **known == primary).map(String::as_str)
    };
    wanted.split(',').find_map(known).unwrap_or(LANGUAGE)
}

/// `/review`: the page, which holds nothing of the FAQ; it asks for what it shows, with a token where one is needed.
pub async fn review(prefix: Extension<Prefix>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    let policy = [(header::CONTENT_SECURITY_POLICY, Policy::new(&[]).0)];
    let page = include_str!("assets/review.html").replace("{{prefix}}", prefix.as_str());
    (policy, headers, page).into_response()
}

/// `/widget.js`.
pub async fn widget(headers: HeaderMap) -> Response {
    file(&headers, SCRIPT, include_str!("assets/widget.js"))
}

/// `/assets/…`: a file of the pages, or `texts-LANGUAGE.js`.
pub async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) {
        return Ok(file(&headers, asset.kind, asset.text));
    }
    let language = name.strip_prefix("texts-").and_then(|name| name.strip_suffix(".js"));
    let texts = language.and_then(|language| TEXTS.get(language));
    match texts {
        Some(texts) => Ok(file(&headers, SCRIPT, &format!("export default {texts};\n"))),
        None => Err(Problem::not_found("there is no such file")),
    }
}

/// `/favicon.ico`: none, and not an error in every visitor's console.
pub async fn icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// A file of the program, for pages of any site: it says nothing of the FAQ.
fn file(request: &HeaderMap, kind: &'static str, text: &str) -> Response {
    let tag = format!("\"{:016x}\"", xxh3_64(text.as_bytes()));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::ETAG, HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static(""))),
        // Asked for each time, and sent again only with another version of the program.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        ),
    ];
    if request
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.contains(&tag))
    {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, text.to_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_says_the_same_in_all_its_languages() {
        let keys = |language: &str| {
            TEXTS[language].as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(TEXTS.len(), 4);
        for language in TEXTS.keys() {
            assert_eq!(keys(language), keys(LANGUAGE), "{language}");
        }
    }

    #[test]
    fn a_browser_gets_the_first_of_its_languages_that_there_is() {
        let of = |value: &'static str| {
            language(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(value))]))
        };
        assert_eq!(of("pt-BR, fr-CA;q=0.8, de;q=0.5"), "fr");
        assert_eq!(of(""), "en");
    }
}
