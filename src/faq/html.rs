//! HTML pages: schema.org's FAQPage as JSON-LD or microdata, `<details>`, `<dl>`, or headings.
//!
//! The marks that say most win: JSON-LD, then microdata, then whichever of the others gives the most
//! questions. Answers become Markdown. Nothing that a page names is fetched.

use std::collections::HashMap;
use std::rc::Rc;

use htmd::options::{BulletListMarker, Options};
use htmd::{HtmlToMarkdown, Node};
use markup5ever_rcdom::NodeData;

use super::format::Fit;
use super::{Lines, Parsed, RawEntry, headings, jsonld, markdown};
use crate::error::RowError;

/// Elements nested deeper than this are refused: trees are walked recursively.
const MAX_DEPTH: usize = 250;

/// A page with more open elements than this is not even parsed: that takes time with their square.
const MAX_UNCLOSED: usize = 2000;

/// Elements whose content is none of the page's text.
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

/// Reads a page.
///
/// # Errors
///
/// There is nothing in it that is marked as questions and answers.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut parsed = Parsed::default();
    jsonld::scripts(text, &mut parsed);
    if !parsed.entries.is_empty() {
        let reason = "the entries are those of the page's FAQPage data; what else is on it is not read";
        parsed.notes.push(RowError::new(1, reason));
        return Ok(parsed);
    }
    let root = tree(text)?;
    let page = Page { nodes: descendants(&root), source: text, lower: text.to_ascii_lowercase() };
    let mut entries = page.microdata();
    if entries.is_empty() {
        let headings = page.headings(&root);
        let mut ways = [headings.entries, page.definitions(), page.details()];
        if ways[1..].iter().all(Vec::is_empty) {
            parsed.skipped.extend(headings.skipped);
        }
        // The last of equals is taken; of the others what asks and is no part of it.
        ways.sort_by_key(|entries| (asking(entries), entries.len()));
        let [others @ .., best] = ways;
        entries = best;
        entries.extend(others.into_iter().flat_map(|way| apart(way, &entries)).collect::<Vec<_>>());
        entries.sort_by_key(|entry| entry.line);
    }
    if entries.is_empty() {
        let reason = "neither FAQPage data nor <details>, <dl> or headings with text below them";
        return Err(RowError::new(1, reason));
    }
    parsed.title = page.nodes.iter().find(|node| name(node) == Some("title")).map(text_of);
    parsed.entries = entries;
    Ok(parsed)
}

/// The entries that ask and share no text with others. A page of many questions has them all alike.
fn apart(entries: Vec<RawEntry>, others: &[RawEntry]) -> Vec<RawEntry> {
    const FEW: usize = 200;
    if entries.len() > FEW || others.len() > FEW {
        return Vec::new();
    }
    let texts = |entry: &RawEntry| {
        entry.questions.iter().chain(&entry.answer).cloned().collect::<Vec<_>>().join("\n")
    };
    let whole: Vec<String> = others.iter().map(texts).collect();
    let inside = |entry: &RawEntry| {
        entry.questions.iter().any(|question| whole.iter().any(|text| text.contains(question)))
    };
    let around = |entry: &RawEntry| {
        let text = texts(entry);
        others.iter().flat_map(|other| &other.questions).any(|question| text.contains(question))
    };
    let mut entries = entries;
    entries.retain(|entry| asking(std::slice::from_ref(entry)) == 1 && !inside(entry) && !around(entry));
    entries
}

/// How many entries have a question that asks.
fn asking(entries: &[RawEntry]) -> usize {
    entries.iter().filter(|entry| entry.questions.iter().any(|question| headings::asks(question))).count()
}

/// Strong for a whole page, weak where a part of one begins.
pub fn fit(text: &str) -> Fit {
    let begin: String = text.trim_start().chars().take(20).collect::<String>().to_ascii_lowercase();
    if begin.starts_with("<!doctype html") || begin.starts_with("<html") {
        return Fit::Strong;
    }
    let tags =
        ["<div", "<dl", "<details", "<section", "<main", "<body", "<h1", "<h2", "<!--", "<?xml", "<article"];
    Fit::weak(tags.iter().any(|tag| begin.starts_with(tag)))
}

