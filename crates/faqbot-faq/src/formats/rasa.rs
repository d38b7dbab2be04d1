//! Rasa's training data: intents with examples, and responses named after intents.
//!
//! Rasa 2 and 3 keep them in YAML (`nlu`, and `responses` with `utter_…` names), Rasa 1 in Markdown
//! (`## intent:faq/x`, `* faq/x`), in one file or two. An intent without its response, or the reverse, is
//! half an entry; halves are joined by name once all files are read.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::node::{Node, Value};
use crate::readers::yaml_tree;

/// Reads Rasa's YAML.
///
/// # Errors
///
/// Returns an error if the text is not YAML or has none of `nlu`, `responses` and `rules`.
pub fn parse_yaml(text: &str) -> Result<Parsed, RowError> {
    let root = yaml_tree::read(text)?;
    let mut parsed = Parsed::default();
    let (nlu, responses) = (root.get("nlu"), root.get("responses").or_else(|| root.get("templates")));
    let rules = root.get("rules");
    if nlu.is_none() && responses.is_none() && rules.is_none() {
        return Err(RowError::new(1, "neither `nlu` nor `responses` nor `rules`"));
    }
    if let Some(Node { value: Value::List(items), .. }) = rules {
        parsed.aliases.extend(items.iter().filter_map(alias));
    }
    if let Some(Node { value: Value::List(items), .. }) = nlu {
        for item in items {
            // Synonyms, expressions and lookup tables are not intents.
            if let Some(intent) = item.get("intent").and_then(Node::as_text) {
                let examples = item.get("examples").map(examples).unwrap_or_default();
                parsed.entries.push(intent_half(item.line, intent, examples));
            }
        }
    }
    if let Some(Node { value: Value::Map(fields), .. }) = responses {
        for (name, variants) in fields {
            let Value::List(items) = &variants.value else { continue };
            let texts: Vec<&str> =
                items.iter().filter_map(|item| item.get("text").and_then(Node::as_text)).collect();
            let also = ["buttons", "image", "custom", "attachment"];
            let also: Vec<&str> =
                also.into_iter().filter(|key| items.iter().any(|item| item.get(key).is_some())).collect();
            if !also.is_empty() {
                let reason = format!("{} of `{name}`: only its text is used", also.join(", "));
                parsed.notes.push(RowError::new(variants.line, reason));
            }
            let name = name.strip_prefix("utter_").unwrap_or(name);
            answer_half(variants.line, name, &texts, &mut parsed);
        }
    }
    tidy(&mut parsed);
    Ok(parsed)
}

/// The intent and the response of a rule with just these two steps.
fn alias(rule: &Node) -> Option<(String, String)> {
    let Value::List(steps) = &rule.get("steps")?.value else { return None };
    let [first, second] = &steps[..] else { return None };
    let response = second.get("action")?.as_text()?.strip_prefix("utter_")?;
    Some((first.get("intent")?.as_text()?.to_owned(), response.to_owned()))
}

/// Strong if a top-level key is one of Rasa's: `nlu:`, `responses:`, `rules:` and so on.
pub fn detect_yaml(text: &str) -> Detection {
    let key = |line: &str| {
        let keys =
            ["nlu:", "responses:", "templates:", "rules:", "stories:", "pipeline:", "policies:", "intents:"];
        let empty = |rest: &str| rest.trim().is_empty() || rest.trim_start().starts_with('#');
        keys.iter().any(|key| line.strip_prefix(key).is_some_and(empty))
    };
    let own = ["intent:", "utter_", "- action:", "- name:", "intents:"];
    Detection::strong(text.lines().any(key) && own.iter().any(|mark| text.contains(mark)))
}

/// The examples of an intent: the lines of a text that start with a dash, or a list.
fn examples(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Text(text) => {
            text.lines().filter_map(|line| line.trim().strip_prefix('-')).map(str::to_owned).collect()
        }
        Value::List(items) => items
            .iter()
            .filter_map(|item| item.as_text().or_else(|| item.get("text").and_then(Node::as_text)))
            .map(|text| text.trim().trim_start_matches("- ").to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

/// Reads Rasa 1's Markdown: intents, responses, or both.
///
/// # Errors
///
/// Returns an error if there are neither.
pub fn parse_markdown(text: &str) -> Result<Parsed, RowError> {
    /// What the current list items are.
    enum Part {
        Examples,
        Answers(usize, String, Vec<String>),
        Other,
    }
    let mut parsed = Parsed::default();
    let mut part = Part::Other;
    let close = |part: &mut Part, parsed: &mut Parsed| {
        if let Part::Answers(line, name, texts) = std::mem::replace(part, Part::Other) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            answer_half(line, &name, &texts, parsed);
        }
    };
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(heading) = trimmed.strip_prefix("## ").or_else(|| trimmed.strip_prefix("##")) {
            close(&mut part, &mut parsed);
            if let Some(intent) = heading.trim().strip_prefix("intent:") {
                parsed.entries.push(intent_half(index + 1, intent.trim(), Vec::new()));
                part = Part::Examples;
            }
        } else if let Some(intent) = trimmed.strip_prefix("* ") {
            close(&mut part, &mut parsed);
            part = Part::Answers(index + 1, intent.trim().to_owned(), Vec::new());
        } else if let Some(item) = trimmed.strip_prefix("- ").map(str::trim) {
            match &mut part {
                Part::Examples => {
                    if let Some(entry) = parsed.entries.last_mut() {
                        entry.questions.push(without_marks(item));
                    }
                }
                Part::Answers(_, _, texts) => texts.push(item.replace("\\n", "\n")),
                Part::Other => {}
            }
        }
    }
    close(&mut part, &mut parsed);
    tidy(&mut parsed);
    if parsed.entries.is_empty() {
        return Err(RowError::new(1, "neither `## intent:name` nor `* name` with answers"));
    }
    Ok(parsed)
}

