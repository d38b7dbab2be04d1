//! What can be changed of a FAQ that a file holds.

use super::entry::{Entry, Faq};
use super::normalize::slug;

/// A change of a FAQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another phrasing for an entry.
    Phrasing {
        /// The entry's id.
        id: String,
        /// The phrasing.
        phrasing: String,
    },
    /// A new entry, the last of the file.
    Entry {
        /// Its question.
        question: String,
        /// Its answer, as Markdown; `None` for a question that the FAQ does not answer ([`Entry::out_of_scope`]).
        answer: Option<String>,
    },
}

impl Change {
    /// The FAQ with the change; an entry that is new has the id that [`super::slug`] gives, or one like it that is free.
    /// `None` where the FAQ lacks the entry, or has the phrasing there already.
    pub fn apply(&self, faq: &Faq) -> Option<Faq> {
        let mut faq = faq.clone();
        match self {
            Change::Phrasing { id, phrasing } => {
                let at = faq.position(id)?;
                let phrasings = &mut faq.entries[at].phrasings;
                let known = phrasings.iter().any(|own| own.to_lowercase() == phrasing.to_lowercase());
                if known {
                    return None;
                }
                phrasings.push(phrasing.clone());
            }
            Change::Entry { question, answer } => {
                let stem = slug(question);
                let mut id = stem.clone();
                for number in 2.. {
                    if faq.position(&id).is_none() {
                        break;
                    }
                    id = format!("{stem}-{number}");
                }
                faq.entries.push(Entry {
                    id: id.as_str().into(),
                    phrasings: vec![question.clone()],
                    answer: answer.clone().unwrap_or_default(),
                    out_of_scope: answer.is_none(),
                    ..Entry::default()
                });
            }
        }
        Some(faq)
    }
}
