//! Turns the rows of a table into entries. Shared by CSV, TSV and spreadsheets.
//!
//! Columns are found by name, in any case, or as a [`ColumnMap`] says. Two columns without a header are
//! question and answer. Rows with the same id, or without ids the same answer, form one entry with several
//! phrasings.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use super::columns::{ColumnMap, Columns, Header};
use super::fields;
use super::headings::Marked;
use super::languages::Languages;
use super::{headings, json_tree, tree};
use crate::error::RowError;
use crate::normalize::abridge;
use crate::parsed::{Parsed, RawEntry};
use crate::schema::{FLAGS, LINKS};

/// A title may stand above the header, which is looked for in this many rows.
const HEADER_ROWS: usize = 10;

/// What is wanted of a file.
pub struct Wanted<'t> {
    /// The columns that the user named.
    pub columns: &'t ColumnMap,
    /// The language to read, where there are texts in several.
    pub language: Option<&'t str>,
    /// Called with the number of bytes read so far.
    pub progress: &'t mut dyn FnMut(u64),
}

/// Takes rows one by one and makes entries of them.
pub struct Rows<'t> {
    map: &'t ColumnMap,
    columns: Option<Columns>,
    /// The number of columns, and the delimiter between them, if known.
    width: usize,
    delimiter: Option<char>,
    /// The rows before the columns are known, and why the first of them is not the header.
    before: Vec<(usize, Vec<String>)>,
    no_header: Option<RowError>,
    parsed: Parsed,
    /// Entries by the hash of their id, or of their answer if they have no id.
    places: HashMap<u128, usize>,
    /// The column that says of each row whether it is a question or an answer, where there is one.
    marks: Option<usize>,
    /// The names of the columns, where the first row has them.
    names: Vec<String>,
    languages: Languages,
    /// How many rows are not published, and the line of the first.
    unpublished: usize,
    first_unpublished: usize,
}

impl<'t> Rows<'t> {
    /// `delimiter` separates the fields, if they are parts of a line.
    pub fn new(map: &'t ColumnMap, language: Option<&str>, delimiter: Option<char>) -> Self {
        Rows {
            marks: None,
            names: Vec::new(),
            languages: Languages::new(language),
            unpublished: 0,
            first_unpublished: 0,
            map,
            columns: None,
            width: 0,
            delimiter,
            before: Vec::new(),
            no_header: None,
            parsed: Parsed::default(),
            places: HashMap::new(),
        }
    }

    /// Takes a row; the first may be the header.
    ///
    /// # Errors
    ///
    /// Returns an error if the first rows do not say which columns are question and answer.
    pub fn add(&mut self, line: usize, row: &[&str]) -> Result<(), RowError> {
        if row.iter().all(|field| field.trim().is_empty()) {
            return Ok(());
        }
        if let Some(marks) = self.marks {
            self.add_marked(line, row, marks);
            return Ok(());
        }
        let columns = match self.columns.take() {
            Some(columns) => columns,
            None => {
                let found = Columns::find(self.map, &mut self.languages, line, row);
                let by_rows = *self.map == ColumnMap::default();
                let Header { columns, named, note, .. } = match found {
                    // Below the first row, words of a name may be those of a text.
                    Ok(header) if header.named && (self.before.is_empty() || !header.by_words) => header,
                    Ok(header) if !by_rows => header,
                    // A title may stand above the header; or there is none, and the rows tell.
                    found => {
                        if let Err(error) = found {
                            self.no_header.get_or_insert(error);
                        }
                        self.before.push((line, row.iter().map(|&field| field.to_owned()).collect()));
                        return if self.before.len() > HEADER_ROWS { self.guess() } else { Ok(()) };
                    }
                };
                if let Some((first, _)) = self.before.first() {
                    let reason = format!("{} above the header, left out", rows(self.before.len()));
                    self.parsed.skipped.push(RowError::new(*first, reason));
                    self.before.clear();
                }
                self.parsed.notes.extend(note);
                if !named && *self.map != ColumnMap::default() && looks_like_a_header(row, &columns) {
                    let reason = "this row is taken for an entry; if it is a header, name the columns by it, as in \
                                  --map question=Frage";
                    self.parsed.notes.push(RowError::new(line, reason));
                }
                self.width = row.len();
                if named {
                    self.names = row.iter().map(|name| name.trim().to_owned()).collect();
                    self.columns = Some(columns);
                    return Ok(());
                }
                columns
            }
        };
        let whole;
        let row = match self.too_wide(line, row, &columns) {
            Some(last) => {
                whole = last;
                &[&row[..self.width - 1], &[whole.as_str()]].concat()
            }
            None => row,
        };
        if is_unpublished(row, &columns) {
            if self.unpublished == 0 {
                self.first_unpublished = line;
            }
            self.unpublished += 1;
        } else {
            match entry(row, &columns, line) {
                Ok(entry) => self.join(entry),
                Err(error) => self.parsed.skipped.push(error),
            }
        }
        self.columns = Some(columns);
        Ok(())
    }

