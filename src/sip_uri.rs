//! The SIP URI that names a contact.

use crate::error::{Error, Result};
use std::fmt;

/// The longest address taken; the server's own limit for a contact is 250 characters.
const LONGEST: usize = 256;

/// A contact's SIP URI: what the caller or the server wrote, and a key that compares without regard to case.
#[derive(Clone, Debug)]
pub(crate) struct SipUri {
    spelled: String,
    key: String,
}

impl SipUri {
    /// Reads `sip:user@host` or `user@host`.
    pub fn parse(text: &str) -> Result<SipUri> {
        let wrong = |why: &str| {
            let shown: String = text.chars().take(60).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
            Err(Error::argument(format!(
                "\"{shown}\" is no SIP URI ({why}); a contact is written sip:name@example.com, with or without sip:"
            )))
        };
        let address = match text.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("sip:") => &text[4..],
            _ => text,
        };
        if address.is_empty() {
            return wrong("it is empty");
        }
        let begins = |scheme: &str| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        if let Some(scheme) = ["mailto:", "im:", "tel:", "http:", "https:"].into_iter().find(|scheme| begins(scheme)) {
            return wrong(&format!("{scheme} is another kind of URI"));
        }
        if address.len() > LONGEST {
            return wrong("it is longer than 256 bytes");
        }
        if let Some(bad) = address
            .chars()
            .find(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\\' | '^' | '`' | '{' | '|' | '}'))
        {
            return wrong(if bad.is_control() || bad.is_whitespace() {
                "it holds a blank or a control character"
            } else {
                "it holds a character that none may hold"
            });
        }
        match address.split_once('@') {
            None => wrong("it has no @"),
            Some((user, host)) if user.is_empty() || host.is_empty() || host.contains('@') => {
                wrong("it needs one name before the @ and one host after it")
            }
            Some(_) => Ok(SipUri { spelled: format!("sip:{address}"), key: address.to_lowercase() }),
        }
    }

    /// The key of a URI that the server wrote; it is taken as it stands.
    pub fn key_of(uri: &str) -> String {
        let address = match uri.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("sip:") => &uri[4..],
            _ => uri,
        };
        address.to_lowercase()
    }

    /// What contacts are compared and remembered by.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// `name@host`, as it was spelled.
    pub fn address(&self) -> &str {
        &self.spelled[4..]
    }

    /// The host part, lower-cased and without parameters or port: the domain where discovery starts.
    pub fn domain(&self) -> &str {
        let host = self.key.split_once('@').map_or("", |(_, host)| host);
        let end = host.find([';', '?', ':']).unwrap_or(host.len());
        &host[..end]
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

#[cfg(test)]
mod tests {
    use super::SipUri;

    #[test]
    fn with_and_without_scheme_and_case() {
        for text in ["sip:SaraD@Contoso.com", "SIP:sarad@contoso.com", "SaraD@contoso.COM"] {
            let uri = SipUri::parse(text).expect(text);
            assert_eq!(uri.key(), "sarad@contoso.com");
            assert_eq!(uri.domain(), "contoso.com");
        }
        assert_eq!(SipUri::parse("SaraD@Contoso.com").unwrap().to_string(), "sip:SaraD@Contoso.com");
        assert_eq!(SipUri::parse("sip:a@b.example:5061;transport=tls").unwrap().domain(), "b.example");
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "sip:",
            "sara",
            "mailto:SaraD@contoso.com",
            "@contoso.com",
            "sara@",
            "a@b@c",
            "a b@c",
            "a\r\nX: y@c",
            "<a@b>",
            &format!("{}@c", "a".repeat(300)),
        ] {
            assert!(SipUri::parse(text).is_err(), "{text}");
        }
    }
}
