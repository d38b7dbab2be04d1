//! The bots of one or more FAQs, for browsers, programs and agents: [`serve`] over HTTP, [`mcp`] on standard input and output.
//!
//! Handlers only translate: every one asks by way of `service::state::App`, which calls the bot.

mod api;
pub mod error;
mod http;
pub mod names;
mod router;
mod service;
mod web;

use std::io::IsTerminal;
use std::net::ToSocketAddrs;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::{HeaderName, HeaderValue};
use faqbot_store::recorder::{Keep, Recorder, Warn};
use faqbot_store::{Engine, Missing, Source, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use rmcp::ServiceExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
pub use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::http::addresses::{Addresses, Prefix};
use crate::http::limits::Limits;
use crate::http::listen;
use api::mcp::Mcp;
use api::operations;
pub use error::{Error, Result};
use router::Access;
use service::published::Published;
use service::queue::Queue;
use service::state::App;
use service::version::{Served, Version};
use service::{follow, reload};

/// FAQs by name, in order: the first is asked where none is named. There is at least one, and
/// [`names::check_name`] finds nothing in any.
pub type Faqs = Vec<(String, Arc<dyn Source>)>;

/// What is served.
pub struct Site<'s> {
    /// Gives the FAQs, and may load a model for that: it is called once all that needs none is checked.
    pub faqs: &'s dyn Fn() -> faqbot_store::Result<Faqs>,
    /// Whether what is published in the store is served in their place, where something is.
    pub published: bool,
    /// The address of the store, where questions are kept.
    pub store: Option<String>,
    /// How they are kept.
    pub keep: Keep,
    /// The folder of the embedding cache, if there is one.
    pub cache: Option<PathBuf>,
    /// Told what goes wrong while nobody waits for it.
    pub warn: Warn,
    /// Told what there is to say to whoever started the server.
    pub note: fn(&str),
    /// What the log has.
    pub log: LevelFilter,
}

/// How a server answers.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address and port.
    pub listen: String,
    /// A file with the tokens that clients need, one a line.
    pub token_file: Option<PathBuf>,
    /// Whether everybody may ask.
    pub public: bool,
    /// The origins whose pages may ask.
    pub allow_origin: Vec<String>,
    /// Whether agents may connect at `/mcp`.
    pub mcp: bool,
    /// Questions a minute and client.
    pub rate: Option<NonZeroU32>,
    /// The header in which a proxy says whom a request is from. What it took from the beginning of the path is believed
    /// too, in `X-Forwarded-Prefix`.
    pub trusted_proxy: Option<String>,
    /// The path that the server is reached under, such as `/faq`; none is `/`.
    pub base_path: Option<String>,
    /// The sites that may show the chat page in a frame: origins, `self` or `*`.
    pub frame_ancestors: Vec<String>,
    /// Whether questions go to the log.
    pub log_questions: bool,
    /// Connections at once.
    pub max_connections: usize,
    /// Requests that wait at once.
    pub queue: usize,
}

impl Options {
    /// Where it listens, where nothing else is said.
    pub const LISTEN: &str = "127.0.0.1:8080";
}

/// Answers over HTTP until the process is told to end.
///
/// # Errors
///
/// An option cannot be used, a FAQ cannot be read, or the address is taken.
pub fn serve(site: &Site, own: &Options) -> Result<()> {
    let listen = own.listen.to_socket_addrs().ok().and_then(|mut found| found.next());
    let listen = listen.ok_or_else(|| {
        Error::Refused(format!("--listen {}: no address and port, such as 127.0.0.1:8080", own.listen))
    })?;
    let private =
        listen.ip().is_loopback() && !own.public && own.token_file.is_none() && own.trusted_proxy.is_none();
    let access = Access { origins: origins(own)?, frames: frames(own)?, mcp: own.mcp, private };
    let base = own.base_path.as_deref().unwrap_or("");
    let base = Prefix::new(base).ok_or_else(|| {
        Error::Refused(format!("--base-path {base}: no path of plain names, such as /faq or /help/faq"))
    })?;
    let addresses = Addresses { base, behind_proxy: own.trusted_proxy.is_some() };
    let tokens = own.token_file.as_deref().map(Limits::read_tokens).transpose()?.unwrap_or_default();
    if !listen.ip().is_loopback() && tokens.is_empty() && !own.public {
        return Err(Error::Refused(format!(
            "{} can be reached from other machines: say who may ask with --token-file FILE, or that everybody may with --public",
            own.listen
        )));
    }
    let proxy = own.trusted_proxy.as_deref().map(|name| {
        let header = name.to_ascii_lowercase().parse::<HeaderName>();
        header.map_err(|_| Error::Refused(format!("--trusted-proxy {name}: no name of a header")))
    });
    let limits = Limits::new(tokens, own.public, own.rate, proxy.transpose()?);
    log(site.log);
    let begin = SystemTime::now();
    let runtime = Runtime::new().map_err(Error::failed("no threads for the server"))?;
    let app = app(site, own, limits, operations::collect()?, &runtime)?;
    runtime.block_on(async {
        tokio::spawn(follow::follow(Arc::clone(&app)));
        // Before anything else is said: what follows "listening" may come at any time.
        let end = end_signal()?;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(Error::failed(format!("{}: cannot listen there", own.listen)))?;
        let address = listener.local_addr().map_err(Error::failed("the address"))?;
        let watcher = reload::watch(Arc::clone(&app), site.store.as_deref(), begin)?;
        tokio::spawn(operations::keep_up(app.metrics.clone()));
        let router = router::router(&app, &access);
        (site.note)(&format!("listening on http://{address}{}", addresses.base.as_str()));
        let all = listen::serve(listener, router, addresses, own.max_connections, end).await;
        drop(watcher);
        if !all {
            (site.note)("some requests were cut off");
        }
        if let Some(recorder) = &app.recorder {
            recorder.close().await;
        }
        Ok(())
    })
}

