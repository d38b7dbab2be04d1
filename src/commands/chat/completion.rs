//! The line editor: completion, hints, lines that go on.

use std::borrow::Cow;
use std::io;

use anyhow::Result;
use faqbot::Faq;
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};

use super::history::HISTORY_LINES;
use super::slash::COMMANDS;
use crate::output::style::{BOLD, DIM, plain, styled};

/// An editor for the lines of a chat.
pub fn editor(faq: &Faq) -> Result<Editor<Commands, MemHistory>> {
    let config = Config::builder()
        .max_history_size(HISTORY_LINES)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history)?;
    editor.set_helper(Some(Commands::new(faq)));
    Ok(editor)
}

/// Completion, hints and line continuation.
pub struct Commands {
    /// The ids and questions of the FAQ, to be completed.
    ids: Vec<String>,
    questions: Vec<String>,
}

/// Completions that are offered at once.
const OFFERED: usize = 50;

impl Commands {
    /// With the ids and questions of a FAQ.
    pub fn new(faq: &Faq) -> Self {
        let entries = || faq.entries.iter().filter(|entry| !entry.out_of_scope);
        Commands {
            ids: faq.entries.iter().map(|entry| plain(entry.id.as_str())).collect(),
            questions: entries().map(|entry| plain(entry.question())).collect(),
        }
    }

    /// Those that begin so, whatever the case.
    fn beginning(of: &[String], typed: &str) -> Vec<Pair> {
        let typed = typed.to_lowercase();
        let fitting = of.iter().filter(|text| text.to_lowercase().starts_with(&typed)).take(OFFERED);
        fitting.map(|text| Pair { display: text.clone(), replacement: text.clone() }).collect()
    }
}

impl Helper for Commands {}

impl Completer for Commands {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(typed) = line[..pos].strip_prefix('/') else {
            let begun = !line[..pos].trim().is_empty();
            return Ok((0, if begun { Self::beginning(&self.questions, &line[..pos]) } else { Vec::new() }));
        };
        for command in ["show ", "teach "] {
            if let Some(id) = typed.strip_prefix(command) {
                return Ok((1 + command.len(), Self::beginning(&self.ids, id)));
            }
        }
        let fitting = COMMANDS.iter().filter(|(name, ..)| name.starts_with(typed));
        let pairs = fitting.map(|(name, argument, what)| Pair {
            display: format!("/{name:<15} {what}"),
            replacement: format!("/{name}{}", if argument.is_empty() { "" } else { " " }),
        });
        Ok((0, pairs.collect()))
    }
}

impl Hinter for Commands {
    type Hint = String;

    fn hint(&self, line: &str, pos: usize, _: &rustyline::Context<'_>) -> Option<String> {
        let typed = line.strip_prefix('/').filter(|typed| !typed.is_empty() && pos == line.len())?;
        let mut fitting = COMMANDS.iter().filter(|(name, ..)| name.starts_with(typed));
        let (name, argument, _) = fitting.next()?;
        let rest = format!("{} {argument}", &name[typed.len()..]);
        (fitting.next().is_none() || *name == typed)
            .then(|| rest.trim_end().to_owned())
            .filter(|hint| !hint.is_empty())
    }
}

impl Highlighter for Commands {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if colours() { Cow::Owned(styled(BOLD, prompt)) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if colours() { Cow::Owned(styled(DIM, hint)) } else { Cow::Borrowed(hint) }
    }
}

/// Whether colours are wanted: rustyline writes past anstream.
fn colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

impl Validator for Commands {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let open_block = input.trim().strip_prefix(QUOTES).is_some_and(|block| !block.ends_with(QUOTES));
        let open = input.ends_with('\\') || open_block;
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

/// A line as it is meant, from one as it was typed over several.
pub fn unfold(line: &str) -> String {
    match line.trim().strip_prefix(QUOTES) {
        Some(block) => block.strip_suffix(QUOTES).unwrap_or(block).to_owned(),
        None => line.replace("\\\n", "\n"),
    }
}

const QUOTES: &str = "\"\"\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_typed_over_several_are_joined() {
        assert_eq!(unfold("one \\\ntwo"), "one \ntwo");
        assert_eq!(unfold("\"\"\"one\ntwo\"\"\""), "one\ntwo");
        assert_eq!(unfold("plain"), "plain");
    }
}
