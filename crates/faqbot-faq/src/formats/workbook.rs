//! Spreadsheets (Excel, OpenDocument). Each sheet is a table; `table` knows what the columns mean.

use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Cursor, Read};

use calamine::{Cell, Data, DataRef, Reader, SheetVisible, Sheets, open_workbook_auto_from_rs};
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::error::RowError;
use crate::parsed::Parsed;
use crate::readers::headings::asks;
use crate::readers::table::{Rows, Wanted};
use crate::readers::xml::attribute;

/// A workbook that unpacks to more is a mistake or an attack: the format packs ten to one.
const MAX_UNPACKED: u64 = 1 << 30;

/// The texts of a sheet's cells are no more than this together: one text may stand in many cells.
const MAX_TEXT: usize = 256 << 20;

/// The most cells of an OpenDocument sheet once those that are repeated are counted as often: they are unfolded.
const MAX_REPEATED: u64 = 10_000_000;

/// Rows that are looked at before the first is read: they say how wide the table is.
const ROWS_AHEAD: usize = 100;

/// Columns that are looked at.
const MAX_COLUMNS: usize = 1000;

/// Reads a workbook. Sheets that hold no FAQ are reported; lines are rows of their sheet.
///
/// # Errors
///
/// Returns an error if the workbook cannot be read, or no sheet names a question and an answer column.
pub fn parse(bytes: &[u8], wanted: &mut Wanted) -> Result<Parsed, RowError> {
    let broken = |error: &dyn std::fmt::Display| RowError::new(1, format!("not a workbook: {error}"));
    unpackable(bytes)?;
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut parsed = Parsed::default();
    let mut reasons = Vec::new();
    let names = workbook.sheet_names();
    let hidden_sheets: HashSet<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.visible != SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let mut hidden_rows = hidden_rows(bytes);
    for name in &names {
        if hidden_sheets.contains(name) {
            reasons.push(RowError::new(1, format!("the sheet \"{name}\" is hidden: it is left out")));
            continue;
        }
        let mut rows = SheetRows::new(wanted);
        rows.hidden = hidden_rows.remove(name).unwrap_or_default();
        if let Sheets::Xlsx(workbook) = &mut workbook {
            for link in workbook.hyperlinks_by_sheet_name(name).unwrap_or_default() {
                let (row, column) = link.range.start;
                rows.links.extend(link.target.map(|target| ((row as usize, column as usize), target)));
            }
        }
        let mut unreadable = |error: &dyn std::fmt::Display| {
            let reason = format!("the sheet \"{name}\" cannot be read: {error}");
            parsed.skipped.push(RowError::new(1, reason));
        };
        // A cell far away is one cell: sheets are read cell by cell, where the format has them one by one.
        macro_rules! cells {
            ($workbook:expr) => {
                match $workbook.worksheet_cells_reader(name) {
                    Ok(mut reader) => loop {
                        match reader.next_cell() {
                            Ok(Some(cell)) => {
                                if let Err(error) = rows.cell(cell) {
                                    break Err(error);
                                }
                            }
                            Ok(None) => break Ok(()),
                            Err(error) => break Err(error.to_string()),
                        }
                    },
                    Err(error) => Err(error.to_string()),
                }
            };
        }
        let read = match &mut workbook {
            Sheets::Xlsx(workbook) => cells!(workbook),
            Sheets::Xlsb(workbook) => cells!(workbook),
            // At most 65,536 rows of 256 cells, and an OpenDocument that was measured before.
            workbook => match workbook.worksheet_range(name) {
                Ok(range) => range.used_cells().try_for_each(|(row, column, value)| {
                    let (first_row, first_column) = range.start().unwrap_or_default();
                    rows.value(first_row as usize + row, first_column as usize + column, value)
                }),
                Err(error) => Err(error.to_string()),
            },
        };
        if let Err(error) = read {
            unreadable(&error);
            continue;
        }
        if rows.is_empty() {
            continue;
        }
        match rows.finish() {
            Ok(mut own) => {
                // Lines are counted per sheet.
                if names.len() > 1 {
                    let rows = [&mut own.skipped, &mut own.merged, &mut own.notes];
                    rows.into_iter()
                        .flatten()
                        .for_each(|row| row.reason = format!("{} (sheet \"{name}\")", row.reason));
                }
                parsed.append(own);
            }
            Err(error) => reasons.push(RowError::new(
                error.line,
                format!("the sheet \"{name}\" is left out: {}", error.reason),
            )),
        }
    }
    if parsed.entries.is_empty() {
        return Err(reasons.into_iter().next().unwrap_or_else(|| RowError::new(1, "the workbook is empty")));
    }
    parsed.skipped.extend(reasons);
    Ok(parsed)
}

