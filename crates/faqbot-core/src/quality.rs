//! How good a bot and a FAQ are: labelled queries and the report on them, calibration, the linter.

pub mod calibration;
pub mod calibration_file;
pub mod check;
pub mod eval;
pub mod unlabelled;
