//! `faqbot ask` and the other commands that are not the chat, as the real program.

use std::fs;

use crate::common::{SHOP, World};

/// The arguments for a run without a neural model, on the shop's FAQ.
fn shop(world: &World) -> [String; 4] {
    let path = world.write("shop.yaml", SHOP);
    ["--model".into(), "hash".into(), "--faq".into(), path.display().to_string()]
}

fn args<'a>(options: &'a [String; 4], rest: &[&'a str]) -> Vec<&'a str> {
    rest.iter().copied().chain(options.iter().map(String::as_str)).collect()
}

#[test]
fn one_question_is_answered_with_its_exit_code() {
    let world = World::new();
    let options = shop(&world);
    let run = world.run(&args(&options, &["ask", "where", "is", "my", "parcel"]), "", 0);
    insta::assert_snapshot!(run.out, @r"
    Open Orders:

    - choose the order
    - press Track
    ");
    insta::assert_snapshot!(run.err, @"▰▰▰▰▰▰▰▰▰▰ exact phrasing · cosine 1.00");

    let run = world.run(&args(&options, &["ask", "how do i reset my"]), "", 1);
    insta::assert_snapshot!(run.out, @r"
    Did you mean:
      1. How do I reset my device?
      2. How do I reset my password?
      0. None of these
    ");

    let run = world.run(&args(&options, &["ask", "weather tomorrow"]), "", 1);
    assert_eq!(run.out, "I only know the shop.\n", "nothing near is no suggestion");
    let run = world.run(&args(&options, &["ask", "parcel weather"]), "", 1);
    assert_eq!(run.out, "I only know the shop.\nThe nearest question I know: Where is my parcel?\n");
}

#[test]
fn json_has_one_object_a_line_in_order() {
    let world = World::new();
    let options = shop(&world);
    let queries = "where is my parcel\n\nhow do i reset my\r\nweather tomorrow\nno line break at the end";
    let rows = world.run(&args(&options, &["ask", "--json", "--top", "2"]), queries, 0).json();
    let field = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(
        field("query"),
        ["where is my parcel", "", "how do i reset my", "weather tomorrow", "no line break at the end"]
    );
    assert_eq!(field("outcome"), ["answer", "no_match", "ambiguous", "no_match", "no_match"]);
    assert!(rows[0]["answer"].as_str().expect("an answer").starts_with("Open **Orders**"));
    assert!(rows[2]["answer"].is_null() && rows[1]["cosine"].is_null() && rows[0]["confidence"].is_null());
    assert_eq!(rows[0]["matches"].as_array().expect("matches").len(), 2);
    let best = &rows[0]["matches"][0];
    assert_eq!(best["id"], "track");
    assert_eq!(best["question"], "Where is my parcel?");
    assert_eq!(best["phrasing"], "Where is my parcel?");
    assert!(best["cosine"].as_f64().expect("a cosine") > 0.99);
    assert!(best["answer"].as_str().is_some());
}

#[test]
fn a_batch_of_text_says_what_was_asked() {
    let world = World::new();
    let options = shop(&world);
    let run = world.run(&args(&options, &["ask"]), b"where is my parcel\nbad \xff\x1b[31m bytes\n", 0);
    assert!(run.out.starts_with("> where is my parcel\nOpen Orders"), "{run:?}");
    assert!(run.out.contains("> bad \u{fffd}␛[31m bytes"), "{run:?}");
    assert!(run.err.contains("standard input:2: not UTF-8"), "{run:?}");
}

#[test]
fn every_bad_row_is_said_with_its_place() {
    let world = World::new();
    world.write("bad.csv", "question,answer\nWhat?,This.\n,nothing asked\nWhich?,\n");
    let run = world.run(&["ask", "--model", "hash", "--faq", "bad.csv", "what"], "", 0);
    assert!(
        run.err.contains("bad.csv:3: no question") && run.err.contains("bad.csv:4: no answer to \"Which?\""),
        "{run:?}"
    );

    for (name, text, expected) in [
        ("none.yaml", "entries: []\n", "none.yaml:1: no FAQ in YAML: no entries"),
        ("cut.json", "[{\"question\": \"a\",", "cut.json:1: no FAQ in JSON: not JSON"),
        ("faq.doc", "text", "faq.doc:1: no FAQ in plain text: no line is a question"),
        ("bad.yaml", "entries:\n- question: [\n", "bad.yaml:3: no FAQ in YAML:"),
        ("any.txt", "question: a\n", "any.txt: no FAQ found; tried\n  YAML: line 1:"),
        ("columns.csv", "name,text\na,b\n", "no column `question` in the first row: name, text; --map"),
    ] {
        world.write(name, text);
        let run = world.run(&["ask", "--model", "hash", "--faq", name, "what"], "", 2);
        assert!(run.err.contains(expected), "{run:?}");
        assert!(run.out.is_empty(), "{run:?}");
    }
    let run = world.run(&["ask", "--faq", "missing.yaml", "what"], "", 2);
    assert!(
        run.err.contains("missing.yaml: No such file") && run.err.matches("No such file").count() == 1,
        "{run:?}"
    );
}

#[test]
fn flags_go_over_variables_over_the_file() {
    let world = World::new();
    shop(&world);
    let min_cosine =
        |run: crate::common::Run| run.out.split("at least ").nth(1).map(|text| text[..4].to_owned());
    let ask = ["ask", "--explain", "parcel weather"];
    world.write("faqbot.toml", "faq = \"shop.yaml\"\nmodel = \"hash\"\nmin_cosine = 0.91\n");
    assert_eq!(min_cosine(world.run(&ask, "", 1)).as_deref(), Some("0.91"));
    let with = |value: &str, more: &[&str]| {
        let mut command = world.faqbot(&[&ask[..], more].concat());
        let output = command.env("FAQBOT_MIN_COSINE", value).env("FAQBOT_COLOR", "").output().expect("runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(with("0.92", &[]).contains("at least 0.92"));
    assert!(with("0.92", &["--min-cosine", "0.93"]).contains("at least 0.93"));
    assert!(with("", &[]).contains("at least 0.91"), "empty is unset");

    world.write("other.toml", "faq = \"shop.yaml\"\nmin_cosin = 1\n");
    let run = world.run(&["ask", "--config", "other.toml", "x"], "", 2);
    assert!(
        run.err.contains("other.toml:2: unknown setting `min_cosin`; did you mean `min_cosine`?"),
        "{run:?}"
    );
    world.write("serve.toml", "faq = \"shop.yaml\"\n\n[serve]\nmcp = true\nlisen = \"x\"\n");
    let run = world.run(&["ask", "--config", "serve.toml", "x"], "", 2);
    assert!(run.err.contains("serve.toml:5: unknown setting `lisen` in [serve]; did you mean"), "{run:?}");
    let run = world.run(&["ask", "--config", "none.toml", "x"], "", 2);
    assert!(run.err.contains("none.toml: no such configuration file"), "{run:?}");
    let run = world.run(&["ask", "--min-cosine", "2", "x"], "", 2);
    assert!(run.err.contains("min-cosine is 2; it must lie from -1 to 1"), "{run:?}");
    assert_eq!(world.run(&["ask", "--no-such-flag"], "", 2).code, Some(2));
}

#[test]
fn colours_only_where_they_are_wanted() {
    let world = World::new();
    let options = shop(&world);
    let ask = args(&options, &["ask", "how do i reset my"]);
    assert!(!world.run(&ask, "", 1).out.contains('\x1b'));
    let always = [&ask[..], &["--color", "always"]].concat();
    assert!(world.run(&always, "", 1).out.contains('\x1b'));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let world = World::new();
    let options = shop(&world);
    let lines = "where is my parcel\n".repeat(20_000);
    world.write("lines.txt", &lines);
    let program = assert_cmd::cargo::cargo_bin("faqbot");
    let script = format!("{} ask --json {} < lines.txt | head -1", program.display(), options.join(" "));
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("set -o pipefail 2>/dev/null; {script}")])
        .current_dir(world.path(""))
        .envs(world.environment())
        .output()
        .expect("runs");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_network_says_what_was_tried_and_the_ways_out() {
    let world = World::new();
    let run = world.run(&["ask", "--model", "BGESmallENV15", "x"], "", 2);
    for expected in [
        "onnx/model.onnx",
        "Xenova/bge-small-en-v1.5",
        "--offline",
        "hub",
        "leave out --model",
        "--model-dir",
        "HF_ENDPOINT",
    ] {
        assert!(run.err.contains(expected), "{expected}: {run:?}");
    }
    // A port on this machine where nobody listens: refused at once.
    let run = world
        .faqbot(&["ask", "--model", "BGESmallENV15", "x"])
        .env_remove("FAQBOT_OFFLINE")
        .env("HF_ENDPOINT", "http://127.0.0.1:9")
        .env("HF_HOME", world.path("hf"))
        .output()
        .expect("runs");
    let err = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{err}");
    assert!(err.contains("http://127.0.0.1:9/Xenova/bge-small-en-v1.5: fetching it failed"), "{err}");
    assert!(err.contains(&world.path("hf").join("hub").display().to_string()), "{err}");

    let run = world.run(&["ask", "--model", "gpt", "x"], "", 2);
    assert!(run.err.contains("no model `gpt` is known"), "{run:?}");
    let run = world.run(&["ask", "--model-dir", "nowhere", "x"], "", 2);
    assert!(run.err.contains("nowhere: no model.onnx there"), "{run:?}");
    let output = world
        .faqbot(&["ask", "x"])
        .env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so")
        .output()
        .expect("runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("ORT_DYLIB_PATH: /nowhere/libonnxruntime.so"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_other_commands_say_what_they_are_asked() {
    let world = World::new();
    let run = world.run(&["models"], "", 0);
    assert!(run.out.lines().count() > 40 && run.out.contains("\nmultilingual-e5-small "), "{run:?}");
    let few = world.run(&["models", "Multilingual"], "", 0).out;
    assert!(few.contains("bge-m3") && !few.contains("bge-small-en"), "{few}");
    world.run(&["models", "zzz"], "", 1);
    let run = world.run(&["cache", "path"], "", 0);
    assert_eq!(run.out.trim(), world.path("cache/faqbot/embeddings").display().to_string());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(world.run(&["completions", shell], "", 0).out.contains("min-cosine"));
    }
    assert!(world.run(&["--version"], "", 0).out.contains("(model: "));
}

/// With the model in the program.
#[cfg(feature = "bundled-model")]
mod bundled {
    use super::*;

    #[test]
    fn the_therapist_faq_answers_in_free_words() {
        let world = World::new();
        let run = world.run(&["ask", "--json", "Do therapist cry over their clients"], "", 0);
        let best = &run.json()[0]["matches"][0];
        assert_eq!(best["id"], "do-therapists-cry-over-their-clients");
        assert!(best["cosine"].as_f64().expect("a cosine") > 0.9);
        assert_eq!(world.run(&["ask", "how do I bake sourdough bread?"], "", 1).code, Some(1));
    }

    #[test]
    fn confidence_is_a_probability_and_decides() {
        let world = World::new();
        let rows = world
            .run(&["ask", "--json"], "do shrinks google their patients?\nwhat is the capital of france\n", 0)
            .json();
        let confidence = |at: usize| rows[at]["confidence"].as_f64().expect("a confidence");
        assert!(confidence(0) > 0.7 && confidence(0) <= 1.0 && confidence(1) < 0.3);
        assert_eq!(rows[0]["matches"][0]["confidence"], rows[0]["confidence"]);
        assert!(rows[0]["matches"][1]["confidence"].is_null());
        let run =
            world.run(&["ask", "--min-confidence", "0.999", "do shrinks google their patients?"], "", 1);
        assert!(run.out.starts_with("Did you mean") && run.err.contains("% sure"), "{run:?}");
        let run = world.run(&["ask", "--explain", "do shrinks google their patients?"], "", 0);
        for expected in
            ["confidence", "before anything is known", "an answer needs", "ridge", "×0.3", "Answered "]
        {
            assert!(run.out.contains(expected), "{expected}: {run:?}");
        }
    }

    /// A dozen entries with one phrasing each, as people begin.
    const SMALL: &str = "
- {question: What does error E1042 mean?, answer: The tank is empty.}
- {question: How do I contact the Berlin office?, answer: 'Call 030 1234.'}
- {question: Is there a fee for transfers under 50 euros?, answer: 'No, they are free.'}
- {question: Can I bring my dog into the store?, answer: 'Yes, on a lead.'}
- {question: When do you open on Mondays?, answer: At nine.}
- {question: How do I cancel my Basic plan?, answer: In your account.}
- {question: Where do I park?, answer: Behind the house.}
- {question: Do you ship to Norway?, answer: 'Yes, within a week.'}
";

    #[test]
    fn one_word_that_differs_is_no_silent_answer() {
        let world = World::new();
        world.write("small.yaml", SMALL);
        for (query, differs) in [
            ("What does error E1043 mean?", "e1043"),
            ("How do I contact the Munich office?", "munich"),
            ("Is there a fee for transfers under 5000 euros?", "5000"),
            ("Can I bring my cat into the store?", "cat"),
            ("Do you ship to Brazil?", "brazil"),
        ] {
            let rows = world.run(&["ask", "--json", "--faq", "small.yaml"], format!("{query}\n"), 0).json();
            assert_ne!(rows[0]["outcome"], "answer", "{rows:?}");
            assert_eq!(rows[0]["matches"][0]["differs"][0], differs, "{rows:?}");
        }
        let run = world.run(&["ask", "--faq", "small.yaml", "How do I contact the Munich office?"], "", 1);
        assert!(run.out.contains("I know about “Berlin”, not “Munich”."), "{run:?}");
        // The question is shown above its answer, unless it is what was asked.
        let run = world.run(&["ask", "--faq", "small.yaml", "how can i contact the berlin offices"], "", 0);
        assert_eq!(run.out, "How do I contact the Berlin office?\nCall 030 1234.\n");
        let run = world.run(&["ask", "--faq", "small.yaml", "How do I contact the Berlin office"], "", 0);
        assert_eq!(run.out, "Call 030 1234.\n");
        // A typing error is no other word.
        let run = world.run(&["ask", "--faq", "small.yaml", "how do i cancle my basci plan"], "", 0);
        assert!(run.out.ends_with("In your account.\n"), "{run:?}");
    }

    #[test]
    fn two_questions_in_one_message_are_both_answered() {
        let world = World::new();
        let ask = [
            "ask",
            "--json",
            "Do therapists google their clients? And how many clients do therapists see a day?",
        ];
        let rows = world.run(&ask, "", 0).json();
        let answer = rows[0]["answer"].as_str().expect("an answer");
        assert!(answer.contains("86%") && answer.contains("six"), "{answer}");
        assert_eq!(rows[0]["matches"].as_array().expect("matches").len(), 2);
    }

    #[test]
    fn a_second_start_embeds_nothing() {
        let world = World::new();
        world.run(&["ask", "do therapists cry over their clients"], "", 0);
        let folder = world.path("cache/faqbot/embeddings");
        let files: Vec<_> =
            fs::read_dir(&folder).expect("a cache").map(|file| file.expect("a file").path()).collect();
        assert_eq!(files.len(), 1);
        #[cfg(unix)]
        {
            // A file that is written anew is another file.
            let number = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&files[0]).expect("a file"));
            let written = number();
            world.run(&["ask", "do therapists cry over their clients"], "", 0);
            assert_eq!(number(), written);
        }

        fs::write(&files[0], "broken").expect("write");
        let run = world.run(&["ask", "do therapists cry over their clients"], "", 0);
        assert!(run.err.contains("warning: the embedding cache"), "{run:?}");
        assert!(!world.run(&["ask", "do therapists cry over their clients"], "", 0).err.contains("warning"));

        world.run(&["cache", "clear"], "", 0);
        assert!(!files[0].exists());
        world.run(&["ask", "--no-cache", "do therapists cry over their clients"], "", 0);
        assert!(!files[0].exists());
    }

    #[test]
    fn a_model_folder_gives_the_same_answers() {
        let world = World::new();
        let folder = crate::common::project("models/all-MiniLM-L6-v2").display().to_string();
        let cosine = |args: &[&str]| world.run(args, "", 0).json()[0]["cosine"].as_f64().expect("a cosine");
        let bundled = cosine(&["ask", "--json", "do therapists cry over their clients"]);
        let local =
            cosine(&["ask", "--json", "do therapists cry over their clients", "--model-dir", &folder]);
        assert!((bundled - local).abs() < 1e-5, "{bundled} {local}");
    }

    #[test]
    fn a_model_flag_goes_over_a_model_variable() {
        let world = World::new();
        let folder = crate::common::project("models/all-MiniLM-L6-v2").display().to_string();
        let ask = ["ask", "--json", "--model-dir", &folder, "hug my therapist"];
        let output = world.faqbot(&ask).env("FAQBOT_MODEL", "BGEM3").output().expect("runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let run = world.run(&["ask", "--model", "hash", "--model-dir", &folder, "x"], "", 2);
        assert!(run.err.contains("both model and model_dir are set"), "{run:?}");
    }

    #[test]
    fn a_hundred_kilobytes_are_one_question() {
        let world = World::new();
        let long = "therapist ".repeat(10_000);
        let run = world.run(&["ask", "--json"], format!("{long}\nshort\n"), 0);
        assert_eq!(run.json().len(), 2);
    }
}

#[test]
fn a_faq_in_a_language_that_the_model_does_not_know_is_said_and_not_answered_from() {
    let world = World::new();
    let yaml = "
- question: Quanto tempo demora a entrega da minha encomenda?
  answer: A encomenda chega em três dias úteis a qualquer morada em Portugal.
- question: Posso mudar a morada de entrega depois da compra?
  answer: Sim, enquanto a encomenda não tiver saído do armazém.
- question: Quais são os meios de pagamento aceites na loja?
  answer: Cartão, transferência e multibanco.
";
    let path = world.write("loja.yaml", yaml).display().to_string();
    for question in ["weather tomorrow", "how do i pay", "posso pagar com cartão"] {
        let run = world.run(&["ask", "--faq", &path, "--json", question], "", 1);
        assert!(run.out.contains("\"confidence\":null"), "{question}: {run:?}");
        assert!(run.err.contains("is in Portuguese, which the model does not know"), "{run:?}");
    }
    let own = "Posso mudar a morada de entrega depois da compra";
    let run = world.run(&["ask", "--faq", &path, own], "", 0);
    assert!(run.out.contains("armazém"), "{run:?}");
}
