//! What is kept of questions, what is decided about them, and what is published: over SQLite, and over PostgreSQL where it
//! is installed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::postgres::Postgres;
use crate::common::server::Server;
use crate::common::{Run, SHOP, World};
use serde_json::{Value, json};

const BOT: [&str; 4] = ["--model", "hash", "--min-cosine", "0.4"];

/// A world with a shop, and a store in it.
struct Place {
    world: World,
    url: String,
}

impl Place {
    fn new(url: Option<&Postgres>) -> Self {
        let world = World::new();
        world.write("shop.yaml", SHOP);
        let url = url.map_or("sqlite:asked.db".to_owned(), Postgres::url);
        Place { world, url }
    }

    #[track_caller]
    fn chat(&self, lines: &str) -> Run {
        self.run(&[&["chat", "--faq", "shop.yaml"], &BOT[..]].concat(), lines, 0)
    }

    #[track_caller]
    fn run(&self, args: &[&str], input: &str, code: i32) -> Run {
        self.world.run(&[args, &["--store", &self.url]].concat(), input, code)
    }

    #[track_caller]
    fn log(&self, args: &[&str]) -> Vec<Value> {
        self.run(&[&["log", "--json"], args].concat(), "", 0).json()
    }

    #[track_caller]
    fn review(&self, args: &[&str], lines: &str, code: i32) -> Run {
        self.run(&[&["review", "--faq", "shop.yaml"], &BOT[..], args].concat(), lines, code)
    }
}

/// Runs a test over each kind of database that there is.
fn everywhere(test: impl Fn(&Place)) {
    test(&Place::new(None));
    if let Some(postgres) = Postgres::start() {
        test(&Place::new(Some(&postgres)));
    }
}

#[test]
fn what_was_asked_is_kept_counted_and_forgotten() {
    everywhere(|place| {
        place.chat("track my order\n/good\nreset\n2\nwrite to bob@example.org or +49 170 1234567\n/bad\n");
        let log = place.log(&[]);
        let texts: Vec<&str> = log.iter().filter_map(|kept| kept["text"].as_str()).collect();
        assert_eq!(texts, ["track my order", "reset", "write to <email> or <phone>"]);
        let of = |key: &str| -> Vec<&Value> { log.iter().map(|kept| &kept[key]).collect() };
        assert_eq!(of("outcome"), ["answer", "ambiguous", "no_match"]);
        assert_eq!(of("rating"), ["up", "chosen", "down"]);
        assert_eq!((&log[1]["chosen"], &log[0]["entry"]), (&json!("reset-password"), &json!("track")));
        assert!(log.iter().all(|kept| kept["faq"] == "shop" && kept["channel"] == "chat"));
        assert!(log[0]["session"].is_string() && of("session").windows(2).all(|two| two[0] == two[1]));
        assert_eq!(place.log(&["--outcome", "no_match", "--since", "1h", "--name", "shop"]).len(), 1);
        place.run(&["log", "--name", "other"], "", 1);

        let stats = place.run(&["log", "stats", "--json", "--faq", "shop.yaml", "--plot", "days.svg"], "", 0);
        let stats: Value = serde_json::from_str(&stats.out).expect("JSON");
        let counts = ["questions", "answered", "asked_back", "unanswered", "up", "down"]
            .map(|key| stats[key].as_i64());
        assert_eq!(counts, [3, 1, 1, 1, 1, 1].map(Some));
        assert_eq!(stats["never"], json!(["reset-password", "reset-device"]));
        assert_eq!(stats["days"].as_array().map(Vec::len), Some(1));
        let svg = fs::read_to_string(place.world.path("days.svg")).expect("a picture");
        assert!(svg.starts_with("<svg") && svg.contains("unanswered"));
        assert!(place.run(&["log", "stats"], "", 0).out.starts_with("3 questions: 33 % answered"));

        place.run(&["log", "forget", "--text", "TRACK my"], "", 0);
        assert_eq!(place.log(&[]).len(), 2);
        let session = log[0]["session"].as_str().expect("a session");
        place.run(&["log", "forget", "--session", session], "", 0);
        place.run(&["log"], "", 1);
        place.run(&["log", "forget", "--session", session], "", 1);
    });
}

