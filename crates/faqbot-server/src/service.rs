//! What the handlers share: FAQs in their versions, the queue to the bots, and what keeps up with files and store.

pub mod follow;
pub mod published;
pub mod queue;
pub mod reload;
pub mod state;
pub mod version;
