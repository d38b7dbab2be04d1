//! Markdown whose headings are the questions.
//!
//! The heading level of the questions is detected: it is the one with the most headings that are questions.
//! `<h3>` and `<summary>` inside Markdown are headings too, and so is a bold paragraph that is a question.
//! The text up to the next such heading is the answer, as Markdown. Front matter, section headings and tables
//! of contents are not entries. If a page has schema.org's FAQPage in a script or in the front matter, the
//! entries are read from that.
//!
//! In files that faqbot writes, a comment above each heading holds what does not fit into a heading. They are
//! read back by these comments.

use std::io;

use serde_json::json;

use super::json;
use super::jsonld;
use super::toml;
use super::yaml;
use crate::entry::Faq;
use crate::error::RowError;
use crate::normalize::slug;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::lines::Lines;
use crate::readers::outline::{Heading, Outline};
use crate::readers::sections::{front_matter, sections};
use crate::readers::{json_tree, node, tree, yaml_tree};
use crate::schema::MIN_CONFIDENCE;

/// The start of a comment that faqbot writes, on its own line.
pub const MARK: &str = "<!-- faqbot ";

/// Reads a Markdown FAQ.
///
/// # Errors
///
/// Returns an error if the text has no headings.
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
            && let Ok(node) = yaml_tree::read(front)
        {
            jsonld::read(&node, &mut marked);
        }
    }
    if !marked.entries.is_empty() {
        let reason = "the entries are those of the page's FAQPage data; its headings are not read";
        marked.notes.push(RowError::new(1, reason));
        return Ok(marked);
    }
    let mut parsed = match sections(text) {
        Ok(parsed) if !is_of_a_template(&parsed) => parsed,
        // Some site generators keep the questions in the front matter, or one page for each.
        Ok(parsed) => in_front_matter(text).unwrap_or(parsed),
        Err(error) => in_front_matter(text).or_else(|| one_page(text)).ok_or(error)?,
    };
    parsed.skipped.extend(marked.skipped);
    Ok(parsed)
}

/// Whether faqbot wrote the text.
fn is_own(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(MARK))
}

/// Sure if faqbot wrote the text, weak if a line is a heading.
pub fn detect(text: &str) -> Detection {
    if is_own(text) {
        return Detection::Sure;
    }
    let heading = |line: &str| {
        let rest = line.trim_start_matches('#');
        (1..=6).contains(&(line.len() - rest.len())) && rest.starts_with(' ')
    };
    Detection::weak(text.lines().any(heading))
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
        let node = match node.map(|comment| json_tree::read(comment, line)) {
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
        let body = body.trim_start_matches(['\r', '\n']);
        let (heading, answer) = body.split_once('\n').unwrap_or((body, ""));
        let heading = Outline::of(heading, 0).headings.into_iter().next().map(|heading| heading.text);
        if node.get("id").is_none() {
            parsed.title = node.text_of("title").or(heading);
            parsed.greeting = node.text_of("greeting");
            parsed.fallback = node.text_of("fallback");
            parsed.contact = node.text_of("contact");
            parsed.language = node.text_of("language");
            if let Some(own) = node.get("smalltalk") {
                tree::small_talk(own.clone(), &mut parsed);
            }
            if let Some(own) = node.get("synonyms") {
                tree::synonyms(own.clone(), &mut parsed);
            }
            continue;
        }
        // Headings that were added by hand have no comment.
        let added: Vec<Heading> =
            Outline::of(answer, 0).headings.into_iter().filter(|heading| heading.level <= 2).collect();
        let own = added.first().map_or(answer.len(), |first| first.range.start);
        parsed.entries.push(RawEntry {
            line,
            id: node.text_of("id"),
            questions: node
                .text_of("question")
                .or(heading)
                .into_iter()
                .chain(node.texts_of("also"))
                .collect(),
            answer: Some(node.text_of("answer").unwrap_or_else(|| answer[..own].to_owned())),
            source: node.text_of("source"),
            tags: node.texts_of("tags"),
            variants: node.texts_of("variants"),
            ..RawEntry::default().take_fields(|name| node.text_of(name), |name| node.texts_of(name))
        });
        let ends = added.iter().skip(1).map(|next| next.range.start).chain([answer.len()]);
        let mut lines = Lines::new(answer, line + text[start..end - answer.len()].matches('\n').count());
        for (heading, end) in added.iter().zip(ends) {
            parsed.entries.push(RawEntry {
                line: lines.at(heading.range.start),
                questions: vec![heading.text.clone()],
                answer: Some(answer[heading.range.end..end].to_owned()),
                ..RawEntry::default()
            });
        }
    }
    parsed
}