#[test]
fn own_patterns_are_replaced_and_what_is_old_goes() {
    everywhere(|place| {
        let keep = ["--redact", "(?i)ord-\\d+", "--keep", "1s"];
        let args = [&["chat", "--faq", "shop.yaml"], &BOT[..], &keep[..]].concat();
        place.run(&args, "where is ord-77\n", 0);
        assert_eq!(place.log(&[])[0]["text"], "where is <redacted>");
        thread::sleep(Duration::from_millis(1100));
        place.run(&args, "reset\n", 0);
        let texts: Vec<Value> = place.log(&[]).iter().map(|kept| kept["text"].clone()).collect();
        assert_eq!(texts, ["reset"]);
    });
}

#[test]
fn without_a_store_nothing_is_kept() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    let chat = [&["chat", "--faq", "shop.yaml"], &BOT[..]].concat();
    assert!(world.run(&chat, "reset\n/good\n", 0).out.contains("Nothing is kept"));
    assert!(world.run(&["log"], "", 2).err.contains("--store"));
    let error = world.run(&["log", "--store", "sqlite:none.db"], "", 2).err;
    assert!(error.contains("no store yet") && !world.path("none.db").exists(), "{error}");
    for (url, says) in [
        ("mysql://a/b", "an address is"),
        ("postgres://me:s3cret@127.0.0.1:1/x", "me:…@127.0.0.1"),
        ("sqlite:no/such/folder/a.db", "no/such/folder"),
    ] {
        let error = world.run(&[&chat[..], &["--store", url]].concat(), "reset\n", 2).err;
        assert!(error.contains(says) && !error.contains("s3cret"), "{error}");
    }
    // What lies in the folder does not decide where questions are written.
    world.write("faqbot.toml", "store = \"sqlite:theirs.db\"\n");
    assert!(world.run(&chat, "reset\n", 2).err.contains("store = sqlite:theirs.db"));
    let named = [&chat[..], &["--config", "faqbot.toml"]].concat();
    world.run(&named, "reset\n", 0);
    assert!(world.path("theirs.db").exists());
    for (key, value) in [("--keep", "30"), ("--keep", "0d"), ("--redact", "("), ("--redact", "x*")] {
        let run = world.run(&[&chat[..], &["--store", "sqlite:a.db", key, value]].concat(), "", 2);
        assert!(run.err.contains(key), "{}", run.err);
    }
}

#[test]
fn a_review_changes_the_file_and_is_final() {
    everywhere(|place| {
        // Each is asked a different number of times, so that their order is known.
        let times = [("gift cards", 4), ("warranty term", 3), ("forgot pin", 2), ("sing a song", 1)];
        place.chat(&times.map(|(text, times)| format!("{text}\n").repeat(times)).concat());
        let groups: Vec<Value> = serde_json::from_str(&place.review(&["--json"], "", 0).out).expect("JSON");
        let asked: HashMap<String, u64> = groups
            .iter()
            .map(|group| {
                (
                    group["question"].as_str().expect("text").to_owned(),
                    group["count"].as_u64().expect("a number"),
                )
            })
            .collect();
        assert_eq!(groups[0]["question"], "gift cards", "the most frequent first: {asked:?}");
        assert_eq!(asked["sing a song"], 1);

        // Declined, then a new entry; an entry by its id, in other words; not ours.
        let run = place.review(
            &[],
            "n Yes: from 10 euros.\nn\nn Yes: from 10 euros.\\nNo more than 100.\ny\nl\nw I forgot my pin\ne reset-password\n\nx\n\n",
            0,
        );
        assert!(run.out.contains("Nothing was written") && run.err.contains("decided"), "{run:?}");
        let faq = fs::read_to_string(place.world.path("shop.yaml")).expect("the FAQ");
        let expected = SHOP.replace(
            "    question: How do I reset my password?\n",
            "    question: How do I reset my password?\n    also:\n      - I forgot my pin\n",
        ) + "  - question: gift cards\n    answer: |-\n      Yes: from 10 euros.\n      No more than 100.\n"
            + "  - question: sing a song\n    out_of_scope: true\n";
        assert_eq!(faq, expected, "{run:?}");
        let before = fs::read_to_string(place.world.path("shop.yaml.bak")).expect("what it was");
        assert_eq!(before, SHOP);
        let labels = fs::read_to_string(place.world.path("shop.queries.jsonl")).expect("labels");
        assert!(labels.contains("\"forgot pin\"") && !labels.contains("gift cards"), "{labels}");

        // What was refused does not come back, and what is like it does not either.
        place.chat("sing a song\nsing me a song\n");
        let groups: Vec<Value> = serde_json::from_str(&place.review(&["--json"], "", 0).out).expect("JSON");
        let open: Vec<&Value> = groups.iter().map(|group| &group["question"]).collect();
        assert_eq!(open, ["warranty term"]);
        place.review(&[], "\nn\nq\n", 0);
        let wrong = place.review(&[], "9\ne nothing\nzzz\n", 0);
        assert!(
            wrong.out.contains("no such number") && wrong.err.contains("no entry `nothing`"),
            "{wrong:?}"
        );
    });
}

