//! What was asked and not answered, made into a better FAQ: personal data taken out of questions, questions grouped by
//! meaning, and what a change of the FAQ would do to them.

pub mod effect;
pub mod groups;
pub mod redact;
