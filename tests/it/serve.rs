//! The server: its addresses, its limits, and what clients that misbehave cannot do to the others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::server::Server;
use crate::common::{SHOP, World};
use serde_json::{Value, json};

#[test]
fn a_server_says_whether_it_is_ready() {
    let server = Server::start(&[]);
    let address = server.address.to_string();
    assert_eq!(server.world.run(&["health", &address], "", 0).out, "");
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
    let run = World::new().run(&["health", &gone.to_string()], "", 2);
    assert!(run.err.contains("does not answer"), "{run:?}");
}

#[test]
fn a_reply_is_that_of_ask_json_and_more() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let here = server.ask("track my order please");
    let args = [
        "ask",
        "--json",
        "--model",
        "hash",
        "--min-cosine",
        "0.4",
        "--faq",
        "shop.yaml",
        "track my order please",
    ];
    let there = &server.world.run(&args, "", 0).json()[0];
    for (key, value) in there.as_object().expect("an object").iter().filter(|(key, _)| *key != "matches") {
        assert_eq!(&here[key], value, "{key}");
    }
    let best = &here["matches"][0];
    assert_eq!(best["id"], there["matches"][0]["id"]);
    assert!(best["answer_html"].as_str().expect("HTML").contains("<strong>Orders</strong>"), "{best}");
    assert_eq!((&here["faq"], &best["source"]), (&json!("shop"), &json!("handbook")));
    let more = server.post("/v1/ask", &json!({"query": "reset", "top": 1, "session": "s1"})).json();
    assert_eq!((&more["outcome"], &more["session"]), (&json!("ambiguous"), &json!("s1")));
    assert_eq!(more["choices"].as_array().expect("choices").len(), 2);
    // What follows in the same conversation may pick a choice.
    let picks = |query: &str| server.post("/v1/ask", &json!({"query": query, "session": "s1"})).json();
    let picked = picks("the second one please");
    assert_eq!((&picked["outcome"], &picked["query"]), (&json!("answer"), &json!("the second one please")));
    assert_eq!(picked["read_as"], picked["matches"][0]["question"]);
    assert_eq!(picked["matches"][0]["id"], more["choices"][1]);
    assert_ne!(picks("the second one please")["outcome"], "answer", "it was picked already");
    picks("reset");
    assert_eq!(picks("none of these")["outcome"], "no_match");
    let all = server.post("/v1/ask:batch", &json!({"queries": ["track my order", "", "xyzzy"]})).json();
    let outcomes: Vec<&Value> =
        all["replies"].as_array().expect("replies").iter().map(|reply| &reply["outcome"]).collect();
    assert_eq!(outcomes, ["answer", "no_match", "no_match"]);
}

#[test]
fn a_conversation_goes_on() {
    let world = World::new();
    let faq = "
title: Bikes
entries:
- id: deposit
  question: Do I have to pay a deposit?
  answers: [Fifty euros., It is fifty euros.]
  follow_ups: [When do I get it back?, why]
- id: back
  question: When do I get it back?
  answer: At once.
- id: why
  question: Why?
  answer: It covers damage.
  only_after: [deposit]
";
    world.write("bikes.yaml", faq);
    let server = Server::start_in(world, &["--faq", "bikes.yaml"]);
    let say = |query: &str, more: Value| {
        let mut body = json!({"query": query});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        server.post("/v1/ask", &body).json()
    };
    let hello = say("hello!!", json!({}));
    assert_eq!((&hello["outcome"], &hello["small_talk"]), (&json!("small_talk"), &json!("greeting")));
    assert!(
        hello["answer_html"].as_str().expect("HTML").contains("<li>Do I have to pay a deposit?</li>"),
        "{hello}"
    );
    assert_eq!((&hello["cosine"], &hello["confidence"]), (&Value::Null, &Value::Null));
    // An entry that answers only after another is none without it.
    assert_eq!(say("why", json!({}))["outcome"], "no_match");
    let session = json!({"session": "s1"});
    let first = say("do i have to pay a deposit", session.clone());
    assert_eq!(first["follow_ups"][0], json!({"id": "back", "question": "When do I get it back?"}));
    assert_eq!(say("why", session.clone())["answer"], "It covers damage.");
    let again = say("do i have to pay a deposit", session.clone());
    assert_eq!(again["answer"], first["answer"], "the same words in a conversation");
    let second = say("1", session.clone());
    assert_eq!(
        (&second["answer"], &second["read_as"]),
        (&json!("At once."), &json!("When do I get it back?"))
    );
    // What went before may come with the request.
    let given = json!({"conversation": first["conversation"]});
    assert_eq!(say("why?", given)["answer"], "It covers damage.");
    // A page says what was picked on it, in the place of what the session holds.
    let picked = json!({"session": "s1", "conversation": {"question": "Do I have to pay a deposit?", "entry": "deposit"}});
    assert_eq!(say("why?", picked)["answer"], "It covers damage.");
    assert_eq!(first["matches"][0]["follow_ups"][1]["question"], "Why?");
    let many: Vec<String> = (0..200).map(|at| at.to_string()).collect();
    let refused = server.post("/v1/ask", &json!({"query": "why", "conversation": {"choices": many}}));
    assert_eq!(refused.status, 400);
    let azure = json!({"question": "why", "context": {"previousQnAId": server.get("/v1/faqs/bikes/entries/deposit").json()["number"]}});
    let answers = server.post("/language/:query-knowledgebases?projectName=bikes", &azure).json();
    assert_eq!(answers["answers"][0]["answer"], "It covers damage.", "{answers}");
    let chat = json!({"model": "bikes", "messages": [
        {"role": "user", "content": "do I have to pay a deposit"}, {"role": "assistant", "content": "Fifty euros."}, {"role": "user", "content": "why"}]});
    let said = server.post("/v1/chat/completions", &chat).json();
    assert_eq!(said["choices"][0]["message"]["content"], "It covers damage.");
}

