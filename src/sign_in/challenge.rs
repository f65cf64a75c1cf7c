//! What a server asks for when it answers 401: whether it is a UCWA server, who gives out tokens, and for which grants.

use crate::shown::excerpts;
use crate::transport::Answer;
use std::collections::HashSet;

/// How much of an answer's challenges is read. Real ones have a few hundred bytes.
const LONGEST: usize = 64 << 10;
/// How many different grants, and how many schemes, are kept.
const MOST_NAMES: usize = 32;
/// The longest name of a grant or scheme that is kept.
const LONGEST_NAME: usize = 100;
/// By this name UCWA servers are known to OAuth.
const CLIENT_ID: &str = "00000004-0000-0ff1-ce00-000000000000";

/// The parts of `WWW-Authenticate` that UCWA uses.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Challenge {
    /// Where tokens are granted, as the server wrote it.
    pub token_href: Option<String>,
    /// The kinds of grant that it offers.
    pub grants: Vec<String>,
    /// The schemes of all challenges, for messages.
    pub schemes: Vec<String>,
    /// A `Bearer` challenge as UCWA servers write it.
    ucwa_bearer: bool,
    /// There were more grants than are kept.
    more_grants: bool,
}

impl Challenge {
    /// The challenge in an answer: the `MsRtcOAuth` one, wherever it stands among others.
    pub fn of(answer: &Answer) -> Challenge {
        Challenge::read(answer.headers("www-authenticate"))
    }

    fn read<T: AsRef<str>>(headers: impl Iterator<Item = T>) -> Challenge {
        let mut challenge = Challenge::default();
        let mut seen = HashSet::new();
        let mut left = LONGEST;
        for header in headers {
            let whole = header.as_ref();
            let text = start_of(whole, left);
            left -= text.len();
            challenge.read_header(text, text.len() < whole.len(), &mut seen);
        }
        challenge
    }

    fn read_header(&mut self, text: &str, is_cut: bool, seen: &mut HashSet<String>) {
        let mut scheme = "";
        for item in Items::new(text) {
            match item {
                Item::Scheme(word) => {
                    scheme = word;
                    let is_new = !self.schemes.iter().any(|known| known.eq_ignore_ascii_case(word));
                    if is_new && self.schemes.len() < MOST_NAMES && word.len() <= LONGEST_NAME {
                        self.schemes.push(word.to_owned());
                    }
                }
                Item::Parameter { name, value, ends_header } => self.read_parameter(scheme, name, value, is_cut && ends_header, seen),
            }
        }
    }

    fn read_parameter(&mut self, scheme: &str, name: &str, value: String, is_cut: bool, seen: &mut HashSet<String>) {
        let is = |expected: &str| name.eq_ignore_ascii_case(expected);
        if scheme.eq_ignore_ascii_case("MsRtcOAuth") {
            if is("href") && self.token_href.is_none() && !value.is_empty() && !is_cut {
                self.token_href = Some(value);
            } else if is("grant_type") {
                self.more_grants |= is_cut;
                for grant in value.split(',').map(str::trim).filter(|grant| !grant.is_empty()) {
                    if self.grants.len() == MOST_NAMES || grant.len() > LONGEST_NAME {
                        self.more_grants = true;
                    } else if seen.insert(grant.to_owned()) {
                        self.grants.push(grant.to_owned());
                    }
                }
            }
        } else if scheme.eq_ignore_ascii_case("Bearer") {
            self.ucwa_bearer |= is("trusted_issuers") || is("client_id") && value.trim().eq_ignore_ascii_case(CLIENT_ID);
        }
    }

    /// Whether a UCWA server wrote it. Others answer 401, too: the company's web site, a proxy.
    pub fn is_ucwa(&self) -> bool {
        self.token_href.is_some() || self.ucwa_bearer
    }

