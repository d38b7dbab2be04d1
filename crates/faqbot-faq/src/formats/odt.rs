//! OpenDocument texts. `document` says what of one is a question.

use std::collections::HashMap;
use std::io::Cursor;

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use crate::error::RowError;
use crate::parsed::Parsed;
use crate::readers::document::{self, Block, Style, add_to_cell, mark};
use crate::readers::table::Wanted;
use crate::readers::xml::{attribute, part, referred};

/// Whether an archive is an OpenDocument text.
pub fn is_document(bytes: &[u8]) -> bool {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    part(&mut archive, "mimetype").is_ok_and(|kind| kind.trim() == "application/vnd.oasis.opendocument.text")
}

/// Reads a document. Lines are paragraphs.
///
/// # Errors
///
/// Returns an error if the document cannot be read, or has neither headings nor a table of questions and answers.
pub fn parse(bytes: &[u8], wanted: &mut Wanted) -> Result<Parsed, RowError> {
    let broken =
        |error: &dyn std::fmt::Display| RowError::new(1, format!("not an OpenDocument text: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let content = part(&mut archive, "content.xml")?;
    (wanted.progress)(bytes.len() as u64);
    document::parse(read(&content)?, wanted)
}

/// How a style marks text: bold, italic.
type Marks = (bool, bool);

#[derive(Default)]
struct Open {
    text: String,
    heading: Option<usize>,
    /// Lists that are open.
    lists: usize,
    spans: Vec<Marks>,
    links: Vec<(usize, String)>,
    cells: Vec<String>,
    /// Tables that are open, and the number of the outermost.
    tables: usize,
    table: usize,
    in_paragraph: bool,
    in_note: bool,
}

fn read(xml: &str) -> Result<Vec<Block>, RowError> {
    let mut reader = Reader::from_str(xml);
    let mut styles: HashMap<String, Marks> = HashMap::new();
    let mut style = String::new();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = Open::default();
    let mut line = 0;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| RowError::new(line.max(1), format!("not an OpenDocument text: {error}")))?;
        let (tag, empty) = match &event {
            Event::Start(tag) => (Some(tag), false),
            Event::Empty(tag) => (Some(tag), true),
            _ => (None, false),
        };
        if let Some(tag) = tag {
            match tag.local_name().as_ref() {
                "style" => style = attribute(tag, "name").unwrap_or_default(),
                "text-properties" => {
                    let bold = attribute(tag, "font-weight").is_some_and(|own| own == "bold");
                    let italic = attribute(tag, "font-style").is_some_and(|own| own == "italic");
                    styles.insert(style.clone(), (bold, italic));
                }
                "h" | "p" if !empty && !open.in_note => {
                    line += 1;
                    let level =
                        attribute(tag, "outline-level").and_then(|own| own.parse().ok()).unwrap_or(1usize);
                    open.heading = (tag.local_name().as_ref() == "h").then(|| level.clamp(1, 6));
                    open.in_paragraph = true;
                    open.begin(attribute(tag, "style-name").and_then(|own| styles.get(&own).copied()));
                }
                "span" if !empty => {
                    open.begin(attribute(tag, "style-name").and_then(|own| styles.get(&own).copied()));
                }
                "a" if !empty => {
                    open.links.push((open.text.len(), attribute(tag, "href").unwrap_or_default()))
                }
                "s" | "tab" => open.text.push(' '),
                "line-break" => open.text.push('\n'),
                "list" if !empty => open.lists += 1,
                "note" | "annotation" if !empty => open.in_note = true,
                "table" if !empty => {
                    open.tables += 1;
                    open.table += usize::from(open.tables == 1);
                }
                "table-row" if open.tables == 1 => open.cells.clear(),
                "table-cell" if open.tables == 1 => open.cells.push(String::new()),
                _ => {}
            }
            continue;
        }
        match event {
            Event::End(tag) => match tag.local_name().as_ref() {
                "h" | "p" if !open.in_note => {
                    open.end();
                    open.in_paragraph = false;
                    let text = std::mem::take(&mut open.text).trim().to_owned();
                    let style = match (open.heading, open.lists) {
                        (Some(level), _) => Style::Heading(level),
                        (None, 0) => Style::Plain,
                        (None, lists) => Style::Item(lists.min(9) - 1),
                    };
                    if text.is_empty() {
                        continue;
                    }
                    if open.tables > 0 {
                        add_to_cell(&mut open.cells, style, &text);
                    } else {
                        blocks.push(Block::Paragraph { line, style, text });
                    }
                }
                "span" => open.end(),
                "a" => {
                    if let Some((from, address)) = open.links.pop()
                        && from <= open.text.len()
                        && !open.text[from..].trim().is_empty()
                    {
                        let shown = open.text.split_off(from);
                        open.text.push_str(&format!("[{}]({address})", shown.trim()));
                    }
                }
                "list" => open.lists = open.lists.saturating_sub(1),
                "note" | "annotation" => open.in_note = false,
                "table-row" if open.tables == 1 => {
                    let cells = std::mem::take(&mut open.cells);
                    if cells.iter().any(|cell| !cell.is_empty()) {
                        blocks.push(Block::Row { line, table: open.table, cells });
                    }
                }
                "table" => open.tables = open.tables.saturating_sub(1),
                _ => {}
            },
            Event::Text(piece) if open.in_paragraph && !open.in_note => {
                open.text.push_str(&piece.into_inner())
            }
            Event::GeneralRef(reference) if open.in_paragraph && !open.in_note => {
                open.text.push_str(&referred(&reference));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(blocks)
}

impl Open {
    /// Begins a span with the marks of its style; a heading has none.
    fn begin(&mut self, marks: Option<Marks>) {
        let (bold, italic) = marks.filter(|_| self.heading.is_none()).unwrap_or_default();
        self.text.push_str(mark(bold, italic));
        self.spans.push((bold, italic));
    }

    /// Ends a span; marks around nothing go.
    fn end(&mut self) {
        let Some((bold, italic)) = self.spans.pop() else { return };
        let mark = mark(bold, italic);
        if mark.is_empty() {
            return;
        }
        if self.text.ends_with(mark) {
            self.text.truncate(self.text.len() - mark.len());
        } else {
            let end = self.text.trim_end().len();
            self.text.insert_str(end, mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::readers::columns::ColumnMap;

    fn document(body: &str) -> Vec<u8> {
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        out.start_file("mimetype", options).unwrap();
        out.write_all(b"application/vnd.oasis.opendocument.text").unwrap();
        out.start_file("content.xml", options).unwrap();
        write!(
            out,
            "<office:document-content xmlns:office=\"o\" xmlns:text=\"t\" xmlns:style=\"s\" xmlns:fo=\"f\" xmlns:table=\"b\" xmlns:xlink=\"x\"><office:automatic-styles><style:style style:name=\"B\"><style:text-properties fo:font-weight=\"bold\"/></style:style></office:automatic-styles><office:body><office:text>{body}</office:text></office:body></office:document-content>"
        )
        .unwrap();
        out.finish().unwrap().into_inner()
    }

    #[test]
    fn headings_lists_and_tables_are_read() {
        let columns = ColumnMap::default();
        let read = |body: &str| {
            let bytes = document(body);
            assert!(is_document(&bytes));
            parse(&bytes, &mut Wanted { columns: &columns, language: None, progress: &mut |_| () })
        };
        let body = "<text:h text:outline-level=\"2\">Do you bake rye?</text:h><text:p>Every <text:span text:style-name=\"B\">day</text:span> &amp; night, see <text:a xlink:href=\"https://a.example\">the list</text:a>.</text:p><text:list><text:list-item><text:p>dark</text:p></text:list-item></text:list><text:h text:outline-level=\"2\">And spelt?</text:h><text:p>Soon.</text:p>";
        let parsed = read(body).unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(
            parsed.entries[0].answer.as_deref(),
            Some("Every **day** & night, see [the list](https://a.example).\n\n- dark")
        );
        let row = |a: &str, b: &str| {
            format!(
                "<table:table-row><table:table-cell><text:p>{a}</text:p></table:table-cell><table:table-cell><text:p>{b}</text:p></table:table-cell></table:table-row>"
            )
        };
        let table =
            format!("<table:table>{}{}</table:table>", row("Question", "Answer"), row("Rye?", "Daily."));
        assert_eq!(read(&table).unwrap().entries[0].answer.as_deref(), Some("Daily."));
        assert!(read("<text:p>just text</text:p>").is_err());
    }
}
