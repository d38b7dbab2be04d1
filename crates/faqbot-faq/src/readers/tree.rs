//! How entries are read from a tree of values. Shared by YAML, JSON, JSONL, TOML and programs, so that they have the same
//! fields and messages.

use std::collections::HashSet;

use super::fields::{self, ALSO, ANSWER, DESCRIPTION, ID, METADATA, NAME, QUESTION, SOURCE, TAGS, TITLE};
use super::headings::asks;
use super::keys;
use super::languages::Languages;
use super::node::{Node, Value};
use super::wrapped::unwrapped;
use crate::entry::SmallTalkKind;
use crate::error::RowError;
use crate::normalize::abridge;
use crate::parsed::{Parsed, RawEntry};
use crate::schema::{FLAGS, LINKS, MIN_CONFIDENCE};

/// Names of a field that has several answers, of which one is given.
const ANSWERS: &[&str] = &["answers", "answer(s)", "responses"];

/// Where QnA Maker and Azure keep follow-ups.
const DIALOG: &[&str] = &["context", "dialog"];
const PROMPTS: &[&str] = &["prompts"];
const IS_CONTEXT_ONLY: &[&str] = &["iscontextonly"];

/// Names that only say that entries follow, and are not topics.
const CONTAINERS: [&str; 44] = [
    "conversations",
    "intents",
    "assets",
    "categories",
    "content",
    "data",
    "entries",
    "faq",
    "faqs",
    "groups",
    "items",
    "list",
    "qa",
    "qna",
    "qnadocuments",
    "qnas",
    "questions",
    "sections",
    "topics",
    "knowledgebase",
    "accordion",
    "all_articles",
    "all_folders",
    "articles",
    "docs",
    "edges",
    "faq_items",
    "faqitems",
    "faqlist",
    "folders",
    "messages",
    "node",
    "nodes",
    "pages",
    "payload",
    "posts",
    "records",
    "results",
    "translation",
    "translations",
    "category",
    "folder",
    "section",
    "collection",
];

/// Fields with a section's own name, which is a topic.
const SECTION_NAME: [&str; 5] = ["title", "name", "category", "topic", "section"];

/// Fields of other tools that have no use here, and are not reported.
const OF_TOOLS: [&str; 7] = [
    "context",
    "dialog",
    "sourcedisplayname",
    "lastupdateddatetime",
    "activelearningsuggestions",
    "isdocumenttext",
    "prompts",
];

/// Reads a whole file. Of texts in several languages, those in `language` are read, or the file's first.
///
/// # Errors
///
/// See [`Reader::faq`].
pub fn faq(root: Node, language: Option<&str>) -> Result<Parsed, RowError> {
    Reader::new(language).faq(root)
}

/// What a mapping is.
#[derive(PartialEq)]
enum Kind {
    /// An entry: it has a question or an answer of its own.
    Entry,
    /// A section that leads to entries.
    Section,
    /// Pairs: the names are questions and the values their answers.
    Pairs,
}

impl Kind {
    fn of(fields: &[(String, Node)]) -> Kind {
        let holds = |(_, node): &(String, Node)| holds_mappings(node);
        let own = |known: &[&str]| {
            fields.iter().any(|(name, node)| {
                fields::is(known, name) && !holds_mappings(node) && !matches!(node.value, Value::Map(_))
            })
        };
        let pairs =
            fields.iter().filter(|(name, node)| node.as_text().is_some() && asks(name.trim())).count();
        if pairs > 0 && 2 * pairs >= fields.len() && !own(QUESTION) {
            return Kind::Pairs;
        }
        let leads = |field: &(String, Node)| holds(field) && !fields::is(METADATA, &field.0);
        let has_maps = || fields.iter().any(|(_, node)| matches!(node.value, Value::Map(_)));
        let entry = own(QUESTION) && own(ANSWER);
        let article = (own(TITLE) || own(NAME)) && (own(ANSWER) || own(DESCRIPTION));
        if entry {
            Kind::Entry
        } else if fields.iter().any(leads) || (has_maps() && !article && !own(QUESTION) && !own(ANSWER)) {
            Kind::Section
        } else {
            Kind::Entry
        }
    }
}

/// Whether a value is a list of mappings, as `questions` is in some files.
fn holds_mappings(node: &Node) -> bool {
    matches!(&node.value, Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))))
}

