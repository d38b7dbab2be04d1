//! The data in JavaScript, TypeScript and PHP: arrays and objects with questions and answers, as sites have them
//! (`export const faqs = [{ question, answer }]`). Programs are parsed, never run; what is computed is no text.

use tree_sitter::{Language, Node as Syntax, Parser};

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::html_text;
use crate::readers::node::{MAX_DEPTH, Node, Value};
use crate::readers::tree;

/// A larger file is a program, and no data that someone wrote.
const MAX_BYTES: usize = 16 << 20;

/// Arrays and objects that are looked at: those within each other are read again.
const MOST_LITERALS: usize = 10_000;

/// Functions around a text that only look for its translation.
const TRANSLATORS: [&str; 10] = ["__", "_", "_e", "_t", "t", "$t", "tr", "trans", "gettext", "esc_html__"];

/// Reads the questions and answers in a program's data. Of texts in several languages, those in `language` are read, or
/// the file's first.
///
/// # Errors
///
/// Returns an error if there are none.
pub fn parse(text: &str, language: Option<&str>) -> Result<Parsed, RowError> {
    if text.len() > MAX_BYTES {
        return Err(RowError::new(1, format!("program code of more than {MAX_BYTES} bytes")));
    }
    let code = code_of(text);
    let grammar: Language = if is_php(text) {
        tree_sitter_php::LANGUAGE_PHP.into()
    } else {
        tree_sitter_typescript::LANGUAGE_TSX.into()
    };
    let mut parser = Parser::new();
    let failed = |what: &str| RowError::new(1, format!("program code that is not read: {what}"));
    parser.set_language(&grammar).map_err(|error| failed(&error.to_string()))?;
    let tree = parser.parse(&code, None).ok_or_else(|| failed("the parser gave up"))?;
    let mut all = Parsed::default();
    for mut parsed in literals(tree.root_node(), &mut |literal| entries(literal, &code, language)) {
        all.title = all.title.or(parsed.title.take());
        all.language = all.language.or(parsed.language.take());
        all.append(parsed);
    }
    if all.entries.is_empty() {
        let reason = "program code in which no array or object has questions and answers as plain texts: save what it \
                      makes as JSON, or write the entries down";
        return Err(RowError::new(1, reason));
    }
    Ok(all)
}

/// Strong for a text that begins like a module of JavaScript or TypeScript, or like PHP.
pub fn detect(text: &str) -> Detection {
    let begins = [
        "import ",
        "export ",
        "const ",
        "let ",
        "var ",
        "module.exports",
        "\"use client\"",
        "'use client'",
        "\"use strict\"",
        "'use strict'",
    ];
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !["//", "/*", "*"].iter().any(|mark| line.starts_with(mark)))
        .unwrap_or_default();
    let ends = |line: &str| line.ends_with([';', '{', '[', '(', '\'', '"', ',']);
    let module =
        begins.iter().any(|begin| first.starts_with(begin)) && ends(first) && text.contains(['{', '[']);
    Detection::strong(module || is_php(text))
}

fn is_php(text: &str) -> bool {
    text.trim_start().starts_with("<?php")
}

/// The program in a page of Vue, Svelte or Astro, on the same lines; or all of a text. What begins like data is put in
/// brackets, as a program has it.
fn code_of(text: &str) -> String {
    let begin = text.trim_start();
    if begin.starts_with(['{', '[']) {
        return format!("({text}\n)");
    }
    if is_php(text) || !begin.starts_with(['<', '-']) {
        return text.to_owned();
    }
    let (from, to) = if begin.starts_with("---") {
        let start = text.len() - begin.len() + 3;
        (start, text[start..].find("\n---").map_or(text.len(), |end| start + end))
    } else {
        let lower = text.to_ascii_lowercase();
        let Some(open) =
            lower.find("<script").and_then(|tag| lower[tag..].find('>').map(|end| tag + end + 1))
        else {
            return text.to_owned();
        };
        (open, lower[open..].find("</script").map_or(text.len(), |end| open + end))
    };
    "\n".repeat(text[..from].matches('\n').count()) + &text[from..to]
}

