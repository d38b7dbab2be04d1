//! Converts texts that may be HTML to Markdown or plain text. Without the feature `html`, they are unchanged.

#[cfg(feature = "html")]
use super::html_tree;

/// Converts a text that may be HTML to Markdown. Text without markup is unchanged.
pub fn to_markdown(text: &str) -> String {
    #[cfg(feature = "html")]
    if looks_like_html(text)
        && let Ok(root) = html_tree::read(text)
    {
        return html_tree::markdown_of_page(&root);
    }
    text.to_owned()
}

/// Converts a text that may be HTML to plain text, on one line.
pub fn to_text(text: &str) -> String {
    #[cfg(feature = "html")]
    if looks_like_html(text)
        && let Ok(root) = html_tree::read(text)
    {
        return html_tree::text_of(&root);
    }
    text.to_owned()
}

/// Whether a text contains a tag or a character reference.
#[cfg(feature = "html")]
fn looks_like_html(text: &str) -> bool {
    let tag =
        |(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
    let reference = |(at, _)| {
        let rest: &str = &text[at + 1..];
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '#')
            && rest.find(';').is_some_and(|end| end < 10 && !rest[..end].contains(' '))
    };
    text.match_indices('<').any(tag) || text.match_indices('&').any(reference)
}

#[cfg(all(test, feature = "html"))]
mod tests {
    use super::*;

    #[test]
    fn text_without_marks_is_left_as_it_is() {
        assert_eq!(to_markdown("a < b && c"), "a < b && c");
        assert_eq!(to_text("a <b>b</b> &amp; c"), "a b & c");
    }
}
