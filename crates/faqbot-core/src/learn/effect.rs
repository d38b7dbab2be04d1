//! What a change of a FAQ does to labelled questions, before it is made.

use std::fmt;

use faqbot_embed::Embedder;
use serde::Serialize;

use crate::bot::{Bot, Verdict};
use crate::quality::eval::{Grade, LabelledQuery, grade};

/// How the grades of labelled questions change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Effect {
    /// The questions that were asked.
    pub questions: usize,
    /// Questions that get their right answer only now.
    pub answered: usize,
    /// Questions that got their right answer, and do not any more.
    pub lost: Vec<Changed>,
    /// Questions that are answered wrongly only now.
    pub wrong: Vec<Changed>,
    /// Questions that were answered wrongly, and are not any more.
    pub fixed: usize,
}

/// A question whose grade changes for the worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    /// The question.
    pub query: String,
    /// Its right entry, null for none.
    pub expected: Option<String>,
    /// The entry that answers now, or else is nearest.
    pub given: Option<String>,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = self.expected.as_deref().unwrap_or("no answer");
        let given = self.given.as_deref().unwrap_or("none");
        write!(f, "{} (should be {wanted}, is {given})", self.query)
    }
}

/// Compares the replies of two bots to the same questions, one for each.
pub fn effect<E: Embedder, F: Embedder>(
    questions: &[LabelledQuery],
    (before, old): (&Bot<E>, &[Verdict]),
    (after, new): (&Bot<F>, &[Verdict]),
) -> Effect {
    let mut effect = Effect { questions: questions.len(), ..Effect::default() };
    for ((labelled, old), new) in questions.iter().zip(old).zip(new) {
        let (was, is) = (grade(before, labelled, old), grade(after, labelled, new));
        let changed = || Changed {
            query: labelled.query.clone(),
            expected: labelled.expected.clone(),
            given: new.answer().or(new.matches.first()).map(|found| after.entry(found).id.to_string()),
        };
        match (was, is) {
            (Grade::Right, Grade::Right) | (Grade::Wrong, Grade::Wrong) => {}
            (_, Grade::Wrong) => effect.wrong.push(changed()),
            (Grade::Right, _) => effect.lost.push(changed()),
            _ => {}
        }
        effect.answered += usize::from(was != Grade::Right && is == Grade::Right);
        effect.fixed += usize::from(was == Grade::Wrong && is != Grade::Wrong);
    }
    effect
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bot::Setup;
    use faqbot_embed::HashEmbedder;
    use faqbot_faq::Faq;

    fn bot(yaml: &str) -> Bot<HashEmbedder> {
        let faq = Faq::read(yaml.as_bytes(), Path::new("a.yaml")).unwrap().faq;
        let embedder = HashEmbedder::new();
        let setup = Setup::for_model(embedder.model());
        Bot::new(faq, embedder, setup, &mut |_| ()).unwrap()
    }

    #[test]
    fn gains_and_losses_are_counted() {
        let before = bot("- {question: red apples, answer: a}\n- {question: blue boats, answer: b}\n");
        let after = bot(
            "- {question: red apples, answer: a}\n- {question: blue boats, also: [green pears], answer: b}\n",
        );
        let label = |query: &str, expected: Option<&str>| LabelledQuery {
            query: query.to_owned(),
            expected: expected.map(str::to_owned),
            kind: None,
            ok: Vec::new(),
        };
        let questions = [
            label("green pears", Some("blue-boats")),
            label("red apples", Some("red-apples")),
            label("green pears", None),
        ];
        let texts: Vec<&str> = questions.iter().map(|question| question.query.as_str()).collect();
        let old = before.verdicts(&texts, 1, &mut |_| ()).unwrap();
        let new = after.verdicts(&texts, 1, &mut |_| ()).unwrap();
        let effect = effect(&questions, (&before, &old), (&after, &new));
        assert_eq!((effect.answered, effect.wrong.len(), effect.lost.len(), effect.fixed), (1, 1, 0, 0));
        assert_eq!(effect.wrong[0].given.as_deref(), Some("blue-boats"));
    }
}
