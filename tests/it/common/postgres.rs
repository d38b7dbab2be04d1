//! A PostgreSQL of one's own, where the programs for that are installed.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A database server in a temporary folder, ended with the test.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one; `None`, and says so, where it is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            println!("skipped: PostgreSQL is not installed (Debian: apt install postgresql)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        // It does not run as root, and whoever it runs as reads the folder.
        let _ = Command::new("chmod").arg("755").arg(folder.path()).status();
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder");
        let _ =
            Command::new("chown").arg("-R").arg("postgres").arg(folder.path()).stderr(Stdio::null()).status();
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let postgres = Postgres { folder, programs, port };
        postgres.run("initdb", &["-A", "trust", "-U", "faqbot", "-D", &data.display().to_string()]);
        postgres.up();
        Some(postgres)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("postgres://faqbot@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, again too.
    pub fn up(&self) {
        let folder = self.folder.path();
        let options =
            format!("-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off", self.port, folder.display());
        let (data, log) = (folder.join("data"), folder.join("log"));
        self.run(
            "pg_ctl",
            &[
                "-D",
                &data.display().to_string(),
                "-o",
                &options,
                "-l",
                &log.display().to_string(),
                "-w",
                "start",
            ],
        );
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&self) {
        let data = self.folder.path().join("data");
        self.run("pg_ctl", &["-D", &data.display().to_string(), "-m", "immediate", "stop"]);
    }

    #[track_caller]
    fn run(&self, program: &str, args: &[&str]) {
        let program = self.programs.join(program);
        let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        let mut command = match root {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(&program);
                command
            }
            false => Command::new(&program),
        };
        let done = command.args(args).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(done.is_ok_and(|done| done.success()), "{} {args:?}", program.display());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let program = self.programs.join("pg_ctl");
        let args = ["-D", &data.display().to_string(), "-m", "immediate", "stop"];
        // It may be down already.
        let _ = Command::new("runuser").args(["-u", "postgres", "--"]).arg(&program).args(args).output();
        let _ = Command::new(&program).args(args).output();
    }
}

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file()));
    let mut of_debian: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|found| found.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    of_debian.retain(|folder: &PathBuf| Path::new(folder).join("initdb").is_file());
    of_debian.sort();
    on_path.or(of_debian.pop())
}