    /// What is known of an origin after a further answer of it: some refusals do not repeat what the first one said.
    pub fn succeeded_by(self, later: Challenge) -> Challenge {
        let says_more = later.token_href.is_some() || self.token_href.is_none();
        if later.is_ucwa() && says_more || !self.is_ucwa() { later } else { self }
    }

    /// Whether a grant is offered, as far as is known.
    pub fn offers(&self, grant: &str) -> bool {
        self.more_grants || self.grants.is_empty() || self.grants.iter().any(|offered| offered.eq_ignore_ascii_case(grant))
    }

    /// The schemes of the challenges, for people.
    pub fn named(&self) -> String {
        if self.schemes.is_empty() { "without any challenge".to_owned() } else { format!("with the challenge {}", excerpts(&self.schemes)) }
    }
}

/// As many whole characters as fit into so many bytes.
fn start_of(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// A piece of one header.
enum Item<'a> {
    Scheme(&'a str),
    Parameter {
        name: &'a str,
        value: String,
        /// Nothing follows it.
        ends_header: bool,
    },
}

/// The pieces of one header, in their order. Each character is looked at a fixed number of times.
struct Items<'a> {
    rest: &'a str,
    /// The next word may begin a challenge: it stands at the beginning or after a comma.
    may_be_scheme: bool,
}

