//! What a server asks for when it answers 401: who gives out tokens, and for which kinds of grant.

use crate::transport::Answer;

/// The part of `WWW-Authenticate` that UCWA uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Challenge {
    /// Where tokens are granted, as the server wrote it.
    pub token_href: Option<String>,
    /// The kinds of grant that it offers.
    pub grants: Vec<String>,
}

impl Challenge {
    /// The challenge in an answer: the `MsRtcOAuth` one, wherever it stands among others.
    pub fn of(answer: &Answer) -> Challenge {
        let mut challenge = Challenge::default();
        for header in answer.headers("www-authenticate") {
            challenge.read(&header);
        }
        challenge
    }

    fn read(&mut self, header: &str) {
        let mut in_scheme = false;
        for (scheme, name, value) in Parameters::new(header) {
            if let Some(scheme) = scheme {
                in_scheme = scheme.eq_ignore_ascii_case("MsRtcOAuth");
            }
            match name.to_ascii_lowercase().as_str() {
                "href" if in_scheme && self.token_href.is_none() => self.token_href = Some(value),
                "grant_type" if in_scheme => {
                    for grant in value.split(',').map(str::trim).filter(|grant| !grant.is_empty()) {
                        if !self.grants.iter().any(|known| known == grant) {
                            self.grants.push(grant.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
    }

    pub fn offers(&self, grant: &str) -> bool {
        self.grants.iter().any(|offered| offered.eq_ignore_ascii_case(grant))
    }
}

/// The parameters of one header, each with the scheme that begins just before it, if one does.
struct Parameters<'a> {
    rest: &'a str,
}

impl<'a> Parameters<'a> {
    fn new(header: &'a str) -> Parameters<'a> {
        Parameters { rest: header }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = (Option<&'a str>, &'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        let mut scheme = None;
        loop {
            let text = self.rest.trim_start_matches([' ', '\t', ',']);
            if text.is_empty() {
                return None;
            }
            let end = text.find([' ', '\t', ',', '=']).unwrap_or(text.len());
            let (word, after) = text.split_at(end);
            match after.trim_start_matches([' ', '\t']).strip_prefix('=') {
                Some(value) => {
                    let (value, rest) = read_value(value.trim_start_matches([' ', '\t']));
                    self.rest = rest;
                    return Some((scheme, word, value));
                }
                // A word without a value is a scheme, such as the Negotiate of other servers.
                None => {
                    scheme = Some(word);
                    self.rest = after;
                }
            }
        }
    }
}

/// A quoted or a bare value, and what follows it. A bare one ends at a comma that another parameter follows: the list of
/// grants is sometimes not quoted.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let mut end = 0;
        for (at, c) in text.char_indices() {
            end = at + c.len_utf8();
            if c == ',' && begins_parameter(&text[end..]) || c == ' ' || c == '\t' {
                end = at;
                break;
            }
        }
        return (text[..end].trim_end_matches(',').to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

fn begins_parameter(text: &str) -> bool {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(text.len());
    end > 0 && matches!(text[end..].trim_start().as_bytes().first(), Some(b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> Challenge {
        let mut challenge = Challenge::default();
        headers.iter().for_each(|header| challenge.read(header));
        challenge
    }

    #[test]
    fn quoted_bare_and_among_others() {
        let expected = Challenge {
            token_href: Some("https://pool.contoso.com/WebTicket/oauthtoken".into()),
            grants: vec!["urn:microsoft.rtc:windows".into(), "urn:microsoft.rtc:anonmeeting".into(), "password".into()],
        };
        let bearer = r#"Bearer trusted_issuers="", client_id="00000004-0000-0ff1-ce00-000000000000""#;
        let quoted = r#"MsRtcOAuth href="https://pool.contoso.com/WebTicket/oauthtoken",grant_type="urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,urn:microsoft.rtc:windows,password""#;
        let bare = "MsRtcOAuth href=https://pool.contoso.com/WebTicket/oauthtoken,grant_type=urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,password";
        assert_eq!(read(&[bearer, quoted]), expected);
        assert_eq!(read(&[quoted, bearer]), expected);
        assert_eq!(read(&[bare]), expected);
        assert_eq!(read(&[&format!("Negotiate, NTLM, {bearer}, {quoted}")]), expected);
    }

    #[test]
    fn what_is_no_challenge() {
        for header in ["", "Negotiate", "Basic realm=\"x\"", "Bearer href=\"https://evil\"", "=,==,\"", "MsRtcOAuth", "MsRtcOAuth href"] {
            assert_eq!(read(&[header]), Challenge::default(), "{header}");
        }
        assert_eq!(read(&["MsRtcOAuth href=\"https://unfinished"]).token_href.as_deref(), Some("https://unfinished"));
    }
}
