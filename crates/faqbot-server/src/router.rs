//! Which address is answered by what, and what all addresses share.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any_service, get, post};
use axum::{Extension, Json, Router};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::mcp::Mcp;
use crate::api::{ask, azure, faqs, feedback, openai, operations, qnamaker, rasa, review};
use crate::http::addresses::Prefix;
use crate::http::limits;
use crate::http::problem::Problem;
use crate::service::state::App;
use crate::web::page;

/// The body of a request, at most: a question is cut after 20,000 bytes.
const BODY: usize = 256 * 1024;

/// The body of one with many questions, at most.
const LARGE_BODY: usize = 8 * 1024 * 1024;

/// Requests that are read and answered at once, at most, and of those with many questions: their bodies are in memory.
const AT_ONCE: usize = 512;
const LARGE_AT_ONCE: usize = 4;

/// Of those with a whole chat, with its pictures.
const CHATS_AT_ONCE: usize = 32;

/// The addresses that take such.
const LARGE: [&str; 4] = ["/v1/ask:batch", "/v1/embeddings", "/v1/chat/completions", "/v1/responses"];

/// The time for a request, from its header to its answer.
const TIME: Duration = Duration::from_secs(60);

#[derive(OpenApi)]
#[openapi(
    info(title = "faqbot", description = "Answers from a FAQ, with how sure they are."),
    components(schemas(Problem)),
    tags(
        (name = "ask", description = "Questions"),
        (name = "faqs", description = "What is asked"),
        (name = "drop-in", description = "Addresses of other services, for their clients"),
        (name = "review", description = "Questions that were not answered; only where they are kept"),
        (name = "operations", description = "For whoever runs the server")
    )
)]
struct Api;

/// Who may call from other sites, and with what.
pub struct Access {
    /// Origins whose pages may ask.
    pub origins: Vec<HeaderValue>,
    /// Whose pages may show the chat page in a frame, as a Content-Security-Policy lists them.
    pub frames: Vec<HeaderValue>,
    /// Whether agents may, at `/mcp`.
    pub mcp: bool,
    /// Whether only this machine can reach the server, and no proxy before it is known of.
    pub private: bool,
}

/// All addresses.
pub fn router(app: &Arc<App>, access: &Access) -> Router {
    let asked = routes_of().routes(routes!(ask::ask));
    let visitors = routes_of()
        .routes(routes!(feedback::feedback))
        .routes(routes!(faqs::faqs))
        .routes(routes!(faqs::faq))
        .route("/", get(page::first))
        .route("/{faq}", get(page::named));
    let programs = routes_of()
        .routes(routes!(azure::query))
        .routes(routes!(qnamaker::generate_answer))
        .route("/qnamaker/knowledgebases/{id}/generateanswer", post(qnamaker::generate_answer))
        .routes(routes!(azure::feedback))
        .routes(routes!(qnamaker::train))
        .routes(routes!(rasa::webhook))
        .routes(routes!(rasa::parse))
        .routes(routes!(faqs::entries));
    let long = routes_of()
        .routes(routes!(ask::batch))
        .routes(routes!(openai::embeddings::embeddings))
        .layer(DefaultBodyLimit::max(LARGE_BODY))
        .layer(GlobalConcurrencyLimitLayer::new(LARGE_AT_ONCE));
    // Their clients send the whole chat each time, pictures and all; few do, and are to wait for nobody's many questions.
    let chats = routes_of()
        .routes(routes!(openai::completions::completions))
        .routes(routes!(openai::responses::responses))
        .layer(DefaultBodyLimit::max(LARGE_BODY))
        .layer(GlobalConcurrencyLimitLayer::new(CHATS_AT_ONCE));
    let limited = |router: OpenApiRouter<Arc<App>>| {
        router
            .route_layer(from_fn_with_state(Arc::clone(&app.limits), limits::rate))
            .route_layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
    };
    // What costs nothing is not rated.
    let reading = routes_of()
        .routes(routes!(faqs::one))
        .routes(routes!(openai::models))
        .routes(routes!(openai::model))
        .routes(routes!(operations::metrics))
        .route("/webhooks/rest", get(rasa::channel))
        .route("/version", get(rasa::version))
        .route("/status", get(rasa::status));
    let open = routes_of()
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .route("/widget.js", get(page::widget))
        .route("/assets/{name}", get(page::asset))
        .route("/favicon.ico", get(page::icon));
    let mut programs = limited(programs).merge(limited(long)).merge(limited(chats)).merge(reading);
    if access.mcp {
        programs = programs.merge(limited(routes_of().route_service("/mcp", any_service(mcp(app, access)))));
    }
    // Where everybody may ask, nobody may decide unless tokens say who.
    let reviewed = app.recorder.is_some() && (app.limits.needs_token() || access.private);
    let open = if reviewed { open.route("/review", get(page::review)) } else { open };
    if reviewed {
        let review = routes_of()
            .routes(routes!(review::open))
            .routes(routes!(review::preview))
            .routes(routes!(review::decide))
            .route_layer(from_fn(review::require_same_origin));
        let review =
            if app.limits.needs_token() { review } else { review.route_layer(from_fn(review::no_proxy)) };
        programs = programs.merge(limited(review));
    }
    let mut all = routes_of();
    *all.get_openapi_mut() = Api::openapi();
    let (router, mut api) = all
        .merge(
            limited(asked)
                .merge(visitors)
                .route_layer(from_fn_with_state(Arc::clone(&app.limits), limits::visitors)),
        )
        .merge(programs.route_layer(from_fn_with_state(Arc::clone(&app.limits), limits::programs)))
        .merge(open)
        .split_for_parts();
    say_problems(&mut api);
    if app.limits.needs_token() {
        say_tokens(&mut api);
    }
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(access.origins.clone()))
        .allow_methods([Method::GET, Method::POST])
        // Any: clients send headers of their own (`x-stainless-…`, `mcp-…`, `ocp-apim-…`), and whose pages may ask is said.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(
            ["retry-after", "faqbot-not-honoured", "faqbot-confidence"].map(HeaderName::from_static),
        )
        .max_age(Duration::from_secs(3600));
    let always = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .route("/openapi.json", get(move |prefix: Extension<Prefix>| async move { described(api, &prefix) }))
        .fallback(|| async {
            Problem::not_found("there is nothing at this address; GET /openapi.json lists what there is")
        })
        .method_not_allowed_fallback(|State(_): State<Arc<App>>| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this address has another method; GET /openapi.json lists them",
            )
        })
        .with_state(Arc::clone(app))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(Extension(page::Policy::new(&access.frames)))
        .layer(from_fn_with_state(Arc::clone(&app.limits), limits::client))
        .layer(from_fn_with_state(hosts(access), limits::host))
        .layer(cors)
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIME))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem::internal(&"a handler panicked").into_response()
        }))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(from_fn(of_a_length))
        .layer(from_fn(in_the_shape_of_the_address))
        .layer(from_fn(operations::measure))
}

