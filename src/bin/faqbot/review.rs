//! What was asked and not answered, grouped by meaning, and what is decided about each group. Front ends are `faqbot
//! review` and the server's `/review`.

mod import;
pub mod labels;
mod write;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use faqbot::embed::Role;
use faqbot::faq::edit::Change;
use faqbot::faq::harmless::harmless;
use faqbot::faq::{Answers, Loaded, normalize_phrasing};
use faqbot::learn::effect::{Effect, effect};
use faqbot::learn::groups::{SAME_MEANING, groups};
use faqbot::quality::calibration;
use faqbot::quality::calibration_file::CalibrationFile;
use faqbot::quality::check::{self, Finding};
use faqbot::quality::eval::{LabelledQuery, report};
use faqbot::{Decision as Answered, Embedder, Match, Reply};
use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::Settings;
use crate::output::wire::Outcome;
use crate::setup::{self, AnyBot};
use crate::store::Store;
use crate::store::decisions::{Decision, Kind};
use crate::store::questions::{Filter, Kept};

pub use import::import;

/// The newest questions that are looked at.
const QUESTIONS: i64 = 200_000;

/// Questions with the same words that are grouped, the most frequent; those beyond come once these are decided.
const TEXTS: usize = 10_000;

/// The expected calibration error from which on a calibration no longer fits; what ships has .085 on FAQs that it has not
/// seen (docs/evaluation.md).
const DRIFTED: f64 = 0.10;

/// The share of wrong answers that `faqbot calibrate` allows by default.
const MAX_WRONG: f64 = 0.05;

/// Entries that are shown as the nearest.
const NEAREST: usize = 5;

/// A review of one FAQ's questions.
pub struct Review {
    /// The FAQ's name in the store.
    pub name: String,
    settings: Settings,
    loaded: Loaded,
    bot: AnyBot,
    embedder: Arc<dyn Embedder>,
    labels: Vec<LabelledQuery>,
    findings: Vec<Finding>,
    /// Those that are open, the largest first.
    pub groups: Vec<Group>,
}

/// Questions that mean the same, and are open.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct Group {
    /// The same for the same central question.
    pub id: String,
    /// Its most central question.
    pub question: String,
    /// How often its questions were asked.
    pub count: usize,
    /// Its questions, the most frequent first.
    pub questions: Vec<Question>,
    /// The entries nearest to the central question, best first.
    pub nearest: Vec<Nearest>,
    /// The entry that the questions are probably for.
    pub suggestion: Option<String>,
    /// Whether people chose that entry themselves, more than half of those who chose.
    pub chosen: bool,
}

/// A question of a group.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct Question {
    pub text: String,
    /// How often it was asked.
    pub count: usize,
    /// The last outcome.
    pub outcome: Outcome,
    /// How often its reply was said not to help.
    pub down: usize,
}

/// An entry near a question.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct Nearest {
    pub id: String,
    pub question: String,
    pub cosine: f32,
    /// Of the first only.
    pub confidence: Option<f32>,
}

/// What a group becomes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub enum Choice {
    /// A phrasing of an entry: the central question, or other words.
    Phrasing { entry: String, phrasing: Option<String> },
    /// A new entry: the central question, or other words.
    Entry { question: Option<String>, answer: String },
    /// None of this FAQ's: what is like it gets no answer, and does not come back here.
    NotOurs,
}

/// What a choice would change.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct Preview {
    /// The file that is written.
    pub file: String,
    /// The lines that it gets.
    pub lines: Vec<String>,
    /// What becomes of the labelled questions, those of the group among them.
    pub effect: Effect,
    /// What `faqbot check` would find that it does not find now.
    pub findings: Vec<String>,
}

/// What was done.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
pub struct Done {
    #[serde(flatten)]
    pub preview: Preview,
    /// Why a calibration should be fitted now, if it should.
    pub calibrate: Option<String>,
}

