//! Which hosts bypass the proxy: the list that `no_proxy` and the environment's NO_PROXY hold.

use ipnet::IpNet;
use std::net::IpAddr;
use url::{Host, Url};

/// A list of hosts, addresses and networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum What {
    All,
    /// `<local>`, as Windows writes it: names without a dot.
    Local,
    Network(IpNet),
    Address(IpAddr),
    /// A name and everything below it.
    Domain(String),
    /// A name with `*` in other places than the start.
    Pattern(String),
}

impl Bypass {
    /// Adds the entries of a list, separated by commas, semicolons or blanks.
    pub fn add(&mut self, list: &str) {
        let entries = list.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace()).filter(|entry| !entry.is_empty());
        self.entries.extend(entries.map(entry));
    }

    pub fn contains(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let port = url.port_or_known_default();
        self.entries.iter().any(|entry| (entry.port.is_none() || entry.port == port) && entry.what.covers(&host))
    }
}

fn entry(text: &str) -> Entry {
    // Some lists hold URLs.
    let text = text.split_once("://").map_or(text, |(_, rest)| rest.trim_end_matches('/'));
    if let Some(what) = what_is_numeric(text) {
        return Entry { what, port: None };
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, port.parse().ok()),
        _ => (text, None),
    };
    Entry { what: what_is_numeric(host).unwrap_or_else(|| named(host)), port }
}

fn what_is_numeric(text: &str) -> Option<What> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let network = |text: &str| text.parse().ok().map(What::Network);
    bare.parse::<IpAddr>().ok().map(|address| What::Address(address.to_canonical())).or_else(|| network(bare))
}

fn named(host: &str) -> What {
    let host = host.to_ascii_lowercase();
    if host == "*" {
        return What::All;
    }
    if host == "<local>" {
        return What::Local;
    }
    let below = host.strip_prefix('*').unwrap_or(&host);
    match below.strip_prefix('.') {
        Some(domain) if !domain.contains('*') => What::Domain(domain.trim_end_matches('.').to_owned()),
        _ if host.contains('*') => What::Pattern(host),
        _ => What::Domain(host.trim_end_matches('.').to_owned()),
    }
}

impl What {
    fn covers(&self, host: &Host<&str>) -> bool {
        let address = match host {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address).to_canonical()),
            Host::Domain(_) => None,
        };
        match self {
            What::All => true,
            What::Address(known) => address == Some(*known),
            What::Network(network) => address.is_some_and(|address| network.contains(&address)),
            What::Pattern(pattern) => matches(pattern.as_bytes(), host.to_string().trim_matches(['[', ']']).as_bytes()),
            What::Local => matches!(host, Host::Domain(name) if !name.contains('.')),
            What::Domain(domain) => matches!(host, Host::Domain(name) if is_within(name, domain)),
        }
    }
}

/// Both in lower case, as URLs hold names.
fn is_within(name: &str, domain: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Whether a text is what a pattern with `*` describes.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, from));
            at += 1;
        } else if pattern.get(at) == Some(&text[from]) {
            at += 1;
            from += 1;
        } else if let Some((wild, taken)) = star {
            star = Some((wild, taken + 1));
            at = wild + 1;
            from = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bypasses(list: &str, url: &str) -> bool {
        let mut bypass = Bypass::default();
        bypass.add(list);
        bypass.contains(&Url::parse(url).unwrap())
    }

    #[test]
    fn names_and_what_is_below_them() {
        for list in [
            "contoso.com",
            "CONTOSO.com",
            ".contoso.com",
            "*.contoso.com",
            "a.example, contoso.com",
            "x;*.contoso.com",
            "x *.contoso.com y",
            "contoso.com.",
        ] {
            assert!(bypasses(list, "https://pool1.contoso.com/"), "{list}");
            assert!(bypasses(list, "https://a.Pool1.contoso.com/"), "{list}");
            assert!(!bypasses(list, "https://notcontoso.com/"), "{list}");
            assert!(!bypasses(list, "https://contoso.com.example/"), "{list}");
        }
        assert!(bypasses("pool1", "https://pool1/") && !bypasses("pool1", "https://pool1.contoso.com/"));
    }

    #[test]
    fn stars() {
        for list in ["*", "a,*", "a; *", " * "] {
            assert!(bypasses(list, "https://pool1.contoso.com/") && bypasses(list, "https://10.0.0.1/"), "{list}");
        }
        assert!(bypasses("pool*.contoso.com", "https://pool17.contoso.com/") && !bypasses("pool*.contoso.com", "https://a.contoso.com/"));
        assert!(bypasses("10.*", "https://10.2.3.4/") && !bypasses("10.*", "https://110.2.3.4/"));
        assert!(bypasses("*contoso.com", "https://mycontoso.com/"));
        assert!(!bypasses("", "https://a/") && !bypasses(" ,; ", "https://a/"));
    }

    #[test]
    fn addresses_networks_and_ports() {
        assert!(bypasses("10.0.0.0/8", "https://10.2.3.4/") && !bypasses("10.0.0.0/8", "https://11.2.3.4/"));
        assert!(bypasses("10.2.3.4", "https://10.2.3.4:8443/") && !bypasses("10.2.3.4", "https://10.2.3.40/"));
        for list in ["::1", "[::1]", "fd00::/8;::1", "[::1]:443"] {
            assert!(bypasses(list, "https://[::1]/"), "{list}");
        }
        assert!(bypasses("fd00::/8", "https://[fd12::1]/"));
        assert!(bypasses("a.example:8443", "https://a.example:8443/") && !bypasses("a.example:8443", "https://a.example/"));
        assert!(bypasses("a.example:443", "https://a.example/"));
        assert!(bypasses("https://a.example/", "https://a.example/"));
        assert!(bypasses("<local>", "https://intranet/") && !bypasses("<local>", "https://intranet.contoso.com/"));
    }
}
