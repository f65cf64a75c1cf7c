//! Many requests in one: `multipart/batching`, written and read.

use crate::error::{Error, Result, excerpt};
use crate::limits;
use crate::transport::{Method, Request};
use memchr::{memchr, memmem};
use std::fmt::Write;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// How much of a part that is none is looked at for a message.
const SHOWN: usize = 400;

/// One answer of a batch. Its body is what the server sent, and may be no text.
#[derive(Debug, PartialEq)]
pub(crate) struct PartAnswer<'a> {
    pub status: u16,
    pub headers: Vec<(&'a str, &'a [u8])>,
    pub body: &'a [u8],
}

/// The answers of a batch, in the order of the requests.
#[derive(Debug)]
pub(crate) struct Answers<'a> {
    /// A part that cannot be read is a failure in its place.
    pub parts: Vec<Result<PartAnswer<'a>>>,
    /// Whether the end is there. Where it is not, the last part may have been cut off, and others may be missing after it.
    pub has_end: bool,
}

/// The body of a batch of these requests, its parts between lines of that boundary.
pub(crate) fn write(requests: &[&Request], boundary: &str) -> String {
    let mut text = String::with_capacity(requests.len() * 256);
    for request in requests {
        let path = &request.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &request.url[url::Position::BeforeHost..url::Position::AfterPort];
        let part = (|| {
            write!(text, "--{boundary}\r\nContent-Type: application/http; msgtype=request\r\n\r\n")?;
            write!(text, "{} {path} HTTP/1.1\r\nHost: {host}\r\n", request.method)?;
            if !request.headers.iter().any(|(name, _)| *name == "accept") {
                text.write_str("Accept: application/json\r\n")?;
            }
            for (name, value) in &request.headers {
                write!(text, "{name}: {value}\r\n")?;
            }
            match &request.body {
                Some(body) => {
                    let (media_type, body) = (&body.media_type, body.text.reveal());
                    write!(text, "Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}\r\n", body.len())
                }
                None if request.method == Method::POST || request.method == Method::PUT => text.write_str("Content-Length: 0\r\n\r\n"),
                None => text.write_str("\r\n"),
            }
        })();
        // To write into a text cannot fail.
        debug_assert!(part.is_ok());
    }
    text.push_str(&format!("--{boundary}--\r\n"));
    text
}

/// The answers in a batch's body.
///
/// # Errors
/// The media type names no boundary.
pub(crate) fn read<'a>(media_type: &str, body: &'a [u8]) -> Result<Answers<'a>> {
    let boundary = boundary(media_type)
        .ok_or_else(|| Error::protocol(format!("the answer to a batch is of the type \"{}\", without a boundary", excerpt(media_type))))?;
    let delimiter = format!("--{boundary}");
    let mut answers = Answers { parts: Vec::new(), has_end: false };
    let mut headers = vec![httparse::EMPTY_HEADER; limits::PART_HEADERS];
    let mut begin = None;
    // What stands before the first delimiter and after the last is no part.
    for at in memmem::find_iter(body, &delimiter) {
        let after = &body[at + delimiter.len()..];
        let is_whole = after.starts_with(b"--") || matches!(after.first(), None | Some(b'\r' | b'\n' | b' ' | b'\t'));
        if !is_whole || !begins_line(body, at) {
            continue;
        }
        if let Some(begin) = begin.replace(at + delimiter.len()) {
            answers.parts.push(read_part(&body[begin..at], &mut headers));
        }
        if after.starts_with(b"--") {
            answers.has_end = true;
            return Ok(answers);
        }
    }
    if let Some(begin) = begin {
        answers.parts.push(read_part(&body[begin..], &mut headers));
    }
    Ok(answers)
}

/// A delimiter counts only at the start of a line; a byte order mark may stand before the first.
fn begins_line(body: &[u8], at: usize) -> bool {
    matches!(body[..at].last(), None | Some(b'\n')) || body[..at] == *BYTE_ORDER_MARK
}

fn boundary(media_type: &str) -> Option<&str> {
    let (_, parameters) = media_type.split_once(';')?;
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
    })
}

