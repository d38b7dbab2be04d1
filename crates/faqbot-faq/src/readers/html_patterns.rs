//! Questions and answers on a page by its structure, whatever that is made of: elements that ask and are marked up alike,
//! each with what belongs to it.
//!
//! What asks is grouped by how it is marked up. A group counts where most of it asks, or where its elements open something
//! or are named for questions; all its elements are questions then. The answer of each is what its element controls, or
//! what follows it in the part of the page that has only this question, or else what follows up to the next.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use htmd::Node;
use markup5ever_rcdom::NodeData;

use super::headings::{QUESTION_ENDS, asks, unmarked};
use super::html_tree::{attribute, descendants, markdown_of, name, text_of};
use super::lines::Lines;
use crate::normalize::abridge;
use crate::parsed::RawEntry;

/// Longer texts are no questions.
const LONGEST: usize = 250;

/// An element with more nodes in it is no question.
const MOST_PARTS: usize = 40;

/// How far below one question the next is looked for in the source, in bytes.
const FARTHEST: usize = 100_000;

/// Marks that pages put after a question to show that it opens.
const SIGNS: [char; 16] =
    ['+', '-', '–', '—', '−', '×', '▼', '▾', '▸', '►', '▶', '›', '»', '⌄', '˅', '\u{a0}'];

/// Elements that set their text apart.
const HEADS: [&str; 12] =
    ["h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary", "button", "strong", "b", "legend"];

