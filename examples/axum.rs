//! A bot in a web server of one's own.
//!
//! ```console
//! $ cargo run --release --example axum -- data/therapy.yaml 127.0.0.1:3000
//! $ curl 'http://127.0.0.1:3000/?q=do+therapists+google+their+patients'
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use faqbot::{Bot, Reply};

async fn ask(
    State(bot): State<Arc<Bot>>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Reply>, StatusCode> {
    let question = query.get("q").cloned().ok_or(StatusCode::BAD_REQUEST)?;
    // It takes milliseconds of processor time, which others should not wait for.
    let asked = tokio::task::spawn_blocking(move || bot.ask(&question)).await;
    let reply = asked.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    reply.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, address] = &arguments[..] else { return Err("usage: axum FAQ ADDRESS:PORT".into()) };
    let bot = Arc::new(Bot::open(path)?);
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", get(ask)).with_state(bot)).await?;
    Ok(())
}
