//! A model of the catalogue fetched from a mirror on this machine, kept, and used again offline.

#![cfg(feature = "bundled-model")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::World;

/// Serves the bundled model's files as a hub does, whatever repository is asked for. Gives the
/// address and the number of requests so far.
fn mirror() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || serve(stream));
        }
    });
    (address, requests)
}

/// Answers the requests of a connection: `GET /{repository}/resolve/main/{file}`, in ranges.
fn serve(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).ok()? == 0 {
            return None;
        }
        let mut range = None;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let header = header.trim().to_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(bytes) = header.strip_prefix("range: bytes=") {
                let (from, to) = bytes.split_once('-')?;
                range = Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()));
            }
        }
        let file =
            request.split(' ').nth(1)?.split_once("/resolve/main/")?.1.trim_start_matches("onnx/").to_owned();
        let Ok(body) = fs::read(common::project("models/all-MiniLM-L6-v2").join(&file)) else {
            write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok()?;
            continue;
        };
        let (from, to) = range.unwrap_or((0, None));
        let to = to.unwrap_or(body.len() - 1).min(body.len() - 1);
        let part = &body[from..=to];
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{to}/{}\r\n\
             ETag: \"{file}-1\"\r\nX-Repo-Commit: 0123456789abcdef\r\nAccept-Ranges: bytes\r\n\r\n",
            part.len(),
            body.len()
        )
        .ok()?;
        stream.write_all(part).ok()?;
    }
}

#[test]
fn a_model_is_fetched_once_and_then_used_offline() {
    let world = World::new();
    let (address, requests) = mirror();
    let ask = ["ask", "--json", "--model", "AllMiniLML6V2", "do therapists google their clients"];
    let run = |offline: bool| {
        let mut command = world.faqbot(&ask);
        command.env("HF_ENDPOINT", &address).env("HF_HOME", world.path("hf"));
        if !offline {
            command.env_remove("FAQBOT_OFFLINE");
        }
        command.output().expect("runs")
    };
    let output = run(true);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(requests.load(Ordering::Relaxed), 0, "--offline opens no connection");

    let output = run(false);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(world.path("hf/hub/models--Qdrant--all-MiniLM-L6-v2-onnx").exists());
    let fetched = requests.load(Ordering::Relaxed);
    assert!(fetched > 0);

    let again = run(true);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(again.stdout, output.stdout);
    assert_eq!(run(false).status.code(), Some(0));
    assert_eq!(requests.load(Ordering::Relaxed), fetched, "what is there is not fetched again");

    let models = world.faqbot(&["models"]).env("HF_HOME", world.path("hf")).output().expect("runs");
    let models = String::from_utf8_lossy(&models.stdout).into_owned();
    let line = models.lines().find(|line| line.starts_with("AllMiniLML6V2 ")).expect("a line");
    assert!(line.contains("23.6 MB") && line.contains("cached"), "{line}");
}
