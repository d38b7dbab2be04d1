//! Files changed in place: what is asked for and nothing else, in every layout that people use.

use std::fs;
use std::path::Path;

use faqbot_faq::Change;
use faqbot_faq::edit::edit;
use faqbot_faq::{Faq, Format, ReadOptions};
use proptest::prelude::*;

fn phrasing(id: &str, text: &str) -> Change {
    Change::Phrasing { id: id.into(), phrasing: text.into() }
}

fn entry(question: &str, answer: Option<&str>) -> Change {
    Change::Entry { question: question.into(), answer: answer.map(str::to_owned) }
}

fn edited(name: &str, text: &str, change: &Change) -> Option<String> {
    let bytes = edit(text.as_bytes(), Path::new(name), &ReadOptions::default(), change)?;
    Some(String::from_utf8(bytes).unwrap())
}

/// `text` with what stands between `⟨` and `⟩` must be what comes of the text without it.
fn becomes(name: &str, text: &str, change: &Change) {
    let mut before = String::new();
    for part in text.split('⟨') {
        before.push_str(part.split_once('⟩').map_or(part, |(_, after)| after));
    }
    let after = text.replace(['⟨', '⟩'], "");
    assert_eq!(edited(name, &before, change).as_deref(), Some(&*after), "{name}");
}

#[test]
fn yaml_keeps_its_layout() {
    let new = phrasing("a-b", "new one?");
    becomes(
        "a.yaml",
        "# top\n- question: A b?   # why\n  ⟨also:\n    - new one?\n  ⟩answer: 'x'\n\n# end\n- {question: c, answer: d}\n",
        &new,
    );
    becomes("a.yaml", "- question: A b?\n  also:\n  - one # of two\n  ⟨- new one?\n  ⟩answer: x\n", &new);
    becomes("a.yaml", "- question: A b?\n  also:\n  - one # of two\n⟨  - new one?\n⟩  answer: x\n", &new);
    becomes(
        "a.yaml",
        "-   question: \"A b?\"\n    also: [ one, 'two'⟨, \"new one?\"⟩ ]\n    answer: x\n",
        &new,
    );
    becomes(
        "a.yaml",
        "- {question: A b?⟨, also: [\"new one?\"]⟩, answer: x}\n- {question: c, answer: d}\n",
        &new,
    );
    becomes(
        "a.yaml",
        "title: T\nentries:\n  - id: a-b\n    question: A b?\n    answer: |\n      x\n\n    also:\n      - \"one\"\n⟨      - \"new one?\"\n⟩\n  - question: c\n    answer: d",
        &new,
    );
    becomes("a.yaml", "- answer: x\n  question: >-\n    A\n    b?\n⟨  also:\n    - new one?\n⟩# end\n", &new);
    becomes("a.yaml", "- answer: x\n  question: A b?⟨\n  also:\n    - new one?⟩", &new);
    becomes(
        "a.yaml",
        "- questions:\n    - A b?\n⟨    - new one?\n⟩  answer: x\r\n"
            .replace('\n', "\r\n")
            .replace("\r\r", "\r")
            .as_str(),
        &new,
    );
    becomes(
        "é.yaml",
        "- question: Où ça, là?\n  ⟨also:\n    - new one?\n  ⟩answer: x\n",
        &phrasing("ou-ca-la", "new one?"),
    );
    let odd = phrasing("a-b", "- it: \"is\" #5");
    becomes("a.yaml", "- question: A b?\n⟨  also:\n    - \"- it: \\\"is\\\" #5\"\n⟩  answer: x\n", &odd);
}

