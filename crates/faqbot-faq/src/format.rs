//! The file formats of FAQs. This is the only place that knows them all.
//!
//! A format is a file in `formats/` with a pure function from text to `Parsed`, and a line in [`FORMATS`].

use std::fmt;
use std::io;
use std::path::Path;

use super::change::Change;
use super::editors::{Where, blocks, rows, tree};
use super::entry::Faq;
#[cfg(feature = "code")]
use super::formats::code;
#[cfg(all(feature = "html", feature = "spreadsheets"))]
use super::formats::epub;
#[cfg(feature = "html")]
use super::formats::html;
#[cfg(feature = "spreadsheets")]
use super::formats::{aiml, docx, odt, rtf, wordpress, workbook};
use super::formats::{
    articles, asciidoc, botpress, chatterbot, csv, dialogflow, json, jsonl, jsonld, latex, lex, markdown,
    mediawiki, org, plain, po, qna, rasa, rst, sql, squad, toml, watson, yaml,
};
use super::parsed::{Detection, Parsed};
use super::readers::table::Wanted;
use crate::error::RowError;

/// What a parser returns: an error if the text as a whole is not in the format.
type ParseResult = Result<Parsed, RowError>;

type WriteFn = fn(&Faq, &mut dyn io::Write) -> io::Result<()>;

/// How a format is written.
#[derive(Clone, Copy)]
enum Write {
    /// With the FAQ's title and other texts ([`Faq::texts`]).
    Whole(WriteFn),
    /// Entries only: the format has no place for those texts.
    Entries(WriteFn),
}

/// How a format is read.
#[derive(Clone, Copy)]
enum Parse {
    Text(fn(&str) -> ParseResult),
    /// A tree of values, with the language to read where there are texts in several.
    Tree(fn(&str, Option<&str>) -> ParseResult),
    Table(fn(&str, &mut Wanted) -> ParseResult),
    #[cfg_attr(not(feature = "spreadsheets"), allow(dead_code, reason = "no format is read so"))]
    Workbook(fn(&[u8], &mut Wanted) -> ParseResult),
}

/// The texts that an editor proposes.
type Edit = fn(&Where, &Change) -> Vec<String>;

/// A file format for FAQs.
#[derive(Clone, Copy)]
pub struct Format {
    /// Its name on a command line.
    pub name: &'static str,
    /// Its name in a sentence.
    pub title: &'static str,
    /// File extensions, without the dot. Files are written with the first.
    pub endings: &'static [&'static str],
    detect: fn(&str) -> Detection,
    parse: Parse,
    write: Option<Write>,
    edit: Option<Edit>,
}

