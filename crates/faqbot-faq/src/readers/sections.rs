//! The sections of a Markdown page as questions and answers. Shared by Markdown, HTML and reStructuredText.

use std::borrow::Cow;

use super::headings::{QUESTION_ENDS, asks, question_level, unmarked};
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
            for inner in inside.filter(|inner| inner.text.ends_with(QUESTION_ENDS)) {
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
    parsed.taken = Some(match level {
        BOLD_LEVEL => "questions in bold lines or boxes, answers below them".to_owned(),
        level => format!("questions in headings of level {level}, answers below them"),
    });
    parsed.title = headings.iter().find(|heading| heading.level < level).map(|heading| heading.text.clone());
    Ok(parsed)
}

/// Turns boxes that are opened by a click into `<summary>` headings with the text below, line by line: MkDocs'
/// (`??? question "Where is it?"` and what is indented below), Docusaurus' and VuePress' (`:::details Where is it?` to
/// `:::`), MyST's (```` ```{dropdown} Where is it? ````), components of MDX (`<Accordion title="Where is it?">`), also such
/// as have the answer in their tag, and Hugo's shortcodes (`{{< faq question="Where is it?" >}}`). The marks of other boxes
/// and of templates are left out. Other text is unchanged.
fn boxes(text: &str) -> Cow<'_, str> {
    let marks = ["???", "!!!", ":::", "{dropdown}", "{{<", "{%"];
    let component = |line: &str| {
        line.trim_start()
            .strip_prefix('<')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    if !text.lines().any(|line| component(line) || marks.iter().any(|mark| line.contains(mark))) {
        return text.into();
    }
    // How a box ends: where the indent does, at a mark, or at a closing tag, which is left out.
    let mut open: Vec<Ends> = Vec::new();
    let mut code: Option<String> = None;
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if let Some(Ends::WithIndent) = open.last() {
            if trimmed.is_empty() || line.starts_with([' ', '\t']) {
                let inner = line.strip_prefix("    ").or_else(|| line.strip_prefix('\t')).unwrap_or(line);
                out.push(inner.to_owned());
                continue;
            }
            open.pop();
        }
        if let Some(fence) = &code {
            if trimmed.starts_with(fence.as_str()) {
                code = None;
            }
            out.push(line.to_owned());
            continue;
        }
        // A tag may go over several lines; they stay as many.
        let mut tag = Cow::Borrowed(line);
        let mut more = 0;
        if component(line) && !line.contains('>') {
            for next in lines.clone().take(MOST_TAG_LINES) {
                more += 1;
                tag = format!("{tag} {}", next.trim()).into();
                if next.contains('>') {
                    break;
                }
            }
            if !tag.contains('>') {
                (tag, more) = (line.into(), 0);
            }
        }
        if let Some(boxed) = boxed(&tag) {
            out.push(format!("<summary>{}</summary>", boxed.title));
            match boxed.ends {
                Some(ends) => open.push(ends),
                None => out.extend([String::new(), boxed.answer.unwrap_or_default(), String::new()]),
            }
            for _ in 0..more {
                lines.next();
                out.push(String::new());
            }
            continue;
        }
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            let mark = &trimmed[..1];
            code = Some(mark.repeat(trimmed.len() - trimmed.trim_start_matches(mark).len()));
        }
        let ended = match open.last() {
            Some(Ends::AtMark(mark)) => trimmed == mark,
            Some(Ends::AtTag(name)) => trimmed == format!("</{name}>"),
            Some(Ends::AtShortcode(name)) => {
                shortcode(trimmed).is_some_and(|(own, _)| own == format!("/{name}"))
            }
            _ => false,
        };
        if ended {
            open.pop();
            if code.as_deref().is_some_and(|fence| trimmed == fence) {
                code = None;
            }
            out.push(String::new());
        } else if is_mark_of_a_box(trimmed) {
            out.push(String::new());
        } else if let Some(note) = note_of_mkdocs(line) {
            open.push(Ends::WithIndent);
            out.push(format!("{note}:"));
        } else if let Some(title) =
            trimmed.strip_prefix(":::").and_then(|rest| rest.trim_start().split_once([' ', '[']))
        {
            out.push(format!("{}:", title.1.trim().trim_end_matches(']')));
        } else {
            out.push(line.to_owned());
        }
    }
    out.join("\n").into()
}

/// A component's tag goes over no more lines than this.
const MOST_TAG_LINES: usize = 30;

/// Whether a line only opens or closes a box or a part of a template: `:::tip`, `:::`, `{% endhint %}`.
fn is_mark_of_a_box(line: &str) -> bool {
    let admonition =
        line.strip_prefix(":::").is_some_and(|rest| rest.chars().all(|c| c.is_alphanumeric() || c == ':'));
    admonition || (line.starts_with("{%") && line.ends_with("%}") && line.matches("{%").count() == 1)
}

