//! Names of fields that belong together, as files with a program's messages have them: `q1` and `a1`,
//! `faq.shipping.question` and `faq.shipping.answer`, `faqQ2Question` and `faqQ2Answer`.

use std::collections::HashMap;

use super::fields::QUESTION;
use super::node::Node;

/// Words of a name that say that it is a question, each with those that its answer has in that place.
const WORDS: [(&str, &[&str]); 6] = [
    ("question", &["answer", "response", "text", "content"]),
    ("q", &["a", "answer"]),
    ("frage", &["antwort"]),
    ("title", &["answer", "text", "content", "description", "body"]),
    ("heading", &["answer", "text", "content", "body"]),
    ("pregunta", &["respuesta"]),
];

/// The words and numbers of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_alphanumeric() {
            let same = before.is_alphanumeric()
                && before.is_numeric() == c.is_numeric()
                && !(c.is_uppercase() && before.is_lowercase());
            match words.last_mut() {
                Some(word) if same => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        before = c;
    }
    words
}

/// Fields that are question and answer by their names, as positions, in the order of the file.
pub fn pairs(fields: &[(String, Node)]) -> Vec<(usize, usize)> {
    let texts = || fields.iter().enumerate().filter(|(_, (_, node))| node.as_text().is_some());
    let names: Vec<(usize, Vec<String>)> = texts().map(|(at, (name, _))| (at, words(name))).collect();
    let places: HashMap<&[String], usize> = names.iter().map(|(at, words)| (&words[..], *at)).collect();
    let answer = |words: &[String]| {
        (0..words.len()).find_map(|at| {
            let (word, others) = WORDS.iter().find(|(word, _)| words[at] == *word)?;
            // Any part of a page has a title and a text.
            if matches!(*word, "title" | "heading") && !words[0].starts_with("faq") {
                return None;
            }
            others.iter().find_map(|other| {
                let mut own = words.to_vec();
                own[at] = (*other).to_owned();
                places.get(&own[..]).copied()
            })
        })
    };
    let pairs = names.iter().filter(|(_, words)| words.len() > 1);
    pairs.filter_map(|(at, words)| Some((*at, answer(words)?))).collect()
}

/// Whether a name is `question2` or the like: a further phrasing.
pub fn is_numbered_question(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    stem.len() < name.len() && QUESTION.contains(&stem.trim_end_matches(['_', '-', ' ', '.']))
}

/// Whether a name only counts: `3`, `q3`, `item_3`, `question-3`.
pub fn is_number(name: &str) -> bool {
    let words = words(name);
    let counts = |word: &String| {
        word.chars().all(char::is_numeric)
            || matches!(&**word, "q" | "qa" | "question" | "faq" | "item" | "entry" | "no" | "id")
    };
    words.iter().any(|word| word.chars().all(char::is_numeric)) && words.iter().all(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::node::Value;

    #[test]
    fn names_of_questions_lead_to_their_answers() {
        let fields = |names: &[&str]| -> Vec<(String, Node)> {
            let node = |name: &&str| Node { line: 1, value: Value::Text((*name).to_owned()) };
            names.iter().map(|name| ((*name).to_owned(), node(name))).collect()
        };
        for (names, wanted) in [
            (&["q1", "a1", "q2", "a2", "menu"][..], &[(0, 1), (2, 3)][..]),
            (&["faq_q1_answer", "faq_q1_question"], &[(1, 0)]),
            (&["faqShippingTitle", "faqShippingText"], &[(0, 1)]),
            (&["faq.1.question", "faq.1.answer"], &[(0, 1)]),
            (&["question", "answer"], &[]),
            (&["q1", "q2", "a"], &[]),
            (&["menu_title", "footer_text"], &[]),
        ] {
            assert_eq!(pairs(&fields(names)), wanted, "{names:?}");
        }
    }

    #[test]
    fn numbers_are_no_topics() {
        assert!(["3", "q3", "item_3", "faq-2"].iter().all(|name| is_number(name)));
        assert!(["orders", "q", "top10"].iter().all(|name| !is_number(name)));
        assert!(is_numbered_question("question2") && is_numbered_question("Question_3"));
        assert!(!is_numbered_question("question") && !is_numbered_question("answer2"));
    }
}
