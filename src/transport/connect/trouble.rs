//! Why there is no connection, or none any more: in words, with what to do.

use super::addresses::Unreachable;
use super::certificate::Refused;
use super::proxy::Proxy;
use super::resolver::Target;
use crate::error::{Error, Status, excerpt};
use crate::recovery::Stage;
use crate::transport::message::Failure;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;
use url::Url;

/// How many addresses a message lists.
const ADDRESSES: usize = 4;

const CHECK_NETWORK: &str = "check the host, the port, the network and the proxy";
const CHECK_NAME: &str = "check the name and the network; where this machine needs a proxy, set `proxy`";
const CHECK_PROXY: &str = "check `proxy`, or the proxy that the environment names; no_proxy names hosts that bypass it";
const SIGN_IN_TO_PROXY: &str =
    "put user and password into the proxy's URL (http://user:password@host:port), or let the host bypass the proxy (no_proxy)";
const ASK_PROXY: &str = "ask the proxy's administrator to allow it, or let the host bypass the proxy (no_proxy)";
const NEWER_TLS: &str = "the server's administrator must switch on TLS 1.2 or 1.3 (see also minimum_tls)";
const MODERN_CIPHERS: &str = "the server needs TLS 1.3, or TLS 1.2 with ECDHE and AES-GCM; Windows Server 2012 R2 offers that only with an ECDSA certificate, so that its administrator needs one, or a newer reverse proxy before it";
const GIVE_CERTIFICATE: &str = "set client_certificate and client_key";
const OTHER_CERTIFICATE: &str = "check client_certificate and client_key with the server's administrator";
const PLAIN_PORT: &str = "check the port, or begin the URL with http:// where the server speaks no https there";
const TLS_PORT: &str = "where the port is meant for https, begin the URL with https://";
const CHECK_SERVER_NAME: &str = "check the host's name, and `resolve`";

/// A connection that could not be made. The text does not name the host: the request that it is said of does.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    status: Status,
    stage: Stage,
    http_status: Option<u16>,
    text: String,
    advice: &'static str,
    of_tunnel: bool,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Trouble {}

impl Trouble {
    fn network(text: String, advice: &'static str) -> Trouble {
        Trouble { status: Status::Network, stage: Stage::Refused, http_status: None, text, advice, of_tunnel: false }
    }

    fn tls(text: String, advice: &'static str) -> Trouble {
        Trouble { status: Status::Tls, stage: Stage::Untrusted, ..Trouble::network(text, advice) }
    }

    /// The name of a host leads to no address.
    pub fn lookup(error: &io::Error) -> Trouble {
        Trouble::network(format!("the name has no address ({})", excerpt(&error.to_string())), CHECK_NAME)
    }

    pub fn lookup_took_too_long(limit: Duration) -> Trouble {
        let text = format!("the name was not resolved within connect_timeout_ms ({} ms)", limit.as_millis());
        Trouble { stage: Stage::Unreachable, ..Trouble::network(text, CHECK_NAME) }
    }

    /// None of a host's addresses took a connection.
    pub fn unreachable(why: &Unreachable, limit: Duration) -> Trouble {
        let reason = |error: &Option<io::Error>| match error {
            Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => "refused".to_owned(),
            Some(error) => excerpt(&error.to_string()),
            None => format!("silent within connect_timeout_ms, {} ms", limit.as_millis()),
        };
        let mut each: Vec<String> = why.0.iter().map(|(address, error)| format!("{address}: {}", reason(error))).collect();
        let more = each.len().saturating_sub(ADDRESSES);
        each.truncate(ADDRESSES);
        if more > 0 {
            each.push(format!("{more} more"));
        }
        let stage = if why.0.iter().any(|(_, error)| error.is_none()) { Stage::Unreachable } else { Stage::Refused };
        Trouble { stage, ..Trouble::network(format!("no connection could be made ({})", each.join("; ")), CHECK_NETWORK) }
    }

    /// No connection in time: the host did not react, or took the connection and nothing more.
    fn silent(limit: Duration) -> Trouble {
        let text = format!("no connection could be made within connect_timeout_ms ({} ms)", limit.as_millis());
        Trouble { stage: Stage::Unreachable, ..Trouble::network(text, CHECK_NETWORK) }
    }

    pub fn proxy(proxy: &Proxy, what: &str) -> Trouble {
        Trouble::network(format!("the proxy {proxy} failed: {what}"), CHECK_PROXY)
    }

