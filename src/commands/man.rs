//! `faqbot man`: a man page for each command.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap_mangen::Man;
use faqbot::storage::files::{self, Existing};

use crate::output::messages::note;
use crate::output::style::{count, plain};
use crate::parse;

/// `faqbot man`
pub fn man(folder: Option<&Path>) -> Result<()> {
    let mut command = parse::command();
    command.build();
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        io::stdout().write_all(&page)?;
        return Ok(());
    };
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let written = write(&command, folder)?;
    note(&format!("{} in {}", count(written, "page", "pages"), plain(&folder.display().to_string())));
    Ok(())
}

/// Writes the page of a command and those of the commands below it: how many.
fn write(command: &clap::Command, folder: &Path) -> Result<usize> {
    // Once a command is built, this is its whole name: `faqbot-cache-clear`.
    let name = command.get_display_name().unwrap_or(command.get_name());
    let page = Man::new(command.clone());
    files::write(&folder.join(format!("{name}.1")), Existing::Replace, |out| page.render(out))?;
    let below: Result<Vec<usize>> = command.get_subcommands().map(|below| write(below, folder)).collect();
    Ok(1 + below?.into_iter().sum::<usize>())
}
