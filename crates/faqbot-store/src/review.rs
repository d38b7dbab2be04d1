//! What was asked and not answered, grouped by meaning, and what is decided about each group. Front ends are `faqbot
//! review` and the server's `/review`.

mod import;
pub mod labels;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use faqbot_core::OutcomeKind;
use faqbot_core::bot::AnyBot;
use faqbot_core::learn::effect::{Effect, effect};
use faqbot_core::learn::groups::{SAME_MEANING, groups};
use faqbot_core::quality::calibration;
use faqbot_core::quality::calibration_file::CalibrationFile;
use faqbot_core::quality::check::{self, Finding};
use faqbot_core::quality::eval::{LabelledQuery, report};
use faqbot_core::{Decision as Answered, Match, Verdict};
use faqbot_embed::Embedder;
use faqbot_embed::Role;
use faqbot_faq::Change;
use faqbot_faq::sanitize::sanitize;
use faqbot_faq::{Loaded, normalize_phrasing, one_line};
use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::decisions::{Decision, Kind};
use crate::plan::Plan;
use crate::questions::{Filter, Kept};
use crate::source::Source;
use crate::{Error, Rating, Result, Store};
pub use import::import;

/// The newest questions that are looked at.
const QUESTIONS: i64 = 200_000;

/// Different questions that are grouped, the most frequent: each is embedded. Those beyond come once these are decided.
const TEXTS: usize = 2_000;

/// Phrasings up to which a preview looks for what `faqbot check` finds: it compares all pairs.
const CHECKED: usize = 5_000;

/// Labelled questions that a preview asks, the last.
const LABELS: usize = 1_000;

/// The expected calibration error from which on a calibration no longer fits; what ships has .085 on FAQs that it has not
/// seen (docs/evaluation.md).
const DRIFTED: f64 = 0.10;

/// The share of wrong answers that `faqbot calibrate` allows by default.
const MAX_WRONG: f64 = 0.05;

/// The confidence from which on the nearest entry is suggested: below it, nine in ten are for another or for none.
const LIKELY: f32 = 0.1;

/// Entries that are shown as the nearest.
const NEAREST: usize = 5;

/// A review of one FAQ's questions.
pub struct Review {
    /// The FAQ's name in the store.
    pub name: String,
    source: Arc<dyn Source>,
    loaded: Loaded,
    bot: AnyBot,
    labels: Vec<LabelledQuery>,
    /// What `faqbot check` finds now, once that was asked.
    findings: OnceCell<Vec<Finding>>,
    /// Those that are open, the largest first.
    pub groups: Vec<Group>,
}

/// Questions that mean the same, and are open.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Question {
    /// As it was written, redacted.
    pub text: String,
    /// How often it was asked.
    pub count: usize,
    /// The last outcome.
    pub outcome: OutcomeKind,
    /// How often its reply was said not to help.
    pub down: usize,
}

/// An entry near a question.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Nearest {
    /// Its id.
    pub id: String,
    /// The question that it answers.
    pub question: String,
    /// Between the question and its nearest phrasing, from -1 to 1.
    pub cosine: f32,
    /// Of the first only.
    pub confidence: Option<f32>,
}

/// What a group becomes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[derive(utoipa::ToSchema)]
pub enum Choice {
    /// A phrasing of an entry: the central question, or other words.
    Phrasing {
        /// The entry's id.
        entry: String,
        /// The other words.
        phrasing: Option<String>,
    },
    /// A new entry: the central question, or other words.
    Entry {
        /// The other words.
        question: Option<String>,
        /// The answer, as Markdown.
        answer: String,
    },
    /// None of this FAQ's: what is like it gets no answer, and does not come back here.
    NotOurs,
}

/// A decision about a group.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct Decide {
    /// The group's id.
    pub group: String,
    /// Those of its questions that are meant; the others stay open. Without any, all are.
    #[serde(default)]
    pub questions: Vec<String>,
    /// What it becomes.
    pub choice: Choice,
    /// That of the preview.
    pub revision: Option<String>,
}

/// What a choice would change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// What is done, in words.
    pub what: String,
    /// The file that is written.
    pub file: String,
    /// The lines that it gets.
    pub lines: Vec<String>,
    /// Of the file as it is and as it would be: a decision that names it is made only if it is still the same.
    pub revision: String,
    /// What becomes of the labelled questions, those of the group among them.
    pub effect: Effect,
    /// What `faqbot check` would find that it does not find now.
    pub findings: Vec<String>,
    /// Questions that were left out, and would be answered by this entry all the same.
    pub taken_in: Vec<String>,
}

