//! The chat: through a pipe, and through a pseudo-terminal as a person uses it.

use crate::common::{SHOP, World};

fn arguments(world: &World) -> Vec<String> {
    let path = world.write("shop.yaml", SHOP);
    ["--model", "hash", "--faq"].into_iter().map(str::to_owned).chain([path.display().to_string()]).collect()
}

#[test]
fn a_pipe_gets_replies_without_banner_prompt_or_colour() {
    let world = World::new();
    let arguments = arguments(&world);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let input = "where is my parcel\n\nhow do i reset my\n2\nhow do i reset my\n7\n0\n/why\n/wyh\n/min-cosine x\n/min-cosine 0.9\n\
                 parcel weather\n/top 2\n/list reset\n/show track\n/show trak\n/model\n/reload\n/stats\n/quit\nnot reached\n";
    let run = world.run(&arguments, input, 0);
    insta::with_settings!({filters => vec![(r"up for \d+ s", "up for N s"), (r"[\d.]+ ms", "N ms"), (r"\S*shop\.yaml", "shop.yaml")]}, {
        insta::assert_snapshot!("pipe", run.out);
        insta::assert_snapshot!("pipe_errors", run.err);
    });
}

#[test]
fn small_talk_has_its_reason_too() {
    let world = World::new();
    let arguments = arguments(&world);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = world.run(&arguments, "where is my parcel\nhelo there\n/why\n", 0);
    assert!(
        run.out.ends_with(
            "Replied to \"greeting\": the message is small talk, and no confident question to the FAQ.\n\n"
        ),
        "{run:?}"
    );
}

#[test]
fn a_file_that_breaks_leaves_the_chat_as_it_was() {
    let world = World::new();
    let arguments = arguments(&world);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // The chat reads line by line, so a file changed before the run stands for one changed within it.
    world.write("shop.yaml", "entries: [\n");
    let run = world.run(&arguments, "", 2);
    assert!(run.err.contains("shop.yaml:"), "{run:?}");
}

#[cfg(unix)]
mod terminal {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use rexpect::process::{Signal, WaitStatus};
    use rexpect::session::{PtySession, spawn_command};

    use super::*;

    const TIMEOUT_MS: u64 = 20_000;

