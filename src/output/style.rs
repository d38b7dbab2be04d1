//! Text on a terminal: styles, the width to wrap at, and texts that cannot harm it.
//!
//! Styles are always written; whoever prints takes them out where they are not wanted (anstream does).

use anstyle::{AnsiColor, Style};
use faqbot::faq::sanitize::visible;

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const FAIR_LABEL: Style = AnsiColor::Yellow.on_default().bold();
pub const ERROR_LABEL: Style = AnsiColor::Red.on_default().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const FAIR: Style = AnsiColor::Yellow.on_default();
pub const POOR: Style = AnsiColor::Red.on_default();

/// A text in a style.
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The columns to wrap at: the terminal's, within what reads well, or 80.
pub fn width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)).clamp(30, 100)
}

/// A text with its control characters made visible: escape sequences in a FAQ file or a query must
/// not reach the terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '\t' { ' ' } else { visible(c) }).collect()
}

/// A line of text wrapped to `width` columns, with its line break.
pub fn wrapped(text: &str, width: usize) -> String {
    textwrap::fill(plain(text).trim(), width) + "\n"
}

/// A number of things.
pub fn count(number: usize, one: &str, more: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(plain("a\x1b[31mb\x07\tc\r\n\u{9b}d\u{202e}"), "a␛[31mb␇ c␍\n\u{fffd}d\u{fffd}");
    }
}
