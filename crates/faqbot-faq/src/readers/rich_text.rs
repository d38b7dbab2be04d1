//! Rich text as content management systems export it, as Markdown: trees of blocks of Contentful, Strapi, Sanity (Portable
//! Text), Notion, Slate, Lexical, ProseMirror (TipTap), Draft.js and Editor.js.

use super::html_text;
use super::node::{Node, Value, items};

/// Kinds of blocks, in lower case without `-`, `_` and spaces.
const BLOCKS: [&str; 46] = [
    "paragraph",
    "p",
    "unstyled",
    "block",
    "heading",
    "heading1",
    "heading2",
    "heading3",
    "heading4",
    "heading5",
    "heading6",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "headerone",
    "headertwo",
    "headerthree",
    "list",
    "ul",
    "ol",
    "bulletlist",
    "bulletedlist",
    "unorderedlist",
    "orderedlist",
    "numberedlist",
    "listitem",
    "li",
    "bulletedlistitem",
    "numberedlistitem",
    "unorderedlistitem",
    "orderedlistitem",
    "todo",
    "toggle",
    "callout",
    "quote",
    "blockquote",
    "code",
    "codeblock",
    "hr",
    "horizontalrule",
    "image",
    "table",
];

/// Where a block keeps what is in it.
const INSIDE: [&str; 6] = ["children", "content", "data", "text", "spans", "items"];

/// A value as Markdown, if it is rich text.
pub fn markdown(node: &Node) -> Option<String> {
    let blocks = match &node.value {
        Value::List(blocks) => blocks,
        Value::Map(_) => match kind(node).as_deref() {
            Some("document" | "doc") => items(node.get("content")?),
            Some("root") => items(node.get("children")?),
            Some(_) => return None,
            None => match node.get("root") {
                Some(root) => items(root.get("children")?),
                None => items(node.get("blocks")?),
            },
        },
        Value::Text(_) | Value::Null => return None,
    };
    if blocks.is_empty() || !blocks.iter().all(is_block) {
        return None;
    }
    let mut written = Written::default();
    written.blocks(blocks, 0);
    Some(written.text())
}

/// The kind of a block, as in [`BLOCKS`].
fn kind(node: &Node) -> Option<String> {
    let name = ["nodeType", "_type", "type"].iter().find_map(|name| node.text_of(name))?;
    Some(name.to_lowercase().replace(['-', '_', ' '], ""))
}

fn is_block(node: &Node) -> bool {
    let Some(kind) = kind(node) else { return false };
    let has_inside = INSIDE.iter().any(|name| node.get(name).is_some()) || own_field(node).is_some();
    let empty = matches!(&*kind, "hr" | "horizontalrule" | "image");
    BLOCKS.contains(&&*kind) && (has_inside || empty)
}

/// Notion keeps what a block has in a field with the name of its kind.
fn own_field(node: &Node) -> Option<&Node> {
    node.get(&node.text_of("type")?).filter(|own| matches!(own.value, Value::Map(_)))
}

/// What is in a block: other blocks, or texts.
fn inside(node: &Node) -> &[Node] {
    let node = own_field(node).unwrap_or(node);
    let names = ["children", "content", "rich_text", "text", "spans"];
    names.iter().filter_map(|name| node.get(name)).map(items).find(|found| !found.is_empty()).unwrap_or(&[])
}

/// Blocks that are written, and whether each is a list's item.
#[derive(Default)]
struct Written(Vec<(String, bool)>);

impl Written {
    fn text(self) -> String {
        let mut text = String::new();
        let mut item_before = false;
        for (block, is_item) in self.0 {
            if !text.is_empty() {
                text.push_str(if is_item && item_before { "\n" } else { "\n\n" });
            }
            text.push_str(&block);
            item_before = is_item;
        }
        text
    }