/// Strong if a line starts an intent, or a response with its text.
pub fn detect_markdown(text: &str) -> Detection {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let response =
            line.strip_prefix("* ").is_some_and(|name| name.contains('/') && !name.trim().contains(' '))
                && lines.peek().is_some_and(|next| next.trim_start().starts_with("- "));
        let intent =
            line.strip_prefix("##").is_some_and(|heading| heading.trim_start().starts_with("intent:"));
        if response || intent {
            return Detection::Strong;
        }
    }
    Detection::No
}

fn intent_half(line: usize, intent: &str, examples: Vec<String>) -> RawEntry {
    RawEntry {
        line,
        id: Some(intent.to_owned()),
        questions: examples.iter().map(|example| without_marks(example)).collect(),
        // The first part of a retrieval intent's name is its topic.
        tags: intent.split_once('/').map(|(topic, _)| topic.to_owned()).into_iter().collect(),
        half: true,
        ..RawEntry::default()
    }
}

fn answer_half(line: usize, name: &str, texts: &[&str], parsed: &mut Parsed) {
    let Some(first) = texts.first() else {
        return parsed.skipped.push(RowError::new(line, format!("the response `{name}` has no text")));
    };
    let answer = Some((*first).to_owned());
    parsed.entries.push(RawEntry {
        line,
        id: Some(name.to_owned()),
        answer,
        variants: texts[1..].iter().map(|&text| text.to_owned()).collect(),
        half: true,
        ..RawEntry::default()
    });
}

/// Leaves out stories: they look like responses, but hold names of actions.
fn tidy(parsed: &mut Parsed) {
    let is_action = |answer: &str| {
        !answer.contains(char::is_whitespace)
            && ["utter_", "action_", "respond_", "form{", "slot{"]
                .iter()
                .any(|prefix| answer.starts_with(prefix))
    };
    parsed.entries.retain(|raw| !raw.answer.as_deref().is_some_and(is_action));
}

/// Strips the annotation of entities from an example: `[tomorrow](time)`, `[Rome]{"entity": "city"}`.
fn without_marks(example: &str) -> String {
    let mut out = String::new();
    let mut rest = example;
    // Marks that do not close any more: looked for once.
    let (mut round, mut curly) = (true, true);
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']').map(|at| open + at) else { break };
        let after = &rest[close + 1..];
        let end = match after.chars().next() {
            Some('(') if round => after.find(')').or_else(|| {
                round = false;
                None
            }),
            Some('{') if curly => after.find('}').or_else(|| {
                curly = false;
                None
            }),
            _ => None,
        };
        out.push_str(&rest[..open]);
        match end {
            Some(end) => {
                out.push_str(&rest[open + 1..close]);
                rest = &after[end + 1..];
            }
            None => {
                out.push_str(&rest[open..=close]);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(parsed: &Parsed) -> Vec<(&str, Vec<&str>, Option<&str>)> {
        let texts = |raw| -> Vec<&str> {
            let raw: &RawEntry = raw;
            raw.questions.iter().map(String::as_str).collect()
        };
        parsed
            .entries
            .iter()
            .map(|raw| (raw.id.as_deref().unwrap(), texts(raw), raw.answer.as_deref()))
            .collect()
    }

    #[test]
    fn yaml_gives_halves_by_name() {
        let text = "version: '3.1'\nnlu:\n- intent: faq/hours\n  examples: |\n    - when do you open [tomorrow](time)\n    - opening [hours]{\"entity\": \"x\"} [sic]\n- synonym: x\n  examples: |\n    - y\nresponses:\n  utter_faq/hours:\n  - text: At nine.\n  - text: Nine!\n";
        let parsed = parse_yaml(text).unwrap();
        assert_eq!(
            halves(&parsed),
            [
                ("faq/hours", vec!["when do you open tomorrow", "opening hours [sic]"], None),
                ("faq/hours", vec![], Some("At nine."))
            ]
        );
        assert_eq!((parsed.entries[0].line, &*parsed.entries[1].variants), (3, &["Nine!".to_owned()][..]));
        assert!(parse_yaml("a: b").is_err());
    }

    #[test]
    fn markdown_gives_halves_and_stories_are_none() {
        let parsed = parse_markdown(
            "## intent: faq/a\n- one\n- [two](x)\n\n## synonym:y\n- z\n\n## a\n* faq/a\n  - It is.\\nSo.\n",
        )
        .unwrap();
        assert_eq!(
            halves(&parsed),
            [("faq/a", vec!["one", "two"], None), ("faq/a", vec![], Some("It is.\nSo."))]
        );
        assert!(parse_markdown("## story\n* greet\n  - utter_greet\n").is_err());
    }
}
