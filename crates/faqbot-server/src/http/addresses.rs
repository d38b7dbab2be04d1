//! The addresses of requests as the router knows them: without the path that the server is reached under, and without
//! slashes that mean nothing.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri};

/// The header in which a proxy says what it took from the beginning of the path.
const FORWARDED: &str = "x-forwarded-prefix";

/// The path under which visitors reach the server, as pages write it before addresses: `""`, or such as `/help/faq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// A path without its last slash; none where it has something that a path of plain names has not.
    pub fn new(path: &str) -> Option<Prefix> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let plain = |name: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            !name.is_empty() && name.bytes().all(known) && name.bytes().any(|byte| byte != b'.')
        };
        let names = path.strip_prefix('/').map(|names| names.split('/').all(plain));
        (path.is_empty() || names == Some(true)).then(|| Prefix(path.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What addresses begin with.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The path that the server itself is told it is under.
    pub base: Prefix,
    /// Whether a proxy is believed that says what it took away.
    pub behind_proxy: bool,
}

impl Addresses {
    /// Makes a request's address one of the router's, and leaves with it what visitors reach it under.
    pub fn read(&self, request: &mut Request) {
        if let Some(uri) = self.of_router(request.uri()) {
            *request.uri_mut() = uri;
        }
        let prefix = self.prefix(request.headers());
        request.extensions_mut().insert(prefix);
    }

    /// What visitors reach a request's address under: what the proxy took away, then what it left.
    fn prefix(&self, headers: &HeaderMap) -> Prefix {
        let forwarded = || Prefix::new(headers.get(FORWARDED)?.to_str().ok()?.trim());
        match forwarded().filter(|_| self.behind_proxy) {
            Some(forwarded) => Prefix(format!("{}{}", forwarded.0, self.base.0).into()),
            None => self.base.clone(),
        }
    }

    /// The address without the base path, doubled slashes and a slash at its end, if it has any: clients join a base that
    /// ends in a slash with a path that begins with one, and proxies differ in what they leave at the end.
    fn of_router(&self, uri: &Uri) -> Option<Uri> {
        let mut path = String::with_capacity(uri.path().len());
        for c in uri.path().chars() {
            if c != '/' || !path.ends_with('/') {
                path.push(c);
            }
        }
        let below = path.strip_prefix(self.base.as_str());
        let below = below.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(&path);
        let below = below.strip_suffix('/').unwrap_or(below);
        let below = if below.is_empty() { "/" } else { below };
        if below == uri.path() {
            return None;
        }
        let whole = match uri.query() {
            Some(query) => format!("{below}?{query}"),
            None => below.to_owned(),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(whole.parse::<PathAndQuery>().ok()?);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(base: &str, behind_proxy: bool) -> Addresses {
        Addresses { base: Prefix::new(base).unwrap(), behind_proxy }
    }

    #[test]
    fn slashes_that_mean_nothing_go() {
        let read = |uri: &'static str| {
            addresses("", false).of_router(&Uri::from_static(uri)).map(|uri| uri.to_string())
        };
        assert_eq!(read("//language/:query?a=b//c").as_deref(), Some("/language/:query?a=b//c"));
        assert_eq!(read("/a///b//").as_deref(), Some("/a/b"));
        assert_eq!(read("/webhooks/rest/?a=/").as_deref(), Some("/webhooks/rest?a=/"));
        assert_eq!(read("/a/b"), None);
        assert_eq!(read("/"), None);
    }

    #[test]
    fn the_base_path_goes_whether_a_proxy_took_it_or_not() {
        let read = |uri: &'static str| {
            let uri = Uri::from_static(uri);
            addresses("/help/faq/", false).of_router(&uri).unwrap_or(uri).to_string()
        };
        assert_eq!(read("/help/faq"), "/");
        assert_eq!(read("/help/faq/?q=a"), "/?q=a");
        assert_eq!(read("/help/faq/v1/ask"), "/v1/ask");
        assert_eq!(read("/v1/ask"), "/v1/ask");
        assert_eq!(read("/help/faqs"), "/help/faqs");
    }

    #[test]
    fn what_a_proxy_took_is_believed_where_one_is_known_of() {
        let of = |base, behind_proxy, said: &'static str| {
            let headers = HeaderMap::from_iter([(FORWARDED.parse().unwrap(), said.parse().unwrap())]);
            addresses(base, behind_proxy).prefix(&headers).as_str().to_owned()
        };
        assert_eq!(of("", true, "/shop/"), "/shop");
        assert_eq!(of("/faq", true, "/shop"), "/shop/faq");
        assert_eq!(of("/faq", false, "/shop"), "/faq");
        assert_eq!(of("", true, "//evil.example"), "");
        assert_eq!(of("", true, "/\"><script>"), "");
        assert_eq!(of("", true, "/../x"), "");
    }
}
