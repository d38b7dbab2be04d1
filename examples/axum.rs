//! A bot in a web server of one's own: `curl 'http://127.0.0.1:3000/?q=is+therapy+expensive'`.
//!
//! ```console
//! $ cargo run --release --example axum -- data/therapy.yaml
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
    let path = std::env::args().nth(1).ok_or("usage: axum FAQ")?;
    let bot = Arc::new(Bot::open(path)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, Router::new().route("/", get(ask)).with_state(bot)).await?;
    Ok(())
}
