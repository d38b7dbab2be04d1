//! The outline of a Markdown text: headings, bold questions, tables and link definitions.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::columns::ColumnMap;
use super::headings::{after_question_mark, asks};
use super::lines::Lines;
use super::table::Rows;
use crate::normalize::one_line;
use crate::parsed::Parsed;

/// The level of bold paragraphs and summaries, below all headings.
pub const BOLD_LEVEL: usize = 7;

/// A heading: its level from 1 to 6 (or [`BOLD_LEVEL`]), its text, and where it is in the file.
#[derive(Debug)]
pub struct Heading {
    pub level: usize,
    pub text: String,
    pub range: Range<usize>,
}

/// The parts of a page.
#[derive(Debug, Default)]
pub struct Outline {
    pub headings: Vec<Heading>,
    /// Where the link definitions are, by their labels.
    definitions: HashMap<String, Range<usize>>,
    /// The text of each definition, by its label.
    definition_texts: HashMap<String, String>,
    /// Where a fenced code block begins that is never closed and has what looks like headings in it.
    pub unclosed: Option<usize>,
    /// The rows of each table with their positions; cells keep their source text.
    tables: Vec<Vec<(usize, Vec<String>)>>,
}

impl Outline {
    /// The outline of a text from `start` on.
    pub fn of(text: &str, start: usize) -> Self {
        let mut outline = Outline::default();
        let mut heading: Option<Heading> = None;
        let mut html: Option<Range<usize>> = None;
        // Where a paragraph or list item starts, until its first content; and the bold text at its start.
        let mut lead: Option<usize> = None;
        let mut bold: Option<Heading> = None;
        // Bold text that has a line of its own, and does not ask.
        let mut bold_lines: Vec<Heading> = Vec::new();
        // The lines of a paragraph, with the positions where they start.
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
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                    let block = &text[range.clone()];
                    let mut lines = block.lines().skip(1);
                    // One within a list or quotation ends with it.
                    let at_the_end = text[range.end..].trim().is_empty();
                    let fence: String = block.chars().take_while(|c| matches!(c, '`' | '~')).collect();
                    let closes = |last: &str| last.trim().starts_with(&fence);
                    let closed = !at_the_end || lines.clone().last().is_some_and(closes);
                    if !closed && lines.any(|line| line.starts_with('#')) {
                        outline.unclosed.get_or_insert(range.start);
                    }
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
                    if let Some(heading) = bold.take() {
                        if asks(heading.text.trim()) || after_question_mark(&heading.text).is_some() {
                            outline.headings.push(heading);
                        } else if rest_of_line(&text[heading.range.end..]).is_empty() {
                            bold_lines.push(heading);
                        }
                    }
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
        // Where most such lines ask, the others are questions as well.
        let asking = outline.headings.iter().filter(|heading| heading.level == BOLD_LEVEL).count();
        if asking >= 2 && asking >= 2 * bold_lines.len() {
            for mut heading in bold_lines {
                let text = heading.text.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
                if let Some(text) = text.strip_prefix(['.', ')']).filter(|text| text.starts_with(' ')) {
                    heading.text = text.to_owned();
                }
                outline.headings.push(heading);
            }
        }
        for heading in &mut outline.headings {
            heading.text = one_line(&heading.text);
        }
        outline.headings.sort_by_key(|heading| heading.range.start);
        outline
    }

    /// Adds the lines of a paragraph that are marked as questions ("Q: …") to the headings.
    fn marked_lines(&mut self, text: &str, lines: &[(usize, String)], end: usize) {
        for (at, line) in lines {
            if after_question_mark(line).is_some() {
                let start = text[..*at].rfind('\n').map_or(0, |found| found + 1);
                let end = text[*at..end].find('\n').map_or(end, |found| at + found);
                // A bold question is already a heading.
                if self.headings.last().is_none_or(|last| last.range.end <= start) {
                    self.headings.push(Heading { level: BOLD_LEVEL, text: line.clone(), range: start..end });
                }
            }
        }
    }

    /// Adds the headings in a block of HTML: `<h3 …>text</h3>` and `<summary>text</summary>`, on one line or
    /// more.
    fn html_headings(&mut self, text: &str, range: Range<usize>) {
        let source = &text[range.clone()];
        let block = source.to_ascii_lowercase();
        // Skip what looks like a heading in code.
        if block.trim_start().starts_with("<pre") {
            return;
        }
        // Closing tags that do not come any more: looked for once, not once a heading.
        let mut gone: HashSet<String> = HashSet::new();
        let (mut at, mut read) = (0, 0);
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
            if gone.contains(&close) {
                continue;
            }
            let Some(end) = block[inner..].find(&close).map(|found| inner + found) else {
                gone.insert(close);
                continue;
            };
            // The `<details>` of a summary starts before it, and after the heading before.
            let begin = block[read..found].rfind("<details").filter(|_| level == BOLD_LEVEL);
            let begin = begin.map_or(found, |begin| read + begin);
            self.headings.push(Heading {
                level,
                text: without_tags(&source[inner..end]),
                range: range.start + begin..range.start + end + close.len(),
            });
            (at, read) = (end, end);
        }
    }

    /// An answer, followed by the definitions that its links refer to and that it does not contain itself.
    pub fn with_definitions(&self, answer: &str) -> String {
        let mut whole = answer.to_owned();
        if self.definitions.is_empty() {
            return whole;
        }
        let mut seen = HashSet::new();
        let own: HashSet<&str> = answer.lines().map(str::trim).collect();
        for (at, _) in answer.match_indices('[') {
            let Some(end) = answer[at + 1..].find([']', '\n', '[']) else { continue };
            let label = answer[at + 1..at + 1 + end].to_lowercase();
            if let Some(definition) = self.definition_texts.get(&label)
                && seen.insert(label)
                && !definition.lines().next().is_some_and(|first| own.contains(first.trim()))
            {
                whole.push_str("\n\n");
                whole.push_str(definition);
            }
        }
        whole
    }

    /// Where the text ends, before any definitions at its end.
    pub fn end_of_text(&self, text: &str) -> usize {
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

    /// The entries of a table whose header names questions and answers.
    pub fn table(&self, text: &str) -> Option<Parsed> {
        let columns = ColumnMap::default();
        let mut lines = Lines::new(text, 1);
        for table in &self.tables {
            let mut rows = Rows::new(&columns, None, None);
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

/// What is on the line where a text begins.
fn rest_of_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_matches([' ', '\t', '\\', ':'])
}

/// Strips everything between `<` and `>`.
fn without_tags(html: &str) -> String {
    let mut inside = false;
    html.chars()
        .filter(|&c| {
            inside = (inside || c == '<') && c != '>';
            !inside && c != '>'
        })
        .collect()
}
