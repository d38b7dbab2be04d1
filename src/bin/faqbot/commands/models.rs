//! `faqbot models`: the embedding models that can be named.

use std::io::Write;

use anyhow::Result;
use faqbot::embed::fastembed::{BUNDLED, catalogue};

use crate::config::Settings;

/// `faqbot models`
pub fn models(settings: &Settings) -> Result<()> {
    let mut rows = vec![["NAME", "DIM", "SIZE", "LANGUAGES", "WHERE"].map(str::to_owned)];
    if cfg!(feature = "bundled-model") {
        rows.push([BUNDLED, "384", "23.6 MB", "English", "in the program (the default)"].map(str::to_owned));
    }
    for model in catalogue(&settings.hub) {
        rows.push([
            model.name,
            model.dimension.to_string(),
            model.bytes.map_or("-".into(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6)),
            model.languages.unwrap_or("-").to_owned(),
            format!("{}{}", if model.bytes.is_some() { "cached: " } else { "hub: " }, model.repository),
        ]);
    }
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut out = anstream::stdout().lock();
    for [name, dimension, size, languages, place] in &rows {
        writeln!(
            out,
            "{name:<0$}  {dimension:>1$}  {size:>2$}  {languages:<3$}  {place}",
            widths[0], widths[1], widths[2], widths[3]
        )?;
    }
    Ok(())
}
