//! LaTeX: sections, items with a label, and commands of questions and answers. Their markup becomes Markdown.

use std::collections::HashMap;

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::lines::Lines;
use crate::readers::translated::Translated;

/// Commands of sections, by their levels.
const SECTIONS: [(&str, usize); 6] = [
    ("chapter", 1),
    ("section", 2),
    ("subsection", 3),
    ("subsubsection", 4),
    ("paragraph", 5),
    ("subparagraph", 6),
];

/// Commands that people define for questions and answers.
const QUESTION: [&str; 6] = ["question", "Question", "faq", "faqitem", "qa", "QA"];
const ANSWER: [&str; 2] = ["answer", "Answer"];

/// Commands whose arguments are no text.
const SILENT: [&str; 16] = [
    "label",
    "ref",
    "cite",
    "index",
    "vspace",
    "hspace",
    "includegraphics",
    "input",
    "include",
    "usepackage",
    "documentclass",
    "newcommand",
    "renewcommand",
    "bibliography",
    "pagestyle",
    "setcounter",
];

/// Reads a LaTeX FAQ.
///
/// # Errors
///
/// Returns an error if there are no sections, labelled items, or questions.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let begin = text.find("\\begin{document}").map_or(0, |at| at + "\\begin{document}".len());
    let end = text.find("\\end{document}").filter(|end| *end > begin).unwrap_or(text.len());
    let mut writer = Writer {
        text: &text[..end],
        at: begin,
        line: String::new(),
        out: Translated::default(),
        lists: Vec::new(),
        braces: braces(&text[..end]),
        blank: true,
    };
    let mut lines = Lines::new(text, 1);
    writer.document(&mut |at| lines.at(at));
    let mut parsed = writer.out.parse().map_err(|row| {
        RowError::new(
            row.line,
            "no sections, labelled items or \\question: in LaTeX, these are the questions",
        )
    })?;
    parsed.title = argument_of(text, "\\title").or(parsed.title);
    Ok(parsed)
}

/// Strong for a text with a document's begin or sections.
pub fn detect(text: &str) -> Detection {
    let has = |mark: &str| text.contains(mark);
    Detection::strong(
        has("\\begin{document}") || has("\\documentclass") || (has("\\section{") && has("\\subsection{")),
    )
}

fn argument_of(text: &str, command: &str) -> Option<String> {
    let rest = text.split_once(command)?.1;
    let end = *braces(rest).get(&0)?;
    Some(inline(&rest[1..end]))
}

/// Where each brace that is opened in a text closes; those that do not are missing.
fn braces(text: &str) -> HashMap<usize, usize> {
    let (mut found, mut open, mut escaped) = (HashMap::new(), Vec::new(), false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => open.push(at),
            '}' => {
                if let Some(begin) = open.pop() {
                    found.insert(begin, at);
                }
            }
            _ => {}
        }
    }
    found
}

struct Writer<'t> {
    text: &'t str,
    at: usize,
    line: String,
    out: Translated,
    /// The lists that are open: whether their items have numbers.
    lists: Vec<bool>,
    braces: HashMap<usize, usize>,
    /// Whether the last line is blank.
    blank: bool,
}

