//! Labelled queries, and how well a bot answers them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use faqbot_embed::{Embedder, Progress};
use faqbot_faq::Faq;
use serde::{Deserialize, Serialize};

use crate::bot::{Bot, Verdict};

use crate::error::{Error, Result, RowError};
use crate::matching::decision::Decision;
use crate::matching::metrics::{Bin, auroc, calibration_error, reliability};

/// A query and the entry that is its right answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LabelledQuery {
    /// What is asked.
    pub query: String,
    /// The id of the entry that answers it; `None` for a query that the FAQ has no answer to.
    pub expected: Option<String>,
    /// What kind of query it is, in the words of whoever labelled it.
    #[serde(default)]
    pub kind: Option<String>,
    /// Further entries that are right too.
    #[serde(default)]
    pub ok: Vec<String>,
}

impl LabelledQuery {
    /// Whether an entry is a right answer.
    pub fn accepts(&self, id: &str) -> bool {
        self.expected.as_deref() == Some(id) || self.ok.iter().any(|ok| ok == id)
    }

    /// Whether the FAQ has an answer to it.
    pub fn in_scope(&self) -> bool {
        self.expected.is_some()
    }
}

/// Reads labelled queries: one JSON object a line, `{"query", "expected": id or null, "kind", "ok"}`, or from a name
/// that ends in `.csv` or `.tsv` a table with these columns, where an empty `expected` is null and `ok` has ids
/// with spaces between them.
///
/// # Errors
///
/// The file cannot be read, holds no queries, or a line is not a labelled query.
pub fn load_queries(path: &Path) -> Result<Vec<LabelledQuery>> {
    let (text, delimiter) = read(path)?;
    let queries = match delimiter {
        Some(delimiter) => table_of_queries(&text, delimiter),
        None => lines_of_queries(&text),
    };
    let queries = queries.map_err(|row| Error::Syntax(row.in_file(path)))?;
    if queries.is_empty() {
        return Err(Error::Syntax(RowError::new(1, "no labelled queries").in_file(path)));
    }
    Ok(queries)
}

/// A file's text, and what is between the cells where its name says that it is a table.
fn read(path: &Path) -> Result<(String, Option<u8>)> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let delimiter = match extension.as_deref() {
        Some("csv") => Some(b','),
        Some("tsv") => Some(b'\t'),
        _ => None,
    };
    Ok((text, delimiter))
}

fn lines_of_queries(text: &str) -> std::result::Result<Vec<LabelledQuery>, RowError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let query = |(index, line): (usize, &str)| {
        // serde would take a missing label for null; a label must be said.
        let value: serde_json::Value = serde_json::from_str(line)
            .map_err(|error| RowError::new(index + 1, format!("not JSON: {error}")))?;
        if value.get("expected").is_none() {
            let reason = "a labelled query has \"query\" and \"expected\", an id or null";
            return Err(RowError::new(index + 1, reason));
        }
        serde_json::from_value(value).map_err(|error| RowError::new(index + 1, error.to_string()))
    };
    lines.map(query).collect()
}

fn table_of_queries(text: &str, delimiter: u8) -> std::result::Result<Vec<LabelledQuery>, RowError> {
    let mut table = Table::new(text, delimiter, &["query", "expected"])?;
    let (kind, ok) = (table.column("kind"), table.column("ok"));
    let (query, expected) = (table.column("query"), table.column("expected"));
    let mut queries = Vec::new();
    while let Some((line, row)) = table.next_row()? {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).filter(|text| !text.is_empty());
        if expected.and_then(|at| row.get(at)).is_none() {
            return Err(RowError::new(line, "the row has no cell in the column \"expected\""));
        }
        let Some(query) = cell(query) else { continue };
        queries.push(LabelledQuery {
            query: query.to_owned(),
            expected: cell(expected).map(str::to_owned),
            kind: cell(kind).map(str::to_owned),
            ok: cell(ok).into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect(),
        });
    }
    Ok(queries)
}