/// A choice thought through to the end, and nothing written.
struct Planned {
    preview: Preview,
    plan: Plan,
    /// The labels that it gives.
    labels: Vec<LabelledQuery>,
    /// The entry that is changed or new.
    entry: String,
    /// The bot as it would be.
    after: AnyBot,
}

/// What was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Done {
    /// As it was shown before.
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
    pub async fn open(name: &str, source: Arc<dyn Source>, store: &Store) -> Result<Self> {
        if source.files().is_empty() {
            return Err(Error::Refused(
                "a review changes the FAQ's file: name it with --faq (`faqbot convert -o mine.yaml` begins one)".into(),
            ));
        }
        let filter = Filter { faq: Some(name), newest: QUESTIONS, ..Filter::default() };
        let kept = store.questions(&filter).await?;
        let decisions = store.decisions(name).await?;
        let (loaded, bot) = load(&*source)?;
        let labels = labels::all(source.files(), bot.faq(), &kept)?;
        let mut review = Review {
            name: name.to_owned(),
            source,
            loaded,
            bot,
            labels,
            findings: OnceCell::new(),
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
        let mut rows = self.source.embedder().embed(Role::Query, &texts, &mut |_| ())?;
        let refused = self.refused(decisions)?;
        // Whose mean cosine to the questions of a group that was refused would have joined them with it.
        let again = |row: ndarray::ArrayView1<f32>| refused.iter().any(|mean| mean.dot(&row) >= SAME_MEANING);
        let stays: Vec<usize> = (0..open.len()).filter(|&at| !again(rows.row(at))).collect();
        rows = rows.select(Axis(0), &stays);
        open = stays.into_iter().map(|at| open[at].clone()).collect();
        let found = groups(rows.view(), SAME_MEANING);
        let centrals: Vec<&str> = found.iter().map(|group| open[group.central].text.as_str()).collect();
        let replies = self.bot.verdicts(&centrals, NEAREST, &mut |_| ())?;
        let mut groups: Vec<Group> = found
            .iter()
            .zip(&replies)
            .map(|(group, verdict)| {
                let mut members: Vec<&Open> = group.members.iter().map(|&at| &open[at]).collect();
                members.sort_by_key(|member| std::cmp::Reverse(member.count));
                self.of(&open[group.central].text, &members, verdict)
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        Ok(groups)
    }

    fn of(&self, question: &str, members: &[&Open], verdict: &Verdict) -> Group {
        let best =
            |found: &Match| found.entry == verdict.matches.first().map_or(usize::MAX, |best| best.entry);
        let nearest: Vec<Nearest> = verdict
            .matches
            .iter()
            .filter(|found| !self.bot.entry(found).out_of_scope)
            .map(|found| Nearest {
                id: self.bot.entry(found).id.to_string(),
                question: self.bot.entry(found).question().to_owned(),
                cosine: found.cosine,
                confidence: verdict.confidence.filter(|_| best(found)),
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
            suggestion: suggestion.or_else(|| {
                let near =
                    nearest.first().filter(|nearest| nearest.confidence.is_none_or(|sure| sure >= LIKELY));
                near.map(|nearest| nearest.id.clone())
            }),
            nearest,
        }
    }

    /// Those that the FAQ as it is now does not answer, or answers with what did not help.
    fn still_open(&self, open: Vec<Open>) -> Result<Vec<Open>> {
        let texts: Vec<&str> = open.iter().map(|question| question.text.as_str()).collect();
        let replies = self.bot.verdicts(&texts, 1, &mut |_| ())?;
        let is_open = |question: &Open, verdict: &Verdict| match verdict.decision {
            Answered::Answer(_) => verdict
                .answer()
                .is_some_and(|found| question.not_helped.contains(self.bot.entry(found).id.as_str())),
            Answered::Ambiguous(_) | Answered::NoMatch | Answered::SmallTalk => true,
        };
        let keep: Vec<bool> =
            open.iter().zip(&replies).map(|(question, verdict)| is_open(question, verdict)).collect();
        Ok(open.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(question, _)| question).collect())
    }

    /// The mean rows of the groups that were refused.
    fn refused(&self, decisions: &[Decision]) -> Result<Vec<ndarray::Array1<f32>>> {
        let refused = decisions.iter().filter(|decision| decision.kind == Kind::NotOurs);
        let mean = |decision: &Decision| {
            let texts: Vec<&str> = decision.questions.iter().map(String::as_str).collect();
            let rows: Array2<f32> = self.source.embedder().embed(Role::Query, &texts, &mut |_| ())?;
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
        let replies = self.bot.verdicts(&texts, 1, &mut |_| ())?;
        Ok(replies.iter().any(|verdict| !matches!(verdict.decision, Answered::Answer(_))))
    }

    /// What a choice would change; nothing is written.
    ///
    /// # Errors
    ///
    /// There is no such group or entry, or the choice says nothing.
    pub fn preview(&self, group: &str, choice: &Choice, questions: &[String]) -> Result<Preview> {
        let meant = self.meant(group, questions)?;
        let Planned { mut preview, entry, after, .. } = self.plan(&meant, choice)?;
        // What was left out may be taken in all the same.
        let texts = self.find(group).into_iter().flat_map(|group| &group.questions);
        let left: Vec<&str> = texts
            .map(|question| question.text.as_str())
            .filter(|text| meant.questions.iter().all(|own| own.text != *text))
            .collect();
        for verdict in after.verdicts(&left, 1, &mut |_| ())? {
            if verdict.answer().is_some_and(|found| after.entry(found).id.as_str() == entry) {
                preview.taken_in.push(verdict.query);
            }
        }
        Ok(preview)
    }

    /// A group with only those of its questions that are meant; all where none are named.
    fn meant(&self, group: &str, questions: &[String]) -> Result<Group> {
        let mut group = self
            .find(group)
            .ok_or_else(|| Error::Conflict("this group is decided already".to_owned()))?
            .clone();
        if let Some(text) = questions.iter().find(|text| group.questions.iter().all(|own| own.text != **text))
        {
            return Err(Error::Conflict(format!("\"{text}\" is in another group now: look again")));
        }
        group.questions.retain(|question| questions.is_empty() || questions.contains(&question.text));
        // What is left out does not name the group.
        if group.questions.iter().all(|question| question.text != group.question)
            && let Some(first) = group.questions.first()
        {
            group.question = first.text.clone();
        }
        Ok(group)
    }

    /// What `faqbot check` would find in a FAQ that it does not find now.
    fn new_findings(&self, after: &AnyBot) -> Result<Vec<String>> {
        if after.faq().phrasing_count() > CHECKED {
            return Ok(Vec::new());
        }
        let now = match self.findings.get() {
            Some(now) => now,
            None => {
                let found = check::check(self.bot.faq(), self.source.embedder(), None, &mut |_| ())?;
                self.findings.get_or_init(|| found)
            }
        };
        let known: HashSet<(check::Kind, &str)> =
            now.iter().map(|finding| (finding.kind, finding.message.as_str())).collect();
        let found = check::check(after.faq(), self.source.embedder(), None, &mut |_| ())?;
        Ok(found
            .into_iter()
            .filter(|finding| !known.contains(&(finding.kind, finding.message.as_str())))
            // A new entry has one phrasing.
            .filter(|finding| finding.kind != check::Kind::OnePhrasing)
            .map(|finding| finding.message)
            .collect())
    }

    /// What is written for a choice.
    fn plan(&self, group: &Group, choice: &Choice) -> Result<Planned> {
        let faq = self.bot.faq();
        let text = |own: &Option<String>| -> Result<String> {
            let text = sanitize(own.clone().unwrap_or_else(|| group.question.clone())).0;
            let text = one_line(&text);
            if normalize_phrasing(&text).is_empty() {
                return Err(Error::Refused("a question has at least a word".into()));
            }
            Ok(text)
        };
        let change = match choice {
            Choice::Phrasing { entry, phrasing } => {
                let at = faq
                    .position(entry)
                    .ok_or_else(|| Error::Refused(format!("there is no entry `{entry}`")))?;
                if faq.entries[at].crisis {
                    return Err(Error::Refused(format!(
                        "the entry `{entry}` is for people in danger: edit it by hand"
                    )));
                }
                Change::Phrasing { id: entry.clone(), phrasing: text(phrasing)? }
            }
            Choice::Entry { question, answer } => {
                let answer = sanitize(answer.replace("\r\n", "\n")).0.trim().to_owned();
                if answer.is_empty() {
                    return Err(Error::Refused("a new entry needs an answer".into()));
                }
                Change::Entry { question: text(question)?, answer: Some(answer) }
            }
            Choice::NotOurs => Change::Entry { question: text(&None)?, answer: None },
        };
        let after =
            change.apply(faq).ok_or_else(|| Error::Refused("the entry has this phrasing already".into()))?;
        let (entry, own_text, what) = match &change {
            Change::Phrasing { id, phrasing } => {
                let question = faq.position(id).map_or(id.as_str(), |at| faq.entries[at].question());
                (id.clone(), phrasing, format!("a phrasing of \"{question}\""))
            }
            Change::Entry { question, answer } => {
                let id = after.entries.last().map(|entry| entry.id.to_string()).unwrap_or_default();
                let what = match answer {
                    Some(_) => "a new entry",
                    None => "not ours: what is like it gets no answer",
                };
                (id, question, what.to_owned())
            }
        };
        let expected = (!matches!(choice, Choice::NotOurs)).then_some(entry.as_str());
        let own: Vec<LabelledQuery> =
            group.questions.iter().map(|question| labels::decided(&question.text, expected)).collect();
        let mut labelled = self.last_labels().to_vec();
        labels::add(&mut labelled, &own);
        let beyond = Arc::clone(self.source.embedder());
        let new = AnyBot::new(after, Box::new(beyond), *self.bot.setup(), &mut |_| ())?;
        let texts: Vec<&str> = labelled.iter().map(|labelled| labelled.query.as_str()).collect();
        let old_replies = self.bot.verdicts(&texts, NEAREST, &mut |_| ())?;
        let new_replies = new.verdicts(&texts, NEAREST, &mut |_| ())?;
        let effect = effect(&labelled, (&self.bot, &old_replies), (&new, &new_replies));
        let findings = self.new_findings(&new)?;
        let near = group.nearest.first().and_then(|nearest| faq.position(&nearest.id));
        let plan = Plan::new(self.source.files(), self.source.read_options(), &self.loaded, &change, near)?;
        // What stands in the FAQ says nothing as a label.
        let labels: Vec<LabelledQuery> = own
            .into_iter()
            .filter(|label| normalize_phrasing(&label.query) != normalize_phrasing(own_text))
            .collect();
        let preview = Preview {
            what,
            file: plan.file(),
            lines: plan.lines(),
            revision: plan.revision(),
            effect,
            findings,
            taken_in: Vec::new(),
        };
        Ok(Planned { preview, plan, labels, entry, after: new })
    }

    /// Writes a choice: the FAQ's file, the labels beside it, and the decision.
    ///
    /// # Errors
    ///
    /// As for [`Review::preview`]; or the file changed meanwhile, or something cannot be written.
    pub async fn decide(&mut self, store: &Store, decide: &Decide) -> Result<Done> {
        let Decide { group: id, questions, choice, revision } = decide;
        let group = self.meant(id, questions)?;
        let Planned { preview, plan, labels, entry, .. } = self.plan(&group, choice)?;
        if revision.as_ref().is_some_and(|revision| *revision != preview.revision) {
            return Err(Error::Conflict(format!(
                "{} was changed meanwhile: see again what it would change",
                preview.file
            )));
        }
        let lock = plan.write()?;
        // Whatever fails from here on, the file has it.
        self.later(id);
        (self.loaded, self.bot) = load(&*self.source)?;
        self.findings = OnceCell::new();
        labels::add(&mut self.labels, &labels);
        labels::write(self.source.files(), &self.labels)?;
        drop(lock);
        let kind = match choice {
            Choice::Phrasing { .. } => Kind::Phrasing,
            Choice::Entry { .. } => Kind::Entry,
            Choice::NotOurs => Kind::NotOurs,
        };
        let questions = group.questions.iter().map(|question| question.text.clone()).collect();
        store
            .decide(&self.name, &Decision::new(kind, group.question.clone(), Some(entry), questions))
            .await?;
        Ok(Done { preview, calibrate: self.calibrate()? })
    }

    /// The labels that are asked.
    fn last_labels(&self) -> &[LabelledQuery] {
        &self.labels[self.labels.len().saturating_sub(LABELS)..]
    }

    /// Why a calibration should be fitted, if it should.
    pub fn calibrate(&self) -> Result<Option<String>> {
        let enough = self.labels.len() >= calibration::MIN_QUERIES;
        let Some(path) = self.source.files().first().filter(|_| enough) else { return Ok(None) };
        let calibrated = CalibrationFile::path(path).is_file();
        let labels = self.last_labels();
        let texts: Vec<&str> = labels.iter().map(|labelled| labelled.query.as_str()).collect();
        let replies = self.bot.verdicts(&texts, NEAREST, &mut |_| ())?;
        // What `faqbot calibrate` would refuse is not offered.
        let cases = calibration::cases(&self.bot, labels, &replies);
        if calibration::fit(&cases, MAX_WRONG).is_err() {
            return Ok(None);
        }
        let error = report(&self.bot, labels, &replies).calibration_error;
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
fn load(source: &dyn Source) -> Result<(Loaded, AnyBot)> {
    let loaded = source.load()?;
    let bot = source.bot(loaded.faq.clone())?;
    Ok((loaded, bot))
}

/// A question, however often it was asked.
#[derive(Debug, Clone)]
struct Open {
    text: String,
    count: usize,
    outcome: OutcomeKind,
    down: usize,
    /// Entries that were answered and did not help.
    not_helped: HashSet<String>,
    /// Entries that people chose when they were asked back.
    chosen: HashMap<String, usize>,
}

/// The questions that got no answer, or one that did not help, and are not decided; the most frequent first.
fn gather(kept: &[Kept], decisions: &[Decision]) -> Vec<Open> {
    // What was taken into the FAQ comes back where the FAQ does not answer it all the same.
    let decided: HashSet<String> = decisions
        .iter()
        .filter(|decision| decision.kind == Kind::NotOurs)
        .flat_map(|decision| &decision.questions)
        .map(|question| normalize_phrasing(question))
        .collect();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    for Kept { question, rating, chosen } in kept {
        let down = rating == &Some(Rating::Down);
        if question.outcome == OutcomeKind::Answer && !down {
            continue;
        }
        let normalized = normalize_phrasing(&question.text);
        if normalized.is_empty() || decided.contains(&normalized) {
            continue;
        }
        let at = *places.entry(normalized).or_insert_with(|| {
            open.push(Open {
                text: one_line(&question.text),
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
        if question.outcome == OutcomeKind::Answer {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use faqbot_core::Setup;
    use faqbot_core::matching::decision::Policy;
    use faqbot_embed::HashEmbedder;
    use faqbot_faq::{Faq, ReadOptions};
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::channel::Channel;
    use crate::questions::{Feedback, Question as Asked, Rated, Record};
    use crate::source::Calibrated;
    use crate::{Missing, now};

    const YAML: &str = "# ours
- question: Where is my order?
  answer: On its way.
- question: How do I pay?
  answer: By card.
";

    /// A FAQ in a file.
    struct InFile {
        files: Vec<PathBuf>,
        options: ReadOptions,
        embedder: Arc<dyn Embedder>,
    }

    impl Source for InFile {
        fn files(&self) -> &[PathBuf] {
            &self.files
        }

        fn read_options(&self) -> &ReadOptions {
            &self.options
        }

        fn embedder(&self) -> &Arc<dyn Embedder> {
            &self.embedder
        }

        fn load(&self) -> Result<Loaded> {
            Ok(Faq::load(&self.files[0])?)
        }

        fn setup(&self, _: &Faq, _: Calibrated) -> Result<Setup> {
            let policy = Policy { min_cosine: 0.5, margin: 0.05, ..Policy::UNCALIBRATED };
            Ok(Setup { policy, calibration: None, answers: false })
        }
    }

    /// A folder with a FAQ and a store in which these were asked and had no answer.
    async fn asked(texts: &[&str]) -> (TempDir, Arc<dyn Source>, Store) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.yaml");
        fs::write(&path, YAML).unwrap();
        let embedder: Arc<dyn Embedder> = Arc::new(HashEmbedder::new());
        let source = Arc::new(InFile { files: vec![path], options: ReadOptions::default(), embedder });
        let url = format!("sqlite:{}", folder.path().join("asked.db").display());
        let store = Store::open(&url, Missing::Create).await.unwrap();
        let record = |text: &&str| {
            Record::Question(Box::new(Asked {
                id: Uuid::now_v7(),
                at: now(),
                faq: "shop".into(),
                version: String::new(),
                channel: Channel::Chat,
                session: None,
                text: (*text).to_owned(),
                outcome: OutcomeKind::NoMatch,
                entry: None,
                confidence: None,
                runner_up: None,
                shown: Vec::new(),
            }))
        };
        let records: Vec<Record> = texts.iter().map(record).collect();
        store.write(records.iter()).await.unwrap();
        (folder, source, store)
    }

    fn text(folder: &TempDir) -> String {
        fs::read_to_string(folder.path().join("shop.yaml")).unwrap()
    }

    #[tokio::test]
    async fn questions_that_mean_the_same_become_a_phrasing() {
        let parcel = ["has my parcel left", "has my parcel left yet", "has my parcel left"];
        let (folder, source, store) = asked(&[&parcel[..], &["where is my order"]].concat()).await;
        let mut review = Review::open("shop", Arc::clone(&source), &store).await.unwrap();
        // What the FAQ answers by now is not open.
        assert_eq!(review.groups.len(), 1, "{:?}", review.groups);
        let group = review.groups[0].clone();
        assert_eq!((group.count, group.questions.len()), (3, 2));
        let choice = Choice::Phrasing { entry: "where-is-my-order".into(), phrasing: None };
        let preview = review.preview(&group.id, &choice, &[]).unwrap();
        assert_eq!(text(&folder), YAML, "a preview writes nothing");
        assert_eq!((preview.lines.len(), preview.effect.answered), (2, 2), "{preview:?}");
        let revision = Some(preview.revision);
        let decide = Decide { group: group.id, questions: Vec::new(), choice, revision };
        review.decide(&store, &decide).await.unwrap();
        assert!(text(&folder).starts_with("# ours") && text(&folder).contains("has my parcel left"));
        assert!(folder.path().join("shop.queries.jsonl").is_file());
        // It is answered, and does not come back.
        assert!(review.groups.is_empty());
        assert!(Review::open("shop", source, &store).await.unwrap().groups.is_empty());
        let again = review.decide(&store, &decide).await;
        assert!(matches!(again, Err(Error::Conflict(_))));
    }

    #[tokio::test]
    async fn what_is_not_ours_stays_away() {
        let (folder, source, store) = asked(&["who won the match"]).await;
        let mut review = Review::open("shop", Arc::clone(&source), &store).await.unwrap();
        let group = review.groups[0].id.clone();
        let decide = Decide { group, questions: Vec::new(), choice: Choice::NotOurs, revision: None };
        review.decide(&store, &decide).await.unwrap();
        assert!(text(&folder).contains("out_of_scope: true"), "{}", text(&folder));
        assert!(Review::open("shop", source, &store).await.unwrap().groups.is_empty());
    }

    #[tokio::test]
    async fn a_file_that_changed_meanwhile_is_left_as_it_is() {
        let (folder, source, store) = asked(&["can I fetch it myself"]).await;
        let mut review = Review::open("shop", source, &store).await.unwrap();
        let group = review.groups[0].id.clone();
        let choice = Choice::Entry { question: None, answer: "Yes, until six.".into() };
        let preview = review.preview(&group, &choice, &[]).unwrap();
        let changed = YAML.replace("By card.", "In cash.");
        fs::write(folder.path().join("shop.yaml"), &changed).unwrap();
        let decide = Decide { group, questions: Vec::new(), choice, revision: Some(preview.revision) };
        let done = review.decide(&store, &decide).await;
        assert!(matches!(done, Err(Error::Conflict(_))), "{:?}", done.err());
        assert_eq!(text(&folder), changed);
    }

    #[tokio::test]
    async fn thumbs_and_choices_are_labels() {
        let (_folder, source, store) = asked(&["is it on its way"]).await;
        let id = store.questions(&Filter { newest: 1, ..Filter::default() }).await.unwrap()[0].question.id;
        let chosen = Record::Feedback(Feedback {
            question: Rated::Id(id),
            at: now(),
            rating: Rating::Chosen,
            entry: Some("where-is-my-order".into()),
        });
        store.write([chosen].iter()).await.unwrap();
        let review = Review::open("shop", source, &store).await.unwrap();
        assert_eq!(review.labels.len(), 1);
        let group = &review.groups[0];
        assert!(group.chosen && group.suggestion.as_deref() == Some("where-is-my-order"));
    }

    #[test]
    fn labels_lie_beside_the_faq() {
        assert_eq!(labels::path(Path::new("a/shop.yaml")), Path::new("a/shop.queries.jsonl"));
    }
}
