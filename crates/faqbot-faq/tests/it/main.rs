//! Files in every format, read, written and changed.

mod edit;
mod formats;
mod random_input;
mod round_trip;
mod wild;
