//! CSV and TSV, one row per phrasing. `table` knows what the columns mean.
//!
//! The delimiter (comma, semicolon, tab or `|`) is found in the first line. The TSV of QnA Maker and Azure is
//! read too: its `QnaId` is the id, and `\n` in its answers is a line break.

use std::collections::HashMap;
use std::io;

use csv::{Position, ReaderBuilder, StringRecord, WriterBuilder};
use serde_json::json;

use crate::entry::{EntryId, Faq};
use crate::error::RowError;
use crate::parsed::{Detection, Parsed, RawEntry};
use crate::readers::columns::ColumnMap;
use crate::readers::lines::Lines;
use crate::readers::table::{self, META, META_ID, META_MIN_CONFIDENCE, META_TAG, META_VARIANT, Rows, Wanted};
use crate::schema::{FLAGS, Flag, LINKS, MIN_CONFIDENCE};

/// Rows between two progress reports.
const REPORT: u64 = 1000;

/// Reads a CSV or TSV FAQ.
///
/// # Errors
///
/// Returns an error if the header does not name a question and an answer column.
pub fn parse(text: &str, wanted: &mut Wanted) -> Result<Parsed, RowError> {
    let delimiter = delimiter(text);
    // Excel reads the delimiter from a first line such as `sep=;`, which is not a row.
    let whole = text;
    let text = after_sep(text);
    let first_line = 1 + whole[..whole.len() - text.len()].matches('\n').count();
    // Rows may have any number of fields: a short one is a bad row, not a bad file.
    let mut builder = ReaderBuilder::new();
    builder.flexible(true).has_headers(false).delimiter(delimiter);
    // QnA Maker does not quote: a quote in its files is an ordinary character.
    builder.quoting(detect_qna_maker(text) == Detection::No);
    let mut reader = builder.from_reader(text.as_bytes());
    let mut rows = Rows::new(wanted.columns, wanted.language, Some(char::from(delimiter)));
    let mut lines = Lines::new(text, first_line);
    // Before a row, the reader may be inside the line break that ends the previous row.
    let mut line_of = |position: Option<&Position>| {
        let byte = position.map_or(0, |position| position.byte() as usize);
        let breaks = text.as_bytes()[byte..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        lines.at(byte + breaks)
    };
    let mut record = StringRecord::new();
    let mut width = 2;
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let position = record.position();
                let line = line_of(position);
                let own: Vec<&str> = record.iter().collect();
                rows.add(line, &own)?;
                let inner = own.iter().flat_map(|field| field.lines().skip(1));
                let breaks = |line: &str| line.bytes().filter(|byte| *byte == delimiter).count();
                if own.len() > 1 && inner.clone().any(|line| breaks(line) + 1 >= width) {
                    let reason = "a field of this row goes over several lines, and one of them looks like a row: is a quote not closed?";
                    rows.parsed().notes.push(RowError::new(line, reason));
                }
                width = width.max(own.len().min(64));
                if let Some(position) = position.filter(|position| position.record() % REPORT == 0) {
                    (wanted.progress)(position.byte());
                }
            }
            Err(error) => {
                let line = line_of(error.position());
                rows.skip(RowError::new(line, error.to_string()));
            }
        }
    }
    // The reader lets an open quote end with the file, so that the rest of it is in one field. A single quote
    // within a field (5" pipe) swallows nothing.
    let odd = text.bytes().filter(|&byte| byte == b'"').count() % 2 == 1;
    let swallowed = |last: &RawEntry| {
        last.questions
            .iter()
            .chain(&last.answer)
            .chain(&last.source)
            .any(|field| field.trim_end().contains('\n'))
    };
    let parsed = rows.parsed();
    if odd && delimiter != b'\t' && parsed.entries.last().is_some_and(swallowed) {
        let line = parsed.entries.pop().map_or(1, |last| last.line);
        parsed.skipped.push(RowError::new(line, "a quote is opened here and never closed"));
    }
    rows.finish()
}

/// Weak if the first line names the columns of a FAQ.
pub fn detect(text: &str) -> Detection {
    let mut first = ReaderBuilder::new();
    let line = first_line(after_sep(text));
    let mut reader = first.delimiter(delimiter(text)).from_reader(line.as_bytes());
    let names: Vec<String> =
        reader.headers().map(|names| names.iter().map(str::to_owned).collect()).unwrap_or_default();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let nothing = ColumnMap::default();
    let mut rows = Rows::new(&nothing, None, None);
    // Two columns may be anything; only a header says what they are.
    let header = rows.add(1, &names).is_ok() && rows.parsed().entries.is_empty() && rows.finish().is_ok();
    Detection::weak(names.len() > 1 && header)
}

