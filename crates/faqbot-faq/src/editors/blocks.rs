//! Markdown and `.qna`: headings with text below.

use super::{Where, tree};
use crate::change::Change;
use crate::formats::markdown::MARK;
use crate::readers::sections::ALSO;

/// Markdown with a change: phrasings stand in comments, which readers of the page do not see.
pub fn markdown(place: &Where, change: &Change) -> Vec<String> {
    let own = place.text.lines().any(|line| line.starts_with(MARK));
    let text = match change {
        Change::Phrasing { phrasing, .. } if own => in_comment(place, phrasing),
        Change::Phrasing { phrasing, .. } if !phrasing.contains("--") && !phrasing.contains('>') => {
            let heading = place.start_of(place.line);
            let mut at = place.end_of_line(heading);
            // Below the phrasings that stand there.
            while place.text[at..].starts_with(ALSO) {
                at = place.end_of_line(at);
            }
            Some(place.with_lines(at, &format!("{ALSO} {phrasing} -->\n")))
        }
        Change::Entry { question, answer: Some(answer) } => {
            let heading = place.text[place.start_of(place.line)..].lines().next().unwrap_or_default();
            let level = heading.len() - heading.trim_start_matches('#').len();
            let level = if (1..=6).contains(&level) { level } else { 2 };
            let apart = if place.text.ends_with('\n') { "\n" } else { "\n\n" };
            let entry = format!("{apart}{} {question}\n\n{answer}\n", "#".repeat(level));
            Some(format!("{}{}", place.text, entry.replace('\n', place.end)))
        }
        _ => None,
    };
    text.into_iter().collect()
}

/// A file that the program wrote, with a phrasing in the entry's comment.
fn in_comment(place: &Where, phrasing: &str) -> Option<String> {
    let start = place.start_of(place.line);
    let end = place.end_of_line(start);
    let line = &place.text[start..end];
    let json = line.trim_end().strip_prefix(MARK)?.strip_suffix("-->")?;
    let edited = match json.contains("\"also\"") {
        true => tree::edit_json(json.trim(), phrasing)?,
        false => {
            let also = serde_json::json!([phrasing]);
            format!("{},\"also\":{also}}}", json.trim().strip_suffix('}')?)
        }
    };
    // Two hyphens would end the comment.
    let edited = edited.replace("--", "-\\u002d");
    let behind = &line[line.trim_end().len()..];
    Some(format!("{}{MARK}{edited} -->{behind}{}", &place.text[..start], &place.text[end..]))
}

/// `.qna` with a change.
pub fn qna(place: &Where, change: &Change) -> Vec<String> {
    with_section(place, change).into_iter().collect()
}

fn with_section(place: &Where, change: &Change) -> Option<String> {
    match change {
        Change::Phrasing { phrasing, .. } => {
            let mut at = place.end_of_line(place.start_of(place.line));
            let is_phrasing = |line: &str| {
                line.trim().strip_prefix(['-', '*', '+']).is_some_and(|item| !item.trim().is_empty())
                    && !line.trim().starts_with("**")
            };
            let mut bullet = "-";
            while let Some(line) =
                place.text[at..].split_inclusive('\n').next().filter(|line| is_phrasing(line))
            {
                bullet = &line.trim()[..1];
                at += line.len();
            }
            Some(place.with_lines(at, &format!("{bullet} {phrasing}\n")))
        }
        Change::Entry { question, answer: Some(answer) } if !answer.contains("```") => {
            let apart = if place.text.ends_with('\n') { "\n" } else { "\n\n" };
            let entry = format!("{apart}# ? {question}\n\n```markdown\n{answer}\n```\n");
            Some(format!("{}{}", place.text, entry.replace('\n', place.end)))
        }
        Change::Entry { .. } => None,
    }
}