impl<'a> Items<'a> {
    fn new(header: &'a str) -> Items<'a> {
        Items { rest: header, may_be_scheme: true }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            let text = self.rest.trim_start_matches([' ', '\t', ',']);
            self.may_be_scheme |= self.rest[..self.rest.len() - text.len()].contains(',');
            if text.is_empty() {
                return None;
            }
            let end = text.find([' ', '\t', ',', '=']).unwrap_or(text.len());
            let (word, after) = text.split_at(end);
            if let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') {
                let (value, rest) = read_value(value.trim_start_matches([' ', '\t']));
                self.rest = rest;
                self.may_be_scheme = false;
                return Some(Item::Parameter { name: word, value, ends_header: rest.is_empty() });
            }
            self.rest = after;
            // Else it is a bare token, as Negotiate sends one.
            if std::mem::take(&mut self.may_be_scheme) || word.eq_ignore_ascii_case("MsRtcOAuth") || word.eq_ignore_ascii_case("Bearer") {
                return Some(Item::Scheme(word));
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
        Challenge::read(headers.iter())
    }

    const BEARER: &str = r#"Bearer trusted_issuers="", client_id="00000004-0000-0ff1-ce00-000000000000""#;

    #[test]
    fn quoted_bare_and_among_others() {
        let quoted = r#"MsRtcOAuth href="https://pool.contoso.com/WebTicket/oauthtoken",grant_type="urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,urn:microsoft.rtc:windows,password""#;
        let bare = "MsRtcOAuth href=https://pool.contoso.com/WebTicket/oauthtoken,grant_type=urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,password";
        for headers in [&[BEARER, quoted][..], &[quoted, BEARER], &[bare], &[&format!("Negotiate, NTLM, {BEARER}, {quoted}")]] {
            let challenge = read(headers);
            assert_eq!(challenge.token_href.as_deref(), Some("https://pool.contoso.com/WebTicket/oauthtoken"), "{headers:?}");
            assert_eq!(challenge.grants, ["urn:microsoft.rtc:windows", "urn:microsoft.rtc:anonmeeting", "password"], "{headers:?}");
            assert!(challenge.is_ucwa() && challenge.offers("PASSWORD") && !challenge.offers("none"), "{headers:?}");
        }
        assert_eq!(read(&[&format!("Negotiate, NTLM, {BEARER}, {quoted}")]).schemes, ["Negotiate", "NTLM", "Bearer", "MsRtcOAuth"]);
    }

    #[test]
    fn whose_challenge_it_is() {
        for own in [
            BEARER,
            "Bearer trusted_issuers=\"x@contoso.com\"",
            "bearer realm=\"r\", client_id=00000004-0000-0FF1-CE00-000000000000",
            "Negotiate, Bearer client_id=\"00000004-0000-0ff1-ce00-000000000000\"",
            "MsRtcOAuth href=\"/WebTicket/oauthtoken\"",
            "MSRTCOAUTH HREF=/x",
            "Negotiate oXsweaADCgEB, MsRtcOAuth href=/x",
            "Basic realm=\"r\" MsRtcOAuth href=/x",
        ] {
            assert!(read(&[own]).is_ucwa(), "{own}");
            assert!(read(&["Negotiate", "NTLM", own]).is_ucwa(), "{own}");
        }
        for foreign in [
            "",
            "Negotiate",
            "NTLM",
            "Negotiate, NTLM",
            "Negotiate oXsweaADCgEB==",
            "Basic realm=\"x\"",
            "Basic realm=\"MsRtcOAuth href=https://evil\"",
            "Basic trusted_issuers=\"x\"",
            "Bearer",
            "Bearer realm=\"x\"",
            "Bearer href=\"https://evil\"",
            "Bearer client_id=\"00000003-0000-0ff1-ce00-000000000000\"",
            "Bearer authorization_uri=\"https://login.contoso.com\"",
            "Digest realm=\"x\", nonce=\"y\"",
            "MsRtcOAuth",
            "MsRtcOAuth href",
            "MsRtcOAuth href=",
            "MsRtcOAuth href=\"\"",
            "MsRtcOAuth grant_type=\"password\"",
            "=,==,\"",
        ] {
            assert!(!read(&[foreign]).is_ucwa(), "{foreign}");
        }
        assert_eq!(read(&["MsRtcOAuth href=\"https://unfinished"]).token_href.as_deref(), Some("https://unfinished"));
        assert_eq!(read(&["Negotiate", "NTLM", "Basic realm=\"intranet, NTLM x\""]).named(), "with the challenge Negotiate, NTLM, Basic");
        assert_eq!(read(&[]).named(), "without any challenge");
    }

    #[test]
    fn a_challenge_is_bounded() {
        let grants: Vec<String> = (0..65_000).map(|number| number.to_string()).collect();
        let many = format!("MsRtcOAuth href=\"/x\",grant_type=\"{},password\"", grants.join(","));
        let challenge = read(&[&many]);
        assert_eq!((challenge.token_href.as_deref(), challenge.grants.len()), (Some("/x"), MOST_NAMES));
        assert!(challenge.offers("password"), "it may be among those that were not kept");
        // What is cut off is not taken for the whole.
        let long = format!("MsRtcOAuth href=\"https://contoso.com{}.evil.example/x\"", "/".repeat(LONGEST));
        assert!(!read(&[&long]).is_ucwa());
        let late = "MsRtcOAuth href=\"/x\"";
        assert!(!read(&[&"x ".repeat(LONGEST), late]).is_ucwa(), "the bound is one for all headers");
        assert!(read(&[&"☂".repeat(LONGEST)]).schemes.is_empty());
        let schemes: Vec<String> = (0..1000).map(|number| format!("s{number}")).collect();
        assert_eq!(read(&[&schemes.join(", ")]).schemes.len(), MOST_NAMES);
    }

    /// Each piece of the text is looked at a fixed number of times: twice the text costs twice the work. Counted by what the
    /// reader consumes: the rest only ever becomes shorter, by at least one character an item.
    #[test]
    fn reading_moves_on() {
        for piece in ["a,", "a=b,", "\"", "a=\"b\" ", ",=", "= ", "x ", "a=b,c ", "MsRtcOAuth href=,"] {
            let text = piece.repeat(2_000);
            let mut items = Items::new(&text);
            let mut before = text.len() + 1;
            while items.next().is_some() {
                assert!(items.rest.len() < before, "{piece}");
                before = items.rest.len();
            }
        }
    }
}