    fn push(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.0.push((text, false));
        }
    }

    fn blocks(&mut self, blocks: &[Node], level: usize) {
        let mut number = 0;
        for block in blocks {
            let ordered = matches!(kind(block).as_deref(), Some("numberedlistitem" | "orderedlistitem"))
                || block.text_of("listItem").is_some_and(|own| own == "number");
            number = if ordered { number + 1 } else { 0 };
            self.block(block, level, number);
        }
    }

    /// Writes a block. `number` is that of an item of an ordered list whose items have no list around them.
    fn block(&mut self, block: &Node, level: usize, number: usize) {
        let kind = kind(block).unwrap_or_default();
        // Sanity's paragraphs say in `style` and `listItem` what they are.
        let style = block.text_of("style").filter(|_| kind == "block").unwrap_or_default();
        let listed = block.text_of("listItem").is_some();
        match &*kind {
            "hr" | "horizontalrule" => self.push("---".to_owned()),
            "image" => {}
            "list" | "ul" | "ol" | "bulletlist" | "bulletedlist" | "unorderedlist" | "orderedlist"
            | "numberedlist" => self.list(block, &kind, level),
            "listitem" | "li" | "bulletedlistitem" | "numberedlistitem" | "unorderedlistitem"
            | "orderedlistitem" | "todo" => {
                self.item(block, level, number);
            }
            "block" if listed => {
                let level = block.text_of("level").and_then(|own| own.parse::<usize>().ok()).unwrap_or(1);
                self.item(block, level.clamp(1, 6) - 1, number);
            }
            "code" | "codeblock" => {
                let code = block.get("data").and_then(|data| data.text_of("code"));
                let code = code.or_else(|| block.text_of("code")).unwrap_or_else(|| texts(block));
                self.push(format!("```\n{}\n```", code.trim_matches('\n')));
            }
            "table" => self.table(block),
            _ => match heading(&kind, &style, block) {
                Some(level) => self.push(format!("{} {}", "#".repeat(level), texts(block).trim())),
                None if inside(block).iter().any(is_block) => self.blocks(inside(block), level),
                None if matches!(&*kind, "quote" | "blockquote") || style == "blockquote" => {
                    let lines: Vec<String> = texts(block).lines().map(|line| format!("> {line}")).collect();
                    self.push(lines.join("\n"));
                }
                None => self.push(texts(block).trim().to_owned()),
            },
        }
        // Notion's blocks may have blocks below them, beside their text.
        if let Some(own) = own_field(block)
            && own.get("rich_text").is_some()
        {
            self.blocks(own.get("children").map(items).unwrap_or_default(), level + 1);
        }
    }

    fn list(&mut self, block: &Node, kind: &str, level: usize) {
        let says = ["format", "listType", "style"].iter().find_map(|name| block.text_of(name));
        let data = block.get("data");
        let says = says.or_else(|| data?.text_of("style")).unwrap_or_default();
        let ordered = kind.contains("ordered") && !kind.contains("unordered")
            || matches!(kind, "ol" | "numberedlist")
            || matches!(&*says, "ordered" | "number");
        let own = data.and_then(|data| data.get("items")).map(items).unwrap_or_else(|| inside(block));
        for (at, item) in own.iter().enumerate() {
            self.item(item, level, if ordered { at + 1 } else { 0 });
        }
    }

    /// An item of a list; `number` is 0 where they have none.
    fn item(&mut self, item: &Node, level: usize, number: usize) {
        let mark = if number > 0 { format!("{number}.") } else { "-".to_owned() };
        let (blocks, inline): (Vec<&Node>, Vec<&Node>) = inside(item).iter().partition(|own| is_block(own));
        let text = match blocks.first() {
            Some(first) if inline.is_empty() && !is_list(first) => texts(first),
            _ => texts(item),
        };
        self.0.push((format!("{}{mark} {}", "   ".repeat(level), text.trim()), true));
        for block in blocks.into_iter().filter(|block| is_list(block)) {
            self.block(block, level + 1, 0);
        }
    }

    fn table(&mut self, block: &Node) {
        let rows: Vec<String> = inside(block)
            .iter()
            .map(|row| {
                let cells: Vec<String> = inside(row)
                    .iter()
                    .map(|cell| {
                        let mut written = Written::default();
                        match inside(cell).iter().any(is_block) {
                            true => written.blocks(inside(cell), 0),
                            false => written.push(texts(cell)),
                        }
                        written.text().replace(['\n', '|'], " ").trim().to_owned()
                    })
                    .collect();
                format!("| {} |", cells.join(" | "))
            })
            .collect();
        let Some((head, rest)) = rows.split_first() else { return };
        let rule = format!("|{}", " --- |".repeat(head.matches(" | ").count() + 1));
        self.push([&[head.clone(), rule], rest].concat().join("\n"));
    }
}

fn is_list(node: &Node) -> bool {
    kind(node)
        .is_some_and(|kind| kind.contains("list") && !kind.contains("item") || kind == "ul" || kind == "ol")
}

