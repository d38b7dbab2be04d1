//! Words that mean the same: a query's are read as those that the FAQ has, so that "2FA" finds what is written out.
//!
//! Swear words that say nothing of what is asked are read as nothing. The groups are the FAQ's own `synonyms`, then `synonyms.txt`. Only a word that the FAQ has nowhere is read as another, so
//! that where it tells two words apart, so does the bot.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use faqbot_faq::Faq;

/// The groups for English.
const ENGLISH: &str = include_str!("synonyms.txt");

/// Whether a word is one of the English groups: then it is no typing error.
pub(super) fn is_form(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let lines = ENGLISH.lines().filter(|line| !line.starts_with('#'));
        lines
            .flat_map(|line| line.split([',', '>']))
            .map(str::trim)
            .filter(|form| !form.contains(' '))
            .collect()
    });
    WORDS.contains(word)
}

/// Words in a row that are one, at most: between them are spaces, hyphens and such.
const GAP: usize = 3;

/// Swear words that strengthen what follows. What a FAQ has is left.
const SWEAR_WORDS: [&str; 18] = [
    "bloody", "bleeding", "blasted", "damn", "damned", "effing", "ffs", "freakin", "freaking", "friggin",
    "frigging", "fking", "fkn", "fucken", "fuckin", "fucking", "goddamn", "wtf",
];

/// What follows "what the", "why the" and so on, and strengthens them.
const AFTER_THE: [&str; 6] = ["devil", "fuck", "heck", "hell", "hells", "shit"];
const ASKS: [&str; 7] = ["how", "what", "when", "where", "which", "who", "why"];

/// A word of a form: as it is, or a number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Word(String),
    Number,
}

/// A way to write what a group means.
#[derive(Debug, Clone)]
struct Form {
    parts: Vec<Part>,
    /// As it is put into a query, `#` for a number.
    text: String,
}

/// Which words are read as which.
#[derive(Debug, Default)]
pub(super) struct Synonyms {
    /// Forms that the FAQ lacks with what is read in their place, by their first word; the longest first.
    read_as: HashMap<String, Vec<(Form, String)>>,
    /// The swear words that the FAQ has.
    meant: HashSet<&'static str>,
}

/// How a text is read.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) text: String,
    /// Whether words were put in the place of others, of which whoever asks is told.
    pub(super) has_synonyms: bool,
}

impl Synonyms {
    /// Those for a FAQ.
    pub(super) fn new(faq: &Faq, language: &str) -> Self {
        let groups = groups(faq, language);
        let counts = Counts::of(faq, groups.iter().flat_map(|group| group.from.iter().chain(&group.to)));
        let mut synonyms = Synonyms { meant: swear_words(faq), ..Synonyms::default() };
        for group in &groups {
            let known = |form: &&Form| counts.of_form(form) > (0, 0);
            // The one that questions have most often; the first of those that they have alike.
            let Some(best) = group.to.iter().rev().filter(known).max_by_key(|form| counts.of_form(form))
            else {
                continue;
            };
            for form in group.from.iter().filter(|form| !known(form)) {
                let own = synonyms.read_as.entry(form.first().to_owned()).or_default();
                if own.iter().all(|(other, _)| other.parts != form.parts) {
                    own.push((form.clone(), best.text.clone()));
                }
            }
        }
        synonyms
            .read_as
            .values_mut()
            .for_each(|own| own.sort_by_key(|(form, _)| usize::MAX - form.parts.len()));
        synonyms
    }

    /// A text with the FAQ's words in the place of others that mean the same, and without swear words; none where it is
    /// read as it is.
    pub(super) fn read(&self, text: &str) -> Option<Reading> {
        let words = words(text);
        let mut read = Reading { text: String::new(), has_synonyms: false };
        let (mut at, mut copied) = (0, 0);
        while at < words.len() {
            let own = self.read_as.get(&words[at].text);
            let found = own.and_then(|own| {
                own.iter().find_map(|(form, to)| Some((form.matched(text, &words[at..])?, to)))
            });
            let (count, to) = match found {
                Some((matched, to)) => (matched.words, to.replace('#', matched.number.unwrap_or_default())),
                None => match self.swears(&words, at) {
                    // A message of swear words alone says something.
                    0 => (0, String::new()),
                    count if count == words.len() => return None,
                    count => (count, String::new()),
                },
            };
            if count == 0 {
                at += 1;
                continue;
            }
            read.has_synonyms |= !to.is_empty();
            read.text.push_str(&text[copied..words[at].place.start]);
            copied = words[at + count - 1].place.end;
            if to.is_empty() {
                // With the space behind it.
                copied += usize::from(text[copied..].starts_with(' '));
            }
            read.text.push_str(&to);
            at += count;
        }
        read.text.push_str(&text[copied..]);
        // What stood between a swear word and the rest.
        let begins = read.text.find(|c: char| !c.is_whitespace() && !",.;:!-".contains(c)).unwrap_or(0);
        read.text.drain(..begins);
        (copied > 0).then_some(read)
    }

