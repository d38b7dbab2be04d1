//! A conversation: what leans on the question before is read with it, and what was offered can be picked.
//!
//! ```console
//! $ printf 'hello\nwhat is therapy\nthe second\n' | cargo run --release --example chat -- data/therapy.yaml
//! ```

use std::io::stdin;

use faqbot::{Bot, Outcome};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: chat FAQ")?;
    let bot = Bot::open(path)?;
    let mut chat = bot.chat();
    for line in stdin().lines() {
        match chat.say(&line?)?.outcome {
            Outcome::Answered(answers) => answers.iter().for_each(|found| println!("{}", found.answer)),
            Outcome::Clarify(choices) => {
                (1..).zip(&choices).for_each(|(number, found)| println!("{number}. {}", found.question));
            }
            Outcome::Unanswered { fallback, .. } => println!("{fallback}"),
            Outcome::SmallTalk(said) => println!("{}", said.text),
            _ => {}
        }
    }
    Ok(())
}
