//! HTML as a tree, and its conversion to Markdown or text.

use std::rc::Rc;

use htmd::options::{BulletListMarker, Options};
use htmd::{HtmlToMarkdown, Node};
use markup5ever_rcdom::NodeData;

use crate::error::RowError;
use crate::normalize::one_line;

/// Elements nested deeper than this are refused, since trees are walked recursively.
const MAX_DEPTH: usize = 250;

/// A page with more open elements than this is not even parsed: parsing takes time quadratic in their number.
const MAX_UNCLOSED: usize = 2000;

/// An element with more attributes is none that a page needs: parsing takes time quadratic in their number.
const MAX_ATTRIBUTES: usize = 1000;

/// Elements whose content is not part of the page's text.
const NO_TEXT: [&str; 10] =
    ["script", "style", "nav", "head", "noscript", "template", "iframe", "svg", "select", "textarea"];

fn converter() -> HtmlToMarkdown {
    let options = Options {
        bullet_list_marker: BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..Options::default()
    };
    HtmlToMarkdown::builder().options(options).skip_tags(NO_TEXT.to_vec()).build()
}

/// Parses a page into a tree.
///
/// # Errors
///
/// Returns an error if the page is nested too deeply.
pub fn read(text: &str) -> Result<Rc<Node>, RowError> {
    let too_deep = || RowError::new(1, format!("elements are nested deeper than {MAX_DEPTH} levels"));
    if unclosed(text) > MAX_UNCLOSED {
        return Err(too_deep());
    }
    if let Some(line) = too_many_attributes(text) {
        return Err(RowError::new(line, format!("an element has more than {MAX_ATTRIBUTES} attributes")));
    }
    let root = converter().html_to_tree(text).map_err(|error| RowError::new(1, error.to_string()))?;
    let mut stack = vec![(Rc::clone(&root), 0)];
    while let Some((node, depth)) = stack.pop() {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        lead_directly(&node);
        stack.extend(node.children.borrow().iter().map(|child| (Rc::clone(child), depth + 1)));
    }
    Ok(root)
}

/// Makes a link that Google's documents lead over `google.com/url?q=…` lead where it goes.
fn lead_directly(node: &Node) {
    let NodeData::Element { attrs, .. } = &node.data else { return };
    for attribute in attrs.borrow_mut().iter_mut().filter(|own| &*own.name.local == "href") {
        let own = attribute.value.to_string();
        let query = own
            .strip_prefix("https://www.google.com/url?")
            .or_else(|| own.strip_prefix("http://www.google.com/url?"));
        let target = query.and_then(|query| query.split('&').find_map(|part| part.strip_prefix("q=")));
        if let Some(target) = target {
            attribute.value = percent_decoded(target).into();
        }
    }
}

/// A text in which `%C3%A9` stands for `é`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The line of an element that has more than [`MAX_ATTRIBUTES`] attributes.
fn too_many_attributes(text: &str) -> Option<usize> {
    /// Elements whose content is text, whatever it looks like.
    const RAW: [&str; 6] = ["script", "style", "textarea", "title", "xmp", "iframe"];
    let lower = text.to_ascii_lowercase();
    let from = |at: usize, mark: &str| lower[at..].find(mark).map_or(lower.len(), |found| at + found);
    let mut at = 0;
    while let Some(found) = lower[at..].find('<') {
        let open = at + found;
        at = open + 1;
        let tag = &lower[at..];
        if tag.starts_with("!--") {
            at = from(at, "-->");
            continue;
        }
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (length, count) = attributes(tag);
        if count > MAX_ATTRIBUTES {
            return Some(1 + text[..open].matches('\n').count());
        }
        at += length;
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if RAW.contains(&name) {
            at = from(at, &format!("</{name}"));
        }
    }
    None
}

/// The length of a tag up to its end, and the number of its attributes.
fn attributes(tag: &str) -> (usize, usize) {
    let (mut quote, mut between, mut count, mut before) = (None, false, 0, ' ');
    for (at, c) in tag.char_indices() {
        match quote {
            Some(mark) if c == mark => (quote, between) = (None, true),
            Some(_) => {}
            None if c == '>' => return (at, count),
            None if matches!(c, '"' | '\'') && before == '=' => quote = Some(c),
            None if c.is_ascii_whitespace() || c == '/' => between = true,
            None if between => (between, count) = (false, count + 1),
            None => {}
        }
        if !c.is_ascii_whitespace() {
            before = c;
        }
    }
    (tag.len(), count)
}