#[test]
fn faqs_and_their_entries_are_listed() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("other.yaml", "- {id: a/b, question: Is it open?, answer: 'Yes.'}\n");
    let server = Server::start_in(world, &["--faq", "one=shop.yaml", "--faq", "two=other.yaml"]);
    let names: Vec<Value> = server.get("/v1/faqs").json()["faqs"]
        .as_array()
        .expect("FAQs")
        .iter()
        .map(|faq| faq["name"].clone())
        .collect();
    assert_eq!(names, ["one", "two"]);
    let page = server.get("/v1/faqs/one/entries?limit=2").json();
    assert_eq!((&page["total"], &page["next"]), (&json!(3), &json!(2)));
    let rest = server.get("/v1/faqs/one/entries?limit=2&offset=2").json();
    assert_eq!((rest["entries"].as_array().expect("entries").len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(server.get("/v1/faqs/one/entries?q=RESET%20device").json()["total"], 1);
    assert_eq!(server.get("/v1/faqs/two/entries/a%2Fb").json()["answer"], "Yes.");
    for missing in ["/v1/faqs/three", "/v1/faqs/one/entries/x", "/x/y", "/three"] {
        let answer = server.get(missing);
        assert_eq!((answer.status, &answer.json()["status"]), (404, &json!(404)), "{missing}");
    }
    let asked = server.post("/v1/ask", &json!({"query": "is it open", "faq": "two"})).json();
    assert_eq!(asked["answer"], "Yes.");
    assert_eq!(server.post("/v1/ask", &json!({"query": "x", "faq": "three"})).status, 404);
}

#[test]
fn what_is_no_request_is_a_problem() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let json = ["content-type: application/json"];
    for (status, path, headers, body) in [
        (400, "/v1/ask", &json[..], b"{".to_vec()),
        (400, "/v1/ask", &json, b"{\"query\": \"\xff\xfe\"}".to_vec()),
        (400, "/v1/ask", &json, b"[]".to_vec()),
        (400, "/v1/ask", &json, b"{\"query\": 7}".to_vec()),
        (400, "/v1/ask", &json, br#"{"query": "x", "top": 0}"#.to_vec()),
        // Deeper than is read, and one that is all nesting.
        (400, "/v1/ask", &json, "[".repeat(200_000).into_bytes()),
        (413, "/v1/ask", &json, vec![b' '; 1 << 20]),
        (413, "/v1/ask:batch", &json, vec![b' '; 9 << 20]),
        (415, "/v1/ask", &["content-type: text/xml"], b"<x/>".to_vec()),
        (404, "/v1/nothing", &json, b"{}".to_vec()),
        (405, "/v1/faqs", &json, b"{}".to_vec()),
    ] {
        let answer = server.send("POST", path, headers, &body);
        assert_eq!(
            answer.status,
            status,
            "{path} {}: {}",
            String::from_utf8_lossy(&body[..body.len().min(40)]),
            answer.body
        );
        assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
        assert!(!answer.json()["detail"].as_str().expect("a detail").is_empty());
    }
    let queries: Vec<String> = (0..1_001).map(|at| at.to_string()).collect();
    assert_eq!(server.post("/v1/ask:batch", &json!({"queries": queries})).status, 400);
    let long = server.post("/v1/ask", &json!({"query": "track my order ".repeat(7_000)}));
    assert_eq!((long.status, &long.json()["cut"]), (200, &json!(true)));
    server.ask("track my order");
}

#[test]
fn no_address_reads_a_file() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    for path in [
        "/assets/../shop.yaml",
        "/assets/..%2Fshop.yaml",
        "/assets/%2e%2e/shop.yaml",
        "/../shop.yaml",
        "/shop.yaml",
        "/assets//etc/passwd",
        "/assets/%2Fetc%2Fpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "/assets/texts-../../x.js",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let tag = server.get("/widget.js").head;
    let tag = tag.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").to_owned();
    assert_eq!(server.send("GET", "/widget.js", &[&format!("if-none-match: {tag}")], "").status, 304);
}

#[test]
fn clients_of_other_services_are_answered() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let azure = |body: Value| {
        server
            .post(
                "//language/:query-knowledgebases?projectName=any&deploymentName=x&api-version=2021-10-01",
                &body,
            )
            .json()["answers"]
            .clone()
    };
    let found = azure(
        json!({"question": "track my order", "top": 3, "confidenceScoreThreshold": "0.3", "context": null, "filters": null}),
    );
    assert_eq!((&found[0]["source"], &found[0]["metadata"]["tag"]), (&json!("handbook"), &json!("orders")));
    let number = found[0]["id"].as_i64().expect("a number");
    assert!(number > 0);
    assert_eq!(azure(json!({"qnaId": number, "question": "whatever"}))[0]["answer"], found[0]["answer"]);
    let none = azure(json!({"question": "xyzzy"}));
    assert_eq!(
        (&none[0]["id"], &none[0]["confidenceScore"], none.as_array().map(Vec::len)),
        (&json!(-1), &json!(0.0), Some(1))
    );
    let back = azure(json!({"question": "reset"}));
    assert_eq!((&back[0]["id"], back[0]["dialog"]["prompts"].as_array().map(Vec::len)), (&json!(0), Some(2)));
    let tagged = |value: &str| {
        azure(
            json!({"question": "track my order", "filters": {"metadataFilter": {"metadata": [{"key": "tag", "value": value}]}}}),
        )
    };
    assert_eq!((&tagged("orders")[0]["id"], &tagged("else")[0]["id"]), (&json!(number), &json!(-1)));
    assert_eq!(
        azure(json!({"question": "please track the order", "confidenceScoreThreshold": 0.9999}))[0]["id"],
        -1
    );

    for path in ["/qnamaker/knowledgebases/x/generateAnswer", "/qnamaker/knowledgebases/x/generateanswer"] {
        let answer = server
            .post(path, &json!({"question": "track my order", "scoreThreshold": 0.3, "strictFilters": []}))
            .json();
        assert!(
            answer["answers"][0]["score"].as_f64().is_some_and(|score| score > 30.0 && score <= 100.0),
            "{answer}"
        );
        assert_eq!(answer["answers"][0]["metadata"][0], json!({"name": "tag", "value": "orders"}));
    }
    let trained = server.post(
        "/qnamaker/knowledgebases/x/train",
        &json!({"feedbackRecords": [{"userId": "a", "userQuestion": "b", "qnaId": number}]}),
    );
    assert_eq!(trained.status, 204);
    let azures = "/language/query-knowledgebases/projects/x/feedback";
    assert_eq!(server.post(azures, &json!({"records": [{"qnaId": number}]})).status, 204);
    assert_eq!(
        server.post(azures, &json!({"records": [{"qnaId": 5}]})).json()["error"]["code"],
        "InvalidRequest"
    );

    let rasa = server.post("/webhooks/rest/webhook", &json!({"sender": "me", "message": "reset"})).json();
    assert_eq!(
        (&rasa[0]["recipient_id"], rasa[0]["buttons"].as_array().map(Vec::len)),
        (&json!("me"), Some(2))
    );
    let pressed =
        server.post("/webhooks/rest/webhook", &json!({"sender": "me", "message": "/reset-device"})).json();
    assert_eq!(pressed[0]["text"], "Hold the button for ten seconds.");
    assert_eq!(
        server.post("/model/parse", &json!({"text": "track my order"})).json()["intent"]["name"],
        "track"
    );
    assert_eq!(
        server.post("/model/parse", &json!({"text": "xyzzy"})).json()["intent"]["name"],
        "nlu_fallback"
    );
    assert_eq!(server.get("/webhooks/rest/").json()["status"], "ok");
}

