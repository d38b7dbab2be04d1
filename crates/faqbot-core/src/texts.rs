//! The texts of the interface in its languages: those of the pages, the widget and the terminal.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// By language and key.
pub static TEXTS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("texts.json")).expect("every_language_has_every_text reads it")
});

/// The language where nothing else is asked for.
pub const LANGUAGE: &str = "en";

/// A text in a language.
pub fn plain(language: &str, key: &str) -> &'static str {
    let texts = TEXTS.get(language).or_else(|| TEXTS.get(LANGUAGE));
    texts.and_then(|texts| texts[key].as_str()).unwrap_or_default()
}

/// A text in a language, with what it has places for.
pub fn text(language: &str, key: &str, places: &[(&str, &str)]) -> String {
    let mut text = plain(language, key).to_owned();
    for (place, with) in places {
        text = text.replace(&format!("{{{place}}}"), with);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text() {
        let keys =
            |language: &str| TEXTS[language].as_object().expect("texts by key").keys().collect::<Vec<_>>();
        assert!(keys(LANGUAGE).len() > 10);
        for (language, texts) in TEXTS.iter() {
            assert_eq!(keys(language), keys(LANGUAGE), "{language}");
            assert!(
                texts
                    .as_object()
                    .expect("texts")
                    .values()
                    .all(|text| text.as_str().is_some_and(|text| !text.is_empty()))
            );
        }
    }
}
