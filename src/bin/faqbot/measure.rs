//! `faqbot eval` and `faqbot calibrate`.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use faqbot::faq::Answers;
use faqbot::quality::calibration::{self, Interval, Measured};
use faqbot::quality::calibration_file::CalibrationFile;
use faqbot::quality::eval::{self, Failure, LabelledQuery, Report};
use faqbot::{Bot, Faq};

use crate::args::{CalibrateArgs, EvalArgs};
use crate::config::Settings;
use crate::render::{self, BOLD, DIM, plain, styled};
use crate::setup::{self, AnyBot, Embedding, warn};
use crate::{ANSWERED, NOT_ANSWERED, plot};

/// Confused pairs that are shown.
const PAIRS: usize = 15;

/// A FAQ to measure: answers are not needed for that.
fn load_faq(settings: &Settings) -> Result<Faq> {
    let faq = setup::load_faq(settings, Answers::Optional)?;
    let without = faq.entries.iter().filter(|entry| entry.answer.is_empty()).count();
    if without > 0 && without < faq.entries.len() {
        warn(&format!("{without} entries have no answer: they are measured, but a chat leaves them out"));
    }
    Ok(faq)
}

/// The queries, and the bot to ask them: as it would answer in a chat, or as it ships, without the
/// calibration beside the FAQ.
fn load(settings: &Settings, queries: &Path, calibrated: bool) -> Result<(AnyBot, Vec<LabelledQuery>)> {
    let faq = load_faq(settings)?;
    let queries = eval::load_queries(queries)?;
    let unknown = eval::unknown_ids(&faq, &queries);
    if !unknown.is_empty() {
        let some = unknown[..unknown.len().min(5)].join(", ");
        bail!("{} expected ids are not in {}: {some}", unknown.len(), setup::faq_name(settings));
    }
    Ok((setup::bot(settings, faq, setup::load_embedder(settings)?, calibrated)?, queries))
}

/// A kind of image.
#[derive(Clone, Copy)]
enum Plot {
    Svg,
    Png,
}

fn plot_kind(path: &Path) -> Result<Plot> {
    match path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref() {
        Some("svg") => Ok(Plot::Svg),
        Some("png") => Ok(Plot::Png),
        _ => bail!("--plot {}: name a file that ends in .svg or .png", path.display()),
    }
}

/// `faqbot eval`: the exit code, 1 where a floor or the comparison fails.
pub fn eval(settings: &Settings, args: &EvalArgs) -> Result<u8> {
    // Before the work, so that a slip costs no minute.
    let plot = args.plot.as_deref().map(|path| plot_kind(path).map(|kind| (path, kind))).transpose()?;
    let before: Option<Report> = args.compare.as_deref().map(read_report).transpose()?;
    let (bot, queries) = load(settings, &args.queries, true)?;
    let mut progress = Embedding::new(queries.len());
    let report = eval::evaluate(&bot, &queries, &mut |done| progress.at(done))?;
    drop(progress);

    let mut out = anstream::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", text(&report))?;
    }
    out.flush()?;
    if let Some((path, kind)) = plot {
        let image = match kind {
            Plot::Svg => plot::svg(&report).into_bytes(),
            Plot::Png => plot::png(&report)?,
        };
        fs::write(path, image).with_context(|| path.display().to_string())?;
    }

    let mut failed = Vec::new();
    let mut floor = |name: &str, value: f64, least: Option<f64>| {
        if least.is_some_and(|least| value < least) {
            failed.push(format!("{name} is {value:.3}, below {:.3}", least.unwrap_or_default()));
        }
    };
    if report.in_scope > 0 {
        floor("in-scope accuracy", report.in_scope_accuracy, args.min_accuracy);
        floor("top-1", report.top1, args.min_top1);
    }
    if report.out_of_scope > 0 {
        floor("out-of-scope recall", report.out_of_scope_recall, args.min_recall);
    }
    if let Some(most) = args.max_wrong.filter(|&most| report.wrong_answer_rate > most) {
        failed.push(format!("wrong-answer rate is {:.3}, above {most:.3}", report.wrong_answer_rate));
    }
    if let Some(before) = &before {
        let queries = |report: &Report| (report.in_scope, report.out_of_scope);
        if queries(before) != queries(&report) {
            warn(&format!(
                "the reports are of other queries: {:?} and {:?} in and out of scope",
                queries(before),
                queries(&report)
            ));
        }
        if before.model != report.model {
            warn(&format!("the reports are of two models: {} and {}", before.model, report.model));
        }
        failed.extend(eval::regressions(before, &report, args.tolerance));
    }
    for line in &failed {
        anstream::eprintln!("{} {line}", styled(render::ERROR_LABEL, "worse:"));
    }
    Ok(if failed.is_empty() { ANSWERED } else { NOT_ANSWERED })
}

