//! Connections: accepted, bounded in number and time, and let go at the end.
//!
//! Not `axum::serve`: that sets no timer, so a client that sends half a header would hold its connection, and the end
//! of the server, for ever.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use metrics::gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::http::addresses::Addresses;
use crate::http::limits::Peer;

/// The time in which a request's header must have come. An idle connection is closed after it too.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// The longest that a connection lasts: clients that keep theirs open for longer make another.
const LIFE_TIME: Duration = Duration::from_secs(600);

/// The time that questions in flight have at the end.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// The pause after an accept that failed, for want of file descriptors for example.
const PAUSE: Duration = Duration::from_millis(100);

/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 64;

/// Serves connections until `end`, then lets those in flight finish; whether all did.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    addresses: Addresses,
    most: usize,
    end: impl Future<Output = ()>,
) -> bool {
    let addresses = Arc::new(addresses);
    let places = Arc::new(Semaphore::new(most));
    let (close, closing) = watch::channel(());
    let mut end = std::pin::pin!(end);
    loop {
        // Connections that find no place wait with the operating system.
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = &mut end => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are small: they are not to wait for more.
        let _ = stream.set_nodelay(true);
        let (router, addresses, closing) = (router.clone(), Arc::clone(&addresses), closing.clone());
        gauge!("faqbot_connections").increment(1);
        tokio::spawn(async move {
            connection(stream, peer, router, addresses, closing).await;
            gauge!("faqbot_connections").decrement(1);
            drop(place);
        });
    }
    drop(listener);
    // Whoever watches is told that this is the end.
    drop(close);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    timeout(DRAIN_TIME, places.acquire_many(all)).await.is_ok()
}

/// Serves one connection, for as long as one may last.
async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    addresses: Arc<Addresses>,
    mut closing: watch::Receiver<()>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(HEADER_TIME)
        .keep_alive_timeout(HEADER_TIME);
    // The timer for the header begins once it is known which version of HTTP is spoken.
    let begun = tokio::select! {
        begun = timeout(HEADER_TIME, begins(&stream)) => begun.unwrap_or(false),
        _ = closing.changed() => false,
    };
    if !begun {
        return;
    }
    let service = service_fn(move |request| answer(router.clone(), Arc::clone(&addresses), request, peer));
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = closing.changed() => None,
        () = tokio::time::sleep(LIFE_TIME) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(DRAIN_TIME, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits until enough has come to tell which version of HTTP is spoken; whether it does.
async fn begins(stream: &TcpStream) -> bool {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut bytes = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut bytes).await {
            Ok(0) | Err(_) => return false,
            Ok(count) if count < PREFACE.len() && PREFACE.starts_with(&bytes[..count]) => {
                // What is there stays readable, so that there is nothing to wait for but time.
                tokio::time::sleep(PAUSE).await;
            }
            Ok(_) => return true,
        }
    }
}

async fn answer(
    router: Router,
    addresses: Arc<Addresses>,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Result<axum::response::Response, Infallible> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    addresses.read(&mut request);
    router.oneshot(request).await
}
