//! Makes texts safe for a terminal by showing control characters as symbols.

/// Replaces control characters by visible symbols, so that a text cannot affect a terminal: escape sequences,
/// and characters that reorder the text. Line breaks become `\n`; tabs stay. Also returns whether anything
/// but line breaks was changed.
pub fn sanitize(text: String) -> (String, bool) {
    if !text.chars().any(|c| c == '\r' || visible(c) != c) {
        return (text, false);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let shown: String = text.chars().map(visible).collect();
    let changed = shown != text;
    (shown, changed)
}

/// The symbol for a control character. Line breaks, tabs and all other characters are returned as they are.
pub fn visible(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        // The control pictures are in the order of the C0 controls.
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        // Characters that make a terminal reorder the text.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_made_visible() {
        let sanitized = |text: &str| sanitize(text.to_owned());
        assert_eq!(sanitized("a\r\nb\rc\td"), ("a\nb\nc\td".into(), false));
        assert_eq!(sanitized("\x1b[31m\u{9b}\u{202e}"), ("␛[31m\u{fffd}\u{fffd}".into(), true));
    }
}
