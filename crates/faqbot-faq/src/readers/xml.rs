//! What the readers of XML share.

use quick_xml::events::BytesRef;

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
