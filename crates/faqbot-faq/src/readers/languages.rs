//! Texts in several languages: which one is read.

/// Two-letter codes of languages (ISO 639-1) that people write FAQs in.
const CODES: [&str; 78] = [
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "eo", "es",
    "et", "eu", "fa", "fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja",
    "ka", "kk", "km", "kn", "ko", "ky", "lb", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my",
    "nb", "ne", "nl", "nn", "no", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv",
    "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "zh",
];

/// The language of a code such as `de`, `pt-BR` or `zh_Hans`, in lower case.
pub fn language(code: &str) -> Option<String> {
    let code = code.trim().to_lowercase();
    let (main, rest) = code.split_once(['-', '_']).unwrap_or((&code, ""));
    let region = rest.is_empty() && main.len() == code.len()
        || ((2..=4).contains(&rest.len()) && rest.chars().all(char::is_alphanumeric));
    (CODES.contains(&main) && region).then(|| main.to_owned())
}

/// The languages of a file, and the one that is read of it.
#[derive(Debug, Default)]
pub struct Languages {
    wanted: Option<String>,
    /// Codes, in the order in which they were met.
    found: Vec<String>,
}

impl Languages {
    /// `wanted` is the language to read, if the user said one.
    pub fn new(wanted: Option<&str>) -> Self {
        Languages { wanted: wanted.map(str::to_lowercase), found: Vec::new() }
    }

    /// Which of these codes is read: the wanted one; else the first of the file; else the first here.
    pub fn choose(&mut self, codes: &[&str]) -> Option<usize> {
        for code in codes {
            if !self.found.iter().any(|own| own == code) {
                self.found.push((*code).to_owned());
            }
        }
        let at = |wanted: &str| {
            let exact = codes.iter().position(|code| code.eq_ignore_ascii_case(wanted));
            exact.or_else(|| codes.iter().position(|code| language(code) == language(wanted)))
        };
        match &self.wanted {
            Some(wanted) => at(wanted),
            None => at(self.found.first()?).or(if codes.is_empty() { None } else { Some(0) }),
        }
    }

    /// The language that is read, where the file has several.
    pub fn read(&self) -> Option<&str> {
        self.wanted.as_deref().or(self.found.first().map(String::as_str)).filter(|_| !self.found.is_empty())
    }

    /// What to say of them.
    pub fn note(&self) -> Option<String> {
        let has = |wanted: &str| self.found.iter().any(|own| language(own) == language(wanted));
        match (&self.wanted, &self.found[..]) {
            (Some(wanted), [_, ..]) if !has(wanted) => {
                Some(format!("there is no text in `{wanted}`; the languages are {}", self.found.join(", ")))
            }
            (None, [first, others @ ..]) if !others.is_empty() => Some(format!(
                "texts in several languages: {first} is read, and --language reads another: {}",
                others.join(", ")
            )),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_other_short_names() {
        for code in ["de", "EN", "pt-BR", "zh_Hans", "en-US"] {
            assert!(language(code).is_some(), "{code}");
        }
        for name in ["q", "qa", "a1", "question", "de-", "en-question", "faq"] {
            assert_eq!(language(name), None, "{name}");
        }
    }

    #[test]
    fn the_first_of_a_file_is_read_unless_another_is_wanted() {
        let mut languages = Languages::new(None);
        assert_eq!(languages.choose(&["en", "de"]), Some(0));
        assert_eq!(languages.choose(&["de", "en"]), Some(1));
        assert_eq!(languages.choose(&["fr"]), Some(0));
        assert!(languages.note().unwrap().contains("en is read"));
        let mut languages = Languages::new(Some("de"));
        assert_eq!((languages.choose(&["en", "de-AT"]), languages.choose(&["en"])), (Some(1), None));
        assert_eq!(languages.note(), None);
    }
}
