//! YAML, JSON and JSONL: the place of a value is found by the events of the YAML parser, which reads all three.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::json;

use super::Where;
use crate::change::Change;
use crate::readers::fields::{self, ALSO, QUESTION};

/// A value with its place, in bytes.
struct Node {
    from: usize,
    to: usize,
    line: usize,
    kind: Kind,
}

enum Kind {
    Text { value: String, style: ScalarStyle },
    List { flow: bool, items: Vec<Node> },
    Map { flow: bool, fields: Vec<(Node, Node)> },
    Alias,
}

/// The text with a change.
pub fn edit(place: &Where, change: &Change) -> Vec<String> {
    let root = parse(place.text);
    let edited = root.and_then(|root| match change {
        Change::Phrasing { phrasing, .. } => add_phrasing(place, &root, phrasing),
        Change::Entry { question, answer } => add_entry(place, &root, question, answer.as_deref()),
    });
    edited.into_iter().collect()
}

/// As [`edit`], for a file with one entry a line.
pub fn edit_line(place: &Where, change: &Change) -> Vec<String> {
    with_line(place, change).into_iter().collect()
}

fn with_line(place: &Where, change: &Change) -> Option<String> {
    match change {
        Change::Phrasing { phrasing, .. } => {
            let start = place.start_of(place.line);
            let end = place.end_of_line(start);
            let line = Where { text: &place.text[start..end], end: place.end, entry: place.entry, line: 1 };
            let edited = add_phrasing(&line, &parse(line.text)?, phrasing)?;
            Some(format!("{}{edited}{}", &place.text[..start], &place.text[end..]))
        }
        Change::Entry { question, answer } => {
            let entry = json_entry(question, answer.as_deref());
            Some(place.with_lines(place.text.len(), &format!("{entry}\n")))
        }
    }
}

/// Adds a phrasing to the JSON of a comment.
pub fn edit_json(json: &str, phrasing: &str) -> Option<String> {
    let root = parse(json)?;
    let Kind::Map { fields, .. } = &root.kind else { return None };
    put_phrasing(json, "\n", &root, fields, phrasing)
}

fn add_phrasing(place: &Where, root: &Node, phrasing: &str) -> Option<String> {
    let entry = find(root, &|node| is_entry(node, place))?;
    let Kind::Map { fields, .. } = &entry.kind else { return None };
    put_phrasing(place.text, place.end, entry, fields, phrasing)
}

/// Whether a mapping is the entry that is looked for: on its line, and with its question.
fn is_entry(node: &Node, place: &Where) -> bool {
    let Kind::Map { fields, .. } = &node.kind else { return false };
    let text = |node: &Node| match &node.kind {
        Kind::Text { value, .. } => Some(value.trim().to_owned()),
        _ => None,
    };
    let first =
        fields.iter().find(|(name, _)| named(name, QUESTION)).and_then(|(_, value)| match &value.kind {
            Kind::List { items, .. } => items.first().and_then(text),
            _ => text(value),
        });
    node.line == place.line && first.as_deref() == Some(place.entry.question())
}

fn named(name: &Node, known: &[&str]) -> bool {
    matches!(&name.kind, Kind::Text { value, .. } if fields::is(known, value))
}

