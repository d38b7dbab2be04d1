//! `faqbot calibrate`: confidence and thresholds fitted to labelled queries.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use faqbot::Verdict;
use faqbot::bot::AnyBot;
use faqbot::matching::confidence::Calibration;
use faqbot::quality::calibration::{self, Interval, Measured};
use faqbot::quality::calibration_file::CalibrationFile;
use faqbot::quality::{eval, unlabelled};

use super::labelled;
use crate::config::{Settings, without_name};
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::options::{share, share_not_one};
use crate::output::progress::EmbeddingBar;
use crate::output::style::{BOLD, plain, styled};

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Labelled queries, one JSON object a line: {"query", "expected": id or null}; or a CSV with these columns
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// Questions that were asked, without labels, one a line: estimates how many of them the FAQ answers
    #[arg(long, value_name = "FILE", conflicts_with_all = ["queries", "out_of_scope"], required_unless_present = "queries")]
    pub unlabelled: Option<PathBuf>,
    /// The share of all queries that may get a wrong answer, such as 5% or 0.05
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share_not_one)]
    pub max_wrong: f64,
    /// The share of questions without an answer in the FAQ that you expect, such as 20%, where the
    /// file has another
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub out_of_scope: Option<f64>,
    /// Print what it would give, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `faqbot calibrate`: the exit code, 1 where nothing is written since it would be worse.
pub fn calibrate(settings: &Settings, args: &CalibrateArgs) -> Result<u8> {
    let Some(path) = settings.faq.first().filter(|_| !settings.faq_is_stdin()) else {
        bail!("name your FAQ with --faq: a calibration is kept in a file beside it");
    };
    let target = Target { path: CalibrationFile::path(&without_name(path)), dry_run: args.dry_run };
    match (&args.queries, &args.unlabelled) {
        (Some(queries), _) => with_labels(settings, args, queries, &target),
        (None, Some(questions)) => without_labels(settings, args, questions, &target),
        // The arguments need one of them.
        (None, None) => bail!("name labelled queries with --queries, or questions with --unlabelled"),
    }
}

fn with_labels(settings: &Settings, args: &CalibrateArgs, queries: &Path, target: &Target) -> Result<u8> {
    let (bot, queries) = labelled::load(settings, queries, false)?;
    let replies = ask(&bot, &queries.iter().map(|labelled| &*labelled.query).collect::<Vec<&str>>())?;
    let cases = calibration::cases(&bot, &queries, &replies);
    let count = cases.len();
    let cases = match args.out_of_scope {
        Some(share) => calibration::assume_share(&cases, share)?,
        None => cases,
    };
    let fitted = calibration::fit(&cases, args.max_wrong)?;
    let model = bot.embedder().model();
    let file = CalibrationFile::new(&fitted.calibration, &fitted.policy, model, bot.faq(), count);
    let worse = worse(&fitted.before, &fitted.measured, args.max_wrong);

    // Before anything is printed: whoever reads may leave.
    let kept = if worse.is_none() { Some(target.keep(&file)?) } else { None };
    let mut out = anstream::stdout().lock();
    say_policy(&mut out, &file, count, args.max_wrong)?;
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
    kept.map_or(Ok(()), |kept| target.say(&mut out, kept))?;
    Ok(ANSWERED)
}

