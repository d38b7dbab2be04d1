//! Articles of help centres: Zendesk's and Intercom's exports, whose bodies are HTML. Titles are the questions.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::node::{Node, Value, items};
use crate::readers::{html_text, json_tree};

/// Reads an export.
///
/// # Errors
///
/// Returns an error if the text is not JSON or has no articles.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let root = json_tree::read(text, 1)?;
    let list = match &root.value {
        Value::List(_) => &root,
        _ => ["articles", "data", "results"]
            .iter()
            .find_map(|name| root.get(name))
            .ok_or_else(|| RowError::new(1, "no `articles`"))?,
    };
    let mut parsed = Parsed::default();
    let mut drafts = 0;
    for article in items(list) {
        let draft = article.text_of("draft").is_some_and(|own| own == "true")
            || article.text_of("state").is_some_and(|own| own == "draft");
        if draft {
            drafts += 1;
            continue;
        }
        let title = article.text_of("title").or_else(|| article.text_of("name"));
        let body = article.text_of("body").map(|body| html_text::to_markdown(&body));
        parsed.entries.push(RawEntry {
            line: article.line,
            id: article.text_of("id"),
            questions: title.into_iter().map(|title| html_text::to_text(&title)).collect(),
            answer: body.filter(|body| !body.trim().is_empty()).or_else(|| article.text_of("description")),
            source: article.text_of("html_url").or_else(|| article.text_of("url")),
            tags: tags(article),
            ..RawEntry::default()
        });
    }
    if drafts > 0 {
        parsed.skipped.push(RowError::new(1, format!("{drafts} drafts are left out")));
    }
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "no articles"));
    }
    Ok(parsed)
}

fn tags(article: &Node) -> Vec<String> {
    let labels = article.texts_of("label_names");
    let named = article.get("tags").map(|tags| tags.get("tags").unwrap_or(tags));
    let name = |tag: &Node| tag.as_text().map(str::to_owned).or_else(|| tag.text_of("name"));
    labels.into_iter().chain(named.map(items).unwrap_or_default().iter().filter_map(name)).collect()
}

/// Strong for JSON with the field names of such articles.
pub fn detect(text: &str) -> Detection {
    let has = |name| text.contains(name);
    let zendesk = has("\"html_url\"") || has("\"label_names\"") || has("\"section_id\"");
    let intercom = has("\"type\": \"article\"") || has("\"type\":\"article\"") || has("\"author_id\"");
    Detection::strong(json_tree::begins(text) && has("\"title\"") && has("\"body\"") && (zendesk || intercom))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_ask_and_bodies_answer() {
        let zendesk = r#"{"articles": [{"id": 7, "title": "Where is it?", "body": "<p>Under <b>Orders</b>.</p>", "html_url": "https://x.example/7", "label_names": ["orders"], "draft": false},
            {"id": 8, "title": "Later", "body": "x", "draft": true}]}"#;
        let parsed = parse(zendesk).unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped.len(), detect(zendesk)), (1, 1, Detection::Strong));
        assert_eq!(parsed.entries[0].source.as_deref(), Some("https://x.example/7"));
        #[cfg(feature = "html")]
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("Under **Orders**."));
        let intercom = r#"{"type": "list", "data": [{"type": "article", "id": "1", "title": "T", "description": "d", "body": "", "author_id": 1, "state": "published"}]}"#;
        assert_eq!(
            (parse(intercom).unwrap().entries[0].answer.as_deref(), detect(intercom)),
            (Some("d"), Detection::Strong)
        );
        assert!(parse("{\"articles\": []}").is_err());
    }
}