/// Answers agents on standard input and output until that ends.
///
/// # Errors
///
/// A FAQ cannot be read, or the agent does not speak MCP.
pub fn mcp(site: &Site, own: &Options) -> Result<()> {
    log(site.log);
    let begin = SystemTime::now();
    let runtime = Runtime::new().map_err(Error::failed("no threads for the server"))?;
    let limits = Limits::new(Vec::new(), true, None, None);
    let app = app(site, own, limits, operations::collect_nothing(), &runtime)?;
    runtime.spawn(follow::follow(Arc::clone(&app)));
    let watcher = reload::watch(Arc::clone(&app), site.store.as_deref(), begin)?;
    let kept = app.recorder.clone();
    let done = runtime.block_on(async {
        let served = async {
            let service = Mcp::new(app)
                .serve(rmcp::transport::stdio())
                .await
                .map_err(Error::failed("the agent's first message"))?;
            service.waiting().await.map_err(Error::failed("the server")).map(drop)
        };
        let done = served.await;
        if let Some(recorder) = kept {
            recorder.close().await;
        }
        done
    });
    // A thread may still wait for input that does not come.
    runtime.shutdown_background();
    drop(watcher);
    done
}

/// What keeps questions, where they are kept.
fn recorder(site: &Site, runtime: &Runtime) -> Result<Option<Arc<Recorder>>> {
    let Some(url) = &site.store else { return Ok(None) };
    let store = runtime.block_on(Store::open(url, Missing::Create))?;
    Ok(Some(Arc::new(Recorder::new(runtime.handle(), store, &site.keep, site.warn))))
}

/// Brings all FAQs up.
fn app(
    site: &Site,
    own: &Options,
    limits: Limits,
    metrics: PrometheusHandle,
    runtime: &Runtime,
) -> Result<Arc<App>> {
    let recorder = recorder(site, runtime)?;
    let own_faqs = (site.faqs)()?;
    let mut faqs = Vec::with_capacity(own_faqs.len());
    let mut published = None;
    if let Some(recorder) = recorder.as_ref().filter(|_| site.published)
        && let Some((_, source)) = own_faqs.first()
    {
        let from = Published::new(site.cache.as_deref(), recorder.store.clone(), site.warn)?;
        faqs = runtime.block_on(async { from.all(source).await })?;
        if faqs.is_empty() && recorder.store.engine() == Engine::Postgres {
            return Err(Error::Refused(
                "nothing is published in the store: `faqbot publish` does that, and --faq FILE serves a file"
                    .into(),
            ));
        }
        published = Some(Arc::new(from)).filter(|_| !faqs.is_empty());
    }
    for (name, source) in own_faqs.iter().filter(|_| published.is_none()) {
        let version = Version::new(source.read()?);
        faqs.push(Served::new(name.clone(), Arc::clone(source), version));
    }
    let queue = Queue::new(own.queue)?;
    Ok(Arc::new(App::new(faqs, queue, limits, metrics, own.log_questions, recorder, published)))
}

/// The origins that may ask: exact, without a path.
fn origins(own: &Options) -> Result<Vec<HeaderValue>> {
    own.allow_origin.iter().map(|text| origin("--allow-origin", text)).collect()
}

/// The sites that may show the page in a frame, as a Content-Security-Policy lists them.
fn frames(own: &Options) -> Result<Vec<HeaderValue>> {
    let source = |text: &String| match text.trim_matches('\'') {
        "self" => Ok(HeaderValue::from_static("'self'")),
        "*" => Ok(HeaderValue::from_static("*")),
        _ => origin("--frame-ancestors", text),
    };
    own.frame_ancestors.iter().map(source).collect()
}

fn origin(flag: &str, text: &str) -> Result<HeaderValue> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain =
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', ',', ';', '\'', '"']));
    match HeaderValue::from_str(text) {
        Ok(value) if plain => Ok(value),
        _ => Err(Error::Refused(format!(
            "{flag} {text}: an origin is a scheme and a host, such as https://shop.example"
        ))),
    }
}

/// The log goes to standard error. Of the crates below only errors: they may quote what was asked.
fn log(level: LevelFilter) {
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level).with_default(LevelFilter::ERROR);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines =
        tracing_subscriber::fmt::layer().with_target(false).with_writer(std::io::stderr).with_ansi(colours);
    // Set once, at the start.
    let _ = tracing_subscriber::registry().with(lines).with(own).try_init();
    // The message of a panic may quote a question.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic");
    }));
}

/// Ends when the process is told to.
fn end_signal() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        let failed = || Error::failed("the signals that end it");
        let (mut interrupt, mut terminate) = (interrupt.map_err(failed())?, terminate.map_err(failed())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
