//! Text as it is shown: in errors, log lines and debug prints. Every text that leaves the library so is made here: secrets
//! are taken out, what a terminal or a log would act on is written out, and the length is bounded. Results do not come
//! this way: they are handed on as the server wrote them.

use crate::secret::{self, Found};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::ops::Range;

/// The longest message, in bytes.
const LONGEST_MESSAGE: usize = 4096;
/// The longest line of the log, in bytes.
const LONGEST_LINE: usize = 4096;
/// The longest word in either, in characters: an address, most often.
const LONGEST_WORD: usize = 500;
/// The most that is quoted of a server's words.
const LONGEST_QUOTE: usize = 200;
/// What is looked at of a body for that: pages begin with much that nobody sees.
const LONGEST_PAGE: usize = 8_000;
/// The longest member of an error that is JSON, in bytes.
const LONGEST_JSON: usize = 2048;

/// What stands in place of a secret.
const HIDDEN: &str = "[hidden]";
const WITHHELD: &str = "[withheld: it repeats a secret]";

/// A text that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Shown(String);

impl Shown {
    /// What a server wrote, up to a number of characters.
    pub fn quote(text: &str, most: usize) -> Shown {
        Shown(quote(text, most))
    }

    /// The library's own words, with what they quote.
    pub fn message(text: &str) -> Shown {
        Shown(message(text, LONGEST_MESSAGE))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The start of what a server wrote, short enough for a message and on one line.
pub(crate) fn excerpt(text: &str) -> String {
    quote(text, LONGEST_QUOTE)
}

/// The same of what the caller wrote, which is no server's.
pub(crate) fn excerpt_of_argument(text: &str) -> String {
    escaped(&without_secrets(text, LONGEST_QUOTE, false), LONGEST_QUOTE)
}

/// The start of several texts that a server wrote, of which the first hundred are named.
pub(crate) fn excerpts<T: AsRef<str>>(texts: &[T]) -> String {
    const MOST: usize = 100;
    let mut named: Vec<String> = texts.iter().take(MOST).map(|text| excerpt(text.as_ref())).collect();
    if texts.len() > MOST {
        named.push(format!("and {} more", texts.len() - MOST));
    }
    named.join(", ")
}

/// The start of a whole body, in which blanks and line breaks mean nothing; of a page without its tags.
pub(crate) fn excerpt_of_body(body: &[u8]) -> String {
    // More is not decoded than is looked at.
    let start = &body[..body.len().min(window(LONGEST_PAGE))];
    let shown = without_secrets(&String::from_utf8_lossy(start), LONGEST_PAGE, true).into_owned();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = words(&without_tags(&shown));
    escaped(if plain.is_empty() { words(&shown) } else { plain }.as_str(), LONGEST_QUOTE)
}

fn quote(text: &str, most: usize) -> String {
    escaped(&without_secrets(text, most, true), most)
}

fn message(text: &str, most: usize) -> String {
    let shown = escaped(&without_secrets(text, most, false), most);
    let cut = shortened_words(&shown);
    if cut.len() <= most { cut.into_owned() } else { format!("{}…", &cut[..boundary(&cut, most - '…'.len_utf8())]) }
}

/// A part of a server's JSON, or what stands for it where it is too long.
pub(crate) fn json(raw: &RawValue) -> Option<Box<RawValue>> {
    let raw = raw.get();
    if raw == "null" {
        return None;
    }
    let shown = if raw.len() > LONGEST_JSON { None } else { Some(json_without_secrets(raw)) };
    let shown = match shown {
        Some(shown) if shown.len() <= 2 * LONGEST_JSON => match secret::find(&shown, true) {
            Found::At(places) if places.is_empty() => shown,
            Found::At(_) => format!("\"{HIDDEN}\""),
            Found::Everything => format!("\"{WITHHELD}\""),
        },
        _ => format!("\"[left out: {} bytes]\"", raw.len()),
    };
    RawValue::from_string(shown).ok()
}

/// Texts and numbers are looked at one by one, so that it stays JSON.
fn json_without_secrets(raw: &str) -> String {
    let mut shown = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let (length, replaced) = match first {
            '"' => {
                let length = literal(rest);
                let whole = with_whole_characters(&rest[..length]);
                let text: String = serde_json::from_str(&whole).unwrap_or_default();
                let clean = quote(&text, LONGEST_JSON);
                let as_it_was = clean == text && whole == rest[..length];
                (length, (!as_it_was).then(|| serde_json::to_string(&clean).unwrap_or_default()))
            }
            '-' | '0'..='9' => {
                let length = rest.find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9')).unwrap_or(rest.len());
                let spoilt = secret::find(&rest[..length], true) != Found::At(Vec::new());
                (length, spoilt.then(|| format!("\"{HIDDEN}\"")))
            }
            other => (other.len_utf8(), None),
        };
        shown.push_str(replaced.as_deref().unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    shown
}

/// The length of the JSON text that begins here.
fn literal(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

/// A JSON text in which no escape stands for half a character.
fn with_whole_characters(literal: &str) -> Cow<'_, str> {
    if serde_json::from_str::<String>(literal).is_ok() {
        return literal.into();
    }
    let mut whole = String::with_capacity(literal.len());
    let mut rest = literal;
    while let Some(at) = rest.find('\\') {
        whole.push_str(&rest[..at]);
        rest = &rest[at..];
        // Two escapes may be one character, any other is one.
        let lengths = if rest[1..].starts_with('u') { [12, 6] } else { [2, 2] };
        let is_good = |length: &usize| {
            rest.get(..*length).is_some_and(|escape| {
                let text: std::result::Result<String, _> = serde_json::from_str(&format!("\"{escape}\""));
                text.is_ok_and(|text| text.chars().count() == 1)
            })
        };
        let length = match lengths.iter().copied().find(is_good) {
            Some(length) => {
                whole.push_str(&rest[..length]);
                length
            }
            None => {
                whole.push(char::REPLACEMENT_CHARACTER);
                rest.len().min(6)
            }
        };
        rest = &rest[length..];
    }
    whole.push_str(rest);
    whole.into()
}

/// How many bytes have to be looked at, so that as many characters can be shown: a secret at the end of these is seen as a
/// whole, in any spelling.
fn window(most: usize) -> usize {
    2 * most + overlap()
}

fn overlap() -> usize {
    12 * secret::longest() + 64
}

/// The start of a text without secrets. What lies so close to the end of what was looked at that it may be a part of a
/// secret is left out.
fn without_secrets(text: &str, most: usize, by_server: bool) -> Cow<'_, str> {
    let (text, end) = match window(most) {
        window if text.len() > window => {
            let text = &text[..boundary(text, window)];
            (text, boundary(text, text.len().saturating_sub(overlap())))
        }
        _ => (text, text.len()),
    };
    let is_cut = end < text.len();
    match secret::find(text, by_server) {
        Found::Everything => WITHHELD.into(),
        Found::At(places) if places.is_empty() && !is_cut => text.into(),
        Found::At(places) => {
            let mut shown = hidden(text, &places, end);
            if is_cut {
                shown.push('…');
            }
            shown.into()
        }
    }
}

fn hidden(text: &str, places: &[Range<usize>], end: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for place in places.iter().filter(|place| place.start < end) {
        let (start, after) = (boundary(text, place.start), boundary_after(text, place.end));
        shown.push_str(&text[at.min(start)..start]);
        shown.push_str(HIDDEN);
        at = after;
    }
    shown.push_str(&text[at.min(end)..end]);
    shown
}

/// The last place up to this one where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

/// The first place from this one on where a character begins.
fn boundary_after(text: &str, at: usize) -> usize {
    (at..text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(text.len())
}

/// What a terminal or a log acts on: control characters, line breaks, and what changes the direction of writing.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

fn escaped(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * most));
    let mut left = most;
    for c in text.chars() {
        let escape: Cow<'_, str> = match c {
            '\n' => "\\n".into(),
            '\r' => "\\r".into(),
            '\t' => "\\t".into(),
            c if acts(c) => c.escape_unicode().to_string().into(),
            _ => "".into(),
        };
        let Some(rest) = left.checked_sub(escape.len().max(1)) else {
            shown.push('…');
            break;
        };
        left = rest;
        match escape.is_empty() {
            true => shown.push(c),
            false => shown.push_str(&escape),
        }
    }
    shown
}

fn shortened_words(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_WORD {
        return text.into();
    }
    let short = |word: &str| match word.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ").into()
}

/// A page's text without its tags, so that an excerpt says something.
fn without_tags(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut in_tag = false;
    for c in page.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if !in_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// A line of the log.
pub(crate) struct Line<'a>(pub fmt::Arguments<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = Start { text: String::new(), most: window(LONGEST_LINE) };
        // It ends early where enough is written.
        let _ = start.write_fmt(self.0);
        f.write_str(&message(&start.text, LONGEST_LINE))
    }
}

/// Takes the start of a text that may be long.
struct Start {
    text: String,
    most: usize,
}

impl fmt::Write for Start {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        // One more than is looked at, so that it shows to be cut.
        let left = (self.most + 4).saturating_sub(self.text.len());
        if piece.len() <= left {
            self.text.push_str(piece);
            return Ok(());
        }
        self.text.push_str(&piece[..boundary_after(piece, left)]);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests;
