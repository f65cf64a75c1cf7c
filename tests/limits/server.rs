//! A server that answers what a test wants it to, at 127.0.0.1 and without a sign-in.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// An answer; the body goes out as it is here.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: String,
    body: Arc<[u8]>,
}

impl Answer {
    pub fn json(body: impl AsRef<[u8]>) -> Answer {
        Answer { status: 200, headers: "Content-Type: application/json\r\n".to_owned(), body: body.as_ref().into() }
    }

    /// A body that was compressed before.
    pub fn gzip(body: &Arc<[u8]>) -> Answer {
        Answer { status: 200, headers: "Content-Type: application/json\r\nContent-Encoding: gzip\r\n".to_owned(), body: Arc::clone(body) }
    }

    pub fn status(self, status: u16) -> Answer {
        Answer { status, ..self }
    }

    pub fn media_type(self, media_type: &str) -> Answer {
        Answer { headers: self.headers.replace("application/json", media_type), ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }
}

/// A compressed body, and its length before.
pub type Body = (Arc<[u8]>, usize);

/// A body of this beginning, so many pieces with their numbers, and this end; compressed.
pub fn compressed(start: &str, count: usize, piece: impl Fn(usize, &mut Vec<u8>), end: &str) -> Body {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    let mut length = start.len() + end.len();
    encoder.write_all(start.as_bytes()).unwrap();
    let mut buffer = Vec::new();
    for number in 0..count {
        if number > 0 {
            buffer.push(b',');
        }
        piece(number, &mut buffer);
        if buffer.len() > 60_000 || number + 1 == count {
            length += buffer.len();
            encoder.write_all(&buffer).unwrap();
            buffer.clear();
        }
    }
    encoder.write_all(end.as_bytes()).unwrap();
    (encoder.finish().unwrap().into(), length)
}

/// The same piece again and again.
pub fn repeated(start: &str, count: usize, piece: &str, end: &str) -> Body {
    compressed(start, count, |_, buffer| buffer.extend_from_slice(piece.as_bytes()), end)
}

/// What a request is answered with; by its method, its path and its body.
type Handler = dyn Fn(&str, &str, &str) -> Option<Answer> + Send + Sync;

pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The root leads to the applications, and the application to people; all else is the handler's.
    pub fn start(handler: impl Fn(&str, &str, &str) -> Option<Answer> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Handler> = Arc::new(handler);
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*handler, &log));
            }
        });
        Server { address, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Method and path of each request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: TcpStream, handler: &Handler, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        log.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{method} {path}"));
        let body = String::from_utf8_lossy(&body);
        let answer = handler(&method, &path, &body).unwrap_or_else(|| usual(&method, &path));
        let head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n", answer.status, answer.body.len(), answer.headers);
        stream.write_all(head.as_bytes())?;
        stream.write_all(&answer.body)?;
    }
}

fn usual(method: &str, path: &str) -> Answer {
    match (method, path.split('?').next().unwrap_or_default()) {
        ("GET", "/") => Answer::json(r#"{"_links":{"applications":{"href":"/apps"}}}"#),
        ("POST", "/apps") => Answer::json(application("")).status(201),
        ("GET", "/app") => Answer::json(application("")),
        _ => Answer::json(r#"{"code":"NotFound","subcode":"ResourceNotFound"}"#).status(404),
    }
}

/// An application resource, with these further links.
pub fn application(links: &str) -> String {
    format!(
        r#"{{"_links":{{"self":{{"href":"/app"}},"events":{{"href":"/events"}}{links}}},"_embedded":{{
            "people":{{"_links":{{"self":{{"href":"/people"}},"myContacts":{{"href":"/contacts"}},"myGroups":{{"href":"/groups"}},
                "search":{{"href":"/search"}},"presenceSubscriptions":{{"href":"/subscriptions"}}}}}},
            "me":{{"_links":{{"self":{{"href":"/me"}},"phones":{{"href":"/phones"}}}}}}}}}}"#
    )
}