    /// Takes a row of a table in which questions and answers stand below each other, marked in one column.
    fn add_marked(&mut self, line: usize, row: &[&str], marks: usize) {
        let cell = row.get(marks).copied().unwrap_or_default();
        let (marked, text) = headings::mark(cell).map_or((None, cell), |(marked, text)| (Some(marked), text));
        let others = row.iter().enumerate().filter(|(at, _)| *at != marks).map(|(_, cell)| *cell);
        let texts: Vec<&str> =
            std::iter::once(text).chain(others).map(str::trim).filter(|text| !text.is_empty()).collect();
        let text = texts.join(" ");
        let last = self.parsed.entries.last_mut();
        match (marked, last) {
            (Some(Marked::Question), Some(last)) if last.answer.is_none() => last.questions.push(text),
            (Some(Marked::Question), _) => {
                self.parsed.entries.push(RawEntry { line, questions: vec![text], ..RawEntry::default() });
            }
            (_, Some(last)) => {
                let answer = match last.answer.take() {
                    Some(before) => format!("{before}\n\n{text}"),
                    None => text,
                };
                last.answer = Some(answer);
            }
            (_, None) => self.skip(RowError::new(line, "text before the first question is left out")),
        }
    }

    /// The column that marks most rows as questions and answers, of which the first is a question.
    fn marks(&self) -> Option<usize> {
        let width = self.before.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
        (0..width).find(|&column| {
            let found: Vec<Marked> = self
                .before
                .iter()
                .filter_map(|(_, row)| headings::mark(row.get(column)?).map(|(marked, _)| marked))
                .collect();
            found.first() == Some(&Marked::Question)
                && found.contains(&Marked::Answer)
                && 3 * found.len() >= 2 * self.before.len()
        })
    }