#[test]
fn chat_programs_are_answered() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let chat = |body: Value| server.post("/v1/chat/completions", &body);
    let user = |text: &str| json!({"role": "user", "content": text});
    let answer =
        chat(json!({"model": "any", "messages": [user("reset")], "temperature": 0.3, "unknown": {}})).json();
    let said = answer["choices"][0]["message"]["content"].as_str().expect("a text").to_owned();
    let number = said
        .lines()
        .find_map(|line| line.strip_suffix(". How do I reset my device?"))
        .expect(&said)
        .to_owned();
    assert_eq!(answer["faqbot"]["reply"]["outcome"], "ambiguous");
    let picked =
        chat(json!({"messages": [user("reset"), {"role": "assistant", "content": said}, user(&number)]}))
            .json();
    assert_eq!(picked["choices"][0]["message"]["content"], "Hold the button for ten seconds.");
    let parts = json!({"role": "user", "content": [{"type": "text", "text": "track my order"}, {"type": "image_url"}]});
    let stream =
        chat(json!({"messages": [parts], "stream": true, "stream_options": {"include_usage": true}}));
    assert!(stream.head.contains("text/event-stream"));
    let chunks: Vec<&str> = stream.body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(chunks.last(), Some(&"[DONE]"));
    for chunk in &chunks[..chunks.len() - 1] {
        let chunk: Value = serde_json::from_str(chunk).expect("JSON");
        for choice in chunk["choices"].as_array().expect("choices") {
            assert!(choice.as_object().expect("a choice").contains_key("finish_reason"), "{chunk}");
        }
    }
    let before = server.get("/metrics").body;
    let task =
        chat(json!({"messages": [user("### Task:\nTags as { \"tags\": [\"a\"] }\nUSER: track my order")]}))
            .json();
    assert_eq!(task["choices"][0]["message"]["content"], "{\"tags\":[]}");
    let counts = |text: &str| {
        // Their order is any.
        text.lines()
            .filter(|line| line.starts_with("faqbot_questions_total"))
            .map(str::to_owned)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(counts(&before), counts(&server.get("/metrics").body));
    assert_eq!(server.get("/v1/models").json()["data"][0]["id"], "shop");
    assert_eq!(server.get("/v1/models/x").json()["error"]["code"], "model_not_found");
    let vectors = server.post("/v1/embeddings", &json!({"input": ["a b", "c"], "model": "m"})).json();
    assert_eq!(vectors["data"].as_array().map(Vec::len), Some(2));
    let coded = server.post("/v1/embeddings", &json!({"input": "a b", "encoding_format": "base64"})).json();
    assert!(coded["data"][0]["embedding"].is_string());
}

