//! How to sign in: the table of configuration keys, what each may hold, and what was set.

use crate::certificate_file::{self, Content};
use crate::error::{Error, Result, Status, excerpt_of_argument};
use crate::health::Health;
use crate::secret::{self, Known, Secret};
use crate::sip_uri::SipUri;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// The version of the library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Asks the caller for a bearer token: takes the challenge as JSON, returns the token, or `None` where there is none.
pub type TokenCallback = Arc<dyn Fn(&str) -> Option<Secret> + Send + Sync>;

/// What a key may hold.
#[derive(Clone, Copy)]
enum Kind {
    Text {
        longest: usize,
    },
    SipAddress,
    Choice(&'static [&'static str]),
    Number {
        least: u64,
        most: u64,
    },
    WebUrl,
    ProxyUrl,
    /// PEM alone, or DER as well.
    CertificateFile {
        der: bool,
    },
    Folder,
    Resolve,
    Hosts,
}

/// One line of the table of keys.
struct Key {
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    values: &'static str,
    secret: bool,
    description: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: Option<&'static str>, values: &'static str, description: &'static str) -> Key {
    Key { name, kind, default, values, secret: false, description }
}

const fn secret(name: &'static str, values: &'static str, description: &'static str) -> Key {
    Key { name, kind: Kind::Text { longest: 65_536 }, default: None, values, secret: true, description }
}

const TEXT: Kind = Kind::Text { longest: 256 };
/// The server's own limit for what names an application.
const NAME: Kind = Kind::Text { longest: 100 };
const YES_NO: &[&str] = &["true", "false"];
const DAY_MS: u64 = 86_400_000;

const KEYS: &[Key] = &[
    key(
        "sign_in_address",
        Kind::SipAddress,
        None,
        "a SIP URI, such as sip:lenea@contoso.com",
        "Who signs in; discovery starts at its domain. Needed unless discovery_url or application_url is given.",
    ),
    key("username", TEXT, None, "name@domain or DOMAIN\\name", "Account name for the password grant. Default: sign_in_address."),
    secret("password", "any text", "Password for the password grant."),
    key(
        "auth",
        Kind::Choice(&["password", "token"]),
        None,
        "password or token",
        "Which way of signing in to use. Default: what is given (access_token or the token callback before password).",
    ),
    secret(
        "access_token",
        "a bearer token, without \"Bearer \"",
        "A token obtained elsewhere. It is sent to the first server that asks for one, and to no other.",
    ),
    key(
        "discovery_url",
        Kind::WebUrl,
        None,
        "an http or https URL",
        "Start discovery here instead of lyncdiscoverinternal.DOMAIN and lyncdiscover.DOMAIN.",
    ),
    key(
        "application_url",
        Kind::WebUrl,
        None,
        "an https URL",
        "Attach to this application, which exists already, instead of creating one (the href of the application).",
    ),
    key(
        "user_agent",
        NAME,
        Some(concat!("libucwa/", env!("CARGO_PKG_VERSION"))),
        "at most 100 characters",
        "What the application calls itself, to the server's administrator.",
    ),
    key("culture", NAME, Some("en-US"), "a culture name, such as de-DE", "The language of texts that the server writes (activity)."),
    key(
        "endpoint_id",
        NAME,
        None,
        "at most 100 characters, usually a UUID",
        "Identifies this process to the server. Default: a new UUID per application. A service sets its own and keeps it, so that crashes pile up no applications.",
    ),
    key(
        "ca_file",
        Kind::CertificateFile { der: true },
        None,
        "a file in PEM, or one certificate in DER",
        "Further trusted certificate authorities, in addition to the system's. A self-signed server certificate is trusted if this file holds exactly it.",
    ),
    key("ca_dir", Kind::Folder, None, "a folder with such files", "The same as ca_file, with many files."),
    key(
        "client_certificate",
        Kind::CertificateFile { der: false },
        None,
        "a PEM file",
        "The client's certificate chain, for servers that ask for one. Needs client_key.",
    ),
    key("client_key", Kind::CertificateFile { der: false }, None, "a PEM file", "The private key of client_certificate."),
    key("minimum_tls", Kind::Choice(&["1.2", "1.3"]), Some("1.2"), "1.2 or 1.3", "The oldest TLS version taken."),
    key(
        "proxy",
        Kind::ProxyUrl,
        None,
        "an http, https or socks5 URL, or none",
        "The proxy to use. Default: the environment's (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY).",
    ),
    key(
        "no_proxy",
        Kind::Text { longest: 8192 },
        None,
        "hosts, *.domain, addresses, networks or *, separated by commas, semicolons or blanks",
        "Hosts that bypass the proxy, whether `proxy` or the environment names it. A name stands for what is below it, too. Loopback addresses bypass it in any case.",
    ),
    key(
        "resolve",
        Kind::Resolve,
        None,
        "host=address[:port], separated by commas",
        "Addresses used instead of name resolution. A host that is named several times has several addresses.",
    ),
    key(
        "trusted_domains",
        Kind::Hosts,
        None,
        "hosts or *.domain, separated by commas",
        "Hosts of the deployment outside the sign-in domain: discovery may be led to them over plain http, and passwords may go to token services on them.",
    ),
    key(
        "timeout_ms",
        Kind::Number { least: 1, most: DAY_MS },
        Some("30000"),
        "1 to 86400000",
        "Milliseconds that one call may take as a whole, retries included.",
    ),
    key(
        "connect_timeout_ms",
        Kind::Number { least: 1, most: DAY_MS },
        Some("4000"),
        "1 to 86400000",
        "Milliseconds that making one connection may take, all addresses of a name included.",
    ),
    key(
        "max_retries",
        Kind::Number { least: 0, most: 20 },
        Some("3"),
        "0 to 20",
        "How often one request is repeated that failed in a way worth repeating.",
    ),
    key(
        "max_outstanding",
        Kind::Number { least: 1, most: 1000 },
        Some("100"),
        "1 to 1000",
        "How many requests of this application may be under way at once.",
    ),
    key(
        "allow_insecure_http",
        Kind::Choice(YES_NO),
        Some("false"),
        "true or false",
        "Lets passwords and tokens go over plain http beyond loopback. For laboratories only.",
    ),
];