/// What is read from a file.
#[derive(Default)]
pub struct Reader {
    /// What has been read so far.
    pub parsed: Parsed,
    /// The fields that are not used, each with the line where it is first, and the same for looking up.
    unused: Vec<(String, usize)>,
    known_unused: HashSet<String>,
    says_nothing_of_unused: bool,
    /// The names of the fields that were taken for questions and for answers.
    question_names: Vec<String>,
    answer_names: Vec<String>,
    languages: Languages,
    /// How many entries are not published, and the line of the first.
    unpublished: usize,
    first_unpublished: usize,
}

impl Reader {
    /// See [`faq`].
    pub fn new(language: Option<&str>) -> Self {
        Reader { languages: Languages::new(language), ..Reader::default() }
    }

    /// Reads a whole file: a mapping with `entries`, or lists of entries under any nesting of names, which become tags.
    ///
    /// # Errors
    ///
    /// Returns an error if it is neither.
    pub fn faq(mut self, root: Node) -> Result<Parsed, RowError> {
        let line = root.line;
        match self.unwrapped(root).value {
            Value::Map(fields) if fields.iter().any(|(name, _)| name == "entries") => self.native(fields)?,
            value @ (Value::List(_) | Value::Map(_)) => {
                let list = matches!(value, Value::List(_));
                self.nested(Node { line, value }, &mut Vec::new(), true);
                if !list && self.parsed.entries.is_empty() && self.parsed.skipped.is_empty() {
                    return Err(RowError::new(line, "no `entries`, and no list of questions and answers"));
                }
            }
            Value::Null | Value::Text(_) => return Err(RowError::new(line, "a FAQ is a list of entries")),
        }
        Ok(self.finish())
    }

    /// Says nothing of fields that are not used.
    pub fn ignore_unused(&mut self) {
        self.says_nothing_of_unused = true;
    }

    /// A tree without what other systems wrap values in.
    pub fn unwrapped(&mut self, node: Node) -> Node {
        unwrapped(node, &mut self.languages)
    }

    /// What was read, with what is to be said of the file as a whole.
    pub fn finish(mut self) -> Parsed {
        if let Some((_, line)) = self.unused.first() {
            let names: Vec<&str> = self.unused.iter().map(|(name, _)| name.as_str()).take(12).collect();
            let more = if self.unused.len() > names.len() { ", …" } else { "" };
            let reason = format!(
                "fields that are not used: {}{more}; known are id, question (or questions), also, answer, source, tags, \
                 min_confidence, urgent, crisis, out_of_scope, follow_ups, only_after",
                names.join(", ")
            );
            self.parsed.notes.push(RowError::new(*line, reason));
        }
        let names = |names: &[String]| {
            let shown: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
            shown.join(", ") + if names.len() > 4 { ", …" } else { "" }
        };
        if !self.question_names.is_empty() && !self.answer_names.is_empty() {
            let (questions, answers) = (names(&self.question_names), names(&self.answer_names));
            self.parsed.taken = Some(format!("questions in {questions}, answers in {answers}"));
        }
        if self.unpublished > 0 {
            let reason = fields::unpublished(self.unpublished);
            self.parsed.skipped.push(RowError::new(self.first_unpublished, reason));
        }
        self.parsed.notes.extend(self.languages.note().map(|note| RowError::new(1, note)));
        if self.parsed.language.is_none() {
            self.parsed.language = self.languages.read().map(str::to_owned);
        }
        self.parsed
    }

    /// Reads the native format: a mapping with `entries` and texts.
    fn native(&mut self, fields: Vec<(String, Node)>) -> Result<(), RowError> {
        for (name, node) in fields {
            let target = match name.as_str() {
                "title" => &mut self.parsed.title,
                "greeting" => &mut self.parsed.greeting,
                "fallback" => &mut self.parsed.fallback,
                "contact" => &mut self.parsed.contact,
                "language" => &mut self.parsed.language,
                "smalltalk" => {
                    small_talk(node, &mut self.parsed);
                    continue;
                }
                "synonyms" => {
                    synonyms(node, &mut self.parsed);
                    continue;
                }
                "entries" => {
                    match node.value {
                        Value::List(entries) => entries.into_iter().for_each(|node| self.entry(node, &[])),
                        Value::Null => {}
                        _ => return Err(RowError::new(node.line, "`entries` must be a list")),
                    }
                    continue;
                }
                _ => {
                    let reason = format!(
                        "unknown field `{name}`; known: title, greeting, fallback, contact, language, smalltalk, synonyms, entries"
                    );
                    self.parsed.notes.push(RowError::new(node.line, reason));
                    continue;
                }
            };
            match text(node, &name) {
                Ok(value) => *target = value,
                Err(error) => self.parsed.skipped.push(error),
            }
        }
        Ok(())
    }

