//! What is written can be read back as it was, in every format that is written.

use std::path::Path;

use faqbot_faq::format::FORMATS;
use faqbot_faq::{Entry, EntryId, Faq};
use faqbot_faq::{ReadOptions, load};
use faqbot_faq::{SmallTalk, SmallTalkKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::{option, sample};

/// Pieces that mean something in one format or another, and plain ones.
const PIECES: [&str; 72] = [
    "a",
    "Where",
    "is it",
    "?",
    "é",
    "ß",
    "漢字",
    "😀",
    "\u{200d}",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\\",
    "\\n",
    "\\t",
    "\"",
    "'",
    "`",
    "```",
    "*",
    "**",
    "_",
    "#",
    "# ",
    "## x",
    "\n## y\n",
    "---",
    "\n---\n",
    "===",
    "-",
    "- ",
    "\n- ",
    ":",
    ": ",
    ",",
    ";",
    "|",
    "||",
    "&",
    "&amp;",
    "&#10;",
    "<",
    ">",
    "<b>",
    "</b>",
    "<!-- faqbot {} -->",
    "\n<!-- faqbot {\"id\": \"x\"} -->\n",
    "-->",
    "--",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "[x](y)",
    "![",
    "@",
    "%",
    "%7C",
    "!",
    "~",
    "null",
    "true",
    "1.50",
    "0x1F",
];

fn text() -> impl Strategy<Value = String> {
    vec(sample::select(&PIECES[..]), 1..12)
        .prop_map(|pieces| faqbot_faq::sanitize::sanitize(pieces.concat()).0.trim().to_owned())
        .prop_filter("a text", |text| !text.is_empty())
}

fn entry() -> impl Strategy<Value = Entry> {
    let confidence = option::of(sample::select(&[0.0f32, 0.1, 0.3, 0.55, 1.0][..]));
    (
        text(),
        vec(text(), 1..4),
        text(),
        option::of(text()),
        vec(text(), 0..3),
        confidence,
        vec(proptest::bool::ANY, 3),
        vec(text(), 0..3),
    )
        .prop_map(|(id, phrasings, answer, source, tags, min_confidence, flags, variants)| {
            let [urgent, crisis, out_of_scope] = [flags[0] || flags[1], flags[1], flags[2] && !flags[1]];
            let answer = if out_of_scope { String::new() } else { answer };
            let mut seen = std::collections::HashSet::from([answer.clone()]);
            let variants: Vec<String> =
                variants.into_iter().filter(|text| !out_of_scope && seen.insert(text.clone())).collect();
            // A phrasing stands once in an entry.
            let mut seen = std::collections::HashSet::new();
            let phrasings =
                phrasings.into_iter().filter(|phrasing| seen.insert(phrasing.to_lowercase())).collect();
            Entry {
                id: EntryId::from(id.as_str()),
                phrasings,
                answer,
                variants,
                source,
                tags,
                min_confidence,
                urgent,
                crisis,
                out_of_scope,
                ..Entry::default()
            }
        })
}

fn faq() -> impl Strategy<Value = Faq> {
    let texts = (option::of(text()), option::of(text()), option::of(text()), option::of(text()));
    let small_talk = (proptest::bool::ANY, option::of(text()), option::of(option::of(text())));
    let synonyms = vec(vec(text(), 2..4), 0..3);
    let leads = vec((0..5usize, 0..5usize, proptest::bool::ANY), 0..4);
    (texts, vec(entry(), 1..5), small_talk, leads, synonyms).prop_map(
        |(texts, mut entries, small_talk, leads, synonyms)| {
            let (title, greeting, fallback, contact) = texts;
            for (at, entry) in entries.iter_mut().enumerate() {
                entry.id = EntryId::from(format!("{} {at}", entry.id).as_str());
            }
            let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id.clone()).collect();
            for (from, to, only) in leads {
                let (from, to) = (from % ids.len(), to % ids.len());
                let own = if only { &mut entries[from].only_after } else { &mut entries[from].follow_ups };
                if from != to && !own.contains(&ids[to]) {
                    own.push(ids[to].clone());
                }
            }
            let (off, greets, insult) = small_talk;
            let own = greets.map(|text| (SmallTalkKind::Greeting, Some(text)));
            let own = own.into_iter().chain(insult.map(|own| (SmallTalkKind::Insult, own))).collect();
            let small_talk =
                if off { SmallTalk { off, ..SmallTalk::default() } } else { SmallTalk { off, own } };
            let language = off.then(|| "de".to_owned());
            Faq { title, greeting, fallback, contact, language, small_talk, synonyms, entries }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(faq in faq()) {
        for format in FORMATS.iter().filter(|format| format.is_written()) {
            let mut bytes = Vec::new();
            format.write(&faq, &mut bytes).expect("written");
            let written = String::from_utf8(bytes).expect("UTF-8");
            let name = format!("faq.{}", format.endings[0]);
            // By name and content, as a user would read it.
            let loaded = load::read(written.as_bytes(), Path::new(&name), &ReadOptions::default())
                .unwrap_or_else(|error| panic!("{}: {error}\n{written}", format.name));
            prop_assert_eq!(&loaded.faq.entries, &faq.entries, "{}: {}\n{:?}", format.name, written, loaded.skipped);
            prop_assert!(loaded.skipped.is_empty(), "{}: {:?}\n{}", format.name, loaded.skipped, written);
            if format.lost(&faq).is_empty() {
                let texts = |faq: &Faq| faq.texts().map(|(_, text)| text.map(str::to_owned));
                prop_assert_eq!(texts(&loaded.faq), texts(&faq), "{}: {}", format.name, written);
                prop_assert_eq!(&loaded.faq.small_talk, &faq.small_talk, "{}: {}", format.name, written);
                prop_assert_eq!(&loaded.faq.synonyms, &faq.synonyms, "{}: {}", format.name, written);
            }
        }
    }
}