/// All formats. Among those that share an extension, the more specific come first.
#[rustfmt::skip]
pub static FORMATS: &[Format] = &[
    #[cfg(feature = "spreadsheets")]
    Format { name: "xlsx", title: "a spreadsheet", endings: &["xlsx", "xlsm", "xlsb", "xls", "ods"], detect: |_| Detection::No, parse: Parse::Workbook(workbook::parse), write: None, edit: None },
    #[cfg(feature = "spreadsheets")]
    Format { name: "docx", title: "a Word document", endings: &["docx", "docm"], detect: |_| Detection::No, parse: Parse::Workbook(docx::parse), write: None, edit: None },
    #[cfg(feature = "spreadsheets")]
    Format { name: "odt", title: "an OpenDocument text", endings: &["odt"], detect: |_| Detection::No, parse: Parse::Workbook(odt::parse), write: None, edit: None },
    #[cfg(all(feature = "html", feature = "spreadsheets"))]
    Format { name: "epub", title: "a book (EPUB)", endings: &["epub"], detect: |_| Detection::No, parse: Parse::Workbook(epub::parse), write: None, edit: None },
    #[cfg(feature = "spreadsheets")]
    Format { name: "rtf", title: "RTF", endings: &["rtf"], detect: rtf::detect, parse: Parse::Table(rtf::parse), write: None, edit: None },
    #[cfg(feature = "spreadsheets")]
    Format { name: "wordpress", title: "a WordPress export", endings: &["xml"], detect: wordpress::detect, parse: Parse::Text(wordpress::parse), write: None, edit: None },
    #[cfg(feature = "spreadsheets")]
    Format { name: "aiml", title: "AIML", endings: &["aiml", "xml"], detect: aiml::detect, parse: Parse::Text(aiml::parse), write: None, edit: None },
    Format { name: "rasa", title: "Rasa YAML", endings: &["yml", "yaml"], detect: rasa::detect_yaml, parse: Parse::Text(rasa::parse_yaml), write: None, edit: None },
    Format { name: "chatterbot", title: "ChatterBot YAML", endings: &["yml", "yaml"], detect: chatterbot::detect, parse: Parse::Text(chatterbot::parse), write: None, edit: None },
    Format { name: "yaml", title: "YAML", endings: &["yaml", "yml"], detect: yaml::detect, parse: Parse::Tree(yaml::parse), write: Some(Write::Whole(yaml::write)), edit: Some(tree::edit) },
    Format { name: "toml", title: "TOML", endings: &["toml"], detect: toml::detect, parse: Parse::Tree(toml::parse), write: None, edit: None },
    Format { name: "botpress", title: "Botpress JSON", endings: &["json"], detect: botpress::detect, parse: Parse::Text(botpress::parse), write: None, edit: None },
    Format { name: "watson", title: "Watson Assistant JSON", endings: &["json"], detect: watson::detect, parse: Parse::Text(watson::parse), write: None, edit: None },
    Format { name: "dialogflow", title: "Dialogflow ES JSON", endings: &["json"], detect: dialogflow::detect, parse: Parse::Text(dialogflow::parse), write: None, edit: None },
    Format { name: "lex", title: "Amazon Lex JSON", endings: &["json"], detect: lex::detect, parse: Parse::Text(lex::parse), write: None, edit: None },
    Format { name: "squad", title: "SQuAD JSON", endings: &["json"], detect: squad::detect, parse: Parse::Text(squad::parse), write: None, edit: None },
    Format { name: "articles", title: "help centre articles", endings: &["json"], detect: articles::detect, parse: Parse::Text(articles::parse), write: None, edit: None },
    Format { name: "jsonld", title: "FAQPage JSON-LD", endings: &["jsonld", "json"], detect: jsonld::detect, parse: Parse::Text(jsonld::parse), write: Some(Write::Whole(jsonld::write)), edit: None },
    Format { name: "jsonl", title: "JSONL", endings: &["jsonl", "ndjson", "json"], detect: jsonl::detect, parse: Parse::Tree(jsonl::parse), write: Some(Write::Entries(jsonl::write)), edit: Some(tree::edit_line) },
    Format { name: "json", title: "JSON", endings: &["json"], detect: json::detect, parse: Parse::Tree(json::parse), write: Some(Write::Whole(json::write)), edit: Some(tree::edit) },
    Format { name: "qnamaker", title: "QnA Maker TSV", endings: &["tsv"], detect: csv::detect_qna_maker, parse: Parse::Table(csv::parse), write: Some(Write::Entries(csv::write_qna_maker)), edit: Some(rows::edit_qna_maker) },
    Format { name: "tsv", title: "TSV", endings: &["tsv", "tab"], detect: csv::detect_tsv, parse: Parse::Table(csv::parse), write: None, edit: Some(rows::edit) },
    Format { name: "csv", title: "CSV", endings: &["csv"], detect: csv::detect, parse: Parse::Table(csv::parse), write: Some(Write::Entries(csv::write)), edit: Some(rows::edit) },
    #[cfg(feature = "code")]
    Format { name: "code", title: "program code", endings: &["js", "mjs", "cjs", "jsx", "ts", "mts", "tsx", "php", "vue", "svelte", "astro", "json5", "jsonc"], detect: code::detect, parse: Parse::Tree(code::parse), write: None, edit: None },
    Format { name: "rasa1", title: "Rasa 1 Markdown", endings: &["md"], detect: rasa::detect_markdown, parse: Parse::Text(rasa::parse_markdown), write: None, edit: None },
    Format { name: "qna", title: ".qna", endings: &["qna", "md"], detect: qna::detect, parse: Parse::Text(qna::parse), write: None, edit: Some(blocks::qna) },
    Format { name: "markdown", title: "Markdown", endings: &["md", "markdown", "mdx"], detect: markdown::detect, parse: Parse::Text(markdown::parse), write: Some(Write::Whole(markdown::write)), edit: Some(blocks::markdown) },
    #[cfg(feature = "html")]
    Format { name: "html", title: "HTML", endings: &["html", "htm", "xhtml"], detect: html::detect, parse: Parse::Text(html::parse), write: None, edit: None },
    Format { name: "latex", title: "LaTeX", endings: &["tex"], detect: latex::detect, parse: Parse::Text(latex::parse), write: None, edit: None },
    Format { name: "po", title: "gettext messages", endings: &["po", "pot"], detect: po::detect, parse: Parse::Tree(po::parse), write: None, edit: None },
    Format { name: "sql", title: "an SQL dump", endings: &["sql"], detect: sql::detect, parse: Parse::Table(sql::parse), write: None, edit: None },
    Format { name: "mediawiki", title: "MediaWiki", endings: &["wiki", "mediawiki"], detect: mediawiki::detect, parse: Parse::Text(mediawiki::parse), write: None, edit: None },
    Format { name: "asciidoc", title: "AsciiDoc", endings: &["adoc", "asciidoc", "asc"], detect: asciidoc::detect, parse: Parse::Text(asciidoc::parse), write: None, edit: None },
    Format { name: "org", title: "Org mode", endings: &["org"], detect: org::detect, parse: Parse::Text(org::parse), write: None, edit: None },
    Format { name: "rst", title: "reStructuredText", endings: &["rst", "rest"], detect: rst::detect, parse: Parse::Text(rst::parse), write: None, edit: None },
    Format { name: "text", title: "plain text", endings: &["txt", "text"], detect: plain::detect, parse: Parse::Text(plain::parse), write: None, edit: None },
];