/// Keys and values that the interface names and this build does not hold.
const NOT_BUILT: &[(&str, &str)] = &[
    ("conference_uri", ""),
    ("conference_key", ""),
    ("pinned_certificate", ""),
    ("auth", "windows"),
    ("auth", "passive"),
    ("auth", "anonymous"),
];

/// The keys that a signed-in application takes, too.
const CHANGEABLE: &[&str] = &["password", "access_token", "timeout_ms", "connect_timeout_ms", "max_retries"];

#[derive(Clone)]
enum Value {
    Plain(String),
    Secret(Secret),
}

/// What the server said of one set of credentials. It is shared by everything that uses them: whatever was refused once
/// is never sent again, by any application that was signed in with it.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Held while credentials that were never accepted are tried, so that a wrong password is sent once.
    pub gate: tokio::sync::Mutex<()>,
    state: Mutex<Judgement>,
}

#[derive(Clone, Default)]
pub(crate) enum Judgement {
    #[default]
    Unknown,
    Accepted,
    Refused(Error),
}

impl Verdict {
    pub fn get(&self) -> Judgement {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, judgement: Judgement) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = judgement;
    }
}

/// How to sign in. Cloning copies it, and a later change of one copy does not reach the other.
#[derive(Clone, Default)]
pub struct Config {
    values: BTreeMap<&'static str, Value>,
    token_callback: Option<TokenCallback>,
    password_verdict: Arc<Verdict>,
    token_verdict: Arc<Verdict>,
    health: Arc<Health>,
    /// All secrets that were set, and the tokens that were obtained with them. Copies share it.
    known: Arc<Known>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in &self.values {
            match value {
                Value::Plain(text) => map.entry(name, &without_user(text)),
                Value::Secret(secret) => map.entry(name, secret),
            };
        }
        map.finish()
    }
}

impl Config {
    /// A configuration in which every key has its default.
    pub fn new() -> Config {
        Config::default()
    }

