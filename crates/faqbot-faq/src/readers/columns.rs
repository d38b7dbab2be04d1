//! Which columns of a table hold what, by their names or as the user says.

use std::fmt;
use std::str::FromStr;

use super::fields::{
    self, ALSO, ANSWER, ANSWER_VARIANTS, DESCRIPTION, ID, METADATA, QUESTION, SOURCE, TAGS, TITLE,
};
use super::keys::is_numbered_question;
use super::languages::{Languages, language};
use crate::error::RowError;
use crate::normalize::{abridge, normalize_phrasing};
use crate::schema::{FLAGS, LINKS, MIN_CONFIDENCE};

/// QnA Maker's columns that serve only its own tools.
const QNA_MAKER: &[&str] = &["suggestedquestions", "iscontextonly", "prompts", "sourcedisplayname"];
const PROMPTS: &[&str] = &["prompts"];
const IS_CONTEXT_ONLY: &[&str] = &["iscontextonly"];

/// The fields of an entry that a column can hold, with the names known for each.
const FIELDS: [(&str, &[&str]); 13] = [
    ("question", QUESTION),
    ("answer", ANSWER),
    ("also", ALSO),
    ("id", ID),
    ("source", SOURCE),
    ("tags", TAGS),
    (MIN_CONFIDENCE, &[MIN_CONFIDENCE]),
    (FLAGS[0].name, &[FLAGS[0].name]),
    (FLAGS[1].name, &[FLAGS[1].name]),
    (FLAGS[2].name, &[FLAGS[2].name]),
    ("answer_variants", ANSWER_VARIANTS),
    (LINKS[0].name, LINKS[0].names),
    (LINKS[1].name, LINKS[1].names),
];

/// The user's choice of columns: `question=Frage,answer=2`. A column is given by its heading or by its
/// number, counting from 1; a field may have several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap(Vec<(&'static str, String)>);

impl FromStr for ColumnMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut map = Vec::new();
        for part in text.split(',') {
            let (field, column) =
                part.split_once('=').ok_or_else(|| format!("\"{part}\" is not FIELD=COLUMN"))?;
            let known = FIELDS.map(|(field, _)| field);
            let field = known.into_iter().find(|known| *known == field.trim()).ok_or_else(|| {
                format!("there is no field \"{}\"; the fields are {}", field.trim(), known.join(", "))
            })?;
            map.push((field, column.trim().to_owned()));
        }
        Ok(ColumnMap(map))
    }
}

impl fmt::Display for ColumnMap {
    /// In the syntax that is parsed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(field, column)| format!("{field}={column}")).collect();
        f.write_str(&parts.join(","))
    }
}

/// The columns of each field.
#[derive(Debug, Default)]
pub struct Columns {
    pub question: Vec<usize>,
    pub answer: Vec<usize>,
    pub also: Vec<usize>,
    pub id: Vec<usize>,
    pub source: Vec<usize>,
    pub tags: Vec<usize>,
    pub min_confidence: Vec<usize>,
    /// Those of [`FLAGS`].
    pub flags: Vec<Vec<usize>>,
    pub answer_variants: Vec<usize>,
    /// Those of [`LINKS`].
    pub links: Vec<Vec<usize>>,
    /// QnA Maker's prompts, as JSON, and whether the entry answers only after one of them.
    pub prompts: Vec<usize>,
    pub context_only: Vec<usize>,
    /// QnA Maker's `key:value|key:value`.
    pub metadata: Vec<usize>,
    /// Those that say whether a row is published, with their names.
    pub shown: Vec<(usize, String)>,
    /// Whether the file is from QnA Maker, which writes line breaks as `\n`.
    pub qna_maker: bool,
}

/// Words in the names that people give to columns, in English, German, French, Spanish and Italian or Portuguese, by what
/// the columns hold. The first that fits a name decides.
const WORDS: [(&str, &[&str]); 3] = [
    (
        "question",
        &[
            "question",
            "questions",
            "query",
            "queries",
            "ask",
            "asked",
            "utterance",
            "inquiry",
            "frage",
            "fragen",
            "kundenfrage",
            "anfrage",
            "pregunta",
            "preguntas",
            "consulta",
            "demande",
            "domanda",
            "domande",
            "pergunta",
            "perguntas",
            "duvida",
        ],
    ),
    (
        "answer",
        &[
            "answer",
            "answers",
            "reply",
            "replies",
            "response",
            "responses",
            "solution",
            "resolution",
            "antwort",
            "antworten",
            "loesung",
            "losung",
            "respuesta",
            "respuestas",
            "solucion",
            "reponse",
            "reponses",
            "risposta",
            "risposte",
            "resposta",
            "respostas",
        ],
    ),
    (
        "tags",
        &[
            "category",
            "categories",
            "topic",
            "topics",
            "tag",
            "tags",
            "kategorie",
            "thema",
            "rubrik",
            "categoria",
            "tema",
            "categorie",
            "rubrique",
            "theme",
            "argomento",
            "assunto",
        ],
    ),
];

