//! Dumps of databases (`.sql`): the rows of `INSERT INTO … VALUES` are a table; `table` knows what the columns mean.

use crate::error::RowError;
use crate::parsed::{Detection, Parsed};
use crate::readers::lines::Lines;
use crate::readers::table::{Rows, Wanted};

/// Reads a dump. Tables that are none of questions and answers are left out.
///
/// # Errors
///
/// Returns an error if no table has columns for questions and answers.
pub fn parse(text: &str, wanted: &mut Wanted) -> Result<Parsed, RowError> {
    let mut lines = Lines::new(text, 1);
    let mut tokens = Tokens { text, at: 0 };
    let mut columns_of: Vec<(String, Vec<String>)> = Vec::new();
    // The rows of each table, in the order in which tables come.
    let mut tables: Vec<(String, Vec<String>, Rows)> = Vec::new();
    let mut failed: Option<RowError> = None;
    while let Some(token) = tokens.next() {
        if token.is_word("create") && tokens.next_is("table") {
            let Some(name) = tokens.name() else { continue };
            columns_of.push((name, tokens.definitions()));
        } else if token.is_word("insert") {
            let Some(name) = tokens.name_after("into") else { continue };
            let mut columns = tokens.list_of_names();
            if columns.is_empty() {
                let known = columns_of.iter().find(|(own, _)| *own == name);
                columns = known.map(|(_, columns)| columns.clone()).unwrap_or_default();
            }
            let at = tables.iter().position(|(own, known, _)| *own == name && *known == columns);
            let at = at.unwrap_or_else(|| {
                let mut rows = Rows::new(wanted.columns, wanted.language, None);
                let names: Vec<&str> = columns.iter().map(String::as_str).collect();
                if let Err(error) = rows.add(lines.at(tokens.at), &names) {
                    failed.get_or_insert(error);
                }
                tables.push((name.clone(), columns.clone(), rows));
                tables.len() - 1
            });
            while let Some((place, values)) = tokens.row() {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                if let Err(error) = tables[at].2.add(lines.at(place), &values) {
                    failed.get_or_insert(error);
                    break;
                }
            }
        }
    }
    let mut all = Parsed::default();
    for (name, columns, rows) in tables {
        match rows.finish() {
            // Without names that say so, rows of a database are none.
            Ok(parsed)
                if columns.len() > 1
                    && parsed.notes.iter().all(|note| !note.reason.contains("no column is named")) =>
            {
                all.append(parsed);
            }
            Ok(_) => {}
            Err(error) => {
                let reason = format!("the table {name} is left out: {}", error.reason);
                all.notes.push(RowError::new(error.line, reason));
            }
        }
    }
    if all.entries.is_empty() {
        return Err(
            failed.unwrap_or_else(|| RowError::new(1, "no rows of questions and answers are inserted"))
        );
    }
    Ok(all)
}

/// Strong for a text that inserts rows.
pub fn detect(text: &str) -> Detection {
    let inserts = text
        .lines()
        .any(|line| line.get(..12).is_some_and(|begin| begin.eq_ignore_ascii_case("INSERT INTO ")));
    Detection::strong(inserts)
}

enum Token {
    /// A word, number or sign.
    Plain(String),
    Text(String),
    /// A name in quotes.
    Name(String),
}

impl Token {
    fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Plain(own) if own.eq_ignore_ascii_case(word))
    }

    fn into_text(self) -> String {
        match self {
            Token::Plain(text) if text.eq_ignore_ascii_case("null") => String::new(),
            Token::Plain(text) | Token::Text(text) | Token::Name(text) => text,
        }
    }
}

struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let comment = if trimmed.starts_with("--") || trimmed.starts_with('#') {
                Some(trimmed.find('\n').unwrap_or(trimmed.len()))
            } else if trimmed.starts_with("/*") {
                Some(trimmed.find("*/").map_or(trimmed.len(), |end| end + 2))
            } else {
                None
            };
            match comment {
                Some(length) => self.at += length,
                None => break,
            }
        }
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        match first {
            '\'' => Some(Token::Text(self.quoted('\'', true))),
            '"' | '`' => Some(Token::Name(self.quoted(first, false))),
            '[' => Some(Token::Name(self.quoted(']', false))),
            c if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
                    .unwrap_or(rest.len());
                self.at += end;
                let word = rest[..end].to_owned();
                // `E'…'` and `N'…'` are texts.
                if word.len() == 1
                    && matches!(first, 'E' | 'e' | 'N' | 'n')
                    && self.text[self.at..].starts_with('\'')
                {
                    return Some(Token::Text(self.quoted('\'', true)));
                }
                Some(Token::Plain(word))
            }
            c => {
                self.at += c.len_utf8();
                Some(Token::Plain(c.to_string()))
            }
        }
    }

    /// A text up to a mark, which stands doubled for itself; the mark or bracket that opens it comes next.
    fn quoted(&mut self, close: char, escapes: bool) -> String {
        let mut out = String::new();
        let mut letters = self.text[self.at..].char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' && escapes {
                match letters.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 'r')) | None => {}
                    Some((_, 't')) => out.push('\t'),
                    Some((_, other)) => out.push(other),
                }
            } else if letter == close {
                if letters.peek().is_some_and(|(_, next)| *next == close) {
                    letters.next();
                    out.push(close);
                } else {
                    self.at += at + close.len_utf8();
                    return out;
                }
            } else {
                out.push(letter);
            }
        }
        self.at = self.text.len();
        out
    }

    fn next_is(&mut self, word: &str) -> bool {
        let before = self.at;
        let found = self.next().is_some_and(|token| token.is_word(word));
        if !found {
            self.at = before;
        }
        found
    }

    /// A table's name, without that of its schema.
    fn name(&mut self) -> Option<String> {
        for word in ["if", "not", "exists"] {
            self.next_is(word);
        }
        let mut name = self.next()?.into_text();
        while self.next_is(".") {
            name = self.next()?.into_text();
        }
        Some(name.rsplit('.').next().unwrap_or_default().to_owned())
    }

    fn name_after(&mut self, word: &str) -> Option<String> {
        for _ in 0..4 {
            if self.next_is(word) {
                return self.name();
            }
            self.next()?;
        }
        None
    }

    fn list_of_names(&mut self) -> Vec<String> {
        let before = self.at;
        let mut names = Vec::new();
        if self.next_is("(") {
            while let Some(token) = self.next() {
                match token {
                    Token::Plain(sign) if sign == ")" => return names,
                    Token::Plain(sign) if sign == "," => {}
                    token => names.push(token.into_text()),
                }
            }
        }
        self.at = before;
        Vec::new()
    }

    /// What is in the parentheses that come next, in items between commas, without the parentheses within; and whether they
    /// close.
    fn items(&mut self) -> (Vec<Vec<Token>>, bool) {
        let (mut depth, mut items) = (1, vec![Vec::new()]);
        while let Some(token) = self.next() {
            match &token {
                Token::Plain(sign) if sign == "(" => depth += 1,
                Token::Plain(sign) if sign == ")" => {
                    depth -= 1;
                    if depth == 0 {
                        return (items, true);
                    }
                }
                Token::Plain(sign) if sign == "," && depth == 1 => items.push(Vec::new()),
                _ => items.last_mut().expect("there is one").push(token),
            }
        }
        (items, false)
    }

    /// The names of the columns of a table that is created.
    fn definitions(&mut self) -> Vec<String> {
        const NO_COLUMNS: [&str; 8] =
            ["primary", "key", "unique", "constraint", "foreign", "check", "index", "fulltext"];
        if !self.next_is("(") {
            return Vec::new();
        }
        let firsts = self.items().0.into_iter().filter_map(|item| item.into_iter().next());
        let columns = firsts.filter(|first| !NO_COLUMNS.iter().any(|word| first.is_word(word)));
        columns.map(Token::into_text).collect()
    }

    /// The values of a row that is inserted, and where it begins.
    fn row(&mut self) -> Option<(usize, Vec<String>)> {
        let before = self.at;
        self.next_is("values");
        self.next_is(",");
        if !self.next_is("(") {
            self.at = before;
            return None;
        }
        let place = self.at;
        let (items, closed) = self.items();
        let value = |item: Vec<Token>| item.into_iter().map(Token::into_text).collect();
        closed.then(|| (place, items.into_iter().map(value).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::columns::ColumnMap;

    fn read(text: &str) -> Result<Vec<(usize, String, String)>, RowError> {
        let columns = ColumnMap::default();
        let parsed = parse(text, &mut Wanted { columns: &columns, language: None, progress: &mut |_| () })?;
        let entry = |raw: crate::parsed::RawEntry| {
            (raw.line, raw.questions.join(" / "), raw.answer.unwrap_or_default())
        };
        Ok(parsed.entries.into_iter().map(entry).collect())
    }

    #[test]
    fn rows_of_dumps_are_entries() {
        let entry = |line, question: &str, answer: &str| (line, question.to_owned(), answer.to_owned());
        let mysql = "CREATE TABLE `users` (`id` int, `name` text);\nINSERT INTO `users` VALUES (1,'a');\nCREATE TABLE IF NOT EXISTS `shop`.`faq` (\n `id` int(11) NOT NULL,\n `question` varchar(200), `answer` text, PRIMARY KEY (`id`));\n-- data\nINSERT INTO `faq` VALUES (1,'Where\\'s it?','Here;\\nthere.'),\n(2,'It''s who?',NULL),(3,'Who?','Me.');\n";
        assert_eq!(
            read(mysql).unwrap(),
            [entry(7, "Where's it?", "Here;\nthere."), entry(8, "It's who?", ""), entry(8, "Who?", "Me.")]
        );
        let postgres = "INSERT INTO public.faqs (\"question\", answer, published) VALUES ('Rye?', 'Daily.', true);\nINSERT INTO public.faqs (\"question\", answer, published) VALUES (E'Spelt?', 'Soon.', false);\n";
        assert_eq!(read(postgres).unwrap(), [entry(1, "Rye?", "Daily.")]);
        assert!(read("INSERT INTO a VALUES (1, 2);").is_err());
        assert!(read("INSERT INTO a VALUES ('open").is_err());
    }
}