/// No addresses yet; one of Azure's begins with a colon, which all that are joined with it have to allow.
fn routes_of() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::from(Router::new().without_v07_checks())
}

/// The names that a server which only this machine can reach has in requests: another name may have been made to mean
/// this machine, so that its pages can ask. None where any is right.
fn hosts(access: &Access) -> Option<Arc<[String]>> {
    let named = access
        .origins
        .iter()
        .filter_map(|origin| origin.to_str().ok()?.split_once("://").map(|(_, host)| host.to_owned()));
    let here = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
    access.private.then(|| here.into_iter().chain(named).collect())
}

/// `/mcp`, without sessions, so that any of several servers may answer the next request.
fn mcp(app: &Arc<App>, access: &Access) -> StreamableHttpService<Mcp, NeverSessionManager> {
    let named: Vec<&str> = access.origins.iter().filter_map(|origin| origin.to_str().ok()).collect();
    // With the port that the scheme means: an origin without one is taken for any.
    let with_port =
        |origin: &&str| match origin.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            true => (*origin).to_owned(),
            false => format!("{origin}:{}", if origin.starts_with("https:") { 443 } else { 80 }),
        };
    let here = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY)
        .with_allowed_origins(here.into_iter().chain(named.iter().map(with_port)))
        .enforce_origin_validation()
        // Hosts are looked at for all addresses.
        .disable_allowed_hosts();
    let app = Arc::clone(app);
    StreamableHttpService::new(
        move || Ok(Mcp::new(Arc::clone(&app))),
        NeverSessionManager::default().into(),
        config,
    )
}

/// Refuses a body that says itself that it is too long, before any of it has come.
async fn of_a_length(request: Request, next: Next) -> Response {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let most = if LARGE.contains(&request.uri().path()) { LARGE_BODY } else { BODY };
    match length {
        Some(length) if length > most as u64 => {
            let detail = format!("the body has {length} bytes; at most {most} are read");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Problems as the clients of an address expect them.
async fn in_the_shape_of_the_address(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let shape: Option<fn(&Problem) -> serde_json::Value> =
        if path.starts_with("/language/") || path.starts_with("/qnamaker/") {
            Some(azure::error)
        } else if ["/v1/chat/", "/v1/responses", "/v1/models", "/v1/embeddings"]
            .iter()
            .any(|known| path.starts_with(known))
        {
            Some(openai::error)
        } else {
            None
        };
    let mut response = next.run(request).await;
    if let (Some(shape), Some(problem)) = (shape, response.extensions_mut().remove::<Problem>()) {
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_ENCODING);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Response::from_parts(parts, Body::from(shape(&problem).to_string()));
    }
    response
}

/// The description of all addresses, under what they are reached.
fn described(mut api: utoipa::openapi::OpenApi, prefix: &Prefix) -> Json<utoipa::openapi::OpenApi> {
    if !prefix.as_str().is_empty() {
        api.servers = Some(vec![utoipa::openapi::Server::new(prefix.as_str())]);
    }
    Json(api)
}

/// Says of every address that it may answer with a problem.
fn say_problems(api: &mut utoipa::openapi::OpenApi) {
    let schema = utoipa::openapi::Ref::from_schema_name("Problem");
    let problem = ResponseBuilder::new()
        .description("A problem")
        .content("application/problem+json", ContentBuilder::new().schema(Some(schema)).build())
        .content("application/json", ContentBuilder::new().build())
        .build();
    for item in api.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            operation.responses.responses.insert("default".into(), RefOr::T(problem.clone()));
        }
    }
}

/// Says that requests need a token.
fn say_tokens(api: &mut utoipa::openapi::OpenApi) {
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    api.components.get_or_insert_default().add_security_scheme("token", scheme);
    api.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("token", [])]);
}