/// The field that a column's name says in one of its words: `User Question`, `botReply`, `Frage (DE)`.
fn field_in_words(name: &str) -> Option<&'static str> {
    let mut apart = String::with_capacity(name.len());
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            apart.push(' ');
        }
        apart.push(c);
        before = c;
    }
    let words = normalize_phrasing(&apart);
    let has = |known: &[&str]| words.split([' ', '_']).any(|word| known.contains(&word));
    // A long name is a text.
    let short = words.split(' ').count() <= 4;
    WORDS.iter().find(|(_, known)| short && has(known)).map(|(field, _)| *field)
}

/// What the first row of a table says.
pub struct Header {
    pub columns: Columns,
    /// Whether the row names the columns; otherwise it is already an entry.
    pub named: bool,
    /// Whether only words in the names say which are question and answer.
    pub by_words: bool,
    /// A note on columns that are not used.
    pub note: Option<RowError>,
}

impl Columns {
    /// Finds the columns that the first row names. Of columns in several languages (`question_en`, `question_de`), those
    /// are taken that `languages` chooses.
    ///
    /// # Errors
    ///
    /// Returns an error if the row does not say which columns are question and answer, or lacks a column that
    /// the user named.
    pub fn find(
        map: &ColumnMap,
        languages: &mut Languages,
        line: usize,
        row: &[&str],
    ) -> Result<Header, RowError> {
        let mut names: Vec<String> = row.iter().map(|name| name.trim().to_lowercase()).collect();
        let mut used = vec![false; names.len()];
        if map.0.is_empty() {
            choose_language(&mut names, &mut used, languages);
        }
        let mut named = false;
        let mut find = |field: &str, known: &[&str]| -> Result<Vec<usize>, RowError> {
            let mut found = Vec::new();
            let mapped: Vec<&String> =
                map.0.iter().filter(|(own, _)| *own == field).map(|(_, column)| column).collect();
            for column in &mapped {
                let at = match names.iter().position(|name| *name == column.to_lowercase()) {
                    Some(at) => {
                        named = true;
                        Some(at)
                    }
                    None => column
                        .parse::<usize>()
                        .ok()
                        .and_then(|number| number.checked_sub(1))
                        .filter(|&at| at < names.len()),
                };
                let at = at.ok_or_else(|| {
                    let shown: Vec<&str> = row.iter().map(|name| name.trim()).collect();
                    RowError::new(
                        line,
                        format!("there is no column `{column}`; the first row is: {}", shown.join(", ")),
                    )
                })?;
                used[at] = true;
                found.push(at);
            }
            if mapped.is_empty() {
                let free = |at: &usize| !used[*at];
                if field == "also" {
                    // Several columns of a kind: "Alternative 2", "question_3".
                    let of_kind = |name: &str| {
                        let stem = name
                            .trim_end_matches(|c: char| c.is_ascii_digit())
                            .trim_end_matches([' ', '_', '#']);
                        known.contains(&stem) || (stem.len() < name.len() && QUESTION.contains(&stem))
                    };
                    found.extend((0..names.len()).filter(free).filter(|&at| of_kind(&names[at])));
                } else {
                    // If several names could be meant, the most telling one wins.
                    let place = |name: &&str| (0..names.len()).find(|at| free(at) && names[*at] == **name);
                    found.extend(known.iter().find_map(place));
                }
                named |= !found.is_empty();
                found.iter().for_each(|&at| used[at] = true);
            }
            Ok(found)
        };
        let mut columns = Columns {
            question: find("question", QUESTION)
                .and_then(|found| if found.is_empty() { find("question", TITLE) } else { Ok(found) })?,
            answer: find("answer", ANSWER)
                .and_then(|found| if found.is_empty() { find("answer", DESCRIPTION) } else { Ok(found) })?,
            also: find("also", ALSO)?,
            id: find("id", ID)?,
            source: find("source", SOURCE)?,
            tags: find("tags", TAGS)?,
            min_confidence: find(MIN_CONFIDENCE, &[MIN_CONFIDENCE])?,
            flags: FLAGS.iter().map(|flag| find(flag.name, &[flag.name])).collect::<Result<_, _>>()?,
            answer_variants: find("answer_variants", ANSWER_VARIANTS)?,
            links: LINKS.iter().map(|field| find(field.name, field.names)).collect::<Result<_, _>>()?,
            prompts: find("prompts", PROMPTS)?,
            context_only: find("iscontextonly", IS_CONTEXT_ONLY)?,
            metadata: find("metadata", METADATA)?,
            shown: Vec::new(),
            qna_maker: names.iter().any(|name| name == "qnaid" || QNA_MAKER.contains(&&**name)),
        };
        for (at, name) in names.iter().enumerate() {
            if !used[at] && fields::says_whether_shown(name) {
                used[at] = true;
                columns.shown.push((at, name.clone()));
            }
        }
        // Of "question1, question2", the first is the question.
        if columns.question.is_empty()
            && let Some(first) = columns.also.iter().position(|&at| is_numbered_question(&names[at]))
        {
            columns.question.push(columns.also.remove(first));
        }
        let mut taken = Vec::new();
        for (at, name) in row.iter().enumerate() {
            let Some(field) = field_in_words(name).filter(|_| !used[at]) else { continue };
            let place = match field {
                "question" => &mut columns.question,
                "answer" => &mut columns.answer,
                _ => &mut columns.tags,
            };
            if place.is_empty() && map.0.iter().all(|(own, _)| *own != field) {
                place.push(at);
                used[at] = true;
                taken.push((at, format!("`{}` for {field}", name.trim())));
            }
        }
        // Both by their words, or one and the other by its name: a single word may stand in a title.
        if !taken.is_empty() && (columns.question.is_empty() || columns.answer.is_empty()) {
            for place in [&mut columns.question, &mut columns.answer, &mut columns.tags] {
                place.retain(|at| !taken.iter().any(|(own, _)| own == at));
            }
            taken.clear();
        }
        named |= !taken.is_empty();
        let by_words = !taken.is_empty();
        if columns.question.is_empty() && columns.answer.is_empty() && names.len() == 2 {
            let columns = Columns { question: vec![0], answer: vec![1], ..Columns::default() };
            return Ok(Header { columns, named: false, by_words: false, note: None });
        }
        for (field, found) in [("question", &columns.question), ("answer", &columns.answer)] {
            if found.is_empty() {
                let shown: Vec<&str> = row.iter().map(|name| name.trim()).collect();
                let reason =
                    format!("no column `{field}` in the first row: {}", abridge(&shown.join(", "), 200));
                return Err(RowError::new(line, reason));
            }
        }
        let unused: Vec<&str> = names
            .iter()
            .zip(row)
            .enumerate()
            .filter(|(at, (name, _))| !used[*at] && !name.is_empty() && !QNA_MAKER.contains(&&***name))
            .map(|(_, (_, written))| written.trim())
            .collect();
        let mut says = Vec::new();
        if !taken.is_empty() {
            let taken: Vec<&str> = taken.iter().map(|(_, says)| says.as_str()).collect();
            says.push(format!("columns are taken by words in their names: {}", taken.join(", ")));
        }
        if named && !unused.is_empty() {
            says.push(format!("columns that are not used: {}", unused.join(", ")));
        }
        let note = (!says.is_empty()).then(|| RowError::new(line, says.join("; ")));
        Ok(Header { columns, named, by_words, note })
    }
}