/// Writes a FAQ. Questions are second-level headings, each below a comment with its id, other phrasings and
/// remaining fields.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let mut about = serde_json::Map::new();
    let heading = faq.title.as_deref().and_then(|title| heading_of(title, 1));
    if let Some(title) = &faq.title
        && heading.is_none()
    {
        about.insert("title".into(), json!(title));
    }
    for (name, text) in faq.texts().into_iter().filter(|(name, _)| *name != "title") {
        about.extend(text.map(|text| (name.into(), json!(text))));
    }
    about.extend(json::small_talk(&faq.small_talk).map(|own| ("smalltalk".into(), own)));
    if !faq.synonyms.is_empty() {
        about.insert("synonyms".into(), json!(faq.synonyms));
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
        about.extend(entry.min_confidence_text().map(|own| (MIN_CONFIDENCE.into(), json!(own))));
        about.extend(entry.flags().map(|name| (name.into(), json!("true"))));
        if !entry.variants.is_empty() {
            about.insert("variants".into(), json!(entry.variants));
        }
        about.extend(entry.links().map(|(name, ids)| (name.into(), json!(ids))));
        // An answer with such a comment or heading in it would be split there.
        let apart = entry.answer.lines().any(|line| line.starts_with(MARK))
            || Outline::of(&entry.answer, 0).headings.iter().any(|heading| heading.level <= 2);
        if apart {
            about.insert("answer".into(), json!(entry.answer));
        }
        let heading = heading.unwrap_or_else(|| "## ".to_owned() + &slug(entry.question()));
        let answer = if apart { "" } else { &entry.answer };
        writeln!(out, "{}\n{heading}\n\n{answer}\n", comment(about))?;
    }
    Ok(())
}

/// A comment that [`written`] reads.
fn comment(about: serde_json::Map<String, serde_json::Value>) -> String {
    // Two hyphens would end the comment.
    let about = serde_json::Value::Object(about).to_string().replace("--", "-\\u002d");
    format!("{MARK}{about} -->")
}

/// A text as a heading, if it can be read back.
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
    let back = Outline::of(&heading, 0).headings.into_iter().next();
    back.is_some_and(|back| back.text == text && !text.contains('\n')).then_some(heading)
}

/// Whether a template writes the entries: `## {{ faq.question }}`.
fn is_of_a_template(parsed: &Parsed) -> bool {
    let of_template = |raw: &RawEntry| raw.questions.iter().any(|question| question.contains("{{"));
    !parsed.entries.is_empty() && parsed.entries.iter().all(of_template)
}

/// A page with one question, which is in its front matter, and the answer below.
fn one_page(text: &str) -> Option<Parsed> {
    let body = front_matter(text);
    let front = text[..body].trim_end();
    let node = match front.strip_prefix("+++") {
        Some(front) => toml::read(front.strip_suffix("+++")?).ok()?,
        None => yaml_tree::read(front.strip_suffix("---")?).ok()?,
    };
    let answer = text[body..].trim();
    let fields = match node.value {
        node::Value::Map(fields) if !answer.is_empty() => fields,
        _ => return None,
    };
    let asked = |name: &str| fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    if !asked("question") && !asked("title") {
        return None;
    }
    let value = node::Value::Text(answer.to_owned());
    let line = 1 + text[..body].matches('\n').count();
    let answer = ("answer".to_owned(), node::Node { line, value });
    let mut reader = tree::Reader::default();
    reader.ignore_unused();
    let fields = fields.into_iter().chain([answer]).collect();
    reader.entry(node::Node { line: 1, value: node::Value::Map(fields) }, &[]);
    let parsed = reader.finish();
    (!parsed.entries.is_empty() || !parsed.skipped.is_empty()).then_some(parsed)
}

