//! Rich Text Format. `document` says what of one is a question.

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::document::{self, Block, Style, mark};
use crate::readers::table::Wanted;

/// Groups whose content is no text of the document.
const SILENT: [&str; 16] = [
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "header",
    "footer",
    "headerl",
    "headerr",
    "footerl",
    "footerr",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "themedata",
];

/// More groups within each other are a mistake or an attack.
const MAX_DEPTH: usize = 1000;

/// Reads a document. Lines are those of the file.
///
/// # Errors
///
/// Returns an error if it has neither headings, nor paragraphs that ask, nor a table of questions and answers.
pub fn parse(text: &str, wanted: &mut Wanted) -> Result<Parsed, RowError> {
    if detect(text) == Detection::No {
        return Err(RowError::new(1, "not RTF"));
    }
    document::parse(blocks(text)?, wanted)
}

/// Strong for a text that begins as RTF does.
pub fn detect(text: &str) -> Detection {
    Detection::strong(text.trim_start().starts_with("{\\rtf"))
}

/// What holds within a group.
#[derive(Clone, Copy, Default)]
struct Marks {
    silent: bool,
    bold: bool,
    italic: bool,
    /// The address of a link is read.
    instruction: bool,
    /// Bytes to skip after a character in Unicode.
    skip: usize,
}

#[derive(Default)]
struct Open {
    blocks: Vec<Block>,
    paragraph: String,
    /// The text of one style so far.
    run: String,
    run_marks: (bool, bool),
    item: Option<usize>,
    heading: Option<usize>,
    cells: Vec<String>,
    in_table: bool,
    table: usize,
    instruction: String,
    link: Option<String>,
}

fn blocks(text: &str) -> Result<Vec<Block>, RowError> {
    let mut open = Open::default();
    let mut stack: Vec<Marks> = Vec::new();
    let mut now = Marks { skip: 1, ..Marks::default() };
    let mut encoding: &'static Encoding = WINDOWS_1252;
    let (mut line, mut paragraph_line, mut to_skip) = (1, 1, 0);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' => line += 1,
            '\r' => {}
            '{' => {
                if stack.len() > MAX_DEPTH {
                    return Err(RowError::new(line, "groups are nested too deeply"));
                }
                stack.push(now);
            }
            '}' => {
                let before = stack.pop().unwrap_or_default();
                if now.instruction && !before.instruction {
                    open.end_run();
                    let address = open.instruction.split('"').nth(1).map(str::to_owned);
                    open.link = address.filter(|_| open.instruction.contains("HYPERLINK"));
                    open.instruction.clear();
                }
                if open.link.is_some() && !open.run.trim().is_empty() {
                    open.end_run();
                }
                now = before;
            }
            '\\' => {
                let rest = &text[at + 1..];
                let Some(first) = rest.chars().next() else { break };
                if first == '\'' {
                    let byte = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                    letters.nth(2);
                    if to_skip > 0 {
                        to_skip -= 1;
                    } else if let Some(byte) = byte {
                        let decoded = encoding.decode_without_bom_handling(&[byte]).0.into_owned();
                        open.text(&decoded, now);
                    }
                    continue;
                }
                if !first.is_ascii_alphabetic() {
                    letters.next();
                    match first {
                        '~' => open.text("\u{a0}", now),
                        '_' => open.text("-", now),
                        '*' => now.silent = !rest.starts_with("*\\fldinst"),
                        '{' | '}' | '\\' => open.text(&first.to_string(), now),
                        '\n' => {
                            line += 1;
                            open.end_paragraph(paragraph_line);
                            paragraph_line = line;
                        }
                        _ => {}
                    }
                    continue;
                }
                let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
                let word = &rest[..end];
                let digits = rest[end..]
                    .find(|c: char| !(c.is_ascii_digit() || c == '-'))
                    .map_or(rest.len(), |to| end + to);
                let number: Option<i32> = rest[end..digits].parse().ok();
                let length = digits + usize::from(rest[digits..].starts_with(' '));
                letters.nth(rest[..length].chars().count() - 1);
                let on = number != Some(0);
                match word {
                    "par" | "sect" | "page" => {
                        if !open.in_table {
                            open.end_paragraph(paragraph_line);
                        } else {
                            open.text("\n", now);
                        }
                        paragraph_line = line;
                    }
                    "pard" => (open.item, open.heading, open.in_table) = (None, None, false),
                    "intbl" => open.in_table = true,
                    "trowd" => {
                        if !open.in_table
                            && open.cells.is_empty()
                            && !matches!(open.blocks.last(), Some(Block::Row { .. }))
                        {
                            open.table += 1;
                        }
                        open.in_table = true;
                    }
                    "cell" => open.end_cell(),
                    "row" => open.end_row(line),
                    "line" => open.text("\n", now),
                    "tab" => open.text(" ", now),
                    "b" => now.bold = on,
                    "i" => now.italic = on,
                    "plain" => (now.bold, now.italic) = (false, false),
                    "outlinelevel" => {
                        open.heading = number.filter(|own| *own >= 0).map(|own| (own as usize + 1).min(6))
                    }
                    "ilvl" => open.item = Some(number.unwrap_or(0).clamp(0, 8) as usize),
                    "ls" => open.item = open.item.or(Some(0)),
                    "listtext" | "pntext" => now.silent = true,
                    "fldinst" => now.instruction = true,
                    "uc" => now.skip = number.unwrap_or(1).max(0) as usize,
                    "u" => {
                        let code = number.map(|own| if own < 0 { own + 65_536 } else { own } as u32);
                        if let Some(letter) = code.and_then(char::from_u32) {
                            open.text(&letter.to_string(), now);
                        }
                        to_skip = now.skip;
                    }
                    "ansicpg" => {
                        let label = format!("windows-{}", number.unwrap_or(1252));
                        encoding = Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252);
                    }
                    "lquote" => open.text("‘", now),
                    "rquote" => open.text("’", now),
                    "ldblquote" => open.text("“", now),
                    "rdblquote" => open.text("”", now),
                    "endash" => open.text("–", now),
                    "emdash" => open.text("—", now),
                    "bullet" => open.text("•", now),
                    word if SILENT.contains(&word) => now.silent = true,
                    _ => {}
                }
            }
            _ if to_skip > 0 => to_skip -= 1,
            letter => {
                let mut buffer = [0; 4];
                open.text(letter.encode_utf8(&mut buffer), now);
            }
        }
    }
    open.end_paragraph(paragraph_line);
    Ok(open.blocks)
}