#[test]
fn a_file_that_cannot_be_edited_has_one_beside_it() {
    let place = Place::new(None);
    place
        .world
        .write("shop.html", "<h2>Where is my parcel?</h2><p>There.</p><h2>Who are you?</h2><p>A shop.</p>");
    let on = |args: &[&'static str]| [args, &["--faq", "shop.html"], &BOT[..]].concat();
    place.run(&on(&["chat"]), "track it\n", 0);
    place.run(&on(&["review"]), "1\n\n", 0);
    let learned = fs::read_to_string(place.world.path("shop.learned.yaml")).expect("a file beside");
    assert!(learned.contains("track it"), "{learned}");
    let answer = place.world.run(&on(&["ask", "track it"]), "", 0);
    assert!(answer.out.contains("There.") || answer.out.contains("A shop."), "{answer:?}");
    // A folder reads it with its file, and not as one of its own.
    let folder = World::new();
    folder.write("faqs/shop.html", fs::read(place.world.path("shop.html")).expect("the page"));
    folder.write("faqs/shop.learned.yaml", learned);
    folder.run(&["ask", "--faq", "faqs", "--model", "hash", "track it"], "", 0);
}

#[test]
fn suggestions_of_qna_maker_are_reviewed() {
    let place = Place::new(None);
    let suggested = json!([{"ClusterHead": "warranty term", "TotalAutoSuggestedCount": 1, "AlternateQuestionList": [
        {"Question": "warranty term", "AutoSuggestedCount": 1, "UserSuggestedCount": 2},
    ]}]);
    place.world.write(
        "shop.tsv",
        format!(
            "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\nHow long is it covered?\tTwo years.\ts\t\t{suggested}\tfalse\t[]\t1\nWho are you?\tA shop.\ts\t\t[]\tfalse\t[]\t2\n"
        ),
    );
    let args = [&["review", "--faq", "shop.tsv"], &BOT[..]].concat();
    let once = [&args[..], &["--json", "--import", "shop.tsv"]].concat();
    for _ in 0..2 {
        let groups: Vec<Value> = serde_json::from_str(&place.run(&once, "", 0).out).expect("JSON");
        let first = &groups[0];
        assert_eq!((&first["question"], &first["count"]), (&json!("warranty term"), &json!(3)));
        assert_eq!((&first["suggestion"], &first["chosen"]), (&json!("1"), &json!(true)));
    }
    place.run(&args, "\n\n", 0);
    let table = fs::read_to_string(place.world.path("shop.tsv")).expect("the table");
    assert!(table.contains("\nwarranty term\tTwo years.\ts\t"), "{table}");
}

#[test]
fn a_server_reviews_where_it_is_known_who_asks() {
    everywhere(|place| {
        let world = World::new();
        world.write("shop.yaml", SHOP);
        world.write("tokens", "a-token-of-sixteen-letters\n");
        let url = place.url.replace("sqlite:", &format!("sqlite:{}/", place.world.path("").display()));
        let mut server = Server::start_in(world, &["--faq", "shop.yaml", "--store", &url]);
        let id = server.ask("gift cards")["id"].clone();
        assert_eq!(server.post("/v1/feedback", &json!({"id": id, "rating": "down"})).status, 204);
        server.until("the question", |server| {
            !server.get("/v1/review").json()["groups"].as_array().expect("groups").is_empty()
        });
        let open = server.get("/v1/review").json();
        let group = &open["groups"][0];
        assert_eq!((&group["question"], &open["faq"]), (&json!("gift cards"), &json!("shop")));
        let decide = json!({"group": group["id"], "choice": {"kind": "entry", "answer": "Yes."}});
        let preview = server.post("/v1/review/preview", &decide).json();
        assert_eq!(preview["lines"], json!(["  - question: gift cards", "    answer: Yes."]));
        assert_eq!(preview["effect"]["answered"], 1);
        assert!(!fs::read_to_string(server.world.path("shop.yaml")).expect("the FAQ").contains("gift"));
        // What is written meanwhile stays.
        server.world.write("shop.yaml", format!("{SHOP}# a note\n"));
        let mut named = decide.clone();
        named["revision"] = preview["revision"].clone();
        assert_eq!(server.post("/v1/review/decide", &named).status, 409, "it is not what was previewed");
        assert_eq!(server.post("/v1/review/decide", &decide).status, 200);
        let faq = fs::read_to_string(server.world.path("shop.yaml")).expect("the FAQ");
        assert_eq!(faq, format!("{SHOP}  - question: gift cards\n    answer: Yes.\n# a note\n"));
        server.until("the new entry", |server| server.ask("gift cards")["outcome"] == "answer");
        assert_eq!(server.post("/v1/review/decide", &decide).status, 409, "it is decided");
        // A page of another site, whoever may have allowed it to ask.
        let foreign = ["content-type: application/json", "origin: https://evil.example"];
        assert_eq!(server.send("POST", "/v1/review/decide", &foreign, decide.to_string()).status, 403);
        assert!(server.get("/review").body.contains(">Review</h1>"));
        assert!(server.get("/metrics").body.contains("faqbot_store_dropped_total 0"));
        assert_eq!(server.end().0, Some(0));

        // Where everybody may ask, nobody may decide; with tokens, who has one.
        let world = std::mem::replace(&mut server.world, World::new());
        let mut server = Server::start_in(world, &["--faq", "shop.yaml", "--store", &url, "--public"]);
        assert_eq!((server.get("/review").status, server.get("/v1/review").status), (404, 404));
        let world = std::mem::replace(&mut server.world, World::new());
        let args = ["--faq", "shop.yaml", "--store", &url, "--public", "--token-file", "tokens"];
        let server = Server::start_in(world, &args);
        assert_eq!((server.get("/review").status, server.get("/v1/review").status), (200, 401));
        let token = ["authorization: Bearer a-token-of-sixteen-letters"];
        assert_eq!(server.send("GET", "/v1/review", &token, "").status, 200);
    });
}

#[test]
fn versions_are_published_refused_and_rolled_back() {
    everywhere(|place| {
        let publish =
            |args: &[&str], code| place.run(&[&["publish", "--model", "hash"], args].concat(), "", code);
        publish(&[], 2);
        assert_eq!(
            publish(&["shop.yaml", "--note", "first", "--author", "me"], 0).out,
            "shop: version 1, 3 entries\n"
        );
        assert!(publish(&["shop.yaml"], 0).err.contains("is the same"));
        // The same question twice, with two answers, is something to fix.
        let twice = format!("{SHOP}  - question: Where is my parcel?\n    answer: Nowhere.\n");
        place.world.write("twice.yaml", twice);
        let refused = publish(&["twice.yaml", "--name", "shop"], 1);
        assert!(refused.err.contains("not published") && refused.err.contains("--force"), "{refused:?}");
        place.world.write("shop.yaml", format!("{SHOP}  - question: Gift cards?\n    answer: Yes.\n"));
        publish(&["shop.yaml"], 0);
        // Labelled questions that lose their answer.
        place
            .world
            .write("shop.queries.jsonl", "{\"query\": \"track my order now\", \"expected\": \"track\"}\n");
        place.world.write("shop.yaml", SHOP.replace("    also: [track my order]\n", ""));
        let worse = publish(&["shop.yaml"], 1);
        assert!(worse.err.contains("track my order now"), "{worse:?}");
        publish(&["shop.yaml", "--force"], 0);
        let versions = |args: &[&str]| -> Vec<Value> {
            let run = place.run(&[&["versions", "--json"], args].concat(), "", 0);
            serde_json::from_str(&run.out).expect("JSON")
        };
        let numbers: Vec<Value> = versions(&[]).iter().map(|version| version["number"].clone()).collect();
        assert_eq!(numbers, [3, 2, 1]);
        assert_eq!((&versions(&[])[2]["author"], &versions(&[])[2]["note"]), (&json!("me"), &json!("first")));
        assert_eq!(place.run(&["rollback"], "", 0).out, "shop: version 2 is served\n");
        assert_eq!(place.run(&["rollback", "1", "--name", "shop"], "", 0).out, "shop: version 1 is served\n");
        assert!(place.run(&["rollback"], "", 2).err.contains("no version of shop before"));
        assert!(place.run(&["rollback", "9"], "", 2).err.contains("no version 9"));
        assert!(place.run(&["versions"], "", 0).out.contains("→ shop 1"));
        place.run(&["versions", "--name", "other"], "", 1);
    });
}

#[test]
fn of_two_publishers_at_once_one_wins() {
    everywhere(|place| {
        place.run(&["publish", "--model", "hash", "shop.yaml"], "", 0);
        let codes: Vec<(Option<i32>, String)> = thread::scope(|scope| {
            let publisher = |number: usize| {
                let name = format!("shop{number}.yaml");
                place.world.write(&name, format!("{SHOP}  - question: Number {number}?\n    answer: Yes.\n"));
                scope.spawn(move || {
                    let args = ["publish", "--model", "hash", "--name", "shop", &name, "--store", &place.url];
                    let output = place.world.faqbot(&args).output().expect("it runs");
                    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
                })
            };
            let publishers: Vec<_> = (0..4).map(publisher).collect();
            publishers.into_iter().map(|publisher| publisher.join().expect("a publisher")).collect()
        });
        let won = codes.iter().filter(|(code, _)| *code == Some(0)).count();
        assert!(won >= 1, "{codes:?}");
        for (code, says) in codes.iter().filter(|(code, _)| *code != Some(0)) {
            assert!(*code == Some(2) && says.contains("meanwhile"), "{codes:?}");
        }
        let run = place.run(&["versions", "--json"], "", 0);
        let versions: Vec<Value> = serde_json::from_str(&run.out).expect("JSON");
        assert_eq!(versions.len(), 1 + won, "{run:?}");
    });
}

#[test]
fn a_published_faq_is_served_and_follows() {
    everywhere(|place| {
        place.run(&["publish", "--model", "hash", "shop.yaml"], "", 0);
        let url = place.url.replace("sqlite:", &format!("sqlite:{}/", place.world.path("").display()));
        let server = Server::start_in(World::new(), &["--store", &url]);
        assert_eq!(server.ask("track my order")["matches"][0]["id"], "track");
        place.world.write("shop.yaml", format!("{SHOP}  - question: Gift cards?\n    answer: Yes.\n"));
        place.run(&["publish", "--model", "hash", "shop.yaml"], "", 0);
        let begin = Instant::now();
        server.until("the new version", |server| server.ask("gift cards")["outcome"] == "answer");
        println!("served {} ms after it was published", begin.elapsed().as_millis());
        place.run(&["rollback"], "", 0);
        server.until("the old version", |server| server.ask("gift cards")["outcome"] != "answer");
    });
    // Nothing is published, and no file is named.
    if let Some(postgres) = Postgres::start() {
        let run = World::new().run(&["serve", "--listen", "127.0.0.1:0", "--store", &postgres.url()], "", 2);
        assert!(run.err.contains("nothing is published"), "{run:?}");
    }
}

/// What the replicas' clients saw.
#[derive(Default)]
struct Seen {
    asked: AtomicBool,
    ids: Mutex<Vec<(String, Instant)>>,
    wrong: Mutex<Vec<String>>,
}

/// Three replicas under load; the database is killed and comes back, a version is published, a replica is killed, and
/// a bad version is refused.
#[test]
fn replicas_answer_whatever_happens_to_the_database() {
    let Some(postgres) = Postgres::start() else { return };
    let place = Place::new(Some(&postgres));
    let version = |number: usize| {
        format!(
            "entries:\n- question: Which version is it?\n  answer: \"{number}\"\n- question: What number was published?\n  answer: \"{number}\"\n"
        )
    };
    place.world.write("v.yaml", version(1));
    place.run(&["publish", "--model", "hash", "--name", "v", "v.yaml"], "", 0);
    let mut replicas: Vec<Server> =
        (0..3).map(|_| Server::start_in(World::new(), &["--store", &place.url])).collect();
    let seen = Arc::new(Seen::default());
    let addresses: Vec<_> = replicas.iter().map(|replica| replica.address).collect();
    // The killed one's clients stop with it.
    let stop: Vec<Arc<AtomicBool>> = (0..3).map(|_| Arc::default()).collect();
    let clients: Vec<_> = addresses
        .iter()
        .zip(&stop)
        .map(|(&address, stop)| {
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(stop));
            thread::spawn(move || client(address, &seen, &stop))
        })
        .collect();
    let wait = |seconds: f32| thread::sleep(Duration::from_secs_f32(seconds));
    let served = |replica: &Server| replica.ask("Which version is it?")["answer"].clone();

    wait(1.0);
    place.world.write("v.yaml", version(2));
    place.run(&["publish", "--model", "hash", "--name", "v", "v.yaml"], "", 0);
    let begin = Instant::now();
    replicas.iter().for_each(|replica| replica.until("version 2", |replica| served(replica) == "2"));
    let took = begin.elapsed();
    println!("three replicas had it {} ms after it was published", took.as_millis());

    postgres.kill();
    replicas.iter().for_each(|replica| {
        replica.until("the database's end", |replica| replica.get("/readyz").json()["store"]["away"] == true);
    });
    assert!(replicas.iter().all(|replica| replica.get("/readyz").json()["ready"] == true));
    wait(1.0);
    postgres.up();
    place.world.write("bad.yaml", version(3) + "- question: Which version is it?\n  answer: other\n");
    place.run(&["publish", "--model", "hash", "--name", "v", "bad.yaml"], "", 1);
    place.world.write("v.yaml", version(3));
    place.run(&["publish", "--model", "hash", "--name", "v", "v.yaml"], "", 0);
    replicas.iter().for_each(|replica| {
        replica.until("version 3", |replica| served(replica) == "3");
        replica.until("the database's return", |replica| {
            let store = &replica.get("/readyz").json()["store"];
            // What waited meanwhile is written.
            store["away"] == false && store["waiting"].as_u64().is_some_and(|waiting| waiting < 100)
        });
    });

    let killed = Instant::now();
    stop[2].store(true, Ordering::Relaxed);
    let _ = replicas[2].child.kill();
    wait(1.0);
    stop.iter().for_each(|stop| stop.store(true, Ordering::Relaxed));
    clients.into_iter().for_each(|client| client.join().expect("a client"));
    for replica in &mut replicas[..2] {
        assert_eq!(replica.end().0, Some(0));
    }
    assert!(seen.asked.load(Ordering::Relaxed));
    assert_eq!(*seen.wrong.lock().expect("seen"), Vec::<String>::new());
    let kept: HashSet<String> = place
        .log(&["--newest", "0"])
        .iter()
        .map(|kept| kept["id"].as_str().expect("an id").to_owned())
        .collect();
    let ids = seen.ids.lock().expect("seen");
    // What the killed replica answered in its last second may be lost.
    let lost: Vec<_> = ids
        .iter()
        .filter(|(id, at)| {
            !kept.contains(id) && killed.saturating_duration_since(*at) > Duration::from_secs(1)
        })
        .collect();
    let recent = ids.iter().filter(|(id, _)| !kept.contains(id)).count();
    println!("{} questions, {recent} not kept, all of the killed replica's last second", ids.len());
    assert!(lost.is_empty(), "{} of {} were lost", lost.len(), ids.len());
    assert!(ids.iter().filter(|(_, at)| *at > killed).all(|(id, _)| kept.contains(id)));
}