fn is_whole(raw: &RawEntry) -> bool {
    let full = |text: &String| !text.trim().is_empty();
    raw.questions.iter().any(full) && raw.answer.as_ref().is_some_and(full)
}

/// What an array or object has, if it is questions and answers.
fn entries(literal: Syntax, code: &str, language: Option<&str>) -> Option<Parsed> {
    let mut reader = tree::Reader::new(language);
    // What else is beside the texts is the program's.
    reader.ignore_unused();
    let mut parsed = reader.faq(value(literal, code, 0).ok()?).ok()?;
    parsed.entries.retain(|raw| !raw.questions.is_empty());
    parsed.entries.iter().any(is_whole).then_some(parsed)
}

/// What is read of the outermost arrays and objects of which something is.
fn literals(root: Syntax, read: &mut dyn FnMut(Syntax) -> Option<Parsed>) -> Vec<Parsed> {
    let mut found = Vec::new();
    let mut cursor = root.walk();
    let mut looked_at = 0;
    loop {
        let literal = matches!(cursor.node().kind(), "array" | "object" | "array_creation_expression");
        looked_at += usize::from(literal);
        let own = if literal && looked_at <= MOST_LITERALS { read(cursor.node()) } else { None };
        if own.is_none() && cursor.goto_first_child() {
            continue;
        }
        found.extend(own);
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

fn named<'t>(node: Syntax<'t>) -> Vec<Syntax<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The value of an expression; an error where it is nested too deeply.
fn value(node: Syntax, code: &str, depth: usize) -> Result<Node, ()> {
    if depth > MAX_DEPTH {
        return Err(());
    }
    let line = node.start_position().row + 1;
    let inner = |child: Syntax| value(child, code, depth + 1);
    let source = |node: Syntax| node.utf8_text(code.as_bytes()).unwrap_or_default().to_owned();
    let value = match node.kind() {
        "array" => Value::List(named(node).into_iter().map(inner).collect::<Result<_, _>>()?),
        "object" => {
            let mut fields = Vec::new();
            for pair in named(node).into_iter().filter(|own| own.kind() == "pair") {
                let (Some(key), Some(own)) =
                    (pair.child_by_field_name("key"), pair.child_by_field_name("value"))
                else {
                    continue;
                };
                fields.push((name(key, code), inner(own)?));
            }
            Value::Map(fields)
        }
        "array_creation_expression" => {
            let (mut list, mut fields) = (Vec::new(), Vec::new());
            for element in named(node).into_iter().filter(|own| own.kind() == "array_element_initializer") {
                match &named(element)[..] {
                    [own] => list.push(inner(*own)?),
                    [key, own, ..] => fields.push((name(*key, code), inner(*own)?)),
                    [] => {}
                }
            }
            if fields.is_empty() { Value::List(list) } else { Value::Map(fields) }
        }
        "number" | "integer" | "float" | "true" | "false" | "boolean" => {
            Value::Text(source(node).to_lowercase())
        }
        kind if kind.starts_with("jsx_") => Value::Text(jsx(node, code)),
        "as_expression" | "satisfies_expression" | "non_null_expression" | "parenthesized_expression" => {
            match named(node).first() {
                Some(first) => return inner(*first),
                None => Value::Null,
            }
        }
        _ => text(node, code, depth).map_or(Value::Null, Value::Text),
    };
    Ok(Node { line, value })
}

/// The name of a field.
fn name(key: Syntax, code: &str) -> String {
    let plain = || key.utf8_text(code.as_bytes()).unwrap_or_default().to_owned();
    text(key, code, 0).unwrap_or_else(plain)
}

/// The text that an expression is; `None` where it has to be computed.
fn text(node: Syntax, code: &str, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    match node.kind() {
        "string" | "template_string" | "encapsed_string" | "heredoc" | "nowdoc" => {
            let mut text = String::new();
            pieces(node, code, &mut text).then_some(text).map(|text| {
                // A text over several lines is indented as its program is.
                let over_lines = matches!(node.kind(), "template_string" | "heredoc" | "nowdoc");
                if over_lines && text.contains('\n') { without_indent(&text) } else { text }
            })
        }
        // Texts that are put together.
        "binary_expression" => {
            let (left, right) = (node.child_by_field_name("left")?, node.child_by_field_name("right")?);
            let operator = node.child_by_field_name("operator")?.utf8_text(code.as_bytes()).ok()?;
            if !matches!(operator, "+" | ".") {
                return None;
            }
            Some(text(left, code, depth + 1)? + &text(right, code, depth + 1)?)
        }
        "parenthesized_expression" => text(*named(node).first()?, code, depth + 1),
        // `t("Where is it?")`, and tags such as dedent`…`.
        "call_expression" | "function_call_expression" => {
            let function = node.child_by_field_name("function")?.utf8_text(code.as_bytes()).ok()?;
            let arguments = node.child_by_field_name("arguments")?;
            if arguments.kind() == "template_string" {
                return text(arguments, code, depth + 1);
            }
            let mut first = *named(arguments).first()?;
            if first.kind() == "argument" {
                first = *named(first).first()?;
            }
            let own = text(first, code, depth + 1)?;
            // A key is no text.
            let known = TRANSLATORS.contains(&function.rsplit('.').next().unwrap_or(function));
            (known && own.trim().contains(' ')).then_some(own)
        }
        _ => None,
    }
}

/// Adds the pieces of a string; whether none of them is computed.
fn pieces(node: Syntax, code: &str, out: &mut String) -> bool {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).all(|piece| {
        let source = piece.utf8_text(code.as_bytes()).unwrap_or_default();
        match piece.kind() {
            "string_fragment" | "string_content" | "string_value" | "nowdoc_string" => out.push_str(source),
            "escape_sequence" => out.push_str(&unescaped(source)),
            "heredoc_body" | "nowdoc_body" => return pieces(piece, code, out),
            "heredoc_start" | "heredoc_end" | "comment" => {}
            _ => return false,
        }
        true
    })
}