    /// Reads the entries below a value. The names that lead to them become their tags. Other texts are about
    /// the file only at its root.
    fn nested(&mut self, node: Node, names: &mut Vec<String>, root: bool) {
        let line = node.line;
        match node.value {
            Value::List(items) => items.into_iter().for_each(|item| match &item.value {
                // ChatterBot's pairs of question and answer.
                Value::List(pair) if pair.len() == 2 && pair.iter().all(|node| node.as_text().is_some()) => {
                    let mut texts = pair.iter().filter_map(Node::as_text).map(str::to_owned);
                    self.parsed.entries.push(RawEntry {
                        line: item.line,
                        questions: texts.next().into_iter().collect(),
                        answer: texts.next(),
                        tags: names.clone(),
                        ..RawEntry::default()
                    });
                }
                Value::List(_) => self.nested(item, names, false),
                Value::Map(fields) if Kind::of(fields) != Kind::Entry => self.nested(item, names, false),
                _ => self.entry(item, names),
            }),
            Value::Map(fields) => match Kind::of(&fields) {
                Kind::Entry
                    if fields.iter().any(|(name, _)| {
                        [QUESTION, ANSWER, DESCRIPTION].iter().any(|known| fields::is(known, name))
                    }) =>
                {
                    self.entry(Node { line, value: Value::Map(fields) }, names);
                }
                Kind::Pairs => {
                    for (question, answer) in fields {
                        match answer.value {
                            Value::Text(text) => self.parsed.entries.push(RawEntry {
                                line: answer.line,
                                questions: vec![question],
                                answer: Some(text),
                                tags: names.clone(),
                                ..RawEntry::default()
                            }),
                            _ => self.unused(&question, answer.line),
                        }
                    }
                }
                _ => self.section(fields, names, root),
            },
            Value::Null => {}
            Value::Text(text) => {
                let reason = format!("\"{}\" is no entry", abridge(&text, 60));
                self.parsed.skipped.push(RowError::new(line, reason));
            }
        }
    }

    /// Reads a mapping that leads to entries. Its own name, if it has one, becomes their tag; at the root of
    /// the file it is the title.
    fn section(&mut self, fields: Vec<(String, Node)>, names: &mut Vec<String>, root: bool) {
        let depth = names.len();
        let mut rest = Vec::new();
        let fields = self.paired(fields, names);
        for (name, node) in fields {
            let lower = name.to_lowercase();
            match node.value {
                Value::Text(text) if root && lower == "title" => self.parsed.title = Some(text),
                Value::Text(text) if root && lower == "greeting" => self.parsed.greeting = Some(text),
                Value::Text(text) if root && lower == "fallback" => self.parsed.fallback = Some(text),
                Value::Text(text) if root && lower == "contact" => self.parsed.contact = Some(text),
                Value::Text(text) if root && lower == "language" => self.parsed.language = Some(text),
                Value::Text(text) if names.len() == depth && SECTION_NAME.contains(&lower.as_str()) => {
                    names.push(text)
                }
                Value::Text(_) => self.unused(&name, node.line),
                Value::Null => {}
                _ => rest.push((name, node)),
            }
        }
        let named = names.len() > depth;
        for (name, node) in rest {
            // If the section has its own name, the names below only say that entries follow.
            let topic =
                !named && !CONTAINERS.contains(&name.to_lowercase().as_str()) && !keys::is_number(&name);
            let list_of_texts = matches!(&node.value, Value::List(items) if items.iter().all(|item| item.as_text().is_some()));
            if list_of_texts {
                self.unused(&name, node.line);
                continue;
            }
            if topic {
                names.push(name);
            }
            self.nested(node, names, false);
            if topic {
                names.pop();
            }
        }
        names.truncate(depth);
    }