/// The title of a note: `!!! note`, `??? tip "Mind the gap"`.
fn note_of_mkdocs(line: &str) -> Option<String> {
    let rest = ["!!! ", "???+ ", "??? "].iter().find_map(|mark| line.strip_prefix(mark))?;
    let (kind, title) = rest.split_once('"').unwrap_or((rest, ""));
    let title = title.trim_end().trim_end_matches('"');
    let mut kind = kind.trim().to_owned();
    if kind.is_empty() || !kind.chars().all(|c| c.is_ascii_lowercase() || c == ' ') {
        return None;
    }
    kind[..1].make_ascii_uppercase();
    Some(if title.is_empty() { kind } else { title.to_owned() })
}

/// How a box ends.
enum Ends {
    WithIndent,
    AtMark(String),
    AtTag(String),
    AtShortcode(String),
}

/// A box that a line opens.
struct Boxed {
    title: String,
    /// `None` where it has no inside.
    ends: Option<Ends>,
    /// What its tag says that the answer is.
    answer: Option<String>,
}

/// Names of a component's or shortcode's attributes with the question.
const TITLES: [&str; 8] = ["title", "question", "header", "label", "summary", "heading", "q", "name"];

/// The question that a line opens a box with.
fn boxed(line: &str) -> Option<Boxed> {
    let trimmed = line.trim();
    let with = |title: &str, ends: Ends| Boxed { title: title.to_owned(), ends: Some(ends), answer: None };
    if let Some(rest) = ["???+", "???", "!!!"].iter().find_map(|mark| line.strip_prefix(mark)) {
        let (_, rest) = rest.split_once('"')?;
        let title = rest.trim_end().strip_suffix('"').filter(|title| asks(title))?;
        return Some(with(title, Ends::WithIndent));
    }
    // MyST's: ```{dropdown} Where is it?
    if let Some((fence, title)) = trimmed.split_once("{dropdown}") {
        let known =
            fence.len() >= 3 && [":", "`", "~"].iter().any(|mark| fence.chars().all(|c| mark.contains(c)));
        return known
            .then(|| with(title.trim(), Ends::AtMark(fence.to_owned())))
            .filter(|own| !own.title.is_empty());
    }
    if let Some(rest) = trimmed.strip_prefix(":::") {
        let (_, title) = rest.trim_start().split_once([' ', '['])?;
        let title = title.trim().trim_end_matches(']').trim_matches('"');
        return asks(title).then(|| with(title, Ends::AtMark(":::".to_owned())));
    }
    if let Some((name, rest)) = shortcode(trimmed) {
        let attributes = format!(" {rest}");
        let title = TITLES.iter().find_map(|name| attribute(&attributes, name)).or_else(|| {
            // Hugo's may have no names.
            rest.trim()
                .strip_prefix('"')?
                .split_once('"')
                .map(|(title, _)| title.to_owned())
                .filter(|title| asks(title))
        })?;
        let ends = Ends::AtShortcode(name.to_owned());
        return Some(Boxed { title, ends: Some(ends), answer: None })
            .filter(|own| !own.title.trim().is_empty());
    }
    // A component with a title; `<details title=…>` is HTML's own.
    let tag = trimmed.strip_prefix('<')?.strip_suffix('>')?;
    let name_end = tag.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_'))?;
    let (name, inner) = tag.split_at(name_end);
    name.starts_with(|c: char| c.is_uppercase()).then_some(())?;
    let title =
        TITLES.iter().find_map(|name| attribute(inner, name)).filter(|title| !title.trim().is_empty())?;
    if let Some(inner) = inner.strip_suffix('/') {
        let answer = ["answer", "text", "content", "description", "a"]
            .iter()
            .find_map(|name| attribute(inner, name))?;
        return Some(Boxed { title, ends: None, answer: Some(answer) });
    }
    Some(with(&title, Ends::AtTag(name.to_owned())))
}

/// The name of a shortcode that is all of a line, and what else is in it.
fn shortcode(line: &str) -> Option<(&str, &str)> {
    let inner = [("{{<", ">}}"), ("{{%", "%}}")]
        .iter()
        .find_map(|(open, close)| line.strip_prefix(open)?.strip_suffix(close))?
        .trim();
    Some(inner.split_once(char::is_whitespace).unwrap_or((inner, "")))
}

/// The text of an attribute: `name="…"`, `name={'…'}`.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    rest[1..].split_once(quote).map(|(text, _)| text.to_owned())
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