fn put_phrasing(
    text: &str,
    end: &'static str,
    entry: &Node,
    fields: &[(Node, Node)],
    phrasing: &str,
) -> Option<String> {
    let list = |known: &[&str]| {
        let of = fields.iter().find(|(name, value)| {
            named(name, known) && matches!(&value.kind, Kind::List { items, .. } if !items.is_empty())
        });
        of.map(|(_, value)| value)
    };
    if let Some(Node { kind: Kind::List { flow, items }, .. }) = list(ALSO).or_else(|| list(QUESTION)) {
        let last = items.last()?;
        return Some(if *flow {
            let item = json!(phrasing).to_string();
            let apart = apart(text, end, last.from);
            insert(text, trimmed(text, last.to), &format!(",{apart}{item}"))
        } else {
            let start = line_start(text, last.from);
            let item = scalar(phrasing, style(last));
            insert_line(text, end, behind(text, last), &format!("{}{item}", &text[start..last.from]))
        });
    }
    let (name, value) = fields.iter().find(|(name, _)| named(name, QUESTION))?;
    let Kind::Map { flow, .. } = &entry.kind else { return None };
    if *flow {
        let quotes = text[name.from..].starts_with('"');
        let also = if quotes { "\"also\"" } else { "also" };
        let apart = apart(text, end, name.from);
        return Some(insert(
            text,
            trimmed(text, value.to),
            &format!(",{apart}{also}: [{}]", json!(phrasing)),
        ));
    }
    let indent = " ".repeat(text[line_start(text, name.from)..name.from].chars().count());
    let item = scalar(phrasing, style(value));
    Some(insert_line(text, end, behind(text, value), &format!("{indent}also:{end}{indent}  - {item}")))
}

fn add_entry(place: &Where, root: &Node, question: &str, answer: Option<&str>) -> Option<String> {
    let (text, end) = (place.text, place.end);
    let holds = |node: &Node| matches!(&node.kind, Kind::List { items, .. } if items.iter().any(|item| is_entry(item, place)));
    let list = find(root, &holds)?;
    let Kind::List { flow, items } = &list.kind else { return None };
    let last = items.last()?;
    let start = line_start(text, last.from);
    if *flow {
        let apart = apart(text, end, last.from);
        return Some(insert(
            text,
            trimmed(text, last.to),
            &format!(",{apart}{}", json_entry(question, answer)),
        ));
    }
    // `- ` with what stands before it.
    let prefix = &text[start..last.from];
    let indent: String = prefix.chars().map(|c| if c == '-' { ' ' } else { c }).collect();
    let plain = ScalarStyle::Plain;
    let mut lines = format!("{prefix}question: {}", scalar(question, plain));
    match answer {
        None => lines.push_str(&format!("{end}{indent}out_of_scope: true")),
        Some(answer) if is_block(answer) => {
            lines.push_str(&format!("{end}{indent}answer: |-"));
            for line in answer.lines() {
                let apart = if line.is_empty() { String::new() } else { format!("{indent}  {line}") };
                lines.push_str(&format!("{end}{apart}"));
            }
        }
        Some(answer) => lines.push_str(&format!("{end}{indent}answer: {}", scalar(answer, plain))),
    }
    // Entries apart by an empty line stay so.
    let above = text[..start].trim_end_matches([' ', '\t']);
    let apart = above.ends_with("\n\n") || above.ends_with("\n\r\n");
    let lines = if apart && items.len() > 1 { format!("{end}{lines}") } else { lines };
    Some(insert_line(text, end, behind(text, last), &lines))
}

/// Whether a text of several lines can stand as a block, as people would write it.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.contains(['\r', '\t'])
        && !text.lines().any(|line| line.ends_with(' '))
        && !text.ends_with('\n')
}

fn json_entry(question: &str, answer: Option<&str>) -> String {
    match answer {
        Some(answer) => format!("{{\"question\": {}, \"answer\": {}}}", json!(question), json!(answer)),
        None => format!("{{\"question\": {}, \"out_of_scope\": true}}", json!(question)),
    }
}

/// How a scalar is quoted.
fn style(node: &Node) -> ScalarStyle {
    match &node.kind {
        Kind::Text { style, .. } => *style,
        _ => ScalarStyle::Plain,
    }
}

/// A text as a scalar in a block, quoted like its neighbours, and where they are not, only where it must be.
fn scalar(text: &str, style: ScalarStyle) -> String {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let plain = text.starts_with(char::is_alphabetic)
        && text.chars().all(|c| c.is_alphanumeric() || " ',?!./()-".contains(c))
        && !text.ends_with(' ')
        && !words.contains(&text.to_lowercase().as_str());
    match style {
        ScalarStyle::SingleQuoted if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
        ScalarStyle::DoubleQuoted => json!(text).to_string(),
        _ if plain => text.to_owned(),
        _ => json!(text).to_string(),
    }
}