fn column_of_queries(text: &str, delimiter: u8) -> std::result::Result<Vec<String>, RowError> {
    let mut table = Table::new(text, delimiter, &["query"])?;
    let query = table.column("query");
    let mut queries = Vec::new();
    while let Some((_, row)) = table.next_row()? {
        queries.extend(query.and_then(|at| row.get(at)).filter(|text| !text.is_empty()).map(str::to_owned));
    }
    Ok(queries)
}

/// A table with a header.
struct Table<'t> {
    rows: csv::Reader<&'t [u8]>,
    header: csv::StringRecord,
}

impl<'t> Table<'t> {
    fn new(text: &'t str, delimiter: u8, needed: &[&str]) -> std::result::Result<Self, RowError> {
        let mut rows = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = rows.headers().map_err(broken_row)?.clone();
        let table = Table { rows, header };
        match needed.iter().find(|name| table.column(name).is_none()) {
            Some(name) => {
                Err(RowError::new(1, format!("the first line of the table names no column \"{name}\"")))
            }
            None => Ok(table),
        }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|own| own.eq_ignore_ascii_case(name))
    }

    /// The next row with its line.
    fn next_row(&mut self) -> std::result::Result<Option<(usize, csv::StringRecord)>, RowError> {
        let mut row = csv::StringRecord::new();
        let more = self.rows.read_record(&mut row).map_err(broken_row)?;
        let line = row.position().map_or(1, |position| position.line() as usize);
        Ok(more.then_some((line, row)))
    }
}

fn broken_row(error: csv::Error) -> RowError {
    let line = error.position().map_or(1, |position| position.line() as usize);
    RowError::new(line, error.to_string())
}

/// Reads questions without labels: a line each, or from a table (`.csv`, `.tsv`) or JSON objects, one a line, what is
/// called `query` there.
///
/// # Errors
///
/// The file cannot be read, holds no questions, or a line is not as it should be.
pub fn load_questions(path: &Path) -> Result<Vec<String>> {
    let (text, delimiter) = read(path)?;
    let lines = || text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let json = text.trim_start().starts_with('{');
    let questions = match delimiter {
        Some(delimiter) => column_of_queries(&text, delimiter),
        None if json => lines()
            .map(|(index, line)| {
                let value: serde_json::Value = serde_json::from_str(line)
                    .map_err(|error| RowError::new(index + 1, format!("not JSON: {error}")))?;
                let query = value.get("query").and_then(serde_json::Value::as_str);
                query.map(str::to_owned).ok_or_else(|| RowError::new(index + 1, "no text called \"query\""))
            })
            .collect(),
        None => Ok(lines().map(|(_, line)| line.to_owned()).collect()),
    };
    let questions = questions.map_err(|row| Error::Syntax(row.in_file(path)))?;
    if questions.is_empty() {
        return Err(Error::Syntax(RowError::new(1, "no questions").in_file(path)));
    }
    Ok(questions)
}

/// The expected ids that a FAQ does not have: with any of them, a report would be of something else.
pub fn unknown_ids<'q>(faq: &Faq, queries: &'q [LabelledQuery]) -> Vec<&'q str> {
    let known: HashSet<&str> = faq.entries.iter().map(|entry| entry.id.as_str()).collect();
    let mut unknown: Vec<&str> = queries
        .iter()
        .filter_map(|query| query.expected.as_deref())
        .filter(|id| !known.contains(id))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

/// What came of a labelled query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// In scope, and answered rightly.
    Right,
    /// Answered, but not rightly: in scope by another entry, or out of scope at all.
    Wrong,
    /// In scope, and asked back with a right entry among the choices.
    Offered,
    /// Asked back without a right entry among the choices.
    Misoffered,
    /// In scope, and not answered.
    Missed,
    /// Out of scope, and not answered.
    Refused,
}

