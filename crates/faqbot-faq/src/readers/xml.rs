//! What the readers of XML share, alone and in archives, as office documents are.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;

use crate::error::RowError;

/// A part that unpacks to more is a mistake or an attack.
const MAX_UNPACKED: u64 = 256 << 20;

/// The text of a part of an archive.
///
/// # Errors
///
/// Returns an error if it is not there, is no text, or unpacks to more than [`MAX_UNPACKED`] bytes.
pub fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<String, RowError> {
    let broken = |error: &dyn std::fmt::Display| RowError::new(1, format!("{name} cannot be read: {error}"));
    let file = archive.by_name(name).map_err(|error| broken(&error))?;
    let mut text = String::new();
    let size = file.take(MAX_UNPACKED + 1).read_to_string(&mut text).map_err(|error| broken(&error))?;
    if size as u64 > MAX_UNPACKED {
        return Err(RowError::new(1, format!("{name} unpacks to more than {MAX_UNPACKED} bytes")));
    }
    Ok(text)
}

/// What the relations of a Microsoft Office part (`.rels`) lead to, by their ids.
pub fn relations(xml: &str) -> HashMap<String, String> {
    let mut reader = Reader::from_str(xml);
    let mut found = HashMap::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Empty(tag) | Event::Start(tag) => {
                if let (Some(id), Some(target)) = (attribute(&tag, "Id"), attribute(&tag, "Target")) {
                    found.insert(id, target);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    found
}

/// The value of an attribute, by its name without a prefix.
pub fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|own| own.key.local_name().as_ref() == name)?;
    Some(unescape(&found.value).map_or_else(|_| found.value.to_string(), |value| value.into_owned()))
}

/// The text that a reference stands for: `&amp;`, `&#8217;`; nothing where it is none of XML's own.
pub fn referred(reference: &BytesRef) -> String {
    match &**reference {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        _ => reference.resolve_char_ref().ok().flatten().map(String::from).unwrap_or_default(),
    }
}
