//! Which headings of a page are the questions. Markdown, HTML and reStructuredText share it.

/// Words that questions begin with, where they do not end in a question mark.
const OPENERS: [&str; 14] =
    ["how", "what", "why", "when", "where", "who", "which", "can", "do", "does", "is", "are", "should", "i"];

/// The level that holds the questions, of headings with level and text: that with the most headings
/// that ask; with the most headings where none asks, the deepest of equals. `None` without headings.
pub fn question_level<'t>(headings: impl Iterator<Item = (usize, &'t str)>) -> Option<usize> {
    // For each level: how many ask, and how many there are.
    let mut counts = [(0, 0); 8];
    for (level, text) in headings {
        let count = &mut counts[level.min(7)];
        count.0 += usize::from(asks(text));
        count.1 += 1;
    }
    let (&most, level) = counts.iter().zip(0..).max()?;
    (most.1 > 0).then_some(level)
}

/// Whether a heading is a question.
pub fn asks(heading: &str) -> bool {
    let first = heading.split([' ', '\'', '’']).next().unwrap_or_default().to_lowercase();
    heading.ends_with(['?', '？']) || OPENERS.contains(&&*first)
}

/// A question without the "Q:" before it.
pub fn unmarked(text: &str) -> &str {
    ["Q:", "Q.", "Question:"].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start()
}

/// An answer without the "A:" before it.
pub fn unmarked_answer(text: &str) -> &str {
    ["A:", "A.", "Answer:"].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim_start()
}
