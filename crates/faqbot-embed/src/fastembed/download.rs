//! Fetches a file of a repository from a hub, into the cache folder that all Hugging Face tools share.
//!
//! A mirror is not trusted: what it calls its files and commits must be plain names, since they become paths; what it
//! sends is bounded, and checked where its name is a checksum; and nothing has its name before it is whole.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::{Cache, CacheRepo, Repo};
use ring::digest::{Context, SHA256};
use ureq::Agent;
use ureq::http::{Response, Uri};

use crate::storage::files::{Readers, whole};

/// The most bytes of a file. The largest of fastembed's catalogue has 2.3 GB.
const MAX_BYTES: u64 = 8 << 30;

/// A host that accepts no connection, or sends nothing, for so long is given up.
const CONNECT: Duration = Duration::from_secs(15);
const IDLE: Duration = Duration::from_secs(60);

/// Hosts that a request is sent on to, one after the other, at most.
const REDIRECTS: usize = 5;

const CHUNK: usize = 1 << 16;

/// What a download tells: the file's name, bytes done, bytes in all where the server says so.
pub type Tell<'t> = dyn Fn(&str, u64, Option<u64>) + 't;

/// The path of a repository's file in the cache, if it is there.
pub fn cached(cache: &Path, repository: &str, file: &str) -> Option<PathBuf> {
    let repo = repository_in(cache, repository);
    // The name of a commit becomes a path: what another program left there is checked too.
    let reference = cache.join(Repo::model(repository.to_owned()).folder_name()).join("refs").join("main");
    let commit = fs::read_to_string(reference).ok()?;
    plain_name(commit.trim()).ok()?;
    repo.get(file)
}

/// Fetches a file, and returns its path.
///
/// # Errors
///
/// The reason, in a few words.
pub fn fetch(
    cache: &Path,
    endpoint: &str,
    token: Option<&str>,
    repository: &str,
    file: &str,
    tell: &Tell,
) -> Result<PathBuf, String> {
    let address = format!("{}/{repository}/resolve/main/{file}", endpoint.trim_end_matches('/'));
    let config = Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(IDLE))
        .timeout_per_read(Some(IDLE))
        .user_agent(concat!("faqbot/", env!("CARGO_PKG_VERSION")));
    let (names, response) = follow(&config.build().into(), &address, token)?;
    let blob = names.blob.ok_or("the server gives the file no name (ETag)")?;
    let commit = names.commit.ok_or("the server names no commit (X-Repo-Commit)")?;
    let repo = repository_in(cache, repository);

    let path = repo.blob_path(&blob);
    if !path.is_file() {
        let folder = path.parent().ok_or("the cache has no folder")?;
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        keep(response, &path, &blob, |done, total| tell(file, done, total))?;
    }
    let pointer = repo.pointer_path(&commit).join(file);
    let linked = || -> std::io::Result<()> {
        if let Some(folder) = pointer.parent() {
            fs::create_dir_all(folder)?;
        }
        if !pointer.exists() {
            // One that leads nowhere is of no use, and another process may be as far as this one.
            let _ = fs::remove_file(&pointer);
            link(&path, &pointer).or_else(|error| if pointer.exists() { Ok(()) } else { Err(error) })?;
        }
        repo.create_ref(&commit)
    };
    linked().map_err(|error| format!("{}: {error}", pointer.display()))?;
    Ok(pointer)
}

fn repository_in(cache: &Path, repository: &str) -> CacheRepo {
    Cache::new(cache.to_owned()).repo(Repo::model(repository.to_owned()))
}

/// What the server calls the file and the commit it is of.
#[derive(Default)]
struct Names {
    blob: Option<String>,
    commit: Option<String>,
}

/// Asks for a file, and again where a server sends the request on.
fn follow(
    agent: &Agent,
    address: &str,
    token: Option<&str>,
) -> Result<(Names, Response<ureq::Body>), String> {
    let mut uri = trusted(address)?;
    let first = authority(&uri);
    let mut names = Names::default();
    for _ in 0..=REDIRECTS {
        let mut request = agent.get(&uri);
        // The token is for the hub, not for where it keeps its files.
        if let Some(token) = token.filter(|_| authority(&uri) == first) {
            request = request.header("Authorization", &format!("Bearer {token}"));
        }
        let response = request.call().map_err(|error| error.to_string())?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let blob = header("x-linked-etag").or_else(|| header("etag"));
        // The first to name them is the hub.
        if let Some(blob) = blob.filter(|_| names.blob.is_none()) {
            names.blob = Some(plain_name(blob.trim_start_matches("W/").trim_matches('"'))?);
        }
        if let Some(commit) = header("x-repo-commit").filter(|_| names.commit.is_none()) {
            names.commit = Some(plain_name(commit)?);
        }
        match response.status().as_u16() {
            200 => return Ok((names, response)),
            301 | 302 | 303 | 307 | 308 => {
                let location = header("location").ok_or("the server sends the request on to nowhere")?;
                let next = match location {
                    absolute if absolute.contains("://") => absolute.to_owned(),
                    path if path.starts_with('/') && !path.starts_with("//") => {
                        format!("{}{path}", authority(&uri))
                    }
                    _ => {
                        return Err(format!(
                            "the server sends the request on to \"{}\"",
                            location.escape_debug()
                        ));
                    }
                };
                uri = trusted(&next)?;
            }
            401 | 403 => return Err("the server refuses it (is HF_TOKEN needed?)".to_owned()),
            404 => return Err("the server does not have it (status 404)".to_owned()),
            status => return Err(format!("the server answers with status {status}")),
        }
    }
    Err(format!("the server sends the request on more than {REDIRECTS} times"))
}

