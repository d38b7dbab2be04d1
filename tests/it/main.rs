//! The tests of the program and of the library with its model: one binary, which is linked once.

#[cfg(feature = "cli")]
mod ask;
#[cfg(feature = "cli")]
mod chat;
#[cfg(feature = "cli")]
mod command_line;
#[cfg(feature = "cli")]
mod common;
#[cfg(feature = "cli")]
mod content;
#[cfg(feature = "bundled-model")]
mod conversation;
#[cfg(feature = "bundled-model")]
mod download;
mod house;
#[cfg(feature = "cli")]
mod measure;
#[cfg(feature = "bundled-model")]
mod minimal_pairs;
// How people's questions are read is the fit's.
#[cfg(feature = "bundled-model")]
#[allow(dead_code, reason = "the fit uses the rest")]
#[path = "../../crates/faqbot-train/src/bin/fit/people.rs"]
mod people;
#[cfg(feature = "bundled-model")]
#[allow(dead_code, reason = "the fit uses the rest")]
#[path = "../../crates/faqbot-train/src/bin/fit/random.rs"]
mod random;
#[cfg(feature = "bundled-model")]
mod reader;
#[cfg(feature = "cli")]
mod robust;
mod serve;
mod store;
#[cfg(feature = "bundled-model")]
mod therapy;