/// Elements that are no part of what a page says.
const FURNITURE: [&str; 5] = ["nav", "header", "footer", "aside", "form"];
const FURNITURE_ROLES: [&str; 7] =
    ["navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "complementary"];
const FURNITURE_NAMES: [&str; 37] = [
    "call-to-action",
    "cta",
    "cta-banner",
    "cta-box",
    "cta-section",
    "hero",
    "hero-section",
    "nav",
    "navbar",
    "navigation",
    "menu",
    "main-menu",
    "site-header",
    "page-header",
    "site-footer",
    "page-footer",
    "footer",
    "sidebar",
    "breadcrumb",
    "breadcrumbs",
    "cookie",
    "cookies",
    "cookie-banner",
    "cookie-notice",
    "cookie-consent",
    "consent",
    "newsletter",
    "subscribe",
    "testimonial",
    "testimonials",
    "reviews",
    "related-posts",
    "comments",
    "modal",
    "popup",
    "contact-form",
    "toc",
];

/// A page whose nodes are numbered in its order.
struct Numbered {
    nodes: Vec<Rc<Node>>,
    /// The number of each node, that of its last descendant, and its place among its parent's children.
    spans: HashMap<*const Node, (usize, usize, usize)>,
    /// The elements by their ids, of several the first.
    ids: HashMap<String, usize>,
}

impl Numbered {
    fn of(root: &Rc<Node>) -> Self {
        let nodes = descendants(root);
        let mut spans: HashMap<*const Node, (usize, usize, usize)> =
            nodes.iter().enumerate().map(|(at, node)| (Rc::as_ptr(node), (at, at, 0))).collect();
        let mut ids = HashMap::new();
        // Descendants have greater numbers, so the last ones are done first.
        for (at, node) in nodes.iter().enumerate().rev() {
            let last = spans.get(&Rc::as_ptr(node)).map_or(at, |span| span.1);
            if let Some(parent) = parent(node)
                && let Some(span) = spans.get_mut(&Rc::as_ptr(&parent))
                && span.0 < at
            {
                span.1 = span.1.max(last);
            }
            for (place, child) in node.children.borrow().iter().enumerate() {
                if let Some(span) = spans.get_mut(&Rc::as_ptr(child)) {
                    span.2 = place;
                }
            }
            ids.extend(attribute(node, "id").map(|id| (id, at)));
        }
        Numbered { nodes, spans, ids }
    }

    /// The number of a node, and that of its last descendant.
    fn span(&self, node: &Rc<Node>) -> (usize, usize) {
        self.spans.get(&Rc::as_ptr(node)).map_or((0, 0), |span| (span.0, span.1))
    }

    /// Whether an element has few enough nodes to be a question.
    fn is_small(&self, node: &Rc<Node>) -> bool {
        let (from, to) = self.span(node);
        to - from <= MOST_PARTS
    }

    /// Takes the siblings after a node, until one is refused.
    fn siblings_after(&self, node: &Rc<Node>, take: &mut dyn FnMut(&Rc<Node>) -> bool) {
        let Some(above) = parent(node) else { return };
        let place = self.spans.get(&Rc::as_ptr(node)).map_or(0, |span| span.2);
        let children = above.children.borrow();
        for sibling in children.iter().skip(place + 1) {
            if !take(sibling) {
                return;
            }
        }
    }
}

fn parent(node: &Rc<Node>) -> Option<Rc<Node>> {
    let weak = node.parent.take();
    let parent = weak.as_ref().and_then(std::rc::Weak::upgrade);
    node.parent.set(weak);
    parent
}

/// Takes what is no part of the page's own text out of the tree: navigation, headers, footers, forms, notices. What holds
/// most of the texts that ask is no such part, whatever it is called.
pub fn without_furniture(root: &Rc<Node>) {
    let asking = |node: &Rc<Node>| descendants(node).iter().filter(|own| is_question_text(own)).count();
    let all = asking(root);
    let mut stack = vec![Rc::clone(root)];
    while let Some(node) = stack.pop() {
        let kept: Vec<Rc<Node>> = {
            let children = node.children.borrow();
            let keeps = |child: &&Rc<Node>| !is_furniture(child) || (all > 0 && 2 * asking(child) > all);
            children.iter().filter(keeps).cloned().collect()
        };
        if kept.len() < node.children.borrow().len() {
            *node.children.borrow_mut() = kept.clone();
        }
        stack.extend(kept);
    }
}

/// Whether a node is a text that ends as a question does.
fn is_question_text(node: &Rc<Node>) -> bool {
    match &node.data {
        NodeData::Text { contents } => {
            let text = contents.borrow();
            text.len() <= 2 * LONGEST && text.trim_end().ends_with(QUESTION_ENDS)
        }
        _ => false,
    }
}

fn is_furniture(node: &Rc<Node>) -> bool {
    let Some(tag) = name(node) else { return false };
    let role = attribute(node, "role").unwrap_or_default();
    let named = |attribute_name: &str| {
        let names = attribute(node, attribute_name).unwrap_or_default().to_lowercase();
        names.split_whitespace().any(|name| FURNITURE_NAMES.contains(&name.replace('_', "-").as_str()))
    };
    // An article has a header of its own.
    let within = tag == "header"
        && parent(node)
            .is_some_and(|own| matches!(name(&own), Some("article" | "section" | "details" | "li")));
    (FURNITURE.contains(&tag) && !within)
        || FURNITURE_ROLES.contains(&role.as_str())
        || (!matches!(tag, "body" | "html" | "main") && (named("class") || named("id")))
}

/// An element whose text may be a question.
struct Candidate {
    /// The outermost element with this text.
    node: Rc<Node>,
    /// The elements from that down to the innermost with this text.
    chain: Vec<Rc<Node>>,
    text: String,
    asks: bool,
    /// Whether it opens something, or is named for a question.
    hinted: bool,
    signature: String,
}

/// The questions of a page, with their answers, and the headings above them as tags. `source` is the page's text, to find
/// lines in.
pub fn questions(root: &Rc<Node>, source: &str) -> Vec<RawEntry> {
    let page = Numbered::of(root);
    let candidates = candidates(&page);
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        groups.entry(&candidate.signature).or_default().push(at);
    }
    let mut groups: Vec<(usize, bool, Vec<usize>)> = groups
        .into_values()
        .map(|group| {
            let asking = group.iter().filter(|&&at| candidates[at].asks).count();
            let hinted = candidates[group[0]].hinted;
            (asking, hinted, group)
        })
        .filter(|(asking, hinted, group)| match hinted {
            true => {
                3 * asking >= group.len() && *asking > 0 || names_questions(&candidates[group[0]].signature)
            }
            false => *asking >= 2 && 2 * asking >= group.len(),
        })
        .collect();
    // Most questions first; the order of the page decides between equals.
    groups.sort_by_key(|(asking, hinted, group)| (std::cmp::Reverse((*asking, *hinted)), group[0]));
    let mut entries: Vec<(usize, RawEntry)> = Vec::new();
    // Whether each node is in a question or answer.
    let mut taken = vec![false; page.nodes.len()];
    for (_, _, group) in groups {
        let members: Vec<&Candidate> =
            group.iter().map(|&at| &candidates[at]).filter(|own| !taken[page.span(&own.node).0]).collect();
        let answers = page.answers(&members);
        for (member, answer) in members.iter().zip(answers) {
            let text = markdown_of(&answer);
            if text.trim().is_empty() {
                continue;
            }
            let (at, _) = page.span(&member.node);
            for (from, to) in std::iter::once(&member.node).chain(&answer).map(|node| page.span(node)) {
                taken[from..=to].fill(true);
            }
            let (question, text) = unmarked(&member.text, &text);
            let (questions, answer) = (vec![question.to_owned()], Some(text.to_owned()));
            let entry = RawEntry { questions, answer, ..RawEntry::default() };
            entries.push((at, entry));
        }
    }
    entries.sort_by_key(|(at, _)| *at);
    page.tag(&mut entries, &taken);
    let mut entries: Vec<RawEntry> = entries.into_iter().map(|(_, entry)| entry).collect();
    find_lines(&mut entries, source);
    entries
}