    /// Finds the columns by what the first rows hold, and reads these rows: the questions are in the column of which
    /// most asks, the answers in the other, or of several in the one with the longest texts.
    fn guess(&mut self) -> Result<(), RowError> {
        self.marks = self.marks();
        let before = std::mem::take(&mut self.before);
        if self.marks.is_some() {
            self.no_header = None;
            for (line, row) in &before {
                self.add(*line, &row.iter().map(String::as_str).collect::<Vec<_>>())?;
            }
            return Ok(());
        }
        let width = before.iter().map(|(_, row)| row.len()).max().unwrap_or(0);
        let error = self.no_header.take();
        let texts =
            |column: usize| before.iter().filter_map(move |(_, row)| row.get(column)).map(|text| text.trim());
        let share = |column: usize| {
            let all = texts(column).filter(|text| !text.is_empty()).count();
            let asking = texts(column).filter(|text| headings::asks(text)).count();
            if all == 0 { 0.0 } else { asking as f64 / all as f64 }
        };
        let length = |column: usize| texts(column).map(str::len).sum::<usize>();
        let best = (0..width).max_by(|a, b| share(*a).total_cmp(&share(*b)).then(b.cmp(a)));
        let asks = best.filter(|&best| share(best) >= 0.5);
        let answers = |question: usize| {
            let others = (0..width).filter(|&column| column != question && share(column) < 0.5);
            others.max_by_key(|&column| (length(column), width - column)).filter(|&column| length(column) > 0)
        };
        let (question, answer) = match asks.and_then(|question| Some((question, answers(question)?))) {
            Some(found) => found,
            // One of two columns that has the name of something else is no question or answer.
            None if width == 2 && error.is_none() => (0, 1),
            None => return Err(error.unwrap_or_else(|| RowError::new(1, "no rows"))),
        };
        let columns = Columns { question: vec![question], answer: vec![answer], ..Columns::default() };
        let first_line = before[0].0;
        if (question, answer) != (0, 1) || width > 2 {
            let reason = format!(
                "no column is named for questions or answers: column {} is taken for the questions, since most of it asks, \
                 and column {} for the answers (--map question={0},answer={1} says so)",
                question + 1,
                answer + 1
            );
            self.parsed.notes.push(RowError::new(first_line, reason));
        }
        let fields: Vec<&str> = before[0].1.iter().map(String::as_str).collect();
        let asked = fields.get(question).is_some_and(|text| headings::asks(text.trim()));
        let header = asks.is_some() && before.len() > 1 && !asked && looks_like_a_header(&fields, &columns);
        if header {
            let reason = "the first row is taken for the header";
            self.parsed.notes.push(RowError::new(first_line, reason));
        }
        self.width = width;
        self.columns = Some(columns);
        for (line, row) in before.iter().skip(usize::from(header)) {
            self.add(*line, &row.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Reports a row with more fields than the header. If the answer is the last column, it is taken to
    /// contain unquoted delimiters, and is returned whole.
    fn too_wide(&mut self, line: usize, row: &[&str], columns: &Columns) -> Option<String> {
        let more = row.len().checked_sub(self.width).filter(|&more| more > 0)?;
        if row[self.width..].iter().all(|field| field.trim().is_empty()) {
            return None;
        }
        let answer_is_last = columns.answer == [self.width - 1];
        let (joined, what) = match self.delimiter.filter(|_| answer_is_last) {
            Some(delimiter) => (
                Some(row[self.width - 1..].join(&delimiter.to_string())),
                "they are taken for more of the answer",
            ),
            None => (None, "they are left out"),
        };
        let fields = if more == 1 { "1 field".to_owned() } else { format!("{more} fields") };
        let reason = format!(
            "{fields} more than the first row has; {what} (texts with a delimiter in them want quotes)"
        );
        self.parsed.notes.push(RowError::new(line, reason));
        joined
    }

    /// Reports a row that could not be read.
    pub fn skip(&mut self, row: RowError) {
        self.parsed.skipped.push(row);
    }

    /// What has been read so far.
    pub fn parsed(&mut self) -> &mut Parsed {
        &mut self.parsed
    }

    /// Returns what was read.
    ///
    /// # Errors
    ///
    /// Returns an error if there were no rows.
    pub fn finish(mut self) -> Result<Parsed, RowError> {
        if self.columns.is_none() && !self.before.is_empty() {
            self.guess()?;
        }
        if self.unpublished > 0 {
            let reason = fields::unpublished(self.unpublished);
            self.parsed.skipped.push(RowError::new(self.first_unpublished, reason));
        }
        self.parsed.notes.extend(self.languages.note().map(|note| RowError::new(1, note)));
        self.parsed.taken = self.taken();
        if self.columns.is_none() && self.marks.is_none() {
            return Err(self.no_header.unwrap_or_else(|| RowError::new(1, "no rows")));
        }
        Ok(self.parsed)
    }

    /// What was taken for the questions and for the answers.
    fn taken(&self) -> Option<String> {
        if let Some(marks) = self.marks {
            return Some(format!("rows marked as questions and answers in column {}", marks + 1));
        }
        let columns = self.columns.as_ref()?;
        let name = |at: usize| match self.names.get(at).filter(|name| !name.is_empty()) {
            Some(name) => format!("`{}`", abridge(name, 40)),
            None => format!("{}", at + 1),
        };
        let names = |columns: &[usize]| columns.iter().map(|&at| name(at)).collect::<Vec<_>>().join(", ");
        let questions: Vec<usize> = columns.question.iter().chain(&columns.also).copied().collect();
        let column = |count: usize| if count == 1 { "column" } else { "columns" };
        Some(format!(
            "questions in {} {}, answers in {} {}",
            column(questions.len()),
            names(&questions),
            column(columns.answer.len()),
            names(&columns.answer)
        ))
    }

    /// Adds a row to the entry with its id, or without ids to the one with its answer, or as a new entry.
    fn join(&mut self, mut row: RawEntry) {
        let key = match (&row.id, &row.answer) {
            (Some(id), _) => xxh3_128(format!("id {}", id.trim()).as_bytes()),
            (None, Some(answer)) => xxh3_128(answer.trim().as_bytes()),
            (None, None) => return self.parsed.entries.push(row),
        };
        let Parsed { entries, notes, skipped, merged, .. } = &mut self.parsed;
        let Some(&place) = self.places.get(&key) else {
            self.places.insert(key, entries.len());
            return entries.push(row);
        };
        let entry = &mut entries[place];
        if row.id.is_some() && row.answer.is_some() && entry.answer.is_some() && row.answer != entry.answer {
            let reason = format!("another answer for the id of line {}; the first is kept", entry.line);
            notes.push(RowError::new(row.line, reason));
        }
        let same = if row.id.is_some() { "id" } else { "answer" };
        merged.push(RowError::new(
            row.line,
            format!("joined with line {}, which has the same {same}", entry.line),
        ));
        entry.questions.append(&mut row.questions);
        entry.answer = entry.answer.take().or(row.answer.take());
        for tag in std::mem::take(&mut row.tags) {
            if !entry.tags.contains(&tag) {
                entry.tags.push(tag);
            }
        }
        let (first, line) = (entry.line, row.line);
        let mut other = |what: &str| {
            let reason = format!("another {what} than line {first}; the first is kept");
            skipped.push(RowError::new(line, reason));
        };
        keep_first(&mut entry.source, row.source.take(), || other("source"));
        let add = |own: &mut Vec<String>, more: Vec<String>| {
            for text in more {
                if !own.contains(&text) {
                    own.push(text);
                }
            }
        };
        add(&mut entry.variants, std::mem::take(&mut row.variants));
        for field in &LINKS {
            add((field.raw)(entry), std::mem::take((field.raw)(&mut row)));
        }
        entry.context_only |= row.context_only;
        for flag in &FLAGS {
            *(flag.raw)(entry) |= *(flag.raw)(&mut row);
        }
        keep_first(&mut entry.min_confidence, row.min_confidence, || other("min_confidence"));
    }
}

/// Sets a value that is missing; calls `differs` if there is another.
fn keep_first<T: PartialEq>(first: &mut Option<T>, next: Option<T>, differs: impl FnOnce()) {
    if first.is_none() {
        *first = next;
    } else if next.is_some() && *first != next {
        differs();
    }
}

fn rows(count: usize) -> String {
    if count == 1 { "1 row".into() } else { format!("{count} rows") }
}

/// Whether a row says that it is not published. One without an answer may be another phrasing of the row above.
fn is_unpublished(row: &[&str], columns: &Columns) -> bool {
    let filled = |at: usize| row.get(at).is_some_and(|text| !text.trim().is_empty());
    let answered = columns.answer.iter().any(|&at| filled(at));
    columns
        .shown
        .iter()
        .any(|(at, name)| (answered || filled(*at)) && fields::says_unpublished(name, row.get(*at).copied()))
}

/// The questions in a field: one, or one a line if each line asks. Tables that faqbot wrote have a row for each.
fn questions(field: String, columns: &Columns) -> Vec<String> {
    let own = !columns.metadata.is_empty() || columns.flags.iter().all(|flag| !flag.is_empty());
    if own {
        return vec![field];
    }
    let lines: Vec<&str> = field.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > 1 && lines.iter().all(|line| line.ends_with(headings::QUESTION_ENDS)) {
        lines.into_iter().map(str::to_owned).collect()
    } else {
        vec![field]
    }
}

fn entry(row: &[&str], columns: &Columns, line: usize) -> Result<RawEntry, RowError> {
    let fields = |columns: &[usize]| -> Vec<String> {
        columns
            .iter()
            .filter_map(|&column| row.get(column))
            .filter(|field| !field.trim().is_empty())
            .map(|&field| field.to_owned())
            .collect()
    };
    let field = |columns: &[usize]| fields(columns).into_iter().next();
    let lists = |columns: &[usize], separators: &[char]| -> Vec<String> {
        fields(columns).iter().flat_map(|field| field.split(separators)).map(str::to_owned).collect()
    };
    let min_confidence = field(&columns.min_confidence)
        .map(|own| {
            let reason = format!("`min_confidence` is \"{own}\", not a number");
            own.trim().parse().map_err(|_| RowError::new(line, reason))
        })
        .transpose()?;
    let mut questions: Vec<String> =
        fields(&columns.question).into_iter().flat_map(|field| questions(field, columns)).collect();
    questions.extend(lists(&columns.also, &['\n', '|', ';']));
    let unescaped = |text: String| if columns.qna_maker { unescape(&text) } else { text };
    let mut entry = RawEntry {
        line,
        id: field(&columns.id),
        questions: questions.into_iter().map(unescaped).collect(),
        answer: field(&columns.answer).map(unescaped),
        source: field(&columns.source).map(unescaped),
        tags: fields(&columns.tags).iter().flat_map(|field| tags(field)).collect(),
        min_confidence,
        variants: fields(&columns.answer_variants).iter().flat_map(|field| list(field)).collect(),
        context_only: field(&columns.context_only).is_some_and(|own| own.eq_ignore_ascii_case("true")),
        number: field(&columns.id),
        ..RawEntry::default()
    };
    for (own, columns) in FLAGS.iter().zip(&columns.flags) {
        let text = field(columns).unwrap_or_default();
        *(own.raw)(&mut entry) = super::fields::flag(own.name, &text, line)?;
    }
    for (own, columns) in LINKS.iter().zip(&columns.links) {
        *(own.raw)(&mut entry) = fields(columns).iter().flat_map(|field| list(field)).collect();
    }
    if let Some(prompts) = field(&columns.prompts).map(unescaped)
        && let Ok(node) = json_tree::read(&prompts, line)
    {
        entry.follow_ups.extend(tree::prompts(&node));
    }
    for pair in lists(&columns.metadata, &['|']) {
        match pair.split_once(':') {
            // Written by `csv::write_qna_maker`, since the format has no other place for it.
            Some((META_ID, id)) => entry.id = Some(percent_decode(id)),
            Some((META_TAG, tag)) => entry.tags.push(percent_decode(tag)),
            Some((META_MIN_CONFIDENCE, own)) => entry.min_confidence = own.parse().ok(),
            Some((META_VARIANT, text)) => entry.variants.push(percent_decode(text)),
            Some((key, own)) if let Some(name) = key.strip_prefix(META) => {
                if let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) {
                    *(flag.raw)(&mut entry) = own == "true";
                } else if let Some(field) = LINKS.iter().find(|field| field.name == name) {
                    (field.raw)(&mut entry).push(percent_decode(own));
                } else {
                    entry.tags.push(pair);
                }
            }
            _ => entry.tags.push(pair),
        }
    }
    Ok(entry)
}

#[cfg(feature = "spreadsheets")]
/// Whether a table is one of questions and answers: its first row says so, or a column of which at least half asks.
pub fn is_of_questions(rows: &[&[String]]) -> bool {
    let Some(first) = rows.first() else { return false };
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let header = Columns::find(&ColumnMap::default(), &mut Languages::default(), 1, &first);
    let asking = |column: usize| {
        let texts = || rows.iter().filter_map(|row| row.get(column)).filter(|text| !text.trim().is_empty());
        texts().count() > 0
            && 2 * texts().filter(|text| headings::asks(text.trim())).count() >= texts().count()
    };
    first.len() > 1 && (header.is_ok_and(|header| header.named) || (0..first.len()).any(asking))
}

/// Whether the first row of a table whose columns are known by their numbers may be a header all the same: a word or
/// two in each, and no question.
fn looks_like_a_header(row: &[&str], columns: &Columns) -> bool {
    let mut fields = columns.question.iter().chain(&columns.answer).filter_map(|&at| row.get(at));
    fields.all(|field| {
        let field = field.trim();
        !field.is_empty()
            && field.split_whitespace().count() <= 2
            && !field.ends_with(['?', '.', '!', '？'])
            && field.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-'))
    })
}

/// The tags in a field: separated by commas or semicolons, or a JSON list if a tag contains these.
fn tags(field: &str) -> Vec<String> {
    serde_json::from_str(field).unwrap_or_else(|_| field.split([',', ';']).map(str::to_owned).collect())
}

/// Writes tags as a field that [`tags`] reads.
pub fn write_tags(tags: &[String]) -> String {
    let plain = tags.join(";");
    if self::tags(&plain) == tags { plain } else { serde_json::Value::from(tags).to_string() }
}

/// What keys in QnA Maker's metadata begin with for what only faqbot has, and those that are no names of fields.
pub const META: &str = "faqbot_";
pub const META_ID: &str = "faqbot_id";
pub const META_TAG: &str = "faqbot_tag";
pub const META_MIN_CONFIDENCE: &str = "faqbot_min_confidence";
pub const META_VARIANT: &str = "faqbot_variant";

/// The texts in a field: a JSON list, or one text.
fn list(field: &str) -> Vec<String> {
    serde_json::from_str(field).unwrap_or_else(|_| vec![field.to_owned()])
}

/// Writes texts as a field that [`list`] reads.
pub fn write_list(texts: &[String]) -> String {
    if texts.is_empty() { String::new() } else { serde_json::Value::from(texts).to_string() }
}

/// Decodes the line breaks and tabs that QnA Maker writes as `\n` and `\t`. A literal backslash before one of
/// these letters is doubled; any other stays as it is.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let run = rest.len() - rest.trim_start_matches('\\').len();
        let escaped = match rest[run..].chars().next() {
            Some('n' | 'r') => Some('\n'),
            Some('t') => Some('\t'),
            _ => None,
        };
        let kept = if escaped.is_some() { run / 2 } else { run };
        out.extend(std::iter::repeat_n('\\', kept));
        rest = &rest[run..];
        if let Some(c) = escaped.filter(|_| run % 2 == 1) {
            // "\r\n" is one line break.
            rest = rest.strip_prefix("r\\n").unwrap_or(&rest[1..]);
            out.push(c);
        }
    }
    out + rest
}

/// The inverse of [`unescape`].
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        if c == '\\' {
            run += 1;
            continue;
        }
        let special = matches!(c, 'n' | 'r' | 't' | '\n' | '\t');
        out.extend(std::iter::repeat_n('\\', if special { 2 * run } else { run }));
        run = 0;
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.extend(std::iter::repeat_n('\\', run));
    out
}

/// Encodes a text as a value in metadata, where `|`, `:`, tabs and line breaks have a meaning.
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '|' | ':' | '\t' | '\n' | ' ' => out.push_str(&format!("%{:02X}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn percent_decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match code {
            Some(code) => {
                out.push(code as char);
                out.push_str(&part[2..]);
            }
            None => {
                out.push('%');
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for text in ["a\nb", "a\\nb", "\\", "C:\\new\\table", "\\\\n\n\\\t", "x\\\n", "\\r\n", "é|:%"] {
            assert_eq!(unescape(&escape(text)), text, "{text:?} as {:?}", escape(text));
            assert_eq!(percent_decode(&percent_encode(text)), text);
        }
        assert_eq!(unescape("a\\r\\nb \\\\server\\share"), "a\nb \\\\server\\share");
    }
}
