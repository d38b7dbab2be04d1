//! What the bot makes of a query.

use super::follow_up::points;
use super::small_talk::SmallTalkReply;
use crate::matching::alignment::{Alignment, is_word};
use crate::matching::decision::{Decision, Rule};
use crate::matching::features::Features;
use crate::matching::guard::Guard;
use crate::matching::questions::is_story;
use crate::matching::ranking::Match;

/// What the bot makes of a query: an answer, choices or none, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The query as it was asked.
    pub query: String,
    /// What to do; its numbers are positions in `matches`.
    pub decision: Decision,
    /// Why.
    pub rule: Rule,
    /// The probability that the match answered, else the best one, is right, where it is calibrated.
    pub confidence: Option<f32>,
    /// Why the best match was not to be answered at once.
    pub guard: Option<Guard>,
    /// What the confidence was computed from; `None` where nothing was ranked.
    pub features: Option<Features>,
    /// How the query's words and those of the best match's phrasing stand to each other.
    pub alignment: Option<Alignment>,
    /// The query with its typing errors corrected, where that is the reading replied to.
    pub read_as: Option<String>,
    /// The question that the message was read with, since it leans on it.
    pub read_with: Option<String>,
    /// What is said to small talk, where the message is that.
    pub small_talk: Option<SmallTalkReply>,
    /// The code of the query's language, where there is no answer since the model does not know it.
    pub language: Option<&'static str>,
    /// Which of an answer's variants are given (see [`Entry::answer_for`](faqbot_faq::Entry::answer_for)).
    pub seed: u64,
    /// Whether the query was too long, and only its beginning was read; `query` is that.
    pub cut: bool,
    /// The best entries, best first. Empty where there was nothing to compare.
    pub matches: Vec<Match>,
    /// Where the query asks several questions and one at least is answered: their replies. The reply itself
    /// is then that to the first that is answered, under the whole query.
    pub parts: Vec<Verdict>,
}

impl Verdict {
    /// Different words that are corrected in a query, at most.
    const MOST_TYPOS: usize = 8;

    /// The match that is answered.
    pub fn answer(&self) -> Option<&Match> {
        match self.decision {
            Decision::Answer(at) => self.matches.get(at),
            Decision::Ambiguous(_) | Decision::NoMatch | Decision::SmallTalk => None,
        }
    }

    /// The matches that are answered: several where the query asks several questions.
    pub fn answers(&self) -> Vec<&Match> {
        if self.parts.is_empty() {
            self.answer().into_iter().collect()
        } else {
            self.parts.iter().filter_map(Verdict::answer).collect()
        }
    }

    /// The questions of a message with several that have no answer.
    pub fn unanswered(&self) -> Vec<&str> {
        let open = self.parts.iter().filter(|part| part.answer().is_none());
        open.map(|part| part.query.as_str()).collect()
    }

    /// The matches that are offered as choices.
    pub fn choices(&self) -> Vec<&Match> {
        match &self.decision {
            Decision::Ambiguous(choices) => choices.iter().map(|&at| &self.matches[at]).collect(),
            Decision::Answer(_) | Decision::NoMatch | Decision::SmallTalk => Vec::new(),
        }
    }

    /// The query with its typing errors corrected, as the best match's words say; `None` without any.
    pub(super) fn corrected(&self) -> Option<String> {
        let corrections = &self.alignment.as_ref()?.corrections;
        // A text with many typos is none that can be corrected.
        if corrections.is_empty() || corrections.len() > Self::MOST_TYPOS || !self.parts.is_empty() {
            return None;
        }
        let read_of = |piece: &str| corrections.iter().find(|(typed, _)| is_word(piece, typed));
        let pieces = self.query.split(' ').map(|piece| {
            let word = piece.trim_matches(|c: char| !c.is_alphanumeric());
            match read_of(word) {
                Some((_, read)) => piece.replacen(word, read, 1),
                None => piece.to_owned(),
            }
        });
        let text = pieces.collect::<Vec<_>>().join(" ");
        Some(text).filter(|text| *text != self.query)
    }

