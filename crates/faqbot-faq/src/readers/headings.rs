//! Finds the headings of a page that are its questions, and the markers before questions and answers. Shared
//! by Markdown, HTML, reStructuredText and plain text.

/// Words that start a question, for those without a question mark.
const OPENERS: [&str; 13] =
    ["how", "what", "why", "when", "where", "who", "which", "can", "do", "does", "is", "are", "should"];

/// What a question ends in: also in Chinese and Japanese, and in Arabic.
pub const QUESTION_ENDS: [char; 3] = ['?', '？', '؟'];

/// Markers before questions and answers, in lower case.
const QUESTION_MARKS: [&str; 4] = ["question", "frage", "q", "问"];
const ANSWER_MARKS: [&str; 4] = ["answer", "antwort", "a", "答"];

/// The level that holds the questions, from the level and text of each heading. It is the level with the most
/// questions, among equals the one with the fewest other headings. If no heading is a question, it is the
/// level with the most headings, among equals the deepest. `None` without headings.
pub fn question_level<'t>(headings: impl Iterator<Item = (usize, &'t str)>) -> Option<usize> {
    // For each level: the number of questions, their share in thousandths, and the number of headings.
    let mut counts = [(0usize, 0usize, 0usize); 8];
    for (level, text) in headings {
        let count = &mut counts[level.min(7)];
        count.0 += usize::from(asks(text));
        count.2 += 1;
        count.1 = 1000 * count.0 / count.2;
    }
    let (&most, level) = counts.iter().zip(0..).max()?;
    (most.2 > 0).then_some(level)
}

/// Whether a heading is a question.
pub fn asks(heading: &str) -> bool {
    let first = heading.split([' ', '\'', '’']).next().unwrap_or_default().to_lowercase();
    heading.ends_with(QUESTION_ENDS) || OPENERS.contains(&&*first)
}

/// The text after "Q:", "Q1.", "Question:" or the like, if it starts with such a marker.
pub fn after_question_mark(text: &str) -> Option<&str> {
    after_mark(text, &QUESTION_MARKS)
}

/// The text after "A:", "Answer:" or the like, if it starts with such a marker.
pub fn after_answer_mark(text: &str) -> Option<&str> {
    after_mark(text, &ANSWER_MARKS)
}

/// Whether a cell or line is marked as a question or an answer, and the text after the mark: `Q`, `A:`, `Question 3`,
/// `Q: Where is it?`.
pub fn mark(text: &str) -> Option<(Marked, &str)> {
    if let Some(rest) = after_question_mark(text) {
        return Some((Marked::Question, rest));
    }
    if let Some(rest) = after_answer_mark(text) {
        return Some((Marked::Answer, rest));
    }
    let alone = text.trim().trim_end_matches([':', '：', '.', ')']);
    let alone = alone.trim_end_matches(|c: char| c.is_ascii_digit() || c == '#').trim_end().to_lowercase();
    if QUESTION_MARKS.contains(&&*alone) {
        Some((Marked::Question, ""))
    } else if ANSWER_MARKS.contains(&&*alone) {
        Some((Marked::Answer, ""))
    } else {
        None
    }
}

/// What a mark says that a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    Question,
    Answer,
}

fn after_mark<'t>(text: &'t str, marks: &[&str]) -> Option<&'t str> {
    let whole = text.trim_start();
    // A mark may be bold: "**A**: Yes", "**A:** Yes".
    let text = whole.trim_start_matches(['*', '_']);
    let bold = text.len() < whole.len();
    let unbold = |text: &'t str| if bold { text.trim_start_matches(['*', '_']) } else { text };
    let found = marks.iter().find_map(|mark| {
        let head = text.get(..mark.len())?;
        (head.to_lowercase() == *mark).then(|| &text[mark.len()..])
    })?;
    let found = unbold(found.trim_start_matches(|c: char| c.is_ascii_digit()));
    // A colon always makes a marker, a full stop only before white space: "Q.E.D." is a word.
    let rest = found
        .strip_prefix([':', '：'])
        .or_else(|| found.strip_prefix(['.', ')']).filter(|rest| rest.starts_with(char::is_whitespace)))?;
    let rest = unbold(rest).trim_start();
    (!rest.is_empty()).then_some(rest)
}

/// Strips the number before a question: "1. ", "2.3) ".
fn unnumbered(question: &str) -> &str {
    let rest = question.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start_matches(')');
    let numbered = rest.len() < question.len() && question.starts_with(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix(char::is_whitespace).filter(|_| numbered).map(str::trim_start);
    rest.filter(|rest| asks(rest)).unwrap_or(question)
}

/// Strips the markers and numbers before a question and its answer. The answer's marker counts only if the
/// question has one: "A. Lincoln" is a name.
pub fn unmarked<'t>(question: &'t str, answer: &'t str) -> (&'t str, &'t str) {
    match after_question_mark(question) {
        Some(question) => (question, after_answer_mark(answer).unwrap_or(answer)),
        None => (unnumbered(question), answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_no_words() {
        assert_eq!(unmarked("Q: Who?", "A: Me."), ("Who?", "Me."));
        assert_eq!(unmarked("q12. Who?", "Answer: Me."), ("Who?", "Me."));
        assert_eq!(
            unmarked("Who is Lincoln?", "A. Lincoln was president."),
            ("Who is Lincoln?", "A. Lincoln was president.")
        );
        assert_eq!(unmarked("Q.E.D. means what?", "A.I."), ("Q.E.D. means what?", "A.I."));
        assert_eq!(unmarked("Frage: Wer?", "Antwort: Ich."), ("Wer?", "Ich."));
        assert_eq!(unmarked("2.3) Who?", "A: Me."), ("Who?", "A: Me."));
        assert_eq!(unmarked("1. Orders", "x"), ("1. Orders", "x"));
        assert_eq!(unmarked("3D, what is it?", "x").0, "3D, what is it?");
        assert_eq!(after_question_mark("Question?"), None);
        assert_eq!(unmarked("Q: Who?", "**A**: Me."), ("Who?", "Me."));
        assert_eq!(unmarked("Q: Who?", "**A:** Me."), ("Who?", "Me."));
        assert_eq!(mark("Q3"), Some((Marked::Question, "")));
        assert_eq!(mark("Answer:"), Some((Marked::Answer, "")));
        assert_eq!(mark("A: Yes."), Some((Marked::Answer, "Yes.")));
        assert_eq!((mark("A yes"), mark("Qatar")), (None, None));
        assert_eq!(after_question_mark("Q:"), None);
    }
}
