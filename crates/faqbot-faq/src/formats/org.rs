//! Org mode: headlines, or lists of terms with descriptions, are the questions.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::translated::{Translated, between, emphasis};

/// Reads a document.
///
/// # Errors
///
/// Returns an error if the text has no headlines.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut out = Translated::default();
    let (mut in_code, mut in_drawer) = (false, false);
    let mut title = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim();
        let lower = trimmed.to_lowercase();
        if lower.starts_with("#+begin_") || lower.starts_with("#+end_") {
            let code = lower.contains("src") || lower.contains("example");
            in_code = code && lower.starts_with("#+begin_");
            out.push(number, if code { "```" } else { "" });
        } else if in_code {
            out.push(number, line);
        } else if lower.starts_with("#+title:") {
            title = Some(trimmed["#+title:".len()..].trim().to_owned());
            out.push(number, "");
        } else if lower == ":properties:" || lower == ":logbook:" {
            in_drawer = true;
        } else if in_drawer {
            in_drawer = lower != ":end:";
        } else if trimmed.starts_with("#+") || trimmed == "#" || trimmed.starts_with("# ") {
            out.push(number, "");
        } else if let Some((level, heading)) = headline(line) {
            out.push(number, &format!("{} {}", "#".repeat(level.min(6)), inline(heading)));
        } else if let Some((term, definition)) = term(trimmed) {
            out.push(number, &format!("###### {}\n{}", inline(term), inline(definition)));
        } else {
            let indent = line.len() - line.trim_start().len();
            let item = trimmed.strip_prefix("+ ").map(|item| format!("- {item}"));
            let text = item.as_deref().unwrap_or(trimmed);
            let is_item = text.starts_with("- ") || text.starts_with(|c: char| c.is_ascii_digit());
            let indent = if is_item { &line[..indent] } else { "" };
            out.push(number, &format!("{indent}{}", inline(text)));
        }
    }
    let mut parsed = out.parse()?;
    parsed.title = title.or(parsed.title);
    Ok(parsed)
}

/// Strong for headlines with something else of Org's, weak for headlines alone.
pub fn detect(text: &str) -> Detection {
    let headlines = text.lines().filter(|line| headline(line).is_some()).count();
    let own = text.lines().any(|line| {
        let line = line.trim().to_lowercase();
        line.starts_with("#+") || line == ":properties:"
    });
    if headlines > 0 && own { Detection::Strong } else { Detection::weak(headlines > 0) }
}

fn headline(line: &str) -> Option<(usize, &str)> {
    let rest = line.trim_start_matches('*');
    let level = line.len() - rest.len();
    let mut text = rest.strip_prefix(' ').filter(|_| level > 0)?.trim();
    for keyword in ["TODO ", "DONE "] {
        text = text.strip_prefix(keyword).unwrap_or(text);
    }
    // `:tag:tag:` at the end.
    if let Some((before, tags)) = text.rsplit_once(' ')
        && tags.len() > 2
        && tags.starts_with(':')
        && tags.ends_with(':')
    {
        text = before.trim_end();
    }
    (!text.is_empty()).then_some((level, text))
}

/// `- term :: description`
fn term(line: &str) -> Option<(&str, &str)> {
    let (term, definition) = line.strip_prefix("- ")?.split_once(" ::")?;
    Some((term.trim(), definition.trim()))
}

fn inline(text: &str) -> String {
    let text = emphasis(text, '*', |words| format!("**{words}**"));
    let text = emphasis(&text, '/', |words| format!("*{words}*"));
    let text = emphasis(&text, '=', |words| format!("`{words}`"));
    let text = emphasis(&text, '~', |words| format!("`{words}`"));
    between(&text, "[[", "]]", |link| match link.split_once("][") {
        Some((address, words)) => format!("[{words}]({address})"),
        None => format!("<{link}>"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_ask_and_markup_becomes_markdown() {
        let text = "#+TITLE: FAQ\n* TODO Where is it? :orders:\n:PROPERTIES:\n:ID: 7\n:END:\nUnder [[https://x.example][the *orders*]], /here/.\n- one\n* And then?\n#+BEGIN_SRC sh\n* no headline\n#+END_SRC\n";
        assert_eq!(detect(text), Detection::Strong);
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.title.as_deref(), parsed.entries.len()), (Some("FAQ"), 2));
        assert_eq!(parsed.entries[0].questions, ["Where is it?"]);
        assert_eq!(
            parsed.entries[0].answer.as_deref(),
            Some("Under [the **orders**](https://x.example), *here*.\n- one")
        );
        assert_eq!(
            (parsed.entries[1].line, parsed.entries[1].answer.as_deref()),
            (8, Some("```\n* no headline\n```"))
        );
        let list = parse("- Is it free? :: Yes.\n- How long? :: Long.\n").unwrap();
        assert_eq!(list.entries.len(), 2);
        assert!(parse("just text").is_err());
    }
}
