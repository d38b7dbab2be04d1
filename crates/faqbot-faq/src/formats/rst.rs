//! reStructuredText whose section titles are the questions.
//!
//! Titles and common markup are converted to Markdown line by line; the level of the questions is then found
//! as in Markdown. Directives that name other files (`include`, `toctree`) are not followed.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::headings::asks;
use crate::readers::sections::sections;

/// Reads a reStructuredText FAQ.
///
/// # Errors
///
/// Returns an error if there are no section titles.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let (lines, numbers) = convert(text);
    if !lines.iter().any(|line| line.starts_with('#') || line.starts_with("<summary>")) {
        return Err(RowError::new(1, "no section titles: in reStructuredText, the questions are titles"));
    }
    let mut parsed = sections(&lines.join("\n"))?;
    let number = |line: usize| numbers.get(line - 1).copied().unwrap_or(1);
    parsed.entries.iter_mut().for_each(|entry| entry.line = number(entry.line));
    parsed.skipped.iter_mut().for_each(|row| row.line = number(row.line));
    Ok(parsed)
}

/// Weak if there are at least two titles.
pub fn detect(text: &str) -> Detection {
    let lines: Vec<&str> = text.lines().collect();
    Detection::weak(lines.windows(2).filter(|pair| is_underlined(pair[0], pair[1])).take(2).count() == 2)
}

/// Whether a line is an adornment: one punctuation character, repeated.
fn is_adornment(line: &str) -> bool {
    let line = line.trim_end();
    let Some(first) = line.chars().next() else { return false };
    line.len() >= 3 && first.is_ascii_punctuation() && line.chars().all(|c| c == first)
}

fn is_underlined(title: &str, below: &str) -> bool {
    is_adornment(below)
        && !title.trim().is_empty()
        && !is_adornment(title)
        && title.trim_end().chars().count() <= below.trim_end().chars().count()
}

/// What the indented lines below a line belong to.
enum Block {
    None,
    /// A code block with an open fence: the indentation of the line that started it, and of its own first
    /// line.
    Code(usize, Option<usize>),
    /// The text of a directive, shown without its indentation.
    Text(usize),
    /// Of no use to readers.
    Dropped(usize),
}

/// Converts a text to Markdown, line by line, and returns the source line of each.
fn convert(text: &str) -> (Vec<String>, Vec<usize>) {
    let lines: Vec<&str> = text.lines().collect();
    let (mut out, mut numbers) = (Vec::new(), Vec::new());
    // Adornments in order of appearance, which gives their level.
    let mut levels: Vec<(char, bool)> = Vec::new();
    let mut block = Block::None;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let number = at + 1;
        let after_fence = out.last().is_some_and(|last: &String| last.starts_with("```"));
        let mut push = |text: String| {
            out.push(text);
            numbers.push(number);
        };
        let indent = line.len() - line.trim_start().len();
        let blank = line.trim().is_empty();
        match &mut block {
            Block::Code(depth, first) if blank || indent > *depth => {
                if !(blank && after_fence) {
                    let first = *first.get_or_insert(indent);
                    push(line.get(first.min(indent)..).unwrap_or_default().to_owned());
                }
                at += 1;
                continue;
            }
            Block::Text(depth) | Block::Dropped(depth) if blank || indent > *depth => {
                let depth = *depth;
                let shown = matches!(block, Block::Text(_)) || blank;
                let inner = line.get((depth + 3).min(indent)..).unwrap_or_default();
                let inner = if is_option(inner) { "" } else { inner };
                push(if shown { inline(inner) } else { String::new() });
                at += 1;
                continue;
            }
            Block::Code(..) => {
                push("```".into());
                push(String::new());
            }
            _ => {}
        }
        block = Block::None;
        let overlined = is_adornment(line)
            && at + 2 < lines.len()
            && lines[at + 2].trim_end() == line.trim_end()
            && !lines[at + 1].trim().is_empty();
        let title = if overlined { at + 1 } else { at };
        if overlined || (at + 1 < lines.len() && indent == 0 && is_underlined(line, lines[at + 1])) {
            let mark = lines[title + 1].chars().next().unwrap_or_default();
            let level = levels.iter().position(|&known| known == (mark, overlined)).unwrap_or_else(|| {
                levels.push((mark, overlined));
                levels.len() - 1
            });
            push(String::new());
            push(format!("{} {}", "#".repeat((level + 1).min(6)), inline(lines[title].trim())));
            push(String::new());
            at = title + 2;
            continue;
        }
        // A line that is a question, with indented text below: an entry of a definition list.
        let below = lines.get(at + 1).is_some_and(|below| below.starts_with(' ') && !below.trim().is_empty());
        if indent == 0 && line.trim_end().ends_with('?') && below && !line.starts_with("..") {
            push(format!("**{}**", line.trim_end()));
            push(String::new());
            block = Block::Text(0);
            at += 1;
            continue;
        }
        if let Some(directive) = line.trim_start().strip_prefix(".. ") {
            block = directive_block(directive, indent, &mut push);
        } else if line.trim() == ".." {
            block = Block::Dropped(indent);
        } else if let Some(text) = line.trim_end().strip_suffix("::").filter(|_| !is_adornment(line)) {
            if !text.trim().is_empty() {
                push(format!("{}:", inline(text)));
            }
            push(String::new());
            push("```".into());
            block = Block::Code(indent, None);
        } else {
            let item = line
                .trim_start()
                .strip_prefix("#. ")
                .map(|item| format!("{}1. {}", &line[..indent], inline(item)));
            push(item.unwrap_or_else(|| inline(line)));
        }
        at += 1;
    }
    if let Block::Code(..) = block {
        out.push("```".into());
        numbers.push(lines.len());
    }
    (out, numbers)
}

