//! Spreadsheets (Excel, OpenDocument). Each sheet is a table; `table` knows what the columns mean.

use std::io::Cursor;

use calamine::{Data, Reader, open_workbook_auto_from_rs};
use zip::ZipArchive;

use crate::error::RowError;
use crate::faq::parsed::Parsed;
use crate::faq::readers::table::{Rows, Table};

/// A workbook that unpacks to more is a mistake or an attack: the format packs ten to one.
const MAX_UNPACKED: u64 = 1 << 30;

/// Reads a workbook. Sheets that hold no FAQ are reported; lines are rows of their sheet.
///
/// # Errors
///
/// Returns an error if the workbook cannot be read, or no sheet names a question and an answer column.
pub fn parse(bytes: &[u8], table: &mut Table) -> Result<Parsed, RowError> {
    let broken = |error: &dyn std::fmt::Display| RowError::new(1, format!("not a workbook: {error}"));
    unpackable(bytes)?;
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut parsed = Parsed::default();
    let mut reasons = Vec::new();
    let names = workbook.sheet_names();
    for name in &names {
        let range = match workbook.worksheet_range(name) {
            Ok(range) => range,
            Err(error) => {
                parsed
                    .skipped
                    .push(RowError::new(1, format!("the sheet \"{name}\" cannot be read: {error}")));
                continue;
            }
        };
        if range.is_empty() {
            continue;
        }
        let first = range.start().map_or(1, |(row, _)| row as usize + 1);
        match sheet(first, range.rows(), table) {
            Ok(mut own) => {
                // Lines are counted per sheet.
                if names.len() > 1 {
                    let rows = [&mut own.skipped, &mut own.merged, &mut own.notes];
                    rows.into_iter()
                        .flatten()
                        .for_each(|row| row.reason = format!("{} (sheet \"{name}\")", row.reason));
                }
                parsed.entries.extend(own.entries);
                parsed.skipped.extend(own.skipped);
                parsed.merged.extend(own.merged);
                parsed.notes.extend(own.notes);
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

/// Refuses an archive that declares to unpack to more than [`MAX_UNPACKED`]. What is not an archive is left
/// to the reader.
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
    Ok(())
}

fn sheet<'r>(
    first: usize,
    rows: impl Iterator<Item = &'r [Data]>,
    table: &mut Table,
) -> Result<Parsed, RowError> {
    let mut read = Rows::new(table.columns, None);
    for (at, row) in rows.enumerate() {
        let fields: Vec<String> = row.iter().map(text).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        read.add(first + at, &fields)?;
    }
    read.finish()
}

/// A cell as text. Whole numbers have no fraction, as in the spreadsheet.
fn text(cell: &Data) -> String {
    match cell {
        Data::Error(_) => String::new(),
        cell => cell.to_string(),
    }
}
