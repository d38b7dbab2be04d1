//! Small talk in the place of an answer.

use faqbot_embed::{Embedder, Role};
use ndarray::Array2;

use super::{Turn, is_open};
use crate::bot::follow_up::leaning;
use crate::bot::small_talk::{self, Classifier, Found, Reading};
use crate::bot::{Bot, Verdict, synonyms};
use crate::error::Result;
use crate::matching::alignment::as_written;
use crate::matching::crisis;
use crate::matching::decision::{Decision, Rule};

/// From this cosine on a question back stands, though the message may be small talk: FAQs have entries like it. With it,
/// none of the small talk that public sets have as intents loses the choice of its entry (November 2026).
const ASKED_BACK: f32 = 0.5;

impl<E: Embedder> Bot<E> {
    /// Says what is said to the very words of small talk, and closes what is answered.
    pub(super) fn say_at_once(&self, turns: &mut [Turn]) {
        for turn in turns.iter_mut().filter(|turn| turn.open) {
            let Turn { message, rest, verdict, .. } = turn;
            let is_open = is_open(verdict);
            let confident = verdict.rule == Rule::Confident;
            // Where small talk's very words are unlike a question, an entry is no answer to them: "bye" to a FAQ with one
            // on goodbyes.
            let far = confident && verdict.matches[0].cosine < ASKED_BACK;
            // Before what leans: "thanks", "ok" and "no" are short. What is near to the FAQ is asked back about.
            let near = !verdict.choices().is_empty() && verdict.matches[0].cosine >= ASKED_BACK;
            let found = || small_talk::exactly(message).or_else(|| small_talk::exactly(rest));
            if (far || is_open && !near)
                && let Some(said) = found().and_then(|found| small_talk::reply(found, &self.faq))
            {
                *verdict = verdict.with_small_talk(said);
                turn.open = false;
            } else {
                turn.open = is_open || confident && leaning(rest).is_some();
            }
        }
    }

    /// Makes small talk of what has no answer and is that, nearly or by what it means.
    pub(super) fn small_talk(&self, turns: &mut [Turn]) -> Result<()> {
        /// What is asked back about with less confidence may be small talk too: it was not asked back about before it was
        /// read, and the classifier's threshold is fitted to that.
        const BY_CHANCE: f32 = 0.39;
        let by_chance = |verdict: &Verdict| {
            verdict.rule == Rule::Unsure
                && verdict.confidence.is_some_and(|confidence| confidence < BY_CHANCE)
        };
        let unanswered = |turn: &Turn| turn.verdict.decision == Decision::NoMatch || by_chance(&turn.verdict);
        let mut rest: Vec<&mut Turn> = turns
            .iter_mut()
            .filter(|turn| turn.open && unanswered(turn) && small_talk::may_be(turn.rest))
            .collect();
        if self.faq.small_talk.off || rest.is_empty() {
            return Ok(());
        }
        let model = self.embedder.model();
        let classifiers = Classifier::shipped(model).zip(crisis::Classifier::shipped(model));
        let known = |word: &str| self.embedder.is_in_vocabulary(word) || synonyms::is_form(word);
        let in_faq = |word: &str| known(word) || self.prepared.ranker.document_frequency(word) > 0;
        let read = |text: &str| classifiers.map(|_| Reading::of(text, &known));
        // A swear word makes no small talk of a question.
        let cleaned: Vec<String> = rest
            .iter()
            .map(|turn| self.prepared.synonyms.read(turn.rest).map_or(turn.rest.to_owned(), |read| read.text))
            .collect();
        let readings: Vec<Option<Reading>> = cleaned.iter().map(|text| read(text)).collect();
        // Messages as they are typed, then those that are read with typos corrected.
        let typed: Vec<&str> = cleaned.iter().map(String::as_str).collect();
        let mut texts = typed.clone();
        let rows_of: Vec<usize> = readings
            .iter()
            .enumerate()
            .map(|(nth, reading)| match reading {
                Some(reading) if reading.text != typed[nth] => {
                    texts.push(&reading.text);
                    texts.len() - 1
                }
                _ => nth,
            })
            .collect();
        let rows = match classifiers {
            Some(_) => self.embedder.embed(Role::Query, &texts, &mut |_| ())?,
            None => Array2::zeros((texts.len(), 0)),
        };
        for (nth, turn) in rest.iter_mut().enumerate() {
            let text = turn.rest;
            // Whoever may be in danger is not told goodbye, on no FAQ: by the message as it is typed and, since a typo
            // can look like anything, with typos corrected.
            let in_danger = classifiers.is_some_and(|(_, crisis)| {
                let is_crisis = |text: &str, row: usize| crisis.is_crisis(text, &rows.row(row).to_vec(), 0.0);
                is_crisis(typed[nth], nth) && is_crisis(texts[rows_of[nth]], rows_of[nth])
            });
            if in_danger {
                continue;
            }
            let by_meaning = || {
                let ((kinds, _), reading) = classifiers.zip(readings[nth].as_ref())?;
                // What the FAQ speaks of and small talk does not is a question to it.
                let of_faq = |word: &String| {
                    self.prepared.ranker.document_frequency(word) > 0
                        || self.faq.title.as_ref().is_some_and(|title| as_written(title, word).is_some())
                };
                if reading.other_words.iter().any(of_faq) {
                    return None;
                }
                kinds.kind(reading, &rows.row(rows_of[nth]).to_vec())
            };
            // What is a word is no other with a typing error: "wifi" is no "wife".
            let is_meant = |reading: &Reading| reading.other_words.iter().any(|word| known(word));
            let mistyped = || !readings[nth].as_ref().is_some_and(is_meant);
            let found = small_talk::exactly(text)
                .or_else(|| small_talk::by_words(text).filter(|_| mistyped()))
                .or_else(|| small_talk::is_mashed(text, in_faq).then(Found::nonsense))
                .or_else(by_meaning);
            if let Some(said) = found.and_then(|found| small_talk::reply(found, &self.faq)) {
                turn.verdict = turn.verdict.with_small_talk(said);
            }
        }
        Ok(())
    }
}
