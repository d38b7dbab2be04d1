//! `faqbot log`: what was asked and what became of it, counts of that, and forgetting.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use chrono::DateTime;
use clap::{Args, Subcommand};
use faqbot::Faq;
use faqbot::OutcomeKind;
use faqbot::faq::{Answers, abridge};
use faqbot_store::Rating;
use faqbot_store::questions::{Day, Filter, Kept};
use faqbot_store::{Millis, Missing, Store, ago};
use plotters::coord::Shift;
use plotters::prelude::*;
use serde::Serialize;

use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::names::one_faq;
use crate::options::{FaqOptions, GeneralOptions, StoreAddress, time};
use crate::output::messages::note;
use crate::output::plot::{self, Picture, Plot};
use crate::output::style::{BOLD, DIM, FAIR, GOOD, POOR, count, plain, styled};
use crate::setup;
use crate::store::with_store;

#[derive(Debug, Subcommand)]
pub enum LogAction {
    /// Counts by day and entry: answered, asked back, unanswered, thumbs, confidence
    Stats(StatsArgs),
    /// Remove a conversation, or every question in which a text stands
    Forget(ForgetArgs),
}

#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    pub which: WhichQuestions,
    /// Only questions that became this: answer, ambiguous (asked back) or no_match
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    pub outcome: Option<OutcomeKind>,
    /// At most the newest N; 0 for all
    #[arg(long, value_name = "N", default_value = "100")]
    pub newest: u32,
    /// One JSON object a question, on a line of its own
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub store: StoreAddress,
    #[command(flatten)]
    pub general: GeneralOptions,
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    #[command(flatten)]
    pub which: WhichQuestions,
    /// Print the counts as JSON
    #[arg(long)]
    pub json: bool,
    /// Draw questions and confidence by day into a file
    #[arg(long, value_name = "FILE.svg|png")]
    pub plot: Option<PathBuf>,
    /// For the entries that were never answered.
    #[command(flatten)]
    pub faq: FaqOptions,
    #[command(flatten)]
    pub store: StoreAddress,
    #[command(flatten)]
    pub general: GeneralOptions,
}

#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The conversation, by its name in the log
    #[arg(long, value_name = "NAME", required_unless_present = "text")]
    pub session: Option<String>,
    /// A text that stands in the questions
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    #[command(flatten)]
    pub store: StoreAddress,
    #[command(flatten)]
    pub general: GeneralOptions,
}

/// Which of the questions that were kept.
#[derive(Debug, Args)]
pub struct WhichQuestions {
    /// Only those of the last time, such as 7d
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Duration>,
    /// Only those to the FAQ with this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

fn outcome(text: &str) -> Result<OutcomeKind, String> {
    OutcomeKind::named(text).ok_or_else(|| "an outcome is answer, ambiguous or no_match".to_owned())
}

/// Characters of a question that are shown in a line.
const LINE: usize = 200;

/// Entries that are shown as the busiest.
const BUSIEST: usize = 10;

/// `faqbot log`: the exit code, 1 where there is nothing.
pub fn log(settings: &Settings, action: Option<&LogAction>, args: &LogArgs) -> Result<u8> {
    let what = "the questions are, such as sqlite:asked.db";
    with_store(settings, what, Missing::Refuse, async |store| match action {
        None => list(store, args).await,
        Some(LogAction::Stats(args)) => stats(settings, store, args).await,
        Some(LogAction::Forget(args)) => forget(store, args).await,
    })
}

async fn list(store: &Store, args: &LogArgs) -> Result<u8> {
    let filter = Filter { outcome: args.outcome, newest: i64::from(args.newest), ..filter(&args.which) };
    let questions = store.questions(&filter).await?;
    let mut out = anstream::stdout().lock();
    for kept in &questions {
        if args.json {
            serde_json::to_writer(&mut out, kept)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", line(kept))?;
        }
    }
    out.flush()?;
    if args.newest > 0 && questions.len() == args.newest as usize {
        note(&styled(DIM, &format!("the newest {}; --newest 0 shows all", args.newest)));
    }
    Ok(if questions.is_empty() { NOT_ANSWERED } else { ANSWERED })
}

/// A question in a line: when, in which FAQ, what became of it, and what was asked.
fn line(Kept { question, rating, chosen }: &Kept) -> String {
    let (style, what) = match question.outcome {
        OutcomeKind::Answer => (GOOD, "answered  "),
        OutcomeKind::Ambiguous => (FAIR, "asked back"),
        OutcomeKind::NoMatch => (POOR, "no match  "),
        OutcomeKind::SmallTalk => (FAIR, "small talk"),
    };
    let mut about: Vec<String> = Vec::new();
    about.extend(question.entry.as_ref().map(|entry| match question.outcome {
        OutcomeKind::Answer => entry.clone(),
        _ => format!("nearest: {entry}"),
    }));
    about.extend(question.confidence.map(|confidence| format!("{:.0} %", 100.0 * confidence)));
    about.extend(rating.map(|rating| match (rating, chosen) {
        (Rating::Chosen, Some(entry)) => format!("chosen: {entry}"),
        (Rating::Chosen, None) => "chosen".to_owned(),
        (Rating::None, _) => "none of them was meant".to_owned(),
        (Rating::Up, _) => "it helped".to_owned(),
        (Rating::Down, _) => "it did not help".to_owned(),
    }));
    about.extend(question.session.as_ref().map(|session| format!("session {session}")));
    let about = styled(DIM, &plain(&format!("({})", about.join(", "))));
    let text = abridge(&question.text, LINE);
    let day = styled(DIM, &when(question.at));
    format!("{day}  {}  {}  {}  {about}", plain(&question.faq), styled(style, what), plain(&text))
}

/// A time as people read it, in UTC.
pub fn when(at: Millis) -> String {
    DateTime::from_timestamp_millis(at)
        .map_or_else(String::new, |time| time.format("%Y-%m-%d %H:%M").to_string())
}

fn date(day: i64) -> String {
    when(day * 24 * 3600 * 1000).chars().take(10).collect()
}

fn filter(which: &WhichQuestions) -> Filter<'_> {
    Filter { faq: which.name.as_deref(), since: which.since.map_or(0, ago), ..Filter::default() }
}