/// Like [`fit`], for tabs.
pub fn detect_tsv(text: &str) -> Detection {
    if delimiter(text) == b'\t' { detect(text) } else { Detection::No }
}

/// Strong if the first line is QnA Maker's.
pub fn detect_qna_maker(text: &str) -> Detection {
    let first = first_line(text);
    let own = ["QnaId", "SuggestedQuestions", "IsContextOnly"];
    let older =
        first.starts_with("Question\tAnswer\tSource") || first.starts_with("Question\tAnswer\tMetadata");
    Detection::strong(first.contains('\t') && (older || own.iter().any(|name| first.contains(name))))
}

/// The text after a first line such as `sep=;`.
pub fn after_sep(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest))
            if first.trim_end().len() == 5 && first.to_ascii_lowercase().starts_with("sep=") =>
        {
            rest
        }
        _ => text,
    }
}

fn first_line(text: &str) -> &str {
    text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default()
}

/// The delimiter that is most frequent in the first line, outside quotes; the comma if there is none.
pub fn delimiter(text: &str) -> u8 {
    let first = first_line(text);
    if after_sep(text).len() < text.len()
        && let Some(named @ (b';' | b'\t' | b',' | b'|')) = first.as_bytes().get(4).copied()
    {
        return named;
    }
    let count = |delimiter: u8| {
        let mut quoted = false;
        first
            .bytes()
            .filter(|&byte| {
                quoted ^= byte == b'"';
                byte == delimiter && !quoted
            })
            .count()
    };
    // The comma comes last, since `max_by_key` returns the last of equals.
    [b'|', b';', b'\t', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

/// Writes a FAQ, one row per phrasing. What an entry has only once is in its first row.
pub fn write(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = WriterBuilder::new().from_writer(out);
    let mut header = vec!["id", "question", "answer", "source", "tags", MIN_CONFIDENCE];
    header.extend(FLAGS.map(|flag| flag.name));
    // Few FAQs have these.
    let more = faq.entries.iter().any(|entry| !entry.variants.is_empty() || entry.links().next().is_some());
    if more {
        header.push("answer_variants");
        header.extend(LINKS.map(|field| field.name));
    }
    writer.write_record(&header)?;
    for entry in &faq.entries {
        let mut rest = vec![
            entry.answer.clone(),
            entry.source.clone().unwrap_or_default(),
            table::write_tags(&entry.tags),
            entry.min_confidence_text().unwrap_or_default(),
        ];
        let flag = |flag: Flag| if (flag.get)(entry) { "true".to_owned() } else { String::new() };
        rest.extend(FLAGS.map(flag));
        if more {
            rest.push(table::write_list(&entry.variants));
            rest.extend(LINKS.map(|field| {
                let ids: Vec<String> = (field.get)(entry).iter().map(EntryId::to_string).collect();
                table::write_list(&ids)
            }));
        }
        for phrasing in &entry.phrasings {
            let row = [entry.id.as_str(), phrasing].into_iter().chain(rest.iter().map(String::as_str));
            writer.write_record(row)?;
            rest.fill(String::new());
        }
    }
    writer.flush()
}

/// Writes a FAQ as QnA Maker's TSV, one row per phrasing. What has no column there becomes metadata.
pub fn write_qna_maker(faq: &Faq, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId")?;
    let numbers: HashMap<&EntryId, usize> =
        faq.entries.iter().enumerate().map(|(at, entry)| (&entry.id, at + 1)).collect();
    for (number, entry) in faq.entries.iter().enumerate() {
        let prompts: Vec<serde_json::Value> = entry
            .follow_ups
            .iter()
            .enumerate()
            .filter_map(|(order, id)| {
                let number = *numbers.get(id)?;
                let shown = faq.entries[number - 1].question();
                Some(json!({"displayOrder": order, "qnaId": number, "displayText": shown}))
            })
            .collect();
        let prompts = serde_json::Value::from(prompts).to_string();
        let mut metadata = vec![format!("{META_ID}:{}", table::percent_encode(entry.id.as_str()))];
        metadata.extend(entry.tags.iter().map(|tag| format!("{META_TAG}:{}", table::percent_encode(tag))));
        metadata.extend(entry.min_confidence_text().map(|own| format!("{META_MIN_CONFIDENCE}:{own}")));
        metadata.extend(entry.flags().map(|name| format!("{META}{name}:true")));
        // Follow-ups are prompts.
        for (name, ids) in entry.links().filter(|(name, _)| *name != "follow_ups") {
            metadata.extend(ids.iter().map(|id| format!("{META}{name}:{}", table::percent_encode(id))));
        }
        let variants = entry.variants.iter();
        metadata.extend(variants.map(|text| format!("{META_VARIANT}:{}", table::percent_encode(text))));
        for phrasing in &entry.phrasings {
            writeln!(
                out,
                "{}\t{}\t{}\t{}\t[]\t{}\t{}\t{}",
                table::escape(phrasing),
                table::escape(&entry.answer),
                table::escape(entry.source.as_deref().unwrap_or_default()),
                metadata.join("|"),
                !entry.only_after.is_empty(),
                table::escape(&prompts),
                number + 1
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use super::*;

    fn parse(text: &str) -> Result<Parsed, RowError> {
        super::parse(
            text,
            &mut Wanted { columns: &ColumnMap::default(), language: None, progress: &mut |_| () },
        )
    }

    #[test]
    fn columns_are_found_by_name_and_rows_know_their_lines() {
        let text = "ID, Answer ,question,tags\r\n1,\"two\nlines\",\"What, then?\",\"a, b\"\r\n2,short\r\n";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.entries[0].questions, ["What, then?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("two\nlines"));
        assert_eq!(parsed.entries[0].tags, ["a", " b"]);
        assert_eq!((parsed.entries[1].line, parsed.entries[1].questions.len()), (4, 0));
    }

    #[test]
    fn rows_of_one_id_or_one_answer_are_one_entry() {
        let parsed = parse("q;a\nwhere?;here\nwhich place?;here\nwho?;me\n").unwrap();
        assert_eq!(parsed.entries.len(), 2);
        assert_eq!(parsed.entries[0].questions, ["where?", "which place?"]);
        let parsed = parse("id,question,answer\n1,a,x\n1,b,\n1,c,y\n2,d,x\n").unwrap();
        assert_eq!(parsed.entries[0].questions, ["a", "b", "c"]);
        assert_eq!((parsed.entries.len(), parsed.notes[0].line), (2, 4));
    }

    #[test]
    fn qna_maker_tsv_is_read() {
        let text = "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\nA \"b?\t1. x\\n2. y\ts\t\t[]\tfalse\t[]\t7\nC?\t1. x\\n2. y\ts\t\t[]\tfalse\t[]\t7\n";
        let parsed = parse(text).unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped.len()), (1, 0));
        assert_eq!(parsed.entries[0].questions, ["A \"b?", "C?"]);
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("1. x\n2. y"));
    }

    #[test]
    fn two_columns_need_no_header() {
        let parsed = parse("Where is it?,Here.\nWho?,Me.\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.entries[0].line), (2, 1));
    }

    #[test]
    fn what_excel_and_people_put_there() {
        let parsed = parse("sep=;\r\nQuestion;Answer\r\nWhere?;Here.\r\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.entries[0].line), (1, 3));
        let parsed = parse("Our FAQ,,\n,,\nid,question,answer\n1,a,b\n").unwrap();
        assert_eq!(
            (parsed.entries.len(), &*parsed.skipped[0].reason),
            (1, "1 row above the header, left out")
        );
        let parsed = parse("question,answer\nIs it free?,Yes, it is free, for ever.\n").unwrap();
        assert_eq!(parsed.entries[0].answer.as_deref(), Some("Yes, it is free, for ever."));
        assert!(parsed.notes[0].reason.starts_with("2 fields more"));
        let parsed = parse("answer,question\nYes,free?,really\n").unwrap();
        assert!(parsed.notes[0].reason.contains("left out"));
        let parsed = parse("id,question,answer,tags,source\n1,a,x,t,s\n1,b,,u,r\n").unwrap();
        assert_eq!((parsed.entries[0].tags.len(), parsed.skipped[0].line), (2, 3));
        let parsed = parse("q,a\nq1,\"open\nq2,two\nq3,three 5\" pipe\n").unwrap();
        assert_eq!(parsed.notes[0].line, 2);
    }

    #[test]
    fn an_open_quote_does_not_swallow_the_rest_in_silence() {
        let parsed = parse("question,answer\na,b\nc,\"d\ne,f\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped[0].line), (1, 3));
        let parsed = parse("question,answer\nhow long is a 5\" pipe,long\n").unwrap();
        assert_eq!((parsed.entries.len(), parsed.skipped.len()), (1, 0));
    }

    #[test]
    fn other_columns_and_bad_numbers_are_said() {
        let parsed = parse("question,answer,min_confidence,rank\na,b,0.5,1\nc,d,high,2\n").unwrap();
        assert_eq!(parsed.entries[0].min_confidence, Some(0.5));
        assert_eq!((parsed.notes[0].line, parsed.skipped[0].line), (1, 3));
    }

    #[test]
    fn a_header_without_the_columns_is_an_error() {
        let error = parse("question,b,c\n1,2,3\n").unwrap_err();
        assert_eq!(error.reason, "no column `answer` in the first row: question, b, c");
        assert!(parse("").is_err());
    }
}
