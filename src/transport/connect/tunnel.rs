//! Asking a proxy for a way to a server.

use super::proxy::{Kind, Proxy};
use super::stream::Stream;
use super::trouble::Trouble;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::rt::TokioIo;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_service::Service;

/// The longest head of a proxy's answer.
const LONGEST_HEAD: usize = 16 << 10;

/// How many headers it may have.
const MOST_HEADERS: usize = 100;

/// Has an HTTP proxy connect to `server` ("host:port").
pub(super) async fn http(mut stream: Stream, proxy: &Proxy, server: &str, user_agent: Option<&HeaderValue>) -> Result<Stream, Trouble> {
    let lost = |error: io::Error| Trouble::proxy(proxy, &format!("the connection was lost while it was asked for {server} ({error})"));
    let mut request = zeroize::Zeroizing::new(format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n").into_bytes());
    let authorization = proxy.authorization();
    for (name, value) in [("User-Agent", user_agent), ("Proxy-Authorization", authorization.as_ref())] {
        if let Some(value) = value {
            request.extend_from_slice(format!("{name}: ").as_bytes());
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(lost)?;

    let mut head = Vec::new();
    loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await.map_err(lost)? {
            0 => return Err(lost(io::ErrorKind::UnexpectedEof.into())),
            length => head.extend_from_slice(&piece[..length]),
        }
        if let Some(answer) = Answer::read(&head).map_err(|why| Trouble::proxy(proxy, &format!("its answer cannot be read ({why})")))? {
            return match answer.status {
                200..=299 => Ok(stream),
                _ => Err(Trouble::refused_by_proxy(proxy, server, answer.status, &answer.reason, &answer.challenges)),
            };
        }
        if head.len() > LONGEST_HEAD {
            return Err(Trouble::proxy(proxy, "the head of its answer is too long"));
        }
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

/// Has a SOCKS proxy connect to a host, which is an address where names are resolved here.
pub(super) async fn socks(stream: Stream, proxy: &Proxy, host: &str, port: u16) -> Result<Stream, Trouble> {
    let server = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let uri = |authority: &str| Uri::builder().scheme("http").authority(authority).path_and_query("/").build();
    let unusable = |error: http::Error| Trouble::proxy(proxy, &format!("{server} cannot be asked for ({error})"));
    let mut handshake = SocksV5::new(Uri::from_static("http://proxy/"), Given(Some(stream)));
    if let Some((user, password)) = proxy.credentials() {
        handshake = handshake.with_auth(user.to_owned(), password.reveal().to_owned());
    }
    let connected = handshake.call(uri(&server).map_err(unusable)?).await;
    connected.map(TokioIo::into_inner).map_err(|error| match proxy.kind {
        Kind::Socks5 | Kind::Socks5h => Trouble::proxy(proxy, &format!("it did not connect to {server} ({error})")),
        Kind::Http | Kind::Https => Trouble::proxy(proxy, &error.to_string()),
    })
}

/// A connector of one connection, which exists already.
struct Given(Option<Stream>);

impl Service<Uri> for Given {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<Stream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