#[test]
fn chat_programs_are_answered_by_responses() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let respond = |body: Value| server.post("/v1/responses", &body);
    let text =
        |response: &Value| response["output"][0]["content"][0]["text"].as_str().unwrap_or("").to_owned();
    let first = respond(json!({"model": "any", "input": "reset"})).json();
    assert_eq!((&first["object"], &first["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(first["faqbot"]["reply"]["outcome"], "ambiguous");
    let said = text(&first);
    let number = said.lines().find_map(|line| line.strip_suffix(". How do I reset my device?")).expect(&said);
    let second = respond(json!({"input": number, "previous_response_id": first["id"]})).json();
    assert_eq!(text(&second), "Hold the button for ten seconds.");
    assert!(second["usage"]["input_tokens"] == 1 && second["usage"]["output_tokens"] == 7, "{second}");
    // The first can be gone on from again, and what is not kept cannot.
    let again = respond(json!({"input": number, "previous_response_id": first["id"], "store": false})).json();
    assert_eq!(text(&again), text(&second));
    assert_eq!(respond(json!({"input": "1", "previous_response_id": again["id"]})).status, 404);
    let part = |kind: &str, text: &str| json!({"type": kind, "text": text});
    let picture =
        json!({"type": "input_image", "image_url": format!("data:image/png;base64,{}", "A".repeat(1 << 20))});
    let message = |content: Value| json!({"type": "message", "role": "user", "content": content});
    let seen = respond(
        json!({"input": [{"type": "reasoning", "summary": []}, message(json!([picture, part("input_text", "track my order")]))],
        "tools": [{"type": "web_search"}], "text": {"format": {"type": "text"}}}),
    );
    assert!(seen.head.contains("faqbot-not-honoured: tools, images"), "{}", seen.head);
    assert!(text(&seen.json()).contains("Orders"));
    assert_eq!(
        text(&respond(json!({"input": [message(json!([picture]))]})).json()),
        "I cannot look at pictures. Ask in words, please."
    );
    let stream = respond(json!({"input": "track my order", "stream": true}));
    let events: Vec<Value> = stream
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|event| serde_json::from_str(event).expect("JSON"))
        .collect();
    assert!(events.iter().enumerate().all(|(at, event)| event["sequence_number"] == at));
    let last = events.last().expect("events");
    assert_eq!(
        (&last["type"], &last["response"]["status"]),
        (&json!("response.completed"), &json!("completed"))
    );
    let delta = events.iter().find(|event| event["type"] == "response.output_text.delta").expect("a text");
    assert_eq!(delta["delta"], text(&last["response"]).as_str());
    let chat = server.post(
        "/v1/chat/completions",
        &json!({"messages": [{"role": "user", "content": "track my order"}], "n": 2, "stop": ["x"], "response_format": {"type": "json_object"}}),
    );
    assert!(chat.head.contains("faqbot-not-honoured: response_format, n, stop"), "{}", chat.head);
}

#[test]
fn a_server_may_be_under_a_path() {
    let server = Server::start(&[
        "--faq",
        "shop.yaml",
        "--base-path",
        "/help/faq",
        "--trusted-proxy",
        "x-forwarded-for",
    ]);
    for address in ["/help/faq", "/help/faq/", "/help/faq/shop/", "/shop"] {
        let page = server.get(address);
        assert!(
            page.status == 200 && page.body.contains("\"/help/faq/assets/page.js\""),
            "{address}: {}",
            page.body
        );
    }
    let forwarded = server.send("GET", "/", &["x-forwarded-prefix: /shop"], "").body;
    assert!(forwarded.contains("\"/shop/help/faq/assets/page.js\""), "{forwarded}");
    assert_eq!(server.get("/help/faq/v1/faqs/").json()["faqs"][0]["name"], "shop");
    assert_eq!(server.get("/help/faq/openapi.json").json()["servers"][0]["url"], "/help/faq");
    let world = World::new();
    world.write("shop.yaml", SHOP);
    let run = world.run(&["serve", "--faq", "shop.yaml", "--base-path", "faq?"], "", 2);
    assert!(run.err.contains("--base-path faq?"), "{run:?}");
    world.run(
        &["serve", "--faq", "shop.yaml", "--frame-ancestors", "https://a.example; script-src *"],
        "",
        2,
    );
}

#[test]
fn sites_show_the_page_in_a_frame_where_they_are_named() {
    let policy = |server: &Server, address: &str| {
        let head = server.get(address).head;
        head.lines()
            .find_map(|line| line.split_once("frame-ancestors "))
            .expect("a policy")
            .1
            .trim()
            .to_owned()
    };
    let named = Server::start(&["--faq", "shop.yaml", "--frame-ancestors", "self,https://shop.example"]);
    assert_eq!(policy(&named, "/shop"), "'self' https://shop.example");
    assert_eq!(policy(&named, "/v1/faqs"), "'none'");
    assert_eq!(policy(&Server::start(&["--faq", "shop.yaml"]), "/"), "'none'");
}

#[test]
fn rasas_widgets_begin_a_conversation() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let say = |sender: &str, message: &str| {
        server.post("/webhooks/rest/webhook/", &json!({"sender": sender, "message": message})).json()
    };
    for begins in ["/session_start", "/greet", "/restart"] {
        let hello = say("me", begins);
        assert!(
            hello[0]["recipient_id"] == "me"
                && hello[0]["buttons"].as_array().is_some_and(|all| all.len() == 3),
            "{hello}"
        );
    }
    let device = |reply: Value| reply[0]["text"] == "Hold the button for ten seconds.";
    say("me", "reset");
    assert!(
        device(say("me", "2"))
            || device({
                say("me", "/restart");
                say("me", "reset");
                say("me", "1")
            })
    );
    say("me", "reset");
    say("me", "/restart");
    assert!(!device(say("me", "1")) && !device(say("me", "2")), "what was offered is forgotten");
    // Without a name, nobody's conversation goes on.
    say("", "reset");
    assert!(!device(say("", "1")) && !device(say("", "2")));
    assert_eq!(
        server.post("/webhooks/rest/webhook", &json!({"message": "track my order"})).json()[0]["recipient_id"],
        "default"
    );
}

