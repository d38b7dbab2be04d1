//! `answer`: the centred cosine of the query and an entry's question and answer embedded together.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter};
use faqbot_faq::Entry;

use super::{EntryProducts, Query, Signal, Source};
use crate::matching::index::Index;

/// Needs nothing but the cosines.
#[derive(Debug, Clone)]
pub struct Answer;

impl Signal for Answer {
    type Query = ();

    fn build(_: &Source) -> Option<Self> {
        Some(Answer)
    }

    fn query(&self, _: &Query) {}

    fn score(&self, (): &(), _: usize, products: EntryProducts) -> Option<f32> {
        products.answer
    }

    fn error(&self, _: usize, cosine: f32, _: f32) -> f32 {
        cosine
    }

    fn write(&self, _: &mut ArrayWriter) -> io::Result<()> {
        Ok(())
    }

    fn read(_: &Index, _: &mut ArrayReader) -> io::Result<Self> {
        Ok(Answer)
    }
}

/// Whether an answer says something: not empty, and no placeholder such as `[greeting]`.
pub fn is_real_answer(answer: &str) -> bool {
    let answer = answer.trim();
    let placeholder = answer.starts_with('[') && answer.ends_with(']') && !answer.contains('\n');
    !answer.is_empty() && !placeholder
}

/// The text that is embedded for an entry's answer, if it has a real one.
pub fn answer_text(entry: &Entry) -> Option<String> {
    is_real_answer(&entry.answer).then(|| format!("{}\n{}", entry.question(), entry.answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_answers() {
        for (answer, real) in [
            ("", false),
            ("[greeting]", false),
            (" [a b] ", false),
            ("[link](x) and text", true),
            ("Yes.", true),
        ] {
            assert_eq!(is_real_answer(answer), real, "{answer:?}");
        }
    }
}