/// Extensions that say nothing about the format.
const ANY: [&str; 2] = ["txt", "text"];

impl Format {
    /// The format with this name.
    pub fn named(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(name))
    }

    /// The format in which a file with this name is written.
    pub fn to_write(path: &Path) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.write.is_some() && has_ending(path, &format.endings[..1]))
    }

    /// Whether the file has one of the format's extensions.
    pub fn has_ending_of(&self, path: &Path) -> bool {
        has_ending(path, self.endings)
    }

    /// The texts of a file with a change, in the ways that it may be meant; none where such files are not changed.
    pub(crate) fn edit(&self, place: &Where, change: &Change) -> Vec<String> {
        self.edit.map_or_else(Vec::new, |edit| edit(place, change))
    }

    /// Whether FAQs can be written in this format.
    pub fn is_written(&self) -> bool {
        self.write.is_some()
    }

    /// The parts of a FAQ that are lost when it is written in this format.
    pub fn lost(&self, faq: &Faq) -> Vec<&'static str> {
        match self.write {
            Some(Write::Whole(_)) => Vec::new(),
            _ => {
                let texts = faq.texts().into_iter().filter(|(_, text)| text.is_some()).map(|(name, _)| name);
                let small_talk = (!faq.small_talk.is_default()).then_some("smalltalk");
                let synonyms = (!faq.synonyms.is_empty()).then_some("synonyms");
                texts.chain(small_talk).chain(synonyms).collect()
            }
        }
    }

    /// Writes a FAQ; see [`Format::lost`].
    ///
    /// # Errors
    ///
    /// Returns an error if writing fails or the format can only be read.
    pub fn write(&self, faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
        match self.write {
            Some(Write::Whole(write) | Write::Entries(write)) => write(faq, out),
            None => Err(io::Error::new(io::ErrorKind::Unsupported, format!("{} is only read", self.title))),
        }
    }

    pub(super) fn parse(&self, bytes: &[u8], text: &str, wanted: &mut Wanted) -> ParseResult {
        match self.parse {
            Parse::Workbook(parse) if is_workbook(bytes) => parse(bytes, wanted),
            Parse::Workbook(_) => Err(RowError::new(1, "not a workbook")),
            _ if is_workbook(bytes) => Err(RowError::new(1, "a spreadsheet, and no text")),
            Parse::Text(parse) => parse(text),
            Parse::Tree(parse) => parse(text, wanted.language),
            Parse::Table(parse) => parse(text, wanted),
        }
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| endings.contains(&&*ending))
}

