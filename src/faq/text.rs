//! Bytes of a file as text: UTF-8 and UTF-16 by their marks, else UTF-8, else Windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::error::RowError;

/// The text of a file, without its byte-order mark, and what there is to say about how it was read.
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<RowError>) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let error = broken.then(|| {
            let reason = format!("some bytes are not {}; they are shown as \u{fffd}", encoding.name());
            RowError::new(1, reason)
        });
        return (text, error);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            // Every byte means something there, so this cannot fail; that it is right is a guess.
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
            let reason = "not UTF-8 from here on: the file was read as Windows-1252";
            (text, Some(RowError::new(line, reason)))
        }
    }
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
        let (text, error) = decode(b"one\nit\x92s");
        assert_eq!((&*text, error.map(|error| error.line)), ("one\nit\u{2019}s", Some(2)));
    }
}
