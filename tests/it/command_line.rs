//! The command line itself: help, man pages, settings and where they come from, how much is said.

use std::fs;

use crate::common::{SHOP, World};

const COMMANDS: [&str; 11] = [
    "chat",
    "ask",
    "check",
    "convert",
    "eval",
    "calibrate",
    "models",
    "cache",
    "config",
    "completions",
    "man",
];

#[test]
fn help_has_a_commands_own_options_first_and_none_that_it_ignores() {
    let world = World::new();
    for command in COMMANDS {
        let help = world.run(&[command, "-h"], "", 0).out;
        let own = help.find("Options:").expect("options");
        for heading in ["\nFAQ:", "\nModel:", "\nDecision:", "\nCache:", "\nGeneral:"] {
            assert!(help.find(heading).is_none_or(|at| own < at), "{command}: {heading}");
        }
    }
    let help = |command: &str| world.run(&[command, "-h"], "", 0).out;
    for (command, ignored) in [
        ("models", "--faq"),
        ("convert", "--model"),
        ("convert", "--min-confidence"),
        ("check", "--margin"),
        ("calibrate", "--min-cosine"),
        ("completions", "--color"),
    ] {
        assert!(!help(command).contains(ignored), "{command} {ignored}");
    }
    for command in ["ask", "check", "convert", "eval", "calibrate", "completions", "man"] {
        assert!(help(command).contains("Example"), "{command}");
    }
    // Before a command or behind it, what it does not use is refused.
    let run = world.run(&["--faq", "a.yaml", "models"], "", 2);
    assert!(run.err.contains("`faqbot models` takes no --faq"), "{run:?}");
    world.run(&["models", "--faq", "a.yaml"], "", 2);
}

#[test]
fn a_question_needs_no_command() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    let options = ["--model", "hash", "--faq", "shop.yaml"];
    let asked = world.run(&[&options[..], &["ask", "where is my parcel"]].concat(), "", 0).out;
    assert_eq!(world.run(&[&options[..], &["where is my parcel"]].concat(), "", 0).out, asked);
    assert_eq!(world.run(&[&options[..], &["where", "is", "my", "parcel"]].concat(), "", 0).out, asked);
    assert_eq!(
        world.run(&[&options[..], &["where is my parcel", "--json"]].concat(), "", 0).json()[0]["outcome"],
        "answer"
    );
    let run = world.run(&["chekc", "shop.yaml"], "", 2);
    assert!(run.err.contains("did you mean `faqbot check`?"), "{run:?}");
}

#[test]
fn a_faq_comes_from_standard_input() {
    let world = World::new();
    let run = world.run(&["ask", "--model", "hash", "--faq", "-", "where is my parcel"], SHOP, 0);
    assert!(run.out.starts_with("Open Orders"), "{run:?}");
    let run = world.run(&["ask", "--model", "hash", "--faq", "-"], SHOP, 2);
    assert!(run.err.contains("the question must stand on the command line"), "{run:?}");
    let run = world.run(&["--model", "hash", "--faq", "-"], SHOP, 2);
    assert!(run.err.contains("no chat can be read from it"), "{run:?}");
    let run = world.run(&["check", "--model", "hash", "-", "shop.yaml"], SHOP, 2);
    assert!(run.err.contains("cannot stand beside other files"), "{run:?}");
    let run = world.run(&["convert", "--faq", "-", "-o", "-", "--to", "jsonl"], SHOP, 0);
    assert_eq!(run.out.lines().count(), 3, "{run:?}");
    let run = world.run(&["ask", "--faq", "-", "--limit", "file-bytes=10", "q"], SHOP, 2);
    assert!(run.err.contains("more than 10 bytes"), "{run:?}");
}

#[test]
fn settings_are_shown_with_where_they_come_from() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("faqbot.toml", "faq = \"shop.yaml\"\nmin_confidence = 0.8\nmodel = \"hash\"\n");
    let show = |args: &[&str]| {
        let output = world.faqbot(&[&["config", "show"], args].concat()).env("FAQBOT_MARGIN", "0.1").output();
        String::from_utf8(output.expect("a run").stdout).expect("UTF-8")
    };
    let shown = show(&["--min-cosine", "0.3"]);
    for line in [
        "faq = [\"shop.yaml\"]  # faqbot.toml",
        "min_confidence = 0.8  # faqbot.toml",
        "model = \"hash\"  # faqbot.toml",
        "min_cosine = 0.3  # --min-cosine",
        "margin = 0.1  # FAQBOT_MARGIN",
        "offline = true  # FAQBOT_OFFLINE",
        "no_cache = false  # default",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    // What it prints is a configuration file that says the same.
    world.write("faqbot.toml", &shown);
    let values = |text: &str| {
        let line = |line: &str| line.split("  # ").next().unwrap_or_default().to_owned();
        text.lines().map(line).filter(|line| line.contains(" = ")).collect::<Vec<_>>()
    };
    assert_eq!(values(&show(&[])), values(&shown));
}

#[test]
fn every_command_has_a_man_page() {
    let world = World::new();
    world.run(&["man", "pages"], "", 0);
    for command in COMMANDS {
        let page = fs::read_to_string(world.path(&format!("pages/faqbot-{command}.1"))).expect("a page");
        assert!(page.contains(".SH NAME"), "{command}");
    }
    assert!(world.path("pages/faqbot.1").exists() && world.path("pages/faqbot-cache-clear.1").exists());
    assert!(world.run(&["man"], "", 0).out.contains(".TH faqbot 1"));
}

#[test]
fn quiet_and_verbose_say_less_and_more() {
    let world = World::new();
    world.write("shop.yaml", format!("{SHOP}  - question: No answer?\n"));
    let ask = |more: &[&str]| {
        let run = ["ask", "--model", "hash", "--faq", "shop.yaml", "where is my parcel"];
        world.run(&[&run[..], more].concat(), "", 0).err
    };
    assert!(ask(&[]).contains("warning:") && ask(&[]).contains("exact phrasing"));
    assert_eq!(ask(&["-q"]), "");
    assert!(!ask(&[]).contains("model: hash") && ask(&["-v"]).contains("model: hash"));
    let run = world.run(&["ask", "-q", "--faq", "missing.yaml", "q"], "", 2);
    assert!(run.err.contains("missing.yaml"), "errors are always said: {run:?}");
}

#[test]
fn the_cache_has_a_size() {
    let world = World::new();
    let size = || world.run(&["cache", "size"], "", 0).out;
    assert!(size().starts_with("0 files, 0.0 MB in "), "{}", size());
    fs::create_dir_all(world.path("cache/faqbot/embeddings")).expect("a folder");
    world.write("cache/faqbot/embeddings/a.vectors", b"FAQBOTEC and more");
    world.write("cache/faqbot/embeddings/mine.txt", b"not the cache's");
    assert!(size().starts_with("1 file, "), "{}", size());
    world.run(&["cache", "clear"], "", 0);
    assert!(size().starts_with("0 files"), "{}", size());
    assert!(world.path("cache/faqbot/embeddings/mine.txt").exists());
}

#[test]
fn exit_and_quit_leave_the_chat() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    for word in ["exit", "quit", "Quit", "/exit", "/quit"] {
        let input = format!("{word}\nwhere is my parcel\n");
        let run = world.run(&["--model", "hash", "--faq", "shop.yaml"], input, 0);
        assert!(!run.out.contains("Open Orders"), "{word}: {run:?}");
    }
}
