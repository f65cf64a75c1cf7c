//! What is known to be secret by its shape: tokens and passwords that were never ours.

use std::ops::Range;

/// What a secret follows.
const LEADS: [&str; 13] = [
    "cwt=",
    "access_token=",
    "refresh_token=",
    "id_token=",
    "client_secret=",
    "assertion=",
    "password=",
    "\"access_token\":\"",
    "\"refresh_token\":\"",
    "\"id_token\":\"",
    "\"client_secret\":\"",
    "\"assertion\":\"",
    "\"password\":\"",
];

/// Schemes of the `Authorization` header, which prose names as well, and how long what follows is at least.
const SCHEMES: [(&str, usize); 4] = [("bearer ", 1), ("basic ", 8), ("negotiate ", 16), ("ntlm ", 16)];

/// How every JSON Web Token begins, and the least length of its parts.
const JWT: &[u8] = b"eyJ";
const SHORTEST_PART: usize = 8;

pub(super) fn find(text: &[u8], mut hit: impl FnMut(Range<usize>)) {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let place = match rest[0].to_ascii_lowercase() {
            b'e' if rest.starts_with(JWT) => token(rest).map(|end| 0..end),
            _ => None,
        };
        let place = place.or_else(|| following(rest)).map(|place| at + place.start..at + place.end);
        match place {
            Some(place) => {
                at = place.end;
                hit(place);
            }
            None => at += 1,
        }
    }
}

/// Where a JSON Web Token ends, signed or encrypted, whole or cut off.
fn token(rest: &[u8]) -> Option<usize> {
    let mut parts = 0;
    let mut at = 0;
    loop {
        let length =
            rest[at..].iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))).unwrap_or(rest.len() - at);
        if parts < 2 && length < SHORTEST_PART {
            return None;
        }
        parts += 1;
        at += length;
        if rest.get(at) != Some(&b'.') || parts == 5 {
            return (parts > 1).then_some(at);
        }
        at += 1;
    }
}

/// The value after what announces one.
fn following(rest: &[u8]) -> Option<Range<usize>> {
    let start = match rest[0].to_ascii_lowercase() {
        b'"' | b'a' | b'c' | b'i' | b'p' | b'r' => LEADS.iter().find_map(|lead| lead_end(rest, lead.as_bytes())),
        _ => None,
    };
    if let Some(start) = start {
        let quoted = usize::from(matches!(rest.get(start), Some(b'"' | b'\'')));
        let start = start + quoted;
        return Some(start..start + value(&rest[start..])).filter(|place| !place.is_empty());
    }
    let (start, shortest) = match rest[0].to_ascii_lowercase() {
        b'b' | b'n' => SCHEMES.iter().find_map(|(scheme, shortest)| Some((lead_end(rest, scheme.as_bytes())?, *shortest)))?,
        _ => return None,
    };
    let length = value(&rest[start..]);
    (length >= shortest && !is_word(&rest[start..start + length])).then_some(start..start + length)
}

/// "bearer token." and "Bearer realm=…" announce nothing.
fn is_word(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"=").unwrap_or(text);
    let text = match text {
        [word @ .., b'.' | b':' | b')'] => word,
        word => word,
    };
    text.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
}

/// Where a lead ends that begins here; blanks may stand around a colon.
fn lead_end(rest: &[u8], lead: &[u8]) -> Option<usize> {
    let mut at = 0;
    for wanted in lead {
        if matches!(wanted, b':') || at > 0 && matches!(rest.get(at - 1), Some(b':')) {
            at += rest.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        }
        if !rest.get(at)?.eq_ignore_ascii_case(wanted) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

/// The length of a value.
fn value(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'&' | b'<' | b'>' | b',' | b';' | b'\\'))
        .unwrap_or(text.len())
}