/// Asks until it is told to stop.
fn client(address: std::net::SocketAddr, seen: &Seen, stop: &AtomicBool) {
    use std::io::{Read, Write};
    while !stop.load(Ordering::Relaxed) {
        let body = json!({"query": "Which version is it?"}).to_string();
        let request = format!(
            "POST /v1/ask HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut answer = String::new();
        let asked = std::net::TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        });
        // A replica that was killed answers no more.
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match serde_json::from_str::<Value>(body) {
            Ok(reply) if asked.is_ok() && reply["outcome"] == "answer" => {
                seen.asked.store(true, Ordering::Relaxed);
                // All answers of a version are the same number.
                let all: HashSet<&Value> = reply["matches"]
                    .as_array()
                    .expect("matches")
                    .iter()
                    .map(|found| &found["answer"])
                    .collect();
                if all.len() != 1 || reply["answer"] != **all.iter().next().expect("an answer") {
                    seen.wrong.lock().expect("seen").push(format!("mixed: {body}"));
                }
                let id = reply["id"].as_str().expect("an id").to_owned();
                seen.ids.lock().expect("seen").push((id, Instant::now()));
            }
            _ => seen.wrong.lock().expect("seen").push(format!("{asked:?}: {answer}")),
        }
        thread::sleep(Duration::from_millis(5));
    }
}
