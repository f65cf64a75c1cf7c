//! What a proxy answers when it is asked for a connection to a server.

use super::proxy::Proxy;
use super::resolver::{Resolver, Target};
use super::trouble::Trouble;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;
use zeroize::Zeroizing;

/// The longest head of a proxy's answer.
const LONGEST_HEAD: usize = 16 << 10;

/// How many headers it may have.
const MOST_HEADERS: usize = 100;

/// Asks an HTTP proxy for a connection to the server of a URL, to learn why it gives none. `None` if it gives one now, or cannot
/// be asked.
pub(super) async fn ask(proxy: &Proxy, url: &Url, resolver: &Resolver) -> Option<Trouble> {
    let server = Target::of(url).name();
    let at = resolver.addresses(&Target::of_proxy(proxy)).await.ok()?;
    let mut stream = TcpStream::connect(at.first()?).await.ok()?;
    let mut request = Zeroizing::new(format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n").into_bytes());
    if let Some(value) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.ok()?;
    let mut head = Vec::new();
    let answer = loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await.ok()? {
            0 => return None,
            length => head.extend_from_slice(&piece[..length]),
        }
        match Answer::read(&head) {
            Ok(Some(answer)) => break answer,
            Ok(None) if head.len() <= LONGEST_HEAD => {}
            Ok(None) => return Some(Trouble::proxy(proxy, "the head of its answer is too long")),
            Err(why) => return Some(Trouble::proxy(proxy, &format!("its answer cannot be read ({why})"))),
        }
    };
    match answer.status {
        200..=299 => None,
        _ => Some(Trouble::refused_by_proxy(proxy, &server, answer.status, &answer.reason, &answer.challenges)),
    }
}

struct Answer {
    status: u16,
    reason: String,
    /// The ways of signing in that the proxy offers.
    challenges: Vec<String>,
}

impl Answer {
    /// `None` where it is not complete.
    fn read(bytes: &[u8]) -> Result<Option<Answer>, httparse::Error> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        if response.parse(bytes)?.is_partial() {
            return Ok(None);
        }
        let offers = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("proxy-authenticate"));
        let scheme = |header: &httparse::Header<'_>| String::from_utf8_lossy(header.value).split_whitespace().next().map(str::to_owned);
        let challenges = offers.filter_map(scheme).take(8).collect();
        Ok(Some(Answer { status: response.code.unwrap_or_default(), reason: response.reason.unwrap_or_default().to_owned(), challenges }))
    }
}