impl Writer<'_> {
    fn document(&mut self, line_at: &mut dyn FnMut(usize) -> usize) {
        while self.at < self.text.len() {
            let line = line_at(self.at);
            let rest = &self.text[self.at..];
            if let Some(command) = command(rest) {
                self.command(command, line);
            } else if let Some(sign) = rest.strip_prefix('\\') {
                // A sign that is written with a backslash.
                let end = 1 + sign.chars().next().map_or(0, char::len_utf8);
                self.line.push_str(&rest[..end]);
                self.at += end;
            } else if rest.starts_with('%') {
                self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
            } else if let Some(after) = rest.strip_prefix('\n') {
                self.flush(line);
                if after.trim_start_matches([' ', '\t']).starts_with('\n') {
                    self.end_block(line);
                }
                self.at += 1;
            } else {
                // Up to what may be a command, a comment or the line's end.
                let first = rest.chars().next().map_or(1, char::len_utf8);
                let end = rest[first..].find(['\\', '%', '\n']).map_or(rest.len(), |end| first + end);
                self.line.push_str(&rest[..end]);
                self.at += end;
            }
        }
        let line = line_at(self.text.len().saturating_sub(1));
        self.flush(line);
    }

    fn flush(&mut self, line: usize) {
        let text = inline(self.line.trim_end());
        let text = if self.lists.is_empty() { text.trim_start() } else { &text };
        if !text.is_empty() {
            self.out.push(line, text);
            self.blank = false;
        }
        self.line.clear();
    }

    fn end_block(&mut self, line: usize) {
        if !std::mem::replace(&mut self.blank, true) {
            self.out.push(line, "");
        }
    }

    /// An argument in braces, which comes next, as it is in the source.
    fn argument(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let begin = self.at + rest.len() - rest.trim_start().len();
        let end = *self.braces.get(&begin)?;
        self.at = end + 1;
        Some(self.text[begin + 1..end].to_owned())
    }

    /// An argument in brackets.
    fn option(&mut self) -> Option<String> {
        let inner = self.text[self.at..].strip_prefix('[')?;
        let end = inner.find([']', '\n']).filter(|end| inner[*end..].starts_with(']'))?;
        self.at += end + 2;
        Some(inner[..end].to_owned())
    }

    fn heading(&mut self, line: usize, level: usize, text: &str) {
        self.flush(line);
        self.out.push(line, &format!("\n{} {}\n", "#".repeat(level), inline(text).replace('\n', " ")));
    }

    fn command(&mut self, name: &str, line: usize) {
        let begin = self.at;
        self.at += 1 + name.len();
        let plain = name.trim_end_matches('*');
        if let Some((_, level)) = SECTIONS.iter().find(|(own, _)| *own == plain) {
            self.option();
            if let Some(text) = self.argument() {
                self.heading(line, *level, &text);
            }
        } else if QUESTION.contains(&name) {
            self.option();
            if let Some(question) = self.argument() {
                self.heading(line, 6, &question);
                if let Some(answer) = self.argument() {
                    self.out.push(line, &inline(&answer));
                    self.out.push(line, "");
                }
            }
        } else if ANSWER.contains(&name) {
            if let Some(answer) = self.argument() {
                self.out.push(line, &inline(&answer));
                self.out.push(line, "");
            }
        } else if name == "begin" || name == "end" {
            let environment = self.argument().unwrap_or_default();
            self.flush(line);
            match (name, &*environment) {
                ("begin", "itemize") => self.lists.push(false),
                ("begin", "enumerate") => self.lists.push(true),
                ("begin", "description") => self.lists.push(false),
                (_, "itemize" | "enumerate" | "description") => drop(self.lists.pop()),
                (_, "verbatim" | "lstlisting" | "minted") => {
                    self.out.push(line, "```");
                    if name == "begin" {
                        let rest = &self.text[self.at..];
                        let end = rest.find(&format!("\\end{{{environment}}}")).unwrap_or(rest.len());
                        self.out.push(line, rest[..end].trim_matches('\n'));
                        self.at += end;
                    }
                }
                _ => {}
            }
            self.end_block(line);
        } else if name == "item" {
            self.flush(line);
            match self.option() {
                Some(label) if inline(&label).ends_with('?') => self.heading(line, 6, &label),
                label => {
                    let mark = if self.lists.last() == Some(&true) { "1." } else { "-" };
                    self.line = format!("{}{mark} ", "   ".repeat(self.lists.len().saturating_sub(1)));
                    let rest = &self.text[self.at..];
                    self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
                    if let Some(label) = label {
                        self.line.push_str(&format!("\\textbf{{{label}}} "));
                    }
                }
            }
        } else if SILENT.contains(&plain) {
            while self.option().is_some() || self.argument().is_some() {}
        } else {
            self.line.push_str(&self.text[begin..self.at]);
        }
    }
}

/// The name of the command that a text begins with.
fn command(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('\\')?;
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let end = if rest[end..].starts_with('*') { end + 1 } else { end };
    (end > 0).then(|| &rest[..end])
}

/// A text with LaTeX's markup as Markdown.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write_inline(text, &mut out, 0);
    out.replace("``", "“").replace("''", "”").trim_end().to_owned()
}