/// Texts of a page that ask and are in none of these entries, outside its furniture.
fn left_over(root: &Rc<Node>, entries: &[RawEntry]) -> Vec<String> {
    // Marks within a text differ, so texts are compared by their words, three and three.
    let words = |text: &str| -> Vec<String> {
        let word = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        text.split_whitespace().map(word).filter(|word| !word.is_empty()).collect()
    };
    let mut known: HashSet<Vec<String>> = HashSet::new();
    for text in entries.iter().flat_map(|own| own.questions.iter().chain(&own.answer)) {
        known.extend(words(text).windows(3).map(<[String]>::to_vec));
    }
    let mut found: Vec<String> = Vec::new();
    for node in descendants(root).iter().filter(|node| is_question_text(node)) {
        let text = text_of(node);
        let own = words(&text);
        if let Some(last) = own.last_chunk::<3>()
            && known.insert(last.to_vec())
        {
            found.push(text);
        }
    }
    found
}

/// What to say where a page may have more than was read of it.
pub fn doubt(root: &Rc<Node>, entries: &[RawEntry]) -> Option<String> {
    let left = left_over(root, entries);
    if left.len() >= 2 && 3 * left.len() >= entries.len() {
        return Some(format!(
            "{} texts of the page ask, such as \"{}\", and are not among the {} entries: is the page read right?",
            left.len(),
            abridge(&left[0], 60),
            entries.len()
        ));
    }
    let short =
        |own: &&RawEntry| own.questions.iter().all(|question| question.split_whitespace().count() == 1);
    let count = entries.iter().filter(short).count();
    (entries.len() > 1 && 2 * count > entries.len())
        .then(|| format!("{count} of {} questions are one word: is the page read right?", entries.len()))
}

/// Whether a signature has a name that says "question".
fn names_questions(signature: &str) -> bool {
    let after_tag = signature.split_once('.').map_or("", |(_, names)| names);
    after_tag.contains("question") || after_tag.contains("faq-q") || after_tag.contains("faq__q")
}

/// Whether an element opens something that is hidden, or is named for what does.
fn is_hinted(node: &Rc<Node>) -> bool {
    let has = |name: &str| attribute(node, name).is_some_and(|own| !own.is_empty());
    let toggles = ["data-toggle", "data-bs-toggle", "data-accordion-toggle"];
    let collapse = toggles.iter().any(|name| attribute(node, name).is_some_and(|own| own == "collapse"));
    if collapse || (has("aria-controls") && has("aria-expanded")) || name(node) == Some("summary") {
        return attribute(node, "role").is_none_or(|role| role != "tab");
    }
    let names = attribute(node, "class").unwrap_or_default().to_lowercase();
    let opens = ["accordion", "toggle", "faq", "collaps", "expand"].iter().any(|part| names.contains(part));
    let leads = ["title", "head", "button", "btn", "trigger", "control", "-q"]
        .iter()
        .any(|part| names.contains(part));
    names_questions(&format!(".{names}")) || (opens && leads) || (name(node) == Some("button") && opens)
}

