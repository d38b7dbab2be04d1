//! WordPress' exports (WXR): titles ask, contents answer. What is not published is left out.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::fields;
use crate::readers::html_text;
use crate::readers::lines::Lines;
use crate::readers::xml::referred;

/// Kinds of posts that are no articles.
const OTHER_KINDS: [&str; 8] = [
    "attachment",
    "nav_menu_item",
    "revision",
    "custom_css",
    "customize_changeset",
    "wp_global_styles",
    "wp_navigation",
    "wp_template",
];

/// Reads an export.
///
/// # Errors
///
/// Returns an error if the text is not XML or has no published posts.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines::new(text, 1);
    let mut parsed = Parsed::default();
    let (mut item, mut field, mut shown) = (None::<RawEntry>, String::new(), true);
    let (mut name, mut unpublished) = (String::new(), 0);
    let mut faqs = 0;
    let mut kinds: Vec<String> = Vec::new();
    loop {
        let at = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            let line = text[..text.floor_char_boundary(at)].matches('\n').count() + 1;
            RowError::new(line, format!("not XML: {error}"))
        })?;
        match event {
            Event::Start(tag) => {
                name = tag.name().as_ref().to_owned();
                field.clear();
                if name == "item" {
                    item = Some(RawEntry { line: lines.at(at), ..RawEntry::default() });
                    shown = true;
                    kinds.push(String::new());
                }
            }
            Event::Text(piece) => field.push_str(&piece.into_inner()),
            Event::CData(piece) => field.push_str(&piece.into_inner()),
            Event::GeneralRef(reference) => field.push_str(&referred(&reference)),
            Event::End(tag) => {
                let value = field.trim();
                match (tag.name().as_ref(), &mut item) {
                    ("title", None) if parsed.title.is_none() => {
                        parsed.title = Some(value.to_owned()).filter(|title| !title.is_empty());
                    }
                    ("title", Some(own)) => own.questions = vec![html_text::to_text(value)],
                    ("content:encoded", Some(own)) => own.answer = Some(without_block_comments(value)),
                    ("link", Some(own)) => {
                        own.source = Some(value.to_owned()).filter(|link| !link.is_empty())
                    }
                    ("category", Some(own)) if !value.is_empty() => own.tags.push(value.to_owned()),
                    ("wp:status", Some(_)) => shown &= !fields::says_unpublished("status", Some(value)),
                    ("wp:post_type", Some(_)) => {
                        shown &= !OTHER_KINDS.contains(&value);
                        faqs += usize::from(value.contains("faq"));
                        if let Some(kind) = kinds.last_mut() {
                            *kind = value.to_owned();
                        }
                    }
                    ("item", Some(_)) => {
                        let own = item.take().unwrap_or_default();
                        let kind = kinds.last().cloned().unwrap_or_default();
                        if shown && own.answer.as_ref().is_some_and(|answer| !answer.is_empty()) {
                            parsed.entries.push(RawEntry { number: Some(kind), ..own });
                        } else if !OTHER_KINDS.contains(&kind.as_str()) {
                            unpublished += 1;
                        }
                    }
                    _ => {}
                }
                field.clear();
            }
            Event::Eof => break,
            _ => {}
        }
        let _ = &name;
    }
    // Where there are posts of a kind for questions, the others are a blog's.
    if faqs > 0 {
        let all = parsed.entries.len();
        parsed.entries.retain(|own| own.number.as_ref().is_some_and(|kind| kind.contains("faq")));
        if parsed.entries.len() < all {
            let reason =
                format!("{} posts of other kinds than questions are left out", all - parsed.entries.len());
            parsed.skipped.push(RowError::new(1, reason));
        }
    }
    parsed.entries.iter_mut().for_each(|own| own.number = None);
    if unpublished > 0 {
        parsed.skipped.push(RowError::new(1, fields::unpublished(unpublished)));
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no published posts"));
    }
    Ok(parsed)
}

/// The comments of WordPress' editor around blocks are no text.
fn without_block_comments(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("<!--") {
        out.push_str(&rest[..at]);
        rest = rest[at..].find("-->").map_or("", |end| &rest[at + end + 3..]);
    }
    (out + rest).trim().to_owned()
}

/// Strong for an export of WordPress.
pub fn detect(text: &str) -> Detection {
    Detection::strong(text.contains("xmlns:wp=") && text.contains("<item>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_posts_are_read() {
        let item = |title: &str, content: &str, status: &str, kind: &str| {
            format!(
                "<item><title>{title}</title><link>https://a.example/x</link><content:encoded><![CDATA[{content}]]></content:encoded><wp:status>{status}</wp:status><wp:post_type>{kind}</wp:post_type></item>\n"
            )
        };
        let text = format!(
            "<?xml version=\"1.0\"?>\n<rss xmlns:wp=\"x\" xmlns:content=\"y\"><channel><title>Bakery</title>\n{}{}{}{}</channel></rss>",
            item(
                "Do you bake rye?",
                "<!-- wp:paragraph --><p>Every <b>day</b>.</p><!-- /wp:paragraph -->",
                "publish",
                "faq"
            ),
            item("Draft?", "<p>x</p>", "draft", "faq"),
            item("A trip to the mill", "<p>x</p>", "publish", "post"),
            item("photo", "", "inherit", "attachment"),
        );
        let parsed = parse(&text).unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped.len(), parsed.entries[0].line), (1, 2, 3));
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("<p>Every <b>day</b>.</p>"));
        assert_eq!(detect(&text), Detection::Strong);
        assert!(parse("<rss xmlns:wp='x'><channel></channel></rss>").is_err());
    }
}