/// The level of a heading.
fn heading(kind: &str, style: &str, block: &Node) -> Option<usize> {
    let number = |text: &str| text.chars().last().and_then(|last| last.to_digit(10));
    let level = match kind {
        "headerone" => 1,
        "headertwo" => 2,
        "headerthree" => 3,
        "heading" | "header" => {
            let places = [Some(block), block.get("data"), block.get("attrs")];
            let level = |place: &Node| place.text_of("level").or_else(|| place.text_of("tag"));
            places.into_iter().flatten().find_map(level).and_then(|own| number(&own)).unwrap_or(2)
        }
        "block" if style.starts_with('h') => number(style)?,
        _ if kind.starts_with("heading") || (kind.len() == 2 && kind.starts_with('h')) => number(kind)?,
        _ => return None,
    };
    Some((level as usize).clamp(1, 6))
}

/// The texts of a block in one line or more, with their marks.
fn texts(block: &Node) -> String {
    // Editor.js has HTML, Draft.js plain text.
    if let Some(html) = block.get("data").and_then(|data| data.text_of("text")) {
        return html_text::to_markdown(&html);
    }
    if inside(block).is_empty() {
        let own = block.as_text().map(html_text::to_markdown);
        return own
            .or_else(|| block.text_of("text").or_else(|| block.text_of("content")))
            .unwrap_or_default();
    }
    let mut text = String::new();
    let links = block.get("markDefs").map(items).unwrap_or_default();
    inline(inside(block), links, &mut text);
    text
}

/// Writes texts with their marks. `links` are those that Sanity's marks name.
fn inline(nodes: &[Node], links: &[Node], out: &mut String) {
    for node in nodes {
        let kind = kind(node).unwrap_or_default();
        if matches!(&*kind, "linebreak" | "hardbreak" | "br" | "break") {
            out.push('\n');
            continue;
        }
        let leaf = ["text", "value", "plain_text"].iter().find_map(|name| node.text_of(name));
        if let Some(leaf) = leaf {
            out.push_str(&marked(&leaf, node, links));
            continue;
        }
        let mut own = String::new();
        inline(inside(node), links, &mut own);
        out.push_str(&linked(own, address(node)));
    }
}

/// Where a link leads.
fn address(node: &Node) -> Option<String> {
    let places = [Some(node), node.get("data"), node.get("attrs"), node.get("fields")];
    let of = |place: &Node| ["url", "href", "uri"].iter().find_map(|name| place.text_of(name));
    places.into_iter().flatten().find_map(of).filter(|address| !address.trim().is_empty())
}

fn linked(text: String, address: Option<String>) -> String {
    match address {
        Some(address) if !text.trim().is_empty() => format!("[{}]({})", text.trim(), address.trim()),
        _ => text,
    }
}

