//! A request as the handlers see it, and the answer they give.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Smaller answers are not worth compressing.
const COMPRESSED_FROM: usize = 256;
pub(crate) const JSON: &str = "application/json; charset=utf-8";
pub(crate) const HTML: &str = "text/html";

/// A request, read completely.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as sent.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it came over HTTPS.
    pub(crate) secure: bool,
    /// The number of its connection.
    pub(crate) connection: u64,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The path, still percent-encoded.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// A query parameter, decoded; its name is compared without regard to case.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    /// The `Host` header as sent.
    pub(crate) fn host(&self) -> &str {
        self.header("host").unwrap_or_default()
    }

    /// The host without its port.
    pub(crate) fn host_name(&self) -> &str {
        host_name(self.host())
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Scheme and host, as the addresses of discovery begin.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.host())
    }

    /// Whether the header lists this, as `Accept-Encoding` does.
    fn accepts(&self, coding: &str) -> bool {
        self.header("accept-encoding").is_some_and(|list| {
            list.split(',').any(|item| {
                let mut parts = item.split(';').map(str::trim);
                parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding)) && parts.next() != Some("q=0")
            })
        })
    }

    /// The body as a JSON object; an empty body is an empty object.
    pub(crate) fn json(&self) -> Result<serde_json::Map<String, Value>, Answer> {
        let text = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(serde_json::Map::new());
        }
        match serde_json::from_slice(text) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(Answer::error(400, Some("DeserializationFailure"), "The request body could not be deserialized.")),
        }
    }
}

/// A host without its port.
pub(crate) fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An answer, before it is compressed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Sent without a length.
    pub(crate) chunked: bool,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Answer {
        Answer { status, ..Answer::default() }
    }

    pub(crate) fn no_content() -> Answer {
        Answer::new(204)
    }

    pub(crate) fn json(status: u16, value: &Value) -> Answer {
        Answer { body: write_json(value), ..Answer::new(status) }.header("Content-Type", JSON)
    }

    pub(crate) fn html(status: u16, page: String) -> Answer {
        Answer { body: page.into_bytes(), ..Answer::new(status) }.header("Content-Type", HTML)
    }

    /// UCWA's own error body, its code taken from the status.
    pub(crate) fn error(status: u16, subcode: Option<&str>, message: &str) -> Answer {
        let mut body = serde_json::Map::new();
        body.insert("code".into(), crate::errors::code(status).into());
        if let Some(subcode) = subcode {
            body.insert("subcode".into(), subcode.into());
        }
        body.insert("message".into(), message.into());
        Answer::json(status, &Value::Object(body))
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Replaces every header of this name.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Compresses the body where the client takes that and it is worth it.
    pub(crate) fn compress(&mut self, request: &Request) {
        if self.body.len() < COMPRESSED_FROM || self.headers.iter().any(|(_, value)| value.starts_with("image/")) {
            return;
        }
        let (coding, written) = if request.accepts("gzip") {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            ("gzip", encoder.write_all(&self.body).and_then(|()| encoder.finish()))
        } else if request.accepts("deflate") {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            ("deflate", encoder.write_all(&self.body).and_then(|()| encoder.finish()))
        } else {
            return;
        };
        // Writing to memory does not fail; were it to, the plain body would do.
        if let Ok(body) = written {
            self.body = body;
            self.chunked = true;
            self.set_header("Content-Encoding", coding);
        }
    }
}

/// JSON as front ends write it: dates and some signs escaped.
pub(crate) fn write_json(value: &Value) -> Vec<u8> {
    let plain = value.to_string();
    let mut text = String::with_capacity(plain.len() + 64);
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(['&', '<', '>', '\'', '"']) {
        text.push_str(&rest[..at]);
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match found {
            b'"' => {
                text.push('"');
                if let Some((date, after)) = rest.strip_prefix("/Date(").and_then(|tail| tail.split_once(")/\"")) {
                    text.push_str("\\/Date(");
                    text.push_str(date);
                    text.push_str(")\\/\"");
                    rest = after;
                }
            }
            sign => text.push_str(match sign {
                b'&' => "\\u0026",
                b'<' => "\\u003c",
                b'>' => "\\u003e",
                _ => "\\u0027",
            }),
        }
    }
    text.push_str(rest);
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_escaped_as_front_ends_do() {
        let value = json!({"lastActive": "/Date(1421893940000)/", "department": "Sales & Marketing", "note": "say \"it's\" <b>"});
        let text = String::from_utf8(write_json(&value)).unwrap();
        assert_eq!(
            text,
            r#"{"lastActive":"\/Date(1421893940000)\/","department":"Sales \u0026 Marketing","note":"say \"it\u0027s\" \u003cb\u003e"}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_date_that_is_part_of_a_text_stays_readable() {
        let value = json!({"a": "/Date(1", "b": "x\")/", "c": "\"/Date(2)/"});
        let text = String::from_utf8(write_json(&value)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value, "{text}");
    }

    #[test]
    fn codings_are_negotiated() {
        let mut request = Request::default();
        request.headers.push(("accept-encoding".into(), "gzip;q=0, Deflate".into()));
        let mut answer = Answer { body: vec![b'a'; 1000], ..Answer::new(200) };
        answer.compress(&request);
        assert_eq!(answer.headers, [("Content-Encoding".into(), "deflate".into())]);
        assert!(answer.body.len() < 100);
    }
}