/// The name of an element with its classes, without those that count or say its state.
fn mark_of(node: &Rc<Node>) -> String {
    let tag = match name(node) {
        Some("b") => "strong",
        Some("i") => "em",
        Some(tag) => tag,
        None => "",
    };
    let classes = attribute(node, "class").unwrap_or_default().to_lowercase();
    let mut names: Vec<&str> = classes
        .split_whitespace()
        .map(|name| match name.rsplit_once(['-', '_']) {
            Some((stem, number)) if number.chars().all(|c| c.is_ascii_digit()) => stem,
            _ => name,
        })
        .filter(|name| {
            !matches!(
                *name,
                "active" | "collapsed" | "show" | "open" | "first" | "last" | "even" | "odd" | "current" | ""
            ) && !name.starts_with("is-")
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    std::iter::once(tag).chain(names).collect::<Vec<_>>().join(".")
}

/// The elements whose text may be a question.
fn candidates(page: &Numbered) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut ends = 0;
    for (at, node) in page.nodes.iter().enumerate() {
        if at < ends
            || !matches!(name(node), Some(tag) if !matches!(tag, "html" | "head" | "body" | "script" | "style" | "title" | "br" | "table" | "pre" | "code"))
        {
            continue;
        }
        let Some(text) = page.is_small(node).then(|| question_text(node)).flatten() else { continue };
        let innermost = innermost(node);
        // A paragraph without marks is text, unless it asks; a link leads away, unless it opens something.
        let chain: Vec<Rc<Node>> = chain(node, &innermost);
        let hinted = chain.iter().any(is_hinted)
            || parent(node)
                .is_some_and(|own| is_hinted(&own) && page.is_small(&own) && text_of(&own) == text_of(node));
        let heads = |own: &Rc<Node>| name(own).is_some_and(|tag| HEADS.contains(&tag));
        // A block that is in italics as a whole.
        let italic = chain.len() > 1 && matches!(name(&innermost), Some("em" | "i"));
        let asks = asks(unmarked(&text, "").0);
        let above = parent(&innermost).map(|own| mark_of(&own)).unwrap_or_default();
        let tag_above = above.split('.').next().unwrap_or_default().to_owned();
        let marked = italic || chain.iter().any(heads) || attribute(&innermost, "class").is_some();
        if !asks && !hinted && !marked {
            continue;
        }
        let signature = if hinted && !names_questions(&mark_of(&innermost)) {
            // What opens something is alike, whatever is around it.
            let opener = chain.iter().find(|own| is_hinted(own)).map(mark_of).unwrap_or_default();
            format!("opens {opener}")
        } else {
            format!("{tag_above}>{}", mark_of(&innermost))
        };
        ends = page.span(node).1 + 1;
        found.push(Candidate { node: Rc::clone(node), chain, text, asks, hinted, signature });
    }
    found
}

/// The text of an element that may be a question, without the signs after it; `None` where it is none, or has text of its
/// own beside that of a part that may be one.
fn question_text(node: &Rc<Node>) -> Option<String> {
    let whole = text_of(node);
    let text = whole.trim().trim_start_matches(SIGNS).trim_end_matches(SIGNS).trim();
    if text.is_empty() || text.len() > LONGEST || !text.contains(|c: char| c.is_alphabetic()) {
        return None;
    }
    // Two blocks are no question, whatever they say.
    let blocks = descendants(node)
        .iter()
        .skip(1)
        .filter(|own| {
            matches!(
                name(own),
                Some(
                    "p" | "div" | "li" | "dd" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "td" | "br" | "ul"
                )
            )
        })
        .filter(|own| {
            name(own) == Some("br") || {
                let own = text_of(own);
                !own.is_empty() && own.len() + 4 < whole.len()
            }
        })
        .count();
    if blocks > 0 {
        return None;
    }
    // "Is it free? Yes." is an answer, too.
    let sentences = text.trim_end_matches(['?', '？', '.', '!']).matches(['?', '？', '!']).count()
        + text.matches(". ").count();
    let marked = descendants(node).iter().skip(1).any(|own| {
        matches!(name(own), Some("b" | "strong" | "span" | "em" | "i" | "a")) && {
            let part = text_of(own);
            part.ends_with(['?', '？', ':']) && part.len() < text.len()
        }
    });
    if marked {
        return None;
    }
    (sentences < 2).then(|| text.to_owned())
}

/// The innermost element that has all of an element's text.
fn innermost(node: &Rc<Node>) -> Rc<Node> {
    let mut node = Rc::clone(node);
    loop {
        let text = text_of(&node);
        let inner = node
            .children
            .borrow()
            .iter()
            .find(|child| name(child).is_some() && text_of(child).trim() == text.trim())
            .cloned();
        match inner {
            Some(inner) => node = inner,
            None => return node,
        }
    }
}

/// The elements from one down to another.
fn chain(outer: &Rc<Node>, inner: &Rc<Node>) -> Vec<Rc<Node>> {
    let mut found = vec![Rc::clone(inner)];
    while let Some(last) = found.last().filter(|last| !Rc::ptr_eq(last, outer)).cloned() {
        match parent(&last) {
            Some(above) => found.push(above),
            None => break,
        }
    }
    found.reverse();
    found
}

impl Numbered {
    /// What belongs to each question of a group.
    fn answers(&self, members: &[&Candidate]) -> Vec<Vec<Rc<Node>>> {
        let places: Vec<usize> = members.iter().map(|own| self.span(&own.node).0).collect();
        let count = |node: &Rc<Node>| {
            let (from, to) = self.span(node);
            places.partition_point(|&at| at <= to) - places.partition_point(|&at| at < from)
        };
        // How many elements around each question have no other question. Those that stand alone go as far up as most.
        let heights: Vec<usize> = members
            .iter()
            .map(|own| {
                let mut height = 0;
                let mut node = Rc::clone(&own.node);
                while let Some(above) = parent(&node).filter(|above| {
                    !matches!(name(above), Some("body" | "html" | "main") | None) && count(above) == 1
                }) {
                    (node, height) = (above, height + 1);
                }
                height
            })
            .collect();
        let mut sorted = heights.clone();
        sorted.sort_unstable();
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let mut used = HashSet::new();
        let mut answers = Vec::with_capacity(members.len());
        for (own, height) in members.iter().zip(heights) {
            let controlled = self.controlled(own, &mut used);
            answers.push(controlled.unwrap_or_else(|| self.following(&own.node, height.min(usual), &count)));
        }
        answers
    }

    /// What a question's element opens, by its id.
    fn controlled(&self, own: &Candidate, used: &mut HashSet<usize>) -> Option<Vec<Rc<Node>>> {
        let named = |node: &Rc<Node>| {
            ["aria-controls", "data-bs-target", "data-target", "href"].iter().find_map(|name| {
                let id = attribute(node, name)?;
                let id = id.strip_prefix('#').unwrap_or(&id).to_owned();
                let target = &self.nodes[*self.ids.get(&id)?];
                let (at, end) = self.span(target);
                let question = self.span(&own.node).0;
                // A link to its own place, or to what the question is in, opens nothing.
                let elsewhere = !id.is_empty() && !(at..=end).contains(&question) && !used.contains(&at);
                (elsewhere && !text_of(target).is_empty()).then(|| Rc::clone(target))
            })
        };
        let around = parent(&own.node);
        let target = own.chain.iter().chain(&around).find_map(named)?;
        used.insert(self.span(&target).0);
        let children = target.children.borrow();
        Some(children.clone())
    }

    /// What follows a question: in the element so many levels above it, or else beside that, up to the next question.
    fn following(
        &self,
        question: &Rc<Node>,
        height: usize,
        count: &dyn Fn(&Rc<Node>) -> usize,
    ) -> Vec<Rc<Node>> {
        let mut found = Vec::new();
        let mut node = Rc::clone(question);
        for _ in 0..height {
            self.siblings_after(&node, &mut |own| {
                if count(own) == 0 {
                    found.push(Rc::clone(own));
                }
                true
            });
            match parent(&node) {
                Some(above) => node = above,
                None => break,
            }
        }
        if found.iter().any(|own| !text_of(own).trim().is_empty()) {
            return found;
        }
        let level = heading_level(question);
        self.siblings_after(&node, &mut |own| {
            let ends = heading_level(own).is_some_and(|own| level.is_none_or(|level| own <= level));
            let goes_on = count(own) == 0 && !ends;
            if goes_on {
                found.push(Rc::clone(own));
            }
            goes_on
        });
        found
    }

    /// Headings above the questions become their tags, where there are several.
    fn tag(&self, entries: &mut [(usize, RawEntry)], taken: &[bool]) {
        let headings: Vec<(usize, String)> = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, node)| heading_level(node).is_some_and(|level| level > 1) && !taken[*at])
            .map(|(at, node)| (at, text_of(node)))
            .filter(|(_, text)| !text.is_empty() && !asks(text) && text.split_whitespace().count() <= 8)
            .collect();
        let above = |at: usize| headings[..headings.partition_point(|(own, _)| *own < at)].last();
        let mut seen: Vec<usize> =
            entries.iter().filter_map(|(at, _)| above(*at)).map(|(own, _)| *own).collect();
        seen.dedup();
        if seen.len() < 2 {
            return;
        }
        for (at, entry) in entries {
            entry.tags.extend(above(*at).map(|(_, text)| text.clone()));
        }
    }
}

fn heading_level(node: &Rc<Node>) -> Option<u32> {
    let tag = name(node)?.strip_prefix('h')?;
    tag.parse().ok().filter(|level| (1..=6).contains(level))
}

/// Gives entries the lines on which their questions stand in the page, as far as they are found there.
fn find_lines(entries: &mut [RawEntry], source: &str) {
    let mut lines = Lines::new(source, 1);
    let (mut from, mut line) = (0, 1);
    for entry in entries {
        // Up to the first mark or reference, the text is as it is in the page.
        let question = &entry.questions[0];
        let begin = question.split(['<', '&', '\'', '’', '"']).next().unwrap_or_default();
        let begin = begin.split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        let to = source.floor_char_boundary((from + FARTHEST).min(source.len()));
        if let Some(found) = source[from..to].find(&begin).filter(|_| !begin.is_empty()) {
            from += found;
            line = lines.at(from);
        }
        entry.line = line;
    }
}
