//! A file's values with their lines, as YAML, JSON, TOML and programs have them.

/// Deeper nesting is refused: a FAQ has four levels, and trees are walked recursively.
pub const MAX_DEPTH: usize = 64;

/// A value in a file. Scalars keep their source text: `answer: 42` is text here.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The field of a mapping with this name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(fields) => fields.iter().find(|(own, _)| own == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The text, if the value is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a field.
    pub fn text_of(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Node::as_text).map(str::to_owned)
    }

    /// The text of a field, or the texts in its list; empty if the field is missing.
    pub fn texts_of(&self, name: &str) -> Vec<String> {
        self.get(name).map(Node::texts).unwrap_or_default().into_iter().map(str::to_owned).collect()
    }

    /// The text, or the texts in a list.
    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::List(items) => items.iter().filter_map(Node::as_text).collect(),
            _ => self.as_text().into_iter().collect(),
        }
    }
}

/// The items of a list; none where it is no list.
pub fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => &[],
    }
}