    /// How many words from here on are swearing.
    fn swears(&self, words: &[Word], at: usize) -> usize {
        let is = |at: usize, known: &[&str]| words.get(at).is_some_and(|word| known.contains(&&*word.text));
        let meant = |at: usize| self.meant.contains(&*words[at].text);
        if is(at, &SWEAR_WORDS) && !meant(at) {
            1
        } else if at > 0 && is(at - 1, &ASKS) && is(at, &["the"]) && is(at + 1, &AFTER_THE) && !meant(at + 1)
        {
            2
        } else {
            0
        }
    }
}

/// The swear words that a FAQ has.
fn swear_words(faq: &Faq) -> HashSet<&'static str> {
    let texts = faq.entries.iter().flat_map(|entry| entry.phrasings.iter().chain([&entry.answer]));
    let known = || SWEAR_WORDS.iter().chain(&AFTER_THE);
    texts
        .flat_map(|text| words(text))
        .filter_map(|word| known().find(|known| **known == word.text).copied())
        .collect()
}

/// What is read as what.
struct Group {
    from: Vec<Form>,
    to: Vec<Form>,
}

fn groups(faq: &Faq, language: &str) -> Vec<Group> {
    let forms = |list: &str| list.split(',').filter_map(|form| Form::new(form.trim())).collect::<Vec<_>>();
    let both = |all: Vec<Form>| Group { from: all.clone(), to: all };
    let own =
        faq.synonyms.iter().map(|group| both(group.iter().filter_map(|form| Form::new(form)).collect()));
    let english = if language == "en" { ENGLISH } else { "" };
    let lines = english.lines().filter(|line| !line.starts_with('#'));
    let shipped = lines.map(|line| match line.split_once(" > ") {
        Some((from, to)) => Group { from: forms(from), to: forms(to) },
        None => both(forms(line)),
    });
    own.chain(shipped).collect()
}

impl Form {
    fn new(text: &str) -> Option<Form> {
        let part = |word: Word| if word.is_number { Part::Number } else { Part::Word(word.text) };
        // A place for a number is one that is there.
        let parts: Vec<Part> = words(&text.replace('#', "0")).into_iter().map(part).collect();
        let begins = matches!(parts.first(), Some(Part::Word(_)));
        begins.then(|| Form { parts, text: text.to_owned() })
    }

    fn first(&self) -> &str {
        match &self.parts[0] {
            Part::Word(word) => word,
            Part::Number => "",
        }
    }

    /// Whether words begin with this form; the last may have an `s` more.
    fn matched<'w>(&self, text: &str, words: &'w [Word]) -> Option<Matched<'w>> {
        let mut number = None;
        let own = words.get(..self.parts.len())?;
        for (at, (part, word)) in self.parts.iter().zip(own).enumerate() {
            let last = at + 1 == self.parts.len();
            let is_this = match part {
                Part::Number => {
                    number = Some(&*word.text);
                    word.is_number
                }
                Part::Word(known) => {
                    word.text == *known
                        || last && at > 0 && word.text.strip_suffix('s').is_some_and(|text| text == known)
                }
            };
            let gap = at.checked_sub(1).map_or("", |before| &text[own[before].place.end..word.place.start]);
            let joined = gap.len() <= GAP && gap.chars().all(|c| " -‐–&/'’.".contains(c));
            if !is_this || !joined {
                return None;
            }
        }
        Some(Matched { words: own.len(), number })
    }
}

/// A form in a text.
struct Matched<'w> {
    /// How many words it is there.
    words: usize,
    number: Option<&'w str>,
}

/// A word of a text: letters, or a number with the dots in it.
struct Word {
    /// In lower case.
    text: String,
    place: Range<usize>,
    is_number: bool,
}

/// The words of a text. Where digits follow letters, a word ends: "win10" is two, and "2fa" is one.
fn words(text: &str) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if !c.is_alphanumeric() {
            continue;
        }
        let mut end = start + c.len_utf8();
        let (mut digits, mut last) = (c.is_ascii_digit(), c);
        while let Some(&(at, next)) = chars.peek() {
            let dot = next == '.' && digits && text[at + 1..].starts_with(|c: char| c.is_ascii_digit());
            let ends = !digits && last.is_alphabetic() && next.is_ascii_digit();
            if !(next.is_alphanumeric() && !ends || dot) {
                break;
            }
            digits &= next.is_ascii_digit() || dot;
            (end, last) = (at + next.len_utf8(), next);
            chars.next();
        }
        all.push(Word { text: text[start..end].to_lowercase(), place: start..end, is_number: digits });
    }
    all
}

