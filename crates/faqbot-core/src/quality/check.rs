//! A linter for the content of a FAQ: what will make a bot answer wrongly, or not at all.
//!
//! Entries are held against one another with the embedder that will answer, so what is found is what
//! that model cannot tell apart.

use std::collections::{BTreeMap, HashMap, HashSet};

use faqbot_embed::{Embedder, EntryText, Progress, Reader, Role};
use faqbot_faq::{Faq, abridge, normalize_phrasing};
use ndarray::{ArcArray2, Array2, ArrayView1, Axis};
use serde::Serialize;

use crate::bot::language::not_english;
use crate::error::Result;

use crate::matching::alignment::differ_in;
use crate::matching::centering::centred_rows;
use crate::matching::index::Index;
use crate::matching::signals::is_real_answer;
use crate::parallel::in_blocks;

/// Phrasings of two entries with a cosine from here on are close. In the public sets that
/// `cargo run --release -p faqbot-train --bin fit -- DATA` reads, one in eight queries for either of two such
/// entries goes to the other; below, about one in twenty (its table "Close entries", on calibration
/// files, November 2026).
pub const CLOSE: f32 = 0.85;

/// From here on they are the same to the model. No two entries of those sets are as close.
pub const SAME: f32 = 0.95;

/// How far another entry's score must be ahead of a phrasing's own, for it to be in the wrong place, by the number of
/// phrasings that its entry has: the least at which four of five phrasings named are wrong where one in twenty is
/// (table "Phrasings in the wrong place" of the same command). With two phrasings an entry it is seven of ten at best,
/// and nothing is said.
fn wrong_place(phrasings: usize) -> Option<f32> {
    match phrasings {
        0..=2 => None,
        3 => Some(0.5),
        _ => Some(0.3),
    }
}

/// Phrasings of two entries with a cosine from here on, and the same words but one or two, are near misses of each
/// other. Unrelated questions with so few words apart are seldom as near; where there is no cosine to tell, all short
/// questions would be.
pub const NEAR_MISS: f32 = 0.7;

/// The nearest phrasings of other entries that each phrasing is held against word by word.
const NEAR_MISSES: usize = 8;

/// So many entries, whose questions are nearest to an entry's, are read with it.
const READ: usize = 4;

/// Of FAQs with more entries none are read: it would take seconds.
const MOST_READ: usize = 300;

/// Two entries are read alike where the reader's logit is greater both ways.
const ALIKE: f32 = 1.0;

/// Answers with fewer words say little, and are often left over from a draft.
const SHORT_ANSWER_WORDS: usize = 2;

/// Longer answers are documents: they fill more than two screens of 24 lines with 80 columns.
const LONG_ANSWER_CHARS: usize = 2 * 24 * 80;

/// In a text with fewer letters a language cannot be told.
const LANGUAGE_LETTERS: usize = 40;

/// Rows that are held against all others at once.
const BLOCK: usize = 256;

/// Colliding phrasings that are given for two entries, the closest first.
const COLLISIONS: usize = 3;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The same question stands in two entries with different answers.
    ConflictingAnswers,
    /// The same phrasing stands in two entries with the same answer.
    SharedPhrasing,
    /// Two entries have phrasings that the model can hardly tell apart.
    CloseEntries,
    /// Two entries answer each other's question, as the reader sees it.
    ReadAlike,
    /// Two entries have phrasings that are the same but for a word or two.
    NearMiss,
    /// A phrasing is nearer to another entry than to the other phrasings of its own.
    NearerElsewhere,
    /// There is no answer, or a placeholder.
    EmptyAnswer,
    /// A phrasing is longer than what the model reads of it.
    CutPhrasing,
    /// Entries are in a language that the model does not know.
    UnknownLanguage,
    /// An answer has hardly a word.
    ShortAnswer,
    /// An answer is a document.
    LongAnswer,
    /// An answer holds what looks like a question of its own.
    QuestionInAnswer,
    /// Entries have one phrasing only.
    OnePhrasing,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It will give wrong answers, or none. Programs know it by its old name.
    #[serde(rename = "mend")]
    Fix,
    /// The FAQ would be better without it.
    Hint,
}

