//! Personal data in questions, replaced by what kind of data it is, before anything is kept.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Replaces personal data: e-mail addresses, what follows `?` in links, IBANs, card, phone and account numbers, and what
/// the operator's own patterns find.
///
/// ```
/// use faqbot_core::learn::redact::Redactor;
/// let redactor = Redactor::new(&[r"\bORD-\d+".to_owned()]).unwrap();
/// let text = "ORD-77 to bob@example.org, call +49 170 1234567 on 2026-11-26";
/// assert_eq!(redactor.redact(text), "<redacted> to <email>, call <phone> on 2026-11-26");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    own: Vec<Regex>,
}

/// What is written in the place of what an operator's pattern finds.
const REDACTED: &str = "<redacted>";

/// The least digits of a phone or account number: shorter ones are years, prices and sizes.
const DIGITS: usize = 7;

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        // Checked by the tests below.
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
    };
}

pattern!(EMAIL, r"[\p{L}\p{N}._%+'-]+\s?(?:@|\(at\)|\[at\])\s?[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+");
pattern!(LINK, r"(https?://[^\s?#]+)[?#]\S+");
pattern!(IBAN, r"(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{2,4}){3,8}\b");
// Digits with what people put between them; an error code such as 0x80070005 is none.
pattern!(NUMBER, r"0[xX][0-9a-fA-F]+|[+(]?\d(?:[\d\s()./\u{2010}-\u{2015}-]{0,38}\d)?");
pattern!(DATE, r"^(?:\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4})$");

impl Redactor {
    /// A redactor with further patterns.
    ///
    /// # Errors
    ///
    /// A pattern is none, or finds the empty text.
    pub fn new(patterns: &[String]) -> Result<Self, String> {
        let own = |pattern: &String| {
            let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
            if regex.is_match("") {
                return Err(format!("`{pattern}` finds nothing at all, and would be everywhere"));
            }
            Ok(regex)
        };
        Ok(Redactor { own: patterns.iter().map(own).collect::<Result<_, _>>()? })
    }

    /// The patterns that it was made with.
    pub fn patterns(&self) -> Vec<&str> {
        self.own.iter().map(Regex::as_str).collect()
    }

    /// The text without personal data. Linear in its length.
    pub fn redact(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for own in &self.own {
            text = Cow::Owned(own.replace_all(&text, regex::NoExpand(REDACTED)).into_owned());
        }
        let mut replace = |pattern: &LazyLock<Option<Regex>>, with: &dyn Fn(&Captures) -> String| {
            if let Some(pattern) = pattern.as_ref() {
                text = Cow::Owned(pattern.replace_all(&text, with).into_owned());
            }
        };
        replace(&EMAIL, &|_| "<email>".to_owned());
        replace(&LINK, &|found| format!("{}?<redacted>", &found[1]));
        replace(&IBAN, &|found| account(&found[0]));
        replace(&NUMBER, &|found| number(&found[0]));
        text.into_owned()
    }
}

/// What a run of digits becomes. What only belongs to the sentence, such as an opening bracket, stays.
fn number(found: &str) -> String {
    let digits: Vec<u32> = found.chars().filter_map(|c| c.to_digit(10)).collect();
    // Digits of other scripts count, though not for the check of a card.
    let count = found.chars().filter(|c| c.is_numeric()).count();
    let is_date = DATE.as_ref().is_some_and(|date| date.is_match(found));
    if count < DIGITS || is_date || found.starts_with("0x") || found.starts_with("0X") {
        found.to_owned()
    } else if (13..=19).contains(&digits.len()) && is_card(&digits) {
        "<card>".to_owned()
    } else if found.starts_with(['+', '0', '(']) {
        "<phone>".to_owned()
    } else {
        "<number>".to_owned()
    }
}

/// What begins like an IBAN: the words behind it may belong to the sentence.
fn account(found: &str) -> String {
    let mut ends = found.match_indices([' ', '-']).map(|(at, _)| at).chain([found.len()]);
    let longest = ends.rfind(|&end| is_iban(&found[..end]));
    longest.map_or_else(|| found.to_owned(), |end| format!("<account>{}", &found[end..]))
}

/// Luhn's check (ISO/IEC 7812-1).
fn is_card(digits: &[u32]) -> bool {
    let weighted = |(at, &digit): (usize, &u32)| match (at % 2, 2 * digit) {
        (0, _) => digit,
        (_, double) if double > 9 => double - 9,
        (_, double) => double,
    };
    digits.iter().rev().enumerate().map(weighted).sum::<u32>() % 10 == 0
}

/// The check of an IBAN (ISO 13616): the number that it spells, its first four characters last, is 1 modulo 97.
fn is_iban(found: &str) -> bool {
    let plain: Vec<char> = found.chars().filter(char::is_ascii_alphanumeric).collect();
    if !(15..=34).contains(&plain.len()) {
        return false;
    }
    let value = plain[4..].iter().chain(&plain[..4]).filter_map(|c| c.to_digit(36)).fold(0, |rest, digit| {
        let base = if digit < 10 { 10 } else { 100 };
        (rest * base + digit) % 97
    });
    value == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_becomes_its_kind() {
        let redactor = Redactor::default();
        for (text, redacted) in [
            ("write to Ann.O'Hara+x@mail.example.co.uk please", "write to <email> please"),
            ("ann (at) example.org", "<email>"),
            ("jürgen@münchen.de?", "<email>?"),
            ("my iban is de89 3704 0044 0532 0130 00 ok", "my iban is <account> ok"),
            ("GB82WEST12345698765432", "<account>"),
            ("card 4111 1111 1111 1111, exp 12/27", "card <card>, exp 12/27"),
            ("4111-1111-1111-1112", "<number>"),
            ("call 0170/1234567 or (030) 123 45 67", "call <phone> or <phone>"),
            ("+1-202-555-0143 is mine", "<phone> is mine"),
            ("order 1234567890", "order <number>"),
            ("٠١٢٣٤٥٦٧٨", "<number>"),
            ("https://shop.example/a?token=abc&x=1 why", "https://shop.example/a?<redacted> why"),
        ] {
            assert_eq!(redactor.redact(text), redacted);
        }
    }

    #[test]
    fn what_is_none_stays() {
        let redactor = Redactor::default();
        for text in [
            "is it open on 2026-11-26, or 26.11.2026?",
            "from 9:00 to 17:30, 100 000 times",
            "error 0x80070005 on windows 11",
            "what is 24/7 support",
            "do you have size 42 in 12345?",
            "AB12 is my room, see https://shop.example/faq",
            "",
        ] {
            assert_eq!(redactor.redact(text), text);
        }
    }

    #[test]
    fn own_patterns() {
        let redactor = Redactor::new(&[r"(?i)\bmrn\s*\w+".to_owned()]).unwrap();
        assert_eq!(redactor.redact("MRN 12ab$1 and x"), "<redacted>$1 and x");
        assert!(Redactor::new(&["(".to_owned()]).is_err() && Redactor::new(&["a*".to_owned()]).is_err());
    }

    #[test]
    fn the_patterns_are_patterns() {
        assert!([&EMAIL, &LINK, &IBAN, &NUMBER, &DATE].iter().all(|pattern| pattern.is_some()));
    }
}
