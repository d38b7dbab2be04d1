//! Random input for every parser: whatever a file holds, reading it ends with entries or an error.

use std::path::Path;

use faqbot_faq::format::FORMATS;
use faqbot_faq::{ReadOptions, load};

/// Bytes for each parser, in many small files.
const BYTES: usize = 1_000_000;

/// Pieces that mean something in one format or another.
const PIECES: [&str; 84] = [
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    "- ",
    "* ",
    "# ",
    "### ",
    "? ",
    "?",
    "？",
    "```",
    "**",
    "**Filters:**",
    "---\n",
    "\"",
    "\"\"",
    "'",
    ":",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    "\\",
    "\\n",
    "&a ",
    "*a",
    "!x ",
    "|",
    ">",
    "<h3>",
    "</h3>",
    "<",
    "question",
    "answer",
    "entries",
    "id",
    "é",
    "\u{feff}",
    "😀",
    "a",
    "null",
    "1e999",
    "<dl>",
    "<dt>",
    "<dd>",
    "</dd>",
    "<details>",
    "<summary>",
    "</summary>",
    "</details>",
    "<div itemscope itemtype='https://schema.org/Question'>",
    "<p itemprop='name'>",
    "<div itemprop='acceptedAnswer'>",
    "</div>",
    "<script type='application/ld+json'>",
    "</script>",
    "{`",
    "`}",
    "\"@type\": \"Question\"",
    "\"acceptedAnswer\": ",
    "&amp;",
    "&#x",
    "====\n",
    "----\n",
    ".. note::",
    ".. _x:",
    "::\n",
    "`x <y>`_",
    ":ref:`",
    "## intent:a/b\n",
    "* a/b\n",
    "nlu:\n",
    "- intent: a\n  examples: |\n    - ",
    "responses:\n",
    "  utter_a:\n  - text: ",
    "[[entries]]\n",
    "<!-- faqbot {\"id\": \"a\"} -->\n",
    "Question\tAnswer\tMetadata\tQnaId\n",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

#[test]
fn no_parser_panics() {
    let mut random = Random(4);
    for format in FORMATS {
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        let mut total = 0;
        while total < BYTES {
            let mut file: Vec<u8> = Vec::new();
            for _ in 0..random.below(120) {
                // Now and then a byte of any value: not UTF-8, a control character.
                match random.below(20) {
                    0 => file.push(random.below(256) as u8),
                    _ => file.extend_from_slice(PIECES[random.below(PIECES.len())].as_bytes()),
                }
            }
            total += file.len() + 1;
            match load::read(&file, Path::new("random"), &options) {
                Ok(loaded) => assert!(!loaded.faq.entries.is_empty()),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn no_broken_workbook_panics() {
    let whole = std::fs::read("tests/formats/sheets.xlsx").expect("the workbook");
    let mut random = Random(5);
    for _ in 0..2000 {
        let mut file = whole.clone();
        for _ in 0..=random.below(8) {
            let at = random.below(file.len());
            file[at] = random.below(256) as u8;
        }
        file.truncate(whole.len() - random.below(3) * random.below(whole.len() / 2));
        let _ = load::read(&file, Path::new("broken.xlsx"), &ReadOptions::default());
    }
}
