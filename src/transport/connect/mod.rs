//! Making connections and sending one request on them: trust, proxies, addresses; and what their failures mean.

mod addresses;
mod bypass;
mod certificate;
mod connector;
mod proxy;
mod stream;
mod trouble;
mod trust;
mod tunnel;

use super::message::Failure;
use crate::config::Config;
use crate::error::{Result, excerpt};
use crate::health::Health;
use bytes::Bytes;
use connector::Connector;
use http::header::{ACCEPT, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use proxy::Proxies;
use std::sync::Arc;
use std::time::Duration;
use stream::Peer;
use tower_http::decompression::{Decompression, DecompressionBody};
use tower_service::Service;
use url::Url;

/// Below the two minutes after which front ends close idle connections.
const IDLE: Duration = Duration::from_secs(90);

/// What is sent: hyper's request with a whole body.
pub(super) type Outgoing = http::Request<Full<Bytes>>;

type Result_<T> = std::result::Result<T, Failure>;

/// Sends requests on connections that it makes and keeps. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Client {
    service: Decompression<legacy::Client<Connector, Full<Bytes>>>,
    user_agent: Option<HeaderValue>,
    proxies: Arc<Proxies>,
    health: Arc<Health>,
}

impl Client {
    /// The client that a configuration asks for.
    pub fn new(config: &Config) -> Result<Client> {
        let proxies = Arc::new(Proxies::of(config));
        let user_agent = config.text("user_agent").and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok());
        let connector = Connector::new(config, Arc::clone(&proxies), user_agent.clone())?;
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        // Of the encodings that servers know, deflate means two things.
        let service = Decompression::new(client).gzip(true);
        Ok(Client { service, user_agent, proxies, health: config.health() })
    }

    /// Whether the host of a URL is this machine, so that what is sent to it does not leave it.
    pub fn is_loopback(&self, url: &Url) -> bool {
        self.proxies.is_loopback(url)
    }

    /// Sends a request, and waits for the head of its answer: for ever, or so long.
    pub async fn execute(&self, mut request: Outgoing, url: &Url, patience: Option<Duration>) -> Result_<Response> {
        let proxy = if url.scheme() == "http" { self.proxies.for_url(url).filter(|proxy| !proxy.is_socks()) } else { None };
        let headers = request.headers_mut();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        if let Some(agent) = &self.user_agent {
            headers.entry(USER_AGENT).or_insert_with(|| agent.clone());
        }
        if let Some(authorization) = proxy.as_ref().and_then(|proxy| proxy.authorization()) {
            headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        let connection = patience.is_some().then(|| capture_connection(&mut request));
        let https = url.scheme() == "https";
        let mut service = self.service.clone();
        let sent = service.call(request);
        let head = match patience {
            None => sent.await,
            Some(patience) => match tokio::time::timeout(patience, sent).await {
                Ok(head) => head,
                Err(_) => {
                    self.note_silence(connection);
                    return Err(Failure::silent());
                }
            },
        };
        let head = head.map_err(|error| trouble::failure(&error, https))?;
        match proxy {
            // No server asks that.
            Some(proxy) if head.status() == 407 => Err(proxy_asks(&proxy, head.headers())),
            _ => Ok(Response { inner: head, https }),
        }
    }

    /// Another address of the same name is tried first next time.
    fn note_silence(&self, connection: Option<CaptureConnection>) {
        let mut about = http::Extensions::new();
        if let Some(captured) = &connection
            && let Some(connected) = &*captured.connection_metadata()
        {
            connected.get_extras(&mut about);
        }
        if let Some(Peer(address)) = about.get() {
            self.health.addresses.failed(*address);
        }
    }
}

fn proxy_asks(proxy: &proxy::Proxy, headers: &HeaderMap) -> Failure {
    let schemes = headers.get_all("proxy-authenticate").iter().filter_map(|value| value.to_str().ok()?.split_whitespace().next());
    let schemes: Vec<String> = schemes.take(8).map(excerpt).collect();
    trouble::Trouble::refused_by_proxy(proxy, "the server", 407, "Proxy Authentication Required", &schemes).into_failure()
}

/// An answer whose body is still to come.
pub(super) struct Response {
    inner: http::Response<DecompressionBody<Incoming>>,
    https: bool,
}

impl Response {
    pub fn status(&self) -> http::StatusCode {
        self.inner.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// How long the body is, where that is known before it is there.
    pub fn content_length(&self) -> Option<u64> {
        hyper::body::Body::size_hint(self.inner.body()).exact()
    }

    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Result_<Option<Bytes>> {
        loop {
            match self.inner.body_mut().frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers say nothing here.
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => return Err(trouble::failure(error.as_ref(), self.https)),
            }
        }
    }
}