/// What `faqbot log stats --json` prints.
#[derive(Serialize)]
struct Stats {
    questions: i64,
    answered: i64,
    asked_back: i64,
    unanswered: i64,
    up: i64,
    down: i64,
    days: Vec<DayJson>,
    /// Entries with the number of times that they were answered, the busiest first.
    entries: Vec<EntryJson>,
    /// Entries that were never answered; null where no FAQ was named.
    never: Option<Vec<String>>,
}

#[derive(Serialize)]
struct DayJson {
    date: String,
    #[serde(flatten)]
    counts: Day,
}

#[derive(Serialize)]
struct EntryJson {
    id: String,
    answered: i64,
}

async fn stats(settings: &Settings, store: &Store, args: &StatsArgs) -> Result<u8> {
    let plot = args.plot.as_deref().map(Plot::to).transpose()?;
    // The FAQ in the program is meant only where it is named.
    let faq: Option<Faq> = match &settings.faq[..] {
        [] => None,
        _ => Some(setup::load_faq(settings, Answers::Optional)?),
    };
    let mut filter = filter(&args.which);
    let name = match &faq {
        Some(_) => Some(one_faq(settings)?.0),
        None => None,
    };
    // The FAQ's own counts.
    filter.faq = filter.faq.or(name.as_deref());
    let days = store.days(&filter).await?;
    let entries = store.answered(&filter).await?;
    let sum = |of: fn(&Day) -> i64| days.iter().map(of).sum::<i64>();
    let known: HashSet<&str> = entries.iter().map(|(id, _)| id.as_str()).collect();
    let never = faq.as_ref().map(|faq| {
        let ids = faq.entries.iter().filter(|entry| !entry.out_of_scope).map(|entry| entry.id.to_string());
        ids.filter(|id| !known.contains(id.as_str())).collect()
    });
    let stats = Stats {
        questions: sum(|day| day.answered + day.asked_back + day.unanswered),
        answered: sum(|day| day.answered),
        asked_back: sum(|day| day.asked_back),
        unanswered: sum(|day| day.unanswered),
        up: sum(|day| day.up),
        down: sum(|day| day.down),
        entries: entries
            .iter()
            .map(|(id, answered)| EntryJson { id: id.clone(), answered: *answered })
            .collect(),
        days: days.into_iter().map(|day| DayJson { date: date(day.day), counts: day }).collect(),
        never,
    };
    let mut out = anstream::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &stats)?;
        writeln!(out)?;
    } else {
        write_text(&mut out, &stats)?;
    }
    out.flush()?;
    if let Some(plot) = plot {
        plot.write(&Days(&stats.days))?;
    }
    Ok(if stats.questions == 0 { NOT_ANSWERED } else { ANSWERED })
}

fn write_text(out: &mut impl Write, stats: &Stats) -> Result<()> {
    let share = |number: i64| format!("{:.0} %", 100.0 * number as f64 / stats.questions.max(1) as f64);
    let questions = count(stats.questions as usize, "question", "questions");
    writeln!(
        out,
        "{questions}: {} answered, {} asked back, {} unanswered; {} helped, {} did not",
        share(stats.answered),
        share(stats.asked_back),
        share(stats.unanswered),
        stats.up,
        stats.down
    )?;
    if stats.questions == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\n{}",
        styled(BOLD, "day         questions  answered  asked back  unanswered  helped  did not  confidence")
    )?;
    for DayJson { date, counts } in &stats.days {
        let confidence = counts.confidence.map_or(String::new(), |mean| format!("{:.0} %", 100.0 * mean));
        writeln!(
            out,
            "{date}  {:>9}  {:>8}  {:>10}  {:>10}  {:>6}  {:>7}  {confidence:>10}",
            counts.answered + counts.asked_back + counts.unanswered,
            counts.answered,
            counts.asked_back,
            counts.unanswered,
            counts.up,
            counts.down,
        )?;
    }
    if !stats.entries.is_empty() {
        writeln!(out, "\n{}", styled(BOLD, "the busiest entries"))?;
        for entry in stats.entries.iter().take(BUSIEST) {
            writeln!(out, "{:>9}  {}", entry.answered, plain(&entry.id))?;
        }
    }
    if let Some(never) = &stats.never {
        writeln!(
            out,
            "\n{}",
            styled(BOLD, &format!("never answered: {}", count(never.len(), "entry", "entries")))
        )?;
        never.iter().try_for_each(|id| writeln!(out, "           {}", plain(id)))?;
    }
    Ok(())
}

