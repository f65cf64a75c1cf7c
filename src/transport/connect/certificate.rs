//! What a certificate says, and what is wrong with one in words.

use crate::error::excerpt;
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::fmt;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};
use x509_parser::public_key::PublicKey;

/// How many of a certificate's names a message lists.
const NAMES: usize = 8;

/// The smallest RSA key that is accepted, in bits.
const RSA: usize = 2048;

/// Why a certificate is not accepted, and what to do.
#[derive(Debug)]
pub(super) struct Refused {
    pub text: String,
    pub advice: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.text, self.advice)
    }
}

impl std::error::Error for Refused {}

pub(super) const NAME_THE_ISSUER: &str = "if a private authority issued it, name that authority's certificate with ca_file";
const RENEW: &str = "the server's administrator must renew it, unless this machine's clock is wrong";
const REISSUE: &str = "the server's administrator must have a new one issued";
const NAMES_DIFFER: &str =
    "use one of the names that it is for (discovery_url, application_url), or have the server's administrator add this name to it";
const TRUST_EXACTLY: &str = "if it is the right one, put exactly this certificate into a file that ca_file names";

/// What messages and checks want to know of a certificate.
struct Facts<'a> {
    parsed: X509Certificate<'a>,
}

impl<'a> Facts<'a> {
    fn of(der: &'a CertificateDer<'_>) -> Option<Facts<'a>> {
        X509Certificate::from_der(der).ok().map(|(_, parsed)| Facts { parsed })
    }

    /// From and to, in seconds since 1970.
    fn validity(&self) -> (i64, i64) {
        let validity = self.parsed.validity();
        (validity.not_before.timestamp(), validity.not_after.timestamp())
    }

    fn subject(&self) -> String {
        excerpt(&self.parsed.subject().to_string())
    }

    fn issuer(&self) -> String {
        excerpt(&self.parsed.issuer().to_string())
    }

    fn is_self_issued(&self) -> bool {
        self.parsed.subject().as_raw() == self.parsed.issuer().as_raw()
    }

    fn self_signed(&self, known: &[CertificateDer<'_>]) -> Refused {
        let alike = |other: &CertificateDer<'_>| Facts::of(other).is_some_and(|other| other.parsed.subject() == self.parsed.subject());
        let why = if known.iter().any(alike) {
            "is another one than that of the same name in ca_file or ca_dir"
        } else {
            "neither ca_file nor ca_dir holds it"
        };
        Refused { text: format!("the server's certificate, {}, is self-signed, and {why}", self.subject()), advice: TRUST_EXACTLY }
    }

    /// What no server's certificate may have, however it was issued.
    fn weakness(&self) -> Option<String> {
        if self.parsed.version() != X509Version::V3 {
            return Some(format!("is of X.509 version {}, where 3 is needed", self.parsed.version().0 + 1));
        }
        if let Ok(PublicKey::RSA(key)) = self.parsed.public_key().parsed() {
            let zeros = key.modulus.iter().take_while(|byte| **byte == 0).count();
            let bits = (key.modulus.len() - zeros) * 8;
            if bits < RSA {
                return Some(format!("has an RSA key of {bits} bits, where {RSA} are needed"));
            }
        }
        let broken = match self.parsed.signature_algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" | "1.3.14.3.2.29" => "SHA-1",
            "1.2.840.113549.1.1.4" => "MD5",
            _ => return None,
        };
        // Nobody checks the signature of a root by itself.
        (!self.is_self_issued()).then(|| format!("is signed with {broken}, which is not secure"))
    }
}

/// Whether issuer and subject are the same, as in a self-signed certificate.
pub(super) fn is_self_issued(der: &CertificateDer<'_>) -> bool {
    Facts::of(der).is_some_and(|facts| facts.is_self_issued())
}

/// Whether a certificate is valid at that time.
pub(super) fn check_time(der: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let (from, to) = Facts::of(der).ok_or(CertificateError::BadEncoding)?.validity();
    let at = |seconds: i64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds.try_into().unwrap_or(0)));
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if seconds < from {
        return Err(CertificateError::NotValidYetContext { time: now, not_before: at(from) });
    }
    if seconds > to {
        return Err(CertificateError::ExpiredContext { time: now, not_after: at(to) });
    }
    Ok(())
}

/// A self-signed certificate that nobody has named.
pub(super) fn self_signed(der: &CertificateDer<'_>, known: &[CertificateDer<'_>]) -> Refused {
    Facts::of(der).map_or_else(unreadable, |facts| facts.self_signed(known))
}

fn unreadable() -> Refused {
    Refused { text: "the server's certificate cannot be read".to_owned(), advice: REISSUE }
}

