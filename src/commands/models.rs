//! `faqbot models`: the embedding models that can be named.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use comfy_table::{CellAlignment, Table, TableStyle};
use faqbot::ModelId;
use faqbot::embed::fastembed::{BUNDLED, BUNDLED_ID, CatalogueModel, catalogue};
use faqbot::matching::confidence::Calibration;

use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::output::messages::note;

#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Only those with this in their name or languages, such as multilingual
    pub filter: Option<String>,
}

/// The size of a model's weights: to the byte's tenth of a million where they are here, else about what a download has.
fn size(model: &CatalogueModel) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    match (model.bytes, model.download) {
        (Some(bytes), _) => format!("{:.1} MB", megabytes(bytes)),
        // Two digits, since it is no more exact.
        (None, Some(bytes)) if bytes >= 1_000_000_000 => format!("~{:.1} GB", megabytes(bytes) / 1000.0),
        (None, Some(bytes)) if bytes >= 100_000_000 => {
            format!("~{:.0} MB", (megabytes(bytes) / 10.0).round() * 10.0)
        }
        (None, Some(bytes)) => format!("~{:.0} MB", megabytes(bytes)),
        (None, None) => "-".to_owned(),
    }
}

/// `faqbot models`: the exit code, 1 where none is like the filter.
pub fn models(settings: &Settings, args: &ModelsArgs) -> Result<u8> {
    let mut rows: Vec<[String; 7]> = Vec::new();
    let calibrated = |id: &str| if Calibration::shipped(&ModelId::new(id)).is_some() { "yes" } else { "-" };
    if let Some(id) = BUNDLED_ID {
        let place = "in the program (the default)";
        rows.push([BUNDLED, "384", "23.6 MB", "English", calibrated(id), place, ""].map(str::to_owned));
    }
    rows.extend(catalogue(&settings.hub).into_iter().map(|model| {
        // The name without more is that of the model in the program, where there is one.
        let taken = BUNDLED_ID.is_some() && model.name == BUNDLED;
        [
            if taken { model.variant.clone() } else { model.name.clone() },
            model.dimension.to_string(),
            size(&model),
            model.languages.unwrap_or("-").to_owned(),
            calibrated(&model.repository).to_owned(),
            format!("{}{}", if model.bytes.is_some() { "cached: " } else { "hub: " }, model.repository),
            model.variant,
        ]
    }));
    let wanted = args.filter.as_deref().unwrap_or_default().to_lowercase();
    // Models of several languages are asked for by that word, and not all have it in their names.
    let like = |row: &[String; 7]| {
        row.iter().any(|cell| cell.to_lowercase().contains(&wanted))
            || (wanted == "multilingual" && row[3].contains("languages"))
    };
    rows.retain(like);
    if rows.is_empty() {
        note(&format!("no model is like \"{wanted}\"; `faqbot models` lists all"));
        return Ok(NOT_ANSWERED);
    }
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header([
        "NAME",
        "DIM",
        "SIZE",
        "LANGUAGES",
        "CALIBRATED",
        "WHERE",
        "FASTEMBED",
    ]);
    table.add_rows(rows);
    for right in [1, 2] {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut out = anstream::stdout().lock();
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    Ok(ANSWERED)
}
