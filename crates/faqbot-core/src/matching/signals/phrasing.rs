//! `phrasing`: the centred cosine of the query and the nearest phrasing of an entry.

use std::io;

use faqbot_embed::storage::arrays::{ArrayReader, ArrayWriter};

use super::{EntryProducts, Query, Signal, Source};
use crate::matching::index::Index;

/// Needs nothing but the cosines.
#[derive(Debug, Clone)]
pub struct Phrasing;

impl Signal for Phrasing {
    type Query = ();

    fn build(_: &Source) -> Option<Self> {
        Some(Phrasing)
    }

    fn query(&self, _: &Query) {}

    fn score(&self, (): &(), _: usize, products: EntryProducts) -> Option<f32> {
        Some(products.cosines.iter().copied().fold(-1.0, f32::max))
    }

    fn error(&self, _: usize, cosine: f32, _: f32) -> f32 {
        cosine
    }

    fn write(&self, _: &mut ArrayWriter) -> io::Result<()> {
        Ok(())
    }

    fn read(_: &Index, _: &mut ArrayReader) -> io::Result<Self> {
        Ok(Phrasing)
    }
}
