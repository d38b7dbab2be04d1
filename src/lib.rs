//! A chatbot that answers from a FAQ.
//!
//! People ask in their own words; the bot embeds the question, finds the entry that means the same,
//! says how sure it is, and says that it has no answer rather than give a wrong one. It runs on the
//! user's own machine, with the model inside.
//!
//! ```no_run
//! use faqbot::{Bot, Outcome};
//!
//! # fn main() -> faqbot::Result<()> {
//! let bot = Bot::open("shop.yaml")?;
//! match bot.ask("where is my parcel")?.outcome {
//!     Outcome::Answered(answers) => println!("{}", answers[0].answer),
//!     Outcome::Clarify(choices) => println!("Did you mean: {}", choices[0].question),
//!     Outcome::Unanswered { fallback, .. } => println!("{fallback}"),
//!     Outcome::SmallTalk(said) => println!("{}", said.text),
//!     _ => {}
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Bot::builder`] takes a FAQ that was made otherwise, another [`Embedder`], a cache; [`Bot::chat`] keeps a conversation:
//!
//! ```
//! use faqbot::{Bot, Faq};
//!
//! # fn main() -> faqbot::Result<()> {
//! let yaml = "
//! - question: Where is my order?
//!   also: [track my parcel]
//!   answer: Open your orders and choose Track.
//! - question: How do I return something?
//!   answer: Print the label and drop the parcel off.
//! ";
//! let faq = Faq::read(yaml.as_bytes(), "shop.yaml".as_ref())?.faq;
//! let bot = Bot::builder(faq).build()?;
//! let mut chat = bot.chat();
//! let reply = chat.say("how can I track my parcel?")?;
//! assert_eq!(reply.answers().collect::<Vec<_>>(), ["Open your orders and choose Track."]);
//! println!("{:.0} % sure", 100.0 * reply.confidence.expect("the bundled model is calibrated"));
//! # Ok(())
//! # }
//! ```
//!
//! A [`Reply`] is whole in itself. What it is made of, with the scores, features and words that decided, is a
//! [`Verdict`]: see [`Bot::verdict`].
//!
//! # Layout
//!
//! This crate is the front door. [`faq`] reads FAQs (`faqbot-faq`), [`embed`] makes vectors and keeps them (`faqbot-embed`),
//! the rest is `faqbot-core`. Nothing of it prints or knows the command line: that is the program's.

pub use faqbot_core::{
    Bot, Builder, Chat, Conversation, Decision, Error, Exchanged, Found, Match, Message, Outcome,
    OutcomeKind, Policy, Reply, Result, Rule, Setup, Verdict,
};
pub use faqbot_core::{bot, error, learn, matching, quality, reply};
pub use faqbot_embed::{self as embed, Embedder, ModelId, storage};
pub use faqbot_faq::{self as faq, Entry, EntryId, Faq, RowError};
