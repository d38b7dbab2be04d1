//! Answers a question from a FAQ's file.
//!
//! ```console
//! $ cargo run --release --example ask -- data/therapy.yaml "i can't sleep before exams"
//! ```

use faqbot::{Bot, Outcome};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, question] = &arguments[..] else {
        return Err("usage: ask FAQ QUESTION".into());
    };
    let bot = Bot::open(path)?;
    match bot.ask(question)?.outcome {
        Outcome::Answered(answers) => answers.iter().for_each(|found| println!("{}", found.answer)),
        Outcome::Clarify(choices) => {
            println!("Did you mean:");
            choices.iter().for_each(|found| println!("- {}", found.question));
        }
        Outcome::Unanswered { fallback, .. } => println!("{fallback}"),
        Outcome::SmallTalk(said) => println!("{}", said.text),
        _ => {}
    }
    Ok(())
}