    /// The same trouble, which is the proxy's.
    pub fn of_proxy(self, proxy: &Proxy) -> Trouble {
        let advice = if self.status == Status::Tls { self.advice } else { CHECK_PROXY };
        Trouble { text: format!("the proxy {proxy} cannot be used: {}", self.text), advice, ..self }
    }

    /// The proxy answered CONNECT with something else than success.
    pub fn refused_by_proxy(proxy: &Proxy, server: &str, status: u16, reason: &str, challenges: &[String]) -> Trouble {
        let said = excerpt(&format!("{status} {reason}"));
        let mut trouble = match status {
            407 => {
                let ways = if challenges.is_empty() { String::new() } else { format!(", by {}", excerpt(&challenges.join(", "))) };
                Trouble::network(format!("the proxy {proxy} asks for a user and a password{ways} ({said})"), SIGN_IN_TO_PROXY)
            }
            _ => Trouble::network(format!("the proxy {proxy} does not connect to {server} ({said})"), ASK_PROXY),
        };
        trouble.http_status = Some(status);
        if status < 500 {
            // It would be so again.
            trouble.stage = Stage::Unsent;
        }
        trouble
    }

    /// What else may be the reason.
    pub fn noting(self, note: Option<String>) -> Trouble {
        match note {
            Some(note) => Trouble { text: format!("{}; {note}", self.text), ..self },
            None => self,
        }
    }

    /// Whether a host, or an address of it, did not react at all.
    pub fn is_silence(&self) -> bool {
        self.stage == Stage::Unreachable
    }

    /// Whether a proxy gave no connection to the server, for a reason that is not known yet.
    pub fn is_of_tunnel(&self) -> bool {
        self.of_tunnel
    }

    pub fn into_failure(self) -> Failure {
        let mut error = Error::new(self.status, self.text);
        if !self.advice.is_empty() {
            error = error.advise(self.advice);
        }
        error.details_mut().http_status = self.http_status;
        Failure { error, stage: self.stage }
    }
}

/// What is wrong with TLS, and what to do.
fn tls_in_words(error: &rustls::Error, asked_for_certificate: bool) -> (String, &'static str) {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<Refused>() {
            Some(refused) => (refused.text.clone(), refused.advice),
            None => (error.to_string(), CHECK_SERVER_NAME),
        },
        rustls::Error::AlertReceived(alert) => alert_in_words(*alert, asked_for_certificate),
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => ("the server speaks only versions of TLS (the protocol version) that are too old".to_owned(), NEWER_TLS),
        rustls::Error::PeerIncompatible(_) => (format!("server and client have nothing in common ({error})"), MODERN_CIPHERS),
        rustls::Error::InvalidMessage(_) => ("what answered does not speak TLS; it may be plain http".to_owned(), PLAIN_PORT),
        _ => (error.to_string(), CHECK_NETWORK),
    }
}

fn alert_in_words(alert: AlertDescription, asked_for_certificate: bool) -> (String, &'static str) {
    let said = format!("the server's alert: {alert:?}");
    match alert {
        AlertDescription::ProtocolVersion => (format!("no version of TLS (the protocol version) in common ({said})"), NEWER_TLS),
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            (format!("the server requires a certificate of the client ({said})"), GIVE_CERTIFICATE)
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity if asked_for_certificate => {
            (format!("the server asked for a certificate of the client and got none that it takes ({said})"), GIVE_CERTIFICATE)
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            (format!("no cipher in common ({said})"), MODERN_CIPHERS)
        }
        AlertDescription::UnrecognisedName => (format!("the server has no certificate for this name ({said})"), CHECK_SERVER_NAME),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
            if asked_for_certificate =>
        {
            (format!("the server does not accept the client's certificate ({said})"), OTHER_CERTIFICATE)
        }
        _ => (format!("the server ended the TLS handshake ({said})"), CHECK_NETWORK),
    }
}

/// What was to be reached, and how.
pub(super) struct Place<'a> {
    pub url: &'a Url,
    pub proxy: Option<&'a Proxy>,
    pub timeout: Duration,
    pub asked_for_certificate: bool,
}

/// Why a request got no answer.
pub(super) fn failure(error: reqwest::Error, place: &Place<'_>) -> Trouble {
    let error = error.without_url();
    if !error.is_connect() {
        return lost(&error, place.url.scheme() == "https");
    }
    let of_proxy = |trouble: Trouble| match place.proxy {
        Some(proxy) => trouble.of_proxy(proxy),
        None => trouble,
    };
    if let Some(trouble) = cause::<Trouble>(&error) {
        return of_proxy(trouble.clone());
    }
    // The connection to the proxy itself, or one through it.
    let is_to_proxy = place.url.scheme() == "http" || text_of_tunnel(&error).is_some_and(|text| text.contains("underlying connection"));
    let trouble = unconnected(&error, place);
    // Of a silent one it is not known which; the proxy is the one to look at first.
    if is_to_proxy || trouble.is_silence() { of_proxy(trouble) } else { trouble }
}