impl Kind {
    /// How much it matters, as a rule.
    fn level(self) -> Level {
        match self {
            Kind::ReadAlike
            | Kind::NearMiss
            | Kind::ShortAnswer
            | Kind::LongAnswer
            | Kind::QuestionInAnswer
            | Kind::OnePhrasing => Level::Hint,
            _ => Level::Fix,
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Kind::ConflictingAnswers => "keep the right answer, or say in each question what it is about",
            Kind::SharedPhrasing => "join the entries, or take the phrasing out of one",
            Kind::CloseEntries => "join the entries, or add phrasings that say where they differ",
            Kind::ReadAlike => "join the entries, or say in each question what it is about",
            Kind::NearMiss => {
                "add phrasings to both that say the difference in other words; a question without it is asked back"
            }
            Kind::NearerElsewhere => "move the phrasing to the other entry, or give its own more like it",
            Kind::EmptyAnswer => "write the answer, or take the entry out",
            Kind::CutPhrasing => "shorten the phrasing to the question in it",
            Kind::UnknownLanguage => "choose a model that knows the language",
            Kind::ShortAnswer => "see whether the answer is whole",
            Kind::QuestionInAnswer => "make it an entry, if people ask it",
            Kind::LongAnswer => "answer in a few sentences, and name the document as source",
            Kind::OnePhrasing => "add other phrasings under `also`: each makes the entry easier to find",
        }
    }
}

/// Two phrasings and their cosine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Collision {
    /// Of the first entry.
    pub a: String,
    /// Of the second.
    pub b: String,
    /// In `-1..=1`.
    pub cosine: f32,
}

/// Something to see to.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What is wrong.
    pub kind: Kind,
    /// How much it matters.
    pub level: Level,
    /// The entries it is about, as positions in the FAQ; at least one.
    pub entries: Vec<usize>,
    /// What was found.
    pub message: String,
    /// The phrasings that collide, closest first.
    pub collisions: Vec<Collision>,
}

impl Finding {
    fn new(kind: Kind, entries: Vec<usize>, message: impl Into<String>) -> Self {
        Finding { kind, level: kind.level(), entries, message: message.into(), collisions: Vec::new() }
    }
}

/// Everything there is to see to in a FAQ: what matters first, then by kind, then in the FAQ's order.
/// `progress` is told how many of the FAQ's phrasings are embedded, and then how many more are compared with the others:
/// twice their number in all. With a `reader`, entries are read with each other's questions too.
///
/// # Errors
///
/// The embedder failed.
pub fn check(
    faq: &Faq,
    embedder: &dyn Embedder,
    reader: Option<&dyn Reader>,
    progress: Progress,
) -> Result<Vec<Finding>> {
    let mut findings = answers(faq);
    findings.extend(shared_phrasings(faq));
    findings.extend(languages(faq, embedder));
    for (at, entry) in faq.entries.iter().enumerate() {
        for phrasing in entry.phrasings.iter().filter(|phrasing| embedder.cuts(phrasing)) {
            let message = format!("the model reads only the beginning of \"{}\"", abridge(phrasing, 60));
            findings.push(Finding::new(Kind::CutPhrasing, vec![at], message));
        }
    }
    let phrasings = Phrasings::new(faq, embedder, progress)?;
    findings.extend(neighbours(faq, &phrasings, progress));
    let alike = reader.map_or(Ok(Vec::new()), |reader| read_alike(faq, reader, &phrasings))?;
    let is_new = |finding: &Finding| findings.iter().all(|other| other.entries != finding.entries);
    let alike: Vec<Finding> = alike.into_iter().filter(is_new).collect();
    findings.extend(alike);
    let single: Vec<usize> = (0..faq.entries.len())
        .filter(|&at| faq.entries[at].phrasings.len() == 1 && !faq.entries[at].out_of_scope)
        .collect();
    if !single.is_empty() {
        let message = format!("{} of {} entries have one phrasing only", single.len(), faq.entries.len());
        findings.push(Finding::new(Kind::OnePhrasing, single, message));
    }
    findings.sort_by_key(|finding| (finding.level, finding.kind, finding.entries[0]));
    Ok(findings)
}