/// What came of a query.
pub fn grade<E: Embedder>(bot: &Bot<E>, labelled: &LabelledQuery, verdict: &Verdict) -> Grade {
    let right = |entry: usize| labelled.accepts(bot.faq().entries[entry].id.as_str());
    match verdict.decision {
        // Of several answers at once, one right one is what was asked for.
        Decision::Answer(_) if verdict.answers().iter().any(|found| right(found.entry)) => Grade::Right,
        Decision::Answer(_) => Grade::Wrong,
        Decision::Ambiguous(_) if verdict.choices().iter().any(|found| right(found.entry)) => Grade::Offered,
        Decision::Ambiguous(_) => Grade::Misoffered,
        Decision::NoMatch | Decision::SmallTalk if labelled.in_scope() => Grade::Missed,
        Decision::NoMatch | Decision::SmallTalk => Grade::Refused,
    }
}

/// Whether the best entry is right, answered or not; never for a query out of scope.
pub fn top1<E: Embedder>(bot: &Bot<E>, labelled: &LabelledQuery, verdict: &Verdict) -> bool {
    verdict.matches.first().is_some_and(|best| labelled.accepts(bot.entry(best).id.as_str()))
}

/// How well a bot answers labelled queries. Rates are fractions of 1, and 0 where they are of nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The embedding model.
    pub model: String,
    /// Queries that have an answer in the FAQ.
    pub in_scope: usize,
    /// Queries that have none.
    pub out_of_scope: usize,
    /// Right entry first, of the queries in scope.
    pub top1: f64,
    /// Right answer given, of the queries in scope.
    pub in_scope_accuracy: f64,
    /// Not answered, of the queries out of scope.
    pub out_of_scope_recall: f64,
    /// Wrong answers, of all queries.
    pub wrong_answer_rate: f64,
    /// Answered, rightly or wrongly, of all queries.
    pub coverage: f64,
    /// Asked back ("Did you mean"), of all queries.
    pub ask_rate: f64,
    /// Right entry among the choices, of those asked back.
    pub ask_holds_right: f64,
    /// Whether the next two are of the confidence; without one, they are of the cosine.
    pub calibrated: bool,
    /// The chance that a query whose best entry is right has a higher confidence than one whose is
    /// not; null where all are of one kind.
    pub auroc: Option<f64>,
    /// The expected calibration error; null without confidence.
    pub calibration_error: Option<f64>,
    /// Confidence against accuracy, in ten bins.
    pub reliability: Vec<ReliabilityRow>,
    /// What answering only above a confidence gives, from the most confident queries to all.
    pub risk_coverage: Vec<RiskRow>,
    /// Entries that are taken for each other, most frequent first.
    pub confused: Vec<ConfusedPair>,
    /// Every query that was answered wrongly, or in scope and not answered.
    pub failures: Vec<Failure>,
}

/// A bin of [`Report::reliability`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityRow {
    /// The bin's lower bound.
    pub from: f64,
    /// Queries in it.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share whose best entry is right.
    pub accuracy: f64,
}

/// A row of [`Report::risk_coverage`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RiskRow {
    /// The least confidence (or cosine) that is answered.
    pub threshold: f64,
    /// Answered, of all queries.
    pub coverage: f64,
    /// Wrong, of those answered.
    pub risk: f64,
}

/// Two entries that are taken for each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfusedPair {
    /// The right entry.
    pub expected: String,
    /// The entry that came first.
    pub given: String,
    /// How often.
    pub count: usize,
}

/// A query that did not get its right answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The query.
    pub query: String,
    /// The right entry; null for none.
    pub expected: Option<String>,
    /// What happened: `answered`, `asked` or `no_match`.
    pub outcome: String,
    /// The entry that came first.
    pub given: Option<String>,
    /// Its cosine.
    pub cosine: Option<f32>,
    /// Its score.
    pub score: Option<f32>,
    /// Its confidence.
    pub confidence: Option<f32>,
}

