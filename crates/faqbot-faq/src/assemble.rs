//! Turns parsed files of any format into a FAQ: trims texts and sanitizes them, joins halves of entries,
//! assigns ids, and leaves out and reports what cannot be used.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_64;

use super::entry::{Entry, EntryId, Faq};
use super::format::Format;
use super::loaded::{FileSummary, Loaded, Place};
use super::normalize::{abridge, normalize_phrasing, slug};
use super::options::{Answers, ReadOptions};
use super::parsed::{Parsed, RawEntry};
use super::sanitize::sanitize;
use crate::error::{Error, Result, RowError};
use crate::readers::html_text;

/// A file as its parser read it.
#[derive(Debug)]
pub struct Part {
    pub path: PathBuf,
    pub format: Option<&'static Format>,
    pub parsed: Parsed,
}

/// Combines the parsed files into one FAQ.
///
/// # Errors
///
/// Returns an error if a limit is exceeded or no entry is left.
pub fn assemble(mut parts: Vec<Part>, options: &ReadOptions) -> Result<Loaded> {
    join_halves(&mut parts);
    let limits = &options.limits;
    let mut files: Vec<FileSummary> = Vec::with_capacity(parts.len());
    let mut faq = Faq::default();
    let mut places: Vec<Place> = Vec::new();
    let (mut skipped, mut merged, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    // Reserve the ids that the files give, so that a generated one never takes one of them.
    let given: HashSet<String> =
        parts.iter().flat_map(|part| &part.parsed.entries).filter_map(|raw| clean(raw.id.clone()?)).collect();
    let mut taken: HashMap<String, Place> = HashMap::new();
    // The number to try next for each slug (by its hash), since many entries may have the same question.
    let mut next: HashMap<u64, usize> = HashMap::new();
    // Where entries lead, and by what names of their own file they are named there.
    let mut links: Vec<(usize, Place, Link)> = Vec::new();
    let mut names: HashMap<(usize, String), usize> = HashMap::new();

    for (file, part) in parts.into_iter().enumerate() {
        let Part { path, format, parsed } = part;
        let in_file = |row: RowError| row.in_file(&path);
        let mut summary =
            FileSummary { path: path.clone(), format, taken: parsed.taken, entries: 0, phrasings: 0 };
        let mut own: Vec<RowError> = parsed.skipped;
        let mut controls: Option<usize> = None;
        for mut raw in parsed.entries {
            let line = raw.line;
            let link = Link::of(&mut raw);
            let left_out = read_html(&mut raw);
            if !left_out.is_empty() {
                let reason = format!("the answer's HTML has {}; only text is shown", left_out.join(" and "));
                notes.push(in_file(RowError::new(line, reason)));
            }
            let own_names = [raw.id.clone().and_then(clean), raw.number.take()];
            let (id, mut entry) = match check(raw, options.answers, &mut controls, &mut merged, &in_file) {
                Ok(checked) => checked,
                Err(reason) => {
                    own.push(RowError::new(line, reason));
                    continue;
                }
            };
            let longest = entry.phrasings.iter().chain([&entry.answer]).map(String::len).max().unwrap_or(0);
            if longest > limits.text_bytes {
                let reason = format!(
                    "line {line}: a text has {longest} bytes, more than the limit of {} (text-bytes)",
                    limits.text_bytes
                );
                return Err(Error::Limit { path, reason });
            }
            let mut free = |stem: String| {
                let number = next.entry(xxh3_64(stem.as_bytes())).or_insert(1);
                loop {
                    let id = if *number == 1 { stem.clone() } else { format!("{stem}-{number}") };
                    *number += 1;
                    if !given.contains(&id) && !taken.contains_key(&id) {
                        break id;
                    }
                }
            };
            let id = match id {
                None => free(slug(entry.question())),
                Some(id) => match taken.get(&id) {
                    None => id,
                    // Files, sheets and sections each number their own entries.
                    Some(first) => {
                        let other = if first.file == file {
                            free(id.clone())
                        } else {
                            let stem = path
                                .file_stem()
                                .map_or_else(|| "faq".to_owned(), |stem| slug(&stem.to_string_lossy()));
                            free(format!("{stem}-{id}"))
                        };
                        let place = if first.file == file {
                            format!("line {}", first.line)
                        } else {
                            format!("{}:{}", files[first.file].path.display(), first.line)
                        };
                        let reason = format!("the id `{id}` is taken by {place}; here it is `{other}`");
                        notes.push(in_file(RowError::new(line, reason)));
                        other
                    }
                },
            };
            summary.entries += 1;
            summary.phrasings += entry.phrasings.len();
            entry.id = EntryId::from(id.as_str());
            taken.insert(id, Place { file, line });
            places.push(Place { file, line });
            for name in own_names.into_iter().flatten() {
                names.entry((file, name)).or_insert(faq.entries.len());
            }
            links.extend(link.map(|link| (faq.entries.len(), Place { file, line }, link)));
            faq.entries.push(entry);
            if faq.entries.len() > limits.entries {
                let reason = format!("more than {} entries, which is the limit (entries)", limits.entries);
                return Err(Error::Limit { path, reason });
            }
        }
        if let Some(line) = controls {
            let reason = "control characters from here on; they are shown as symbols";
            notes.push(in_file(RowError::new(line, reason)));
        }
        own.sort_by_key(|row| row.line);
        skipped.extend(own.into_iter().map(in_file));
        merged.extend(parsed.merged.into_iter().map(in_file));
        notes.extend(parsed.notes.into_iter().map(in_file));
        for (field, text) in [
            (&mut faq.title, parsed.title),
            (&mut faq.greeting, parsed.greeting),
            (&mut faq.fallback, parsed.fallback),
            (&mut faq.contact, parsed.contact),
            (&mut faq.language, parsed.language),
        ] {
            if field.is_none() {
                *field = text.and_then(|text| clean(sanitize(text).0));
            }
        }
        if faq.small_talk.is_default() {
            faq.small_talk = parsed.small_talk;
            for text in faq.small_talk.own.values_mut() {
                *text = text.take().and_then(|text| clean(sanitize(text).0));
            }
        }
        let group =
            |group: Vec<String>| group.into_iter().filter_map(|word| clean(sanitize(word).0)).collect();
        faq.synonyms.extend(parsed.synonyms.into_iter().map(group));
        files.push(summary);
    }
    tie(&mut faq, links, &names, &mut |place, reason| {
        notes.push(RowError::new(place.line, reason).in_file(&files[place.file].path));
    });
    if faq.entries.is_empty() {
        let path = files.into_iter().next().map(|file| file.path).unwrap_or_default();
        return Err(Error::NoEntries { path, rows: skipped });
    }
    Ok(Loaded { faq, places, files, skipped, merged, notes })
}

/// Joins the halves of entries. Some tools keep questions and answers apart, in one file or several, and give
/// both the same name or say elsewhere which belong together.
fn join_halves(parts: &mut [Part]) {
    let aliases: HashMap<String, String> =
        parts.iter_mut().flat_map(|part| std::mem::take(&mut part.parsed.aliases)).collect();
    // The file and position of questions and answers, by name. If a name has questions in several places,
    // they are joined into the first.
    let mut answers: HashMap<String, (usize, usize)> = HashMap::new();
    let mut questions: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
    for (file, part) in parts.iter().enumerate() {
        for (at, raw) in part.parsed.entries.iter().enumerate().filter(|(_, raw)| raw.half) {
            let name = raw.id.clone().unwrap_or_default();
            match raw.answer {
                Some(_) => drop(answers.entry(name).or_insert((file, at))),
                None => questions.entry(name).or_default().push((file, at)),
            }
        }
    }
    for (name, places) in questions {
        let (file, at) = places[0];
        for &(other_file, other) in &places[1..] {
            let more = std::mem::take(&mut parts[other_file].parsed.entries[other].questions);
            let line = parts[other_file].parsed.entries[other].line;
            let first = &mut parts[file].parsed.entries[at];
            first.questions.extend(more);
            let reason = format!("joined with line {}, which has the same name `{name}`", first.line);
            parts[other_file].parsed.merged.push(RowError::new(line, reason));
        }
        let place = answers.get(&name).or_else(|| answers.get(aliases.get(&name)?));
        if let Some(&(other_file, other)) = place {
            // Several names may lead to the same answer.
            let RawEntry { answer, variants, .. } = &parts[other_file].parsed.entries[other];
            let (answer, variants) = (answer.clone(), variants.clone());
            parts[file].parsed.entries[at].answer = answer;
            parts[file].parsed.entries[at].variants = variants;
            parts[other_file].parsed.entries[other].used = true;
        }
    }
    for part in parts {
        part.parsed
            .entries
            .retain(|raw| !raw.half || !(raw.used || (raw.questions.is_empty() && raw.answer.is_none())));
    }
}

/// Makes Markdown of answers that are HTML, as exports of shops and help desks have them; what has no text is left out.
fn read_html(raw: &mut RawEntry) -> Vec<&'static str> {
    let mut left_out = Vec::new();
    for text in raw.answer.iter_mut().chain(&mut raw.variants) {
        if let Some((markdown, without_text)) = html_text::answer_to_markdown(text) {
            *text = markdown;
            left_out.extend(without_text);
        }
    }
    left_out.dedup();
    left_out
}