/// What an escape such as `\n`, `\u00e9` or `\x41` stands for.
fn unescaped(escape: &str) -> String {
    let mut rest = escape.chars().skip(1);
    let code = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    match rest.next() {
        Some('n') => "\n".to_owned(),
        Some('t') => "\t".to_owned(),
        Some('r' | '\n' | '\r') => String::new(),
        Some('u' | 'x') => {
            let digits: String = rest.filter(char::is_ascii_hexdigit).collect();
            code(&digits).map(String::from).unwrap_or_default()
        }
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// Lines without the indent that all but the first have.
fn without_indent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let least = text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let lines = text.lines().enumerate().map(|(at, line)| {
        if at == 0 { line } else { line.get(least.min(indent(line))..).unwrap_or_default() }
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// An element of JSX as Markdown.
fn jsx(root: Syntax, code: &str) -> String {
    let mut html = String::new();
    write_jsx(root, code, &mut html, 0);
    html_text::to_markdown(&html).trim().to_owned()
}

fn write_jsx(node: Syntax, code: &str, html: &mut String, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let source = node.utf8_text(code.as_bytes()).unwrap_or_default();
    match node.kind() {
        "jsx_text" | "html_character_reference" => html.push_str(source),
        "jsx_opening_element" | "jsx_self_closing_element" => {
            let name = node.child_by_field_name("name").and_then(|own| own.utf8_text(code.as_bytes()).ok());
            let link = named(node).into_iter().filter(|own| own.kind() == "jsx_attribute").find_map(|own| {
                let parts = named(own);
                let known = parts.first()?.utf8_text(code.as_bytes()).ok()?;
                let value = *parts.get(1)?;
                let value = if value.kind() == "jsx_expression" { *named(value).first()? } else { value };
                matches!(known, "href" | "to").then(|| text(value, code, 0)).flatten()
            });
            match (name, link) {
                (_, Some(link)) => html.push_str(&format!("<a href=\"{}\">", link.replace('"', "&quot;"))),
                (Some(name), None) if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
                    html.push_str(&format!("<{name}>"));
                }
                _ => {}
            }
        }
        "jsx_closing_element" => {
            let name = node.child_by_field_name("name").and_then(|own| own.utf8_text(code.as_bytes()).ok());
            match name {
                Some(name) if name.starts_with(|c: char| c.is_ascii_lowercase()) => {
                    html.push_str(&format!("</{name}>"))
                }
                Some(_) => html.push_str("</a>"),
                None => {}
            }
        }
        "jsx_expression" => {
            for own in named(node) {
                if own.kind().starts_with("jsx_") {
                    write_jsx(own, code, html, depth + 1);
                } else if let Some(text) = text(own, code, depth) {
                    html.push_str(&text.replace('<', "&lt;"));
                }
            }
        }
        _ => {
            let mut cursor = node.walk();
            for own in node.children(&mut cursor).filter(Syntax::is_named) {
                write_jsx(own, code, html, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str) -> Vec<(usize, String, String)> {
        let parsed = parse(code, None).unwrap();
        let entry = |raw: RawEntry| (raw.line, raw.questions.join(" / "), raw.answer.unwrap_or_default());
        parsed.entries.into_iter().map(entry).collect()
    }

    #[test]
    fn data_of_programs_is_read() {
        let entry =
            |line: usize, question: &str, answer: &str| (line, question.to_owned(), answer.to_owned());
        let typescript = "import type { Faq } from \"./types\";\n\nexport const faqs: Faq[] = [\n  { q: \"Where?\", a: 'Here, it\\'s\\u00e9.' },\n  { q: `Who?`, a: `Me.\n    You.` }, // not more\n  { q: \"Why?\", a: \"a \" + \"b\", } as Faq,\n];\nexport default faqs;\n";
        assert_eq!(
            read(typescript),
            [entry(4, "Where?", "Here, it'sé."), entry(5, "Who?", "Me.\nYou."), entry(7, "Why?", "a b")]
        );
        let react = "const items = [{ title: \"Where?\", content: <p>See <Link to=\"/map\">the <b>map</b></Link>{\" \"}first.</p> }];\nfunction Page() { return <ul>{items.map(i => <li key={i.title}>{i.title}</li>)}</ul>; }\n";
        assert_eq!(read(react), [entry(1, "Where?", "See [the **map**](/map) first.")]);
        let php = "<?php\nreturn [\n  'orders' => [\n    ['question' => 'Where is it?', 'answer' => \"On\\nits \" . 'way.'],\n    array('question' => __('Who brings it?', 'shop'), 'answer' => 'We do.'),\n  ],\n];\n";
        assert_eq!(
            read(php),
            [entry(4, "Where is it?", "On\nits way."), entry(5, "Who brings it?", "We do.")]
        );
        let vue = "<template><p/></template>\n<script>\nexport default { data() { return { faqs: [{ question: 'Where?', answer: 'Here.' }] } } }\n</script>\n";
        assert_eq!(read(vue), [entry(3, "Where?", "Here.")]);
        assert_eq!(
            read("[\n  // JSON with comments\n  {\"question\": \"Where?\", \"answer\": \"Here.\",},\n]"),
            [entry(3, "Where?", "Here.")]
        );
    }

    #[test]
    fn what_is_computed_is_no_text() {
        let mixed =
            "const a = [{question: \"Where?\", answer: `${place}`}, {question: \"Who?\", answer: \"Me.\"}];";
        let parsed = parse(mixed, None).unwrap();
        assert_eq!((parsed.entries.len(), &parsed.entries[0].answer), (2, &None));
        for code in [
            "const x = 1;",
            "const a = [{question: f(), answer: g()}];",
            "",
            "export const menu = [{title: \"Home\", url: \"/\"}];",
        ] {
            assert!(parse(code, None).is_err(), "{code}");
        }
        assert!(parse(&"[".repeat(100_000), None).is_err());
    }
}
