//! Passages: an answer in pieces of a few sentences, as much as the reader reads at once.

use std::borrow::Cow;
use std::ops::Range;

/// An answer of at most so many bytes is one passage: the reader reads some 60 tokens of it.
const WHOLE: usize = 320;

/// Bytes of a passage of a longer one.
const PASSAGE: usize = 240;

/// Bytes of an answer that passages are made of: whoever reads some passages need not look at a document.
const BEGIN: usize = 4_000;

/// The part of an answer that is read.
pub fn begin(answer: &str) -> &str {
    &answer[..answer.floor_char_boundary(BEGIN)]
}

/// The passages of an answer, as ranges of bytes; none where there is no text.
pub fn passages(answer: &str) -> Vec<(usize, usize)> {
    let begin = answer.len() - answer.trim_start().len();
    let end = begin + answer.trim().len();
    if begin == end {
        return Vec::new();
    }
    if end - begin <= WHOLE {
        return vec![(begin, end)];
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (from, to) in sentences(answer) {
        match found.last_mut() {
            Some(last) if to - last.0 <= PASSAGE => last.1 = to,
            _ => found.push((from, to)),
        }
    }
    found
}

/// The sentences of a text, as ranges of bytes without the space around them: up to a full stop, question mark or
/// exclamation mark with a space after it, a semicolon, or a line's end. A number alone is none.
pub fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut closed = false;
    let is_number =
        |sentence: &str| sentence.trim().trim_end_matches('.').chars().all(|c| c.is_ascii_digit());
    let mut push = |from: usize, to: usize| {
        let inner = text[from..to].trim();
        if !inner.is_empty() {
            let from = to - text[from..to].trim_start().len();
            found.push((from, from + inner.len()));
        }
    };
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let ended = c == '\n' || (closed && c.is_whitespace() && !is_number(&text[begin..at]));
        if ended || matches!(c, '？' | '。' | '！' | ';') {
            push(begin, end);
            begin = end;
        }
        closed = matches!(c, '.' | '!' | '?' | '…') || (closed && matches!(c, '"' | ')' | '”' | '’' | '*'));
    }
    push(begin, text.len());
    found
}

/// An answer with a passage of it in bold type, where that has no Markdown of its own that would break.
pub fn emphasised(answer: &str, span: Option<Range<usize>>) -> Cow<'_, str> {
    /// What is Markdown within a passage, and what begins a list or a quotation.
    const MARKS: [char; 12] = ['*', '_', '`', '[', ']', '<', '#', '|', '~', '\\', '\n', '>'];
    const BEGINS: [char; 2] = ['-', '+'];
    let is_plain = |span: &Range<usize>| {
        let (before, inner) = (&answer[..span.start], &answer[span.clone()]);
        let listed = inner.starts_with(BEGINS) || inner.starts_with(|c: char| c.is_ascii_digit());
        let open = ["**", "```", "~~~"].iter().any(|mark| before.matches(mark).count() % 2 == 1);
        !inner.contains(MARKS) && !listed && !open && !before.contains('<')
    };
    match span.filter(is_plain) {
        Some(Range { start, end }) => {
            format!("{}**{}**{}", &answer[..start], &answer[start..end], &answer[end..]).into()
        }
        None => answer.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_with_their_marks_or_the_line() {
        let text = " One. Two (really?) three!\n- four 1.5 five\n\n1. Six。七";
        let parts: Vec<&str> = sentences(text).into_iter().map(|(from, to)| &text[from..to]).collect();
        assert_eq!(parts, ["One.", "Two (really?)", "three!", "- four 1.5 five", "1. Six。", "七"]);
        assert!(sentences("").is_empty() && sentences(" \n ").is_empty());
    }

    #[test]
    fn long_answers_are_read_in_passages() {
        assert_eq!(passages(" Short. Both of it. "), [(1, 19)]);
        assert!(passages(" ").is_empty());
        let long = "This sentence says something. ".repeat(30);
        let found = passages(&long);
        assert!(found.len() > 3 && found.iter().all(|(from, to)| to - from <= PASSAGE));
        assert_eq!((found[0].0, found[found.len() - 1].1), (0, long.trim_end().len()));
        // A sentence is not cut, however long it is.
        assert_eq!(passages(&"word ".repeat(200)).len(), 1);
    }
}
