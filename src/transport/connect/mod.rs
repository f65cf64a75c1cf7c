//! Making connections and sending one request on them: trust, proxies, addresses; and what their failures mean.
//!
//! reqwest makes the connections. It is given what networks need beyond that: a resolver that puts the address first that takes
//! connections, the choice of the proxy, and the check of certificates.

mod addresses;
mod bypass;
mod certificate;
mod proxy;
mod resolver;
mod trouble;
mod trust;
mod tunnel;

use super::message::Failure;
use crate::config::Config;
use crate::error::{Error, Result, excerpt};
use crate::logging;
use bytes::Bytes;
use proxy::Proxies;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use resolver::{Resolver, Target};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Below the two minutes after which front ends close idle connections.
const IDLE: Duration = Duration::from_secs(90);

/// Shows a connection to be dead on which nothing is sent for minutes, as while a GET is pending.
const KEEPALIVE: Duration = Duration::from_secs(30);

type Attempt<T> = std::result::Result<T, Failure>;

/// Sends requests on connections that it makes and keeps. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    proxies: Arc<Proxies>,
    resolver: Arc<Resolver>,
    timeout: Duration,
}

impl Client {
    /// The client that a configuration asks for.
    pub fn new(config: &Config) -> Result<Client> {
        let proxies = Arc::new(Proxies::of(config));
        let timeout = config.duration("connect_timeout_ms");
        let resolver = Arc::new(Resolver::new(config, timeout));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(trust::tls(config)?)
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .http1_only()
            .tcp_nodelay(true)
            .tcp_keepalive(KEEPALIVE)
            .tcp_keepalive_interval(KEEPALIVE)
            .connect_timeout(timeout)
            .pool_idle_timeout(IDLE)
            .dns_resolver(Arc::clone(&resolver))
            // Which proxy there is for a URL is decided here alone.
            .no_proxy();
        if let Some(agent) = config.text("user_agent").and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok()) {
            builder = builder.user_agent(agent);
        }
        if proxies.any() {
            let chosen = Arc::clone(&proxies);
            builder = builder.proxy(reqwest::Proxy::custom(move |url| chosen.for_url(url).and_then(|proxy| proxy.url())));
        }
        let http =
            builder.build().map_err(|error| Error::config(format!("no connection can be set up so: {}", excerpt(&error.to_string()))))?;
        Ok(Client { http, proxies, resolver, timeout })
    }

    /// Whether the host of a URL is this machine, so that what is sent to it does not leave it.
    pub fn is_loopback(&self, url: &Url) -> bool {
        self.proxies.is_loopback(url)
    }

    /// Sends a request, and waits for the head of its answer: for ever, or so long.
    pub async fn execute(&self, request: reqwest::Request, patience: Option<Duration>) -> Attempt<Response> {
        let url = request.url().clone();
        let proxy = self.proxies.for_url(&url);
        let target = proxy.as_ref().map_or_else(|| Target::of(&url), Target::of_proxy);
        if let Some(proxy) = &proxy {
            logging::debug!("{} is reached through the proxy {proxy}", url.host_str().unwrap_or_default());
        }
        let sent = async {
            // On the heap, as what follows: a thread of the caller may have little stack.
            let sent = Box::pin(self.http.execute(request));
            let head = match patience {
                None => Some(sent.await),
                Some(patience) => tokio::time::timeout(patience, sent).await.ok(),
            };
            (head, trust::ASKED_FOR_CERTIFICATE.with(Cell::get))
        };
        let sent = trust::ASKED_FOR_CERTIFICATE.scope(Cell::new(false), sent);
        let (head, asked_for_certificate) = resolver::TARGET.scope(target.clone(), sent).await;
        let Some(head) = head else {
            self.resolver.stayed_silent(&target);
            return Err(Failure::silent());
        };
        let https = url.scheme() == "https";
        let head = match head {
            Ok(head) => head,
            Err(error) => {
                let place = trouble::Place { url: &url, proxy: proxy.as_ref(), timeout: self.timeout, asked_for_certificate };
                let failure = trouble::failure(error, &place);
                let failure = failure.noting(if proxy.is_none() { self.proxies.ignored() } else { None });
                if failure.is_silence() {
                    self.resolver.stayed_silent(&target);
                }
                return Err(Box::pin(self.explained_by_proxy(failure, &url, proxy.as_ref())).await.into_failure());
            }
        };
        self.resolver.answered(&target, head.remote_addr());
        match proxy {
            // No server asks that.
            Some(proxy) if head.status() == 407 && !https => Err(proxy_asks(&proxy, head.headers())),
            _ => Ok(Response { inner: head, https }),
        }
    }

    /// reqwest does not say what a proxy answered when it was asked for a connection: it is asked once more, to hear that.
    async fn explained_by_proxy(&self, failure: trouble::Trouble, url: &Url, proxy: Option<&proxy::Proxy>) -> trouble::Trouble {
        match proxy {
            Some(proxy) if failure.is_of_tunnel() && proxy.kind == proxy::Kind::Http => {
                let asked = tunnel::ask(proxy, url, &self.resolver);
                tokio::time::timeout(self.timeout, asked).await.ok().flatten().unwrap_or(failure)
            }
            _ => failure,
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
    inner: reqwest::Response,
    https: bool,
}

impl Response {
    pub fn status(&self) -> reqwest::StatusCode {
        self.inner.status()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// How long the body is, where that is known before it is there.
    pub fn content_length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// The next piece of the body; `None` at its end.
    pub async fn chunk(&mut self) -> Attempt<Option<Bytes>> {
        self.inner.chunk().await.map_err(|error| trouble::lost(&error, self.https).into_failure())
    }
}
