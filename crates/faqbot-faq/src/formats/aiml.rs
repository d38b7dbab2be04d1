//! AIML, versions 1 and 2: categories with a pattern and a template.
//!
//! A template that only leads on (`<srai>`) makes its pattern another phrasing of where it leads. Wildcards are left
//! out of patterns; a pattern of nothing else, and one that hangs on what the bot said before, is no question.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::RowError;
use crate::normalize::normalize_phrasing;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::lines::Lines;
use crate::readers::xml::referred;

/// Elements of a template whose content is no text of the answer.
const UNSPOKEN: [&str; 8] = ["think", "learn", "learnf", "oob", "condition", "script", "system", "sraix"];

#[derive(Default)]
struct Category {
    at: usize,
    pattern: String,
    that: String,
    answer: String,
    variants: Vec<String>,
    leads_to: String,
}

/// Reads a set of categories.
///
/// # Errors
///
/// Returns an error if the text is not XML or has no categories.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().trim_text(false);
    let mut open: Vec<String> = Vec::new();
    let mut categories: Vec<Category> = Vec::new();
    let mut lines = Lines::new(text, 1);
    let mut left = 0;
    loop {
        let at = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            RowError::new(
                text[..text.floor_char_boundary(at)].matches('\n').count() + 1,
                format!("not XML: {error}"),
            )
        })?;
        match event {
            Event::Start(tag) => {
                let name = tag.local_name();
                let name = name.as_ref().to_lowercase();
                match name.as_str() {
                    "category" => categories.push(Category { at, ..Category::default() }),
                    "li" => {
                        if let Some(category) = categories.last_mut() {
                            category.variants.push(String::new());
                        }
                    }
                    _ => {}
                }
                if open.len() > 200 {
                    return Err(RowError::new(1, "nested too deeply"));
                }
                open.push(name);
            }
            Event::End(_) => drop(open.pop()),
            Event::Empty(tag) if tag.local_name().as_ref() == "br" => add(&open, &mut categories, "\n"),
            Event::Text(piece) => add(&open, &mut categories, &piece.into_inner()),
            Event::CData(piece) => add(&open, &mut categories, &piece.into_inner()),
            Event::GeneralRef(reference) => add(&open, &mut categories, &referred(&reference)),
            Event::Eof => break,
            _ => {}
        }
    }
    let mut parsed = Parsed::default();
    let mut by_pattern: HashMap<String, usize> = HashMap::new();
    let mut leads: Vec<(usize, String, String)> = Vec::new();
    for category in categories {
        let line = lines.at(category.at);
        let question = question(&category.pattern);
        let answers: Vec<String> = [one_space(&category.answer)]
            .into_iter()
            .chain(category.variants.iter().map(|text| one_space(text)))
            .filter(|text| !text.is_empty())
            .collect();
        if question.is_empty() || !category.that.trim().is_empty() {
            left += 1;
        } else if answers.is_empty() && !category.leads_to.trim().is_empty() {
            leads.push((line, question, category.leads_to));
        } else if let Some(first) = answers.first() {
            by_pattern.entry(normalize_phrasing(&question)).or_insert(parsed.entries.len());
            parsed.entries.push(RawEntry {
                line,
                questions: vec![question],
                answer: Some(first.clone()),
                variants: answers[1..].to_vec(),
                ..RawEntry::default()
            });
        } else {
            left += 1;
        }
    }
    for (line, question, leads_to) in leads {
        match by_pattern.get(&normalize_phrasing(&leads_to)) {
            Some(&at) => parsed.entries[at].questions.push(question),
            None => {
                let reason = format!("\"{question}\" leads to \"{}\", which is no pattern", leads_to.trim());
                parsed.skipped.push(RowError::new(line, reason));
            }
        }
    }
    if left > 0 {
        let reason =
            format!("{left} categories of wildcards alone, behind a <that>, or without a text are left out");
        parsed.skipped.push(RowError::new(1, reason));
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no <category> with a pattern and a text"));
    }
    Ok(parsed)
}

/// Strong for text with AIML's elements.
pub fn detect(text: &str) -> Detection {
    Detection::strong(
        text.contains("<category>") && text.contains("<pattern>") && text.contains("<template>"),
    )
}

/// Adds a text to where the open elements say that it belongs.
fn add(open: &[String], categories: &mut [Category], text: &str) {
    let Some(category) = categories.last_mut() else { return };
    let within = |name: &str| open.iter().any(|own| own == name);
    let place = if within("pattern") {
        &mut category.pattern
    } else if within("that") {
        &mut category.that
    } else if !within("template") || UNSPOKEN.iter().any(|name| within(name)) {
        return;
    } else if within("srai") {
        &mut category.leads_to
    } else if within("li") {
        match category.variants.last_mut() {
            Some(variant) => variant,
            None => return,
        }
    } else {
        &mut category.answer
    };
    place.push_str(text);
}

/// A pattern without its wildcards, in small letters but for the first: patterns are in capitals.
fn question(pattern: &str) -> String {
    let words: Vec<String> = pattern
        .split_whitespace()
        .map(|word| word.trim_matches(['*', '_', '^', '#', '$']).to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    let text = words.join(" ");
    if text.chars().any(char::is_lowercase) {
        return text;
    }
    let lower = text.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// A text without the line breaks and indents of its file; those of `<br/>` stay.
fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_entries_and_srai_are_phrasings() {
        let text = "<?xml version=\"1.0\"?>\n<aiml>\n<category><pattern>WHEN ARE YOU OPEN *</pattern>\n<template>\n  From 9 &amp; to 5.\n</template></category>\n<category><pattern>OPENING HOURS</pattern><template><srai>WHEN ARE YOU OPEN</srai></template></category>\n<category><pattern>HELLO</pattern><template><random><li>Hi!</li><li>Hello!</li></random></template></category>\n<category><pattern>*</pattern><template>What?</template></category></aiml>";
        assert_eq!(detect(text), Detection::Strong);
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries[0].questions, ["When are you open", "Opening hours"]);
        assert_eq!(
            (parsed.entries[0].line, parsed.entries[0].answer.as_deref()),
            (3, Some("From 9 & to 5."))
        );
        assert_eq!(
            (parsed.entries[1].answer.as_deref(), &*parsed.entries[1].variants),
            (Some("Hi!"), &["Hello!".to_owned()][..])
        );
        assert_eq!(parsed.skipped.len(), 1);
        assert!(parse("<aiml></aiml>").is_err());
        assert!(parse("<aiml><category></aiml>").is_err());
    }
}