impl Review {
    /// Reads what is open: asked and not answered, asked back about, or answered and said not to help; and not answered
    /// by the FAQ as it is now.
    ///
    /// # Errors
    ///
    /// The FAQ is no file, or FAQ or store cannot be read.
    pub async fn open(
        name: &str,
        settings: &Settings,
        store: &Store,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self> {
        if settings.faq.is_empty() || settings.faq_is_stdin() {
            bail!(
                "a review changes the FAQ's file: name it with --faq (`faqbot convert -o mine.yaml` begins one)"
            );
        }
        let filter = Filter { faq: Some(name), newest: QUESTIONS, ..Filter::default() };
        let kept = store.questions(&filter).await?;
        let decisions = store.decisions(name).await?;
        let (loaded, bot) = load(settings, &embedder)?;
        let labels = labels::all(settings, bot.faq(), &kept)?;
        let findings = check::check(bot.faq(), &embedder, &mut |_| ())?;
        let mut review = Review {
            name: name.to_owned(),
            settings: settings.clone(),
            loaded,
            bot,
            embedder,
            labels,
            findings,
            groups: Vec::new(),
        };
        review.groups = review.group(&kept, &decisions)?;
        Ok(review)
    }

    /// The FAQ.
    pub fn bot(&self) -> &AnyBot {
        &self.bot
    }

    /// The group with an id.
    pub fn find(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Leaves a group for another time.
    pub fn later(&mut self, id: &str) {
        self.groups.retain(|group| group.id != id);
    }

    fn group(&self, kept: &[Kept], decisions: &[Decision]) -> Result<Vec<Group>> {
        let mut open = self.still_open(gather(kept, decisions))?;
        let texts: Vec<&str> = open.iter().map(|question| question.text.as_str()).collect();
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.embedder.embed(Role::Query, &texts, &mut |_| ())?;
        let refused = self.refused(decisions)?;
        // Whose mean cosine to the questions of a group that was refused would have joined them with it.
        let again = |row: ndarray::ArrayView1<f32>| refused.iter().any(|mean| mean.dot(&row) >= SAME_MEANING);
        let stays: Vec<usize> = (0..open.len()).filter(|&at| !again(rows.row(at))).collect();
        rows = rows.select(Axis(0), &stays);
        open = stays.into_iter().map(|at| open[at].clone()).collect();
        let found = groups(rows.view(), SAME_MEANING);
        let centrals: Vec<&str> = found.iter().map(|group| open[group.central].text.as_str()).collect();
        let replies = self.bot.ask_all(&centrals, NEAREST, &mut |_| ())?;
        let mut groups: Vec<Group> = found
            .iter()
            .zip(&replies)
            .map(|(group, reply)| {
                let mut members: Vec<&Open> = group.members.iter().map(|&at| &open[at]).collect();
                members.sort_by_key(|member| std::cmp::Reverse(member.count));
                self.of(&open[group.central].text, &members, reply)
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        Ok(groups)
    }

    fn of(&self, question: &str, members: &[&Open], reply: &Reply) -> Group {
        let best = |found: &Match| found.entry == reply.matches.first().map_or(usize::MAX, |best| best.entry);
        let nearest: Vec<Nearest> = reply
            .matches
            .iter()
            .filter(|found| !self.bot.entry(found).out_of_scope)
            .map(|found| Nearest {
                id: self.bot.entry(found).id.to_string(),
                question: self.bot.entry(found).question().to_owned(),
                cosine: found.cosine,
                confidence: reply.confidence.filter(|_| best(found)),
            })
            .collect();
        let mut votes: HashMap<&str, usize> = HashMap::new();
        for (entry, count) in members.iter().flat_map(|member| &member.chosen) {
            *votes.entry(entry).or_default() += count;
        }
        let all: usize = votes.values().sum();
        let voted = votes.into_iter().max_by_key(|(id, count)| (*count, std::cmp::Reverse(*id)));
        let voted = voted.filter(|(id, count)| 2 * count > all && self.bot.faq().position(id).is_some());
        let suggestion = voted.map(|(id, _)| id.to_owned());
        Group {
            id: format!("{:016x}", xxh3_64(normalize_phrasing(question).as_bytes())),
            question: question.to_owned(),
            count: members.iter().map(|member| member.count).sum(),
            questions: members
                .iter()
                .map(|member| Question {
                    text: member.text.clone(),
                    count: member.count,
                    outcome: member.outcome,
                    down: member.down,
                })
                .collect(),
            chosen: suggestion.is_some(),
            suggestion: suggestion.or_else(|| nearest.first().map(|nearest| nearest.id.clone())),
            nearest,
        }
    }

    /// Those that the FAQ as it is now does not answer, or answers with what did not help.
    fn still_open(&self, open: Vec<Open>) -> Result<Vec<Open>> {
        let texts: Vec<&str> = open.iter().map(|question| question.text.as_str()).collect();
        let replies = self.bot.ask_all(&texts, 1, &mut |_| ())?;
        let is_open = |question: &Open, reply: &Reply| match reply.decision {
            Answered::Answer(_) => reply
                .answer()
                .is_some_and(|found| question.not_helped.contains(self.bot.entry(found).id.as_str())),
            Answered::Ambiguous(_) | Answered::NoMatch => true,
        };
        let keep: Vec<bool> =
            open.iter().zip(&replies).map(|(question, reply)| is_open(question, reply)).collect();
        Ok(open.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(question, _)| question).collect())
    }

    /// The mean rows of the groups that were refused.
    fn refused(&self, decisions: &[Decision]) -> Result<Vec<ndarray::Array1<f32>>> {
        let refused = decisions.iter().filter(|decision| decision.kind == Kind::NotOurs);
        let mean = |decision: &Decision| {
            let texts: Vec<&str> = decision.questions.iter().map(String::as_str).collect();
            let rows: Array2<f32> = self.embedder.embed(Role::Query, &texts, &mut |_| ())?;
            Ok(rows.mean_axis(Axis(0)).unwrap_or_else(|| ndarray::Array1::zeros(rows.ncols())))
        };
        refused.filter(|decision| !decision.questions.is_empty()).map(mean).collect()
    }

    /// Whether a group is still open: a decision before may have answered it.
    pub fn is_open(&self, group: &Group) -> Result<bool> {
        if group.questions.iter().any(|question| question.down > 0) {
            return Ok(true);
        }
        let texts: Vec<&str> = group.questions.iter().map(|question| question.text.as_str()).collect();
        let replies = self.bot.ask_all(&texts, 1, &mut |_| ())?;
        Ok(replies.iter().any(|reply| !matches!(reply.decision, Answered::Answer(_))))
    }

    /// What a choice would change; nothing is written.
    ///
    /// # Errors
    ///
    /// There is no such group or entry, or the choice says nothing.
    pub fn preview(&self, group: &str, choice: &Choice, leave_out: &[String]) -> Result<Preview> {
        Ok(self.plan(&self.without(group, leave_out)?, choice)?.0)
    }

    /// A group without some of its questions.
    fn without(&self, group: &str, leave_out: &[String]) -> Result<Group> {
        let mut group =
            self.find(group).context("there is no such group; it may be decided already")?.clone();
        group.questions.retain(|question| !leave_out.contains(&question.text));
        ensure!(!group.questions.is_empty(), "no question of the group is left");
        Ok(group)
    }

    /// What is written for a choice.
    fn plan(&self, group: &Group, choice: &Choice) -> Result<(Preview, write::Plan, Vec<LabelledQuery>)> {
        let faq = self.bot.faq();
        let text = |own: &Option<String>| -> Result<String> {
            let text = harmless(own.clone().unwrap_or_else(|| group.question.clone())).0;
            let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            ensure!(!normalize_phrasing(&text).is_empty(), "a question has at least a word");
            Ok(text)
        };
        let change = match choice {
            Choice::Phrasing { entry, phrasing } => {
                let at = faq.position(entry).with_context(|| format!("there is no entry `{entry}`"))?;
                ensure!(
                    !faq.entries[at].crisis,
                    "the entry `{entry}` is for people in danger: edit it by hand"
                );
                Change::Phrasing { id: entry.clone(), phrasing: text(phrasing)? }
            }
            Choice::Entry { question, answer } => {
                let answer = harmless(answer.replace("\r\n", "\n")).0.trim().to_owned();
                ensure!(!answer.is_empty(), "a new entry needs an answer");
                Change::Entry { question: text(question)?, answer: Some(answer) }
            }
            Choice::NotOurs => Change::Entry { question: text(&None)?, answer: None },
        };
        let after = change.apply(faq).context("the entry has this phrasing already")?;
        let own_text = match &change {
            Change::Phrasing { phrasing, .. } => phrasing,
            Change::Entry { question, .. } => question,
        };
        let expected = match (&change, &choice) {
            (_, Choice::NotOurs) => None,
            (Change::Phrasing { id, .. }, _) => Some(id.clone()),
            (Change::Entry { .. }, _) => after.entries.last().map(|entry| entry.id.to_string()),
        };
        let own: Vec<LabelledQuery> = group
            .questions
            .iter()
            .map(|question| labels::label(&question.text, expected.as_deref()))
            .collect();
        let mut labelled = self.labels.clone();
        labels::add(&mut labelled, &own);
        let beyond = Arc::clone(&self.embedder);
        let new = AnyBot::new(after, Box::new(beyond), *self.bot.setup(), &mut |_| ())?;
        let texts: Vec<&str> = labelled.iter().map(|labelled| labelled.query.as_str()).collect();
        let old_replies = self.bot.ask_all(&texts, NEAREST, &mut |_| ())?;
        let new_replies = new.ask_all(&texts, NEAREST, &mut |_| ())?;
        let effect = effect(&labelled, (&self.bot, &old_replies), (&new, &new_replies));
        let known: HashSet<(check::Kind, &str)> =
            self.findings.iter().map(|finding| (finding.kind, finding.message.as_str())).collect();
        let findings = check::check(new.faq(), &self.embedder, &mut |_| ())?
            .into_iter()
            .filter(|finding| !known.contains(&(finding.kind, finding.message.as_str())))
            .filter(|finding| finding.kind != check::Kind::OnePhrasing)
            .map(|finding| finding.message)
            .collect();
        let near = group.nearest.first().and_then(|nearest| faq.position(&nearest.id));
        let plan = write::Plan::new(&self.settings, &self.loaded, change.clone(), near)?;
        // What stands in the FAQ says nothing as a label.
        let kept: Vec<LabelledQuery> = own
            .into_iter()
            .filter(|label| normalize_phrasing(&label.query) != normalize_phrasing(own_text))
            .collect();
        let preview = Preview { file: plan.file(), lines: plan.lines(), effect, findings };
        Ok((preview, plan, kept))
    }

    /// Writes a choice: the FAQ's file, the labels beside it, and the decision.
    ///
    /// # Errors
    ///
    /// As for [`Review::preview`]; or the file changed meanwhile, or something cannot be written.
    pub async fn decide(
        &mut self,
        store: &Store,
        id: &str,
        choice: &Choice,
        leave_out: &[String],
    ) -> Result<Done> {
        let group = self.without(id, leave_out)?;
        let (preview, plan, own) = self.plan(&group, choice)?;
        plan.write()?;
        labels::add(&mut self.labels, &own);
        labels::write(&self.settings, &self.labels)?;
        let (kind, entry) = match choice {
            Choice::Phrasing { entry, .. } => (Kind::Phrasing, Some(entry.clone())),
            Choice::Entry { .. } => (Kind::Entry, plan.new_entry()),
            Choice::NotOurs => (Kind::NotOurs, plan.new_entry()),
        };
        let questions = group.questions.iter().map(|question| question.text.clone()).collect();
        store.decide(&self.name, &Decision::new(kind, group.question.clone(), entry, questions)).await?;
        self.later(id);
        (self.loaded, self.bot) = load(&self.settings, &self.embedder)?;
        self.findings = check::check(self.bot.faq(), &self.embedder, &mut |_| ())?;
        Ok(Done { preview, calibrate: self.calibrate()? })
    }

    /// Why a calibration should be fitted, if it should.
    pub fn calibrate(&self) -> Result<Option<String>> {
        let enough = self.labels.len() >= calibration::MIN_QUERIES;
        let Some(path) = self.settings.faq.first().filter(|_| enough) else { return Ok(None) };
        let calibrated = CalibrationFile::path(path).is_file();
        let texts: Vec<&str> = self.labels.iter().map(|labelled| labelled.query.as_str()).collect();
        let replies = self.bot.ask_all(&texts, NEAREST, &mut |_| ())?;
        // What `faqbot calibrate` would refuse is not offered.
        let cases = calibration::cases(&self.bot, &self.labels, &replies);
        if calibration::fit(&cases, MAX_WRONG).is_err() {
            return Ok(None);
        }
        let error = report(&self.bot, &self.labels, &replies).calibration_error;
        let drifted = error.filter(|&error| error > DRIFTED);
        let command =
            format!("faqbot calibrate --faq {} --queries {}", path.display(), labels::path(path).display());
        Ok(match (calibrated, drifted) {
            (_, Some(error)) => Some(format!(
                "the confidence is off by {:.0} points on {} labelled questions: {command}",
                100.0 * error,
                self.labels.len()
            )),
            (false, None) => {
                Some(format!("{} labelled questions are enough to calibrate: {command}", self.labels.len()))
            }
            (true, None) => None,
        })
    }
}

/// Reads the FAQ and brings its bot up.
fn load(settings: &Settings, embedder: &Arc<dyn Embedder>) -> Result<(Loaded, AnyBot)> {
    let loaded = setup::read(settings, &settings.faq, Answers::Required)?;
    let bot = setup::bot(settings, loaded.faq.clone(), Box::new(Arc::clone(embedder)), true)?;
    Ok((loaded, bot))
}

/// A question, however often it was asked.
#[derive(Debug, Clone)]
struct Open {
    text: String,
    count: usize,
    outcome: Outcome,
    down: usize,
    /// Entries that were answered and did not help.
    not_helped: HashSet<String>,
    /// Entries that people chose when they were asked back.
    chosen: HashMap<String, usize>,
}

/// The questions that got no answer, or one that did not help, and are not decided; the most frequent first.
fn gather(kept: &[Kept], decisions: &[Decision]) -> Vec<Open> {
    let decided: HashSet<String> = decisions
        .iter()
        .flat_map(|decision| &decision.questions)
        .map(|question| normalize_phrasing(question))
        .collect();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    for Kept { question, rating, chosen } in kept {
        let down = rating.as_deref() == Some("down");
        if question.outcome == Outcome::Answer && !down {
            continue;
        }
        let normalized = normalize_phrasing(&question.text);
        if normalized.is_empty() || decided.contains(&normalized) {
            continue;
        }
        let at = *places.entry(normalized).or_insert_with(|| {
            open.push(Open {
                text: question.text.split_whitespace().collect::<Vec<_>>().join(" "),
                count: 0,
                outcome: question.outcome,
                down: 0,
                not_helped: HashSet::new(),
                chosen: HashMap::new(),
            });
            open.len() - 1
        });
        let own = &mut open[at];
        own.count += 1;
        own.outcome = question.outcome;
        own.down += usize::from(down);
        if question.outcome == Outcome::Answer {
            own.not_helped.extend(question.entry.clone());
        }
        if let Some(entry) = chosen {
            *own.chosen.entry(entry.clone()).or_default() += 1;
        }
    }
    open.sort_by_key(|question| std::cmp::Reverse(question.count));
    open.truncate(TEXTS);
    open
}
