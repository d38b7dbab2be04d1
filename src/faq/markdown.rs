//! Markdown whose headings are the questions.
//!
//! Which level holds them is found, not assumed: the one with the most headings that ask; `<h3>` and
//! `<summary>` inside Markdown are headings too, and so is a paragraph that is bold and asks. What stands
//! between one such heading and the next is the answer, as Markdown. Front matter, section headings
//! and tables of contents are no entries. Pages with schema.org's FAQPage in a script or in the front
//! matter give the entries of that.
//!
//! What faqbot writes has a comment above each heading with what a heading has no place for, and is
//! read back by these.

use std::io;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::json;

use super::format::Fit;
use super::headings::{asks, question_level, unmarked, unmarked_answer};
use super::node::Node;
use super::{Faq, Lines, Parsed, RawEntry, json, jsonld, yaml};
use crate::error::RowError;

/// Begins the comments that faqbot writes, each on a line of its own.
const MARK: &str = "<!-- faqbot ";

/// The level of bold paragraphs and summaries: below all headings.
const BOLD_LEVEL: usize = 7;

/// A heading: its level from 1 to 6 (or [`BOLD_LEVEL`]), its text, and where it stands in the file.
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
    if is_own(text) {
        return Ok(written(text));
    }
    let mut marked = Parsed::default();
    if text.contains("FAQPage") {
        jsonld::scripts(text, &mut marked);
        let front = &text[..front_matter(text)];
        if marked.entries.is_empty()
            && front.contains("FAQPage")
            && let Ok((node, _)) = yaml::tree(front)
        {
            jsonld::read(&node, &mut marked);
        }
    }
    if !marked.entries.is_empty() {
        let reason = "the entries are those of the page's FAQPage data; its headings are not read";
        marked.notes.push(RowError::new(1, reason));
        return Ok(marked);
    }
    let mut parsed = sections(text)?;
    parsed.skipped.extend(marked.skipped);
    Ok(parsed)
}

/// Whether faqbot wrote the text.
pub fn is_own(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(MARK))
}

/// Strong for what faqbot wrote, weak where a line is a heading.
pub fn fit(text: &str) -> Fit {
    if is_own(text) {
        return Fit::Strong;
    }
    let heading = |line: &str| {
        let rest = line.trim_start_matches('#');
        (1..=6).contains(&(line.len() - rest.len())) && rest.starts_with(' ')
    };
    Fit::weak(text.lines().any(heading))
}

/// Reads the sections of a page.
///
/// # Errors
///
/// It has no headings.
pub fn sections(text: &str) -> Result<Parsed, RowError> {
    let body = front_matter(text);
    let (headings, definitions) = headings(text, body);
    let level = question_level(headings.iter().map(|heading| (heading.level, heading.text.as_str())))
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
        let answer = text[heading.range.end..end].trim().trim_end_matches("</details>").trim_end();
        let answer = unmarked_answer(answer);
        if answer.is_empty() {
            let reason = format!("the heading \"{}\" has no answer", heading.text);
            parsed.skipped.push(RowError::new(line, reason));
        } else if is_contents(answer) && !asks(&heading.text) {
            let reason = format!("\"{}\" is a table of contents", heading.text);
            parsed.skipped.push(RowError::new(line, reason));
        } else {
            let mut answer = answer.to_owned();
            for (label, definition) in &definitions {
                if answer.contains(label) && !answer.contains(definition) {
                    answer.push_str("\n\n");
                    answer.push_str(definition);
                }
            }
            parsed.entries.push(RawEntry {
                line,
                questions: vec![unmarked(&heading.text).to_owned()],
                answer: Some(answer),
                ..RawEntry::default()
            });
        }
    }
    parsed.title = headings.iter().find(|heading| heading.level < level).map(|heading| heading.text.clone());
    Ok(parsed)
}

/// Whether all lines are links to places on the same page.
fn is_contents(answer: &str) -> bool {
    answer.lines().filter(|line| !line.trim().is_empty()).all(|line| {
        let item = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        let item = item.trim_start_matches(['-', '*', '+', '.', ')', ' ']);
        item.starts_with('[') && item.contains("](#")
    })
}