fn answers(faq: &Faq) -> Vec<Finding> {
    let mut findings = Vec::new();
    let in_scope = faq.entries.iter().enumerate().filter(|(_, entry)| !entry.out_of_scope);
    for (at, entry) in in_scope {
        for line in entry.answers().flat_map(questions_inside).take(1) {
            let message = format!(
                "\"{}\": the answer has a line of its own that asks, \"{}\"",
                abridge(entry.question(), 60),
                abridge(line, 60)
            );
            findings.push(Finding::new(Kind::QuestionInAnswer, vec![at], message));
        }
        let (words, letters) = (entry.answer.split_whitespace().count(), entry.answer.chars().count());
        // Scripts without spaces have one word, and no short one.
        let short = words < SHORT_ANSWER_WORDS && letters < 12;
        let (kind, message) = if !is_real_answer(&entry.answer) {
            let what = if entry.answer.is_empty() {
                "no answer".into()
            } else {
                format!("only the placeholder {}", entry.answer)
            };
            (Kind::EmptyAnswer, what)
        } else if short {
            (Kind::ShortAnswer, format!("the answer is \"{}\"", entry.answer))
        } else if letters > LONG_ANSWER_CHARS {
            (Kind::LongAnswer, format!("the answer has {letters} characters"))
        } else {
            continue;
        };
        findings.push(Finding::new(
            kind,
            vec![at],
            format!("\"{}\": {message}", abridge(entry.question(), 60)),
        ));
    }
    findings
}

/// The lines of an answer that are a question alone, as a heading or in bold, with more below: an importer or an author
/// may have meant them for entries. A question to the reader, as in "Still stuck?", is short.
fn questions_inside(answer: &str) -> impl Iterator<Item = &str> {
    const LEAST_WORDS: usize = 3;
    let mut lines = answer.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    std::iter::from_fn(move || {
        while let Some(line) = lines.next() {
            let marked = line.starts_with('#')
                || line.starts_with("**")
                || line.starts_with("<summary>")
                || line.starts_with("Q:");
            let text = line.trim_start_matches(['#', ' ', '*', '-']).trim_end_matches(['*', ' ']);
            let text = text.trim_start_matches("<summary>").trim_end_matches("</summary>");
            let asks = text.ends_with(['?', '？']) && text.split_whitespace().count() >= LEAST_WORDS;
            if marked && asks && lines.peek().is_some() {
                return Some(text);
            }
        }
        None
    })
}

/// Phrasings that are the same but for case, accents and punctuation, in several entries.
fn shared_phrasings(faq: &Faq) -> Vec<Finding> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, entry) in faq.entries.iter().enumerate() {
        for phrasing in &entry.phrasings {
            let entries = places.entry(normalize_phrasing(phrasing)).or_default();
            if entries.last() != Some(&at) {
                entries.push(at);
            }
        }
    }
    let several = places.into_iter().filter(|(phrasing, entries)| !phrasing.is_empty() && entries.len() > 1);
    several
        .map(|(phrasing, entries)| {
            let answer = |at: &usize| normalize_phrasing(&faq.entries[*at].answer);
            let same = entries.iter().all(|at| answer(at) == answer(&entries[0]));
            let kind = if same { Kind::SharedPhrasing } else { Kind::ConflictingAnswers };
            let answers = if same { "the same answer" } else { "different answers" };
            let message =
                format!("\"{}\" stands in {} entries with {answers}", abridge(&phrasing, 60), entries.len());
            Finding::new(kind, entries, message)
        })
        .collect()
}

