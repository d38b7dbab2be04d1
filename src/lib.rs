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
//! A room imports only from those to its left; so does a file in its room.
//!
//! ```text
//! error ─ parallel ─ storage ─ embed ─ matching ─ bot ─ quality ─ learn ─ reply ─ builder
//! ```
//!
//! [`faq`] is a crate of its own, `faqbot-faq`. Only `storage` and `faq::load` read and write files, and `embed` fetches
//! models; nothing here prints or knows the command line: that is the program's, in `src/bin/faqbot`.

pub mod bot;
mod builder;
pub mod embed;
pub mod error;
pub mod learn;
pub mod matching;
mod parallel;
pub mod quality;
pub mod reply;
pub mod storage;

pub use bot::{Bot, Conversation, Exchanged, Message, Setup, Verdict};
pub use builder::{Builder, Chat};
pub use embed::{Embedder, ModelId};
pub use error::{Error, Result, RowError};
pub use faqbot_faq as faq;
pub use faqbot_faq::{Entry, EntryId, Faq};
pub use matching::decision::{Decision, Policy, Rule};
pub use matching::ranking::Match;
pub use reply::{Found, Outcome, OutcomeKind, Reply};
