//! A server that says what a test wants, over plain HTTP within this machine: for what the simulator, which is a sane one,
//! never says.

use super::{App, Config};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request, whether by itself or a part of a batch.
pub struct Asked {
    pub method: String,
    pub path: String,
    pub content_type: String,
    pub body: String,
}

pub enum Reply {
    Answer {
        status: u16,
        content_type: &'static str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// The connection is closed.
    Cut,
}

impl Reply {
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply::Answer { status, content_type: "application/json; charset=utf-8", headers: Vec::new(), body: body.into() }
    }

    pub fn page(status: u16) -> Reply {
        Reply::Answer { status, content_type: "text/html", headers: Vec::new(), body: b"<html><body>Not here</body></html>".to_vec() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Reply {
        if let Reply::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// As a message without its line of status, or as a whole.
    fn write(&self, length: bool) -> Vec<u8> {
        let Reply::Answer { status, content_type, headers, body } = self else { return Vec::new() };
        let mut head = format!("HTTP/1.1 {status} Some reason\r\nContent-Type: {content_type}\r\n");
        headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        if length {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        [head.as_bytes(), b"\r\n", body].concat()
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

pub struct Small {
    address: String,
    /// `GET /path`, in order; the parts of batches are not among them.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Small {
    /// The application is at `/app`, and links to `/batch` and to `people`, whose links these are.
    pub fn start(people: Value, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Small {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, handler): (_, Arc<Handler>) = (Arc::clone(&asked), Arc::new(handler));
        let application = json!({ "_links": { "self": { "href": "/app" }, "batch": { "href": "/batch" } },
            "_embedded": { "people": { "_links": people } } });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, handler, application) = (Arc::clone(&seen), Arc::clone(&handler), application.to_string());
                std::thread::spawn(move || {
                    let _ = serve(stream.unwrap(), |asked| {
                        if asked.path == "/app" {
                            return Reply::json(200, application.clone());
                        }
                        seen.lock().unwrap().push(format!("{} {}", asked.method, asked.path));
                        handler(asked)
                    });
                });
            }
        });
        Small { address, asked }
    }

    pub fn sign_in(&self) -> App {
        super::shorten_waits();
        let config = Config::new()
            .with("application_url", &format!("{}/app", self.address))
            .with("access_token", "the-token-of-a-small-server")
            .with("proxy", "none");
        config.sign_in().unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(stream: TcpStream, reply: impl Fn(&Asked) -> Reply) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split(' ').map(str::to_owned);
        let mut asked = Asked {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            content_type: String::new(),
            body: String::new(),
        };
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim().split_once(':') {
                None => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().unwrap(),
                Some((name, value)) if name.eq_ignore_ascii_case("content-type") => asked.content_type = value.trim().to_owned(),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        asked.body = String::from_utf8(body).unwrap();
        match reply(&asked) {
            Reply::Cut => return Ok(()),
            answer => writer.write_all(&answer.write(true))?,
        }
    }
}

/// The requests in a batch.
pub fn parts(batch: &Asked) -> Vec<Asked> {
    let lines = batch.body.lines().filter_map(|line| line.strip_suffix(" HTTP/1.1")?.split_once(' '));
    lines
        .map(|(method, path)| Asked { method: method.to_owned(), path: path.to_owned(), content_type: String::new(), body: String::new() })
        .collect()
}

/// The answer to a batch, of the answers to its parts.
pub fn batch_of(replies: &[Reply]) -> Reply {
    let mut body = Vec::new();
    for reply in replies {
        body.extend_from_slice(b"--b\r\nContent-Type: application/http; msgtype=response\r\n\r\n");
        body.extend(reply.write(false));
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    Reply::Answer { status: 200, content_type: "multipart/batching; boundary=\"b\"", headers: Vec::new(), body }
}

/// Answers a batch as its parts would be answered by themselves.
pub fn batch(batch: &Asked, reply: impl Fn(&Asked) -> Reply) -> Reply {
    batch_of(&parts(batch).iter().map(reply).collect::<Vec<_>>())
}
