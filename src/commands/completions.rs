//! `faqbot completions`: scripts for shells.

use std::io::{self, Write};

use anyhow::Result;

use crate::parse;

/// `faqbot completions`
pub fn completions(shell: clap_complete::Shell) -> Result<()> {
    // Into memory first: the generator panics where the reader has left.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut parse::command(), "faqbot", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
