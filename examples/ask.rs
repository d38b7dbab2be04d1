//! Answers a question from a FAQ's file.
//!
//! ```console
//! $ cargo run --release --example ask -- data/therapy.yaml "i can't sleep before exams"
//! ```

use faqbot::Bot;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, question] = &arguments[..] else {
        return Err("usage: ask FAQ QUESTION".into());
    };
    let bot = Bot::open(path)?;
    let reply = bot.ask(question)?;
    match reply.answer() {
        Some(found) => println!("{}", bot.answer(&reply, found)),
        None if reply.choices().is_empty() => println!("I don't know."),
        None => println!("Did you mean one of these?"),
    }
    for found in reply.choices() {
        println!("- {}", bot.entry(found).question());
    }
    Ok(())
}
