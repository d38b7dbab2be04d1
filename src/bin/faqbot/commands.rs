//! The commands that are not the chat.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result};
use clap::CommandFactory;
use faqbot::embed::fastembed::{BUNDLED, catalogue};
use faqbot::{Bot, Embedder, Reply};

use crate::args::{AskArgs, CacheAction, Cli};
use crate::config::Settings;
use crate::render::{self, width};
use crate::setup::{AnyBot, load_bot, warn};
use crate::wire::ReplyJson;
use crate::{ANSWERED, NOT_ANSWERED};

/// Queries read before they are embedded together.
const BATCH: usize = 256;

/// `faqbot ask`: the exit code.
pub fn ask(settings: &Settings, args: &AskArgs) -> Result<u8> {
    let bot = load_bot(settings)?;
    let count = args.top.unwrap_or(Bot::<Box<dyn Embedder>>::MATCHES);
    if args.query.is_empty() {
        ask_lines(&bot, args, count)?;
        return Ok(ANSWERED);
    }
    let reply = bot.ask_for(&args.query.join(" "), count)?;
    let mut out = anstream::stdout().lock();
    if args.json {
        write_json(&mut out, &bot, &reply)?;
    } else {
        write_text(&mut out, &bot, &reply, args)?;
    }
    out.flush()?;
    Ok(if reply.answer().is_some() { ANSWERED } else { NOT_ANSWERED })
}

/// One query a line: replies in the same order, each as soon as its batch is done.
fn ask_lines(bot: &AnyBot, args: &AskArgs, count: usize) -> Result<()> {
    let stdin = io::stdin();
    let live = stdin.is_terminal();
    if live {
        anstream::eprintln!("One question a line; Ctrl-D ends.");
    }
    let mut input = stdin.lock();
    let mut line_number = 0;
    loop {
        // A person waits for each reply; a pipe is read ahead.
        let size = if live { 1 } else { BATCH };
        let mut queries: Vec<String> = Vec::new();
        let mut bytes = Vec::new();
        while queries.len() < size {
            bytes.clear();
            if input.read_until(b'\n', &mut bytes).context("standard input")? == 0 {
                break;
            }
            line_number += 1;
            let line = String::from_utf8_lossy(&bytes);
            if matches!(line, std::borrow::Cow::Owned(_)) {
                warn(&format!(
                    "standard input:{line_number}: not UTF-8; the bytes that are not are left out"
                ));
            }
            queries.push(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        if queries.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = queries.iter().map(String::as_str).collect();
        let mut out = anstream::stdout().lock();
        for reply in bot.ask_all(&texts, count, &mut |_| ())? {
            if args.json {
                write_json(&mut out, bot, &reply)?;
            } else {
                writeln!(
                    out,
                    "{}",
                    render::styled(render::BOLD, &format!("> {}", render::plain(&reply.query)))
                )?;
                write_text(&mut out, bot, &reply, args)?;
                writeln!(out)?;
            }
        }
        out.flush()?;
    }
}

fn write_json(out: &mut impl Write, bot: &AnyBot, reply: &Reply) -> Result<()> {
    serde_json::to_writer(&mut *out, &ReplyJson::new(bot, reply))?;
    writeln!(out)?;
    Ok(())
}

fn write_text(out: &mut impl Write, bot: &AnyBot, reply: &Reply, args: &AskArgs) -> Result<()> {
    write!(out, "{}", render::reply(bot, reply, width()))?;
    if let Some(count) = args.top {
        write!(out, "\n{}", render::matches(bot, &reply.matches[..count.min(reply.matches.len())]))?;
    }
    if args.explain {
        write!(out, "\n{}", render::why(bot, reply))?;
    }
    out.flush()?;
    let confidence = render::confidence(reply, bot.setup());
    if !confidence.is_empty() {
        anstream::eprintln!("{confidence}");
    }
    Ok(())
}

/// `faqbot models`
pub fn models(settings: &Settings) -> Result<()> {
    let mut rows = vec![["NAME", "DIM", "SIZE", "LANGUAGES", "WHERE"].map(str::to_owned)];
    if cfg!(feature = "bundled-model") {
        rows.push([BUNDLED, "384", "23.6 MB", "English", "in the program (the default)"].map(str::to_owned));
    }
    for model in catalogue(&settings.hub) {
        rows.push([
            model.name,
            model.dimension.to_string(),
            model.bytes.map_or("-".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6)),
            model.languages.unwrap_or("-").to_owned(),
            format!("{}{}", if model.bytes.is_some() { "cached: " } else { "hub: " }, model.repository),
        ]);
    }
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut out = anstream::stdout().lock();
    for [name, dimension, size, languages, place] in &rows {
        writeln!(
            out,
            "{name:<0$}  {dimension:>1$}  {size:>2$}  {languages:<3$}  {place}",
            widths[0], widths[1], widths[2], widths[3]
        )?;
    }
    Ok(())
}

/// `faqbot cache`
pub fn cache(settings: &Settings, action: CacheAction) -> Result<()> {
    let folder = settings.cache_dir.as_deref().context(
        "there is no cache folder: neither HOME nor XDG_CACHE_HOME is set; name one with --cache-dir",
    )?;
    match action {
        CacheAction::Path => writeln!(io::stdout(), "{}", folder.display())?,
        CacheAction::Clear => {
            let (files, bytes) = faqbot::storage::cache_folder::clear(folder)?;
            anstream::eprintln!("removed {files} files, {:.1} MB", bytes as f64 / 1e6);
        }
    }
    Ok(())
}

/// `faqbot completions`
pub fn completions(shell: clap_complete::Shell) -> Result<()> {
    // Into memory first: the generator panics where the reader has left.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "faqbot", &mut script);
    io::stdout().write_all(&script)?;
    Ok(())
}