/// Takes the language off the names of columns that are there in several, or in the one that the user wants; the columns in
/// others are as good as used.
fn choose_language(names: &mut [String], used: &mut [bool], languages: &mut Languages) {
    let parts = |name: &str| -> Option<(String, String)> {
        let name = name.trim_end_matches([')', ']']);
        let (stem, code) = name.rsplit_once(['_', '-', ' ', '.', '(', '[', ':'])?;
        let stem = stem.trim_end_matches(['_', '-', ' ', '.', '(', '[', ':']);
        let known = [QUESTION, ANSWER, TITLE].iter().any(|known| fields::is(known, stem));
        (known && language(code).is_some()).then(|| (stem.to_owned(), code.to_owned()))
    };
    let found: Vec<Option<(String, String)>> = names.iter().map(|name| parts(name)).collect();
    let mut codes: Vec<&str> = Vec::new();
    for (_, code) in found.iter().flatten() {
        if !codes.contains(&code.as_str()) {
            codes.push(code);
        }
    }
    let Some(chosen) = languages.choose(&codes).map(|at| codes[at].to_owned()) else { return };
    for (at, own) in found.iter().enumerate() {
        match own {
            Some((stem, code)) if *code == chosen => names[at].clone_from(stem),
            Some(_) => used[at] = true,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_words() {
        for (name, field) in [
            ("User Question", Some("question")),
            ("botReply", Some("answer")),
            ("Frage (DE)", Some("question")),
            ("Respuesta", Some("answer")),
            ("Réponse", Some("answer")),
            ("Kategorie", Some("tags")),
            ("Where is the question of my order?", None),
            ("Price", None),
        ] {
            assert_eq!(field_in_words(name), field, "{name}");
        }
    }

    #[test]
    fn maps_say_what_is_wrong_with_them() {
        assert!("question=Frage, answer=2".parse::<ColumnMap>().is_ok());
        assert!("question".parse::<ColumnMap>().unwrap_err().contains("FIELD=COLUMN"));
        assert!("colour=2".parse::<ColumnMap>().unwrap_err().contains("the fields are question"));
    }
}
