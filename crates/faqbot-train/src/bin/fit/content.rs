//! What `faqbot check` looks for, measured: entries that are close, and phrasings in the wrong entry.

use std::collections::{HashMap, HashSet};

use faqbot::embed::{Embedder, Role};
use faqbot::quality::check::found_without;
use faqbot::{Bot, Faq};

use crate::asked::Asked;
use crate::data::Table;
use crate::random::Random;

/// How far other entries are ahead of a phrasing's own.
pub struct Misplaced {
    /// For the phrasings where they stand.
    pub standing: Vec<f32>,
    /// For those that were moved to another entry.
    pub moved: Vec<f32>,
}

impl Misplaced {
    /// Of a FAQ whose entries keep at most `phrasings` phrasings.
    pub fn new(random: &mut Random, bot: &Bot<Table>, phrasings: usize) -> faqbot::Result<Self> {
        let mut whole = bot.faq().clone();
        for entry in &mut whole.entries {
            entry.phrasings = random.some(&entry.phrasings, phrasings);
        }
        whole.entries.retain(|entry| entry.phrasings.len() > 1);
        let ahead = |faq: &Faq| -> faqbot::Result<Vec<Option<f32>>> {
            let found = found_without(faq, bot.embedder())?;
            Ok(found.into_iter().map(|found| found.map(|(_, ahead)| ahead)).collect())
        };
        let standing = ahead(&whole)?.into_iter().flatten().collect();
        let mut faq = whole;
        let mut texts: HashSet<String> = HashSet::new();
        for _ in 0..faq.phrasing_count() / 20 {
            let (from, to) = (random.below(faq.entries.len()), random.below(faq.entries.len()));
            let entry = &mut faq.entries[from];
            if from != to && entry.phrasings.len() > 1 {
                let phrasing = entry.phrasings.remove(random.below(entry.phrasings.len()));
                texts.insert(phrasing.clone());
                faq.entries[to].phrasings.push(phrasing);
            }
        }
        let all = faq.entries.iter().flat_map(|entry| &entry.phrasings);
        let moved = all.zip(ahead(&faq)?).filter(|(text, _)| texts.contains(*text));
        Ok(Misplaced { standing, moved: moved.filter_map(|(_, ahead)| ahead).collect() })
    }
}

/// Counts pairs of entries, and the queries for either that go to the other and to one of the two, by
/// the greatest cosine of the entries' phrasings.
pub fn close_pairs(
    bot: &Bot<Table>,
    asked: &Asked,
    bins: &mut [(usize, usize, usize); 20],
) -> faqbot::Result<()> {
    let entries = &bot.faq().entries;
    let texts: Vec<&str> =
        entries.iter().flat_map(|entry| entry.phrasings.iter().map(String::as_str)).collect();
    let owners: Vec<usize> =
        entries.iter().enumerate().flat_map(|(at, entry)| vec![at; entry.phrasings.len()]).collect();
    let rows = bot.embedder().embed(Role::Passage, &texts, &mut |_| ())?;
    let mut nearest = vec![-1.0f32; entries.len() * entries.len()];
    for (row, &a) in rows.rows().into_iter().zip(&owners) {
        for (cosine, &b) in rows.dot(&row).iter().zip(&owners) {
            let place = &mut nearest[a * entries.len() + b];
            *place = place.max(*cosine);
        }
    }
    let mut counts: HashMap<(usize, usize), (usize, usize)> = HashMap::new();
    for (at, reply) in asked.replies.iter().enumerate() {
        let Some(best) = reply.matches.first().map(|best| best.entry) else { continue };
        for &right in &asked.right[at] {
            if right == best {
                // A right reply speaks for every pair that the entry is in.
                for other in (0..entries.len()).filter(|&other| other != right) {
                    counts.entry((right.min(other), right.max(other))).or_default().1 += 1;
                }
            } else if asked.right[at].len() == 1 {
                let counts = counts.entry((right.min(best), right.max(best))).or_default();
                counts.0 += 1;
                counts.1 += 1;
            }
        }
    }
    for ((a, b), (confused, queries)) in counts {
        let cosine = nearest[a * entries.len() + b];
        if cosine >= 0.5 {
            let bin = &mut bins[(((cosine - 0.5) / 0.025) as usize).min(19)];
            *bin = (bin.0 + 1, bin.1 + confused, bin.2 + queries);
        }
    }
    Ok(())
}