fn rate(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// Asks all queries and reports.
///
/// # Errors
///
/// The embedder failed.
pub fn evaluate<E: Embedder>(bot: &Bot<E>, queries: &[LabelledQuery], progress: Progress) -> Result<Report> {
    let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
    let replies = bot.verdicts(&texts, Bot::<E>::MATCHES, progress)?;
    Ok(report(bot, queries, &replies))
}

/// Reports on replies to queries, in the same order.
pub fn report<E: Embedder>(bot: &Bot<E>, queries: &[LabelledQuery], replies: &[Verdict]) -> Report {
    let grades: Vec<Grade> =
        queries.iter().zip(replies).map(|(labelled, verdict)| grade(bot, labelled, verdict)).collect();
    let count = |wanted: Grade| grades.iter().filter(|&&grade| grade == wanted).count();
    let all = queries.len();
    let in_scope = queries.iter().filter(|labelled| labelled.in_scope()).count();
    let answered_out_of_scope = queries
        .iter()
        .zip(&grades)
        .filter(|(labelled, grade)| !labelled.in_scope() && **grade == Grade::Wrong)
        .count();
    let rights: Vec<bool> =
        queries.iter().zip(replies).map(|(labelled, verdict)| top1(bot, labelled, verdict)).collect();
    let calibrated = bot.setup().calibration.is_some();
    let sureness = |verdict: &Verdict| -> f64 {
        let cosine = verdict.matches.first().map_or(-1.0, |best| best.cosine);
        f64::from(if calibrated { verdict.confidence.unwrap_or(0.0) } else { cosine })
    };
    let scored: Vec<(f64, bool)> = replies.iter().map(sureness).zip(rights.iter().copied()).collect();
    let asked = count(Grade::Offered) + count(Grade::Misoffered);
    Report {
        model: bot.embedder().model().to_string(),
        in_scope,
        out_of_scope: all - in_scope,
        top1: rate(rights.iter().filter(|&&right| right).count(), in_scope),
        in_scope_accuracy: rate(count(Grade::Right), in_scope),
        out_of_scope_recall: rate(all - in_scope - answered_out_of_scope, all - in_scope),
        wrong_answer_rate: rate(count(Grade::Wrong), all),
        coverage: rate(count(Grade::Right) + count(Grade::Wrong), all),
        ask_rate: rate(asked, all),
        ask_holds_right: rate(count(Grade::Offered), asked),
        calibrated,
        auroc: auroc(&scored),
        calibration_error: calibrated.then(|| calibration_error(&scored)),
        reliability: if calibrated { reliability_rows(&scored) } else { Vec::new() },
        risk_coverage: risk_coverage(&scored),
        confused: confused(bot, queries, replies),
        failures: queries
            .iter()
            .zip(replies)
            .zip(&grades)
            .filter(|(_, grade)| !matches!(grade, Grade::Right | Grade::Refused))
            .filter(|((labelled, _), grade)| labelled.in_scope() || **grade == Grade::Wrong)
            .map(|((labelled, verdict), _)| failure(bot, labelled, verdict))
            .collect(),
    }
}

fn reliability_rows(scored: &[(f64, bool)]) -> Vec<ReliabilityRow> {
    let rows = reliability(scored).into_iter().enumerate();
    rows.map(|(at, Bin { count, confidence, accuracy })| ReliabilityRow {
        from: at as f64 / 10.0,
        count,
        confidence,
        accuracy,
    })
    .collect()
}

/// Risk at coverages of a tenth, two tenths and so on of all queries, the most confident first.
fn risk_coverage(scored: &[(f64, bool)]) -> Vec<RiskRow> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rows = (1..=10).map(|tenth| (sorted.len() * tenth).div_ceil(10)).filter(|&taken| taken > 0);
    rows.map(|taken| {
        let wrong = sorted[..taken].iter().filter(|(_, right)| !right).count();
        RiskRow {
            threshold: sorted[taken - 1].0,
            coverage: rate(taken, sorted.len()),
            risk: rate(wrong, taken),
        }
    })
    .collect()
}