fn read_part<'a>(part: &'a [u8], room: &mut [httparse::Header<'a>]) -> Result<PartAnswer<'a>> {
    let part = trim_start(part, b"\r\n ");
    let http = if part.starts_with(b"HTTP/") { part } else { split_head(part).1 };
    // Some servers put a byte order mark, which others see as a question mark, before the answer or its body.
    let http = trim_start(http, b"\r\n?");
    let (head, body) = split_head(http);
    let mut answer = httparse::Response::new(room);
    let mut tolerant = httparse::ParserConfig::default();
    tolerant
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true);
    let parsed = tolerant.parse_response(&mut answer, head);
    let wrong = |why: String| Error::protocol(format!("a part of the batch's answer {why}"));
    match parsed {
        Ok(httparse::Status::Complete(_)) => {}
        // It ends within its head, of which the first line is enough.
        Ok(httparse::Status::Partial) if answer.code.is_some() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(wrong(format!("has more than {} headers", limits::PART_HEADERS))),
        _ => {
            let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let shown = String::from_utf8_lossy(&first[..first.len().min(SHOWN)]).into_owned();
            return Err(wrong(format!("begins with \"{}\"", excerpt(&shown))));
        }
    }
    let headers = if parsed.is_ok_and(|status| status.is_complete()) { &*answer.headers } else { &[] };
    let headers = headers.iter().filter(|header| !header.name.is_empty()).map(|header| (header.name, header.value.trim_ascii())).collect();
    Ok(PartAnswer { status: answer.code.unwrap_or_default(), headers, body: trim_start(body, b"\r\n ?").trim_ascii_end() })
}

/// Headers with the blank line that ends them, and what follows.
fn split_head(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(line) = memchr(b'\n', &text[at..]) {
        let is_blank = matches!(&text[at..at + line], b"" | b"\r");
        at += line + 1;
        if is_blank {
            return text.split_at(at);
        }
    }
    (text, b"")
}

