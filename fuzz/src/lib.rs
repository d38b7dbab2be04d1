//! What the targets run: whatever a file holds, reading it ends with entries or an error.

use std::path::Path;
use std::sync::LazyLock;

use faqbot_faq::Faq;
use faqbot_faq::format::{FORMATS, Format};
use faqbot_faq::{ReadOptions, load};

/// The variable that names the format.
const FORMAT: &str = "FAQBOT_FUZZ_FORMAT";

/// Reads bytes as the format that `FAQBOT_FUZZ_FORMAT` names.
pub fn read(data: &[u8]) {
    static CHOSEN: LazyLock<&'static Format> = LazyLock::new(|| {
        let name = std::env::var(FORMAT).unwrap_or_default();
        let known = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
        Format::named(&name).unwrap_or_else(|| panic!("{FORMAT} names a format: {}", known()))
    });
    let options = ReadOptions { format: Some(*CHOSEN), ..ReadOptions::default() };
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