/// Entries in languages that the model does not know, one finding a language.
fn languages(faq: &Faq, embedder: &dyn Embedder) -> Vec<Finding> {
    if embedder.languages() != Some("English") {
        return Vec::new();
    }
    let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
    let in_scope = faq.entries.iter().enumerate().filter(|(_, entry)| !entry.out_of_scope);
    for (at, entry) in in_scope {
        let text = format!("{}\n{}", entry.phrasings.join("\n"), entry.answer);
        if let Some(language) = not_english(&text, LANGUAGE_LETTERS, false) {
            found.entry(language).or_default().push(at);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort();
    let finding = |(language, entries): (&str, Vec<usize>)| {
        let (many, look) = if entries.len() == 1 { ("entry", "looks") } else { ("entries", "look") };
        let message = format!("{} {many} {look} like {language}; the model knows English", entries.len());
        Finding::new(Kind::UnknownLanguage, entries, message)
    };
    found.into_iter().map(finding).collect()
}

/// Two phrasings, by their places, that are close.
struct Close {
    a: usize,
    b: usize,
    cosine: f32,
}

/// The phrasings of a FAQ, embedded.
struct Phrasings<'f> {
    texts: Vec<&'f str>,
    normalized: Vec<String>,
    /// The entry of each.
    owners: Vec<usize>,
    rows: ArcArray2<f32>,
    index: Index,
}

impl<'f> Phrasings<'f> {
    fn new(faq: &'f Faq, embedder: &dyn Embedder, progress: Progress) -> Result<Self> {
        let texts: Vec<&str> =
            faq.entries.iter().flat_map(|entry| entry.phrasings.iter().map(String::as_str)).collect();
        let counts: Vec<usize> = faq.entries.iter().map(|entry| entry.phrasings.len()).collect();
        let rows = embedder.embed(Role::Passage, &texts, progress)?.into_shared();
        Ok(Phrasings {
            normalized: texts.iter().map(|text| normalize_phrasing(text)).collect(),
            owners: counts.iter().enumerate().flat_map(|(at, &count)| vec![at; count]).collect(),
            index: Index::new(rows.clone(), counts, []),
            rows,
            texts,
        })
    }

    /// See [`found_without`].
    fn found_without(&self) -> Vec<Option<(usize, f32)>> {
        let rows = centred_rows(&self.index, self.rows.view());
        let mut sums = Array2::<f32>::zeros((self.index.len(), rows.ncols()));
        for (row, &owner) in rows.rows().into_iter().zip(&self.owners) {
            sums.row_mut(owner).scaled_add(1.0, &row);
        }
        let unit = |row: ArrayView1<f32>| {
            let length = row.dot(&row).sqrt();
            if length > 0.0 { &row / length } else { row.to_owned() }
        };
        let mut centroids = sums.clone();
        for mut row in centroids.rows_mut() {
            let own = unit(row.view());
            row.assign(&own);
        }
        let blocks = in_blocks(self.texts.len(), BLOCK, |block| {
            // An entry with one phrasing has nothing to compare it with.
            if block.clone().all(|at| self.index.bounds(self.owners[at]).len() < 2) {
                return vec![None; block.len()];
            }
            let part = rows.slice_axis(Axis(0), (block.start..block.end).into());
            let (to_rows, to_centroids) = (part.dot(&rows.t()), part.dot(&centroids.t()));
            let without = |at: usize| -> Option<(usize, f32)> {
                let own = self.owners[at];
                if self.index.bounds(own).len() < 2 {
                    return None;
                }
                let score = |entry: usize| {
                    let others = self.index.bounds(entry).filter(|&other| other != at);
                    let nearest = others.map(|other| to_rows[[at - block.start, other]]).fold(-1.0, f32::max);
                    let centroid = if entry == own {
                        let row = rows.row(at);
                        unit((&sums.row(own) - &row).view()).dot(&row)
                    } else {
                        to_centroids[[at - block.start, entry]]
                    };
                    (nearest + centroid) / 2.0
                };
                let best = (0..self.index.len())
                    .filter(|&entry| entry != own)
                    .map(|entry| (entry, score(entry)))
                    .max_by(|a, b| a.1.total_cmp(&b.1));
                best.map(|(entry, other)| (entry, other - score(own)))
            };
            block.clone().map(without).collect::<Vec<_>>()
        });
        blocks.into_iter().flatten().collect()
    }

    /// Phrasings of two entries with a cosine of at least [`CLOSE`], and of each phrasing the nearest ones of other
    /// entries with at least [`NEAR_MISS`], by the two entries; not those that are the same.
    fn collisions(&self, progress: Progress) -> BTreeMap<(usize, usize), Vec<Close>> {
        let blocks = in_blocks(self.texts.len(), BLOCK, |block| {
            let cosines = self.rows.slice_axis(Axis(0), (block.start..block.end).into()).dot(&self.rows.t());
            let of_row = |(row, cosines): (usize, ArrayView1<f32>)| -> Vec<Close> {
                let at = block.start + row;
                let near = |(other, &cosine): (usize, &f32)| {
                    let apart = self.owners[at] != self.owners[other]
                        && self.normalized[at] != self.normalized[other];
                    // Phrasings lie in the order of their entries.
                    let (a, b) = (at.min(other), at.max(other));
                    (cosine >= NEAR_MISS && apart).then(|| Close { a, b, cosine: cosine.min(1.0) })
                };
                let mut found: Vec<Close> = cosines.iter().enumerate().filter_map(near).collect();
                found.sort_by(|x, y| y.cosine.total_cmp(&x.cosine));
                let kept = found.iter().take_while(|close| close.cosine >= CLOSE).count().max(NEAR_MISSES);
                found.truncate(kept);
                found
            };
            cosines.outer_iter().enumerate().flat_map(of_row).collect::<Vec<Close>>()
        });
        let mut close: BTreeMap<(usize, usize), Vec<Close>> = BTreeMap::new();
        for (number, found) in blocks.enumerate() {
            progress(self.texts.len() + self.texts.len().min((number + 1) * BLOCK));
            for found in found {
                close.entry((self.owners[found.a], self.owners[found.b])).or_default().push(found);
            }
        }
        // Most pairs are found from both sides.
        for found in close.values_mut() {
            found.sort_by_key(|pair| (pair.a, pair.b));
            found.dedup_by_key(|pair| (pair.a, pair.b));
        }
        close
    }
}

/// For each phrasing of a FAQ: the entry that is found when it is asked and its own entry does not have
/// it, and by how much that one's score is ahead of its own. `None` where its entry has no other
/// phrasing.
///
/// The score is the mean of the first two signals of [`crate::matching::signals`], nearest phrasing and centroid:
/// they can be had without each phrasing in turn at the cost of having them once.
///
/// # Errors
///
/// The embedder failed.
pub fn found_without(faq: &Faq, embedder: &dyn Embedder) -> Result<Vec<Option<(usize, f32)>>> {
    Ok(Phrasings::new(faq, embedder, &mut |_| ())?.found_without())
}

/// Entries whose phrasings are close, and phrasings that are nearer to another entry than to their own.
fn neighbours(faq: &Faq, phrasings: &Phrasings, progress: Progress) -> Vec<Finding> {
    let found = phrasings.found_without();
    let collisions = phrasings.collisions(progress);
    let text = |at: usize| phrasings.texts[at];
    let short = |at: usize| abridge(text(at), 60);
    let mut findings = Vec::new();
    for (at, found) in found.iter().enumerate() {
        if let &Some((entry, ahead)) = found
            && let own = phrasings.owners[at]
            && wrong_place(faq.entries[own].phrasings.len()).is_some_and(|least| ahead > least)
        {
            let message = format!(
                "\"{}\" is nearer to \"{}\" than to the rest of its own entry, \"{}\"",
                short(at),
                abridge(faq.entries[entry].question(), 60),
                abridge(faq.entries[own].question(), 60)
            );
            findings.push(Finding::new(Kind::NearerElsewhere, vec![own, entry], message));
        }
    }
    for ((a, b), mut close) in collisions {
        close.sort_by(|x, y| y.cosine.total_cmp(&x.cosine));
        // Where the other phrasings of both entries decide the question, it does not fall between.
        let settled = |at: usize| found[at].is_some_and(|(_, ahead)| ahead < 0.0);
        let between = |close: &Close| !(settled(close.a) && settled(close.b));
        let near_miss = close.iter().find_map(|close| {
            let words =
                differ_in(text(close.a), text(close.b)).filter(|_| close.cosine < SAME && between(close))?;
            Some((Close { ..*close }, words))
        });
        close.retain(|close| close.cosine >= CLOSE && between(close));
        let pair = |Close { a, b, cosine }: &Close| {
            format!("\"{}\" and \"{}\" have cosine {cosine:.2}", short(*a), short(*b))
        };
        let collision = |Close { a, b, cosine }: &Close| Collision {
            a: text(*a).into(),
            b: text(*b).into(),
            cosine: *cosine,
        };
        let same = close.first().is_some_and(|close| close.cosine >= SAME);
        if let Some((nearest, [of_a, of_b])) = near_miss.filter(|_| !same) {
            let only = [of_a, of_b].map(|words| words.join(" "));
            let only: Vec<String> =
                only.iter().filter(|words| !words.is_empty()).map(|words| format!("\"{words}\"")).collect();
            let (of_a, of_b) = (short(nearest.a), short(nearest.b));
            let message = format!("\"{of_a}\" and \"{of_b}\" differ only in {}", only.join(" and "));
            let finding = Finding::new(Kind::NearMiss, vec![a, b], message);
            findings.push(Finding { collisions: vec![collision(&nearest)], ..finding });
            continue;
        }
        if close.is_empty() {
            continue;
        }
        let more = close.len().saturating_sub(COLLISIONS);
        close.truncate(COLLISIONS);
        let shown: Vec<String> = close.iter().map(pair).collect();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let message = format!("questions may fall between two entries: {}{more}", shown.join("; "));
        let collisions = close.iter().map(collision).collect();
        let level = if same { Level::Fix } else { Level::Hint };
        findings.push(Finding { level, collisions, ..Finding::new(Kind::CloseEntries, vec![a, b], message) });
    }
    findings
}

/// Entries that answer each other's question, as the reader sees it.
fn read_alike(faq: &Faq, reader: &dyn Reader, phrasings: &Phrasings) -> Result<Vec<Finding>> {
    let entries = &faq.entries;
    let with_answer: Vec<usize> = (0..entries.len())
        .filter(|&at| is_real_answer(&entries[at].answer) && !entries[at].phrasings.is_empty())
        .collect();
    if with_answer.len() < 2 || with_answer.len() > MOST_READ {
        return Ok(Vec::new());
    }
    let firsts: Vec<usize> = with_answer.iter().map(|&at| phrasings.index.bounds(at).start).collect();
    let rows = phrasings.rows.select(Axis(0), &firsts);
    let cosines = rows.dot(&rows.t());
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (a, cosines) in cosines.rows().into_iter().enumerate() {
        let mut others: Vec<usize> = (0..with_answer.len()).filter(|&b| b != a).collect();
        others.sort_by(|x, y| cosines[*y].total_cmp(&cosines[*x]));
        // Both ways, each once.
        pairs.extend(others.into_iter().take(READ).flat_map(|b| [(a, b), (b, a)]));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let questions: Vec<&str> = with_answer.iter().map(|&at| entries[at].question()).collect();
    let texts = with_answer.iter().map(|&at| {
        let entry = &entries[at];
        EntryText { question: entry.question(), answer: &entry.answer }
    });
    let texts: Vec<EntryText> = texts.collect();
    let logits = reader.logits(&questions, &texts, &pairs)?;
    let alike: HashSet<(usize, usize)> =
        pairs.into_iter().zip(logits).filter(|(_, logit)| *logit > ALIKE).map(|(pair, _)| pair).collect();
    let mut found: Vec<(usize, usize)> =
        alike.iter().copied().filter(|&(a, b)| a < b && alike.contains(&(b, a))).collect();
    found.sort_unstable();
    let finding = |(a, b): (usize, usize)| {
        let [one, other] = [a, b].map(|at| abridge(questions[at], 60));
        let message =
            format!("\"{one}\" and \"{other}\" are answered by each other's entry, as the reader sees it");
        Finding::new(Kind::ReadAlike, vec![with_answer[a], with_answer[b]], message)
    };
    Ok(found.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use faqbot_embed::HashEmbedder;

    fn kinds(yaml: &str) -> Vec<(Kind, Vec<usize>)> {
        let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let findings = check(&faq, &HashEmbedder::new(), None, &mut |_| ()).unwrap();
        findings.into_iter().map(|finding| (finding.kind, finding.entries)).collect()
    }

    #[test]
    fn what_collides_is_found() {
        let yaml = "
- {question: Where is my parcel?, also: [where is my parcel now], answer: Open your orders.}
- {question: 'where is my PARCEL', also: [where is my parcel today], answer: Ask the driver.}
- {question: How do I return something?, answer: Print the label.}
- {question: How do I return somethings?, answer: Print the label now.}
- {question: Which colours are there?, also: [which colours], answer: '[colours]'}
- {question: What does it cost?, answer: Ten.}
";
        assert_eq!(
            kinds(yaml),
            [
                (Kind::ConflictingAnswers, vec![0, 1]),
                (Kind::EmptyAnswer, vec![4]),
                (Kind::CloseEntries, vec![2, 3]),
                (Kind::NearMiss, vec![0, 1]),
                (Kind::ShortAnswer, vec![5]),
                (Kind::OnePhrasing, vec![2, 3, 5]),
            ]
        );
    }

    #[test]
    fn near_misses_do_not_depend_on_the_order_of_the_entries() {
        // The last entry has more near phrasings than are held against one.
        let cities = [
            "Berlin", "Munich", "Hamburg", "Cologne", "Bremen", "Dresden", "Leipzig", "Essen", "Kiel", "Bonn",
        ];
        let entry = |city: &&str| {
            format!(
                "- {{question: when does the shop in {city} open on weekdays, answer: 'At {city} time, ask there.'}}"
            )
        };
        let pairs = |cities: &mut dyn Iterator<Item = &&str>| -> Vec<[String; 2]> {
            let yaml = cities.map(entry).collect::<Vec<_>>().join("\n");
            let faq = Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq;
            let findings = check(&faq, &HashEmbedder::new(), None, &mut |_| ()).unwrap();
            let near = findings.iter().filter(|finding| finding.kind == Kind::NearMiss);
            let mut pairs: Vec<[String; 2]> = near
                .map(|finding| {
                    let mut pair = [0, 1].map(|at| faq.entries[finding.entries[at]].question().to_owned());
                    pair.sort();
                    pair
                })
                .collect();
            pairs.sort();
            pairs
        };
        let forward = pairs(&mut cities.iter());
        assert!(!forward.is_empty());
        assert_eq!(forward, pairs(&mut cities.iter().rev()));
    }

    #[test]
    fn a_phrasing_in_the_wrong_entry_is_found() {
        let yaml = "
- {question: reset the password, also: [open the garden gate slowly, forgot the password], answer: Use the link on the page.}
- {question: open the garden gate, also: [open the gate], answer: Turn the key twice.}
";
        let found = kinds(yaml);
        assert!(
            found.contains(&(Kind::NearerElsewhere, vec![0, 1]))
                || found.contains(&(Kind::CloseEntries, vec![0, 1])),
            "{found:?}"
        );
    }
}