#[test]
fn entries_come_last() {
    let new = entry("Gift cards?", Some("Yes."));
    becomes(
        "a.yaml",
        "# top\n- question: A\n  answer: x # b\n⟨- question: Gift cards?\n  answer: Yes.\n⟩# end\n",
        &new,
    );
    becomes(
        "a.yaml",
        "entries:\n  - question: A\n    answer: x\n\n  - question: B\n    answer: |\n      y\n⟨\n  - question: Gift cards?\n    answer: Yes.\n⟩\ntitle: T\n",
        &new,
    );
    becomes(
        "a.yaml",
        "- question: A\n  answer: x\n⟨- question: Which?\n  answer: |-\n    Two:\n\n    - a\n    - b: c\n⟩",
        &entry("Which?", Some("Two:\n\n- a\n- b: c")),
    );
    becomes(
        "a.yaml",
        "- question: A\n  answer: x\n⟨- question: Poems?\n  out_of_scope: true\n⟩",
        &entry("Poems?", None),
    );
    becomes(
        "a.json",
        "[{\"question\": \"A\", \"answer\": \"x\"}⟨, {\"question\": \"Gift cards?\", \"answer\": \"Yes.\"}⟩]\n",
        &new,
    );
    becomes(
        "a.json",
        "[\n  {\n    \"question\": \"A\",\n    \"answer\": \"x\"\n  }⟨,\n  {\"question\": \"Gift cards?\", \"answer\": \"Yes.\"}⟩\n]\n",
        &new,
    );
    becomes(
        "a.jsonl",
        "{\"question\":\"A\",\"answer\":\"x\"}⟨\n{\"question\": \"Gift cards?\", \"answer\": \"Yes.\"}⟩",
        &new,
    );
    becomes("a.csv", "answer,question,tags\nx,A,t\n⟨Yes.,Gift cards?,\n⟩", &new);
    becomes("a.csv", "id;question;answer\r\na;A;x\r\n⟨;Gift cards?;Yes.\r\n⟩", &new);
    becomes("a.md", "# FAQ\n\n### A?\n\nx\n⟨\n### Gift cards?\n\nYes.\n⟩", &new);
    becomes("a.qna", "# ? A\n\n```markdown\nx\n```\n⟨\n# ? Gift cards?\n\n```markdown\nYes.\n```\n⟩", &new);
}

#[test]
fn other_formats_keep_theirs() {
    let new = phrasing("a-b", "new, one?");
    becomes("a.json", "[{\"question\": \"A b?\"⟨, \"also\": [\"new, one?\"]⟩, \"answer\": \"x\"}]", &new);
    becomes(
        "a.json",
        "{\"entries\": [\n  {\n    \"id\": \"a-b\",\n    \"question\": \"A b?\",\n    \"also\": [\n      \"one\",\n      \"two\"⟨,\n      \"new, one?\"⟩\n    ],\n    \"answer\": \"x\"\n  }\n]}\n",
        &new,
    );
    becomes(
        "a.jsonl",
        "{\"question\": \"c\", \"answer\": \"d\"}\n{\"questions\": [\"A b?\", \"c\"⟨, \"new, one?\"⟩], \"answer\": \"x\"}\n\n",
        &new,
    );
    becomes("a.csv", "question,answer\nA b?,\"x, y\"\n⟨\"new, one?\",\"x, y\"\n⟩c,d\n", &new);
    becomes(
        "a.csv",
        "id,question,answer,tags\r\na-b,A b?,\"x\r\ny\",t\r\na-b,two,,\r\n⟨a-b,\"new, one?\",,\r\n⟩c,d,e,\r\n",
        &new,
    );
    becomes("a.csv", "sep=;\nQuestion;Answer\nA b?;x⟨\nnew, one?;x⟩", &new);
    becomes(
        "a.tsv",
        "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\nA b?\t1. \"x\\n2. y\ts\t\t[]\tfalse\t[]\t7\n⟨new, one?\t1. \"x\\n2. y\ts\t\t[]\tfalse\t[]\t7\n⟩",
        &phrasing("7", "new, one?"),
    );
    becomes("a.md", "# FAQ\n\n## A b?\n⟨<!-- also: new, one? -->\n⟩\nx\n\n## C?\n\nd\n", &new);
    becomes("a.md", "## A b?\n<!-- also: one -->\n⟨<!-- also: new, one? -->\n⟩x\n\n## C?\n\nd\n", &new);
    becomes("a.md", "<!-- faqbot {\"id\":\"a-b\"⟨,\"also\":[\"new, one?\"]⟩} -->\n## A b?\n\nx\n", &new);
    becomes(
        "a.md",
        "<!-- faqbot {\"id\":\"a-b\",\"also\":[\"one\"⟨, \"new, one?\"⟩]} -->\n## A b?\n\nx\n",
        &new,
    );
    becomes("a.qna", "> c\n# ? A b?\n* one\n⟨* new, one?\n⟩\n```\nx\n```\n", &new);
    becomes("a.qna", "# ? A b?\n⟨- new, one?\n⟩```\nx\n```\n", &new);
}

