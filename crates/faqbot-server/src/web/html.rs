//! Answers as HTML that is safe to show: whoever wrote the FAQ, it runs no script, loads nothing, and stays in its
//! place.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, html};

/// What an answer may consist of. No images: they would be loaded from elsewhere.
const TAGS: [&str; 33] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "dd",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.into_iter().collect())
        .add_tag_attributes("a", ["href", "title"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("td", ["colspan", "rowspan"])
        .add_tag_attributes("th", ["colspan", "rowspan"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

/// Markdown as safe HTML. Tags that are not allowed are shown as they are written.
pub fn render(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) if !is_allowed(&text) => Event::Text(text),
        event => event,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    SANITIZER.clean(&out).to_string()
}

/// A text as HTML: a link where it is an address.
pub fn link(text: &str) -> String {
    let escaped = escape(text);
    let plain =
        !text.contains(char::is_whitespace) && (text.starts_with("https://") || text.starts_with("http://"));
    if plain {
        format!("<a href=\"{escaped}\" rel=\"noopener noreferrer nofollow\">{escaped}</a>")
    } else {
        escaped
    }
}

/// Whether a piece of raw HTML begins with a tag that stays.
fn is_allowed(piece: &str) -> bool {
    let name = piece.trim_start().trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name[..end].to_ascii_lowercase();
    TAGS.contains(&&*name)
}

/// A text within HTML, in an attribute too.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_keep_their_form() {
        let html =
            render("Open **Orders**:\n\n- one\n- <b>two</b>\n\nSee [here](https://example.org \"x\").");
        assert!(html.contains("<strong>Orders</strong>") && html.contains("<li><b>two</b></li>"), "{html}");
        assert!(html.contains("href=\"https://example.org\"") && html.contains("noopener"), "{html}");
        assert!(render("a List<String> is").contains("List&lt;String&gt;"));
    }

    #[test]
    fn what_is_hostile_is_text_or_gone() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "![x](https://elsewhere.example/pixel.png)",
            "[x](javascript:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "<a href=\"https://a.example\" onclick=alert(1) style=\"position:fixed\" id=x class=y>b</a>",
            "<p style=\"position:fixed;top:0\">x</p>",
            "<svg><script>alert(1)</script></svg>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<iframe src=https://elsewhere.example></iframe>",
            "<b><style>@import 'https://elsewhere.example'</style></b>",
            "<form action=https://elsewhere.example><input name=q></form>",
            "<b onmouseover=alert(1)>x</b>",
            "<base href=https://elsewhere.example>",
        ] {
            let html = render(hostile);
            let tags = html.split('<').skip(1).map(|tag| tag.split(['>', ' ', '/']).next().unwrap_or(""));
            for tag in tags.filter(|tag| !tag.is_empty()) {
                assert!(is_allowed(tag), "{hostile} gives {html}");
            }
            for attribute in [" on", " style=", " src=", " id=", " class=", "javascript:", "data:"] {
                let inside = html.split('<').skip(1).filter_map(|tag| tag.split('>').next());
                assert!(inside.into_iter().all(|tag| !tag.contains(attribute)), "{hostile} gives {html}");
            }
        }
    }
}