async fn forget(store: &Store, args: &ForgetArgs) -> Result<u8> {
    let mut removed = 0;
    if let Some(session) = &args.session {
        removed += store.forget_session(session).await?;
    }
    if let Some(text) = args.text.as_deref().map(str::trim) {
        anyhow::ensure!(!text.is_empty(), "--text: every question has the empty text in it; name one");
        removed += store.forget_text(text).await?;
    }
    writeln!(anstream::stdout().lock(), "{} forgotten", count(removed as usize, "question", "questions"))?;
    Ok(if removed == 0 { NOT_ANSWERED } else { ANSWERED })
}

/// What is counted of a day.
type Count = fn(&Day) -> i64;

/// Questions by day beside their mean confidence.
struct Days<'d>(&'d [DayJson]);

impl Picture for Days<'_> {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, scale: u32) -> Result<()> {
        days(area, self.0, scale).map_err(plot::failed::<B>)
    }
}

fn days<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    days: &[DayJson],
    scale: u32,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let (first, last) = match days {
        [] => (0, 1),
        [only] => (only.counts.day, only.counts.day + 1),
        [first, .., last] => (first.counts.day, last.counts.day + 1),
    };
    let halves = area.split_evenly((1, 2));
    let all = |day: &Day| day.answered + day.asked_back + day.unanswered;
    let most = days.iter().map(|day| all(&day.counts)).max().unwrap_or(0).max(1);
    let axis = |at: &f64| date(*at as i64)[5..].to_owned();

    let kinds: [(&str, RGBColor, Count); 3] = [
        ("answered", plot::BLUE, |day| day.answered),
        ("asked back", plot::GREY, |day| day.asked_back),
        ("unanswered", plot::RED, |day| day.unanswered),
    ];
    let range = (first as f64)..(last as f64);
    let mut chart = ChartBuilder::on(&halves[0])
        .caption("questions a day", ("sans-serif", 14 * scale))
        .margin(16 * scale)
        .x_label_area_size(40 * scale)
        .y_label_area_size(48 * scale)
        .build_cartesian_2d(range.clone(), 0.0..1.3 * most as f64)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(plot::GREY.mix(0.2))
        .max_light_lines(1)
        .x_labels(5)
        .label_style(("sans-serif", 12 * scale))
        .x_label_formatter(&axis)
        .y_label_formatter(&|number| match number.fract() == 0.0 {
            true => format!("{number:.0}"),
            false => String::new(),
        })
        .draw()?;
    let mut below = vec![0i64; days.len()];
    for (name, colour, of) in kinds {
        let bars = days.iter().zip(&mut below).map(|(day, below)| {
            let (from, to) = (*below, *below + of(&day.counts));
            *below = to;
            let at = day.counts.day as f64;
            Rectangle::new([(at + 0.1, from as f64), (at + 0.9, to as f64)], colour.filled())
        });
        let bars: Vec<_> = bars.collect();
        chart
            .draw_series(bars)?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 10, y + 4)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 12 * scale))
        .background_style(WHITE.mix(0.8))
        .position(SeriesLabelPosition::UpperLeft)
        .draw()?;

    let mut chart = ChartBuilder::on(&halves[1])
        .caption("mean confidence", ("sans-serif", 14 * scale))
        .margin(16 * scale)
        .x_label_area_size(40 * scale)
        .y_label_area_size(40 * scale)
        .build_cartesian_2d(range, 0.0..1.0)?;
    chart
        .configure_mesh()
        .bold_line_style(plot::GREY.mix(0.2))
        .max_light_lines(1)
        .x_labels(5)
        .y_labels(6)
        .label_style(("sans-serif", 12 * scale))
        .x_label_formatter(&axis)
        .y_label_formatter(&|share| format!("{share:.1}"))
        .draw()?;
    let points: Vec<(f64, f64)> =
        days.iter().filter_map(|day| Some((day.counts.day as f64 + 0.5, day.counts.confidence?))).collect();
    chart.draw_series(LineSeries::new(points.clone(), plot::BLUE.stroke_width(scale + scale / 2)))?;
    chart.draw_series(points.into_iter().map(|at| Circle::new(at, 3 * scale as i32, plot::BLUE.filled())))?;
    Ok(())
}