    /// How far the next entry's score is below the best; `None` without a next, and where a reader ordered them.
    pub fn margin(&self) -> Option<f32> {
        match self.matches[..] {
            [best, next, ..] if best.reader.is_none() => Some(best.score - next.score),
            _ => None,
        }
    }

    /// Whether nothing was asked: the message is empty.
    pub fn is_of_nothing(&self) -> bool {
        self.query.trim().is_empty()
    }

    /// To a query without letters or digits, or of a FAQ without entries.
    pub(super) fn nothing_to_compare(query: &str) -> Self {
        Self::refused(query, Rule::NothingToCompare)
    }

    /// This reply with what is said to small talk in its place.
    pub(super) fn with_small_talk(&self, said: SmallTalkReply) -> Self {
        let cut = self.cut;
        let refused = Self::refused(&self.query, Rule::SmallTalk);
        Verdict { decision: Decision::SmallTalk, small_talk: Some(said), cut, ..refused }
    }

    /// This reply to a piece of a message as that to all of it.
    fn as_all_of(&self, query: String) -> Self {
        let read_as = self.read_as.clone().or(Some(self.query.clone()));
        Verdict { query, read_as, ..self.clone() }
    }

    /// Without an answer or a match.
    pub(super) fn refused(query: &str, rule: Rule) -> Self {
        Verdict {
            query: query.to_owned(),
            decision: Decision::NoMatch,
            rule,
            confidence: None,
            guard: None,
            features: None,
            alignment: None,
            read_as: None,
            read_with: None,
            small_talk: None,
            language: None,
            seed: 0,
            cut: false,
            matches: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// The reply among the entries that pass, from that among all and that among these alone.
    pub(super) fn restricted(all: Verdict, own: Verdict, passes: impl Fn(usize) -> bool) -> Self {
        if !own.rule.hangs_on_confidence() {
            return own;
        }
        let place = |entry: usize| own.matches.iter().position(|found| found.entry == entry);
        let choices: Vec<usize> = all
            .choices()
            .iter()
            .filter(|found| passes(found.entry))
            .filter_map(|found| place(found.entry))
            .collect();
        match (&all.decision, &choices[..]) {
            (Decision::Answer(at), _) if let Some(at) = place(all.matches[*at].entry) => {
                Verdict { decision: Decision::Answer(at), matches: own.matches, ..all }
            }
            (Decision::Ambiguous(before), &[at]) if before.len() > 1 => {
                let is_best = all.matches[0].entry == own.matches[at].entry;
                let confidence = if is_best { all.confidence } else { own.confidence };
                Verdict { decision: Decision::Answer(at), rule: Rule::OnlyChoice, confidence, ..own }
            }
            (Decision::Ambiguous(_), [_, ..]) => {
                let decision = Decision::Ambiguous(choices);
                match all.matches[0].entry == own.matches[0].entry {
                    true => Verdict { decision, matches: own.matches, ..all },
                    // What is known of the best match is known of this one.
                    false => Verdict { decision, rule: all.rule, ..own },
                }
            }
            // Something else is meant: no more is left for these than that leaves.
            (Decision::Answer(_), _) => {
                let left = all.confidence.map_or(0.0, |confidence| 1.0 - confidence);
                let confidence = own.confidence.map(|confidence| confidence.min(left));
                Verdict { decision: Decision::NoMatch, rule: Rule::NotConfident, confidence, ..own }
            }
            (Decision::Ambiguous(_), []) => {
                Verdict { decision: Decision::NoMatch, rule: Rule::NotConfident, ..own }
            }
            (Decision::NoMatch | Decision::SmallTalk, _) => {
                Verdict { decision: Decision::NoMatch, rule: all.rule, ..own }
            }
        }
    }

    /// The reply to a message in pieces, each with whether it asks: the answers to several questions, and what of them
    /// has none; the answer to the only one; or the reply to the whole.
    pub(super) fn joined(whole: Verdict, pieces: Vec<(Verdict, bool)>, crisis: &[usize]) -> Self {
        // Someone in danger is answered that, and nothing else. And what is a phrasing is one question.
        if matches!(whole.rule, Rule::Crisis | Rule::ExactPhrasing | Rule::SharedPhrasing) {
            return whole;
        }
        let mut parts = pieces.iter().map(|(part, _)| part);
        let of_crisis = |part: &&Verdict| part.answer().is_some_and(|found| crisis.contains(&found.entry));
        if let Some(part) = parts.find(of_crisis) {
            return Verdict { query: whole.query, ..part.clone() };
        }
        let entry = |part: &Verdict| part.answer().map(|found| found.entry);
        let of_whole = entry(&whole);
        let story = is_story(&whole.query);
        let all_ask = pieces.iter().all(|(_, asks)| *asks);
        let all_answered = distinct(pieces.iter().filter_map(|(part, _)| entry(part))).len() == pieces.len();
        // What is told around the questions answers nothing, unless all of it does.
        let asking: Vec<Verdict> =
            pieces.into_iter().filter(|(_, asks)| *asks || all_answered).map(|(part, _)| part).collect();
        let entries = distinct(asking.iter().filter_map(entry));
        let mut told: Vec<Verdict> = Vec::new();
        let mut seen: Vec<usize> = Vec::new();
        let mut unclear = false;
        for part in asking {
            match entry(&part) {
                Some(entry) if seen.contains(&entry) => {}
                Some(entry) => {
                    seen.push(entry);
                    told.push(part);
                }
                None if is_question_of_its_own(&part.query) => told.push(part),
                None => unclear = true,
            }
        }
        let open = told.iter().any(|part| part.answer().is_none());
        match (&entries[..], of_whole) {
            ([], None) if story && whole.decision == Decision::NoMatch => {
                // Its question may be clear enough to ask back.
                let asks_back = |part: &&Verdict| matches!(part.decision, Decision::Ambiguous(_));
                let mut asking = told.iter().filter(asks_back);
                return match (asking.next(), asking.next()) {
                    (Some(part), None) => part.as_all_of(whole.query),
                    _ => whole,
                };
            }
            ([], _) => return whole,
            (entries, Some(entry)) if !entries.contains(&entry) => return whole,
            ([_], Some(_)) if !open || !all_ask => return whole,
            ([_], None) if story => {
                let part = told.iter().find(|part| part.answer().is_some());
                return part.map_or_else(|| whole.clone(), |part| part.as_all_of(whole.query.clone()));
            }
            ([_], None) if !open || !all_ask || unclear => return whole,
            ([_, _, ..], _) if !all_answered && !all_ask && !story => return whole,
            _ => {}
        }
        Self::of_parts(&whole.query, told).unwrap_or(whole)
    }

    /// The reply to a message of those to its parts, as sure as the least sure answer of them; `None` without any.
    pub(super) fn of_parts(query: &str, parts: Vec<Verdict>) -> Option<Self> {
        let answered = || parts.iter().filter(|part| part.answer().is_some());
        let confidence =
            answered().map(|part| part.confidence).reduce(|least, next| Some(least?.min(next?))).flatten();
        let first = answered().next()?.clone();
        Some(Verdict { query: query.to_owned(), confidence, parts, ..first })
    }
}

/// Entries, each once, in their order.
fn distinct(entries: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut found = Vec::new();
    for entry in entries {
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// Whether a piece that asks can be understood without the rest of its message: "why did this happen?" cannot.
fn is_question_of_its_own(piece: &str) -> bool {
    const LEAST_WORDS: usize = 4;
    !points(piece) && piece.split_whitespace().count() >= LEAST_WORDS
}
