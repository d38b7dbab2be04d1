//! The names of FAQs in addresses.

use crate::error::{Error, Result};

/// First segments of addresses, which are no names for FAQs.
const TAKEN: [&str; 16] = [
    "assets",
    "favicon.ico",
    "healthz",
    "language",
    "mcp",
    "metrics",
    "model",
    "openapi.json",
    "qnamaker",
    "readyz",
    "review",
    "status",
    "v1",
    "version",
    "webhooks",
    "widget.js",
];

/// A text as a name for addresses.
pub fn plain_name(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    text.chars().map(plain).collect()
}

/// Whether a FAQ can have this name: it is a segment of addresses, and is to be no other's.
///
/// # Errors
///
/// It cannot; the message says why.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || plain_name(name) != name {
        return Err(Error::Refused(format!(
            "a FAQ cannot be named \"{name}\": a name has letters, digits, `-`, `_` and `.`"
        )));
    }
    if TAKEN.contains(&name) {
        return Err(Error::Refused(format!(
            "a FAQ cannot be named \"{name}\", since an address of the server is; --faq NAME=PATH, or --name NAME, gives it another"
        )));
    }
    Ok(())
}