fn confused<E: Embedder>(bot: &Bot<E>, queries: &[LabelledQuery], replies: &[Verdict]) -> Vec<ConfusedPair> {
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    for (labelled, verdict) in queries.iter().zip(replies) {
        if let (Some(expected), Some(best)) = (labelled.expected.as_deref(), verdict.matches.first())
            && !top1(bot, labelled, verdict)
        {
            *counts.entry((expected, bot.entry(best).id.as_str())).or_insert(0) += 1;
        }
    }
    let mut pairs: Vec<ConfusedPair> = counts
        .into_iter()
        .map(|((expected, given), count)| ConfusedPair {
            expected: expected.into(),
            given: given.into(),
            count,
        })
        .collect();
    pairs.sort_by(|a, b| {
        b.count.cmp(&a.count).then_with(|| a.expected.cmp(&b.expected)).then_with(|| a.given.cmp(&b.given))
    });
    pairs
}

fn failure<E: Embedder>(bot: &Bot<E>, labelled: &LabelledQuery, verdict: &Verdict) -> Failure {
    let best = verdict.answer().or(verdict.matches.first());
    Failure {
        query: labelled.query.clone(),
        expected: labelled.expected.clone(),
        outcome: match verdict.decision {
            Decision::Answer(_) => "answered",
            Decision::Ambiguous(_) => "asked",
            Decision::NoMatch => "no_match",
            Decision::SmallTalk => "small_talk",
        }
        .into(),
        given: best.map(|best| bot.entry(best).id.to_string()),
        cosine: best.map(|best| best.cosine),
        score: best.map(|best| best.score),
        confidence: verdict.confidence,
    }
}

