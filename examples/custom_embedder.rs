//! A bot on vectors of one's own: here the letters of a text, which find no meaning, but typing errors.

use faqbot::embed::{self, Progress, Role};
use faqbot::{Bot, Embedder, Faq, ModelId, Result};
use ndarray::Array2;

struct Letters(ModelId);

impl Embedder for Letters {
    fn model(&self) -> &ModelId {
        &self.0
    }

    fn dimension(&self) -> usize {
        26
    }

    fn embed(&self, _role: Role, texts: &[&str], _progress: Progress) -> embed::Result<Array2<f32>> {
        let mut rows = Array2::<f32>::zeros((texts.len(), self.dimension()));
        for (mut row, text) in rows.rows_mut().into_iter().zip(texts) {
            for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
                row[usize::from(letter.to_ascii_lowercase() - b'a')] += 1.0;
            }
            let length = row.dot(&row).sqrt().max(f32::MIN_POSITIVE);
            row /= length;
        }
        Ok(rows)
    }
}

fn main() -> Result<()> {
    let text = "## When do you open?\n\nAt nine.\n\n## Is there parking?\n\nBehind the house.\n";
    let faq = Faq::read(text.as_bytes(), "shop.md".as_ref())?.faq;
    let bot = Bot::builder(faq).embedder(Letters(ModelId::new("letters"))).build()?;
    for answer in bot.ask("wehn do yuo opne")?.answers() {
        println!("{answer}");
    }
    Ok(())
}
