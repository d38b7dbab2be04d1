//! HTML pages: schema.org's FAQPage as JSON-LD or microdata, `<details>`, `<dl>`, or headings.
//!
//! The most explicit markup wins: JSON-LD, then microdata, then whichever of the others gives the most
//! questions. Answers become Markdown. Nothing that a page names is fetched.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use htmd::Node;

use super::jsonld;
use crate::error::RowError;
use crate::normalize::normalize_phrasing;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::headings;
use crate::readers::html_patterns;
use crate::readers::html_tree::{self, attribute, descendants, markdown_of, name, text_of};
use crate::readers::lines::Lines;
use crate::readers::sections::sections;

/// Reads a page.
///
/// # Errors
///
/// Returns an error if nothing on the page is marked up as questions and answers.
pub fn parse(text: &str) -> Result<Parsed, RowError> {
    let mut parsed = Parsed::default();
    jsonld::scripts(text, &mut parsed);
    let root = html_tree::read(text);
    if !parsed.entries.is_empty() {
        let more = root.map(|root| marked_up(text, &root, &mut Parsed::default())).unwrap_or_default();
        let more = apart_from_data(more, &parsed.entries);
        let reason = match more.len() {
            0 => {
                "the entries are those of the page's FAQPage data; what else is on it is not read".to_owned()
            }
            1 => "1 question of the page is not in its FAQPage data; it is read from the page".to_owned(),
            count => {
                format!(
                    "{count} questions of the page are not in its FAQPage data; they are read from the page"
                )
            }
        };
        parsed.notes.push(RowError::new(1, reason));
        parsed.entries.extend(more);
        parsed.taken = Some("questions and answers in schema.org's FAQPage data".to_owned());
        return Ok(parsed);
    }
    let root = root?;
    let entries = marked_up(text, &root, &mut parsed);
    if entries.is_empty() {
        let reason = "neither FAQPage data nor parts of the page that ask and are marked up alike (headings, <details>, \
                      <dl>, buttons, names of classes)";
        return Err(RowError::new(1, reason));
    }
    parsed.notes.extend(html_patterns::doubt(&root, &entries).map(|doubt| RowError::new(1, doubt)));
    parsed.title = descendants(&root).iter().find(|node| name(node) == Some("title")).map(text_of);
    parsed.entries = entries;
    Ok(parsed)
}

/// The questions of a page by its markup. What is no part of the page's own text is taken out of the tree.
fn marked_up(text: &str, root: &Rc<Node>, parsed: &mut Parsed) -> Vec<RawEntry> {
    let page = Page { nodes: descendants(root), source: text, lower: text.to_ascii_lowercase() };
    let microdata = page.microdata();
    if !microdata.is_empty() {
        parsed.taken = Some("questions and answers in schema.org's microdata".to_owned());
        return microdata;
    }
    let (definitions, details) = (page.definitions(), page.details());
    html_patterns::without_furniture(root);
    let headings = page.headings(root);
    let patterns = html_patterns::questions(root, text);
    if definitions.is_empty() && details.is_empty() && asking(&patterns) <= asking(&headings.entries) {
        parsed.skipped.extend(headings.skipped);
    }
    let mut ways = [
        ("parts that are marked up alike", patterns),
        ("headings", headings.entries),
        ("<dt>", definitions),
        ("<summary>", details),
    ];
    // The last of equals wins. From the others, add the questions that are not part of it.
    ways.sort_by_key(|(_, entries)| (asking(entries), entries.len()));
    let [others @ .., (taken, best)] = ways;
    parsed.taken = Some(format!("questions in {taken}, answers with them"));
    let others = others.into_iter().map(|(_, entries)| entries);
    let mut entries = best;
    entries.extend(others.into_iter().flat_map(|way| apart(way, &entries)).collect::<Vec<_>>());
    entries.sort_by_key(|entry| entry.line);
    if entries.len() > 2 {
        entries.retain(|entry| !entry.questions.iter().any(|own| invites(own)));
    }
    entries
}

