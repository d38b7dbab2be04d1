//! The language that a message is in, to tell people in it that the model does not know it.
//!
//! Scripts tell most languages apart by a letter or two. Those in Latin letters are told by whatlang, which is unsure
//! of a few words: a message with a word that only English has is English, and so is one of a single word.

use faqbot_faq::Faq;
use whatlang::{Detector, Lang, Script, detect_script};

/// Bytes that are looked at.
const READ: usize = 400;

/// What is said in a language, and its code.
struct Notice {
    code: &'static str,
    text: &'static str,
}

/// The languages with the most speakers, English aside, and those of the interface.
const NOTICES: [Notice; 12] = [
    Notice {
        code: "zh",
        text: "我只懂英语，听不懂中文。换用懂中文的模型即可：--model multilingual-e5-small",
    },
    Notice {
        code: "hi",
        text: "मैं केवल अंग्रेज़ी समझता हूँ, हिन्दी नहीं। यह मॉडल समझता है: --model multilingual-e5-small",
    },
    Notice {
        code: "es",
        text: "Solo entiendo inglés, no español. Este modelo lo entiende: --model multilingual-e5-small",
    },
    Notice {
        code: "fr",
        text: "Je ne comprends que l'anglais, pas le français. Ce modèle le comprend : --model multilingual-e5-small",
    },
    Notice {
        code: "ar",
        text: "أنا أفهم الإنجليزية فقط، ولا أفهم العربية. هذا النموذج يفهمها: --model multilingual-e5-small",
    },
    Notice {
        code: "bn",
        text: "আমি শুধু ইংরেজি বুঝি, বাংলা বুঝি না। এই মডেলটি বোঝে: --model multilingual-e5-small",
    },
    Notice {
        code: "pt",
        text: "Só entendo inglês, não português. Este modelo entende: --model multilingual-e5-small",
    },
    Notice {
        code: "ru",
        text: "Я понимаю только английский, не русский. Эта модель понимает: --model multilingual-e5-small",
    },
    Notice {
        code: "ur",
        text: "میں صرف انگریزی سمجھتا ہوں، اردو نہیں۔ یہ ماڈل سمجھتا ہے: --model multilingual-e5-small",
    },
    Notice {
        code: "ja",
        text: "英語しかわかりません。日本語がわかるモデルはこちらです：--model multilingual-e5-small",
    },
    Notice {
        code: "de",
        text: "Ich verstehe nur Englisch, kein Deutsch. Dieses Modell versteht es: --model multilingual-e5-small",
    },
    Notice {
        code: "it",
        text: "Capisco solo l'inglese, non l'italiano. Questo modello lo capisce: --model multilingual-e5-small",
    },
];

/// Words that English has and the other languages in Latin letters here have not.
const ENGLISH: [&str; 36] = [
    "the", "is", "are", "how", "what", "whats", "my", "your", "you", "where", "when", "why", "who", "which",
    "with", "for", "of", "have", "does", "it", "this", "that", "get", "and", "to", "not", "from", "there",
    "we", "if", "or", "at", "any", "much", "want", "please",
];

/// The code of the language of a message that is not in English, where it is told surely and is one of those with a
/// [`notice`].
///
/// ```
/// use faqbot_core::bot::language::foreign;
/// assert_eq!(foreign("Wie lange dauert die Lieferung?"), Some("de"));
/// assert_eq!(foreign("営業時間は？"), Some("ja"));
/// assert_eq!(foreign("pizza margherita price"), None);
/// ```
pub fn foreign(message: &str) -> Option<&'static str> {
    let text = &message[..message.floor_char_boundary(READ)];
    // Japanese has Chinese characters among its own, often more of them.
    if text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}')) {
        return Some("ja");
    }
    match detect_script(text)? {
        Script::Mandarin => Some("zh"),
        Script::Devanagari => Some("hi"),
        Script::Bengali => Some("bn"),
        Script::Arabic => {
            // Letters that Urdu has and Arabic has not.
            Some(if text.contains(['ٹ', 'ڈ', 'ڑ', 'ں', 'ھ', 'ہ', 'ے', 'گ', 'چ', 'پ']) {
                "ur"
            } else {
                "ar"
            })
        }
        // Russian lacks these of its neighbours.
        Script::Cyrillic => {
            (!text.contains(['і', 'ї', 'є', 'ґ', 'ў', 'ђ', 'ј', 'љ', 'њ', 'џ'])).then_some("ru")
        }
        Script::Latin => latin(text),
        _ => None,
    }
}

