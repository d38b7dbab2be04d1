//! Books (EPUB): their chapters, in the order that they are read, are one page of HTML.

use std::collections::HashMap;
use std::io::Cursor;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::html;
use crate::error::RowError;
use crate::parsed::Parsed;
use crate::readers::table::Wanted;
use crate::readers::xml::{attribute, part};

const KIND: &str = "application/epub+zip";
const CONTAINER: &str = "META-INF/container.xml";

/// Elements of HTML that have no end.
const VOID: [&str; 9] = ["area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"];

/// Chapters of a book together, at most, in bytes.
const LONGEST: usize = 64 << 20;

/// Whether an archive is a book.
pub fn is_book(bytes: &[u8]) -> bool {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    part(&mut archive, "mimetype").is_ok_and(|kind| kind.trim() == KIND)
}

/// Reads a book. Lines are those of all chapters together.
///
/// # Errors
///
/// Returns an error if the book cannot be read, or nothing in it is marked up as questions and answers.
pub fn parse(bytes: &[u8], wanted: &mut Wanted) -> Result<Parsed, RowError> {
    let broken = |error: &dyn std::fmt::Display| RowError::new(1, format!("not a book: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let container = part(&mut archive, CONTAINER)?;
    let package = tags(&container)
        .find_map(|tag| attribute(&tag, "full-path"))
        .ok_or_else(|| broken(&format!("{CONTAINER} names no package")))?;
    let folder = package.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let package = part(&mut archive, &package)?;
    let mut files: HashMap<String, String> = HashMap::new();
    let mut order = Vec::new();
    for tag in tags(&package) {
        match tag.local_name().as_ref() {
            "item" => files.extend(attribute(&tag, "id").zip(attribute(&tag, "href"))),
            "itemref" => order.extend(attribute(&tag, "idref")),
            _ => {}
        }
    }
    let mut page = String::from("<body>\n");
    for id in &order {
        // A chapter that is not there is left out, as readers do.
        let Some(Ok(chapter)) = files.get(id).map(|file| part(&mut archive, &format!("{folder}{file}")))
        else {
            continue;
        };
        page.push_str(&body(&chapter));
        page.push('\n');
        if page.len() > LONGEST {
            return Err(RowError::new(1, format!("the chapters have more than {LONGEST} bytes together")));
        }
    }
    page.push_str("</body>");
    (wanted.progress)(bytes.len() as u64);
    let mut parsed = html::parse(&page)?;
    let title = title(&package);
    parsed.title = title.or(parsed.title);
    Ok(parsed)
}

/// The beginnings of elements.
fn tags(xml: &str) -> impl Iterator<Item = BytesStart<'_>> {
    let mut reader = Reader::from_str(xml);
    std::iter::from_fn(move || {
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag) | Event::Empty(tag)) => return Some(tag),
                Ok(Event::Eof) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    })
}

/// The title that a package says.
fn title(package: &str) -> Option<String> {
    let mut reader = Reader::from_str(package);
    let mut within = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => within = tag.local_name().as_ref() == "title",
            Event::Text(text) if within => {
                return Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// What is in a chapter's body, as HTML: elements that XML ends at once get an end. A chapter that is no XML is taken as it is.
fn body(chapter: &str) -> String {
    let mut reader = Reader::from_str(chapter);
    reader.config_mut().check_end_names = false;
    let (mut out, mut within, mut begin) = (String::new(), false, 0);
    loop {
        let before = begin;
        let Ok(event) = reader.read_event() else { return chapter.to_owned() };
        begin = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(chapter.len());
        match event {
            Event::Start(tag) if tag.local_name().as_ref() == "body" => within = true,
            Event::End(tag) if tag.local_name().as_ref() == "body" => within = false,
            Event::Empty(tag) if within && !VOID.contains(&tag.local_name().as_ref()) => {
                let name = tag.name();
                out.push_str(&format!("<{}></{}>", &*tag, name.as_ref()));
            }
            Event::Eof => return if out.is_empty() { chapter.to_owned() } else { out },
            _ if within => out.push_str(chapter.get(before..begin).unwrap_or_default()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_end_at_once_get_an_end() {
        let chapter = "<?xml version=\"1.0\"?><html><head><title/></head><body><a id=\"p\"/><h2>Why?</h2><p>So &amp; so<br/>é</p></body></html>";
        assert_eq!(body(chapter), "<a id=\"p\"></a><h2>Why?</h2><p>So &amp; so<br/>é</p>");
        assert_eq!(body("<p>a < b"), "<p>a < b");
    }
}
