//! The fields that an entry may have beside its question, answer, id, source and tags. Readers and writers go by these
//! tables: a new field has a line here, a place in [`Entry`] and [`RawEntry`], and one in `assemble`.

use super::entry::{Entry, EntryId};
use super::parsed::RawEntry;

/// A field that says yes or no.
pub struct Flag {
    /// Its name in the native format.
    pub name: &'static str,
    /// What an entry says.
    pub get: fn(&Entry) -> bool,
    /// Where a reader puts it.
    pub raw: fn(&mut RawEntry) -> &mut bool,
}

/// The name of the flag that an editor sets.
pub const OUT_OF_SCOPE: &str = "out_of_scope";

/// All of them, in the order in which they are written.
pub const FLAGS: [Flag; 3] = [
    Flag { name: "urgent", get: |entry| entry.urgent, raw: |raw| &mut raw.urgent },
    Flag { name: "crisis", get: |entry| entry.crisis, raw: |raw| &mut raw.crisis },
    Flag { name: OUT_OF_SCOPE, get: |entry| entry.out_of_scope, raw: |raw| &mut raw.out_of_scope },
];

/// A field that names other entries.
pub struct Links {
    /// Its name in the native format.
    pub name: &'static str,
    /// All its names, in lower case.
    pub names: &'static [&'static str],
    /// The entries that an entry names.
    pub get: fn(&Entry) -> &[EntryId],
    /// Where a reader puts ids, numbers or questions.
    pub raw: fn(&mut RawEntry) -> &mut Vec<String>,
}

/// All of them, in the order in which they are written.
pub const LINKS: [Links; 2] = [
    Links {
        name: "follow_ups",
        names: &["follow_ups", "followups", "follow-ups"],
        get: |entry| &entry.follow_ups,
        raw: |raw| &mut raw.follow_ups,
    },
    Links {
        name: "only_after",
        names: &["only_after"],
        get: |entry| &entry.only_after,
        raw: |raw| &mut raw.only_after,
    },
];

/// The least confidence that an entry is answered with: the only number.
pub const MIN_CONFIDENCE: &str = "min_confidence";

impl Entry {
    /// The names of its flags that say yes.
    pub(crate) fn flags(&self) -> impl Iterator<Item = &'static str> {
        FLAGS.iter().filter(|flag| (flag.get)(self)).map(|flag| flag.name)
    }

    /// The fields that name other entries, and these, where there are any.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
        let links = LINKS.iter().map(|field| (field.name, (field.get)(self)));
        links
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(name, ids)| (name, ids.iter().map(EntryId::as_str).collect()))
    }

    /// As text, so that 0.3 stays 0.3.
    pub(crate) fn min_confidence_text(&self) -> Option<String> {
        self.min_confidence.map(|own| own.to_string())
    }
}

impl RawEntry {
    /// Takes the fields of these tables from texts by their names: where a format was written by faqbot, and what does not
    /// fit is not there.
    pub(crate) fn take_fields(
        mut self,
        text: impl Fn(&str) -> Option<String>,
        texts: impl Fn(&str) -> Vec<String>,
    ) -> Self {
        for flag in &FLAGS {
            *(flag.raw)(&mut self) = text(flag.name).is_some_and(|own| own == "true");
        }
        for field in &LINKS {
            *(field.raw)(&mut self) = texts(field.name);
        }
        self.min_confidence = text(MIN_CONFIDENCE).and_then(|own| own.parse().ok());
        self
    }
}