/// The entries that a page has beside those of its data, if it has most of these as well: only then is its markup
/// understood.
fn apart_from_data(entries: Vec<RawEntry>, data: &[RawEntry]) -> Vec<RawEntry> {
    let words = |own: &RawEntry| {
        own.questions.first().map(|question| normalize_phrasing(question)).unwrap_or_default()
    };
    let known: HashSet<String> = data.iter().map(words).collect();
    let (in_both, mut more): (Vec<RawEntry>, Vec<RawEntry>) =
        entries.into_iter().partition(|own| known.contains(&words(own)));
    if 2 * in_both.len() < data.len() {
        return Vec::new();
    }
    // A heading above several questions is none of them.
    let questions: Vec<String> =
        in_both.iter().chain(&more).flat_map(|own| own.questions.iter().cloned()).collect();
    let mut seen = HashSet::new();
    more.retain(|own| {
        let answer = own.answer.as_deref().unwrap_or_default();
        let around = questions.len() <= FEW && questions.iter().any(|question| answer.contains(question));
        let invites = own.questions.iter().any(|question| invites(question));
        asking(std::slice::from_ref(own)) == 1 && !around && !invites && seen.insert(words(own))
    });
    more
}

/// Where there are more questions, they are not compared with one another.
const FEW: usize = 200;

/// The entries phrased as questions that share no text with `others`. Empty on a page with many questions,
/// which marks them all up alike.
fn apart(entries: Vec<RawEntry>, others: &[RawEntry]) -> Vec<RawEntry> {
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
    entries.retain(|entry| {
        let asks = asking(std::slice::from_ref(entry)) == 1;
        asks && !inside(entry) && !around(entry) && !entry.questions.iter().any(|own| invites(own))
    });
    entries
}

/// Whether a text beside the questions only invites to ask more.
fn invites(text: &str) -> bool {
    const INVITATIONS: [&str; 11] = [
        "still have questions",
        "have more questions",
        "more questions",
        "have a question",
        "have questions",
        "any questions",
        "other questions",
        "got a question",
        "need more help",
        "find what you",
        "find your answer",
    ];
    let text = text.to_lowercase();
    text.split_whitespace().count() <= 9 && INVITATIONS.iter().any(|own| text.contains(own))
}

/// The number of entries phrased as questions.
fn asking(entries: &[RawEntry]) -> usize {
    entries.iter().filter(|entry| entry.questions.iter().any(|question| headings::asks(question))).count()
}

/// Strong for a whole page, weak for the start of a part of one.
pub fn detect(text: &str) -> Detection {
    let begin: String = text.trim_start().chars().take(20).collect::<String>().to_ascii_lowercase();
    if begin.starts_with("<!doctype html") || begin.starts_with("<html") {
        return Detection::Strong;
    }
    let tags =
        ["<div", "<dl", "<details", "<section", "<main", "<body", "<h1", "<h2", "<!--", "<?xml", "<article"];
    Detection::weak(tags.iter().any(|tag| begin.starts_with(tag)))
}

/// A page to search for questions.
struct Page<'t> {
    nodes: Vec<Rc<Node>>,
    source: &'t str,
    /// The source in lower case, to find tags in.
    lower: String,
}

impl Page<'_> {
    /// Elements of schema.org's type `Question`.
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

    /// `<details>` with `<summary>`. Those that contain only others are categories.
    fn details(&self) -> Vec<RawEntry> {
        let lines = self.lines_of("<details");
        // The boxes inside a box that was read: they are part of its answer.
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

    /// `<dl>`: consecutive terms are phrasings of one question; what follows is its answer.
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

    /// The lines of the source that contain `mark`, given in lower case. The tree has no line numbers.
    fn lines_of(&self, mark: &str) -> Vec<usize> {
        let mut lines = Lines::new(self.source, 1);
        self.lower.match_indices(mark).map(|(at, _)| lines.at(at)).collect()
    }

    /// Headings that are questions, with what follows them.
    fn headings(&self, root: &Rc<Node>) -> Parsed {
        let text = html_tree::markdown_of_page(root);
        let mut parsed = match sections(&text) {
            Ok(parsed) => parsed,
            Err(error) => Parsed { skipped: vec![RowError::new(1, error.reason)], ..Parsed::default() },
        };
        // Lines of the Markdown are not those of the page, so headings are found by order and text.
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

/// The line of the element at this position among its kind; the last known line if there are fewer.
fn line_of(lines: &[usize], at: usize) -> usize {
    lines.get(at).or(lines.last()).copied().unwrap_or(1)
}

/// The properties of an item with their names, without those of nested items.
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
    }
}