/// Where an entry leads, by names.
struct Link {
    follow_ups: Vec<String>,
    only_after: Vec<String>,
    context_only: bool,
}

impl Link {
    fn of(raw: &mut RawEntry) -> Option<Link> {
        let link = Link {
            follow_ups: std::mem::take(&mut raw.follow_ups),
            only_after: std::mem::take(&mut raw.only_after),
            context_only: raw.context_only,
        };
        (!link.follow_ups.is_empty() || !link.only_after.is_empty() || link.context_only).then_some(link)
    }
}

/// Ties entries to those that they name by id, number or question, and reports names that lead nowhere.
fn tie(
    faq: &mut Faq,
    links: Vec<(usize, Place, Link)>,
    names: &HashMap<(usize, String), usize>,
    report: &mut dyn FnMut(Place, String),
) {
    if links.is_empty() {
        return;
    }
    let mut by_id = HashMap::new();
    let mut by_phrasing = HashMap::new();
    for (at, entry) in faq.entries.iter().enumerate() {
        by_id.insert(entry.id.to_string(), at);
        for phrasing in &entry.phrasings {
            by_phrasing.entry(normalize_phrasing(phrasing)).or_insert(at);
        }
    }
    let mut found = |field: &str, own: usize, place: Place, wanted: Vec<String>| {
        let mut positions: Vec<usize> = Vec::new();
        for name in wanted {
            let name = name.trim();
            let at = names
                .get(&(place.file, name.to_owned()))
                .or_else(|| by_id.get(name))
                .or_else(|| by_phrasing.get(&normalize_phrasing(name)));
            match at {
                Some(&at) if at != own && !positions.contains(&at) => positions.push(at),
                Some(_) => {}
                None => {
                    let reason =
                        format!("`{field}` names \"{}\", which is no id or question", abridge(name, 60));
                    report(place, reason);
                }
            }
        }
        positions
    };
    let mut parents: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut tied = Vec::with_capacity(links.len());
    for (own, place, link) in links {
        let follow_ups = found("follow_ups", own, place, link.follow_ups);
        let only_after = found("only_after", own, place, link.only_after);
        for &child in &follow_ups {
            parents.entry(child).or_default().push(own);
        }
        tied.push((own, place, follow_ups, only_after, link.context_only));
    }
    let id = |faq: &Faq, at: &usize| faq.entries[*at].id.clone();
    for (own, place, follow_ups, mut only_after, context_only) in tied {
        if context_only && only_after.is_empty() {
            only_after = parents.get(&own).cloned().unwrap_or_default();
            if only_after.is_empty() {
                report(place, "it is for follow-ups only, and follows none: it answers at any time".into());
            }
        }
        let follow_ups = follow_ups.iter().map(|at| id(faq, at)).collect();
        let only_after = only_after.iter().map(|at| id(faq, at)).collect();
        let entry = &mut faq.entries[own];
        (entry.follow_ups, entry.only_after) = (follow_ups, only_after);
    }
}