/// What stands before a value in a flow, and before the next one too: a line break and what indents it where it has a line
/// of its own, else a space.
fn apart(text: &str, end: &str, from: usize) -> String {
    let start = line_start(text, from);
    let own_line = text[start..from].trim().is_empty() && start > 0;
    if own_line { format!("{end}{}", &text[start..from]) } else { " ".to_owned() }
}

/// Where the line of a position begins.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |found| found + 1)
}

/// The end of a value without the blanks that the parser may count to it.
fn trimmed(text: &str, to: usize) -> usize {
    text[..to].trim_end_matches([' ', '\t', '\r', '\n']).len()
}

fn insert(text: &str, at: usize, what: &str) -> String {
    format!("{}{what}{}", &text[..at], &text[at..])
}

/// Puts a line in where one begins, or at the end of the text.
fn insert_line(text: &str, end: &str, at: usize, line: &str) -> String {
    let open = at > 0 && !text[..at].ends_with('\n');
    let line = if open { format!("{end}{line}") } else { format!("{line}{end}") };
    insert(text, at, &line)
}

/// Where the next line begins behind a value.
fn behind(text: &str, node: &Node) -> usize {
    let to = last_of(node);
    // A block scalar ends behind its last line, and may have empty lines below.
    let to = trimmed(text, to);
    text[to..].find('\n').map_or(text.len(), |found| to + found + 1)
}

/// Where the last text in a value ends: a block's own end is that of what follows it.
fn last_of(node: &Node) -> usize {
    match &node.kind {
        Kind::List { flow: false, items } => items.last().map_or(node.to, last_of),
        Kind::Map { flow: false, fields } => {
            fields.last().map_or(node.to, |(name, value)| match value.kind {
                Kind::Text { ref value, .. } if value.is_empty() => name.to,
                _ => last_of(value),
            })
        }
        _ => node.to,
    }
}

/// The first value for which `is` holds, those within before those that hold them.
fn find<'n>(node: &'n Node, is: &dyn Fn(&Node) -> bool) -> Option<&'n Node> {
    let within = match &node.kind {
        Kind::List { items, .. } => items.iter().find_map(|item| find(item, is)),
        Kind::Map { fields, .. } => fields.iter().find_map(|(_, value)| find(value, is)),
        _ => None,
    };
    within.or_else(|| is(node).then_some(node))
}

/// The first document with its places. The text was read before, so that its nesting is bounded.
fn parse(text: &str) -> Option<Node> {
    // The parser counts characters.
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let byte = |at: usize| places.get(at).copied().unwrap_or(text.len());
    // What is open: the values so far, and the name that waits for one.
    let mut open: Vec<(Node, Option<Node>)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let (from, to) = (byte(span.start.index()), byte(span.end.index()));
        let line = span.start.line().max(1);
        let mut done = match event {
            Event::Scalar(value, style, ..) => {
                Node { from, to, line, kind: Kind::Text { value: value.into_owned(), style } }
            }
            Event::Alias(_) => Node { from, to, line, kind: Kind::Alias },
            Event::SequenceStart(..) => {
                let flow = text[from..].starts_with('[');
                open.push((Node { from, to, line, kind: Kind::List { flow, items: Vec::new() } }, None));
                continue;
            }
            Event::MappingStart(..) => {
                let flow = text[from..].starts_with('{');
                open.push((Node { from, to, line, kind: Kind::Map { flow, fields: Vec::new() } }, None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (mut node, _) = open.pop()?;
                node.to = to;
                node
            }
            _ => continue,
        };
        // A block within a list begins where its first value does.
        if let Kind::Map { flow: false, fields } = &done.kind
            && let Some((name, _)) = fields.first()
        {
            done.from = name.from;
        }
        match open.last_mut() {
            None => return Some(done),
            Some((Node { kind: Kind::List { items, .. }, .. }, _)) => items.push(done),
            Some((Node { kind: Kind::Map { fields, .. }, .. }, name)) => match name.take() {
                None => *name = Some(done),
                Some(own) => fields.push((own, done)),
            },
            Some(_) => return None,
        }
    }
    None
}
