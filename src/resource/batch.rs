//! Many requests in one: `multipart/batching`, written and read.

use crate::error::{Error, Result};
use crate::transport::{Method, Request};
use memchr::memmem;
use std::fmt::Write;

/// One answer of a batch.
#[derive(Debug, PartialEq)]
pub(crate) struct PartAnswer<'a> {
    pub status: u16,
    pub headers: Vec<(&'a str, &'a str)>,
    pub body: &'a str,
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

/// The answers in a batch's body, in the order of the requests.
pub(crate) fn read<'a>(media_type: &str, body: &'a str) -> Result<Vec<PartAnswer<'a>>> {
    let boundary = boundary(media_type)
        .ok_or_else(|| Error::protocol(format!("the answer to a batch is of the type \"{media_type}\", without a boundary")))?;
    let delimiter = format!("--{boundary}");
    let body = body.trim_start_matches('\u{feff}');
    // A delimiter counts only at the start of a line.
    let starts = memmem::find_iter(body.as_bytes(), delimiter.as_bytes()).filter(|at| *at == 0 || body.as_bytes()[at - 1] == b'\n');
    let starts: Vec<usize> = starts.collect();
    let mut answers = Vec::with_capacity(starts.len());
    // What stands before the first delimiter and after the last is no part.
    for (place, start) in starts.iter().enumerate() {
        let part = &body[start + delimiter.len()..starts.get(place + 1).copied().unwrap_or(body.len())];
        if part.starts_with("--") {
            break;
        }
        answers.push(read_part(part)?);
    }
    Ok(answers)
}

fn boundary(media_type: &str) -> Option<&str> {
    let (_, parameters) = media_type.split_once(';')?;
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
    })
}

fn read_part(part: &str) -> Result<PartAnswer<'_>> {
    let (_, http) = split_head(part.trim_start_matches(['\r', '\n', ' ']));
    let (head, body) = split_head(http.trim_start_matches(['\r', '\n', '\u{feff}', '?']));
    let mut lines = head.lines();
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split_whitespace().nth(1).and_then(|code| code.parse().ok());
    let status = status
        .ok_or_else(|| Error::protocol(format!("a part of the batch's answer begins with \"{}\"", crate::error::excerpt(status_line))))?;
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim())).collect();
    // Some servers put a byte order mark, which others see as a question mark, before the JSON.
    let body = body.trim_start_matches(['\u{feff}', '\r', '\n', ' ', '?']).trim_end();
    Ok(PartAnswer { status, headers, body })
}

/// Headers, and what follows the blank line.
fn split_head(text: &str) -> (&str, &str) {
    let mut head = 0;
    for line in text.split_inclusive('\n') {
        let rest = head + line.len();
        if matches!(line, "\n" | "\r\n") {
            return (&text[..head], &text[rest..]);
        }
        head = rest;
    }
    (text, "")
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

    #[test]
    fn answers_as_front_ends_write_them() {
        let body = "\r\n--77f2569d-7db2-4d22-b1e6\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 200 OK\r\nCache-Control: no-cache\r\n\
                    Content-Type: application/json; charset=utf-8\r\n\r\n{\"availability\":\"Offline\"}\r\n--77f2569d-7db2-4d22-b1e6\r\n\
                    Content-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 204 No Content\r\nCache-Control: no-cache\r\n\r\n\r\n\
                    --77f2569d-7db2-4d22-b1e6\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n\u{feff}{\"code\":\"NotFound\"}\r\n\
                    --77f2569d-7db2-4d22-b1e6\r\nContent-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 200 OK\r\n\r\n?\r\n{\"text\":\"--77f2569d-7db2-4d22-b1e6\"}\r\n\
                    --77f2569d-7db2-4d22-b1e6--\r\n";
        let answers = read(TYPE, body).unwrap();
        let shown: Vec<_> = answers.iter().map(|answer| (answer.status, answer.body)).collect();
        assert_eq!(
            shown,
            [
                (200, "{\"availability\":\"Offline\"}"),
                (204, ""),
                (404, "{\"code\":\"NotFound\"}"),
                (200, "{\"text\":\"--77f2569d-7db2-4d22-b1e6\"}")
            ]
        );
        assert_eq!(answers[0].headers[1], ("Content-Type", "application/json; charset=utf-8"));
    }

    #[test]
    fn a_byte_order_mark_before_all_of_it() {
        let body = "\u{feff}--x\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n--x--";
        assert_eq!(read("multipart/batching;boundary=x", body).unwrap().len(), 1);
    }

    #[test]
    fn bare_line_ends_and_a_missing_end() {
        let body = "--x\nContent-Type: application/http\n\nHTTP/1.1 200 OK\nA: b\n\n{}\n--x\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\n";
        let answers = read("multipart/batching;boundary=x", body).unwrap();
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 204]);
        assert!(read("multipart/batching", body).is_err());
        assert!(read("text/html; charset=utf-8", body).is_err());
        assert!(read("multipart/batching;boundary=x", "--x\n\n\nHTML\n--x--").is_err());
        assert!(read("multipart/batching;boundary=x", "").unwrap().is_empty());
    }
}
