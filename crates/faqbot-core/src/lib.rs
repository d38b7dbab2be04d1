//! What faqbot answers with: a FAQ's questions and answers as vectors, signals that rank its entries, the reader, the
//! confidence that the best is right, and the decision whether it is said. See the crate
//! [`faqbot`](https://docs.rs/faqbot), which is this with its embedders and formats.
//!
//! A room imports only from those to its left; so does a file in its room.
//!
//! ```text
//! error ─ parallel ─ matching ─ bot ─ quality ─ learn ─ reply ─ builder
//! ```
//!
//! [`faqbot_faq`] reads FAQs, [`faqbot_embed`] makes vectors and keeps them. Nothing here prints or knows the command line.

pub mod bot;
mod builder;
pub mod error;
pub mod learn;
pub mod matching;
mod parallel;
pub mod quality;
pub mod reply;
pub mod texts;

pub use bot::{Bot, Conversation, Exchanged, Message, Setup, Verdict};
pub use builder::{Builder, Chat};
pub use error::{Error, Result};
pub use matching::decision::{Decision, Policy, Rule};
pub use matching::ranking::Match;
pub use reply::{Found, Outcome, OutcomeKind, Reply};
