//! Small files of every format, oddities included, and what is read from each. A new file in
//! `tests/formats` is a new test; `INSTA_UPDATE=always cargo test -p faqbot-faq --test it` writes what it gives.

use std::fmt::Write;
use std::path::Path;

use faqbot_faq::{EntryId, Faq, RowError};
use faqbot_faq::{Loaded, ReadOptions, load};

#[test]
fn every_file_gives_what_it_gave() {
    insta::glob!("..", "formats/*", |path| {
        let shown = match Faq::load(path) {
            Ok(loaded) => shown(&loaded),
            Err(error) => error.to_string(),
        };
        // Paths are those of this machine.
        let folder = path.parent().expect("a folder").display().to_string();
        insta::assert_snapshot!(shown.replace(&format!("{folder}/"), ""));
    });
}

#[test]
fn every_format_has_a_file() {
    let mut found = std::collections::HashSet::new();
    for file in std::fs::read_dir("tests/formats").expect("the files") {
        if let Ok(loaded) = Faq::load(&file.expect("a file").path()) {
            found.extend(loaded.files.iter().filter_map(|file| file.format).map(|format| format.name));
        }
    }
    let missing: Vec<&str> = faqbot_faq::format::FORMATS
        .iter()
        .map(|format| format.name)
        .filter(|name| !found.contains(name))
        .collect();
    assert_eq!(missing, ["tsv"], "QnA Maker's TSV is read by the same parser");
}

#[test]
fn a_folder_is_one_faq() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    let load = || load::load(&[folder.path().to_owned()], &ReadOptions::default(), &mut |_| ());
    write("notes.txt", "nothing here");
    assert!(load().unwrap_err().to_string().contains("no FAQ in this folder"));
    write("b/nlu.yml", "nlu:\n- intent: faq/a\n  examples: |\n    - what\n");
    write("b/responses.yml", "responses:\n  utter_faq/a:\n  - text: this\n");
    write("a.csv", "id,question,answer\n1,one,x\n");
    write("z.csv", "id,question,answer\n1,two,y\n");
    write(".hidden.csv", "question,answer\nhidden,x\n");
    write("picture.png", "no FAQ");
    let loaded = load().expect("a FAQ");
    let ids: Vec<&str> = loaded.faq.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["1", "faq/a", "z-1"]);
    assert_eq!(loaded.skipped.len(), 1, "{:?}", loaded.skipped);
    assert!(loaded.place(2).0.ends_with("z.csv"));
}

fn ids(ids: &[EntryId]) -> Option<String> {
    (!ids.is_empty()).then(|| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

fn shown(loaded: &Loaded) -> String {
    let mut out = String::new();
    for file in &loaded.files {
        let _ = writeln!(out, "read as {}", file.format.map_or("nothing", |format| format.title));
    }
    let faq = &loaded.faq;
    for (name, text) in faq.texts() {
        if let Some(text) = text {
            let _ = writeln!(out, "{name}: {text}");
        }
    }
    if !faq.small_talk.is_default() {
        let _ = writeln!(out, "small talk: {:?}", faq.small_talk);
    }
    for (at, entry) in faq.entries.iter().enumerate() {
        let _ = writeln!(out, "\nline {}: {}", loaded.place(at).1, entry.id);
        entry.phrasings.iter().for_each(|phrasing| {
            let _ = writeln!(out, "  ? {phrasing:?}");
        });
        entry.answer.lines().for_each(|line| {
            let _ = writeln!(out, "  | {line}");
        });
        for (name, text) in [
            ("source", entry.source.clone()),
            ("tags", (!entry.tags.is_empty()).then(|| entry.tags.join(" / "))),
            ("min_confidence", entry.min_confidence.map(|own| own.to_string())),
            ("variants", (!entry.variants.is_empty()).then(|| entry.variants.join(" / "))),
            ("follow_ups", ids(&entry.follow_ups)),
            ("only_after", ids(&entry.only_after)),
        ] {
            if let Some(text) = text {
                let _ = writeln!(out, "  {name}: {text}");
            }
        }
    }
    for (name, rows) in [("skipped", &loaded.skipped), ("merged", &loaded.merged), ("noted", &loaded.notes)] {
        for RowError { line, reason, .. } in rows {
            let _ = writeln!(out, "\n{name} {line}: {reason}");
        }
    }
    out
}

/// The path is for messages only: nothing is read from it.
#[test]
fn bytes_are_read_under_any_name() {
    let loaded = Faq::read(b"entries:\n- question: a\n  answer: b\n", Path::new("a name without an ending"));
    assert_eq!(loaded.expect("a FAQ").files[0].format.map(|format| format.name), Some("yaml"));
}