impl Open {
    fn text(&mut self, text: &str, marks: Marks) {
        if marks.instruction {
            return self.instruction.push_str(text);
        }
        if marks.silent {
            return;
        }
        if self.run_marks != (marks.bold, marks.italic) {
            self.end_run();
            self.run_marks = (marks.bold, marks.italic);
        }
        self.run.push_str(text);
    }

    /// Adds the text of one style to the paragraph, with its marks around its words.
    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let words = run.trim();
        if words.is_empty() {
            return self.paragraph.push_str(&run);
        }
        let mark = mark(self.run_marks.0, self.run_marks.1);
        let shown = match self.link.take() {
            Some(address) => format!("[{words}]({address})"),
            None => words.to_owned(),
        };
        let (begin, end) = (run.len() - run.trim_start().len(), run.trim_end().len());
        self.paragraph.push_str(&format!("{}{mark}{shown}{mark}{}", &run[..begin], &run[end..]));
    }

    fn end_paragraph(&mut self, line: usize) {
        self.end_run();
        let text = std::mem::take(&mut self.paragraph).trim().to_owned();
        if text.is_empty() {
            return;
        }
        let style = match (self.heading, self.item) {
            (Some(level), _) => Style::Heading(level),
            (None, Some(level)) => Style::Item(level),
            (None, None) => Style::Plain,
        };
        let text = if self.heading.is_some() { text.trim_matches('*').to_owned() } else { text };
        self.blocks.push(Block::Paragraph { line, style, text });
    }

    fn end_cell(&mut self) {
        self.end_run();
        self.cells.push(std::mem::take(&mut self.paragraph).trim().to_owned());
    }

    fn end_row(&mut self, line: usize) {
        let cells = std::mem::take(&mut self.cells);
        if !cells.is_empty() {
            self.blocks.push(Block::Row { line, table: self.table, cells });
        }
        self.in_table = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::columns::ColumnMap;

    fn read(text: &str) -> Result<Vec<(String, String)>, RowError> {
        let columns = ColumnMap::default();
        let parsed = parse(text, &mut Wanted { columns: &columns, language: None, progress: &mut |_| () })?;
        Ok(parsed
            .entries
            .into_iter()
            .map(|raw| (raw.questions.join(" / "), raw.answer.unwrap_or_default()))
            .collect())
    }

    #[test]
    fn bold_questions_and_tables_are_read() {
        let entry = |question: &str, answer: &str| (question.to_owned(), answer.to_owned());
        let text = "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\f0\n{\\b Do you bake rye?}\\par\nEvery {\\i day}, caf\\'e9 \\u8364? 2.\\par\n\\par\n{\\b And spelt?}\\par\nSee {\\field{\\*\\fldinst HYPERLINK \"https://a.example\"}{\\fldrslt the list}}.\\par\n}";
        assert_eq!(
            read(text).unwrap(),
            [
                entry("Do you bake rye?", "Every *day*, café € 2."),
                entry("And spelt?", "See [the list](https://a.example).")
            ]
        );
        let table = "{\\rtf1\\trowd\\intbl Question\\cell Answer\\cell\\row\\trowd\\intbl Rye?\\cell Daily.\\cell\\row}";
        assert_eq!(read(table).unwrap(), [entry("Rye?", "Daily.")]);
        assert!(read("{\\rtf1 just text}").is_err());
        assert!(read(&"{\\rtf1".repeat(5000)).is_err());
    }
}