/// Handles a directive (the text after its two dots) and returns what the lines below it are.
fn directive_block(directive: &str, indent: usize, push: &mut dyn FnMut(String)) -> Block {
    let Some((name, argument)) = directive.split_once("::").filter(|(name, _)| !name.contains(' ')) else {
        // A link target becomes a Markdown definition; comments and labels are dropped.
        if let Some((name, address)) = directive.strip_prefix('_').and_then(|target| target.split_once(": "))
        {
            push(format!("[{}]: {}", name.trim_matches('`'), address.trim()));
        }
        return Block::Dropped(indent);
    };
    let argument = argument.trim();
    match name {
        "code-block" | "code" | "sourcecode" | "literalinclude" | "parsed-literal" => {
            push(format!("```{argument}"));
            Block::Code(indent, None)
        }
        "dropdown" | "collapse" | "details" | "toggle" | "accordion" | "admonition"
            if name != "admonition" || asks(argument) =>
        {
            push(format!("<summary>{}</summary>", inline(argument)));
            push(String::new());
            Block::Text(indent)
        }
        "note" | "warning" | "tip" | "important" | "caution" | "danger" | "hint" | "attention"
        | "seealso" | "admonition" => {
            let mut title = name.to_owned();
            title[..1].make_ascii_uppercase();
            push(format!("**{title}:** {}", inline(argument)));
            Block::Text(indent)
        }
        "image" | "figure" => {
            push(format!("![]({argument})"));
            Block::Dropped(indent)
        }
        "contents" | "toctree" | "include" | "index" | "meta" | "highlight" | "raw" => Block::Dropped(indent),
        _ => {
            push(inline(argument));
            Block::Text(indent)
        }
    }
}

/// Whether a line is an option of a directive, such as `:open:` or `:class: wide`.
fn is_option(line: &str) -> bool {
    let name = line.trim().strip_prefix(':').and_then(|rest| rest.split_once(':'));
    name.is_some_and(|(name, rest)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// Converts the markup within a line: literals, links, and roles such as `:ref:`.
fn inline(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('`') {
        let marks = if rest[open..].starts_with("``") { 2 } else { 1 };
        let Some(close) = rest[open + marks..].find(&"``"[..marks]).map(|at| open + marks + at) else {
            break;
        };
        let body = &rest[open + marks..close];
        let after = &rest[close + marks..];
        let mut before = &rest[..open];
        // A role precedes its text: :doc:`Guide <guide>`.
        let role = before.strip_suffix(':').and_then(|role| role.rfind(':').map(|at| (at, &role[at + 1..])));
        let role = role.filter(|(_, name)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ":-_".contains(c))
        });
        if let Some((at, _)) = role {
            before = &before[..at];
        }
        out.push_str(before);
        let link = body
            .strip_suffix('>')
            .and_then(|body| body.rsplit_once('<'))
            .map(|(text, target)| (text.trim(), target));
        match (marks, role, link) {
            (1, Some(_), Some((text, _))) => out.push_str(text),
            (1, None, Some((text, target))) => out.push_str(&format!("[{text}]({target})")),
            (1, None, None) if after.starts_with('_') => out.push_str(&format!("[{body}]")),
            _ => out.push_str(&format!("`{body}`")),
        }
        rest = if marks == 1 { after.trim_start_matches('_') } else { after };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_questions_and_marks_become_markdown() {
        let text = "===\nFAQ\n===\n\n.. contents::\n   :local:\n\nOrders\n======\n\n.. _track:\n\nWhere is my order?\n------------------\n\nSee ``orders`` and `the page <https://x.org>`_, or :ref:`Returns <r>`. Run::\n\n   track --all\n     now\n\nThen:\n\n#. wait\n\n.. note:: It takes\n   a day.\n\nCan I return it?\n----------------\n\nYes.\n";
        let parsed = parse(text).unwrap();
        let entries: Vec<(usize, &str, &str)> = parsed
            .entries
            .iter()
            .map(|raw| (raw.line, &*raw.questions[0], raw.answer.as_deref().unwrap()))
            .collect();
        assert_eq!(entries.len(), 2, "{entries:?}");
        assert_eq!((entries[0].0, entries[0].1), (13, "Where is my order?"));
        let answer = entries[0].2;
        for part in [
            "`orders`",
            "[the page](https://x.org)",
            "or Returns.",
            "```\ntrack --all\n  now\n",
            "1. wait",
            "**Note:** It takes\na day.",
        ] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        assert_eq!(entries[1], (28, "Can I return it?", "Yes."));
        assert_eq!(parsed.title.as_deref(), Some("FAQ"));
    }

    #[test]
    fn questions_of_a_definition_list_are_entries() {
        let parsed = parse(
            "Shop\n====\n\nHow do I cancel?\n   With the button.\n\n   * now\n\nCan I return it?\n   Yes.\n",
        )
        .unwrap();
        let answers: Vec<&str> = parsed.entries.iter().map(|raw| raw.answer.as_deref().unwrap()).collect();
        assert_eq!(answers, ["With the button.\n\n* now", "Yes."]);
        assert_eq!((parsed.entries[1].line, &*parsed.entries[1].questions[0]), (9, "Can I return it?"));
    }

    #[test]
    fn text_without_titles_is_an_error() {
        assert!(parse("just text").is_err());
        assert!(parse("").is_err());
        assert!(parse("``\n---\n`a").is_err());
    }
}