/// Estimates the greatest number of elements that are open at once. It looks only at the tags, and only at
/// those that must be closed.
fn unclosed(text: &str) -> usize {
    const NEED_NO_END: [&str; 24] = [
        "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
        "option", "p", "path", "rect", "source", "tbody", "td", "th", "tr", "track", "wbr",
    ];
    let (mut open, mut most) = (0usize, 0);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let closes = rest.starts_with('/');
        let tag = rest.trim_start_matches('/');
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag[..end].to_ascii_lowercase();
        if name.is_empty() || NEED_NO_END.contains(&name.as_str()) {
            continue;
        }
        if closes {
            open = open.saturating_sub(1);
        } else if let "script" | "style" = name.as_str() {
            // Skip what looks like a tag inside a program.
            let end = rest.find("</").unwrap_or(rest.len());
            rest = &rest[end..];
            open += 1;
        } else {
            open += 1;
        }
        most = most.max(open);
    }
    most
}

/// A node and all its descendants, in the order of the page.
pub fn descendants(root: &Rc<Node>) -> Vec<Rc<Node>> {
    let mut found = Vec::new();
    let mut stack = vec![Rc::clone(root)];
    while let Some(node) = stack.pop() {
        stack.extend(node.children.borrow().iter().rev().map(Rc::clone));
        found.push(node);
    }
    found
}

/// The name of an element.
pub fn name(node: &Node) -> Option<&str> {
    match &node.data {
        NodeData::Element { name, .. } => Some(&name.local),
        _ => None,
    }
}

pub fn attribute(node: &Node, wanted: &str) -> Option<String> {
    match &node.data {
        NodeData::Element { attrs, .. } => attrs
            .borrow()
            .iter()
            .find(|attribute| &*attribute.name.local == wanted)
            .map(|found| found.value.to_string()),
        _ => None,
    }
}

/// The text of a node, on one line.
pub fn text_of(root: &Rc<Node>) -> String {
    let mut text = String::new();
    let mut stack = vec![Rc::clone(root)];
    while let Some(node) = stack.pop() {
        match &node.data {
            NodeData::Text { contents } => text.push_str(&contents.borrow()),
            // Elements separate words, except those that only style their text.
            NodeData::Element { name, .. }
                if !matches!(&*name.local, "b" | "i" | "em" | "strong" | "code" | "a" | "span") =>
            {
                text.push(' ')
            }
            _ => {}
        }
        // The sign beside a heading that links to it.
        let sign = name(&node) == Some("a")
            && attribute(&node, "class").is_some_and(|class| class.contains("headerlink"));
        if !sign && !name(&node).is_some_and(|name| NO_TEXT.contains(&name)) {
            stack.extend(node.children.borrow().iter().rev().map(Rc::clone));
        }
    }
    one_line(&text)
}

/// Converts a whole page to Markdown.
pub fn markdown_of_page(root: &Rc<Node>) -> String {
    converter().tree_to_markdown(root)
}

/// Converts sibling nodes to Markdown.
pub fn markdown_of(nodes: &[Rc<Node>]) -> String {
    let parent = Node::new(NodeData::Document);
    *parent.children.borrow_mut() = nodes.to_vec();
    let text = converter().tree_to_markdown(&parent);
    // Dropping a node takes its children apart, and these belong to the page.
    parent.children.borrow_mut().clear();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_attributes_are_refused_and_many_words_are_not() {
        let words = "word ".repeat(5000);
        assert_eq!(too_many_attributes(&format!("<p class=\"{words}\" id='{words}'>{words}</p>")), None);
        let attributes: String = (0..2000).map(|at| format!(" a{at}=x")).collect();
        assert_eq!(too_many_attributes(&format!("\n<p{attributes}>")), Some(2));
        assert!(read(&format!("<p{attributes}>")).is_err());
        let keys: String = (0..2000).map(|at| format!("\"k{at}\": {at}, ")).collect();
        let script =
            format!("<script>for (i=0;i<n;i++) {{}} d = {{{keys}}}</script><!-- a <b {keys} --><p>a</p>");
        assert_eq!(too_many_attributes(&script), None);
    }
}
