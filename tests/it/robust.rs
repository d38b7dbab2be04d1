//! Faults of the world around the program: outputs that fail, pipes where files should be, folders of others.

use std::fs;
use std::process::{Command, Stdio};

use crate::common::World;

const SHOP: &str =
    "- {question: Where is my parcel?, answer: On its way.}\n- {question: Who are you?, answer: A bot.}\n";

const ASK: [&str; 5] = ["ask", "--model", "hash", "--faq", "shop.yaml"];

fn world() -> World {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world
}

/// Every command that prints.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_fails_is_an_error() {
    let world = world();
    world.write(
        "queries.jsonl",
        "{\"query\": \"where is my parcel\", \"expected\": \"where-is-my-parcel\"}\n",
    );
    for args in [
        &["ask", "--model", "hash", "--faq", "shop.yaml", "where is my parcel"][..],
        &["--model", "hash", "--faq", "shop.yaml"],
        &["check", "--model", "hash", "shop.yaml"],
        &["convert", "shop.yaml", "-o", "-", "--to", "json"],
        &["eval", "--model", "hash", "--faq", "shop.yaml", "--queries", "queries.jsonl"],
        &["models"],
        &["cache", "path"],
        &["cache", "size"],
        &["config", "show"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        for output in ["stdout", "both"] {
            let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
            let mut command = Command::new(assert_cmd::cargo::cargo_bin("faqbot"));
            command
                .args(args)
                .current_dir(world.path(""))
                .env_clear()
                .envs(world.environment())
                .env("FAQBOT_OFFLINE", "1");
            command.stdin(fs::File::open(world.write("in", "where is my parcel\n")).expect("a file"));
            command.stdout(full()).stderr(Stdio::piped());
            if output == "both" {
                command.stderr(full());
            }
            let run = command.output().expect("a run");
            assert_eq!(run.status.code(), Some(2), "{args:?} {output}");
            assert!(!String::from_utf8_lossy(&run.stderr).contains("panicked"), "{args:?}");
        }
    }
}

#[cfg(all(unix, feature = "bundled-model"))]
#[test]
fn pipes_are_never_waited_for() {
    let world = world();
    let fifo = |name: &str| {
        fs::create_dir_all(world.path(name).parent().expect("a folder")).expect("a folder");
        assert!(Command::new("mkfifo").arg(world.path(name)).status().expect("mkfifo").success());
    };
    fifo("shop.yaml.calibration.json");
    let run = world.run(&[&ASK[..], &["where is my parcel"]].concat(), "", 2);
    assert!(run.err.contains("not a plain file"), "{run:?}");
    fs::remove_file(world.path("shop.yaml.calibration.json")).expect("remove");

    // In the place of the files in the cache, whose names the first run tells.
    let ask = ["ask", "--faq", "shop.yaml", "where is my parcel"];
    world.run(&ask, "", 0);
    let folder = world.path("cache/faqbot/embeddings");
    let name =
        |file: std::io::Result<fs::DirEntry>| file.expect("a file").file_name().into_string().expect("UTF-8");
    let names: Vec<String> = fs::read_dir(&folder).expect("a folder").map(name).collect();
    assert!(!names.is_empty());
    for name in names {
        fs::remove_file(folder.join(&name)).expect("remove");
        fifo(&format!("cache/faqbot/embeddings/{name}"));
    }
    world.run(&ask, "", 0);
    world.run(&["cache", "clear"], "", 0);
    world.run(&["cache", "size"], "", 0);
}

#[test]
fn a_folder_of_others_chooses_what_is_asked_and_not_where_is_written() {
    let world = world();
    let ask = ["ask", "where is my parcel"];
    for risky in ["cache_dir = \"elsewhere\"", "model_dir = \"model\"", "model = \"AllMiniLML6V2\""] {
        world.write("faqbot.toml", format!("faq = \"shop.yaml\"\n{risky}\n"));
        // Offline no model would be fetched, and there would be nothing to confirm. Here nothing is: it is refused before.
        let output = world.faqbot(&ask).env("FAQBOT_OFFLINE", "0").output().expect("a run");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && err.contains("--config faqbot.toml"), "{err}");
    }
    world.write("faqbot.toml", "faq = \"shop.yaml\"\nmodel = \"hash\"\ncache_dir = \"elsewhere\"\n");
    world.run(&ask, "", 2);
    assert!(!world.path("elsewhere").exists());
    // Nothing is written, so it does not matter where.
    world.run(&["ask", "--no-cache", "where is my parcel"], "", 0);
    world.run(&["ask", "--cache-dir", "mine", "where is my parcel"], "", 0);
    world.run(&["ask", "--config", "faqbot.toml", "where is my parcel"], "", 0);
    let shown = world.run(&["config", "show", "--config", "faqbot.toml"], "", 0);
    assert!(shown.out.contains("elsewhere"), "{shown:?}");
}