/// What got worse from one report to another by more than `tolerance`, a line each.
pub fn regressions(before: &Report, now: &Report, tolerance: f64) -> Vec<String> {
    // A rate of nothing is none: only what both reports have is compared.
    let of = |count: usize, value: f64| (count > 0).then_some(value);
    let higher_is_better = [
        ("top-1", of(before.in_scope, before.top1), of(now.in_scope, now.top1)),
        (
            "in-scope accuracy",
            of(before.in_scope, before.in_scope_accuracy),
            of(now.in_scope, now.in_scope_accuracy),
        ),
        (
            "out-of-scope recall",
            of(before.out_of_scope, before.out_of_scope_recall),
            of(now.out_of_scope, now.out_of_scope_recall),
        ),
        ("AUROC", before.auroc, now.auroc),
    ];
    let lower_is_better = [
        ("wrong-answer rate", Some(before.wrong_answer_rate), Some(now.wrong_answer_rate)),
        ("calibration error", before.calibration_error, now.calibration_error),
    ];
    let both = |(name, before, now): (&'static str, Option<f64>, Option<f64>)| Some((name, before?, now?));
    let fell =
        higher_is_better.into_iter().filter_map(both).filter(|(_, before, now)| *now < before - tolerance);
    let rose =
        lower_is_better.into_iter().filter_map(both).filter(|(_, before, now)| *now > before + tolerance);
    fell.chain(rose).map(|(name, before, now)| format!("{name} was {before:.3} and is {now:.3}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::Setup;
    use crate::matching::decision::Policy;
    use faqbot_embed::HashEmbedder;

    fn bot() -> Bot<HashEmbedder> {
        let yaml =
            "- {question: Where is my parcel?, answer: a}\n- {question: How do I reset it?, answer: b}\n";
        let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let setup = Setup { policy: Policy::UNCALIBRATED, calibration: None, answers: false };
        Bot::new(faq, HashEmbedder::new(), setup, &mut |_| ()).unwrap()
    }

    fn labelled(query: &str, expected: Option<&str>) -> LabelledQuery {
        LabelledQuery { query: query.into(), expected: expected.map(Into::into), kind: None, ok: vec![] }
    }

    #[test]
    fn labels_may_be_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queries.csv");
        let write = |text: &str| fs::write(&path, text).unwrap();
        write("Query,expected,ok\n\"where, then?\",a,b c\nhi,,\n");
        let queries = load_queries(&path).unwrap();
        assert_eq!(queries[0].ok, ["b", "c"]);
        assert_eq!((&*queries[0].query, queries[0].expected.as_deref()), ("where, then?", Some("a")));
        assert_eq!(queries[1], labelled("hi", None));
        assert_eq!(load_questions(&path).unwrap(), ["where, then?", "hi"]);
        write("query,answer\nhi,a\n");
        assert!(load_queries(&path).unwrap_err().to_string().contains("no column \"expected\""));
        write("query,expected\nhi,a\nhello\n");
        assert!(load_queries(&path).unwrap_err().to_string().contains(":3:"));
        write("query,expected\n");
        assert!(load_queries(&path).unwrap_err().to_string().contains("no labelled queries"));
        let lines = folder.path().join("asked.txt");
        fs::write(&lines, "one\n\n two \n").unwrap();
        assert_eq!(load_questions(&lines).unwrap(), ["one", "two"]);
    }

    #[test]
    fn every_query_is_counted_once() {
        let queries = [
            labelled("where is my parcel", Some("where-is-my-parcel")),
            labelled("where is my parcel", Some("how-do-i-reset-it")),
            labelled("weather", Some("how-do-i-reset-it")),
            labelled("weather", None),
            labelled("where is my parcel", None),
        ];
        let report = evaluate(&bot(), &queries, &mut |_| ()).unwrap();
        assert_eq!((report.in_scope, report.out_of_scope), (3, 2));
        assert!((report.in_scope_accuracy - 1.0 / 3.0).abs() < 1e-9);
        assert!((report.out_of_scope_recall - 0.5).abs() < 1e-9);
        assert!((report.wrong_answer_rate - 0.4).abs() < 1e-9);
        assert!((report.coverage - 0.6).abs() < 1e-9);
        assert_eq!(report.failures.len(), 3);
        assert_eq!(report.confused[0].given, "where-is-my-parcel");
        assert_eq!((report.calibrated, report.calibration_error), (false, None));
        let last = report.risk_coverage.last().unwrap();
        assert!((last.coverage - 1.0).abs() < 1e-9 && (last.risk - 0.8).abs() < 1e-9);
    }

    #[test]
    fn what_got_worse_is_said() {
        let queries = [labelled("where is my parcel", Some("where-is-my-parcel")), labelled("weather", None)];
        let before = evaluate(&bot(), &queries, &mut |_| ()).unwrap();
        assert!(regressions(&before, &before, 0.0).is_empty());
        let now = Report { wrong_answer_rate: 0.5, top1: 0.5, ..before.clone() };
        assert_eq!(
            regressions(&before, &now, 0.01),
            ["top-1 was 1.000 and is 0.500", "wrong-answer rate was 0.000 and is 0.500"]
        );
    }

    #[test]
    fn a_label_must_be_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queries.jsonl");
        for (text, reason) in
            [("{\"query\": \"a\"}\n", "expected"), ("nonsense\n", "not JSON"), ("\n", "no labelled queries")]
        {
            fs::write(&path, text).unwrap();
            let error = load_queries(&path).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("queries.jsonl:1"), "{error}");
        }
        fs::write(&path, "{\"query\": \"a\", \"expected\": null}\n\n{\"query\": \"b\", \"expected\": \"x\", \"ok\": [\"y\"]}\n").unwrap();
        let queries = load_queries(&path).unwrap();
        assert!(!queries[0].in_scope() && queries[1].accepts("y"));
        assert_eq!(unknown_ids(bot().faq(), &queries), ["x"]);
    }
}
