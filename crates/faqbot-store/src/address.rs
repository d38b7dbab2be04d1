//! Addresses of stores.

use std::fs::OpenOptions;
use std::path::Path;

use crate::error::{Error, Result};
use crate::{Engine, Missing};

/// The kind of database that an address is of, and the address as its driver wants it.
pub(crate) fn address(url: &str, missing: Missing) -> Result<(Engine, String)> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok((Engine::Postgres, url.to_owned()));
    }
    let Some(path) = sqlite_path(url).filter(|path| !path.is_empty()) else {
        // It is not quoted: it may hold a password.
        return Err(Error::Address(
            "--store: an address is sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE".into(),
        ));
    };
    match (Path::new(path).is_file(), missing) {
        (true, _) => {}
        (false, Missing::Refuse) => {
            return Err(Error::Address(format!(
                "{path}: there is no store yet; `faqbot serve --store` begins one"
            )));
        }
        (false, Missing::Create) => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            // What people asked is for the operator's eyes.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(path) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(Error::Open { store: path.to_owned(), source: error.into() });
                }
                _ => {}
            }
        }
    }
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok((Engine::Sqlite, format!("sqlite://{escaped}")))
}

/// The path in the address of a store that is a file.
pub fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    Some(path.strip_prefix("//").unwrap_or(path))
}

/// The address of a store without its password, to be shown.
pub fn without_password(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, host) = rest.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        Some(format!("{scheme}://{user}:…@{host}"))
    });
    let plain = hidden.unwrap_or_else(|| url.to_owned());
    // As a parameter, too.
    match plain.split_once("password=") {
        Some((before, after)) => {
            format!("{before}password=…{}", after.find('&').map_or("", |end| &after[end..]))
        }
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_two_kinds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a?b.db");
        let url = format!("sqlite:{}", path.display());
        assert!(address(&url, Missing::Refuse).unwrap_err().to_string().contains("no store yet"));
        assert!(!path.exists());
        let (engine, escaped) = address(&url, Missing::Create).unwrap();
        assert!(path.exists() && engine == Engine::Sqlite && escaped.ends_with("a%3fb.db"));
        for wrong in ["mysql://a/b", "a.db", "sqlite:", "sqlite:/no/such/folder/a.db"] {
            assert!(address(wrong, Missing::Create).is_err(), "{wrong}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("postgres://me:s3cr@t@host/db"), "postgres://me:…@host/db");
        assert_eq!(
            without_password("postgres://host/db?password=x&a=b"),
            "postgres://host/db?password=…&a=b"
        );
        assert_eq!(without_password("sqlite:a.db"), "sqlite:a.db");
    }
}
