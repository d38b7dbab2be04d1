//! Word documents. `document` says what of one is a question.

use std::collections::HashMap;
use std::io::Cursor;

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use crate::error::RowError;
use crate::parsed::Parsed;
use crate::readers::document::{self, Block, Style, add_to_cell, mark};
use crate::readers::table::Wanted;
use crate::readers::xml::{attribute, part, referred, relations};

/// The document's part in the archive; its links are in another.
const DOCUMENT: &str = "word/document.xml";
const LINKS: &str = "word/_rels/document.xml.rels";

/// Whether an archive is a Word document.
pub fn is_document(bytes: &[u8]) -> bool {
    ZipArchive::new(Cursor::new(bytes)).is_ok_and(|archive| archive.index_for_name(DOCUMENT).is_some())
}

/// Reads a document. Lines are paragraphs.
///
/// # Errors
///
/// Returns an error if the document cannot be read, or has neither headings nor a table of questions and answers.
pub fn parse(bytes: &[u8], wanted: &mut Wanted) -> Result<Parsed, RowError> {
    let broken = |error: &dyn std::fmt::Display| RowError::new(1, format!("not a Word document: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let document = part(&mut archive, DOCUMENT)?;
    let links = relations(&part(&mut archive, LINKS).unwrap_or_default());
    let content = read(&document, &links)?;
    (wanted.progress)(bytes.len() as u64);
    document::parse(content, wanted)
}

/// What is open while a document is read.
#[derive(Default)]
struct Open {
    paragraph: String,
    heading: usize,
    item: Option<usize>,
    bold: bool,
    italic: bool,
    in_text: bool,
    /// The text of the run so far.
    run: String,
    link: Option<String>,
    cells: Vec<String>,
    depth: usize,
    /// The number of the table.
    table: usize,
}

fn read(xml: &str, links: &HashMap<String, String>) -> Result<Vec<Block>, RowError> {
    let mut reader = Reader::from_str(xml);
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = Open::default();
    let mut line = 0;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| RowError::new(line.max(1), format!("not a Word document: {error}")))?;
        let (tag, empty) = match &event {
            Event::Start(tag) => (Some(tag), false),
            Event::Empty(tag) => (Some(tag), true),
            _ => (None, false),
        };
        if let Some(tag) = tag {
            let on = || attribute(tag, "val").is_none_or(|own| own != "0" && own != "false");
            match tag.local_name().as_ref() {
                "p" if !empty => {
                    line += 1;
                    (open.paragraph, open.heading, open.item) = (String::new(), 0, None);
                }
                "pStyle" => {
                    let style = attribute(tag, "val").unwrap_or_default();
                    open.heading = level(&style);
                    if style.starts_with("List") {
                        open.item = open.item.or(Some(0));
                    }
                }
                "numPr" => open.item = open.item.or(Some(0)),
                "ilvl" => {
                    open.item =
                        attribute(tag, "val").and_then(|own| own.parse().ok()).map(|own: usize| own.min(8))
                }
                "r" => (open.bold, open.italic) = (false, false),
                "b" => open.bold = on(),
                "i" => open.italic = on(),
                "t" if !empty => open.in_text = true,
                "tab" => open.run.push(' '),
                "br" | "cr" => open.run.push('\n'),
                "hyperlink" if !empty => {
                    open.link = attribute(tag, "id").and_then(|id| links.get(&id).cloned());
                    if open.link.is_some() {
                        open.paragraph.push('[');
                    }
                }
                "tbl" if !empty => {
                    open.depth += 1;
                    open.table += usize::from(open.depth == 1);
                }
                "tr" if open.depth == 1 => open.cells.clear(),
                "tc" if open.depth == 1 && !empty => open.cells.push(String::new()),
                _ => {}
            }
            continue;
        }
        match event {
            Event::End(tag) => match tag.local_name().as_ref() {
                "t" => open.in_text = false,
                "r" => {
                    let text = std::mem::take(&mut open.run);
                    run(&mut open, &text);
                }
                "hyperlink" => {
                    if let Some(address) = open.link.take() {
                        open.paragraph.push_str(&format!("]({address})"));
                    }
                }
                "p" => {
                    let style = match (open.heading, open.item) {
                        (0, Some(level)) => Style::Item(level),
                        (0, None) => Style::Plain,
                        (level, _) => Style::Heading(level),
                    };
                    let text = open.paragraph.trim().to_owned();
                    if open.depth > 0 {
                        add_to_cell(&mut open.cells, style, &text);
                    } else if !text.is_empty() {
                        blocks.push(Block::Paragraph { line, style, text });
                    }
                }
                "tr" if open.depth == 1 => {
                    let cells = std::mem::take(&mut open.cells);
                    blocks.push(Block::Row { line, table: open.table, cells });
                }
                "tbl" => open.depth = open.depth.saturating_sub(1),
                _ => {}
            },
            Event::Text(piece) if open.in_text => open.run.push_str(&piece.into_inner()),
            Event::GeneralRef(reference) if open.in_text => open.run.push_str(&referred(&reference)),
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(blocks)
}

/// Adds the text of a run, with its marks around its words.
fn run(open: &mut Open, text: &str) {
    let mark = mark(open.bold && open.heading == 0, open.italic && open.heading == 0);
    let inner = text.trim();
    if mark.is_empty() || inner.is_empty() {
        return open.paragraph.push_str(text);
    }
    let begin = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    // A run that goes on in the same way is one with it.
    if begin == 0 && open.paragraph.ends_with(mark) && open.paragraph.len() > mark.len() {
        open.paragraph.truncate(open.paragraph.len() - mark.len());
        open.paragraph.push_str(&format!("{inner}{mark}{}", &text[end..]));
    } else {
        open.paragraph.push_str(&format!("{}{mark}{inner}{mark}{}", &text[..begin], &text[end..]));
    }
}

/// The level of a heading's style: `Heading1`, `Titel`, `berschrift2` (as Word writes it in German).
fn level(style: &str) -> usize {
    let lower = style.to_lowercase();
    let number = lower.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<usize>().ok();
    let heading = ["heading", "berschrift", "titre", "ttulo", "titolo", "kop", "rubrik"]
        .iter()
        .any(|name| lower.contains(name));
    match (heading, number) {
        (true, Some(number)) => (number + 1).min(6),
        _ if ["title", "titel", "titre", "ttulo"].contains(&lower.as_str()) => 1,
        (true, None) => 2,
        _ => 0,
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
        out.start_file(DOCUMENT, options).unwrap();
        write!(out, "<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>").unwrap();
        out.finish().unwrap().into_inner()
    }

    fn parsed(body: &str) -> Result<Parsed, RowError> {
        parse(
            &document(body),
            &mut Wanted { columns: &ColumnMap::default(), language: None, progress: &mut |_| () },
        )
    }

    #[test]
    fn headings_and_rows_ask() {
        let heading = |text: &str| {
            format!("<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
        };
        let body = heading("Where is it?")
            + "<w:p><w:r><w:t xml:space=\"preserve\">Under </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>orders &amp; more</w:t></w:r></w:p>"
            + "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/></w:numPr></w:pPr><w:r><w:t>one</w:t></w:r></w:p>"
            + &heading("And then?")
            + "<w:p><w:r><w:t>Wait.</w:t></w:r></w:p>";
        let found = parsed(&body).unwrap();
        assert_eq!(found.entries.len(), 2);
        assert_eq!(found.entries[0].answer.as_deref(), Some("Under **orders & more**\n\n- one"));
        let row = |a: &str, b: &str| {
            format!(
                "<w:tr><w:tc><w:p><w:r><w:t>{a}</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>{b}</w:t></w:r></w:p></w:tc></w:tr>"
            )
        };
        let table = format!(
            "<w:tbl>{}{}{}</w:tbl>",
            row("Question", "Answer"),
            row("Where?", "Here."),
            row("Who?", "Me.")
        );
        let found = parsed(&table).unwrap();
        assert_eq!((found.entries.len(), found.entries[1].answer.as_deref()), (2, Some("Me.")));
        assert!(parsed("<w:p><w:r><w:t>just text</w:t></w:r></w:p>").is_err());
        assert!(is_document(&document("")) && !is_document(b"PK\x03\x04"));
    }
}
