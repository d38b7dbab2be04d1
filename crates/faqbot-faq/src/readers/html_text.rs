//! Converts texts that may be HTML to Markdown or plain text. Without the feature `html`, they are unchanged.

#[cfg(feature = "html")]
use super::html_tree;

/// Converts a text that may be HTML to Markdown. Text without markup is unchanged. HTML that was encoded as text, as some
/// systems do (`&lt;p&gt;`), is decoded first.
pub fn to_markdown(text: &str) -> String {
    #[cfg(feature = "html")]
    if !text.contains('<') && text.trim_start().starts_with("&lt;") && text.trim_end().ends_with("&gt;") {
        let decoded = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            .iter()
            .fold(text.to_owned(), |text, (reference, mark)| text.replace(reference, mark));
        if begins_with_block(&decoded) {
            return to_markdown(&decoded);
        }
    }
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

/// An answer that is HTML, or has blocks of it, as Markdown, with what is left out: it has no text. `None` where there is
/// none. Marks within a line (`<b>`, `<br>`) are Markdown's own, and stay.
#[cfg(feature = "html")]
pub fn answer_to_markdown(text: &str) -> Option<(String, Vec<&'static str>)> {
    use pulldown_cmark::{Event, Options, Parser, Tag};

    if !text.contains('<') {
        return None;
    }
    let converted = if begins_with_block(text) {
        to_markdown(text)
    } else {
        let blocks: Vec<_> = Parser::new_ext(text, Options::ENABLE_TABLES)
            .into_offset_iter()
            .filter(|(event, range)| {
                matches!(event, Event::Start(Tag::HtmlBlock)) && begins_with_block(&text[range.clone()])
            })
            .map(|(_, range)| range)
            .collect();
        if blocks.is_empty() {
            return None;
        }
        let (mut parts, mut done) = (Vec::new(), 0);
        for range in blocks {
            parts.push(text[done..range.start].trim_matches('\n').to_owned());
            parts.push(to_markdown(&text[range.clone()]));
            done = range.end;
        }
        parts.push(text[done..].trim_matches('\n').to_owned());
        parts.retain(|part| !part.trim().is_empty());
        parts.join("\n\n")
    };
    // What is all comments is left as it is: without an answer there would be no entry.
    (!converted.trim().is_empty()).then(|| (converted, without_text(text)))
}

/// Without the feature `html`, HTML is not read.
#[cfg(not(feature = "html"))]
pub fn answer_to_markdown(_: &str) -> Option<(String, Vec<&'static str>)> {
    None
}

/// Elements that have no text, and what to call them.
#[cfg(feature = "html")]
const WITHOUT_TEXT: [(&str, &str); 10] = [
    ("img", "an image"),
    ("picture", "an image"),
    ("svg", "an image"),
    ("script", "a script"),
    ("iframe", "an embed"),
    ("embed", "an embed"),
    ("object", "an embed"),
    ("video", "a video"),
    ("audio", "a sound"),
    ("form", "a form"),
];

/// What a text has of these, each once.
#[cfg(feature = "html")]
fn without_text(text: &str) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for (at, _) in text.match_indices('<') {
        let name = tag_name(&text[at + 1..]);
        let known = WITHOUT_TEXT.iter().find(|(tag, _)| name.eq_ignore_ascii_case(tag));
        found.extend(known.map(|(_, what)| *what).filter(|what| !found.contains(what)));
    }
    found
}

/// Whether a text begins, comments aside, with a tag that begins a block or stands for what has no text.
#[cfg(feature = "html")]
fn begins_with_block(text: &str) -> bool {
    const BLOCKS: [&str; 36] = [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "style",
        "summary",
        "table",
        "ul",
    ];
    let mut text = text.trim_start();
    while let Some((_, rest)) = text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")) {
        text = rest.trim_start();
    }
    let Some(rest) = text.strip_prefix('<') else { return false };
    let name = tag_name(rest.trim_start_matches('/'));
    let known = |own: &&str| name.eq_ignore_ascii_case(own);
    BLOCKS.iter().any(known) || WITHOUT_TEXT.iter().any(|(tag, _)| known(tag))
}

/// The name that a tag begins with.
#[cfg(feature = "html")]
fn tag_name(tag: &str) -> &str {
    &tag[..tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len())]
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
        assert_eq!(to_markdown("&lt;p&gt;a &amp;amp; b&lt;/p&gt;"), "a & b");
        assert_eq!(to_markdown("&lt;x&gt; is a tag"), "\\<x> is a tag");
    }

    #[test]
    fn answers_of_html_become_markdown() {
        let markdown = |text: &str| answer_to_markdown(text).map(|(text, _)| text.trim().to_owned());
        for (html, wanted) in [
            (
                "<p>Within <strong>three</strong> days.</p><ul><li>Norway</li><li>Sweden</li></ul>",
                "Within **three** days.\n\n- Norway\n- Sweden",
            ),
            ("<div class=\"a\"><div>By&nbsp;card.</div></div>", "By\u{a0}card."),
            ("<p>Yes.</p>\n\n<p>Everywhere.</p>", "Yes.\n\nEverywhere."),
            (
                "<h3>Cost</h3>Ten <a href=\"https://a.example/b\">euros</a><br>a day",
                "### Cost\n\nTen [euros](https://a.example/b)  \na day",
            ),
            ("<!-- old --><section>New.</section>", "New."),
            ("Yes:\n\n<div>by **card**</div>\n\nand *cash*.", "Yes:\n\nby \\*\\*card\\*\\*\n\nand *cash*."),
        ] {
            assert_eq!(markdown(html).as_deref(), Some(wanted), "{html}");
        }
        // Marks within a line, code, and what is no tag of HTML.
        for text in [
            "Print <b>the</b> label.<br>Then send it.",
            "```\n<div>\n```",
            "<your name>\nand more",
            "a < b",
            "Use `<p>`.",
        ] {
            assert_eq!(markdown(text), None, "{text}");
        }
        let (_, left_out) = answer_to_markdown("<p>a<img src=x><IMG src=y></p><script>b()</script>").unwrap();
        assert_eq!(left_out, ["an image", "a script"]);
    }
}