fn read_report(path: &Path) -> Result<Report> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text)
        .with_context(|| format!("{}: not a report of `faqbot eval --json`", path.display()))
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let percent = |share: f64| format!("{:>6.1} %", share * 100.0);
    let optional = |value: Option<f64>| value.map_or("     -".to_owned(), |value| format!("{value:>6.3}"));
    line(format!(
        "{} queries: {} in scope, {} out of scope",
        report.in_scope + report.out_of_scope,
        report.in_scope,
        report.out_of_scope
    ));
    line(format!("{}  right entry first, of those in scope", percent(report.top1)));
    line(format!(
        "{}  answered rightly, of those in scope (in-scope accuracy)",
        percent(report.in_scope_accuracy)
    ));
    line(format!(
        "{}  not answered, of those out of scope (out-of-scope recall)",
        percent(report.out_of_scope_recall)
    ));
    line(format!("{}  wrong answers, of all", percent(report.wrong_answer_rate)));
    line(format!("{}  answered, of all (coverage)", percent(report.coverage)));
    line(format!(
        "{}  asked back, of all; {:.1} % of these hold the right entry",
        percent(report.ask_rate),
        report.ask_holds_right * 100.0
    ));
    let of = if report.calibrated { "confidence" } else { "cosine" };
    line(format!("{}    AUROC of the {of}, right entry first against the rest", optional(report.auroc)));
    line(format!("{}    expected calibration error", optional(report.calibration_error)));

    if report.calibrated {
        line(format!("\n{}", styled(BOLD, "Reliability")));
        line("confidence    queries   mean   right".into());
        for row in report.reliability.iter().filter(|row| row.count > 0) {
            line(format!(
                "{:.1} to {:.1}    {:>7}  {:.3}   {:.3}",
                row.from,
                row.from + 0.1,
                row.count,
                row.confidence,
                row.accuracy
            ));
        }
    }
    line(format!("\n{}", styled(BOLD, "Risk and coverage")));
    line(format!("{of:<10} answered   wrong of these"));
    for row in &report.risk_coverage {
        line(format!(
            "≥ {:<8.3} {:>6.1} %   {:>6.1} %",
            row.threshold,
            row.coverage * 100.0,
            row.risk * 100.0
        ));
    }
    if !report.confused.is_empty() {
        line(format!("\n{}", styled(BOLD, "Most confused")));
        for pair in report.confused.iter().take(PAIRS) {
            line(format!("{:>4}  {} taken for {}", pair.count, plain(&pair.expected), plain(&pair.given)));
        }
    }
    if !report.failures.is_empty() {
        line(format!("\n{}", styled(BOLD, &format!("Failures ({})", report.failures.len()))));
        for Failure { query, expected, outcome, given, cosine, score, confidence } in &report.failures {
            let number = |value: &Option<f32>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
            line(faqbot::faq::abridge(&plain(query), 100));
            line(styled(
                DIM,
                &format!(
                    "    {outcome}, expected {}, first {} (confidence {}, score {}, cosine {})",
                    plain(expected.as_deref().unwrap_or("none")),
                    plain(given.as_deref().unwrap_or("none")),
                    number(confidence),
                    number(score),
                    number(cosine)
                ),
            ));
        }
    }
    out
}

/// `faqbot calibrate`
pub fn calibrate(settings: &Settings, args: &CalibrateArgs) -> Result<()> {
    let Some(path) = settings.faq.first() else {
        bail!("name your FAQ with --faq: a calibration is kept in a file beside it");
    };
    let target = CalibrationFile::path(path);
    let (bot, queries) = load(settings, &args.queries, false)?;
    let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
    let mut progress = Embedding::new(queries.len());
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