/// A text that may be HTML, as Markdown. Text without marks is left as it is.
pub fn to_markdown(text: &str) -> String {
    if !looks_like_html(text) {
        return text.to_owned();
    }
    tree(text).map_or_else(|_| text.to_owned(), |root| converter().tree_to_markdown(&root))
}

/// A text that may be HTML, without marks and on one line.
pub fn to_text(text: &str) -> String {
    if !looks_like_html(text) {
        return text.to_owned();
    }
    tree(text).map_or_else(|_| text.to_owned(), |root| text_of(&root))
}

/// Whether a text has a tag or a character reference in it.
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

/// The tree of a page.
///
/// # Errors
///
/// It is nested deeper than is walked.
fn tree(text: &str) -> Result<Rc<Node>, RowError> {
    let too_deep = || RowError::new(1, format!("elements are nested deeper than {MAX_DEPTH} levels"));
    if unclosed(text) > MAX_UNCLOSED {
        return Err(too_deep());
    }
    let root = converter().html_to_tree(text).map_err(|error| RowError::new(1, error.to_string()))?;
    let mut stack = vec![(Rc::clone(&root), 0)];
    while let Some((node, depth)) = stack.pop() {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        stack.extend(node.children.borrow().iter().map(|child| (Rc::clone(child), depth + 1)));
    }
    Ok(root)
}

/// The greatest number of elements that are open at a place, about: a look at the tags alone, of those
/// that must be closed.
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
            // What looks like a tag in a program is none.
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

/// A node and all below it, in the order of the page.
fn descendants(root: &Rc<Node>) -> Vec<Rc<Node>> {
    let mut found = Vec::new();
    let mut stack = vec![Rc::clone(root)];
    while let Some(node) = stack.pop() {
        stack.extend(node.children.borrow().iter().rev().map(Rc::clone));
        found.push(node);
    }
    found
}

/// The name of an element.
fn name(node: &Node) -> Option<&str> {
    match &node.data {
        NodeData::Element { name, .. } => Some(&name.local),
        _ => None,
    }
}

fn attribute(node: &Node, wanted: &str) -> Option<String> {
    match &node.data {
        NodeData::Element { attrs, .. } => attrs
            .borrow()
            .iter()
            .find(|attribute| &*attribute.name.local == wanted)
            .map(|found| found.value.to_string()),
        _ => None,
    }
}

