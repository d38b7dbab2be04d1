//! `faqbot convert` and `faqbot check`, and FAQs of several files, as the real program.

use std::fs;

use crate::common::{SHOP, World};

#[test]
fn a_faq_is_written_in_another_format_and_read_back() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    for name in ["shop.json", "shop.md", "shop.csv", "shop.tsv", "shop.jsonl", "shop.jsonld"] {
        let run = world.run(&["convert", "shop.yaml", "-o", name], "", 0);
        assert!(run.out.is_empty() && run.err.contains("3 entries, 4 phrasings"), "{run:?}");
        let lost = matches!(name, "shop.csv" | "shop.tsv" | "shop.jsonl");
        assert_eq!(run.err.contains("no place for title, greeting, fallback"), lost, "{run:?}");
        let back = world.run(&["convert", name, "-o", "-", "--to", "jsonl"], "", 0);
        let direct = world.run(&["convert", "shop.yaml", "-o", "-", "--to", "jsonl"], "", 0);
        assert_eq!(back.out, direct.out, "{name}");
    }
    // Without input, the FAQ in the program: a beginning for one's own.
    let run = world.run(&["convert", "-o", "own.yaml"], "", 0);
    assert!(run.err.contains("26 entries"), "{run:?}");
}

#[test]
fn nothing_is_overwritten_without_being_asked() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("there.json", "mine");
    let run = world.run(&["convert", "shop.yaml", "-o", "there.json"], "", 2);
    assert!(run.err.contains("there.json is there already; --force replaces it"), "{run:?}");
    assert_eq!(fs::read(world.path("there.json")).expect("kept"), b"mine");
    world.run(&["convert", "shop.yaml", "-o", "there.json", "--force"], "", 0);
    assert!(fs::read_to_string(world.path("there.json")).expect("written").contains("parcel"));

    let run = world.run(&["convert", "shop.yaml", "-o", "shop.html"], "", 2);
    assert!(run.err.contains("--to (yaml, jsonld, jsonl, json, qnamaker, csv, markdown)"), "{run:?}");
    let run = world.run(&["convert", "shop.yaml"], "", 0);
    assert!(run.out.starts_with("title: The shop\n"), "{run:?}");
    let run = world.run(&["convert", "shop.yaml", "-o", "no/such/folder.json"], "", 2);
    assert!(run.err.contains("no/such/folder.json: No such file"), "{run:?}");
    // Reading and writing the same file.
    world.run(&["convert", "shop.yaml", "-o", "shop.yaml", "--force"], "", 0);
    assert!(fs::read_to_string(world.path("shop.yaml")).expect("written").starts_with("title: The shop\n"));
}

#[test]
fn check_says_what_to_fix() {
    let world = World::new();
    world.write("good.yaml", SHOP);
    let run = world.run(&["check", "--model", "hash", "good.yaml"], "", 0);
    assert!(run.out.contains("0 to fix"), "{run:?}");
    world.run(&["check", "--model", "hash", "good.yaml", "--strict"], "", 1);
    world.write(
        "bad.csv",
        "question,answer,rank\nWhere is it?,Here it is.,1\nwhere IS it,There it was.,2\nWhy?,,3\n",
    );
    let run = world.run(&["check", "--model", "hash", "bad.csv"], "", 1);
    assert!(run.out.contains("fix bad.csv:2: \"where is it\" stands in 2 entries"), "{run:?}");
    assert!(run.out.contains("fix bad.csv:4: \"Why?\": no answer"), "{run:?}");
    assert!(run.out.contains("where-is-it, where-is-it-2"), "{run:?}");

    let run = world.run(&["check", "--model", "hash", "bad.csv", "--json"], "", 1);
    let report: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((&report["entries"], &report["phrasings"]), (&3.into(), &3.into()));
    assert_eq!(report["notes"][0]["reason"], "columns that are not used: rank");
    let finding = &report["findings"][0];
    assert_eq!(finding["kind"], "conflicting-answers");
    assert_eq!(finding["ids"], serde_json::json!(["where-is-it", "where-is-it-2"]));
    assert_eq!((&finding["file"], &finding["line"]), (&"bad.csv".into(), &2.into()));
    assert!(!finding["advice"].as_str().expect("text").is_empty());
}

