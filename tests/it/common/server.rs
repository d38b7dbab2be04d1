//! A server of the program's, and requests to it over plain sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{SHOP, World};

/// A server, ended with the test.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
    pub world: World,
    log: Option<thread::JoinHandle<String>>,
}

/// A reply: status, headers in lower case, body.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.head, self.body))
    }
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        let world = World::new();
        world.write("shop.yaml", SHOP);
        Self::start_in(world, args)
    }

    pub fn start_in(world: World, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_faqbot"))
            .args(["serve", "--model", "hash", "--min-cosine", "0.4", "--listen", "127.0.0.1:0"])
            .args(args)
            .current_dir(world.path(""))
            .env_clear()
            .envs(world.environment())
            .env("FAQBOT_OFFLINE", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server");
        let mut lines = BufReader::new(child.stderr.take().expect("its log"));
        let mut address = None;
        let mut log = String::new();
        while address.is_none() && lines.read_line(&mut log).expect("a line") > 0 {
            let last = log.lines().last().unwrap_or("");
            // With a base path, if there is one.
            let host = |text: &str| text.trim().split('/').next().and_then(|host| host.parse().ok());
            address = last.strip_prefix("listening on http://").and_then(host);
        }
        let address = address.unwrap_or_else(|| panic!("the server ended: {log}"));
        // The log is read on, so that the server does not wait for somebody to do so.
        let log = thread::spawn(move || {
            let _ = lines.read_to_string(&mut log);
            log
        });
        Server { child, address, world, log: Some(log) }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
        stream
    }

    /// Sends bytes as they are.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may answer, and close, before all is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub fn send(&self, method: &str, path: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
        let body = body.as_ref();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        request.extend(headers.iter().map(|header| format!("{header}\r\n")));
        request += &format!("content-length: {}\r\n\r\n", body.len());
        self.raw(&[request.as_bytes(), body].concat())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &["content-type: application/json"], body.to_string())
    }

    #[track_caller]
    pub fn ask(&self, query: &str) -> Value {
        let answer = self.post("/v1/ask", &json!({"query": query}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < Duration::from_secs(20), "{what} did not come");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server as an operating system does; its exit code and its log.
    pub fn end(&mut self) -> (Option<i32>, String) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let status = self.child.wait().expect("the end");
        (status.code(), self.log.take().and_then(|log| log.join().ok()).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