    /// Takes what belongs together by its names, as messages of programs do: `q1` and `a1`, `faq_2_question` and
    /// `faq_2_answer`. Returns the other fields.
    fn paired(&mut self, fields: Vec<(String, Node)>, names: &[String]) -> Vec<(String, Node)> {
        let pairs = keys::pairs(&fields);
        if pairs.is_empty() {
            return fields;
        }
        let mut fields: Vec<Option<(String, Node)>> = fields.into_iter().map(Some).collect();
        for (question, answer) in pairs {
            let (Some((_, question)), Some((_, answer))) = (fields[question].take(), fields[answer].take())
            else {
                continue;
            };
            let line = question.line;
            let value = Value::Map(vec![("question".to_owned(), question), ("answer".to_owned(), answer)]);
            self.entry(Node { line, value }, names);
        }
        fields.into_iter().flatten().collect()
    }

    /// Notes an unused field.
    fn unused(&mut self, name: &str, line: usize) {
        if !self.says_nothing_of_unused && self.known_unused.insert(name.to_owned()) {
            self.unused.push((name.to_owned(), line));
        }
    }

    /// QnA Maker's and Azure's dialog: prompts, and whether the entry is asked for only by them.
    fn prompts(&mut self, node: &Node, raw: &mut RawEntry) {
        let Value::Map(fields) = &node.value else { return };
        for (name, node) in fields {
            if fields::is(PROMPTS, name) {
                raw.follow_ups.extend(prompts(node));
            } else if fields::is(IS_CONTEXT_ONLY, name) {
                raw.context_only = node.as_text().is_some_and(|own| own.eq_ignore_ascii_case("true"));
            }
        }
    }