/// A text with the marks of its node: fields that say yes, names in `marks`, Notion's `annotations`, Lexical's bits.
fn marked(text: &str, node: &Node, links: &[Node]) -> String {
    let marks = node.get("marks").map(items).unwrap_or_default();
    let named: Vec<String> = marks
        .iter()
        .filter_map(|mark| mark.as_text().map(str::to_owned).or_else(|| mark.text_of("type")))
        .collect();
    let bits: u32 = node.text_of("format").and_then(|bits| bits.parse().ok()).unwrap_or(0);
    let says = |names: &[&str], bit: u32| {
        let yes = |place: &Node, name: &str| place.text_of(name).is_some_and(|own| own == "true");
        bits & bit > 0
            || names.iter().any(|name| {
                named.iter().any(|own| own == name)
                    || yes(node, name)
                    || node.get("annotations").is_some_and(|own| yes(own, name))
            })
    };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return text.to_owned();
    }
    let mut out = trimmed.to_owned();
    for (names, bit, mark) in
        [(&["code"][..], 16, "`"), (&["italic", "em"], 2, "*"), (&["bold", "strong"], 1, "**")]
    {
        if says(names, bit) {
            out = format!("{mark}{out}{mark}");
        }
    }
    let of_mark = marks.iter().find_map(address);
    let defined = links.iter().find(|link| link.text_of("_key").is_some_and(|key| named.contains(&key)));
    let out = linked(out, of_mark.or_else(|| defined.and_then(address)).or_else(|| address(node)));
    let begin = &text[..text.len() - text.trim_start().len()];
    format!("{begin}{out}{}", &text[text.trim_end().len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::json_tree;

    #[test]
    fn blocks_of_many_systems_become_markdown() {
        for (json, wanted) in [
            // Strapi and Slate
            (
                r#"[{"type":"paragraph","children":[{"text":"Three "},{"text":"days","bold":true},{"text":"."}]},
                    {"type":"list","format":"ordered","children":[{"type":"list-item","children":[{"text":"one"}]},
                    {"type":"list-item","children":[{"type":"link","url":"https://a.example","children":[{"text":"two"}]}]}]}]"#,
                "Three **days**.\n\n1. one\n2. [two](https://a.example)",
            ),
            // Contentful
            (
                r#"{"nodeType":"document","data":{},"content":[{"nodeType":"heading-3","content":[{"nodeType":"text","value":"Cost","marks":[],"data":{}}]},
                    {"nodeType":"unordered-list","content":[{"nodeType":"list-item","content":[{"nodeType":"paragraph","content":[{"nodeType":"text","value":"by card","marks":[{"type":"bold"}]}]}]}]},
                    {"nodeType":"paragraph","content":[{"nodeType":"hyperlink","data":{"uri":"https://a.example"},"content":[{"nodeType":"text","value":"more","marks":[]}]}]}]}"#,
                "### Cost\n\n- **by card**\n\n[more](https://a.example)",
            ),
            // Sanity
            (
                r#"[{"_type":"block","style":"normal","markDefs":[{"_key":"k","_type":"link","href":"https://a.example"}],"children":[{"_type":"span","text":"See "},{"_type":"span","text":"here","marks":["k","strong"]}]},
                    {"_type":"block","listItem":"bullet","level":1,"children":[{"_type":"span","text":"a"}]},{"_type":"block","listItem":"bullet","level":2,"children":[{"_type":"span","text":"b"}]}]"#,
                "See [**here**](https://a.example)\n\n- a\n   - b",
            ),
            // Notion
            (
                r#"[{"type":"paragraph","paragraph":{"rich_text":[{"plain_text":"Three ","annotations":{"bold":false}},{"plain_text":"days","annotations":{"bold":true},"href":null}]}},
                    {"type":"numbered_list_item","numbered_list_item":{"rich_text":[{"plain_text":"one"}]}},{"type":"numbered_list_item","numbered_list_item":{"rich_text":[{"plain_text":"two"}]}}]"#,
                "Three **days**\n\n1. one\n2. two",
            ),
            // ProseMirror, Lexical, Draft.js, Editor.js
            (
                r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a","marks":[{"type":"link","attrs":{"href":"https://a.example"}}]},{"type":"hardBreak"},{"type":"text","text":"b"}]}]}"#,
                "[a](https://a.example)\nb",
            ),
            (
                r#"{"root":{"type":"root","children":[{"type":"heading","tag":"h2","children":[{"type":"text","text":"T"}]},{"type":"paragraph","children":[{"type":"text","text":"a","format":1}]}]}}"#,
                "## T\n\n**a**",
            ),
            (
                r#"{"blocks":[{"type":"unstyled","text":"a"},{"type":"unordered-list-item","text":"b"}],"entityMap":{}}"#,
                "a\n\n- b",
            ),
            (
                r#"{"time":1,"blocks":[{"type":"paragraph","data":{"text":"a <b>b</b>"}},{"type":"list","data":{"style":"unordered","items":["c","d"]}}]}"#,
                "a **b**\n\n- c\n- d",
            ),
            // A table
            (
                r#"{"nodeType":"document","content":[{"nodeType":"table","content":[{"nodeType":"table-row","content":[{"nodeType":"table-header-cell","content":[{"nodeType":"paragraph","content":[{"nodeType":"text","value":"A"}]}]},{"nodeType":"table-header-cell","content":[{"nodeType":"paragraph","content":[{"nodeType":"text","value":"B"}]}]}]}]}]}"#,
                "| A | B |\n| --- | --- |",
            ),
        ] {
            let node = json_tree::read(json, 1).unwrap();
            assert_eq!(markdown(&node).as_deref(), Some(wanted), "{json}");
        }
    }

    #[test]
    fn other_lists_are_left_alone() {
        for json in [
            r#"[{"type":"faq","text":"a"}]"#,
            r#"[{"question":"a","answer":"b"}]"#,
            r#"[{"type":"block","question":"a"}]"#,
            "[]",
            r#"{"content":"a"}"#,
        ] {
            assert_eq!(markdown(&json_tree::read(json, 1).unwrap()), None, "{json}");
        }
    }
}
