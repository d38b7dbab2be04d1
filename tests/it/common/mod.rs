//! What the program's tests share: a folder of their own, and the program run in it.

pub mod postgres;
pub mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder that is the program's whole world: working directory, home, cache and state.
pub struct World {
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        World { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// The environment that keeps a run inside this world.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"]
            .into_iter()
            .zip(["", "cache", "state", "config"].map(|name| self.path(name)))
            .collect()
    }

    /// The program with these arguments, without the network.
    pub fn faqbot(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("faqbot").expect("the program");
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment())
            .env("FAQBOT_OFFLINE", "1");
        command.args(args);
        command
    }

    /// Runs the program and checks its exit code; on failure shows where and with what.
    #[track_caller]
    pub fn run(&self, args: &[&str], input: impl AsRef<[u8]>, code: i32) -> Run {
        let output = self.faqbot(args).write_stdin(input.as_ref()).output().expect("the program runs");
        let run = Run::new(output);
        assert_eq!(run.code, Some(code), "faqbot {args:?} in {}\n{run:?}", self.folder.path().display());
        run
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    fn new(output: Output) -> Self {
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    pub fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// A file below the project's folder.
pub fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A FAQ that the hash embedder can tell apart.
pub const SHOP: &str = "
title: The shop
greeting: Ask about orders.
fallback: I only know the shop.
entries:
  - id: track
    question: Where is my parcel?
    also: [track my order]
    answer: |
      Open **Orders**:

      - choose the order
      - press *Track*
    source: handbook
    tags: [orders]
  - id: reset-password
    question: How do I reset my password?
    answer: Use the link on the sign-in page.
  - id: reset-device
    question: How do I reset my device?
    answer: Hold the button for ten seconds.
";