/// All known extensions, for a message.
pub(super) fn endings() -> String {
    let mut endings: Vec<&str> = FORMATS.iter().flat_map(|format| format.endings).copied().collect();
    endings.sort_unstable();
    endings.dedup();
    endings.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ")
}

/// Whether the bytes start like a workbook: a ZIP archive or an OLE file.
pub(super) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0")
}

/// Whether an archive is a book that can be read.
#[cfg(feature = "spreadsheets")]
fn is_book(bytes: &[u8]) -> bool {
    #[cfg(feature = "html")]
    return epub::is_book(bytes);
    #[cfg(not(feature = "html"))]
    return false;
}

/// The formats that a file may have, likeliest first. The extension is trusted unless the text clearly says
/// otherwise; where the extension says nothing, only the text counts.
pub(super) fn candidates(path: &Path, bytes: &[u8], text: &str) -> Vec<&'static Format> {
    if is_workbook(bytes) {
        #[cfg(feature = "spreadsheets")]
        let name = if docx::is_document(bytes) {
            "docx"
        } else if odt::is_document(bytes) {
            "odt"
        } else if is_book(bytes) {
            "epub"
        } else {
            "xlsx"
        };
        #[cfg(not(feature = "spreadsheets"))]
        let name = "";
        return FORMATS.iter().filter(|format| format.name == name).collect();
    }
    let detections: Vec<(&'static Format, Detection)> =
        FORMATS.iter().map(|format| (format, (format.detect)(text))).collect();
    let any = has_ending(path, &ANY);
    let of_name = |format: &Format| !any && format.has_ending_of(path);
    let named = FORMATS.iter().any(of_name);
    let mut found: Vec<&'static Format> = Vec::new();
    let mut add = |wanted: &dyn Fn(&'static Format, Detection) -> bool| {
        for &(format, detected) in &detections {
            if wanted(format, detected) && !found.contains(&format) {
                found.push(format);
            }
        }
    };
    add(&|_, detected| detected == Detection::Sure);
    add(&|format, detected| of_name(format) && detected == Detection::Strong);
    add(&|format, detected| of_name(format) && detected == Detection::Weak);
    add(&|_, detected| detected == Detection::Strong);
    // Of the formats with this extension, the last is the one without special features.
    let plainest = FORMATS.iter().rfind(|format| of_name(format));
    add(&|format, _| plainest == Some(format));
    if !named {
        add(&|_, detected| detected == Detection::Weak);
        add(&|format, _| format.name == "text");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<&'static str> {
        candidates(Path::new(name), text.as_bytes(), text).iter().map(|format| format.name).collect()
    }

    #[test]
    fn names_and_contents_say_the_format() {
        assert_eq!(found("a.yaml", "entries:\n- question: a\n  answer: b\n"), ["yaml"]);
        assert_eq!(found("a.yml", "version: '3.1'\nnlu:\n- intent: faq/a\n")[0], "rasa");
        assert_eq!(
            found(
                "a.json",
                "{\"question\": \"a\", \"answer\": \"b\"}\n{\"question\": \"c\", \"answer\": \"d\"}\n"
            )[0],
            "jsonl"
        );
        assert_eq!(found("a.json", "{\"entries\": []}")[0], "json");
        assert_eq!(found("a.md", "## intent: faq/a\n- b\n")[0], "rasa1");
        assert_eq!(found("a.md", "# ? a\n```\nb\n```\n")[0], "qna");
        assert_eq!(found("a.md", "# A?\n\nB\n"), ["markdown"]);
        // The name says nothing, or contradicts the text.
        assert_eq!(found("faq", "question,answer\na,b\n")[0], "csv");
        assert_eq!(found("a.txt", "{\"entries\": []}")[0], "json");
        assert_eq!(found("a.csv", "<!doctype html>\n<p>")[..1], ["html"]);
        assert_eq!(found("a.yaml", "# Why?\nbroken: [\n"), ["yaml"]);
    }

    #[test]
    fn every_format_has_a_name_of_its_own() {
        for format in FORMATS {
            assert_eq!(Format::named(format.name), Some(format));
        }
    }
}
