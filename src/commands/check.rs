//! `faqbot check`: what will make the bot answer wrongly.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use faqbot::RowError;
use faqbot::faq::{Answers, Loaded};
use faqbot::quality::check::{self, Collision, Finding, Level};
use serde::Serialize;

use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::output::messages::{say_files, say_merged, say_skipped};
use crate::output::progress::CheckingBar;
use crate::output::style::{BOLD, DIM, FAIR_LABEL, count, plain, styled};
use crate::setup;

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// FAQ files or folders, read as one FAQ (default: as --faq)
    pub input: Vec<PathBuf>,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 for hints and skipped rows as well
    #[arg(long)]
    pub strict: bool,
}

/// `faqbot check`: the exit code, 1 where there is something to fix.
pub fn check(settings: &Settings, args: &CheckArgs) -> Result<u8> {
    let input = if args.input.is_empty() { &settings.faq } else { &args.input };
    // An entry without an answer is a finding here, with its advice, rather than a skipped row.
    let loaded = setup::read(settings, input, Answers::Optional)?;
    let embedder = setup::load_embedder(settings)?;
    let mut progress = CheckingBar::new(loaded.faq.phrasing_count());
    let findings = check::check(&loaded.faq, &embedder, embedder.reader(), &mut |done| progress.at(done))?;
    drop(progress);

    let mut out = anstream::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &CheckJson::new(&loaded, &findings))?;
        writeln!(out)?;
    } else {
        write_text(&mut out, &loaded, &findings)?;
    }
    out.flush()?;
    if !args.json {
        say_skipped(&loaded);
        say_merged(&loaded);
    }
    say_files(&loaded);
    let fix = findings.iter().any(|finding| finding.level == Level::Fix);
    let any = !findings.is_empty() || !loaded.skipped.is_empty();
    Ok(if fix || (args.strict && any) { NOT_ANSWERED } else { ANSWERED })
}

fn write_text(out: &mut impl Write, loaded: &Loaded, findings: &[Finding]) -> Result<()> {
    /// Ids that are shown of a finding.
    const IDS: usize = 5;
    for finding in findings {
        let label = match finding.level {
            Level::Fix => styled(FAIR_LABEL, "fix"),
            Level::Hint => styled(BOLD, "hint"),
        };
        let (path, line) = loaded.place(finding.entries[0]);
        writeln!(out, "{label} {}:{line}: {}", plain(&path.display().to_string()), plain(&finding.message))?;
        let mut ids: Vec<&str> =
            finding.entries.iter().take(IDS).map(|&entry| loaded.faq.entries[entry].id.as_str()).collect();
        let more = format!("and {} more", finding.entries.len().saturating_sub(IDS));
        if finding.entries.len() > IDS {
            ids.push(&more);
        }
        writeln!(out, "     {}", plain(finding.kind.advice()))?;
        writeln!(out, "     {}", styled(DIM, &plain(&ids.join(", "))))?;
    }
    let of = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    writeln!(
        out,
        "{}, {}: {} to fix, {}",
        count(loaded.faq.entries.len(), "entry", "entries"),
        count(loaded.faq.phrasing_count(), "phrasing", "phrasings"),
        of(Level::Fix),
        count(of(Level::Hint), "hint", "hints")
    )?;
    Ok(())
}

/// What `faqbot check --json` prints.
#[derive(Serialize)]
struct CheckJson<'l> {
    entries: usize,
    phrasings: usize,
    skipped: Vec<RowJson<'l>>,
    merged: Vec<RowJson<'l>>,
    notes: Vec<RowJson<'l>>,
    findings: Vec<FindingJson<'l>>,
}

#[derive(Serialize)]
struct RowJson<'l> {
    file: String,
    line: usize,
    reason: &'l str,
}

#[derive(Serialize)]
struct FindingJson<'l> {
    kind: check::Kind,
    level: Level,
    file: String,
    line: usize,
    ids: Vec<&'l str>,
    message: &'l str,
    advice: &'static str,
    #[serde(skip_serializing_if = "<[Collision]>::is_empty")]
    collisions: &'l [Collision],
}

impl<'l> CheckJson<'l> {
    fn new(loaded: &'l Loaded, findings: &'l [Finding]) -> Self {
        let rows = |rows: &'l [RowError]| -> Vec<RowJson<'l>> {
            let row = |row: &'l RowError| RowJson {
                file: row.path.display().to_string(),
                line: row.line,
                reason: &row.reason,
            };
            rows.iter().map(row).collect()
        };
        let finding = |finding: &'l Finding| {
            let (path, line) = loaded.place(finding.entries[0]);
            FindingJson {
                kind: finding.kind,
                level: finding.level,
                file: path.display().to_string(),
                line,
                ids: finding.entries.iter().map(|&entry| loaded.faq.entries[entry].id.as_str()).collect(),
                message: &finding.message,
                advice: finding.kind.advice(),
                collisions: &finding.collisions,
            }
        };
        CheckJson {
            entries: loaded.faq.entries.len(),
            phrasings: loaded.faq.phrasing_count(),
            skipped: rows(&loaded.skipped),
            merged: rows(&loaded.merged),
            notes: rows(&loaded.notes),
            findings: findings.iter().map(finding).collect(),
        }
    }
}
