//! A chatbot that answers from a FAQ.
//!
//! People ask in their own words; the bot embeds the question, finds the entry that means the same,
//! says how sure it is, and says that it has no answer rather than give a wrong one. It runs on the
//! user's own machine, with the model inside.
//!
//! ```
//! use faqbot::embed::Embedder;
//! use faqbot::embed::fastembed::FastEmbedder;
//! use faqbot::{Bot, Faq, Setup};
//! use std::path::Path;
//!
//! # fn main() -> faqbot::Result<()> {
//! let yaml = "
//! - question: Where is my order?
//!   also: [track my parcel]
//!   answer: Open your orders and choose Track.
//! - question: How do I return something?
//!   answer: Print the label and drop the parcel off.
//! ";
//! let faq = Faq::read(yaml.as_bytes(), Path::new("shop.yaml"))?.faq;
//!
//! let embedder = FastEmbedder::bundled()?;
//! let setup = Setup::for_model(embedder.model());
//! let bot = Bot::new(faq, embedder, setup, &mut |_done| ())?;
//!
//! let reply = bot.ask("how can I track my parcel?")?;
//! let found = reply.answer().expect("an answer");
//! assert_eq!(bot.entry(found).answer, "Open your orders and choose Track.");
//! println!("{:.0} % sure", 100.0 * reply.confidence.expect("the bundled model is calibrated"));
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! A room imports only from those to its left; so does a file in its room.
//!
//! ```text
//! error ─ parallel ─ storage ─ embed ─ matching ─ bot ─ quality ─ learn
//! ```
//!
//! Only `storage` and `faq::load` read and write files, and `embed` fetches models; nothing here prints or
//! knows the command line: that is the program's, in `src/bin/faqbot`.

pub mod bot;
pub mod embed;
pub mod error;
pub mod learn;
pub mod matching;
mod parallel;
pub mod quality;
pub mod storage;

pub use bot::{Bot, Conversation, Exchanged, Message, Reply, Setup};
pub use embed::{Embedder, ModelId};
pub use error::{Error, Result, RowError};
pub use faqbot_faq as faq;
pub use faqbot_faq::{Entry, EntryId, Faq};
pub use matching::decision::{Decision, Policy, Rule};
pub use matching::ranking::Match;
