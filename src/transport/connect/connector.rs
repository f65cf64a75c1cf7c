//! Making one connection: the route, the addresses, the proxy, TLS.

use super::addresses::{self, Mapped};
use super::proxy::{Kind, Proxies, Proxy};
use super::stream::{Conn, Stream};
use super::trouble::Trouble;
use super::{trust, tunnel};
use crate::config::Config;
use crate::error::Result;
use crate::health::Health;
use crate::logging;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::{Host, Url};

/// Shows a connection to be dead on which nothing is sent for minutes, as while a GET is pending.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// How connections are made. hyper's pool asks it for a connection where it has none that is idle.
#[derive(Clone)]
pub(super) struct Connector(Arc<Setup>);

struct Setup {
    proxies: Arc<Proxies>,
    mapped: Mapped,
    tls: Arc<ClientConfig>,
    health: Arc<Health>,
    user_agent: Option<HeaderValue>,
    timeout: Duration,
}

/// One end to connect to.
struct Place {
    host: Host<String>,
    port: u16,
    /// Whether the port was named, so that no other stands in for it.
    explicit: bool,
}

impl Place {
    fn of(url: &Url, explicit: bool) -> Option<Place> {
        Some(Place { host: url.host()?.to_owned(), port: url.port_or_known_default()?, explicit })
    }

    fn of_proxy(proxy: &Proxy) -> Option<Place> {
        Some(Place { host: Host::parse(&proxy.host).ok()?, port: proxy.port, explicit: true })
    }

    /// "host:port".
    fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The host without the brackets of IPv6.
    fn bare(&self) -> String {
        match &self.host {
            Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        }
    }
}

impl Connector {
    pub fn new(config: &Config, proxies: Arc<Proxies>, user_agent: Option<HeaderValue>) -> Result<Connector> {
        Ok(Connector(Arc::new(Setup {
            proxies,
            mapped: Mapped::new(config.resolve()),
            tls: Arc::new(trust::tls(config)?),
            health: config.health(),
            user_agent,
            timeout: config.duration("connect_timeout_ms"),
        })))
    }
}

impl Service<Uri> for Connector {
    type Response = Conn;
    type Error = Trouble;
    type Future = BoxFuture<'static, std::result::Result<Conn, Trouble>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Trouble>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let setup = Arc::clone(&self.0);
        Box::pin(async move { setup.connect(&uri).await })
    }
}

impl Setup {
    async fn connect(&self, uri: &Uri) -> std::result::Result<Conn, Trouble> {
        let deadline = Instant::now() + self.timeout;
        let impossible = || Trouble::lookup(&io::ErrorKind::InvalidInput.into());
        let url = Url::parse(&uri.to_string()).map_err(|_| impossible())?;
        let server = Place::of(&url, uri.port_u16().is_some()).ok_or_else(impossible)?;
        let is_https = url.scheme() == "https";
        let Some(proxy) = self.proxies.for_url(&url) else {
            logging::debug!("connecting to {}", server.name());
            let noting = |trouble: Trouble| trouble.noting(self.proxies.ignored());
            let (stream, peer) = self.tcp(&server, deadline).await.map_err(noting)?;
            let stream = if is_https { self.tls(stream, &server, peer, deadline).await? } else { stream };
            return Ok(Conn { io: TokioIo::new(stream), peer, through_proxy: false });
        };
        logging::debug!("connecting to {} through the proxy {proxy}", server.name());
        let place = Place::of_proxy(&proxy).ok_or_else(|| Trouble::proxy(&proxy, "its name is no host's"))?;
        let of_proxy = |trouble: Trouble| trouble.of_proxy(&proxy);
        let (mut stream, peer) = self.tcp(&place, deadline).await.map_err(of_proxy)?;
        if proxy.kind == Kind::Https {
            stream = self.tls(stream, &place, peer, deadline).await.map_err(of_proxy)?;
        }
        if is_https || proxy.is_socks() {
            let tunnelled = timeout_at(deadline, self.tunnel(stream, &proxy, &server)).await;
            stream = tunnelled.unwrap_or_else(|_| Err(self.silent(peer, "asking it for the server").of_proxy(&proxy)))?;
        }
        if is_https {
            stream = self.tls(stream, &server, peer, deadline).await?;
        }
        Ok(Conn { io: TokioIo::new(stream), peer, through_proxy: !is_https && !proxy.is_socks() })
    }

    /// A connection to the first of the addresses that takes one.
    async fn tcp(&self, place: &Place, deadline: Instant) -> std::result::Result<(Stream, SocketAddr), Trouble> {
        let found = timeout_at(deadline, addresses::resolve(&self.mapped, &place.host, place.port, place.explicit)).await;
        let found = found.map_err(|_| Trouble::lookup_took_too_long(self.timeout))?.map_err(|error| Trouble::lookup(&error))?;
        let connected = addresses::connect(&found, &self.health.addresses, deadline).await;
        let (stream, peer) = connected.map_err(|why| Trouble::unreachable(&why, self.timeout))?;
        prepare(&stream);
        Ok((Stream::Tcp(stream), peer))
    }

    async fn tls(&self, stream: Stream, place: &Place, peer: SocketAddr, deadline: Instant) -> std::result::Result<Stream, Trouble> {
        let invalid = |_| Trouble::lookup(&io::Error::new(io::ErrorKind::InvalidInput, "it can be in no certificate"));
        let name = ServerName::try_from(place.bare()).map_err(invalid)?;
        let handshake = async {
            let shaken = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await;
            (shaken, trust::ASKED_FOR_CERTIFICATE.with(Cell::get))
        };
        match timeout_at(deadline, trust::ASKED_FOR_CERTIFICATE.scope(Cell::new(false), handshake)).await {
            Ok((Ok(stream), _)) => Ok(Stream::Tls(Box::new(stream))),
            Ok((Err(error), asked)) => Err(Trouble::handshake(&error, asked)),
            Err(_) => Err(self.silent(peer, "the TLS handshake")),
        }
    }

    async fn tunnel(&self, stream: Stream, proxy: &Proxy, server: &Place) -> std::result::Result<Stream, Trouble> {
        if !proxy.is_socks() {
            return tunnel::http(stream, proxy, &server.name(), self.user_agent.as_ref()).await;
        }
        let host = match proxy.kind {
            Kind::Socks5 => {
                let found = addresses::resolve(&self.mapped, &server.host, server.port, server.explicit).await;
                let first = found.map_err(|error| Trouble::lookup(&error))?.into_iter().next();
                return match first {
                    Some(address) => tunnel::socks(stream, proxy, &address.ip().to_string(), address.port()).await,
                    None => Err(Trouble::lookup(&io::ErrorKind::NotFound.into())),
                };
            }
            _ => server.bare(),
        };
        tunnel::socks(stream, proxy, &host, server.port).await
    }

    /// Another address is tried first next time.
    fn silent(&self, peer: SocketAddr, doing: &str) -> Trouble {
        self.health.addresses.failed(peer);
        Trouble::silent(doing, self.timeout)
    }
}

/// What fails here costs comfort and nothing more.
fn prepare(stream: &TcpStream) {
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    for failed in [stream.set_nodelay(true), socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive)] {
        if let Err(error) = failed {
            logging::debug!("a socket's option: {error}");
        }
    }
}
