//! A parsed JSON text whose strings can be lent to C, and RFC 6901 pointers into it.

use super::text::c_string;
use crate::error::{Error, Result, Status, excerpt_of_argument};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fmt;

pub(super) enum Node {
    Text(CString),
    Integer(i64),
    /// A number that is no integer of 64 bits.
    Number,
    Boolean(bool),
    Null,
    Array(Vec<Node>),
    Object(BTreeMap<String, Node>),
}

impl Node {
    pub fn parse(text: &str) -> Result<Node> {
        let parsed = serde_json::from_str(text);
        parsed.or_else(|error| {
            // A number beyond what a double holds is JSON as well; servers' numbers are handed on digit by digit.
            serde_json::from_str(&with_readable_numbers(text)).map_err(|_| Error::argument(format!("text is not JSON: {error}")))
        })
    }

    /// The value that a pointer names; the empty one names the whole.
    pub fn at(&self, pointer: &str) -> Result<&Node> {
        let wrong = |why: &str| Error::argument(format!("\"{}\" is no JSON pointer: {why}", excerpt_of_argument(pointer)));
        let steps = match pointer {
            "" => return Ok(self),
            _ => pointer.strip_prefix('/').ok_or_else(|| wrong("it does not begin with /"))?,
        };
        let mut node = self;
        for step in steps.split('/') {
            let step = unescape(step).ok_or_else(|| wrong("~ is not followed by 0 or 1"))?;
            let missing = || Error::new(Status::NotFound, format!("nothing is at \"{}\"", excerpt_of_argument(pointer)));
            node = node.member(&step).ok_or_else(missing)?;
        }
        Ok(node)
    }

    fn member(&self, step: &str) -> Option<&Node> {
        match self {
            Node::Object(members) => members.get(step),
            Node::Array(elements) => elements.get(index(step)?),
            _ => None,
        }
    }

    /// What stands there, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Text(_) => "a string",
            Node::Integer(_) => "an integer",
            Node::Number => "a number that is no 64-bit integer",
            Node::Boolean(_) => "true or false",
            Node::Null => "null",
            Node::Array(_) => "an array",
            Node::Object(_) => "an object",
        }
    }
}

/// The same text with another number for each that is too large for a double: no integer of 64 bits, either.
fn with_readable_numbers(text: &str) -> String {
    const ANOTHER: &str = "0.5";
    let part_of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    let mut readable = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        readable.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = if rest.starts_with('"') { end_of_string(rest) } else { rest.find(|c| !part_of_number(c)).unwrap_or(rest.len()) };
        let (token, after) = rest.split_at(end);
        let beyond = token.parse::<f64>().is_ok_and(f64::is_infinite) && serde_json::from_str::<IgnoredAny>(token).is_ok();
        readable.push_str(if beyond { ANOTHER } else { token });
        rest = after;
    }
    readable.push_str(rest);
    readable
}

/// Where a string that the text begins with is over.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let over = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        over
    });
    end.map_or(text.len(), |at| at + 2)
}

/// One step of a pointer as a member's name.
fn unescape(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (mark, rest) = part.split_at_checked(1)?;
        name.push(match mark {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        name.push_str(rest);
    }
    Some(name)
}

/// One step of a pointer as an array's index: digits, without a leading zero.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || (!step.starts_with('0') && step.bytes().all(|b| b.is_ascii_digit()));
    if plain { step.parse().ok() } else { None }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Node, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Number, Node::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Node, E> {
        Ok(Node::Text(c_string(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> std::result::Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Node::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> std::result::Result<Node, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = access.next_entry()? {
            members.insert(name, value);
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text;
    use crate::resource::{Resource, Writer};

    #[test]
    fn numbers_of_every_size() {
        let text = r#"{"a":1e999,"b":[-1E+400,123456789012345678901234567890,1.5e308],"c":"1e999 \" 1e999","1e999":7}"#;
        let node = Node::parse(text).unwrap();
        for pointer in ["/a", "/b/0", "/b/1", "/b/2"] {
            assert_eq!(node.at(pointer).unwrap().kind(), Node::Number.kind(), "{pointer}");
        }
        assert!(matches!(node.at("/c").unwrap(), Node::Text(text) if text.as_bytes() == b"1e999 \" 1e999"));
        assert!(matches!(node.at("/1e999").unwrap(), Node::Integer(7)));
        for wrong in ["1e", "[1e999", "01e999", "1e999.5", "{\"a\":1e999,}", "\"1e999"] {
            assert!(Node::parse(wrong).is_err(), "{wrong}");
        }
    }

    /// Numbers that look random and are the same at every run (xorshift).
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % limit
        }

        fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
            of[self.below(of.len() as u64) as usize]
        }

        fn string(&mut self) -> String {
            const PIECES: [&str; 16] = [
                r"\ud83d",
                r"\uD83D",
                r"\ude00",
                r"\uDE00",
                r"\\",
                r"\\u",
                "ud83d",
                r"\u0000",
                r"\n",
                r#"\""#,
                r"\/Date(1)\/",
                "/Date(0)/",
                "{[",
                "ü😀",
                "a",
                r"\u005f",
            ];
            let pieces: String = (0..self.below(8)).map(|_| self.pick(&PIECES)).collect();
            format!("\"{pieces}\"")
        }

        fn value(&mut self, depth: u64) -> String {
            match self.below(if depth == 0 { 4 } else { 7 }) {
                0 => self.pick(&["0", "-0.0", "12345678901234567890123456789", "1e308", "-1.5E-400"]).to_owned(),
                1 => self.pick(&["true", "false", "null"]).to_owned(),
                2 | 3 => self.string(),
                4 => format!("[{}]", (0..self.below(4)).map(|_| self.value(depth - 1)).collect::<Vec<_>>().join(",")),
                5 => self.object(depth),
                _ => {
                    let depth = 1 + self.below(140) as usize;
                    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
                }
            }
        }

        fn object(&mut self, depth: u64) -> String {
            let members: Vec<String> = (0..self.below(5)).map(|_| format!("{}:{}", self.string(), self.value(depth - 1))).collect();
            format!("{{{}}}", members.join(","))
        }
    }

    /// Whatever properties a server gives a resource, what is written of it can be read by this reader and by another.
    #[test]
    fn whatever_a_server_writes() {
        let (mut taken, mut refused) = (0, 0);
        for seed in 1..=5_000_u64 {
            let mut random = Random(seed << 32 | 0x9E37_79B9);
            let written = random.object(4);
            if json_text::is_too_deep(written.as_bytes()) {
                refused += 1;
                continue;
            }
            taken += 1;
            let text = json_text::mended(written.as_bytes()).map_or(written.clone(), |text| String::from_utf8(text).unwrap());
            let resource = Resource::parse(&text).unwrap_or_else(|error| panic!("{error}: {written}"));
            let one = |w: &mut Writer| {
                w.properties(&resource, &[]);
                w.object_member("note", |w| w.object_member("error", |w| w.raw("parameters", &text)));
            };
            let result = Writer::try_object(|w| w.try_array("presences", |items| items.add(one))).unwrap();
            assert!(Node::parse(&result).is_ok() && Node::parse(&text).is_ok(), "{written}");
            serde_json::from_str::<serde_json::Value>(&result).unwrap_or_else(|error| panic!("{error}: {result}"));
        }
        assert!(taken > 1_000 && refused > 100, "{taken}, {refused}");
    }
}