/// The rows that are hidden in each sheet of an Excel file, counting from 0; nothing where it is no such file.
fn hidden_rows(bytes: &[u8]) -> HashMap<String, HashSet<usize>> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return HashMap::new() };
    let mut tags = |part: &str, take: &mut dyn FnMut(&BytesStart)| {
        let Ok(file) = archive.by_name(part) else { return };
        let mut reader = quick_xml::Reader::from_reader(BufReader::new(file.take(MAX_UNPACKED)));
        let mut buffer = Vec::new();
        loop {
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Start(tag) | Event::Empty(tag)) => take(&tag),
                Ok(Event::Eof) | Err(_) => return,
                Ok(_) => {}
            }
            buffer.clear();
        }
    };
    let mut sheets: Vec<(String, String)> = Vec::new();
    tags("xl/workbook.xml", &mut |tag| {
        if tag.local_name().as_ref() == "sheet"
            && let (Some(name), Some(id)) = (attribute(tag, "name"), attribute(tag, "id"))
        {
            sheets.push((name, id));
        }
    });
    let mut targets: HashMap<String, String> = HashMap::new();
    tags("xl/_rels/workbook.xml.rels", &mut |tag| {
        if let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target")) {
            targets.insert(id, target);
        }
    });
    let mut found = HashMap::new();
    for (name, id) in sheets {
        let Some(target) = targets.get(&id) else { continue };
        let part = match target.strip_prefix('/') {
            Some(from_root) => from_root.to_owned(),
            None => format!("xl/{target}"),
        };
        let mut rows = HashSet::new();
        tags(&part, &mut |tag| {
            if tag.local_name().as_ref() == "row"
                && attribute(tag, "hidden").is_some_and(|own| own == "1" || own == "true")
            {
                let number = attribute(tag, "r").and_then(|own| own.parse::<usize>().ok());
                rows.extend(number.and_then(|number| number.checked_sub(1)));
            }
        });
        found.insert(name, rows);
    }
    found
}

/// Refuses an archive that declares to unpack to more than [`MAX_UNPACKED`], or an OpenDocument whose cells are
/// repeated to more than [`MAX_REPEATED`]. What is not an archive is left to the reader.
fn unpackable(bytes: &[u8]) -> Result<(), RowError> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
    let mut unpacked = 0u64;
    for at in 0..archive.len() {
        unpacked = unpacked.saturating_add(archive.by_index_raw(at).map_or(0, |file| file.size()));
    }
    if unpacked > MAX_UNPACKED {
        let reason = format!("the workbook unpacks to {unpacked} bytes; at most {MAX_UNPACKED} are read");
        return Err(RowError::new(1, reason));
    }
    if let Ok(file) = archive.by_name("content.xml") {
        let mut content = String::new();
        // What is no text is for the reader to refuse.
        if file.take(MAX_UNPACKED).read_to_string(&mut content).is_ok() {
            let cells = repeated_cells(&content);
            if cells > MAX_REPEATED {
                let reason = format!(
                    "the workbook repeats its cells to {cells}; at most {MAX_REPEATED} are read: delete what is \
                     repeated beyond the table"
                );
                return Err(RowError::new(1, reason));
            }
        }
    }
    Ok(())
}

/// About how many cells an OpenDocument's rows have up to their last one with content, each as often as it is
/// repeated.
fn repeated_cells(content: &str) -> u64 {
    let (mut cells, mut rows, mut columns, mut filled) = (0u64, 1u64, 0u64, 0u64);
    let mut row = |rows: u64, filled: u64| cells = cells.saturating_add(rows.saturating_mul(filled));
    for tag in content.split('<').skip(1) {
        let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
        let repeated = |name: &str| {
            let number = tag.split_once(name).and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
            number.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(1)
        };
        if tag.starts_with("table:table-row") {
            row(rows, filled);
            (rows, columns, filled) = (repeated("number-rows-repeated="), 0, 0);
        } else if tag.starts_with("table:table-cell") || tag.starts_with("table:covered-table-cell") {
            columns = columns.saturating_add(repeated("number-columns-repeated="));
            if tag.contains("office:value-type") || !tag.ends_with('/') {
                filled = columns;
            }
        }
    }
    row(rows, filled);
    cells
}

/// The rows of a sheet, made of its cells as they come.
struct SheetRows<'t> {
    rows: Rows<'t>,
    /// The row that is read, and its cells so far.
    at: usize,
    cells: Vec<String>,
    /// The rows before the width is known.
    ahead: Vec<(usize, Vec<String>)>,
    width: Option<usize>,
    /// The first row with a cell beyond the last column that is looked at.
    beyond: Option<usize>,
    bytes: usize,
    empty: bool,
    failed: Option<RowError>,
    /// The rows that are hidden, and the first that was left out for it.
    hidden: HashSet<usize>,
    left_out: Vec<usize>,
    /// Where cells lead.
    links: HashMap<(usize, usize), String>,
}

