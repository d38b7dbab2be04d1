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

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::json;

use super::format::Fit;
use super::headings::{after_question_mark, asks, question_level, unmarked};
use super::table::{ColumnMap, Rows};
use super::{Faq, Lines, Parsed, RawEntry, json, jsonld, toml, yaml};
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
            && let Ok(node) = yaml::tree(front)
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
        Ok(parsed) => parsed,
        // Some site generators keep the questions above the page.
        Err(error) => in_front_matter(text).ok_or(error)?,
    };
    parsed.skipped.extend(marked.skipped);
    Ok(parsed)
}

/// Whether faqbot wrote the text.
fn is_own(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(MARK))
}

/// Sure for what faqbot wrote, weak where a line is a heading.
pub fn fit(text: &str) -> Fit {
    if is_own(text) {
        return Fit::Sure;
    }
    let heading = |line: &str| {
        let rest = line.trim_start_matches('#');
        (1..=6).contains(&(line.len() - rest.len())) && rest.starts_with(' ')
    };
    Fit::weak(text.lines().any(heading))
}

/// Reads the sections of a page, and what belongs to none of its questions as left out.
///
/// # Errors
///
/// It has no headings.
pub fn sections(text: &str) -> Result<Parsed, RowError> {
    let text = &*admonitions(text);
    let body = front_matter(text);
    let outline = Outline::of(text, body);
    let headings = &outline.headings;
    let level = question_level(headings.iter().map(|heading| (heading.level, heading.text.as_str())));
    let asking = headings.iter().any(|heading| Some(heading.level) == level && asks(&heading.text));
    if !asking && let Some(parsed) = outline.table(text) {
        return Ok(parsed);
    }
    let level =
        level.ok_or_else(|| RowError::new(1, "no headings: in Markdown, the questions are headings"))?;
    let mut parsed = Parsed::default();
    let mut lines = Lines::new(text, 1);
    let end_of_text = outline.end_of_text(text);
    // What stands before this is read.
    let mut read = headings.first().map_or(end_of_text, |heading| heading.range.start);
    if !is_furniture(&text[body..read]) {
        parsed.skipped.push(RowError::new(lines.at(body), "text before the first heading is left out"));
    }
    for (at, heading) in headings.iter().enumerate() {
        if heading.range.start < read {
            continue;
        }
        // Headings of lower rank belong to the answer; a section's own text ends with the next heading.
        let is_question = heading.level == level;
        let next = headings[at + 1..].iter().find(|next| !is_question || next.level <= level);
        let end = next.map_or(end_of_text, |next| next.range.start).max(heading.range.end);
        let line = lines.at(heading.range.start);
        let (question, answer) =
            unmarked(&heading.text, cleaned(&text[heading.range.end..end], heading.level));
        let mut skip = |reason: String| parsed.skipped.push(RowError::new(line, reason));
        if !is_question && (!asks(question) || answer.is_empty()) {
            if !is_furniture(answer) {
                skip(format!("the text under \"{question}\" belongs to no question"));
            }
            continue;
        }
        read = end;
        if answer.is_empty() {
            skip(format!("the heading \"{question}\" has no answer"));
        } else if is_contents(answer) && !asks(question) {
            skip(format!("\"{question}\" is a table of contents"));
        } else {
            parsed.entries.push(RawEntry {
                line,
                questions: vec![question.to_owned()],
                answer: Some(outline.with_definitions(answer)),
                ..RawEntry::default()
            });
        }
    }
    if let [only] = &parsed.entries[..]
        && level == 1
        && !asking
    {
        let reason = format!("no heading asks: there is only \"{}\" above the whole text", only.questions[0]);
        return Err(RowError::new(only.line, reason));
    }
    parsed.title = headings.iter().find(|heading| heading.level < level).map(|heading| heading.text.clone());
    Ok(parsed)
}

