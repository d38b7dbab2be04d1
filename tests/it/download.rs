//! A model of the catalogue fetched from a mirror on this machine, kept, and used again offline.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::common::World;

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
        let Ok(body) = fs::read(crate::common::project("models/all-MiniLM-L6-v2").join(&file)) else {
            write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok()?;
            continue;
        };
        let (from, to) = range.unwrap_or((0, None));
        let to = to.unwrap_or(body.len() - 1).min(body.len() - 1);
        let part = &body[from..=to];
        let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {from}-{to}/{}\r\n\
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

/// Answers every request with this, as it is; gives the address, and what was asked.
fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            let mut request = String::new();
            while reader.read_line(&mut request).is_ok_and(|read| read > 0) && !request.ends_with("\r\n\r\n")
            {
            }
            // Closed for writing only: a reset could overtake what was written.
            let _ = stream.write_all(&answer(&request)).and_then(|()| stream.shutdown(Shutdown::Write));
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
            heard.lock().expect("no panic").push(request);
        }
    });
    (address, asked)
}

/// What a fetch from this mirror ends with: the exit code, and what is said.
fn fetch(world: &World, address: &str) -> (Option<i32>, String) {
    let mut command =
        world.faqbot(&["ask", "--model", "AllMiniLML6V2", "do therapists google their clients"]);
    command.env("HF_ENDPOINT", address).env("HF_HOME", world.path("hf")).env("HF_TOKEN", "secret");
    let output = command.env_remove("FAQBOT_OFFLINE").output().expect("runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn file(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n\r\n{body}").into_bytes()
}

#[test]
fn a_hostile_mirror_writes_nothing_anywhere_else() {
    let world = World::new();
    let outside = world.path("outside");
    let absolute = outside.display().to_string();
    for (etag, commit) in [
        (absolute.as_str(), "0123abcd"),
        ("../../../../../outside", "0123abcd"),
        ("..", "0123abcd"),
        ("0123abcd", ".."),
        ("0123abcd", "../../../../outside"),
        ("0123abcd", absolute.as_str()),
        ("\u{1b}[2J", "0123abcd"),
    ] {
        let headers = format!("ETag: \"{etag}\"\r\nX-Repo-Commit: {commit}\r\nContent-Length: 4");
        let (address, _) = answering(move |_| file(&headers, "evil"));
        let (code, err) = fetch(&world, &address);
        assert_eq!(code, Some(2), "{etag} {commit}: {err}");
        assert!(err.contains("a name that is none") || err.contains("fetching it failed"), "{err}");
        assert!(!err.contains('\u{1b}') && !err.contains("panicked"), "{err}");
        assert!(!outside.exists(), "{etag} {commit}");
    }
    let mut files = 0;
    let mut folders = vec![world.path("hf")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files += 1 }
        }
    }
    assert_eq!(files, 0, "nothing is kept");
}

#[test]
fn what_is_fetched_badly_is_an_error_and_the_next_start_goes_on() {
    let world = World::new();
    let names = "ETag: \"0123abcd\"\r\nX-Repo-Commit: 0123abcd";
    let sum = "0".repeat(64);
    let huge = format!("{names}\r\nContent-Length: 99999999999");
    let answers: Vec<(Vec<u8>, &str)> = vec![
        (file(&format!("{names}\r\nContent-Length: 100"), "short"), ""),
        (file(&huge, "x"), "the most"),
        (file("Content-Length: 1", "x"), "no name (ETag)"),
        (file("ETag: \"a\"\r\nContent-Length: 1", "x"), "no commit"),
        (file(&format!("ETag: \"{sum}\"\r\nX-Repo-Commit: a\r\nContent-Length: 1"), "x"), "checksum"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "neither https",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: /again\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "more than 5 times",
        ),
        (b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(), "nowhere"),
        (b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_vec(), "status 500"),
        (b"nonsense\r\n\r\n".to_vec(), "fetching it failed"),
    ];
    for (answer, wanted) in answers {
        let (address, _) = answering(move |_| answer.clone());
        let (code, err) = fetch(&world, &address);
        assert!(code == Some(2) && err.contains(wanted) && !err.contains("panicked"), "{wanted}: {err}");
    }
    let (code, err) = fetch(&world, "http://example.com");
    assert!(code == Some(2) && err.contains("neither https"), "{err}");
    // A good mirror after all these.
    let (address, _) = mirror();
    let (code, err) = fetch(&world, &address);
    assert_eq!(code, Some(0), "{err}");
}

#[test]
fn the_token_goes_to_the_hub_only() {
    let world = World::new();
    let (elsewhere, heard) = answering(|_| file("Content-Length: 0", ""));
    let location = elsewhere.clone();
    let (hub, asked) = answering(move |_| {
        format!(
            "HTTP/1.1 302 Found\r\nETag: \"a\"\r\nX-Repo-Commit: b\r\nLocation: {location}/file\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .into_bytes()
    });
    fetch(&world, &hub);
    let has_token = |requests: &Mutex<Vec<String>>| {
        let requests = requests.lock().expect("no panic");
        assert!(!requests.is_empty());
        requests.iter().any(|request| request.contains("secret"))
    };
    assert!(has_token(&asked) && !has_token(&heard));
}