/// Trims a text without copying it; `None` if nothing is left.
fn clean(mut text: String) -> Option<String> {
    text.truncate(text.trim_end().len());
    let start = text.len() - text.trim_start().len();
    text.drain(..start);
    (!text.is_empty()).then_some(text)
}

/// Checks an entry. Returns the id that the file gives it and the entry, which has no id of its own yet, or
/// why it cannot be used. `controls` is the first line with control characters.
fn check(
    raw: RawEntry,
    answers: Answers,
    controls: &mut Option<usize>,
    merged: &mut Vec<RowError>,
    in_file: &dyn Fn(RowError) -> RowError,
) -> std::result::Result<(Option<String>, Entry), String> {
    let line = raw.line;
    let mut tidy = |text: String| {
        let (text, changed) = sanitize(text);
        if changed {
            controls.get_or_insert(line);
        }
        clean(text)
    };
    let mut seen = HashSet::new();
    let mut phrasings = Vec::with_capacity(raw.questions.len());
    for question in raw.questions.into_iter().filter_map(&mut tidy) {
        if seen.insert(question.to_lowercase()) {
            phrasings.push(question);
        } else {
            let reason = format!("\"{}\" stands twice in the entry", abridge(&question, 60));
            merged.push(in_file(RowError::new(line, reason)));
        }
    }
    let id = raw.id.and_then(&mut tidy);
    if phrasings.is_empty() {
        return Err(match id {
            Some(id) => format!("no question for `{}`", abridge(&id, 60)),
            None => "no question".into(),
        });
    }
    let answer = match raw.answer.and_then(&mut tidy) {
        Some(_) if raw.out_of_scope => {
            return Err(format!(
                "\"{}\" is out of scope and has an answer: drop one of the two",
                abridge(&phrasings[0], 60)
            ));
        }
        Some(answer) => answer,
        None if raw.out_of_scope || answers == Answers::Optional => String::new(),
        None => return Err(format!("no answer to \"{}\"", abridge(&phrasings[0], 60))),
    };
    if let Some(confidence) = raw.min_confidence
        && !(0.0..=1.0).contains(&confidence)
    {
        return Err(format!("min_confidence is {confidence}; it must lie from 0 to 1"));
    }
    if raw.crisis && raw.out_of_scope {
        let question = abridge(&phrasings[0], 60);
        return Err(format!(
            "\"{question}\" is `crisis` and `out_of_scope`: people in danger need an answer"
        ));
    }
    let mut variants: Vec<String> = raw.variants.into_iter().filter_map(&mut tidy).collect();
    let mut seen = HashSet::from([answer.clone()]);
    variants.retain(|variant| !raw.out_of_scope && seen.insert(variant.clone()));
    let entry = Entry {
        id: EntryId::from(""),
        phrasings,
        answer,
        variants,
        source: raw.source.and_then(&mut tidy),
        tags: raw.tags.into_iter().filter_map(&mut tidy).collect(),
        min_confidence: raw.min_confidence,
        urgent: raw.urgent || raw.crisis,
        crisis: raw.crisis,
        out_of_scope: raw.out_of_scope,
        follow_ups: Vec::new(),
        only_after: Vec::new(),
    };
    Ok((id, entry))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::options::Limits;

    fn part(name: &str, parsed: Parsed) -> Part {
        Part { path: name.into(), format: None, parsed }
    }

    fn shown(rows: &[RowError]) -> Vec<String> {
        rows.iter().map(|row| format!("{}: {}", row.line, row.reason)).collect()
    }

    fn raw(line: usize, id: Option<&str>, questions: &[&str], answer: Option<&str>) -> RawEntry {
        RawEntry {
            line,
            id: id.map(Into::into),
            questions: questions.iter().map(|&question| question.into()).collect(),
            answer: answer.map(Into::into),
            ..RawEntry::default()
        }
    }

    #[test]
    fn every_bad_row_is_said_and_the_rest_is_used() {
        let parsed = Parsed {
            entries: vec![
                raw(1, None, &["What is it?", " what is IT? ", "Which?"], Some(" This. ")),
                raw(5, None, &["  "], Some("answer")),
                raw(7, None, &["And then?"], Some("  ")),
                raw(9, Some("what-is-it"), &["What else?"], Some("That.")),
                raw(11, Some("what-is-it"), &["What now?"], Some("Nothing.")),
                RawEntry { min_confidence: Some(1.5), ..raw(13, None, &["How sure?"], Some("Very.")) },
            ],
            skipped: vec![RowError::new(3, "broken")],
            ..Parsed::default()
        };
        let loaded = assemble(vec![part("a", parsed)], &ReadOptions::default()).unwrap();
        let ids: Vec<&str> = loaded.faq.entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["what-is-it-2", "what-is-it", "what-is-it-3"]);
        assert_eq!(
            shown(&loaded.notes),
            ["11: the id `what-is-it` is taken by line 9; here it is `what-is-it-3`"]
        );
        assert_eq!(loaded.faq.entries[0].phrasings, ["What is it?", "Which?"]);
        assert_eq!(loaded.faq.entries[0].answer, "This.");
        assert_eq!(shown(&loaded.merged), ["1: \"what is IT?\" stands twice in the entry"]);
        assert_eq!(
            shown(&loaded.skipped),
            [
                "3: broken",
                "5: no question",
                "7: no answer to \"And then?\"",
                "13: min_confidence is 1.5; it must lie from 0 to 1",
            ]
        );
    }

    #[test]
    fn halves_are_joined_across_files_and_ids_stay_apart() {
        let half = |line: usize, id: &str, questions: &[&str], answer: Option<&str>| RawEntry {
            half: true,
            ..raw(line, Some(id), questions, answer)
        };
        let intents = Parsed {
            entries: vec![
                half(1, "faq/a", &["what?", "which?"], None),
                raw(4, Some("7"), &["one"], Some("x")),
                half(5, "price", &["how much?"], None),
            ],
            ..Parsed::default()
        };
        let responses = Parsed {
            entries: vec![
                half(2, "faq/a", &[], Some("this")),
                half(3, "faq/a", &["what then?"], None),
                half(4, "price_answer", &[], Some("ten")),
                half(5, "faq/b", &[], Some("that")),
                raw(6, Some("7"), &["two"], Some("y")),
            ],
            aliases: vec![("price".into(), "price_answer".into())],
            ..Parsed::default()
        };
        let loaded =
            assemble(vec![part("nlu", intents), part("Second file.tsv", responses)], &ReadOptions::default())
                .unwrap();
        let ids: Vec<&str> = loaded.faq.entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["faq/a", "7", "price", "second-file-7"]);
        assert_eq!(loaded.faq.entries[0].answer, "this");
        assert_eq!(loaded.faq.entries[0].phrasings, ["what?", "which?", "what then?"]);
        assert_eq!(loaded.faq.entries[2].answer, "ten");
        assert_eq!(loaded.place(3), (Path::new("Second file.tsv"), 6));
        assert_eq!(shown(&loaded.merged), ["3: joined with line 1, which has the same name `faq/a`"]);
        assert_eq!(shown(&loaded.skipped), ["5: no question for `faq/b`"]);
        assert_eq!(shown(&loaded.notes), ["6: the id `7` is taken by nlu:4; here it is `second-file-7`"]);
    }

    #[test]
    fn limits_are_errors_with_their_names() {
        let parsed = |text: &str| Parsed {
            entries: vec![raw(3, None, &["q", "r"], Some(text)), raw(4, None, &["s"], Some("t"))],
            ..Parsed::default()
        };
        let mut options = ReadOptions::default();
        options.limits.entries = 1;
        let error = assemble(vec![part("a", parsed("x"))], &options).unwrap_err().to_string();
        assert_eq!(error, "a: more than 1 entries, which is the limit (entries)");
        options.limits = Limits { text_bytes: 3, ..Limits::default() };
        assert!(assemble(vec![part("a", parsed("long"))], &options).is_err());
        assert!(assemble(vec![part("a", parsed("abc"))], &options).is_ok());
    }

    #[test]
    fn control_characters_become_symbols() {
        let parsed =
            Parsed { entries: vec![raw(3, None, &["a\x1b[31m?"], Some("b\r\nc\x07"))], ..Parsed::default() };
        let loaded = assemble(vec![part("a", parsed)], &ReadOptions::default()).unwrap();
        assert_eq!(loaded.faq.entries[0].phrasings, ["a␛[31m?"]);
        assert_eq!(loaded.faq.entries[0].answer, "b\nc␇");
        assert_eq!(loaded.notes[0].line, 3);
    }
}
