//! `faqbot health`: asks a server whether it is ready, for images that hold no other program that could.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long the server may take for each step.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of an answer that are looked at.
const BYTES: u64 = 64 << 10;

/// `faqbot health`
///
/// # Errors
///
/// There is no server, it does not answer in time, or it is not ready.
pub fn health(address: &str) -> Result<()> {
    let ask = || -> Result<String> {
        let found = address.to_socket_addrs()?.next().context("the name has no address")?;
        let mut stream = TcpStream::connect_timeout(&found, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(BYTES).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = ask().with_context(|| format!("{address} does not answer"))?;
    match answer.split_ascii_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some(status) => bail!("{address} is not ready: status {status}"),
        None => bail!("{address} is no server of faqbot's"),
    }
}
