//! schema.org's FAQPage as JSON-LD, in its own file or in a page's scripts.
//!
//! Every `Question` with an answer is an entry, wherever it is: in `mainEntity`, `@graph`, `hasPart` or a
//! list. HTML in texts becomes Markdown. What has no schema.org property is written under `faqbot:` names, so
//! that it can be read back unchanged.

use std::io;

use pulldown_cmark::{Options, Parser};
use serde_json::json;

use super::json;

use crate::entry::{Entry, Faq};
use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::lines::Lines;
use crate::readers::node::{Node, Value};
use crate::readers::tree;
use crate::readers::{html_text, json_tree};
use crate::sanitize::sanitize;
use crate::schema::MIN_CONFIDENCE;

/// Reads a JSON-LD file.
///
/// # Errors
///
/// Returns an error if the text is not JSON or has no question.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut parsed = Parsed::default();
    read(&json_tree::read(text, 1)?, &mut parsed);
    if parsed.entries.is_empty() && parsed.skipped.is_empty() {
        return Err(RowError::new(1, "no schema.org Question"));
    }
    Ok(parsed)
}

/// Strong for JSON with schema.org's questions.
pub fn detect(text: &str) -> Detection {
    Detection::strong(json_tree::begins(text) && text.contains("\"@type\"") && text.contains("Question"))
}

/// Reads the JSON-LD scripts of a page. Broken ones are reported.
pub fn scripts(page: &str, parsed: &mut Parsed) {
    let lower = page.to_ascii_lowercase();
    let mut lines = Lines::new(page, 1);
    let mut at = 0;
    while let Some(begin) = lower[at..].find("<script").map(|found| at + found) {
        let Some(open) = lower[begin..].find('>').map(|found| begin + found + 1) else { break };
        let Some(close) = lower[open..].find("</script").map(|found| open + found) else { break };
        at = close;
        if !lower[begin..open].contains("ld+json") {
            continue;
        }
        let script = &page[open..close];
        // In MDX the text is a template: {`…`}.
        let template = script.trim().strip_prefix("{`").and_then(|rest| rest.strip_suffix("`}"));
        let script = template.unwrap_or(script);
        let line = lines.at(script.as_ptr().addr() - page.as_ptr().addr());
        match json_tree::read(script, line) {
            Ok(node) => read(&node, parsed),
            Err(error) => parsed.skipped.push(error),
        }
    }
}

/// Reads the questions in a value, at any depth. The parser limits how deeply values are nested.
pub fn read(node: &Node, parsed: &mut Parsed) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| read(item, parsed)),
        Value::Map(fields) => {
            if is_a(node, "Question") {
                question(node, parsed);
            } else {
                if parsed.title.is_none() && is_a(node, "FAQPage") {
                    let name = || node.text_of("name").map(|name| html_text::to_text(&name));
                    parsed.title = node.text_of("faqbot:title").or_else(name);
                    parsed.greeting = node.text_of("faqbot:greeting");
                    parsed.fallback = node.text_of("faqbot:fallback");
                    parsed.contact = node.text_of("faqbot:contact");
                    parsed.language = node.text_of("faqbot:language").or_else(|| node.text_of("inLanguage"));
                    if let Some(own) = node.get("faqbot:smalltalk") {
                        tree::small_talk(own.clone(), parsed);
                    }
                    if let Some(own) = node.get("faqbot:synonyms") {
                        tree::synonyms(own.clone(), parsed);
                    }
                }
                fields.iter().for_each(|(_, value)| read(value, parsed));
            }
        }
        Value::Null | Value::Text(_) => {}
    }
}

/// Whether a value is of this type. Types may be lists, and full addresses.
fn is_a(node: &Node, name: &str) -> bool {
    let is = |text: &str| text == name || text.rsplit(['/', ':']).next() == Some(name);
    node.get("@type").is_some_and(|kind| kind.texts().into_iter().any(is))
}

fn question(node: &Node, parsed: &mut Parsed) {
    // Answers may be a list, of which the first is the accepted one.
    let answers: Vec<&Node> = match node.get("acceptedAnswer").or_else(|| node.get("suggestedAnswer")) {
        Some(Node { value: Value::List(items), .. }) => items.iter().collect(),
        answer => answer.into_iter().collect(),
    };
    if answers.len() > 1 {
        let reason = format!("{} answers to one question; only the first is read", answers.len());
        parsed.skipped.push(RowError::new(node.line, reason));
    }
    let answer = answers.first().and_then(|answer| match &answer.value {
        Value::Text(text) => Some(html_text::to_markdown(text)),
        _ => answer.text_of("faqbot:markdown").or_else(|| {
            let text = answer.text_of("text").or_else(|| answer.text_of("name"));
            text.map(|text| html_text::to_markdown(&text))
        }),
    });
    let shown =
        || node.text_of("name").or_else(|| node.text_of("text")).map(|text| html_text::to_text(&text));
    let question = node.text_of("faqbot:question").or_else(shown);
    parsed.entries.push(RawEntry {
        line: node.line,
        id: node.text_of("identifier"),
        questions: question.into_iter().chain(node.texts_of("alternateName")).collect(),
        answer,
        source: node.text_of("isBasedOn"),
        tags: node.texts_of("keywords"),
        variants: node.texts_of("faqbot:variants"),
        ..RawEntry::default().take_fields(
            |name| node.text_of(&format!("faqbot:{name}")),
            |name| node.texts_of(&format!("faqbot:{name}")),
        )
    });
}