    fn chat(world: &World) -> PtySession {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("faqbot"));
        command.args(arguments(world)).current_dir(world.path("")).env_clear().envs(world.environment());
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        let mut session = spawn_command(command, Some(TIMEOUT_MS)).expect("a terminal");
        session.exp_string("Ask about orders.").expect("the greeting");
        session.exp_string("> ").expect("a prompt");
        session
    }

    /// Sends a line and waits for what it brings.
    #[track_caller]
    fn send(session: &mut PtySession, line: &str, expected: &str) {
        session.send_line(line).expect("send");
        session.exp_string(expected).expect(expected);
    }

    #[test]
    fn a_person_asks_picks_and_leaves() {
        let world = World::new();
        let mut session = chat(&world);
        send(&mut session, "where is my parcel", "Open Orders:");
        session.exp_string("exact phrasing").expect("the confidence");
        send(&mut session, "how do i reset my", "Did you mean:");
        session.exp_string("1-2> ").expect("a prompt for a number");
        send(&mut session, "1", "Hold the button");
        // Ctrl-C clears the line and the chat goes on.
        session.exp_string("> ").expect("a prompt");
        session.send("half a quest").expect("send");
        session.flush().expect("send");
        session.exp_string("half a quest").expect("the echo");
        session.send_control('c').expect("send");
        session.exp_string("> ").expect("a prompt");
        send(&mut session, "/hlep", "did you mean /help?");
        // Tab completes a command.
        session.send("/mod\t").expect("send");
        send(&mut session, "", "hash-256");
        // A text over several lines.
        session.send_line("where is \\").expect("send");
        send(&mut session, "my parcel", "Open Orders:");
        // Ctrl-D leaves.
        session.send_control('d').expect("send");
        session.exp_eof().expect("the end");
    }

    #[test]
    fn the_faq_is_read_again_and_kept_when_it_breaks() {
        let world = World::new();
        let mut session = chat(&world);
        world.write("shop.yaml", "entries: [\n");
        send(&mut session, "/reload", "the FAQ stays as it was");
        send(&mut session, "where is my parcel", "Open Orders:");
        world.write("shop.yaml", "- question: Where is my parcel?\n  answer: Here.\n");
        send(&mut session, "/reload", "1 entry, 1 phrasing");
        send(&mut session, "where is my parcel", "Here.");
        session.send_line("/quit").expect("send");
        session.exp_eof().expect("the end");
    }

    #[test]
    fn what_was_typed_is_kept_privately() {
        let world = World::new();
        let mut session = chat(&world);
        send(&mut session, "my secret question", "I only know the shop");
        send(&mut session, " a secret behind a space", "I only know the shop");
        session.send_control('d').expect("send");
        session.exp_eof().expect("the end");
        let path = world.path("state/faqbot/history.txt");
        let history = std::fs::read_to_string(&path).expect("a history");
        assert!(history.contains("my secret question") && !history.contains("behind a space"), "{history}");
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);

        let mut session = chat(&world);
        session.send("\x1b[A").expect("arrow up");
        session.flush().expect("send");
        session.exp_string("my secret question").expect("the last line of the other chat");
        session.send_control('c').expect("send");
        session.exp_string("> ").expect("a prompt");
        session.send_control('d').expect("send");
        session.exp_eof().expect("the end");
    }

    #[test]
    fn lines_typed_ahead_are_all_answered() {
        let world = World::new();
        let mut session = chat(&world);
        session.send("where is my parcel\r/stats\r/model\r").expect("send");
        session.flush().expect("send");
        for expected in ["Open Orders:", "1 asked:", "hash"] {
            session.exp_string(expected).expect(expected);
        }
        send(&mut session, "/stats", "asked:");
        session.send_control('d').expect("send");
        session.exp_eof().expect("the end");
    }

    #[test]
    fn signals_end_the_chat_and_leave_the_terminal_as_it_was() {
        for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
            let world = World::new();
            let mut session = chat(&world);
            send(&mut session, "where is my parcel", "Open Orders:");
            session.exp_string("> ").expect("a prompt");
            session.process_mut().signal(signal).expect("a signal");
            session.exp_string("\u{1b}[?2004l").expect("pastes are marked no more");
            let status = session.process().wait().expect("the end");
            assert!(matches!(status, WaitStatus::Signaled(_, by, _) if by == signal), "{status:?}");
        }
    }
}

#[test]
fn choices_are_picked_in_words_too() {
    let world = World::new();
    let arguments = arguments(&world);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ask = "how do i reset my\n";
    for (picks, says) in [
        ("the second one, please", "Use the link"),
        ("the device one", "Hold the button"),
        ("none of these", "I only know the shop."),
        ("option 9", "There are 2 choices"),
    ] {
        let run = world.run(&arguments, format!("{ask}{picks}\n"), 0);
        assert!(run.out.contains(says), "{picks}: {run:?}");
    }
    let run = world.run(&arguments, format!("{ask}q\nnot reached\n"), 0);
    assert!(!run.out.contains("not reached"), "{run:?}");
}

#[test]
fn what_was_meant_is_taught_and_the_faq_has_it() {
    let world = World::new();
    let arguments = arguments(&world);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let input = "has my packet left\n/teach reset-p\n/teach track\n/again\n/teach\n/list reset\n/show 2\n/show res\n/show tra\n";
    let run = world.run(&arguments, input, 0);
    let faq = std::fs::read_to_string(world.path("shop.yaml")).expect("the FAQ");
    let expected =
        SHOP.replace("also: [track my order]", "also: [track my order, \"has my packet left\"]").replace(
            "    question: How do I reset my password?\n",
            "    question: How do I reset my password?\n    also:\n      - has my packet left\n",
        );
    assert_eq!(faq, expected, "{run:?}");
    assert!(run.out.contains("+     also: [track my order"), "{run:?}");
    // Both have it now: it is asked back.
    assert!(run.out.contains("Did you mean") && run.out.contains("/teach takes the entry"), "{run:?}");
    assert!(
        run.out.contains("Several ids begin so") && run.out.contains("   2. How do I reset my device?"),
        "{run:?}"
    );
    assert_eq!(std::fs::read_to_string(world.path("shop.yaml.bak")).expect("what it was"), SHOP);
    let built_in = world.run(
        &["--model", "hash"],
        "zebra\n/teach can-i-become-friends-with-my-therapist\n/teach x\n",
        0,
    );
    assert!(built_in.out.contains("has no file") || built_in.out.contains("No entry"), "{built_in:?}");
}