fn latin(text: &str) -> Option<&'static str> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let english = words.iter().filter(|word| ENGLISH.contains(&word.as_str())).count();
    if words.len() < 2 || english > 0 {
        return None;
    }
    let known = vec![Lang::Eng, Lang::Spa, Lang::Fra, Lang::Por, Lang::Deu, Lang::Ita];
    let found = Detector::with_allowlist(known).detect(text)?;
    let marked = text.contains([
        'ä', 'ö', 'ü', 'ß', 'é', 'è', 'ê', 'à', 'ç', 'ñ', '¿', '¡', 'ã', 'õ', 'á', 'í', 'ó', 'ú', 'ù', 'ì',
        'ò',
    ]);
    let sure =
        found.is_reliable() || (marked && words.len() >= 2) || (words.len() >= 4 && found.confidence() > 0.2);
    let code = match found.lang() {
        Lang::Spa => "es",
        Lang::Fra => "fr",
        Lang::Por => "pt",
        Lang::Deu => "de",
        Lang::Ita => "it",
        _ => return None,
    };
    sure.then_some(code)
}

/// The name of the language that most of a FAQ is in, where that is told surely and is not English.
pub fn of_faq(faq: &Faq) -> Option<&'static str> {
    /// More text says nothing more.
    const LONGEST: usize = 10_000;
    /// In fewer Latin letters a language cannot be told.
    const LETTERS: usize = 60;
    if faq.language.as_ref().is_some_and(|own| own.split(['-', '_']).next() == Some("en")) {
        return None;
    }
    let mut text = String::new();
    for entry in faq.entries.iter().filter(|entry| !entry.out_of_scope) {
        if text.len() > LONGEST {
            break;
        }
        text.push_str(&format!("{}\n{}\n", entry.question(), entry.answer));
    }
    not_english(&text, LETTERS, faq.language.is_some())
}

/// The name of the language of a text that is surely not English. Another script is plain to see; another language in the
/// same letters takes so many of them, and whatlang's trust or that it is `said` to be another.
pub fn not_english(text: &str, letters: usize, said: bool) -> Option<&'static str> {
    let found = whatlang::detect(text)?;
    let enough = || text.chars().filter(|c| c.is_alphabetic()).count() >= letters;
    let sure = found.script() != Script::Latin
        || (found.lang() != Lang::Eng && (found.is_reliable() || said) && enough());
    sure.then(|| found.lang().eng_name())
}

/// What is said in a language to those who ask in it.
pub fn notice(code: &str) -> Option<&'static str> {
    NOTICES.iter().find(|notice| notice.code == code).map(|notice| notice.text)
}

/// What is said where a FAQ in this language has no answer, and no fallback of its own.
pub fn fallback(code: &str) -> &'static str {
    match code {
        "de" => "Darauf habe ich keine Antwort.",
        "fr" => "Je n'ai pas de réponse à cela.",
        "es" => "No tengo respuesta a eso.",
        _ => "I have no answer to that.",
    }
}

/// The code of the language that most of some texts are in; `en` where it cannot be told.
pub fn most(texts: &[&str]) -> &'static str {
    let text = texts.join("\n");
    let text = &text[..text.floor_char_boundary(10 * READ)];
    match whatlang::detect(text).filter(whatlang::Info::is_reliable).map(|found| found.lang()) {
        Some(Lang::Deu) => "de",
        Some(Lang::Fra) => "fr",
        Some(Lang::Spa) => "es",
        _ => "en",
    }
}