/// Writes a FAQ as a FAQPage, for a page's `<script type="application/ld+json">`. Answers are HTML.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = json!({
        "@context": ["https://schema.org", {"faqbot": "https://github.com/faqbot/faqbot#"}],
        "@type": "FAQPage",
        "mainEntity": faq.entries.iter().map(entry).collect::<Vec<_>>(),
    });
    if let Some(title) = faq.title.as_ref().filter(|title| html_text::to_text(title) != **title) {
        page["faqbot:title"] = json!(title);
    }
    for (name, text) in faq.texts() {
        if let Some(text) = text {
            let name = if name == "title" { "name".to_owned() } else { format!("faqbot:{name}") };
            page[name] = json!(text);
        }
    }
    if let Some(small_talk) = json::small_talk(&faq.small_talk) {
        page["faqbot:smalltalk"] = small_talk;
    }
    if !faq.synonyms.is_empty() {
        page["faqbot:synonyms"] = json!(faq.synonyms);
    }
    // `</` would end the script.
    let text = serde_json::to_string_pretty(&page)?.replace("</", "<\\/");
    writeln!(out, "{text}")
}

fn entry(entry: &Entry) -> serde_json::Value {
    let mut text = String::new();
    pulldown_cmark::html::push_html(&mut text, Parser::new_ext(&entry.answer, Options::ENABLE_TABLES));
    // A character reference in the Markdown is the character in the HTML.
    let (text, _) = sanitize(text);
    let mut answer = json!({"@type": "Answer", "text": text.trim_end()});
    // Only if converting the HTML back would give something else.
    if html_text::to_markdown(text.trim_end()).trim() != entry.answer {
        answer["faqbot:markdown"] = json!(entry.answer);
    }
    let question = entry.question();
    let mut node = json!({
        "@type": "Question",
        "identifier": entry.id.as_str(),
        "name": question,
        "acceptedAnswer": answer,
    });
    if html_text::to_text(question) != question {
        node["faqbot:question"] = json!(question);
    }
    if entry.phrasings.len() > 1 {
        node["alternateName"] = json!(entry.phrasings[1..]);
    }
    if let Some(source) = &entry.source {
        node["isBasedOn"] = json!(source);
    }
    if !entry.tags.is_empty() {
        node["keywords"] = json!(entry.tags);
    }
    if let Some(own) = entry.min_confidence_text() {
        node[format!("faqbot:{MIN_CONFIDENCE}")] = json!(own);
    }
    if !entry.variants.is_empty() {
        node["faqbot:variants"] = json!(entry.variants);
    }
    for (name, ids) in entry.links() {
        node[format!("faqbot:{name}")] = json!(ids);
    }
    for name in entry.flags() {
        node[format!("faqbot:{name}")] = json!("true");
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_found_wherever_they_stand() {
        let text = r#"{"@context": "https://schema.org", "@graph": [{"@type": "WebPage", "hasPart": {"@type": ["FAQPage"], "name": "Shop",
            "mainEntity": [{"@type": "https://schema.org/Question", "name": "A &amp; B?",
              "acceptedAnswer": {"@type": "Answer", "text": "<p>One <b>two</b></p><ul><li>x</li></ul>"}},
             {"@type": "Question", "name": "No answer?"}]}}]}"#;
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.title.as_deref(), Some("Shop"));
        assert_eq!((parsed.entries.len(), &parsed.entries[1].answer), (2, &None));
        assert_eq!(parsed.entries[0].questions, ["A & B?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("One **two**\n\n- x"));
        assert!(parse("{\"@type\": \"Thing\"}").is_err());
    }

    #[test]
    fn scripts_of_pages_and_templates_are_read() {
        let question = r#"{"@type": "FAQPage", "mainEntity": {"@type": "Question", "name": "Q?", "acceptedAnswer": {"text": "A"}}}"#;
        for page in [
            format!("<html>\n<script type=\"application/ld+json\">{question}</script>"),
            format!("---\n<script type=\"application/ld+json\">{{`\n{question}\n  `}}</script>"),
        ] {
            let mut parsed = Parsed::default();
            scripts(&page, &mut parsed);
            assert_eq!(parsed.entries.len(), 1, "{page}: {:?}", parsed.skipped);
        }
        let mut parsed = Parsed::default();
        scripts("\n<script type='application/ld+json'>{</script><script", &mut parsed);
        assert_eq!(parsed.skipped[0].line, 2);
    }
}
