//! Parts of FAQs with queries, drawn from the public sets: what the confidence is fitted on.

use std::collections::HashSet;
use std::path::Path;

use faqbot::Faq;
use faqbot::quality::eval::{LabelledQuery, load_queries};

use crate::data::{Data, SOURCES, part};
use crate::random::{Random, mistyped};

/// Parts drawn from each source.
const PARTS: usize = 12;

/// Queries in scope of a part, at most.
const PART_QUERIES: usize = 120;

/// The greatest share of out-of-scope queries in a part; it is drawn evenly from 0 to this.
const MAX_OUT_OF_SCOPE: f64 = 0.6;

/// The share of these that come from the other families: questions about something else altogether.
const FAR: f64 = 0.3;

/// The share of parts that have an entry of another family in them: one that stands out, as a crisis entry does.
const GUESTS: f64 = 0.35;

/// Messages of no FAQ that a part gets: chatter, orders, insults, figures of speech.
const MESSAGES: usize = 8;

/// The share of a part's queries that have an error of typing.
const MISTYPED: f64 = 0.2;

/// A part of a FAQ with queries, and the family that each query comes from.
pub struct Drawn {
    pub family: &'static str,
    pub guest: Option<&'static str>,
    pub faq: Faq,
    pub queries: Vec<LabelledQuery>,
    pub from: Vec<&'static str>,
}

/// Draws the parts of all sources.
pub fn draw(random: &mut Random, data: &Data) -> faqbot::Result<Vec<Drawn>> {
    let asked: Vec<(&str, Vec<LabelledQuery>)> = SOURCES
        .iter()
        .map(|source| Ok((source.family, data.calibration(source)?)))
        .collect::<faqbot::Result<_>>()?;
    // Those that are no crisis are answered by no FAQ; the other half is for tests.
    let messages: Vec<LabelledQuery> = load_queries(Path::new("data/messages.jsonl"))?
        .into_iter()
        .filter(|message| {
            message.kind.as_deref().is_some_and(|kind| kind != "crisis" && !kind.ends_with("_test"))
        })
        .collect();
    let mut drawn = Vec::new();
    for (source, (_, labelled)) in SOURCES.iter().zip(&asked) {
        let whole = data.faq(source)?;
        for _ in 0..PARTS {
            let mut faq = part(random, &whole);
            let mut guest = None;
            let (other, others) = &asked[random.below(asked.len())];
            if *other != source.family && random.unit() < GUESTS {
                let host = &SOURCES[asked.iter().position(|(family, _)| family == other).unwrap_or(0)];
                faq.entries.extend(part(random, &data.faq(host)?).entries.into_iter().take(1));
                guest = Some(*other);
            }
            let ids: HashSet<&str> = faq.entries.iter().map(|entry| entry.id.as_str()).collect();
            let answered = |query: &LabelledQuery| {
                query.expected.iter().chain(&query.ok).any(|id| ids.contains(id.as_str()))
            };
            let (inside, outside): (Vec<LabelledQuery>, Vec<LabelledQuery>) =
                labelled.iter().cloned().partition(answered);
            let mut queries = random.some(&inside, PART_QUERIES);
            if guest.is_some() {
                let of_guest: Vec<LabelledQuery> =
                    others.iter().filter(|query| answered(query)).cloned().collect();
                queries.extend(random.some(&of_guest, 10));
            }
            let share = random.unit() * MAX_OUT_OF_SCOPE;
            let count = (queries.len() as f64 * share / (1.0 - share)).round() as usize;
            // Some of those out of scope are about something else altogether.
            let far = (count as f64 * FAR).round() as usize;
            let unanswered = |query: LabelledQuery| LabelledQuery { expected: None, ok: vec![], ..query };
            queries.extend(random.some(&outside, count - far).into_iter().map(unanswered));
            queries.extend(random.some(&messages, MESSAGES));
            let mut from = vec![source.family; queries.len()];
            for _ in 0..far {
                let (family, others) = &asked[random.below(asked.len())];
                if *family != source.family {
                    queries.push(unanswered(others[random.below(others.len())].clone()));
                    from.push(*family);
                }
            }
            for labelled in &mut queries {
                if random.unit() < MISTYPED {
                    let errors = 1 + random.below(2);
                    labelled.query = mistyped(random, &labelled.query, errors);
                }
            }
            drawn.push(Drawn { family: source.family, guest, faq, queries, from });
        }
    }
    Ok(drawn)
}