/// Without these bytes and byte order marks at its start.
fn trim_start<'a>(mut text: &'a [u8], bytes: &[u8]) -> &'a [u8] {
    loop {
        text = match text {
            [first, rest @ ..] if bytes.contains(first) => rest,
            _ => match text.strip_prefix(BYTE_ORDER_MARK) {
                Some(rest) => rest,
                None => return text,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    const TYPE: &str = "multipart/batching; boundary=\"77f2569d-7db2-4d22-b1e6\"";

    #[test]
    fn what_is_sent() {
        let url = Url::parse("https://pool.contoso.com:4443/ucwa/a?x=1").unwrap();
        let (get, post) =
            (Request::get(url.clone()), Request::of(Method::POST, url, Some("{\"a\":\"ü\"}".into())).with("if-match", "\"1\""));
        assert_eq!(
            write(&[&get, &post], "b"),
            "--b\r\nContent-Type: application/http; msgtype=request\r\n\r\nGET /ucwa/a?x=1 HTTP/1.1\r\nHost: pool.contoso.com:4443\r\nAccept: application/json\r\n\r\n\
             --b\r\nContent-Type: application/http; msgtype=request\r\n\r\nPOST /ucwa/a?x=1 HTTP/1.1\r\nHost: pool.contoso.com:4443\r\nAccept: application/json\r\n\
             if-match: \"1\"\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"a\":\"ü\"}\r\n--b--\r\n"
        );
    }

    /// Status and body of each part; of a part that cannot be read, why.
    fn shown(media_type: &str, body: impl AsRef<[u8]>) -> Vec<(u16, String)> {
        let answers = read(media_type, body.as_ref()).unwrap();
        let show = |part: Result<PartAnswer<'_>>| match part {
            Ok(part) => (part.status, String::from_utf8_lossy(part.body).into_owned()),
            Err(error) => (0, error.message().to_owned()),
        };
        answers.parts.into_iter().map(show).collect()
    }

    fn statuses(body: impl AsRef<[u8]>) -> Vec<u16> {
        shown("multipart/batching;boundary=x", body).into_iter().map(|(status, _)| status).collect()
    }

    #[test]
    fn answers_as_front_ends_write_them() {
        let body = "\r\n--77f2569d-7db2-4d22-b1e6\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 200 OK\r\nCache-Control: no-cache\r\n\
                    Content-Type: application/json; charset=utf-8\r\n\r\n{\"availability\":\"Offline\"}\r\n--77f2569d-7db2-4d22-b1e6\r\n\
                    Content-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 204 No Content\r\nCache-Control: no-cache\r\n\r\n\r\n\
                    --77f2569d-7db2-4d22-b1e6\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n\u{feff}{\"code\":\"NotFound\"}\r\n\
                    --77f2569d-7db2-4d22-b1e6\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 200 OK\r\n\r\n?\r\n{\"text\":\"--77f2569d-7db2-4d22-b1e6\"}\r\n\
                    --77f2569d-7db2-4d22-b1e6--\r\n";
        let expected = [
            (200, "{\"availability\":\"Offline\"}"),
            (204, ""),
            (404, "{\"code\":\"NotFound\"}"),
            (200, "{\"text\":\"--77f2569d-7db2-4d22-b1e6\"}"),
        ];
        assert_eq!(shown(TYPE, body), expected.map(|(status, body)| (status, body.to_owned())));
        let answers = read(TYPE, body.as_bytes()).unwrap();
        assert!(answers.has_end);
        assert_eq!(answers.parts[0].as_ref().unwrap().headers[1], ("Content-Type", &b"application/json; charset=utf-8"[..]));
    }

    #[test]
    fn a_byte_order_mark_before_all_of_it() {
        assert_eq!(statuses("\u{feff}--x\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--x--"), [200]);
        assert_eq!(statuses("--x\r\nA: b\r\n\r\n\u{feff}?\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--x--"), [200]);
    }

    #[test]
    fn bare_line_ends_and_a_missing_end() {
        let body = "--x\nContent-Type: application/http\n\nHTTP/1.1 200 OK\nA: b\n\n{}\n--x\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\n";
        assert_eq!(statuses(body), [200, 204]);
        assert!(!read("multipart/batching;boundary=x", body.as_bytes()).unwrap().has_end);
        assert!(read("multipart/batching", body.as_bytes()).is_err());
        assert!(read("text/html; charset=utf-8", body.as_bytes()).is_err());
        assert!(statuses("").is_empty());
        assert!(statuses("--x--").is_empty());
    }

    #[test]
    fn what_is_wrong_with_one_part_is_its_own() {
        let body = b"--x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"name\":\"M\xfcller\"}\r\n--x\r\nA: b\r\n\r\nHTML\r\n--x\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nServer: \xff\xfe\r\nno header\r\n\r\n{}\r\n\
            --x\r\n--x\r\nA: b\r\n\r\nHTTP/1.1  503  Busy\r\nRetry-After : 1\r\n\r\n\r\n--x--";
        assert_eq!(statuses(body), [200, 0, 200, 0, 503]);
        let answers = read("multipart/batching;boundary=x", body).unwrap();
        assert_eq!(answers.parts[0].as_ref().unwrap().body, b"{\"name\":\"M\xfcller\"}");
        assert!(answers.parts[1].as_ref().unwrap_err().message().contains("begins with"));
        assert_eq!(answers.parts[2].as_ref().unwrap().headers, [("Server", &b"\xff\xfe"[..])]);
        assert_eq!(answers.parts[4].as_ref().unwrap().headers, [("Retry-After", &b"1"[..])]);
    }

    #[test]
    fn headers_are_bounded() {
        let part = |headers: usize| format!("--x\r\n\r\nHTTP/1.1 200 OK\r\n{}\r\n{{}}\r\n", "A: b\r\n".repeat(headers));
        let body = part(200) + &part(201) + &part(100_000) + &part(1) + "--x--";
        let found = shown("multipart/batching;boundary=x", body);
        assert_eq!(found.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [200, 0, 0, 200]);
        assert!(found[1].1.contains("more than 200 headers"), "{}", found[1].1);
    }

    #[test]
    fn a_delimiter_is_a_whole_line() {
        let body = "--x\n\nHTTP/1.1 200 OK\n\n{\"a\":\"--x\"}\n--xy\n--x-\n--x \n\nHTTP/1.1 204 No Content\n\n--x--\n--x\n\nHTTP/1.1 404 Not Found\n\n";
        assert_eq!(statuses(body), [200, 204]);
    }
}
