//! What is written can be read back as it was, in every format that is written.

use std::path::Path;

use faqbot::faq::format::FORMATS;
use faqbot::faq::{ReadOptions, load};
use faqbot::{Entry, EntryId, Faq};
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
        .prop_map(|pieces| faqbot::faq::harmless::harmless(pieces.concat()).0.trim().to_owned())
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
    )
        .prop_map(|(id, phrasings, answer, source, tags, min_confidence, flags)| {
            let [urgent, crisis, out_of_scope] = [flags[0] || flags[1], flags[1], flags[2] && !flags[1]];
            let answer = if out_of_scope { String::new() } else { answer };
            // A phrasing stands once in an entry.
            let mut seen = std::collections::HashSet::new();
            let phrasings =
                phrasings.into_iter().filter(|phrasing| seen.insert(phrasing.to_lowercase())).collect();
            Entry {
                id: EntryId::from(id.as_str()),
                phrasings,
                answer,
                source,
                tags,
                min_confidence,
                urgent,
                crisis,
                out_of_scope,
            }
        })
}

fn faq() -> impl Strategy<Value = Faq> {
    let texts = (option::of(text()), option::of(text()), option::of(text()), option::of(text()));
    (texts, vec(entry(), 1..5)).prop_map(|((title, greeting, fallback, contact), mut entries)| {
        for (at, entry) in entries.iter_mut().enumerate() {
            entry.id = EntryId::from(format!("{} {at}", entry.id).as_str());
        }
        Faq { title, greeting, fallback, contact, entries }
    })
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
            }
        }
    }
}