#[test]
fn what_a_format_cannot_hold_is_left_to_the_file_beside() {
    let new = phrasing("a-b", "new");
    assert_eq!(edited("a.txt", "A b?\nx\n\nC?\nd\n", &new), None);
    assert_eq!(edited("a.html", "<h2>A b?</h2><p>x</p><h2>C?</h2><p>y</p>", &new), None);
    assert_eq!(edited("a.md", "## A b?\n\nx\n\n## C?\n\ny\n", &phrasing("a-b", "a --> b")), None);
    assert_eq!(edited("a.md", "## A b?\n\nx\n\n## C?\n\ny\n", &entry("Poems?", None)), None);
    assert_eq!(edited("a.csv", "question,answer\nA b?,x\n", &phrasing("a-b", "=1+1")), None, "a formula");
    assert_eq!(edited("a.yaml", "- {question: A b?, answer: x}\n", &phrasing("gone", "new")), None);
    assert_eq!(edited("a.yaml", "- {question: A b?, also: [NEW], answer: x}\n", &new), None, "it is there");
}

/// Every file of `tests/formats`, every entry: the lines that were there are there still, but for one at most.
#[test]
fn files_as_people_write_them() {
    let mut report = String::new();
    let mut paths: Vec<_> = fs::read_dir("tests/formats").unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let bytes = fs::read(path).unwrap();
        let Ok(loaded) = Faq::read(&bytes, path) else { continue };
        let mut done = 0;
        for entry in &loaded.faq.entries {
            let change = phrasing(entry.id.as_str(), "how about zebras, then?");
            let Some(after) = edit(&bytes, path, &ReadOptions::default(), &change) else { continue };
            assert_few_lines(&bytes, &after, &path.display().to_string());
            done += 1;
        }
        let new = entry("How about zebras, then?", Some("None here."));
        let added = edit(&bytes, path, &ReadOptions::default(), &new);
        if let Some(after) = &added {
            assert_few_lines(&bytes, after, &path.display().to_string());
        }
        let format = loaded.files[0].format.map_or("none", |format| format.name);
        let name = path.file_name().unwrap().to_string_lossy();
        let what = if added.is_some() { "and an entry" } else { "no entry" };
        report.push_str(&format!(
            "{name} ({format}): {done} of {} phrasings, {what}\n",
            loaded.faq.entries.len()
        ));
    }
    insta::assert_snapshot!(report);
}

fn assert_few_lines(before: &[u8], after: &[u8], what: &str) {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let same_above = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let same_below = old[same_above..]
        .iter()
        .rev()
        .zip(new[same_above..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    assert!(old.len() - same_above - same_below <= 1, "{what}: {before}\n---\n{after}");
    let ends =
        |text: &str| (text.matches("\r\n").count() == text.matches('\n').count(), text.ends_with('\n'));
    assert_eq!(ends(&before).1, ends(&after).1, "{what}");
    assert!(!ends(&before).0 || ends(&after).0, "{what}: line ends");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is written can be changed, and gives what the change says.
    #[test]
    fn what_is_written_is_changed(
        texts in proptest::collection::vec(("[a-zA-Z?:#'\" é-]{1,20}", "[a-zA-Z?:#'\"|>\n é-]{1,40}"), 1..5),
        also in proptest::collection::vec("[a-zA-Z0-9 :#'\"-]{1,20}", 0..3),
        new in "[a-z0-9][a-zA-Z0-9 :#'\"{}-]{0,20}[a-z]",
        at in 0usize..5,
    ) {
        let yaml: Vec<serde_json::Value> = texts.iter().map(|(question, answer)| {
            serde_json::json!({"question": format!("q{question}"), "also": also, "answer": format!("a{answer}")})
        }).collect();
        let json = serde_json::to_vec(&yaml).unwrap();
        let faq = Faq::read(&json, Path::new("a.json")).unwrap().faq;
        let at = at % faq.entries.len();
        let change = phrasing(faq.entries[at].id.as_str(), &new);
        prop_assume!(change.apply(&faq).is_some());
        for name in ["yaml", "json", "jsonl", "csv", "markdown"] {
            let format = Format::named(name).unwrap();
            let mut bytes = Vec::new();
            format.write(&faq, &mut bytes).unwrap();
            let path = Path::new("a").with_extension(format.endings[0]);
            let before = Faq::read(&bytes, &path).unwrap().faq;
            let after = edit(&bytes, &path, &ReadOptions::default(), &change);
            prop_assert!(after.is_some(), "{name}: {}", String::from_utf8_lossy(&bytes));
            let after = after.unwrap();
            assert_few_lines(&bytes, &after, name);
            prop_assert_eq!(Faq::read(&after, &path).unwrap().faq, change.apply(&before).unwrap());
        }
    }
}