    /// Reads one entry and reports whatever is wrong with it. It is left out if that leaves it without
    /// question or answer.
    pub fn entry(&mut self, node: Node, names: &[String]) {
        let line = node.line;
        let Value::Map(fields) = node.value else {
            let reason = "an entry is a mapping with question, answer and more";
            return self.parsed.skipped.push(RowError::new(line, reason));
        };
        let mut raw = RawEntry { line, ..RawEntry::default() };
        let mut also = Vec::new();
        // The best answer so far with the rank of its name; titles in case there is no question, and descriptions in case
        // there is no answer.
        let mut answer: Option<(usize, Vec<String>)> = None;
        let mut titles: Vec<(String, usize, String)> = Vec::new();
        let mut descriptions: Vec<(String, usize, String)> = Vec::new();
        let mut input = None;
        let mut broken = Vec::new();
        // QnABot's entries have a dozen fields that only it uses.
        let of_qnabot = fields.iter().any(|(name, _)| name == "qid");
        // Freshdesk's states are numbers.
        let of_freshdesk = fields.iter().any(|(name, _)| name == "description_text");
        let unpublished = |(name, node): &(String, Node)| match &node.value {
            Value::Text(text) => {
                fields::says_unpublished(name, Some(text))
                    || (of_freshdesk && name == "status" && text == "1")
            }
            Value::Null => fields::says_unpublished(name, None),
            Value::List(_) | Value::Map(_) => false,
        };
        if fields.iter().any(unpublished) {
            if self.unpublished == 0 {
                self.first_unpublished = line;
            }
            self.unpublished += 1;
            return;
        }
        for (name, node) in fields {
            let line = node.line;
            let is = |known: &[&str]| fields::is(known, &name);
            if is(QUESTION) {
                note_name(&mut self.question_names, &name);
                match texts(node, &name) {
                    Ok(texts) => raw.questions.extend(texts),
                    Err(error) => broken.push(error),
                }
            } else if is(ALSO) {
                match texts(node, &name) {
                    Ok(texts) => also.extend(texts),
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if let Some(rank) = fields::rank(ANSWER, &name) {
                note_name(&mut self.answer_names, &name);
                match texts(node, &name) {
                    Ok(mut texts) => {
                        texts.retain(|text| !text.trim().is_empty());
                        // Several answers have the name of several; else they are the paragraphs of one.
                        if texts.len() > 1 && !fields::is(ANSWERS, &name) {
                            texts = vec![texts.join("\n\n")];
                        }
                        let other = match &answer {
                            _ if texts.is_empty() => None,
                            Some((best, _)) if *best < rank => Some(texts),
                            _ => answer.replace((rank, texts)).map(|(_, texts)| texts),
                        };
                        if other.is_some_and(|other| answer.as_ref().is_some_and(|(_, best)| *best != other))
                        {
                            let reason = "two fields that may be the answer; the more telling name is used";
                            self.parsed.skipped.push(RowError::new(line, reason));
                        }
                    }
                    Err(error) => broken.push(error),
                }
            } else if is(TITLE) || is(NAME) {
                note_name(&mut self.question_names, &name);
                match text(node, &name) {
                    Ok(text) => titles.extend(text.map(|text| (name, line, text))),
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if is(DESCRIPTION) && matches!(node.value, Value::Text(_)) {
                descriptions.extend(node.as_text().map(|text| (name, line, text.to_owned())));
            } else if is(&["input"]) && matches!(node.value, Value::Text(_)) {
                input = node.as_text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
            } else if keys::is_numbered_question(&name) {
                match texts(node, &name) {
                    Ok(texts) => also.extend(texts),
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if is(ID) {
                match text(node, &name) {
                    Ok(id) => raw.id = id,
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if is(SOURCE) {
                match text(node, &name) {
                    Ok(source) => raw.source = raw.source.take().or(source),
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if is(TAGS) || (of_qnabot && name == "t") {
                match texts(node, &name) {
                    Ok(tags) => raw.tags.extend(tags),
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if is(METADATA) {
                raw.tags.extend(metadata(&node));
            } else if let Some(field) = LINKS.iter().find(|field| is(field.names)) {
                match texts(node, &name) {
                    Ok(names) => (field.raw)(&mut raw).extend(names),
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if is(DIALOG)
                && let Value::Map(_) = &node.value
            {
                self.prompts(&node, &mut raw);
            } else if is(PROMPTS)
                && let Value::List(_) = &node.value
            {
                raw.follow_ups.extend(prompts(&node));
            } else if is(IS_CONTEXT_ONLY) {
                raw.context_only = node.as_text().is_some_and(|own| own.eq_ignore_ascii_case("true"));
            } else if is(&[MIN_CONFIDENCE]) {
                match number(node, &name) {
                    Ok(confidence) => raw.min_confidence = confidence,
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if let Some(own) = FLAGS.iter().find(|own| is(&[own.name])) {
                match text(node, &name).and_then(|text| fields::flag(&name, &text.unwrap_or_default(), line))
                {
                    Ok(flag) => *(own.raw)(&mut raw) = flag,
                    Err(error) => self.parsed.skipped.push(error),
                }
            } else if !of_qnabot
                && !OF_TOOLS.contains(&name.to_lowercase().as_str())
                && !fields::says_whether_shown(&name)
            {
                // The entry is still used: its meaning does not depend on this field.
                self.unused(&name, line);
            }
        }
        for (name, line, text) in titles {
            if raw.questions.is_empty() {
                raw.questions.push(text);
            } else if !raw.questions.contains(&text) {
                self.unused(&name, line);
            }
        }
        for (name, line, text) in descriptions {
            if answer.is_none() && !text.trim().is_empty() {
                note_name(&mut self.answer_names, &name);
                answer = Some((usize::MAX, vec![text]));
            } else {
                self.unused(&name, line);
            }
        }
        // A task and what it is about, as in sets for fine-tuning.
        if let (Some(question), Some(input)) = (raw.questions.first_mut(), input) {
            *question = format!("{} {input}", question.trim());
        }
        if !broken.is_empty() {
            return self.parsed.skipped.append(&mut broken);
        }
        let mut answers = answer.map(|(_, texts)| texts).unwrap_or_default().into_iter();
        raw.answer = answers.next();
        raw.variants = answers.collect();
        raw.questions.append(&mut also);
        raw.tags.extend(names.iter().cloned());
        self.parsed.entries.push(raw);
    }
}

/// Adds a name that is not there yet; a few are enough.
fn note_name(names: &mut Vec<String>, name: &str) {
    if names.len() < 10 && !names.iter().any(|own| own == name) {
        names.push(name.to_owned());
    }
}

/// Reads what a FAQ says of small talk: `false`, or a reply or `false` for each kind.
pub fn small_talk(node: Node, parsed: &mut Parsed) {
    let off = |node: &Node| node.as_text().is_some_and(|text| matches!(text.trim(), "false" | "no"));
    let line = node.line;
    let known = || SmallTalkKind::ALL.map(SmallTalkKind::name).join(", ");
    match node.value {
        _ if off(&node) => parsed.small_talk.off = true,
        Value::Null => {}
        Value::Text(text) if matches!(text.trim(), "true" | "yes") => {}
        Value::Map(kinds) => {
            for (kind, node) in kinds {
                let Some(kind) = SmallTalkKind::named(&kind) else {
                    let reason = format!("`smalltalk` has no kind `{kind}`; there are {}", known());
                    parsed.skipped.push(RowError::new(node.line, reason));
                    continue;
                };
                let reply = if off(&node) { Ok(None) } else { text(node, kind.name()) };
                match reply {
                    Ok(reply) => drop(parsed.small_talk.own.insert(kind, reply)),
                    Err(error) => parsed.skipped.push(error),
                }
            }
        }
        Value::Text(_) | Value::List(_) => {
            let reason =
                format!("`smalltalk` is false, or a mapping with replies; its kinds are {}", known());
            parsed.skipped.push(RowError::new(line, reason));
        }
    }
}

/// Reads words that mean the same: a list of lists, or a word and those that mean it.
pub fn synonyms(node: Node, parsed: &mut Parsed) {
    let line = node.line;
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    let words = |node: &Node| match &node.value {
        Value::List(words) => words.iter().filter_map(|word| word.as_text().map(str::to_owned)).collect(),
        _ => node.as_text().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    match &node.value {
        Value::List(lists) => groups.extend(lists.iter().map(|list| (list.line, words(list)))),
        Value::Map(fields) => groups
            .extend(fields.iter().map(|(word, own)| (own.line, [vec![word.clone()], words(own)].concat()))),
        Value::Null => return,
        Value::Text(_) => groups.push((line, Vec::new())),
    }
    for (line, mut group) in groups {
        group.retain(|word| !word.trim().is_empty());
        if group.len() < 2 {
            let reason =
                "`synonyms` has lists of two words or more that mean the same, such as [cart, basket]";
            parsed.skipped.push(RowError::new(line, reason));
            continue;
        }
        parsed.synonyms.push(group);
    }
}

/// What QnA Maker's and Azure's prompts lead to: entries by their numbers, or by the questions that they show.
pub fn prompts(node: &Node) -> Vec<String> {
    let Value::List(items) = &node.value else { return Vec::new() };
    let get = |item: &Node, name: &str| {
        let Value::Map(fields) = &item.value else { return None };
        let field = fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        field
            .and_then(|(_, node)| node.as_text())
            .filter(|text| !matches!(text.trim(), "" | "0" | "-1"))
            .map(str::to_owned)
    };
    items.iter().filter_map(|item| get(item, "qnaId").or_else(|| get(item, "displayText"))).collect()
}

/// QnA Maker's metadata as tags: a mapping, or a list of names and values.
fn metadata(node: &Node) -> Vec<String> {
    let tag = |name: &str, value: &str| format!("{name}:{value}");
    match &node.value {
        Value::Map(fields) => {
            fields.iter().filter_map(|(name, value)| Some(tag(name, value.as_text()?))).collect()
        }
        Value::List(items) => items
            .iter()
            .filter_map(|item| Some(tag(item.get("name")?.as_text()?, item.get("value")?.as_text()?)))
            .collect(),
        Value::Text(text) => vec![text.clone()],
        Value::Null => Vec::new(),
    }
}

fn text(node: Node, name: &str) -> Result<Option<String>, RowError> {
    match node.value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        Value::List(_) | Value::Map(_) => Err(RowError::new(node.line, format!("`{name}` must be text"))),
    }
}

/// A text or a list of texts.
fn texts(node: Node, name: &str) -> Result<Vec<String>, RowError> {
    match node.value {
        Value::List(list) => {
            let texts = list.into_iter().map(|node| {
                let line = node.line;
                text(node, name).map_err(|_| RowError::new(line, format!("`{name}` must be a list of texts")))
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
        _ => Ok(text(node, name)?.into_iter().collect()),
    }
}

fn number(node: Node, name: &str) -> Result<Option<f32>, RowError> {
    let line = node.line;
    text(node, name)?
        .map(|text| {
            text.trim()
                .parse()
                .map_err(|_| RowError::new(line, format!("`{name}` is \"{text}\", not a number")))
        })
        .transpose()
}