fn write_inline<'t>(text: &'t str, out: &mut String, depth: usize) {
    let braces = braces(text);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(name) = command(rest) {
            rest = &rest[1 + name.len()..];
            let argument = |rest: &mut &'t str| -> Option<String> {
                let begin = text.len() - rest.trim_start().len();
                let end = *braces.get(&begin)?;
                *rest = &text[end + 1..];
                Some(text[begin + 1..end].to_owned())
            };
            let marks = match name {
                "textbf" | "strong" => "**",
                "emph" | "textit" | "textsl" => "*",
                "texttt" | "code" | "verb" => "`",
                _ => "",
            };
            match name {
                "href" => {
                    let (address, shown) = (argument(&mut rest), argument(&mut rest));
                    if let (Some(address), Some(shown)) = (address, shown) {
                        out.push_str(&format!(
                            "[{}]({})",
                            inner_text(&shown, depth),
                            address.replace("\\", "")
                        ));
                    }
                }
                "url" => out.push_str(&argument(&mut rest).unwrap_or_default()),
                "ldots" | "dots" => out.push('…'),
                "euro" | "texteuro" => out.push('€'),
                "textbackslash" => out.push('\\'),
                _ => match argument(&mut rest) {
                    Some(own) if !SILENT.contains(&name) => {
                        out.push_str(&format!("{marks}{}{marks}", inner_text(&own, depth)));
                    }
                    Some(_) => {}
                    // A space after a command only ends its name.
                    None => rest = rest.strip_prefix(' ').unwrap_or(rest),
                },
            }
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '\\' => {
                let next = rest.chars().next();
                rest = &rest[next.map_or(0, char::len_utf8)..];
                match next {
                    Some('\\') => out.push('\n'),
                    Some('\'' | '`' | '^' | '"' | '~') => accent(next.unwrap_or_default(), &mut rest, out),
                    Some(c @ ('%' | '$' | '&' | '#' | '_' | '{' | '}')) => out.push(c),
                    _ => out.push(' '),
                }
            }
            '~' => out.push('\u{a0}'),
            '{' | '}' => {}
            '-' if rest.starts_with("--") => {
                rest = &rest[2..];
                out.push('—');
            }
            '-' if rest.starts_with('-') => {
                rest = &rest[1..];
                out.push('–');
            }
            c => out.push(c),
        }
    }
}

fn inner_text(text: &str, depth: usize) -> String {
    let mut out = String::new();
    if depth < 20 {
        write_inline(text, &mut out, depth + 1);
    }
    out.trim().to_owned()
}

/// Writes a letter with its accent: `\'e`, `\"{o}`.
fn accent(mark: char, rest: &mut &str, out: &mut String) {
    use unicode_normalization::UnicodeNormalization;

    let combining = match mark {
        '\'' => '\u{301}',
        '`' => '\u{300}',
        '^' => '\u{302}',
        '"' => '\u{308}',
        _ => '\u{303}',
    };
    let inner = rest.strip_prefix('{').unwrap_or(rest);
    let Some(letter) = inner.chars().next() else { return };
    out.extend([letter, combining].into_iter().nfc());
    let inner = &inner[letter.len_utf8()..];
    *rest = if rest.starts_with('{') { inner.strip_prefix('}').unwrap_or(inner) } else { inner };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_labels_and_commands_ask() {
        let read = |text: &str| -> Vec<(usize, String, String)> {
            let parsed = parse(text).unwrap();
            parsed
                .entries
                .into_iter()
                .map(|raw| (raw.line, raw.questions.join(" / "), raw.answer.unwrap_or_default()))
                .collect()
        };
        let entry = |line, question: &str, answer: &str| (line, question.to_owned(), answer.to_owned());
        let text = "\\documentclass{article}\n\\begin{document}\n\\section{Bread}\n\\subsection{Do you bake rye?}\\label{rye}\nEvery \\textbf{day}, 50\\,\\% of it. % not more\nSee \\href{https://a.example/x}{the list}.\n\n\\begin{itemize}\n\\item dark\n\\item light\n\\end{itemize}\n\\subsection{Caf\\'e or cr\\^{e}pe?}\nBoth --- ``always''.\n\\end{document}\n";
        assert_eq!(
            read(text),
            [
                entry(
                    4,
                    "Do you bake rye?",
                    "Every **day**, 50 % of it. See [the list](https://a.example/x).\n\n- dark\n- light"
                ),
                entry(12, "Café or crêpe?", "Both — “always”.")
            ]
        );
        assert_eq!(
            read("\\begin{description}\n\\item[Rye?] Daily.\n\\item[Spelt?] Soon.\n\\end{description}\n")
                .len(),
            2
        );
        assert_eq!(
            read("\\question{Rye?}\n\\answer{Daily.}\n\\question{Spelt?}\n\\answer{Soon.}\n")[1].2,
            "Soon."
        );
        assert!(parse("\\begin{document}just text\\end{document}").is_err());
    }
}
