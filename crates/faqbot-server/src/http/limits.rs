//! Who may ask, and how much.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};
use crate::http::problem::Problem;

/// A token that is shorter can be guessed.
const TOKEN_CHARS: usize = 16;

/// Clients that are known to the rate limit before those that have been quiet are forgotten.
const CLIENTS: usize = 10_000;

/// Seconds between two times of forgetting them.
const SWEEP: u64 = 10;

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Who may ask, and how much.
pub struct Limits {
    /// SHA-256 of each token; none where no token is needed.
    tokens: Vec<[u8; 32]>,
    /// Whether visitors may ask without one.
    public: bool,
    rate: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
    begin: Instant,
    /// When clients were forgotten last, in seconds since `begin`.
    swept: AtomicU64,
    /// The header in which a proxy names the client.
    proxy: Option<HeaderName>,
}

impl Limits {
    /// Limits; `rate` is the number of questions a minute that one client may ask, all at once or spread.
    pub fn new(
        tokens: Vec<[u8; 32]>,
        public: bool,
        rate: Option<NonZeroU32>,
        proxy: Option<HeaderName>,
    ) -> Self {
        Limits {
            tokens,
            public,
            rate: rate.map(|rate| DefaultKeyedRateLimiter::keyed(Quota::per_minute(rate))),
            clock: DefaultClock::default(),
            begin: Instant::now(),
            swept: AtomicU64::new(0),
            proxy,
        }
    }

    /// Reads tokens from a file, one a line; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// The file cannot be read, has no token, or one that is too short.
    pub fn read_tokens(path: &Path) -> Result<Vec<[u8; 32]>> {
        let text = std::fs::read_to_string(path).map_err(Error::failed(path.display()))?;
        let mut tokens = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let token = line.trim();
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            let place = format!("{}:{}", path.display(), number + 1);
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::Refused(format!(
                    "{place}: a token is made of ASCII letters, digits and signs; others cannot be sent"
                )));
            }
            if token.chars().count() < TOKEN_CHARS {
                return Err(Error::Refused(format!(
                    "{place}: a token has at least {TOKEN_CHARS} characters; `openssl rand -hex 32` makes one"
                )));
            }
            tokens.push(hash(token));
        }
        if tokens.is_empty() {
            return Err(Error::Refused(format!(
                "{}: there is no token in it; write one on a line of its own",
                path.display()
            )));
        }
        Ok(tokens)
    }

    /// Whether a request carries a token, where one is needed: as a bearer token, or as the clients of Azure, QnA Maker
    /// and Rasa send theirs. All tokens are compared, by their hashes and in constant time.
    fn has_token(&self, headers: &HeaderMap, query: Option<&str>) -> bool {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = text(header::AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| {
                ["bearer", "endpointkey"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
            })
            .map(|(_, token)| token.trim());
        let key = text(HeaderName::from_static("ocp-apim-subscription-key"));
        let in_query = query.and_then(|query| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
        });
        let mut found = false;
        for token in [authorization, key, in_query.as_deref()].into_iter().flatten() {
            let token = hash(token);
            for known in &self.tokens {
                found |= bool::from(known.ct_eq(&token));
            }
        }
        found
    }

    /// Whether requests of programs need a token.
    pub fn needs_token(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Takes questions from a client's allowance.
    pub fn take(&self, client: IpAddr, questions: usize) -> Result<(), Problem> {
        let Some(rate) = &self.rate else { return Ok(()) };
        let Some(questions) = u32::try_from(questions).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        // Not at each question: where that many ask within a minute, none is forgotten.
        let now = self.begin.elapsed().as_secs();
        if rate.len() > CLIENTS && self.swept.swap(now, Ordering::Relaxed) + SWEEP < now {
            rate.retain_recent();
        }
        match rate.check_key_n(&client, questions) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let seconds = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
                let detail = format!("too many questions from this address; try again in {seconds} s");
                Err(Problem::later(StatusCode::TOO_MANY_REQUESTS, seconds, detail))
            }
            Err(_) => {
                Err(Problem::bad_request("more questions at once than one address may ask in a minute"))
            }
        }
    }

    /// The address of a client: that of the connection, or what the proxy that is trusted says last.
    pub fn client(&self, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
        let named = self.proxy.as_ref().and_then(|name| {
            // The last value is the proxy's own; those before it are the client's to invent.
            let last = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            let last = last.rsplit(',').next()?.trim();
            // Some proxies add the port.
            last.parse().ok().or_else(|| Some(last.parse::<SocketAddr>().ok()?.ip()))
        });
        match named.unwrap_or(peer.ip()).to_canonical() {
            // Whoever has one address of IPv6 has its network.
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address => address,
        }
    }
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