/// The text in a node, on one line.
fn text_of(root: &Rc<Node>) -> String {
    let mut text = String::new();
    let mut stack = vec![Rc::clone(root)];
    while let Some(node) = stack.pop() {
        match &node.data {
            NodeData::Text { contents } => text.push_str(&contents.borrow()),
            // Elements are apart, but for those that only style their text.
            NodeData::Element { name, .. }
                if !matches!(&*name.local, "b" | "i" | "em" | "strong" | "code" | "a" | "span") =>
            {
                text.push(' ')
            }
            _ => {}
        }
        if !name(&node).is_some_and(|name| NO_TEXT.contains(&name)) {
            stack.extend(node.children.borrow().iter().rev().map(Rc::clone));
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nodes beside one another as Markdown.
fn markdown_of(nodes: &[Rc<Node>]) -> String {
    let parent = Node::new(NodeData::Document);
    *parent.children.borrow_mut() = nodes.to_vec();
    let text = converter().tree_to_markdown(&parent);
    // A node that is dropped takes its children apart: these belong to the page.
    parent.children.borrow_mut().clear();
    text.trim().to_owned()
}

/// A page that is searched for questions.
struct Page<'t> {
    nodes: Vec<Rc<Node>>,
    source: &'t str,
    /// The source in lower case: tags are found in it.
    lower: String,
}

impl Page<'_> {
    /// Elements of schema.org's type Question.
    fn microdata(&self) -> Vec<RawEntry> {
        let is_question = |node: &&Rc<Node>| {
            attribute(node, "itemtype").is_some_and(|kind| kind.trim().rsplit('/').next() == Some("Question"))
        };
        let lines = self.lines_of("schema.org/question");
        let entry = |(at, node): (usize, &Rc<Node>)| {
            let own = properties(node);
            let property = |names: &[&str]| {
                names
                    .iter()
                    .find_map(|wanted| own.iter().find(|(name, _)| name == wanted))
                    .map(|(_, node)| node)
            };
            let line = line_of(&lines, at);
            let question = property(&["name", "text"])?;
            let Some(answer) = property(&["acceptedAnswer", "suggestedAnswer"]) else {
                return Some(entry(line, question, &[]));
            };
            let texts = properties(answer);
            let text = texts.iter().find(|(name, _)| name == "text").map_or(answer, |(_, node)| node);
            Some(entry(line, question, &text.children.borrow()))
        };
        self.nodes.iter().filter(is_question).enumerate().filter_map(entry).collect()
    }

    /// `<details>` with `<summary>`; those with nothing but others in them are categories.
    fn details(&self) -> Vec<RawEntry> {
        let lines = self.lines_of("<details");
        // Of a box that is read, those in it are part of the answer.
        let mut inside: Vec<Rc<Node>> = Vec::new();
        let mut entries = Vec::new();
        let boxes = self.nodes.iter().filter(|node| name(node) == Some("details")).enumerate();
        for (at, node) in boxes {
            if inside.iter().any(|inner| Rc::ptr_eq(inner, node)) {
                continue;
            }
            let children = node.children.borrow();
            let Some(summary) = children.iter().find(|node| name(node) == Some("summary")) else { continue };
            let rest: Vec<Rc<Node>> =
                children.iter().filter(|node| !Rc::ptr_eq(node, summary)).map(Rc::clone).collect();
            let nested: Vec<Rc<Node>> =
                rest.iter().flat_map(descendants).filter(|node| name(node) == Some("details")).collect();
            let own: Vec<Rc<Node>> = rest
                .iter()
                .filter(|node| !descendants(node).iter().any(|node| name(node) == Some("details")))
                .cloned()
                .collect();
            if nested.is_empty() || own.iter().any(|node| !text_of(node).is_empty()) {
                entries.push(entry(line_of(&lines, at), summary, &rest));
                inside.extend(nested);
            }
        }
        entries
    }

    /// `<dl>`: terms that follow one another are phrasings of a question, what follows is its answer.
    fn definitions(&self) -> Vec<RawEntry> {
        let lines = self.lines_of("<dt");
        let mut entries: Vec<RawEntry> = Vec::new();
        let mut terms = false;
        let mut count = 0;
        for node in &self.nodes {
            match name(node) {
                Some("dl") => terms = false,
                Some("dt") => {
                    match entries.last_mut().filter(|_| terms) {
                        Some(entry) => entry.questions.push(text_of(node)),
                        None => entries
                            .push(RawEntry { answer: None, ..entry(line_of(&lines, count), node, &[]) }),
                    }
                    count += 1;
                    terms = true;
                }
                Some("dd") => {
                    terms = false;
                    if let Some(entry) = entries.last_mut() {
                        let part = markdown_of(&node.children.borrow());
                        entry.answer = Some(match entry.answer.take() {
                            Some(before) => format!("{before}\n\n{part}"),
                            None => part,
                        });
                    }
                }
                _ => {}
            }
        }
        entries
    }

    /// The lines on which a mark, in lower case, stands in the source: the tree does not know them.
    fn lines_of(&self, mark: &str) -> Vec<usize> {
        let mut lines = Lines::new(self.source, 1);
        self.lower.match_indices(mark).map(|(at, _)| lines.at(at)).collect()
    }

    /// Headings that ask, with what follows them.
    fn headings(&self, root: &Rc<Node>) -> Parsed {
        let text = converter().tree_to_markdown(root);
        let mut parsed = match markdown::sections(&text) {
            Ok(parsed) => parsed,
            Err(error) => Parsed { skipped: vec![RowError::new(1, error.reason)], ..Parsed::default() },
        };
        // The Markdown's lines say nothing about the page: headings are found by their order and text.
        let tags = ["h1", "h2", "h3", "h4", "h5", "h6"];
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for tag in tags {
            let lines = self.lines_of(&format!("<{tag}"));
            for (at, node) in self.nodes.iter().filter(|node| name(node) == Some(tag)).enumerate() {
                places.entry(text_of(node)).or_default().push(line_of(&lines, at));
            }
        }
        let mut line = 1;
        for entry in &mut parsed.entries {
            if let Some(found) = entry.questions.first().and_then(|question| places.get(question)) {
                line = found.iter().copied().find(|&found| found >= line).unwrap_or(line);
            }
            entry.line = line;
        }
        parsed.skipped.iter_mut().for_each(|row| row.line = 1);
        parsed
    }
}

fn entry(line: usize, question: &Rc<Node>, answer: &[Rc<Node>]) -> RawEntry {
    let (question, answer) = (text_of(question), markdown_of(answer));
    let (question, answer) = headings::unmarked(&question, &answer);
    RawEntry {
        line,
        questions: vec![question.to_owned()],
        answer: Some(answer.to_owned()),
        ..RawEntry::default()
    }
}

/// The line of the element at a place among its like; the last known where there are fewer.
fn line_of(lines: &[usize], at: usize) -> usize {
    lines.get(at).or(lines.last()).copied().unwrap_or(1)
}

/// The properties of an item, with their names; not those of the items in it.
fn properties(item: &Rc<Node>) -> Vec<(String, Rc<Node>)> {
    let mut found = Vec::new();
    let mut stack: Vec<Rc<Node>> = item.children.borrow().iter().rev().map(Rc::clone).collect();
    while let Some(node) = stack.pop() {
        if let Some(names) = attribute(&node, "itemprop") {
            found.extend(names.split_whitespace().map(|name| (name.to_owned(), Rc::clone(&node))));
        }
        if attribute(&node, "itemscope").is_none() {
            stack.extend(node.children.borrow().iter().rev().map(Rc::clone));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Vec<(usize, String, String)> {
        let parsed = parse(html).unwrap();
        parsed
            .entries
            .into_iter()
            .map(|raw| (raw.line, raw.questions.join(" / "), raw.answer.unwrap_or_default()))
            .collect()
    }

    fn entry(line: usize, question: &str, answer: &str) -> (usize, String, String) {
        (line, question.into(), answer.into())
    }

    #[test]
    fn microdata_is_read() {
        let html = "<body itemscope itemtype='https://schema.org/FAQPage'>\n<div itemscope itemprop='mainEntity' itemtype='https://schema.org/Question'>\n<h3 itemprop='name'>Q: Where <b>is</b> it?</h3>\n<div itemscope itemprop='acceptedAnswer' itemtype='https://schema.org/Answer'>\n<div itemprop='text'><p>Here, see <a href='https://x.org/'>there</a>.</p></div></div></div>";
        assert_eq!(read(html), [entry(2, "Where is it?", "Here, see [there](https://x.org/).")]);
    }

    #[test]
    fn details_and_definitions_are_read() {
        let html = "<details><summary>All</summary>\n<details><summary>One?</summary><p>Yes.</p><ul><li>a</li></ul></details>\n<details><summary>Two?</summary>No.</details></details>";
        assert_eq!(read(html), [entry(2, "One?", "Yes.\n\n- a"), entry(3, "Two?", "No.")]);
        let html = "<dl>\n<dt>Why?<dt>What for?\n<dd>So.<dd>And so.\n<dt>Empty?\n</dl>";
        assert_eq!(read(html), [entry(2, "Why? / What for?", "So.\n\nAnd so."), entry(4, "Empty?", "")]);
    }

    #[test]
    fn headings_are_read() {
        let html = "<html><head><title>FAQ</title><style>x</style></head><body><nav><h2>Menu?</h2>x</nav><h1>Our FAQ</h1>\n<div><h2>Where?</h2><p>Here &amp; there.</p></div>\n<h2>How?</h2><pre><code>a\n b</code></pre>";
        let found = read(html);
        assert_eq!(found[0], entry(2, "Where?", "Here & there."));
        assert_eq!(found[1].0, 3);
        assert!(found[1].2.contains("```") && found[1].2.contains("\n b"), "{found:?}");
    }

    #[test]
    fn deep_nesting_and_pages_without_questions_are_errors() {
        assert!(parse(&"<div>".repeat(100_000)).is_err());
        assert!(parse("<p>text").is_err());
        assert!(parse("").is_err());
        assert_eq!(to_markdown("a < b && c"), "a < b && c");
        assert_eq!(to_text("a <b>b</b> &amp; c"), "a b & c");
    }
}
