//! `faqbot serve` and `faqbot mcp`: the bots of one or more FAQs, for browsers, programs and agents.
//!
//! Handlers only translate: every one asks by way of [`state::App`], which calls the bot.

mod ask;
mod azure;
mod faqs;
mod feedback;
mod html;
mod input;
mod limits;
mod listen;
mod mcp;
mod numbers;
mod openai;
mod operations;
mod page;
mod problem;
mod qna;
mod qnamaker;
mod queue;
mod rasa;
mod reload;
mod router;
mod speech;
mod state;

use std::io::IsTerminal;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use axum::http::{HeaderName, HeaderValue};
use faqbot::Embedder;
use metrics_exporter_prometheus::PrometheusHandle;
use rmcp::ServiceExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{ServeSettings, Settings, with_name};
use crate::output::messages::{Verbosity, note, says};
use crate::setup;
use limits::Limits;
use mcp::Mcp;
use queue::Queue;
use router::Doors;
use state::{App, Served};

/// First segments of addresses, which are no names for FAQs.
const TAKEN: [&str; 15] = [
    "assets",
    "favicon.ico",
    "healthz",
    "language",
    "mcp",
    "metrics",
    "model",
    "openapi.json",
    "qnamaker",
    "readyz",
    "status",
    "v1",
    "version",
    "webhooks",
    "widget.js",
];

/// The name of the FAQ in the program.
const BUILT_IN: &str = "therapist";

/// The name of a FAQ of several files, or from standard input.
const UNNAMED: &str = "faq";

/// Answers over HTTP until it is told to end.
pub fn serve(settings: &Settings) -> Result<()> {
    let own = &settings.serve;
    let listen = own.listen.to_socket_addrs().ok().and_then(|mut found| found.next());
    let listen = listen
        .with_context(|| format!("--listen {}: no address and port, such as 127.0.0.1:8080", own.listen))?;
    let private =
        listen.ip().is_loopback() && !own.public && own.token_file.is_none() && own.trusted_proxy.is_none();
    let doors = Doors { origins: origins(own)?, mcp: own.mcp, private };
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
    let app = app(settings, limits, operations::collect()?)?;
    let runtime = Runtime::new().context("no threads for the server")?;
    runtime.block_on(async {
        // Before anything else is said: what follows "listening" may come at any time.
        let end = end_signal()?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("{}: cannot listen there", own.listen))?;
        let address = listener.local_addr()?;
        let watcher = reload::watch(Arc::clone(&app), begin)?;
        tokio::spawn(operations::keep_up(app.metrics.clone()));
        let router = router::router(&app, &doors);
        note(&format!("listening on http://{address}"));
        let all = listen::serve(listener, router, own.max_connections, end).await;
        drop(watcher);
        if !all {
            note("some requests were cut off");
        }
        Ok(())
    })
}

/// Answers agents on standard input and output until that ends.
pub fn mcp(settings: &Settings) -> Result<()> {
    log();
    let begin = SystemTime::now();
    let app = app(settings, Limits::new(Vec::new(), true, None, None), operations::collect_nothing())?;
    let watcher = reload::watch(Arc::clone(&app), begin)?;
    let runtime = Runtime::new().context("no threads for the server")?;
    let done = runtime.block_on(async {
        let service =
            Mcp::new(app).serve(rmcp::transport::stdio()).await.context("the agent's first message")?;
        service.waiting().await.context("the server")?;
        Ok(())
    });
    // A thread may still wait for input that does not come.
    runtime.shutdown_background();
    drop(watcher);
    done
}

/// Brings all FAQs up, over one model.
fn app(settings: &Settings, limits: Limits, metrics: PrometheusHandle) -> Result<Arc<App>> {
    let named = named_faqs(&settings.faq)?;
    let embedder: Arc<dyn Embedder> = Arc::from(setup::load_embedder(settings)?);
    let mut faqs = Vec::with_capacity(named.len());
    for (name, paths) in named {
        let settings = Settings { faq: paths, ..settings.clone() };
        let version = reload::read(&settings, &embedder)?;
        faqs.push(Served::new(name, settings, Arc::clone(&embedder), version));
    }
    let queue = Queue::new(settings.serve.queue)?;
    Ok(Arc::new(App::new(faqs, queue, limits, metrics, settings.serve.log_questions)))
}

/// FAQs with their names and files: those that are given as `NAME=PATH`, and the others as one.
fn named_faqs(paths: &[PathBuf]) -> Result<Vec<(String, Vec<PathBuf>)>> {
    let mut faqs: Vec<(String, Vec<PathBuf>)> = Vec::new();
    let unnamed: Vec<PathBuf> = paths.iter().filter(|path| with_name(path).is_none()).cloned().collect();
    let name_of_rest = match &unnamed[..] {
        [] => BUILT_IN.to_owned(),
        [path] if path != Path::new(Settings::STDIN) => {
            path.file_stem().map_or(UNNAMED.to_owned(), |stem| plain_name(&stem.to_string_lossy()))
        }
        _ => UNNAMED.to_owned(),
    };
    if paths.is_empty() {
        faqs.push((name_of_rest.clone(), Vec::new()));
    }
    let mut rest = None;
    for path in paths {
        match with_name(path) {
            Some((name, path)) => match faqs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, paths)) => paths.push(path),
                None => faqs.push((name, vec![path])),
            },
            // They stand where the first of them does.
            None if rest.is_none() => {
                rest = Some(faqs.len());
                faqs.push((name_of_rest.clone(), unnamed.clone()));
            }
            None => {}
        }
    }
    for (at, (name, _)) in faqs.iter().enumerate() {
        if TAKEN.contains(&name.as_str()) || faqs[..at].iter().any(|(other, _)| other == name) {
            bail!(
                "a FAQ cannot be named \"{name}\" here, since something else is; --faq NAME=PATH gives it another name"
            );
        }
    }
    Ok(faqs)
}

/// A text as a name for addresses.
fn plain_name(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    text.chars().map(plain).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faqs_have_names() {
        let names = |paths: &[&str]| -> Result<Vec<String>> {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            Ok(named_faqs(&paths)?
                .into_iter()
                .map(|(name, paths)| format!("{name} {}", paths.len()))
                .collect())
        };
        assert_eq!(names(&[]).unwrap(), ["therapist 0"]);
        assert_eq!(names(&["a/shop faq.yaml"]).unwrap(), ["shop-faq 1"]);
        assert_eq!(names(&["a.yaml", "b.yaml"]).unwrap(), ["faq 2"]);
        assert_eq!(names(&["x=a.yaml", "y=b.yaml", "x=c.yaml", "d.yaml"]).unwrap(), ["x 2", "y 1", "d 1"]);
        assert!(names(&["metrics=a.yaml"]).is_err() && names(&["a=b.yaml", "a.yaml"]).is_err());
    }
}
