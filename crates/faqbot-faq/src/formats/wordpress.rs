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

/// A post, page or other item.
struct Item {
    entry: RawEntry,
    /// Its kind: `post`, `page`, `faq`.
    kind: String,
    published: bool,
}

/// Reads an export.
///
/// # Errors
///
/// Returns an error if the text is not XML or has no published posts.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines::new(text, 1);
    let mut parsed = Parsed::default();
    let mut items: Vec<Item> = Vec::new();
    let (mut inside, mut field) = (false, String::new());
    loop {
        let at = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            let line = text[..text.floor_char_boundary(at)].matches('\n').count() + 1;
            RowError::new(line, format!("not XML: {error}"))
        })?;
        match event {
            Event::Start(tag) => {
                field.clear();
                if tag.name().as_ref() == "item" {
                    let entry = RawEntry { line: lines.at(at), ..RawEntry::default() };
                    items.push(Item { entry, kind: String::new(), published: true });
                    inside = true;
                }
            }
            Event::Text(piece) => field.push_str(&piece.into_inner()),
            Event::CData(piece) => field.push_str(&piece.into_inner()),
            Event::GeneralRef(reference) => field.push_str(&referred(&reference)),
            Event::End(tag) => {
                let value = field.trim();
                let filled = || Some(value.to_owned()).filter(|value| !value.is_empty());
                match (tag.name().as_ref(), items.last_mut().filter(|_| inside)) {
                    ("item", _) => inside = false,
                    ("title", None) => parsed.title = parsed.title.take().or_else(filled),
                    ("title", Some(own)) => own.entry.questions = vec![html_text::to_text(value)],
                    ("content:encoded", Some(own)) => own.entry.answer = Some(without_block_comments(value)),
                    ("link", Some(own)) => own.entry.source = filled(),
                    ("category", Some(own)) => own.entry.tags.extend(filled()),
                    ("wp:status", Some(own)) => {
                        own.published = !fields::says_unpublished("status", Some(value));
                    }
                    ("wp:post_type", Some(own)) => value.clone_into(&mut own.kind),
                    _ => {}
                }
                field.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    items.retain(|own| !OTHER_KINDS.contains(&own.kind.as_str()));
    let all = items.len();
    items.retain(|own| own.published && own.entry.answer.as_ref().is_some_and(|answer| !answer.is_empty()));
    if items.len() < all {
        parsed.skipped.push(RowError::new(1, fields::unpublished(all - items.len())));
    }
    // Where there are posts of a kind for questions, the others are a blog's.
    let of_questions = items.iter().filter(|own| own.kind.contains("faq")).count();
    if of_questions > 0 && of_questions < items.len() {
        let reason =
            format!("{} posts of other kinds than questions are left out", items.len() - of_questions);
        parsed.skipped.push(RowError::new(1, reason));
        items.retain(|own| own.kind.contains("faq"));
    }
    parsed.entries = items.into_iter().map(|own| own.entry).collect();
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
