//! A FAQ and its entries.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// The id of an entry, unique in its FAQ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(String);

impl EntryId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for EntryId {
    fn from(id: &str) -> Self {
        EntryId(id.to_owned())
    }
}

/// One answer and the ways of asking for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// The entry's id.
    pub id: EntryId,
    /// The phrasings, at least one. The first is the question as the FAQ shows it.
    pub phrasings: Vec<String>,
    /// The answer, as Markdown.
    pub answer: String,
    /// The answer in other words: one conversation is given the same of them each time.
    pub variants: Vec<String>,
    /// Where the answer comes from.
    pub source: Option<String>,
    /// Topics.
    pub tags: Vec<String>,
    /// The confidence above which this entry answers, in `0..=1`, if it has its own.
    pub min_confidence: Option<f32>,
    /// Whether someone may be in danger who asks: no guard keeps this entry from answering.
    pub urgent: bool,
    /// Whether it is for people in danger: messages like theirs are answered by it, in whatever words, and it is
    /// urgent.
    pub crisis: bool,
    /// Whether its phrasings are questions that the FAQ does not answer: a query that is nearest to them gets no
    /// answer. It has no answer of its own.
    pub out_of_scope: bool,
    /// The entries that are offered after its answer.
    pub follow_ups: Vec<EntryId>,
    /// The entries right after whose answer it may be asked for; any time, where there are none.
    pub only_after: Vec<EntryId>,
}

impl Entry {
    /// The question as the FAQ shows it.
    pub fn question(&self) -> &str {
        &self.phrasings[0]
    }

    /// The answer in all its words.
    pub fn answers(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.answer).chain(&self.variants).map(String::as_str)
    }

    /// The answer's wording for a seed: the same for the same; for 0 the first.
    pub fn answer_for(&self, seed: u64) -> &str {
        match seed as usize % (self.variants.len() + 1) {
            0 => &self.answer,
            at => &self.variants[at - 1],
        }
    }
}

/// What a FAQ says of small talk (see `faqbot::bot::small_talk`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SmallTalk {
    /// Whether all of it is off.
    pub off: bool,
    /// The FAQ's own replies by their kind; `None` for a kind that is off.
    pub own: BTreeMap<SmallTalkKind, Option<String>>,
}

/// A kind of small talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmallTalkKind {
    /// Hello.
    Greeting,
    /// Bye.
    Goodbye,
    /// Thank you.
    Thanks,
    /// What the bot is.
    WhoAreYou,
    /// Whether somebody answers.
    AreYouHuman,
    /// What it can be asked.
    WhatCanYouDo,
    /// Who is behind it.
    WhoMadeYou,
    /// How it is.
    HowAreYou,
    /// A call for help, with nothing asked.
    Help,
    /// An apology.
    Sorry,
    /// Yes, to nothing that was offered.
    Yes,
    /// No, to nothing that was offered.
    No,
    /// Praise.
    Compliment,
    /// Abuse.
    Insult,
    /// Letters struck at random, and what makes no sense.
    Nonsense,
    /// Wanting a person.
    Human,
}

impl SmallTalkKind {
    /// All of them, each at its position as a number.
    pub const ALL: [Self; 16] = [
        Self::Greeting,
        Self::Goodbye,
        Self::Thanks,
        Self::WhoAreYou,
        Self::AreYouHuman,
        Self::WhatCanYouDo,
        Self::WhoMadeYou,
        Self::HowAreYou,
        Self::Help,
        Self::Sorry,
        Self::Yes,
        Self::No,
        Self::Compliment,
        Self::Insult,
        Self::Nonsense,
        Self::Human,
    ];

    /// Its name in files and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Goodbye => "goodbye",
            Self::Thanks => "thanks",
            Self::WhoAreYou => "who_are_you",
            Self::AreYouHuman => "are_you_human",
            Self::WhatCanYouDo => "what_can_you_do",
            Self::WhoMadeYou => "who_made_you",
            Self::HowAreYou => "how_are_you",
            Self::Help => "help",
            Self::Sorry => "sorry",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Compliment => "compliment",
            Self::Insult => "insult",
            Self::Nonsense => "nonsense",
            Self::Human => "human",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

// By name, as they are written.
impl Ord for SmallTalkKind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for SmallTalkKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl SmallTalk {
    /// Whether the FAQ says nothing of it.
    pub fn is_default(&self) -> bool {
        *self == SmallTalk::default()
    }
}

/// A list of entries, with the bot's other texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faq {
    /// What the FAQ is about.
    pub title: Option<String>,
    /// What the bot says when a chat starts.
    pub greeting: Option<String>,
    /// What the bot says when it has no answer.
    pub fallback: Option<String>,
    /// Whom to ask where the bot has no answer, as Markdown: shown below the fallback.
    pub contact: Option<String>,
    /// Its language, as a code of two letters; found from its texts where it is not given.
    pub language: Option<String>,
    /// What it says of small talk.
    pub small_talk: SmallTalk,
    /// Words that mean the same here, in groups: the cart and the basket.
    pub synonyms: Vec<Vec<String>>,
    /// The entries, in the order of the file.
    pub entries: Vec<Entry>,
}

impl Faq {
    /// The texts beside the entries, with their names in the native formats, in their order.
    pub fn texts(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("title", self.title.as_deref()),
            ("greeting", self.greeting.as_deref()),
            ("fallback", self.fallback.as_deref()),
            ("contact", self.contact.as_deref()),
            ("language", self.language.as_deref()),
        ]
    }

    /// The number of phrasings of all entries.
    pub fn phrasing_count(&self) -> usize {
        self.entries.iter().map(|entry| entry.phrasings.len()).sum()
    }

    /// The entries that can be offered to begin with, the first of which are.
    pub fn offered(&self) -> impl Iterator<Item = &Entry> {
        let alone = |entry: &&Entry| {
            !entry.out_of_scope && !entry.crisis && !entry.urgent && entry.only_after.is_empty()
        };
        self.entries.iter().filter(alone)
    }

    /// The position of the entry with this id.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id.as_str() == id)
    }
}
