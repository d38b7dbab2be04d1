//! MediaWiki's markup: headings between equals signs, or terms with definitions, are the questions.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::translated::{Translated, between};

/// Reads a page.
///
/// # Errors
///
/// Returns an error if the text has no headings.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut out = Translated::default();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim();
        if let Some((level, heading)) = heading(trimmed) {
            out.push(number, &format!("{} {}", "#".repeat(level), inline(heading)));
        } else if trimmed.starts_with("<syntaxhighlight")
            || trimmed.starts_with("<pre")
            || trimmed.starts_with("</pre")
            || trimmed.starts_with("</syntaxhighlight")
        {
            in_code = !trimmed.starts_with("</");
            out.push(number, "```");
        } else if in_code {
            out.push(number, line);
        } else if let Some(term) = trimmed.strip_prefix(';') {
            // `; term : definition` on a line, or the definition on the next.
            let (term, definition) = term.split_once(" : ").unwrap_or((term, ""));
            out.push(number, &format!("###### {}\n{}", inline(term.trim()), inline(definition.trim())));
        } else if let Some(definition) = trimmed.strip_prefix(':') {
            out.push(number, &inline(definition.trim_start_matches(':').trim()));
        } else if trimmed.starts_with("[[Category:")
            || trimmed.starts_with("__")
            || (trimmed.starts_with("{{") && trimmed.ends_with("}}"))
        {
            out.push(number, "");
        } else if let Some((level, mark, item)) = item(trimmed) {
            let mark = if mark == '#' { "1." } else { "-" };
            out.push(number, &format!("{}{mark} {}", "   ".repeat(level - 1), inline(item)));
        } else {
            out.push(number, &inline(trimmed));
        }
    }
    out.parse()
}

/// Strong if several lines are headings between equals signs.
pub fn detect(text: &str) -> Detection {
    let headings = text.lines().filter(|line| heading(line.trim()).is_some()).count();
    if headings > 1 { Detection::Strong } else { Detection::weak(headings == 1) }
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.len() - line.trim_start_matches('=').len();
    let inner = line.get(level..)?.strip_suffix(&"=".repeat(level))?.trim();
    ((1..=6).contains(&level) && !inner.is_empty() && !inner.contains("==")).then_some((level, inner))
}

fn item(line: &str) -> Option<(usize, char, &str)> {
    let rest = line.trim_start_matches(['*', '#']);
    let level = line.len() - rest.len();
    let mark = line[..level].chars().next_back()?;
    Some((level, mark, rest.trim_start()))
}

fn inline(text: &str) -> String {
    let text = between(text, "<ref", "</ref>", |_| String::new());
    let text = between(&text, "'''", "'''", |words| format!("**{words}**"));
    let text = between(&text, "''", "''", |words| format!("*{words}*"));
    let text = between(&text, "[[", "]]", |link| link.rsplit('|').next().unwrap_or(link).to_owned());
    between(&text, "[http", "]", |link| match link.split_once(' ') {
        Some((address, words)) => format!("[{words}](http{address})"),
        None => format!("<http{link}>"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_ask_and_markup_becomes_markdown() {
        let text = "= FAQ =\n== Where is '''it'''? ==\nUnder [[Orders|the orders]] or [https://x.example here].\n* one\n** two\n\n== And then? ==\n# first\n[[Category:Help]]\n";
        assert_eq!(detect(text), Detection::Strong);
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.title.as_deref(), parsed.entries.len()), (Some("FAQ"), 2));
        assert_eq!(parsed.entries[0].questions, ["Where is it?"]);
        assert_eq!(
            parsed.entries[0].answer.as_deref(),
            Some("Under the orders or [here](https://x.example).\n- one\n   - two")
        );
        assert_eq!((parsed.entries[1].line, parsed.entries[1].answer.as_deref()), (7, Some("1. first")));
        assert!(parse("just text").is_err());
        let terms = parse("; Is it free?\n: Yes.\n; How long is it? : Long.\n").unwrap();
        assert_eq!((terms.entries.len(), terms.entries[1].line), (2, 3));
    }
}