/// A refusal in words. The chain begins with the server's own certificate; `known` are those that the user named.
pub(super) fn explain(error: &CertificateError, chain: &[&CertificateDer<'_>], known: &[CertificateDer<'_>]) -> Refused {
    let facts: Vec<Facts<'_>> = chain.iter().filter_map(|der| Facts::of(der)).collect();
    let Some(own) = facts.first() else { return unreadable() };
    match error {
        CertificateError::ExpiredContext { time, not_after } => expired(&facts, *time, *not_after),
        CertificateError::NotValidYetContext { time, not_before } => not_yet(&facts, *time, *not_before),
        CertificateError::NotValidForNameContext { expected, .. } => {
            let text = format!("the server's certificate is for {}, and not for {}", names(own), expected.to_str());
            Refused { text, advice: NAMES_DIFFER }
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Refused { text: "the certificate is not meant for a server (extended key usage)".to_owned(), advice: REISSUE }
        }
        CertificateError::UnknownIssuer => unknown_issuer(&facts, known),
        other => {
            if let Some(weak) = weakest(&facts, known) {
                return Refused { text: weak, advice: REISSUE };
            }
            if own.parsed.is_ca() {
                return authority(own, known);
            }
            match other {
                CertificateError::BadSignature => {
                    Refused { text: "a signature in the server's certificates is wrong".to_owned(), advice: REISSUE }
                }
                _ => {
                    Refused { text: format!("the server's certificate is not accepted ({})", excerpt(&other.to_string())), advice: REISSUE }
                }
            }
        }
    }
}

fn authority(own: &Facts<'_>, known: &[CertificateDer<'_>]) -> Refused {
    if own.is_self_issued() {
        let Refused { text, advice } = own.self_signed(known);
        return Refused { text: format!("{text} (it is that of an authority: CaUsedAsEndEntity)"), advice };
    }
    let text = format!("the server's certificate, {}, is that of an authority, which no server may use (CaUsedAsEndEntity)", own.subject());
    Refused { text, advice: REISSUE }
}

fn unknown_issuer(chain: &[Facts<'_>], known: &[CertificateDer<'_>]) -> Refused {
    let own = &chain[0];
    let last = chain.iter().rfind(|facts| !facts.is_self_issued()).unwrap_or(own);
    let mut text = format!("the server's certificate was issued by an authority that is not trusted, {}", last.issuer());
    if chain.len() == 1 {
        text.push_str(" (the server sends its own certificate alone, without those between it and a trusted authority)");
    }
    if let Some(weak) = weakest(chain, known) {
        text = format!("{text}; also, {weak}");
    }
    Refused { text, advice: NAME_THE_ISSUER }
}

/// The first certificate that cannot be accepted in any case: of the chain, or the one that the user named as its issuer.
fn weakest(chain: &[Facts<'_>], known: &[CertificateDer<'_>]) -> Option<String> {
    let own = chain[0].weakness().map(|weak| format!("the server's certificate {weak}"));
    let issuers =
        || chain[1..].iter().find_map(|facts| Some(format!("the issuer's certificate, {}, {}", facts.subject(), facts.weakness()?)));
    let named = || {
        let known: Vec<Facts<'_>> = known.iter().filter_map(|der| Facts::of(der)).collect();
        let issuer = known.iter().find(|facts| chain.iter().any(|below| below.parsed.issuer() == facts.parsed.subject()))?;
        Some(format!("the issuer's certificate in ca_file or ca_dir, {}, {}", issuer.subject(), issuer.weakness()?))
    };
    own.or_else(issuers).or_else(named)
}

fn expired(chain: &[Facts<'_>], now: UnixTime, end: UnixTime) -> Refused {
    let whose = whose(chain, |facts| facts.validity().1, end);
    Refused { text: format!("{whose} expired on {} (this machine's clock says {})", date(end), date(now)), advice: RENEW }
}

fn not_yet(chain: &[Facts<'_>], now: UnixTime, start: UnixTime) -> Refused {
    let whose = whose(chain, |facts| facts.validity().0, start);
    Refused { text: format!("{whose} is valid only from {} on (this machine's clock says {})", date(start), date(now)), advice: RENEW }
}

/// Whose date it is.
fn whose(chain: &[Facts<'_>], date: impl Fn(&Facts<'_>) -> i64, at: UnixTime) -> String {
    match chain.iter().position(|facts| u64::try_from(date(facts)) == Ok(at.as_secs())) {
        Some(place) if place > 0 => format!("the certificate of the issuer, {},", chain[place].subject()),
        _ => "the server's certificate".to_owned(),
    }
}

fn date(at: UnixTime) -> String {
    let at = i64::try_from(at.as_secs()).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map_or_else(|| "a date beyond all".to_owned(), |at| at.to_string())
}

/// The names that a certificate is for.
fn names(facts: &Facts<'_>) -> String {
    let Ok(Some(names)) = facts.parsed.subject_alternative_name() else { return "no name at all".to_owned() };
    let mut found: Vec<String> = names.value.general_names.iter().filter_map(name).map(|name| excerpt(&name)).collect();
    let more = found.len().saturating_sub(NAMES);
    found.truncate(NAMES);
    match (found.is_empty(), more) {
        (true, _) => "no name at all".to_owned(),
        (false, 0) => found.join(", "),
        (false, more) => format!("{} and {more} more", found.join(", ")),
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}
