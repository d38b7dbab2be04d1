//! `faqbot calibrate`: confidence and thresholds fitted to labelled queries.

use std::io::Write;

use anyhow::{Result, bail};
use faqbot::Bot;
use faqbot::quality::calibration::{self, Interval, Measured};
use faqbot::quality::calibration_file::CalibrationFile;

use super::labelled;
use crate::args::CalibrateArgs;
use crate::config::Settings;
use crate::output::progress::EmbeddingBar;
use crate::output::style::{BOLD, styled};

/// `faqbot calibrate`
pub fn calibrate(settings: &Settings, args: &CalibrateArgs) -> Result<()> {
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
    file.save(&target)?;

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
        Some(_) => writeln!(out, "all weights of the confidence are fitted to these queries\n")?,
        None => writeln!(out, "log odds × {:.3} {:+.3}\n", file.scale, file.shift)?,
    }
    writeln!(out, "{}", styled(BOLD, "Measured on queries that the fit had not seen, with 95 % intervals"))?;
    table(&mut out, &fitted.before, &fitted.measured)?;
    writeln!(out, "\nwritten to {}; used from now on with this FAQ", target.display())?;
    Ok(())
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
