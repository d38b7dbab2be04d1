//! The questions of a document that is made of paragraphs and tables, as word processors write it: headings, paragraphs that
//! ask, or the rows of tables.

use super::columns::ColumnMap;
use super::headings::{QUESTION_ENDS, asks};
use super::table::{Rows, Wanted, is_of_questions};
use super::translated::Translated;
use crate::error::RowError;
use crate::parsed::Parsed;

/// What a document has, in its order; its lines count paragraphs.
pub enum Block {
    /// A paragraph, as Markdown without the mark that its style has.
    Paragraph { line: usize, style: Style, text: String },
    /// A row of a table, by the table's number.
    Row { line: usize, table: usize, cells: Vec<String> },
}

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A heading of this level, from 1.
    Heading(usize),
    /// A list's item, by its indent from 0.
    Item(usize),
    /// Text.
    Plain,
}

impl Style {
    /// A paragraph as Markdown.
    pub fn markdown(self, text: &str) -> String {
        match self {
            Style::Heading(level) => format!("{} {}", "#".repeat(level), text.replace('\n', " ")),
            Style::Item(level) => format!("{}- {text}", "  ".repeat(level)),
            Style::Plain => text.to_owned(),
        }
    }
}

/// The mark around words of a style.
pub fn mark(bold: bool, italic: bool) -> &'static str {
    match (bold, italic) {
        (true, true) => "***",
        (true, false) => "**",
        (false, true) => "*",
        (false, false) => "",
    }
}

/// Adds a paragraph to the last cell of a row.
pub fn add_to_cell(cells: &mut [String], style: Style, text: &str) {
    if let Some(cell) = cells.last_mut().filter(|_| !text.is_empty()) {
        if !cell.is_empty() {
            cell.push_str("\n\n");
        }
        cell.push_str(&style.markdown(text));
    }
}

/// The questions and answers.
///
/// # Errors
///
/// Returns an error if there are neither headings, nor paragraphs that ask, nor a table of questions and answers.
pub fn parse(mut blocks: Vec<Block>, wanted: &mut Wanted) -> Result<Parsed, RowError> {
    paragraphs_that_ask(&mut blocks);
    let mut text = Translated::default();
    let mut of_tables: Option<Parsed> = None;
    let (mut at, mut in_list) = (0, false);
    while at < blocks.len() {
        match &blocks[at] {
            Block::Paragraph { line, style, text: own } => {
                // A blank line before each block, but none between a list's items.
                let item = matches!(style, Style::Item(_));
                if !(item && in_list) {
                    text.push(*line, "");
                }
                in_list = item;
                text.push(*line, &style.markdown(own));
                at += 1;
            }
            Block::Row { table, .. } => {
                in_list = false;
                let in_table =
                    |block: &&Block| matches!(block, Block::Row { table: own, .. } if own == table);
                let rows: Vec<(usize, &[String])> = blocks[at..]
                    .iter()
                    .take_while(in_table)
                    .filter_map(|block| match block {
                        Block::Row { line, cells, .. } => Some((*line, &cells[..])),
                        Block::Paragraph { .. } => None,
                    })
                    .collect();
                at += rows.len();
                let cells: Vec<&[String]> = rows.iter().map(|(_, cells)| *cells).collect();
                if *wanted.columns != ColumnMap::default() || is_of_questions(&cells) {
                    let mut read = Rows::new(wanted.columns, wanted.language, None);
                    for (line, cells) in &rows {
                        read.add(*line, &cells.iter().map(String::as_str).collect::<Vec<_>>())?;
                    }
                    of_tables.get_or_insert_default().append(read.finish()?);
                } else {
                    text.push(rows[0].0, &format!("\n{}", markdown(&cells)));
                }
            }
        }
    }
    match (text.parse(), of_tables) {
        (Ok(mut parsed), None) => {
            parsed.entries.retain(|raw| !raw.questions.is_empty());
            Ok(parsed)
        }
        (Ok(parsed), Some(mut all)) => {
            all.title = parsed.title;
            all.entries.extend(parsed.entries);
            all.entries.sort_by_key(|raw| raw.line);
            all.notes.extend(parsed.notes);
            Ok(all)
        }
        (Err(_), Some(all)) => Ok(all),
        (Err(row), None) => {
            let reason = format!("{}; nor a table with a column of questions and one of answers", row.reason);
            Err(RowError::new(
                row.line,
                reason.replace("in Markdown, the questions are headings", "questions are headings"),
            ))
        }
    }
}

/// Makes headings of the paragraphs that ask and have text below them, where no heading asks: numbered or plain questions.
fn paragraphs_that_ask(blocks: &mut [Block]) {
    let asking = |text: &str| asks(text.trim_matches(['*', ' ']));
    let heading_asks = blocks.iter().any(
        |block| matches!(block, Block::Paragraph { style: Style::Heading(_), text, .. } if asking(text)),
    );
    if heading_asks {
        return;
    }
    let level = blocks.iter().filter_map(|block| match block {
        Block::Paragraph { style: Style::Heading(level), .. } => Some(*level),
        _ => None,
    });
    let level = level.max().map_or(2, |deepest| (deepest + 1).min(6));
    let ends_asking = |text: &str| text.trim_matches(['*', ' ']).ends_with(QUESTION_ENDS);
    for at in 0..blocks.len() {
        let answered = match blocks.get(at + 1) {
            Some(Block::Paragraph { style, text, .. }) => {
                !ends_asking(text) && !matches!(style, Style::Heading(_))
            }
            Some(Block::Row { .. }) => true,
            None => false,
        };
        if let Block::Paragraph { style, text, .. } = &mut blocks[at]
            && !matches!(style, Style::Heading(_))
            && ends_asking(text)
            && answered
        {
            *style = Style::Heading(level);
            *text = text.trim_matches(['*', ' ']).to_owned();
        }
    }
}

/// A table as Markdown.
fn markdown(rows: &[&[String]]) -> String {
    let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let line = |cells: &[String]| {
        let cells = (0..width).map(|at| cells.get(at).map(String::as_str).unwrap_or_default());
        let cells: Vec<String> = cells.map(|cell| cell.replace(['\n', '|'], " ")).collect();
        format!("| {} |", cells.join(" | "))
    };
    let mut lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    if width > 1 && !lines.is_empty() {
        lines.insert(1, format!("|{}", " --- |".repeat(width)));
        return lines.join("\n");
    }
    rows.iter().flat_map(|row| row.iter()).cloned().collect::<Vec<_>>().join("\n\n")
}
