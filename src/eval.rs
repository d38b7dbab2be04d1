//! Labelled queries, and how well a bot answers them.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::bot::{Bot, Reply};
use crate::embed::{Embedder, Progress};
use crate::error::{Error, Result, RowError};
use crate::matcher::Decision;

/// A query and the entry that is its right answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
}

/// Reads labelled queries, one JSON object a line.
///
/// # Errors
///
/// The file cannot be read, or a line is not a labelled query.
pub fn load_queries(path: &Path) -> Result<Vec<LabelledQuery>> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line)
                .map_err(|error| Error::Syntax(RowError::new(index + 1, error.to_string()).in_file(path)))
        })
        .collect()
}

/// Counts over labelled queries. The rates are fractions of 1, and 0 where they are of nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Queries that have an answer in the FAQ.
    pub in_scope: usize,
    /// Of those, how many rank a right entry first, answered or not.
    pub top1: usize,
    /// Of those, how many were answered rightly.
    pub right: usize,
    /// Of those, how many were answered wrongly.
    pub wrong: usize,
    /// Of those, how many were asked back about, with a right entry among the choices.
    pub offered: usize,
    /// Queries that have none.
    pub out_of_scope: usize,
    /// Of those, how many were answered.
    pub false_answers: usize,
}

impl Report {
    /// Right entry first, of the queries in scope.
    pub fn top1_accuracy(&self) -> f64 {
        rate(self.top1, self.in_scope)
    }

    /// Wrong answers, of all queries: in scope answered wrongly, out of scope answered at all.
    pub fn wrong_answer_rate(&self) -> f64 {
        rate(self.wrong + self.false_answers, self.in_scope + self.out_of_scope)
    }

    /// Answered, of all queries.
    pub fn coverage(&self) -> f64 {
        rate(self.right + self.wrong + self.false_answers, self.in_scope + self.out_of_scope)
    }

    fn add<E: Embedder>(&mut self, bot: &Bot<E>, labelled: &LabelledQuery, reply: &Reply) {
        let right = |entry: usize| labelled.accepts(bot.faq().entries[entry].id.as_str());
        let answered = matches!(reply.decision, Decision::Answer(_));
        if labelled.expected.is_none() {
            self.out_of_scope += 1;
            self.false_answers += usize::from(answered);
            return;
        }
        self.in_scope += 1;
        self.top1 += usize::from(reply.matches.first().is_some_and(|found| right(found.entry)));
        match reply.answer() {
            Some(found) if right(found.entry) => self.right += 1,
            Some(_) => self.wrong += 1,
            None => self.offered += usize::from(reply.choices().iter().any(|found| right(found.entry))),
        }
    }
}

fn rate(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// Asks all queries and counts.
///
/// # Errors
///
/// The embedder failed.
pub fn evaluate<E: Embedder>(bot: &Bot<E>, queries: &[LabelledQuery], progress: Progress) -> Result<Report> {
    let texts: Vec<&str> = queries.iter().map(|labelled| labelled.query.as_str()).collect();
    let replies = bot.ask_all(&texts, Bot::<E>::MATCHES, progress)?;
    let mut report = Report::default();
    for (labelled, reply) in queries.iter().zip(&replies) {
        report.add(bot, labelled, reply);
    }
    Ok(report)
}
