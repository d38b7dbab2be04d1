//! A bot on a FAQ that no file holds: here lines of questions and answers with a tab between.

use faqbot::{Bot, Entry, Faq, Outcome, Result};

const LINES: &str =
    "When do you open?\tAt nine, every day but Sunday.\nIs there parking?\tBehind the house.\n";

fn main() -> Result<()> {
    let entry = |(number, line): (usize, &str)| {
        let (question, answer) = line.split_once('\t').unwrap_or((line, ""));
        Entry {
            id: format!("line-{}", number + 1).as_str().into(),
            phrasings: vec![question.to_owned()],
            answer: answer.to_owned(),
            ..Entry::default()
        }
    };
    let faq = Faq { entries: LINES.lines().enumerate().map(entry).collect(), ..Faq::default() };
    let bot = Bot::builder(faq).build()?;
    if let Outcome::Answered(answers) = bot.ask("where can I leave my car")?.outcome {
        println!("{}", answers[0].answer);
    }
    Ok(())
}