/// The entries in a page's front matter.
fn in_front_matter(text: &str) -> Option<Parsed> {
    let front = text[..front_matter(text)].trim_end();
    let parsed = match front.strip_prefix("+++").and_then(|front| front.strip_suffix("+++")) {
        Some(front) => toml::parse(front, None),
        None => yaml::parse(front.strip_suffix("---")?, None),
    };
    parsed.ok().filter(|parsed| parsed.entries.iter().any(|raw| raw.answer.is_some()))
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
        assert_eq!(questions, ["Where is it?", "How?", "What now?"]);
        assert_eq!(parsed.entries[1].answer.as_deref(), Some("So."));
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
    fn other_ways_of_writing_questions() {
        let read = |text: &str| -> Vec<(String, String)> {
            let parsed = parse(text).unwrap();
            parsed.entries.into_iter().map(|mut raw| (raw.questions.remove(0), raw.answer.unwrap())).collect()
        };
        let pair = |question: &str, answer: &str| (question.to_owned(), answer.to_owned());
        let both = [pair("Is it free?", "Yes, 1."), pair("Who?", "Me.")];
        assert_eq!(read("# FAQ\n\nQ: Is it free?\nA: Yes, 1.\n\nQ: Who?\n\nA: Me.\n"), both);
        assert_eq!(read("# FAQ\n\n1. **Is it free?** Yes, 1.\n2. **Who?**\n\n   Me.\n"), both);
        assert_eq!(
            read("# FAQ\n\n??? question \"Is it free?\"\n    Yes, 1.\n\n??? question \"Who?\"\n\n    Me.\n"),
            both
        );
        assert_eq!(
            read("# FAQ\n\n| Question | Answer |\n|---|---|\n| Is it free? | Yes, 1. |\n| Who? | Me. |\n"),
            both
        );
        assert_eq!(
            read(
                "<details><summary>Is it free?</summary>Yes, 1.</details>\n<details><summary>Who?</summary>\n\nMe.\n\n</details>\n"
            ),
            both
        );
        assert_eq!(
            read(
                "<details>\n<summary>\n\n### Is it free?\n\n</summary>\n\nYes, 1.\n\n</details>\n\n<details>\n<summary>\n\n### Who?\n\n</summary>\n\nMe.\n\n</details>\n"
            ),
            both
        );
        assert_eq!(
            read(
                "---\nfaqs:\n- question: Is it free?\n  answer: Yes, 1.\n- {question: Who?, answer: Me.}\n---\n{{ faqs }}\n"
            ),
            both
        );
        assert!(parse("# FAQ\n\nJust text.\n").is_err());
    }

    #[test]
    fn what_belongs_to_no_question_is_said() {
        let parsed = parse("# FAQ\n\nIntro.\n\n## Is there a warranty?\n\nYes.\n\n### One?\n\n1\n\n### Two?\n\n2\n\n## Policy\n\nOurs.\n\n### Three?\n\n3\n").unwrap();
        assert_eq!(parsed.entries.len(), 4);
        let lines: Vec<usize> = parsed.skipped.iter().map(|row| row.line).collect();
        assert_eq!(lines, [1, 17]);
    }

    #[test]
    fn questions_added_to_a_written_file_are_read() {
        let text = "<!-- faqbot {\"id\":\"a\"} -->\n## One?\n\n1\n\n## Two?\n\n2\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(
            (parsed.entries[1].line, parsed.entries[0].answer.as_deref().map(str::trim)),
            (6, Some("1"))
        );
    }

    #[test]
    fn many_links_take_no_long() {
        let mut text = String::new();
        (0..20_000).for_each(|at| text.push_str(&format!("## Is {at} right?\n\nSee [x{at}].\n\n")));
        (0..20_000).for_each(|at| text.push_str(&format!("[x{at}]: https://example.org/{at}\n")));
        let parsed = parse(&text).unwrap();
        assert_eq!(parsed.entries.len(), 20_000);
        assert!(parsed.entries[19_999].answer.as_deref().unwrap().ends_with("/19999"));
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