/// How often a FAQ's phrasings and its answers have forms.
struct Counts(HashMap<Vec<String>, (usize, usize)>);

impl Counts {
    fn of<'f>(faq: &Faq, forms: impl Iterator<Item = &'f Form>) -> Self {
        let mut by_first: HashMap<&str, Vec<&Form>> = HashMap::new();
        for form in forms {
            let own = by_first.entry(form.first()).or_default();
            if own.iter().all(|other| other.parts != form.parts) {
                own.push(form);
            }
        }
        let mut counts = HashMap::new();
        let mut count = |text: &str, is_answer: bool| {
            let words = words(text);
            for at in 0..words.len() {
                // With an `s` more, a single word is one that is counted too.
                let word = &*words[at].text;
                let single = word.strip_suffix('s').and_then(|word| by_first.get(word));
                let single = single.into_iter().flatten().filter(|form| form.parts.len() == 1);
                let same = by_first.get(word).into_iter().flatten();
                let same = same.filter(|form| form.matched(text, &words[at..]).is_some());
                for form in same.chain(single) {
                    let (asked, answered): &mut (usize, usize) = counts.entry(key(form)).or_default();
                    *if is_answer { answered } else { asked } += 1;
                }
            }
        };
        for entry in &faq.entries {
            entry.phrasings.iter().for_each(|phrasing| count(phrasing, false));
            count(&entry.answer, true);
        }
        Counts(counts)
    }

    fn of_form(&self, form: &Form) -> (usize, usize) {
        self.0.get(&key(form)).copied().unwrap_or_default()
    }
}

fn key(form: &Form) -> Vec<String> {
    let word = |part: &Part| match part {
        Part::Word(word) => word.clone(),
        Part::Number => "#".to_owned(),
    };
    form.parts.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn synonyms(yaml: &str) -> Synonyms {
        let faq = Faq::read(yaml.as_bytes(), Path::new("a.yaml")).unwrap().faq;
        Synonyms::new(&faq, "en")
    }

    #[test]
    fn words_are_read_as_those_of_the_faq() {
        let synonyms = synonyms(
            "synonyms: [[cart, basket, bag]]\nentries:\n- {question: How do I set up two-factor authentication?, answer: In the app.}\n\
             - {question: Which versions of Windows are supported?, answer: 'Windows 10, since version 2.1.'}\n\
             - {question: What is the Wi-Fi password?, answer: On Mondays we change it.}\n\
             - {question: Why is my basket empty?, answer: Since you bought nothing.}\n",
        );
        for (text, read) in [
            ("2FA not working", Some("two-factor authentication not working")),
            ("does it run on win10?", Some("does it run on windows 10?")),
            ("v2.1 release", Some("version 2.1 release")),
            ("wifi pw", Some("wi-fi password")),
            ("open on mon?", Some("open on monday?")),
            ("my carts, and the bag", Some("my carts, and the basket")),
            // What the FAQ has is left.
            ("two-factor authentication in the app", None),
            ("an application", None),
            ("sso", None),
            ("", None),
        ] {
            let read = read.map(|text| Reading { text: text.to_owned(), has_synonyms: true });
            assert_eq!(synonyms.read(text), read, "{text}");
        }
    }

    #[test]
    fn what_the_faq_tells_apart_is_left() {
        let synonyms =
            synonyms("- {question: What is a CV?, answer: a}\n- {question: What is a résumé?, answer: b}\n");
        assert_eq!(synonyms.read("where do i send my cv or resume"), None);
    }

    #[test]
    fn swear_words_say_nothing_but_where_the_faq_has_them() {
        let synonyms = synonyms("- {question: What is in a bloody mary?, answer: Tomatoes.}\n");
        for (text, read) in [
            ("why the hell is my fucking card blocked", Some("why is my card blocked")),
            ("what the FUCK?", Some("what ?")),
            ("damn, do you rent boats", Some("do you rent boats")),
            ("fucking", None),
            ("a bloody mary", None),
            ("is there a hell", None),
        ] {
            let read = read.map(|text| Reading { text: text.to_owned(), has_synonyms: false });
            assert_eq!(synonyms.read(text), read, "{text}");
        }
    }

    #[test]
    fn the_table_has_forms_of_words() {
        let lines = ENGLISH.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let forms: Vec<Form> = line.split([',', '>']).filter_map(|form| Form::new(form.trim())).collect();
            assert_eq!(forms.len(), line.split([',', '>']).count(), "{line}");
            assert!(forms.len() > 1, "{line}");
        }
    }
}
