//! A file for each API: handlers only translate.

pub mod ask;
pub mod azure;
pub mod faqs;
pub mod feedback;
pub mod mcp;
pub mod numeric_ids;
pub mod openai;
pub mod operations;
pub mod qna;
pub mod qnamaker;
pub mod rasa;
pub mod review;
