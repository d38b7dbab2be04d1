//! What other systems wrap values in, taken off: rich text, texts in several languages, objects around fields, and chat
//! messages.

use super::html_text;
use super::languages::{Languages, language};
use super::node::{Node, Value, items};
use super::rich_text;

/// A tree without its wrappings.
pub fn unwrapped(node: Node, languages: &mut Languages) -> Node {
    let line = node.line;
    if let Some(markdown) = rich_text::markdown(&node) {
        return Node { line, value: Value::Text(markdown) };
    }
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|item| unwrapped(item, languages)).collect()),
        Value::Map(fields) => return map(Node { line, value: Value::Map(fields) }, languages),
        value => value,
    };
    Node { line, value }
}

fn map(mut node: Node, languages: &mut Languages) -> Node {
    let line = node.line;
    if let Some(said) = messages(&node) {
        return said;
    }
    // WordPress: `{"rendered": "…", "protected": false}`.
    if let Some(rendered) = node.text_of("rendered") {
        let block = html_text::answer_to_markdown(&rendered).is_some();
        let text = if block { rendered } else { html_text::to_text(&rendered) };
        return Node { line, value: Value::Text(text) };
    }
    // Contentful: `{"sys": {"id": …}, "fields": {…}}`; Strapi: `{"id": …, "attributes": {…}}`.
    let id = node.get("sys").unwrap_or(&node).text_of("id");
    for name in ["fields", "attributes"] {
        let around = node.get("sys").is_some() || (name == "attributes" && id.is_some());
        if let Some(Node { value: Value::Map(inner), .. }) = node.get(name).filter(|_| around) {
            let mut inner = inner.clone();
            if let Some(id) = id.filter(|_| inner.iter().all(|(name, _)| name != "id")) {
                inner.push(("id".to_owned(), Node { line, value: Value::Text(id) }));
            }
            node.value = Value::Map(inner);
            break;
        }
    }
    let Value::Map(fields) = node.value else { return node };
    let codes: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let of_languages =
        !codes.is_empty() && codes.iter().all(|code| language(code).is_some()) && codes != ["id"];
    if of_languages {
        let at = languages.choose(&codes);
        let chosen = at.and_then(|at| fields.into_iter().nth(at)).map(|(_, node)| node);
        return unwrapped(chosen.unwrap_or(Node { line, value: Value::Null }), languages);
    }
    let fields = fields.into_iter().map(|(name, node)| (name, unwrapped(node, languages)));
    Node { line, value: Value::Map(fields.collect()) }
}

/// A question and its answer, of what is said in a conversation for fine-tuning (`messages` with roles, or
/// `conversations` with who it is from): the first of each. What follows depends on them.
fn messages(node: &Node) -> Option<Node> {
    let list = ["messages", "conversations"].iter().find_map(|name| node.get(name)).map(items)?;
    let said = |who: &[&str]| {
        list.iter().find_map(|own| {
            let by = own.text_of("role").or_else(|| own.text_of("from"))?;
            let text = own.text_of("content").or_else(|| own.text_of("value"))?;
            who.contains(&by.as_str()).then_some(Node { line: own.line, value: Value::Text(text) })
        })
    };
    let (question, answer) = (said(&["user", "human"])?, said(&["assistant", "gpt", "model", "bot"])?);
    let fields = vec![("question".to_owned(), question), ("answer".to_owned(), answer)];
    Some(Node { line: node.line, value: Value::Map(fields) })
}
