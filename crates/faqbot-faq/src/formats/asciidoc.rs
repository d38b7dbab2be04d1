//! AsciiDoc: sections, or labelled lists such as `[qanda]`, are the questions.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::translated::{Translated, emphasis};

/// Reads a document.
///
/// # Errors
///
/// Returns an error if the text has no sections.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut out = Translated::default();
    let mut in_code: Option<&str> = None;
    let mut in_comment = false;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim();
        if trimmed == "////" {
            in_comment = !in_comment;
            continue;
        }
        if in_comment {
            continue;
        }
        if ["----", "....", "```"].contains(&trimmed) {
            in_code = if in_code == Some(trimmed) { None } else { in_code.or(Some(trimmed)) };
            out.push(number, "```");
        } else if in_code.is_some() {
            out.push(number, line);
        } else if trimmed.starts_with("//")
            || is_attribute(trimmed)
            || is_block(trimmed)
            || trimmed == "+"
            || trimmed == "===="
        {
            out.push(number, "");
        } else if let Some((level, heading)) = heading(line) {
            out.push(number, &format!("{} {}", "#".repeat(level), inline(heading)));
        } else if let Some((term, definition)) = labelled(trimmed) {
            out.push(number, &format!("###### {}\n{}", inline(term), inline(definition)));
        } else if let Some((level, mark, item)) = item(trimmed) {
            out.push(number, &format!("{}{mark} {}", "   ".repeat(level - 1), inline(item)));
        } else {
            out.push(number, &inline(trimmed));
        }
    }
    out.parse()
}

/// Strong if there is a title or section and something else of AsciiDoc's, weak for sections alone.
pub fn detect(text: &str) -> Detection {
    let sections = text.lines().filter(|line| heading(line).is_some()).count();
    let own = text.lines().any(|line| is_attribute(line.trim()) || is_block(line.trim()));
    if sections > 0 && own {
        Detection::Strong
    } else {
        Detection::weak(sections > 0 || text.contains("[qanda]"))
    }
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('=');
    let level = line.len() - rest.len();
    let text = rest.strip_prefix(' ')?.trim();
    ((1..=6).contains(&level) && !text.is_empty() && !text.ends_with("==")).then_some((level, text))
}

/// `:toc: left`
fn is_attribute(line: &str) -> bool {
    line.strip_prefix(':').and_then(|rest| rest.split_once(':')).is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '!'))
    })
}

/// `[source,sh]`, `[[anchor]]`, `.Title of a block`
fn is_block(line: &str) -> bool {
    (line.starts_with('[') && line.ends_with(']') && !line.contains("](") && !line.contains(". "))
        || (line.starts_with('.') && line[1..].starts_with(|c: char| c.is_alphabetic()))
}

/// `Where is it?:: Here.`
fn labelled(line: &str) -> Option<(&str, &str)> {
    let (term, definition) = line.split_once("::")?;
    let apart = definition.is_empty() || definition.starts_with(' ');
    (apart && !term.trim().is_empty() && !term.contains("://")).then_some((term.trim(), definition.trim()))
}

fn item(line: &str) -> Option<(usize, &'static str, &str)> {
    for (sign, mark) in [('*', "-"), ('-', "-"), ('.', "1.")] {
        let rest = line.trim_start_matches(sign);
        let level = line.len() - rest.len();
        if level > 0 && rest.starts_with(' ') {
            return Some((level, mark, rest.trim_start()));
        }
    }
    None
}

fn inline(text: &str) -> String {
    let text = emphasis(text, '*', |words| format!("**{words}**"));
    let text = emphasis(&text, '_', |words| format!("*{words}*"));
    links(&text)
}

/// `https://x.example[words]`, `link:page.html[words]` and `<<anchor,words>>`.
fn links(text: &str) -> String {
    const MARKS: [&str; 4] = ["https://", "http://", "link:", "mailto:"];
    let mut out = String::with_capacity(text.len());
    // Where each mark is next, and where the last link may end: so that no text is searched more than once for any.
    let mut next = MARKS.map(|mark| text.find(mark));
    let last_close = text.rfind(']');
    let mut done = 0;
    loop {
        for (place, mark) in next.iter_mut().zip(MARKS) {
            if place.is_some_and(|at| at < done) {
                *place = text[done..].find(mark).map(|at| done + at);
            }
        }
        let Some(start) = next.iter().flatten().min().copied() else { break };
        let address_end = text[start..].find(|c: char| c == '[' || c.is_whitespace()).map(|at| start + at);
        let end = address_end.filter(|&at| text[at..].starts_with('[') && last_close > Some(at));
        let close = end.and_then(|at| text[at..].find(']').map(|close| at + close));
        let (Some(end), Some(close)) = (end, close) else {
            let past = address_end.unwrap_or(text.len());
            out.push_str(&text[done..past]);
            done = past;
            continue;
        };
        let address = text[start..end].strip_prefix("link:").unwrap_or(&text[start..end]);
        let words = text[end + 1..close].trim_end_matches('^');
        out.push_str(&text[done..start]);
        out.push_str(&if words.is_empty() {
            format!("<{address}>")
        } else {
            format!("[{words}]({address})")
        });
        done = close + 1;
    }
    out + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_labelled_lists_ask() {
        let text = "= FAQ\n:toc: left\n\n== Where is *it*?\nUnder https://x.example[the orders].\n\n* one\n** two\n\n== And then?\n[source,sh]\n----\n== no heading\n----\n";
        assert_eq!(detect(text), Detection::Strong);
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.title.as_deref(), parsed.entries.len()), (Some("FAQ"), 2));
        assert_eq!(parsed.entries[0].questions, ["Where is it?"]);
        assert_eq!(
            parsed.entries[0].answer.as_deref(),
            Some("Under [the orders](https://x.example).\n\n- one\n   - two")
        );
        assert_eq!(
            (parsed.entries[1].line, parsed.entries[1].answer.as_deref()),
            (10, Some("```\n== no heading\n```"))
        );
        let list = parse("[qanda]\nIs it free?:: Yes.\nHow long?::\n  Long.\n").unwrap();
        assert_eq!((list.entries.len(), list.entries[1].answer.as_deref()), (2, Some("Long.")));
        assert!(parse("just text").is_err());
    }
}
