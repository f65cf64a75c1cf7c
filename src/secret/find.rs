//! Finds secrets in a text, however they are written there: as they are, percent-, form-, JSON- or HTML-encoded in any
//! mixture and twice over, or in base64.
//!
//! The text is compared as it stands, a character of the secret in any of its spellings at a time. So it does not matter
//! which characters an encoder leaves alone, in which case it writes hexadecimal digits, or what stands before and after.

use super::shapes;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// How often a whole text is decoded: once for an address within an address, twice for a careful server.
const LAYERS: usize = 2;
/// Shorter runs are words.
const SHORTEST_BASE64: usize = 8;
/// Shorter secrets are found in any decoded base64 by chance.
const SHORTEST_IN_BASE64: usize = 4;
/// How many comparisons a byte of text may cost. A text that is made to cost more is not shown at all.
const STEPS_FOR_A_BYTE: usize = 400;
/// The same for each secret: many tokens begin alike.
const STEPS_FOR_A_SECRET: usize = 10_000;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What was found.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// These places, in order and apart from each other.
    At(Vec<Range<usize>>),
    /// It cannot be shown at all.
    Everything,
}

/// A text of the same content, decoded.
struct View {
    bytes: Vec<u8>,
    /// Where each byte came from in the text, and at the end the text's length.
    from: Vec<usize>,
}

/// One search.
pub(super) struct Search<'a> {
    /// In the order of their first bytes.
    secrets: Vec<&'a [u8]>,
    /// Which of them begin with each byte.
    first: [Range<usize>; 256],
    with_shapes: bool,
    steps: usize,
}

struct TooManySteps;

