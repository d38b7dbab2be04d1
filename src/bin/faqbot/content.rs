//! The commands on a FAQ's content: `faqbot convert` and `faqbot check`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use faqbot::RowError;
use faqbot::faq::format::FORMATS;
use faqbot::faq::{Answers, Format, Loaded};
use faqbot::quality::check::{self, Collision, Finding, Level};
use faqbot::storage::files::{self, Existing};
use serde::Serialize;

use crate::args::{CheckArgs, ConvertArgs};
use crate::config::Settings;
use crate::render::{BOLD, DIM, FAIR_LABEL, plain, styled};
use crate::setup::{self, Embedding, count, warn};
use crate::{ANSWERED, NOT_ANSWERED};

/// `faqbot convert`
pub fn convert(settings: &Settings, args: &ConvertArgs) -> Result<()> {
    let to_stdout = args.output == Path::new("-");
    let format = match args.to {
        Some(format) => format,
        None if to_stdout => bail!("--output - does not say the format; name it with --to ({})", written()),
        None => Format::to_write(&args.output).with_context(|| {
            format!(
                "{}: no format to write has this ending; name one with --to ({})",
                args.output.display(),
                written()
            )
        })?,
    };
    // Before the work: reading may take a while.
    if !to_stdout && !args.force && args.output.exists() {
        bail!("{} is there already; --force replaces it", args.output.display());
    }
    let input = if args.input.is_empty() { &settings.faq } else { &args.input };
    let loaded = setup::read(settings, input, Answers::Required)?;
    setup::say_skipped(&loaded);
    setup::say_merged(&loaded);
    let lost = format.lost(&loaded.faq);
    if !lost.is_empty() {
        warn(&format!("{} has no place for {}: left out", format.title, lost.join(", ")));
    }
    if to_stdout {
        let mut out = anstream::stdout().lock();
        format.write(&loaded.faq, &mut out)?;
        out.flush()?;
    } else {
        let existing = if args.force { Existing::Replace } else { Existing::Keep };
        files::write(&args.output, existing, |out| format.write(&loaded.faq, out))?;
    }
    setup::say_files(&loaded);
    if !to_stdout {
        let path = args.output.display().to_string();
        anstream::eprintln!("written to {} as {}", plain(&path), format.title);
    }
    Ok(())
}

/// The formats that are written, for a message.
fn written() -> String {
    FORMATS
        .iter()
        .filter(|format| format.is_written())
        .map(|format| format.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `faqbot check`: the exit code, 1 where there is something to mend.
pub fn check(settings: &Settings, args: &CheckArgs) -> Result<u8> {
    let input = if args.input.is_empty() { &settings.faq } else { &args.input };
    // An entry without an answer is a finding here, with its advice, rather than a skipped row.
    let loaded = setup::read(settings, input, Answers::Optional)?;
    let embedder = setup::load_embedder(settings)?;
    let mut progress = Embedding::new(loaded.faq.phrasing_count());
    let findings = check::check(&loaded.faq, &embedder, &mut |done| progress.at(done))?;
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
        setup::say_skipped(&loaded);
        setup::say_merged(&loaded);
    }
    setup::say_files(&loaded);
    let mend = findings.iter().any(|finding| finding.level == Level::Mend);
    let any = !findings.is_empty() || !loaded.skipped.is_empty();
    Ok(if mend || (args.strict && any) { NOT_ANSWERED } else { ANSWERED })
}

fn write_text(out: &mut impl Write, loaded: &Loaded, findings: &[Finding]) -> Result<()> {
    /// Ids that are shown of a finding.
    const IDS: usize = 5;
    for finding in findings {
        let label = match finding.level {
            Level::Mend => styled(FAIR_LABEL, "mend"),
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
        "{}, {}: {} to mend, {}",
        count(loaded.faq.entries.len(), "entry", "entries"),
        count(loaded.faq.phrasing_count(), "phrasing", "phrasings"),
        of(Level::Mend),
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
