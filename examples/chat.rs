//! A conversation: what leans on the question before is read with it, and what was offered can be picked.
//!
//! ```console
//! $ printf 'hello\nwhat is therapy\nthe second\n' | cargo run --release --example chat -- data/therapy.yaml
//! ```

use std::io::stdin;

use faqbot::Bot;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: chat FAQ")?;
    let bot = Bot::open(path)?;
    let mut chat = bot.chat();
    for line in stdin().lines() {
        let reply = chat.say(&line?)?;
        for found in reply.answers() {
            println!("{}", bot.answer(&reply, found));
        }
        for (number, found) in (1..).zip(reply.choices()) {
            println!("{number}. {}", bot.entry(found).question());
        }
        match &reply.small_talk {
            Some(said) => println!("{}", said.text),
            None if reply.answers().is_empty() && reply.choices().is_empty() => println!("I don't know."),
            None => {}
        }
    }
    Ok(())
}
