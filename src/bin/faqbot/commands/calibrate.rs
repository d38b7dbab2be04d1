//! `faqbot calibrate`: confidence and thresholds fitted to labelled queries.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use faqbot::Bot;
use faqbot::quality::calibration::{self, Interval, Measured};
use faqbot::quality::calibration_file::CalibrationFile;

use super::labelled;
use crate::args::CalibrateArgs;
use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::output::progress::EmbeddingBar;
use crate::output::style::{BOLD, plain, styled};

/// `faqbot calibrate`: the exit code, 1 where nothing is written since it would be worse.
pub fn calibrate(settings: &Settings, args: &CalibrateArgs) -> Result<u8> {
    let Some(path) = settings.faq.first().filter(|_| !settings.faq_is_stdin()) else {
        bail!("name your FAQ with --faq: a calibration is kept in a file beside it");
    };
    let target = CalibrationFile::path(path);
    let (bot, queries) = labelled::load(settings, &args.queries, false)?;
    let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
    let mut progress = EmbeddingBar::new(queries.len());
    let replies =
        bot.ask_all(&texts, Bot::<Box<dyn faqbot::Embedder>>::MATCHES, &mut |done| progress.at(done))?;
    drop(progress);
    let cases = calibration::cases(&bot, &queries, &replies);
    let count = cases.len();
    let cases = match args.out_of_scope {
        Some(share) => calibration::assume_share(&cases, share)?,
        None => cases,
    };
    let fitted = calibration::fit(&cases, args.max_wrong)?;
    let file = CalibrationFile::new(&fitted, bot.embedder().model(), bot.faq(), count);
    let worse = worse(&fitted.before, &fitted.measured, args.max_wrong);

    // Before anything is printed: whoever reads may leave.
    let writes = worse.is_none() && !args.dry_run;
    let before = target.with_extension("json.bak");
    let had_one = target.exists();
    if writes {
        if had_one {
            fs::copy(&target, &before).with_context(|| before.display().to_string())?;
        }
        file.save(&target)?;
    }

    let mut out = anstream::stdout().lock();
    writeln!(
        out,
        "{} queries; at most {:.1} % of all may get a wrong answer",
        count,
        args.max_wrong * 100.0
    )?;
    writeln!(
        out,
        "answers need a confidence of {:.2}; from {:.2} on the bot asks back",
        file.min_confidence, file.ask_confidence
    )?;
    if !fitted.reachable {
        writeln!(out, "that share cannot be had with these queries: this is the most careful policy")?;
    }
    match file.weights {
        Some(_) => writeln!(out, "all weights are fitted to these queries\n")?,
        None => writeln!(out, "log odds × {:.3} {:+.3}\n", file.scale, file.shift)?,
    }
    writeln!(out, "{}", styled(BOLD, "Measured on queries that the fit had not seen, with 95 % intervals"))?;
    table(&mut out, &fitted.before, &fitted.measured)?;
    if let Some(reason) = worse {
        writeln!(out, "\nnot written, since it is worse: {reason}; more labelled queries help")?;
        return Ok(NOT_ANSWERED);
    }
    if args.dry_run {
        writeln!(out, "\nnot written: --dry-run")?;
        return Ok(ANSWERED);
    }
    let shown = |path: &Path| plain(&path.display().to_string());
    if had_one {
        writeln!(out, "\nthe calibration before is {}: to undo, rename it back", shown(&before))?;
    } else {
        writeln!(out, "\nto undo, delete the file")?;
    }
    writeln!(out, "written to {}; used from now on with this FAQ", shown(&target))?;
    Ok(ANSWERED)
}

/// Why what was fitted is worse than what there was, by cross-validation; `None` where it is not.
fn worse(before: &Measured, now: &Measured, max_wrong: f64) -> Option<String> {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let (wrong, was) = (now.wrong_answers.value, before.wrong_answers.value);
    let (answered, answered_before) = (now.coverage.value, before.coverage.value);
    if wrong > was.max(max_wrong) {
        return Some(format!("wrong answers {} of all, {} before", percent(wrong), percent(was)));
    }
    // What was careful enough already is not to answer less for it.
    if was <= max_wrong && answered < answered_before && wrong >= was {
        return Some(format!("answered {} of all, {} before", percent(answered), percent(answered_before)));
    }
    None
}

fn table(out: &mut impl Write, before: &Measured, now: &Measured) -> Result<()> {
    let share = |interval: Option<Interval>| {
        interval.map_or("-".to_owned(), |Interval { value, low, high }| {
            format!("{value:.3} ({low:.3} to {high:.3})")
        })
    };
    writeln!(out, "{:<32}{:<26}now", "", "before")?;
    for (name, before, now) in [
        ("wrong answers, of all", Some(before.wrong_answers), Some(now.wrong_answers)),
        ("answered, of all", Some(before.coverage), Some(now.coverage)),
        ("expected calibration error", before.calibration_error, now.calibration_error),
        ("AUROC, right against the rest", before.auroc, now.auroc),
    ] {
        writeln!(out, "{name:<32}{:<26}{}", share(before), share(now))?;
    }
    Ok(())
}