#[test]
fn several_files_and_folders_are_one_faq() {
    let world = World::new();
    world.write("faq/nlu.yml", "nlu:\n- intent: faq/hours\n  examples: |\n    - when do you open\n");
    world.write("faq/responses.yml", "responses:\n  utter_faq/hours:\n  - text: At nine.\n");
    world.write("faq/more/orders.csv", "question,answer\nWhere is my parcel?,On its way.\n");
    let ask = ["ask", "--model", "hash", "--faq", "faq"];
    let run = world.run(&[&ask[..], &["when do you open"]].concat(), "", 0);
    assert!(run.out.ends_with("At nine.\n"), "{run:?}");
    assert!(run.err.contains("orders.csv: CSV, 1 entry, 1 phrasing"), "{run:?}");
    let files = ["ask", "--model", "hash", "--faq", "faq/more/orders.csv", "--faq", "shop.yaml"];
    world.write("shop.yaml", SHOP);
    let run = world.run(&[&files[..], &["reset my password"]].concat(), "", 0);
    assert_eq!(run.out, "How do I reset my password?\nUse the link on the sign-in page.\n");
    world.write("faqbot.toml", "faq = [\"faq\", \"shop.yaml\"]\nmodel = \"hash\"\n");
    assert!(world.run(&["ask", "when do you open"], "", 0).out.ends_with("At nine.\n"));
    world.write("empty/notes.png", "");
    let run = world.run(&["ask", "--model", "hash", "--faq", "empty", "x"], "", 2);
    assert!(run.err.contains("empty: no FAQ in this folder"), "{run:?}");
}

#[test]
fn format_columns_and_limits_can_be_set() {
    let world = World::new();
    world.write("table.csv", "Nr,Kysymys,Vastaus\n1,Wo ist es,Hier.\n");
    let ask = ["ask", "--model", "hash", "wo ist es", "--faq", "table.csv"];
    let run = world.run(&ask, "", 2);
    assert!(run.err.contains("--map question=COLUMN,answer=COLUMN"), "{run:?}");
    let run = world.run(&[&ask[..], &["--map", "question=kysymys,answer=3"]].concat(), "", 0);
    assert_eq!(run.out, "Hier.\n");
    let run = world.run(&[&ask[..], &["--map", "question=Nope,answer=3"]].concat(), "", 2);
    assert!(run.err.contains("there is no column `Nope`"), "{run:?}");
    let run = world.run(&[&ask[..], &["--map", "colour=3"]].concat(), "", 2);
    assert!(run.err.contains("the fields are question, answer"), "{run:?}");

    world.write("notes.txt", "question,answer\nWho?,Me.\n");
    let forced = ["ask", "--model", "hash", "--faq", "notes.txt", "--format", "text", "who"];
    assert!(world.run(&forced, "", 2).err.contains("no FAQ in plain text"));
    let run = world.run(&["ask", "--format", "pdf", "who"], "", 2);
    assert!(run.err.contains("possible values: xlsx, docx, odt, epub, rtf"), "{run:?}");

    let map = ["--map", "question=kysymys,answer=vastaus"];
    for (limit, reason) in [
        (
            "file-bytes=10",
            "table.csv: the file has 37 bytes, more than the limit of 10 (file-bytes); --limit",
        ),
        ("entries=0", "more than 0 entries, which is the limit (entries); --limit sets another"),
        ("text-bytes=3", "a text has 9 bytes, more than the limit of 3 (text-bytes)"),
        ("colour=1", "a limit is file-bytes=N"),
        ("entries=1x", "a limit is file-bytes=N"),
    ] {
        let run = world.run(&[&ask[..], &map, &["--limit", limit]].concat(), "", 2);
        assert!(run.err.contains(reason), "{run:?}");
    }
    world.run(&[&ask[..], &map, &["--limit", "entries=1,text-bytes=1k"]].concat(), "", 0);
    world.write("faqbot.toml", "limit = [\"entries=0\"]\nmap = \"question=Kysymys,answer=Vastaus\"\n");
    world.run(&ask, "", 2);
    world.run(&[&ask[..], &["--limit", "entries=5"]].concat(), "", 0);
}

#[test]
fn a_model_that_does_not_know_the_language_is_said() {
    if cfg!(not(feature = "bundled-model")) {
        return;
    }
    let world = World::new();
    let long = "what is the meaning of this very long question ".repeat(40);
    world.write(
        "faq.yaml",
        format!(
            "- {{question: 如何重置密码？, also: [忘记密码], answer: 点击登录页上的链接，然后按照说明操作。}}\n\
             - {{question: Wo finde ich meine Bestellung?, also: [Sendung verfolgen], answer: Öffnen Sie die Liste Ihrer Bestellungen und wählen Sie dort die richtige aus.}}\n\
             - {{question: Where is it?, also: ['{long}'], answer: It is over there.}}\n"
        ),
    );
    let run = world.run(&["check", "faq.yaml"], "", 1);
    for expected in ["looks like Mandarin", "looks like German", "the model reads only the beginning of"] {
        assert!(run.out.contains(expected), "{expected}: {run:?}");
    }
    // The FAQ in the program has nothing to fix.
    world.run(&["check"], "", 0);
}
