//! Markdown whose headings are the questions.
//!
//! Which level holds them is found, not assumed: the one with the most headings that ask. What stands
//! between one such heading and the next is the answer, as Markdown. Front matter, section headings
//! and tables of contents are no entries. `<h3>` and the like inside Markdown are headings too.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Lines, Parsed, RawEntry};
use crate::error::RowError;

/// A heading: its level from 1 to 6, its text, and where it stands in the file.
#[derive(Debug)]
struct Heading {
    level: usize,
    text: String,
    range: Range<usize>,
}

/// Reads a Markdown FAQ.
///
/// # Errors
///
/// It has no headings.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let body = front_matter(text);
    let headings = headings(text, body);
    let level = question_level(&headings)
        .ok_or_else(|| RowError::new(1, "no headings: in Markdown, the questions are headings"))?;
    let mut parsed = Parsed::default();
    let mut lines = Lines::new(text, 1);
    for (at, heading) in headings.iter().enumerate().filter(|(_, heading)| heading.level == level) {
        // Headings of lower rank belong to the answer.
        let end = headings[at + 1..]
            .iter()
            .find(|next| next.level <= level)
            .map_or(text.len(), |next| next.range.start);
        let line = lines.at(heading.range.start);
        let answer = text[heading.range.end..end].trim();
        if answer.is_empty() {
            parsed
                .errors
                .push(RowError::new(line, format!("the heading \"{}\" has no answer", heading.text)));
            continue;
        }
        parsed.entries.push(RawEntry {
            line,
            questions: vec![heading.text.clone()],
            answer: Some(answer.to_owned()),
            ..RawEntry::default()
        });
    }
    parsed.title = headings.iter().find(|heading| heading.level < level).map(|heading| heading.text.clone());
    Ok(parsed)
}

/// Where the text begins after YAML or TOML front matter.
fn front_matter(text: &str) -> usize {
    for fence in ["---", "+++"] {
        if let Some(rest) = text.strip_prefix(fence).filter(|rest| rest.starts_with(['\n', '\r'])) {
            let mut at = fence.len();
            for line in rest.split_inclusive('\n') {
                at += line.len();
                if line.trim_end() == fence {
                    return at;
                }
            }
        }
    }
    0
}

/// The headings of a text from `start` on.
fn headings(text: &str, start: usize) -> Vec<Heading> {
    let mut found: Vec<Heading> = Vec::new();
    let mut open: Option<Heading> = None;
    let mut html: Option<Range<usize>> = None;
    let options = Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_TABLES;
    for (event, range) in Parser::new_ext(&text[start..], options).into_offset_iter() {
        let range = range.start + start..range.end + start;
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                open = Some(Heading { level: level as usize, text: String::new(), range });
            }
            Event::End(TagEnd::Heading(_)) => {
                found.extend(open.take().filter(|heading| !heading.text.trim().is_empty()))
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut open {
                    heading.text.push_str(&part);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(heading) = &mut open {
                    heading.text.push(' ');
                }
            }
            Event::Start(Tag::HtmlBlock) => html = Some(range),
            Event::End(TagEnd::HtmlBlock) => {
                found.extend(html.take().and_then(|range| html_heading(text, range)))
            }
            _ => {}
        }
    }
    for heading in &mut found {
        heading.text = heading.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    found
}

/// The heading that a block of HTML is: `<h3 …>text</h3>`, over one line or more.
fn html_heading(text: &str, range: Range<usize>) -> Option<Heading> {
    let block = &text[range.clone()];
    let begin = block.find("<h").or_else(|| block.find("<H"))?;
    let level = block[begin + 2..].chars().next()?.to_digit(10).filter(|level| (1..=6).contains(level))?;
    let inner = begin + block[begin..].find('>')? + 1;
    let close = format!("</h{level}>");
    let end = inner + block[inner..].to_ascii_lowercase().find(&close)?;
    let end_of_tag = range.start + end + close.len();
    Some(Heading {
        level: level as usize,
        text: without_tags(&block[inner..end]),
        range: range.start + begin..end_of_tag,
    })
}

/// A text without what stands between `<` and `>`.
fn without_tags(html: &str) -> String {
    let mut inside = false;
    html.chars()
        .filter(|&c| {
            inside = (inside || c == '<') && c != '>';
            !inside && c != '>'
        })
        .collect()
}

/// The level that holds the questions: that with the most headings that ask; with the most headings
/// where none asks, the deepest of equals.
fn question_level(headings: &[Heading]) -> Option<usize> {
    let count = |level: usize, wanted: fn(&Heading) -> bool| {
        headings.iter().filter(|heading| heading.level == level && wanted(heading)).count()
    };
    let rank = |level: &usize| (count(*level, asks), count(*level, |_| true), *level);
    (1..=6).filter(|&level| count(level, |_| true) > 0).max_by_key(rank)
}

fn asks(heading: &Heading) -> bool {
    const OPENERS: [&str; 14] = [
        "how", "what", "why", "when", "where", "who", "which", "can", "do", "does", "is", "are", "should",
        "i",
    ];
    let first = heading.text.split([' ', '\'', '’']).next().unwrap_or_default().to_lowercase();
    heading.text.ends_with(['?', '？']) || OPENERS.contains(&&*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_the_questions_is_found() {
        let text = "---\ntitle: x\n---\n# FAQ\n\n- [Contents](#a)\n\n## Section\n\n### What is *it*? {#a}\n\nA `thing`.\n\n#### Detail\n\nMore.\n\n### Why?\n\n```sh\n# not a heading\n```\n\n## Other\n\n### Empty?\n";
        let parsed = parse(text).unwrap();
        let entries: Vec<(&str, &str)> = parsed
            .entries
            .iter()
            .map(|entry| (&*entry.questions[0], entry.answer.as_deref().unwrap()))
            .collect();
        assert_eq!(
            entries,
            [("What is it?", "A `thing`.\n\n#### Detail\n\nMore."), ("Why?", "```sh\n# not a heading\n```")]
        );
        assert_eq!(parsed.entries[0].line, 10);
        assert_eq!(parsed.title.as_deref(), Some("FAQ"));
        assert_eq!(parsed.errors[0].reason, "the heading \"Empty?\" has no answer");
    }

    #[test]
    fn html_headings_are_headings() {
        let text = "## FAQ\n\n* [One?](#one)\n\n<h3 name=\"one\">\nOne <b>or</b> two?\n</h3>\n\nOne.\n\n<h3>Three?</h3>\n\nNo.\n";
        let parsed = parse(text).unwrap();
        let questions: Vec<&str> = parsed.entries.iter().map(|entry| &*entry.questions[0]).collect();
        assert_eq!(questions, ["One or two?", "Three?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("One."));
    }

    #[test]
    fn text_without_headings_is_an_error() {
        assert!(parse("just text").is_err());
        assert!(parse("").is_err());
        assert!(parse("---\nnever closed").is_err());
    }
}
