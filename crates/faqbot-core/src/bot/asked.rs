//! What is asked of a bot, and what is wanted of the reply.

use ndarray::ArrayView1;

use super::Among;

/// What is wanted of a reply.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Matches, at least.
    pub(super) count: usize,
    pub(super) among: Option<Among<'a>>,
    /// The entry that was answered before.
    pub(super) after: Option<usize>,
}

/// A text that is asked.
#[derive(Clone, Copy)]
pub(super) struct Query<'q> {
    pub(super) text: &'q str,
    /// The entry that was answered before.
    pub(super) after: Option<usize>,
}

/// Whether a text is all that was written.
#[derive(Clone, Copy)]
pub(super) enum Whole {
    Message,
    Part,
}

/// A text that is asked, with its vector.
#[derive(Clone)]
pub(super) struct Asked<'a> {
    pub(super) query: &'a str,
    /// As [`normalize_phrasing`] makes it.
    pub(super) normalized: String,
    pub(super) row: ArrayView1<'a, f32>,
    pub(super) wanted: Wanted<'a>,
    pub(super) whole: Whole,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        query: &'a str,
        normalized: String,
        row: ArrayView1<'a, f32>,
        wanted: Wanted<'a>,
        whole: Whole,
    ) -> Self {
        Asked { query, normalized, row, wanted, whole }
    }
}