    /// Sets a key, or with `None` puts it back to its default. The value is checked at once.
    ///
    /// # Errors
    /// [`Status::InvalidConfig`] for an unknown key or an unusable value, with what is allowed;
    /// [`Status::Unsupported`] for what this build does not hold.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let _entered = self.known.enter();
        let key = lookup(name)?;
        let stored = match value {
            None => None,
            Some(value) => {
                if NOT_BUILT.contains(&(name, value)) {
                    return Err(not_built(&format!("{name}={value}")));
                }
                key.check(value)?;
                Some(if key.secret { Value::Secret(self.keep(value)) } else { Value::Plain(value.to_owned()) })
            }
        };
        match name {
            "password" | "username" | "sign_in_address" => self.password_verdict = Arc::default(),
            "access_token" => self.token_verdict = Arc::default(),
            // Another way to the servers: what failed may work now.
            "proxy" | "no_proxy" | "resolve" => self.health = Arc::default(),
            _ => {}
        }
        match stored {
            None => self.values.remove(key.name),
            Some(stored) => self.values.insert(key.name, stored),
        };
        Ok(())
    }

    /// A secret that no error and no log line shows from now on.
    fn keep(&self, text: &str) -> Secret {
        let kept = Secret::new(text.to_owned());
        self.known.remember(secret::Kind::Given, &kept);
        kept
    }

    /// What errors and log lines must not show.
    pub(crate) fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Sets one of the keys that may change after signing in.
    pub(crate) fn change(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        if CHANGEABLE.contains(&name) {
            return self.set(name, value);
        }
        lookup(name)?;
        Err(Error::config(format!("\"{name}\" cannot change after signing in; these can: {}", CHANGEABLE.join(", "))))
    }

    /// The value of a key as text: what was set, else its default, else the empty text.
    ///
    /// # Errors
    /// [`Status::Forbidden`] for a secret; [`Status::InvalidConfig`] for an unknown key.
    pub fn get(&self, name: &str) -> Result<String> {
        let key = lookup(name)?;
        let hidden = || Err(Error::new(Status::Forbidden, format!("\"{name}\" holds a secret, which is never handed out")));
        match self.values.get(key.name) {
            _ if key.secret => hidden(),
            Some(Value::Plain(text)) if Url::parse(text).is_ok_and(|url| url.password().is_some()) => hidden(),
            Some(Value::Plain(text)) => Ok(text.clone()),
            _ => Ok(key.default.unwrap_or_default().to_owned()),
        }
    }

    /// The table of keys, as a JSON array of `{"key","default","values","secret","description"}`.
    pub fn keys() -> String {
        #[derive(Serialize)]
        struct Row {
            key: &'static str,
            default: Option<&'static str>,
            values: &'static str,
            secret: bool,
            description: &'static str,
        }
        let rows: Vec<Row> = KEYS
            .iter()
            .map(|k| Row { key: k.name, default: k.default, values: k.values, secret: k.secret, description: k.description })
            .collect();
        serde_json::to_string(&rows).unwrap_or_default()
    }

    /// Sets or removes the callback that is asked for a token whenever one is needed.
    pub fn set_token_callback(&mut self, callback: Option<TokenCallback>) {
        self.token_callback = callback;
    }

    /// What must hold between the keys before anything is sent.
    pub(crate) fn check_complete(&self) -> Result<()> {
        if self.text("sign_in_address").is_none() && self.text("discovery_url").is_none() && self.text("application_url").is_none() {
            return Err(Error::config("set sign_in_address, so that the server can be discovered (or discovery_url or application_url)"));
        }
        if self.text("client_certificate").is_some() != self.text("client_key").is_some() {
            return Err(Error::config("client_certificate and client_key need each other; set both or none"));
        }
        let has_token = self.secret("access_token").is_some() || self.token_callback.is_some();
        if let Some(refusal) = self.known_refusal() {
            return Err(refusal);
        }
        match self.text("auth") {
            Some("token") if !has_token => Err(Error::config("auth=token needs access_token or a token callback")),
            Some("password") if self.secret("password").is_none() => Err(Error::config("auth=password needs password")),
            Some("password") | None if !has_token && self.secret("password").is_some() && self.username().is_none() => {
                Err(Error::config("password needs username or sign_in_address"))
            }
            _ => Ok(()),
        }
    }

    /// Whether tokens come from the caller, rather than for the password.
    pub(crate) fn is_by_token(&self) -> bool {
        self.text("auth") != Some("password") && (self.secret("access_token").is_some() || self.token_callback.is_some())
    }

    /// Why there is no use in asking a server: it would be with what is known to be refused.
    fn known_refusal(&self) -> Option<Error> {
        let verdict = match (self.is_by_token(), &self.token_callback) {
            (true, Some(_)) => return None,
            (true, None) => &self.token_verdict,
            (false, _) => &self.password_verdict,
        };
        if let Judgement::Refused(error) = verdict.get() { Some(error) } else { None }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Plain(text)) => Some(text),
            _ => KEYS.iter().find(|k| k.name == name).and_then(|k| k.default),
        }
    }

    pub(crate) fn secret(&self, name: &str) -> Option<&Secret> {
        match self.values.get(name) {
            Some(Value::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn duration(&self, name: &str) -> Duration {
        Duration::from_millis(self.number(name))
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub(crate) fn web_url(&self, name: &str) -> Option<Url> {
        self.text(name).and_then(|text| Url::parse(text).ok())
    }

    pub(crate) fn sign_in_address(&self) -> Option<SipUri> {
        self.text("sign_in_address").and_then(|text| SipUri::parse(text).ok())
    }

    /// The account for the password grant.
    pub(crate) fn username(&self) -> Option<String> {
        let given = self.text("username").map(str::to_owned);
        given.or_else(|| self.sign_in_address().map(|uri| uri.address().to_owned()))
    }

    pub(crate) fn token_callback(&self) -> Option<&TokenCallback> {
        self.token_callback.as_ref()
    }

    pub(crate) fn password_verdict(&self) -> Arc<Verdict> {
        Arc::clone(&self.password_verdict)
    }

    pub(crate) fn token_verdict(&self) -> Arc<Verdict> {
        Arc::clone(&self.token_verdict)
    }

    /// The servers and addresses that failed lately, for all copies of this configuration.
    pub(crate) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    pub(crate) fn resolve(&self) -> Vec<(String, SocketAddr)> {
        self.text("resolve").and_then(|text| parse_resolve(text).ok()).unwrap_or_default()
    }

    pub(crate) fn trusted_domains(&self) -> impl Iterator<Item = &str> {
        self.text("trusted_domains").unwrap_or_default().split(',').map(str::trim).filter(|host| !host.is_empty())
    }
}

fn lookup(name: &str) -> Result<&'static Key> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Ok(key);
    }
    if NOT_BUILT.contains(&(name, "")) {
        return Err(not_built(name));
    }
    let shown = excerpt_of_argument(name);
    let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    Err(Error::config(format!("there is no configuration key \"{shown}\"; the keys are {}", names.join(", "))))
}

fn not_built(what: &str) -> Error {
    Error::new(Status::Unsupported, format!("{what}: not in this build"))
}

impl Key {
    /// Not where a password stands, or may be meant to stand: a wrong value is in no order.
    fn may_be_quoted(&self, value: &str) -> bool {
        match self.kind {
            Kind::ProxyUrl => false,
            Kind::WebUrl => !value.contains('@'),
            _ => !self.secret,
        }
    }

    fn check(&self, value: &str) -> Result<()> {
        let refuse = |why: &str| {
            let shown = if self.may_be_quoted(value) { format!(" \"{}\"", excerpt_of_argument(value)) } else { String::new() };
            Err(Error::config(format!("{}{shown}: {why}; allowed: {}", self.name, self.values)))
        };
        if value.is_empty() {
            return refuse("the value is empty (NULL puts the key back to its default)");
        }
        // A password may hold anything; everything else may reach a header, a URL or a log line.
        if self.name != "password" && value.chars().any(char::is_control) {
            return refuse("control characters are not allowed");
        }
        match self.kind {
            Kind::Text { longest } if value.chars().count() > longest => refuse("the value is too long"),
            Kind::Text { .. } if self.name == "access_token" && !value.bytes().all(|b| b.is_ascii_graphic()) => {
                refuse("a token has no blanks")
            }
            Kind::Text { .. } => Ok(()),
            Kind::SipAddress => match SipUri::parse(value) {
                Ok(_) => Ok(()),
                Err(error) => refuse(error.message()),
            },
            Kind::Choice(choices) if choices.contains(&value) => Ok(()),
            Kind::Choice(_) => refuse("it is none of the choices"),
            Kind::Number { least, most } => match value.parse::<u64>() {
                Ok(number) if (least..=most).contains(&number) && value.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
                Ok(_) => refuse("it is out of range"),
                Err(_) => refuse("it is no whole number"),
            },
            Kind::WebUrl => match Url::parse(value) {
                Ok(url) if !matches!(url.scheme(), "http" | "https") => refuse("the scheme is not http or https"),
                Ok(url) if !url.username().is_empty() || url.password().is_some() => refuse("a URL with a user in it is not taken"),
                Ok(_) => Ok(()),
                Err(error) => refuse(&error.to_string()),
            },
            Kind::ProxyUrl if value == "none" => Ok(()),
            Kind::ProxyUrl => match Url::parse(value) {
                Ok(url) if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") => refuse("the scheme is none that is known"),
                Ok(url) if url.host_str().unwrap_or_default().is_empty() => refuse("it names no host"),
                Ok(url) if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() => {
                    refuse("it is more than a scheme, a host and a port")
                }
                Ok(_) => Ok(()),
                Err(error) => refuse(&error.to_string()),
            },
            Kind::CertificateFile { der } => match certificate_file::read(Path::new(value)) {
                Err(why) => refuse(&why),
                Ok(Content::Der(_)) if !der => refuse("the file holds no PEM text"),
                Ok(_) => Ok(()),
            },
            Kind::Folder if Path::new(value).is_dir() => Ok(()),
            Kind::Folder => refuse("there is no such folder"),
            Kind::Resolve => parse_resolve(value).map(drop).or_else(|why| refuse(&why)),
            Kind::Hosts => {
                let good = |host: &str| {
                    let host = host.strip_prefix("*.").unwrap_or(host);
                    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
                };
                if value.split(',').all(|host| good(host.trim())) { Ok(()) } else { refuse("one of them is no host name") }
            }
        }
    }
}

/// Reads `host=address[:port],…`. Port 0 stands for the port of the URL.
fn parse_resolve(text: &str) -> std::result::Result<Vec<(String, SocketAddr)>, String> {
    let read = |entry: &str| {
        let (host, address) = entry.trim().split_once('=').ok_or_else(|| format!("\"{entry}\" has no ="))?;
        let bare = address.trim_start_matches('[').trim_end_matches(']');
        let address = match (address.parse::<SocketAddr>(), bare.parse::<IpAddr>()) {
            (Ok(address), _) => address,
            (_, Ok(address)) => SocketAddr::new(address, 0),
            _ => return Err(format!("\"{address}\" is no IP address with or without a port")),
        };
        if host.is_empty() {
            return Err(format!("\"{entry}\" names no host"));
        }
        Ok((host.to_ascii_lowercase(), address))
    };
    text.split(',').map(read).collect()
}

/// A proxy's URL without the user and the password that it may hold.
fn without_user(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            // They fail only where a URL can hold neither, and this one does.
            let _ = url.set_username("hidden").and_then(|()| url.set_password(None));
            url.to_string()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolve_takes_both_families() {
        let map = parse_resolve("A.example=127.0.0.1, b.example=[::1]:8443,c=::1").unwrap();
        let shown: Vec<_> = map.iter().map(|(host, address)| format!("{host} {address}")).collect();
        assert_eq!(shown, ["a.example 127.0.0.1:0", "b.example [::1]:8443", "c [::1]:0"]);
        assert!(parse_resolve("a").is_err() && parse_resolve("=1.2.3.4").is_err() && parse_resolve("a=b").is_err());
    }

    #[test]
    fn no_message_quotes_a_proxy_or_a_user() {
        for (key, value) in [
            ("proxy", "http://lenea:S3cr3t!@proxy:99999"),
            ("proxy", "lenea:S3cr3t!@proxy:8080"),
            ("proxy", "http://lenea:S3cr3t!"),
            ("proxy", "ftp://lenea:S3/cr3t!@pro@xy"),
            ("discovery_url", "https://lenea:S3cr3t!@host/"),
            ("application_url", "https//lenea:S3cr3t!@host/"),
            ("access_token", "S3cr3t! with a blank"),
        ] {
            let error = Config::new().set(key, Some(value)).expect_err(value);
            assert!(error.message().starts_with(key) && !error.to_json().contains("cr3t!"), "{error}");
        }
        let mut config = Config::new();
        config.set("proxy", Some("http://lenea:S3cr3t!@proxy:8080")).unwrap();
        config.set("password", Some("S3cr3t!")).unwrap();
        assert!(!format!("{config:?}").contains("cr3t!"), "{config:?}");
    }

    #[test]
    fn a_changed_copy_leaves_the_other() {
        let mut one = Config::new();
        one.set("culture", Some("de-DE")).unwrap();
        let mut two = one.clone();
        two.set("culture", None).unwrap();
        assert_eq!((one.get("culture").unwrap(), two.get("culture").unwrap()), ("de-DE".into(), "en-US".into()));
    }
}