/// Reads what [`write`] wrote.
fn written(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.starts_with(MARK) {
            starts.push((index + 1, at));
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([text.len()]);
    for (&(line, start), end) in starts.iter().zip(ends) {
        let (comment, body) = text[start..end].split_once('\n').unwrap_or((&text[start..end], ""));
        let node = comment.trim_end().strip_prefix(MARK).and_then(|rest| rest.strip_suffix("-->"));
        let node = match node.map(|comment| json::tree(comment, line)) {
            Some(Ok(node)) => node,
            Some(Err(error)) => {
                parsed.skipped.push(error);
                continue;
            }
            None => {
                parsed.skipped.push(RowError::new(line, "the comment does not end on its line with -->"));
                continue;
            }
        };
        let field = |name: &str| node.get(name).and_then(Node::as_text).map(str::to_owned);
        let list = |name: &str| -> Vec<String> {
            node.get(name)
                .map(|list| list.texts().into_iter().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let body = body.trim_start_matches(['\r', '\n']);
        let (heading, answer) = body.split_once('\n').unwrap_or((body, ""));
        let heading = headings(heading, 0).0.into_iter().next().map(|heading| heading.text);
        if node.get("id").is_none() {
            parsed.title = field("title").or(heading);
            parsed.greeting = field("greeting");
            parsed.fallback = field("fallback");
            continue;
        }
        parsed.entries.push(RawEntry {
            line,
            id: field("id"),
            questions: field("question").or(heading).into_iter().chain(list("also")).collect(),
            answer: Some(field("answer").unwrap_or_else(|| answer.to_owned())),
            source: field("source"),
            tags: list("tags"),
            min_confidence: field("min_confidence").and_then(|own| own.parse().ok()),
        });
    }
    parsed
}

/// Writes a FAQ: questions as headings of the second level, each below a comment with its id, its other
/// wordings and what else it has.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let mut about = serde_json::Map::new();
    let heading = faq.title.as_deref().and_then(|title| heading_of(title, 1));
    if let Some(title) = &faq.title
        && heading.is_none()
    {
        about.insert("title".into(), json!(title));
    }
    for (name, text) in [("greeting", &faq.greeting), ("fallback", &faq.fallback)] {
        about.extend(text.as_ref().map(|text| (name.into(), json!(text))));
    }
    if faq.title.is_some() || !about.is_empty() {
        writeln!(out, "{}\n{}\n", comment(about), heading.unwrap_or_default())?;
    }
    for entry in &faq.entries {
        let mut about = serde_json::Map::new();
        about.insert("id".into(), json!(entry.id.as_str()));
        let heading = heading_of(entry.question(), 2);
        if heading.is_none() {
            about.insert("question".into(), json!(entry.question()));
        }
        if entry.phrasings.len() > 1 {
            about.insert("also".into(), json!(entry.phrasings[1..]));
        }
        about.extend(entry.source.as_ref().map(|source| ("source".into(), json!(source))));
        if !entry.tags.is_empty() {
            about.insert("tags".into(), json!(entry.tags));
        }
        // As text: what was 0.3 stays it.
        about.extend(entry.min_confidence.map(|own| ("min_confidence".into(), json!(own.to_string()))));
        // An answer that has such a comment in it would be taken apart there.
        let apart = entry.answer.lines().any(|line| line.starts_with(MARK));
        if apart {
            about.insert("answer".into(), json!(entry.answer));
        }
        let heading = heading.unwrap_or_else(|| "## ".to_owned() + &super::slug(entry.question()));
        let answer = if apart { "" } else { &entry.answer };
        writeln!(out, "{}\n{heading}\n\n{answer}\n", comment(about))?;
    }
    Ok(())
}

/// A comment that [`written`] reads.
fn comment(about: serde_json::Map<String, serde_json::Value>) -> String {
    // Two hyphens would end it.
    let about = serde_json::Value::Object(about).to_string().replace("--", "-\\u002d");
    format!("{MARK}{about} -->")
}

/// A text as a heading, if it can be read back from one.
fn heading_of(text: &str, level: usize) -> Option<String> {
    let special = |c: char| {
        matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '{' | '}' | '|' | '~')
    };
    let mut heading = "#".repeat(level) + " ";
    for c in text.chars() {
        if special(c) {
            heading.push('\\');
        }
        heading.push(c);
    }
    let back = headings(&heading, 0).0.into_iter().next();
    back.is_some_and(|back| back.text == text && !text.contains('\n')).then_some(heading)
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

/// The headings of a text from `start` on, and the definitions of its links: what refers to them, and
/// their text.
fn headings(text: &str, start: usize) -> (Vec<Heading>, Vec<(String, String)>) {
    let mut found: Vec<Heading> = Vec::new();
    let mut open: Option<Heading> = None;
    let mut html: Option<Range<usize>> = None;
    // A paragraph, and whether all of it is bold so far.
    let mut paragraph: Option<(Heading, bool)> = None;
    let mut strong = false;
    let options = Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_TABLES;
    let parser = Parser::new_ext(&text[start..], options);
    let mut definitions: Vec<(usize, String, String)> = parser
        .reference_definitions()
        .iter()
        .map(|(label, definition)| {
            let own = &text[start..][definition.span.clone()];
            (definition.span.start, format!("[{label}]"), own.trim().to_owned())
        })
        .collect();
    definitions.sort_unstable();
    for (event, range) in parser.into_offset_iter() {
        let range = range.start + start..range.end + start;
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                open = Some(Heading { level: level as usize, text: String::new(), range });
            }
            Event::End(TagEnd::Heading(_)) => {
                found.extend(open.take().filter(|heading| !heading.text.trim().is_empty()));
            }
            Event::Start(Tag::Paragraph) => {
                paragraph = Some((Heading { level: BOLD_LEVEL, text: String::new(), range }, true));
            }
            Event::End(TagEnd::Paragraph) => {
                let bold = paragraph.take().filter(|(heading, bold)| *bold && asks(heading.text.trim()));
                found.extend(bold.map(|(heading, _)| heading));
            }
            Event::Start(Tag::Strong) => strong = true,
            Event::End(TagEnd::Strong) => strong = false,
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut open {
                    heading.text.push_str(&part);
                } else if let Some((heading, bold)) = &mut paragraph {
                    *bold &= strong;
                    heading.text.push_str(&part);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                let open = open.as_mut().or(paragraph.as_mut().map(|(heading, _)| heading));
                if let Some(heading) = open {
                    heading.text.push(' ');
                }
            }
            Event::Start(Tag::HtmlBlock) => html = Some(range),
            Event::End(TagEnd::HtmlBlock) => {
                found.extend(html.take().and_then(|range| html_heading(text, range)));
            }
            _ => {}
        }
    }
    for heading in &mut found {
        heading.text = heading.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    (found, definitions.into_iter().map(|(_, label, own)| (label, own)).collect())
}

/// The heading that a block of HTML is: `<h3 …>text</h3>` or `<summary>text</summary>`, over one line
/// or more.
fn html_heading(text: &str, range: Range<usize>) -> Option<Heading> {
    let block = text[range.clone()].to_ascii_lowercase();
    let (begin, level, close) = match block.find("<summary") {
        Some(begin) => (block.find("<details").unwrap_or(begin), BOLD_LEVEL, "</summary>".to_owned()),
        None => {
            let begin = block.find("<h")?;
            let level =
                block[begin + 2..].chars().next()?.to_digit(10).filter(|level| (1..=6).contains(level))?;
            (begin, level as usize, format!("</h{level}>"))
        }
    };
    let tag = block[begin..].find("<summary").map_or(begin, |at| begin + at);
    let inner = tag + block[tag..].find('>')? + 1;
    let end = inner + block[inner..].find(&close)?;
    let source = &text[range.clone()];
    Some(Heading {
        level,
        text: without_tags(&source[inner..end]),
        range: range.start + begin..range.start + end + close.len(),
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
        assert_eq!(parsed.skipped[0].reason, "the heading \"Empty?\" has no answer");
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
    fn bold_questions_summaries_and_contents() {
        let parsed = parse("# FAQ\n\n**Where is it?**\n\nHere, **or not?** See [x].\n\n**How?**\nSo.\n\n**What now?**\n\nGo.\n\n[x]: https://x.org\n").unwrap();
        let questions: Vec<&str> = parsed.entries.iter().map(|entry| &*entry.questions[0]).collect();
        assert_eq!(questions, ["Where is it?", "What now?"]);
        assert!(parsed.entries[0].answer.as_deref().unwrap().ends_with("[x]: https://x.org"));
        let parsed = parse("## Contents\n\n- [A](#a)\n- [B](#b)\n\n## A\n\na\n\n## B\n\nb\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped.len()), (2, 1));
        let parsed = parse("<details>\n<summary>Why <b>so</b>?</summary>\n\nThus.\n\n</details>\n").unwrap();
        assert_eq!(
            (&*parsed.entries[0].questions[0], parsed.entries[0].answer.as_deref()),
            ("Why so?", Some("Thus."))
        );
    }

    #[test]
    fn faq_pages_data_goes_before_headings() {
        let data = "{\"@type\": \"FAQPage\", \"mainEntity\": [{\"@type\": \"Question\", \"name\": \"A?\", \"acceptedAnswer\": {\"text\": \"B\"}}]}";
        let parsed =
            parse(&format!("<script type=\"application/ld+json\">{data}</script>\n\n## Other?\n\nx\n"))
                .unwrap();
        assert_eq!((&*parsed.entries[0].questions[0], parsed.entries.len()), ("A?", 1));
        let front = "---\nschema:\n  '@type': FAQPage\n  mainEntity:\n  - '@type': Question\n    name: A?\n    acceptedAnswer: {text: B}\n---\n## Other?\n\nx\n";
        assert_eq!(parse(front).unwrap().entries[0].questions, ["A?"]);
    }

    #[test]
    fn text_without_headings_is_an_error() {
        assert!(parse("just text").is_err());
        assert!(parse("").is_err());
        assert!(parse("---\nnever closed").is_err());
    }
}
