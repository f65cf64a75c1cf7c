//! A parsed JSON text whose strings can be lent to C, and RFC 6901 pointers into it.

use super::text::c_string;
use crate::error::{Error, Result, Status, excerpt_of_argument};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
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
        serde_json::from_str(text).map_err(|error| Error::argument(format!("text is not JSON: {error}")))
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
