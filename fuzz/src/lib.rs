//! What the targets run: whatever a file holds, reading it ends with entries or an error.

use std::path::Path;

use faqbot_faq::Faq;
use faqbot_faq::format::{FORMATS, Format};
use faqbot_faq::{ReadOptions, load};

/// Reads bytes as one format.
pub fn read(format: &str, data: &[u8]) {
    let format = Format::named(format);
    assert!(format.is_some());
    let options = ReadOptions { format, ..ReadOptions::default() };
    let _ = load::read(data, Path::new("fuzz"), &options);
}

/// The whole way: the first byte chooses a name, the rest is the file; what is read is written in every format that
/// can be, and read back.
pub fn whole(data: &[u8]) {
    let Some((&choice, data)) = data.split_first() else { return };
    let endings: Vec<&str> = FORMATS.iter().flat_map(|format| format.endings.iter().copied()).collect();
    let name = format!("fuzz.{}", endings[choice as usize % endings.len()]);
    let Ok(loaded) = Faq::read(data, Path::new(&name)) else { return };
    for format in FORMATS.iter().filter(|format| format.is_written()) {
        let mut written = Vec::new();
        if format.write(&loaded.faq, &mut written).is_err() {
            continue;
        }
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        let back = load::read(&written, Path::new("fuzz"), &options);
        let back = back.unwrap_or_else(|error| panic!("{}: {error}", format.name));
        assert_eq!(back.faq.entries.len(), loaded.faq.entries.len(), "{}", format.name);
    }
}