#[test]
fn agents_are_shown_types_without_unions() {
    let server = Server::start(&["--faq", "shop.yaml", "--mcp"]);
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).to_string();
    let headers = ["content-type: application/json", "accept: application/json, text/event-stream"];
    let tools = server.send("POST", "/mcp", &headers, &list).body;
    assert!(tools.contains("ask_faq") && tools.contains("\"type\":\"string\""), "{tools}");
    assert!(!tools.contains("\"type\":["), "{tools}");
    assert!(!tools.contains("\"null\""), "{tools}");
}

#[test]
fn feedback_is_counted_and_nothing_else_is_kept() {
    let mut server = Server::start(&["--faq", "shop.yaml"]);
    let reply = server.ask("reset");
    let give = |body: Value| server.post("/v1/feedback", &body).status;
    assert_eq!(give(json!({"id": reply["id"], "rating": "chosen", "entry": "reset-device"})), 204);
    assert_eq!(give(json!({"id": reply["id"], "rating": "chosen", "entry": "track"})), 400);
    assert_eq!(give(json!({"id": reply["id"], "rating": "chosen"})), 400);
    assert_eq!(give(json!({"id": reply["id"], "rating": "none"})), 204);
    assert_eq!(give(json!({"id": "6c84fb90-12c4-11e1-840d-7b25c5ee775a", "rating": "up"})), 404);
    assert_eq!(give(json!({"id": reply["id"], "rating": "sideways"})), 400);
    let metrics = server.get("/metrics").body;
    assert!(
        metrics.contains(r#"faqbot_feedback_total{faq="shop",rating="chosen",outcome="ambiguous"} 1"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"faqbot_questions_total{faq="shop",channel="api",outcome="ambiguous"} 1"#),
        "{metrics}"
    );
    server.ask("my secret is pineapple");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("pineapple"), "{log}");
    let mut server = Server::start(&["--faq", "shop.yaml", "--log-questions"]);
    server.ask("my secret is pineapple");
    assert!(server.end().1.contains("pineapple"));
}