impl<'t> SheetRows<'t> {
    fn new(wanted: &Wanted<'t>) -> Self {
        SheetRows {
            rows: Rows::new(wanted.columns, wanted.language, None),
            at: 0,
            cells: Vec::new(),
            ahead: Vec::new(),
            width: None,
            beyond: None,
            bytes: 0,
            empty: true,
            failed: None,
            hidden: HashSet::new(),
            left_out: Vec::new(),
            links: HashMap::new(),
        }
    }

    fn cell(&mut self, cell: Cell<DataRef>) -> Result<(), String> {
        let (row, column) = cell.get_position();
        let value: Data = cell.get_value().clone().into();
        self.value(row as usize, column as usize, &value)
    }

    fn value(&mut self, row: usize, column: usize, value: &Data) -> Result<(), String> {
        let mut text = text(value);
        if text.is_empty() {
            return Ok(());
        }
        if self.hidden.contains(&row) {
            if self.left_out.last() != Some(&row) {
                self.left_out.push(row);
            }
            return Ok(());
        }
        // A question is asked without its link.
        if let Some(address) = self.links.get(&(row, column)).filter(|address| !text.contains(*address))
            && !asks(&text)
        {
            text = format!("[{}]({address})", text.trim());
        }
        if row != self.at {
            self.end_row();
            self.at = row;
        }
        self.empty = false;
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > MAX_TEXT {
            return Err(format!("its texts have more than {MAX_TEXT} bytes"));
        }
        if column < MAX_COLUMNS {
            if self.cells.len() <= column {
                self.cells.resize(column + 1, String::new());
            }
            self.cells[column] = text;
        } else {
            self.beyond.get_or_insert(row + 1);
        }
        Ok(())
    }

    fn end_row(&mut self) {
        let cells = std::mem::take(&mut self.cells);
        if cells.is_empty() {
            return;
        }
        if self.width.is_some() {
            self.add(self.at, cells);
            return;
        }
        self.ahead.push((self.at, cells));
        if self.ahead.len() >= ROWS_AHEAD {
            self.add_ahead();
        }
    }

    /// Adds the rows that were waited with.
    fn add_ahead(&mut self) {
        let ahead = std::mem::take(&mut self.ahead);
        self.width = Some(ahead.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0));
        ahead.into_iter().for_each(|(at, cells)| self.add(at, cells));
    }

    fn add(&mut self, at: usize, mut cells: Vec<String>) {
        if cells.len() < self.width.unwrap_or(0) {
            cells.resize(self.width.unwrap_or(0), String::new());
        }
        let fields: Vec<&str> = cells.iter().map(String::as_str).collect();
        if self.failed.is_none() {
            self.failed = self.rows.add(at + 1, &fields).err();
        }
    }

    fn is_empty(&self) -> bool {
        self.empty
    }

    fn finish(mut self) -> Result<Parsed, RowError> {
        self.end_row();
        if self.width.is_none() {
            self.add_ahead();
        }
        match self.failed {
            Some(error) => Err(error),
            None => {
                let mut parsed = self.rows.finish()?;
                let reason = format!("cells beyond column {MAX_COLUMNS} are not read");
                parsed.notes.extend(self.beyond.map(|row| RowError::new(row, reason)));
                if let [first, others @ ..] = &self.left_out[..] {
                    let reason = match others.len() {
                        0 => "1 hidden row is left out".to_owned(),
                        more => format!("{} hidden rows are left out", more + 1),
                    };
                    parsed.skipped.push(RowError::new(first + 1, reason));
                }
                Ok(parsed)
            }
        }
    }
}

/// A cell as text. Whole numbers have no fraction, as in the spreadsheet.
fn text(cell: &Data) -> String {
    match cell {
        Data::Error(_) => String::new(),
        cell => cell.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_cells_are_counted_before_they_are_unfolded() {
        let row = |rows: u64, columns: u64| {
            format!(
                "<table:table-row table:number-rows-repeated=\"{rows}\"><table:table-cell office:value-type=\"string\" \
                 table:number-columns-repeated=\"{columns}\"><text:p>a</text:p></table:table-cell></table:table-row>"
            )
        };
        assert_eq!(repeated_cells(&row(1, 1)), 1);
        assert_eq!(repeated_cells(&(row(3, 2) + &row(1_000_000, 16_384))), 6 + 16_384_000_000);
        assert_eq!(repeated_cells(&row(u64::MAX, 5)), u64::MAX);
        // What LibreOffice writes below and beside a table is empty.
        let empty = "<table:table-row table:number-rows-repeated=\"1048570\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
        assert_eq!(repeated_cells(&(row(2, 2) + empty)), 4);
    }
}