fn without_labels(
    settings: &Settings,
    args: &CalibrateArgs,
    questions: &Path,
    target: &Target,
) -> Result<u8> {
    let questions = eval::load_questions(questions)?;
    if !args.dry_run && CalibrationFile::load(&target.path)?.is_some_and(|file| file.labelled) {
        bail!(
            "{} was fitted to labels, which say more than their absence: to do without them, delete it first (or look \
             with --dry-run)",
            target.path.display()
        );
    }
    let bot = labelled::bot(settings, false)?;
    let model = bot.embedder().model();
    if Calibration::shipped(model).is_none() {
        bail!(
            "the model {model} has no confidence of its own yet: calibrate it with labelled queries first (--queries)"
        );
    }
    let replies = ask(&bot, &questions.iter().map(String::as_str).collect::<Vec<&str>>())?;
    let logits = unlabelled::logits(&bot, &replies);
    let Some(found) = unlabelled::estimate(&logits, args.max_wrong) else {
        bail!(
            "{} questions are too few: at least {} are needed (phrasings of the FAQ itself do not count); nothing was \
             changed",
            logits.len(),
            calibration::MIN_QUERIES
        );
    };
    let file =
        CalibrationFile::new(&found.calibration, &found.policy, model, bot.faq(), logits.len()).unlabelled();
    let kept = target.keep(&file)?;
    let mut out = anstream::stdout().lock();
    say_policy(&mut out, &file, logits.len(), args.max_wrong)?;
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let [odd, even] = found.halves.map(percent);
    writeln!(
        out,
        "the nearest entry is right for about {} of the questions (by either half of them {odd} and {even}); where the \
         confidence was fitted it was {}",
        percent(found.share),
        percent(found.before)
    )?;
    if !found.reachable {
        writeln!(out, "that share cannot be had with these questions: this is the most careful policy")?;
    }
    let [before, now] = found.promised.map(|promised| {
        format!("answered {}, wrong {:.1} %", percent(promised.answered), 100.0 * promised.wrong)
    });
    writeln!(out, "as the confidences promise, of all: {before} with what ships; {now} with this")?;
    writeln!(out, "no label says whether that holds: with labelled queries, `faqbot eval` measures it")?;
    target.say(&mut out, kept)?;
    Ok(ANSWERED)
}

fn ask(bot: &AnyBot, questions: &[&str]) -> Result<Vec<Verdict>> {
    let mut progress = EmbeddingBar::new(questions.len());
    Ok(bot.verdicts(questions, AnyBot::MATCHES, &mut |done| progress.at(done))?)
}

fn say_policy(out: &mut impl Write, file: &CalibrationFile, count: usize, max_wrong: f64) -> Result<()> {
    writeln!(out, "{count} queries; at most {:.1} % of all may get a wrong answer", max_wrong * 100.0)?;
    writeln!(
        out,
        "answers need a confidence of {:.2}; from {:.2} on the bot asks back",
        file.min_confidence, file.ask_confidence
    )?;
    Ok(())
}

/// Where a calibration is kept, if it is.
struct Target {
    path: PathBuf,
    dry_run: bool,
}

/// What became of the file.
#[derive(Clone, Copy)]
enum Kept {
    /// Written, where there was none.
    New,
    /// Written, the one before put aside.
    Replaced,
    /// Nothing is to be written.
    DryRun,
}

impl Target {
    fn aside(&self) -> PathBuf {
        self.path.with_extension("json.bak")
    }

    fn keep(&self, file: &CalibrationFile) -> Result<Kept> {
        if self.dry_run {
            return Ok(Kept::DryRun);
        }
        let had_one = self.path.exists();
        if had_one {
            let aside = self.aside();
            fs::copy(&self.path, &aside).with_context(|| aside.display().to_string())?;
        }
        file.save(&self.path)?;
        Ok(if had_one { Kept::Replaced } else { Kept::New })
    }

    fn say(&self, out: &mut impl Write, kept: Kept) -> Result<()> {
        let shown = |path: &Path| plain(&path.display().to_string());
        match kept {
            Kept::DryRun => {
                writeln!(out, "\nnot written: --dry-run")?;
                return Ok(());
            }
            Kept::New => writeln!(out, "\nto undo, delete the file")?,
            Kept::Replaced => {
                writeln!(
                    out,
                    "\nthe calibration before is {}: to undo, rename it back",
                    shown(&self.aside())
                )?;
            }
        }
        writeln!(out, "written to {}; used from now on with this FAQ", shown(&self.path))?;
        Ok(())
    }
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
