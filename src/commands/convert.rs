//! `faqbot convert`: a FAQ in another format.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use faqbot::faq::format::FORMATS;
use faqbot::faq::{Answers, Format};
use faqbot::storage::files::{self, Existing};

use crate::config::Settings;
use crate::options::format_named;
use crate::output::messages::{note, say_files, say_merged, say_skipped, warn};
use crate::output::style::plain;
use crate::setup;

#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// FAQ files or folders, read as one FAQ (default: as --faq)
    pub input: Vec<PathBuf>,
    /// The file to write; its ending says the format. `-` is standard output
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    pub output: PathBuf,
    /// The format to write, where the ending does not say it (default on standard output: yaml)
    #[arg(long, value_name = "NAME", value_parser = format_named(Format::is_written))]
    pub to: Option<&'static Format>,
    /// Replace OUT if it is there
    #[arg(long)]
    pub force: bool,
}

/// `faqbot convert`
pub fn convert(settings: &Settings, args: &ConvertArgs) -> Result<()> {
    let to_stdout = args.output == Path::new("-");
    let format = match args.to {
        Some(format) => format,
        None if to_stdout => Format::named("yaml").context("YAML is written")?,
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
    say_skipped(&loaded);
    say_merged(&loaded);
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
    say_files(&loaded);
    if !to_stdout {
        let path = args.output.display().to_string();
        note(&format!("written to {} as {}", plain(&path), format.title));
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
