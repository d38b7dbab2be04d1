//! `faqbot serve` and `faqbot mcp`: the bots of one or more FAQs, for browsers, programs and agents.
//!
//! Handlers only translate: every one asks by way of [`state::App`], which calls the bot.

mod ask;
mod azure;
mod faqs;
mod feedback;
mod follow;
mod html;
mod input;
mod limits;
mod listen;
mod markdown;
mod mcp;
mod numeric_ids;
mod openai;
mod operations;
mod page;
mod problem;
mod published;
mod qna;
mod qnamaker;
mod queue;
mod rasa;
mod reload;
mod review;
mod router;
mod state;
mod version;

use std::io::IsTerminal;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use axum::http::{HeaderName, HeaderValue};
use faqbot::Embedder;
use faqbot_store::recorder::Recorder;
use faqbot_store::{Engine, Missing, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use rmcp::ServiceExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{ServeSettings, Settings};
use crate::names::{check_name, named_faqs};
use crate::output::messages::{Verbosity, note, says, warn};
use crate::setup;
use limits::Limits;
use mcp::Mcp;
use published::Published;
use queue::Queue;
use router::Access;
use state::App;
use version::Served;

/// Answers over HTTP until it is told to end.
pub fn serve(settings: &Settings) -> Result<()> {
    let own = &settings.serve;
    let listen = own.listen.to_socket_addrs().ok().and_then(|mut found| found.next());
    let listen = listen
        .with_context(|| format!("--listen {}: no address and port, such as 127.0.0.1:8080", own.listen))?;
    let private =
        listen.ip().is_loopback() && !own.public && own.token_file.is_none() && own.trusted_proxy.is_none();
    let access = Access { origins: origins(own)?, mcp: own.mcp, private };
    let tokens = own.token_file.as_deref().map(Limits::read_tokens).transpose()?.unwrap_or_default();
    if !listen.ip().is_loopback() && tokens.is_empty() && !own.public {
        bail!(
            "{} can be reached from other machines: say who may ask with --token-file FILE, or that everybody may with --public",
            own.listen
        );
    }
    let proxy = own.trusted_proxy.as_deref().map(|name| {
        let header = name.to_ascii_lowercase().parse::<HeaderName>();
        header.with_context(|| format!("--trusted-proxy {name}: no name of a header"))
    });
    let limits = Limits::new(tokens, own.public, own.rate, proxy.transpose()?);
    log();
    let begin = SystemTime::now();
    let runtime = Runtime::new().context("no threads for the server")?;
    let app = app(settings, limits, operations::collect()?, &runtime)?;
    runtime.block_on(async {
        tokio::spawn(follow::follow(Arc::clone(&app)));
        // Before anything else is said: what follows "listening" may come at any time.
        let end = end_signal()?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("{}: cannot listen there", own.listen))?;
        let address = listener.local_addr()?;
        let watcher = reload::watch(Arc::clone(&app), begin)?;
        tokio::spawn(operations::keep_up(app.metrics.clone()));
        let router = router::router(&app, &access);
        note(&format!("listening on http://{address}"));
        let all = listen::serve(listener, router, own.max_connections, end).await;
        drop(watcher);
        if !all {
            note("some requests were cut off");
        }
        if let Some(recorder) = &app.recorder {
            recorder.close().await;
        }
        Ok(())
    })
}

/// Answers agents on standard input and output until that ends.
pub fn mcp(settings: &Settings) -> Result<()> {
    log();
    let begin = SystemTime::now();
    let runtime = Runtime::new().context("no threads for the server")?;
    let limits = Limits::new(Vec::new(), true, None, None);
    let app = app(settings, limits, operations::collect_nothing(), &runtime)?;
    runtime.spawn(follow::follow(Arc::clone(&app)));
    let watcher = reload::watch(Arc::clone(&app), begin)?;
    let kept = app.recorder.clone();
    let done = runtime.block_on(async {
        let served = async {
            let service =
                Mcp::new(app).serve(rmcp::transport::stdio()).await.context("the agent's first message")?;
            service.waiting().await.context("the server").map(drop)
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
fn recorder(settings: &Settings, runtime: &Runtime) -> Result<Option<Arc<Recorder>>> {
    let Some(url) = &settings.store else { return Ok(None) };
    let store = runtime.block_on(Store::open(url, Missing::Create))?;
    Ok(Some(Arc::new(Recorder::new(runtime.handle(), store, &settings.keep, warn))))
}

/// Brings all FAQs up, over one model.
fn app(
    settings: &Settings,
    limits: Limits,
    metrics: PrometheusHandle,
    runtime: &Runtime,
) -> Result<Arc<App>> {
    let named = named_faqs(&settings.faq)?;
    named.iter().try_for_each(|(name, _)| check_name(name))?;
    let recorder = recorder(settings, runtime)?;
    let embedder: Arc<dyn Embedder> = Arc::from(setup::load_embedder(settings)?);
    let mut faqs = Vec::with_capacity(named.len());
    let mut published = None;
    // Where no file is named, what is published is meant.
    if let Some(recorder) = recorder.as_ref().filter(|_| settings.faq.is_empty()) {
        let from = Published::new(settings, recorder.store.clone())?;
        faqs = runtime.block_on(async { from.all(settings, &embedder).await })?;
        if faqs.is_empty() && recorder.store.engine() == Engine::Postgres {
            bail!(
                "nothing is published in the store: `faqbot publish` does that, and --faq FILE serves a file"
            );
        }
        published = Some(Arc::new(from)).filter(|_| !faqs.is_empty());
    }
    for (name, paths) in named.into_iter().filter(|_| published.is_none()) {
        let settings = Settings { faq: paths, ..settings.clone() };
        let version = reload::read(&settings, &embedder)?;
        faqs.push(Served::new(name, settings, Arc::clone(&embedder), version));
    }
    let queue = Queue::new(settings.serve.queue)?;
    Ok(Arc::new(App::new(faqs, queue, limits, metrics, settings.serve.log_questions, recorder, published)))
}

/// The origins that may ask: exact, without a path.
fn origins(own: &ServeSettings) -> Result<Vec<HeaderValue>> {
    let origin = |text: &String| {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ', ',']));
        match HeaderValue::from_str(text) {
            Ok(value) if plain => Ok(value),
            _ => {
                bail!("--allow-origin {text}: an origin is a scheme and a host, such as https://shop.example")
            }
        }
    };
    own.allow_origin.iter().map(origin).collect()
}

/// The log goes to standard error. Of the crates below only errors: they may quote what was asked.
fn log() {
    let level = if says(Verbosity::Verbose) {
        LevelFilter::DEBUG
    } else if says(Verbosity::Normal) {
        LevelFilter::INFO
    } else {
        LevelFilter::ERROR
    };
    let own = Targets::new().with_target(env!("CARGO_PKG_NAME"), level).with_default(LevelFilter::ERROR);
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
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
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
