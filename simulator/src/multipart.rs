//! The format of batches: requests in one body, and their answers in another.

use std::fmt::Write;

use hyper::StatusCode;

use crate::http::Answer;

/// Boundaries are no longer than this.
const BOUNDARY_LIMIT: usize = 70;

/// A request as it stands in a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What is wrong with a batch.
pub(crate) type Malformed = &'static str;

/// The value of a type's parameter, without its quotation marks. `None` where the type is another.
pub(crate) fn parameter(value: &str, wanted_type: &str, name: &str) -> Option<String> {
    let mut parts = value.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(wanted_type) {
        return None;
    }
    parts.find_map(|part| {
        let (other, value) = part.split_once('=')?;
        let is_wanted = other.trim().eq_ignore_ascii_case(name);
        is_wanted.then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The requests of a batch.
pub(crate) fn parse(body: &[u8], boundary: &str) -> Result<Vec<Part>, Malformed> {
    if boundary.is_empty() || boundary.len() > BOUNDARY_LIMIT {
        return Err("The boundary is missing or too long.");
    }
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let (from, text) = (at, line.trim_ascii_end());
        at += line.len();
        let Some(rest) = text.strip_prefix(b"--").and_then(|text| text.strip_prefix(boundary.as_bytes())) else {
            continue;
        };
        if !rest.is_empty() && rest != b"--" {
            continue;
        }
        if let Some(start) = start {
            parts.push(part(without_line_end(&body[start..from]))?);
        }
        if rest == b"--" {
            return if parts.is_empty() { Err("There is no part.") } else { Ok(parts) };
        }
        start = Some(at);
    }
    Err(if start.is_some() { "The last boundary is missing." } else { "There is no boundary." })
}

fn part(content: &[u8]) -> Result<Part, Malformed> {
    let mut rest = content;
    let head = headers(&mut rest)?;
    let own_type = head.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    if parameter(own_type, "application/http", "msgtype").is_none_or(|kind| !kind.eq_ignore_ascii_case("request")) {
        return Err("A part is no application/http; msgtype=request.");
    }
    let mut line = next_line(&mut rest);
    while line.as_ref().is_some_and(String::is_empty) {
        line = next_line(&mut rest);
    }
    let line = line.ok_or("A part holds no request.")?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [method, target, version] = words[..] else {
        return Err("A part has no request line.");
    };
    let target = path_of(target).filter(|_| version.starts_with("HTTP/1.")).ok_or("A part has no usable request line.")?;
    let headers = headers(&mut rest)?;
    let body = match headers.iter().find(|(name, _)| name == "content-length") {
        None => trim_line_ends(rest),
        Some((_, length)) => {
            let length = length.parse().map_err(|_| "The Content-Length of a part is no number.")?;
            let (body, surplus) = rest.split_at_checked(length).ok_or("A part is shorter than its Content-Length.")?;
            if !trim_line_ends(surplus).is_empty() {
                return Err("A part is longer than its Content-Length.");
            }
            body
        }
    };
    Ok(Part { method: method.to_owned(), target: target.to_owned(), body: body.to_vec(), headers })
}

/// Path and query, also where the whole address is given.
fn path_of(target: &str) -> Option<&str> {
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest.find('/').map(|at| &rest[at..]),
        _ => Some(target).filter(|target| target.starts_with('/')),
    }
}

/// Reads up to the empty line, or to the end.
fn headers(rest: &mut &[u8]) -> Result<Vec<(String, String)>, Malformed> {
    let mut headers = Vec::new();
    while let Some(line) = next_line(rest).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or("A header has no colon.")?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}

fn next_line(rest: &mut &[u8]) -> Option<String> {
    if rest.is_empty() {
        return None;
    }
    let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
    let (line, after) = rest.split_at(length);
    *rest = after;
    Some(String::from_utf8_lossy(line).trim_end().to_owned())
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(content: &[u8]) -> &[u8] {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    content.strip_suffix(b"\r").unwrap_or(content)
}

fn trim_line_ends(mut content: &[u8]) -> &[u8] {
    while let Some((b'\r' | b'\n', before)) = content.split_last() {
        content = before;
    }
    content
}

/// The answers of a batch, in their order. The prefix stands before each JSON.
pub(crate) fn write(answers: &[Answer], boundary: &str, prefix: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for answer in answers {
        let reason = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
        let mut head =
            format!("--{boundary}\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 {} {reason}\r\n", answer.status);
        let mut is_json = false;
        for (name, value) in &answer.headers {
            // A fault may hold what is no header; it is left out.
            if name.contains(char::is_control) || value.contains(char::is_control) {
                continue;
            }
            is_json |= name.eq_ignore_ascii_case("content-type") && value.starts_with("application/json");
            // Writing to a string does not fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        body.extend_from_slice(head.as_bytes());
        if is_json && !answer.body.is_empty() {
            body.extend_from_slice(prefix.as_bytes());
        }
        body.extend_from_slice(&answer.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::JSON;

    const RECORDED: &str = "\r\n--b\r\nContent-Type: application/http; msgtype=request\r\n\r\nGET /a/presence HTTP/1.1\r\n\
        Host: h\r\nAccept: application/json\r\n\r\n\r\n--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n\
        POST /a/note HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n\
        {\r\n  \"message\": \"hello ucwa\"\r\n}\r\n\r\n--b--\r\n";

    #[test]
    fn a_batch_as_recorded() {
        let parts = parse(RECORDED.as_bytes(), "b").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].method.as_str(), parts[0].target.as_str(), parts[0].body.as_slice()), ("GET", "/a/presence", &b""[..]));
        assert_eq!(parts[0].headers, [("host".into(), "h".into()), ("accept".into(), "application/json".into())]);
        assert_eq!(parts[1].body, b"{\r\n  \"message\": \"hello ucwa\"\r\n}");
        // Whatever the line ends, and with less of them.
        let lines = RECORDED.replace("\r\n\r\n\r\n--b", "\r\n--b").replace("\r\n", "\n").replace("31", "29");
        let sloppy = parse(lines.as_bytes(), "b").unwrap();
        assert_eq!((&sloppy[0], sloppy[1].body.as_slice()), (&parts[0], &b"{\n  \"message\": \"hello ucwa\"\n}"[..]));
        let unmeasured = RECORDED.replace("Content-Length: 31\r\n", "").replace("GET /a", "GET https://h:1/a");
        assert_eq!(parse(unmeasured.as_bytes(), "b").unwrap()[0], parts[0]);
        assert_eq!(parse(unmeasured.as_bytes(), "b").unwrap()[1].body, parts[1].body);
    }

    #[test]
    fn what_is_no_batch() {
        let wrong = [
            String::new(),
            "--b--\r\n".into(),
            RECORDED.replace("--b--", "--b"),
            RECORDED.replace("--b--", ""),
            RECORDED.replace("msgtype=request", "msgtype=response"),
            RECORDED.replace("GET /a/presence", "GET"),
            RECORDED.replace("/a/presence", "presence"),
            RECORDED.replace("Host: h", "Host h"),
            RECORDED.replace("31", "310"),
            RECORDED.replace("31", "30"),
            RECORDED.replace("31", "x"),
        ];
        for body in wrong {
            assert!(parse(body.as_bytes(), "b").is_err(), "{body}");
        }
        assert!(parse(RECORDED.as_bytes(), "").is_err() && parse(RECORDED.as_bytes(), "c").is_err());
    }

    #[test]
    fn the_boundary_is_a_parameter() {
        let boundary = |value| parameter(value, "multipart/batching", "boundary");
        assert_eq!(boundary("multipart/batching;boundary=8963-d"), Some("8963-d".into()));
        assert_eq!(boundary("Multipart/Batching; charset=utf-8; Boundary=\"x y\""), Some("x y".into()));
        assert_eq!((boundary("multipart/mixed; boundary=b"), boundary("multipart/batching")), (None, None));
    }

    #[test]
    fn answers_as_recorded() {
        let presence = Answer { body: b"{}".to_vec(), ..Answer::new(200) }.header("Cache-Control", "no-cache").header("Content-Type", JSON);
        let answers = [presence, Answer::no_content().header("Cache-Control", "no-cache")];
        let written = String::from_utf8(write(&answers, "b", "\u{feff}")).unwrap();
        let expected = "--b\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 200 OK\r\nCache-Control: no-cache\r\n\
            Content-Type: application/json; charset=utf-8\r\n\r\n\u{feff}{}\r\n--b\r\nContent-Type: application/http; msgtype=response\r\n\r\n\
            HTTP/1.1 204 No Content\r\nCache-Control: no-cache\r\n\r\n\r\n--b--\r\n";
        assert_eq!(written, expected);
    }
}