#[test]
fn wrong_variables_and_numbers_are_refused() {
    let world = world();
    let ask = [&ASK[..], &["where is my parcel"]].concat();
    let with = |name: &str, value: &str| world.faqbot(&ask).env(name, value).output().expect("a run");
    let output = with("FAQBOT_OFFLINE", "banana");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("banana"));
    let output = with("FAQBOT_OFLINE", "1");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("FAQBOT_OFLINE"));
    world.run(&[&ask[..], &["--limit", "entries=99999999999999999999"]].concat(), "", 2);
    world.run(&[&ask[..], &["--limit", "entries=99999999999G"]].concat(), "", 2);
    world.write("q.jsonl", "{\"query\": \"x\", \"expected\": null}\n");
    let eval =
        ["eval", "--model", "hash", "--faq", "shop.yaml", "--queries", "q.jsonl", "--tolerance", "nan"];
    world.run(&eval, "", 2);
    world.write(
        "shop.yaml.calibration.json",
        "{\"format\":3,\"model\":\"x\",\"evidence\":3,\"scale\":-1.0,\"shift\":0,\"min_confidence\":0.5,\"ask_confidence\":0.4,\"queries\":40,\"phrasings\":[]}",
    );
    let run = world.run(&ask, "", 0);
    assert!(run.err.contains("shop.yaml.calibration.json") && run.err.contains("is not used"), "{run:?}");
    // On where it is off by default, and off again.
    let show = |value: &str| {
        let output = world.faqbot(&["config", "show"]).env("FAQBOT_OFFLINE", value).output().expect("a run");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(show("0").contains("offline = false") && show("yes").contains("offline = true"));
}

#[test]
fn a_question_of_ten_megabytes_is_cut_and_that_is_said() {
    let world = world();
    let long = "where is my parcel ".repeat(550_000);
    let run = world.run(&[&ASK[..], &["--json"]].concat(), &long, 0);
    let reply = &run.json()[0];
    assert_eq!(reply["cut"], true, "{run:?}");
    assert!(reply["query"].as_str().is_some_and(|query| query.len() <= 20_000));
    let run = world.run(&ASK, &long, 0);
    assert!(run.out.contains("Only the beginning"), "{}", run.err);
}

#[cfg(feature = "bundled-model")]
#[test]
fn two_at_once_clear_the_cache() {
    let world = world();
    for round in 0..3 {
        for at in 0..8 {
            let name = format!("faq-{at}.yaml");
            world.write(&name, format!("- {{question: Number {round} {at}?, answer: a}}\n"));
            world.run(&["ask", "--faq", &name, "weather tomorrow"], "", 1);
        }
        let clear = || world.faqbot(&["cache", "clear"]).output().expect("a run").status.code();
        let codes = std::thread::scope(|scope| {
            let all: Vec<_> = (0..3).map(|_| scope.spawn(clear)).collect();
            all.into_iter().map(|one| one.join().expect("no panic")).collect::<Vec<_>>()
        });
        assert_eq!(codes, [Some(0); 3]);
    }
}

/// The workbooks that made the program ask for more memory than there is, where they are.
#[test]
fn hostile_workbooks_are_errors_and_sparse_ones_are_read() {
    let faults = crate::common::project("../shared/faults");
    if !faults.exists() {
        println!("skipped: {} is not there", faults.display());
        return;
    }
    let world = world();
    for file in fs::read_dir(faults).expect("a folder") {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            continue;
        }
        // Each is read as the workbook that it is.
        fs::copy(&path, world.path("faults.xlsx")).expect("a copy");
        let run =
            world.faqbot(&["convert", "faults.xlsx", "-o", "-", "--to", "json"]).output().expect("a run");
        let err = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.code().is_some_and(|code| code != 101), "{}: {err}", path.display());
        println!("{}: {:?}, {}", path.display(), run.status.code(), err.lines().next().unwrap_or_default());
    }
}
