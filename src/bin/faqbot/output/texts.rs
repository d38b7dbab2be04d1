//! The texts of the interface in its languages: those of the pages, the widget and the terminal.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// By language and key.
pub static TEXTS: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../serve/assets/texts.json")).unwrap_or_default());

/// The language where nothing else is asked for.
pub const LANGUAGE: &str = "en";

/// A text in a language, with what it has places for.
pub fn text(language: &str, key: &str, places: &[(&str, &str)]) -> String {
    let texts = TEXTS.get(language).or_else(|| TEXTS.get(LANGUAGE));
    let mut text = texts.and_then(|texts| texts[key].as_str()).unwrap_or_default().to_owned();
    for (place, with) in places {
        text = text.replace(&format!("{{{place}}}"), with);
    }
    text
}
