//! What the readers of XML share.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesRef, BytesStart};

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