/// Why there is no connection, to whatever it was to be.
fn unconnected(error: &reqwest::Error, place: &Place<'_>) -> Trouble {
    let server = Target::of(place.url).name();
    if let Some(tls) = cause::<rustls::Error>(error) {
        let (text, advice) = tls_in_words(tls, place.asked_for_certificate);
        return Trouble::tls(format!("no trusted TLS connection: {text}"), advice);
    }
    let why = innermost(error);
    // Where the proxy itself cannot be reached, what follows says why.
    let tunnel = text_of_tunnel(error).filter(|text| !text.contains("underlying connection"));
    if let (Some(proxy), Some(tunnel)) = (place.proxy, tunnel) {
        return match tunnel.as_str() {
            "proxy authorization required" => {
                Trouble { of_tunnel: true, ..Trouble::refused_by_proxy(proxy, &server, 407, "Proxy Authentication Required", &[]) }
            }
            _ => Trouble { of_tunnel: true, ..Trouble::proxy(proxy, &format!("it gave no connection to {server} ({tunnel})")) },
        };
    }
    let is_io = |kinds: &[io::ErrorKind]| is_io(error, kinds);
    if error.is_timeout() || is_io(&[io::ErrorKind::TimedOut]) {
        return Trouble::silent(place.timeout);
    }
    if is_io(&[io::ErrorKind::ConnectionRefused]) {
        return Trouble::network("no connection could be made (refused)".to_owned(), CHECK_NETWORK);
    }
    if place.asked_for_certificate {
        let text = format!("the server asked for a certificate of the client and then ended the TLS handshake ({why})");
        return Trouble::network(text, GIVE_CERTIFICATE);
    }
    if let Some(proxy) = place.proxy.filter(|proxy| proxy.is_socks()) {
        return Trouble::proxy(proxy, &format!("it did not connect to {server} ({why})"));
    }
    let ended = is_io(&[io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe]);
    if ended {
        let text = format!(
            "the server ended the TLS handshake without saying why ({why}); it may have no cipher in common, or speak no TLS there"
        );
        return Trouble::network(text, MODERN_CIPHERS);
    }
    Trouble::network(format!("no connection could be made ({why})"), CHECK_NETWORK)
}

/// Why a request that was sent got no whole answer.
pub(super) fn lost(error: &reqwest::Error, https: bool) -> Trouble {
    if let Some(tls) = cause::<rustls::Error>(error) {
        // After the handshake, as a refusal of TLS 1.3 comes: the server did not look at the request.
        let (text, advice) = tls_in_words(tls, true);
        return Trouble { stage: Stage::Unusable, ..Trouble::tls(format!("no trusted TLS connection: {text}"), advice) };
    }
    let http = cause::<hyper::Error>(error);
    let advice = if !https && http.is_some_and(|http| http.is_parse() || http.is_incomplete_message()) { TLS_PORT } else { "" };
    Trouble { stage: Stage::Lost, ..Trouble::network(format!("the connection was lost: {}", innermost(error)), advice) }
}

/// What hyper's tunnel through a proxy says of its failure.
fn text_of_tunnel(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut reason = Some(error);
    while let Some(error) = reason {
        if let Some(text) = error.to_string().strip_prefix("tunnel error: ") {
            return Some(text.to_owned());
        }
        reason = error.source();
    }
    None
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(reason) = innermost.source() {
        innermost = reason;
    }
    excerpt(&innermost.to_string())
}

/// Whether one of an error's reasons is of these kinds: io::Errors are often wrapped in others, of another kind.
fn is_io(error: &(dyn StdError + 'static), kinds: &[io::ErrorKind]) -> bool {
    let mut reason = Some(error);
    while let Some(error) = reason {
        match error.downcast_ref::<io::Error>() {
            Some(io) if kinds.contains(&io.kind()) => return true,
            Some(io) => reason = io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => reason = error.source(),
        }
    }
    false
}

fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    if let Some(found) = error.downcast_ref::<T>() {
        return Some(found);
    }
    // An io::Error skips the error that it was made from: its source is that one's source.
    let inner = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref()).map(|inner| inner as &(dyn StdError + 'static));
    inner.or_else(|| error.source()).and_then(cause)
}