#[test]
fn who_may_ask_is_said() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("tokens", "# the till\n0123456789abcdef\n");
    world.write("short", "0123\n");
    let run = world.run(&["serve", "--faq", "shop.yaml", "--listen", "0.0.0.0:0"], "", 2);
    assert!(run.err.contains("--token-file") && run.err.contains("--public"), "{run:?}");
    let run = world.run(&["serve", "--faq", "shop.yaml", "--token-file", "short"], "", 2);
    assert!(run.err.contains("short:1"), "{run:?}");
    world.run(&["serve", "--faq", "shop.yaml", "--allow-origin", "*"], "", 2);
    let server = Server::start_in(world, &["--faq", "shop.yaml", "--token-file", "tokens"]);
    let body = json!({"query": "track my order"}).to_string();
    let with = |header: &str| {
        server.send("POST", "/v1/ask", &["content-type: application/json", header], &body).status
    };
    assert_eq!(with("x-nothing: 1"), 401);
    assert_eq!(with("authorization: Bearer 0123456789abcdeF"), 401);
    assert_eq!(with("authorization: Bearer 0123456789abcdef"), 200);
    assert_eq!(with("ocp-apim-subscription-key: 0123456789abcdef"), 200);
    assert_eq!(
        (server.get("/").status, server.get("/metrics").status, server.get("/readyz").status),
        (401, 401, 200)
    );
    let world = World::new();
    world.write("shop.yaml", SHOP);
    world.write("tokens", "0123456789abcdef\n");
    let server =
        Server::start_in(world, &["--faq", "shop.yaml", "--token-file", "tokens", "--public", "--rate", "3"]);
    assert_eq!((server.get("/").status, server.get("/metrics").status), (200, 401));
    server.ask("track my order");
    server.ask("track my order");
    server.ask("track my order");
    let refused = server.post("/v1/ask", &json!({"query": "track my order"}));
    assert_eq!(refused.status, 429);
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
}

