//! Reduces texts to what carries their meaning: normalised phrasings, slugs, abridged lines.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text on one line, with one space between its words.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `limit` characters of a text, on one line, with an ellipsis if it was cut.
pub fn abridge(text: &str, limit: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Turns a text into an id: its words in lower case, without accents, joined by `-`.
///
/// ```
/// assert_eq!(faqbot_faq::slug("Where's the Café?"), "wheres-the-cafe");
/// assert_eq!(faqbot_faq::slug("???"), "entry");
/// ```
pub fn slug(text: &str) -> String {
    let without_apostrophes: String = text.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let words = normalize_phrasing(&without_apostrophes).replace(' ', "-");
    if words.is_empty() { "entry".into() } else { words }
}

/// Strips a phrasing of what does not change its meaning: case, accents, punctuation, width, spacing. Two
/// phrasings with the same result are the same question; an empty result is no question.
///
/// ```
/// use faqbot_faq::normalize_phrasing;
/// assert_eq!(normalize_phrasing("  Où est le CAFÉ ?! "), normalize_phrasing("ou est le cafe"));
/// assert_eq!(normalize_phrasing("…?!"), "");
/// ```
pub fn normalize_phrasing(text: &str) -> String {
    // ASCII has no accents to look up in tables.
    if text.is_ascii() {
        words_of(text.chars().map(|c| c.to_ascii_lowercase()), text.len())
    } else {
        let folded = text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase);
        words_of(folded, text.len())
    }
}

/// The letters and digits, with a space for anything between them.
fn words_of(folded: impl Iterator<Item = char>, length: usize) -> String {
    let mut words = String::with_capacity(length);
    let mut gap = false;
    for c in folded {
        if c.is_alphanumeric() {
            if gap && !words.is_empty() {
                words.push(' ');
            }
            gap = false;
            words.push(c);
        } else {
            gap = true;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrasings_in_any_script_keep_their_letters() {
        assert_eq!(normalize_phrasing("如何重置密码？"), "如何重置密码");
        assert_eq!(normalize_phrasing("Ｆｕｌｌ　ｗｉｄｔｈ！"), "full width");
        assert_eq!(normalize_phrasing("error 0x80-07"), "error 0x80 07");
        assert_eq!(slug("Как дела?"), "как-дела");
    }

    #[test]
    fn long_texts_are_abridged_at_characters() {
        assert_eq!(abridge("añb\n c", 10), "añb c");
        assert_eq!(abridge("ñandú grande", 5), "ñandú…");
    }
}
