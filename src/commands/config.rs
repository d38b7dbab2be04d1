//! `faqbot config`: the settings in force, in the form of faqbot.toml.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use clap::Subcommand;
use faqbot_store::address::without_password;
use toml::Value;

use crate::config::{Model, Settings};
use crate::options::{Options, ServeOptions, StoreOptions};
use crate::output::style::plain;

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print all settings in the form of faqbot.toml, each with where it comes from
    #[command(after_help = "Example:
  faqbot config show --faq shop.yaml > new.toml")]
    Show {
        #[command(flatten)]
        serve: ServeOptions,
        #[command(flatten)]
        store: StoreOptions,
        #[command(flatten)]
        options: Options,
    },
}

/// `faqbot config show`. `given` says which settings come from flags and variables.
pub fn show(settings: &Settings, given: &BTreeMap<String, String>) -> Result<()> {
    let origin = |name: &str, in_file: &str| match (given.get(name), &settings.file) {
        (Some(place), _) => place.clone(),
        (None, Some((path, names))) if names.iter().any(|own| own == in_file) => path.display().to_string(),
        _ => "default".to_owned(),
    };
    let text = |text: &dyn std::fmt::Display| Value::String(text.to_string());
    let number = |number: Option<f32>| {
        // By way of text: 0.3 is to be shown as 0.3.
        number.and_then(|number| number.to_string().parse().ok()).map(Value::Float)
    };
    let limits = &settings.read.limits;
    let limit = [
        format!("file-bytes={}", limits.file_bytes),
        format!("entries={}", limits.entries),
        format!("text-bytes={}", limits.text_bytes),
    ];
    let model = match &settings.model {
        Model::Catalogue(name) => Some(name.clone()),
        Model::Hash => Some(Settings::HASH.to_owned()),
        Model::Bundled | Model::Folder(_) => None,
    };
    let folder = match &settings.model {
        Model::Folder(folder) => Some(text(&folder.display())),
        _ => None,
    };
    let faq: Vec<Value> = settings.faq.iter().map(|path| text(&path.display())).collect();
    let store = settings.store.as_ref().map(|url| text(url));
    let secret = settings.store.as_ref().is_some_and(|url| without_password(url) != *url);
    let redact: Vec<Value> = settings.keep.redact.patterns().iter().map(|pattern| text(pattern)).collect();
    // Each with its value, or with what is used where it has none.
    let rows: [(&str, Option<Value>, &str); 17] = [
        ("faq", Some(Value::Array(faq)).filter(|_| !settings.faq.is_empty()), "the FAQ in the program"),
        ("format", settings.read.format.map(|format| text(&format.name)), "found by name and content"),
        (
            "map",
            Some(text(&settings.read.columns)).filter(|map| map.as_str() != Some("")),
            "by the names of the columns",
        ),
        ("limit", Some(Value::Array(limit.iter().map(|limit| text(limit)).collect())), ""),
        ("model", model.as_ref().map(|name| text(name)), "the one in the program"),
        ("model_dir", folder, "none"),
        ("offline", Some(Value::Boolean(settings.hub.offline)), ""),
        ("no_answers", Some(Value::Boolean(!settings.answers)), ""),
        (
            "min_confidence",
            number(settings.min_confidence),
            "that of the model, or of the calibration beside the FAQ",
        ),
        ("min_cosine", number(settings.min_cosine), "that of the model"),
        ("margin", number(settings.margin), "that of the model"),
        ("cache_dir", settings.cache_dir.as_ref().map(|folder| text(&folder.display())), "none"),
        ("no_cache", Some(Value::Boolean(!settings.cache)), ""),
        ("color", Value::try_from(settings.color).ok(), ""),
        (
            "store",
            store.filter(|_| !secret),
            if secret { "set, with a password that is not shown" } else { "nothing is kept" },
        ),
        (
            "redact",
            Some(Value::Array(redact)).filter(|_| !settings.keep.redact.patterns().is_empty()),
            "addresses and numbers only",
        ),
        (
            "keep",
            settings.keep.time.map(|time| text(&format!("{}s", time.as_secs()))),
            "until they are removed",
        ),
    ];
    let mut out = anstream::stdout().lock();
    for (name, value, otherwise) in rows {
        match value {
            Some(value) => writeln!(out, "{name} = {value}  # {}", plain(&origin(name, name)))?,
            None => writeln!(out, "# {name}: {otherwise}")?,
        }
    }
    writeln!(out, "\n[serve]")?;
    for (name, value, otherwise) in of_serve(&settings.serve) {
        match value {
            Some(value) => {
                writeln!(out, "{name} = {value}  # {}", plain(&origin(name, &format!("serve.{name}"))))?;
            }
            None => writeln!(out, "# {name}: {otherwise}")?,
        }
    }
    if let Some((path, _)) = &settings.file {
        writeln!(out, "# read: {}", plain(&path.display().to_string()))?;
    }
    Ok(())
}

/// The settings of the server, each with its value, or with what is used where it has none.
fn of_serve(own: &faqbot_server::Options) -> [(&'static str, Option<Value>, &'static str); 12] {
    let text = |text: String| Value::String(text);
    let number = |number: usize| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let list = |all: &[String]| Value::Array(all.iter().cloned().map(text).collect());
    [
        ("listen", Some(text(own.listen.clone())), ""),
        ("token_file", own.token_file.as_ref().map(|path| text(path.display().to_string())), "none"),
        ("public", Some(Value::Boolean(own.public)), ""),
        ("allow_origin", Some(list(&own.allow_origin)), ""),
        ("mcp", Some(Value::Boolean(own.mcp)), ""),
        ("rate", own.rate.map(|rate| number(rate.get() as usize)), "any number"),
        ("trusted_proxy", own.trusted_proxy.clone().map(text), "none"),
        ("base_path", own.base_path.clone().map(text), "/"),
        ("frame_ancestors", Some(list(&own.frame_ancestors)), ""),
        ("log_questions", Some(Value::Boolean(own.log_questions)), ""),
        ("max_connections", Some(number(own.max_connections)), ""),
        ("queue", Some(number(own.queue)), ""),
    ]
}