/// Lets requests of programs through: with a token, where there are any.
pub async fn programs(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let allowed = limits.tokens.is_empty() || limits.has_token(request.headers(), request.uri().query());
    if allowed { next.run(request).await } else { refused() }
}

/// Lets requests of visitors through: as programs, or all where the server is public.
pub async fn visitors(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    if limits.public { next.run(request).await } else { programs(State(limits), request, next).await }
}

/// Leaves the client's address with the request.
pub async fn client(State(limits): State<Arc<Limits>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(SocketAddr::from(([0, 0, 0, 0], 0)), |peer| peer.0);
    let client = limits.client(request.headers(), peer);
    request.extensions_mut().insert(Client(client));
    next.run(request).await
}

/// Takes one question from the client's allowance.
pub async fn rate(
    State(limits): State<Arc<Limits>>,
    Extension(Client(client)): Extension<Client>,
    request: Request,
    next: Next,
) -> Response {
    match limits.take(client, 1) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses requests for a name that is not the server's; see `hosts`.
pub async fn host(State(hosts): State<Option<Arc<[String]>>>, request: Request, next: Next) -> Response {
    let named = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned())
        .or_else(|| Some(request.headers().get(header::HOST)?.to_str().ok()?.to_owned()));
    let without_port = |name: &str| match name.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => name.to_owned(),
    };
    let known = match (&hosts, &named) {
        (Some(hosts), Some(name)) => hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(name) || host.eq_ignore_ascii_case(&without_port(name))),
        (None, _) | (_, None) => true,
    };
    if known {
        return next.run(request).await;
    }
    let detail =
        "the server answers only this machine, by its own names; --public or --allow-origin let others ask";
    Problem::new(StatusCode::FORBIDDEN, detail).into_response()
}

/// The address of whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub IpAddr);

fn refused() -> Response {
    let detail = "a token is needed: Authorization: Bearer TOKEN";
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, detail).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, axum::http::HeaderValue::from_static("Bearer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rate: u32, proxy: Option<&'static str>) -> Limits {
        let proxy = proxy.map(HeaderName::from_static);
        Limits::new(vec![hash("0123456789abcdef")], false, NonZeroU32::new(rate), proxy)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_token_is_found_where_clients_send_theirs() {
        let limits = limits(1, None);
        let has = |pairs: &[(&'static str, &str)]| limits.has_token(&headers(pairs), None);
        assert!(has(&[("authorization", "Bearer 0123456789abcdef")]));
        assert!(has(&[("authorization", "EndpointKey 0123456789abcdef")]));
        assert!(has(&[("ocp-apim-subscription-key", "0123456789abcdef")]));
        assert!(limits.has_token(&HeaderMap::new(), Some("a=b&token=0123456789abcdef")));
        assert!(!has(&[]));
        assert!(!has(&[("authorization", "Basic 0123456789abcdef")]));
        assert!(!has(&[("authorization", "Bearer 0123456789abcdeF")]));
    }

    #[test]
    fn each_client_has_an_allowance_of_its_own() {
        let limits = limits(3, None);
        let [a, b]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        assert!(limits.take(a, 2).is_ok() && limits.take(a, 1).is_ok());
        assert_eq!(limits.take(a, 1).unwrap_err().status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(limits.take(b, 1).is_ok());
        assert_eq!(limits.take(b, 4).unwrap_err().status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_proxy_is_believed_only_where_it_is_named() {
        let peer: SocketAddr = "[::ffff:10.0.0.9]:80".parse().unwrap();
        let said = headers(&[("x-forwarded-for", "1.1.1.1, 2.2.2.2")]);
        assert_eq!(limits(1, None).client(&said, peer).to_string(), "10.0.0.9");
        let trusting = limits(1, Some("x-forwarded-for"));
        assert_eq!(trusting.client(&said, peer).to_string(), "2.2.2.2");
        assert_eq!(
            trusting.client(&headers(&[("x-forwarded-for", "no address")]), peer).to_string(),
            "10.0.0.9"
        );
        let v6: SocketAddr = "[2001:db8:1:2:3:4:5:6]:80".parse().unwrap();
        assert_eq!(trusting.client(&HeaderMap::new(), v6).to_string(), "2001:db8:1:2::");
    }
}