#[test]
fn other_sites_may_ask_where_they_are_named() {
    let server = Server::start(&["--faq", "shop.yaml", "--allow-origin", "https://shop.example", "--mcp"]);
    let from = |origin: &str| {
        let origin = format!("origin: {origin}");
        server.send("POST", "/v1/ask", &["content-type: application/json", &origin], r#"{"query": "x"}"#).head
    };
    assert!(from("https://shop.example").contains("access-control-allow-origin: https://shop.example"));
    assert!(!from("https://else.example").contains("access-control-allow-origin"));
    // OpenAI's clients send headers of their own, which browsers ask about before.
    let headers = [
        "origin: https://shop.example",
        "access-control-request-method: POST",
        "access-control-request-headers: authorization,x-stainless-os",
    ];
    let allowed = server.send("OPTIONS", "/v1/chat/completions", &headers, "").head;
    assert!(allowed.contains("access-control-allow-headers: authorization,x-stainless-os"), "{allowed}");
    let page = server.get("/");
    assert!(
        page.head.contains("content-security-policy: default-src 'none'") && !page.head.contains("unsafe"),
        "{}",
        page.head
    );
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).to_string();
    let mcp = |origin: &str| {
        let origin = format!("origin: {origin}");
        let headers =
            ["content-type: application/json", "accept: application/json, text/event-stream", &origin];
        server.send("POST", "/mcp", &headers, &hello).status
    };
    assert_eq!((mcp("https://else.example"), mcp("https://shop.example")), (403, 200));
    assert_eq!(Server::start(&["--faq", "shop.yaml"]).send("POST", "/mcp", &[], "{}").status, 405);
}

#[test]
fn a_page_shows_questions_as_text() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let page = server.get("/?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E%7B%7Banswer%7D%7D").body;
    assert!(
        !page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;{{answer}}"),
        "{page}"
    );
    assert!(server.get("/shop?q=track+my+order").body.contains("<strong>Orders</strong>"));
    assert!(server.get("/?q=reset").body.contains("href=\"?q=How+do+I+reset+my+device%3F\""));
    let german = server.send("GET", "/", &["accept-language: de-AT,en;q=0.5"], "").body;
    assert!(german.contains("<html lang=\"de\">") && german.contains("Ihre Frage"), "{german}");
}

