//! Messages with several questions, of which later ones lean on those before them.

use faqbot_embed::Embedder;

use super::{Turn, is_open};
use crate::bot::asked::{Query, Wanted};
use crate::bot::follow_up::leaning;
use crate::bot::{Bot, Conversation, Verdict};
use crate::error::Result;
use crate::matching::decision::Rule;
use crate::matching::questions::{Piece, is_story, pieces};

impl<E: Embedder> Bot<E> {
    /// Answers the questions of a message of which later ones lean on those before them: "do you deliver, and what does
    /// it cost?" Where one of them has no answer, the reply stays as it is.
    pub(super) fn read_in_turn(&self, turns: &mut [Turn], wanted: Wanted) -> Result<()> {
        let may_be = |verdict: &Verdict| {
            let may_change = is_open(verdict) || verdict.rule.hangs_on_confidence();
            may_change && verdict.parts.is_empty() && !is_story(&verdict.query)
        };
        for verdict in turns.iter_mut().map(|turn| &mut turn.verdict).filter(|verdict| may_be(verdict)) {
            let pieces = pieces(&verdict.query);
            let [first, later @ ..] = &*pieces else { continue };
            let leans = |piece: &Piece| leaning(piece.text).is_some_and(|leaning| leaning.by_words);
            if !pieces.iter().all(|piece| piece.asks) || leans(first) || !later.iter().any(leans) {
                continue;
            }
            let of_whole = verdict.answer().map(|found| found.entry);
            let Some(parts) = self.in_turn(&pieces, wanted)? else { continue };
            let entries: Vec<usize> = parts.iter().filter_map(|part| Some(part.answer()?.entry)).collect();
            if of_whole.is_some_and(|entry| !entries.contains(&entry)) {
                continue;
            }
            // Where one entry answers all of it, the whole is answered by it or is less sure.
            if parts.len() > 1
                && let Some(read) = Verdict::of_parts(&verdict.query, parts)
            {
                *verdict = read;
            }
        }
        Ok(())
    }

    /// The answers to pieces, each read with the one before it where it leans on it; each entry once. `None` where a
    /// piece has none.
    fn in_turn(&self, pieces: &[Piece], wanted: Wanted) -> Result<Option<Vec<Verdict>>> {
        let mut parts: Vec<Verdict> = Vec::new();
        let mut before = Conversation::default();
        for piece in pieces {
            let after = before.entry.as_deref().and_then(|id| self.position(id));
            let wanted = Wanted { after, ..wanted };
            let alone = self.replies(&[Query { text: piece.text, after }], wanted, &mut |_| ())?.remove(0);
            let read = self.follow_up(&alone, piece.text, &before, wanted)?.unwrap_or(alone);
            // Whether someone is in danger is told by the whole.
            let Some(found) = read.answer().filter(|_| read.rule != Rule::Crisis) else { return Ok(None) };
            let entry = self.entry(found);
            before.question = Some(entry.question().to_owned());
            before.entry = Some(entry.id.to_string());
            if parts.iter().all(|part| part.answer().is_none_or(|own| own.entry != found.entry)) {
                parts.push(Verdict { query: piece.text.to_owned(), ..read });
            }
        }
        Ok(Some(parts))
    }
}
