//! Which proxy a URL is reached through: the configured one, the environment's, the system's, or none.

use super::bypass::Bypass;
use crate::config::Config;
use crate::logging;
use crate::secret::{self, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use reqwest::header::HeaderValue;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use url::{Host, Url};

/// One proxy.
#[derive(Clone)]
pub(super) struct Proxy {
    pub kind: Kind,
    /// Without user and password.
    pub host: String,
    pub port: u16,
    credentials: Option<Arc<(String, Secret)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http,
    Https,
    /// The names of servers are resolved here.
    Socks5,
    /// The proxy resolves them.
    Socks5h,
}

impl Proxy {
    /// Reads a proxy's URL; without a scheme it is `http`.
    pub fn parse(text: &str) -> Result<Proxy, String> {
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
        let url = url.map_err(|error| error.to_string())?;
        let (kind, port) = match url.scheme() {
            "http" => (Kind::Http, 80),
            "https" => (Kind::Https, 443),
            "socks5" => (Kind::Socks5, 1080),
            "socks5h" => (Kind::Socks5h, 1080),
            _ => return Err("the scheme is not http, https, socks5 or socks5h".to_owned()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?.to_owned();
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("it is more than a scheme, a host and a port".to_owned());
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = Secret::new(decoded(url.password().unwrap_or_default()));
        let has_user = !url.username().is_empty() || url.password().is_some();
        let credentials = has_user.then(|| Arc::new((decoded(url.username()), password)));
        Ok(Proxy { kind, host, port: url.port().unwrap_or(port), credentials })
    }

    fn credentials(&self) -> Option<(&str, &Secret)> {
        self.credentials.as_deref().map(|(user, password)| (user.as_str(), password))
    }

    /// As reqwest takes it.
    pub fn url(&self) -> Option<Url> {
        let mut url = Url::parse(&self.to_string()).ok()?;
        if let Some((user, password)) = self.credentials() {
            url.set_username(user).ok()?;
            url.set_password(Some(password.reveal())).ok()?;
        }
        Some(url)
    }

    /// The header by which an HTTP proxy is given user and password.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.credentials()?;
        let pair = Secret::new(format!("{user}:{}", password.reveal()));
        let text = Secret::new(format!("Basic {}", STANDARD.encode(pair.reveal())));
        let mut value = HeaderValue::from_maybe_shared(text.bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    pub fn is_socks(&self) -> bool {
        matches!(self.kind, Kind::Socks5 | Kind::Socks5h)
    }
}

/// As people write it, without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks5 => "socks5",
            Kind::Socks5h => "socks5h",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// What decides between proxies.
#[derive(Default)]
pub(super) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// What the system's own settings say, on systems that have any.
    system: Option<Matcher>,
    bypass: Bypass,
    /// Names that `resolve` gives addresses: such a name is not this machine, whatever it is called.
    mapped: HashSet<String>,
    /// What is set in the environment and cannot be used.
    ignored: Vec<String>,
}

impl Proxies {
    /// The proxies of a configuration; the environment is read where it names none.
    pub fn of(config: &Config) -> Proxies {
        Proxies::read(config, |name| std::env::var(name).ok())
    }

    fn read(config: &Config, environment: impl Fn(&str) -> Option<String>) -> Proxies {
        let mut proxies = Proxies { mapped: config.resolve().into_iter().map(|(host, _)| host).collect(), ..Proxies::default() };
        proxies.bypass.add(config.text("no_proxy").unwrap_or_default());
        match config.text("proxy") {
            Some("none") => {}
            // Checked when it was set.
            Some(url) => {
                proxies.http = Proxy::parse(url).ok();
                proxies.https = proxies.http.clone();
            }
            None => proxies.read_environment(environment),
        }
        for proxy in [&proxies.http, &proxies.https].into_iter().flatten() {
            let Some((user, password)) = proxy.credentials.as_deref() else { continue };
            // A user without a password is a token.
            let kept = if password.reveal().is_empty() { Secret::new(user.clone()) } else { password.clone() };
            config.known().remember(secret::Kind::Given, &kept);
        }
        proxies
    }

    fn read_environment(&mut self, environment: impl Fn(&str) -> Option<String>) {
        let either = |upper: &str| {
            let lower = upper.to_ascii_lowercase();
            [upper.to_owned(), lower].into_iter().find_map(|name| Some((environment(&name)?, name)))
        };
        if let Some((list, _)) = either("NO_PROXY") {
            self.bypass.add(&list);
        }
        // Where a web server starts programs, HTTP_PROXY is what a request's header `Proxy` says.
        if environment("REQUEST_METHOD").is_some() {
            return;
        }
        let mut proxy = |upper: &str| {
            let (text, name) = either(upper)?;
            if text.trim().is_empty() {
                return None;
            }
            match Proxy::parse(text.trim()) {
                Ok(proxy) => Some(proxy),
                Err(why) => {
                    // Not the text: it may hold a password.
                    let ignored = format!("{name} in the environment is not the URL of a proxy ({why}) and is ignored");
                    logging::warn!("{ignored}; it should look like http://proxy:8080");
                    self.ignored.push(ignored);
                    None
                }
            }
        };
        let (https, http, all) = (proxy("HTTPS_PROXY"), proxy("HTTP_PROXY"), proxy("ALL_PROXY"));
        self.https = https.or_else(|| all.clone());
        self.http = http.or(all);
        if self.http.is_none() && self.https.is_none() {
            self.system = cfg!(any(windows, target_os = "macos")).then(Matcher::from_system);
        }
    }

    /// Whether there may be a proxy for some URL.
    pub fn any(&self) -> bool {
        self.http.is_some() || self.https.is_some() || self.system.is_some()
    }

    /// The proxy for a URL; `None` where the server is spoken to directly.
    pub fn for_url(&self, url: &Url) -> Option<Proxy> {
        let known = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        };
        if known.is_none() && self.system.is_none() || self.is_loopback(url) || self.bypass.contains(url) {
            return None;
        }
        known.cloned().or_else(|| self.system.as_ref().and_then(|system| of_system(system, url)))
    }

    /// Whether the host of a URL is this machine. Loopback addresses are never reached through a proxy.
    pub fn is_loopback(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost") && !self.mapped.contains("localhost"),
            None => false,
        }
    }

    /// What to know where a connection without a proxy fails.
    pub fn ignored(&self) -> Option<String> {
        if self.ignored.is_empty() { None } else { Some(self.ignored.join("; ")) }
    }
}

fn of_system(system: &Matcher, url: &Url) -> Option<Proxy> {
    let found = system.intercept(&url.as_str().parse().ok()?)?;
    let mut proxy = Proxy::parse(&found.uri().to_string()).ok()?;
    if let Some((user, password)) = found.raw_auth() {
        proxy.credentials = Some(Arc::new((user.to_owned(), Secret::new(password.to_owned()))));
    }
    Some(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(keys: &[(&str, &str)], environment: &[(&str, &str)]) -> Proxies {
        let mut config = Config::new();
        for (key, value) in keys {
            config.set(key, Some(value)).unwrap();
        }
        Proxies::read(&config, |name| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    fn route(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.for_url(&Url::parse(url).unwrap()).map(|proxy| proxy.to_string())
    }

    #[test]
    fn the_configured_proxy_is_for_everything_but_loopback() {
        let proxies = proxies(&[("proxy", "http://u:p@proxy:8080")], &[("HTTPS_PROXY", "http://other:1")]);
        for url in ["http://a.example/", "https://a.example:444/", "https://10.0.0.1/", "https://localhost.example/"] {
            assert_eq!(route(&proxies, url).as_deref(), Some("http://proxy:8080"), "{url}");
        }
        for url in [
            "http://localhost/",
            "https://LOCALHOST:1/",
            "http://127.0.0.1/",
            "http://127.9.8.7/",
            "https://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(route(&proxies, url), None, "{url}");
        }
    }

    #[test]
    fn a_mapped_localhost_is_not_this_machine() {
        let proxies = proxies(&[("proxy", "http://proxy:8080"), ("resolve", "localhost=10.0.0.1")], &[]);
        let url = Url::parse("http://localhost/").unwrap();
        assert!(!proxies.is_loopback(&url) && proxies.for_url(&url).is_some());
    }

    #[test]
    fn the_environment_s_proxy_and_both_lists() {
        let environment = [("https_proxy", "proxy:8443"), ("ALL_PROXY", "socks5h://all"), ("NO_PROXY", "a.example")];
        let proxies = proxies(&[("no_proxy", "b.example;*.c.example")], &environment);
        assert_eq!(route(&proxies, "https://d.example/").as_deref(), Some("http://proxy:8443"));
        assert_eq!(route(&proxies, "http://d.example/").as_deref(), Some("socks5h://all:1080"));
        for url in ["https://a.example/", "https://b.example/", "http://x.c.example/", "http://localhost/"] {
            assert_eq!(route(&proxies, url), None, "{url}");
        }
    }

    #[test]
    fn a_proxy_in_the_environment_that_is_no_url_is_reported() {
        for bad in
            ["http//proxy:8080", "ftp://proxy", "http://", "http://proxy:99999", "proxy:port", "http://u:secret@:80", "://x", "socks4://x"]
        {
            let proxies = proxies(&[], &[("HTTPS_PROXY", bad)]);
            let ignored = proxies.ignored().unwrap_or_else(|| panic!("{bad} was taken"));
            assert!(ignored.contains("HTTPS_PROXY") && !ignored.contains("secret"), "{bad}: {ignored}");
            assert_eq!(route(&proxies, "https://d.example/"), None, "{bad}");
        }
        assert!(proxies(&[], &[("HTTPS_PROXY", " ")]).ignored().is_none());
        assert!(proxies(&[("proxy", "none")], &[("HTTPS_PROXY", "ftp://x")]).ignored().is_none());
    }

    #[test]
    fn a_web_server_s_programs_use_no_proxy_of_the_environment() {
        let proxies = proxies(&[], &[("HTTP_PROXY", "http://proxy"), ("REQUEST_METHOD", "GET")]);
        assert_eq!(route(&proxies, "http://d.example/"), None);
    }

    #[test]
    fn user_and_password_are_decoded_and_never_shown() {
        let proxy = Proxy::parse("http://l%40n:p%3Aw@proxy").unwrap();
        assert_eq!(proxy.to_string(), "http://proxy:80");
        assert_eq!(proxy.authorization().unwrap().to_str().unwrap(), format!("Basic {}", STANDARD.encode("l@n:p:w")));
    }
}