#[test]
fn a_faq_that_changes_is_read_again() {
    let world = World::new();
    let faq = |answer: &str| format!("- {{id: a, question: What is the number?, answer: {answer}}}\n");
    world.write("faq.yaml", faq("one"));
    let server = Server::start_in(world, &["--faq", "faq.yaml"]);
    let first = server.ask("what is the number");
    assert_eq!(first["answer"], "one");
    // Questions in flight finish on the version that they began with: an answer and its version belong together.
    let mixed = thread::scope(|scope| {
        let asking: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let replies = (0..50).map(|_| server.ask("what is the number"));
                    replies
                        .map(|reply| (reply["faq_version"].to_string(), reply["answer"].to_string()))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        server.world.write("faq.yaml", faq("two"));
        asking
            .into_iter()
            .flat_map(|thread| thread.join().expect("answers"))
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert!(mixed.len() <= 2, "{mixed:?}");
    server.until("the new answer", |server| server.ask("what is the number")["answer"] == "two");
    assert_ne!(server.ask("what is the number")["faq_version"], first["faq_version"]);
    server.world.write("faq.yaml", "- {question: [");
    server.until("the notice", |server| server.get("/readyz").json()["faqs"][0]["stale"] == true);
    assert_eq!(server.ask("what is the number")["answer"], "two");
    // As editors write: another file of the same name.
    server.world.write("new.yaml", faq("three"));
    std::fs::rename(server.world.path("new.yaml"), server.world.path("faq.yaml")).expect("a rename");
    server.until("the next answer", |server| server.ask("what is the number")["answer"] == "three");
    assert_eq!(server.get("/readyz").json()["faqs"][0]["stale"], false);
}

#[test]
fn clients_that_stop_midway_hold_nobody_up() {
    let mut server = Server::start(&["--faq", "shop.yaml"]);
    let halves: [&[u8]; 4] = [
        b"",
        b"POST /v1/ask HTTP/1.1\r\nhost: local",
        b"POST /v1/ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"query",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let waiting: Vec<TcpStream> = halves
        .iter()
        .cycle()
        .take(200)
        .map(|half| {
            let mut stream = server.connect();
            stream.write_all(half).expect("half a request");
            stream
        })
        .collect();
    // Some that come and go.
    for _ in 0..500 {
        drop(server.connect());
    }
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET / HTTP/9.9\r\n\r\n", b"\0\0\0\0\0\0\0\0\r\n\r\n"]
    {
        assert!(matches!(server.raw(bytes).status, 0 | 400 | 505), "{bytes:?}");
    }
    for _ in 0..20 {
        server.ask("track my order");
    }
    // Who said that 1 GB comes is told at once that this is too much.
    let large = b"POST /v1/ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1073741824\r\nconnection: close\r\n\r\n";
    assert_eq!(server.raw(large).status, 413);
    let begin = Instant::now();
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    drop(waiting);
}

#[test]
fn who_sends_nothing_is_let_go() {
    let server = Server::start(&["--faq", "shop.yaml"]);
    let begin = Instant::now();
    let waiting = [&b""[..], b"PRI * HT", b"GET / HT"].map(|bytes| {
        let mut stream = server.connect();
        stream.write_all(bytes).expect("a beginning");
        stream
    });
    for mut stream in waiting {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(begin.elapsed() < Duration::from_secs(25), "{:?}", begin.elapsed());
    }
}

#[test]
fn names_that_came_to_mean_this_machine_are_refused() {
    let server = Server::start(&["--faq", "shop.yaml", "--allow-origin", "https://shop.example"]);
    let from = |host: &str| {
        server
            .raw(format!("GET /v1/faqs HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes())
            .status
    };
    assert_eq!(
        (from("evil.example"), from("localhost:8080"), from("[::1]:1"), from("shop.example")),
        (403, 200, 200, 200)
    );
    // A page of another site can send this without asking whether it may.
    let untyped = server.send("POST", "/v1/ask", &["origin: https://evil.example"], r#"{"query": "x"}"#);
    assert_eq!(untyped.status, 415);
    assert_eq!(
        Server::start(&["--faq", "shop.yaml", "--public"])
            .raw(b"GET /v1/faqs HTTP/1.1\r\nhost: any.example\r\nconnection: close\r\n\r\n")
            .status,
        200
    );
}

#[test]
fn an_agent_is_answered_on_standard_input_and_output() {
    let world = World::new();
    world.write("shop.yaml", SHOP);
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "ask_faq", "arguments": {"question": "track my order"}}}),
        json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "get_entry", "arguments": {"id": "nothing"}}}),
        json!({"jsonrpc": "2.0", "id": 5, "method": "resources/read", "params": {"uri": "faq://shop/track"}}),
    ];
    let mut child = Command::new(env!("CARGO_BIN_EXE_faqbot"))
        .args(["mcp", "--model", "hash", "--min-cosine", "0.4", "--faq", "shop.yaml", "-v"])
        .current_dir(world.path(""))
        .env_clear()
        .envs(world.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server");
    let mut input = child.stdin.take().expect("its input");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut replies = Vec::new();
    for message in &messages {
        writeln!(input, "{message}").expect("a message");
        if message.get("id").is_some() {
            let line = lines.next().expect("a reply").expect("a line");
            replies.push(serde_json::from_str::<Value>(&line).expect("only JSON on standard output"));
        }
    }
    drop(input);
    assert!(child.wait().expect("the end").success());
    assert!(lines.next().is_none());
    let tools = replies[1]["result"]["tools"].as_array().expect("tools").clone();
    for tool in &tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert!(tool["outputSchema"].is_object(), "{tool}");
    }
    assert_eq!(tools.len(), 5);
    assert_eq!(replies[2]["result"]["structuredContent"]["outcome"], "answer");
    assert_eq!(replies[3]["result"]["isError"], true);
    assert!(
        replies[4]["result"]["contents"][0]["text"].as_str().expect("a text").contains("Where is my parcel?")
    );
}