/// MkDocs' boxes (`??? question "Where is it?"`, and what is set in below) as bold questions, line by
/// line. Other text is as it was.
fn admonitions(text: &str) -> Cow<'_, str> {
    fn title(line: &str) -> Option<&str> {
        let rest = ["???+", "???", "!!!"].iter().find_map(|mark| line.strip_prefix(mark))?;
        let (_, rest) = rest.split_once('"')?;
        rest.trim_end().strip_suffix('"').filter(|title| asks(title))
    }
    if !text.lines().any(|line| title(line).is_some()) {
        return text.into();
    }
    let mut inside = false;
    let lines = text.lines().map(|line| {
        if let Some(title) = title(line) {
            inside = true;
            return format!("**{title}**");
        }
        inside &= line.trim().is_empty() || line.starts_with([' ', '\t']);
        let dedented = line.strip_prefix("    ").or_else(|| line.strip_prefix('\t')).unwrap_or(line);
        if inside { dedented.to_owned() } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n").into()
}

/// An answer without the marks of what stands around it.
fn cleaned(answer: &str, level: usize) -> &str {
    let mut answer = answer.trim();
    loop {
        let before = answer.len();
        for tail in ["</details>", "<details>", "<details open>", "<summary>"] {
            answer = answer.strip_suffix(tail).unwrap_or(answer).trim_end();
        }
        answer = answer.strip_prefix("</summary>").unwrap_or(answer).trim_start();
        if answer.len() == before {
            break;
        }
    }
    if level == BOLD_LEVEL {
        // "**Is it free**? Yes."
        answer = answer.trim_start_matches(['?', '？', ':', '：']).trim_start();
    }
    answer
}

/// Whether nothing of a text is for readers: comments, imports, pictures and links by themselves.
fn is_furniture(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).all(|line| {
        ["<!--", "-->", "[", "![", "* [", "- [", "import ", "export ", "<", "---", "***"]
            .iter()
            .any(|mark| line.starts_with(mark))
            || line.ends_with("-->")
            || line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". [")
    })
}

/// Whether all lines, two or more, are links to places on the same page.
fn is_contents(answer: &str) -> bool {
    let lines = || answer.lines().map(str::trim).filter(|line| !line.is_empty());
    let link = |line: &str| {
        let item = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let item = item.trim_start_matches(['-', '*', '+', '.', ')', ' ']);
        item.starts_with('[') && item.contains("](#")
    };
    lines().count() > 1 && lines().all(link)
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
        let body = body.trim_start_matches(['\r', '\n']);
        let (heading, answer) = body.split_once('\n').unwrap_or((body, ""));
        let heading = Outline::of(heading, 0).headings.into_iter().next().map(|heading| heading.text);
        if node.get("id").is_none() {
            parsed.title = node.text_of("title").or(heading);
            parsed.greeting = node.text_of("greeting");
            parsed.fallback = node.text_of("fallback");
            continue;
        }
        // Headings that were added by hand have no comment above them.
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
            min_confidence: node.text_of("min_confidence").and_then(|own| own.parse().ok()),
            ..RawEntry::default()
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

/// Writes a FAQ: questions as headings of the second level, each below a comment with its id, its other
/// phrasings and what else it has.
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
        // An answer that has such a comment or heading in it would be taken apart there.
        let apart = entry.answer.lines().any(|line| line.starts_with(MARK))
            || Outline::of(&entry.answer, 0).headings.iter().any(|heading| heading.level <= 2);
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
    let back = Outline::of(&heading, 0).headings.into_iter().next();
    back.is_some_and(|back| back.text == text && !text.contains('\n')).then_some(heading)
}

