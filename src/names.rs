//! The names of FAQs: in addresses, in the store, and in agents' lists.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use faqbot_server::names::plain_name;

use crate::config::{Settings, with_name};

/// The name of the FAQ in the program.
const BUILT_IN: &str = "therapist";

/// The name of a FAQ of several files, or from standard input.
const UNNAMED: &str = "faq";

/// FAQs with their names and files: those that are given as `NAME=PATH`, and the others as one.
pub fn named_faqs(paths: &[PathBuf]) -> Result<Vec<(String, Vec<PathBuf>)>> {
    let mut faqs: Vec<(String, Vec<PathBuf>)> = Vec::new();
    let unnamed: Vec<PathBuf> = paths.iter().filter(|path| with_name(path).is_none()).cloned().collect();
    let name_of_rest = match &unnamed[..] {
        [] => BUILT_IN.to_owned(),
        [path] if path != Path::new(Settings::STDIN) => {
            path.file_stem().map_or(UNNAMED.to_owned(), |stem| plain_name(&stem.to_string_lossy()))
        }
        _ => UNNAMED.to_owned(),
    };
    if paths.is_empty() {
        faqs.push((name_of_rest.clone(), Vec::new()));
    }
    let mut rest = None;
    for path in paths {
        match with_name(path) {
            Some((name, path)) => match faqs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, paths)) => paths.push(path),
                None => faqs.push((name, vec![path])),
            },
            // They stand where the first of them does.
            None if rest.is_none() => {
                rest = Some(faqs.len());
                faqs.push((name_of_rest.clone(), unnamed.clone()));
            }
            None => {}
        }
    }
    for (at, (name, _)) in faqs.iter().enumerate() {
        if faqs[..at].iter().any(|(other, _)| other == name) {
            bail!("two FAQs are named \"{name}\"; --faq NAME=PATH gives one another name");
        }
    }
    Ok(faqs)
}

/// The FAQ that a command is about: its name, as the server has it, and the settings with its files as paths.
pub fn one_faq(settings: &Settings) -> Result<(String, Settings)> {
    match &named_faqs(&settings.faq)?[..] {
        [(name, paths)] => Ok((name.clone(), Settings { faq: paths.clone(), ..settings.clone() })),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            bail!("this is about one FAQ, and there are {}: {}", names.len(), names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faqs_have_names() {
        let names = |paths: &[&str]| -> Result<Vec<String>> {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            Ok(named_faqs(&paths)?
                .into_iter()
                .map(|(name, paths)| format!("{name} {}", paths.len()))
                .collect())
        };
        assert_eq!(names(&[]).unwrap(), ["therapist 0"]);
        assert_eq!(names(&["a/shop faq.yaml"]).unwrap(), ["shop-faq 1"]);
        assert_eq!(names(&["a.yaml", "b.yaml"]).unwrap(), ["faq 2"]);
        assert_eq!(names(&["x=a.yaml", "y=b.yaml", "x=c.yaml", "d.yaml"]).unwrap(), ["x 2", "y 1", "d 1"]);
        assert!(names(&["a=b.yaml", "a.yaml"]).is_err());
    }
}
