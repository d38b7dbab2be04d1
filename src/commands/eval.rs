//! `faqbot eval`: how well labelled queries are answered.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use faqbot::quality::eval::{self, Failure, Report};

use super::labelled;
use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::options::share;
use crate::output::messages::{say, warn};
use crate::output::plot::Plot;
use crate::output::progress::EmbeddingBar;
use crate::output::style::{BOLD, DIM, ERROR_LABEL, plain, styled};

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Labelled queries, one JSON object a line: {"query", "expected": id or null}; or a CSV with these columns
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 1 where anything is worse than in this report (made with --json)
    #[arg(long, value_name = "OLD.json")]
    pub compare: Option<PathBuf>,
    /// How much worse is still the same, for --compare
    #[arg(long, value_name = "X", default_value = "0.005", value_parser = share)]
    pub tolerance: f64,
    /// Exit with 1 where the in-scope accuracy is below this, such as 90% or 0.9
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_accuracy: Option<f64>,
    /// Exit with 1 where the top-1 accuracy is below this
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_top1: Option<f64>,
    /// Exit with 1 where more of the queries get a wrong answer
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub max_wrong: Option<f64>,
    /// Exit with 1 where the out-of-scope recall is below this
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_recall: Option<f64>,
    /// Draw the reliability and risk-coverage curves into a file
    #[arg(long, value_name = "FILE.svg|png")]
    pub plot: Option<PathBuf>,
}

/// Confused pairs that are shown.
const PAIRS: usize = 15;

/// `faqbot eval`: the exit code, 1 where a floor or the comparison fails.
pub fn eval(settings: &Settings, args: &EvalArgs) -> Result<u8> {
    // Before the work, so that a typo costs no minute.
    let plot = args.plot.as_deref().map(Plot::to).transpose()?;
    let before: Option<Report> = args.compare.as_deref().map(read_report).transpose()?;
    let (bot, queries) = labelled::load(settings, &args.queries, true)?;
    let mut progress = EmbeddingBar::new(queries.len());
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
    if let Some(plot) = plot {
        plot.write(&report)?;
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
        say(&format!("{} {line}", styled(ERROR_LABEL, "worse:")));
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