impl<'a> Search<'a> {
    pub fn new(mut secrets: Vec<&'a [u8]>, with_shapes: bool) -> Search<'a> {
        let first_of = |secret: &[u8]| usize::from(alike(secret[0]));
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_unstable_by_key(|secret| (first_of(secret), *secret));
        secrets.dedup();
        let mut first = [const { 0..0 }; 256];
        for (place, secret) in secrets.iter().enumerate() {
            let range = &mut first[first_of(secret)];
            *range = if range.start == range.end { place..place + 1 } else { range.start..place + 1 };
        }
        Search { secrets, first, with_shapes, steps: 0 }
    }

    /// Every place of a secret, and of what has the shape of one.
    pub fn run(mut self, text: &[u8]) -> Found {
        self.steps = STEPS_FOR_A_SECRET * (1 + self.secrets.len()) + STEPS_FOR_A_BYTE * text.len();
        let mut places = Vec::new();
        match self.layers(text, &mut places) {
            Ok(()) => Found::At(merged(places)),
            Err(TooManySteps) => Found::Everything,
        }
    }

    fn layers(&mut self, text: &[u8], places: &mut Vec<Range<usize>>) -> Result<(), TooManySteps> {
        self.layer(text, &|place| place, places)?;
        let mut view = decoded(text);
        for _ in 0..LAYERS {
            let Some(View { bytes, from }) = &view else { break };
            self.layer(bytes, &|place| source(from, place), places)?;
            let next = decoded(bytes).map(|mut next| {
                next.from.iter_mut().for_each(|place| *place = from[*place]);
                next
            });
            view = next;
        }
        Ok(())
    }

    fn layer(
        &mut self,
        bytes: &[u8],
        source: &dyn Fn(Range<usize>) -> Range<usize>,
        places: &mut Vec<Range<usize>>,
    ) -> Result<(), TooManySteps> {
        if self.with_shapes {
            shapes::find(bytes, |place| places.push(source(place)));
        }
        if self.secrets.is_empty() {
            return Ok(());
        }
        self.compare(bytes, 0, |place| places.push(source(place)))?;
        for run in base64_runs(bytes) {
            if self.is_in_base64(&bytes[run.clone()])? {
                places.push(source(run));
            }
        }
        Ok(())
    }

    /// Whether base64 holds a secret, which may begin at any of its characters.
    fn is_in_base64(&mut self, run: &[u8]) -> Result<bool, TooManySteps> {
        let usual: Vec<u8> = run
            .iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect();
        let mut found = false;
        for skipped in 0..4.min(usual.len()) {
            let part = &usual[skipped..];
            // One character alone stands for no byte.
            let part = &part[..part.len() - usize::from(part.len() % 4 == 1)];
            if let Ok(bytes) = BASE64.decode(part) {
                self.compare(&bytes, SHORTEST_IN_BASE64, |_| found = true)?;
            }
        }
        Ok(found)
    }

    fn compare(&mut self, text: &[u8], shortest: usize, mut hit: impl FnMut(Range<usize>)) -> Result<(), TooManySteps> {
        for start in 0..text.len() {
            let as_it_is = alike(text[start]);
            let encoded = unit(text, start).map(|unit| alike(unit.bytes[0])).filter(|first| *first != as_it_is);
            for first in [Some(as_it_is), encoded].into_iter().flatten() {
                for candidate in self.first[usize::from(first)].clone() {
                    let secret = self.secrets[candidate];
                    // No spelling is shorter than what it stands for.
                    if (shortest..=text.len() - start).contains(&secret.len())
                        && let Some(end) = self.end_of(text, start, secret)?
                    {
                        hit(start..end);
                    }
                }
            }
        }
        Ok(())
    }

    /// Where a secret ends that begins here, if it does.
    fn end_of(&mut self, text: &[u8], start: usize, secret: &[u8]) -> Result<Option<usize>, TooManySteps> {
        // What may be read in two ways is tried in both.
        let (mut first, mut other_ways) = (Some((start, 0)), Vec::new());
        while let Some((mut at, mut done)) = first.take().or_else(|| other_ways.pop()) {
            while done < secret.len() && at < text.len() {
                self.steps = self.steps.checked_sub(1).ok_or(TooManySteps)?;
                let as_it_is = same(text[at], secret[done]);
                let unit = unit(text, at).filter(|unit| {
                    let rest = &secret[done..];
                    unit.bytes().len() <= rest.len() && unit.bytes().iter().zip(rest).all(|(a, b)| same(*a, *b))
                });
                match unit {
                    Some(unit) => {
                        if as_it_is {
                            other_ways.push((at + 1, done + 1));
                        }
                        done += unit.bytes().len();
                        at += unit.length;
                    }
                    None if as_it_is => {
                        at += 1;
                        done += 1;
                    }
                    None => break,
                }
            }
            if done == secret.len() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// Form encoding writes a blank as plus, other percent encodings leave the plus alone.
fn alike(byte: u8) -> u8 {
    if byte == b'+' { b' ' } else { byte }
}

fn same(one: u8, other: u8) -> bool {
    alike(one) == alike(other)
}

/// An encoded character.
struct Unit {
    bytes: [u8; 4],
    count: usize,
    /// Of its encoded form.
    length: usize,
}

impl Unit {
    fn of(character: char, length: usize) -> Unit {
        let mut bytes = [0; 4];
        let count = character.encode_utf8(&mut bytes).len();
        Unit { bytes, count, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}

/// The encoded character that begins here.
fn unit(text: &[u8], at: usize) -> Option<Unit> {
    let rest = &text[at..];
    match rest[0] {
        b'%' if matches!(rest.get(1), Some(b'u' | b'U')) => Some(Unit::of(char::from_u32(hexadecimal(rest.get(2..6)?)?)?, 6)),
        b'%' => {
            let byte = u8::try_from(hexadecimal(rest.get(1..3)?)?).ok()?;
            Some(Unit { bytes: [byte, 0, 0, 0], count: 1, length: 3 })
        }
        b'\\' => {
            let plain = match rest.get(1)? {
                b'u' => return unicode_escape(rest),
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                quoted @ (b'"' | b'\\' | b'/' | b'\'') => char::from(*quoted),
                _ => return None,
            };
            Some(Unit::of(plain, 2))
        }
        b'&' => reference(rest),
        _ => None,
    }
}

/// JSON's `\u…`, of which two stand for a character beyond the first 65,536.
fn unicode_escape(rest: &[u8]) -> Option<Unit> {
    let first = hexadecimal(rest.get(2..6)?)?;
    if let Some(character) = char::from_u32(first) {
        return Some(Unit::of(character, 6));
    }
    let low = rest.get(6..8) == Some(b"\\u");
    let second = hexadecimal(rest.get(8..12)?).filter(|second| low && (0xdc00..0xe000).contains(second))?;
    let character = char::from_u32(0x10000 + ((first.checked_sub(0xd800)? & 0x3ff) << 10) + (second - 0xdc00))?;
    Some(Unit::of(character, 12))
}

/// HTML's `&amp;`, `&#38;` and `&#x26;`.
fn reference(rest: &[u8]) -> Option<Unit> {
    const NAMES: [(&[u8], char); 5] = [(b"&amp;", '&'), (b"&lt;", '<'), (b"&gt;", '>'), (b"&quot;", '"'), (b"&apos;", '\'')];
    const LONGEST: usize = 12;
    if rest.get(1) != Some(&b'#') {
        return NAMES.iter().find(|(name, _)| rest.starts_with(name)).map(|(name, character)| Unit::of(*character, name.len()));
    }
    let end = rest.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let number = match rest.get(2..end)? {
        [b'x' | b'X', digits @ ..] => hexadecimal(digits)?,
        digits => std::str::from_utf8(digits).ok()?.parse().ok()?,
    };
    Some(Unit::of(char::from_u32(number)?, end + 1))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The text with every encoded character decoded; `None` where there is none.
fn decoded(text: &[u8]) -> Option<View> {
    memchr::memchr3(b'%', b'\\', b'&', text)?;
    let (mut bytes, mut from) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
    let mut at = 0;
    while at < text.len() {
        match unit(text, at) {
            Some(unit) => {
                bytes.extend_from_slice(unit.bytes());
                from.extend(unit.bytes().iter().map(|_| at));
                at += unit.length;
            }
            None => {
                bytes.push(text[at]);
                from.push(at);
                at += 1;
            }
        }
    }
    from.push(text.len());
    (bytes.len() < text.len()).then_some(View { bytes, from })
}

/// The place in the text that a place in its view came from.
fn source(from: &[usize], place: Range<usize>) -> Range<usize> {
    let start = from[place.start];
    // Several bytes may have come from one encoded character.
    let last = from[place.end.saturating_sub(1)];
    let end = from[place.end..].iter().copied().find(|end| *end > last).unwrap_or(last);
    start..end
}

fn base64_runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let start = at + text[at..].iter().position(is_part)?;
            let end = text[start..].iter().position(|byte| !is_part(byte)).map_or(text.len(), |length| start + length);
            at = end;
            if end - start >= SHORTEST_BASE64 {
                return Some(start..end);
            }
        }
        None
    })
}

/// In order, and those that touch made one.
fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| (place.start, place.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    merged
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
