//! Answers, which are Markdown, as text for a terminal: lists and code keep their shape, links are
//! text and address, marks go.

use anstyle::Style;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use textwrap::core::display_width;

use super::style::{BOLD, DIM, plain, styled};

/// Code stands this far in.
const CODE_INDENT: &str = "    ";

/// A text as paragraphs, lists and code, wrapped to `width` columns. Ends with a line break.
pub fn render(text: &str, width: usize) -> String {
    let mut page = Page { width, ..Page::default() };
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        page.take(event);
    }
    page.flush();
    page.out
}

/// A text as it is set.
#[derive(Default)]
struct Page {
    width: usize,
    out: String,
    /// The line that is being gathered; it is wrapped when it ends.
    line: String,
    /// What lines begin with: the indentation of lists, the bars of quotes.
    indent: Vec<String>,
    /// The marker of a list item that has no line yet.
    marker: Option<String>,
    /// For each open list, the number of its next item, and whether that is the first.
    lists: Vec<(Option<u64>, bool)>,
    /// Whether an empty line is to come before the next line.
    gap: bool,
    code: bool,
    first_cell: bool,
    /// The addresses of open links, and where their texts begin in `line`.
    links: Vec<(String, usize)>,
}

impl Page {
    fn take(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => self.code(&text),
            Event::Text(text) => self.line.push_str(&plain(&text)),
            Event::Code(text) => self.line.push_str(&format!("`{}`", plain(&text))),
            Event::SoftBreak => self.line.push(' '),
            Event::HardBreak => self.flush(),
            Event::Rule => {
                self.line.push_str("---");
                self.block();
            }
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::List(first) => {
                // A list in an item follows its text at once.
                self.flush();
                self.gap &= self.lists.is_empty();
                self.lists.push((first, true));
            }
            Tag::Item => {
                let mut marker = "- ".to_owned();
                if let Some((number, first)) = self.lists.last_mut() {
                    // Between items there is no empty line.
                    self.gap &= *first;
                    *first = false;
                    if let Some(number) = number {
                        marker = format!("{number}. ");
                        *number += 1;
                    }
                }
                self.indent.push(" ".repeat(marker.len()));
                self.marker = Some(marker);
            }
            Tag::BlockQuote(_) => self.indent.push("> ".into()),
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = true;
            }
            Tag::Heading { .. } | Tag::Strong => self.line.push_str(&BOLD.render().to_string()),
            Tag::TableHead => {
                self.line.push_str(&BOLD.render().to_string());
                self.first_cell = true;
            }
            Tag::TableRow => self.first_cell = true,
            Tag::TableCell if !std::mem::take(&mut self.first_cell) => self.line.push_str("  "),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), self.line.len()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::Table => self.block(),
            TagEnd::Heading(_) => {
                self.line.push_str(&reset(BOLD));
                self.block();
            }
            TagEnd::Strong => self.line.push_str(&reset(BOLD)),
            TagEnd::TableHead => {
                self.line.push_str(&reset(BOLD));
                self.flush();
            }
            TagEnd::TableRow => self.flush(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                // An item without text has its marker all the same.
                if let Some(marker) = self.marker.take() {
                    self.indent.pop();
                    self.put(marker.trim_end());
                } else {
                    self.indent.pop();
                }
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.indent.pop();
                self.gap = true;
            }
            TagEnd::CodeBlock => {
                self.code = false;
                self.gap = true;
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    /// The address after a link's text, unless the text is the address or it leads to the same page.
    fn end_link(&mut self) {
        let Some((address, start)) = self.links.pop() else { return };
        let text = self.line.get(start..).unwrap_or_default();
        let bare = address.strip_prefix("mailto:").unwrap_or(&address);
        if !address.is_empty() && !address.starts_with('#') && text != bare {
            let open = if text.is_empty() { "(" } else { " (" };
            self.line.push_str(&styled(DIM, &format!("{open}{})", plain(bare))));
        }
    }

    fn code(&mut self, text: &str) {
        for line in text.lines() {
            // Tabs are what they are on most terminals.
            let line = line.replace('\t', "    ");
            self.put(&format!("{CODE_INDENT}{}", plain(&line)));
        }
    }

    /// Marks of HTML in Markdown: those with a shape are shown, the others go.
    fn html(&mut self, html: &str) {
        let lower = html.trim().to_ascii_lowercase();
        if lower.starts_with("<br") || lower.starts_with("<p") || lower.starts_with("</p") {
            self.flush();
        } else if lower.starts_with("<li") {
            self.flush();
            self.line.push_str("- ");
        } else if lower.starts_with("<a ") {
            let address = html.split_once("href=").map(|(_, rest)| rest.trim_start_matches(['"', '\'']));
            let address = address.and_then(|rest| rest.split(['"', '\'', '>']).next()).unwrap_or_default();
            self.links.push((address.to_owned(), self.line.len()));
        } else if lower.starts_with("</a") {
            self.end_link();
        }
    }

    /// Ends a line that ends a block.
    fn block(&mut self) {
        self.flush();
        self.gap = true;
    }

    /// Sets the line that was gathered, wrapped.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        if display_width(line) == 0 {
            return;
        }
        let room = self.width.saturating_sub(self.indent.concat().len()).max(self.width / 2);
        for part in textwrap::wrap(line, room) {
            self.put(part.trim_end());
        }
    }

    /// Puts out one line, after the empty line that is due and with its indentation.
    fn put(&mut self, line: &str) {
        if self.gap && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.gap = false;
        let marker = self.marker.take();
        let outer = self.indent.len() - usize::from(marker.is_some());
        let mut whole = self.indent[..outer].concat();
        whole.push_str(&marker.unwrap_or_default());
        whole.push_str(line);
        self.out.push_str(whole.trim_end());
        self.out.push('\n');
    }
}

fn reset(style: Style) -> String {
    style.render_reset().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without colours, as where the output is no terminal.
    fn shown(text: &str, width: usize) -> String {
        anstream::adapter::strip_str(&render(text, width)).to_string()
    }

    #[test]
    fn paragraphs_are_wrapped_and_lists_hang() {
        let text = "One two three\nfour **five** six\n\n\n- a point that\n  is long enough\n- b\n\n10. a numbered point of text\n    - inner\n\nEnd.";
        assert_eq!(
            shown(text, 16),
            "One two three\nfour five six\n\n- a point that\n  is long enough\n- b\n\n10. a numbered\n    point of\n    text\n    - inner\n\nEnd.\n"
        );
    }

    #[test]
    fn code_links_and_marks() {
        let text = "# Title\nSee [the *list*](https://x.org/a) or <https://x.org> and [above](#top), `a  b`:\n\n```sh\nlet code\n\t= 1 that is too long to be wrapped\n```\n> quoted\n\n![](p.png) a<br>b <a href=\"https://y.org\">y</a> &amp; \\*";
        assert_eq!(
            shown(text, 30),
            "Title\n\nSee the list (https://x.org/a)\nor https://x.org and above, `a\nb`:\n\n    let code\n        = 1 that is too long to be wrapped\n\n> quoted\n\n(p.png) a\nb y (https://y.org) & *\n"
        );
        assert_eq!(shown("| a | b |\n|---|---|\n| c | d |\n", 30), "a  b\nc  d\n");
    }

    #[test]
    fn nothing_reaches_the_terminal_that_should_not() {
        assert!(!render("a\x1b[31mb `\x07` [x](\x1b]8;;y)\n\n    \x1b[2J", 30).contains(['\x07']));
        assert_eq!(shown("a\u{202e}b\n", 30), "a\u{fffd}b\n");
        assert_eq!(shown("", 30), "");
    }
}
