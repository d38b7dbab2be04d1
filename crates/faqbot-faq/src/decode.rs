//! Decodes the bytes of a file: UTF-8 or UTF-16 by its byte-order mark, else UTF-8, else Windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::RowError;

/// What a file is that no reader is for, and what to do with it.
pub(super) fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const PICTURE: &str = "it has no text: write its questions and answers down";
    const KINDS: [(&[u8], &str, &str); 9] = [
        (
            b"%PDF-",
            "a PDF",
            "save the document that it was made of (.docx, .odt, .html), or its text as .txt",
        ),
        (b"\x89PNG", "a picture", PICTURE),
        (b"\xff\xd8\xff", "a picture", PICTURE),
        (b"GIF8", "a picture", PICTURE),
        (b"\x1f\x8b", "a file packed with gzip", "unpack it first"),
        (b"7z\xbc\xaf", "a file packed with 7-Zip", "unpack it first"),
        (b"Rar!", "a file packed with RAR", "unpack it first"),
        (b"SQLite format 3\0", "an SQLite database", "export its table as CSV"),
        (b"\x7fELF", "a program", "a FAQ is a text, table or document"),
    ];
    KINDS.iter().find(|(begin, ..)| bytes.starts_with(begin)).map(|(_, what, advice)| (*what, *advice))
}

/// The text of a file without its byte-order mark, and notes on how it was decoded.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Vec<RowError>) {
    let (text, note) = if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let note = broken.then(|| {
            let reason = format!("some bytes are not {}; they are shown as \u{fffd}", encoding.name());
            RowError::new(1, reason)
        });
        (text, note)
    } else if let Some(encoding) = utf16_without_mark(bytes) {
        let reason = format!("read as {}, which the file does not say it is", encoding.name());
        (encoding.decode_without_bom_handling(bytes).0, Some(RowError::new(1, reason)))
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(error) => {
                let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
                // Every byte is valid in Windows-1252, so this cannot fail. It is a guess unless the file
                // declares its encoding.
                let named = declared(bytes);
                let encoding = named.unwrap_or(WINDOWS_1252);
                let (text, _) = encoding.decode_without_bom_handling(bytes);
                let name = if encoding == WINDOWS_1252 { "Windows-1252" } else { encoding.name() };
                let reason = format!("not UTF-8 from here on: the file was read as {name}");
                (text, Some(RowError::new(line, reason)))
            }
        }
    };
    // Old systems end lines with `\r` alone.
    let text =
        if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n").into() } else { text };
    let notes = note.into_iter().chain(encoded_twice(&text)).collect();
    (text, notes)
}

/// Recognises UTF-16 by its zero bytes: in Latin text, every other byte is zero.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1000) & !1];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|&&byte| byte == 0).count();
    let most = head.len() / 2;
    let many = |count: usize| most > 1 && 10 * count > 7 * most;
    match (many(zeros(0)), many(zeros(1))) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// The encoding that a page declares: `<meta charset="…">`, `encoding="…"`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).to_ascii_lowercase();
    let found = ["charset=", "encoding="].iter().find_map(|mark| head.split_once(mark))?.1;
    let name = found.trim_start_matches(['"', '\'']);
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | ':'))
        .unwrap_or(name.len());
    Encoding::for_label(&name.as_bytes()[..end]).filter(|encoding| *encoding != UTF_8)
}

/// Detects UTF-8 text that was mistaken for Windows-1252 and encoded again: "donâ€™t". It is reported but not
/// changed, since the original is a guess.
fn encoded_twice(text: &str) -> Option<RowError> {
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_ascii()) {
        // Runs of non-ASCII characters, as the bytes they may have been.
        for run in line.split(|c: char| c.is_ascii()).filter(|run| run.chars().count() > 1) {
            let (bytes, _, unknown) = WINDOWS_1252.encode(run);
            if let (false, Ok(once)) = (unknown, std::str::from_utf8(&bytes)) {
                let reason =
                    format!("\"{run}\" looks as if it was encoded twice (\"{once}\"?); fix it in the file");
                return Some(RowError::new(index + 1, reason));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_bytes_say_the_encoding() {
        assert_eq!(decode("a é".as_bytes()).0, "a é");
        assert_eq!(decode(b"\xef\xbb\xbfa").0, "a");
        assert_eq!(decode(b"\xff\xfea\0\xe9\0").0, "a\u{e9}");
        assert_eq!(decode(b"\xfe\xff\0a").0, "a");
        let (text, notes) = decode(b"one\nit\x92s");
        assert_eq!((&*text, notes[0].line), ("one\nit\u{2019}s", 2));
    }

    #[test]
    fn files_without_marks_are_known_by_what_is_in_them() {
        let utf16: Vec<u8> = "Who?\nMe.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16).0, "Who?\nMe.");
        let utf16: Vec<u8> = "Who?\nMe.".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decode(&utf16).0, "Who?\nMe.");
        let (text, notes) = decode(b"<meta charset=\"windows-1251\"><p>\xcf\xf0\xe8");
        assert!(text.ends_with("При") && notes[0].reason.ends_with("windows-1251"), "{text} {notes:?}");
        assert_eq!(decode(b"a\rb\r").0, "a\nb\n");
    }

    #[test]
    fn text_that_was_encoded_twice_is_noticed() {
        let (text, notes) = decode("one\ndonâ€™t\n".as_bytes());
        assert_eq!(text, "one\ndonâ€™t\n");
        assert_eq!((notes[0].line, notes.len()), (2, 1));
        assert!(notes[0].reason.contains('’'), "{notes:?}");
        for fine in ["déjà vu", "naïve — café", "Größe", "你好？", "Ã", "«Où?»"] {
            assert!(decode(fine.as_bytes()).1.is_empty(), "{fine}");
        }
    }
}