/// The entries in a page's front matter.
fn in_front_matter(text: &str) -> Option<Parsed> {
    let front = text[..front_matter(text)].trim_end();
    let parsed = match front.strip_prefix("+++").and_then(|front| front.strip_suffix("+++")) {
        Some(front) => toml::parse(front),
        None => yaml::parse(front.strip_suffix("---")?),
    };
    parsed.ok().filter(|parsed| !parsed.entries.is_empty())
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

/// What a page is made of.
#[derive(Debug, Default)]
struct Outline {
    headings: Vec<Heading>,
    /// The definitions of links, by what refers to them, and where they stand.
    definitions: HashMap<String, Range<usize>>,
    /// The text of each definition.
    definition_texts: HashMap<String, String>,
    /// The rows of each table, by where they stand; cells as they are written.
    tables: Vec<Vec<(usize, Vec<String>)>>,
}

impl Outline {
    /// Of a text from `start` on.
    fn of(text: &str, start: usize) -> Self {
        let mut outline = Outline::default();
        let mut heading: Option<Heading> = None;
        let mut html: Option<Range<usize>> = None;
        // Where a paragraph or list item begins of which nothing was met yet; and what is bold there.
        let mut lead: Option<usize> = None;
        let mut bold: Option<Heading> = None;
        // The lines of a paragraph, with the places where they begin.
        let mut lines: Vec<(usize, String)> = Vec::new();
        let mut line_begins = false;
        let options = Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_TABLES;
        let parser = Parser::new_ext(&text[start..], options);
        for (label, definition) in parser.reference_definitions().iter() {
            let range = definition.span.start + start..definition.span.end + start;
            let label = label.to_lowercase();
            outline.definition_texts.insert(label.clone(), text[range.clone()].trim().to_owned());
            outline.definitions.insert(label, range);
        }
        for (event, range) in parser.into_offset_iter() {
            let range = range.start + start..range.end + start;
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some(Heading { level: level as usize, text: String::new(), range });
                }
                Event::End(TagEnd::Heading(_)) => {
                    outline.headings.extend(heading.take().filter(|heading| !heading.text.trim().is_empty()));
                }
                Event::Start(Tag::Item) => lead = Some(range.start),
                Event::Start(Tag::Paragraph) => {
                    lead = lead.or(Some(range.start));
                    lines.clear();
                    line_begins = true;
                }
                Event::End(TagEnd::Paragraph) => {
                    outline.marked_lines(text, &lines, range.end);
                    lines.clear();
                    (lead, line_begins) = (None, false);
                }
                Event::Start(Tag::Strong) => {
                    if let Some(start) = lead.take() {
                        bold =
                            Some(Heading { level: BOLD_LEVEL, text: String::new(), range: start..range.end });
                    }
                }
                Event::End(TagEnd::Strong) => {
                    outline.headings.extend(bold.take().filter(|heading| asks(heading.text.trim())));
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = heading.as_mut().or(bold.as_mut()) {
                        heading.text.push_str(&part);
                    }
                    lead = None;
                    if std::mem::take(&mut line_begins) {
                        lines.push((range.start, String::new()));
                    }
                    if let Some((_, line)) = lines.last_mut() {
                        line.push_str(&part);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    if let Some(heading) = heading.as_mut().or(bold.as_mut()) {
                        heading.text.push(' ');
                    }
                    line_begins = !lines.is_empty();
                }
                Event::Start(Tag::HtmlBlock) => html = Some(range),
                Event::End(TagEnd::HtmlBlock) => {
                    if let Some(range) = html.take() {
                        outline.html_headings(text, range);
                    }
                }
                Event::Start(Tag::Table(_)) => outline.tables.push(Vec::new()),
                Event::Start(Tag::TableHead | Tag::TableRow) => {
                    if let Some(rows) = outline.tables.last_mut() {
                        rows.push((range.start, Vec::new()));
                    }
                }
                Event::Start(Tag::TableCell) => {
                    if let Some((_, cells)) = outline.tables.last_mut().and_then(|rows| rows.last_mut()) {
                        cells.push(text[range].trim_matches(['|', ' ', '\t']).to_owned());
                    }
                }
                _ => {}
            }
        }
        for heading in &mut outline.headings {
            heading.text = heading.text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        outline.headings.sort_by_key(|heading| heading.range.start);
        outline
    }

    /// Takes the lines of a paragraph that are marked as questions ("Q: …") for headings.
    fn marked_lines(&mut self, text: &str, lines: &[(usize, String)], end: usize) {
        for (at, line) in lines {
            if after_question_mark(line).is_some() {
                let start = text[..*at].rfind('\n').map_or(0, |found| found + 1);
                let end = text[*at..end].find('\n').map_or(end, |found| at + found);
                // A question in bold is one already.
                if self.headings.last().is_none_or(|last| last.range.end <= start) {
                    self.headings.push(Heading { level: BOLD_LEVEL, text: line.clone(), range: start..end });
                }
            }
        }
    }

    /// Takes the headings in a block of HTML: `<h3 …>text</h3>` and `<summary>text</summary>`, over one
    /// line or more.
    fn html_headings(&mut self, text: &str, range: Range<usize>) {
        let source = &text[range.clone()];
        let block = source.to_ascii_lowercase();
        // What looks like a heading in code is none.
        if block.trim_start().starts_with("<pre") {
            return;
        }
        let mut at = 0;
        while let Some(found) = block[at..].find('<').map(|found| at + found) {
            at = found + 1;
            let tag = &block[at..];
            let heading = tag.strip_prefix('h').and_then(|rest| rest.chars().next()?.to_digit(10));
            let (level, close) = match heading.filter(|level| (1..=6).contains(level)) {
                Some(level) => (level as usize, format!("</h{level}>")),
                None if tag.starts_with("summary") => (BOLD_LEVEL, "</summary>".to_owned()),
                None => continue,
            };
            let Some(inner) = block[at..].find('>').map(|found| at + found + 1) else { return };
            let Some(end) = block[inner..].find(&close).map(|found| inner + found) else { continue };
            // The box that a summary is of begins before it.
            let begin = block[..found].rfind("<details").filter(|_| level == BOLD_LEVEL).unwrap_or(found);
            self.headings.push(Heading {
                level,
                text: without_tags(&source[inner..end]),
                range: range.start + begin..range.start + end + close.len(),
            });
            at = end;
        }
    }

    /// An answer with the definitions that its links refer to, as far as it has them not itself.
    fn with_definitions(&self, answer: &str) -> String {
        let mut whole = answer.to_owned();
        if self.definitions.is_empty() {
            return whole;
        }
        let mut seen = HashSet::new();
        for (at, _) in answer.match_indices('[') {
            let Some(end) = answer[at + 1..].find([']', '\n', '[']) else { continue };
            let label = answer[at + 1..at + 1 + end].to_lowercase();
            if let Some(definition) = self.definition_texts.get(&label)
                && seen.insert(label)
                && !answer.contains(definition.as_str())
            {
                whole.push_str("\n\n");
                whole.push_str(definition);
            }
        }
        whole
    }

    /// Where the text ends before the definitions at its end.
    fn end_of_text(&self, text: &str) -> usize {
        let mut ranges: Vec<&Range<usize>> = self.definitions.values().collect();
        ranges.sort_by_key(|range| std::cmp::Reverse(range.end));
        let mut end = text.len();
        for range in ranges {
            if range.end > end || !text[range.end..end].trim().is_empty() {
                break;
            }
            end = range.start;
        }
        end
    }

    /// The entries of a table whose head names questions and answers.
    fn table(&self, text: &str) -> Option<Parsed> {
        let columns = ColumnMap::default();
        let mut lines = Lines::new(text, 1);
        for table in &self.tables {
            let mut rows = Rows::new(&columns, None);
            let mut fits = true;
            for (at, cells) in table {
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                fits &= rows.add(lines.at(*at), &cells).is_ok();
            }
            match rows.finish() {
                Ok(parsed) if fits && !parsed.entries.is_empty() => return Some(parsed),
                _ => {}
            }
        }
        None
    }
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
