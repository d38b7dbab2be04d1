//! Entries by number, for clients of services whose ids are 32-bit integers.

use std::collections::HashMap;

use faqbot_faq::Faq;
use xxhash_rust::xxh3::xxh3_64;

/// The number of no entry.
pub const NONE: i32 = -1;

/// A positive number for each entry of a FAQ. It comes from the entry's id, so that it stays when others come and go:
/// 31 bits of its hash, and the next free number where two have the same.
pub struct NumericIds {
    of_entry: Vec<i32>,
    entries: HashMap<i32, usize>,
}

impl NumericIds {
    /// Those of a FAQ.
    pub fn new(faq: &Faq) -> Self {
        let mut in_order: Vec<usize> = (0..faq.entries.len()).collect();
        // The order of ids, not of the file, decides who gets a number that two would have.
        in_order.sort_by(|&a, &b| faq.entries[a].id.cmp(&faq.entries[b].id));
        let mut numbers = NumericIds { of_entry: vec![NONE; faq.entries.len()], entries: HashMap::new() };
        for entry in in_order {
            let hash = xxh3_64(faq.entries[entry].id.as_str().as_bytes());
            let mut number = i32::try_from(hash & 0x7fff_ffff).unwrap_or(1).max(1);
            while numbers.entries.contains_key(&number) {
                number = number.checked_add(1).unwrap_or(1);
            }
            numbers.entries.insert(number, entry);
            numbers.of_entry[entry] = number;
        }
        numbers
    }

    /// The number of an entry.
    pub fn of(&self, entry: usize) -> i32 {
        self.of_entry[entry]
    }

    /// The entry with a number.
    pub fn entry(&self, number: i64) -> Option<usize> {
        self.entries.get(&i32::try_from(number).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn numbers_stay_when_other_entries_come() {
        let read = |text: &str| Faq::read(text.as_bytes(), Path::new("test.yaml")).unwrap().faq;
        let before = read("- {id: a, question: a b, answer: x}\n- {id: b, question: c d, answer: y}\n");
        let after = read("- {id: c, question: e f, answer: z}\n- {id: b, question: c d, answer: y}\n");
        let (before, after) = (NumericIds::new(&before), NumericIds::new(&after));
        assert_eq!(before.of(1), after.of(1));
        assert!(before.of(0) > 0 && before.of(0) != before.of(1));
        assert_eq!(before.entry(before.of(0).into()), Some(0));
        assert_eq!(before.entry(NONE.into()), None);
    }
}
