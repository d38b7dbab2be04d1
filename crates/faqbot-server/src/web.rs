//! Pages for people, and answers as they show them.

pub mod html;
pub mod markdown;
pub mod page;
