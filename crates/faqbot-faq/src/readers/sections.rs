//! The sections of a Markdown page as questions and answers. Shared by Markdown, HTML and reStructuredText.

use std::borrow::Cow;

use super::headings::{asks, question_level, unmarked};
use super::lines::Lines;
use super::outline::{BOLD_LEVEL, Outline};
use crate::error::RowError;
use crate::normalize::abridge;
use crate::parsed::{Parsed, RawEntry};

/// What a comment with a further phrasing begins with, below the heading that is its question.
pub const ALSO: &str = "<!-- also:";

/// Reads the sections of a page. What belongs to none of its questions is left out and reported.
///
/// # Errors
///
/// Returns an error if the page has no headings.
pub fn sections(text: &str) -> Result<Parsed, RowError> {
    let text = &*boxes(text);
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
    if let Some(at) = outline.unclosed {
        let reason =
            "the code block that begins here is never closed: all below it is code, its headings too";
        parsed.notes.push(RowError::new(lines.at(at), reason));
        lines = Lines::new(text, 1);
    }
    let end_of_text = outline.end_of_text(text);
    let mut notes: Vec<(usize, String)> = Vec::new();
    // Everything before this position has been read.
    let mut read = headings.first().map_or(end_of_text, |heading| heading.range.start);
    if !is_furniture(&text[body..read]) {
        parsed.skipped.push(RowError::new(lines.at(body), "text before the first heading is left out"));
    }
    for (at, heading) in headings.iter().enumerate() {
        if heading.range.start < read {
            continue;
        }
        // Lower headings belong to the answer. A section's own text ends at the next heading.
        let is_question = heading.level == level;
        let next = headings[at + 1..].iter().find(|next| !is_question || next.level <= level);
        let end = next.map_or(end_of_text, |next| next.range.start).max(heading.range.end);
        let line = lines.at(heading.range.start);
        let (also, answer) = also(&text[heading.range.end..end]);
        let (question, answer) = unmarked(&heading.text, cleaned(answer, heading.level));
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
            // What is lost there is asked for by someone.
            let inside = headings[at + 1..].iter().take_while(|inner| inner.range.start < end);
            for inner in inside.filter(|inner| inner.text.ends_with(['?', '？'])) {
                let reason = format!(
                    "\"{}\" in the answer to \"{question}\" looks like a question of its own",
                    abridge(&inner.text, 60)
                );
                notes.push((inner.range.start, reason));
            }
            parsed.entries.push(RawEntry {
                line,
                questions: [question].into_iter().chain(also).map(str::to_owned).collect(),
                answer: Some(outline.with_definitions(answer)),
                ..RawEntry::default()
            });
        }
    }
    let mut note_lines = Lines::new(text, 1);
    parsed.notes.extend(notes.into_iter().map(|(at, reason)| RowError::new(note_lines.at(at), reason)));
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

/// Turns boxes that are opened by a click into `<summary>` headings with the text below, line by line: MkDocs'
/// (`??? question "Where is it?"` and what is indented below), Docusaurus' and VuePress' (`:::details Where is it?` to
/// `:::`), and components of MDX (`<Accordion title="Where is it?">`). Other text is unchanged.
fn boxes(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| boxed(line).is_some()) {
        return text.into();
    }
    // How a box ends: where the indent does, at a mark, or at the component's closing tag, which is left out.
    let mut open: Vec<Ends> = Vec::new();
    let lines = text.lines().map(|line| {
        if let Some((title, ends)) = boxed(line) {
            open.push(ends);
            return format!("<summary>{title}</summary>");
        }
        let trimmed = line.trim();
        if let Some(Ends::WithIndent) = open.last() {
            if trimmed.is_empty() || line.starts_with([' ', '\t']) {
                return line
                    .strip_prefix("    ")
                    .or_else(|| line.strip_prefix('\t'))
                    .unwrap_or(line)
                    .to_owned();
            }
            open.pop();
        }
        let ended = match open.last() {
            Some(Ends::AtMark) => trimmed == ":::",
            Some(Ends::AtTag(name)) => trimmed == format!("</{name}>"),
            _ => false,
        };
        if ended {
            open.pop();
            return String::new();
        }
        line.to_owned()
    });
    lines.collect::<Vec<_>>().join("\n").into()
}

/// How a box ends.
enum Ends {
    WithIndent,
    AtMark,
    AtTag(String),
}

/// The question that a line opens a box with.
fn boxed(line: &str) -> Option<(&str, Ends)> {
    let trimmed = line.trim();
    if let Some(rest) = ["???+", "???", "!!!"].iter().find_map(|mark| line.strip_prefix(mark)) {
        let (_, rest) = rest.split_once('"')?;
        let title = rest.trim_end().strip_suffix('"').filter(|title| asks(title))?;
        return Some((title, Ends::WithIndent));
    }
    if let Some(rest) = trimmed.strip_prefix(":::") {
        let (_, title) = rest.trim_start().split_once([' ', '['])?;
        let title = title.trim().trim_end_matches(']').trim_matches('"');
        return asks(title).then_some((title, Ends::AtMark));
    }
    // A component whose title asks; `<details title=…>` is HTML's own.
    let tag = trimmed.strip_prefix('<')?.strip_suffix('>').filter(|tag| !tag.ends_with('/'))?;
    let name_end = tag.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'))?;
    let name = &tag[..name_end];
    name.starts_with(|c: char| c.is_uppercase()).then_some(())?;
    let title =
        ["title", "question", "header", "label", "summary", "heading"].iter().find_map(|attribute| {
            let (_, rest) = tag.split_once(&format!(" {attribute}="))?;
            let rest = rest.strip_prefix('{').unwrap_or(rest);
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
            rest[1..].split_once(quote).map(|(title, _)| title)
        })?;
    Some((title, Ends::AtTag(name.to_owned()))).filter(|(title, _)| !title.trim().is_empty())
}

/// The phrasings in comments above an answer, and the rest.
fn also(text: &str) -> (Vec<&str>, &str) {
    let (mut phrasings, mut rest) = (Vec::new(), text);
    while let Some(comment) = rest.trim_start().strip_prefix(ALSO) {
        let line = comment.lines().next().unwrap_or_default();
        let Some(phrasing) = line.trim_end().strip_suffix("-->") else { break };
        phrasings.push(phrasing.trim());
        rest = &comment[line.len()..];
    }
    (phrasings, rest)
}

/// Strips the markup around an answer.
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
        // In "**Is it free**? Yes.", the question mark is not bold.
        answer = answer.trim_start_matches(['?', '？', ':', '：']).trim_start();
    }
    answer
}

/// Whether a text has nothing for readers: only comments, imports, and pictures and links by themselves.
fn is_furniture(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).all(|line| {
        ["<!--", "-->", "[", "![", "* [", "- [", "import ", "export ", "<", "---", "***"]
            .iter()
            .any(|mark| line.starts_with(mark))
            || line.ends_with("-->")
            || line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". [")
    })
}

/// Whether there are two or more lines and all are links to places on the same page.
fn is_contents(answer: &str) -> bool {
    let lines = || answer.lines().map(str::trim).filter(|line| !line.is_empty());
    let link = |line: &str| {
        let item = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let item = item.trim_start_matches(['-', '*', '+', '.', ')', ' ']);
        item.starts_with('[') && item.contains("](#")
    };
    lines().count() > 1 && lines().all(link)
}

/// Where the text starts after YAML or TOML front matter.
pub fn front_matter(text: &str) -> usize {
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
