//! Passages: an answer in pieces of a few sentences, as much as the reader reads at once.

/// An answer of at most so many bytes is one passage: the reader reads some 60 tokens of it.
const WHOLE: usize = 320;

/// Bytes of a passage of a longer one.
const PASSAGE: usize = 240;

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

/// The sentences of a text, as ranges of bytes without the space around them. A line ends a sentence too.
pub fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut push = |from: usize, to: usize| {
        let inner = text[from..to].trim();
        if !inner.is_empty() {
            let from = from + text[from..to].len() - text[from..to].trim_start().len();
            found.push((from, from + inner.len()));
        }
    };
    let mut closed = false;
    for (at, c) in text.char_indices() {
        if c == '\n' || (closed && c.is_whitespace()) {
            push(begin, at);
            begin = at;
        }
        closed = matches!(c, '.' | '!' | '?') || (closed && matches!(c, '"' | ')' | '”' | '’' | '*'));
    }
    push(begin, text.len());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_with_their_marks_or_the_line() {
        let text = " One. Two (really?) three!\n- four 1.5 five\n\n";
        let parts: Vec<&str> = sentences(text).into_iter().map(|(from, to)| &text[from..to]).collect();
        assert_eq!(parts, ["One.", "Two (really?)", "three!", "- four 1.5 five"]);
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