/// An address that may be asked: over TLS, or on this machine.
fn trusted(address: &str) -> Result<Uri, String> {
    let shown = address.escape_debug();
    let uri: Uri = address.parse().map_err(|_| format!("\"{shown}\" is no address"))?;
    let host = uri.host().unwrap_or_default();
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || inner.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if loopback => Ok(uri),
        _ => Err(format!("\"{shown}\" is neither https:// nor on this machine")),
    }
}

fn authority(uri: &Uri) -> String {
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    format!("{}://{}", part(uri.scheme_str()), part(uri.authority().map(|authority| authority.as_str())))
}

/// A name that can only be a name where it becomes a path.
fn plain_name(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 128 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!("the server gives it a name that is none: \"{}\"", name.escape_debug()));
    }
    Ok(name.to_owned())
}

/// Writes what the server sends, and gives it its name once it is whole.
fn keep(
    mut response: Response<ureq::Body>,
    path: &Path,
    name: &str,
    tell: impl Fn(u64, Option<u64>),
) -> Result<(), String> {
    let total = response.body().content_length();
    if total.is_some_and(|total| total > MAX_BYTES) {
        return Err(format!(
            "the server announces {} bytes, and {MAX_BYTES} are the most",
            total.unwrap_or(0)
        ));
    }
    let mut reader = response.body_mut().with_config().limit(MAX_BYTES + 1).reader();
    let mut sum = Context::new(&SHA256);
    let mut done = 0u64;
    let file = whole(path, Readers::All, |out: &mut dyn Write| {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = reader.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            done += read as u64;
            if done > total.unwrap_or(MAX_BYTES) {
                return Err(std::io::Error::other("the server sends more than it announced"));
            }
            sum.update(&chunk[..read]);
            out.write_all(&chunk[..read])?;
            tell(done, total);
        }
        match total {
            Some(total) if total != done => {
                Err(std::io::Error::other(format!("{done} of {total} bytes came")))
            }
            _ => Ok(()),
        }
    });
    let file = file.map_err(|error| error.to_string())?;
    // The hub names large files by their SHA-256.
    let found: String = sum.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let is_sum = name.len() == found.len() && name.chars().all(|c| c.is_ascii_hexdigit());
    if is_sum && !name.eq_ignore_ascii_case(&found) {
        return Err("its bytes are not those that its checksum is of".to_owned());
    }
    file.persist(path).map(drop).map_err(|error| format!("{}: {}", path.display(), error.error))
}

/// A link as the hub's tools make it, where there are links; else a copy.
fn link(target: &Path, pointer: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let depth = pointer.ancestors().skip(1).take_while(|above| !target.starts_with(above)).count();
        let common = pointer.ancestors().nth(depth + 1).unwrap_or(Path::new(""));
        let rest = target.strip_prefix(common).unwrap_or(target);
        let relative: PathBuf = std::iter::repeat_n(Path::new(".."), depth).chain([rest]).collect();
        std::os::unix::fs::symlink(relative, pointer)
    }
    #[cfg(not(unix))]
    fs::copy(target, pointer).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_addresses_are_safe() {
        for name in ["abc123", "model.onnx-1", "0123456789abcdef"] {
            assert_eq!(plain_name(name).as_deref(), Ok(name));
        }
        for name in
            ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "a b", "x\u{1b}[2J", &"x".repeat(129)]
        {
            assert!(plain_name(name).is_err(), "{name}");
        }
        for address in
            ["https://huggingface.co/a", "http://127.0.0.1:80/a", "http://localhost/a", "http://[::1]:9/a"]
        {
            assert!(trusted(address).is_ok(), "{address}");
        }
        for address in [
            "http://huggingface.co",
            "file:///etc/passwd",
            "ftp://127.0.0.1",
            "http://127.0.0.1.evil.example/",
            "nonsense",
            "http://localhost@evil.example/",
        ] {
            assert!(trusted(address).is_err(), "{address}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let (blob, pointer) =
            (folder.path().join("blobs/x"), folder.path().join("snapshots/c/onnx/model.onnx"));
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::create_dir_all(pointer.parent().unwrap()).unwrap();
        fs::write(&blob, "bytes").unwrap();
        link(&blob, &pointer).unwrap();
        assert_eq!(fs::read(&pointer).unwrap(), b"bytes");
        assert!(fs::read_link(&pointer).unwrap().is_relative());
    }
}
